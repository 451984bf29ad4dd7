//! Options that a statement does not know.
//@ errors 3
use vi_runtime::prelude::*;

#[model]
fn program(y: Tensor<1>, m: Tensor<1, Bool>) {
    observe!("y", Normal::new(0.0, 1.0), y, masked = m);
    plate!("n", 10, sub_sample = 5, |_idx| {
        sample!("x", Normal::new(0.0, 1.0), mask = m);
    });
}

fn main() {}
