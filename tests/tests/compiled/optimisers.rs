//! Rules of descent inside a compiled step: those of the library, and a user's own.

use tests::{executions, has_f64, tolerance, vector};
use vi_runtime::optim::{AdaGrad, OptimState};
use vi_runtime::prelude::*;

use super::agree::{same_elbos, steps};

#[model]
fn regression(x: Tensor<1>, y: Tensor<1>) {
    let slope = sample!("slope", Normal::new(0.0, 2.0));
    let level = sample!("level", Normal::new(0.0, 2.0));
    let scale = sample!("scale", HalfNormal::new(1.0));
    plate!("n", 5, { observe!("y", StudentT::new(5.0, slope * x + level, scale), y) });
}

/// Both executions for twenty steps. A rule may divide by the square root of a moment, so that rounding of a gradient counts
/// as it does relative to the gradient: 1e-12 in a step, and twenty steps of a map whose derivative is below two.
fn same_paths<O: Optimizer + Clone + 'static>(optimizer: &O) -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    let model = regression(vector([-1.0, 0.0, 0.5, 1.0, 2.0])?, vector([-0.7, 0.2, 0.9, 1.2, 2.9])?);
    let [expected, found] = executions().map(|execution| {
        let svi = Svi::new(&model, AutoNormal::new()).optimizer(optimizer.clone()).particles(2).seed(3);
        steps(&svi.dtype(FloatDType::F64).execution(execution), 20)
    });
    let (expected, found) = (expected?, found?);
    same_elbos(&found.elbos, &expected.elbos, 1e-9, "the path");
    for (found, expected) in found.after.iter().zip(&expected.after) {
        for (name, expected) in expected {
            for (found, expected) in found[name].iter().zip(expected) {
                assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{name}: {found}, eagerly {expected}");
            }
        }
    }
    Ok(())
}

#[test]
fn adam() -> Result<()> {
    same_paths(&Adam::new(0.02))?;
    same_paths(&Adam::new(Schedule::WarmupCosine { peak: 0.05, last: 1e-3, warmup: 4, steps: 15 }).betas(0.8, 0.99).epsilon(1e-6))
}

#[test]
fn clipped_adam() -> Result<()> {
    same_paths(&ClippedAdam::new(0.02).clip(0.5).decay(0.95))
}

#[test]
fn gradient_descent_with_and_without_momentum() -> Result<()> {
    same_paths(&Sgd::new(Schedule::Step { initial: 0.01, factor: 0.5, every: 7 }))?;
    same_paths(&Sgd::new(0.005).momentum(0.9))
}

#[test]
fn scaled_gradients() -> Result<()> {
    same_paths(&AdamW::new(0.02).weight_decay(0.1))?;
    same_paths(&RmsProp::new(0.02))?;
    same_paths(&RmsProp::new(0.01).decay(0.9).centred(true).momentum(0.5))?;
    same_paths(&AdaGrad::new(0.1))
}

#[test]
fn rules_without_a_rate() -> Result<()> {
    same_paths(&Cocob::new())?;
    same_paths(&Dog::new().initial(1e-3))?;
    same_paths(&Dog::new().initial(1e-3).layerwise(true))?;
    same_paths(&Dowg::new().initial(1e-3))?;
    same_paths(&Dowg::new().initial(1e-3).layerwise(true))
}

#[test]
fn clips_and_parts() -> Result<()> {
    same_paths(&Clipped::by_norm(Adam::new(0.02), 1.0))?;
    let parts =
        PerParam::new(Clipped::by_norm(Sgd::new(0.01).nesterov(true).momentum(0.5), 0.5)).matching("*.loc", Dog::new().initial(1e-3));
    same_paths(&parts)?;
    // Five clips are more than a compiled step has: its parameters move by tensors.
    let five = |limit: f64| Clipped::by_value(Clipped::by_norm(Clipped::by_value(Adam::new(0.02), limit), limit), limit);
    same_paths(&Clipped::by_value(Clipped::by_norm(five(1.0), 3.0), 1.5))
}

#[test]
fn another_rule_may_go_on() -> Result<()> {
    let model = regression(vector([-1.0, 0.0, 0.5, 1.0, 2.0])?, vector([-0.7, 0.2, 0.9, 1.2, 2.9])?);
    let [expected, found] = executions().map(|execution| -> Result<_> {
        let svi = Svi::new(&model, AutoNormal::new()).seed(3).execution(execution);
        let mut state = svi.init()?;
        let mut history = Vec::new();
        let mut svi = svi.optimizer(Sgd::new(1e-3));
        for turn in 0..4 {
            for _ in 0..3 {
                history.push(svi.step(&mut state)?);
            }
            svi = match turn {
                0 => svi.optimizer(Adam::new(0.01)),
                1 => svi.optimizer(ClippedAdam::new(0.01)),
                _ => svi.optimizer(Sgd::new(1e-3)),
            };
        }
        Ok(history)
    });
    same_elbos(&found?, &expected?, tolerance(1e-4), "rules in turn");
    Ok(())
}

/// A rule as a user would write one, with a memory: the step shrinks with the sum of squared gradients.
#[derive(Clone, Debug)]
struct Adagrad(f64);

impl Optimizer for Adagrad {
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        assert_eq!(step, state.updates, "every parameter moves in every step");
        state.updates += 1;
        let square = gradient.clone().square();
        let sum = match state.slots.pop() {
            Some(sum) => sum + square,
            None => square,
        };
        state.slots.push(sum.clone());
        value - (gradient / (sum.sqrt() + 1e-8)).mul_scalar(self.0)
    }
}

#[test]
fn a_rule_of_the_user() -> Result<()> {
    same_paths(&Adagrad(0.05))
}
