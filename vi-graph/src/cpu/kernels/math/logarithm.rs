//! The logarithm.

use super::{Coefficients, Vector, polynomial};

/// `e ln 2 + log(1 + f) − c` for `1 + f` in `[√½, √2)`, `c` a small integer.
///
/// `log(1 + f) = 2 artanh(s) = f − f²/2 + s (f²/2 + s² R(s²))` with `s = f/(2 + f)`: the leading terms are rounded once.
#[inline(always)]
fn sum<V: Vector>(e: V, f: V, c: V) -> V {
    let s = f / (f + f.constant(2.0));
    let square = s * s;
    let half = f * f * f.constant(0.5);
    let rest = polynomial(square, V::Element::LOG).mul_add(square, half);
    let low = s.mul_add(rest, e * e.constant(V::Element::LN_2_LOW));
    e.mul_add(e.constant(V::Element::LN_2_HIGH), -c) + (f - (half - low))
}

/// `sum` where `x` is positive and finite, and what the logarithm is elsewhere.
#[inline(always)]
fn in_domain<V: Vector>(x: V, sum: V) -> V {
    let (zero, infinity) = (x.constant(0.0), x.constant(f64::INFINITY));
    let positive = zero.lt(x);
    let elsewhere = V::select(positive, x, V::select(x.eq(zero), -infinity, x.constant(f64::NAN)));
    V::select(positive & x.lt(infinity), sum, elsewhere)
}

/// `ln x`
#[inline(always)]
pub(crate) fn log<V: Vector>(x: V) -> V {
    log_less(x, x.constant(0.0))
}

/// `ln x − c` for a small integer `c`, rounded relative to the difference.
#[inline(always)]
pub(super) fn log_less<V: Vector>(x: V, c: V) -> V {
    let (e, m) = x.exponent_and_mantissa();
    in_domain(x, sum(e, m - x.constant(1.0), c))
}

/// `ln(1 + x)`
#[inline(always)]
pub(crate) fn log1p<V: Vector>(x: V) -> V {
    let one = x.constant(1.0);
    let u = one + x;
    // What was lost in u (Knuth's two-sum), to be added below the binary point of the mantissa.
    let part = u - one;
    let lost = (one - (u - part)) + (x - part);
    let (e, m) = u.exponent_and_mantissa();
    in_domain(u, sum(e, (m - one) + lost.scale(-e), x.constant(0.0)))
}

/// `ln(1 + t)` for `t` in `[0, 1]`, where the binade and the mantissa of `1 + t` follow without rounding the sum.
#[inline(always)]
pub(super) fn log1p_of_fraction<V: Vector>(t: V) -> V {
    let (zero, one) = (t.constant(0.0), t.constant(1.0));
    let upper = t.constant(std::f64::consts::SQRT_2 - 1.0).lt(t);
    // (1 + t)/2 − 1 in the upper binade.
    let f = V::select(upper, (t - one) * t.constant(0.5), t);
    sum(V::select(upper, one, zero), f, zero)
}
