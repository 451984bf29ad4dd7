//! A name that is made when the program runs.
use vi_runtime::prelude::*;

#[model]
fn program(i: usize) {
    sample!(format!("x{i}"), Normal::new(0.0, 1.0));
}

fn main() {}
