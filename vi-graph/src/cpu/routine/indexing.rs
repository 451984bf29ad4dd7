//! Reading and summing at positions that are data.
//!
//! A position outside of the axis reads NaN (0 where the elements are no floats), and is left out of sums.

use super::super::kernels::{Level, Real, slices};
use super::{Context, Element, Number, Numbers, Routine, typed, typed_mut};

/// The size of elements that are moved only; floats know their NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    F32,
    F64,
    I64,
    Bool,
}

/// Routines that read: their method `all` takes `x`, the index, the output, and what a position outside reads.
macro_rules! reads {
    ($($name:ident)+) => { $(
        impl Routine for $name {
            fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
                let index = typed::<i64>(inputs[1]);
                match self.moved {
                    Moved::F32 => self.all(typed::<f32>(inputs[0]), index, typed_mut(output), f32::NAN),
                    Moved::F64 => self.all(typed::<f64>(inputs[0]), index, typed_mut(output), f64::NAN),
                    Moved::I64 => self.all(typed::<i64>(inputs[0]), index, typed_mut(output), 0),
                    Moved::Bool => self.all(inputs[0], index, output, 0),
                }
            }
        }
    )+ };
}
reads! { Gather Take }

/// Routines that sum: their methods `floats` and `all` take the index, `y` and the output, which is 0 everywhere.
macro_rules! sums {
    ($($name:ident)+) => { $(
        impl Routine for $name {
            fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
                let index = typed::<i64>(inputs[0]);
                output.fill(0);
                match self.numbers {
                    Numbers::F32 => self.floats::<f32>(index, typed(inputs[1]), typed_mut(output)),
                    Numbers::F64 => self.floats::<f64>(index, typed(inputs[1]), typed_mut(output)),
                    Numbers::I64 => self.all::<i64>(index, typed(inputs[1]), typed_mut(output)),
                }
            }
        }
    )+ };
}
sums! { ScatterAdd TakeAdd }

/// `out[r, i] = x[r, index[r, i]]`: rows of `n` to rows of `m`; `x` or the index may be one row for all.
#[derive(Debug)]
pub(crate) struct Gather {
    pub moved: Moved,
    pub n: usize,
    pub m: usize,
    pub x_shared: bool,
    pub index_shared: bool,
}

impl Gather {
    fn all<T: Element>(&self, x: &[T], index: &[i64], out: &mut [T], outside: T) {
        for (r, out) in out.chunks_exact_mut(self.m).enumerate() {
            let (x, index) = (row(x, r, self.n, self.x_shared), row(index, r, self.m, self.index_shared));
            slices::take(Level::detect(), [self.n, 1], x, index, outside, out);
        }
    }
}

/// Row `r`, or the only row.
fn row<T>(x: &[T], r: usize, n: usize, shared: bool) -> &[T] {
    if shared { x } else { &x[r * n..(r + 1) * n] }
}

/// `out[r, index[r, i]] += y[r, i]`: rows of `m` to rows of `n`.
#[derive(Debug)]
pub(crate) struct ScatterAdd {
    pub numbers: Numbers,
    pub n: usize,
    pub m: usize,
    pub index_shared: bool,
    pub y_shared: bool,
}

impl ScatterAdd {
    fn floats<R: Real>(&self, index: &[i64], y: &[R], out: &mut [R]) {
        for (r, out) in out.chunks_exact_mut(self.n).enumerate() {
            let (index, y) = (row(index, r, self.m, self.index_shared), row(y, r, self.m, self.y_shared));
            slices::take_add(Level::detect(), [self.n, 1], index, y, out);
        }
    }

    fn all<T: Number>(&self, index: &[i64], y: &[T], out: &mut [T]) {
        for (r, out) in out.chunks_exact_mut(self.n).enumerate() {
            let index = row(index, r, self.m, self.index_shared);
            for (&i, &y) in index.iter().zip(row(y, r, self.m, self.y_shared)) {
                if let Some(out) = out.get_mut(i as usize) {
                    *out = out.plus(y);
                }
            }
        }
    }
}

/// Whole slices: `[outer, n, inner]` to `[outer, m, inner]` by an index of rank 1.
#[derive(Debug)]
pub(crate) struct Take {
    pub moved: Moved,
    pub n: usize,
    pub inner: usize,
}

impl Take {
    fn all<T: Element>(&self, x: &[T], index: &[i64], out: &mut [T], outside: T) {
        let (n, inner) = (self.n, self.inner);
        slices::take(Level::detect(), [n, inner], x, index, outside, out);
    }
}

/// The adjoint of [`Take`]: `[outer, m, inner]` summed into `[outer, n, inner]`.
#[derive(Debug)]
pub(crate) struct TakeAdd {
    pub numbers: Numbers,
    pub n: usize,
    pub inner: usize,
}

impl TakeAdd {
    fn floats<R: Real>(&self, index: &[i64], y: &[R], out: &mut [R]) {
        slices::take_add(Level::detect(), [self.n, self.inner], index, y, out);
    }

    fn all<T: Number>(&self, index: &[i64], y: &[T], out: &mut [T]) {
        let (n, inner, m) = (self.n, self.inner, index.len());
        for (r, out) in out.chunks_exact_mut(n * inner).enumerate() {
            for (&i, y) in index.iter().zip(y[r * m * inner..(r + 1) * m * inner].chunks_exact(inner)) {
                if (0..n as i64).contains(&i) {
                    let start = i as usize * inner;
                    for (out, &y) in out[start..start + inner].iter_mut().zip(y) {
                        *out = out.plus(y);
                    }
                }
            }
        }
    }
}
