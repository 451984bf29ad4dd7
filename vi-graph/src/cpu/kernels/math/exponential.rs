//! The exponential function and what is made of it.

use super::{Coefficients, Vector, logarithm::log1p_of_fraction, polynomial};

/// `(r, q, k)` with `e^x = 2^k (1 + r + r² q)` for `x` between bounds beyond which the exponential is infinite or 0.
///
/// `k` is the integer nearest to `x/ln 2`, subtracted with `ln 2` in two parts.
#[inline(always)]
fn reduced<V: Vector>(x: V, least: f64) -> (V, V, V) {
    // The bounds stand first, so that NaN passes.
    let x = x.constant(V::Element::EXP_MAX).lesser(x.constant(least).greater(x));
    // Adding 1.5 2^m rounds to an integer.
    let shift = x.constant(V::Element::ROUNDING_SHIFT);
    let k = x.mul_add(x.constant(std::f64::consts::LOG2_E), shift) - shift;
    let r = k.mul_add(x.constant(-V::Element::LN_2_HIGH), x);
    let r = k.mul_add(x.constant(-V::Element::LN_2_LOW), r);
    (r, polynomial(r, V::Element::EXP), k)
}

/// `1 + r + r² q`, with what rounding `1 + r` lost.
#[inline(always)]
fn mantissa<V: Vector>(r: V, q: V) -> V {
    let one = r.constant(1.0);
    let leading = one + r;
    leading + q.mul_add(r * r, r - (leading - one))
}

/// `e^x`, and 0 where that is below the smallest normal number.
///
/// A subnormal number costs a processor a hundred cycles wherever it is used next, and weights such as those of a mixture
/// are mostly that small.
#[inline(always)]
pub(crate) fn exp<V: Vector>(x: V) -> V {
    let least = x.constant(V::Element::EXP_MIN);
    let (r, q, k) = reduced(x, V::Element::EXP_MIN);
    V::select(x.lt(least), x.constant(0.0), mantissa(r, q).scale(k))
}

/// `(e^x − 1)/4`, which is finite also where only `e^x/2` is.
#[inline(always)]
fn quarter_expm1<V: Vector>(x: V) -> V {
    let (r, q, k) = reduced(x, V::Element::EXPM1_MIN);
    let quarter = x.constant(0.25);
    let power = quarter.scale(k);
    q.mul_add(r * r, r).mul_add(power, power - quarter)
}

/// `e^x − 1`
#[inline(always)]
pub(crate) fn expm1<V: Vector>(x: V) -> V {
    quarter_expm1(x) * x.constant(4.0)
}

/// `½ (w + w/(w + 1))` with `w = e^|x| − 1`.
#[inline(always)]
pub(crate) fn sinh<V: Vector>(x: V) -> V {
    let w = quarter_expm1(x.abs());
    let one = x.constant(1.0);
    // Far out the second term is lost, and 4w overflows.
    let second = V::select(w.lt(x.constant(1e30)), w / w.mul_add(x.constant(4.0), one), x.constant(0.0));
    ((w + second) * x.constant(2.0)).copysign(x)
}

/// `e^|x|/2 + e^−|x|/2`
#[inline(always)]
pub(crate) fn cosh<V: Vector>(x: V) -> V {
    let (r, q, k) = reduced(x.abs(), 0.0);
    let half = mantissa(r, q).scale(k - x.constant(1.0));
    half + x.constant(0.25) / half
}

/// Near 0 an odd polynomial, `1 − 2/(e^{2|x|} + 1)` beyond.
#[inline(always)]
pub(crate) fn tanh<V: Vector>(x: V) -> V {
    let one = x.constant(1.0);
    let square = x * x;
    let small = (polynomial(square, V::Element::TANH) * square).mul_add(x, x);
    let far = one - x.constant(2.0) / (exp(x.abs() + x.abs()) + one);
    V::select(x.abs().lt(x.constant(TANH_END)), small, far.copysign(x))
}

/// Where the polynomial of [`tanh`] ends.
const TANH_END: f64 = 0.9;

/// `1/(1 + e^−x)`: in terms of `t = e^−|x|`, `1/(1 + t)` on the right and `t/(1 + t)` on the left.
#[inline(always)]
pub(crate) fn sigmoid<V: Vector>(x: V) -> V {
    let one = x.constant(1.0);
    let t = exp(-x.abs());
    V::select(x.lt(x.constant(0.0)), t, one) / (t + one)
}

/// `log(1 + e^x) = max(x, 0) + log1p(e^−|x|)`
#[inline(always)]
pub(crate) fn softplus<V: Vector>(x: V) -> V {
    x.greater(x.constant(0.0)) + log1p_of_fraction(exp(-x.abs()))
}

/// Up to 1 an odd polynomial; beyond, `1 − e^{g(|x|) − x²}` with a polynomial `g` for `ln erfc(x) + x²`.
#[inline(always)]
pub(crate) fn erf<V: Vector>(x: V) -> V {
    let one = x.constant(1.0);
    let square = x * x;
    let small = polynomial(square, V::Element::ERF).mul_add(x, x);
    let far = x.constant(V::Element::ERF_END).lesser(x.abs());
    let exponent = polynomial(far - x.constant(2.0), V::Element::LOG_ERFC) - far * far;
    V::select(x.abs().lt(one), small, (one - exp(exponent)).copysign(x))
}
