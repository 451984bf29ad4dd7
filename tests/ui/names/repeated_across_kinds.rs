//! A latent, an observed, a deterministic site and a factor share one space of names.
//@ errors 3
use vi_runtime::prelude::*;

#[model]
fn program(y: Tensor<1>) {
    let x = sample!("x", Normal::new(0.0, 1.0));
    observe!("x", Normal::new(&x, 1.0), y);
    deterministic!("x", x.clone());
    factor!("x", x);
}

fn main() {}
