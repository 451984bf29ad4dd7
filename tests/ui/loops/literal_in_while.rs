//! The condition of a `while` runs in every turn.
//@ errors 2
use vi_runtime::prelude::*;

#[model]
fn program(y: Tensor<1>) {
    let mut n = 0;
    while deterministic!("n", y.clone()).dims()[0] > n {
        n += 1;
        loop {
            observe!("y", Normal::new(0.0, 1.0), y.clone());
            break;
        }
    }
}

fn main() {}
