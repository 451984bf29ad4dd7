//! The log-uniform distribution.

use burn::tensor::{Bool, Float, Tensor};

use super::density::{beside, minus_infinity, spread, where_true};
use super::quotients::polynomial;
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// The exponential of a uniform variable, with equal mass for equal ratios; support: `[low, high]`.
    ///
    /// `log p(x) = −ln x − ln ln(high/low)`
    ///
    /// Source: Hamming (1970), "On the Distribution of Numbers".
    ///
    /// Where a bound is not a plain number the support is known only at run time and reported as `(−∞, ∞)`, for which
    /// there is no bijector.
    ///
    /// # Shapes
    /// `low`, `high` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `low` or `high − low` is not positive or a parameter is
    /// not finite.
    LogUniform { low: L, high: H }
}

/// `ln(x/y) = 2 ln(1 + (√x − √y)/√y)` for `x ≥ y`: accurate where the two are close, and without a ratio beyond the floats.
fn log_ratio<const D: usize>(x: Operand<D>, y: Operand<D>) -> Operand<D> {
    let root = y.clone().sqrt();
    let sum = x.clone().sqrt() + root.clone();
    ((x - y) / (sum * root)).ln_1p() * 2.0
}

impl<const D: usize> LogUniform<D> {
    /// `ln(high/low)`
    fn width(&self) -> Operand<D> {
        log_ratio(self.high.clone(), self.low.clone())
    }

    fn range(&self) -> Operand<D> {
        self.high.clone() - self.low.clone()
    }

    /// Whether the value lies below `low` and above `high`, with the dimensions of all three.
    fn beyond(&self, value: &Tensor<D>) -> (Tensor<D, Bool>, Tensor<D, Bool>) {
        let x = Operand::Tensor(value.clone());
        let below = (x.clone() - self.low.clone()).into_tensor().lower_elem(0.0);
        let above = (x - self.high.clone()).into_tensor().greater_elem(0.0);
        let dims = std::array::from_fn(|i| below.dims()[i].max(above.dims()[i]));
        (spread(below, dims), spread(above, dims))
    }

    /// The part of the width that `f` gives of the value inside the support; the ends outside.
    fn part(&self, value: &Tensor<D>, ends: (f64, f64), f: impl FnOnce(Operand<D>) -> Operand<D>) -> Tensor<D> {
        let (below, above) = self.beyond(value);
        let low = spread(beside(&self.low, value), below.dims());
        let x = spread(value.clone(), below.dims()).mask_where(below.clone().bool_or(above.clone()), low);
        let part = (f(Operand::Tensor(x)) / self.width()).into_tensor();
        where_true(where_true(part.clamp_max(1.0), below, ends.0), above, ends.1)
    }

    /// `low (high/low)ᵘ`, rounded into the support; the square of its root, whose factors are not beyond the floats.
    fn quantile(&self, u: Tensor<D>) -> Tensor<D> {
        let growth = (Operand::Tensor(u) * (self.width() * 0.5)).exp();
        let x = (growth * self.low.clone().sqrt()).square().into_tensor();
        let (below, above) = self.beyond(&x);
        let end = |bound: &Operand<D>| spread(beside(bound, &x), x.dims());
        let (low, high) = (end(&self.low), end(&self.high));
        x.mask_where(below, low).mask_where(above, high)
    }
}

impl<const D: usize> Distribution<D> for LogUniform<D> {
    type Kind = Float;

    family_methods! { LogUniform { low: Positive, high: Positive } and "high - low" = range: Positive }

    fn support(&self) -> Support {
        match (&self.low, &self.high) {
            (Operand::Number(low), Operand::Number(high)) => Support::Interval(*low, *high),
            _ => Support::Interval(f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let (below, above) = self.beyond(value);
        let outside = below.bool_or(above);
        let x = spread(value.clone(), outside.dims()).mask_fill(outside.clone(), 1.0);
        let log_prob = Operand::Tensor(x.log().neg()) - self.width().ln();
        minus_infinity(log_prob.into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.quantile(noise.uniform(self.shape())?))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for LogUniform<D> {
    /// `(high − low)/ln(high/low)`
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.range() / self.width())
    }

    /// `mean ((high + low)/2 − mean)`; the difference is `√(low high) (cosh h − sinh h/h)`, `h = ½ ln(high/low)`.
    fn variance(&self) -> Tensor<D> {
        // 2k/(2k + 1)!
        const SERIES: [f64; 8] = [
            1.0 / 3.0,
            1.0 / 30.0,
            1.0 / 840.0,
            1.0 / 45_360.0,
            1.0 / 3_991_680.0,
            1.0 / 518_918_400.0,
            1.0 / 93_405_312_000.0,
            1.0 / 22_230_464_256_000.0,
        ];
        let (low, high) = (self.batch.fill(self.low.clone()), self.batch.fill(self.high.clone()));
        let mean = self.mean();
        let square = self.batch.fill(self.width() * 0.5).square();
        let near = square.clone().lower_elem(1.0);
        let few = square.clamp_max(1.0);
        let series = polynomial(&SERIES, few.clone()) * few * low.clone().sqrt() * high.clone().sqrt();
        mean.clone() * ((high + low) * 0.5 - mean).mask_where(near, series)
    }
}

impl<const D: usize> Entropy<D> for LogUniform<D> {
    /// `½ ln(low high) + ln ln(high/low)`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill((self.low.clone().ln() + self.high.clone().ln()) * 0.5 + self.width().ln())
    }
}

impl<const D: usize> Cdf<D> for LogUniform<D> {
    /// `ln(x/low)/ln(high/low)`
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.part(value, (0.0, 1.0), |x| log_ratio(x, self.low.clone()))
    }

    /// `ln(high/x)/ln(high/low)`
    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.part(value, (1.0, 0.0), |x| log_ratio(self.high.clone(), x))
    }
}

impl<const D: usize> InverseCdf<D> for LogUniform<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let outside = p.clone().lower_elem(0.0).bool_or(p.clone().greater_elem(1.0));
        self.quantile(p.clone().mask_fill(outside, f64::NAN))
    }
}
