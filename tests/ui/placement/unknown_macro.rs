//! A statement among tokens that only another macro understands.
use vi_runtime::prelude::*;

macro_rules! twice {
    ($x:expr) => {
        $x + $x
    };
}

#[model]
fn program() -> Tensor<1> {
    twice!(sample!("x", Normal::new(0.0, 1.0)))
}

fn main() {}
