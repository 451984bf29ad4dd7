//! RMSProp.

use burn::tensor::Tensor;
use vi_graph::cpu::{Rule, Update};

use super::{OptimState, Optimizer, Schedule};
use crate::error::Result;
use crate::setters::setters;
use crate::setting::Numbers;

/// RMSProp (Tieleman and Hinton 2012): `v ← α v + (1 − α) g²`, `b ← μ b + g / (√v + ε)`, `x ← x − η b`.
///
/// [`centred`](Self::centred) divides by the standard deviation of the gradient (Graves 2013): with `m ← α m + (1 − α) g`,
/// `v − m²` takes the place of `v`.
#[derive(Clone, Debug)]
pub struct RmsProp {
    rate: Schedule,
    decay: f64,
    epsilon: f64,
    momentum: f64,
    centred: bool,
}

impl RmsProp {
    /// With `α = 0.99`, `ε = 1e-8` and no momentum.
    pub fn new(rate: impl Into<Schedule>) -> Self {
        RmsProp { rate: rate.into(), decay: 0.99, epsilon: 1e-8, momentum: 0.0, centred: false }
    }

    setters! {
        /// `α`
        decay: f64;

        /// `ε`
        epsilon: f64;

        /// `μ`
        momentum: f64;

        /// Whether the square of the mean gradient is taken off `v`.
        centred: bool;
    }

    fn formula(&self) -> Update {
        Update::RmsProp { decay: self.decay, epsilon: self.epsilon, momentum: self.momentum, centred: self.centred }
    }
}

impl Optimizer for RmsProp {
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        let mut slots = std::mem::take(&mut state.slots).into_iter();
        let mut running = |sample: Tensor<1>| {
            let sample = sample.mul_scalar(1.0 - self.decay);
            let mean = match slots.next() {
                Some(mean) => mean.mul_scalar(self.decay) + sample,
                None => sample,
            };
            state.slots.push(mean.clone());
            mean
        };
        let mut variance = running(gradient.clone().square());
        if self.centred {
            // Rounding may leave less than nothing of the variance of equal gradients.
            variance = (variance - running(gradient.clone()).square()).clamp_min(0.0);
        }
        let mut direction = gradient / variance.sqrt().add_scalar(self.epsilon);
        if self.momentum != 0.0 {
            if let Some(previous) = slots.next() {
                direction = previous.mul_scalar(self.momentum) + direction;
            }
            state.slots.push(direction.clone());
        }
        state.updates += 1;
        value - direction.mul_scalar(self.rate.at(step))
    }

    fn memory(&self, _: &str) -> &'static str {
        self.formula().memory()
    }

    fn rule(&self, step: u64, _: usize) -> Option<Rule> {
        Some(Rule::new(self.formula(), self.rate.at(step)))
    }

    fn check(&self, _: &[&str]) -> Result<()> {
        self.rate.check("RmsProp")?;
        Numbers::Fraction.check("decay of RmsProp", self.decay)?;
        Numbers::NotNegative.check("epsilon of RmsProp", self.epsilon)?;
        Numbers::Fraction.check("momentum of RmsProp", self.momentum)
    }
}
