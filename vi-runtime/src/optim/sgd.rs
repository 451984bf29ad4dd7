//! Gradient descent.

use burn::tensor::Tensor;
use vi_graph::cpu::{Rule, Update};

use super::{OptimState, Optimizer, Schedule};
use crate::error::Result;
use crate::setters::setters;
use crate::setting::Numbers;

/// Gradient descent with momentum: `b ← μ b + g`, `x ← x − η b`.
#[derive(Clone, Debug)]
pub struct Sgd {
    rate: Schedule,
    momentum: f64,
    nesterov: bool,
}

impl Sgd {
    /// Without momentum.
    pub fn new(rate: impl Into<Schedule>) -> Self {
        Sgd { rate: rate.into(), momentum: 0.0, nesterov: false }
    }

    setters! {
        /// The share of the last movement that is kept.
        momentum: f64;

        /// Whether a step looks ahead: `x ← x − η (g + μ b)` (Nesterov 1983, in the form of Sutskever et al. 2013).
        nesterov: bool;
    }

    fn formula(&self) -> Update {
        Update::Sgd { momentum: self.momentum, nesterov: self.nesterov }
    }
}

impl Optimizer for Sgd {
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        state.updates += 1;
        let mut direction = gradient.clone();
        if self.momentum != 0.0 {
            if let Some(previous) = state.slots.pop() {
                direction = previous.mul_scalar(self.momentum) + direction;
            }
            state.slots.push(direction.clone());
            if self.nesterov {
                direction = gradient + direction.mul_scalar(self.momentum);
            }
        }
        value - direction.mul_scalar(self.rate.at(step))
    }

    fn memory(&self, _: &str) -> &'static str {
        self.formula().memory()
    }

    fn rule(&self, step: u64, _: usize) -> Option<Rule> {
        Some(Rule::new(self.formula(), self.rate.at(step)))
    }

    fn check(&self, _: &[&str]) -> Result<()> {
        self.rate.check("Sgd")?;
        Numbers::Fraction.check("momentum of Sgd", self.momentum)
    }
}
