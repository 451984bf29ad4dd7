//! Random walks with normal steps.

use burn::tensor::{Float, Tensor};

use super::density::{full, minus_infinity, spread};
use super::matrices::{constant, event, event_methods, finite, merged, one_an_event, part, scored};
use super::normal::HALF_LN_2PI;
use super::{Batch, Constraint, Distribution, Entropy, Moments, Params, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand};

/// Series of `num_steps` numbers whose steps, the first from 0, are independent and normal with standard deviation `scale`;
/// support: the real vectors.
///
/// `log p(x) = −½ Σₜ ((xₜ − xₜ₋₁)/scale)² − T (ln scale + ½ ln 2π)`, `x₀ = 0`
///
/// Source: Durbin and Koopman (2012), Time Series Analysis by State Space Methods, chapter 2, the state of the local level model.
///
/// # Shapes
/// `scale`: `[batch, 1]`, the value: `[batch, T]`; the last dimension of the value is the event.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive and finite.
#[derive(Clone, Debug)]
pub struct GaussianRandomWalk<const D: usize> {
    num_steps: usize,
    scale: Operand<D>,
    batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

impl<const D: usize> GaussianRandomWalk<D> {
    /// A walk of `num_steps` steps; `scale` is a number, a tensor or a reference.
    pub fn new<S>(num_steps: usize, scale: S) -> Self
    where
        (S,): Params<D, 1>,
    {
        let [scale] = Params::operands((scale,));
        Self::of(num_steps, scale)
    }

    fn of(num_steps: usize, scale: Operand<D>) -> Self {
        let (batch, conflict) = merged([event("num_steps", &[num_steps]), part("scale", &scale)]);
        let conflict = one_an_event("scale", &scale, 1).or(conflict);
        GaussianRandomWalk { num_steps, scale, batch, conflict }
    }

    /// The same distribution over independent copies that fill `shape`, whose last dimension is T; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> GaussianRandomWalk<E> {
        let mut expanded = GaussianRandomWalk::of(self.num_steps, self.scale.lift::<E>());
        expanded.conflict = expanded.conflict.or(self.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }
}

impl<const D: usize> Distribution<D> for GaussianRandomWalk<D> {
    type Kind = Float;

    event_methods! { GaussianRandomWalk, RealVector, 1, scale }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let steps = self.num_steps;
        let (value, outside) = finite(value, 1);
        let mut squares = value.clone().narrow(D - 1, 0, 1).square();
        if steps > 1 {
            let moves = value.clone().narrow(D - 1, 1, steps - 1) - value.narrow(D - 1, 0, steps - 1);
            squares = squares + moves.square().sum_dim(D - 1);
        }
        let squares = Operand::Tensor(squares) / self.scale.clone().square() * 0.5;
        minus_infinity((-squares - (self.scale.clone().ln() + HALF_LN_2PI) * steps as f64).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(noise.normal(self.shape())?.cumsum(D - 1) * full(&self.scale, self.shape(), noise))
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("scale", self.scale.any(), Constraint::Positive);
    }
}

impl<const D: usize> Moments<D> for GaussianRandomWalk<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(Operand::Number(0.0))
    }

    /// `t scale²`
    fn variance(&self) -> Tensor<D> {
        let mut dims = [1; D];
        dims[D - 1] = self.num_steps;
        let times = constant((1..=self.num_steps).map(|t| t as f64).collect(), dims, &self.batch.placement());
        self.batch.fill(self.scale.clone().square()) * times
    }
}

impl<const D: usize> Entropy<D> for GaussianRandomWalk<D> {
    /// `T (½ ln 2πe + ln scale)`
    fn entropy(&self) -> Tensor<D> {
        let each = (self.scale.clone().ln() + (HALF_LN_2PI + 0.5)) * self.num_steps as f64;
        spread(each.tensor(&self.batch.placement()), scored(self.shape(), 1))
    }
}
