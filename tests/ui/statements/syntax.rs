//! Rust's own errors inside a statement stand where they are.
use vi_runtime::prelude::*;

#[model]
fn program() {
    sample!("x", Normal::new(0.0 1.0));
}

fn main() {}
