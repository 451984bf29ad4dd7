//! A string where a distribution takes numbers and tensors.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("x", Normal::new("a", 1.0));
}

fn main() {}
