//! One prefix for two submodels.
use vi_runtime::prelude::*;

#[model]
fn inner() {
    sample!("x", Normal::new(0.0, 1.0));
}

#[model]
fn outer() {
    submodel!("part", inner());
    submodel!("part", inner());
}

fn main() {}
