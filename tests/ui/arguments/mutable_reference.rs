//! A program cannot write to its arguments.
use vi_runtime::prelude::*;

#[model]
fn program(x: &mut Tensor<1>) {
    sample!("x", Normal::new(0.0, 1.0));
}

fn main() {
    let _ = program;
}
