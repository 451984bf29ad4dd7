//! Kernels on slices, in safe clothes.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::arena::LINE;
use super::pool::Pool;
use super::update::{self, Adam};
use super::{Level, Real, movement};

/// As many elements of a slice as fill whole vectors of every level.
fn whole<R>(len: usize) -> usize {
    let lanes = LINE / size_of::<R>();
    len / lanes * lanes
}

/// Regions with fewer elements are left to one thread.
pub(crate) const SHARED: usize = 1 << 16;

/// Calls `f` with a range of whole lines on each thread, all of which make up `0..n`.
fn shared<R>(pool: Option<&Pool>, n: usize, f: &(impl Fn(Range<usize>) + Sync)) {
    match pool.filter(|_| n >= SHARED) {
        Some(pool) => {
            let threads = pool.width();
            let cut = |part: usize| if part == threads { n } else { whole::<R>(part * n / threads) };
            pool.run(threads, &|part| f(cut(part)..cut(part + 1)));
        }
        None => f(0..n),
    }
}

/// Whether no element is infinite or NaN.
pub(crate) fn finite<R: Real>(level: Level, pool: Option<&Pool>, x: &[R]) -> bool {
    let found = AtomicBool::new(false);
    shared::<R>(pool, x.len(), &|range| {
        let (vectors, rest) = x[range.clone()].split_at(whole::<R>(range.len()));
        // SAFETY: `level` was detected, and the slice consists of whole vectors.
        let finite = unsafe { update::finite::<R>(level)(vectors.len(), vectors.as_ptr()) };
        if !finite || !rest.iter().all(|x| x.to_f64().is_finite()) {
            found.store(true, Ordering::Relaxed);
        }
    });
    !found.into_inner()
}

/// What several threads change, each in a range of its own.
struct Ranges<R>(*mut R);

// SAFETY: the ranges are disjoint, and the slice is borrowed for as long as the threads work.
unsafe impl<R: Send> Sync for Ranges<R> {}

impl<R> Ranges<R> {
    fn at(&self, start: usize) -> *mut R {
        self.0.wrapping_add(start)
    }
}

/// One step of Adam; slices of equal length, whole lines of memory.
pub(crate) fn adam<R: Real>(level: Level, pool: Option<&Pool>, step: &Adam<R>, x: &mut [R], g: &[R], [m, v]: [&mut [R]; 2]) {
    let n = whole::<R>(x.len().min(g.len()).min(m.len()).min(v.len()));
    let kernel = update::adam::<R>(level);
    let (x, m, v) = (Ranges(x.as_mut_ptr()), Ranges(m.as_mut_ptr()), Ranges(v.as_mut_ptr()));
    shared::<R>(pool, n, &|range| {
        let start = range.start;
        // SAFETY: `level` was detected, and each slice has at least `n` elements; ranges are whole vectors, and disjoint.
        unsafe { kernel(range.len(), step, x.at(start), g[start..].as_ptr(), m.at(start), v.at(start)) }
    });
}

/// One step of gradient descent; slices of equal length, whole lines of memory.
pub(crate) fn descend<R: Real>(level: Level, rate: R, momentum: R, x: &mut [R], g: &[R], m: &mut [R]) {
    let n = whole::<R>(x.len().min(g.len()).min(m.len()));
    let kernel = if momentum.to_f64() == 0.0 { update::descend::<R, false>(level) } else { update::descend::<R, true>(level) };
    // SAFETY: `level` was detected, and each slice has at least `n` elements, which are whole vectors.
    unsafe { kernel(n, rate, momentum, x.as_mut_ptr(), g.as_ptr(), m.as_mut_ptr()) }
}

/// `out[o, i, k] = x[o, index[i], k]`, or `outside`; `x` is `[outer, n, inner]`, `out` is `[outer, m, inner]`.
pub(crate) fn take<T: Copy>(level: Level, [n, inner]: [usize; 2], x: &[T], index: &[i64], outside: T, out: &mut [T]) {
    let m = index.len();
    let outer = out.len().checked_div(m * inner).unwrap_or(0);
    assert!(outer * n * inner <= x.len());
    // SAFETY: `level` was detected; `x` has `outer · n · inner` elements, `out` at least `outer · m · inner`.
    unsafe { movement::take::<T>(level)(outer, n, m, inner, x.as_ptr(), index.as_ptr(), outside, out.as_mut_ptr()) }
}

/// The adjoint of [`take`]: `y`, `[outer, m, inner]`, summed into zeros of `[outer, n, inner]`.
pub(crate) fn take_add<R: Real>(level: Level, [n, inner]: [usize; 2], index: &[i64], y: &[R], out: &mut [R]) {
    let m = index.len();
    let outer = out.len().checked_div(n * inner).unwrap_or(0);
    assert!(outer * m * inner <= y.len());
    // SAFETY: as in `take`, the other way round.
    unsafe { movement::take_add::<R>(level)(outer, n, m, inner, index.as_ptr(), y.as_ptr(), out.as_mut_ptr()) }
}
