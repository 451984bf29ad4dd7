//! The Cauchy distribution.

use std::f64::consts::{FRAC_1_PI, LN_2, PI};

use burn::tensor::{Float, Tensor};

use super::density::{log1p_square, on_the_reals};
use super::standard::shift_and_stretch;
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, family, family_methods, loc_scale_method};
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
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 16.
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    Cauchy { loc: L, scale: S }
}

impl<const D: usize> Cauchy<D> {
    shift_and_stretch! {}
}

impl<const D: usize> Distribution<D> for Cauchy<D> {
    type Kind = Float;

    family_methods! { Cauchy { loc: Real, scale: Positive } }

    loc_scale_method! {}

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        on_the_reals(value, |x| {
            let apart = (Operand::Tensor(x) - self.loc.clone()).into_tensor();
            let constant = self.scale.clone().ln() + LN_PI;
            -Operand::Tensor(log1p_square(apart, self.scale.clone())) - constant
        })
    }

    /// The quantile function is `−cot πu`.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let z = noise.uniform(self.shape())?.mul_scalar(PI).tan().recip().neg();
        Ok(self.stretch(z))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

/// Neither exists.
impl<const D: usize> Moments<D> for Cauchy<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone()).full_like(f64::NAN)
    }

    fn variance(&self) -> Tensor<D> {
        self.mean()
    }
}

impl<const D: usize> Entropy<D> for Cauchy<D> {
    /// `ln 4π scale`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + (LN_PI + 2.0 * LN_2))
    }
}

/// `½ + atan(z)/π`, and `atan(−1/z)/π` in the lower tail, where the two terms cancel.
pub(super) fn lower<const D: usize>(z: Tensor<D>) -> Tensor<D> {
    let tail = z.clone().lower_elem(-1.0);
    let outer = z.clone().mask_fill(tail.clone().bool_not(), -1.0).recip().neg().atan();
    z.atan().mul_scalar(FRAC_1_PI).add_scalar(0.5).mask_where(tail, outer.mul_scalar(FRAC_1_PI))
}

impl<const D: usize> Cdf<D> for Cauchy<D> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        lower(self.standardise(value))
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        lower(self.standardise(value).neg())
    }
}

/// `−cot πp`, by symmetry from the tail that `p` lies in.
fn quantile<const D: usize>(p: Tensor<D>) -> Tensor<D> {
    let outside = p.clone().lower_elem(0.0).bool_or(p.clone().greater_elem(1.0));
    let above = p.clone().greater_elem(0.5);
    let tail = p.clone().mask_where(above.clone(), p.neg().add_scalar(1.0));
    let z = tail.mul_scalar(PI).tan().recip();
    z.clone().neg().mask_where(above, z).mask_fill(outside, f64::NAN)
}

impl<const D: usize> InverseCdf<D> for Cauchy<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        self.stretch(quantile(p.clone()))
    }

    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
        self.stretch(quantile(q.clone()).neg())
    }
}
