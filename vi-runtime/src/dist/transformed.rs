//! The distribution of a transformed variable.

use std::rc::Rc;

use burn::tensor::{Float, Tensor};

use super::density::{minus_infinity, spread};
use super::independent::sum_event;
use super::{Constraint, Distribution, ShapeConflict};
use crate::bijector::Bijector;
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Placement};
use crate::support::Support;

/// The distribution of `y = f(x)` for `x` from `base` and a bijector `f`.
///
/// `log p(y) = log p_base(f⁻¹(y)) − ln |det ∂f/∂x|`, minus infinity outside the image of `f`
///
/// # Shapes
/// Those of `base` with the event dimensions as the bijector changes them; the event has the larger of the two event ranks.
#[derive(Clone, Debug)]
pub struct TransformedDistribution<const D: usize, T> {
    base: T,
    bijector: Rc<dyn Bijector<D>>,
}

impl<const D: usize, T: Distribution<D, Kind = Float>> TransformedDistribution<D, T> {
    /// `base`, each draw passed through `bijector`.
    pub fn new(base: T, bijector: Rc<dyn Bijector<D>>) -> Self {
        TransformedDistribution { base, bijector }
    }

    fn score(&self, x: &Tensor<D>, y: &Tensor<D>) -> Tensor<D> {
        self.less(self.base.log_prob(x), self.bijector.log_abs_det_jacobian(x, y))
    }

    fn less(&self, base: Tensor<D>, jacobian: Tensor<D>) -> Tensor<D> {
        let event_rank = self.event_rank();
        let base = sum_event(base, self.base.event_rank(), event_rank);
        base - sum_event(jacobian, self.bijector.event_rank(), event_rank)
    }
}

impl<const D: usize, T: Distribution<D, Kind = Float>> Distribution<D> for TransformedDistribution<D, T> {
    type Kind = Float;

    fn name(&self) -> String {
        format!("Transformed({})", self.base.name())
    }

    fn shape(&self) -> [usize; D] {
        let shape = self.bijector.constrained_shape(&self.base.shape());
        std::array::from_fn(|i| shape[i])
    }

    fn event_rank(&self) -> usize {
        self.base.event_rank().max(self.bijector.event_rank())
    }

    fn support(&self) -> Support {
        self.bijector.image(&self.base.support())
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let codomain = self.bijector.codomain();
        let Some(outside) = codomain.outside(value) else {
            let x = self.bijector.inverse(value.clone());
            return self.score(&x, value);
        };
        let value = codomain.replace(value.clone(), outside.clone());
        let log_prob = self.score(&self.bijector.inverse(value.clone()), &value);
        let outside = (D - self.event_rank()..D - codomain.event_rank()).fold(outside, |outside, dim| outside.any_dim(dim));
        let dims = log_prob.dims();
        minus_infinity(log_prob, spread(outside, dims))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.bijector.forward(self.base.draw(noise)?))
    }

    /// Without the inverse, which loses digits where the bijector is flat.
    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<(Tensor<D>, Option<Tensor<D>>)> {
        let x = self.base.draw(noise)?;
        let (y, jacobian) = self.bijector.forward_and_jacobian(x.clone());
        let log_prob = self.less(self.base.log_prob(&x), jacobian);
        Ok((y, Some(log_prob)))
    }

    fn is_reparameterised(&self) -> bool {
        self.base.is_reparameterised()
    }

    fn place(mut self, to: &Placement) -> Self {
        self.base = self.base.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        let shape = self.bijector.unconstrained_shape(&shape);
        self.base = self.base.grow(std::array::from_fn(|i| shape[i]));
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.base.conflict()
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.base.parameters(visit);
    }
}
