//! The comparison: three steps at rate 1e-3 under each execution, in each precision, with one and with seven particles.

use std::collections::BTreeMap;

use tests::{executions, has_f64, numbers, tolerance};
use vi_runtime::prelude::*;
use vi_runtime::{Executed, Execution, Guide};

/// Plain gradient descent: a parameter moves by the rate times its gradient.
const RATE: f64 = 1e-3;

/// All parameters by name.
pub type Values = BTreeMap<String, Vec<f64>>;

pub fn values(state: &SviState) -> Result<Values> {
    state.param_names().into_iter().map(|name| Ok((name.clone(), numbers(state.param(&name)?)?))).collect()
}

pub fn values_of_fit<M: Program, P: Program>(fit: &Fit<M, P>) -> Result<Values> {
    fit.param_names().into_iter().map(|name| Ok((name.clone(), numbers(fit.param(&name)?)?))).collect()
}

/// What the steps of a fit show.
pub struct Steps {
    pub elbos: Vec<f64>,
    /// The parameters after each step.
    pub after: Vec<Values>,
}

pub fn steps<M: Program + Clone, G: Guide<M>>(svi: &Svi<M, G>, count: usize) -> Result<Steps> {
    let mut state = svi.init()?;
    let mut found = Steps { elbos: Vec::new(), after: Vec::new() };
    for _ in 0..count {
        found.elbos.push(svi.step(&mut state)?);
        found.after.push(values(&state)?);
    }
    Ok(found)
}

/// What rounding allows in one precision.
#[derive(Clone, Copy)]
struct Precision {
    dtype: FloatDType,
    /// Of a sum of terms, and of a gradient.
    relative: f64,
    epsilon: f64,
}

fn precisions() -> Vec<Precision> {
    let mut all = vec![Precision { dtype: FloatDType::F32, relative: tolerance(1e-4), epsilon: f64::from(f32::EPSILON) }];
    if has_f64() {
        all.push(Precision { dtype: FloatDType::F64, relative: 1e-10, epsilon: f64::EPSILON });
    }
    all
}

/// Asserts that both executions make the same steps.
pub fn agree<M: Program + Clone, G: Guide<M>>(model: &M, guide: &G) -> Result<()> {
    for precision in precisions() {
        for particles in [1, 7] {
            let svi = |execution: Execution| {
                let svi = Svi::new(model, guide.clone()).optimizer(Sgd::new(RATE)).particles(particles).seed(11);
                svi.dtype(precision.dtype).execution(execution)
            };
            let [eager, compiled] = executions();
            let start = values_of_fit(&svi(eager).steps(0).run()?)?;
            let (expected, found) = (steps(&svi(eager), 3)?, steps(&svi(compiled), 3)?);
            let context = format!("{:?}, {particles} particles", precision.dtype);
            same_elbos(&found.elbos, &expected.elbos, precision.relative, &context);
            for (step, (found, expected)) in found.after.iter().zip(&expected.after).enumerate() {
                let context = format!("{context}, step {step}");
                assert_eq!(names(found), names(expected), "{context}");
                for (name, expected) in expected {
                    same_movement(&found[name], expected, &start[name], precision, &format!("{context}, {name}"));
                }
            }
        }
    }
    Ok(())
}

fn names(values: &Values) -> Vec<&String> {
    values.keys().collect()
}

pub fn same_elbos(found: &[f64], expected: &[f64], relative: f64, context: &str) {
    assert_eq!(found.len(), expected.len(), "{context}");
    for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
        let allowed = relative * expected.abs().max(1.0);
        assert!((found - expected).abs() <= allowed, "{context}, step {step}: ELBO {found}, eagerly {expected}");
    }
}

/// The movement since the start is the sum of the gradients times the rate. Each side rounds the value once a step and once
/// more where it is constrained.
fn same_movement(found: &[f64], expected: &[f64], start: &[f64], precision: Precision, context: &str) {
    assert_eq!(found.len(), expected.len(), "{context}");
    let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, |a: f64, b| a.max(b.abs()));
    let moved = largest(&mut expected.iter().zip(start).map(|(a, b)| a - b));
    let size = largest(&mut expected.iter().copied());
    let allowed = precision.relative * moved + 8.0 * precision.epsilon * size;
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found - expected).abs();
        assert!(difference <= allowed, "{context}[{i}]: {found}, eagerly {expected} (off by {difference:e} of a movement of {moved:e})");
    }
}

/// Asserts that the same numbers come out bit by bit.
pub fn same_bits(found: &Values, expected: &Values) {
    let bits = |values: &Values| -> Vec<(String, Vec<u64>)> {
        values.iter().map(|(name, values)| (name.clone(), values.iter().map(|x| x.to_bits()).collect())).collect()
    };
    assert_eq!(bits(found), bits(expected));
}

pub fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

/// The reason for which a fit was made eagerly.
pub fn fell_back(executed: &Executed) -> String {
    match executed {
        Executed::FellBack(refusal) => refusal.to_string(),
        other => format!("did not fall back: {other}"),
    }
}
