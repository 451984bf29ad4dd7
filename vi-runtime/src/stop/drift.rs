//! A test of the history of the ELBO for drift.

use super::Convergence;
use crate::error::Result;
use crate::setters::setters;
use crate::setting::Numbers;

/// Stops a fit when the ELBO rises no more: less than a tolerance over the last half of the run, with confidence.
///
/// The estimates of the last half are averaged in 20 batches. The fit stops when
/// - the line through the batches rises or falls by less than the tolerance, its 99 % confidence bound included, so that noise
///   alone never stops a fit;
/// - the largest partial sum of their deviations from the mean (CUSUM, Brown, Durbin and Evans 1975) is below 1.22
///   standard deviations of the Brownian bridge, which 10 % of series without drift exceed;
/// - neighbouring batches are not correlated (lag-1 autocorrelation of the deviations from the line below 0.45, two standard
///   errors), which they are while parameters wander slowly.
///
/// The window grows with the run: a drift that is slow against the window is a gain that as many steps again would not make.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    tolerance: f64,
    pub(super) at_least: usize,
}

/// Batches in the window.
const BATCHES: usize = 20;

/// The 99 % quantile of Student's t with 18 degrees of freedom: a run is looked at some thirty times.
const QUANTILE: f64 = 2.5524;

/// The 90 % quantile of the supremum of the absolute Brownian bridge (Kolmogorov 1933).
const CUSUM: f64 = 1.2238;

/// The largest lag-1 autocorrelation.
const AUTOCORRELATION: f64 = 0.45;

impl Drift {
    /// Less than `tolerance` nats over the last half, from 1 000 steps on.
    pub fn new(tolerance: f64) -> Self {
        Drift { tolerance, at_least: 1_000 }
    }

    setters! {
        /// The fewest steps.
        at_least: usize;
    }

    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for a tolerance that is negative or NaN.
    pub(super) fn check(&self) -> Result<()> {
        Numbers::Limit.check("tolerance of Drift", self.tolerance)
    }

    /// The convergence that a history of ELBOs shows, if it does.
    pub fn test(&self, history: &[f64]) -> Option<Convergence> {
        let length = history.len() / 2 / BATCHES;
        if history.len() < self.at_least || length == 0 {
            return None;
        }
        let window = &history[history.len() - BATCHES * length..];
        let mut means = [0.0; BATCHES];
        for (mean, batch) in means.iter_mut().zip(window.chunks_exact(length)) {
            *mean = batch.iter().sum::<f64>() / length as f64;
        }
        let n = BATCHES as f64;
        let mean = means.iter().sum::<f64>() / n;
        let centre = (n - 1.0) / 2.0;
        let spread = n * (n * n - 1.0) / 12.0;
        let slope = means.iter().enumerate().map(|(i, y)| (i as f64 - centre) * y).sum::<f64>() / spread;
        let residual = |i: usize| means[i] - mean - slope * (i as f64 - centre);
        let squares = (0..BATCHES).map(|i| residual(i).powi(2)).sum::<f64>();
        let variance = squares / (n - 2.0);
        let (gain, error) = (slope * n, (variance / spread).sqrt() * n);
        let mut sum = 0.0;
        let largest = means.iter().fold(0.0f64, |largest, y| {
            sum += y - mean;
            largest.max(sum.abs())
        });
        // A history without any noise has neither sums nor residuals.
        let cusum = if largest == 0.0 { 0.0 } else { largest / (variance * n).sqrt() };
        let together = (1..BATCHES).map(|i| residual(i) * residual(i - 1)).sum::<f64>();
        let flat = gain.abs() + QUANTILE * error < self.tolerance;
        let alone = together <= AUTOCORRELATION * squares;
        (flat && alone && cusum < CUSUM).then_some(Convergence::Elbo { gain, error, cusum })
    }
}
