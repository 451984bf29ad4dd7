//! Matrices times vectors.
//!
//! A tall matrix that does not change is packed into panels: [`panel`] rows at a time, column by column, so that both `A x`
//! and `Aᵀ g` read it once, in order, with whole vectors, whatever the number of columns is.

use super::reduce::{Sum, WIDEST, across, first};
use super::{Real, Vector, kernel};

/// Rows, or panels, whose sums are added before they go to the totals: the error grows with the length of both sums.
const BLOCK: usize = 64;

kernel! {
    /// `y = A x`; `A` is `[m, k]` in row-major order.
    pub(crate) fn matvec<R: Real>(m: usize, k: usize, a: *const R, x: *const R, y: *mut R) = matvec_body;
}

#[inline(always)]
unsafe fn matvec_body<V: Vector>(m: usize, k: usize, a: *const V::Element, x: *const V::Element, y: *mut V::Element) {
    /// Rows that are worked on side by side.
    const ROWS: usize = 4;
    let zero = V::Element::from_f64(0.0);
    let mut row = 0;
    while row < m {
        let rows = if row + ROWS <= m { ROWS } else { 1 };
        // SAFETY: the caller's: `rows` rows of `k` from `row` on.
        let sums = unsafe {
            let a = a.add(row * k);
            if rows == ROWS { row_sums::<V, ROWS>(k, a, x) } else { [row_sums::<V, 1>(k, a, x)[0], zero, zero, zero] }
        };
        for (r, sum) in sums.into_iter().enumerate().take(rows) {
            // SAFETY: the caller's.
            unsafe { *y.add(row + r) = sum };
        }
        row += rows;
    }
}

/// The scalar products of `x` and `N` rows.
#[inline(always)]
unsafe fn row_sums<V: Vector, const N: usize>(k: usize, a: *const V::Element, x: *const V::Element) -> [V::Element; N] {
    let zero = V::Element::from_f64(0.0);
    // SAFETY: the caller's: `N · k` and `k` elements; the kernel runs at the level of the vector.
    unsafe {
        if k < V::LANES {
            let mut sums = [zero; N];
            for j in 0..k {
                for (r, sum) in sums.iter_mut().enumerate() {
                    *sum = *sum + *a.add(r * k + j) * *x.add(j);
                }
            }
            return sums;
        }
        let mut sums = [V::new(zero); N];
        let mut j = 0;
        while j + V::LANES <= k {
            let x = V::load(x.add(j));
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = V::load(a.add(r * k + j)).mul_add(x, *sum);
            }
            j += V::LANES;
        }
        if j < k {
            // The last elements once more, without those that are counted: nothing beyond the row is read.
            let last = k - V::LANES;
            let x = V::load(x.add(last));
            let x = first(j - last, x.splat(zero), x);
            for (r, sum) in sums.iter_mut().enumerate() {
                let a = V::load(a.add(r * k + last));
                let a = first(j - last, a.splat(zero), a);
                *sum = a.mul_add(x, *sum);
            }
        }
        let mut results = [zero; N];
        for (result, sum) in results.iter_mut().zip(sums) {
            *result = across::<V, Sum>(sum);
        }
        results
    }
}

kernel! {
    /// `y = Aᵀ g`; `A` is `[m, k]` in row-major order.
    pub(crate) fn transposed<R: Real>(m: usize, k: usize, a: *const R, g: *const R, y: *mut R) = transposed_body;
}

#[inline(always)]
unsafe fn transposed_body<V: Vector>(m: usize, k: usize, a: *const V::Element, g: *const V::Element, y: *mut V::Element) {
    let mut j = 0;
    // SAFETY: the caller's; each call has as many columns as are left, or fewer.
    unsafe {
        while j + 4 * V::LANES <= k {
            transposed_columns::<V, 4>(m, k, a.add(j), g, y.add(j));
            j += 4 * V::LANES;
        }
        while j + V::LANES <= k {
            transposed_columns::<V, 1>(m, k, a.add(j), g, y.add(j));
            j += V::LANES;
        }
        while j + 8 <= k {
            few_columns::<V::Element, 8>(m, k, a.add(j), g, y.add(j));
            j += 8;
        }
        if j + 4 <= k {
            few_columns::<V::Element, 4>(m, k, a.add(j), g, y.add(j));
            j += 4;
        }
        while j < k {
            few_columns::<V::Element, 1>(m, k, a.add(j), g, y.add(j));
            j += 1;
        }
    }
}

/// `N` columns.
#[inline(always)]
unsafe fn few_columns<R: Real, const N: usize>(m: usize, k: usize, a: *const R, g: *const R, y: *mut R) {
    let zero = R::from_f64(0.0);
    let mut totals = [zero; N];
    for top in (0..m).step_by(BLOCK) {
        let mut sums = [zero; N];
        for i in top..(top + BLOCK).min(m) {
            // SAFETY: the caller's.
            let (a, g) = unsafe { (*a.add(i * k).cast::<[R; N]>(), *g.add(i)) };
            for (sum, a) in sums.iter_mut().zip(a) {
                *sum = *sum + a * g;
            }
        }
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total = *total + sum;
        }
    }
    for (c, sum) in totals.into_iter().enumerate() {
        // SAFETY: the caller's.
        unsafe { *y.add(c) = sum };
    }
}

/// `N` vectors of columns.
#[inline(always)]
unsafe fn transposed_columns<V: Vector, const N: usize>(
    m: usize,
    k: usize,
    a: *const V::Element,
    g: *const V::Element,
    y: *mut V::Element,
) {
    // SAFETY: the caller's.
    unsafe {
        let zero = V::new(V::Element::from_f64(0.0));
        let mut totals = [zero; N];
        for top in (0..m).step_by(BLOCK) {
            let mut sums = [zero; N];
            for i in top..(top + BLOCK).min(m) {
                let g = V::new(*g.add(i));
                for (c, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(a.add(i * k + c * V::LANES)).mul_add(g, *sum);
                }
            }
            for (total, sum) in totals.iter_mut().zip(sums) {
                *total = *total + sum;
            }
        }
        for (c, sum) in totals.into_iter().enumerate() {
            sum.store(y.add(c * V::LANES));
        }
    }
}

/// Bytes of one column of a panel: four of the widest registers, so that additions need not wait for each other.
const PANEL: usize = 256;

/// Rows of a panel.
pub(crate) const fn panel<R>() -> usize {
    PANEL / size_of::<R>()
}

kernel! {
    /// `y = A x`, `A` of shape `[m, k]` in panels; writes whole vectors.
    ///
    /// Panels that follow each other may be worked on one by one: panel `p` begins `p T k` further, its rows `p T` further.
    pub(crate) fn packed_matvec<R: Real>(m: usize, k: usize, a: *const R, x: *const R, y: *mut R)
        = packed_matvec_body;
}

#[inline(always)]
unsafe fn packed_matvec_body<V: Vector>(m: usize, k: usize, a: *const V::Element, x: *const V::Element, y: *mut V::Element) {
    /// Vectors of rows at once.
    const N: usize = 4;
    let rows = panel::<V::Element>();
    let mut top = 0;
    while top < m {
        let mut within = 0;
        while within < rows && top + within < m {
            // SAFETY: the caller's: `within + N · LANES ≤ rows`, and only vectors that begin before `m` are written.
            unsafe {
                let a = a.add(top * k + within);
                let mut sums = [V::new(V::Element::from_f64(0.0)); N];
                for j in 0..k {
                    let x = V::new(*x.add(j));
                    for (c, sum) in sums.iter_mut().enumerate() {
                        *sum = V::load(a.add(j * rows + c * V::LANES)).mul_add(x, *sum);
                    }
                }
                for (c, sum) in sums.into_iter().enumerate() {
                    let at = top + within + c * V::LANES;
                    if at < m {
                        sum.store(y.add(at));
                    }
                }
            }
            within += N * V::LANES;
        }
        top += rows;
    }
}

/// Elements of the scratch memory of [`packed_transposed`].
pub(crate) const fn scratch_len(k: usize) -> usize {
    2 * WIDEST * k
}

kernel! {
    /// Adds `Aᵀ g` to the sums in `scratch`, `A` of shape `[m, k]` in panels; [`packed_result`] makes `k` numbers of them.
    ///
    /// `scratch` has [`scratch_len`] elements, 0 before the first panel; it may take several runs of panels, in any order.
    pub(crate) fn packed_transposed<R: Real>(m: usize, k: usize, a: *const R, g: *const R, scratch: *mut R) = packed_transposed_body;
}

#[inline(always)]
unsafe fn packed_transposed_body<V: Vector>(m: usize, k: usize, a: *const V::Element, g: *const V::Element, scratch: *mut V::Element) {
    const N: usize = 4;
    let rows = panel::<V::Element>();
    // SAFETY: the caller's; the kernel runs at the level of the vector.
    unsafe {
        let zero = V::new(V::Element::from_f64(0.0));
        let (sums, totals) = (scratch, scratch.add(WIDEST * k));
        let mut top = 0;
        let mut panels = 0;
        while top < m {
            let mut within = 0;
            while within < rows && top + within < m {
                // Beyond row `m` there may be anything.
                let mut weights = [zero; N];
                for (c, weight) in weights.iter_mut().enumerate() {
                    let at = top + within + c * V::LANES;
                    if at + V::LANES <= m {
                        *weight = V::load(g.add(at));
                    } else if at < m {
                        *weight = first(m - at, V::load(g.add(at)), zero);
                    }
                }
                let a = a.add(top * k + within);
                for j in 0..k {
                    let mut columns = [zero; N];
                    for (c, column) in columns.iter_mut().enumerate() {
                        *column = V::load(a.add(j * rows + c * V::LANES));
                    }
                    let low = columns[1].mul_add(weights[1], columns[0] * weights[0]);
                    let high = columns[3].mul_add(weights[3], columns[2] * weights[2]);
                    let sum = sums.add(j * V::LANES);
                    (V::load(sum) + (low + high)).store(sum);
                }
                within += N * V::LANES;
            }
            top += rows;
            panels += 1;
            if panels == BLOCK || top >= m {
                panels = 0;
                for j in 0..k {
                    let (sum, total) = (sums.add(j * V::LANES), totals.add(j * V::LANES));
                    (V::load(total) + V::load(sum)).store(total);
                    zero.store(sum);
                }
            }
        }
    }
}

kernel! {
    /// `y = Aᵀ g`, or `y += …`, from the sums of [`packed_transposed`], which are 0 again afterwards.
    pub(crate) fn packed_result<R: Real; const ADD: bool>(k: usize, scratch: *mut R, y: *mut R) = packed_result_body;
}

#[inline(always)]
unsafe fn packed_result_body<V: Vector, const ADD: bool>(k: usize, scratch: *mut V::Element, y: *mut V::Element) {
    for j in 0..k {
        // SAFETY: the caller's; the kernel runs at the level of the vector.
        unsafe {
            let total = scratch.add(WIDEST * k + j * V::LANES);
            let sum = across::<V, Sum>(V::load(total));
            V::new(V::Element::from_f64(0.0)).store(total);
            *y.add(j) = if ADD { *y.add(j) + sum } else { sum };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::kernels::Level;

    fn numbers<R: Real>(n: usize) -> Vec<R> {
        (0..n).map(|i| R::from_f64(((i * 37 + 11) % 101) as f64 / 50.0 - 1.0)).collect()
    }

    fn close<R: Real>(got: &[R], expected: &[f64], scale: f64) {
        let unit = if size_of::<R>() == 4 { 1.2e-7 } else { 1e-15 };
        for (got, expected) in got.iter().zip(expected) {
            assert!((got.to_f64() - expected).abs() <= 8.0 * unit * (1.0 + scale), "{got:?}, not {expected}");
        }
    }

    /// `a` of shape `[m, k]` in panels, the rest of the last of which is 0.
    fn in_panels<R: Real>(k: usize, a: &[R]) -> Vec<R> {
        let m = a.len().checked_div(k).unwrap_or(0);
        let mut packed = vec![R::from_f64(0.0); m.next_multiple_of(panel::<R>()) * k];
        for (i, row) in a.chunks(k.max(1)).enumerate() {
            let (top, t) = (i / panel::<R>() * panel::<R>(), i % panel::<R>());
            for (j, &x) in row.iter().enumerate() {
                packed[top * k + j * panel::<R>() + t] = x;
            }
        }
        packed
    }

    fn products_are_right<R: Real>() {
        for level in Level::available() {
            for m in [0, 1, 3, 4, 5, 16, 31, 64, 65, 100, 1000, 5000] {
                for k in [0, 1, 2, 3, 7, 8, 10, 15, 16, 17, 50, 64, 100] {
                    if m * k > 100_000 {
                        continue;
                    }
                    let (a, x, g) = (numbers::<R>(m * k), numbers::<R>(k), numbers::<R>(m.next_multiple_of(16) + 3));
                    let at = |i: usize, j: usize| a[i * k + j].to_f64();
                    let forward: Vec<f64> = (0..m).map(|i| (0..k).map(|j| at(i, j) * x[j].to_f64()).sum()).collect();
                    let back: Vec<f64> = (0..k).map(|j| (0..m).map(|i| at(i, j) * g[i].to_f64()).sum()).collect();
                    let (one, nan) = (R::from_f64(1.0), R::from_f64(f64::NAN));
                    let (mut y, mut z) = (vec![nan; m], vec![nan; k]);
                    // SAFETY: the shapes are those of the buffers.
                    unsafe {
                        matvec::<R>(level)(m, k, a.as_ptr(), x.as_ptr(), y.as_mut_ptr());
                        transposed::<R>(level)(m, k, a.as_ptr(), g.as_ptr(), z.as_mut_ptr());
                    }
                    close(&y, &forward, (k as f64).sqrt());
                    close(&z, &back, m as f64 / 2.0);

                    let packed = in_panels(k, &a);
                    let mut y = vec![nan; m.next_multiple_of(16)];
                    let (mut z, mut added) = (vec![nan; k], vec![one; k]);
                    let mut scratch = vec![R::from_f64(0.0); scratch_len(k)];
                    // SAFETY: as above; vectors and scratch are padded.
                    unsafe {
                        packed_matvec::<R>(level)(m, k, packed.as_ptr(), x.as_ptr(), y.as_mut_ptr());
                        packed_transposed::<R>(level)(m, k, packed.as_ptr(), g.as_ptr(), scratch.as_mut_ptr());
                        packed_result::<R, false>(level)(k, scratch.as_mut_ptr(), z.as_mut_ptr());
                        // Panel by panel, the second time.
                        for (p, top) in (0..m).step_by(panel::<R>()).enumerate() {
                            let (a, g) = (packed.as_ptr().add(p * panel::<R>() * k), g.as_ptr().add(top));
                            packed_transposed::<R>(level)((m - top).min(panel::<R>()), k, a, g, scratch.as_mut_ptr());
                        }
                        packed_result::<R, true>(level)(k, scratch.as_mut_ptr(), added.as_mut_ptr());
                    }
                    close(&y[..m], &forward, (k as f64).sqrt());
                    close(&z, &back, m as f64 / 2.0);
                    close(&added, &back.iter().map(|z| z + 1.0).collect::<Vec<_>>(), m as f64 / 2.0);
                }
            }
        }
    }

    #[test]
    fn products_agree_with_plain_loops() {
        products_are_right::<f32>();
        products_are_right::<f64>();
    }
}
