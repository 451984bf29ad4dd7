//! Each density as that of an observed site, its parameters computed from latent sites.

use std::rc::Rc;

use tests::{device, vector};
use vi_runtime::burn::tensor::activation::softmax;
use vi_runtime::prelude::*;

use super::agree::agree;

#[model]
fn continuous(x: Tensor<1>, positive: Tensor<1>, unit: Tensor<1>) {
    let a = sample!("a", Normal::new(0.2, 1.0));
    let s = sample!("s", LogNormal::new(0.3, 0.4));
    plate!("n", 4, {
        observe!("normal", Normal::new(&a, &s), &x);
        observe!("cauchy", Cauchy::new(&a, &s), &x);
        observe!("student", StudentT::new(&s, &a, 1.3), &x);
        observe!("uniform", Uniform::new(a.clone() - 20.0, s.clone() + 20.0), &x);
        observe!("log_normal", LogNormal::new(&a, &s), &positive);
        observe!("half_normal", HalfNormal::new(&s), &positive);
        observe!("half_cauchy", HalfCauchy::new(&s), &positive);
        observe!("exponential", Exponential::new(&s), &positive);
        observe!("gamma", Gamma::new(&s, a.clone().exp()), &positive);
        observe!("beta", Beta::new(&s, a.clone().exp()), &unit);
        observe!("stretched", Normal::new(&a, &s).transformed(Rc::new(vi_runtime::bijector::Exp)), &positive);
    });
}

#[model]
fn discrete(binary: Tensor<1>, counts: Tensor<1>, whole: Tensor<1, Int>, x: Tensor<2>) {
    let a = sample!("a", Normal::new(0.2, 1.0));
    let share = (a.clone().neg().exp() + 1.0).recip();
    let weights = sample!("weights", Dirichlet::new([2.0, 1.0, 3.0]));
    let scores = x * a.clone().unsqueeze::<2>();
    plate!("n", 4, {
        observe!("bernoulli", Bernoulli::new(&share), &binary);
        observe!("bernoulli.logits", Bernoulli::logits(&a), &binary);
        observe!("binomial", Binomial::new(10.0, &share), &counts);
        observe!("binomial.logits", Binomial::logits(10.0, &a), &counts);
        observe!("poisson", Poisson::new(a.clone().exp()), &counts);
        observe!("categorical", Categorical::new(weights), &whole);
        observe!("categorical.logits", Categorical::logits(scores.clone()), &whole);
        observe!("categorical.rows", Categorical::new(softmax(scores, 1)), &whole);
    });
}

#[model]
fn vectors(shares: Tensor<2>, points: Tensor<2>, scale_tril: Tensor<2>) {
    let a = sample!("a", Normal::new(0.2, 1.0));
    let s = sample!("s", LogNormal::new(0.3, 0.4));
    let concentration = Tensor::cat(vec![s.clone(), s.clone() + 1.0, a.clone().exp()], 0);
    let factor = scale_tril * s.unsqueeze::<2>();
    plate!("n", 2, {
        observe!("shares", Dirichlet::new(concentration.unsqueeze::<2>()), shares);
        observe!("points", MultivariateNormal::new(a.unsqueeze::<2>(), factor.unsqueeze::<3>()), points);
    });
}

#[model]
fn mixture(y: Tensor<1>, counts: Tensor<1>, points: Tensor<2>) {
    let weights = sample!("weights", Dirichlet::new([1.0, 2.0]));
    let loc = plate!("component", 2, { sample!("loc", Normal::new(0.0, 2.0)) });
    let scale = sample!("scale", LogNormal::new(0.0, 0.5));
    let (locs, scales) = (loc.clone().unsqueeze::<2>(), scale.unsqueeze::<2>());
    plate!("n", 4, {
        observe!("y", MixtureSameFamily::new(&weights, Normal::new(&locs, &scales)), y);
        observe!("counts", MixtureSameFamily::logits(&loc, Poisson::new(locs.clone().exp())), counts);
        let pairs = Normal::new(locs.unsqueeze_dim::<3>(2).expand([1, 2, 2]), scales.unsqueeze_dim::<3>(2)).independent(1);
        observe!("points", MixtureSameFamily::new(&weights, pairs), points);
    });
}

#[test]
fn continuous_likelihoods() -> Result<()> {
    let (x, positive) = (vector([0.4, -1.1, 2.3, 0.0])?, vector([0.2, 1.0, 3.7, 0.6])?);
    agree(&continuous(x, positive, vector([0.1, 0.5, 0.93, 0.3])?), &AutoNormal::new().init_scale(0.3))
}

#[test]
fn discrete_likelihoods() -> Result<()> {
    let device = device()?;
    let whole = Tensor::<1, Int>::from_ints([0, 2, 1, 2], &device);
    let x = Tensor::<2>::from_floats([[0.1, -0.4, 1.0], [0.0, 2.0, -1.0], [0.3, 0.3, 0.3], [-2.0, 0.5, 0.7]], &device);
    let model = discrete(vector([1.0, 0.0, 0.0, 1.0])?, vector([3.0, 0.0, 10.0, 7.0])?, whole, x);
    agree(&model, &AutoNormal::new().init_scale(0.3))
}

#[test]
fn likelihoods_of_vectors() -> Result<()> {
    let device = device()?;
    let shares = Tensor::<2>::from_floats([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], &device);
    let points = Tensor::<2>::from_floats([[0.4, -1.0], [2.0, 0.3]], &device);
    let scale_tril = Tensor::<2>::from_floats([[1.0, 0.0], [0.5, 0.7]], &device);
    agree(&vectors(shares, points, scale_tril), &AutoNormal::new().init_scale(0.3))
}

#[test]
fn mixtures() -> Result<()> {
    let points = Tensor::<2>::from_floats([[0.4, -1.0], [2.0, 0.3], [0.0, 0.1], [-2.0, -2.5]], &device()?);
    let model = mixture(vector([-2.0, 0.1, 1.4, 0.8])?, vector([0.0, 2.0, 5.0, 1.0])?, points);
    agree(&model, &AutoNormal::new().init_scale(0.3))
}

#[model]
fn masked(x: Tensor<1>, positive: Tensor<1>, mask: Tensor<1, Bool>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let scale = sample!("scale", LogNormal::new(0.0, 1.0));
    plate!("n", 4, {
        observe!("x", StudentT::new(4.0, &mu, &scale), &x, mask = &mask);
        observe!("again", Gamma::new(&scale, 1.0).masked(mask), positive);
    });
}

#[test]
fn what_stands_under_a_mask_is_not_looked_at() -> Result<()> {
    let keep = Tensor::<1, Bool>::from_bool([true, false, true, false], &device()?);
    agree(&masked(vector([0.3, f64::NAN, 2.5, -7.0])?, vector([0.2, 1.0, 3.7, 0.6])?, keep), &AutoNormal::new())
}
