//! Kernels on slices, in safe clothes.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::arena::LINE;
use super::pool::Pool;
use super::update::{self, Constants};
use super::{Level, Real, movement};
use crate::cpu::update::{SLOTS, Update};

/// As many elements of a slice as fill whole vectors of every level.
fn whole<R>(len: usize) -> usize {
    let lanes = LINE / size_of::<R>();
    len / lanes * lanes
}

/// What kernels run on.
pub(crate) struct Processor<'a> {
    pub(crate) level: Level,
    pub(crate) pool: Option<&'a Pool>,
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

/// One step of an update on `range`, whole lines, of parameters `x`, gradients `g` and the slots of each element.
pub(crate) fn descend<R: Real>(
    to: &Processor<'_>,
    update: &Update,
    constants: &Constants<R>,
    range: Range<usize>,
    x: &mut [R],
    g: &[R],
    slots: &mut [Vec<R>],
) {
    assert!(slots.len() >= update.slots() && slots.iter().all(|slot| slot.len() >= range.end));
    let (x, g, n) = (&mut x[range.clone()], &g[range.clone()], whole::<R>(range.len()));
    let kernel = update::of::<R>(to.level, update);
    let x = Ranges(x.as_mut_ptr());
    let mut at = [const { Ranges(std::ptr::null_mut()) }; SLOTS];
    for (at, slot) in at.iter_mut().zip(slots) {
        *at = Ranges(slot[range.clone()].as_mut_ptr());
    }
    shared::<R>(to.pool, n, &|range| {
        let start = range.start;
        let slots = at.each_ref().map(|slot| slot.at(start));
        // SAFETY: `level` was detected, and each slice has at least `n` elements; ranges are whole vectors, and disjoint. A
        // formula has no more slots than its update.
        unsafe { kernel(range.len(), constants, x.at(start), g[start..].as_ptr(), &slots) }
    });
}

/// `y ← y + weight (x − y)` on `range`, whole lines.
pub(crate) fn average<R: Real>(to: &Processor<'_>, weight: f64, range: Range<usize>, x: &[R], y: &mut [R]) {
    let (x, y) = (&x[range.clone()], Ranges(y[range].as_mut_ptr()));
    let kernel = update::average::<R>(to.level);
    shared::<R>(to.pool, whole::<R>(x.len()), &|range| {
        let start = range.start;
        // SAFETY: as in `descend`.
        unsafe { kernel(range.len(), R::from_f64(weight), x[start..].as_ptr(), y.at(start)) }
    });
}

/// The sum of squares of elements, whole lines of them, each clipped to `clip`.
pub(crate) fn square_norm<R: Real>(level: Level, clip: f64, x: &[R]) -> f64 {
    // SAFETY: `level` was detected, and the slice has so many elements.
    unsafe { update::square_norm::<R>(level)(whole::<R>(x.len()), R::from_f64(clip), x.as_ptr()) }
}

/// The square of the distance of two slices of equal length, whole lines.
pub(crate) fn square_distance<R: Real>(level: Level, x: &[R], y: &[R]) -> f64 {
    let n = whole::<R>(x.len().min(y.len()));
    // SAFETY: as in `square_norm`.
    unsafe { update::square_distance::<R>(level)(n, x.as_ptr(), y.as_ptr()) }
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
