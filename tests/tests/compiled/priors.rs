//! Each density as the prior of a latent site, under the automatic guides.

use std::rc::Rc;

use tests::{device, vector};
use vi_runtime::prelude::*;

use super::agree::agree;

#[model]
fn real(y: Tensor<1>) {
    let normal = sample!("normal", Normal::new(0.3, 1.2));
    let cauchy = sample!("cauchy", Cauchy::new(&normal, 0.8));
    let student = sample!("student", StudentT::new(4.0, &cauchy, 1.1));
    let uniform = sample!("uniform", Uniform::new(-1.0, 2.0));
    let softened = sample!("softened", Delta::new(0.7).soften(0.2));
    plate!("n", 3, { observe!("y", Normal::new(normal + cauchy * 0.5 + student + uniform - softened, 1.5), y) });
}

#[model]
fn positive(y: Tensor<1>) {
    let log_normal = sample!("log_normal", LogNormal::new(0.1, 0.5));
    let half_normal = sample!("half_normal", HalfNormal::new(&log_normal));
    let half_cauchy = sample!("half_cauchy", HalfCauchy::new(&half_normal));
    let exponential = sample!("exponential", Exponential::new(&log_normal));
    let gamma = sample!("gamma", Gamma::new(&log_normal, &exponential));
    plate!("n", 3, { observe!("y", Normal::new(half_cauchy + gamma, half_normal), y) });
}

#[model]
fn bounded(y: Tensor<1>) {
    let a = sample!("a", LogNormal::new(0.5, 0.3));
    let beta = sample!("beta", Beta::new(&a, 2.0));
    let dirichlet = sample!("dirichlet", Dirichlet::new([1.5, 2.0, 2.5]));
    let stretched = sample!("stretched", Normal::new(0.2, 1.0).transformed(Rc::new(vi_runtime::bijector::Exp)));
    let mean = dirichlet * vector_on(&device!(), &beta);
    plate!("n", 3, { observe!("y", Normal::new(mean, stretched + beta), y) });
}

/// `[1, 2, 3]` in the precision of `like`.
fn vector_on(device: &Device, like: &Tensor<1>) -> Tensor<1> {
    Tensor::arange(1..4, device).cast(FloatDType::from(like.dtype()))
}

#[model]
fn correlated(scale_tril: Tensor<2>, y: Tensor<1>) {
    let z = sample!("z", MultivariateNormal::new([0.3, -0.2, 0.1], scale_tril));
    let spread = sample!("spread", HalfNormal::new(1.0).expand([3]).independent(1));
    plate!("n", 3, { observe!("y", Normal::new(z, spread + 0.5), y) });
}

fn data() -> Result<Tensor<1>> {
    vector([0.4, -1.1, 2.3])
}

#[test]
fn real_priors() -> Result<()> {
    agree(&real(data()?), &AutoNormal::new().init_scale(0.4))?;
    agree(&real(data()?), &AutoDelta::new())
}

#[test]
fn positive_priors() -> Result<()> {
    agree(&positive(data()?), &AutoNormal::new().init_scale(0.4))?;
    agree(&positive(data()?), &AutoDelta::new())
}

#[test]
fn priors_on_bounded_sets() -> Result<()> {
    agree(&bounded(data()?), &AutoNormal::new().init_scale(0.4))?;
    agree(&bounded(data()?), &AutoDelta::new())
}

#[test]
fn priors_of_vectors() -> Result<()> {
    let scale_tril = Tensor::<2>::from_floats([[1.0, 0.0, 0.0], [0.4, 0.8, 0.0], [-0.3, 0.2, 1.3]], &device()?);
    agree(&correlated(scale_tril, data()?), &AutoNormal::new().init_scale(0.4))
}
