//! The skew normal distribution.

use std::f64::consts::{FRAC_1_PI, FRAC_2_PI, LN_2};

use burn::tensor::{Float, Tensor};

use super::density::{beside, limits, on_the_reals, spread};
use super::normal::HALF_LN_2PI;
use super::quadrature::{GAUSS_32, GAUSS_48, column};
use super::{Cdf, Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special::{self, detach};
use crate::support::Support;

family! {
    /// Skew normal about `loc` with scale `scale` and slant `shape`: normal where `shape` is 0, half-normal where it is `±∞`;
    /// support: the real numbers.
    ///
    /// `log p(x) = ln 2 − ½ z² − ½ ln 2π − ln scale + ln Φ(shape · z)`, `z = (x − loc)/scale`
    ///
    /// Source: Azzalini (1985), "A Class of Distributions Which Includes the Normal Ones".
    ///
    /// # Shapes
    /// `loc`, `scale`, `shape` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    SkewNormal { loc: L, scale: S, shape: A }
}

impl<const D: usize> SkewNormal<D> {
    /// `1/√(1 + shape²)`
    fn cosine(&self) -> Operand<D> {
        (self.shape.clone().square() + 1.0).sqrt().recip()
    }
}

impl<const D: usize> Distribution<D> for SkewNormal<D> {
    type Kind = Float;

    family_methods! { SkewNormal { loc: Real, scale: Positive, shape: Real } }

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        on_the_reals(value, |x| {
            let z = (Operand::Tensor(x) - self.loc.clone()) / self.scale.clone();
            let constant = self.scale.clone().ln() + (HALF_LN_2PI - LN_2);
            let side = (z.clone() * self.shape.clone()).into_tensor();
            Operand::Tensor(special::log_ndtr(side)) - z.square() * 0.5 - constant
        })
    }

    /// `(shape · |z₁| + z₂)/√(1 + shape²)` of two normal draws.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let side = Operand::Tensor(noise.normal(self.batch.dims())?.abs());
        let z = Operand::Tensor(noise.normal(self.batch.dims())?);
        let z = (side * self.shape.clone() + z) * self.cosine();
        Ok((z * self.scale.clone() + self.loc.clone()).into_tensor())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for SkewNormal<D> {
    /// `loc + scale δ √(2/π)`, `δ = shape/√(1 + shape²)`
    fn mean(&self) -> Tensor<D> {
        let delta = self.shape.clone() * self.cosine();
        self.batch.fill(self.loc.clone() + self.scale.clone() * delta * FRAC_2_PI.sqrt())
    }

    /// `scale² (1 − 2δ²/π)`
    fn variance(&self) -> Tensor<D> {
        let delta = self.shape.clone() * self.cosine();
        self.batch.fill(self.scale.clone().square() * (1.0 - delta.square() * FRAC_2_PI))
    }
}

/// Beyond this many scales neither tail has mass in double precision.
const FAR: f64 = 40.0;
/// How far the logarithm of an integrand falls over the interval of its quadrature.
const FALL: f64 = 40.0;

/// `T(h, b) = 1/2π ∫ e^(−h²(1 + t²)/2)/(1 + t²) dt` over `0 < t < b`, for `h ≥ 0`, `0 ≤ b ≤ 1` (Owen 1956).
fn owen<const D: usize>(h: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    let (tiny, ..) = limits(h.dtype());
    let end = b.min_pair(h.clone().clamp_min(tiny.sqrt()).recip() * (2.0 * FALL).sqrt());
    let half = column(h).square() * -0.5;
    GAUSS_32.integral(end, |t| {
        let stretch = t.square() + 1.0;
        (half * stretch.clone()).exp() / stretch
    }) * (0.5 * FRAC_1_PI)
}

/// `P(Z > z)` of slant `a ≥ 0` for `0 ≤ z`: `Φ(−z) + 2 T(z, a)`, beyond `a = 1` by `T(az, 1/a)`.
fn upper_tail<const D: usize>(z: Tensor<D>, a: Tensor<D>) -> Tensor<D> {
    let steep = a.clone().greater_elem(1.0);
    let raised = (a.clone() * z.clone()).clamp_max(FAR);
    let (h, b) = (z.clone().mask_where(steep.clone(), raised.clone()), a.clone().mask_where(steep.clone(), a.clamp_min(1.0).recip()));
    let twice = owen(h, b) * 2.0;
    let (beyond, beyond_raised) = (special::ndtr(z.neg()), special::ndtr(raised.neg()));
    let other = beyond.clone() * 2.0 + (beyond.clone() * -2.0 + 1.0) * beyond_raised - twice.clone();
    (beyond + twice).mask_where(steep, other)
}

/// `P(Z ≤ z)` of slant `a ≥ 0` for `z ≤ 0`: the density integrated down to where it has fallen by `e⁻⁴⁰`; its logarithm has the
/// slope `−z + a r(−az)` at `z`, `r` the hazard of the normal distribution, and from there on a curvature between
/// `1 + 0.63 a²` and `1 + a²`.
fn lower_tail<const D: usize>(z: Tensor<D>, a: Tensor<D>) -> Tensor<D> {
    let u = (a.clone() * z.clone()).neg();
    // Within 12 % (Sampford 1953).
    let hazard = (u.clone() * 3.0 + (u.square() + 8.0).sqrt()) * 0.25;
    let slope = a.clone() * hazard - z.clone();
    let curvature = a.clone().square() * 0.63 + 1.0;
    let length = (slope.clone() + (slope.square() + curvature * (2.0 * FALL)).sqrt()).recip() * (2.0 * FALL);
    let (z, a) = (column(z), column(a));
    GAUSS_48.integral(length, |below| standard_density(z - below, a))
}

/// `2 φ(z) Φ(a z)`
fn standard_density<const D: usize>(z: Tensor<D>, a: Tensor<D>) -> Tensor<D> {
    (special::log_ndtr(a * z.clone()) - z.square() * 0.5 + (LN_2 - HALF_LN_2PI)).exp()
}

impl<const D: usize> SkewNormal<D> {
    /// `P(X ≤ x)` and `P(X > x)`, the smaller by quadrature. The slope in `z` is the density, that in the slant `a` is
    /// `−e^(−z²(1 + a²)/2)/(π (1 + a²))`.
    fn parts(&self, value: &Tensor<D>) -> [Tensor<D>; 2] {
        let z = ((Operand::Tensor(value.clone()) - self.loc.clone()) / self.scale.clone()).into_tensor().clamp(-FAR, FAR);
        let a = beside(&self.shape, &z);
        let dims = (z.clone().without_autodiff() + a.clone().without_autodiff()).dims();
        let (z, a) = (spread(z, dims), spread(a, dims));
        let (held, slant) = (detach(z.clone()), detach(a.clone()));
        // A negative slant is that of the mirror image.
        let mirrored = slant.clone().lower_elem(0.0);
        let (at, steep) = (held.clone().mask_where(mirrored.clone(), held.clone().neg()), slant.clone().abs());
        let lower = lower_tail(at.clone().clamp_max(0.0), steep.clone());
        let upper = upper_tail(at.clone().clamp_min(0.0), steep);
        let right = at.greater_elem(0.0);
        let tail = lower.mask_where(right.clone(), upper).clamp(0.0, 1.0);
        let rest = tail.clone().neg() + 1.0;
        let is_lower = right.not_equal(mirrored).bool_not();
        let stretch = slant.clone().square() + 1.0;
        let by_slant = (held.clone().square() * stretch.clone() * -0.5).exp() / stretch * -FRAC_1_PI;
        let moved = (z - held.clone()) * standard_density(held, slant.clone()) + (a - slant) * by_slant;
        [rest.clone().mask_where(is_lower.clone(), tail.clone()) + moved.clone(), tail.mask_where(is_lower, rest) - moved]
    }
}

impl<const D: usize> Cdf<D> for SkewNormal<D> {
    /// `Φ(z) − 2 T(z, shape)`, `T` Owen's function (Azzalini 1985)
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let [below, _] = self.parts(value);
        below
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        let [_, above] = self.parts(value);
        above
    }
}

impl<const D: usize> Entropy<D> for SkewNormal<D> {
    /// `½ ln 2πe + ln scale − ∫ φ(t) (y ln y + w ln w) dt` over `t > 0`, `w = 2 Φ(−|shape| t)`, `y = 2 − w`: by quadrature to 1e-12
    fn entropy(&self) -> Tensor<D> {
        /// Where either normal factor is done.
        const END: f64 = 9.0;
        let a = self.batch.fill(self.shape.clone()).abs();
        let steep = a.clone().greater_elem(1.0);
        let length = a.clone().clamp_min(1.0).recip() * END;
        let slant = column(a);
        // Of a steep one, beside the half-normal's.
        let base = column(length.zeros_like().mask_fill(steep.clone(), 2.0 * LN_2));
        let bits = GAUSS_48.integral(length, |t| {
            let w = special::ndtr((slant * t.clone()).neg()) * 2.0;
            let y = w.clone().neg() + 2.0;
            let both = special::xlogy(w.clone(), w) + special::xlogy(y.clone(), y);
            (both - base) * (t.square() * -0.5 - HALF_LN_2PI).exp()
        });
        let bits = bits.clone().mask_where(steep, bits + LN_2);
        self.batch.fill(self.scale.clone()).log() - bits + (HALF_LN_2PI + 0.5)
    }
}
