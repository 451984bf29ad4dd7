//! Natural gradients where one step is exact, and where the best normal approximation is known from others.

use serde_json::Value;
use tests::{assert_close, executions};
use vi_runtime::Key;
use vi_runtime::guide::{Gaussian as Columns, Root};
use vi_runtime::posterior::{Gaussian, LogDensity, NaturalGradient, Settled, Unconstrained};
use vi_runtime::prelude::*;

use super::linear_gaussian::{Known, chain_case, exact_elbo, factor_case, mean_case, regression_case};
use super::models::{eight_schools_centred, eight_schools_non_centred, json, kidscore, linear_regression, numbers, vector};

/// Independent coordinates about 0 with this standard deviation.
pub fn isotropic(dim: usize, sd: f64) -> Gaussian {
    Gaussian { mean: vec![0.0; dim], factor: (0..dim * dim).map(|i| if i / dim == i % dim { sd } else { 0.0 }).collect() }
}

/// The columns of the factor.
pub fn columns(of: &Gaussian) -> Columns {
    let n = of.dim();
    let column = |j: usize| (0..n).map(|i| of.factor[i * n + j]).collect();
    Columns { loc: of.mean.clone(), root: Root::Columns((0..n).map(column).collect()) }
}

/// A step to a precision of less than half the old one is another.
const WIDE: f64 = 5.0;

fn one_step_reaches_the_evidence<M: Program + Clone>((model, known): (M, Known)) -> Result<()> {
    for execution in executions() {
        let density = Unconstrained::new(&model).execution(execution).build()?;
        let (found, _) = NaturalGradient::new().steps(1).rate(1.0).find_from(&density, isotropic(density.dim(), WIDE))?;
        let elbo = exact_elbo(&model, &known.sites, &columns(&found))?;
        assert!((elbo - known.evidence).abs() < 1e-8, "{execution:?}: {elbo} against {}", known.evidence);
    }
    Ok(())
}

#[test]
fn one_step_reaches_the_evidence_of_linear_gaussian_models() -> Result<()> {
    one_step_reaches_the_evidence(mean_case()?)?;
    one_step_reaches_the_evidence(regression_case()?)?;
    one_step_reaches_the_evidence(factor_case()?)?;
    one_step_reaches_the_evidence(chain_case()?)
}

#[test]
fn one_step_is_the_posterior_of_a_regression() -> Result<()> {
    let truth = json("bayes_linear_regression.json")?;
    let x = Tensor::<1>::from_data(numbers(&truth["X"]).as_slice(), (&tests::device()?, FloatDType::F64.into())).reshape([30, 4]);
    let model = linear_regression(x, vector(&truth["y"])?, numbers(&truth["t"])[0], numbers(&truth["s"])[0], 4);
    for execution in executions() {
        let density = Unconstrained::new(&model).execution(execution).build()?;
        let (found, _) = NaturalGradient::new().steps(1).rate(1.0).find_from(&density, isotropic(4, WIDE))?;
        assert_close(&found.mean, &numbers(&truth["posterior"]["mean"]), 1e-10);
        assert_close(&found.covariance(), &numbers(&truth["posterior"]["cov"]), 1e-10);
        // Gradients in single precision have 7 digits.
        let single = Unconstrained::new(&model).execution(execution).dtype(FloatDType::F32).build()?;
        let (found, _) = NaturalGradient::new().steps(1).rate(1.0).find_from(&single, isotropic(4, WIDE))?;
        assert_close(&found.mean, &numbers(&truth["posterior"]["mean"]), 1e-4);
        assert_close(&found.covariance(), &numbers(&truth["posterior"]["cov"]), 1e-4);
    }
    Ok(())
}

/// The ELBO of the best full-rank fit that is known, by NumPyro in coordinates standardised by the reference.
fn best(case: &str) -> Result<f64> {
    Ok(numbers(&json("posteriordb/numpyro.json")?[case]["fullrank_best"]["elbo"])[0])
}

fn schools() -> Result<[Tensor<1>; 2]> {
    let data: Value = json("posteriordb/data/eight_schools.json")?;
    Ok([vector(&data["sigma"])?, vector(&data["y"])?])
}

/// How far the ELBO may be below the best one that is known, which has an error of its own.
fn no_worse<M: Program + Clone>(density: &LogDensity<M>, found: &Gaussian, case: &str, within: f64) -> Result<()> {
    let quality = found.quality(density, 100_000, Key::new(1))?;
    let best = best(case)?;
    assert!(quality.elbo > best - within, "{quality}, but {best} can be had");
    // An ELBO far above the best of the family would be a wrong ELBO.
    assert!(quality.elbo < best + 0.05, "{quality}, but {best} is the best");
    Ok(())
}

#[test]
fn eight_schools_have_the_best_elbo_of_a_normal_guide() -> Result<()> {
    let [sigma, y] = schools()?;
    let density = LogDensity::new(&eight_schools_non_centred(sigma, y))?;
    for start in [None, Some(isotropic(10, 1.0))] {
        let fit = NaturalGradient::new();
        let (found, _) = start.map_or_else(|| fit.find(&density), |start| fit.find_from(&density, start))?;
        no_worse(&density, &found, "eight_schools-eight_schools_noncentered", 0.02)?;
    }
    Ok(())
}

/// The curvature changes its sign along the funnel.
#[test]
fn centred_eight_schools_have_it_too() -> Result<()> {
    let [sigma, y] = schools()?;
    let density = LogDensity::new(&eight_schools_centred(sigma, y))?;
    for (seed, start) in [(0, None), (2, None), (0, Some(isotropic(10, 1.0)))] {
        let fit = NaturalGradient::new().seed(seed);
        let (found, _) = start.map_or_else(|| fit.find(&density), |start| fit.find_from(&density, start))?;
        no_worse(&density, &found, "eight_schools-eight_schools_centered", 0.02)?;
    }
    Ok(())
}

#[test]
fn scales_that_differ_by_a_hundred_need_no_choice() -> Result<()> {
    let data = json("posteriordb/data/kidiq.json")?;
    let model = kidscore(vector(&data["mom_iq"])?, vector(&data["kid_score"])?);
    let density = LogDensity::new(&model)?;
    let (found, _) = NaturalGradient::new().find_from(&density, isotropic(3, 1.0))?;
    no_worse(&density, &found, "kidiq-kidscore_momiq", 0.005)?;
    let fit = NaturalGradient::new().draws(4_000).run(&model)?;
    let reference = &json("posteriordb/reference/kidiq-kidscore_momiq.json")?["parameters"];
    let (beta, shape) = fit.draws.beta.to_f64()?;
    assert_eq!(shape, [4_000, 2]);
    for (i, name) in ["beta[1]", "beta[2]"].into_iter().enumerate() {
        let [mean, sd] = ["mean", "sd"].map(|field| numbers(&reference[name][field])[0]);
        let found = beta.iter().skip(i).step_by(2).sum::<f64>() / 4_000.0;
        // Three standard errors of the draws, and those of the reference.
        assert!((found - mean).abs() < 0.1 * sd, "{name}: {found} against {mean}");
    }
    Ok(())
}

/// In one dimension `ln (s'/s) + (s² + (m − m')²) / (2 s'²) − ½`, and its change under a map of both is 0.
#[test]
fn divergences_of_normal_distributions() {
    let normal = |mean: f64, sd: f64| Gaussian { mean: vec![mean], factor: vec![sd] };
    let expected = 1.5f64.ln() + 5.0 / 18.0 - 0.5;
    assert_close(&[normal(1.0, 2.0).divergence_to(&normal(0.0, 3.0))], &[expected], 1e-14);
    let p = Gaussian { mean: vec![1.0, -1.0], factor: vec![2.0, 0.0, 0.5, 0.3] };
    let q = Gaussian { mean: vec![0.2, 0.4], factor: vec![1.0, 0.0, -0.7, 0.9] };
    // The coordinates of `p`'s noise: `p` becomes standard normal.
    let forward = |x: [f64; 2]| [x[0] / 2.0, (x[1] - 0.25 * x[0]) / 0.3];
    let (shift, a, b) = (forward([-0.8, 1.4]), forward([1.0, -0.7]), forward([0.0, 0.9]));
    let moved = Gaussian { mean: shift.to_vec(), factor: vec![a[0], b[0], a[1], b[1]] };
    assert_close(&[p.divergence_to(&q)], &[isotropic(2, 1.0).divergence_to(&moved)], 1e-12);
    assert_close(&[p.divergence_to(&p)], &[0.0], 1e-14);
}

#[test]
fn the_steps_end_where_their_mean_stays() -> Result<()> {
    let (model, known) = regression_case()?;
    let density = LogDensity::new(&model)?;
    let (found, settled) = NaturalGradient::new().find_from(&density, isotropic(4, 30.0))?;
    assert!(settled.steps == 64 && settled.change < 0.002, "{settled}");
    assert!((exact_elbo(&model, &known.sites, &columns(&found))? - known.evidence).abs() < 1e-4);
    let (_, settled) = NaturalGradient::new().tolerance(0.0).steps(100).find_from(&density, isotropic(4, 30.0))?;
    assert_eq!(settled.steps, 100);
    Ok(())
}

#[test]
fn what_cannot_be_used_is_refused() -> Result<()> {
    let (model, _) = mean_case()?;
    let density = LogDensity::new(&model)?;
    let message = |found: Result<(Gaussian, Settled)>| found.map_or_else(|error| error.to_string(), |(_, settled)| settled.to_string());
    let fit = NaturalGradient::new();
    assert!(message(fit.clone().rate(1.5).find(&density)).contains("rate: 1.5"));
    let odd = message(fit.clone().particles(3).find(&density));
    assert!(odd.contains('3') && odd.contains("at least 4"), "{odd}");
    let other = message(fit.find_from(&density, isotropic(2, 1.0)));
    assert!(other.contains('2') && other.contains("1 coordinates"), "{other}");
    Ok(())
}
