//! Modified Bessel functions written with a backend's own operations.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;
use vi_graph::special::coefficients::{I0_LARGE, I0_SMALL, I1_LARGE, I1_SMALL};

use super::composed::{bool_dtype, log1p, not, not_below, polynomial, square};

/// `e^{−x} I(x)` for `x ≥ 0` from the polynomials for `x ≤ 4`, in `(x/4)²` and times `factor(x)`, and beyond, in `4/x`.
fn scaled<B: Backend>(
    x: FloatTensor<B>,
    small: &[f64],
    large: &[f64],
    factor: impl Fn(FloatTensor<B>, FloatTensor<B>) -> FloatTensor<B>,
) -> FloatTensor<B> {
    let far = not_below::<B>(&x, 4.0);
    let near = B::float_mask_fill(x.clone(), far.clone(), 1.0.into());
    let value = polynomial::<B>(small, square::<B>(B::float_mul_scalar(near.clone(), 0.25.into())));
    let value = B::float_mul(factor(value, near.clone()), B::float_exp(B::float_neg(near)));
    let beyond = B::float_mask_fill(x, not::<B>(far.clone()), 4.0.into());
    let tail = polynomial::<B>(large, B::float_mul_scalar(B::float_recip(beyond.clone()), 4.0.into()));
    B::float_mask_where(value, far, B::float_div(tail, B::float_sqrt(beyond)))
}

pub(super) fn i0e<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    scaled::<B>(B::float_abs(x), &I0_SMALL, &I0_LARGE, |value, _| value)
}

pub(super) fn i1e<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let value = scaled::<B>(B::float_abs(x.clone()), &I1_SMALL, &I1_LARGE, |value, x| B::float_mul(value, x));
    B::float_mul(value, B::float_sign(x))
}

/// `e^{−|x|} (I₀(x) − I₁(x)/x − sign(x) I₁(x))`, ½ at 0: the derivative of `i1e`.
pub(super) fn i1e_slope<B: super::probability::ProbabilityOps>(x: FloatTensor<B>) -> FloatTensor<B> {
    let first = B::i1e(x.clone());
    let at_zero = B::float_equal_elem(x.clone(), 0.0.into(), bool_dtype::<B>(&x));
    let ratio = B::float_div(first.clone(), B::float_mask_fill(x.clone(), at_zero.clone(), 1.0.into()));
    let ratio = B::float_mask_fill(ratio, at_zero, 0.5.into());
    let lost = B::float_add(ratio, B::float_mul(B::float_sign(x.clone()), first));
    B::float_sub(B::i0e(x), lost)
}

pub(super) fn log_i0<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let x = B::float_abs(x);
    let far = not_below::<B>(&x, 4.0);
    let near = square::<B>(B::float_mul_scalar(B::float_mask_fill(x.clone(), far.clone(), 1.0.into()), 0.25.into()));
    // I₀ − 1 keeps the relative accuracy around 0.
    let near = log1p::<B>(B::float_mul(polynomial::<B>(&I0_SMALL[1..], near.clone()), near));
    let beyond = B::float_mask_fill(x, not::<B>(far.clone()), 4.0.into());
    // The logarithm that is subtracted must stay finite.
    let finite = B::float_clamp_max(beyond.clone(), 1e38.into());
    let tail = B::float_log(polynomial::<B>(&I0_LARGE, B::float_mul_scalar(B::float_recip(finite.clone()), 4.0.into())));
    let tail = B::float_sub(tail, B::float_mul_scalar(B::float_log(finite), 0.5.into()));
    B::float_mask_where(near, far, B::float_add(beyond, tail))
}
