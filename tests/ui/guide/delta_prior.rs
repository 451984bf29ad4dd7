//! A point mass has no density that a continuous guide could be compared with.
use vi_runtime::prelude::*;

#[model]
fn model(at: Tensor<1>) {
    sample!("x", Delta::new(at));
}

#[guide(model = model)]
fn guide(at: Tensor<1>) {
    sample!("x", Normal::new(at, 1.0));
}

fn main() {}
