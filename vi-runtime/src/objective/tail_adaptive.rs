//! The tail-adaptive f-divergence.

use burn::tensor::Tensor;

use super::importance::{check_samples, log_mean};
use super::{Estimate, Needs, Objective, Particles};
use crate::error::{Error, Result};
use crate::setters::setters;
use crate::special::detach;

/// An f-divergence that follows the tail of the importance weights (Wang, Liu and Liu 2018): draw `k` has the weight
/// `rank⁻¹`, where the rank is the share of draws whose importance weight is at least its own, to the power `β = −1`.
///
/// The gradient is finite whatever the weights. The bound that is reported is the importance-weighted one of the same draws. Every
/// latent site of the guide must be reparameterised, with a score of mean 0; a parameter of the model is an error, for the gradient is one of the guide alone.
#[derive(Clone, Copy, Debug)]
pub struct TailAdaptive {
    samples: usize,
    beta: f64,
}

impl TailAdaptive {
    /// With `samples` draws for an estimate, and `β = −1`.
    pub fn new(samples: usize) -> Self {
        TailAdaptive { samples, beta: -1.0 }
    }

    setters! {
        /// The power of the rank, negative or 0; at 0 all draws count the same.
        beta: f64;
    }
}

impl Objective for TailAdaptive {
    fn name(&self) -> String {
        format!("tail-adaptive divergence of {} samples", self.samples)
    }

    fn samples(&self) -> usize {
        self.samples
    }

    fn needs(&self) -> Needs {
        Needs { held: true, vanishing: true, fixed_model: true, ..Needs::default() }
    }

    fn check(&self) -> Result<()> {
        if self.beta > 0.0 || !self.beta.is_finite() {
            let problem = format!("{}; a finite number that is not positive is needed", self.beta);
            return Err(Error::Config { setting: "beta of TailAdaptive".into(), problem });
        }
        check_samples("TailAdaptive", self.samples, 2)
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let joint = particles.log_joint();
        let log_weights = joint.clone() - particles.log_guide();
        let [rows, samples] = log_weights.dims();
        let fixed = detach(log_weights.clone());
        let pairs = [rows, samples, samples];
        let own: Tensor<3> = fixed.clone().reshape([rows, samples, 1]).expand(pairs);
        let others: Tensor<3> = fixed.reshape([rows, 1, samples]).expand(pairs);
        let zeros = own.zeros_like();
        let above = zeros.mask_fill(others.greater_equal(own), 1.0).sum_dim(2).reshape([rows, samples]);
        let share = (above * (samples as f64).recip()).log() * self.beta;
        let weights = share.exp();
        let weights = detach(weights.clone() / weights.sum_dim(1).expand([rows, samples]));
        let loss = (weights * (particles.log_guide_held() - joint)).sum_dim(1).mean();
        Estimate { bound: log_mean(log_weights).mean(), loss }
    }
}
