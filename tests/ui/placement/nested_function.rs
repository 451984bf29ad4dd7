//! A statement inside a function inside a program.
use vi_runtime::prelude::*;

#[model]
fn program() {
    fn prior() -> Tensor<1> {
        sample!("x", Normal::new(0.0, 1.0))
    }
    prior();
}

fn main() {}
