//! Reweighted wake-sleep.

use super::importance::{check_samples, log_mean, normalised};
use super::{Estimate, Needs, Objective, Particles};
use crate::error::Result;

/// Reweighted wake-sleep with the wake-phase update of the guide (Bornschein and Bengio 2015): the model climbs
/// `Σₖ w̃ₖ log p(x, zₖ)`, the guide `Σₖ w̃ₖ log q(zₖ)`, and nothing is differentiated through the draws, so that discrete sites are
/// as good as others.
///
/// The guide's gradient is that of `−KL(p(z | x) ‖ q)`, biased by the weights' normalisation at order `1/K`.
#[derive(Clone, Copy, Debug)]
pub struct WakeSleep {
    samples: usize,
}

impl WakeSleep {
    /// With `samples` draws for an estimate.
    pub fn new(samples: usize) -> Self {
        WakeSleep { samples }
    }
}

impl Objective for WakeSleep {
    fn name(&self) -> String {
        format!("reweighted wake-sleep of {} samples", self.samples)
    }

    fn samples(&self) -> usize {
        self.samples
    }

    fn needs(&self) -> Needs {
        Needs { detached: true, ..Needs::default() }
    }

    fn check(&self) -> Result<()> {
        check_samples("WakeSleep", self.samples, 2)
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let (joint, guide) = (particles.log_joint(), particles.log_guide());
        let log_weights = joint.clone() - guide.clone();
        let weights = normalised(log_weights.clone());
        Estimate { bound: log_mean(log_weights).mean(), loss: (weights * (joint + guide)).sum_dim(1).mean().neg() }
    }
}
