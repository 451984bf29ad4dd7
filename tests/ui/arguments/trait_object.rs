//! A value behind a trait has no tensors that could be listed.
use vi_runtime::prelude::*;

#[model]
fn program(f: Box<dyn Fn(f64) -> f64>) {
    sample!("x", Normal::new(f(0.0), 1.0));
}

fn main() {}
