//! Each reparameterised density as that of a guide's site, with parameters.

use std::rc::Rc;

use tests::vector;
use vi_runtime::prelude::*;

use super::agree::agree;

#[model]
fn real(y: Tensor<1>) {
    let a = sample!("normal", Normal::new(0.0, 2.0));
    let b = sample!("cauchy", Normal::new(0.0, 2.0));
    let c = sample!("student", Normal::new(0.0, 2.0));
    let d = sample!("uniform", Normal::new(0.0, 2.0));
    let e = sample!("delta", Normal::new(0.0, 2.0));
    plate!("n", 2, { observe!("y", Normal::new(a + b * 0.1 + c - d + e, 1.0), y) });
}

#[guide(model = real)]
fn real_guide() {
    sample!("normal", Normal::new(param!("normal.loc", [0.1]), param!("normal.scale", [0.8], support::Positive)));
    sample!("cauchy", Cauchy::new(param!("cauchy.loc", [0.2]), param!("cauchy.scale", [0.3], support::Positive)));
    let df = param!("student.df", [3.5], support::GreaterThan(1.0));
    sample!("student", StudentT::new(df, param!("student.loc", [0.2]), param!("student.scale", [0.5], support::Positive)));
    sample!("uniform", Uniform::new(param!("uniform.low", [-1.0]), param!("uniform.high", [1.5])));
    sample!("delta", Delta::new(param!("delta.value", [0.4])));
}

#[model]
fn positive(y: Tensor<1>) {
    let a = sample!("log_normal", Gamma::new(2.0, 1.0));
    let b = sample!("half_normal", Gamma::new(2.0, 1.0));
    let c = sample!("half_cauchy", Gamma::new(2.0, 1.0));
    let d = sample!("exponential", Gamma::new(2.0, 1.0));
    let e = sample!("gamma", Gamma::new(2.0, 1.0));
    let f = sample!("stretched", Gamma::new(2.0, 1.0));
    plate!("n", 2, { observe!("y", Normal::new(a + b - c * 0.1 + d, e + f), y) });
}

#[guide(model = positive)]
fn positive_guide() {
    sample!("log_normal", LogNormal::new(param!("log_normal.loc", [0.1]), param!("log_normal.scale", [0.4], support::Positive)));
    sample!("half_normal", HalfNormal::new(param!("half_normal.scale", [0.8], support::Positive)));
    sample!("half_cauchy", HalfCauchy::new(param!("half_cauchy.scale", [0.3], support::Positive)));
    sample!("exponential", Exponential::new(param!("exponential.rate", [1.4], support::Positive)));
    sample!("gamma", Gamma::new(param!("gamma.shape", [2.3], support::Positive), param!("gamma.rate", [1.7], support::Positive)));
    let base = Normal::new(param!("stretched.loc", [0.2]), param!("stretched.scale", [0.3], support::Positive));
    sample!("stretched", base.transformed(Rc::new(vi_runtime::bijector::Exp)));
}

#[model]
fn bounded(y: Tensor<1>) {
    let share = sample!("share", Beta::new(2.0, 3.0));
    let weights = sample!("weights", Dirichlet::new([1.5, 2.0, 2.5]));
    let small = plate!("n", 3, { sample!("small", Gamma::new(0.3, 1.0)) });
    plate!("n", 3, { observe!("y", Normal::new(weights + small, share), y) });
}

#[guide(model = bounded)]
fn bounded_guide() {
    sample!("share", Beta::new(param!("a", [2.0], support::Positive), param!("b", [0.7], support::Positive)));
    sample!("weights", Dirichlet::new(param!("alpha", [2.0, 1.0, 0.7], support::Positive)));
    // Concentrations below one take another way through the sampler.
    plate!("n", 3, { sample!("small", Gamma::new(param!("small", [0.2, 0.9, 4.0], support::Positive), 1.3)) });
}

#[model]
fn vector_valued(y: Tensor<1>) {
    let z = sample!("z", MultivariateNormal::new([0.0, 0.0], [[1.0, 0.0], [0.5, 1.0]]));
    plate!("n", 2, { observe!("y", Normal::new(z, 0.5), y) });
}

#[guide(model = vector_valued)]
fn full_rank() {
    let factor = param!("factor", [[0.8, 0.0], [0.3, 0.6]]);
    sample!("z", MultivariateNormal::new(param!("loc", [0.1, -0.2]), factor.tril(0)));
}

#[test]
fn guides_on_the_line() -> Result<()> {
    agree(&real(vector([0.4, -1.1])?), &real_guide())
}

#[test]
fn guides_on_the_half_line() -> Result<()> {
    agree(&positive(vector([1.4, 2.1])?), &positive_guide())
}

#[test]
fn beta_dirichlet_and_small_concentrations() -> Result<()> {
    agree(&bounded(vector([0.4, 0.1, 2.0])?), &bounded_guide())
}

#[test]
fn a_full_rank_normal() -> Result<()> {
    agree(&vector_valued(vector([0.4, -1.1])?), &full_rank())
}
