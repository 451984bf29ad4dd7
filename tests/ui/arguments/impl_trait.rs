//! A type parameter without a name.
use vi_runtime::prelude::*;

#[model]
fn program(x: impl Into<Tensor<1>>) {
    sample!("x", Normal::new(x.into(), 1.0));
}

fn call(x: Tensor<1>) {
    let _ = program(x);
}

fn main() {
    let _ = call;
}
