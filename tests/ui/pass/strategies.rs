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

#[model]
fn successes(y: Tensor<1>) {
    let a = sample!("a", Gamma::new(2.0, 1.0));
    let p = sample!("p", Beta::new(a, 1.0), strategy = Collapse);
    observe!("y", Bernoulli::new(p), y);
}

#[guide(model = successes)]
fn of_the_rest(_y: Tensor<1>) {
    sample!("a", Gamma::new(2.0, 1.0));
}

fn main() {}
