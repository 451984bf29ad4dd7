//! Kernels on slices, in safe clothes.

use super::arena::LINE;
use super::update::{self, Adam};
use super::{Level, Real, movement};

/// As many elements of a slice as fill whole vectors of every level.
fn whole<R>(len: usize) -> usize {
    let lanes = LINE / size_of::<R>();
    len / lanes * lanes
}

/// Whether no element is infinite or NaN.
pub(crate) fn finite<R: Real>(level: Level, x: &[R]) -> bool {
    let (vectors, rest) = x.split_at(whole::<R>(x.len()));
    // SAFETY: `level` was detected, and the slice consists of whole vectors.
    let finite = unsafe { update::finite::<R>(level)(vectors.len(), vectors.as_ptr()) };
    finite && rest.iter().all(|x| x.to_f64().is_finite())
}

/// One step of Adam; slices of equal length, whole lines of memory.
pub(crate) fn adam<R: Real>(level: Level, step: &Adam<R>, x: &mut [R], g: &[R], m: &mut [R], v: &mut [R]) {
    let n = whole::<R>(x.len().min(g.len()).min(m.len()).min(v.len()));
    // SAFETY: `level` was detected, and each slice has at least `n` elements, which are whole vectors.
    unsafe { update::adam::<R>(level)(n, step, x.as_mut_ptr(), g.as_ptr(), m.as_mut_ptr(), v.as_mut_ptr()) }
}

/// One step of gradient descent; slices of equal length, whole lines of memory.
pub(crate) fn descend<R: Real>(level: Level, rate: R, momentum: R, x: &mut [R], g: &[R], m: &mut [R]) {
    let n = whole::<R>(x.len().min(g.len()).min(m.len()));
    let kernel = if momentum.to_f64() == 0.0 { update::descend::<R, false>(level) } else { update::descend::<R, true>(level) };
    // SAFETY: as in `adam`.
    unsafe { kernel(n, rate, momentum, x.as_mut_ptr(), g.as_ptr(), m.as_mut_ptr()) }
}

/// `out[o, i, k] = x[o, index[i], k]`, or `outside`; `x` is `[outer, n, inner]`, `out` is `[outer, m, inner]`.
pub(crate) fn take<T: Copy>(level: Level, [n, inner]: [usize; 2], x: &[T], index: &[i64], outside: T, out: &mut [T]) {
    let m = index.len();
    let outer = out.len().checked_div(m * inner).unwrap_or(0);
    assert!(outer * n * inner <= x.len());
    // SAFETY: `level` was detected; `x` has `outer · n · inner` elements, `out` at least `outer · m · inner`.
    unsafe { movement::take::<T, i64>(level)(outer, n, m, inner, x.as_ptr(), index.as_ptr(), outside, out.as_mut_ptr()) }
}

/// The adjoint of [`take`]: `y`, `[outer, m, inner]`, summed into zeros of `[outer, n, inner]`.
pub(crate) fn take_add<R: Real>(level: Level, [n, inner]: [usize; 2], index: &[i64], y: &[R], out: &mut [R]) {
    let m = index.len();
    let outer = out.len().checked_div(n * inner).unwrap_or(0);
    assert!(outer * m * inner <= y.len());
    // SAFETY: as in `take`, the other way round.
    unsafe { movement::take_add::<R, i64>(level)(outer, n, m, inner, index.as_ptr(), y.as_ptr(), out.as_mut_ptr()) }
}
