//! Laplace's approximation as a guide: exact where the posterior is normal, by hand where it is a gamma distribution.

use tests::{assert_close, numbers};
use vi_runtime::posterior::{Laplace, Map};
use vi_runtime::prelude::*;
use vi_runtime::special::ndtri;

use super::linear_gaussian::{Known, chain_case, double, exact_elbo, factor_case, mean_case, regression_case};

fn reaches<M: Program + Clone>((model, known): (M, Known)) -> Result<()> {
    let fit = AutoLaplace::new().fit(&model)?;
    let found = exact_elbo(&model, &known.sites, &fit.gaussian()?.unwrap())?;
    assert!((found - known.evidence).abs() < 1e-6, "{found}, evidence {}", known.evidence);
    let evidence = Laplace::new().run(&model)?.log_evidence;
    assert!((evidence - known.evidence).abs() < 1e-6, "{evidence}, evidence {}", known.evidence);
    Ok(())
}

#[test]
fn the_evidence_of_linear_gaussian_models() -> Result<()> {
    reaches(mean_case()?)?;
    reaches(regression_case()?)?;
    reaches(factor_case()?)?;
    reaches(chain_case()?)
}

#[model]
fn counts(y: Tensor<1>) {
    let rate = sample!("rate", Gamma::new(2.5, 0.5));
    plate!("n", 4, { observe!("y", Poisson::new(rate), y) });
}

/// The posterior is Gamma(a, b) with a = 2.5 + 11, b = .5 + 4. In z = ln rate its log density is `a z − b eᶻ` and a constant: the mode
/// is ln (a/b), the curvature there −a, so that the approximation is N(ln (a/b), 1/a).
#[test]
fn a_gamma_posterior_by_hand() -> Result<()> {
    let (a, b) = (13.5_f64, 4.5_f64);
    let model = counts(double(vec![3.0, 1.0, 5.0, 2.0], [4])?);
    let fit = AutoLaplace::new().laplace(Laplace::new().map(Map::new().starts(2))).fit(&model)?;
    let gaussian = fit.gaussian()?.unwrap();
    assert_close(&[gaussian.loc[0], gaussian.sd()[0]], &[(a / b).ln(), a.sqrt().recip()], 1e-7);
    let probabilities = [0.05, 0.5, 0.9];
    let normal = numbers(ndtri(double(probabilities.to_vec(), [3])?))?;
    let expected: Vec<f64> = normal.iter().map(|e| a / b * (e / a.sqrt()).exp()).collect();
    assert_close(&numbers(fit.quantiles(&probabilities)?["rate"].clone())?, &expected, 1e-6);
    // log q at rate 2: a normal density in z, times dz/drate = 1/2.
    let e = (2.0_f64.ln() - (a / b).ln()) * a.sqrt();
    let density = 0.5 * (a / std::f64::consts::TAU).ln() - 0.5 * e * e - 2.0_f64.ln();
    assert!((fit.log_density([("rate", double(vec![2.0], [1])?)])? - density).abs() < 1e-6);
    // The mean of the log-normal distribution, and its standard error.
    let (mean, spread) = (a / b * (0.5 / a).exp(), ((1.0 / a).exp() - 1.0).sqrt());
    let draws = numbers(fit.posterior(2_000)?.rate.tensor::<2>()?)?;
    let found = draws.iter().sum::<f64>() / 2_000.0;
    assert!((found / mean - 1.0).abs() < 4.5 * spread / 2_000.0_f64.sqrt(), "{found}, expected {mean}");
    Ok(())
}

/// The best normal guide in ln rate has the mean ln (a/b) − 1/(2a) and the variance 1/a (from `a E z − b E eᶻ + ln sd`).
#[test]
fn steps_go_on_from_it() -> Result<()> {
    let (a, b) = (13.5_f64, 4.5_f64);
    let model = counts(double(vec![3.0, 1.0, 5.0, 2.0], [4])?);
    for execution in tests::executions() {
        let steps = if execution == vi_runtime::Execution::Eager { 300 } else { 2_000 };
        let svi = Svi::new(&model, AutoLaplace::new()).optimizer(Adam::new(Schedule::Cosine { initial: 0.02, last: 1e-5, steps }));
        let gaussian = svi.steps(steps).particles(8).execution(execution).run()?.gaussian()?.unwrap();
        assert_close(&[gaussian.loc[0], gaussian.sd()[0]], &[(a / b).ln() - 0.5 / a, a.sqrt().recip()], 0.01);
    }
    Ok(())
}

/// `x⁴` has no curvature at its mode.
#[model]
fn flat() {
    let x = sample!("x", ImproperUniform::new(Support::Real, [1]));
    factor!("quartic", x.powi_scalar(4).neg());
}

#[test]
fn a_mode_without_curvature_is_refused() {
    let message = AutoLaplace::new().fit(&flat()).map(drop).unwrap_err().to_string();
    assert!(message.contains("not positive definite") && message.contains("`x`"), "{message}");
}
