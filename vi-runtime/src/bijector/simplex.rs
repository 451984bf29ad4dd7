//! Onto the simplex.

use burn::tensor::{Tensor, TensorData};

use super::{Bijector, resized};
use crate::dist::{clamp_unit, logistic, softplus};
use crate::support::Support;

/// Vectors of `K − 1` real numbers onto the simplex of `K` probabilities.
///
/// With `sₖ = σ(xₖ − ln(K − k))`, `k = 1..K`: `yₖ = sₖ Πⱼ₍ⱼ﹤ₖ₎ (1 − sⱼ)` and the rest is `y_K`; `x = 0` is the uniform vector
/// (Stan Reference Manual, "Unit simplex").
#[derive(Clone, Copy, Debug)]
pub struct StickBreaking;

impl StickBreaking {
    /// `ln(K − k)` for `k = 1..K`, one for each element of the last dimension of `x`.
    fn offsets<const D: usize>(like: &Tensor<D>) -> Tensor<D> {
        let count = like.dims()[D - 1];
        let offsets: Vec<f64> = (1..=count).rev().map(|left| (left as f64).ln()).collect();
        let mut dims = [1; D];
        dims[D - 1] = count;
        Tensor::from_data(TensorData::new(offsets, dims), (&like.device().inner(), like.dtype()))
    }

    /// `zₖ = xₖ − ln(K − k)` and `ln(1 − sₖ)` with its running sum, `ln(1 − y₁ − … − yₖ)`.
    fn sticks<const D: usize>(x: &Tensor<D>) -> [Tensor<D>; 3] {
        let z = x.clone() - Self::offsets(x);
        let log_rest = softplus(z.clone()).neg();
        let log_left = log_rest.clone().cumsum(D - 1);
        [z, log_rest, log_left]
    }
}

impl<const D: usize> Bijector<D> for StickBreaking {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let [z, _, log_left] = Self::sticks(&x);
        let mut dims = x.dims();
        dims[D - 1] = 1;
        // Stick k is what the ones before it left; the last piece is the whole of its stick.
        let ones = Tensor::ones(dims, (&x.device().inner(), x.dtype()));
        let left = Tensor::cat(vec![ones.clone(), log_left.exp()], D - 1);
        clamp_unit(left * Tensor::cat(vec![logistic(z), ones], D - 1))
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        let count = y.dims()[D - 1];
        // What is left after k, summed from the small end so that no digit cancels.
        let left = y.clone().flip([D - 1]).cumsum(D - 1).flip([D - 1]).narrow(D - 1, 1, count - 1);
        let x = y.narrow(D - 1, 0, count - 1).log() - left.log();
        let offsets = Self::offsets(&x);
        x + offsets
    }

    /// The matrix is triangular with diagonal `∂yₖ/∂xₖ = yₖ (1 − sₖ)`, and `ln yₖ = zₖ + ln(1 − y₁ − … − yₖ)`.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        let [z, log_rest, log_left] = Self::sticks(x);
        (z + log_left + log_rest).sum_dim(D - 1)
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
        Support::Simplex
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        resized(constrained, |size| size.saturating_sub(1))
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        resized(unconstrained, |size| size + 1)
    }
}
