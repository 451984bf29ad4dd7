//! A guide with a site that the model lacks.
use vi_runtime::prelude::*;

#[model]
fn model(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let tau = sample!("tau", HalfCauchy::new(1.0));
    observe!("y", Normal::new(mu, tau), y);
}

#[guide(model = model)]
fn guide(y: Tensor<1>) {
    sample!("mu", Normal::new(0.0, 1.0));
    sample!("tau", LogNormal::new(0.0, 1.0));
    sample!("extra", Normal::new(0.0, 1.0));
}

fn main() {}
