//! All three at once, in one pass.
//@ errors 2
use vi_runtime::prelude::*;

#[model]
fn model() {
    sample!("alpha", Normal::new(0.0, 1.0));
    sample!("beta", Normal::new(0.0, 1.0));
    sample!("gamma", Normal::new(0.0, 1.0));
}

#[guide(model = model)]
fn guide() {
    sample!("alhpa", Normal::new(0.0, 1.0));
    sample!("gamma", Normal::new(0.0, 1.0));
    sample!("nothing_like_it", Normal::new(0.0, 1.0));
}

fn main() {}
