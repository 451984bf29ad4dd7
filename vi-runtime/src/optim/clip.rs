//! Clipped gradients, for any optimiser.

use burn::tensor::Tensor;
use vi_graph::cpu::{Clip, Rule};

use super::{OptimState, Optimizer, Parameter};
use crate::error::Result;
use crate::setting::Numbers;

/// An optimiser that is given clipped gradients.
///
/// ```
/// use vi_runtime::optim::Clipped;
/// use vi_runtime::prelude::*;
///
/// let optimizer = Clipped::by_norm(Adam::new(0.01), 10.0);
/// ```
#[derive(Clone, Debug)]
pub struct Clipped<O> {
    optimizer: O,
    by: By,
}

#[derive(Clone, Copy, Debug)]
enum By {
    Value(f64),
    Norm(f64),
}

impl<O: Optimizer> Clipped<O> {
    /// Each element of a gradient is clipped to `[-limit, limit]`.
    pub fn by_value(optimizer: O, limit: f64) -> Self {
        Clipped { optimizer, by: By::Value(limit) }
    }

    /// All gradients that the optimiser is given are scaled by one factor, so that the Euclidean norm of all of them together
    /// is at most `limit` (Pascanu, Mikolov and Bengio 2013).
    pub fn by_norm(optimizer: O, limit: f64) -> Self {
        Clipped { optimizer, by: By::Norm(limit) }
    }
}

impl<O: Optimizer> Optimizer for Clipped<O> {
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        let gradient = match self.by {
            By::Value(limit) => gradient.clamp(-limit, limit),
            By::Norm(limit) => {
                let factor = factor(limit, std::iter::once(&gradient));
                gradient * factor
            }
        };
        self.optimizer.update(step, value, gradient, state)
    }

    fn update_all(&self, step: u64, mut parameters: Vec<Parameter<'_>>) -> Vec<Tensor<1>> {
        let norm = match self.by {
            By::Norm(limit) if !parameters.is_empty() => Some(factor(limit, parameters.iter().map(|parameter| &parameter.gradient))),
            _ => None,
        };
        for parameter in &mut parameters {
            let gradient = parameter.gradient.clone();
            parameter.gradient = match (self.by, &norm) {
                (By::Value(limit), _) => gradient.clamp(-limit, limit),
                (By::Norm(_), Some(factor)) => gradient * factor.clone(),
                (By::Norm(_), None) => gradient,
            };
        }
        self.optimizer.update_all(step, parameters)
    }

    fn memory(&self, parameter: &str) -> &'static str {
        self.optimizer.memory(parameter)
    }

    fn groups(&self) -> usize {
        self.optimizer.groups()
    }

    fn group(&self, parameter: &str) -> usize {
        self.optimizer.group(parameter)
    }

    fn rule(&self, step: u64, group: usize) -> Option<Rule> {
        let clip = match self.by {
            By::Value(limit) => Clip::Value(limit),
            By::Norm(limit) => Clip::Norm { limit, groups: 0..self.groups() },
        };
        self.optimizer.rule(step, group)?.clipped(clip)
    }

    fn check(&self, parameters: &[&str]) -> Result<()> {
        match self.by {
            By::Value(limit) => Numbers::Limit.check("limit of Clipped::by_value", limit)?,
            By::Norm(limit) => Numbers::Limit.check("limit of Clipped::by_norm", limit)?,
        }
        self.optimizer.check(parameters)
    }
}

/// What gradients are multiplied with, so that their norm is at most `limit`.
fn factor<'a>(limit: f64, gradients: impl Iterator<Item = &'a Tensor<1>>) -> Tensor<1> {
    let squares = Tensor::cat(gradients.map(|gradient| gradient.clone().square().sum()).collect(), 0);
    squares.sum().sqrt().recip().mul_scalar(limit).clamp_max(1.0)
}
