//! The distribution of an absolute value.

use burn::tensor::{Float, Tensor};

use super::density::{minus_infinity, softplus};
use super::improper_uniform::begin_on;
use super::truncated_moments::{both_moments, pooled};
use super::{Cdf, Distribution, Moments, TruncatedMoments, of_base};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Placement;
use crate::support::Support;

/// `|x|` for a scalar `x` on the real numbers; see [`DistributionExt::folded`](super::DistributionExt::folded). Support:
/// `[0, ∞)`.
///
/// `log p(y) = ln (p_base(y) + p_base(−y))`; mean and variance are known where the base has [`TruncatedMoments`]
///
/// Source: Casella and Berger (2002), Statistical Inference, section 2.1.
///
/// It has no entropy: the logarithm of a sum of two densities has no expectation in closed form
/// ([`FoldedNormal`](super::FoldedNormal) has one, by quadrature).
///
/// # Shapes
/// Those of the base.
///
/// # Errors
/// Those of the base.
#[derive(Clone, Debug)]
pub struct Folded<T> {
    base: T,
}

impl<T> Folded<T> {
    pub(super) fn new(base: T) -> Self {
        Folded { base }
    }
}

impl<const D: usize, T: Distribution<D, Kind = Float>> Distribution<D> for Folded<T> {
    type Kind = Float;

    of_base! { shape is_reparameterised score_vanishes place grow conflict parameters }

    fn name(&self) -> String {
        format!("Folded({})", self.base.name())
    }

    fn support(&self) -> Support {
        let (low, high) = self.base.support().bounds();
        let (near, far) =
            if low > 0.0 || high < 0.0 { (low.abs().min(high.abs()), low.abs().max(high.abs())) } else { (0.0, low.abs().max(high.abs())) };
        match (near == 0.0, far.is_finite()) {
            (true, false) => Support::Positive,
            (true, true) if far == 1.0 => Support::UnitInterval,
            (_, true) => Support::Interval(near, far),
            (false, false) => Support::GreaterThan(near),
        }
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_elem(0.0);
        let value = value.clone().mask_fill(outside.clone(), 1.0);
        let (right, left) = (self.base.log_prob(&value), self.base.log_prob(&value.neg()));
        // Each side as the larger: the difference is never positive, and both infinite give no NaN.
        let swap = right.clone().lower(left.clone());
        let larger = right.clone().mask_where(swap.clone(), left.clone());
        let smaller = left.mask_where(swap, right);
        let nothing = smaller.clone().equal_elem(f64::NEG_INFINITY);
        let gap = (smaller - larger.clone()).mask_fill(nothing.clone(), 0.0);
        minus_infinity(larger + softplus(gap).mask_fill(nothing, 0.0), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.base.draw(noise)?.abs())
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D>>> {
        // The fold may be where the base begins.
        self.base.begin(at)?.map(|_| begin_on(&self.support(), self.shape(), at)).transpose()
    }
}

impl<const D: usize, T: Cdf<D, Kind = Float>> Cdf<D> for Folded<T> {
    /// `F(y) − F(−y)`, by the upper tails where those are the smaller.
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let below = value.clone().lower_elem(0.0);
        let value = value.clone().mask_fill(below, 0.0);
        let [near, far] = [self.base.cdf(&value.clone().neg()), self.base.cdf(&value)];
        let upper = near.clone().greater_elem(0.5);
        (far - near).mask_where(upper, self.base.survival(&value.clone().neg()) - self.base.survival(&value))
    }

    /// `P(x > y) + P(x ≤ −y)`
    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        let below = value.clone().lower_elem(0.0);
        let value = value.clone().mask_fill(below, 0.0);
        self.base.survival(&value) + self.base.cdf(&value.neg())
    }
}

impl<T> Folded<T> {
    /// Of two parts: what lies above 0, and what lies below, turned round.
    fn moments<const D: usize>(&self) -> [Tensor<D>; 2]
    where
        T: TruncatedMoments<D>,
    {
        let base = &self.base;
        let zero = base.mean().zeros_like();
        let [right, left] = [(Some(&zero), None), (None, Some(&zero))].map(|(low, high)| base.truncated_moments(low, high));
        let ([up, right_variance], [down, left_variance]) = (right, left);
        pooled([[base.survival(&zero), up, right_variance], [base.cdf(&zero), down.neg(), left_variance]], &zero)
    }
}

impl<const D: usize, T: TruncatedMoments<D>> Moments<D> for Folded<T> {
    both_moments! {}
}
