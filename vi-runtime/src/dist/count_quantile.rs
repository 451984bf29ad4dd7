//! Quantiles of counts, by bisection of the integers.

use burn::tensor::{Int, Tensor};

use super::density::{beside, spread};
use super::rows::broadcast;
use super::{
    Bernoulli, BetaBinomial, Binomial, Categorical, Cdf, DrawPositive, Hurdle, Hypergeometric, InverseCdf, NegativeBinomial,
    NegativeBinomial2, OrderedLogistic, Poisson, Side, Skellam, ZeroInflated, Zipf,
};
use crate::operand::Operand;

/// Counts up to here fit the integers of every device; in single precision it is the largest such number.
pub(super) const LARGEST: f64 = 2_147_483_520.0;

/// The smallest count with `P(x ≤ ·) ≥ p`, or with `P(x > ·) ≤ q`, to the precision in which the distribution computes them.
///
/// It lies in the support, not beyond `last` where that is given, and between `−LARGEST` and `LARGEST`. A probability beyond
/// `[0, 1]` counts as the nearer bound: an integer has no NaN.
pub(super) fn count_quantile<const D: usize, T: Cdf<D, Kind = Int>>(
    of: &T,
    last: Option<&Operand<D>>,
    p: &Tensor<D>,
    side: Side,
) -> Tensor<D, Int> {
    let dims = broadcast(("p", p.dims()), ("the distribution", of.shape())).unwrap_or(p.dims());
    let goal = spread(p.clone().without_autodiff().clamp(0.0, 1.0), dims);
    let (lowest, highest) = of.support().bounds();
    let (lowest, highest) = (lowest.max(-LARGEST), highest.min(LARGEST));
    let bottom = goal.full_like(lowest);
    let top = match last {
        Some(last) => spread(beside(last, &goal).without_autodiff(), dims).clamp_max(LARGEST),
        None => goal.full_like(highest),
    };
    // The quantile is above `low`, and `high` or below it.
    let (mut low, mut high) = (bottom.clone() - 1.0, top);
    let counts = highest - lowest + 1.0;
    for _ in 0..counts.log2().ceil() as usize {
        let middle = ((low.clone() + high.clone()) * 0.5).floor();
        let count = middle.clone().int();
        let enough = match side {
            Side::Below => of.cdf(&count).greater_equal(goal.clone()),
            Side::Above => of.survival(&count).lower_equal(goal.clone()),
        };
        low = middle.clone().mask_where(enough.clone(), low);
        high = high.mask_where(enough, middle);
    }
    // Below the support nothing is reached but the probability 0.
    high.max_pair(bottom).int()
}

macro_rules! by_bisection {
    ($(impl[$($generics:tt)*] $name:ty $(, up to $last:ident)?;)*) => { $(
        /// By bisection, to the precision of the distribution function. A probability outside `[0, 1]` counts as the nearer
        /// bound, and no quantile is beyond ±2 147 483 520, which every device's integers hold.
        impl<const D: usize, $($generics)*> InverseCdf<D> for $name {
            fn icdf(&self, p: &Tensor<D>) -> Tensor<D, Int> {
                count_quantile(self, by_bisection!(@ self $($last)?), p, Side::Below)
            }

            fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D, Int> {
                count_quantile(self, by_bisection!(@ self $($last)?), q, Side::Above)
            }
        }
    )* };
    (@ $of:ident) => { None };
    (@ $of:ident $last:ident) => { Some(&$of.$last) };
}
by_bisection! {
    impl[] Bernoulli<D>;
    impl[] BetaBinomial<D>, up to total_count;
    impl[] Binomial<D>, up to total_count;
    impl[] Categorical<D>;
    impl[] Hypergeometric<D>, up to draws;
    impl[] NegativeBinomial<D>;
    impl[] NegativeBinomial2<D>;
    impl[] OrderedLogistic<D>;
    impl[] Poisson<D>;
    impl[] Skellam<D>;
    impl[] Zipf<D>;
    impl[T: Cdf<D, Kind = Int>] ZeroInflated<D, T>;
    impl[T: Cdf<D> + DrawPositive<D>] Hurdle<D, T>;
}
