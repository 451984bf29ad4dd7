//! How much mass lies between two points, in logarithm, and what scalar values have in common.

use std::f64::consts::LN_2;

use burn::tensor::kind::Ordered;
use burn::tensor::{Float, Int, IntDType, Tensor};

use super::density::{limits, spread};
use super::rows::broadcast;
use super::{Cdf, Side, count_quantile, quantile};
use crate::any_tensor::ValueKind;
use crate::special::log1mexp;

/// Kinds of values that lie on a line: floats, and integers.
pub trait ScalarKind: ValueKind + Ordered {
    /// A bound as a value; where values are integers, whole numbers are expected.
    fn bound<const D: usize>(bound: Tensor<D>) -> Tensor<D, Self>;

    /// The bound in the type of the values: integers come in several widths.
    fn alike<const D: usize>(bound: Tensor<D, Self>, value: &Tensor<D, Self>) -> Tensor<D, Self>;

    /// The last value before each, beyond which `P(x ≤ ·)` does not count it: a single float has no mass.
    fn before<const D: usize>(value: Tensor<D, Self>) -> Tensor<D, Self>;

    /// The value next to a bound, above it or below it, that lies inside: an integer is inside itself.
    fn inward<const D: usize>(bound: Tensor<D, Self>, above: bool) -> Tensor<D, Self>;

    /// The point with this probability on one side of it, by bisection.
    fn quantile<const D: usize, T: Cdf<D, Kind = Self>>(of: &T, p: &Tensor<D>, side: Side) -> Tensor<D, Self>;
}

impl ScalarKind for Float {
    fn bound<const D: usize>(bound: Tensor<D>) -> Tensor<D> {
        bound
    }

    fn alike<const D: usize>(bound: Tensor<D>, _value: &Tensor<D>) -> Tensor<D> {
        bound
    }

    fn before<const D: usize>(value: Tensor<D>) -> Tensor<D> {
        value
    }

    fn inward<const D: usize>(bound: Tensor<D>, above: bool) -> Tensor<D> {
        let (tiny, _, below_one) = limits(bound.dtype());
        let step = bound.clone().abs() * (2.0 * (1.0 - below_one)) + tiny;
        if above { bound + step } else { bound - step }
    }

    fn quantile<const D: usize, T: Cdf<D, Kind = Float>>(of: &T, p: &Tensor<D>, side: Side) -> Tensor<D> {
        quantile::quantile(of, p, side)
    }
}

impl ScalarKind for Int {
    fn bound<const D: usize>(bound: Tensor<D>) -> Tensor<D, Int> {
        bound.int()
    }

    fn alike<const D: usize>(bound: Tensor<D, Int>, value: &Tensor<D, Int>) -> Tensor<D, Int> {
        if bound.dtype() == value.dtype() { bound } else { bound.cast(IntDType::from(value.dtype())) }
    }

    fn before<const D: usize>(value: Tensor<D, Int>) -> Tensor<D, Int> {
        value - 1
    }

    fn inward<const D: usize>(bound: Tensor<D, Int>, _above: bool) -> Tensor<D, Int> {
        bound
    }

    fn quantile<const D: usize, T: Cdf<D, Kind = Int>>(of: &T, p: &Tensor<D>, side: Side) -> Tensor<D, Int> {
        count_quantile::count_quantile(of, None, p, side)
    }
}

/// `ln P(low < x ≤ high)`.
///
/// `ln (F(b) − F(a)) = ln F(b) + ln(1 − e^−(ln F(b) − ln F(a)))`, and the same with survival functions where `a` is above the
/// median. Where the outer end has no mass beyond it the second term is left out, the point where it is evaluated being
/// moved to the other end: its logarithm is infinite, and so would be its derivative.
pub(super) fn log_mass<const D: usize, T: Cdf<D>>(of: &T, low: Tensor<D, T::Kind>, high: Tensor<D, T::Kind>) -> Tensor<D> {
    let at_low = of.log_cdf(&low);
    let dims = broadcast(("low", at_low.dims()), ("high", high.dims())).unwrap_or(at_low.dims());
    let (low, high, at_low) = (spread(low, dims), spread(high, dims), spread(at_low, dims));
    let upper = at_low.clone().greater_elem(-LN_2);

    let skip = upper.clone().bool_or(at_low.equal_elem(f64::NEG_INFINITY));
    let log_cdf = of.log_cdf(&high);
    let gap = log_cdf.clone() - of.log_cdf(&low.clone().mask_where(skip.clone(), high.clone()));
    let from_below = log_cdf + log1mexp(gap.mask_fill(skip.clone(), 1.0)).mask_fill(skip, 0.0);

    let nothing_above = of.log_survival(&high).equal_elem(f64::NEG_INFINITY);
    let skip = upper.clone().bool_not().bool_or(nothing_above);
    let log_survival = of.log_survival(&low);
    let gap = log_survival.clone() - of.log_survival(&high.mask_where(skip.clone(), low));
    let from_above = log_survival + log1mexp(gap.mask_fill(skip.clone(), 1.0)).mask_fill(skip, 0.0);

    from_below.mask_where(upper, from_above)
}
