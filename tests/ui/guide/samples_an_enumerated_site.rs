//! What the model sums over is no site of its guides.
use vi_runtime::prelude::*;

#[model]
fn mixture(y: Tensor<1>) {
    let loc = sample!("loc", Normal::new(0.0, 1.0));
    let k = sample!("k", Bernoulli::new(0.5), strategy = Enumerate);
    observe!("y", Normal::new(loc + k.float(), 1.0), y);
}

#[guide(model = mixture)]
fn mixture_guide(_y: Tensor<1>) {
    sample!("loc", Normal::new(0.0, 1.0));
    sample!("k", Bernoulli::new(0.5));
}

fn main() {}
