//! The Gumbel distribution.

use std::f64::consts::PI;

use burn::tensor::{Float, Tensor};

use super::density::{exp_positive, minus_infinity};
use super::quotients::EULER;
use super::standard::{gumbel, shift_and_stretch, standardised};
use super::{Distribution, Entropy, Moments, family, family_methods, loc_scale_method};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// Largest of many values with exponential tails, mode `loc`; support: the real numbers.
    ///
    /// `log p(x) = −z − e⁻ᶻ − ln scale`, `z = (x − loc)/scale`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, chapter 22.
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    Gumbel { loc: L, scale: S }
}

impl<const D: usize> Gumbel<D> {
    shift_and_stretch! {}
}

standardised!(Gumbel: gumbel);

impl<const D: usize> Distribution<D> for Gumbel<D> {
    type Kind = Float;

    family_methods! { Gumbel { loc: Real, scale: Positive } }

    loc_scale_method! {}

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().abs().equal_elem(f64::INFINITY);
        let z = self.standardise(&value.clone().mask_fill(outside.clone(), 0.0));
        let total = Operand::Tensor(z.clone() + exp_positive(z.neg()));
        minus_infinity((-total - self.scale.clone().ln()).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.stretch(gumbel::draw(noise, self.shape())?))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Gumbel<D> {
    /// `loc + γ scale`
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone() * EULER + self.loc.clone())
    }

    /// `π² scale²/6`
    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().square() * (PI * PI / 6.0))
    }
}

impl<const D: usize> Entropy<D> for Gumbel<D> {
    /// `ln scale + γ + 1`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + (EULER + 1.0))
    }
}
