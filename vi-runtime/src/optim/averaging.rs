//! Means of the iterates.

use burn::tensor::Tensor;
use vi_graph::cpu::Averaging as Weights;

use super::OptimState;
use crate::error::{Error, Result};

/// Which mean of the iterates, in unconstrained space, a fit uses in the place of the last one.
///
/// The steps go on from the last iterate; the mean only follows them. While a rate stays the same, iterates wander around
/// the optimum, and their mean is closer to it (Polyak and Juditsky 1992).
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Averaging {
    /// Weights that fall by `decay` with each newer iterate, and sum to 1: about the last `1/(1 − decay)` iterates.
    Exponential {
        /// Between 0 and 1, such as 0.999.
        decay: f64,
    },
    /// The mean of all iterates after step `from`, counted from 0.
    Tail {
        /// The first step whose result counts.
        from: u64,
    },
    /// The weight of iterate `t` is in proportion to `t^power` for large `t` (Shamir and Zhang 2013); 8 is what the authors of
    /// [`Dog`](super::Dog) use.
    Polynomial {
        /// 0 weights all iterates alike.
        power: f64,
    },
}

impl Averaging {
    /// # Errors
    /// [`Error::Config`] for a decay that is not between 0 and 1, or a negative power.
    pub(crate) fn check(self) -> Result<()> {
        let problem = match self {
            Averaging::Exponential { decay } if !(0.0..1.0).contains(&decay) => format!("decay {decay}; it must be in [0, 1)"),
            Averaging::Polynomial { power } if !(power >= 0.0 && power.is_finite()) => format!("power {power}; it must not be negative"),
            _ => return Ok(()),
        };
        Err(Error::Config { setting: "averaging".into(), problem })
    }

    /// How the result of `step` counts, where it does.
    pub(crate) fn at(self, step: u64) -> Option<Weights> {
        match self {
            Averaging::Exponential { decay } => Some(Weights::Exponential { decay }),
            Averaging::Tail { from } => (step >= from).then_some(Weights::Uniform),
            Averaging::Polynomial { power } => Some(Weights::Polynomial { power }),
        }
    }
}

/// The mean of the iterates of one parameter.
#[derive(Clone, Debug)]
pub(crate) struct Mean {
    /// Of how many.
    pub(crate) count: u64,
    pub(crate) value: Tensor<1>,
}

impl OptimState {
    /// Counts an iterate for the mean.
    pub(crate) fn count(&mut self, value: &Tensor<1>, weights: Weights) {
        let (count, mean) = match self.mean.take() {
            Some(Mean { count, value: mean }) => (count + 1, mean),
            None => (1, value.zeros_like()),
        };
        let distance = (value.clone() - mean.clone()).mul_scalar(weights.weight(count));
        self.mean = Some(Mean { count, value: mean + distance });
    }
}
