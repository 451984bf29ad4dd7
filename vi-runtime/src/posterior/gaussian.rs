//! A normal distribution in unconstrained space.

use std::f64::consts::TAU;
use std::fmt;

use vi_graph::Key;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

use super::density::LogDensity;
use super::lbfgs::dot;
use super::matrix::{log_diagonal, multiply_lower, solve_lower, squared};
use crate::diagnostics::psis;
use crate::error::{Error, Result};
use crate::program::Program;

/// `N(mean, L Lᵀ)` with a lower triangular `L`.
///
/// # Panics
/// Methods without an error panic where `factor` is smaller than its shape says.
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian {
    /// The mean, one number a coordinate.
    pub mean: Vec<f64>,
    /// `L`, `[dim, dim]` in row-major order.
    pub factor: Vec<f64>,
}

impl Gaussian {
    /// The number of coordinates.
    pub fn dim(&self) -> usize {
        self.mean.len()
    }

    /// The covariance, `[dim, dim]` in row-major order.
    pub fn covariance(&self) -> Vec<f64> {
        squared(&self.factor, self.dim())
    }

    /// The standard deviation of each coordinate.
    pub fn sd(&self) -> Vec<f64> {
        let n = self.dim();
        self.factor.chunks_exact(n.max(1)).map(|row| dot(row, row).sqrt()).collect()
    }

    /// The entropy in nats: `½ dim (1 + ln 2π) + ln |L|`.
    pub fn entropy(&self) -> f64 {
        0.5 * self.dim() as f64 * (1.0 + TAU.ln()) + log_diagonal(&self.factor, self.dim())
    }

    /// `KL(self ‖ other)` in nats: `½ (|M|² + |u|² − dim) − ln |M|` with `M = L'⁻¹ L` and `u = L'⁻¹ (mean − mean')`.
    pub fn divergence_to(&self, other: &Gaussian) -> f64 {
        let dim = self.dim();
        let u = other.noise_of(&self.mean);
        let mut squares = dot(&u, &u);
        let mut column = vec![0.0; dim];
        for j in 0..dim {
            column.iter_mut().enumerate().for_each(|(i, to)| *to = self.factor[i * dim + j]);
            solve_lower(&other.factor, &mut column);
            squares += dot(&column, &column);
        }
        0.5 * (squares - dim as f64) - log_diagonal(&self.factor, dim) + log_diagonal(&other.factor, dim)
    }

    /// The log density at `x`.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        self.log_density_of_noise(&self.noise_of(x))
    }

    /// `L⁻¹ (x − mean)`.
    pub(super) fn noise_of(&self, x: &[f64]) -> Vec<f64> {
        let mut u: Vec<f64> = x.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
        solve_lower(&self.factor, &mut u);
        u
    }

    /// Checks that it has the dimension of a density.
    pub(super) fn fits<M: Program + Clone>(&self, density: &LogDensity<M>) -> Result<()> {
        let (found, factor, dim) = (self.dim(), self.factor.len(), density.dim());
        if found == dim && factor == dim * dim {
            return Ok(());
        }
        let problem = format!("mean of {found} numbers and factor of {factor}, but the model has {dim} coordinates");
        Err(Error::Config { setting: "the normal distribution".into(), problem })
    }

    /// How well it approximates a density, from some draws.
    ///
    /// # Errors
    /// [`Error::Config`] for 0 draws or another dimension; as [`LogDensity::log_density`].
    pub fn quality<M: Program + Clone>(&self, density: &LogDensity<M>, draws: usize, key: Key) -> Result<Quality> {
        self.fits(density)?;
        if draws == 0 {
            return Err(Error::Config { setting: "draws".into(), problem: "0; an estimate needs at least one".into() });
        }
        let (points, log_q) = self.draw(draws, key);
        Quality::of(density, &points, &log_q)
    }

    /// The log density of `mean + L u`.
    pub(super) fn log_density_of_noise(&self, u: &[f64]) -> f64 {
        -0.5 * (dot(u, u) + self.dim() as f64 * TAU.ln()) - log_diagonal(&self.factor, self.dim())
    }

    /// `mean + L u`.
    pub(super) fn place(&self, u: &[f64], to: &mut [f64]) {
        multiply_lower(&self.factor, u, to);
        to.iter_mut().zip(&self.mean).for_each(|(to, m)| *to += m);
    }

    /// Independent draws, `[draws, dim]` in row-major order, and the log density of each.
    pub fn draw(&self, draws: usize, key: Key) -> (Vec<f64>, Vec<f64>) {
        let n = self.dim();
        let noise = standard_normal(draws * n, key);
        let (mut points, mut densities) = (vec![0.0; draws * n], Vec::with_capacity(draws));
        for (u, to) in noise.chunks_exact(n.max(1)).zip(points.chunks_exact_mut(n.max(1))) {
            self.place(u, to);
            densities.push(self.log_density_of_noise(u));
        }
        (points, densities)
    }
}

/// How well an approximation fits a density.
#[derive(Clone, Debug, PartialEq)]
pub struct Quality {
    /// The ELBO, in nats.
    pub elbo: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// `k̂` of the importance weights (Vehtari et al. 2024): above 0.7 they cannot correct the approximation.
    pub k_hat: f64,
}

impl Quality {
    /// From draws, `[draws, dim]`, and their log densities under the approximation.
    pub(super) fn of<M: Program + Clone>(density: &LogDensity<M>, points: &[f64], log_q: &[f64]) -> Result<Self> {
        let mut log_p = vec![0.0; log_q.len()];
        density.log_densities(points, &mut log_p)?;
        let ratios: Vec<f64> = log_p.iter().zip(log_q).map(|(p, q)| p - q).collect();
        let (elbo, standard_error) = mean_and_error(&ratios);
        Ok(Quality { elbo, standard_error, k_hat: psis(&ratios).k })
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Quality { elbo, standard_error, k_hat } = self;
        write!(f, "ELBO {elbo:.3} ± {standard_error:.3}, k-hat {k_hat:.2}")
    }
}

/// The mean of independent terms and its standard error.
pub(super) fn mean_and_error(terms: &[f64]) -> (f64, f64) {
    let n = terms.len() as f64;
    let mean = terms.iter().sum::<f64>() / n;
    let variance = terms.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    (mean, (variance / n).sqrt())
}

/// Standard normal numbers of the stream of `key`.
pub(super) fn standard_normal(count: usize, key: Key) -> Vec<f64> {
    let mut noise = vec![0.0; count];
    fill_f64(NoiseKind::Normal, key, &mut noise);
    noise
}
