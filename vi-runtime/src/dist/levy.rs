//! The Lévy distribution.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2};

use burn::tensor::{Float, Tensor};

use super::cauchy::LN_PI;
use super::density::{limits, minus_infinity, support_above, where_true};
use super::normal::HALF_LN_2PI;
use super::quotients::{EULER, polynomial};
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// `scale` over the square of a standard normal variable, shifted by `loc`; support: `(loc, ∞)`. It has no mean.
    ///
    /// `log p(x) = ½ ln scale − ½ ln 2π − (3/2) ln(x − loc) − scale/(2 (x − loc))`
    ///
    /// Source: Nolan (2020), Univariate Stable Distributions, chapter 1.
    ///
    /// Where `loc` is not a plain number the support is known only at run time and reported as `(−∞, ∞)`, for which there is
    /// no bijector.
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    Levy { loc: L, scale: S }
}

impl<const D: usize> Levy<D> {
    fn above(&self, value: &Tensor<D>) -> Tensor<D> {
        (Operand::Tensor(value.clone()) - self.loc.clone()).into_tensor()
    }

    /// `√(scale/(x − loc))`, infinite below the support: the normal variable that the value comes from.
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        let above = self.above(value);
        let outside = above.clone().lower_equal_elem(0.0);
        let y = Operand::Tensor(above.mask_fill(outside.clone(), 1.0));
        where_true((self.scale.clone() / y).sqrt().into_tensor(), outside, f64::INFINITY)
    }
}

impl<const D: usize> Distribution<D> for Levy<D> {
    type Kind = Float;

    family_methods! { Levy { loc: Real, scale: Positive } }

    fn support(&self) -> Support {
        support_above(&self.loc)
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let above = self.above(value);
        let outside = above.clone().lower_equal_elem(0.0).bool_or(above.clone().equal_elem(f64::INFINITY));
        let y = Operand::Tensor(above.mask_fill(outside.clone(), 1.0));
        let constant = self.scale.clone().ln() * 0.5 - HALF_LN_2PI;
        let log_prob = constant - y.clone().ln() * 1.5 - self.scale.clone() / y * 0.5;
        minus_infinity(log_prob.into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let square = noise.normal(self.shape())?.square();
        // One over a draw of 0 is beyond every float.
        let (tiny, largest, _) = limits(square.dtype());
        let x = Operand::Tensor(square.clamp_min(tiny).recip()) * self.scale.clone() + self.loc.clone();
        Ok(x.into_tensor().clamp(-largest, largest))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

/// Both are infinite.
impl<const D: usize> Moments<D> for Levy<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone()).full_like(f64::INFINITY)
    }

    fn variance(&self) -> Tensor<D> {
        self.mean()
    }
}

impl<const D: usize> Entropy<D> for Levy<D> {
    /// `½ (1 + 3γ + ln 16π) + ln scale`, that of `InverseGamma(½, ½ scale)`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + (0.5 + 1.5 * EULER + 2.0 * LN_2 + 0.5 * LN_PI))
    }
}

impl<const D: usize> Cdf<D> for Levy<D> {
    /// `2 Φ(−√(scale/(x − loc)))`
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        special::ndtr(self.standardise(value).neg()).mul_scalar(2.0)
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        special::erf(self.standardise(value).mul_scalar(FRAC_1_SQRT_2))
    }

    fn log_cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        special::log_ndtr(self.standardise(value).neg()).add_scalar(LN_2)
    }
}

impl<const D: usize> InverseCdf<D> for Levy<D> {
    /// `loc + scale/Φ⁻¹(p/2)²`
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let outside = p.clone().greater_elem(1.0);
        let z = special::ndtri(p.clone().mul_scalar(0.5)).mask_fill(outside, f64::NAN);
        (Operand::Tensor(z.square().recip()) * self.scale.clone() + self.loc.clone()).into_tensor()
    }
    /// `loc + scale/s²`, `P(|z| < s) = q` for a normal `z`.
    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
        let near = q.clone().lower_elem(SERIES_TO);
        let far = special::ndtri(q.clone().mask_fill(near.clone(), 0.5).neg().add_scalar(1.0).mul_scalar(0.5)).neg();
        let few = q.clone().mask_fill(near.clone().bool_not(), SERIES_TO);
        let s = far.mask_where(near, few.clone() * polynomial(&INVERSE, few.square()));
        let negative = q.clone().lower_elem(0.0);
        (Operand::Tensor(s.mask_fill(negative, f64::NAN).square().recip()) * self.scale.clone() + self.loc.clone()).into_tensor()
    }
}

/// Up to here the series of the inverse error function is exact to 1e-13.
const SERIES_TO: f64 = 0.1;

/// The coefficients of `q`, `q³`, … in `√2 erf⁻¹(q)`: `√(π/2)` times those of `(π/4)ⁿ` in Carlitz (1963), "The Inverse of the Error
/// Function".
const INVERSE: [f64; 7] = [
    1.253_314_137_315_500_3,
    0.328_116_873_869_217_06,
    0.180_391_673_081_616_7,
    0.122_403_195_025_665_48,
    0.091_866_772_422_096_02,
    0.073_159_080_581_591_44,
    0.060_580_271_313_359_46,
];
