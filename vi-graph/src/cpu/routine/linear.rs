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

fn dot<R: Real + Element>(x: &[R], y: &[R]) -> R {
    x.iter().zip(y).fold(R::default(), |sum, (&x, &y)| sum + x * y)
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
            for step in 0..n {
                // Rows of the solution are final from one end on, and are taken out of the rows to come.
                let i = if self.transpose { n - 1 - step } else { step };
                let pivot = l[i * n + i];
                for x in &mut x[i * m..(i + 1) * m] {
                    *x = *x / pivot;
                }
                let (before, from) = x.split_at_mut(i * m);
                let (solved, after) = from.split_at_mut(m);
                let rows = if self.transpose { before } else { after };
                for (k, row) in rows.chunks_exact_mut(m).enumerate() {
                    let factor = if self.transpose { l[i * n + k] } else { l[(i + 1 + k) * n + i] };
                    for (x, &s) in row.iter_mut().zip(&*solved) {
                        *x = *x - factor * s;
                    }
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
