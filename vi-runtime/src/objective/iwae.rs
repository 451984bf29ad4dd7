//! The importance-weighted bound.

use super::importance::{check_samples, log_mean};
use super::{Estimate, Objective, Particles};
use crate::error::Result;

/// `E ln (1/K Σₖ p(x, zₖ)/q(zₖ))`, a bound that rises with `K` to the log evidence (Burda, Grosse and Salakhutdinov 2016), with
/// pathwise gradients.
///
/// The signal in the guide's gradient falls against its noise as `K` rises (Rainforth et al. 2018): [`Dreg`](super::Dreg) has the
/// same bound without that.
#[derive(Clone, Copy, Debug)]
pub struct Iwae {
    samples: usize,
}

impl Iwae {
    /// With `samples` draws for an estimate.
    pub fn new(samples: usize) -> Self {
        Iwae { samples }
    }
}

impl Objective for Iwae {
    fn name(&self) -> String {
        format!("importance-weighted bound of {} samples", self.samples)
    }

    fn samples(&self) -> usize {
        self.samples
    }

    fn check(&self) -> Result<()> {
        check_samples("Iwae", self.samples, 1)
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let bound = log_mean(particles.log_weights()).mean();
        Estimate { loss: bound.clone().neg(), bound }
    }
}
