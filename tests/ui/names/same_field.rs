//! Two names that become one field of the draws.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("layer.weight", Normal::new(0.0, 1.0));
    sample!("layer_weight", Normal::new(0.0, 1.0));
}

fn main() {}
