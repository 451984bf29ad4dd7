//! Quantiles by bisection, for families whose distribution function has no inverse in closed form.

use burn::tensor::{DType, Float, Tensor};

use super::density::{exp_positive, limits, logistic, spread};
use super::mass::ScalarKind;
use super::rows::broadcast;
use super::{
    Beta, BetaProportion, Cdf, Chi2, ComponentRank, Folded, FoldedNormal, Gamma, HalfStudentT, InverseCdf, InverseGamma, InverseGaussian,
    Mixes, MixtureGeneral, MixtureSameFamily, Side, SkewNormal, StudentT,
};
use crate::special::detach;
use crate::support::Support;

/// The point with this probability on one side of it.
///
/// The support is searched on a scale on which floats are evenly spaced; Newton's steps, kept within the last bracket, give
/// the remaining digits. The derivative is that of an implicit function: `dx/dp = 1/f`, `dx/dθ = −(∂F/∂θ)/f`.
pub(super) fn quantile<const D: usize, T: Cdf<D, Kind = Float>>(of: &T, p: &Tensor<D>, side: Side) -> Tensor<D> {
    let dims = broadcast(("p", p.dims()), ("the distribution", of.shape())).unwrap_or(p.dims());
    let p = spread(p.clone(), dims);
    let support = of.support();
    let (steps, end) = if p.dtype() == DType::F64 { (64, 708.0) } else { (36, 87.0) };
    let probability = |x: &Tensor<D>| match side {
        Side::Below => of.cdf(x),
        Side::Above => of.survival(x),
    };
    let goal = p.clone().without_autodiff();
    let (mut low, mut high) = (goal.full_like(-end), goal.full_like(end));
    for _ in 0..steps {
        let middle = (low.clone() + high.clone()) * 0.5;
        let found = probability(&unfolded(middle.clone(), support));
        let beyond = if side == Side::Below { found.lower(goal.clone()) } else { found.greater(goal.clone()) };
        low = low.mask_where(beyond.clone(), middle.clone());
        high = middle.mask_where(beyond, high);
    }
    let (low, high) = (unfolded(low, support), unfolded(high, support));
    let (tiny, ..) = limits(p.dtype());
    let sign = if side == Side::Below { 1.0 } else { -1.0 };
    let density = |x: &Tensor<D>| detach(of.log_prob(x).exp()).clamp_min(tiny) * sign;
    let mut x = (low.clone() + high.clone()) * 0.5;
    for _ in 0..2 {
        let next = x.clone() - detach(probability(&x) - goal.clone()) / density(&x);
        let inside = next.clone().greater_equal(low.clone()).bool_and(next.clone().lower_equal(high.clone()));
        x = x.mask_where(inside, next);
    }
    let found = probability(&x);
    // 0, but for its derivative.
    let change = (found.clone() - detach(found)) - (p.clone() - detach(p.clone()));
    let x = x.clone() - change / density(&x);
    let (first, last) = if side == Side::Below { support.bounds() } else { (support.bounds().1, support.bounds().0) };
    let outside = goal.clone().greater_equal_elem(0.0).bool_and(goal.clone().lower_equal_elem(1.0)).bool_not();
    x.mask_fill(goal.clone().equal_elem(0.0), first).mask_fill(goal.equal_elem(1.0), last).mask_fill(outside, f64::NAN)
}

/// An increasing map from the real numbers onto the support.
fn unfolded<const D: usize>(t: Tensor<D>, support: Support) -> Tensor<D> {
    match support {
        Support::Positive => exp_positive(t),
        Support::GreaterThan(low) => exp_positive(t) + low,
        Support::LessThan(high) => exp_positive(t.neg()).neg() + high,
        Support::UnitInterval => logistic(t),
        Support::Interval(low, high) if low.is_finite() && high.is_finite() => logistic(t) * (high - low) + low,
        _ => t.sinh(),
    }
}

macro_rules! by_bisection {
    ($(impl[$($generics:tt)*] $name:ty $(, where [$($bounds:tt)+])?;)*) => { $(
        impl<const D: usize, $($generics)*> InverseCdf<D> for $name
        $(where $($bounds)+)?
        {
            fn icdf(&self, p: &Tensor<D>) -> Tensor<D, Self::Kind> {
                Self::Kind::quantile(self, p, Side::Below)
            }

            fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D, Self::Kind> {
                Self::Kind::quantile(self, q, Side::Above)
            }
        }
    )* };
}
by_bisection! {
    impl[] Beta<D>;
    impl[] BetaProportion<D>;
    impl[] Chi2<D>;
    impl[] FoldedNormal<D>;
    impl[] Gamma<D>;
    impl[] HalfStudentT<D>;
    impl[] InverseGamma<D>;
    impl[] InverseGaussian<D>;
    impl[] SkewNormal<D>;
    impl[] StudentT<D>;
    impl[T: Cdf<D, Kind = Float>] Folded<T>;
    impl[const C: usize, T: Cdf<C, Kind: ScalarKind>] MixtureSameFamily<D, C, T>, where [ComponentRank<C>: Mixes<D>];
    impl[T: super::mixture_general::CdfOfEach<D, Kind: ScalarKind>] MixtureGeneral<D, T>;
}
