//! The first iterates of each rule on a quadratic, against the formulas in plain double precision.
//!
//! `data/optimisers.json` has five iterates on `Σ aᵢ (xᵢ − bᵢ)² / 2` with `a = (1, 4, ¼)`, `b = (½, −1, 2)` from `(1, 1, −1)`,
//! where the first two elements are one parameter and the third is another; the rules are written there as PyTorch or
//! their papers have them.

use std::path::Path;

use tests::{assert_close, executions, has_f64, numbers, vector};
use vi_runtime::optim::AdaGrad;
use vi_runtime::prelude::*;

pub const LOC: [f64; 2] = [0.5, -1.0];
pub const SCALE: [f64; 2] = [1.0, 0.5];

/// The quadratic as a log joint, up to a constant.
#[model]
pub fn bowl(loc: Tensor<1>, scale: Tensor<1>) {
    sample!("p", Normal::new(loc, scale));
    sample!("q", Normal::new(2.0, 2.0));
}

#[guide(model = bowl)]
pub fn point() {
    sample!("p", Delta::new(param!("at.p", [1.0, 1.0])));
    sample!("q", Delta::new(param!("at.q", [-1.0])));
}

pub fn both(state: &SviState) -> Result<Vec<f64>> {
    Ok([numbers(state.param("at.p")?)?, numbers(state.param("at.q")?)?].concat())
}

/// The numbers of a rule: one row an iterate.
pub fn table(name: &str) -> Vec<Vec<f64>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/optimisers.json");
    let all: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let rows = all[name].as_array().unwrap_or_else(|| panic!("no numbers for {name}"));
    rows.iter().map(|row| row.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()).collect()
}

/// Precisions with the error that five steps may make: rounding of values about 1, and of a gradient's square root.
pub fn precisions() -> Vec<(FloatDType, f64)> {
    let double = has_f64().then_some((FloatDType::F64, 1e-13));
    [(FloatDType::F32, 5e-6)].into_iter().chain(double).collect()
}

/// Asserts that steps one by one, a run, and a run in two parts go through the numbers of `name`.
pub fn follows<O: Optimizer + Clone + 'static>(name: &str, optimizer: &O) -> Result<()> {
    for execution in executions() {
        for (dtype, within) in precisions() {
            let svi = Svi::new(&bowl(vector(LOC)?, vector(SCALE)?), point()).optimizer(optimizer.clone()).dtype(dtype).execution(execution);
            let mut state = svi.init()?;
            for (step, expected) in table(name).iter().enumerate() {
                svi.step(&mut state)?;
                let found = both(&state)?;
                for (found, expected) in found.iter().zip(expected) {
                    let context = format!("{name}, {execution:?}, {dtype:?}, step {step}");
                    assert!((found - expected).abs() <= within, "{context}: {found}, by the formulas {expected}");
                }
            }
            let run = |steps| -> Result<_> {
                let svi = Svi::new(&bowl(vector(LOC)?, vector(SCALE)?), point()).optimizer(optimizer.clone()).dtype(dtype);
                Ok(svi.execution(execution).steps(steps))
            };
            let whole = both(run(5)?.run()?.state())?;
            assert_close(&whole, &table(name)[4], within);
            assert_eq!(both(run(3)?.resume(run(2)?.run()?.into_state())?.state())?, whole, "{name}, {execution:?}, {dtype:?}");
        }
    }
    Ok(())
}

#[test]
fn adam_and_relatives() -> Result<()> {
    follows("Adam", &Adam::new(0.1))?;
    follows("Adam betas", &Adam::new(0.1).betas(0.8, 0.9).epsilon(1e-3))?;
    follows("AdamW", &AdamW::new(0.1).weight_decay(0.3))?;
    follows("ClippedAdam", &ClippedAdam::new(0.1).clip(0.3))
}

#[test]
fn gradient_descent() -> Result<()> {
    follows("Sgd", &Sgd::new(0.1))?;
    follows("Sgd momentum", &Sgd::new(0.1).momentum(0.9))?;
    follows("Sgd Nesterov", &Sgd::new(0.1).momentum(0.9).nesterov(true))
}

#[test]
fn scaled_gradients() -> Result<()> {
    let rms_prop = RmsProp::new(0.05).decay(0.9);
    follows("RmsProp", &rms_prop)?;
    follows("RmsProp momentum", &rms_prop.clone().momentum(0.5))?;
    follows("RmsProp centred", &rms_prop.clone().centred(true))?;
    follows("RmsProp centred momentum", &rms_prop.centred(true).momentum(0.5))?;
    follows("AdaGrad", &AdaGrad::new(0.5))
}

#[test]
fn rules_without_a_rate() -> Result<()> {
    follows("Cocob", &Cocob::new())?;
    follows("Cocob alpha", &Cocob::new().alpha(5.0))?;
    follows("Dog", &Dog::new().initial(0.01))?;
    follows("L-Dog", &Dog::new().initial(0.01).layerwise(true))?;
    follows("Dowg", &Dowg::new().initial(0.01))?;
    follows("L-Dowg", &Dowg::new().initial(0.01).layerwise(true))
}

#[test]
fn clipped_gradients() -> Result<()> {
    let momentum = Sgd::new(0.1).momentum(0.9);
    follows("by value", &Clipped::by_value(momentum.clone(), 0.5))?;
    follows("by norm", &Clipped::by_norm(momentum, 0.5))?;
    follows("by norm of values", &Clipped::by_value(Clipped::by_norm(AdaGrad::new(0.5), 0.5), 0.4))?;
    follows("value of norm", &Clipped::by_norm(Clipped::by_value(Sgd::new(0.1), 0.3), 2.0))
}
