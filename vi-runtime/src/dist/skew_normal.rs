//! The skew normal distribution.

use std::f64::consts::{FRAC_2_PI, LN_2};

use burn::tensor::{Float, Tensor};

use super::normal::HALF_LN_2PI;
use super::{Distribution, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Skew normal about `loc` with scale `scale` and slant `shape`: normal where `shape` is 0, half-normal where it is `±∞`;
    /// support: the real numbers.
    ///
    /// `log p(x) = ln 2 − ½ z² − ½ ln 2π − ln scale + ln Φ(shape · z)`, `z = (x − loc)/scale` (Azzalini 1985)
    ///
    /// # Shapes
    /// `loc`, `scale`, `shape` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    SkewNormal { loc: L, scale: S, shape: A }
}

impl<const D: usize> SkewNormal<D> {
    /// `1/√(1 + shape²)`
    fn cosine(&self) -> Operand<D> {
        (self.shape.clone().square() + 1.0).sqrt().recip()
    }
}

impl<const D: usize> Distribution<D> for SkewNormal<D> {
    type Kind = Float;

    family_methods! { SkewNormal { loc: Real, scale: Positive, shape: Real } }

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let z = (Operand::Tensor(value.clone()) - self.loc.clone()) / self.scale.clone();
        let constant = self.scale.clone().ln() + (HALF_LN_2PI - LN_2);
        // An infinite value is impossible by its square; times a shape of 0 it is no number.
        let near = z.clone().map(|z| z, |z| z.clone().mask_fill(z.is_inf(), 0.0));
        let side = (near * self.shape.clone()).into_tensor();
        (Operand::Tensor(special::log_ndtr(side)) - z.square() * 0.5 - constant).into_tensor()
    }

    /// `(shape · |z₁| + z₂)/√(1 + shape²)` of two normal draws.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let side = Operand::Tensor(noise.normal(self.batch.dims())?.abs());
        let z = Operand::Tensor(noise.normal(self.batch.dims())?);
        let z = (side * self.shape.clone() + z) * self.cosine();
        Ok((z * self.scale.clone() + self.loc.clone()).into_tensor())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for SkewNormal<D> {
    /// `loc + scale δ √(2/π)`, `δ = shape/√(1 + shape²)`
    fn mean(&self) -> Tensor<D> {
        let delta = self.shape.clone() * self.cosine();
        self.batch.fill(self.loc.clone() + self.scale.clone() * delta * FRAC_2_PI.sqrt())
    }

    /// `scale² (1 − 2δ²/π)`
    fn variance(&self) -> Tensor<D> {
        let delta = self.shape.clone() * self.cosine();
        self.batch.fill(self.scale.clone().square() * (1.0 - delta.square() * FRAC_2_PI))
    }
}
