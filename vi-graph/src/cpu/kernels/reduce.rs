//! Sums, products, extremes, and scalar products; over everything, over rows, over columns.
//!
//! A long sum is made of blocks in which every lane adds at most [`BLOCK`] terms; the blocks are added with the rounding
//! errors of the additions (Knuth's two-sum), so that the error does not grow with the length.

#![allow(dead_code, unused_imports, reason = "kernels for all forms of an operation, of which plans use some")]

mod fold;
mod log_sum_exp;

use super::{Level, Real, Vector, kernel};
use crate::ir::Reduce;
pub(crate) use fold::{Fold, Largest, Product, Smallest, Sum};
pub(crate) use log_sum_exp::log_sum_exp;

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
    /// # Safety
    ///
    /// There is a term `i`.
    unsafe fn element(self, i: usize) -> V::Element;
    /// The terms from `i` on.
    fn skip(self, i: usize) -> Self;
}

/// `x[i]`
#[derive(Clone, Copy)]
pub(crate) struct Elements<R>(pub *const R);
/// `x[i] y[i]`
#[derive(Clone, Copy)]
pub(crate) struct Products<R>(pub *const R, pub *const R);
impl<V: Vector> Terms<V> for Elements<V::Element> {
    #[inline(always)]
    unsafe fn vector(self, i: usize) -> V {
        // SAFETY: the caller's.
        unsafe { V::load(self.0.add(i)) }
    }

    #[inline(always)]
    unsafe fn element(self, i: usize) -> V::Element {
        // SAFETY: the caller's.
        unsafe { *self.0.add(i) }
    }

    #[inline(always)]
    fn skip(self, i: usize) -> Self {
        Elements(self.0.wrapping_add(i))
    }
}

impl<V: Vector> Terms<V> for Products<V::Element> {
    #[inline(always)]
    unsafe fn vector(self, i: usize) -> V {
        // SAFETY: the caller's.
        unsafe { V::load(self.0.add(i)) * V::load(self.1.add(i)) }
    }

    #[inline(always)]
    unsafe fn element(self, i: usize) -> V::Element {
        // SAFETY: the caller's.
        unsafe { *self.0.add(i) * *self.1.add(i) }
    }

    #[inline(always)]
    fn skip(self, i: usize) -> Self {
        Products(self.0.wrapping_add(i), self.1.wrapping_add(i))
    }
}

/// Folds `n` terms; what lies from there to the next whole vector is read and ignored.
///
/// # Safety
///
/// There are so many terms, and the kernel runs at the level of the vector.
#[inline(always)]
pub(crate) unsafe fn fold_all<V: Vector, F: Fold, T: Terms<V>>(n: usize, terms: T) -> V::Element {
    const CHAINS: usize = 4;
    // SAFETY: the caller's.
    unsafe {
        let empty = V::new(V::Element::from_f64(F::EMPTY));
        let (vectors, ragged) = (n / V::LANES, n % V::LANES);
        let mut sum = if ragged > 0 { first(ragged, terms.vector(vectors * V::LANES), empty) } else { empty };
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

/// Adds to what is there, or not.
#[inline(always)]
unsafe fn put<R: Real, const ADD: bool>(out: *mut R, x: R) {
    // SAFETY: the caller's.
    unsafe { *out = if ADD { *out + x } else { x } }
}

kernel! {
    /// `out = fold of x`, or `out += …`; reads `x` to the end of its last vector.
    pub(crate) fn all<R: Real, F: Fold; const ADD: bool>(n: usize, x: *const R, out: *mut R) = all_body;
}

#[inline(always)]
unsafe fn all_body<V: Vector, F: Fold, const ADD: bool>(n: usize, x: *const V::Element, out: *mut V::Element) {
    // SAFETY: the caller's; buffers are padded to whole vectors.
    unsafe { put::<_, ADD>(out, fold_all::<V, F, _>(n, Elements(x))) }
}

kernel! {
    /// `out = Σ x y`, or `out += …`; reads both to the end of their last vectors.
    pub(crate) fn dot<R: Real; const ADD: bool>(n: usize, x: *const R, y: *const R, out: *mut R) = dot_body;
}

#[inline(always)]
unsafe fn dot_body<V: Vector, const ADD: bool>(n: usize, x: *const V::Element, y: *const V::Element, out: *mut V::Element) {
    // SAFETY: the caller's; buffers are padded to whole vectors.
    unsafe { put::<_, ADD>(out, fold_all::<V, Sum, _>(n, Products(x, y))) }
}

/// Rows of `n` terms; reads nothing beyond them.
#[inline(always)]
unsafe fn rows_of<V: Vector, F: Fold, T: Terms<V>, const ADD: bool>(m: usize, n: usize, terms: T, out: *mut V::Element) {
    /// Short rows are folded side by side.
    const ROWS: usize = 8;
    let empty = V::Element::from_f64(F::EMPTY);
    let mut row = 0;
    // SAFETY: the caller's: `m · n` terms and `m` results; the kernel runs at the level of the vector.
    unsafe {
        if n < V::LANES {
            while row + ROWS <= m {
                let mut sums = [empty; ROWS];
                for k in 0..n {
                    for (r, sum) in sums.iter_mut().enumerate() {
                        *sum = F::join_elements(*sum, terms.element((row + r) * n + k));
                    }
                }
                for (r, sum) in sums.into_iter().enumerate() {
                    put::<_, ADD>(out.add(row + r), sum);
                }
                row += ROWS;
            }
            while row < m {
                let mut sum = empty;
                for k in 0..n {
                    sum = F::join_elements(sum, terms.element(row * n + k));
                }
                put::<_, ADD>(out.add(row), sum);
                row += 1;
            }
            return;
        }
        while row < m {
            put::<_, ADD>(out.add(row), long_row::<V, F, T>(n, terms.skip(row * n)));
            row += 1;
        }
    }
}

/// At least a vector of terms; reads nothing beyond them.
#[inline(always)]
unsafe fn long_row<V: Vector, F: Fold, T: Terms<V>>(n: usize, terms: T) -> V::Element {
    // SAFETY: the caller's; the kernel runs at the level of the vector.
    unsafe {
        let whole = n / V::LANES * V::LANES;
        let body = fold_all::<V, F, T>(whole, terms);
        if whole == n {
            return body;
        }
        // The last terms with their predecessors: what comes after them may be nobody's.
        let empty = V::new(V::Element::from_f64(F::EMPTY));
        let tail = first(V::LANES - (n - whole), empty, terms.vector(n - V::LANES));
        F::join_elements(body, across::<V, F>(tail))
    }
}

kernel! {
    /// `out[i] = fold of x[i, ..]`, `x` of shape `[m, n]`, or `out[i] += …`.
    pub(crate) fn rows<R: Real, F: Fold; const ADD: bool>(m: usize, n: usize, x: *const R, out: *mut R) = rows_body;
}

#[inline(always)]
unsafe fn rows_body<V: Vector, F: Fold, const ADD: bool>(m: usize, n: usize, x: *const V::Element, out: *mut V::Element) {
    // SAFETY: the caller's; positions and vectors lie within `x`.
    unsafe { rows_of::<V, F, _, ADD>(m, n, Elements(x), out) }
}

kernel! {
    /// `out[i] = Σ x[i, ..] y[i, ..]`, both of shape `[m, n]`, or `out[i] += …`.
    pub(crate) fn row_dots<R: Real; const ADD: bool>(m: usize, n: usize, x: *const R, y: *const R, out: *mut R) = row_dots_body;
}

#[inline(always)]
unsafe fn row_dots_body<V: Vector, const ADD: bool>(m: usize, n: usize, x: *const V::Element, y: *const V::Element, out: *mut V::Element) {
    // SAFETY: the caller's; positions and vectors lie within `x` and `y`.
    unsafe { rows_of::<V, Sum, _, ADD>(m, n, Products(x, y), out) }
}

kernel! {
    /// `out[j] = fold of x[.., j]`, or `out[j] += …`; `x` has `m` rows of `n` elements, `step` bytes from row to row.
    pub(crate) fn columns<R: Real, F: Fold; const ADD: bool>(m: usize, n: usize, step: usize, x: *const R, out: *mut R) = columns_body;
}

#[inline(always)]
unsafe fn columns_body<V: Vector, F: Fold, const ADD: bool>(m: usize, n: usize, step: usize, x: *const V::Element, out: *mut V::Element) {
    let mut j = 0;
    // SAFETY: the caller's; each call has as many columns as are left, or fewer.
    unsafe {
        let empty = V::new(V::Element::from_f64(F::EMPTY));
        while j + 4 * V::LANES <= n {
            some_columns::<V, F, ADD, 4>(m, step, x.add(j), empty, out.add(j));
            j += 4 * V::LANES;
        }
        while j + V::LANES <= n {
            some_columns::<V, F, ADD, 1>(m, step, x.add(j), empty, out.add(j));
            j += V::LANES;
        }
        while j + 8 <= n {
            few_columns::<V::Element, F, ADD, 8>(m, step, x.add(j), out.add(j));
            j += 8;
        }
        if j + 4 <= n {
            few_columns::<V::Element, F, ADD, 4>(m, step, x.add(j), out.add(j));
            j += 4;
        }
        while j < n {
            few_columns::<V::Element, F, ADD, 1>(m, step, x.add(j), out.add(j));
            j += 1;
        }
    }
}

/// `K` columns.
#[inline(always)]
unsafe fn few_columns<R: Real, F: Fold, const ADD: bool, const K: usize>(m: usize, step: usize, x: *const R, out: *mut R) {
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
        unsafe { put::<_, ADD>(out.add(k), R::from_f64(total)) };
    }
}

/// `K` vectors of columns.
#[inline(always)]
unsafe fn some_columns<V: Vector, F: Fold, const ADD: bool, const K: usize>(
    m: usize,
    step: usize,
    x: *const V::Element,
    empty: V,
    out: *mut V::Element,
) {
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
        unsafe {
            let at = out.add(k * V::LANES);
            let sum = if ADD { V::load(at) + sum } else { sum };
            sum.store(at);
        }
    }
}

kernel! {
    /// `out = fold of x`; reads exactly `n` elements.
    pub(crate) fn run<R: Real, F: Fold>(n: usize, x: *const R, out: *mut R) = run_body;
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
        *out = long_row::<V, F, _>(n, Elements(x));
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
        Reduce::Prod => columns::<R, Product, false>(level),
        Reduce::Max => columns::<R, Largest, false>(level),
        Reduce::Min => columns::<R, Smallest, false>(level),
        _ => columns::<R, Sum, false>(level),
    }
}

/// `out[i]` is whether any of `x[i, ..]` is true, `x` of shape `[m, n]`.
///
/// # Safety
///
/// `x` and `out` have the elements of their shapes.
pub(crate) unsafe fn any_rows(m: usize, n: usize, x: *const u8, out: *mut u8) {
    for i in 0..m {
        // SAFETY: the caller's.
        unsafe { *out.add(i) = (0..n).fold(0, |any, k| any | *x.add(i * n + k)) };
    }
}

/// As [`any_rows`], for all.
///
/// # Safety
///
/// As [`any_rows`].
pub(crate) unsafe fn all_rows(m: usize, n: usize, x: *const u8, out: *mut u8) {
    for i in 0..m {
        // SAFETY: the caller's.
        unsafe { *out.add(i) = (0..n).fold(1, |all, k| all & *x.add(i * n + k)) };
    }
}

#[cfg(test)]
mod tests;
