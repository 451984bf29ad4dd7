//! Plates have no families.
use vi_runtime::prelude::*;

#[model]
fn program() {
    for i in 0..3 {
        plate!("n"[i], 2, {
            sample!("x"[i], Normal::new(0.0, 1.0));
        });
    }
}

fn main() {}
