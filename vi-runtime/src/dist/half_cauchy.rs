//! The half-Cauchy distribution.

use std::f64::consts::FRAC_PI_2;

use burn::tensor::{Float, Tensor};

use super::density::minus_infinity;
use super::{Distribution, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

/// `ln (π/2)`.
const LN_HALF_PI: f64 = 0.451_582_705_289_454_9;

family! {
    /// The absolute value of a Cauchy variable with median 0 and half-width `scale`; support: `[0, ∞)`.
    ///
    /// `log p(x) = ln (2/π) − ln scale − ln(1 + (x/scale)²)`
    ///
    /// # Shapes
    /// `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive and finite.
    HalfCauchy { scale: S }
}

impl<const D: usize> Distribution<D> for HalfCauchy<D> {
    type Kind = Float;

    family_methods! { HalfCauchy { scale: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_elem(0.0);
        let z = Operand::Tensor(value.clone().mask_fill(outside.clone(), 0.0)) / self.scale.clone();
        let constant = self.scale.clone().ln() + LN_HALF_PI;
        minus_infinity((-z.square().ln_1p() - constant).into_tensor(), outside)
    }

    /// The quantile function written as a cotangent: small `u`, which floats resolve finely, is the tail.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let x = Operand::Tensor(noise.uniform(self.shape())?.mul_scalar(FRAC_PI_2).tan().recip());
        Ok((x * self.scale.clone()).into_tensor())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}
