//! A string as an observed value.
use vi_runtime::prelude::*;

#[model]
fn program() {
    observe!("y", Normal::new(0.0, 1.0), "1.0");
}

fn main() {}
