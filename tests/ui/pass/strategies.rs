//! Enumerated sites of models and guides, and a guide that leaves them out.
use vi_runtime::prelude::*;

#[model]
fn mixture(y: Tensor<1>) {
    let loc = sample!("loc", Normal::new(0.0, 1.0));
    let k = sample!("k", Bernoulli::new(0.5), strategy = Enumerate);
    observe!("y", Normal::new(loc + k.float(), 1.0), y);
}

#[guide(model = mixture)]
fn without(_y: Tensor<1>) {
    sample!("loc", Normal::new(0.0, 1.0));
}

#[model]
fn coins() {
    sample!("k", Bernoulli::new(0.5));
}

#[guide(model = coins)]
fn enumerated() {
    sample!("k", Bernoulli::new(0.5), strategy = Enumerate);
}

fn main() {}
