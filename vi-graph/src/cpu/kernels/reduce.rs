//! Sums, products, extremes, and scalar products; over everything, over rows, over columns.
//!
//! A long sum is made of blocks in which every lane adds at most [`BLOCK`] terms; the blocks are added with the rounding
//! errors of the additions (Knuth's two-sum), so that the error does not grow with the length.

use super::math::{exp, log};
use super::{Real, Vector, kernel};

/// How many terms a lane adds before they go to the total.
const BLOCK: usize = 64;

/// How two partial results become one.
pub(crate) trait Fold: 'static {
    /// The result for no elements.
    const EMPTY: f64;
    /// Whether rounding errors are kept.
    const SUM: bool;
    fn join<V: Vector>(a: V, b: V) -> V;
    fn join_elements<R: Real>(a: R, b: R) -> R;
}

/// `Σ x`
pub(crate) struct Sum;
/// `Π x`
pub(crate) struct Product;
/// The largest, NaN where there is one.
pub(crate) struct Largest;
/// The smallest, NaN where there is one.
pub(crate) struct Smallest;

impl Fold for Sum {
    const EMPTY: f64 = 0.0;
    const SUM: bool = true;

    #[inline(always)]
    fn join<V: Vector>(a: V, b: V) -> V {
        a + b
    }

    #[inline(always)]
    fn join_elements<R: Real>(a: R, b: R) -> R {
        a + b
    }
}

impl Fold for Product {
    const EMPTY: f64 = 1.0;
    const SUM: bool = false;

    #[inline(always)]
    fn join<V: Vector>(a: V, b: V) -> V {
        a * b
    }

    #[inline(always)]
    fn join_elements<R: Real>(a: R, b: R) -> R {
        a * b
    }
}

macro_rules! extreme {
    ($name:ident, $empty:expr, $vectors:ident, $elements:tt) => {
        impl Fold for $name {
            const EMPTY: f64 = $empty;
            const SUM: bool = false;

            #[inline(always)]
            fn join<V: Vector>(a: V, b: V) -> V {
                // The comparison gives `b` where either is NaN.
                V::select(a.is_nan(), a, a.$vectors(b))
            }

            #[inline(always)]
            #[allow(clippy::eq_op, reason = "not so for NaN")]
            fn join_elements<R: Real>(a: R, b: R) -> R {
                if a $elements b || a != a { a } else { b }
            }
        }
    };
}

extreme!(Largest, f64::NEG_INFINITY, greater, >);
extreme!(Smallest, f64::INFINITY, lesser, <);

/// As many lanes as the widest vector has.
const WIDEST: usize = 16;

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
        let (high, low) = (lanes(self.high), lanes(self.low));
        let sum = |lanes: [V::Element; WIDEST]| lanes[..V::LANES].iter().fold(0.0, |sum, x| sum + x.to_f64());
        let (high, low) = (sum(high), sum(low));
        // The errors of an infinite sum are NaN.
        V::Element::from_f64(if high.is_finite() { high + low } else { high })
    }
}

/// All `n` elements that `term` gives, which is asked for [`Vector::LANES`] from a position on, and what lies from `n` to the
/// next whole vector is ignored.
#[inline(always)]
unsafe fn fold_all<V: Vector, F: Fold>(n: usize, term: impl Fn(usize) -> V) -> V::Element {
    const CHAINS: usize = 4;
    // SAFETY: the kernel runs at the level of the vector.
    let empty = unsafe { V::new(V::Element::from_f64(F::EMPTY)) };
    let vectors = n / V::LANES;
    let ragged = n % V::LANES;
    let end = vectors * V::LANES;
    if vectors < CHAINS {
        let mut sum = if ragged > 0 { first(ragged, term(end), empty) } else { empty };
        for i in 0..vectors {
            sum = F::join(sum, term(i * V::LANES));
        }
        return across::<V, F>(sum);
    }
    let mut total = Total { high: empty, low: empty };
    let mut i = 0;
    while i + CHAINS <= vectors {
        let rounds = ((vectors - i) / CHAINS).min(BLOCK);
        let mut chains = [empty; CHAINS];
        for _ in 0..rounds {
            for (c, chain) in chains.iter_mut().enumerate() {
                *chain = F::join(*chain, term((i + c) * V::LANES));
            }
            i += CHAINS;
        }
        total.add::<F>(F::join(F::join(chains[0], chains[1]), F::join(chains[2], chains[3])));
    }
    let mut rest = if ragged > 0 { first(ragged, term(end), empty) } else { empty };
    while i < vectors {
        rest = F::join(rest, term(i * V::LANES));
        i += 1;
    }
    total.add::<F>(rest);
    total.across::<F>()
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
    unsafe { put::<_, ADD>(out, fold_all::<V, F>(n, |i| V::load(x.add(i)))) }
}

kernel! {
    /// `out = Σ x y`, or `out += …`; reads both to the end of their last vectors.
    pub(crate) fn dot<R: Real; const ADD: bool>(n: usize, x: *const R, y: *const R, out: *mut R) = dot_body;
}

#[inline(always)]
unsafe fn dot_body<V: Vector, const ADD: bool>(n: usize, x: *const V::Element, y: *const V::Element, out: *mut V::Element) {
    // SAFETY: the caller's; buffers are padded to whole vectors.
    unsafe { put::<_, ADD>(out, fold_all::<V, Sum>(n, |i| V::load(x.add(i)) * V::load(y.add(i)))) }
}

/// What [`rows`] makes one term of: an element, or a product.
#[inline(always)]
unsafe fn rows_of<V: Vector, F: Fold, const ADD: bool>(
    m: usize,
    n: usize,
    vector: impl Fn(usize) -> V,
    element: impl Fn(usize) -> V::Element,
    out: *mut V::Element,
) {
    /// Short rows are folded side by side.
    const ROWS: usize = 8;
    let empty = V::Element::from_f64(F::EMPTY);
    if n < V::LANES {
        let mut row = 0;
        while row + ROWS <= m {
            let mut sums = [empty; ROWS];
            for k in 0..n {
                for (r, sum) in sums.iter_mut().enumerate() {
                    *sum = F::join_elements(*sum, element((row + r) * n + k));
                }
            }
            for (r, sum) in sums.into_iter().enumerate() {
                // SAFETY: the caller's.
                unsafe { put::<_, ADD>(out.add(row + r), sum) };
            }
            row += ROWS;
        }
        while row < m {
            let sum = (0..n).fold(empty, |sum, k| F::join_elements(sum, element(row * n + k)));
            // SAFETY: the caller's.
            unsafe { put::<_, ADD>(out.add(row), sum) };
            row += 1;
        }
        return;
    }
    // SAFETY: the kernel runs at the level of the vector.
    let nothing = unsafe { V::new(empty) };
    for row in 0..m {
        let start = row * n;
        let whole = n / V::LANES * V::LANES;
        // Elements beyond whole vectors are read with their predecessors, as those after them may be nobody's.
        let tail = if whole < n { first(V::LANES - (n - whole), nothing, vector(start + n - V::LANES)) } else { nothing };
        // SAFETY: the caller's; only whole vectors are asked for.
        let body = unsafe { fold_all::<V, F>(whole, |i| vector(start + i)) };
        // SAFETY: as above.
        unsafe { put::<_, ADD>(out.add(row), F::join_elements(body, across::<V, F>(tail))) };
    }
}

kernel! {
    /// `out[i] = fold of x[i, ..]`, `x` of shape `[m, n]`, or `out[i] += …`.
    pub(crate) fn rows<R: Real, F: Fold; const ADD: bool>(m: usize, n: usize, x: *const R, out: *mut R) = rows_body;
}

#[inline(always)]
unsafe fn rows_body<V: Vector, F: Fold, const ADD: bool>(m: usize, n: usize, x: *const V::Element, out: *mut V::Element) {
    // SAFETY: the caller's; positions and vectors lie within `x`.
    unsafe { rows_of::<V, F, ADD>(m, n, |i| V::load(x.add(i)), |i| *x.add(i), out) }
}

kernel! {
    /// `out[i] = Σ x[i, ..] y[i, ..]`, both of shape `[m, n]`, or `out[i] += …`.
    pub(crate) fn row_dots<R: Real; const ADD: bool>(m: usize, n: usize, x: *const R, y: *const R, out: *mut R) = row_dots_body;
}

#[inline(always)]
unsafe fn row_dots_body<V: Vector, const ADD: bool>(m: usize, n: usize, x: *const V::Element, y: *const V::Element, out: *mut V::Element) {
    // SAFETY: the caller's; positions and vectors lie within `x` and `y`.
    unsafe { rows_of::<V, Sum, ADD>(m, n, |i| V::load(x.add(i)) * V::load(y.add(i)), |i| *x.add(i) * *y.add(i), out) }
}

kernel! {
    /// `out[j] = fold of x[.., j]`, `x` of shape `[m, n]`, or `out[j] += …`.
    pub(crate) fn columns<R: Real, F: Fold; const ADD: bool>(m: usize, n: usize, x: *const R, out: *mut R) = columns_body;
}

#[inline(always)]
unsafe fn columns_body<V: Vector, F: Fold, const ADD: bool>(m: usize, n: usize, x: *const V::Element, out: *mut V::Element) {
    // SAFETY: the kernel runs at the level of the vector.
    let empty = unsafe { V::new(V::Element::from_f64(F::EMPTY)) };
    let mut j = 0;
    while j + 4 * V::LANES <= n {
        // SAFETY: the caller's; four vectors of columns are left.
        unsafe { some_columns::<V, F, ADD, 4>(m, n, x.add(j), empty, out.add(j)) };
        j += 4 * V::LANES;
    }
    while j + V::LANES <= n {
        // SAFETY: the caller's; a vector of columns is left.
        unsafe { some_columns::<V, F, ADD, 1>(m, n, x.add(j), empty, out.add(j)) };
        j += V::LANES;
    }
    let left = n - j;
    if left == 0 {
        return;
    }
    let mut totals = [F::EMPTY; WIDEST];
    let mut i = 0;
    while i < m {
        let rows = (m - i).min(BLOCK);
        let mut sums = [V::Element::from_f64(F::EMPTY); WIDEST];
        for row in i..i + rows {
            for (l, sum) in sums.iter_mut().enumerate().take(left) {
                // SAFETY: the caller's; column `j + l < n`.
                *sum = F::join_elements(*sum, unsafe { *x.add(row * n + j + l) });
            }
        }
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total = F::join_elements(*total, sum.to_f64());
        }
        i += rows;
    }
    for (l, total) in totals.into_iter().enumerate().take(left) {
        // SAFETY: the caller's; column `j + l < n`.
        unsafe { put::<_, ADD>(out.add(j + l), V::Element::from_f64(total)) };
    }
}

/// `K` vectors of columns.
#[inline(always)]
unsafe fn some_columns<V: Vector, F: Fold, const ADD: bool, const K: usize>(
    m: usize,
    n: usize,
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
                *sum = F::join(*sum, unsafe { V::load(x.add(row * n + k * V::LANES)) });
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
    /// `out[i] = log Σ exp x[i, ..]`, `x` of shape `[m, n]`; −inf where all are.
    pub(crate) fn log_sum_exp<R: Real>(m: usize, n: usize, x: *const R, out: *mut R) = log_sum_exp_body;
}

#[inline(always)]
unsafe fn log_sum_exp_body<V: Vector>(m: usize, n: usize, x: *const V::Element, out: *mut V::Element) {
    let (zero, least) = (V::Element::from_f64(0.0), V::Element::from_f64(f64::NEG_INFINITY));
    let (whole, ragged) = (n / V::LANES * V::LANES, n % V::LANES);
    let mut row = 0;
    while row < m {
        // Logarithms of as many rows as there are lanes.
        let rows = (m - row).min(V::LANES);
        let (mut shifts, mut sums) = ([zero; WIDEST], [zero; WIDEST]);
        for r in 0..rows {
            let mut tail = [least; WIDEST];
            // SAFETY: the caller's: row `row + r < m`, and `ragged` elements of it from `whole` on.
            let (tail, x) = unsafe {
                let x = x.add((row + r) * n);
                tail.as_mut_ptr().copy_from_nonoverlapping(x.add(whole), ragged);
                (V::load(tail.as_ptr()), x)
            };
            // SAFETY: as above, only whole vectors of the row.
            let body = unsafe { fold_all::<V, Largest>(whole, |i| V::load(x.add(i))) };
            let largest = Largest::join_elements(body, across::<V, Largest>(tail));
            let shift = if largest.to_f64().is_infinite() { zero } else { largest };
            let by = tail.splat(shift);
            // SAFETY: as above.
            let sum = unsafe { fold_all::<V, Sum>(whole, |i| exp(V::load(x.add(i)) - by)) };
            (shifts[r], sums[r]) = (shift, sum + across::<V, Sum>(exp(tail - by)));
        }
        // SAFETY: the arrays have as many elements as any vector.
        let logarithms = unsafe { lanes(V::load(shifts.as_ptr()) + log(V::load(sums.as_ptr()))) };
        // SAFETY: the caller's.
        unsafe { out.add(row).copy_from_nonoverlapping(logarithms.as_ptr(), rows) };
        row += rows;
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
