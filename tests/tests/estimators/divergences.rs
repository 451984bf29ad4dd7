//! Divergences in closed form: where they stand for an estimate, and where they may not.

use tests::{assert_close, executions, has_f64, vector};
use vi_runtime::prelude::*;

use super::Estimates;

#[model]
fn alone() {
    sample!("z", Normal::new(0.5, 2.0));
    plate!("n", 3, { sample!("w", Gamma::new(2.0, 1.0)) });
}

#[guide]
fn elsewhere() {
    sample!("z", Normal::new(param!("z.loc", [-0.4]), param!("z.scale", [0.7], support::Positive)));
    plate!("n", 3, { sample!("w", Gamma::new(3.0, param!("w.scale", [1.5], support::Positive))) });
}

#[test]
fn without_data_no_draw_matters() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    // KL of normal distributions: ln(2/0.7) + (0.49 + 0.81)/8 − ½, derivatives −0.9/4 and 0.49/4 − 1 in location and log scale. Of
    // gamma distributions with shapes 3, 2 and rates 1.5, 1: ψ(3) − ln Γ(3) + ln Γ(2) + 2 ln 1.5 − 3·0.5/1.5, derivative in ln(rate)
    // 2 − 3/1.5; three times.
    let digamma_of_3 = 0.9227843350984671;
    let normal = (2.0_f64 / 0.7).ln() + 1.3 / 8.0 - 0.5;
    let gamma = digamma_of_3 - 2.0_f64.ln() + 2.0 * 1.5_f64.ln() - 1.0;
    let expected = [-normal - 3.0 * gamma, 0.9 / 4.0, 1.0 - 0.49 / 4.0, 0.0];
    for execution in executions() {
        let found = Estimates::of(&alone(), &elsewhere(), &AnalyticKl, 1, 3, execution)?;
        for (column, expected) in expected.into_iter().enumerate() {
            assert!((found.mean(column) - expected).abs() < 1e-9, "number {column}: {}, expected {expected}", found.mean(column));
            assert!(found.variance(column) < 1e-20, "number {column} scatters");
        }
    }
    Ok(())
}

/// The guide turns the order round: in it `a` depends on `b`, in the model `b` on `a`.
#[model]
fn forward(y: Tensor<1>) {
    let a = sample!("a", Normal::new(0.0, 1.0));
    let b = sample!("b", Normal::new(a, 0.8));
    observe!("y", Normal::new(b, 0.5), y);
}

#[guide]
fn backward() {
    let b = sample!("b", Normal::new(param!("b.loc", [0.6]), param!("b.scale", [0.5], support::Positive)));
    sample!("a", Normal::new(b * param!("slope", [0.9]), param!("a.scale", [0.4], support::Positive)));
}

#[test]
fn a_divergence_that_depends_on_the_draw_itself_is_estimated() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    // E_q of each density; b ~ N(μ, σ²), a | b ~ N(s b, τ²).
    let (mu, sigma, slope, tau, y) = (0.6_f64, 0.5_f64, 0.9_f64, 0.4_f64, 1.1_f64);
    let elbo = |mu: f64, ln_sigma: f64, slope: f64, ln_tau: f64| {
        let (sigma2, tau2) = ((2.0 * ln_sigma).exp(), (2.0 * ln_tau).exp());
        let b2 = sigma2 + mu * mu;
        let normal = |square: f64, variance: f64| -0.5 * square / variance - 0.5 * (2.0 * std::f64::consts::PI * variance).ln();
        let a = normal(slope * slope * b2 + tau2, 1.0);
        let b = normal((1.0 - slope).powi(2) * b2 + tau2, 0.64);
        let seen = normal(sigma2 + (y - mu).powi(2), 0.25);
        let entropy = 0.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln() * 2.0 + ln_sigma + ln_tau;
        a + b + seen + entropy
    };
    let at = [mu, sigma.ln(), slope, tau.ln()];
    let value = |x: [f64; 4]| elbo(x[0], x[1], x[2], x[3]);
    let mut expected = vec![value(at)];
    for i in 0..4 {
        let h = 1e-5;
        let shifted = |by: f64| {
            let mut x = at;
            x[i] += by;
            value(x)
        };
        expected.push((shifted(h) - shifted(-h)) / (2.0 * h));
    }
    for execution in executions() {
        let (particles, seeds) = if execution == Execution::Compiled { (2000, 25) } else { (20, 20) };
        let found = Estimates::of(&forward(vector([1.1])?), &backward(), &AnalyticKl, particles, seeds, execution)?;
        found.assert_mean(&format!("backward, {execution:?}"), &expected, 1e-6);
    }
    Ok(())
}

#[test]
fn a_masked_site_counts_as_its_estimate_does() -> Result<()> {
    let keep = Tensor::<1, Bool>::from_bool([true, false, true], &tests::device()?);
    let both = |objective: bool| -> Result<Vec<f64>> {
        let (model, guide) = (handler::mask(plain(), keep.clone()), handler::mask(plain_guide(), keep.clone()));
        let svi = Svi::new(&model, guide).optimizer(Sgd::new(0.1)).seed(1);
        let svi = if objective { svi.objective(AnalyticKl) } else { svi.objective(StickingTheLanding) };
        let mut state = svi.init()?;
        svi.step(&mut state)?;
        state.param("loc")?.to_f64()
    };
    assert_close(&both(true)?, &both(false)?, 1e-6);
    Ok(())
}

#[model]
fn plain() {
    plate!("n", 3, { sample!("z", Normal::new(0.0, 1.0)) });
}

#[guide]
fn plain_guide() {
    plate!("n", 3, { sample!("z", Normal::new(param!("loc", [0.1, 0.2, 0.3]), 1.0)) });
}
