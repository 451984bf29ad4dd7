//! One name for two sites.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("mu", Normal::new(0.0, 1.0));
    sample!("mu", Normal::new(0.0, 2.0));
}

fn main() {}
