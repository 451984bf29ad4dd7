//! `#[model]` takes no arguments.
use vi_runtime::prelude::*;

#[model(mean_field)]
fn program() {
    sample!("x", Normal::new(0.0, 1.0));
}

fn main() {
    let _ = program();
}
