//! Limited-memory BFGS (Nocedal 1980; Liu and Nocedal 1989): a minimum of a smooth function from values and gradients.

use std::collections::VecDeque;
use std::fmt;

use super::line_search::{Probe, search};
use crate::error::{Error, Result};
use crate::setters::setters;

/// Limited-memory BFGS with the line search of Hager and Zhang.
///
/// The defaults: 30 pairs, at most 1 000 iterations, tolerance 1e-9.
#[derive(Clone, Debug)]
pub struct Lbfgs {
    memory: usize,
    iterations: usize,
    tolerance: f64,
}

/// Why a minimisation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// Half of `gᵀ H g`, the gain that the quadratic model still promises, is below the tolerance.
    Converged,
    /// No step along the gradient changes the value by more than its rounding.
    Flat,
    /// The iterations are used up.
    Iterations,
    /// The value falls without end: it fell to 1e12 times the size of the first, or a coordinate passed 1e100.
    Unbounded,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stopped::Converged => "converged",
            Stopped::Flat => "no step changes the value",
            Stopped::Iterations => "the iterations are used up",
            Stopped::Unbounded => "the value falls without end",
        })
    }
}

/// Where a minimisation ended.
#[derive(Clone, Debug)]
pub struct Minimum {
    /// The point.
    pub x: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// The gradient there.
    pub gradient: Vec<f64>,
    /// How many steps were made.
    pub iterations: usize,
    /// How often the function was evaluated.
    pub evaluations: usize,
    /// Why it ended.
    pub stopped: Stopped,
}

/// One point of the path of a minimisation.
#[derive(Clone, Copy, Debug)]
pub struct Iterate<'a> {
    /// The point.
    pub x: &'a [f64],
    /// The value there.
    pub value: f64,
    /// The gradient there.
    pub gradient: &'a [f64],
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self::new()
    }
}

impl Lbfgs {
    /// With the defaults.
    pub fn new() -> Self {
        Lbfgs { memory: 30, iterations: 1_000, tolerance: 1e-9 }
    }

    setters! {
        /// How many pairs of steps and changes of the gradient are kept, at most 64.
        memory: usize => memory.clamp(1, MOST);

        /// The most iterations.
        iterations: usize;

        /// The promised gain, in units of the function, below which it ends. It does not depend on the scales of the coordinates:
        /// of a log density, 1e-9 is a distance from the mode of 4e-5 posterior standard deviations.
        tolerance: f64;
    }

    /// Minimises `f`, which puts its gradient at the first argument into the second; `seen` is shown the start and the end of
    /// every step.
    ///
    /// A value or gradient that is not finite is a step too far, everywhere but at the start.
    ///
    /// # Errors
    /// [`Error::NonFinite`] where value or gradient at the start are not finite; those of `f`.
    pub fn minimise(
        &self,
        start: &[f64],
        mut f: impl FnMut(&[f64], &mut [f64]) -> Result<f64>,
        mut seen: impl FnMut(Iterate<'_>),
    ) -> Result<Minimum> {
        let n = start.len();
        let (mut x, mut gradient) = (start.to_vec(), vec![0.0; n]);
        let mut value = f(&x, &mut gradient)?;
        let mut evaluations = 1;
        if !value.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
            let what = if value.is_finite() { "the gradient of the function to be minimised" } else { "the function to be minimised" };
            let hint = "start where value and gradient are finite".to_owned();
            return Err(Error::NonFinite { step: 0, site: "the start".into(), what: what.into(), value, hint });
        }
        seen(Iterate { x: &x, value, gradient: &gradient });
        let first = value;
        let mut pairs = Pairs { known: VecDeque::new(), most: self.memory };
        let (mut direction, mut trial, mut slopes) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        let mut iterations = 0;
        let stopped = loop {
            pairs.direction(&gradient, &mut direction);
            let mut slope = dot(&direction, &gradient);
            if (slope >= 0.0 || slope.is_nan()) && !pairs.known.is_empty() {
                pairs.known.clear();
                pairs.direction(&gradient, &mut direction);
                slope = dot(&direction, &gradient);
            }
            if !pairs.known.is_empty() && -0.5 * slope <= self.tolerance || slope == 0.0 {
                break Stopped::Converged;
            }
            if iterations == self.iterations {
                break Stopped::Iterations;
            }
            // The first direction is the gradient, whose length says nothing about scale.
            let guess = if pairs.known.is_empty() { (1.0 / norm(&gradient)).min(1.0) } else { 1.0 };
            let probe = search(Probe { step: 0.0, value, slope }, guess, |step| {
                evaluations += 1;
                trial.iter_mut().zip(x.iter().zip(&direction)).for_each(|(to, (x, d))| *to = x + step * d);
                let value = f(&trial, &mut slopes)?;
                Ok(Probe { step, value, slope: dot(&slopes, &direction) })
            })?;
            let Some(probe) = probe else {
                if pairs.known.is_empty() {
                    break Stopped::Flat;
                }
                pairs.known.clear();
                continue;
            };
            // The search may have looked elsewhere last.
            trial.iter_mut().zip(x.iter().zip(&direction)).for_each(|(to, (x, d))| *to = x + probe.step * d);
            value = f(&trial, &mut slopes)?;
            evaluations += 1;
            pairs.push(&x, &trial, &gradient, &slopes);
            std::mem::swap(&mut x, &mut trial);
            std::mem::swap(&mut gradient, &mut slopes);
            iterations += 1;
            seen(Iterate { x: &x, value, gradient: &gradient });
            if value < first - UNBOUNDED * first.abs().max(1.0) || x.iter().any(|x| x.abs() > 1e100) {
                break Stopped::Unbounded;
            }
        };
        Ok(Minimum { x, value, gradient, iterations, evaluations, stopped })
    }
}

/// The most pairs.
const MOST: usize = 64;

/// By how much, relative to the first value, a value must have fallen for the function to count as unbounded.
const UNBOUNDED: f64 = 1e12;

/// The last steps `s` and changes of the gradient `y`.
struct Pairs {
    known: VecDeque<(Vec<f64>, Vec<f64>)>,
    most: usize,
}

impl Pairs {
    /// Remembers a step along which the curvature is positive.
    fn push(&mut self, x: &[f64], next: &[f64], gradient: &[f64], next_gradient: &[f64]) {
        let (mut s, mut y) = if self.known.len() == self.most { self.known.pop_front() } else { None }.unwrap_or_default();
        s.clear();
        y.clear();
        s.extend(next.iter().zip(x).map(|(a, b)| a - b));
        y.extend(next_gradient.iter().zip(gradient).map(|(a, b)| a - b));
        if dot(&s, &y) > f64::EPSILON * dot(&y, &y).sqrt() * dot(&s, &s).sqrt() {
            self.known.push_back((s, y));
        }
    }

    /// `−H g` by the two loops (Nocedal 1980), with `H₀ = sᵀy / yᵀy` of the last pair.
    fn direction(&self, gradient: &[f64], direction: &mut [f64]) {
        direction.iter_mut().zip(gradient).for_each(|(d, g)| *d = -g);
        let mut weights = [0.0; MOST];
        for (weight, (s, y)) in weights.iter_mut().zip(self.known.iter().rev()) {
            *weight = dot(s, direction) / dot(s, y);
            add(direction, -*weight, y);
        }
        let Some((s, y)) = self.known.back() else { return };
        let scale = dot(s, y) / dot(y, y);
        direction.iter_mut().for_each(|d| *d *= scale);
        for (weight, (s, y)) in weights[..self.known.len()].iter().rev().zip(&self.known) {
            let other = dot(y, direction) / dot(s, y);
            add(direction, weight - other, s);
        }
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// `to ← to + scale · x`.
pub(super) fn add(to: &mut [f64], scale: f64, x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += scale * x);
}
