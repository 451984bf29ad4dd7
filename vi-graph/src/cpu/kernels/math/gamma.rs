//! The logarithm of the gamma function and its derivatives, for `x ≥ 0`; NaN below.

use super::{
    Coefficients, Vector,
    logarithm::{log, log_less},
    polynomial,
};
use crate::special::HALF_LN_2PI;

/// From here on Stirling's series, with coefficients fitted instead of truncated.
const STIRLING_START: f64 = 3.0;

/// `ln Γ(x)`: below 3, `t P(t)` at `t` = `x`, `x − 1` or `x − 2` less the logarithm that the recurrence takes; above,
/// `(x − ½)(ln x − 1) + ½ ln 2π − ½` and a polynomial in `1/x²`, times `1/x`.
#[inline(always)]
pub(crate) fn lgamma<V: Vector>(x: V) -> V {
    let one = x.constant(1.0);
    let far = x.constant(STIRLING_START).le(x);
    let (first, second) = (x.lt(x.constant(0.5)), x.lt(x.constant(1.5)));
    // x is exact in t: t lies in [−½, 1].
    let t = V::select(first, x, V::select(second, x - one, x - x.constant(2.0)));
    let near_argument = V::select(first, x.mul_add(x, x), V::select(second, x, one));

    let inverse = one / x;
    let remainder = polynomial(inverse * inverse, V::Element::STIRLING).mul_add(inverse, x.constant(HALF_LN_2PI - 0.5));
    let leading = x - x.constant(0.5);
    let near = polynomial(t, V::Element::LGAMMA) * t;

    // One logarithm for both.
    let zero = x.constant(0.0);
    let log = log_less(V::select(far, x, near_argument), V::select(far, one, zero));
    let value = V::select(far, leading.mul_add(log, remainder), near - log);
    V::select(x.lt(x.constant(0.0)), x.constant(f64::NAN), value)
}

/// `ψ(x)`: below 3, `(y − root) P(y)` at `y` in `[1, 2)` and the recurrence; above, `ln x − 1/(2x)` and a polynomial in `1/x²`.
#[inline(always)]
pub(crate) fn digamma<V: Vector>(x: V) -> V {
    let one = x.constant(1.0);
    let (first, second, far) = (x.lt(one), x.lt(x.constant(2.0)), x.constant(STIRLING_START).le(x));
    // y − 1, in which x is exact.
    let w = V::select(first, x, V::select(second, x - one, x - x.constant(2.0)));
    let (root, root_low) = V::Element::DIGAMMA_ROOT;
    let factor = (w - x.constant(root - 1.0)) - x.constant(root_low);
    let base = factor * polynomial(w - x.constant(0.5), V::Element::DIGAMMA);

    let inverse = one / V::select(first | far, x, x - one);
    let square = inverse * inverse;
    let series = inverse.mul_add(x.constant(0.5), polynomial(square, V::Element::DIGAMMA_SERIES) * square);
    let near = base + V::select(first, -inverse, V::select(second, x.constant(0.0), inverse));

    let value = V::select(far, log(x) - series, near);
    V::select(x.lt(x.constant(0.0)), x.constant(f64::NAN), value)
}

/// `ψ'(x)`: below 3 from `x + 3` by the recurrence, whose terms are all positive; above, `1/x + 1/(2x²)` and a polynomial in
/// `1/x²`, times `1/x³`.
#[inline(always)]
pub(crate) fn trigamma<V: Vector>(x: V) -> V {
    let (zero, one, two) = (x.constant(0.0), x.constant(1.0), x.constant(2.0));
    let near = x.lt(x.constant(STIRLING_START));
    let inverse = one / V::select(near, x + x.constant(3.0), x);
    let square = inverse * inverse;
    let cube = square * inverse;
    let far = polynomial(square, V::Element::TRIGAMMA_SERIES).mul_add(cube, square.mul_add(x.constant(0.5), inverse));

    let (first, second, third) = (one / x, one / (x + one), one / (x + two));
    let terms = first.mul_add(first, second.mul_add(second, third * third));
    let value = far + V::select(near, terms, zero);
    V::select(x.lt(zero), x.constant(f64::NAN), value)
}
