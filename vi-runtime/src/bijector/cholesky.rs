//! Onto Cholesky factors.

use burn::tensor::Tensor;

use super::Bijector;
use super::triangle::{Triangle, batched, diagonal_places, flatten, pick, row};
use crate::dist::exp_positive;
use crate::linalg;
use crate::support::Support;

/// Rows of `n(n+1)/2` real numbers onto the lower triangular `n × n` matrices with a positive diagonal.
///
/// The numbers are the elements row by row, those of the diagonal as logarithms.
///
/// # Shapes
/// `x: [.., 1, n(n+1)/2]`, `y: [.., n, n]`.
#[derive(Clone, Copy, Debug)]
pub struct LowerCholesky;

/// The matrix of the numbers `x`, of which those on the diagonal are replaced by `diagonal`.
pub(super) fn lower<const D: usize>(x: Tensor<D>, diagonal: Tensor<D>, triangle: Triangle) -> Tensor<D> {
    let (count, size) = (triangle.count(), triangle.size);
    let zeros = diagonal.clone().without_autodiff().zeros_like().narrow(D - 1, 0, 1);
    let numbers = Tensor::cat(vec![x, diagonal, zeros], D - 1);
    triangle.unpack(numbers, |row, column| match triangle.place(row, column) {
        Some(_) if row == column => count + row,
        Some(place) => place,
        None => count + size,
    })
}

/// The numbers of lower triangular matrices, those of the diagonal as logarithms.
pub(super) fn packed<const D: usize>(y: Tensor<D>) -> Tensor<D> {
    let size = y.dims()[D - 1];
    let triangle = Triangle::full(size);
    let flat = flatten(y);
    let logarithms = pick(flat.clone(), &diagonal_places(size)).log();
    let numbers = Tensor::cat(vec![flat, logarithms], D - 1);
    let places: Vec<usize> =
        triangle.in_matrix().into_iter().map(|i| if i % (size + 1) == 0 { size * size + i / (size + 1) } else { i }).collect();
    pick(numbers, &places)
}

impl<const D: usize> Bijector<D> for LowerCholesky {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let triangle = Triangle::full_of(x.dims()[D - 1]);
        let diagonal = exp_positive(pick(x.clone(), &triangle.on_diagonal()));
        lower(x, diagonal, triangle)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        packed(y)
    }

    /// The sum of the logarithms of the diagonal.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        let triangle = Triangle::full_of(x.dims()[D - 1]);
        pick(x.clone(), &triangle.on_diagonal()).sum_dim(D - 1)
    }

    fn event_rank(&self) -> usize {
        2
    }

    fn domain(&self) -> Support {
        Support::RealVector
    }

    fn codomain(&self) -> Support {
        Support::LowerCholesky
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        Triangle::full(constrained.last().copied().unwrap_or(0)).packed_shape(constrained)
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        Triangle::full_of(unconstrained.last().copied().unwrap_or(0)).matrix_shape(unconstrained)
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
/// The determinant is over the elements on and below the diagonal.
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
        let logarithms = pick(flatten(y.clone()), &diagonal_places(size)).log();
        (logarithms * powers).sum_dim(D - 1).add_scalar(size as f64 * std::f64::consts::LN_2).neg()
    }

    fn event_rank(&self) -> usize {
        2
    }

    fn domain(&self) -> Support {
        Support::PositiveDefinite
    }

    fn codomain(&self) -> Support {
        Support::LowerCholesky
    }
}
