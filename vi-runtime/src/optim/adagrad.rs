//! AdaGrad.

use burn::tensor::Tensor;
use vi_graph::cpu::{Rule, Update};

use super::{OptimState, Optimizer, Schedule};
use crate::error::Result;
use crate::setters::setters;
use crate::setting::Numbers;

/// AdaGrad (Duchi, Hazan and Singer 2011): `s ← s + g²`, `x ← x − η g / (√s + ε)`.
#[derive(Clone, Debug)]
pub struct AdaGrad {
    rate: Schedule,
    epsilon: f64,
}

impl AdaGrad {
    /// With `ε = 1e-10`.
    pub fn new(rate: impl Into<Schedule>) -> Self {
        AdaGrad { rate: rate.into(), epsilon: 1e-10 }
    }

    setters! {
        /// What is added to `√s`.
        epsilon: f64;
    }

    fn formula(&self) -> Update {
        Update::AdaGrad { epsilon: self.epsilon }
    }
}

impl Optimizer for AdaGrad {
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        let square = gradient.clone().square();
        let sum = match state.slots.pop() {
            Some(sum) => sum + square,
            None => square,
        };
        state.updates += 1;
        state.slots.push(sum.clone());
        value - (gradient / sum.sqrt().add_scalar(self.epsilon)).mul_scalar(self.rate.at(step))
    }

    fn memory(&self, _: &str) -> &'static str {
        self.formula().memory()
    }

    fn rule(&self, step: u64, _: usize) -> Option<Rule> {
        Some(Rule::new(self.formula(), self.rate.at(step)))
    }

    fn check(&self, _: &[&str]) -> Result<()> {
        self.rate.check("AdaGrad")?;
        Numbers::NotNegative.check("epsilon of AdaGrad", self.epsilon)
    }
}
