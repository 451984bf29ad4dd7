//! Onto correlation matrices and their Cholesky factors.

use burn::tensor::{Bool, Tensor};

use super::elementwise::tanh;
use super::triangle::{batched, below, diagonal, lower, matrix_shape, packed_shape, row, rows_of_strict};
use super::{Bijector, epsilon, log_sech_squared};
use crate::dist::{exp_positive, limits};
use crate::linalg::{self, below_len};
use crate::special::log1p;
use crate::support::Support;

/// Rows of `n(n−1)/2` real numbers onto the Cholesky factors of `n × n` correlation matrices.
///
/// `z = tanh x` are partial correlations: `Lᵢⱼ = zᵢⱼ wᵢⱼ` below the diagonal and `Lᵢᵢ = wᵢᵢ`, where
/// `wᵢⱼ² = Π (1 − zᵢₖ²)` over `k < j` is what the elements before leave of a row of length 1 (Stan Reference Manual,
/// "Cholesky factors of correlation matrices"). The determinant is over the elements below the diagonal.
///
/// # Shapes
/// `x: [.., 1, n(n−1)/2]`, `y: [.., n, n]`, `n` at least 2.
#[derive(Clone, Copy, Debug)]
pub struct CorrelationCholesky;

impl CorrelationCholesky {
    /// `ln wᵢⱼ` of each element on and below the diagonal.
    fn log_left<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
        let size = rows_of_strict(x.dims()[D - 1]);
        let steps = log_sech_squared(x.clone()).mul_scalar(0.5);
        let sums = lower(steps, constant_row(0.0, size, x)).cumsum(D - 1);
        let before_first = sums.clone().without_autodiff().zeros_like().narrow(D - 1, 0, 1);
        Tensor::cat(vec![before_first, sums.narrow(D - 1, 0, size - 1)], D - 1)
    }
}

/// `Lᵢⱼ/wᵢⱼ` and `ln wᵢⱼ`, the length of the part of a row of length 1 that begins with the element: no digit cancels in that sum.
/// Parts whose squares would lose digits are taken in a unit of their own, in which derivatives stay in range, too.
fn shares_of_rests<const D: usize>(y: Tensor<D>) -> [Tensor<D>; 2] {
    let (tiny, _, _) = limits(y.dtype());
    let (unit, shortest_square) = (tiny.sqrt(), tiny.powf(0.7));
    // No element of a part that is shorter is above this.
    let reach = tiny.powf(0.3);
    let squares = |y: Tensor<D>| y.square().flip([D - 1]).cumsum(D - 1).flip([D - 1]);
    let long = squares(y.clone());
    let is_short = long.clone().lower_elem(shortest_square);
    // Not by division: its derivative in Burn is in single precision.
    let magnified = y.clone().clamp(-reach, reach).mul_scalar(unit.recip());
    let short = squares(magnified.clone()).clamp_min(tiny).sqrt();
    let lengths = long.clamp_min(shortest_square).sqrt().mask_where(is_short.clone(), short);
    let log_unit = y.clone().without_autodiff().zeros_like().mask_fill(is_short.clone(), unit.ln());
    [y.mask_where(is_short, magnified) / lengths.clone(), lengths.log() + log_unit]
}

/// `size` times one number for each matrix that the numbers `like` make.
fn constant_row<const D: usize>(number: f64, size: usize, like: &Tensor<D>) -> Tensor<D> {
    let mut dims = like.dims();
    dims[D - 1] = size;
    Tensor::full(dims, number, (&like.device().inner(), like.dtype()))
}

impl<const D: usize> Bijector<D> for CorrelationCholesky {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let left = exp_positive(Self::log_left(&x));
        let ones = constant_row(1.0, left.dims()[D - 1], &x);
        lower(tanh(x), ones) * left
    }

    /// `artanh z` of `z = Lᵢⱼ/wᵢⱼ`, where `1 − z² = (wᵢⱼ₊₁/wᵢⱼ)²`.
    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        let size = y.dims()[D - 1];
        let [z, left] = shares_of_rests(y);
        // One column on; what moves in from the right stands on the diagonal of the last row, which is not read.
        let rest = Tensor::cat(vec![left.clone().narrow(D - 1, 1, size - 1), left.clone().narrow(D - 1, size - 1, 1)], D - 1);
        // ln(1 + z) − ½ ln(1 − z²) for z ≥ 0, and odd.
        let z = below(z);
        let negative = z.clone().lower_elem(0.0);
        let z = z.clone().mask_where(negative.clone(), z.neg());
        let square = z.clone().square();
        let flat = square.clone().greater_elem(0.5);
        let steep = log1p(square.mask_fill(flat.clone(), 0.5).neg()).mul_scalar(-0.5);
        let x = log1p(z) + steep.mask_where(flat, below(left) - below(rest));
        x.clone().mask_where(negative, x.neg())
    }

    /// `∂Lᵢⱼ/∂xᵢⱼ = wᵢⱼ (1 − zᵢⱼ²)`, the matrix being triangular.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        (below(Self::log_left(x)) + log_sech_squared(x.clone())).sum_dim(D - 1)
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
        Support::CorrelationCholesky
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        packed_shape(constrained, below_len(constrained.last().copied().unwrap_or(0)))
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        matrix_shape(unconstrained, rows_of_strict(unconstrained.last().copied().unwrap_or(0)))
    }
}

/// Rows of `n(n−1)/2` real numbers onto the `n × n` correlation matrices, by [`CorrelationCholesky`]: `y = L Lᵀ`.
///
/// The determinant is over the elements below the diagonal. Where `y` is so close to singular that rounding could make it
/// indefinite, the elements off the diagonal are made smaller by as little as prevents that.
///
/// # Shapes
/// As for [`CorrelationCholesky`].
#[derive(Clone, Copy, Debug)]
pub struct Correlation;

/// By how much the diagonal of a correlation matrix must grow so that rounding cannot make the matrix indefinite, given the
/// logarithm of its determinant; 0 unless it is close to singular.
///
/// The eigenvalues have mean 1, so the smallest is at least the determinant times `((n − 1)/n)ⁿ⁻¹ > 1/e`; rounding the elements
/// moves it by a few units in the last place for each row.
pub(super) fn ridge<const D: usize>(log_det: Tensor<D>, size: usize) -> Tensor<D> {
    let least = 4.0 * size as f64 * epsilon(&log_det);
    exp_positive(log_det.sub_scalar(1.0)).neg().add_scalar(least).clamp_min(0.0)
}

/// True on the diagonal.
pub(super) fn diagonal_mask<const D: usize>(like: &Tensor<D>) -> Tensor<D, Bool> {
    let size = like.dims()[D - 1];
    let mut dims = [1; D];
    (dims[D - 2], dims[D - 1]) = (size, size);
    let ones = (0..size * size).map(|i| f64::from(u8::from(i % (size + 1) == 0))).collect();
    row::<D>(ones, like).reshape(dims).greater_elem(0.5).expand(like.dims())
}

impl<const D: usize> Bijector<D> for Correlation {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let log_diagonal = diagonal(CorrelationCholesky::log_left(&x));
        let size = log_diagonal.dims()[D - 1];
        let grown = ridge(log_diagonal.sum_dim(D - 1).mul_scalar(2.0), size).add_scalar(1.0);
        let factor = CorrelationCholesky.forward(x);
        let product = factor.clone().matmul(factor.clone().swap_dims(D - 2, D - 1));
        (product / grown).mask_fill(diagonal_mask(&factor), 1.0)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        let dims = y.dims();
        CorrelationCholesky.inverse(linalg::cholesky(batched(y)).reshape(dims))
    }

    /// `∂yᵢⱼ/∂Lᵢⱼ = Lⱼⱼ`, the matrix being triangular.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, y: &Tensor<D>) -> Tensor<D> {
        let logarithms = diagonal(CorrelationCholesky::log_left(x));
        let size = logarithms.dims()[D - 1];
        let below = row::<D>((0..size).map(|j| (size - 1 - j) as f64).collect(), x);
        CorrelationCholesky.log_abs_det_jacobian(x, y) + (logarithms * below).sum_dim(D - 1)
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
        Support::Correlation
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        Bijector::<D>::unconstrained_shape(&CorrelationCholesky, constrained)
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        Bijector::<D>::constrained_shape(&CorrelationCholesky, unconstrained)
    }
}
