//! A return type without a name.
use vi_runtime::prelude::*;

#[model]
fn program(x: Tensor<1>) -> impl Clone {
    x
}

fn main() {}
