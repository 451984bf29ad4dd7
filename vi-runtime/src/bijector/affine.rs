//! Shift and scale.

use burn::tensor::Tensor;

use super::{Bijector, monotone};
use crate::dist::{beside, spread};
use crate::operand::Operand;
use crate::support::Support;

/// `y = loc + scale x`, `scale` not 0.
///
/// # Shapes
/// `loc` and `scale` broadcast against `x` without making it larger.
#[derive(Clone, Debug)]
pub struct Affine<const D: usize> {
    loc: Operand<D>,
    scale: Operand<D>,
}

impl<const D: usize> Affine<D> {
    /// Image of 0 and slope: numbers, tensors or references.
    pub fn new(loc: impl Into<Operand<D>>, scale: impl Into<Operand<D>>) -> Self {
        Affine { loc: loc.into(), scale: scale.into() }
    }
}

impl<const D: usize> Bijector<D> for Affine<D> {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        (Operand::Tensor(x) * self.scale.clone() + self.loc.clone()).into_tensor()
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        ((Operand::Tensor(y) - self.loc.clone()) / self.scale.clone()).into_tensor()
    }

    /// `ln |scale|`
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        match self.scale.clone().map(f64::abs, Tensor::abs).ln() {
            Operand::Number(slope) => x.clone().without_autodiff().full_like(slope),
            slope => spread(beside(&slope, x), x.dims()),
        }
    }

    fn is_decreasing(&self) -> Option<bool> {
        match self.scale {
            Operand::Number(scale) => Some(scale < 0.0),
            _ => None,
        }
    }

    fn is_fixed(&self) -> bool {
        matches!((&self.loc, &self.scale), (Operand::Number(_), Operand::Number(_)))
    }

    fn slope(&self) -> Option<Operand<D>> {
        Some(self.scale.clone())
    }

    fn codomain(&self) -> Support {
        Support::Real
    }

    fn image(&self, of: &Support) -> Support {
        match (&self.loc, &self.scale) {
            (Operand::Number(loc), Operand::Number(scale)) => monotone(of, |x| loc + scale * x),
            // The bounds are tensors, which are not read back.
            _ if of.bounds() != (f64::NEG_INFINITY, f64::INFINITY) => Support::Interval(f64::NEG_INFINITY, f64::INFINITY),
            _ => monotone(of, |x| x),
        }
    }
}
