//! Reductions, scans and sorting of rows that follow each other.

use std::cmp::Ordering;

use crate::ir::{self, Reduce, Type};

use super::{Context, Element, Number, Numbers, Routine, typed, typed_mut};

/// Each row of `n` elements to one; integers and truth values.
#[derive(Debug)]
pub(crate) struct Reduction {
    pub f: Reduce,
    pub ty: Type,
    pub n: usize,
}

impl Routine for Reduction {
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
        let f = self.f;
        if self.ty == Type::Bool {
            each(inputs[0], output, self.n, |row: &[u8]| u8::from(if f == Reduce::All { !row.contains(&0) } else { row.contains(&1) }));
        } else {
            each(inputs[0], output, self.n, |row: &[i64]| match f {
                Reduce::Max => row.iter().copied().fold(i64::MIN, i64::max),
                Reduce::Min => row.iter().copied().fold(i64::MAX, i64::min),
                Reduce::Prod => row.iter().copied().fold(1, i64::wrapping_mul),
                _ => row.iter().copied().fold(0, i64::wrapping_add),
            });
        }
    }
}

fn each<T: Element, U: Element>(x: &[u8], out: &mut [u8], n: usize, f: impl Fn(&[T]) -> U) {
    for (row, out) in typed::<T>(x).chunks_exact(n).zip(typed_mut::<U>(out)) {
        *out = f(row);
    }
}

/// The position of the first largest element of each row of `n`; a NaN is larger than numbers.
#[derive(Debug)]
pub(crate) struct ArgMax {
    pub numbers: Numbers,
    pub n: usize,
}

impl Routine for ArgMax {
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
        match self.numbers {
            Numbers::F32 => each(inputs[0], output, self.n, arg_max::<f32>),
            Numbers::F64 => each(inputs[0], output, self.n, arg_max::<f64>),
            Numbers::I64 => each(inputs[0], output, self.n, arg_max::<i64>),
        }
    }
}

fn arg_max<T: Number>(row: &[T]) -> i64 {
    let mut best = 0;
    for (i, &x) in row.iter().enumerate() {
        if x > row[best] || (x.is_nan() && !row[best].is_nan()) {
            best = i;
        }
    }
    best as i64
}

/// Accumulates along each row of `n`.
#[derive(Debug)]
pub(crate) struct Scan {
    pub scan: ir::Scan,
    pub reverse: bool,
    pub numbers: Numbers,
    pub n: usize,
}

impl Routine for Scan {
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
        match self.numbers {
            Numbers::F32 => self.all::<f32>(inputs[0], output),
            Numbers::F64 => self.all::<f64>(inputs[0], output),
            Numbers::I64 => self.all::<i64>(inputs[0], output),
        }
    }
}

impl Scan {
    fn all<T: Number>(&self, x: &[u8], out: &mut [u8]) {
        let rows = typed::<T>(x).chunks_exact(self.n).zip(typed_mut::<T>(out).chunks_exact_mut(self.n));
        for (x, out) in rows {
            match self.scan {
                ir::Scan::Sum => run(x, out, self.reverse, T::plus),
                ir::Scan::Prod => run(x, out, self.reverse, |a, b| a * b),
                ir::Scan::Max => run(x, out, self.reverse, |a, b| if a.is_nan() || a > b { a } else { b }),
                ir::Scan::Min => run(x, out, self.reverse, |a, b| if a.is_nan() || a < b { a } else { b }),
            }
        }
    }
}

#[inline(always)]
fn run<T: Number>(x: &[T], out: &mut [T], reverse: bool, f: impl Fn(T, T) -> T) {
    let step = |sum: &mut Option<T>, x: T| {
        let next = sum.map_or(x, |sum| f(sum, x));
        *sum = Some(next);
        next
    };
    let mut sum = None;
    if reverse {
        for (x, out) in x.iter().zip(out).rev() {
            *out = step(&mut sum, *x);
        }
    } else {
        for (x, out) in x.iter().zip(out) {
            *out = step(&mut sum, *x);
        }
    }
}

/// The order that sorts each row of `n`; stable, NaN last.
#[derive(Debug)]
pub(crate) struct ArgSort {
    pub numbers: Numbers,
    pub descending: bool,
    pub n: usize,
}

impl Routine for ArgSort {
    fn run(&self, inputs: &[&[u8]], output: &mut [u8], _: &Context) {
        match self.numbers {
            Numbers::F32 => self.all::<f32>(inputs[0], output),
            Numbers::F64 => self.all::<f64>(inputs[0], output),
            Numbers::I64 => self.all::<i64>(inputs[0], output),
        }
    }
}

impl ArgSort {
    fn all<T: Number>(&self, x: &[u8], out: &mut [u8]) {
        for (x, out) in typed::<T>(x).chunks_exact(self.n).zip(typed_mut::<i64>(out).chunks_exact_mut(self.n)) {
            for (i, out) in out.iter_mut().enumerate() {
                *out = i as i64;
            }
            // The position breaks ties, so that a sort without memory of its own is stable.
            out.sort_unstable_by(|&i, &j| {
                let (a, b) = (x[i as usize], x[j as usize]);
                let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
                let order = if self.descending { order.reverse() } else { order };
                a.is_nan().cmp(&b.is_nan()).then(order).then(i.cmp(&j))
            });
        }
    }
}
