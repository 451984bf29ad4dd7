//! One name in every turn of a loop.
use vi_runtime::prelude::*;

#[model]
fn program() {
    for _ in 0..3 {
        sample!("x", Normal::new(0.0, 1.0));
    }
}

fn main() {}
