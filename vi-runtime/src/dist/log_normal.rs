//! The log-normal distribution.

use burn::tensor::{Float, Tensor};

use super::density::{exp_positive, minus_infinity, or_infinite, where_true};
use super::normal::HALF_LN_2PI;
use super::standard::standardised;
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// The exponential of a normal variable with mean `loc` and standard deviation `scale`; support: `(0, ∞)`.
    ///
    /// `log p(x) = −½ ((ln x − loc)/scale)² − ln x − ln scale − ½ ln 2π`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 14.
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    LogNormal { loc: L, scale: S }
}

impl<const D: usize> LogNormal<D> {
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_equal_elem(0.0);
        let log = Operand::Tensor(value.clone().mask_fill(outside.clone(), 1.0).log());
        where_true(((log - self.loc.clone()) / self.scale.clone()).into_tensor(), outside, f64::NEG_INFINITY)
    }

    fn stretch(&self, z: Tensor<D>) -> Tensor<D> {
        exp_positive((Operand::Tensor(z) * self.scale.clone() + self.loc.clone()).into_tensor())
    }
}

standardised!(LogNormal: normal, up to f64::INFINITY);

impl<const D: usize> Distribution<D> for LogNormal<D> {
    type Kind = Float;

    family_methods! { LogNormal { loc: Real, scale: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = or_infinite(value, value.clone().lower_equal_elem(0.0));
        let log = Operand::Tensor(value.clone().mask_fill(outside.clone(), 1.0).log());
        let z = (log.clone() - self.loc.clone()) / self.scale.clone();
        let constant = self.scale.clone().ln() + HALF_LN_2PI;
        minus_infinity((z.square() * -0.5 - log - constant).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.stretch(noise.normal(self.shape())?))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for LogNormal<D> {
    /// `exp(loc + ½ scale²)`
    fn mean(&self) -> Tensor<D> {
        self.batch.fill((self.scale.clone().square() * 0.5 + self.loc.clone()).exp())
    }

    /// `mean² (exp(scale²) − 1)`
    fn variance(&self) -> Tensor<D> {
        self.mean().square() * special::expm1(self.batch.fill(self.scale.clone().square()))
    }
}

impl<const D: usize> Entropy<D> for LogNormal<D> {
    /// `½ ln 2πe + ln scale + loc`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + self.loc.clone() + (HALF_LN_2PI + 0.5))
    }
}
