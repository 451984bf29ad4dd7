//! A program returns what it owns.
use vi_runtime::prelude::*;

#[model]
fn program(x: &Tensor<1>) -> &Tensor<1> {
    x
}

fn main() {}
