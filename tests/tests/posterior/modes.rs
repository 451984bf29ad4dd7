//! Modes and Laplace approximations with known answers.

use tests::{assert_close, executions};
use vi_runtime::posterior::{Laplace, Map, Stopped, Unconstrained};
use vi_runtime::prelude::*;

use super::models::{eight_schools_centred, json, kidscore, linear_regression, numbers, vector};
use tests::device;

#[test]
fn laplace_is_exact_where_the_posterior_is_normal() -> Result<()> {
    let truth = json("bayes_linear_regression.json")?;
    let x = Tensor::<1>::from_data(numbers(&truth["X"]).as_slice(), (&device()?, FloatDType::F64.into())).reshape([30, 4]);
    let model = linear_regression(x, vector(&truth["y"])?, numbers(&truth["t"])[0], numbers(&truth["s"])[0], 4);
    for execution in executions() {
        let density = Unconstrained::new(&model).execution(execution).build()?;
        let (mode, gaussian, log_evidence) = Laplace::new().fit(&density)?;
        assert_eq!(mode.stopped, Stopped::Converged);
        assert_close(&gaussian.mean, &numbers(&truth["posterior"]["mean"]), 1e-6);
        // Rounding of differences where the density is eager.
        let near = if execution == Execution::Eager { 1e-8 } else { 1e-12 };
        assert_close(&gaussian.covariance(), &numbers(&truth["posterior"]["cov"]), near);
        assert_close(&[log_evidence], &numbers(&truth["log_evidence"]), 1e-8);
    }
    let fit = Laplace::new().draws(4_000).run(&model)?;
    let (w, shape) = fit.draws.w.to_f64()?;
    assert_eq!(shape, [4_000, 4]);
    let (mean, covariance) = (numbers(&truth["posterior"]["mean"]), numbers(&truth["posterior"]["cov"]));
    for i in 0..4 {
        let found: f64 = w.iter().skip(i).step_by(4).sum::<f64>() / 4_000.0;
        assert_close(&[found], &[mean[i]], 4.0 * (covariance[5 * i] / 4_000.0).sqrt());
    }
    Ok(())
}

#[test]
fn a_flat_regression_has_the_mode_of_least_squares() -> Result<()> {
    let data = json("posteriordb/kidiq-kidscore_momiq/data.json")?;
    let (x, y) = (numbers(&data["mom_iq"]), numbers(&data["kid_score"]));
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let sxx: f64 = x.iter().map(|x| (x - mx).powi(2)).sum();
    let sxy: f64 = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum();
    let slope = sxy / sxx;
    let rss: f64 = x.iter().zip(&y).map(|(x, y)| (y - my - slope * (x - mx)).powi(2)).sum();
    // With u = σ²: −(n − 1)/2 ln u − rss/(2u) − ln(1 + u/6.25) is stationary where
    // −(n − 1)/(2u) + rss/(2u²) − 1/(6.25 + u) = 0, the Jacobian of ln σ being the one of n − 1.
    let mut u = rss / n;
    for _ in 0..200 {
        u = rss / (n - 1.0 + 2.0 * u / (6.25 + u));
    }
    let model = kidscore(vector(&data["mom_iq"])?, vector(&data["kid_score"])?);
    for execution in executions() {
        let mode = Map::new().find(&Unconstrained::new(&model).execution(execution).build()?)?;
        assert_eq!(mode.stopped, Stopped::Converged, "{mode}");
        let sd = [u.sqrt() * (1.0 / n + mx * mx / sxx).sqrt(), (u / sxx).sqrt(), (0.5 / n).sqrt()];
        let expected = [my - slope * mx, slope, 0.5 * u.ln()];
        for i in 0..3 {
            assert_close(&[mode.x[i]], &[expected[i]], 1e-3 * sd[i]);
        }
    }
    Ok(())
}

#[test]
fn a_posterior_without_a_mode_is_no_laplace_approximation() -> Result<()> {
    let data = json("posteriordb/eight_schools-eight_schools_centered/data.json")?;
    let model = eight_schools_centred(vector(&data["sigma"])?, vector(&data["y"])?);
    // As the effects agree and their scale goes to 0, the density grows without bound.
    let found = Laplace::new().run(&model).map_or_else(|error| error.to_string(), |fit| fit.mode.to_string());
    assert!(found.contains("not positive definite"), "{found}");
    Ok(())
}
