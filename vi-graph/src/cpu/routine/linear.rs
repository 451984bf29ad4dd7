//! Factorisation and triangular systems.

use super::super::kernels::Real;
use super::{Context, Element, Routine, typed, typed_mut};

/// Lower factors of matrices `[n, n]` (Cholesky and Banachiewicz, row by row); NaN from the first pivot below 0 on.
#[derive(Debug)]
pub(crate) struct Cholesky {
    pub wide: bool,
    pub n: usize,
}

impl Routine for Cholesky {
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
        if self.wide { factors::<f64>(inputs[0], output, self.n) } else { factors::<f32>(inputs[0], output, self.n) }
    }
}

fn factors<R: Real + Element>(a: &[u8], l: &mut [u8], n: usize) {
    for (a, l) in typed::<R>(a).chunks_exact(n * n).zip(typed_mut::<R>(l).chunks_exact_mut(n * n)) {
        l.fill(R::default());
        for i in 0..n {
            for j in 0..=i {
                let (done, row) = l.split_at_mut(i * n);
                let other = if i == j { &row[..j] } else { &done[j * n..j * n + j] };
                let rest = a[i * n + j] - dot(&row[..j], other);
                row[j] = if i == j { R::from_f64(rest.to_f64().sqrt()) } else { rest / done[j * n + j] };
            }
        }
    }
}

/// In eight sums, which do not wait for each other.
fn dot<R: Real + Element>(x: &[R], y: &[R]) -> R {
    const LANES: usize = 8;
    let mut sums = [R::default(); LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest = xs.remainder().iter().zip(ys.remainder()).fold(R::default(), |sum, (&x, &y)| sum + x * y);
    for (x, y) in xs.zip(ys) {
        for ((sum, &x), &y) in sums.iter_mut().zip(x).zip(y) {
            *sum = *sum + x * y;
        }
    }
    sums.into_iter().fold(rest, |total, sum| total + sum)
}

/// Solves with lower triangles `[n, n]` for `m` right sides each; by substitution.
#[derive(Debug)]
pub(crate) struct SolveLower {
    pub wide: bool,
    pub transpose: bool,
    pub n: usize,
    pub m: usize,
}

impl Routine for SolveLower {
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
        if self.wide { self.all::<f64>(inputs[0], inputs[1], output) } else { self.all::<f32>(inputs[0], inputs[1], output) }
    }
}

impl SolveLower {
    fn all<R: Real + Element>(&self, l: &[u8], b: &[u8], x: &mut [u8]) {
        let (n, m) = (self.n, self.m);
        x.copy_from_slice(b);
        for (l, x) in typed::<R>(l).chunks_exact(n * n).zip(typed_mut::<R>(x).chunks_exact_mut(n * m)) {
            match self.transpose {
                true => self.upwards(l, x),
                false => self.downwards(l, x),
            }
        }
    }

    /// `L x = b`: what is known is taken out of each row, along the rows of `L`.
    fn downwards<R: Real + Element>(&self, l: &[R], x: &mut [R]) {
        let (n, m) = (self.n, self.m);
        for i in 0..n {
            let (solved, rest) = x.split_at_mut(i * m);
            let (factors, pivot) = (&l[i * n..i * n + i], l[i * n + i]);
            if m == 1 {
                rest[0] = (rest[0] - dot(factors, solved)) / pivot;
                continue;
            }
            let row = &mut rest[..m];
            for (&factor, above) in factors.iter().zip(solved.chunks_exact(m)) {
                for (x, &s) in row.iter_mut().zip(above) {
                    *x = *x - factor * s;
                }
            }
            for x in row {
                *x = *x / pivot;
            }
        }
    }

    /// `Lᵀ x = b`: each row, once known, is taken out of those above, along the rows of `L` too.
    fn upwards<R: Real + Element>(&self, l: &[R], x: &mut [R]) {
        let (n, m) = (self.n, self.m);
        for i in (0..n).rev() {
            let (above, from) = x.split_at_mut(i * m);
            let (factors, pivot) = (&l[i * n..i * n + i], l[i * n + i]);
            let solved = &mut from[..m];
            for x in &mut *solved {
                *x = *x / pivot;
            }
            if let [solved] = *solved {
                for (x, &factor) in above.iter_mut().zip(factors) {
                    *x = *x - factor * solved;
                }
                continue;
            }
            for (&factor, row) in factors.iter().zip(above.chunks_exact_mut(m)) {
                for (x, &s) in row.iter_mut().zip(&*solved) {
                    *x = *x - factor * s;
                }
            }
        }
    }
}

/// Lower triangular matrices `[n, n]` of what is under and what is on the diagonal.
#[derive(Debug)]
pub(crate) struct LowerTriangle {
    pub wide: bool,
    pub n: usize,
}

impl Routine for LowerTriangle {
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
        if self.wide { self.all::<f64>(inputs[0], inputs[1], output) } else { self.all::<f32>(inputs[0], inputs[1], output) }
    }
}

impl LowerTriangle {
    fn all<R: Element>(&self, below: &[u8], diagonal: &[u8], out: &mut [u8]) {
        let (mut below, n) = (typed::<R>(below), self.n);
        for (i, (row, &pivot)) in typed_mut::<R>(out).chunks_exact_mut(n).zip(typed::<R>(diagonal)).enumerate() {
            let i = i % n;
            let (given, rest) = below.split_at(i);
            row[..i].copy_from_slice(given);
            row[i] = pivot;
            row[i + 1..].fill(R::default());
            below = rest;
        }
    }
}

/// What is under the diagonal of matrices `[n, n]`, row by row.
#[derive(Debug)]
pub(crate) struct BelowDiagonal {
    pub wide: bool,
    pub n: usize,
}

impl Routine for BelowDiagonal {
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
        if self.wide { self.all::<f64>(inputs[0], output) } else { self.all::<f32>(inputs[0], output) }
    }
}

impl BelowDiagonal {
    fn all<R: Element>(&self, x: &[u8], out: &mut [u8]) {
        let mut out = typed_mut::<R>(out);
        for (i, row) in typed::<R>(x).chunks_exact(self.n).enumerate() {
            let i = i % self.n;
            let (taken, rest) = out.split_at_mut(i);
            taken.copy_from_slice(&row[..i]);
            out = rest;
        }
    }
}

/// A matrix in row-major order to panels of rows, each column by column, with zeros behind the last row.
#[derive(Debug)]
pub(crate) struct Pack {
    pub wide: bool,
    pub columns: usize,
    pub panel: usize,
}

impl Routine for Pack {
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
        if self.wide { self.all::<f64>(inputs[0], output) } else { self.all::<f32>(inputs[0], output) }
    }
}

impl Pack {
    fn all<R: Element>(&self, x: &[u8], out: &mut [u8]) {
        let panel = self.panel * self.columns;
        for (rows, out) in typed::<R>(x).chunks(panel).zip(typed_mut::<R>(out).chunks_exact_mut(panel)) {
            out.fill(R::default());
            for (i, row) in rows.chunks_exact(self.columns).enumerate() {
                for (j, &x) in row.iter().enumerate() {
                    out[j * self.panel + i] = x;
                }
            }
        }
    }
}
