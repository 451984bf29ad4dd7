//! Pathfinder, where the posterior is normal and against a reference.

use serde_json::Value;
use tests::{assert_close, device, executions};
use vi_runtime::posterior::{Gaussian, Pathfinder, Unconstrained};
use vi_runtime::prelude::*;

use super::models::{json, kidscore, linear_regression, numbers, vector};

fn regression() -> Result<(Value, impl Program + Clone)> {
    let truth = json("bayes_linear_regression.json")?;
    let x = Tensor::<1>::from_data(numbers(&truth["X"]).as_slice(), (&device()?, FloatDType::F64.into())).reshape([30, 4]);
    let model = linear_regression(x, vector(&truth["y"])?, numbers(&truth["t"])[0], numbers(&truth["s"])[0], 4);
    Ok((truth, model))
}

/// The largest error of a mean in reference standard deviations, and the ratios of standard deviations.
fn against_reference(found: &[(String, f64, f64)], reference: &Value) -> (f64, Vec<f64>) {
    let of = |name: &str, field: &str| numbers(&reference["parameters"][name][field])[0];
    let error = found.iter().map(|(name, mean, _)| ((mean - of(name, "mean")) / of(name, "sd")).abs()).fold(0.0, f64::max);
    (error, found.iter().map(|(name, _, sd)| sd / of(name, "sd")).collect())
}

/// Mean and standard deviation of each column of draws.
fn moments(draws: &vi_runtime::Draws, name: &str) -> Result<Vec<(String, f64, f64)>> {
    let (values, shape) = draws.to_f64()?;
    let width: usize = shape[1..].iter().product();
    let one = |column: usize| {
        let column_of: Vec<f64> = values.iter().skip(column).step_by(width).copied().collect();
        let n = column_of.len() as f64;
        let mean = column_of.iter().sum::<f64>() / n;
        let sd = (column_of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        (if width == 1 { name.to_owned() } else { format!("{name}[{}]", column + 1) }, mean, sd)
    };
    Ok((0..width).map(one).collect())
}

#[test]
fn a_flat_regression_untouched_by_scales() -> Result<()> {
    let data = json("posteriordb/kidiq-kidscore_momiq/data.json")?;
    let reference = json("posteriordb/kidiq-kidscore_momiq/reference.json")?;
    let model = kidscore(vector(&data["mom_iq"])?, vector(&data["kid_score"])?);
    let paths = Pathfinder::new().paths(4).draws(4_000).seed(1).run(&model)?;
    let found = [moments(&paths.draws.beta, "beta")?, moments(&paths.draws.sigma, "sigma")?].concat();
    let (error, ratios) = against_reference(&found, &reference);
    assert!(paths.k_hat < 0.7 && error < 0.15, "{error}: {paths}");
    assert!(ratios.iter().all(|ratio| (ratio - 1.0).abs() < 0.1), "{ratios:?}");
    Ok(())
}

#[test]
fn pathfinder_finds_a_normal_posterior() -> Result<()> {
    let (truth, model) = regression()?;
    for execution in executions() {
        let density = Unconstrained::new(&model).execution(execution).build()?;
        let (paths, _, k_hat) = Pathfinder::new().draws(500).find(&density)?;
        assert!((paths[0].elbo - numbers(&truth["log_evidence"])[0]).abs() < 0.2, "{:?}", paths[0]);
        assert!(k_hat < 0.7, "{k_hat}");
        let Gaussian { mean, .. } = &paths[0].gaussian;
        let (exact, covariance) = (numbers(&truth["posterior"]["mean"]), numbers(&truth["posterior"]["cov"]));
        for (i, (found, exact)) in mean.iter().zip(exact).enumerate() {
            assert_close(&[*found], &[exact], 0.3 * covariance[5 * i].sqrt());
        }
    }
    Ok(())
}
