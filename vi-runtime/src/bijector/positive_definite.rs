//! Onto positive definite matrices.

use burn::tensor::Tensor;

use super::cholesky::{log_diagonal, packed, with_diagonal};
use super::correlation::{diagonal_mask, ridge};
use super::triangle::{batched, row, rows_of_full};
use super::{Bijector, LowerCholesky};
use crate::dist::limits;
use crate::linalg;
use crate::support::Support;

/// Rows of `n(n+1)/2` real numbers onto the symmetric positive definite `n × n` matrices, by [`LowerCholesky`]: `y = L Lᵀ`.
///
/// The determinant is over the elements on and below the diagonal (Muirhead 1982, Aspects of Multivariate Statistical Theory,
/// theorem 2.1.9). Where the matrix is so close to singular that rounding could make it indefinite, its diagonal grows by as little
/// as prevents that.
///
/// # Shapes
/// As for [`LowerCholesky`].
#[derive(Clone, Copy, Debug)]
pub struct PositiveDefinite;

impl<const D: usize> Bijector<D> for PositiveDefinite {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let size = rows_of_full(x.dims()[D - 1]);
        // Squares must neither overflow nor vanish.
        let (tiny, huge, _) = limits(x.dtype());
        let (low, high) = (0.5 * tiny.ln() + 0.1, 0.5 * (huge.ln() - (size as f64).ln()) - 0.1);
        let log_diagonal = log_diagonal(&x).clamp(low, high);
        let factor = with_diagonal(x, log_diagonal.clone().exp());
        let product = factor.clone().matmul(factor.clone().swap_dims(D - 2, D - 1));
        let lengths = factor.clone().square().sum_dim(D - 1);
        let log_det = log_diagonal.sum_dim(D - 1).mul_scalar(2.0) - lengths.log().sum_dim(D - 2);
        let mask = diagonal_mask(&factor);
        let grown = product.clone() * ridge(log_det, size).add_scalar(1.0);
        product.mask_where(mask, grown)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        let dims = y.dims();
        packed(linalg::cholesky(batched(y)).reshape(dims))
    }

    /// `n ln 2 + Σᵢ (n − i + 2) ln Lᵢᵢ`
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        let logarithms = log_diagonal(x);
        let size = logarithms.dims()[D - 1];
        let powers = row::<D>((0..size).map(|i| (size - i + 1) as f64).collect(), x);
        (logarithms * powers).sum_dim(D - 1).add_scalar(size as f64 * std::f64::consts::LN_2)
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
        Support::PositiveDefinite
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        Bijector::<D>::unconstrained_shape(&LowerCholesky, constrained)
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        Bijector::<D>::constrained_shape(&LowerCholesky, unconstrained)
    }
}
