//! A plate takes a block, with one index at most.
//@ errors 2
use vi_runtime::prelude::*;

#[model]
fn program() {
    plate!("n", 10, sample!("x", Normal::new(0.0, 1.0)));
    plate!("m", 10, |i, j| {
        sample!("y", Normal::new(0.0, 1.0));
    });
}

fn main() {}
