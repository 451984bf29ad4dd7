//! Rényi's bound.

use super::importance::{check_samples, log_mean};
use super::{Estimate, Objective, Particles};
use crate::error::{Error, Result};

/// `1/(1 − α) ln (1/K Σₖ wₖ^(1 − α))`, `wₖ = p(x, zₖ)/q(zₖ)`: Rényi's α-divergence instead of Kullback's (Li and Turner 2016), with
/// pathwise gradients.
///
/// `α = 0` is the importance-weighted bound, `α → 1` the ELBO; below 0 it is above the log evidence in the limit of many samples.
#[derive(Clone, Copy, Debug)]
pub struct Renyi {
    alpha: f64,
    samples: usize,
}

impl Renyi {
    /// Of order `alpha`, not 1, with `samples` draws for an estimate.
    pub fn new(alpha: f64, samples: usize) -> Self {
        Renyi { alpha, samples }
    }
}

impl Objective for Renyi {
    fn name(&self) -> String {
        format!("Rényi bound of order {}, {} samples", self.alpha, self.samples)
    }

    fn samples(&self) -> usize {
        self.samples
    }

    fn check(&self) -> Result<()> {
        if self.alpha == 1.0 || !self.alpha.is_finite() {
            let problem = format!("{}; a finite order other than 1 is needed, and order 1 is the ELBO, the default objective", self.alpha);
            return Err(Error::Config { setting: "alpha of Renyi".into(), problem });
        }
        check_samples("Renyi", self.samples, 1)
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let power = 1.0 - self.alpha;
        let bound = log_mean(particles.log_weights() * power).mean() * power.recip();
        Estimate { loss: bound.clone().neg(), bound }
    }
}
