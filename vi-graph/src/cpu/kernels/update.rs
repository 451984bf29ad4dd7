//! How a gradient moves the parameters, norms, and whether numbers are finite.
//!
//! Every operation is rounded by itself, in the order in which the runtime's optimisers do them on tensors, so that both
//! give the same parameters.

mod formulas;

use super::reduce::{Sum, Terms, fold_all};
use super::{Level, Real, Vector, kernel};
use crate::cpu::update::{SLOTS, Update};
pub(crate) use formulas::NUMBERS;
use formulas::{AdaGrad, Adam, Cocob, Formula, Momentum, Nesterov, Plain, RmsProp};

/// What is the same for every element of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constants<R> {
    /// What elements of the gradient are clipped to.
    pub(crate) clip: R,
    /// What they are multiplied with then.
    pub(crate) scale: R,
    /// What the formula multiplies with and adds.
    pub(crate) numbers: [R; NUMBERS],
}

/// A kernel for the elements, a multiple of whole vectors: `(n, constants, value, gradient, slots)`.
pub(crate) type Descend<R> = unsafe fn(usize, *const Constants<R>, *mut R, *const R, *const [*mut R; SLOTS]);

/// The kernel of an update.
pub(crate) fn of<R: Real>(level: Level, update: &Update) -> Descend<R> {
    match *update {
        Update::Adam { .. } => descend::<R, Adam>(level),
        Update::Sgd { momentum: 0.0, .. } | Update::Dog { .. } | Update::Dowg { .. } => descend::<R, Plain>(level),
        Update::Sgd { nesterov: false, .. } => descend::<R, Momentum>(level),
        Update::Sgd { nesterov: true, .. } => descend::<R, Nesterov>(level),
        Update::RmsProp { momentum: 0.0, centred: false, .. } => descend::<R, RmsProp<false, false>>(level),
        Update::RmsProp { momentum: 0.0, centred: true, .. } => descend::<R, RmsProp<true, false>>(level),
        Update::RmsProp { centred: false, .. } => descend::<R, RmsProp<false, true>>(level),
        Update::RmsProp { centred: true, .. } => descend::<R, RmsProp<true, true>>(level),
        Update::AdaGrad { .. } => descend::<R, AdaGrad>(level),
        Update::Cocob { .. } => descend::<R, Cocob>(level),
    }
}

/// What the formula of an update works with, at `rate`, for update number `count` of the parameter, counted from 1.
pub(crate) fn numbers<R: Real>(update: &Update, rate: f64, count: u64) -> [R; NUMBERS] {
    formulas::numbers(update, rate, count).map(R::from_f64)
}

kernel! {
    /// One step of a formula on whole vectors of values, with the gradient and what the formula remembers.
    fn descend<R: Real, F: Formula>(n: usize, constants: *const Constants<R>, value: *mut R, gradient: *const R, slots: *const [*mut R; SLOTS])
        = descend_body;
}

#[inline(always)]
unsafe fn descend_body<V: Vector, F: Formula>(
    n: usize,
    constants: *const Constants<V::Element>,
    value: *mut V::Element,
    gradient: *const V::Element,
    slots: *const [*mut V::Element; SLOTS],
) {
    // SAFETY: the caller's; the kernel runs at the level of the vector.
    let (constants, slots, clip) = unsafe { (*constants, *slots, V::new((*constants).clip)) };
    let scale = clip.splat(constants.scale);
    let numbers = constants.numbers.map(|x| clip.splat(x));
    let mut i = 0;
    while i < n {
        // SAFETY: the buffers hold whole vectors, and there are as many slots as the formula has.
        unsafe {
            let g = clipped(V::load(gradient.add(i)), clip) * scale;
            let mut memory = [clip; SLOTS];
            let mut slot = 0;
            while slot < F::SLOTS {
                memory[slot] = V::load(slots[slot].add(i));
                slot += 1;
            }
            F::advance(&numbers, V::load(value.add(i)), g, &mut memory).store(value.add(i));
            slot = 0;
            while slot < F::SLOTS {
                memory[slot].store(slots[slot].add(i));
                slot += 1;
            }
        }
        i += V::LANES;
    }
}

/// NaN stays NaN.
#[inline(always)]
fn clipped<V: Vector>(x: V, limit: V) -> V {
    (-limit).greater(limit.lesser(x))
}

kernel! {
    /// `y ← y + weight (x − y)` on whole vectors.
    pub(crate) fn average<R: Real>(n: usize, weight: R, x: *const R, y: *mut R) = average_body;
}

#[inline(always)]
unsafe fn average_body<V: Vector>(n: usize, weight: V::Element, x: *const V::Element, y: *mut V::Element) {
    // SAFETY: the kernel runs at the level of the vector.
    let weight = unsafe { V::new(weight) };
    let mut i = 0;
    while i < n {
        // SAFETY: the buffers hold whole vectors.
        unsafe {
            let mean = V::load(y.add(i));
            (mean + (V::load(x.add(i)) - mean) * weight).store(y.add(i));
        }
        i += V::LANES;
    }
}

kernel! {
    /// The sum of the squares of `n` elements, which fill whole vectors, each clipped to `clip`.
    pub(crate) fn square_norm<R: Real>(n: usize, clip: R, x: *const R) -> f64 = square_norm_body;
}

#[inline(always)]
unsafe fn square_norm_body<V: Vector>(n: usize, clip: V::Element, x: *const V::Element) -> f64 {
    // SAFETY: the caller's; the kernel runs at the level of the vector.
    unsafe { fold_all::<V, Sum, _>(n / V::LANES, Squares(x, V::new(clip))).to_f64() }
}

/// The square of `x[i]`, clipped.
#[derive(Clone, Copy)]
struct Squares<V: Vector>(*const V::Element, V);

impl<V: Vector> Terms<V> for Squares<V> {
    #[inline(always)]
    unsafe fn vector(self, i: usize) -> V {
        // SAFETY: the caller's.
        let x = clipped(unsafe { V::load(self.0.add(i)) }, self.1);
        x * x
    }
}

kernel! {
    /// The sum of the squares of `x − y`, `n` elements, which fill whole vectors.
    pub(crate) fn square_distance<R: Real>(n: usize, x: *const R, y: *const R) -> f64 = square_distance_body;
}

#[inline(always)]
unsafe fn square_distance_body<V: Vector>(n: usize, x: *const V::Element, y: *const V::Element) -> f64 {
    // SAFETY: the caller's; the kernel runs at the level of the vector.
    unsafe { fold_all::<V, Sum, _>(n / V::LANES, Distances(x, y)).to_f64() }
}

/// The square of `x[i] − y[i]`.
struct Distances<R>(*const R, *const R);

impl<R> Copy for Distances<R> {}

impl<R> Clone for Distances<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: Vector> Terms<V> for Distances<V::Element> {
    #[inline(always)]
    unsafe fn vector(self, i: usize) -> V {
        // SAFETY: the caller's.
        let distance = unsafe { V::load(self.0.add(i)) - V::load(self.1.add(i)) };
        distance * distance
    }
}

kernel! {
    /// Whether none of `n` elements, which fill whole vectors, is infinite or NaN.
    pub(crate) fn finite<R: Real>(n: usize, x: *const R) -> bool = finite_body;
}

#[inline(always)]
unsafe fn finite_body<V: Vector>(n: usize, x: *const V::Element) -> bool {
    // SAFETY: the caller's; the kernel runs at the level of the vector.
    unsafe {
        let zeros = Zeros(x, V::new(V::Element::from_f64(0.0)));
        fold_all::<V, Sum, _>(n / V::LANES, zeros).to_f64() == 0.0
    }
}

/// `0 · x[i]`, which is NaN where `x[i]` is not finite.
#[derive(Clone, Copy)]
struct Zeros<V: Vector>(*const V::Element, V);

impl<V: Vector> Terms<V> for Zeros<V> {
    #[inline(always)]
    unsafe fn vector(self, i: usize) -> V {
        // SAFETY: the caller's.
        unsafe { V::load(self.0.add(i)) * self.1 }
    }
}

#[cfg(test)]
mod tests;
