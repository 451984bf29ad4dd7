//! Sine, cosine and tangent.

use super::{Coefficients, Mask, Vector, each, polynomial};

/// Further out, and without fused multiplication, the host's library computes lane by lane.
const END: f64 = 1e5;

/// `value`, but from the host's library in the lanes beyond the reduction: what is in other lanes has no part in a result.
#[inline(always)]
fn unless_far<V: Vector>(x: V, value: V, f: fn(f64) -> f64) -> V {
    let far = x.constant(END).lt(x.abs());
    if far.any() { V::select(far, each(x, f), value) } else { value }
}

/// `(r, f)`: `x = k π/2 + r`, `|r| ≤ π/4`, `f` the fractional part of `k/4`.
///
/// `π/2` in three parts (Cody and Waite 1980). The first product cancels without rounding, because `x` and `k` times the
/// first part are multiples of the same power of two, and the difference is below 1; the others round relative to `r`.
#[inline(always)]
fn reduced<V: Vector>(x: V) -> (V, V) {
    let shift = x.constant(V::Element::ROUNDING_SHIFT);
    let k = x.mul_add(x.constant(std::f64::consts::FRAC_2_PI), shift) - shift;
    let [high, middle, low] = V::Element::HALF_PI;
    let r = k.mul_add(x.constant(-high), x);
    let r = k.mul_add(x.constant(-middle), r);
    let r = k.mul_add(x.constant(-low), r);
    let quarter = k * k.constant(0.25);
    (r, quarter - quarter.floor())
}

/// `(sin r, cos r)` for `|r| ≤ π/4`.
#[inline(always)]
fn kernel<V: Vector>(r: V) -> (V, V) {
    let square = r * r;
    let sine = (polynomial(square, V::Element::SIN) * square).mul_add(r, r);
    let half = square * r.constant(0.5);
    let one = r.constant(1.0);
    // 1 − ½ r², with what its rounding lost.
    let leading = one - half;
    let lost = (one - leading) - half;
    let cosine = leading + polynomial(square, V::Element::COS).mul_add(square * square, lost);
    (sine, cosine)
}

/// Whether `k` is odd.
#[inline(always)]
fn odd<V: Vector>(fraction: V) -> V::Mask {
    fraction.eq(fraction.constant(0.25)) | fraction.eq(fraction.constant(0.75))
}

#[inline(always)]
pub(crate) fn sin<V: Vector>(x: V) -> V {
    if !V::FUSED {
        return each(x, f64::sin);
    }
    let (r, fraction) = reduced(x);
    let (sine, cosine) = kernel(r);
    let value = V::select(odd(fraction), cosine, sine);
    unless_far(x, value.flip_sign(fraction.constant(0.25) - fraction), f64::sin)
}

#[inline(always)]
pub(crate) fn cos<V: Vector>(x: V) -> V {
    if !V::FUSED {
        return each(x, f64::cos);
    }
    let (r, fraction) = reduced(x);
    let (sine, cosine) = kernel(r);
    let value = V::select(odd(fraction), sine, cosine);
    // Negative in the second and third quadrant: |f − 3/8| = 1/8.
    let sign = (fraction - fraction.constant(0.375)).abs() - fraction.constant(0.25);
    unless_far(x, value.flip_sign(sign), f64::cos)
}

#[inline(always)]
pub(crate) fn tan<V: Vector>(x: V) -> V {
    if !V::FUSED {
        return each(x, f64::tan);
    }
    let (r, fraction) = reduced(x);
    let (sine, cosine) = kernel(r);
    let odd = odd(fraction);
    unless_far(x, V::select(odd, -cosine, sine) / V::select(odd, sine, cosine), f64::tan)
}
