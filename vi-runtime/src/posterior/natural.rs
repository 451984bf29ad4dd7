//! Natural-gradient variational inference with a normal distribution.

use std::fmt;

use vi_graph::Key;

use super::density::LogDensity;
use super::gaussian::{Gaussian, Quality, standard_normal};
use super::lbfgs::{add, dot, norm};
use super::matrix::{cholesky, inverse, multiply_lower, multiply_lower_transposed, solve_lower, solve_lower_transposed};
use super::natural_mean::{Means, Settled};
use super::pathfinder::Pathfinder;
use crate::error::{Error, Result};
use crate::optim::Schedule;
use crate::program::{Latents, Program};
use crate::setters::setters;
use crate::setting::Numbers;

/// The normal distribution in unconstrained space with the largest ELBO, by steps along the natural gradient: the Bayesian
/// learning rule (Khan and Rue 2023).
///
/// With the precision `Λ`, the mean `m` and expectations under `N(m, Λ⁻¹)`, a step of rate `ρ` is
///
/// ```text
/// Λ ← (1 − ρ) Λ + ρ E[−∇² log p],     m ← m + ρ Λ⁻¹ E[∇ log p]
/// ```
///
/// with the new `Λ` in the second formula. Where that would take from `Λ` more than half in a direction, it becomes
/// `Λ − ρ G + ½ ρ² G Λ⁻¹ G` with `G = Λ + E[∇² log p]`, which is never less than `½ Λ` (Lin, Schmidt and Khan 2020). A step moves
/// the mean by no more than `10 √dim` standard deviations, and is halved where it leads to draws without a finite gradient.
///
/// The expectations are read off a linear regression of the gradients at pairs of draws `m ± L u` on the draws (Salimans and
/// Knowles 2013): its slope is an estimate of `E[∇² log p]` by Stein's identity. No second derivative is taken, and where the
/// posterior is normal, one step of rate 1 ends at it whatever the draws, unless it has more than twice the variance in a direction.
///
/// After 64, 128, 256, … steps the mean of the natural parameters `Λ` and `Λ m` over the last half of the steps is compared with that
/// over the quarter before; the steps end where its divergence from that is below the tolerance, and the result is that mean. The start
/// is Pathfinder's approximation. A step costs `O(dim³)` and as many gradients as there are particles.
///
/// The defaults: at most 4 096 steps of rate 0.2, tolerance 0.0005 nats a coordinate, 128 particles or 4 a coordinate where that is
/// more, 1 000 draws, seed 0.
#[derive(Clone, Debug)]
pub struct NaturalGradient {
    steps: u64,
    rate: Schedule,
    tolerance: f64,
    particles: Option<usize>,
    draws: usize,
    pathfinder: Pathfinder,
    seed: u64,
}

/// A normal approximation of a model's posterior that natural gradients have found.
#[derive(Clone, Debug)]
pub struct NaturalGradientFit<L> {
    /// Draws of the latent and deterministic sites, one field a site.
    pub draws: L,
    /// The approximation in unconstrained space.
    pub gaussian: Gaussian,
    /// Its ELBO and `k̂`, from as many draws.
    pub quality: Quality,
    /// Where the steps ended.
    pub settled: Settled,
}

impl<L> fmt::Display for NaturalGradientFit<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.quality, self.settled)
    }
}

impl Default for NaturalGradient {
    fn default() -> Self {
        Self::new()
    }
}

impl NaturalGradient {
    /// With the defaults.
    pub fn new() -> Self {
        NaturalGradient {
            steps: 4_096,
            rate: Schedule::Constant(0.2),
            tolerance: 5e-4,
            particles: None,
            draws: 1_000,
            pathfinder: Pathfinder::new(),
            seed: 0,
        }
    }

    setters! {
        /// How many steps are made at most.
        steps: u64;

        /// The rate `ρ` of each step, in `(0, 1]`.
        rate: impl Into<Schedule> => rate.into();

        /// The divergence, in nats for each coordinate, below which two means of successive steps are taken to be the same; 0 for all
        /// steps.
        tolerance: f64;

        /// From how many draws the expectations of a step are estimated: an even number, at least `2 (dim + 1)`.
        particles: usize => Some(particles);

        /// How many draws of the approximation are made.
        draws: usize;

        /// How the start is found.
        pathfinder: Pathfinder;
    }

    /// The seed of Pathfinder, of the steps and of the draws.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.pathfinder = self.pathfinder.seed(seed);
        self.seed = seed;
        self
    }

    /// The approximation of the posterior of `model`.
    ///
    /// # Errors
    /// Those of [`Unconstrained::build`](super::Unconstrained::build) and of [`find`](Self::find); [`Error::Config`] for 0 draws.
    pub fn run<M: Program + Clone>(&self, model: &M) -> Result<NaturalGradientFit<M::Latents>> {
        let density = LogDensity::new(model)?;
        let (gaussian, settled) = self.find(&density)?;
        let key = Key::new(self.seed).site("draws");
        let quality = gaussian.quality(&density, self.draws, key)?;
        let (points, _) = gaussian.draw(self.draws, key);
        Ok(NaturalGradientFit { draws: M::Latents::collect(&mut density.draws(&points)?)?, gaussian, quality, settled })
    }

    /// The approximation of a density, and where the steps ended.
    ///
    /// # Errors
    /// Those of [`Pathfinder::find`] and of [`find_from`](Self::find_from).
    pub fn find<M: Program + Clone>(&self, density: &LogDensity<M>) -> Result<(Gaussian, Settled)> {
        self.find_from(density, self.pathfinder.best(density)?.gaussian)
    }

    /// The approximation that the steps from `start` lead to.
    ///
    /// # Errors
    /// [`Error::Config`] for a rate, a tolerance or a number of particles that cannot be used, and a start of another dimension;
    /// [`Error::NonFinite`] where gradients are not finite at draws of the start, or at those of the smallest step.
    pub fn find_from<M: Program + Clone>(&self, density: &LogDensity<M>, start: Gaussian) -> Result<(Gaussian, Settled)> {
        start.fits(density)?;
        let dim = density.dim();
        let particles = self.particles.unwrap_or((4 * dim).max(128));
        if !particles.is_multiple_of(2) || particles < 2 * (dim + 1) {
            let problem = format!("{particles}; {dim} coordinates need an even number of at least {}", 2 * (dim + 1));
            return Err(Error::Config { setting: "particles".into(), problem });
        }
        Numbers::Limit.check("tolerance of NaturalGradient", self.tolerance)?;
        let key = Key::new(self.seed).site("steps");
        let mut at = start;
        let mut local = Local::at(density, &at, particles, key.fold_in(0), 0)?;
        let mut means = Means::new(dim);
        for step in 0..self.steps {
            let mut rate = self.rate.at(step);
            if !(rate > 0.0 && rate <= 1.0) {
                return Err(Error::Config { setting: "rate".into(), problem: format!("{rate} in step {step} is not in (0, 1]") });
            }
            let smallest = rate * SMALLEST;
            loop {
                let key = key.fold_in(step + 1);
                let next = match local.moved(&at, rate) {
                    Some(next) => Local::at(density, &next, particles, key, step + 1).map(|local| (next, local)),
                    None => Err(non_finite(step, f64::NAN)),
                };
                match next {
                    Ok(next) => {
                        (at, local) = next;
                        break;
                    }
                    Err(Error::NonFinite { .. }) if rate > smallest => rate *= 0.5,
                    Err(error) => return Err(error),
                }
            }
            if means.count(&at, step + 1) && means.settled.change < self.tolerance * dim as f64 {
                break;
            }
        }
        Ok(means.result().unwrap_or((at, Settled::default())))
    }
}

/// How far the rate of a step is reduced at most.
const SMALLEST: f64 = 1e-6;

fn non_finite(step: u64, value: f64) -> Error {
    let (site, what) = ("draws of the normal distribution".to_owned(), "the log density or its gradient".to_owned());
    let hint = "start elsewhere (`NaturalGradient::find_from`), or rescale the model".to_owned();
    Error::NonFinite { step, site, what, value, hint }
}

/// Expectations of the gradient under `N(m, L Lᵀ)`, in the coordinates `u` of `x = m + L u`.
struct Local {
    /// `Lᵀ E[∇ log p]`.
    slope: Vec<f64>,
    /// `Lᵀ E[∇² log p] L`, symmetric, `[dim, dim]`.
    curvature: Vec<f64>,
}

impl Local {
    fn at<M: Program + Clone>(density: &LogDensity<M>, gaussian: &Gaussian, particles: usize, key: Key, step: u64) -> Result<Self> {
        let dim = gaussian.dim();
        let mut noise = standard_normal(particles / 2 * dim, key);
        let opposite: Vec<f64> = noise.iter().map(|u| -u).collect();
        noise.extend(opposite);
        let mut points = vec![0.0; particles * dim];
        for (u, to) in noise.chunks_exact(dim).zip(points.chunks_exact_mut(dim)) {
            gaussian.place(u, to);
        }
        let (mut values, mut gradients) = (vec![0.0; particles], vec![0.0; particles * dim]);
        density.log_densities_and_gradients(&points, &mut values, &mut gradients)?;
        if let Some(value) = values.iter().chain(&gradients).find(|x| !x.is_finite()) {
            return Err(non_finite(step, *value));
        }
        let (mut slope, mut squares, mut products) = (vec![0.0; dim], vec![0.0; dim * dim], vec![0.0; dim * dim]);
        let mut pulled = vec![0.0; dim];
        for (u, gradient) in noise.chunks_exact(dim).zip(gradients.chunks_exact(dim)) {
            multiply_lower_transposed(&gaussian.factor, gradient, &mut pulled);
            add(&mut slope, 1.0 / particles as f64, &pulled);
            for (i, u_i) in u.iter().enumerate() {
                add(&mut squares[i * dim..=i * dim + i], *u_i, &u[..=i]);
                add(&mut products[i * dim..(i + 1) * dim], *u_i, &pulled);
            }
        }
        // The means of the noise are 0, so that the slope of the regression is (Σ u uᵀ)⁻¹ Σ u gᵀ, column by column.
        let factor = cholesky(&squares, dim).ok_or_else(|| non_finite(step, f64::NAN))?;
        let mut curvature = vec![0.0; dim * dim];
        let mut column = vec![0.0; dim];
        for j in 0..dim {
            column.iter_mut().enumerate().for_each(|(i, to)| *to = products[i * dim + j]);
            solve_lower(&factor, &mut column);
            solve_lower_transposed(&factor, &mut column);
            for (i, found) in column.iter().enumerate() {
                curvature[i * dim + j] += 0.5 * found;
                curvature[j * dim + i] += 0.5 * found;
            }
        }
        Ok(Local { slope, curvature })
    }

    /// The normal distribution after a step; absent where rounding has left no positive definite precision.
    fn moved(&self, from: &Gaussian, rate: f64) -> Option<Gaussian> {
        let dim = from.dim();
        // The precision in units of the old one: I − ρ (I + curvature).
        let surplus: Vec<f64> = (0..dim * dim).map(|i| self.curvature[i] + unit(i, dim)).collect();
        let mut precision: Vec<f64> = (0..dim * dim).map(|i| unit(i, dim) - rate * surplus[i]).collect();
        let above_half: Vec<f64> = (0..dim * dim).map(|i| precision[i] - 0.5 * unit(i, dim)).collect();
        if cholesky(&above_half, dim).is_none() {
            for i in 0..dim {
                for j in 0..dim {
                    let (row, column) = (&surplus[i * dim..(i + 1) * dim], &surplus[j * dim..(j + 1) * dim]);
                    precision[i * dim + j] += 0.5 * rate * rate * dot(row, column);
                }
            }
        }
        let factor = cholesky(&precision, dim)?;
        let covariance = inverse(&factor, dim);
        let within = cholesky(&covariance, dim)?;
        let mut step = self.slope.clone();
        solve_lower(&factor, &mut step);
        solve_lower_transposed(&factor, &mut step);
        let longest = 10.0 * (dim as f64).sqrt();
        let length = rate * norm(&step);
        let scale = if length > longest { rate * longest / length } else { rate };
        step.iter_mut().for_each(|s| *s *= scale);
        let mut mean = vec![0.0; dim];
        multiply_lower(&from.factor, &step, &mut mean);
        add(&mut mean, 1.0, &from.mean);
        // L times the factor of the covariance in its units, lower triangular again.
        let mut moved = vec![0.0; dim * dim];
        for i in 0..dim {
            for k in 0..=i {
                let outer = from.factor[i * dim + k];
                add(&mut moved[i * dim..=i * dim + k], outer, &within[k * dim..=k * dim + k]);
            }
        }
        let finite = mean.iter().chain(&moved).all(|x| x.is_finite());
        finite.then_some(Gaussian { mean, factor: moved })
    }
}

/// Element `i` of the identity in row-major order.
fn unit(i: usize, dim: usize) -> f64 {
    f64::from(u8::from(i / dim == i % dim))
}
