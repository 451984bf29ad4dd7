//! Adam and its relatives.

use burn::tensor::Tensor;
use vi_graph::cpu::{Clip, Rule, Update};

use super::{OptimState, Optimizer, Schedule};
use crate::error::Result;
use crate::setters::setters;
use crate::setting::Numbers;

/// Adam (Kingma and Ba 2015).
///
/// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `x ← x − η m̂ / (√v̂ + ε)` with bias-corrected `m̂`, `v̂`.
#[derive(Clone, Debug)]
pub struct Adam {
    rate: Schedule,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

impl Adam {
    /// With `β = (0.9, 0.999)` and `ε = 1e-8`.
    pub fn new(rate: impl Into<Schedule>) -> Self {
        Adam { rate: rate.into(), beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }

    /// The decay of the two moments.
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        (self.beta1, self.beta2) = (beta1, beta2);
        self
    }

    setters! {
        /// What is added to `√v̂`.
        epsilon: f64;
    }

    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for a number that `optimizer`, which is this one or made of it, cannot use.
    fn check_as(&self, optimizer: &str) -> Result<()> {
        self.rate.check(optimizer)?;
        Numbers::Fraction.check(format_args!("beta1 of {optimizer}"), self.beta1)?;
        Numbers::Fraction.check(format_args!("beta2 of {optimizer}"), self.beta2)?;
        Numbers::NotNegative.check(format_args!("epsilon of {optimizer}"), self.epsilon)
    }

    fn formula(&self, decay: f64) -> Update {
        Update::Adam { beta1: self.beta1, beta2: self.beta2, epsilon: self.epsilon, decay }
    }

    fn step(&self, rate: f64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        let previous = (state.slots.pop(), state.slots.pop());
        let square = gradient.clone().square().mul_scalar(1.0 - self.beta2);
        let gradient = gradient.mul_scalar(1.0 - self.beta1);
        let (m, v) = match previous {
            (Some(v), Some(m)) => (m.mul_scalar(self.beta1) + gradient, v.mul_scalar(self.beta2) + square),
            _ => (gradient, square),
        };
        state.updates += 1;
        let updates = state.updates as f64;
        let unbias1 = 1.0 - self.beta1.powf(updates);
        let unbias2 = 1.0 - self.beta2.powf(updates);
        let denominator = v.clone().sqrt().mul_scalar(unbias2.sqrt().recip()).add_scalar(self.epsilon);
        let moved = (m.clone() / denominator).mul_scalar(rate / unbias1);
        state.slots = vec![m, v];
        value - moved
    }
}

impl Optimizer for Adam {
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        self.step(self.rate.at(step), value, gradient, state)
    }

    fn memory(&self, _: &str) -> &'static str {
        self.formula(0.0).memory()
    }

    fn rule(&self, step: u64, _: usize) -> Option<Rule> {
        Some(Rule::new(self.formula(0.0), self.rate.at(step)))
    }

    fn check(&self, _: &[&str]) -> Result<()> {
        self.check_as("Adam")
    }
}

/// Adam with a decay of the parameters apart from the gradient (Loshchilov and Hutter 2019): `x ← (1 − η λ) x` before Adam's
/// movement.
///
/// The decay draws a parameter to 0 in unconstrained space: it is meant for the weights of networks.
#[derive(Clone, Debug)]
pub struct AdamW {
    adam: Adam,
    weight_decay: f64,
}

impl AdamW {
    /// With `λ = 0.01`.
    pub fn new(rate: impl Into<Schedule>) -> Self {
        AdamW { adam: Adam::new(rate), weight_decay: 0.01 }
    }

    setters! {
        /// `λ`
        weight_decay: f64;
    }

    setters! {
        in adam;
        /// What is added to `√v̂`.
        epsilon: f64;
    }

    /// The decay of the two moments.
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.adam = self.adam.betas(beta1, beta2);
        self
    }
}

impl Optimizer for AdamW {
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        let rate = self.adam.rate.at(step);
        self.adam.step(rate, value.mul_scalar(1.0 - rate * self.weight_decay), gradient, state)
    }

    fn memory(&self, parameter: &str) -> &'static str {
        self.adam.memory(parameter)
    }

    fn rule(&self, step: u64, _: usize) -> Option<Rule> {
        Some(Rule::new(self.adam.formula(self.weight_decay), self.adam.rate.at(step)))
    }

    fn check(&self, _: &[&str]) -> Result<()> {
        self.adam.check_as("AdamW")?;
        Numbers::NotNegative.check("weight_decay of AdamW", self.weight_decay)
    }
}

/// Adam on gradients whose elements are clipped to `[-clip, clip]`, with a learning rate that decays every step.
#[derive(Clone, Debug)]
pub struct ClippedAdam {
    adam: Adam,
    clip: f64,
    decay: f64,
}

impl ClippedAdam {
    /// With a clip of 10 and no decay.
    pub fn new(rate: impl Into<Schedule>) -> Self {
        ClippedAdam { adam: Adam::new(rate), clip: 10.0, decay: 1.0 }
    }

    setters! {
        /// The largest absolute value of an element of the gradient.
        clip: f64;

        /// What the learning rate is multiplied with every step.
        decay: f64;
    }

    /// The decay of the two moments.
    #[must_use]
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.adam = self.adam.betas(beta1, beta2);
        self
    }
}

impl ClippedAdam {
    fn rate(&self, step: u64) -> f64 {
        self.adam.rate.at(step) * self.decay.powf(step as f64)
    }
}

impl Optimizer for ClippedAdam {
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        self.adam.step(self.rate(step), value, gradient.clamp(-self.clip, self.clip), state)
    }

    fn memory(&self, parameter: &str) -> &'static str {
        self.adam.memory(parameter)
    }

    fn rule(&self, step: u64, _: usize) -> Option<Rule> {
        Rule::new(self.adam.formula(0.0), self.rate(step)).clipped(Clip::Value(self.clip))
    }

    fn check(&self, _: &[&str]) -> Result<()> {
        self.adam.check_as("ClippedAdam")?;
        Numbers::Limit.check("clip of ClippedAdam", self.clip)?;
        Numbers::NotNegative.check("decay of ClippedAdam", self.decay)
    }
}
