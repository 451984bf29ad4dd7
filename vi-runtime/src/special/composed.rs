//! The special functions written with a backend's own operations, for backends without a kernel of ours.
//!
//! Everything runs in the precision of the tensor. Only forward values pass through the masks: derivatives are operations
//! of their own, so that a branch that is not taken cannot spoil them.

use burn::backend::tensor::{BoolTensor, FloatTensor};
use burn::backend::{Backend, Scalar, TensorMetadata, get_or_init_device_settings};
use burn::tensor::DType;

use super::scalar::HALF_LN_2PI;
use vi_graph::special::coefficients::{
    DIGAMMA_ASYMPTOTIC, DIGAMMA_F32, DIGAMMA_F64, DIGAMMA_ROOT, DIGAMMA_ROOT_F32, LGAMMA_F32, LGAMMA_F64, STIRLING, TRIGAMMA_ASYMPTOTIC,
};

/// How far the asymptotic series must be pushed in a precision.
struct Precision {
    lgamma: &'static [f64],
    digamma: &'static [f64],
    root: (f64, f64),
    /// Recurrence steps that bring an argument of 3 or more into the range of the series.
    steps: usize,
    /// Terms of the series.
    terms: usize,
}

/// The series at 3 with 7 terms err by 2e-8, at 10 with 8 terms by less than 1e-16.
fn precision(dtype: DType) -> Precision {
    match dtype {
        DType::F64 => Precision { lgamma: &LGAMMA_F64, digamma: &DIGAMMA_F64, root: DIGAMMA_ROOT, steps: 7, terms: 8 },
        _ => Precision { lgamma: &LGAMMA_F32, digamma: &DIGAMMA_F32, root: DIGAMMA_ROOT_F32, steps: 0, terms: 7 },
    }
}

/// `ln Γ(x)`: the scalar function's pieces, chosen by masks.
pub(super) fn lgamma<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let p = precision(x.dtype());
    let large = not_below::<B>(&x, 3.0);

    let small = B::float_mask_fill(x.clone(), large.clone(), 2.5.into());
    let below_half = below::<B>(&small, 0.5);
    let below_three_halves = below::<B>(&small, 1.5);
    // Γ(x + 2) = x (x + 1) Γ(x) below ½, Γ(x + 1) = x Γ(x) around 1; each subtraction of 1 or 2 is exact there.
    let t = B::float_sub_scalar(small.clone(), 2.0.into());
    let t = B::float_mask_where(t, below_three_halves.clone(), B::float_sub_scalar(small.clone(), 1.0.into()));
    let t = B::float_mask_where(t, below_half.clone(), small.clone());
    let value = B::float_mul(polynomial::<B>(p.lgamma, t.clone()), t.clone());
    let shift = B::float_log1p(B::float_mask_fill(t, not::<B>(below_three_halves), 0.0.into()));
    let first = B::float_log(B::float_mask_fill(small, not::<B>(below_half), 1.0.into()));
    let value = B::float_sub(B::float_sub(value, shift), first);

    let shifted = B::float_mask_fill(x, not::<B>(large.clone()), 3.0.into());
    B::float_mask_where(value, large, lgamma_from_3::<B>(shifted, &p))
}

fn lgamma_from_3<B: Backend>(x: FloatTensor<B>, p: &Precision) -> FloatTensor<B> {
    if p.steps == 0 {
        return stirling::<B>(x, p);
    }
    let end = 3.0 + p.steps as f64;
    let near = below::<B>(&x, end);
    let start = B::float_mask_fill(x.clone(), not::<B>(near.clone()), 3.0.into());
    let product =
        (1..p.steps).fold(start.clone(), |product, k| B::float_mul(product, B::float_add_scalar(start.clone(), (k as f64).into())));
    let correction = B::float_mask_fill(B::float_log(product), not::<B>(near.clone()), 0.0.into());
    let moved = B::float_mask_where(x.clone(), near, B::float_add_scalar(x, (p.steps as f64).into()));
    B::float_sub(stirling::<B>(moved, p), correction)
}

fn stirling<B: Backend>(x: FloatTensor<B>, p: &Precision) -> FloatTensor<B> {
    let main = B::float_mul(B::float_sub_scalar(x.clone(), 0.5.into()), B::float_sub_scalar(B::float_log(x.clone()), 1.0.into()));
    let main = B::float_add_scalar(main, (HALF_LN_2PI - 0.5).into());
    B::float_add(main, stirling_remainder::<B>(x, p.terms))
}

fn stirling_remainder<B: Backend>(x: FloatTensor<B>, terms: usize) -> FloatTensor<B> {
    let z = B::float_recip(x);
    B::float_mul(z.clone(), polynomial::<B>(&STIRLING[..terms], square::<B>(z)))
}

/// `ψ(x)`.
pub(super) fn digamma<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let p = precision(x.dtype());
    let large = not_below::<B>(&x, 3.0);

    let small = B::float_mask_fill(x.clone(), large.clone(), 1.5.into());
    let below_one = below::<B>(&small, 1.0);
    let below_two = below::<B>(&small, 2.0);
    let moved = B::float_mask_where(B::float_sub_scalar(small.clone(), 1.0.into()), below_two.clone(), small.clone());
    let moved = B::float_mask_where(moved, below_one.clone(), B::float_add_scalar(small.clone(), 1.0.into()));
    let (root, root_low) = p.root;
    let from_root = B::float_sub_scalar(B::float_sub_scalar(moved.clone(), root.into()), root_low.into());
    let value = B::float_mul(from_root, polynomial::<B>(p.digamma, B::float_sub_scalar(moved, 1.5.into())));
    // ψ(x) = ψ(x + 1) − 1/x below 1, ψ(x − 1) + 1/(x − 1) from 2 on.
    let divisor = B::float_mask_where(B::float_sub_scalar(small.clone(), 1.0.into()), below_one.clone(), B::float_neg(small));
    let step = B::float_recip(divisor);
    let no_step = B::bool_and(below_two, not::<B>(below_one));
    let value = B::float_add(value, B::float_mask_fill(step, no_step, 0.0.into()));

    let shifted = B::float_mask_fill(x, not::<B>(large.clone()), 3.0.into());
    B::float_mask_where(value, large, digamma_from_3::<B>(shifted, &p))
}

fn digamma_from_3<B: Backend>(x: FloatTensor<B>, p: &Precision) -> FloatTensor<B> {
    let end = B::float_add_scalar(x.clone(), (p.steps as f64).into());
    let z = B::float_recip(end.clone());
    let tail = B::float_mul(z.clone(), polynomial::<B>(&DIGAMMA_ASYMPTOTIC[..p.terms], square::<B>(z.clone())));
    let tail = B::float_mul(B::float_add_scalar(tail, 0.5.into()), z);
    (0..p.steps).fold(B::float_sub(B::float_log(end), tail), |value, k| {
        B::float_sub(value, B::float_recip(B::float_add_scalar(x.clone(), (k as f64).into())))
    })
}

/// `ψ'(x)`: all terms are positive, so no case is needed.
pub(super) fn trigamma<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let p = precision(x.dtype());
    let steps = p.steps + 3;
    let z = B::float_recip(B::float_add_scalar(x.clone(), (steps as f64).into()));
    let tail = B::float_mul(z.clone(), polynomial::<B>(&TRIGAMMA_ASYMPTOTIC[..p.terms], square::<B>(z.clone())));
    let tail = B::float_mul(B::float_add_scalar(tail, 0.5.into()), z.clone());
    let tail = B::float_mul(B::float_add_scalar(tail, 1.0.into()), z);
    (0..steps).fold(tail, |value, k| {
        let z = B::float_recip(B::float_add_scalar(x.clone(), (k as f64).into()));
        B::float_add(value, square::<B>(z))
    })
}

/// `ln B(a, b)`, see [`scalar::log_beta`](super::scalar::log_beta).
pub(super) fn log_beta<B: Backend>(a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
    let settings = get_or_init_device_settings::<B>(&a.device());
    let swap = B::float_lower(b.clone(), a.clone(), settings.bool_dtype);
    let small = B::float_mask_where(a.clone(), swap.clone(), b.clone());
    let large = B::float_mask_where(b, swap, a);
    let sum = B::float_add(small.clone(), large.clone());
    let is_large = not_below::<B>(&large, 10.0);
    let lgamma_small = lgamma::<B>(small.clone());

    // Both branches leave out the shared lgamma(small).
    let fill = |t: &FloatTensor<B>| B::float_mask_fill(t.clone(), is_large.clone(), 1.0.into());
    let direct = B::float_sub(lgamma::<B>(fill(&large)), lgamma::<B>(fill(&sum)));

    let large = B::float_mask_fill(large, not::<B>(is_large.clone()), 10.0.into());
    let sum = B::float_mask_fill(sum, not::<B>(is_large.clone()), 10.0.into());
    let ratio = log1p::<B>(B::float_div(small.clone(), large.clone()));
    let remainders = B::float_sub(stirling_remainder::<B>(large.clone(), 5), stirling_remainder::<B>(sum.clone(), 5));
    let series = B::float_sub(remainders, B::float_mul(B::float_sub_scalar(large, 0.5.into()), ratio));
    let series = B::float_sub(series, B::float_mul(small, B::float_sub_scalar(B::float_log(sum), 1.0.into())));

    B::float_add(lgamma_small, B::float_mask_where(direct, is_large, series))
}

/// `ψ(a) − ψ(a + b)` times `grad`, and the same with `a` and `b` exchanged.
pub(super) fn log_beta_gradient<B: Backend>(
    a: FloatTensor<B>,
    b: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let of_sum = digamma::<B>(B::float_add(a.clone(), b.clone()));
    let left = B::float_sub(digamma::<B>(a), of_sum.clone());
    let right = B::float_sub(digamma::<B>(b), of_sum);
    (B::float_mul(left, grad.clone()), B::float_mul(right, grad))
}

/// `ln Σ exp(x)` along `dim`, the largest element taken out first.
pub(super) fn logsumexp<B: Backend>(x: FloatTensor<B>, dim: usize) -> FloatTensor<B> {
    let max = finite::<B>(B::float_max_dim(x.clone(), dim));
    let sum = B::float_sum_dim(B::float_exp(B::float_sub(x, max.clone())), dim);
    B::float_add(B::float_log(sum), max)
}

/// `exp(x − total)`, the softmax; 0 where the whole row is minus infinity.
pub(super) fn softmax_of<B: Backend>(x: FloatTensor<B>, total: FloatTensor<B>) -> FloatTensor<B> {
    B::float_exp(B::float_sub(x, finite::<B>(total)))
}

/// `x ln y`, 0 where `x = 0`.
pub(super) fn xlogy<B: Backend>(x: FloatTensor<B>, y: FloatTensor<B>) -> FloatTensor<B> {
    let zero = B::float_equal_elem(x.clone(), 0.0.into(), bool_dtype::<B>(&x));
    B::float_mul(x, B::float_log(B::float_mask_fill(y, zero, 1.0.into())))
}

/// `ln y` and `x/y` times `grad`; 0 where `x = 0` and the term diverges.
pub(super) fn xlogy_gradient<B: Backend>(x: FloatTensor<B>, y: FloatTensor<B>, grad: FloatTensor<B>) -> (FloatTensor<B>, FloatTensor<B>) {
    let zero = B::float_equal_elem(x.clone(), 0.0.into(), bool_dtype::<B>(&x));
    let regular = B::bool_and(
        B::float_greater_elem(y.clone(), 0.0.into(), bool_dtype::<B>(&y)),
        B::float_lower_elem(y.clone(), f64::INFINITY.into(), bool_dtype::<B>(&y)),
    );
    let y = B::float_mask_fill(y, B::bool_and(zero, not::<B>(regular)), 1.0.into());
    let left = B::float_mul(B::float_log(y.clone()), grad.clone());
    (left, B::float_mul(B::float_div(x, y), grad))
}

/// `ln(1 + x)` for backends that take the logarithm of the rounded sum: `2 atanh(x/(2 + x))` around 0 in single precision.
pub(super) fn log1p<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    if x.dtype() == DType::F64 {
        return B::float_log1p(x);
    }
    const ATANH: [f64; 8] = [2.0, 2.0 / 3.0, 2.0 / 5.0, 2.0 / 7.0, 2.0 / 9.0, 2.0 / 11.0, 2.0 / 13.0, 2.0 / 15.0];
    let far = B::bool_or(not_below::<B>(&x, 1.0), below::<B>(&x, -0.5));
    let small = B::float_mask_fill(x.clone(), far.clone(), 0.0.into());
    let s = B::float_div(small.clone(), B::float_add_scalar(small, 2.0.into()));
    let near = B::float_mul(s.clone(), polynomial::<B>(&ATANH, square::<B>(s)));
    B::float_mask_where(near, far, B::float_log1p(x))
}

/// `e^x − 1` without cancellation around 0: `tanh(x/2) (e^x + 1)` in double precision, and in single precision the
/// exponential series below ½, because the `tanh` of a GPU may itself be a difference of exponentials.
pub(super) fn expm1<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    if x.dtype() == DType::F64 {
        let half = B::float_tanh(B::float_mul_scalar(x.clone(), 0.5.into()));
        return B::float_mul(half, B::float_add_scalar(B::float_exp(x), 1.0.into()));
    }
    const SERIES: [f64; 8] = [1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 1.0 / 5040.0, 1.0 / 40320.0];
    let far = not_below::<B>(&B::float_abs(x.clone()), 0.5);
    let small = B::float_mask_fill(x.clone(), far.clone(), 0.0.into());
    let near = B::float_mul(small.clone(), polynomial::<B>(&SERIES, small));
    B::float_mask_where(near, far, B::float_sub_scalar(B::float_exp(x), 1.0.into()))
}

/// Infinities become 0, so that `inf − inf` does not arise.
fn finite<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let infinite = B::float_is_inf(x.clone(), bool_dtype::<B>(&x));
    B::float_mask_fill(x, infinite, 0.0.into())
}

pub(super) fn square<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    B::float_mul(x.clone(), x)
}

/// Horner's scheme, lowest power first.
pub(super) fn polynomial<B: Backend>(coefficients: &[f64], x: FloatTensor<B>) -> FloatTensor<B> {
    let scalar = |k: usize| Scalar::from(coefficients[k]);
    let top = coefficients.len() - 1;
    let start = B::float_add_scalar(B::float_mul_scalar(x.clone(), scalar(top)), scalar(top - 1));
    (0..top - 1).rev().fold(start, |sum, k| B::float_add_scalar(B::float_mul(sum, x.clone()), scalar(k)))
}

pub(super) fn bool_dtype<B: Backend>(x: &FloatTensor<B>) -> burn::backend::BoolDType {
    get_or_init_device_settings::<B>(&x.device()).bool_dtype
}

pub(super) fn below<B: Backend>(x: &FloatTensor<B>, bound: f64) -> BoolTensor<B> {
    B::float_lower_elem(x.clone(), bound.into(), bool_dtype::<B>(x))
}

/// `x ≥ bound` or NaN: NaN takes the branch that has no case distinction.
pub(super) fn not_below<B: Backend>(x: &FloatTensor<B>, bound: f64) -> BoolTensor<B> {
    not::<B>(below::<B>(x, bound))
}

pub(super) fn not<B: Backend>(mask: BoolTensor<B>) -> BoolTensor<B> {
    B::bool_not(mask)
}
