//! A reference in a field.
use vi_runtime::prelude::*;

#[derive(Clone, Arg)]
struct Data<'a> {
    x: &'a Tensor<1>,
}

fn main() {}
