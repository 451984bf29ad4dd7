//! A prefix that is also a site.
use vi_runtime::prelude::*;

#[model]
fn inner() {
    sample!("x", Normal::new(0.0, 1.0));
}

#[model]
fn outer() {
    sample!("part", Normal::new(0.0, 1.0));
    submodel!("part", inner());
}

fn main() {}
