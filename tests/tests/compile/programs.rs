//! Whole programs: plates, subsamples, modules, handlers, automatic guides.

use tests::vector;
use vi_runtime::prelude::*;

use super::agree;
use super::schools::{centred, mean_field, non_centred, schools};

#[test]
fn eight_schools() -> Result<()> {
    let (sigma, y) = schools()?;
    let model = non_centred(sigma.clone(), y.clone());
    agree("non-centred", &model, &mean_field(sigma.clone(), y.clone()))?;
    agree("non-centred, automatic", &model, &AutoNormal::new())?;
    agree("non-centred, point", &model, &AutoDelta::new())?;
    agree("centred, automatic", &centred(sigma, y), &AutoNormal::new())
}

#[model]
fn regression(x: Tensor<2>, y: Tensor<1>) {
    let [n, k] = x.dims();
    let weights = plate!("k", k, { sample!("w", Normal::new(0.0, 2.0)) });
    let noise = sample!("noise", LogNormal::new(0.0, 1.0));
    plate!("n", n, {
        let mean = x.matmul(weights.unsqueeze_dim::<2>(1)).squeeze_dim::<1>(1);
        observe!("y", Normal::new(mean, noise), y);
    });
}

fn design() -> Result<(Tensor<2>, Tensor<1>)> {
    let x: Vec<f64> = (0..30).map(|i| f64::from(i * 7 % 11) / 5.0 - 1.0).collect();
    let y: Vec<f64> = (0..10).map(|i| f64::from(i * 3 % 7) - 2.0).collect();
    let device = tests::device()?;
    Ok((Tensor::<1>::from_floats(x.as_slice(), &device).reshape([10, 3]), Tensor::from_floats(y.as_slice(), &device)))
}

#[test]
fn linear_regression() -> Result<()> {
    let (x, y) = design()?;
    agree("regression", &regression(x, y), &AutoNormal::new())
}

#[model]
fn subsampled(x: Tensor<1>, batch: usize) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    plate!("n", x.dims()[0], subsample = batch, |units| {
        let z = sample!("z", Normal::new(mu, 1.0));
        observe!("x", Normal::new(z, 1.0), x.clone().select(0, units));
    });
}

#[guide(model = subsampled)]
fn local(batch: usize) {
    sample!("mu", Normal::new(param!("mu.loc", [0.3]), 0.5));
    let loc = param!("loc", [0.1, -1.2, 2.5, 0.7, 0.4, 1.1]);
    plate!("n", 6, subsample = batch, |units| { sample!("z", Normal::new(loc.clone().select(0, units), 0.1)) });
}

#[test]
fn a_subsample_has_the_same_units_in_model_and_guide() -> Result<()> {
    let x = vector([0.3, -1.2, 2.5, 0.7, -0.4, 1.9])?;
    agree("subsample of 2", &subsampled(x.clone(), 2), &local(2))?;
    agree("all units", &subsampled(x, 6), &local(6))
}

#[model]
fn mixed(rate: Tensor<1>, counts: Tensor<1>) {
    let weights = sample!("weights", Dirichlet::new([1.0, 1.0, 1.0]));
    let p = sample!("p", Beta::new(2.0, 2.0));
    let g = sample!("g", Gamma::new(2.0, 1.0));
    plate!("n", 3, {
        observe!("rate", Normal::new(weights * g.clone(), 0.5), rate);
        observe!("counts", Binomial::new(5.0, p), &counts);
        observe!("seen", Poisson::new(g), counts);
    });
}

#[guide(model = mixed)]
fn conjugate() {
    sample!("weights", Dirichlet::new(param!("alpha", [2.0, 0.4, 0.7], support::Positive)));
    sample!("p", Beta::new(param!("a", [0.8], support::Positive), param!("b", [2.5], support::Positive)));
    sample!("g", Gamma::new(param!("shape", [1.4], support::Positive), param!("rate", [0.8], support::Positive)));
}

#[test]
fn draws_with_implicit_gradients() -> Result<()> {
    let model = mixed(vector([0.3, 1.0, 2.2])?, vector([1.0, 0.0, 4.0])?);
    agree("Gamma, Beta and Dirichlet", &model, &conjugate())?;
    agree("automatic", &model, &AutoNormal::new())
}

#[model]
fn masked(y: Tensor<1>, present: Tensor<1, Bool>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    plate!("n", 4, { observe!("y", Normal::new(mu, 1.0), y, mask = present) });
}

#[test]
fn masks_and_missing_values() -> Result<()> {
    let y = vector([0.3, f64::NAN, 2.5, f64::NAN])?;
    let present = y.clone().is_nan().bool_not();
    agree("mask", &masked(y.clone(), present.clone()), &AutoNormal::new())?;
    let first = Tensor::<1, Bool>::from_data([true], &tests::device()?);
    agree("two masks", &handler::mask(masked(y, present), first), &AutoNormal::new())
}

#[test]
fn handlers() -> Result<()> {
    let (sigma, y) = schools()?;
    let model = || non_centred(sigma.clone(), y.clone());
    let guide = || mean_field(sigma.clone(), y.clone());
    let tau = || [("tau", vector([2.0]))].map(|(name, value)| value.map(|value| (name, value)));
    let [given] = tau();
    let given = [given?];
    agree("condition", &handler::condition(model(), given.clone()), &AutoNormal::new())?;
    agree("intervene", &handler::intervene(model(), given.clone()), &AutoNormal::new())?;
    agree("substitute", &model(), &handler::substitute(guide(), given))?;
    agree("substitute a parameter", &model(), &handler::substitute(guide(), [("mu.loc", vector([0.5])?)]))?;
    agree("block", &model(), &handler::block(guide(), |_| false))?;
    agree("scale", &handler::scale(model(), 0.5), &guide())?;
    agree("scope", &handler::scope(model(), "inner"), &handler::scope(guide(), "inner"))?;
    agree("seed", &model(), &handler::seed(guide(), 17))
}
