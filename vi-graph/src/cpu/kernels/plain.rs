//! Reductions in plain loops.

use super::Real;
use crate::ir::Reduce;

fn max<R: Real>(a: R, b: R) -> R {
    if a.to_f64().is_nan() || a > b { a } else { b }
}

fn min<R: Real>(a: R, b: R) -> R {
    if a.to_f64().is_nan() || a < b { a } else { b }
}

/// A run of `n` elements to one.
pub(crate) fn reduce<R: Real>(f: Reduce) -> unsafe fn(usize, *const R, *mut R) {
    unsafe fn sum<R: Real>(n: usize, x: *const R, out: *mut R) {
        // SAFETY: the caller says so.
        unsafe { *out = (0..n).fold(R::from_f64(0.0), |s, i| s + *x.add(i)) }
    }
    unsafe fn prod<R: Real>(n: usize, x: *const R, out: *mut R) {
        // SAFETY: the caller says so.
        unsafe { *out = (0..n).fold(R::from_f64(1.0), |s, i| s * *x.add(i)) }
    }
    unsafe fn maximum<R: Real>(n: usize, x: *const R, out: *mut R) {
        // SAFETY: the caller says so.
        unsafe { *out = (0..n).fold(R::from_f64(f64::NEG_INFINITY), |s, i| max(s, *x.add(i))) }
    }
    unsafe fn minimum<R: Real>(n: usize, x: *const R, out: *mut R) {
        // SAFETY: the caller says so.
        unsafe { *out = (0..n).fold(R::from_f64(f64::INFINITY), |s, i| min(s, *x.add(i))) }
    }
    match f {
        Reduce::Prod => prod,
        Reduce::Max => maximum,
        Reduce::Min => minimum,
        _ => sum,
    }
}

/// Rows of `n` elements, `step` bytes apart, to one.
pub(crate) fn fold<R: Real>(f: Reduce) -> unsafe fn(usize, usize, usize, *const R, *mut R) {
    unsafe fn run<R: Real>(rows: usize, n: usize, step: usize, x: *const R, out: *mut R, f: impl Fn(R, R) -> R) {
        for i in 0..n {
            // SAFETY: the caller says so.
            unsafe {
                let column = x.add(i);
                let mut s = *column;
                for r in 1..rows {
                    s = f(s, *column.byte_add(r * step));
                }
                *out.add(i) = s;
            }
        }
    }
    unsafe fn sum<R: Real>(rows: usize, n: usize, step: usize, x: *const R, out: *mut R) {
        // SAFETY: the caller says so.
        unsafe { run(rows, n, step, x, out, |a, b| a + b) }
    }
    unsafe fn prod<R: Real>(rows: usize, n: usize, step: usize, x: *const R, out: *mut R) {
        // SAFETY: the caller says so.
        unsafe { run(rows, n, step, x, out, |a, b| a * b) }
    }
    unsafe fn maximum<R: Real>(rows: usize, n: usize, step: usize, x: *const R, out: *mut R) {
        // SAFETY: the caller says so.
        unsafe { run(rows, n, step, x, out, max) }
    }
    unsafe fn minimum<R: Real>(rows: usize, n: usize, step: usize, x: *const R, out: *mut R) {
        // SAFETY: the caller says so.
        unsafe { run(rows, n, step, x, out, min) }
    }
    match f {
        Reduce::Prod => prod,
        Reduce::Max => maximum,
        Reduce::Min => minimum,
        _ => sum,
    }
}

/// `out = x`
///
/// # Safety
/// `n` elements each, apart from each other.
pub(crate) unsafe fn copy<R: Real>(n: usize, x: *const R, out: *mut R) {
    // SAFETY: the caller's.
    unsafe { std::ptr::copy_nonoverlapping(x, out, n) }
}
