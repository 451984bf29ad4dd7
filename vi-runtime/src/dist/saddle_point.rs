//! Poisson, binomial and multinomial kernels (gamma and Dirichlet densities are among them) without the cancellation of their large terms.
//!
//! `x ln m − m − ln x!` subtracts numbers of size `x ln x`: at `x = 10⁵` single precision leaves an error of 0.06. Written
//! with the deviance `x ln(m/x) − (m − x)` and what Stirling's formula leaves of `ln x!`, the terms are as small as the
//! result (Loader 2000, "Fast and Accurate Computation of Binomial Probabilities").

use burn::tensor::{DType, Tensor};

use super::density::spread;
use super::normal::HALF_LN_2PI;
use crate::operand::Operand;
use crate::special;
use vi_graph::special::coefficients::STIRLING;

/// A parameter up to here makes terms below 100, which single precision holds to 1e-5.
const SMALL: f64 = 32.0;

/// The log density `plain` with the better value `exact`, unless `size`, which sets the size of the terms that cancel, is known to be
/// small: at `10⁷` double precision leaves an error of 3e-8.
///
/// Gradients are those of `plain`, whose derivatives do not cancel; so `exact` costs no autodiff nodes. Where `exact` is not
/// finite the value of `plain` stays.
pub(super) fn refine<const D: usize>(plain: Tensor<D>, size: &Operand<D>, exact: impl FnOnce() -> Tensor<D>) -> Tensor<D> {
    if matches!(size, Operand::Number(size) if *size <= SMALL) {
        return plain;
    }
    let correction = special::detach(exact() - plain.clone().without_autodiff());
    let unusable = correction.clone().abs().lower_elem(f64::from(f32::MAX)).bool_not();
    plain + correction.mask_fill(unusable, 0.0)
}

/// `s ln(m/s) − m + s` for `s ≥ 0`, `m > 0`, where `excess = s − m` is known more accurately than the difference.
///
/// Its derivative in the mean is `s/m − 1`; count and excess are taken as constants.
pub(super) fn deviance<const D: usize>(s: Tensor<D>, mean: Tensor<D>, excess: Tensor<D>) -> Tensor<D> {
    let slope = special::detach(excess.clone() / mean.clone());
    let fixed = special::detach(mean.clone());
    let value = special::detach(closeness(s, fixed.clone(), excess.neg()));
    value + (mean - fixed) * slope
}

/// `x ln m − m − ln Γ(x + 1)` for `x ≥ 0`, `m > 0`.
pub(super) fn poisson<const D: usize>(x: Tensor<D>, mean: Tensor<D>) -> Tensor<D> {
    let beyond = mean.clone() - x.clone();
    closeness(x.clone(), mean, beyond) - stirling_excess(x)
}

/// `ln C(n, x) + x ln p + y ln q` for `n = x + y`, `p + q = 1`.
pub(super) fn binomial<const D: usize>(x: Tensor<D>, y: Tensor<D>, p: Tensor<D>, q: Tensor<D>) -> Tensor<D> {
    let n = x.clone() + y.clone();
    // Of the two deviations, negatives of each other, that of the smaller count is the more accurate one; the larger count is
    // not sensitive to it.
    let beyond = n.clone() * p.clone() - x.clone();
    let others = y.clone() - n * q.clone();
    let dims = beyond.dims();
    let more = spread(x.clone(), dims).greater(spread(y.clone(), dims));
    let beyond = beyond.mask_where(more, others);
    binomial_beyond(x, y, p, q, beyond)
}

/// The same where `beyond = n p − x` is known more accurately than from its terms.
pub(super) fn binomial_beyond<const D: usize>(x: Tensor<D>, y: Tensor<D>, p: Tensor<D>, q: Tensor<D>, beyond: Tensor<D>) -> Tensor<D> {
    let n = x.clone() + y.clone();
    let mean = n.clone() * p;
    // The two deviations are exact negatives of each other, so that their first orders cancel in the sum.
    let successes = closeness(x.clone(), mean, beyond.clone());
    let failures = closeness(y.clone(), n.clone() * q, beyond.neg());
    // Where a count is 0 the other two excesses are equal and vanish before they meet the small rest.
    successes + failures + (stirling_excess(n) - stirling_excess(y) - stirling_excess(x))
}

/// `ln Γ(x + r) − ln Γ(r) − ln x! + x ln p + r ln q` for `r > 0`, `p + q = 1`: the binomial kernel times `r/(x + r)`.
pub(super) fn negative_binomial<const D: usize>(x: Tensor<D>, r: Tensor<D>, p: Tensor<D>, q: Tensor<D>) -> Tensor<D> {
    let share = (r.clone() / (x.clone() + r.clone())).log();
    binomial(x, r, p, q) + share
}

/// `ln Γ(Σ aₖ + 1) − Σ ln Γ(aₖ + 1) + Σ aₖ ln xₖ` along the last dimension, which stays with size 1.
pub(super) fn multinomial<const D: usize>(a: Tensor<D>, x: Tensor<D>) -> Tensor<D> {
    let total = a.clone().sum_dim(D - 1);
    let mean = x * total.clone();
    let each = a.clone() * log_ratio(mean.clone(), mean - a.clone(), a.clone()) - stirling_excess(a);
    each.sum_dim(D - 1) + stirling_excess(total)
}

/// `count ln(mean/count) − beyond`, at most 0, where `beyond = mean − count` is known more accurately than the difference;
/// minus infinity where only the mean is 0.
///
/// With `v = (count − mean)/(count + mean)` this is `beyond v − 2 count (v³/3 + v⁵/5 + …)` (Loader 2000): no term is much larger
/// than the sum.
fn closeness<const D: usize>(count: Tensor<D>, mean: Tensor<D>, beyond: Tensor<D>) -> Tensor<D> {
    // Below this `v` the series serves, and its first omitted term is below an ulp. Above it the difference loses about `1/v`
    // ulps, which single precision has fewer of to spare.
    let (near, terms) = if count.dtype() == DType::F64 { (0.1, 9) } else { (0.3, 7) };
    let dims = beyond.dims();
    let (count, mean) = (spread(count, dims), spread(mean, dims));
    let v = beyond.clone().neg() / (count.clone() + mean.clone());
    let far = v.clone().abs().lower_elem(near).bool_not();
    let v = v.mask_fill(far.clone(), 0.0);
    let square = v.clone().square();
    let sum =
        (1..terms).rev().fold(square.full_like(1.0 / f64::from(2 * terms + 1)), |sum, k| sum * square.clone() + 1.0 / f64::from(2 * k + 1));
    let series = v * (beyond - count.clone() * square * sum * 2.0);
    let none = count.clone().lower_equal_elem(0.0);
    // Far apart the difference is as accurate as the mean, which `beyond` need not be: it may come from a larger number.
    let apart = mean.clone() - count.clone();
    let ratio = (mean / count.clone().mask_fill(none.clone(), 1.0)).mask_fill(none, 1.0);
    series.mask_where(far, count * ratio.log() - apart)
}

/// `ln(mean/count)` where `beyond = mean − count` is known more accurately than the ratio; a finite number where the count is
/// 0, minus infinity where only the mean is.
///
/// What the quotient lost in rounding, `beyond/count − (ratio − 1)`, is added to its logarithm to first order; it matters
/// only where the ratio is near 1 and is far below an ulp elsewhere.
fn log_ratio<const D: usize>(mean: Tensor<D>, beyond: Tensor<D>, count: Tensor<D>) -> Tensor<D> {
    let dims = beyond.dims();
    let none = spread(count.clone().lower_equal_elem(0.0), dims);
    let count = spread(count, dims).mask_fill(none.clone(), 1.0);
    let ratio = (spread(mean, dims) / count.clone()).mask_fill(none, 1.0);
    let lost = beyond / count - (ratio.clone() - 1.0);
    ratio.log() + lost
}

/// `ln Γ(x + 1) − (x ln x − x)` for `x ≥ 0`: `½ ln 2πx` and a series in `1/x` from 10 on (DLMF 5.11.1), else directly.
fn stirling_excess<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    const SERIES_FROM: f64 = 10.0;
    let small = x.clone().lower_elem(SERIES_FROM);
    let few = x.clone().clamp_max(SERIES_FROM);
    let direct = special::lgamma(few.clone() + 1.0) - special::xlogy(few.clone(), few.clone()) + few;
    let x = x.clamp_min(SERIES_FROM);
    let z = x.clone().recip();
    let z2 = z.clone().square();
    let terms = if x.dtype() == DType::F64 { &STIRLING[..] } else { &STIRLING[..3] };
    let series = terms.iter().rev().skip(1).fold(z2.full_like(terms[terms.len() - 1]), |sum, &term| sum * z2.clone() + term);
    (x.log() * 0.5 + HALF_LN_2PI + series * z).mask_where(small, direct)
}
