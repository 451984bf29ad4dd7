//! Sums, products and extremes: of a run of elements, or of rows, column by column.
//!
//! A long sum is made of blocks in which every lane adds at most [`BLOCK`] terms; the blocks are added with the rounding
//! errors of the additions (Knuth's two-sum), so that the error does not grow with the length.

mod fold;

use super::{Level, Real, Vector, kernel};
use crate::ir::Reduce;
pub(crate) use fold::{Fold, Largest, Product, Smallest, Sum};

/// How many terms a lane adds before they go to the total.
const BLOCK: usize = 64;

/// As many lanes as the widest vector has.
pub(crate) const WIDEST: usize = 16;

/// Ones, then zeros: from position `WIDEST − k` on, a mask of the first `k` lanes.
static FIRST: [u8; 2 * WIDEST] = {
    let mut mask = [0; 2 * WIDEST];
    let mut i = 0;
    while i < WIDEST {
        mask[i] = 1;
        i += 1;
    }
    mask
};

/// `x` in the first `k` lanes, `other` in the rest.
#[inline(always)]
pub(crate) fn first<V: Vector>(k: usize, x: V, other: V) -> V {
    debug_assert!(k <= V::LANES);
    // SAFETY: that there is an `x` shows that the processor has the instructions; at most 16 bytes from at most byte 16 on.
    let mask = unsafe { V::load_mask(FIRST.as_ptr().add(WIDEST - k)) };
    V::select(mask, x, other)
}

/// The lanes of a vector.
#[inline(always)]
fn lanes<V: Vector>(x: V) -> [V::Element; WIDEST] {
    let mut lanes = [V::Element::from_f64(0.0); WIDEST];
    // SAFETY: no vector has more lanes.
    unsafe { x.store(lanes.as_mut_ptr()) };
    lanes
}

/// One result of all lanes.
#[inline(always)]
pub(crate) fn across<V: Vector, F: Fold>(x: V) -> V::Element {
    let mut lanes = lanes(x);
    let mut half = V::LANES / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] = F::join_elements(lanes[l], lanes[l + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// The sum of lanes in double precision; lanes that a vector does not have are 0.
#[inline(always)]
fn double<R: Real>(lanes: [R; WIDEST]) -> f64 {
    let mut sums = [0.0; 4];
    for l in 0..WIDEST {
        sums[l % 4] += lanes[l].to_f64();
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

/// A sum and the rounding errors of its additions, lane by lane; other folds have none.
#[derive(Clone, Copy)]
struct Total<V> {
    high: V,
    low: V,
}

impl<V: Vector> Total<V> {
    #[inline(always)]
    fn add<F: Fold>(&mut self, block: V) {
        let sum = F::join(self.high, block);
        if F::SUM {
            let b = sum - self.high;
            self.low = self.low + ((self.high - (sum - b)) + (block - b));
        }
        self.high = sum;
    }

    #[inline(always)]
    fn across<F: Fold>(self) -> V::Element {
        if !F::SUM {
            return across::<V, F>(self.high);
        }
        let (high, low) = (double(lanes(self.high)), double(lanes(self.low)));
        // The errors of an infinite sum are NaN.
        V::Element::from_f64(if high.is_finite() { high + low } else { high })
    }
}

/// What is folded, by position.
///
/// A trait and not a closure: only what is marked to be inlined always is sure to be compiled for the level of the kernel.
pub(crate) trait Terms<V: Vector>: Copy {
    /// # Safety
    ///
    /// There are [`Vector::LANES`] terms from `i` on.
    unsafe fn vector(self, i: usize) -> V;
}

/// `x[i]`
#[derive(Clone, Copy)]
struct Elements<R>(*const R);

impl<V: Vector> Terms<V> for Elements<V::Element> {
    #[inline(always)]
    unsafe fn vector(self, i: usize) -> V {
        // SAFETY: the caller's.
        unsafe { V::load(self.0.add(i)) }
    }
}

/// Folds `vectors` times [`Vector::LANES`] terms.
///
/// # Safety
///
/// There are so many terms, and the kernel runs at the level of the vector.
#[inline(always)]
pub(crate) unsafe fn fold_all<V: Vector, F: Fold, T: Terms<V>>(vectors: usize, terms: T) -> V::Element {
    const CHAINS: usize = 4;
    // SAFETY: the caller's.
    unsafe {
        let empty = V::new(V::Element::from_f64(F::EMPTY));
        let mut sum = empty;
        let mut i = 0;
        if vectors >= CHAINS {
            let mut total = Total { high: empty, low: empty };
            loop {
                let rounds = ((vectors - i) / CHAINS).min(BLOCK);
                let mut chains = [empty; CHAINS];
                for _ in 0..rounds {
                    for (c, chain) in chains.iter_mut().enumerate() {
                        *chain = F::join(*chain, terms.vector((i + c) * V::LANES));
                    }
                    i += CHAINS;
                }
                let block = F::join(F::join(chains[0], chains[1]), F::join(chains[2], chains[3]));
                if vectors <= CHAINS * BLOCK {
                    sum = F::join(sum, block);
                    break;
                }
                total.add::<F>(block);
                if i + CHAINS > vectors {
                    while i < vectors {
                        sum = F::join(sum, terms.vector(i * V::LANES));
                        i += 1;
                    }
                    total.add::<F>(sum);
                    return total.across::<F>();
                }
            }
        }
        while i < vectors {
            sum = F::join(sum, terms.vector(i * V::LANES));
            i += 1;
        }
        across::<V, F>(sum)
    }
}

/// At least a vector of elements; reads nothing beyond them.
#[inline(always)]
unsafe fn long_run<V: Vector, F: Fold>(n: usize, x: *const V::Element) -> V::Element {
    // SAFETY: the caller's; the kernel runs at the level of the vector.
    unsafe {
        let (vectors, ragged) = (n / V::LANES, n % V::LANES);
        let body = fold_all::<V, F, _>(vectors, Elements(x));
        if ragged == 0 {
            return body;
        }
        // The last elements with their predecessors: what comes after them may be nobody's.
        let empty = V::new(V::Element::from_f64(F::EMPTY));
        let tail = first(V::LANES - ragged, empty, V::load(x.add(n - V::LANES)));
        F::join_elements(body, across::<V, F>(tail))
    }
}

kernel! {
    /// `out[j] = fold of x[.., j]`; `x` has `m` rows of `n` elements, `step` bytes from row to row.
    fn columns<R: Real, F: Fold>(m: usize, n: usize, step: usize, x: *const R, out: *mut R) = columns_body;
}

#[inline(always)]
unsafe fn columns_body<V: Vector, F: Fold>(m: usize, n: usize, step: usize, x: *const V::Element, out: *mut V::Element) {
    let mut j = 0;
    // SAFETY: the caller's; each call has as many columns as are left, or fewer.
    unsafe {
        let empty = V::new(V::Element::from_f64(F::EMPTY));
        while j + 4 * V::LANES <= n {
            some_columns::<V, F, 4>(m, step, x.add(j), empty, out.add(j));
            j += 4 * V::LANES;
        }
        while j + V::LANES <= n {
            some_columns::<V, F, 1>(m, step, x.add(j), empty, out.add(j));
            j += V::LANES;
        }
        while j + 8 <= n {
            few_columns::<V::Element, F, 8>(m, step, x.add(j), out.add(j));
            j += 8;
        }
        if j + 4 <= n {
            few_columns::<V::Element, F, 4>(m, step, x.add(j), out.add(j));
            j += 4;
        }
        while j < n {
            few_columns::<V::Element, F, 1>(m, step, x.add(j), out.add(j));
            j += 1;
        }
    }
}

/// `K` columns.
#[inline(always)]
unsafe fn few_columns<R: Real, F: Fold, const K: usize>(m: usize, step: usize, x: *const R, out: *mut R) {
    let mut totals = [F::EMPTY; K];
    let mut i = 0;
    while i < m {
        let rows = (m - i).min(BLOCK);
        let mut sums = [R::from_f64(F::EMPTY); K];
        for row in i..i + rows {
            // SAFETY: the caller's.
            let x = unsafe { *x.byte_add(row * step).cast::<[R; K]>() };
            for (sum, x) in sums.iter_mut().zip(x) {
                *sum = F::join_elements(*sum, x);
            }
        }
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total = F::join_elements(*total, sum.to_f64());
        }
        i += rows;
    }
    for (k, total) in totals.into_iter().enumerate() {
        // SAFETY: the caller's.
        unsafe { *out.add(k) = R::from_f64(total) };
    }
}

/// `K` vectors of columns.
#[inline(always)]
unsafe fn some_columns<V: Vector, F: Fold, const K: usize>(m: usize, step: usize, x: *const V::Element, empty: V, out: *mut V::Element) {
    let mut totals = [Total { high: empty, low: empty }; K];
    let mut i = 0;
    while i < m {
        let rows = (m - i).min(BLOCK);
        let mut sums = [empty; K];
        for row in i..i + rows {
            for (k, sum) in sums.iter_mut().enumerate() {
                // SAFETY: the caller's.
                *sum = F::join(*sum, unsafe { V::load(x.byte_add(row * step).add(k * V::LANES)) });
            }
        }
        for (total, sum) in totals.iter_mut().zip(sums) {
            total.add::<F>(sum);
        }
        i += rows;
    }
    for (k, total) in totals.into_iter().enumerate() {
        // An infinite sum has NaN for its errors.
        let sum = if F::SUM { V::select(total.low.is_nan(), total.high, total.high + total.low) } else { total.high };
        // SAFETY: the caller's.
        unsafe { sum.store(out.add(k * V::LANES)) };
    }
}

kernel! {
    /// `out = fold of x`; reads exactly `n` elements.
    fn run<R: Real, F: Fold>(n: usize, x: *const R, out: *mut R) = run_body;
}

#[inline(always)]
unsafe fn run_body<V: Vector, F: Fold>(n: usize, x: *const V::Element, out: *mut V::Element) {
    const CHAINS: usize = 4;
    let empty = V::Element::from_f64(F::EMPTY);
    // SAFETY: the caller's; the kernel runs at the level of the vector.
    unsafe {
        if n < V::LANES {
            let mut chains = [empty; CHAINS];
            let mut i = 0;
            while i + CHAINS <= n {
                for (c, chain) in chains.iter_mut().enumerate() {
                    *chain = F::join_elements(*chain, *x.add(i + c));
                }
                i += CHAINS;
            }
            while i < n {
                chains[i % CHAINS] = F::join_elements(chains[i % CHAINS], *x.add(i));
                i += 1;
            }
            let [a, b, c, d] = chains;
            *out = F::join_elements(F::join_elements(a, b), F::join_elements(c, d));
            return;
        }
        *out = long_run::<V, F>(n, x);
    }
}

/// The kernel that folds a run of exactly `n` elements; sums where the reduction is none of floats.
pub(crate) fn of_run<R: Real>(level: Level, f: Reduce) -> unsafe fn(usize, *const R, *mut R) {
    match f {
        Reduce::Prod => run::<R, Product>(level),
        Reduce::Max => run::<R, Largest>(level),
        Reduce::Min => run::<R, Smallest>(level),
        _ => run::<R, Sum>(level),
    }
}

/// The kernel that folds rows into one: how many, elements of each, bytes from row to row.
pub(crate) fn of_rows<R: Real>(level: Level, f: Reduce) -> unsafe fn(usize, usize, usize, *const R, *mut R) {
    match f {
        Reduce::Prod => columns::<R, Product>(level),
        Reduce::Max => columns::<R, Largest>(level),
        Reduce::Min => columns::<R, Smallest>(level),
        _ => columns::<R, Sum>(level),
    }
}

#[cfg(test)]
mod tests;
