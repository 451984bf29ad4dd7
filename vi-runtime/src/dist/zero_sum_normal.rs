//! Normal vectors whose elements sum to zero.

use burn::tensor::{Float, Tensor};

use super::density::{full, minus_infinity, spread};
use super::matrices::{event, event_methods, finite, merged, one_an_event, part, scored};
use super::normal::HALF_LN_2PI;
use super::{Batch, Constraint, Distribution, Entropy, Moments, Params, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand};

/// Vectors of `size` independent normal numbers of standard deviation `scale`, less their mean; support: the vectors with
/// sum 0.
///
/// `log p(x) = −½ Σₖ (xₖ/scale)² − (K − 1) (ln scale + ½ ln 2π)`, a density on the `K − 1` dimensions that the vectors have:
/// that of independent normal coordinates in any orthonormal basis of them
///
/// Source: Rao (1973), Linear Statistical Inference and Its Applications, section 8a, the singular normal distribution.
///
/// `x` is used as given: that it sums to 0 is not checked.
///
/// # Shapes
/// `scale`: `[batch, 1]`, the value: `[batch, K]`; the last dimension of the value is the event.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive and finite.
#[derive(Clone, Debug)]
pub struct ZeroSumNormal<const D: usize> {
    size: usize,
    scale: Operand<D>,
    batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

impl<const D: usize> ZeroSumNormal<D> {
    /// Vectors of `size` elements; `scale` is a number, a tensor or a reference.
    pub fn new<S>(size: usize, scale: S) -> Self
    where
        (S,): Params<D, 1>,
    {
        let [scale] = Params::operands((scale,));
        Self::of(size, scale)
    }

    fn of(size: usize, scale: Operand<D>) -> Self {
        let (batch, conflict) = merged([event("size", &[size]), part("scale", &scale)]);
        let conflict = one_an_event("scale", &scale, 1).or(conflict);
        ZeroSumNormal { size, scale, batch, conflict }
    }

    /// The same distribution over independent copies that fill `shape`, whose last dimension is K; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> ZeroSumNormal<E> {
        let mut expanded = ZeroSumNormal::of(self.size, self.scale.lift::<E>());
        expanded.conflict = expanded.conflict.or(self.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }
}

impl<const D: usize> Distribution<D> for ZeroSumNormal<D> {
    type Kind = Float;

    event_methods! { ZeroSumNormal, ZeroSum, 1, scale }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let (value, outside) = finite(value, 1);
        let squares = Operand::Tensor(value.square().sum_dim(D - 1));
        let squares = squares / self.scale.clone().square() * 0.5;
        minus_infinity((-squares - (self.scale.clone().ln() + HALF_LN_2PI) * (self.size as f64 - 1.0)).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let standard = noise.normal(self.shape())?;
        let centred = standard.clone() - standard.mean_dim(D - 1);
        Ok(centred * full(&self.scale, self.shape(), noise))
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("scale", self.scale.any(), Constraint::Positive);
    }
}

impl<const D: usize> Moments<D> for ZeroSumNormal<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(Operand::Number(0.0))
    }

    /// `scale² (1 − 1/K)`
    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().square() * (1.0 - 1.0 / self.size as f64))
    }
}

impl<const D: usize> Entropy<D> for ZeroSumNormal<D> {
    /// `(K − 1) (½ ln 2πe + ln scale)`
    fn entropy(&self) -> Tensor<D> {
        let each = (self.scale.clone().ln() + (HALF_LN_2PI + 0.5)) * (self.size as f64 - 1.0);
        spread(each.tensor(&self.batch.placement()), scored(self.shape(), 1))
    }
}
