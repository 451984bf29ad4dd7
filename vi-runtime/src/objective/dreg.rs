//! The importance-weighted bound with doubly reparameterised gradients.

use super::importance::{check_samples, log_mean, normalised};
use super::{Estimate, Needs, Objective, Particles};
use crate::error::Result;

/// The bound of [`Iwae`](super::Iwae) with the gradient `Σₖ w̃ₖ² ∂zₖ/∂φ ∂ ln wₖ/∂zₖ` for the guide (Tucker et al. 2019) and
/// `Σₖ w̃ₖ ∇_θ log p(x, zₖ)` for the model.
///
/// Parameters that model and guide share get the sum of both. Every latent site of the guide must be reparameterised, with a score
/// of mean 0 ([`Distribution::score_vanishes`](crate::dist::Distribution::score_vanishes)) or none
/// ([`Distribution::follows_draws`](crate::dist::Distribution::follows_draws), as the sites of a joint automatic guide).
#[derive(Clone, Copy, Debug)]
pub struct Dreg {
    samples: usize,
}

impl Dreg {
    /// With `samples` draws for an estimate.
    pub fn new(samples: usize) -> Self {
        Dreg { samples }
    }
}

impl Objective for Dreg {
    fn name(&self) -> String {
        format!("importance-weighted bound of {} samples, doubly reparameterised", self.samples)
    }

    fn samples(&self) -> usize {
        self.samples
    }

    fn needs(&self) -> Needs {
        Needs { held: true, split: true, vanishing: true, ..Needs::default() }
    }

    fn check(&self) -> Result<()> {
        check_samples("Dreg", self.samples, 1)
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let log_weights = particles.log_weights();
        let weights = normalised(log_weights.clone());
        let (of_draws, of_parameters) =
            particles.split.clone().unwrap_or_else(|| (particles.log_joint(), particles.log_joint().zeros_like()));
        let guide = (weights.clone().square() * (of_draws - particles.log_guide_held())).sum_dim(1);
        let model = (weights * of_parameters).sum_dim(1);
        Estimate { bound: log_mean(log_weights).mean(), loss: (guide + model).mean().neg() }
    }
}
