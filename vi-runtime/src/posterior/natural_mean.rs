//! Means of the normal distributions that natural gradients pass, and when they stay the same.

use std::fmt;

use super::gaussian::Gaussian;
use super::lbfgs::{add, dot};
use super::matrix::{cholesky, inverse, solve_lower, solve_lower_transposed};

/// Where the steps ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settled {
    /// How many were made.
    pub steps: u64,
    /// The divergence of the mean of the last window from that of the one before, in nats; infinite where there were too few steps.
    pub change: f64,
}

impl Default for Settled {
    fn default() -> Self {
        Settled { steps: 0, change: f64::INFINITY }
    }
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} steps; the mean of their last half is {:.1e} nats from that of the quarter before", self.steps, self.change)
    }
}

/// Means of the natural parameters over windows that end at the powers of two.
pub(super) struct Means {
    current: Natural,
    before: Option<Natural>,
    pub(super) settled: Settled,
}

impl Means {
    pub(super) fn new(dim: usize) -> Self {
        Means { current: Natural::new(dim), before: None, settled: Settled::default() }
    }

    /// Counts the state after `steps` steps; whether a window has ended that can be compared with the one before.
    pub(super) fn count(&mut self, at: &Gaussian, steps: u64) -> bool {
        self.current.count(at);
        self.settled.steps = steps;
        if !steps.is_power_of_two() {
            return false;
        }
        let dim = at.dim();
        let ended = std::mem::replace(&mut self.current, Natural::new(dim));
        let before = self.before.replace(ended);
        let [before, ended] = [before.as_ref(), self.before.as_ref()].map(|window| window.and_then(Natural::gaussian));
        let (Some(before), Some(ended), true) = (before, ended, steps >= FEWEST) else { return false };
        self.settled.change = ended.divergence_to(&before);
        true
    }

    /// The mean over the last window that has ended, and what has come since.
    pub(super) fn result(mut self) -> Option<(Gaussian, Settled)> {
        if let Some(before) = self.before.take() {
            self.current.merge(&before);
        }
        Some((self.current.gaussian()?, self.settled))
    }
}

/// After how many steps two windows are compared first.
const FEWEST: u64 = 64;

/// Sums of natural parameters.
struct Natural {
    count: f64,
    precision: Vec<f64>,
    /// `Σ Λ m`.
    weighted: Vec<f64>,
}

impl Natural {
    fn new(dim: usize) -> Self {
        Natural { count: 0.0, precision: vec![0.0; dim * dim], weighted: vec![0.0; dim] }
    }

    fn count(&mut self, gaussian: &Gaussian) {
        let dim = gaussian.dim();
        let precision = inverse(&gaussian.factor, dim);
        add(&mut self.precision, 1.0, &precision);
        for (to, row) in self.weighted.iter_mut().zip(precision.chunks_exact(dim)) {
            *to += dot(row, &gaussian.mean);
        }
        self.count += 1.0;
    }

    fn merge(&mut self, other: &Natural) {
        self.count += other.count;
        add(&mut self.precision, 1.0, &other.precision);
        add(&mut self.weighted, 1.0, &other.weighted);
    }

    /// The distribution with the means of the parameters; absent where nothing was counted.
    fn gaussian(&self) -> Option<Gaussian> {
        let dim = self.weighted.len();
        let mean = |sums: &[f64]| -> Vec<f64> { sums.iter().map(|sum| sum / self.count).collect() };
        let factor = cholesky(&mean(&self.precision), dim)?;
        let mut mean = mean(&self.weighted);
        solve_lower(&factor, &mut mean);
        solve_lower_transposed(&factor, &mut mean);
        let factor = cholesky(&inverse(&factor, dim), dim)?;
        Some(Gaussian { mean, factor })
    }
}
