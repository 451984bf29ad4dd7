//! Elementary and special functions of vectors.

use super::{Real, Vector};

#[inline(always)]
fn each<V: Vector>(x: V, f: fn(f64) -> f64) -> V {
    let mut lanes = [V::Element::from_f64(0.0); 16];
    // SAFETY: no vector has more than 16 lanes.
    unsafe {
        x.store(lanes.as_mut_ptr());
        for lane in &mut lanes[..V::LANES] {
            *lane = V::Element::from_f64(f(lane.to_f64()));
        }
        V::load(lanes.as_ptr())
    }
}

fn erf_series(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    if x.abs() > 6.0 { x.signum() } else { sum * std::f64::consts::FRAC_2_SQRT_PI }
}

macro_rules! scalar {
    ($($name:ident = $f:expr;)*) => { $( #[inline(always)] pub(crate) fn $name<V: Vector>(x: V) -> V { each(x, $f) } )* };
}
scalar! {
    exp = f64::exp;
    expm1 = f64::exp_m1;
    log = f64::ln;
    log1p = f64::ln_1p;
    sin = f64::sin;
    cos = f64::cos;
    tan = f64::tan;
    sinh = f64::sinh;
    cosh = f64::cosh;
    tanh = f64::tanh;
    erf = erf_series;
    sigmoid = |x| 1.0 / (1.0 + (-x).exp());
    softplus = |x| x.max(0.0) + (-x.abs()).exp().ln_1p();
    lgamma = crate::special::lgamma;
    digamma = crate::special::digamma;
}
