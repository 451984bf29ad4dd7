//! The exponential distribution.

use burn::tensor::{Float, Tensor};

use super::density::minus_infinity;
use super::{Distribution, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// Waiting time with constant hazard `rate`; support: `[0, ∞)`.
    ///
    /// `log p(x) = ln rate − rate x`
    ///
    /// # Shapes
    /// `rate` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `rate` is not positive and finite.
    Exponential { rate: R }
}

impl<const D: usize> Distribution<D> for Exponential<D> {
    type Kind = Float;

    family_methods! { Exponential { rate: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_elem(0.0);
        let log_prob = self.rate.clone().ln() - Operand::Tensor(value.clone().mask_fill(outside.clone(), 0.0)) * self.rate.clone();
        minus_infinity(log_prob.into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let e = Operand::Tensor(noise.uniform(self.shape())?.log().neg());
        Ok((e / self.rate.clone()).into_tensor())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}
