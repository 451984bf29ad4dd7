//! When a fit stops before its last step, and why it did.

mod chain;
mod drift;
mod stages;
mod stationary;

use std::fmt;

use crate::error::Result;
use crate::optim::Averaging;
use crate::svi::SviState;

pub use drift::Drift;
pub(crate) use stages::{Next, Stages};
pub use stationary::Stationary;
use stationary::{Verdict, Watch};

/// What ends a fit before the number of its steps.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stop {
    /// The ELBO has stopped rising.
    Drift(Drift),
    /// The parameters wander around one place, and their mean is known well enough.
    Stationary(Stationary),
}

impl From<Drift> for Stop {
    fn from(drift: Drift) -> Self {
        Stop::Drift(drift)
    }
}

impl From<Stationary> for Stop {
    fn from(stationary: Stationary) -> Self {
        Stop::Stationary(stationary)
    }
}

/// Why a fit made no more steps.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stopped {
    /// All its steps are made.
    Steps,
    /// It had converged.
    Converged {
        /// How many steps this run had made.
        step: usize,
        /// What was seen.
        by: Convergence,
    },
}

/// What shows that a fit has converged.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Convergence {
    /// The line through the ELBOs of the last half of the run is flat.
    Elbo {
        /// How much it rises over that half, in nats.
        gain: f64,
        /// The standard error of `gain`.
        error: f64,
        /// The largest absolute partial sum of deviations from the mean, in units of its standard deviation under no drift:
        /// the statistic of the CUSUM test.
        cusum: f64,
    },
    /// The parameters are stationary, in unconstrained space.
    Iterates {
        /// The largest split-R̂ of an element.
        r_hat: f64,
        /// The largest standard error of the mean of an element's iterates.
        mcse: f64,
        /// The smallest effective number of iterates of an element.
        ess: f64,
        /// From which step of the run on they were stationary; the mean is of the iterates since.
        from: usize,
    },
    /// The mean of the iterates is the same at two rates.
    Stages {
        /// The largest distance of an element, in unconstrained space.
        moved: f64,
        /// At how many rates steps were made.
        stages: usize,
    },
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stopped::Steps => write!(f, "all steps made"),
            Stopped::Converged { step, by: Convergence::Elbo { gain, error, cusum } } => {
                write!(f, "stopped at step {step}: the ELBO is flat ({gain:+.4} ± {error:.4} over the last half, CUSUM {cusum:.2})")
            }
            Stopped::Converged { step, by: Convergence::Stages { moved, stages } } => {
                write!(
                    f,
                    "stopped at step {step}: the means of the iterates of {stages} rates are the same (the last two within {moved:.3})"
                )
            }
            Stopped::Converged { step, by: Convergence::Iterates { r_hat, mcse, ess, from } } => {
                write!(
                    f,
                    "stopped at step {step}: parameters are stationary since step {from} (R-hat {r_hat:.3}, standard error of their mean {mcse:.4}, effective number {ess:.0})"
                )
            }
        }
    }
}

/// What is asked after each step of a run.
#[derive(Debug)]
pub(crate) enum Monitor {
    /// Nothing.
    Steps,
    /// Whether the ELBO rises, from the given number of steps on.
    Drift(Drift, usize),
    /// Whether parameters move.
    Stationary(Watch),
}

impl Monitor {
    /// Nothing stops the first `annealed` steps of the run.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for a number that the rule cannot use.
    pub(crate) fn new(stop: Option<&Stop>, annealed: usize) -> Result<Self> {
        Ok(match stop {
            None => Monitor::Steps,
            Some(Stop::Drift(drift)) => {
                drift.check()?;
                Monitor::Drift(drift.clone(), drift.at_least.max(annealed))
            }
            Some(Stop::Stationary(rule)) => {
                rule.check()?;
                Monitor::Stationary(Watch::new(rule.clone(), annealed))
            }
        })
    }

    /// Why to stop after the steps of `history`, if so; `averaging` is set while the mean of the iterates counts, and `own`
    /// says that the user has not asked for one.
    ///
    /// # Errors
    /// Where a device cannot be read.
    pub(crate) fn look(
        &mut self,
        history: &[f64],
        state: &SviState,
        averaging: &mut Option<Averaging>,
        own: bool,
    ) -> Result<Option<Stopped>> {
        let step = history.len();
        let by = match self {
            Monitor::Steps => return Ok(None),
            Monitor::Drift(_, next) if step < *next => return Ok(None),
            Monitor::Drift(drift, next) => {
                *next = step + step / 10 + 1;
                drift.test(history)
            }
            Monitor::Stationary(watch) => match watch.look(step, state)? {
                Verdict::Stop(by) => Some(by),
                Verdict::Average if own => {
                    *averaging = Some(Averaging::Tail { from: state.step() });
                    None
                }
                Verdict::Anew if own => {
                    *averaging = None;
                    None
                }
                _ => None,
            },
        };
        Ok(by.map(|by| Stopped::Converged { step, by }))
    }
}
