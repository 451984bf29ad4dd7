//! The continuous Bernoulli distribution.

use burn::tensor::{Bool, Float, Tensor};

use super::density::{beside, clamp_unit, minus_infinity, spread};
use super::quotients::{expm1_over, log1p_over, polynomial};
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, form_family, form_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

form_family! {
    /// Density proportional to `pˣ (1 − p)¹⁻ˣ` for `p` = `probs`; support: `[0, 1]`.
    ///
    /// `log p(x) = x a − ln((eᵃ − 1)/a)` in log-odds `a`. `a = 0` is no special case: values and gradients pass through it
    /// smoothly.
    ///
    /// Source: Loaiza-Ganem and Cunningham (2019), "The Continuous Bernoulli: Fixing a Pervasive Error in Variational
    /// Autoencoders".
    ///
    /// # Shapes
    /// `probs` or `logits` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `probs` is not strictly between 0 and 1 or `logits` is not
    /// finite.
    ContinuousBernoulli {}
    /// With `probs`, which is not the mean: a number, an array, a tensor or a reference.
    probs
    /// With log-odds, `ln(p/(1 − p))`.
    logits
}

impl<const D: usize> ContinuousBernoulli<D> {
    pub(super) fn log_odds(&self) -> Operand<D> {
        self.form.log_odds(&self.parameter)
    }

    fn slope(&self, like: &Tensor<D>) -> Slope<D> {
        Slope::of(beside(&self.log_odds(), like))
    }

    fn batch_slope(&self) -> Slope<D> {
        Slope::of(self.batch.fill(self.log_odds()))
    }
}

/// Log-odds, and where they are near 0 or above it.
pub(super) struct Slope<const D: usize> {
    logits: Tensor<D>,
    near: Tensor<D, Bool>,
    above: Tensor<D, Bool>,
}

/// Bₙ/(n n!) for even n: the logarithm of `sinh(a/2)/(a/2)` in powers of `a²`.
const LOG_SINH: [f64; 8] = [
    1.0 / 24.0,
    -1.0 / 2_880.0,
    1.0 / 181_440.0,
    -1.0 / 9_676_800.0,
    1.0 / 479_001_600.0,
    -4.403_491_782_239_578e-11,
    9.558_954_664_774_77e-13,
    -2.118_550_185_201_614_2e-14,
];

/// Up to here the series holds to the last bit.
const NEAR: f64 = 0.5;

/// Up to here `eᵃ` is far inside the floats.
const STEEP: f64 = 30.0;

impl<const D: usize> Slope<D> {
    pub(super) fn of(logits: Tensor<D>) -> Self {
        let (near, above) = (logits.clone().abs().lower_elem(NEAR), logits.clone().greater_elem(0.0));
        Slope { logits, near, above }
    }

    fn small(&self) -> Tensor<D> {
        self.logits.clone().mask_fill(self.near.clone().bool_not(), 0.0)
    }

    fn large(&self) -> Tensor<D> {
        self.logits.clone().mask_fill(self.near.clone(), 1.0).abs()
    }

    /// Where the density is written from: the middle for small slopes, else the end where it is largest.
    pub(super) fn origin(&self) -> Tensor<D> {
        let zeros = self.logits.zeros_like();
        zeros.mask_fill(self.above.clone(), 1.0).mask_fill(self.near.clone(), 0.5)
    }

    /// The log density at the origin: `−ln(sinh(a/2)/(a/2))` or `ln |a| − ln(1 − e^(−|a|))`.
    pub(super) fn peak(&self) -> Tensor<D> {
        let square = self.small().square();
        let near = (polynomial(&LOG_SINH, square.clone()) * square).neg();
        let large = self.large();
        let far = large.clone().log() - special::log1p(large.neg().exp().neg());
        far.mask_where(self.near.clone(), near)
    }

    /// The mean seen from the origin: `½ coth(a/2) − 1/a` or `∓1/|a| ± 1/(e^|a| − 1)`.
    pub(super) fn mean(&self) -> Tensor<D> {
        let derivative: [f64; 8] = std::array::from_fn(|i| LOG_SINH[i] * (2 * i + 2) as f64);
        let small = self.small();
        let near = polynomial(&derivative, small.clone().square()) * small;
        let large = self.large();
        let far = large.clone().recip() - special::expm1(large.clamp_max(80.0)).recip();
        far.clone().mask_where(self.above.clone(), far.neg()).mask_where(self.near.clone(), near)
    }

    /// `1/a² − 1/(4 sinh²(a/2))`
    pub(super) fn variance(&self) -> Tensor<D> {
        let derivative: [f64; 8] = std::array::from_fn(|i| LOG_SINH[i] * ((2 * i + 2) * (2 * i + 1)) as f64);
        let near = polynomial(&derivative, self.small().square());
        let large = self.large();
        let sinh = special::expm1(large.clone().neg());
        let far = large.clone().square().recip() - large.neg().exp() / sinh.square();
        far.mask_where(self.near.clone(), near)
    }

    /// The logits made at most ½ by turning the unit interval around where they are above, and where it was turned.
    fn falling(&self) -> (Tensor<D>, Tensor<D, Bool>) {
        let turned = self.logits.clone().greater_elem(NEAR);
        (self.logits.clone().mask_where(turned.clone(), self.logits.clone().neg()), turned)
    }

    /// `(e^(a x) − 1)/(eᵃ − 1)`; `rest` is `1 − x`.
    fn cdf(&self, x: Tensor<D>, rest: Tensor<D>) -> Tensor<D> {
        let (slope, turned) = self.falling();
        let dims = (slope.clone() + x.clone()).dims();
        let near = spread(self.near.clone(), dims);
        let small = slope.clone().mask_fill(self.near.clone().bool_not(), 0.0);
        let series = x.clone() * expm1_over(small.clone() * x.clone()) / expm1_over(small);
        let large = slope.clone().mask_fill(self.near.clone(), -1.0);
        let ratio = special::expm1(large.clone() * x.clone()) / special::expm1(large);
        let ratio = ratio.mask_where(near, series);
        // e^(−a(1 − x)) (1 − e^(−a x))/(1 − e⁻ᵃ)
        ratio * (slope.mask_fill(turned.bool_not(), 0.0) * rest).exp()
    }

    /// `ln(1 + u (eᵃ − 1))/a`, and `1 + ln(u + (1 − u) e⁻ᵃ)/a` where the exponential would be beyond the floats.
    fn quantile(&self, u: Tensor<D>) -> Tensor<D> {
        let steep = self.logits.clone().greater_elem(STEEP);
        let slope = self.logits.clone().mask_fill(steep.clone(), 0.0);
        let growth = expm1_over(slope.clone()) * u.clone();
        let x = log1p_over(growth.clone() * slope) * growth;
        let steepness = self.logits.clone().mask_fill(steep.clone().bool_not(), STEEP);
        let rest = u.clone().neg() + 1.0;
        let far = (rest * steepness.clone().neg().exp() + u).log() / steepness + 1.0;
        let dims = x.dims();
        x.mask_where(spread(steep, dims), far.clamp_min(0.0))
    }
}

impl<const D: usize> Distribution<D> for ContinuousBernoulli<D> {
    type Kind = Float;

    form_methods! { ContinuousBernoulli {} open_constraint }

    fn support(&self) -> Support {
        Support::UnitInterval
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_elem(0.0).bool_or(value.clone().greater_elem(1.0));
        let x = value.clone().mask_fill(outside.clone(), 0.5);
        let slope = self.slope(&x);
        minus_infinity((x - slope.origin()) * slope.logits.clone() + slope.peak(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let u = noise.uniform(self.shape())?;
        Ok(clamp_unit(self.slope(&u).quantile(u)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for ContinuousBernoulli<D> {
    /// `1/(1 − e⁻ᵃ) − 1/a`
    fn mean(&self) -> Tensor<D> {
        let slope = self.batch_slope();
        slope.origin() + slope.mean()
    }

    /// `1/a² − 1/(4 sinh²(a/2))`
    fn variance(&self) -> Tensor<D> {
        self.batch_slope().variance()
    }
}

impl<const D: usize> Entropy<D> for ContinuousBernoulli<D> {
    /// `ln((eᵃ − 1)/a) − a mean`
    fn entropy(&self) -> Tensor<D> {
        let slope = self.batch_slope();
        (slope.mean() * slope.logits.clone() + slope.peak()).neg()
    }
}

impl<const D: usize> Cdf<D> for ContinuousBernoulli<D> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let x = value.clone().clamp(0.0, 1.0);
        self.slope(value).cdf(x.clone(), x.neg() + 1.0)
    }

    /// The distribution function of `1 − x`, whose log-odds are the negative.
    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        let x = value.clone().clamp(0.0, 1.0);
        Slope::of(self.slope(value).logits.neg()).cdf(x.clone().neg() + 1.0, x)
    }
}

impl<const D: usize> InverseCdf<D> for ContinuousBernoulli<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let outside = p.clone().lower_elem(0.0).bool_or(p.clone().greater_elem(1.0));
        self.slope(p).quantile(p.clone().mask_fill(outside, f64::NAN))
    }
}
