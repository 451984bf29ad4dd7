//! Automatic differentiation variational inference with the step sizes and the stopping rule of Stan.

use std::fmt;

use vi_graph::Key;

use super::density::LogDensity;
use super::gaussian::{Gaussian, Quality, standard_normal};
use super::lbfgs::add;
use super::map::start;
use super::matrix::{cholesky, multiply_lower, squared};
use crate::error::{Error, Result};
use crate::program::{Latents, Program};
use crate::setters::setters;
use crate::setting::Numbers;

/// Automatic differentiation variational inference (Kucukelbir et al. 2017) as Stan runs it: a normal distribution in unconstrained
/// space, moved along the gradient of the ELBO from one draw a step.
///
/// Element `θ` of the parameters (the mean, and the logarithms of the scales or the triangular factor `L`) moves in step `i` by
///
/// ```text
/// η g / (√i (1 + √s)),     s ← 0.9 s + 0.1 g²,  s = g² in the first step
/// ```
///
/// The scale `η` is the first of 100, 10, 1, 0.1, 0.01 that, after 50 steps from the start, leads to a larger ELBO than the next one
/// does. Every 100 steps the ELBO is estimated anew, and the fit stops where the mean or the median of its last relative changes (as
/// many as a tenth of the estimates that all steps would have) is below the tolerance. The rule is kept for comparison with that
/// system: the change is relative to the ELBO itself, which has no natural zero, and a step of one draw leaves noise in the result.
/// [`NaturalGradient`](super::NaturalGradient) and [`Svi`](crate::Svi) have neither limit.
///
/// The defaults, which are Stan's: the mean at uniform points in `[−2, 2]`, scales of 1, at most 10 000 steps, 1 draw for each
/// gradient, 100 for each ELBO, tolerance 0.01, 1 000 draws of the result.
#[derive(Clone, Debug)]
pub struct Advi {
    family: Family,
    steps: usize,
    particles: usize,
    elbo_draws: usize,
    tolerance: f64,
    draws: usize,
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    MeanField,
    FullRank,
}

/// What ADVI found.
#[derive(Clone, Debug)]
pub struct AdviFit<L> {
    /// Draws of the latent and deterministic sites, one field a site.
    pub draws: L,
    /// The approximation in unconstrained space.
    pub gaussian: Gaussian,
    /// Its ELBO and `k̂`, from as many draws.
    pub quality: Quality,
    /// The scale `η` of the steps.
    pub eta: f64,
    /// Why the steps ended.
    pub stopped: AdviStopped,
}

/// Why the steps of [`Advi`] ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum AdviStopped {
    /// The mean of the relative changes of the ELBO fell below the tolerance.
    Mean {
        /// After how many steps.
        step: usize,
    },
    /// The median of the relative changes of the ELBO fell below the tolerance.
    Median {
        /// After how many steps.
        step: usize,
    },
    /// All steps are made.
    Steps,
}

impl fmt::Display for AdviStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AdviStopped::Mean { step } => write!(f, "the mean of the ELBO's changes is below the tolerance at step {step}"),
            AdviStopped::Median { step } => write!(f, "the median of the ELBO's changes is below the tolerance at step {step}"),
            AdviStopped::Steps => write!(f, "all steps made"),
        }
    }
}

impl<L> fmt::Display for AdviFit<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; step size {}; {}", self.quality, self.eta, self.stopped)
    }
}

impl Advi {
    /// Independent coordinates.
    pub fn mean_field() -> Self {
        Self::new(Family::MeanField)
    }

    /// A covariance of all coordinates.
    pub fn full_rank() -> Self {
        Self::new(Family::FullRank)
    }

    fn new(family: Family) -> Self {
        Advi { family, steps: 10_000, particles: 1, elbo_draws: 100, tolerance: 0.01, draws: 1_000, seed: 0 }
    }

    setters! {
        /// How many steps are made at most.
        steps: usize;

        /// How many draws each gradient is the mean of.
        particles: usize;

        /// From how many draws each ELBO is estimated.
        elbo_draws: usize;

        /// The relative change of the ELBO below which the steps end.
        tolerance: f64;

        /// How many draws of the approximation are made.
        draws: usize;

        /// The seed of start, steps and draws.
        seed: u64;
    }

    /// The approximation of the posterior of `model`.
    ///
    /// # Errors
    /// Those of [`Unconstrained::build`](super::Unconstrained::build) and of [`fit`](Self::fit); [`Error::Config`] for 0 draws.
    pub fn run<M: Program + Clone>(&self, model: &M) -> Result<AdviFit<M::Latents>> {
        let density = LogDensity::new(model)?;
        let (gaussian, eta, stopped) = self.fit(&density)?;
        let key = self.key("draws");
        let quality = gaussian.quality(&density, self.draws, key)?;
        let (points, _) = gaussian.draw(self.draws, key);
        Ok(AdviFit { draws: M::Latents::collect(&mut density.draws(&points)?)?, gaussian, quality, eta, stopped })
    }

    /// The approximation of a density, the scale of its steps, and why they ended.
    ///
    /// # Errors
    /// [`Error::Config`] where there are no draws for a gradient or an ELBO, or the tolerance is negative or NaN; [`Error::NonFinite`] where no scale of the steps leads to
    /// a larger ELBO than the start has, and where later a gradient is not finite.
    pub fn fit<M: Program + Clone>(&self, density: &LogDensity<M>) -> Result<(Gaussian, f64, AdviStopped)> {
        for (setting, count) in [("particles", self.particles), ("elbo_draws", self.elbo_draws)] {
            if count == 0 {
                return Err(Error::Config { setting: setting.into(), problem: "0; an estimate needs at least one draw".into() });
            }
        }
        Numbers::Limit.check("tolerance of Advi", self.tolerance)?;
        // Stan begins at a random point; the first start of a search is the median of the prior.
        let mean = start(density, Key::new(self.seed), 1);
        let begin = Ascent::new(self.family, mean);
        let eta = self.step_size(density, &begin)?;
        let (found, stopped) = self.climb(density, begin, eta)?;
        Ok((found.gaussian()?, eta, stopped))
    }

    fn key(&self, what: &str) -> Key {
        Key::new(self.seed).site(what)
    }

    fn step_size<M: Program + Clone>(&self, density: &LogDensity<M>, begin: &Ascent) -> Result<f64> {
        let initial = self.elbo(density, begin, self.key("initial"))?;
        let (mut best, mut best_eta) = (f64::NEG_INFINITY, None);
        for (index, eta) in [100.0, 10.0, 1.0, 0.1, 0.01].into_iter().enumerate() {
            let key = self.key("adaptation").fold_in(index as u64);
            let mut trial = begin.clone();
            let mut moved = Ok(());
            for step in 1..=ADAPTATION {
                moved = trial.step(density, eta, step, self.particles, key.fold_in(step as u64));
                if moved.is_err() {
                    break;
                }
            }
            let elbo = match moved {
                Ok(()) => self.elbo(density, &trial, key.site("elbo"))?,
                Err(Error::NonFinite { .. }) => f64::NEG_INFINITY,
                Err(error) => return Err(error),
            };
            if elbo < best && best > initial {
                break;
            }
            if elbo > best || best_eta.is_none() {
                (best, best_eta) = (elbo, Some(eta));
            }
        }
        match best_eta {
            Some(eta) if best > initial => Ok(eta),
            _ => Err(Error::NonFinite {
                step: ADAPTATION as u64,
                site: "all sites together".into(),
                what: "the ELBO less that of the start, for every step size".into(),
                value: best - initial,
                hint: "rescale the model, or use `NaturalGradient`".into(),
            }),
        }
    }

    fn climb<M: Program + Clone>(&self, density: &LogDensity<M>, mut at: Ascent, eta: f64) -> Result<(Ascent, AdviStopped)> {
        let window = (self.steps / (10 * EVALUATION)).max(2);
        let mut changes: Vec<f64> = Vec::new();
        let mut previous = f64::NEG_INFINITY;
        let key = self.key("steps");
        for step in 1..=self.steps {
            at.step(density, eta, step, self.particles, key.fold_in(step as u64))?;
            if step % EVALUATION != 0 {
                continue;
            }
            let elbo = self.elbo(density, &at, self.key("elbo").fold_in(step as u64))?;
            changes.push(((elbo - previous) / elbo).abs());
            previous = elbo;
            let mut last = changes[changes.len().saturating_sub(window)..].to_vec();
            last.sort_by(f64::total_cmp);
            if last.iter().sum::<f64>() / (last.len() as f64) < self.tolerance {
                return Ok((at, AdviStopped::Mean { step }));
            }
            if last[last.len() / 2] < self.tolerance {
                return Ok((at, AdviStopped::Median { step }));
            }
        }
        Ok((at, AdviStopped::Steps))
    }

    /// The ELBO; minus infinity where it is not finite.
    fn elbo<M: Program + Clone>(&self, density: &LogDensity<M>, at: &Ascent, key: Key) -> Result<f64> {
        let (points, _) = at.place(self.elbo_draws, key);
        let mut log_p = vec![0.0; self.elbo_draws];
        density.log_densities(&points, &mut log_p)?;
        let elbo = log_p.iter().sum::<f64>() / self.elbo_draws as f64 + at.entropy();
        Ok(if elbo.is_finite() { elbo } else { f64::NEG_INFINITY })
    }
}

/// For how many steps each scale is tried.
const ADAPTATION: usize = 50;

/// After how many steps the ELBO is estimated.
const EVALUATION: usize = 100;

/// Parameters on their way up.
#[derive(Clone, Debug)]
struct Ascent {
    family: Family,
    mean: Vec<f64>,
    /// The logarithms of the scales, or a lower triangle in row-major order, `[dim, dim]`; the sign of its diagonal is free.
    spread: Vec<f64>,
    /// `s`, of the mean and then of the spread.
    squares: Vec<f64>,
}

impl Ascent {
    fn new(family: Family, mean: Vec<f64>) -> Self {
        let dim = mean.len();
        let spread = match family {
            Family::MeanField => vec![0.0; dim],
            Family::FullRank => (0..dim * dim).map(|i| f64::from(u8::from(i / dim == i % dim))).collect(),
        };
        Ascent { family, mean, spread, squares: Vec::new() }
    }

    /// Draws and their noise.
    fn place(&self, count: usize, key: Key) -> (Vec<f64>, Vec<f64>) {
        let dim = self.mean.len();
        let noise = standard_normal(count * dim, key);
        let mut points = vec![0.0; count * dim];
        for (u, to) in noise.chunks_exact(dim).zip(points.chunks_exact_mut(dim)) {
            match self.family {
                Family::MeanField => to.iter_mut().zip(u).zip(&self.spread).for_each(|((to, u), s)| *to = u * s.exp()),
                Family::FullRank => multiply_lower(&self.spread, u, to),
            }
            add(to, 1.0, &self.mean);
        }
        (points, noise)
    }

    /// One of the diagonal of the factor, up to its sign.
    fn diagonal(&self, i: usize) -> f64 {
        match self.family {
            Family::MeanField => self.spread[i].exp(),
            Family::FullRank => self.spread[i * self.mean.len() + i],
        }
    }

    fn entropy(&self) -> f64 {
        let dim = self.mean.len();
        let log_determinant: f64 = (0..dim).map(|i| self.diagonal(i).abs().ln()).sum();
        0.5 * dim as f64 * (1.0 + std::f64::consts::TAU.ln()) + log_determinant
    }

    fn step<M: Program + Clone>(&mut self, density: &LogDensity<M>, eta: f64, step: usize, particles: usize, key: Key) -> Result<()> {
        let dim = self.mean.len();
        let (mut values, mut slopes) = (vec![0.0; particles], vec![0.0; particles * dim]);
        let (points, noise) = self.place(particles, key);
        density.log_densities_and_gradients(&points, &mut values, &mut slopes)?;
        let mut gradient = vec![0.0; dim + self.spread.len()];
        let (of_mean, of_spread) = gradient.split_at_mut(dim);
        for (u, slope) in noise.chunks_exact(dim).zip(slopes.chunks_exact(dim)) {
            add(of_mean, 1.0 / particles as f64, slope);
            for i in 0..dim {
                match self.family {
                    Family::MeanField => of_spread[i] += slope[i] * u[i] * self.diagonal(i) / particles as f64,
                    Family::FullRank => add(&mut of_spread[i * dim..=i * dim + i], slope[i] / particles as f64, &u[..=i]),
                }
            }
        }
        // The gradient of the entropy.
        for i in 0..dim {
            match self.family {
                Family::MeanField => of_spread[i] += 1.0,
                Family::FullRank => of_spread[i * dim + i] += self.diagonal(i).recip(),
            }
        }
        if let Some(value) = gradient.iter().find(|g| !g.is_finite()) {
            let (site, what) = ("a draw of the approximation".to_owned(), "the gradient of the ELBO".to_owned());
            let hint = "take more draws for each gradient (`Advi::particles`), or rescale the model".to_owned();
            return Err(Error::NonFinite { step: step as u64, site, what, value: *value, hint });
        }
        if self.squares.is_empty() {
            self.squares = gradient.iter().map(|g| g * g).collect();
        } else {
            self.squares.iter_mut().zip(&gradient).for_each(|(s, g)| *s = 0.9 * *s + 0.1 * g * g);
        }
        let rate = eta / (step as f64).sqrt();
        let parameters = self.mean.iter_mut().chain(&mut self.spread);
        for ((parameter, g), s) in parameters.zip(gradient).zip(&self.squares) {
            *parameter += rate * g / (1.0 + s.sqrt());
        }
        Ok(())
    }

    fn gaussian(self) -> Result<Gaussian> {
        let dim = self.mean.len();
        let factor = match self.family {
            Family::MeanField => Some((0..dim * dim).map(|i| if i / dim == i % dim { self.diagonal(i / dim) } else { 0.0 }).collect()),
            // With a positive diagonal.
            Family::FullRank => cholesky(&squared(&self.spread, dim), dim),
        };
        let singular = || Error::Unsupported { what: "a full-rank approximation".into(), problem: "its covariance is singular".into() };
        Ok(Gaussian { factor: factor.ok_or_else(singular)?, mean: self.mean })
    }
}
