//! Pathfinder: normal approximations along the way to a mode.

use std::fmt;

use vi_graph::Key;

use super::density::LogDensity;
use super::gaussian::{Gaussian, mean_and_error, standard_normal};
use super::inverse_hessian::{Estimate, Normal};
use super::lbfgs::{Lbfgs, Minimum};
use super::map::{climb, start};
use super::matrix::cholesky;
use crate::diagnostics::psis;
use crate::error::{Error, Result};
use crate::program::{Latents, Program};
use crate::setters::setters;

/// Pathfinder (Zhang, Carpenter, Gelman and Vehtari 2022, JMLR 23:306): L-BFGS goes to a mode from each start; at each point of
/// the way the inverse Hessian that it has learned makes a normal approximation, and the one with the largest ELBO is kept. The
/// draws of all paths are resampled with Pareto-smoothed importance weights.
///
/// The defaults: 4 paths, 1 000 draws, seed 0, 6 pairs of history, 32 draws for each ELBO.
#[derive(Clone, Debug)]
pub struct Pathfinder {
    paths: usize,
    draws: usize,
    seed: u64,
    memory: usize,
    elbo_draws: usize,
    looks: usize,
    lbfgs: Lbfgs,
}

/// What Pathfinder found.
#[derive(Clone, Debug)]
pub struct PathfinderFit<L> {
    /// Draws of the latent and deterministic sites, one field a site.
    pub draws: L,
    /// The same draws in unconstrained space, `[draws, dim]` in row-major order.
    pub points: Vec<f64>,
    /// The approximation of each path, the one with the largest ELBO first.
    pub paths: Vec<Path>,
    /// `k̂` of the importance weights of all paths together.
    pub k_hat: f64,
}

/// The best normal approximation of one path.
#[derive(Clone, Debug)]
pub struct Path {
    /// The approximation, in unconstrained space.
    pub gaussian: Gaussian,
    /// Its ELBO, in nats.
    pub elbo: f64,
    /// The standard error of the ELBO.
    pub standard_error: f64,
    /// At which point of the path it was found; the start is 0.
    pub iteration: usize,
    /// How many points the path has.
    pub length: usize,
}

impl<L> PathfinderFit<L> {
    /// The largest ELBO of the paths.
    pub fn elbo(&self) -> f64 {
        self.paths.first().map_or(f64::NEG_INFINITY, |path| path.elbo)
    }
}

impl<L> fmt::Display for PathfinderFit<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for path in &self.paths {
            let Path { elbo, standard_error, .. } = path;
            writeln!(f, "path: ELBO {elbo:.3} ± {standard_error:.3} at point {} of {}", path.iteration, path.length)?;
        }
        write!(f, "k-hat {:.2}", self.k_hat)
    }
}

impl Default for Pathfinder {
    fn default() -> Self {
        Self::new()
    }
}

impl Pathfinder {
    /// With the defaults.
    pub fn new() -> Self {
        Pathfinder { paths: 4, draws: 1_000, seed: 0, memory: 6, elbo_draws: 32, looks: usize::MAX, lbfgs: Lbfgs::new() }
    }

    setters! {
        /// How many paths: the first from the median of the prior, the others from uniform points in `[−2, 2]` of each coordinate.
        paths: usize;

        /// How many draws are kept after resampling.
        draws: usize;

        /// The seed of starts and draws.
        seed: u64;

        /// How many steps of the path an inverse Hessian is made of.
        memory: usize => memory.max(1);

        /// From how many draws the ELBO of each point is estimated.
        elbo_draws: usize => elbo_draws.max(2);
    }

    /// At how many points of a path, at most, an approximation is made: evenly spaced, the last one included.
    pub(super) fn looks(mut self, looks: usize) -> Self {
        self.looks = looks;
        self
    }

    setters! {
        /// How the paths are made.
        lbfgs: Lbfgs;
    }

    /// Draws that approximate the posterior of `model`.
    ///
    /// # Errors
    /// Those of [`Unconstrained::build`](super::Unconstrained::build) and of [`find`](Self::find).
    pub fn run<M: Program + Clone>(&self, model: &M) -> Result<PathfinderFit<M::Latents>> {
        let density = LogDensity::new(model)?;
        let (paths, points, k_hat) = self.find(&density)?;
        let draws = M::Latents::collect(&mut density.draws(&points)?)?;
        Ok(PathfinderFit { draws, points, paths, k_hat })
    }

    /// The approximations of all paths, the best first, resampled draws in unconstrained space, `[draws, dim]`, and `k̂`.
    ///
    /// # Errors
    /// [`Error::Config`] for 0 paths or draws; [`Error::NonFinite`] where no path has a normal approximation with a finite ELBO.
    pub fn find<M: Program + Clone>(&self, density: &LogDensity<M>) -> Result<(Vec<Path>, Vec<f64>, f64)> {
        if self.draws == 0 {
            return Err(Error::Config { setting: "draws".into(), problem: "0; ask for at least one".into() });
        }
        let found = self.approximations(density)?;
        let dim = density.dim();
        // As many candidates as draws from each path, as in the single-path algorithm.
        let mut candidates = Vec::with_capacity(found.len() * self.draws * dim);
        let mut log_q = Vec::with_capacity(found.len() * self.draws);
        for (index, (_, normal)) in found.iter().enumerate() {
            let key = self.key("candidates").fold_in(index as u64);
            let mut points = standard_normal(self.draws * dim, key);
            log_q.extend(points.chunks_exact_mut(dim).map(|point| normal.place(point)));
            candidates.extend(points);
        }
        let mut log_p = vec![0.0; log_q.len()];
        density.log_densities(&candidates, &mut log_p)?;
        let ratios: Vec<f64> = log_p.iter().zip(&log_q).map(|(p, q)| p - q).collect();
        let smoothed = psis(&ratios);
        let chosen = resample(&smoothed.log_weights, self.draws, self.key("resampling"));
        let points = chosen.into_iter().flat_map(|i| candidates[i * dim..(i + 1) * dim].to_vec()).collect();
        Ok((found.into_iter().map(|(path, _)| path).collect(), points, smoothed.k))
    }

    /// The best approximation of all paths, without resampling.
    pub(super) fn best<M: Program + Clone>(&self, density: &LogDensity<M>) -> Result<Path> {
        let mut found = self.approximations(density)?;
        Ok(found.swap_remove(0).0)
    }

    fn key(&self, what: &str) -> Key {
        Key::new(self.seed).site(what)
    }

    /// The best approximation of each path that has one, the best of all first.
    pub(super) fn approximations<M: Program + Clone>(&self, density: &LogDensity<M>) -> Result<Vec<(Path, Normal)>> {
        if self.paths == 0 {
            return Err(Error::Config { setting: "paths".into(), problem: "0; there must be at least one".into() });
        }
        let (mut found, mut problem) = (Vec::new(), None);
        for index in 0..self.paths {
            match self.path(density, index) {
                Ok((path, _)) => found.extend(path),
                Err(error @ Error::NonFinite { .. }) => problem = Some(error),
                Err(error) => return Err(error),
            }
        }
        if found.is_empty() {
            let hint = "no start led to a normal approximation with a finite ELBO; start elsewhere, or rescale the model".to_owned();
            let (what, value) = ("the ELBO of every path".to_owned(), f64::NEG_INFINITY);
            return Err(problem.unwrap_or(Error::NonFinite { step: 0, site: "all sites together".into(), what, value, hint }));
        }
        found.sort_by(|(a, _), (b, _)| b.elbo.total_cmp(&a.elbo));
        Ok(found)
    }

    /// The best approximation on the way from start `index`, and where the way ended.
    pub(super) fn path<M: Program + Clone>(&self, density: &LogDensity<M>, index: usize) -> Result<(Option<(Path, Normal)>, Minimum)> {
        let dim = density.dim();
        let mut estimate = Estimate::new(dim, self.memory);
        let mut normals: Vec<(usize, Normal)> = Vec::new();
        let mut length = 0;
        let from = start(density, Key::new(self.seed), index);
        let end = climb(&self.lbfgs, density, &from, |at| {
            estimate.push(at.x, at.gradient);
            if length > 0 {
                normals.extend(estimate.normal(at.x, at.gradient).map(|normal| (length, normal)));
            }
            length += 1;
        })?;
        // The same noise for all points of a path, so that their ELBOs differ by less than their errors.
        let noise = standard_normal(self.elbo_draws * dim, self.key("path").fold_in(index as u64));
        let mut best: Option<((f64, f64), usize, Normal)> = None;
        let mut log_p = vec![0.0; self.elbo_draws];
        let mut looks = evenly(normals.len(), self.looks);
        normals.retain(|_| looks.next().unwrap_or(false));
        for (iteration, normal) in normals {
            let mut points = noise.clone();
            let log_q: Vec<f64> = points.chunks_exact_mut(dim).map(|point| normal.place(point)).collect();
            density.log_densities(&points, &mut log_p)?;
            let terms: Vec<f64> = log_p.iter().zip(&log_q).map(|(p, q)| p - q).collect();
            let elbo = mean_and_error(&terms);
            if elbo.0.is_finite() && best.as_ref().is_none_or(|(best, ..)| elbo.0 > best.0) {
                best = Some((elbo, iteration, normal));
            }
        }
        let path = best.and_then(|((elbo, standard_error), iteration, normal)| {
            let factor = cholesky(&normal.covariance(), dim)?;
            let gaussian = Gaussian { mean: normal.mean.clone(), factor };
            Some((Path { gaussian, elbo, standard_error, iteration, length }, normal))
        });
        Ok((path, end))
    }
}

/// Which of `count` are taken for at most `most`: evenly spaced, the last one included.
fn evenly(count: usize, most: usize) -> impl Iterator<Item = bool> {
    (0..count).map(move |i| count <= most || (i + 1) * most / count > i * most / count)
}

/// Indices drawn with replacement by their weights: one uniform number for each stratum of the cumulative weights.
fn resample(log_weights: &[f64], count: usize, key: Key) -> Vec<usize> {
    let mut uniforms = vec![0.0; count];
    vi_graph::noise::fill_f64(vi_graph::ir::NoiseKind::Uniform, key, &mut uniforms);
    let (mut index, mut end) = (0, log_weights.first().map_or(0.0, |log| log.exp()));
    let mut chosen = Vec::with_capacity(count);
    for (stratum, u) in uniforms.iter().enumerate() {
        let at = (stratum as f64 + u) / count as f64;
        while at > end && index + 1 < log_weights.len() {
            index += 1;
            end += log_weights[index].exp();
        }
        chosen.push(index);
    }
    chosen
}
