//! The half-normal distribution.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, LN_2, SQRT_2};

use burn::tensor::{Float, Tensor};

use super::density::{minus_infinity, or_infinite};
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

/// `½ ln (π/2)`.
const HALF_LN_HALF_PI: f64 = 0.225_791_352_644_727_44;

family! {
    /// The absolute value of a normal variable with mean 0 and standard deviation `scale`; support: `[0, ∞)`.
    ///
    /// `log p(x) = −½ (x/scale)² − ln scale + ½ ln (2/π)`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 13.
    ///
    /// # Shapes
    /// `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive and finite.
    HalfNormal { scale: S }
}

impl<const D: usize> HalfNormal<D> {
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        (Operand::Tensor(value.clone().clamp_min(0.0)) / self.scale.clone()).into_tensor()
    }
}

impl<const D: usize> Distribution<D> for HalfNormal<D> {
    type Kind = Float;

    family_methods! { HalfNormal { scale: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = or_infinite(value, value.clone().lower_elem(0.0));
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

impl<const D: usize> Cdf<D> for HalfNormal<D> {
    /// `erf(z/√2)`, `z = x/scale`
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        special::erf(self.standardise(value).mul_scalar(FRAC_1_SQRT_2))
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        special::erfc(self.standardise(value).mul_scalar(FRAC_1_SQRT_2))
    }

    fn log_survival(&self, value: &Tensor<D>) -> Tensor<D> {
        special::log_ndtr(self.standardise(value).neg()).add_scalar(LN_2)
    }
}

impl<const D: usize> InverseCdf<D> for HalfNormal<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let outside = p.clone().lower_elem(0.0);
        let z = special::erfinv(p.clone()).mul_scalar(SQRT_2).mask_fill(outside, f64::NAN);
        (Operand::Tensor(z) * self.scale.clone()).into_tensor()
    }

    /// `−scale Φ⁻¹(q/2)`
    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
        let outside = q.clone().greater_elem(1.0);
        let z = special::ndtri(q.clone().mul_scalar(0.5)).neg().mask_fill(outside, f64::NAN);
        (Operand::Tensor(z) * self.scale.clone()).into_tensor()
    }
}
