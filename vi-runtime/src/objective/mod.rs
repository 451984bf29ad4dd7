//! Objectives: what a step estimates and climbs, one estimator a file.
//!
//! An objective is shown the log densities of some draws of the guide, and makes of them an estimate of its bound and a loss
//! whose gradient is that of the bound in the mean. It is written once, in tensor operations: an eager step runs them, a
//! compiled step records them.

pub(crate) mod collapsed;
mod elbo;
pub(crate) mod enumerated;
pub(crate) mod influence;
pub(crate) mod pairing;
mod particle;
mod particles;

mod analytic_kl;
mod annealed;
mod dreg;
mod importance;
mod iwae;
mod pathwise;
mod renyi;
mod score_function;
mod sticking_the_landing;
mod tail_adaptive;
mod vimco;
mod wake_sleep;

use std::fmt;

use burn::tensor::Tensor;

pub use analytic_kl::AnalyticKl;
pub use annealed::{Annealed, KlSchedule};
pub use dreg::Dreg;
pub use elbo::Elbo;
pub use iwae::Iwae;
pub(crate) use particle::{Terms, at_one_value, enumerates, evaluated, particle, score_vanishes, summed, traces};
pub use particles::{LatentTerms, Particles, ScoreTerms};
pub use pathwise::Pathwise;
pub use renyi::Renyi;
pub(crate) use score_function::AVERAGE;
pub use score_function::{Baseline, ScoreFunction};
pub use sticking_the_landing::StickingTheLanding;
pub use tail_adaptive::TailAdaptive;
pub use vimco::Vimco;
pub use wake_sleep::WakeSleep;

use crate::error::Result;

/// What a step estimates.
pub trait Objective: fmt::Debug {
    /// The name that reports and messages show.
    fn name(&self) -> String;

    /// How many draws of the guide one estimate takes; a step makes as many estimates as it has particles.
    fn samples(&self) -> usize {
        1
    }

    /// What it must be shown.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// What the divergence counts in the loss of `step`, where that changes from step to step.
    fn kl_weight(&self, _step: u64) -> Option<f64> {
        None
    }

    /// From which step on [`kl_weight`](Self::kl_weight) is what it is meant to be in the end: a run that would end earlier is refused,
    /// and no rule stops it earlier.
    fn annealing_steps(&self) -> u64 {
        0
    }

    /// The rate of gradient descent by which baselines are fitted, where they do not follow the optimiser of the fit.
    fn baseline_rate(&self) -> Option<f64> {
        None
    }

    /// Refuses settings that make no sense.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) with the setting and its value.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// The bound and the loss, from tensors of shape `[particles, samples]`.
    fn estimate(&self, particles: &Particles) -> Estimate;
}

/// What an objective makes of some particles.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// The bound on the log evidence, in nats, shape `[1]`.
    pub bound: Tensor<1>,
    /// What the optimiser descends, shape `[1]`; its value may mean nothing, its gradient counts.
    pub loss: Tensor<1>,
}

/// What an objective must be shown besides the log densities of the particles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    /// The guide's log density as a function of the draw alone, its parameters held constant.
    pub held: bool,
    /// No gradient leads through the draws: every log density is a function of parameters.
    pub detached: bool,
    /// The log joint as a function of the draw alone, and of the parameters alone.
    pub split: bool,
    /// Every site of the guide must have a score of mean 0, so that holding its parameters leaves nothing out.
    pub vanishing: bool,
    /// The model may have no parameters.
    pub fixed_model: bool,
    /// Divergences in closed form, where they may stand for their estimates.
    pub exact: bool,
    /// Sites without a pathwise gradient, with all that depends on them.
    pub score: bool,
    /// A parameter for each element of such a site, called by this word, a point and the site.
    pub baseline: Option<&'static str>,
}

/// What one of the numbers is that an objective is shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TermKind {
    /// `log p(x | z)` with factors.
    Reconstruction,
    /// Factors of the guide.
    GuideFactors,
    /// `log p` of a latent site.
    Prior(String),
    /// `log q` of a latent site.
    Guide(String),
    /// `log q` of a latent site as a function of the draw alone.
    Held(String),
    /// `log p(x, z)` as a function of the draws alone.
    JointOfDraws,
    /// `log p(x, z)` as a function of parameters alone.
    JointOfParameters,
    /// `KL(q ‖ p)` of a latent site, in closed form.
    Kl(String),
    /// `log q` of each element of a site without a pathwise gradient.
    Score(String),
    /// The parameter that stands for the cost of that element.
    Baseline(String),
    /// What depends on that element: log densities of the model less those of the guide.
    Cost(String),
}
