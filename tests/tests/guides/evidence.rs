//! A guide that holds the posterior reaches the evidence, one that does not its best bound.

use vi_runtime::guide::{AutoGuide, Guide};
use vi_runtime::prelude::*;

use super::linear_gaussian::{Known, chain_case, exact_elbo, factor_case, mean_case, regression_case};

/// The exact ELBO of what a fit finds.
fn fitted<M: Program + Clone, G: AutoGuide + Guide<M, Program = <G as AutoGuide>::Program>>(
    model: &M,
    guide: G,
    known: &Known,
    execution: Execution,
    (steps, particles): (u64, usize),
) -> Result<f64> {
    let fit = Svi::new(model, guide)
        .dtype(FloatDType::F64)
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.03, last: 1e-5, steps }))
        .steps(steps)
        .particles(particles)
        .execution(execution)
        .run()?;
    let gaussian = fit.gaussian()?.unwrap();
    exact_elbo(model, &known.sites, &gaussian)
}

fn reaches<M: Program + Clone>(model: &M, known: &Known, execution: Execution, steps: u64) -> Result<()> {
    let full = fitted(model, AutoMultivariateNormal::new(), known, execution, (steps, 8))?;
    assert!(full <= known.evidence + 1e-9 && full > known.evidence - 1e-3, "full rank {full}, evidence {}", known.evidence);
    for elbo in [
        fitted(model, AutoNormal::new(), known, execution, (2 * steps, 64))?,
        fitted(model, AutoDiagonalNormal::new(), known, execution, (2 * steps, 64))?,
    ] {
        assert!(elbo <= known.mean_field + 1e-9 && elbo > known.mean_field - 1e-3, "mean field {elbo}, bound {}", known.mean_field);
    }
    Ok(())
}

#[test]
fn a_mean() -> Result<()> {
    let (model, known) = mean_case()?;
    reaches(&model, &known, Execution::Eager, 600)?;
    reaches(&model, &known, Execution::Compiled, 4_000)
}

#[test]
fn a_regression() -> Result<()> {
    let (model, known) = regression_case()?;
    reaches(&model, &known, Execution::Compiled, 6_000)
}

#[test]
fn factor_analysis() -> Result<()> {
    let (model, known) = factor_case()?;
    reaches(&model, &known, Execution::Compiled, 6_000)
}

#[test]
fn a_chain() -> Result<()> {
    let (model, known) = chain_case()?;
    reaches(&model, &known, Execution::Compiled, 6_000)
}
