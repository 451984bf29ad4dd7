//! The exponential distribution.

use burn::tensor::{Float, Tensor};

use super::density::{beside, minus_infinity, or_infinite, spread};
use super::standard::{self, standardised};
use super::{Distribution, Entropy, Moments, Side, Tail, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// Waiting time with constant hazard `rate`; support: `[0, ∞)`.
    ///
    /// `log p(x) = ln rate − rate x`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 19.
    ///
    /// # Shapes
    /// `rate` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `rate` is not positive and finite.
    Exponential { rate: R }
}

impl<const D: usize> Exponential<D> {
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        (Operand::Tensor(value.clone()) * self.rate.clone()).into_tensor()
    }

    fn stretch(&self, h: Tensor<D>) -> Tensor<D> {
        (Operand::Tensor(h) / self.rate.clone()).into_tensor()
    }
}

standardised!(Exponential: exponential, also {
    /// `rate (to − from)` above, where the hazard is `rate`.
    fn tail(&self, side: Side, from: &Tensor<D>, to: &Tensor<D>) -> Option<Tail<D>> {
        let fall = self.standardise(&(to.clone() - from.clone()));
        let log_hazard = spread(beside(&self.rate.clone().ln(), &fall), fall.dims());
        (side == Side::Above).then_some(Tail { fall, log_hazard })
    }

    fn along_tail(&self, side: Side, from: &Tensor<D>, fall: &Tensor<D>) -> Option<Tensor<D>> {
        (side == Side::Above).then(|| from.clone() + self.stretch(fall.clone()))
    }
});

impl<const D: usize> Distribution<D> for Exponential<D> {
    type Kind = Float;

    family_methods! { Exponential { rate: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = or_infinite(value, value.clone().lower_elem(0.0));
        let inside = value.clone().mask_fill(outside.clone(), 0.0);
        let log_prob = self.rate.clone().ln() - Operand::Tensor(self.standardise(&inside));
        minus_infinity(log_prob.into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.stretch(standard::exponential::draw(noise, self.shape())?))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Exponential<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.rate.clone().recip())
    }

    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.rate.clone().square().recip())
    }
}

impl<const D: usize> Entropy<D> for Exponential<D> {
    /// `1 − ln rate`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(1.0 - self.rate.clone().ln())
    }
}
