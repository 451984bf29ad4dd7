//! Fits with nothing chosen but the guide: where they start, in which units they step, and when they end.

use tests::{assert_close, device, numbers};
use vi_runtime::guide::{Factor, Start};
use vi_runtime::prelude::*;
use vi_runtime::stop::{Convergence, Stopped};

/// The correlation of the posterior.
const RHO: f64 = 0.999;

/// Normal with standard deviations 300 and 0.02.
#[model]
fn narrow(loc: Tensor<1>, scale_tril: Tensor<2>) {
    sample!("z", MultivariateNormal::new(loc, scale_tril));
}

const LOC: [f64; 2] = [-5_000.0, 40.0];
const SD: [f64; 2] = [300.0, 0.02];

fn target(dtype: FloatDType) -> Result<impl Program + Clone> {
    let device = device()?;
    let loc: Tensor<1> = Tensor::from_data(LOC, (&device, dtype.into()));
    let rest = (1.0 - RHO * RHO).sqrt();
    let scale_tril = Tensor::from_data([[SD[0], 0.0], [RHO * SD[1], rest * SD[1]]], (&device, dtype.into()));
    Ok(narrow(loc, scale_tril))
}

/// Of the best independent normal, the mean is that of the target and the variances are the conditional ones,
/// `sd² (1 − ρ²)`; it is `−½ ln (1 − ρ²)` below the evidence.
#[test]
fn independent_elements_of_a_narrow_valley() -> Result<()> {
    for dtype in [FloatDType::F64, FloatDType::F32] {
        let fit = Svi::new(&target(dtype)?, AutoNormal::new()).run()?;
        let gaussian = fit.gaussian()?.unwrap();
        let conditional = (1.0 - RHO * RHO).sqrt();
        for i in 0..2 {
            assert_close(&[(gaussian.loc[i] - LOC[i]) / SD[i]], &[0.0], 0.03);
            assert_close(&[gaussian.sd()[i] / SD[i]], &[conditional], 0.05 * conditional);
        }
        let elbo = fit.elbo_from(20_000)?;
        assert_close(&[elbo.gap(0.0)], &[-conditional.ln()], 4.0 * elbo.standard_error + 2e-3);
        assert!(matches!(fit.stopped(), Stopped::Converged { by: Convergence::Stages { .. }, .. }), "{}", fit.stopped());
    }
    Ok(())
}

/// The guide can be the posterior, and the gradient that sticks the landing has no noise there.
#[test]
fn a_full_covariance_is_exact() -> Result<()> {
    let fit = Svi::new(&target(FloatDType::F64)?, AutoMultivariateNormal::new()).run()?;
    let elbo = fit.elbo()?;
    assert!(elbo.gap(0.0).abs() < 1e-6, "{elbo}");
    let gaussian = fit.gaussian()?.unwrap();
    assert_close(&[(gaussian.loc[0] - LOC[0]) / SD[0], (gaussian.loc[1] - LOC[1]) / SD[1]], &[0.0; 2], 1e-3);
    let covariance = gaussian.covariance();
    assert_close(&[covariance[1] / (SD[0] * SD[1])], &[RHO], 1e-4);
    Ok(())
}

#[test]
fn the_seed_decides_all_that_is_not_chosen() -> Result<()> {
    let history = |seed| -> Result<Vec<u64>> {
        let fit = Svi::new(&target(FloatDType::F64)?, AutoNormal::new()).seed(seed).run()?;
        Ok(fit.history().iter().map(|elbo| elbo.to_bits()).collect())
    };
    let first = history(3)?;
    assert_eq!(first, history(3)?);
    assert_ne!(first, history(4)?);
    Ok(())
}

#[model]
fn learned_scale(y: Tensor<1>) {
    let scale = param!("scale", 1.0, Support::Positive);
    let mu = sample!("mu", Normal::new(0.0, 10.0));
    plate!("data", y.dims()[0], |_| {
        observe!("y", Normal::new(mu, scale), y);
    });
}

/// The posterior at the first value of a parameter is not the one that is fitted: the guide starts at the median and in
/// units of its own.
#[test]
fn a_model_with_parameters_is_fitted_from_the_median() -> Result<()> {
    let y = Tensor::<1>::from_floats([1.0, 3.0, 2.5, 4.5, 0.5, 3.5, 2.0, 3.0], &device()?);
    let fit = Svi::new(&learned_scale(y), AutoNormal::new()).run()?;
    let gaussian = fit.gaussian()?.unwrap();
    assert_close(&gaussian.loc, &numbers(fit.param("auto.mu.loc")?)?, 1e-6);
    // At the optimum scale² = Σ(y − m)²/n + s² with s² = 1/(n/scale² + 1/100) and m = s² Σy/scale²: scale 1.3091, m 2.4947 and s .4623.
    assert_close(&gaussian.loc, &[2.4947], 0.03);
    assert_close(&gaussian.sd(), &[0.4623], 0.02);
    assert_close(&numbers(fit.param("scale")?)?, &[1.3091], 0.03);
    Ok(())
}

/// A start whose units are thirty times the posterior's: the first rate is far too large, and the later ones are not.
#[test]
fn units_that_are_too_large_are_mended_by_smaller_rates() -> Result<()> {
    let rest = (1.0 - RHO * RHO).sqrt();
    let factor = Factor::LowerTriangular([SD[0], 0.0, RHO * SD[1], rest * SD[1]].map(|x| 30.0 * x).to_vec());
    let start = Start { loc: vec![LOC[0] + SD[0], LOC[1] + SD[1]], factor };
    let fit = Svi::new(&target(FloatDType::F64)?, AutoMultivariateNormal::new().start(start)).run()?;
    let elbo = fit.elbo()?;
    assert!(elbo.gap(0.0) < 0.02, "{elbo}");
    Ok(())
}
