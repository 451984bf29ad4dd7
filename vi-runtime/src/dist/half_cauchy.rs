//! The half-Cauchy distribution.

use std::f64::consts::{FRAC_PI_2, LN_2};

use burn::tensor::{Float, Tensor};

use super::density::{log1p_square, minus_infinity, or_infinite};
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, cauchy, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

/// `ln (π/2)`.
const LN_HALF_PI: f64 = 0.451_582_705_289_454_9;

family! {
    /// The absolute value of a Cauchy variable with median 0 and half-width `scale`; support: `[0, ∞)`.
    ///
    /// `log p(x) = ln (2/π) − ln scale − ln(1 + (x/scale)²)`
    ///
    /// Source: Gelman (2006), "Prior Distributions for Variance Parameters in Hierarchical Models".
    ///
    /// # Shapes
    /// `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive and finite.
    HalfCauchy { scale: S }
}

impl<const D: usize> HalfCauchy<D> {
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        (Operand::Tensor(value.clone().clamp_min(0.0)) / self.scale.clone()).into_tensor()
    }

    fn stretch(&self, z: Tensor<D>) -> Tensor<D> {
        (Operand::Tensor(z) * self.scale.clone()).into_tensor()
    }
}

impl<const D: usize> Distribution<D> for HalfCauchy<D> {
    type Kind = Float;

    family_methods! { HalfCauchy { scale: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = or_infinite(value, value.clone().lower_elem(0.0));
        let x = value.clone().mask_fill(outside.clone(), 0.0);
        let constant = self.scale.clone().ln() + LN_HALF_PI;
        minus_infinity((-Operand::Tensor(log1p_square(x, self.scale.clone())) - constant).into_tensor(), outside)
    }

    /// The quantile function written as a cotangent: small `u`, which floats resolve finely, is the tail.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let x = noise.uniform(self.shape())?.mul_scalar(FRAC_PI_2).tan().recip();
        Ok(self.stretch(x))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

/// Both are infinite.
impl<const D: usize> Moments<D> for HalfCauchy<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone()).full_like(f64::INFINITY)
    }

    fn variance(&self) -> Tensor<D> {
        self.mean()
    }
}

impl<const D: usize> Entropy<D> for HalfCauchy<D> {
    /// `ln 2π scale`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + (LN_HALF_PI + 2.0 * LN_2))
    }
}

impl<const D: usize> Cdf<D> for HalfCauchy<D> {
    /// `(2/π) atan(x/scale)`
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.standardise(value).atan().mul_scalar(FRAC_PI_2.recip())
    }

    /// Twice that of the whole line.
    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        cauchy::lower(self.standardise(value).neg()).mul_scalar(2.0)
    }
}

impl<const D: usize> InverseCdf<D> for HalfCauchy<D> {
    /// `scale tan(π p/2)`, and the cotangent of the rest above the median.
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let outside = p.clone().lower_elem(0.0).bool_or(p.clone().greater_elem(1.0));
        let angle = p.clone().mul_scalar(FRAC_PI_2);
        let rest = p.clone().neg().add_scalar(1.0).mul_scalar(FRAC_PI_2);
        let z = angle.tan().mask_where(p.clone().greater_elem(0.5), rest.tan().recip());
        self.stretch(z.mask_fill(outside, f64::NAN))
    }

    /// `scale cot(½ π q)`
    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
        let outside = q.clone().lower_elem(0.0).bool_or(q.clone().greater_elem(1.0));
        self.stretch(q.clone().mul_scalar(FRAC_PI_2).tan().recip().mask_fill(outside, f64::NAN))
    }
}
