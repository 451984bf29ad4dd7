//! A number where the program takes a tensor.
use vi_runtime::prelude::*;

#[model]
fn program(x: Tensor<1>) {
    sample!("x", Normal::new(x, 1.0));
}

fn main() {
    let _ = program(1.0);
}
