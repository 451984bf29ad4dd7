//! The Rayleigh distribution.

use std::f64::consts::{FRAC_PI_2, LN_2};

use burn::tensor::{Float, Tensor};

use super::density::{clamp_positive, log_ratio, minus_infinity, not_positive};
use super::quotients::EULER;
use super::standard::{exponential, standardised};
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// The length of a vector of two independent normal variables with standard deviation `scale`; support: `(0, ∞)`.
    ///
    /// `log p(x) = ln(x/scale) − ln scale − ½ (x/scale)²`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 18.
    ///
    /// # Shapes
    /// `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive and finite.
    Rayleigh { scale: S }
}

impl<const D: usize> Rayleigh<D> {
    /// `½ (x/scale)²`
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        let z = Operand::Tensor(value.clone().clamp_min(0.0)) / self.scale.clone();
        (z.square() * 0.5).into_tensor()
    }

    fn stretch(&self, h: Tensor<D>) -> Tensor<D> {
        (Operand::Tensor(h.mul_scalar(2.0).sqrt()) * self.scale.clone()).into_tensor()
    }
}

standardised!(Rayleigh: exponential);

impl<const D: usize> Distribution<D> for Rayleigh<D> {
    type Kind = Float;

    family_methods! { Rayleigh { scale: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = not_positive(value);
        let x = value.clone().mask_fill(outside.clone(), 1.0);
        let log = Operand::Tensor(log_ratio(x.clone(), &self.scale));
        let z = Operand::Tensor(x) / self.scale.clone();
        minus_infinity((log - z.square() * 0.5 - self.scale.clone().ln()).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(clamp_positive(self.stretch(exponential::draw(noise, self.shape())?)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Rayleigh<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone() * FRAC_PI_2.sqrt())
    }

    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().square() * (2.0 - FRAC_PI_2))
    }
}

impl<const D: usize> Entropy<D> for Rayleigh<D> {
    /// `1 + ln(scale/√2) + γ/2`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + (1.0 - 0.5 * LN_2 + 0.5 * EULER))
    }
}
