//! A family and a single site of one name.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("x", Normal::new(0.0, 1.0));
    sample!("x"[1], Normal::new(0.0, 1.0));
}

fn main() {}
