//! A normal distribution in unconstrained space.

use std::f64::consts::TAU;

use vi_graph::Key;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

use super::lbfgs::dot;
use super::matrix::{log_diagonal, multiply_lower, solve_lower, squared};

/// `N(mean, L Lᵀ)` with a lower triangular `L`.
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

    /// The log density at `x`.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let mut u: Vec<f64> = x.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
        solve_lower(&self.factor, &mut u);
        self.log_density_of_noise(&u)
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

/// Standard normal numbers of the stream of `key`.
pub(super) fn standard_normal(count: usize, key: Key) -> Vec<f64> {
    let mut noise = vec![0.0; count];
    fill_f64(NoiseKind::Normal, key, &mut noise);
    noise
}
