//! Where guides start: the median and mean of a prior that is known, draws, given values.

use tests::{assert_close, numbers};
use vi_runtime::guide::Factor;
use vi_runtime::prelude::*;

#[model]
fn priors() {
    sample!("x", Normal::new([3.0, -1.0], 0.5));
    sample!("rate", Gamma::new(4.0, 2.0));
    sample!("share", Dirichlet::new([1.0, 2.0, 5.0]));
}

/// The medians of a guide that has made no step: the start itself.
fn start(init: Init, seed: u64) -> Result<Vec<Vec<f64>>> {
    let fit = Svi::new(&priors(), AutoNormal::new().init(init)).dtype(FloatDType::F64).steps(0).seed(seed).run()?;
    let locs = ["auto.x.loc", "auto.rate.loc", "auto.share.loc"];
    locs.into_iter().map(|name| numbers(fit.param(name)?)).collect()
}

#[test]
fn feasible_is_the_origin() -> Result<()> {
    assert_eq!(start(Init::Feasible, 0)?, [vec![0.0; 2], vec![0.0], vec![0.0; 2]]);
    Ok(())
}

#[test]
fn the_median_is_that_of_fifteen_draws() -> Result<()> {
    // The standard error of the median of 15 normal draws is 1.2533 σ/√15; 200 seeds average it to 1/14 of that.
    let mut mean = [0.0; 2];
    let mut square = 0.0;
    for seed in 0..200 {
        let x = &start(Init::Median, seed)?[0];
        mean.iter_mut().zip(x).for_each(|(mean, x)| *mean += x / 200.0);
        square += (x[0] - 3.0).powi(2) / 200.0;
    }
    let error: f64 = 1.2533 * 0.5 / 15.0_f64.sqrt();
    assert_close(&mean, &[3.0, -1.0], 4.5 * error / 200.0_f64.sqrt());
    // The variance of a median of 15 is 2 % below its limit; its own relative error here is √(2/200).
    assert!((square.sqrt() / error - 1.0).abs() < 0.25, "{square} against {}", error * error);
    Ok(())
}

#[test]
fn the_mean_is_that_of_a_thousand_draws() -> Result<()> {
    let found = start(Init::Mean, 3)?;
    let error = |sd: f64| 4.5 * sd / 1_000.0_f64.sqrt();
    assert_close(&found[0], &[3.0, -1.0], error(0.5));
    // Gamma(4, 2) has mean 2 and standard deviation 1.
    assert!((found[1][0].exp() - 2.0).abs() < error(1.0), "{found:?}");
    let shares = numbers(
        biject_to::<1>(&Support::Simplex)?.forward(Tensor::from_floats([found[2][0] as f32, found[2][1] as f32], &tests::device()?)),
    )?;
    assert_close(&shares, &[0.125, 0.25, 0.625], error(0.17));
    Ok(())
}

#[test]
fn a_draw_has_the_spread_of_the_prior_and_a_uniform_start_its_radius() -> Result<()> {
    let (mut square, mut largest) = (0.0, 0.0_f64);
    let mut fourth = 0.0;
    for seed in 0..300 {
        square += (start(Init::Sample, seed)?[0][1] + 1.0).powi(2) / 300.0;
        let uniform = start(Init::Uniform(0.7), seed)?.concat();
        largest = uniform.iter().fold(largest, |most, u| most.max(u.abs()));
        fourth += uniform.iter().map(|u| u * u).sum::<f64>() / 300.0 / 5.0;
    }
    assert!((square / 0.25 - 1.0).abs() < 4.5 * (2.0_f64 / 300.0).sqrt(), "{square}");
    assert!(largest <= 0.7 && largest > 0.69, "{largest}");
    // The mean square of a uniform number on (−r, r) is r²/3, with variance 4 r⁴/45.
    assert!((fourth - 0.49 / 3.0).abs() < 4.5 * (4.0 * 0.7_f64.powi(4) / 45.0 / 3_000.0).sqrt(), "{fourth}");
    Ok(())
}

#[test]
fn given_values_are_the_start_and_the_others_have_the_median() -> Result<()> {
    let found = start(Init::values([("x", vec![0.25, -7.0]), ("rate", vec![2.5])]), 1)?;
    assert_close(&found[0], &[0.25, -7.0], 1e-12);
    assert_close(&found[1], &[2.5_f64.ln()], 1e-12);
    assert_eq!(found[2], start(Init::Median, 1)?[2]);
    Ok(())
}

#[test]
fn what_cannot_be_a_start_is_refused() -> Result<()> {
    let refused = |init: Init| start(init, 0).unwrap_err().to_string();
    for (init, parts) in [
        (Init::values([("y", vec![1.0])]), ["`y`", "`x`, `rate`, `share`"]),
        (Init::values([("x", vec![1.0])]), ["[1]", "[2]"]),
        (Init::values([("rate", vec![-1.0])]), ["`rate`", "-1"]),
        (Init::values([("share", vec![0.5, 0.1, 0.1])]), ["`share`", "0.7"]),
        (Init::values([("rate", vec![f64::NAN])]), ["`rate`", "NaN"]),
        (Init::values([("share", vec![0.5, f64::NAN, 0.5])]), ["`share`", "NaN"]),
        (Init::Uniform(0.0), ["radius", "0"]),
    ] {
        let message = refused(init);
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    Ok(())
}

#[test]
fn a_start_that_does_not_fit_is_refused() -> Result<()> {
    let refused = |loc: Vec<f64>, factor: Factor| {
        let svi = Svi::new(&priors(), AutoMultivariateNormal::new().start(Start { loc, factor }));
        svi.steps(1).run().map(drop).unwrap_err().to_string()
    };
    assert!(refused(vec![0.0; 4], Factor::Diagonal(vec![1.0; 5])).contains("4 and 5 numbers for 5"));
    assert!(refused(vec![0.0; 5], Factor::LowerTriangular(vec![1.0; 5])).contains("need 5 and 25"));
    assert!(refused(vec![0.0; 5], Factor::Diagonal(vec![1.0, 1.0, 0.0, 1.0, 1.0])).contains("positive"));
    assert!(refused(vec![f64::NAN; 5], Factor::Diagonal(vec![1.0; 5])).contains("NaN"));
    Ok(())
}

/// Λ = (F Fᵀ)⁻¹ for F = [[2, 0], [1, 3]] is [[10, −2], [−2, 4]]/36.
#[test]
fn independent_elements_start_with_their_conditional_variances() {
    let start = Start { loc: vec![1.0, 2.0], factor: Factor::LowerTriangular(vec![2.0, 0.0, 1.0, 3.0]) }.independent();
    let Factor::Diagonal(scale) = start.factor else { unreachable!() };
    assert_close(&scale, &[3.6_f64.sqrt(), 3.0], 1e-12);
}

/// The parameters of a guide live in `u`: the posterior N(1.5, .5²) of a normal mean is found there.
#[model]
fn mean(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    observe!("y", Normal::new(mu, 3.0_f64.sqrt().recip()), y);
}

#[test]
fn a_guide_learns_in_the_units_of_its_start() -> Result<()> {
    for execution in tests::executions() {
        let start = Start { loc: vec![1.0], factor: Factor::Diagonal(vec![0.25]) };
        let fit = Svi::new(&mean(tests::vector([2.0])?), AutoNormal::new().start(start))
            .dtype(FloatDType::F64)
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-5, steps: 3_000 }))
            .steps(3_000)
            .particles(16)
            .execution(execution)
            .run()?;
        assert_close(&numbers(fit.param("auto.mu.loc")?)?, &[2.0], 0.02);
        assert_close(&numbers(fit.param("auto.mu.scale")?)?, &[2.0], 0.03);
        let gaussian = fit.gaussian()?.unwrap();
        assert_close(&[gaussian.loc[0], gaussian.sd()[0]], &[1.5, 0.5], 0.01);
    }
    Ok(())
}
