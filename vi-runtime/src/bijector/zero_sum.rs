//! Onto the vectors with sum 0.

use burn::tensor::Tensor;

use super::{Bijector, no_volume, resized};
use crate::support::Support;

/// Vectors of `K − 1` real numbers onto the vectors of `K` numbers with sum 0; lengths and angles stay.
///
/// The reflection that takes `(0, …, 0, 1)` to `(1, …, 1)/√K`, applied to `(x, 0)` (Golub and Van Loan 2013, Matrix
/// Computations, section 5.1): with `S = Σ xₖ`, `yₖ = xₖ − S/(K + √K)` and `y_K = −S/√K`. Independent
/// normal `x` of one scale give the normal distribution conditioned on sum 0.
///
/// The determinant is that of the volume in the plane of sum 0.
#[derive(Clone, Copy, Debug)]
pub struct ZeroSum;

impl<const D: usize> Bijector<D> for ZeroSum {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let size = (x.dims()[D - 1] + 1) as f64;
        let sum = x.clone().sum_dim(D - 1);
        let last = sum.clone().mul_scalar(-size.sqrt().recip());
        Tensor::cat(vec![x - sum.mul_scalar((size + size.sqrt()).recip()), last], D - 1)
    }

    /// `xₖ = yₖ − y_K/(1 + √K)`
    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        let size = y.dims()[D - 1];
        let last = y.clone().narrow(D - 1, size - 1, 1);
        y.narrow(D - 1, 0, size - 1) - last.mul_scalar((1.0 + (size as f64).sqrt()).recip())
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        no_volume(x)
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
        Support::ZeroSum
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        resized(constrained, |size| size.saturating_sub(1))
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        resized(unconstrained, |size| size + 1)
    }
}
