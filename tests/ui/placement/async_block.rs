//! A statement inside an `async` block.
use vi_runtime::prelude::*;

#[model]
fn program() {
    let _ = async { sample!("x", Normal::new(0.0, 1.0)) };
}

fn main() {}
