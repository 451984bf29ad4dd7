//! The folded normal distribution.

use burn::tensor::{Float, Tensor};

use super::density::minus_infinity;
use super::normal::HALF_LN_2PI;
use super::{Distribution, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// The absolute value of a normal variable with mean `loc` and standard deviation `scale`; support: `[0, ∞)`.
    ///
    /// `log p(x) = −½ ((x − |loc|)/scale)² + ln(1 + e^(−2 x |loc|/scale²)) − ln scale − ½ ln 2π`
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    FoldedNormal { loc: L, scale: S }
}

impl<const D: usize> FoldedNormal<D> {
    /// `|loc|`: the density is even in `loc`, so that the kink at 0 has no effect.
    fn distance(&self) -> Operand<D> {
        self.loc.clone().map(f64::abs, Tensor::abs)
    }
}

impl<const D: usize> Distribution<D> for FoldedNormal<D> {
    type Kind = Float;

    family_methods! { FoldedNormal { loc: Real, scale: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        /// What a mirror image adds below `e^−this` is nothing to the last bit.
        const FAR: f64 = 200.0;
        let outside = value.clone().lower_elem(0.0).bool_or(value.clone().equal_elem(f64::INFINITY));
        let x = Operand::Tensor(value.clone().mask_fill(outside.clone(), 0.0));
        let z = (x.clone() - self.distance()) / self.scale.clone();
        let apart = (x / self.scale.clone()) * (self.distance() / self.scale.clone()) * 2.0;
        let mirrored = Operand::Tensor(special::log1p(apart.into_tensor().clamp_max(FAR).neg().exp()));
        let constant = self.scale.clone().ln() + HALF_LN_2PI;
        minus_infinity((mirrored - z.square() * 0.5 - constant).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let z = Operand::Tensor(noise.normal(self.shape())?);
        Ok((z * self.scale.clone() + self.loc.clone()).into_tensor().abs())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}
