//! The continuous uniform distribution.

use burn::tensor::{Bool, Float, Tensor};

use super::density::{minus_infinity, spread};
use super::{Constraint, Distribution, ShapeConflict, family};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::support::Support;

family! {
    /// Uniform between `low` and `high`; support: `[low, high]`.
    ///
    /// `log p(x) = −ln(high − low)`
    ///
    /// Where a bound is not a plain number the support is known only at run time and reported as `(−∞, ∞)`, for which
    /// there is no bijector: draw `u ~ Uniform(0, 1)` instead and use `low + (high − low) u`.
    ///
    /// # Shapes
    /// `low`, `high` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `high − low` is not positive or a parameter is not finite.
    Uniform { low: L, high: H }
}

impl<const D: usize> Uniform<D> {
    fn width(&self) -> Operand<D> {
        self.high.clone() - self.low.clone()
    }
}

impl<const D: usize> Distribution<D> for Uniform<D> {
    type Kind = Float;

    fn name(&self) -> String {
        "Uniform".to_owned()
    }

    fn shape(&self) -> [usize; D] {
        self.batch.dims()
    }

    fn support(&self) -> Support {
        match (&self.low, &self.high) {
            (Operand::Number(low), Operand::Number(high)) => Support::Interval(*low, *high),
            _ => Support::Interval(f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let below = beyond(value, &self.low, Tensor::lower_elem, Tensor::lower);
        let above = beyond(value, &self.high, Tensor::greater_elem, Tensor::greater);
        // The product ties the density to the value, so that a parameter that reaches only this site has a gradient: 0.
        let log_prob = (Operand::Tensor(value.clone().mul_scalar(0.0)) - self.width().ln()).into_tensor();
        let dims = log_prob.dims();
        minus_infinity(log_prob, spread(below, dims).bool_or(spread(above, dims)))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let u = Operand::Tensor(noise.uniform(self.shape())?);
        Ok((u * self.width() + self.low.clone()).into_tensor())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }

    fn place(mut self, to: &Placement) -> Self {
        self.low = self.low.place(to);
        self.high = self.high.place(to);
        self.batch = self.batch.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        self.batch = self.batch.grow(shape);
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.batch.conflict()
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("low", self.low.any(), Constraint::Real);
        visit("high", self.high.any(), Constraint::Real);
        // Bounds that do not broadcast have no difference to check; the conflict is reported first.
        if self.batch.conflict().is_none() {
            visit("high - low", self.width().any(), Constraint::Positive);
        }
    }
}

/// Where `value` lies beyond `bound`, with the dimensions of both.
fn beyond<const D: usize>(
    value: &Tensor<D>,
    bound: &Operand<D>,
    number: impl Fn(Tensor<D>, f64) -> Tensor<D, Bool>,
    tensor: impl Fn(Tensor<D>, Tensor<D>) -> Tensor<D, Bool>,
) -> Tensor<D, Bool> {
    let value = value.clone().without_autodiff();
    match bound {
        Operand::Number(bound) => number(value, *bound),
        bound => {
            // `0 + bound` moves host numbers beside the value.
            let bound = (Operand::Tensor(value.zeros_like()) + bound.clone()).into_tensor().without_autodiff();
            tensor(value.expand::<D, _>(bound.dims()), bound)
        }
    }
}
