//! One step of gradient descent: the estimate of the ELBO and the gradient of each parameter.

use std::collections::BTreeMap;

use tests::{has_f64, numbers};
use vi_runtime::prelude::*;
use vi_runtime::{Execution, Guide};

const RATE: f64 = 1e-3;

/// The precisions of the device, with what rounding allows relative to a number of size 1.
pub fn precisions() -> Vec<(FloatDType, f64)> {
    let mut all = vec![(FloatDType::F32, 2e-5)];
    if has_f64() {
        all.push((FloatDType::F64, 1e-10));
    }
    all
}

/// The ELBO of the first step and its slope in each parameter, which is unconstrained.
pub fn first_step<M: Program + Clone, G: Guide<M>>(
    model: &M,
    guide: &G,
    dtype: FloatDType,
    execution: Execution,
) -> Result<(f64, BTreeMap<String, Vec<f64>>)> {
    let svi = Svi::new(model, guide.clone()).optimizer(Sgd::new(RATE)).dtype(dtype).execution(execution).seed(3);
    let start = Svi::new(model, guide.clone()).dtype(dtype).execution(execution).seed(3).steps(0).run()?;
    let mut state = svi.init()?;
    let elbo = svi.step(&mut state)?;
    let mut slopes = BTreeMap::new();
    for name in state.param_names() {
        let (before, after) = (numbers(start.param(&name)?)?, numbers(state.param(&name)?)?);
        slopes.insert(name, before.iter().zip(after).map(|(before, after)| (after - before) / RATE).collect());
    }
    Ok((elbo, slopes))
}

/// `|found − expected| <= allowed · max(1, |expected|)`, element by element.
pub fn assert_near(found: &[f64], expected: &[f64], allowed: f64, context: &str) {
    assert_eq!(found.len(), expected.len(), "{context}");
    for (x, y) in found.iter().zip(expected) {
        assert!((x - y).abs() <= allowed * y.abs().max(1.0), "{context}: {x}, expected {y}");
    }
}

/// A slope is a difference of two rounded parameters over the rate.
pub fn slope_tolerance(dtype: FloatDType, allowed: f64) -> f64 {
    match dtype {
        FloatDType::F64 => 100.0 * allowed,
        _ => allowed.max(4e-3),
    }
}
