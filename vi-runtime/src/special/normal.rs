//! The normal distribution function and its relatives, written with a backend's own operations.

use std::f64::consts::{FRAC_1_SQRT_2, LN_2, SQRT_2};

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;
use vi_graph::special::coefficients::{ERFINV, NDTRI, SCALED_ERFC_F32};

use super::composed::{bool_dtype, expm1, log1p, not, not_below, polynomial, square};

/// `√(2/π)`
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;

pub(super) fn erf<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_erf(x)
}

pub(super) fn erfc<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let outer = not_below::<B>(&x, 0.5);
    let near = B::float_mask_fill(x.clone(), outer.clone(), 0.0.into());
    let near = B::float_add_scalar(B::float_neg(B::float_erf(near)), 1.0.into());
    let far = B::float_mask_fill(x, not::<B>(outer.clone()), 1.0.into());
    let tail = B::float_mul(gaussian::<B>(B::float_mul_scalar(far.clone(), SQRT_2.into())), scaled_erfc::<B>(far));
    B::float_mask_where(near, outer, tail)
}

pub(super) fn erfinv<B: Backend>(y: FloatTensor<B>) -> FloatTensor<B> {
    let outer = not_below::<B>(&B::float_abs(y.clone()), 0.5);
    let near = central::<B>(B::float_mask_fill(y.clone(), outer.clone(), 0.0.into()));
    let far = B::float_mask_fill(y.clone(), not::<B>(outer.clone()), 0.5.into());
    // 1 − |y| is exact.
    let tail = B::float_mul_scalar(B::float_add_scalar(B::float_neg(B::float_abs(far.clone())), 1.0.into()), 0.5.into());
    let far = B::float_mul(B::float_mul_scalar(lower_quantile::<B>(tail), (-FRAC_1_SQRT_2).into()), B::float_sign(far));
    B::float_mask_where(near, outer, far)
}

pub(super) fn ndtr<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let z = B::float_mul_scalar(x.clone(), FRAC_1_SQRT_2.into());
    let near = not_below::<B>(&x, -0.7);
    let center = B::float_mask_fill(z, not::<B>(near.clone()), 0.0.into());
    let center = B::float_add_scalar(B::float_mul_scalar(B::float_erf(center), 0.5.into()), 0.5.into());
    let tail = lower_tail::<B>(B::float_mask_fill(x, near.clone(), (-1.0).into()));
    B::float_mask_where(tail, near, center)
}

/// `Φ(x)` for `x < 0`.
fn lower_tail<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let ratio = scaled_erfc::<B>(B::float_mul_scalar(x.clone(), (-FRAC_1_SQRT_2).into()));
    B::float_mul_scalar(B::float_mul(gaussian::<B>(x), ratio), 0.5.into())
}

pub(super) fn log_ndtr<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let positive = not_below::<B>(&x, 0.0);
    let above = B::float_mask_fill(x.clone(), not::<B>(positive.clone()), 0.0.into());
    let above = log1p::<B>(B::float_neg(lower_tail::<B>(B::float_neg(above))));
    let under = B::float_mask_fill(x, positive.clone(), (-1.0).into());
    let ratio = scaled_erfc::<B>(B::float_mul_scalar(under.clone(), (-FRAC_1_SQRT_2).into()));
    let log = B::float_log(B::float_mul_scalar(ratio, 0.5.into()));
    let under = B::float_add(B::float_mul_scalar(square::<B>(under), (-0.5).into()), log);
    B::float_mask_where(under, positive, above)
}

pub(super) fn ndtr_ratio<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let positive = not_below::<B>(&x, 0.0);
    let above = B::float_mask_fill(x.clone(), not::<B>(positive.clone()), 0.0.into());
    let above = B::float_div(B::float_mul_scalar(gaussian::<B>(above.clone()), (0.5 * SQRT_2_OVER_PI).into()), ndtr::<B>(above));
    let under = B::float_mask_fill(x, positive.clone(), (-1.0).into());
    let ratio = scaled_erfc::<B>(B::float_mul_scalar(under, (-FRAC_1_SQRT_2).into()));
    let under = B::float_mul_scalar(B::float_recip(ratio), SQRT_2_OVER_PI.into());
    B::float_mask_where(under, positive, above)
}

pub(super) fn ndtri<B: Backend>(p: FloatTensor<B>) -> FloatTensor<B> {
    let from_half = B::float_add_scalar(B::float_mul_scalar(p.clone(), 2.0.into()), (-1.0).into());
    let outer = not_below::<B>(&B::float_abs(from_half.clone()), 0.5);
    let near = central::<B>(B::float_mask_fill(from_half.clone(), outer.clone(), 0.0.into()));
    let near = B::float_mul_scalar(near, SQRT_2.into());
    let above = not_below::<B>(&p, 0.5);
    let smaller = B::float_mask_where(p.clone(), above, B::float_add_scalar(B::float_neg(p), 1.0.into()));
    let far = lower_quantile::<B>(B::float_mask_fill(smaller, not::<B>(outer.clone()), 0.25.into()));
    let far = B::float_neg(B::float_mul(far, B::float_sign(from_half)));
    B::float_mask_where(near, outer, far)
}

/// `erfinv` on `[−½, ½]`.
fn central<B: Backend>(y: FloatTensor<B>) -> FloatTensor<B> {
    B::float_mul(polynomial::<B>(&ERFINV, square::<B>(y.clone())), y)
}

/// The `x` with `Φ(x) = p` for `p ≤ ¼`, minus infinity at 0.
fn lower_quantile<B: Backend>(p: FloatTensor<B>) -> FloatTensor<B> {
    let at_zero = B::float_equal_elem(p.clone(), 0.0.into(), bool_dtype::<B>(&p));
    let p = B::float_mask_fill(p, at_zero.clone(), 0.25.into());
    let t = B::float_sqrt(B::float_mul_scalar(B::float_log(p), (-2.0).into()));
    let s = B::float_div(B::float_add_scalar(t.clone(), (-3.0).into()), B::float_add_scalar(t.clone(), 3.0.into()));
    B::float_mask_fill(B::float_sub(polynomial::<B>(&NDTRI, s), t), at_zero, f64::NEG_INFINITY.into())
}

pub(super) fn log1mexp<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let far = not_below::<B>(&x, LN_2);
    let near = B::float_mask_fill(x.clone(), far.clone(), 0.5.into());
    let near = B::float_log(B::float_neg(expm1::<B>(B::float_neg(near))));
    let beyond = B::float_mask_fill(x, not::<B>(far.clone()), 1.0.into());
    let beyond = log1p::<B>(B::float_neg(B::float_exp(B::float_neg(beyond))));
    B::float_mask_where(near, far, beyond)
}

pub(super) fn expm1_recip<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_recip(expm1::<B>(x))
}

/// `e^{−x²/2}`: the square of a number with few digits is exact, and what is left of the exponent is small.
fn gaussian<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let x = B::float_clamp(x, (-40.0).into(), 40.0.into());
    let head = B::float_mul_scalar(B::float_trunc(B::float_mul_scalar(x.clone(), 16.0.into())), (1.0 / 16.0).into());
    let rest = B::float_mul(B::float_sub(x.clone(), head.clone()), B::float_add(x, head.clone()));
    let half = |t| B::float_exp(B::float_mul_scalar(t, (-0.5).into()));
    B::float_mul(half(square::<B>(head)), half(rest))
}

/// `e^{x²} erfc(x)` for `x ≥ 0`.
fn scaled_erfc<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    // 1 − 6/(x + 3) instead of a quotient of infinities.
    let s = B::float_mul_scalar(B::float_recip(B::float_add_scalar(x.clone(), 3.0.into())), (-6.0).into());
    let s = B::float_add_scalar(s, 1.0.into());
    let divisor = B::float_add_scalar(B::float_mul_scalar(x, 2.0.into()), 1.0.into());
    B::float_div(polynomial::<B>(&SCALED_ERFC_F32, s), divisor)
}
