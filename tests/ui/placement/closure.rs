//! A statement inside a closure.
use vi_runtime::prelude::*;

#[model]
fn program() -> Vec<Tensor<1>> {
    (0..3).map(|i| sample!("x"[i], Normal::new(0.0, 1.0))).collect()
}

fn main() {
    let _ = program();
}
