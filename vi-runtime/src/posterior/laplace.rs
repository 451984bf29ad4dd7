//! Laplace's approximation.

use std::f64::consts::TAU;

use vi_graph::Key;

use super::density::LogDensity;
use super::gaussian::Gaussian;
use super::map::{Map, Mode};
use super::matrix::{cholesky, inverse, log_diagonal};
use crate::error::{Error, Result};
use crate::program::{DrawsSource, Latents, Program};
use crate::setters::setters;

/// The normal distribution in unconstrained space with the posterior's mode and curvature there (Laplace 1774; Tierney and
/// Kadane 1986).
///
/// The defaults: those of [`Map`], 1 000 draws.
#[derive(Clone, Debug)]
pub struct Laplace {
    map: Map,
    draws: usize,
    seed: u64,
}

/// A Laplace approximation of a model's posterior.
#[derive(Clone, Debug)]
pub struct LaplaceFit<L> {
    /// Draws of the latent and deterministic sites, one field a site.
    pub draws: L,
    /// The approximation in unconstrained space.
    pub gaussian: Gaussian,
    /// The mode and how it was found.
    pub mode: Mode,
    /// `ln p(x, z*) + ½ dim ln 2π − ½ ln |−H|`, an estimate of the log evidence; exact where the posterior is normal in
    /// unconstrained space.
    pub log_evidence: f64,
}

impl Default for Laplace {
    fn default() -> Self {
        Self::new()
    }
}

impl Laplace {
    /// With the defaults.
    pub fn new() -> Self {
        Laplace { map: Map::new(), draws: 1_000, seed: 0 }
    }

    setters! {
        /// How the mode is found.
        map: Map;

        /// How many draws of the approximation are made.
        draws: usize;
    }

    /// The seed of the starts and of the draws.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.map = self.map.seed(seed);
        self.seed = seed;
        self
    }

    /// The approximation of the posterior of `model`.
    ///
    /// # Errors
    /// Those of [`Unconstrained::build`](super::Unconstrained::build), of [`Map::find`] and of [`fit`](Self::fit).
    pub fn run<M: Program + Clone>(&self, model: &M) -> Result<LaplaceFit<M::Latents>> {
        let density = LogDensity::new(model)?;
        let (mode, gaussian, log_evidence) = self.fit(&density)?;
        let (points, _) = gaussian.draw(self.draws, Key::new(self.seed).site("draws"));
        let draws = M::Latents::collect(&mut if points.is_empty() { DrawsSource::default() } else { density.draws(&points)? })?;
        Ok(LaplaceFit { draws, gaussian, mode, log_evidence })
    }

    /// The mode of a density, the normal distribution there, and the estimate of the log evidence.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where minus the Hessian is not positive definite: the search stopped short of a mode, or there is
    /// none.
    pub fn fit<M: Program + Clone>(&self, density: &LogDensity<M>) -> Result<(Mode, Gaussian, f64)> {
        let mode = self.map.find(density)?;
        let n = density.dim();
        let precision: Vec<f64> = density.hessian(&mode.x)?.iter().map(|h| -h).collect();
        let not_a_mode = || {
            let worst = (0..n).min_by(|&i, &j| precision[i * n + i].total_cmp(&precision[j * n + j])).unwrap_or(0);
            let site = density.coordinates().find(|(_, range)| range.contains(&worst)).map_or("", |(site, _)| site);
            let curvature = precision[worst * n + worst];
            Error::Unsupported {
                what: "a Laplace approximation".into(),
                problem: format!(
                    "minus the Hessian is not positive definite where the search ended ({}); the least curvature of a coordinate is {curvature} at site `{site}`",
                    mode.stopped
                ),
            }
        };
        let gaussian = normal_of(&mode.x, &precision).ok_or_else(not_a_mode)?;
        let log_evidence = mode.log_density + 0.5 * n as f64 * TAU.ln() + log_diagonal(&gaussian.factor, n);
        Ok((mode, gaussian, log_evidence))
    }
}

/// The normal distribution about `x` with the curvature there; absent where minus the Hessian is not positive definite.
pub(super) fn normal_at<M: Program + Clone>(density: &LogDensity<M>, x: &[f64]) -> Result<Option<Gaussian>> {
    let precision: Vec<f64> = density.hessian(x)?.iter().map(|h| -h).collect();
    Ok(normal_of(x, &precision))
}

fn normal_of(mean: &[f64], precision: &[f64]) -> Option<Gaussian> {
    let n = mean.len();
    let factor = cholesky(precision, n).and_then(|l| cholesky(&inverse(&l, n), n))?;
    Some(Gaussian { mean: mean.to_vec(), factor })
}
