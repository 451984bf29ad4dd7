//! An auxiliary site that is only declared.
use vi_runtime::prelude::*;

#[model]
fn model() {
    sample!("x", Normal::new(0.0, 1.0));
}

#[guide(model = model, auxiliary = ["u"])]
fn guide() {
    sample!("x", Normal::new(0.0, 1.0));
}

fn main() {}
