//! Maps made of other maps.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::{Bijector, Identity};
use crate::operand::Operand;
use crate::support::Support;

/// One map after the other, the first applied first.
#[derive(Clone, Debug)]
pub struct Compose<const D: usize>(pub Vec<Rc<dyn Bijector<D>>>);

impl<const D: usize> Bijector<D> for Compose<D> {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        self.0.iter().fold(x, |x, part| part.forward(x))
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        self.0.iter().rev().fold(y, |y, part| part.inverse(y))
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        self.forward_and_jacobian(x.clone()).1
    }

    fn forward_and_jacobian(&self, x: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        let event_rank = self.event_rank();
        let start = Identity { event_rank }.log_abs_det_jacobian(&x, &x);
        self.0.iter().fold((x, start), |(x, sum), part| {
            let (y, term) = part.forward_and_jacobian(x);
            let term = (D - event_rank..D - part.event_rank()).fold(term, |term, dim| term.sum_dim(dim));
            (y, sum + term)
        })
    }

    fn event_rank(&self) -> usize {
        self.0.iter().map(|part| part.event_rank()).max().unwrap_or(0)
    }

    fn is_decreasing(&self) -> Option<bool> {
        self.0.iter().try_fold(false, |decreasing, part| Some(decreasing != part.is_decreasing()?))
    }

    fn slope(&self) -> Option<Operand<D>> {
        self.0.iter().try_fold(Operand::Number(1.0), |slope, part| Some(slope * part.slope()?))
    }

    /// One part at most is not a straight line.
    fn has_linear_log_jacobian(&self) -> bool {
        let mut curved = self.0.iter().filter(|part| part.slope().is_none());
        curved.next().is_none_or(|part| part.has_linear_log_jacobian()) && curved.next().is_none()
    }

    fn domain(&self) -> Support {
        self.0.first().map_or(Support::Real, |part| part.domain())
    }

    fn is_fixed(&self) -> bool {
        self.0.iter().all(|part| part.is_fixed())
    }

    fn codomain(&self) -> Support {
        let mut parts = self.0.iter();
        let first = parts.next().map_or(Support::Real, |part| part.codomain());
        parts.fold(first, |support, part| part.image(&support))
    }

    fn image(&self, of: &Support) -> Support {
        self.0.iter().fold(*of, |support, part| part.image(&support))
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        self.0.iter().rev().fold(constrained.to_vec(), |shape, part| part.unconstrained_shape(&shape))
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        self.0.iter().fold(unconstrained.to_vec(), |shape, part| part.constrained_shape(&shape))
    }
}

/// The inverse of a map.
#[derive(Clone, Debug)]
pub struct Invert<const D: usize>(pub Rc<dyn Bijector<D>>);

impl<const D: usize> Bijector<D> for Invert<D> {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        self.0.inverse(x)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        self.0.forward(y)
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, y: &Tensor<D>) -> Tensor<D> {
        self.0.log_abs_det_jacobian(y, x).neg()
    }

    fn event_rank(&self) -> usize {
        self.0.event_rank()
    }

    fn is_decreasing(&self) -> Option<bool> {
        self.0.is_decreasing()
    }

    fn slope(&self) -> Option<Operand<D>> {
        self.0.slope().map(Operand::recip)
    }

    fn domain(&self) -> Support {
        self.0.codomain()
    }

    fn is_fixed(&self) -> bool {
        self.0.is_fixed()
    }

    fn codomain(&self) -> Support {
        self.0.domain()
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        self.0.constrained_shape(constrained)
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        self.0.unconstrained_shape(unconstrained)
    }
}
