//! A reference inside another type.
use vi_runtime::prelude::*;

#[model]
fn program(y: Option<&Tensor<1>>) {
    observe!("y", Normal::new(0.0, 1.0), y);
}

fn main() {
    let _ = program(None);
}
