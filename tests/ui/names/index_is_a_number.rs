//! A family is indexed by integers.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("x"[0.5], Normal::new(0.0, 1.0));
}

fn main() {}
