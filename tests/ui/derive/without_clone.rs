//! An argument is cloned.
use vi_runtime::prelude::*;

#[derive(Arg)]
struct Data {
    x: Tensor<1>,
}

fn main() {}
