//! The folded normal distribution.

use std::f64::consts::LN_2;

use burn::tensor::{Float, Tensor};

use super::density::{beside, minus_infinity, not_from_zero, spread, where_true};
use super::expectation::mean_softplus;
use super::normal::HALF_LN_2PI;
use super::quotients::polynomial;
use super::{Cdf, Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// The absolute value of a normal variable with mean `loc` and standard deviation `scale`; support: `[0, ∞)`.
    ///
    /// `log p(x) = −½ ((x − |loc|)/scale)² + ln(1 + e^(−2 x |loc|/scale²)) − ln scale − ½ ln 2π`
    ///
    /// Source: Leone, Nelson and Nottingham (1961), "The Folded Normal Distribution".
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    FoldedNormal { loc: L, scale: S }
}

impl<const D: usize> FoldedNormal<D> {
    /// `|loc|`: the density is even in `loc`, so that the kink at 0 has no effect.
    fn distance(&self) -> Operand<D> {
        self.loc.clone().map(f64::abs, Tensor::abs)
    }

    /// `(|loc| − x)/scale` and `−(|loc| + x)/scale`: the normal tails that fold into the one above `x`.
    fn tails(&self, value: &Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        let x = Operand::Tensor(value.clone().clamp_min(0.0));
        let upper = (self.distance() - x.clone()) / self.scale.clone();
        let lower = -((self.distance() + x) / self.scale.clone());
        (upper.into_tensor(), lower.into_tensor())
    }

    /// `mean − |loc| = 2 scale (φ(h) − h Φ(−h))`, `h = |loc|/scale`
    fn excess(&self) -> Tensor<D> {
        let scale = self.batch.fill(self.scale.clone());
        let h = self.batch.fill(self.distance()) / scale.clone();
        let density = (h.clone().square() * -0.5 - HALF_LN_2PI).exp();
        (density - special::ndtr(h.clone().neg()) * h) * scale * 2.0
    }
}

impl<const D: usize> Distribution<D> for FoldedNormal<D> {
    type Kind = Float;

    family_methods! { FoldedNormal { loc: Real, scale: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        /// What a mirror image adds below `e^−this` is nothing to the last bit.
        const FAR: f64 = 200.0;
        /// Below this the derivatives of `−½ z²` and of the mirror image cancel; there it is `ln 2 cosh(x |loc|/scale²) − ½ (x² + loc²)/scale²`.
        const CLOSE: f64 = 0.5;
        // ln cosh h = h² times these, in powers of h²
        const LOG_COSH: [f64; 10] = [
            1.0 / 2.0,
            -1.0 / 12.0,
            1.0 / 45.0,
            -17.0 / 2_520.0,
            31.0 / 14_175.0,
            -691.0 / 935_550.0,
            10_922.0 / 42_567_525.0,
            -929_569.0 / 10_216_206_000.0,
            3_202_291.0 / 97_692_469_875.0,
            -221_930_581.0 / 18_561_569_276_250.0,
        ];
        let outside = not_from_zero(value);
        let x = Operand::Tensor(value.clone().mask_fill(outside.clone(), 0.0));
        let z = ((x.clone() - self.distance()) / self.scale.clone()).into_tensor();
        let (x, h) = (x / self.scale.clone(), self.distance() / self.scale.clone());
        let apart = (x.clone() * h.clone() * 2.0).into_tensor();
        let close = apart.clone().lower_elem(CLOSE);
        let mirrored = special::log1p(apart.clone().mask_fill(close.clone(), 1.0).clamp_max(FAR).neg().exp());
        let square = (apart * 0.5).mask_fill(close.clone().bool_not(), 0.0).square();
        let together = polynomial(&LOG_COSH, square.clone()) * square + LN_2;
        let nearby = Operand::Tensor(together) - (x.square() + h.square()) * 0.5;
        let log_prob = (mirrored - z.square() * 0.5).mask_where(close, nearby.into_tensor());
        let constant = self.scale.clone().ln() + HALF_LN_2PI;
        minus_infinity((Operand::Tensor(log_prob) - constant).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let z = Operand::Tensor(noise.normal(self.shape())?);
        Ok((z * self.scale.clone() + self.loc.clone()).into_tensor().abs())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for FoldedNormal<D> {
    /// `|loc| + 2 scale (φ(h) − h Φ(−h))`, `h = |loc|/scale`
    fn mean(&self) -> Tensor<D> {
        self.excess() + self.batch.fill(self.distance())
    }

    /// `loc² + scale² − mean²`
    fn variance(&self) -> Tensor<D> {
        let excess = self.excess();
        let sum = self.batch.fill(self.distance()) * 2.0 + excess.clone();
        self.batch.fill(self.scale.clone().square()) - excess * sum
    }
}

impl<const D: usize> Entropy<D> for FoldedNormal<D> {
    /// `½ ln 2πe + ln scale − E ln(1 + eᵗ)`, `t` normal with mean `−2h²` and standard deviation `2h`, `h = |loc|/scale`: by
    /// quadrature to 1e-13
    fn entropy(&self) -> Tensor<D> {
        /// Further out nothing is folded.
        const FAR: f64 = 100.0;
        let scale = self.batch.fill(self.scale.clone());
        let h = (self.batch.fill(self.distance()) / scale.clone()).clamp_max(FAR);
        let folded = mean_softplus(h.clone().square() * -2.0, h * 2.0);
        scale.log() - folded + (HALF_LN_2PI + 0.5)
    }
}

/// `Φ(w − h) − Φ(−w − h) = 2 w φ(h) ∫₀¹ e^(−w²u²/2) cosh(h w u) du` where the difference cancels, `w` and `w h` below ½:
/// eight points of Gauss and Legendre.
fn narrow_mass<const D: usize>(width: Tensor<D>, height: Tensor<D>) -> Tensor<D> {
    const POINTS: [(f64, f64); 8] = [
        (0.019_855_071_751_231_884, 0.050_614_268_145_188_13),
        (0.101_666_761_293_186_63, 0.111_190_517_226_687_24),
        (0.237_233_795_041_835_5, 0.156_853_322_938_943_64),
        (0.408_282_678_752_175_1, 0.181_341_891_689_181),
        (0.591_717_321_247_825, 0.181_341_891_689_181),
        (0.762_766_204_958_164_5, 0.156_853_322_938_943_64),
        (0.898_333_238_706_813_4, 0.111_190_517_226_687_24),
        (0.980_144_928_248_768_1, 0.050_614_268_145_188_13),
    ];
    let total = POINTS.iter().fold(width.zeros_like(), |total, &(u, weight)| {
        let x = width.clone() * u;
        let lift = x.clone() * height.clone();
        let both = lift.clone().exp() + lift.neg().exp();
        total + (x.square() * -0.5).exp() * both * weight
    });
    width * total * (height.square() * -0.5 - HALF_LN_2PI).exp()
}

impl<const D: usize> Cdf<D> for FoldedNormal<D> {
    /// `Φ((x − |loc|)/scale) − Φ(−(x + |loc|)/scale)`
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let (upper, lower) = self.tails(value);
        let dims = upper.dims();
        let width = (Operand::Tensor(value.clone().clamp_min(0.0)) / self.scale.clone()).into_tensor();
        let width = spread(width, dims);
        let height = spread(beside(&(self.distance() / self.scale.clone()), value), dims);
        let narrow = (width.clone() * height.clone().clamp_min(1.0)).lower_elem(0.5);
        let between = narrow_mass(width.mask_fill(narrow.clone().bool_not(), 0.0), height);
        (special::ndtr(upper.neg()) - special::ndtr(lower)).mask_where(narrow, between)
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        let (upper, lower) = self.tails(value);
        where_true(special::ndtr(upper) + special::ndtr(lower), value.clone().lower_elem(0.0), 1.0)
    }

    /// The logarithm of a sum of two tails, of which the first is the larger.
    fn log_survival(&self, value: &Tensor<D>) -> Tensor<D> {
        /// Further apart the smaller one is nothing to the last bit.
        const APART: f64 = 200.0;
        let (upper, lower) = self.tails(value);
        let larger = special::log_ndtr(upper);
        let apart = (larger.clone() - special::log_ndtr(lower)).clamp_min(-LN_2);
        let alone = apart.clone().greater_elem(APART);
        let log_survival = larger + special::log1p(apart.clamp_max(APART).neg().exp()).mask_fill(alone, 0.0);
        where_true(log_survival, value.clone().lower_elem(0.0), 0.0)
    }
}
