//! The body does not return what the signature says.
use vi_runtime::prelude::*;

#[model]
fn program() -> Tensor<1> {
    sample!("x", Normal::new(0.0, 1.0));
}

fn main() {}
