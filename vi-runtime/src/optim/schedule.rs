//! Learning rates that change from step to step.

use crate::error::Result;
use crate::setting::Numbers;

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

impl Schedule {
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for a rate of `optimizer` that is negative or not finite.
    pub(crate) fn check(&self, optimizer: &str) -> Result<()> {
        let numbers = match *self {
            Schedule::Constant(rate) => [("rate", rate), ("rate", rate)],
            Schedule::Exponential { initial, decay } => [("initial rate", initial), ("decay of the rate", decay)],
            Schedule::Cosine { initial, last, .. } => [("initial rate", initial), ("last rate", last)],
            Schedule::WarmupCosine { peak, last, .. } => [("peak of the rate", peak), ("last rate", last)],
            Schedule::Step { initial, factor, .. } => [("initial rate", initial), ("factor of the rate", factor)],
        };
        numbers.iter().try_for_each(|(name, value)| Numbers::NotNegative.check(format_args!("{name} of {optimizer}"), *value))
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
