//! Optimisers and schedules against their formulas.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure of a test is a panic")]

#[path = "optimisers/composed.rs"]
mod composed;
#[path = "optimisers/converge.rs"]
mod converge;
#[path = "optimisers/iterates.rs"]
mod iterates;
#[path = "optimisers/settings.rs"]
mod settings;

use tests::{assert_close, device, executions, numbers, tolerance};
use vi_runtime::optim::OptimState;
use vi_runtime::prelude::*;

/// The values after each of the given gradients, from 1.
fn path(optimizer: &dyn Optimizer, gradients: &[f64]) -> Result<Vec<f64>> {
    let device = device()?;
    let mut value = Tensor::<1>::from_floats([1.0], &device);
    let mut state = OptimState::default();
    let mut values = Vec::new();
    for (step, gradient) in gradients.iter().enumerate() {
        value = optimizer.update(step as u64, value, Tensor::from_floats([*gradient], &device), &mut state);
        values.extend(numbers(value.clone())?);
    }
    Ok(values)
}

/// Adam as Kingma and Ba write it (algorithm 1).
fn adam(rate: impl Fn(i32) -> f64, gradients: &[f64]) -> Vec<f64> {
    let (mut value, mut m, mut v) = (1.0, 0.0, 0.0);
    let mut values = Vec::new();
    for (i, gradient) in gradients.iter().enumerate() {
        let t = i as i32 + 1;
        m = 0.9 * m + 0.1 * gradient;
        v = 0.999 * v + 0.001 * gradient * gradient;
        let (m_hat, v_hat): (f64, f64) = (m / (1.0 - 0.9_f64.powi(t)), v / (1.0 - 0.999_f64.powi(t)));
        value -= rate(i as i32) * m_hat / (v_hat.sqrt() + 1e-8);
        values.push(value);
    }
    values
}

const GRADIENTS: [f64; 5] = [0.3, -2.0, 15.0, 0.0, 0.7];

#[test]
fn adam_is_adam() -> Result<()> {
    assert_close(&path(&Adam::new(0.1), &GRADIENTS)?, &adam(|_| 0.1, &GRADIENTS), tolerance(1e-6));
    Ok(())
}

#[test]
fn clipped_adam_clips_each_element_and_decays_the_rate() -> Result<()> {
    let clipped = GRADIENTS.map(|g| g.clamp(-1.0, 1.0));
    let found = path(&ClippedAdam::new(0.1).clip(1.0).decay(0.9), &GRADIENTS)?;
    assert_close(&found, &adam(|i| 0.1 * 0.9_f64.powi(i), &clipped), tolerance(1e-6));
    Ok(())
}

#[test]
fn sgd_with_momentum_accumulates() -> Result<()> {
    // b = 1, 2.5, 3.25 with momentum ½ and gradients 1, 2, 2.
    let found = path(&Sgd::new(0.1).momentum(0.5), &[1.0, 2.0, 2.0])?;
    assert_close(&found, &[0.9, 0.65, 0.325], tolerance(1e-6));
    assert_close(&path(&Sgd::new(0.1), &[1.0, 2.0])?, &[0.9, 0.7], tolerance(1e-6));
    Ok(())
}

#[test]
fn schedules_follow_their_formulas() {
    let at = |schedule: Schedule, steps: &[u64]| steps.iter().map(|step| schedule.at(*step)).collect::<Vec<_>>();
    assert_close(&at(0.3.into(), &[0, 99]), &[0.3, 0.3], 0.0);
    assert_close(&at(Schedule::Exponential { initial: 1.0, decay: 0.5 }, &[0, 1, 3]), &[1.0, 0.5, 0.125], 1e-15);
    assert_close(&at(Schedule::Cosine { initial: 1.0, last: 0.2, steps: 10 }, &[0, 5, 10, 50]), &[1.0, 0.6, 0.2, 0.2], 1e-15);
    let warm = Schedule::WarmupCosine { peak: 1.0, last: 0.0, warmup: 4, steps: 14 };
    assert_close(&at(warm, &[0, 3, 4, 9, 14]), &[0.25, 1.0, 1.0, 0.5, 0.0], 1e-15);
    assert_close(&at(Schedule::Step { initial: 1.0, factor: 0.1, every: 3 }, &[2, 3, 6]), &[1.0, 0.1, 0.01], 1e-15);
}

#[model]
fn bowl() {
    sample!("x", Normal::new(3.0, 1.0));
}

/// The values after each step of a fit whose loss is `½ (x − 3)²` plus a constant, and that many of `by_hand`'s.
fn fit<O: Optimizer + Clone + 'static>(optimizer: &O, by_hand: impl Fn(f64, &[f64]) -> Vec<f64>) -> Result<()> {
    for execution in executions() {
        let device = device()?;
        let svi = || Svi::new(&bowl(), AutoDelta::new()).optimizer(optimizer.clone()).device(device.clone()).execution(execution);
        let start = numbers(svi().steps(0).run()?.param("auto.x.value")?)?[0];
        let svi = svi();
        let mut state = svi.init()?;
        let mut values = vec![start];
        for _ in 0..6 {
            svi.step(&mut state)?;
            values.extend(numbers(state.param("auto.x.value")?)?);
            let gradients: Vec<f64> = values[..values.len() - 1].iter().map(|x| x - 3.0).collect();
            assert_close(&values[1..], &by_hand(start, &gradients), tolerance(1e-5));
        }
    }
    Ok(())
}

#[test]
fn a_fit_follows_its_rule() -> Result<()> {
    let adam_from = |start: f64, gradients: &[f64]| adam(|_| 0.1, gradients).iter().map(|x| x - 1.0 + start).collect::<Vec<_>>();
    fit(&Adam::new(0.1), adam_from)?;
    fit(&ClippedAdam::new(0.1).clip(0.3), |start, gradients| {
        let clipped: Vec<f64> = gradients.iter().map(|g| g.clamp(-0.3, 0.3)).collect();
        adam_from(start, &clipped)
    })?;
    fit(&Sgd::new(0.1).momentum(0.5), |start, gradients| {
        let (mut value, mut momentum) = (start, 0.0);
        let step = |gradient: &f64| {
            momentum = 0.5 * momentum + gradient;
            value -= 0.1 * momentum;
            value
        };
        gradients.iter().map(step).collect()
    })
}
