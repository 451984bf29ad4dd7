//! Onto the unit sphere.

use burn::tensor::Tensor;

use super::{Bijector, resized};
use crate::dist::limits;
use crate::support::Support;

/// Vectors of `K − 1` real numbers onto the vectors of length 1 with `K` elements, less the pole `(0, …, 0, 1)`.
///
/// The inverse stereographic projection: with `s = ‖x‖²`, `y = (2x, s − 1)/(1 + s)` (Ratcliffe 2006, Foundations of Hyperbolic
/// Manifolds, section 4.2). No continuous one-to-one map from the real vectors reaches the whole sphere, because the sphere is
/// compact; the one point left out has no mass. Mass that a posterior puts about the pole lies far out in all directions of `x`:
/// where that matters, a `ProjectedNormal` guide has no such point.
///
/// The determinant is that of the area on the sphere.
#[derive(Clone, Copy, Debug)]
pub struct Stereographic;

impl<const D: usize> Bijector<D> for Stereographic {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let square = x.clone().square().sum_dim(D - 1);
        let scale = square.clone().add_scalar(1.0).recip();
        let height = square.sub_scalar(1.0) * scale.clone();
        Tensor::cat(vec![x.mul_scalar(2.0) * scale, height], D - 1)
    }

    /// `x = y/(1 − y_K)` over the other elements; on the upper half `1 − y_K = ‖y‖²/(1 + y_K)`, which does not cancel.
    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        let size = y.dims()[D - 1];
        let (flat, height) = (y.clone().narrow(D - 1, 0, size - 1), y.narrow(D - 1, size - 1, 1));
        let upper = height.clone().greater_elem(0.0);
        let (tiny, _, _) = limits(flat.dtype());
        let square = flat.clone().square().sum_dim(D - 1).clamp_min(tiny).mask_fill(upper.clone().bool_not(), 1.0);
        let gap = height.clone().mask_fill(upper.clone(), 0.0).neg().add_scalar(1.0);
        flat * gap.recip().mask_where(upper, height.add_scalar(1.0) / square)
    }

    /// `(K − 1) ln(2/(1 + s))`: the map is conformal.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        let count = x.dims()[D - 1] as f64;
        let square = x.clone().square().sum_dim(D - 1);
        crate::special::log1p(square).sub_scalar(std::f64::consts::LN_2).mul_scalar(-count)
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
        Support::Sphere
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        resized(constrained, |size| size.saturating_sub(1))
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        resized(unconstrained, |size| size + 1)
    }
}
