//! Optimisers: how a gradient of the loss moves a parameter in unconstrained space.

use std::fmt;

use burn::tensor::Tensor;
pub use vi_graph::cpu::Update;

/// A learning rate that depends on the step (counted from 0).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the formula of each variant says what its fields are")]
pub enum Schedule {
    /// Always the same.
    Constant(f64),
    /// `initial · decay^step`.
    Exponential { initial: f64, decay: f64 },
    /// From `initial` to `last` along half a cosine over `steps`, then `last` (Loshchilov and Hutter 2017).
    Cosine { initial: f64, last: f64, steps: u64 },
    /// Linearly from 0 to `peak` over `warmup` steps, then as [`Schedule::Cosine`] down to `last` at `steps`.
    WarmupCosine { peak: f64, last: f64, warmup: u64, steps: u64 },
    /// `initial`, multiplied by `factor` after every `every` steps.
    Step { initial: f64, factor: f64, every: u64 },
}

impl Schedule {
    /// The learning rate of `step`.
    pub fn at(&self, step: u64) -> f64 {
        match *self {
            Schedule::Constant(rate) => rate,
            Schedule::Exponential { initial, decay } => initial * decay.powf(step as f64),
            Schedule::Cosine { initial, last, steps } => cosine(initial, last, step, steps),
            Schedule::WarmupCosine { peak, warmup, .. } if step < warmup => peak * (step + 1) as f64 / warmup as f64,
            Schedule::WarmupCosine { peak, last, warmup, steps } => cosine(peak, last, step - warmup, steps.saturating_sub(warmup)),
            Schedule::Step { initial, factor, every } => initial * factor.powf((step / every.max(1)) as f64),
        }
    }
}

fn cosine(initial: f64, last: f64, step: u64, steps: u64) -> f64 {
    if step >= steps {
        return last;
    }
    let turned = std::f64::consts::PI * step as f64 / steps as f64;
    last + (initial - last) * 0.5 * (1.0 + turned.cos())
}

impl From<f64> for Schedule {
    fn from(rate: f64) -> Self {
        Schedule::Constant(rate)
    }
}

/// What an optimiser remembers of one parameter.
#[derive(Clone, Debug, Default)]
pub struct OptimState {
    /// How many updates the parameter has had.
    pub updates: u64,
    /// Moments or momenta, each of the parameter's size.
    pub slots: Vec<Tensor<1>>,
}

/// One rule of descent, applied to each parameter as a flat vector.
pub trait Optimizer: fmt::Debug {
    /// The new value of a parameter after the gradient of the loss; `step` counts the steps of the whole fit from 0.
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1>;

    /// What `step` does, where it is a rule that a compiled step knows: the parameters then never leave it.
    fn rule(&self, _step: u64) -> Option<Rule> {
        None
    }
}

/// The update of one step in plain numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The formula.
    pub update: Update,
    /// The learning rate.
    pub rate: f64,
}

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

    /// What is added to `√v̂`.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    fn formula(&self, clip: Option<f64>) -> Update {
        Update::Adam { beta1: self.beta1, beta2: self.beta2, epsilon: self.epsilon, clip }
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

    fn rule(&self, step: u64) -> Option<Rule> {
        Some(Rule { update: self.formula(None), rate: self.rate.at(step) })
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

    /// The largest absolute value of an element of the gradient.
    #[must_use]
    pub fn clip(mut self, clip: f64) -> Self {
        self.clip = clip;
        self
    }

    /// What the learning rate is multiplied with every step.
    #[must_use]
    pub fn decay(mut self, decay: f64) -> Self {
        self.decay = decay;
        self
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

    fn rule(&self, step: u64) -> Option<Rule> {
        Some(Rule { update: self.adam.formula(Some(self.clip)), rate: self.rate(step) })
    }
}

/// Gradient descent with momentum: `b ← μ b + g`, `x ← x − η b`.
#[derive(Clone, Debug)]
pub struct Sgd {
    rate: Schedule,
    momentum: f64,
}

impl Sgd {
    /// Without momentum.
    pub fn new(rate: impl Into<Schedule>) -> Self {
        Sgd { rate: rate.into(), momentum: 0.0 }
    }

    /// The share of the last movement that is kept.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }
}

impl Optimizer for Sgd {
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        state.updates += 1;
        let direction = match (self.momentum, state.slots.pop()) {
            (0.0, _) => gradient,
            (momentum, Some(previous)) => previous.mul_scalar(momentum) + gradient,
            (_, None) => gradient,
        };
        if self.momentum != 0.0 {
            state.slots.push(direction.clone());
        }
        value - direction.mul_scalar(self.rate.at(step))
    }

    fn rule(&self, step: u64) -> Option<Rule> {
        Some(Rule { update: Update::Sgd { momentum: self.momentum }, rate: self.rate.at(step) })
    }
}
