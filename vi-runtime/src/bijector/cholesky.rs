//! Onto Cholesky factors.

use burn::tensor::Tensor;

use super::Bijector;
use super::triangle::{batched, below, diagonal, lower, matrix_shape, packed_shape, row, rows_of_full};
use crate::dist::exp_positive;
use crate::linalg::{self, below_len};
use crate::support::Support;

/// Rows of `n(n+1)/2` real numbers onto the lower triangular `n × n` matrices with a positive diagonal.
///
/// The numbers are the elements below the diagonal row by row, then the logarithms of the diagonal (Pinheiro and Bates 1996, the
/// log-Cholesky parametrisation).
///
/// # Shapes
/// `x: [.., 1, n(n+1)/2]`, `y: [.., n, n]`.
#[derive(Clone, Copy, Debug)]
pub struct LowerCholesky;

/// The logarithms of the diagonal, which come last.
pub(super) fn log_diagonal<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    let size = rows_of_full(x.dims()[D - 1]);
    x.clone().narrow(D - 1, below_len(size), size)
}

/// The matrix of the numbers `x` with this diagonal.
pub(super) fn with_diagonal<const D: usize>(x: Tensor<D>, diagonal: Tensor<D>) -> Tensor<D> {
    match below_len(diagonal.dims()[D - 1]) {
        0 => diagonal,
        count => lower(x.narrow(D - 1, 0, count), diagonal),
    }
}

/// The numbers of lower triangular matrices.
pub(super) fn packed<const D: usize>(y: Tensor<D>) -> Tensor<D> {
    let logarithms = diagonal(y.clone()).log();
    if y.dims()[D - 1] < 2 {
        return logarithms;
    }
    Tensor::cat(vec![below(y), logarithms], D - 1)
}

impl<const D: usize> Bijector<D> for LowerCholesky {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let diagonal = exp_positive(log_diagonal(&x));
        with_diagonal(x, diagonal)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        packed(y)
    }

    /// The sum of the logarithms of the diagonal.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        log_diagonal(x).sum_dim(D - 1)
    }

    fn event_rank(&self) -> usize {
        2
    }

    fn domain(&self) -> Support {
        Support::RealVector
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::LowerCholesky
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        let size = constrained.last().copied().unwrap_or(0);
        packed_shape(constrained, below_len(size + 1))
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        matrix_shape(unconstrained, rows_of_full(unconstrained.last().copied().unwrap_or(0)))
    }
}

/// Cholesky factors of correlation matrices to those of covariance matrices with given standard deviations:
/// `y = diag(scales) x`.
///
/// The determinant is over the elements below the diagonal, which determine the rest.
#[derive(Clone, Debug)]
pub struct CovarianceCholesky<const D: usize> {
    scales: Tensor<D>,
}

impl<const D: usize> CovarianceCholesky<D> {
    /// With the standard deviations.
    ///
    /// # Shapes
    /// `scales: [.., n, 1]`, which broadcasts against `[.., n, n]`.
    pub fn new(scales: Tensor<D>) -> Self {
        CovarianceCholesky { scales }
    }
}

impl<const D: usize> Bijector<D> for CovarianceCholesky<D> {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        x * self.scales.clone()
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y / self.scales.clone()
    }

    /// `Σᵢ (i − 1) ln scaleᵢ`
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        let mut dims = x.dims();
        let below = row::<D>((0..dims[D - 2]).map(|i| i as f64).collect(), x).swap_dims(D - 2, D - 1);
        (dims[D - 2], dims[D - 1]) = (1, 1);
        (self.scales.clone().log() * below).sum_dim(D - 2).expand(dims)
    }

    fn event_rank(&self) -> usize {
        2
    }

    fn domain(&self) -> Support {
        Support::CorrelationCholesky
    }

    fn codomain(&self) -> Support {
        Support::LowerCholesky
    }
}

/// Positive definite matrices to their Cholesky factors: `y yᵀ = x`.
///
/// The determinant is over the elements on and below the diagonal (Muirhead 1982, Aspects of Multivariate Statistical Theory,
/// theorem 2.1.9).
#[derive(Clone, Copy, Debug)]
pub struct CholeskyFactor;

impl<const D: usize> Bijector<D> for CholeskyFactor {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let dims = x.dims();
        linalg::cholesky(batched(x)).reshape(dims)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.clone().matmul(y.swap_dims(D - 2, D - 1))
    }

    /// `−n ln 2 − Σᵢ (n − i + 1) ln yᵢᵢ`
    fn log_abs_det_jacobian(&self, _x: &Tensor<D>, y: &Tensor<D>) -> Tensor<D> {
        let size = y.dims()[D - 1];
        let powers = row::<D>((0..size).map(|i| (size - i) as f64).collect(), y);
        let logarithms = diagonal(y.clone()).log();
        (logarithms * powers).sum_dim(D - 1).add_scalar(size as f64 * std::f64::consts::LN_2).neg()
    }

    fn event_rank(&self) -> usize {
        2
    }

    fn domain(&self) -> Support {
        Support::PositiveDefinite
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::LowerCholesky
    }
}
