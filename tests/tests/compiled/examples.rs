//! The models of the examples.

use tests::vector;
use vi_runtime::prelude::*;

use super::agree::agree;
use super::schools::{centred, mean_field, non_centred, schools};

#[test]
fn eight_schools_with_the_guide_by_hand() -> Result<()> {
    let (sigma, y) = schools()?;
    agree(&non_centred(sigma.clone(), y.clone()), &mean_field(sigma, y))
}

#[test]
fn eight_schools_non_centred() -> Result<()> {
    let (sigma, y) = schools()?;
    agree(&non_centred(sigma, y), &AutoNormal::new())
}

#[test]
fn eight_schools_centred() -> Result<()> {
    let (sigma, y) = schools()?;
    agree(&centred(sigma, y), &AutoNormal::new())
}

#[model]
fn coin(throws: Tensor<1>) {
    let p = sample!("p", Beta::new(10.0, 10.0));
    plate!("throw", throws.dims()[0], { observe!("heads", Bernoulli::new(p), throws) });
}

#[guide(model = coin)]
fn beta(throws: Tensor<1>) {
    let a = param!("a", [5.0], support::Positive);
    let b = param!("b", [5.0], support::Positive);
    sample!("p", Beta::new(a, b));
}

#[test]
fn coin_with_a_beta_guide() -> Result<()> {
    let throws = vector([1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0])?;
    agree(&coin(throws.clone()), &beta(throws))
}

#[model]
fn stopping(speed: Tensor<1>, distance: Option<Tensor<1>>) {
    let intercept = sample!("intercept", Normal::new(0.0, 50.0));
    let slope = sample!("slope", Normal::new(0.0, 10.0));
    plate!("car", speed.dims()[0], {
        let mean = intercept + slope * speed;
        observe!("distance", Normal::new(mean, 15.0), distance);
    });
}

#[test]
fn linear_regression() -> Result<()> {
    let speed = vector([-11.4, -8.4, -5.4, -3.4, -1.4, 0.6, 2.6, 4.6, 8.6, 9.6])?;
    let distance = vector([2.0, 4.0, 10.0, 14.0, 26.0, 32.0, 40.0, 68.0, 93.0, 85.0])?;
    agree(&stopping(speed, Some(distance)), &AutoNormal::new().init_scale(1.0))
}
