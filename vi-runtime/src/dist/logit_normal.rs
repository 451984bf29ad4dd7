//! The logit-normal distribution.

use burn::tensor::{Float, Tensor};

use super::density::{clamp_unit, logistic, minus_infinity, where_true};
use super::normal::HALF_LN_2PI;
use super::standard::standardised;
use super::{Distribution, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// The logistic function of a normal variable with mean `loc` and standard deviation `scale`; support: `(0, 1)`.
    ///
    /// `log p(x) = −½ ((ln(x/(1 − x)) − loc)/scale)² − ln x − ln(1 − x) − ln scale − ½ ln 2π`
    ///
    /// A draw closer to 0 or 1 than the floats resolve becomes the nearest number between.
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    LogitNormal { loc: L, scale: S }
}

impl<const D: usize> LogitNormal<D> {
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        let (below, above) = (value.clone().lower_equal_elem(0.0), value.clone().greater_equal_elem(1.0));
        let x = value.clone().mask_fill(below.clone().bool_or(above.clone()), 0.5);
        let logit = Operand::Tensor(x.clone().log() - special::log1p(x.neg()));
        let z = ((logit - self.loc.clone()) / self.scale.clone()).into_tensor();
        where_true(where_true(z, below, f64::NEG_INFINITY), above, f64::INFINITY)
    }

    fn stretch(&self, z: Tensor<D>) -> Tensor<D> {
        logistic((Operand::Tensor(z) * self.scale.clone() + self.loc.clone()).into_tensor())
    }
}

standardised!(LogitNormal: normal);

impl<const D: usize> Distribution<D> for LogitNormal<D> {
    type Kind = Float;

    family_methods! { LogitNormal { loc: Real, scale: Positive } }

    fn support(&self) -> Support {
        Support::UnitInterval
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_equal_elem(0.0).bool_or(value.clone().greater_equal_elem(1.0));
        let x = value.clone().mask_fill(outside.clone(), 0.5);
        let (log, log_rest) = (x.clone().log(), special::log1p(x.neg()));
        let z = (Operand::Tensor(log.clone() - log_rest.clone()) - self.loc.clone()) / self.scale.clone();
        let constant = self.scale.clone().ln() + HALF_LN_2PI;
        minus_infinity((z.square() * -0.5 - Operand::Tensor(log + log_rest) - constant).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(clamp_unit(self.stretch(noise.normal(self.shape())?)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}
