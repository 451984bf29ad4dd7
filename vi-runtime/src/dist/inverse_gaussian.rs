//! The inverse Gaussian distribution.

use burn::tensor::{Float, Tensor};

use super::density::minus_infinity;
use super::normal::HALF_LN_2PI;
use super::{Distribution, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// First passage time of a Brownian motion with drift, mean `loc`, variance `loc³/concentration`; support: `(0, ∞)`.
    ///
    /// `log p(x) = ½ (ln k − ln 2π − 3 ln x) − k (x − m)²/(2 m² x)`, `m` = loc, `k` = concentration
    ///
    /// # Shapes
    /// `loc`, `concentration` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    InverseGaussian { loc: M, concentration: K }
}

impl<const D: usize> Distribution<D> for InverseGaussian<D> {
    type Kind = Float;

    family_methods! { InverseGaussian { loc: Positive, concentration: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_equal_elem(0.0).bool_or(value.clone().equal_elem(f64::INFINITY));
        let x = Operand::Tensor(value.clone().mask_fill(outside.clone(), 1.0));
        let apart = ((x.clone() - self.loc.clone()) / self.loc.clone()).square();
        let constant = self.concentration.clone().ln() * 0.5 - HALF_LN_2PI;
        let log_prob = constant - x.clone().ln() * 1.5 - apart * (self.concentration.clone() / x) * 0.5;
        minus_infinity(log_prob.into_tensor(), outside)
    }

    fn draw(&self, _noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        todo!()
    }
}

impl<const D: usize> Moments<D> for InverseGaussian<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone())
    }

    /// `loc³/concentration`
    fn variance(&self) -> Tensor<D> {
        let m = self.loc.clone();
        self.batch.fill(m.clone().square() * m / self.concentration.clone())
    }
}
