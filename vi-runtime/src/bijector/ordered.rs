//! Onto vectors whose elements increase.

use burn::tensor::Tensor;

use super::{Bijector, epsilon, exp_summable};
use crate::support::Support;

/// Onto the vectors whose elements increase: `y₁ = x₁`, `yₖ = yₖ₋₁ + exp(xₖ)` (Stan Reference Manual, "Ordered vector").
#[derive(Clone, Copy, Debug)]
pub struct Ordered;

/// Onto the vectors of positive numbers that increase: `yₖ = exp(x₁) + … + exp(xₖ)`.
#[derive(Clone, Copy, Debug)]
pub struct PositiveOrdered;

/// Steps between neighbours, of which each is large enough that it is not lost when it is added to what lies below it:
/// `reach` bounds the elements up to there.
fn visible<const D: usize>(steps: Tensor<D>, reach: Tensor<D>) -> Tensor<D> {
    let smallest = reach.mul_scalar(8.0 * epsilon(&steps));
    steps.max_pair(smallest)
}

/// `ln(yₖ − yₖ₋₁)` for `k ≥ 2`.
fn log_steps<const D: usize>(y: &Tensor<D>) -> Tensor<D> {
    let size = y.dims()[D - 1];
    (y.clone().narrow(D - 1, 1, size - 1) - y.clone().narrow(D - 1, 0, size - 1)).log()
}

impl<const D: usize> Bijector<D> for Ordered {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let size = x.dims()[D - 1];
        if size < 2 {
            return x;
        }
        let first = x.clone().narrow(D - 1, 0, 1);
        let steps = exp_summable(x.narrow(D - 1, 1, size - 1), size);
        let reach = first.clone().abs() + steps.clone().cumsum(D - 1);
        let above = visible(steps, reach).cumsum(D - 1) + first.clone();
        Tensor::cat(vec![first, above], D - 1)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        if y.dims()[D - 1] < 2 {
            return y;
        }
        let steps = log_steps(&y);
        Tensor::cat(vec![y.narrow(D - 1, 0, 1), steps], D - 1)
    }

    /// The matrix is triangular with diagonal `1, exp(x₂), …`.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone().sum_dim(D - 1) - x.clone().narrow(D - 1, 0, 1)
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn domain(&self) -> Support {
        Support::RealVector
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::Ordered
    }
}

impl<const D: usize> Bijector<D> for PositiveOrdered {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let size = x.dims()[D - 1];
        let steps = exp_summable(x, size);
        let reach = steps.clone().cumsum(D - 1);
        visible(steps, reach).cumsum(D - 1)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        let first = y.clone().narrow(D - 1, 0, 1).log();
        if y.dims()[D - 1] < 2 {
            return first;
        }
        Tensor::cat(vec![first, log_steps(&y)], D - 1)
    }

    /// The matrix is triangular with diagonal `exp(xₖ)`.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone().sum_dim(D - 1)
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn domain(&self) -> Support {
        Support::RealVector
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::PositiveOrdered
    }
}
