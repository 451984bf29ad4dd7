//! Logarithms of sums of exponentials, scaled by the largest.

use std::mem::MaybeUninit;

use super::super::kernel;
use super::super::math::{exp, log};
use super::{Elements, Fold, Largest, Real, Sum, Terms, Vector, WIDEST, across, first, fold_all, lanes};

kernel! {
    /// `out[i] = log Σ exp x[i, ..]`, `x` of shape `[m, n]`; −inf where all are.
    pub(crate) fn log_sum_exp<R: Real>(m: usize, n: usize, x: *const R, out: *mut R) = log_sum_exp_body;
}

#[inline(always)]
unsafe fn log_sum_exp_body<V: Vector>(m: usize, n: usize, x: *const V::Element, out: *mut V::Element) {
    /// Shorter rows are worked on side by side.
    const SHORT: usize = 64;
    let mut row = 0;
    while row < m {
        // Logarithms of as many rows as there are lanes.
        let rows = (m - row).min(V::LANES);
        // SAFETY: the caller's: so many rows of `n` from `row` on; the kernel runs at the level of the vector.
        unsafe {
            let x = x.add(row * n);
            let (shift, sum) = if n < SHORT && rows > 2 { side_by_side::<V, SHORT>(rows, n, x) } else { one_by_one::<V>(rows, n, x) };
            let logarithms = lanes(shift + log(sum));
            out.add(row).copy_from_nonoverlapping(logarithms.as_ptr(), rows);
        }
        row += rows;
    }
}

/// Of at most a vector of rows of at most `N`, a row a lane: what is subtracted, and the sum of the exponentials.
#[inline(always)]
unsafe fn side_by_side<V: Vector, const N: usize>(rows: usize, n: usize, x: *const V::Element) -> (V, V) {
    let mut memory = [const { MaybeUninit::<[V::Element; WIDEST]>::uninit() }; N];
    // SAFETY: the caller's; of each of the first `n` columns, as many elements are written as a vector has.
    unsafe {
        let columns: *mut V::Element = memory.as_mut_ptr().cast();
        let zero = V::new(V::Element::from_f64(0.0));
        let mut largest = zero.constant(f64::NEG_INFINITY);
        for k in 0..n {
            let column = columns.add(k * WIDEST);
            for r in 0..V::LANES {
                *column.add(r) = if r < rows { *x.add(r * n + k) } else { V::Element::from_f64(0.0) };
            }
            largest = Largest::join(largest, V::load(column));
        }
        let shift = V::select(largest.abs().eq(zero.constant(f64::INFINITY)), zero, largest);
        let mut sum = zero;
        for k in 0..n {
            sum = sum + exp(V::load(columns.add(k * WIDEST)) - shift);
        }
        (shift, sum)
    }
}

/// As [`side_by_side`], rows of any length.
#[inline(always)]
unsafe fn one_by_one<V: Vector>(rows: usize, n: usize, x: *const V::Element) -> (V, V) {
    let (zero, least) = (V::Element::from_f64(0.0), V::Element::from_f64(f64::NEG_INFINITY));
    let (whole, ragged) = (n / V::LANES * V::LANES, n % V::LANES);
    let (mut shifts, mut sums) = ([zero; WIDEST], [zero; WIDEST]);
    for r in 0..rows {
        let mut tail = [least; WIDEST];
        // SAFETY: the caller's: whole vectors of the row, and `ragged` elements after them.
        unsafe {
            let x = x.add(r * n);
            tail.as_mut_ptr().copy_from_nonoverlapping(x.add(whole), ragged);
            let tail = V::load(tail.as_ptr());
            let largest = Largest::join_elements(fold_all::<V, Largest, _>(whole, Elements(x)), across::<V, Largest>(tail));
            let shift = if largest.to_f64().is_infinite() { zero } else { largest };
            let by = tail.splat(shift);
            let tail = first(ragged, exp(first(ragged, tail, by) - by), by.splat(zero));
            (shifts[r], sums[r]) = (shift, fold_all::<V, Sum, _>(whole, Exponentials(x, by)) + across::<V, Sum>(tail));
        }
    }
    // SAFETY: the arrays have as many elements as any vector.
    unsafe { (V::load(shifts.as_ptr()), V::load(sums.as_ptr())) }
}

/// `exp(x[i] − shift)`
#[derive(Clone, Copy)]
struct Exponentials<V: Vector>(*const V::Element, V);

impl<V: Vector> Terms<V> for Exponentials<V> {
    #[inline(always)]
    unsafe fn vector(self, i: usize) -> V {
        // SAFETY: the caller's.
        exp(unsafe { V::load(self.0.add(i)) } - self.1)
    }

    #[inline(always)]
    unsafe fn element(self, i: usize) -> V::Element {
        // SAFETY: the caller's.
        lanes(exp(self.1.splat(unsafe { *self.0.add(i) }) - self.1))[0]
    }

    #[inline(always)]
    fn skip(self, i: usize) -> Self {
        Exponentials(self.0.wrapping_add(i), self.1)
    }
}
