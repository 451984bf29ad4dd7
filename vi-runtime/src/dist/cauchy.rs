//! The Cauchy distribution.

use std::f64::consts::PI;

use burn::tensor::{Float, Tensor};

use super::{Distribution, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

/// `ln π`.
pub(crate) const LN_PI: f64 = 1.144_729_885_849_400_2;

family! {
    /// Cauchy with median `loc` and half-width at half-maximum `scale`; support: the real numbers. It has no mean.
    ///
    /// `log p(x) = −ln π − ln scale − ln(1 + ((x − loc)/scale)²)`
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    Cauchy { loc: L, scale: S }
}

impl<const D: usize> Distribution<D> for Cauchy<D> {
    type Kind = Float;

    family_methods! { Cauchy { loc: Real, scale: Positive } }

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let z = (Operand::Tensor(value.clone()) - self.loc.clone()) / self.scale.clone();
        let constant = self.scale.clone().ln() + LN_PI;
        (-z.square().ln_1p() - constant).into_tensor()
    }

    /// The quantile function is `−cot πu`.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let z = Operand::Tensor(noise.uniform(self.shape())?.mul_scalar(PI).tan().recip().neg());
        Ok((z * self.scale.clone() + self.loc.clone()).into_tensor())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}
