//! Mean and variance of what lies between two points, for the families that know them there; what truncating, censoring and
//! folding ask for.

use burn::tensor::{Float, Tensor};

use super::density::spread;
use super::normal_interval::{Fall, Interval};
use super::quadrature::{GAUSS_32, GAUSS_48, column};
use super::{Cdf, Exponential, Laplace, Logistic, Moments, Normal, Uniform};
use crate::operand::Operand;
use crate::special::{expm1, log1p};

/// Mean and variance under the condition that the value lies in an interval.
#[diagnostic::on_unimplemented(
    message = "the mean and the variance of `{Self}` between two points are not known",
    note = "they are for `Normal`, `Logistic`, `Exponential`, `Laplace` and `Uniform`"
)]
pub trait TruncatedMoments<const D: usize>: Cdf<D, Kind = Float> + Moments<D> {
    /// `E(x | low ≤ x ≤ high)` and `var(x | low ≤ x ≤ high)`; an end that is absent is infinite. Nothing is subtracted that cancels,
    /// however far out in a tail or short the interval is.
    ///
    /// # Shapes
    /// The ends and the parameters broadcast.
    fn truncated_moments(&self, low: Option<&Tensor<D>>, high: Option<&Tensor<D>>) -> [Tensor<D>; 2];
}

/// `Moments` of a distribution whose method `moments` gives both.
macro_rules! both_moments {
    () => {
        fn mean(&self) -> burn::tensor::Tensor<D> {
            let [mean, _] = self.moments();
            mean
        }

        fn variance(&self) -> burn::tensor::Tensor<D> {
            let [_, variance] = self.moments();
            variance
        }
    };
}
pub(super) use both_moments;

/// Mean and variance of a mixture of parts with these weights, means and variances, all of one shape.
pub(super) fn pooled<const D: usize, const N: usize>(parts: [[Tensor<D>; 3]; N], like: &Tensor<D>) -> [Tensor<D>; 2] {
    let none = like.zeros_like();
    let mean = parts.iter().fold(none.clone(), |sum, [weight, mean, _]| sum + weight.clone() * mean.clone());
    let variance = parts.into_iter().fold(none, |sum, [weight, own, variance]| sum + weight * (variance + (own - mean.clone()).square()));
    [mean, variance]
}

/// What lies further out in an exponential tail than this, in units of the scale, counts for less than 1e-15 in the variance.
const REACH: f64 = 42.0;

/// Mean and variance of a standard exponential variable that is at most `end`, at least 0; 1 and 1 where there is no end.
///
/// The quadrature knows the integrals to 1e-15, where `1 − end/(e^end − 1)` cancels.
fn exponential_up_to<const D: usize>(end: Option<Tensor<D>>, like: &Tensor<D>) -> [Tensor<D>; 2] {
    let Some(end) = end else { return [like.ones_like(), like.ones_like()] };
    let end = end.clamp(0.0, REACH);
    let length = column(end.clone());
    // Over the unit interval: of no length the mean is 0 as well.
    let over = |f: &dyn Fn(Tensor<2>) -> Tensor<2>| {
        GAUSS_32.integral(end.ones_like(), |u| {
            let d = u * length.clone();
            d.clone().neg().exp() * f(d)
        })
    };
    let mass = over(&|d| d.ones_like());
    let mean = over(&|d| d) / mass.clone();
    let middle = column(mean.clone());
    [mean, over(&|d| (d - middle.clone()).square()) / mass]
}

/// The part of a density about `loc` between two points.
fn interval<const D: usize>(loc: Tensor<D>, scale: Tensor<D>, ends: [Option<&Tensor<D>>; 2]) -> Interval<D> {
    let dims = loc.dims();
    let [low, high] = ends.map(|end| end.map(|end| spread(end.clone(), dims)));
    Interval::new(loc, scale, low, high)
}

impl<const D: usize> TruncatedMoments<D> for Normal<D> {
    fn truncated_moments(&self, low: Option<&Tensor<D>>, high: Option<&Tensor<D>>) -> [Tensor<D>; 2] {
        interval(self.mean(), self.batch.fill(self.scale.clone()), [low, high]).moments()
    }
}

impl<const D: usize> TruncatedMoments<D> for Logistic<D> {
    /// The density has poles, those next to the real line at `loc ± iπ scale`: the rule is longer than that of the others.
    fn truncated_moments(&self, low: Option<&Tensor<D>>, high: Option<&Tensor<D>>) -> [Tensor<D>; 2] {
        let fall = Fall {
            // e^−d ((1 + e^−c)/(1 + e^−(c + d)))²
            log_g: |d, c| (log1p(c.clone().neg().exp()) - log1p((c + d.clone()).neg().exp())) * 2.0 - d,
            reach: |c| c.full_like(REACH),
            rule: &GAUSS_48,
        };
        interval(self.mean(), self.batch.fill(self.scale.clone()), [low, high]).moments_under(&fall)
    }
}

impl<const D: usize> TruncatedMoments<D> for Exponential<D> {
    fn truncated_moments(&self, low: Option<&Tensor<D>>, high: Option<&Tensor<D>>) -> [Tensor<D>; 2] {
        let scale = self.mean();
        let low = low.map_or_else(|| scale.zeros_like(), |low| spread(low.clone().clamp_min(0.0), scale.dims()));
        let end = high.map(|high| (high.clone() - low.clone()) / scale.clone());
        let [mean, variance] = exponential_up_to(end, &scale);
        [low + mean * scale.clone(), variance * scale.square()]
    }
}

impl<const D: usize> TruncatedMoments<D> for Laplace<D> {
    /// What lies on either side of `loc` is exponential.
    fn truncated_moments(&self, low: Option<&Tensor<D>>, high: Option<&Tensor<D>>) -> [Tensor<D>; 2] {
        let (loc, scale) = (self.mean(), self.batch.fill(self.scale.clone()));
        // How far out a side begins and ends, counted from `loc`.
        let side = |near: Option<&Tensor<D>>, far: Option<&Tensor<D>>, sign: f64| {
            let out = |end: &Tensor<D>| ((end.clone() - loc.clone()) / scale.clone() * sign).clamp_min(0.0);
            (near.map_or_else(|| loc.zeros_like(), out), far.map(out))
        };
        let sides = [(side(low, high, 1.0), 1.0), (side(high, low, -1.0), -1.0)];
        // One side begins at `loc`, at least; masses are relative to that where the interval begins.
        let [((above, _), _), ((below, _), _)] = &sides;
        let first = above.clone() + below.clone();
        let parts = sides.map(|((begin, end), sign)| {
            let length = end.map(|end| end - begin.clone());
            let share = length.clone().map_or_else(|| loc.ones_like(), |length| expm1(length.neg()).neg());
            let mass = share * (first.clone() - begin.clone()).clamp_max(0.0).exp();
            let [mean, variance] = exponential_up_to(length, &loc);
            [mass, (begin + mean) * sign, variance]
        });
        let [[up, ..], [down, ..]] = &parts;
        let total = up.clone() + down.clone();
        let [mean, variance] = pooled(parts.map(|[mass, mean, variance]| [mass / total.clone(), mean, variance]), &loc);
        [loc + mean * scale.clone(), variance * scale.square()]
    }
}

impl<const D: usize> TruncatedMoments<D> for Uniform<D> {
    fn truncated_moments(&self, low: Option<&Tensor<D>>, high: Option<&Tensor<D>>) -> [Tensor<D>; 2] {
        let [own_low, own_high] = [&self.low, &self.high].map(|end: &Operand<D>| self.batch.fill(end.clone()));
        let low = low.map_or(own_low.clone(), |low| spread(low.clone(), own_low.dims()).max_pair(own_low));
        let high = high.map_or(own_high.clone(), |high| spread(high.clone(), own_high.dims()).min_pair(own_high));
        [(low.clone() + high.clone()) * 0.5, (high - low).square() * (1.0 / 12.0)]
    }
}
