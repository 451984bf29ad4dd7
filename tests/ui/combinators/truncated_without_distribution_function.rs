//! A truncation of a distribution whose distribution function is not known.
//@ errors 2
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("x", Delta::new(0.0).truncated(0.0, 1.0));
}

fn main() {}
