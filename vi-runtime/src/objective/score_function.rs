//! The evidence lower bound where some sites have no pathwise gradient.

use burn::tensor::Tensor;

use super::{Estimate, Needs, Objective, Particles, ScoreTerms};
use crate::error::{Error, Result};
use crate::setters::setters;
use crate::special::detach;

/// What stands before the site in the name of an average cost. No parameter of a program has a space in its name.
pub(crate) const AVERAGE: &str = "average cost";

/// What is taken from the cost of a draw before its score is weighted with it; it does not depend on the draw, so the gradient keeps
/// its mean.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Baseline {
    /// The mean cost of the other draws of the step (Kool, van Hoof and Welling 2019); nothing where there is one draw only.
    #[default]
    LeaveOneOut,
    /// An average of the mean cost of each element over the steps before: `decay` times what it was, plus `1 − decay` times the cost
    /// of the step; it begins at 0, and is the parameter `average cost.<site>` of the fit.
    DecayingAverage {
        /// How much of the average stays in a step, at least 0 and below 1.
        decay: f64,
    },
    /// A parameter `baseline.<site>` for each element, fitted to the cost by least squares with the optimiser of the fit.
    Learned,
    /// Nothing.
    Zero,
}

/// The ELBO whose gradient is pathwise where sites are reparameterised, and the score function elsewhere:
/// `Σ ∇ log q(zᵢ) (costᵢ − baselineᵢ)` (Ranganath, Gerrish and Blei 2014; Schulman et al. 2015).
///
/// The cost of an element of a site is the sum of those terms only that depend on it (Rao–Blackwell): which do is read off the
/// graph of the recorded run, element by element along the dimensions of plates. Programs that cannot be recorded have the whole
/// sum as cost. With one particle there is no leave-one-out baseline: take two at least, or a decaying average.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScoreFunction {
    baseline: Baseline,
}

impl ScoreFunction {
    /// With the leave-one-out baseline.
    pub fn new() -> Self {
        ScoreFunction::default()
    }

    setters! {
        /// Another baseline.
        baseline: Baseline;
    }

    fn signal(&self, score: &ScoreTerms) -> Tensor<3> {
        let cost = score.cost.clone();
        let [particles, _, _] = cost.dims();
        detach(match (self.baseline, &score.baseline) {
            (Baseline::Learned | Baseline::DecayingAverage { .. }, Some(baseline)) => cost - baseline.clone(),
            (Baseline::LeaveOneOut, _) if particles > 1 => {
                // cost − (sum − cost)/(n − 1) = (cost − mean) n/(n − 1)
                let mean = cost.clone().mean_dim(0).expand(cost.dims());
                (cost - mean) * (particles as f64 / (particles - 1) as f64)
            }
            _ => cost,
        })
    }
}

impl Objective for ScoreFunction {
    fn name(&self) -> String {
        let baseline = match self.baseline {
            Baseline::LeaveOneOut => "leave-one-out baseline".to_owned(),
            Baseline::DecayingAverage { decay } => format!("baseline an average that decays by {decay}"),
            Baseline::Learned => "learned baseline".to_owned(),
            Baseline::Zero => "no baseline".to_owned(),
        };
        format!("ELBO, score function, {baseline}")
    }

    fn check(&self) -> Result<()> {
        match self.baseline {
            Baseline::DecayingAverage { decay } if !(0.0..1.0).contains(&decay) => Err(Error::Config {
                setting: "decay of the baseline of ScoreFunction".into(),
                problem: format!("{decay}; a number from 0 to below 1 is needed"),
            }),
            _ => Ok(()),
        }
    }

    fn baseline_rate(&self) -> Option<f64> {
        // The slope of half the mean square of cost less baseline is the baseline less the mean cost.
        match self.baseline {
            Baseline::DecayingAverage { decay } => Some(1.0 - decay),
            _ => None,
        }
    }

    fn needs(&self) -> Needs {
        let baseline = match self.baseline {
            Baseline::Learned => Some("baseline"),
            Baseline::DecayingAverage { .. } => Some(AVERAGE),
            Baseline::LeaveOneOut | Baseline::Zero => None,
        };
        Needs { held: true, score: true, baseline, ..Needs::default() }
    }

    fn estimate(&self, particles: &Particles) -> Estimate {
        let joint = particles.log_joint();
        let bound = (joint.clone() - particles.log_guide()).mean();
        let pathwise = (joint - particles.log_guide_held()).mean();
        let gain = particles.scores.iter().fold(pathwise, |sum, score| {
            let [rows, samples, _] = score.cost.dims();
            let term = (score.log_prob.clone() * self.signal(score)).sum();
            let term = match &score.baseline {
                Some(baseline) => term - (score.cost.clone() - baseline.clone()).square().sum() * 0.5,
                None => term,
            };
            sum + term * ((rows * samples) as f64).recip()
        });
        Estimate { bound, loss: gain.neg() }
    }
}
