//! The evidence lower bound with a divergence that counts less at first.

use std::f64::consts::PI;

use burn::tensor::Tensor;

use super::{Estimate, LatentTerms, Needs, Objective, Particles};
use crate::error::{Error, Result};
use crate::setters::setters;

/// What the divergence counts, by step; every schedule ends at 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the formula of each variant says what its fields are")]
pub enum KlSchedule {
    /// Always 1.
    Constant,
    /// From `initial` to 1 in a straight line over `steps` (Bowman et al. 2016).
    Linear { initial: f64, steps: u64 },
    /// From `initial` to 1 along half a cosine over `steps`.
    Cosine { initial: f64, steps: u64 },
    /// `cycles` times over `steps`: from `initial` to 1 in a straight line over the share `rise` of a cycle, then 1 (Fu et al. 2019).
    Cyclical { initial: f64, steps: u64, cycles: u64, rise: f64 },
}

impl KlSchedule {
    /// The weight of `step`, counted from 0; 1 from the end of the schedule on.
    pub fn at(&self, step: u64) -> f64 {
        let line = |initial: f64, share: f64| initial + (1.0 - initial) * share.min(1.0);
        match *self {
            KlSchedule::Constant => 1.0,
            KlSchedule::Linear { initial, steps } => line(initial, step as f64 / steps as f64),
            KlSchedule::Cosine { initial, steps } => line(initial, 0.5 - 0.5 * (PI * (step as f64 / steps as f64).min(1.0)).cos()),
            KlSchedule::Cyclical { steps, .. } if step >= steps => 1.0,
            KlSchedule::Cyclical { initial, steps, cycles, rise } => {
                let cycle = steps as f64 / cycles as f64;
                line(initial, (step as f64 % cycle) / (cycle * rise))
            }
        }
    }

    /// The step from which on the weight is 1.
    fn end(&self) -> u64 {
        match *self {
            KlSchedule::Constant => 0,
            KlSchedule::Linear { steps, .. } | KlSchedule::Cosine { steps, .. } | KlSchedule::Cyclical { steps, .. } => steps,
        }
    }

    fn check(&self) -> Result<()> {
        let wrong = |problem: String| Err(Error::Config { setting: "KL schedule".into(), problem });
        let steps = self.end();
        let initial = match *self {
            KlSchedule::Constant => return Ok(()),
            KlSchedule::Linear { initial, .. } | KlSchedule::Cosine { initial, .. } | KlSchedule::Cyclical { initial, .. } => initial,
        };
        if !(0.0..=1.0).contains(&initial) {
            return wrong(format!("it begins at {initial}, which is not between 0 and 1"));
        }
        if steps == 0 {
            return wrong("it has 0 steps; leave it out, or give it some".into());
        }
        if let KlSchedule::Cyclical { cycles, rise, .. } = *self
            && (cycles == 0 || cycles > steps || !(rise > 0.0 && rise <= 1.0))
        {
            return wrong(format!(
                "{cycles} cycles in {steps} steps with a rise of {rise}; at least 1 cycle and a rise in (0, 1] are needed"
            ));
        }
        Ok(())
    }
}

/// A loss whose divergence counts less in the first steps, or is not reduced below some nats a site; the bound that is reported is
/// the ELBO all the same.
///
/// `−E log p(x | z) + β Σᵢ max(λ, KLᵢ)`, the divergence of each site estimated from the step's draws, with gradients that stick the
/// landing. Free bits `λ` (Kingma et al. 2016) keep a site from being ignored; where they bind at the end, the loss is not the ELBO,
/// and the optimum is another one.
#[derive(Clone, Copy, Debug)]
pub struct Annealed {
    schedule: KlSchedule,
    free_bits: f64,
}

impl Annealed {
    /// With a schedule, and no free bits.
    pub fn new(schedule: KlSchedule) -> Self {
        Annealed { schedule, free_bits: 0.0 }
    }

    setters! {
        /// The nats of divergence that each latent site has for free.
        free_bits: f64;
    }

    fn divergence(&self, latent: &LatentTerms) -> Option<Tensor<1>> {
        let guide = latent.held.clone().or_else(|| latent.guide.clone());
        let divergence = match (guide, latent.prior.clone()) {
            (Some(guide), Some(prior)) => guide - prior,
            (Some(guide), None) => guide,
            (None, prior) => prior?.neg(),
        };
        let divergence = divergence.mean();
        Some(if self.free_bits > 0.0 { divergence.clamp_min(self.free_bits) } else { divergence })
    }
}

impl Objective for Annealed {
    fn name(&self) -> String {
        "ELBO, annealed".into()
    }

    fn needs(&self) -> Needs {
        Needs { held: true, ..Needs::default() }
    }

    fn kl_weight(&self, step: u64) -> Option<f64> {
        Some(self.schedule.at(step))
    }

    fn annealing_steps(&self) -> u64 {
        self.schedule.end()
    }

    fn check(&self) -> Result<()> {
        if !(self.free_bits >= 0.0 && self.free_bits.is_finite()) {
            let problem = format!("{}; nats that are not negative are needed", self.free_bits);
            return Err(Error::Config { setting: "free bits".into(), problem });
        }
        self.schedule.check()
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let bound = particles.log_weights().mean();
        let reconstruction = (particles.reconstruction.clone() - particles.guide_factors.clone()).mean();
        let divergence = particles.latents.iter().filter_map(|latent| self.divergence(latent)).reduce(|sum, term| sum + term);
        let loss = match (divergence, particles.kl_weight.clone()) {
            (Some(divergence), Some(weight)) => divergence * weight - reconstruction,
            (Some(divergence), None) => divergence - reconstruction,
            (None, _) => reconstruction.neg(),
        };
        Estimate { bound, loss }
    }
}
