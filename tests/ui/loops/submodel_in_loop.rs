//! One prefix in every turn of a loop.
use vi_runtime::prelude::*;

#[model]
fn inner() {
    sample!("x", Normal::new(0.0, 1.0));
}

#[model]
fn outer() {
    for _ in 0..3 {
        submodel!("part", inner());
    }
}

fn main() {}
