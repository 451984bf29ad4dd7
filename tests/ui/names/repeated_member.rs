//! One index for two members of a family.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("x"[0], Normal::new(0.0, 1.0));
    sample!("x"[0], Normal::new(0.0, 1.0));
}

fn main() {}
