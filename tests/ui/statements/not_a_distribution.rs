//! A number where a statement takes a distribution.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("x", 1.0);
}

fn main() {}
