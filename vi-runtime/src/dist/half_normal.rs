//! The half-normal distribution.

use std::f64::consts::FRAC_2_PI;

use burn::tensor::{Float, Tensor};

use super::density::minus_infinity;
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

/// `½ ln (π/2)`.
const HALF_LN_HALF_PI: f64 = 0.225_791_352_644_727_44;

family! {
    /// The absolute value of a normal variable with mean 0 and standard deviation `scale`; support: `[0, ∞)`.
    ///
    /// `log p(x) = −½ (x/scale)² − ln scale + ½ ln (2/π)`
    ///
    /// # Shapes
    /// `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive and finite.
    HalfNormal { scale: S }
}

impl<const D: usize> Distribution<D> for HalfNormal<D> {
    type Kind = Float;

    family_methods! { HalfNormal { scale: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_elem(0.0);
        let z = Operand::Tensor(value.clone().mask_fill(outside.clone(), 0.0)) / self.scale.clone();
        let constant = self.scale.clone().ln() + HALF_LN_HALF_PI;
        minus_infinity((z.square() * -0.5 - constant).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let z = Operand::Tensor(noise.normal(self.shape())?.abs());
        Ok((z * self.scale.clone()).into_tensor())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for HalfNormal<D> {
    /// `scale √(2/π)`
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone() * FRAC_2_PI.sqrt())
    }

    /// `scale² (1 − 2/π)`
    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().square() * (1.0 - FRAC_2_PI))
    }
}

impl<const D: usize> Entropy<D> for HalfNormal<D> {
    /// `½ ln(π scale²/2) + ½`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + (HALF_LN_HALF_PI + 0.5))
    }
}
