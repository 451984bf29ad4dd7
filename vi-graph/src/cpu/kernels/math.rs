//! Elementary and special functions of vectors.
//!
//! All are free of branches, with the exception of arguments beyond [`trigonometric`]'s reduction. Polynomials are minimax
//! fits to the functions themselves, see [`coefficients`].

pub(crate) mod coefficients;
mod exponential;
mod gamma;
mod logarithm;
mod trigonometric;

use super::Real;
use super::vector::{Mask, Vector};
use coefficients::Coefficients;
pub(crate) use exponential::{cosh, erf, exp, expm1, sigmoid, sinh, softplus, tanh};
pub(crate) use gamma::{digamma, lgamma};
pub(crate) use logarithm::{log, log1p};
pub(crate) use trigonometric::{cos, sin, tan};

/// The value at `x`, lowest power first.
///
/// Odd and even powers are two chains of multiplications, which halves the time until the result is there.
#[inline(always)]
fn polynomial<V: Vector>(x: V, coefficients: &[f64]) -> V {
    let n = coefficients.len();
    let square = x * x;
    // The chains start at the two highest powers.
    let mut high = x.constant(coefficients[n - 1]);
    let mut low = x.constant(coefficients[n - 2]);
    let mut i = n - 2;
    while i >= 2 {
        high = high.mul_add(square, x.constant(coefficients[i - 1]));
        low = low.mul_add(square, x.constant(coefficients[i - 2]));
        i -= 2;
    }
    let sum = high.mul_add(x, low);
    if i == 1 { sum.mul_add(x, x.constant(coefficients[0])) } else { sum }
}

/// `f` of each lane, by the host's library.
#[cold]
#[inline(never)]
fn lane_by_lane<R: Real>(lanes: &mut [R], f: fn(f64) -> f64) {
    for lane in lanes {
        *lane = R::from_f64(f(lane.to_f64()));
    }
}

/// `f` of each lane, by the host's library.
#[inline(always)]
fn each<V: Vector>(x: V, f: fn(f64) -> f64) -> V {
    let mut lanes = [V::Element::from_f64(0.0); 16];
    // SAFETY: no vector has more than 16 lanes, and `x` shows that its instructions exist.
    unsafe {
        x.store(lanes.as_mut_ptr());
        lane_by_lane(&mut lanes[..V::LANES], f);
        V::load(lanes.as_ptr())
    }
}
