//! Fits that stop by themselves: when they should, and not before.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure of a test is a panic")]

use tests::{executions, numbers, scaled, vector};
use vi_runtime::graph::ir::NoiseKind;
use vi_runtime::graph::noise::fill_f64;
use vi_runtime::prelude::*;
use vi_runtime::stop::{Convergence, Stopped};
use vi_runtime::{Execution, Key};

const SEEDS: u64 = 200;

/// Standard normal numbers of a seed.
fn noise(seed: u64, n: usize) -> Vec<f64> {
    let mut numbers = vec![0.0; n];
    fill_f64(NoiseKind::Normal, Key::new(seed), &mut numbers);
    numbers
}

/// In how many of the seeds a rule stops somewhere in a history of `n` steps, looked at as a run does.
fn stops(rule: &Drift, n: usize, elbo: impl Fn(usize, f64) -> f64) -> usize {
    let stopped = |seed: &u64| {
        let history: Vec<f64> = noise(*seed, n).into_iter().enumerate().map(|(t, z)| elbo(t, z)).collect();
        let mut step = 1_000;
        while step <= n {
            if rule.test(&history[..step]).is_some() {
                return true;
            }
            step += step / 10 + 1;
        }
        false
    };
    (0..SEEDS).filter(stopped).count()
}

/// Noise of standard deviation 1. While less than the tolerance is gained over the last half, a fit may stop; where ten
/// times that is gained at every look, it must not.
#[test]
fn a_drift_of_many_tolerances_is_not_stopped() {
    let rule = Drift::new(0.2);
    // 1e-3 a step: 0.5 nats over half of 1 000 steps, more over each longer window.
    let line = stops(&rule, 20_000, |t, z| -100.0 + 1e-3 * t as f64 + z);
    // A slow approach: gains over the last half fall from 13 to 1.2 nats at 20 000 steps.
    let slow = stops(&rule, 20_000, |t, z| -100.0 - 40.0 * (-(t as f64) / 5_000.0).exp() + z);
    // A plateau with a rise behind it that has begun when it is looked at.
    let rise = stops(&rule, 1_000, |t, z| if t < 700 { 0.1 * z } else { 0.1 * z + 0.01 * (t - 700) as f64 });
    println!("false stops of {SEEDS}: line {line}, slow approach {slow}, rise {rise}");
    assert!(line <= 2 && slow <= 2 && rise == 0, "line {line}, slow approach {slow}, rise {rise}");
}

#[test]
fn noise_alone_is_stopped() {
    let rule = Drift::new(0.2);
    let flat = stops(&rule, 20_000, |_, z| -100.0 + z);
    let converged = stops(&rule, 20_000, |t, z| -100.0 - 40.0 * (-(t as f64) / 500.0).exp() + z);
    println!("stops of {SEEDS}: noise {flat}, converged {converged}");
    assert!(flat >= 198 && converged >= 195, "noise {flat}, converged {converged}");
    // Without any noise the first look is enough; of much noise nothing is known.
    assert!(rule.test(&[1.0; 1_000]).is_some());
    assert_eq!(stops(&rule, 5_000, |_, z| 100.0 * z), 0);
}

#[model]
fn line(x: Tensor<1>, y: Tensor<1>) {
    let slope = sample!("slope", Normal::new(0.0, 2.0));
    let level = sample!("level", Normal::new(0.0, 2.0));
    plate!("n", 5, { observe!("y", Normal::new(slope * x + level, 0.5), y) });
}

fn model() -> Result<impl Program + Clone> {
    Ok(line(vector([-1.0, 0.0, 0.5, 1.0, 2.0])?, vector([-0.7, 0.2, 0.9, 1.2, 2.9])?))
}

#[test]
fn a_fit_stops_where_it_has_converged_and_says_why() -> Result<()> {
    let mut seen = Vec::new();
    for execution in executions() {
        let fit =
            Svi::new(&model()?, AutoNormal::new().init(Init::Median)).optimizer(Adam::new(0.02)).particles(4).seed(1).execution(execution);
        let fit = fit.steps(20_000).stop(Drift::new(0.2)).run()?;
        let Stopped::Converged { step, by: Convergence::Elbo { gain, error, .. } } = *fit.stopped() else { panic!("{}", fit.stopped()) };
        assert!(step == fit.history().len() && step < 20_000 && gain.abs() + 2.55 * error < 0.2, "{}", fit.stopped());
        assert!(fit.report()?.to_string().contains(&format!("stopped at step {step}: the ELBO is flat")));
        seen.push(step);
    }
    assert_eq!(seen[0], seen[1]);
    Ok(())
}

/// A fit at a rate so small that it has made a tenth of its way must make all its steps, whatever the rule.
#[test]
fn a_slow_fit_is_not_stopped() -> Result<()> {
    for seed in 0..scaled(SEEDS) {
        let svi = || -> Result<_> {
            let svi = Svi::new(&model()?, AutoNormal::new().init(Init::Median))
                .optimizer(Adam::new(1e-4))
                .seed(seed)
                .execution(Execution::Compiled);
            Ok(svi.steps(3_000))
        };
        assert_eq!(*svi()?.stop(Drift::new(0.2)).run()?.stopped(), Stopped::Steps);
        assert_eq!(*svi()?.stop(Stationary::new()).run()?.stopped(), Stopped::Steps);
    }
    Ok(())
}

/// The posterior of the slope given the level, and of the level, by the normal equations: precision `XᵀX/σ² + I/4`.
fn posterior_means() -> [f64; 2] {
    let (x, y) = ([-1.0, 0.0, 0.5, 1.0, 2.0], [-0.7, 0.2, 0.9, 1.2, 2.9]);
    let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(&y).map(|(x, y)| f(*x, *y)).sum::<f64>() / 0.25;
    let (a, b, d) = (sum(&|x, _| x * x) + 0.25, sum(&|x, _| x), sum(&|_, _| 1.0) + 0.25);
    let (p, q) = (sum(&|x, y| x * y), sum(&|_, y| y));
    let determinant = a * d - b * b;
    [(d * p - b * q) / determinant, (a * q - b * p) / determinant]
}

/// The mean of the iterates is within some of its standard errors of the exact answer, which a mean-field guide reaches.
#[test]
fn stationary_parameters_are_averaged() -> Result<()> {
    for seed in 0..scaled(SEEDS) {
        let svi =
            Svi::new(&model()?, AutoNormal::new().init(Init::Median)).optimizer(Adam::new(0.02)).seed(seed).execution(Execution::Compiled);
        let fit = svi.steps(50_000).stop(Stationary::new()).run()?;
        let Stopped::Converged { step, by: Convergence::Iterates { mcse, r_hat, ess, from } } = *fit.stopped() else {
            panic!("seed {seed}: {}", fit.stopped())
        };
        assert!(mcse <= 0.02 && r_hat < 1.1 && ess >= 50.0 && from < step, "{}", fit.stopped());
        let [slope, level] = posterior_means();
        for (name, expected) in [("slope", slope), ("level", level)] {
            let found = numbers(fit.param(&format!("auto.{name}.loc"))?)?[0];
            assert!((found - expected).abs() < 5.0 * 0.02, "seed {seed}, {name}: {found}, exactly {expected}; {}", fit.stopped());
        }
    }
    Ok(())
}
