//! Copies between row-major order and strides: permutations, slices, repetition, concatenation.

use super::Level;

/// The most dimensions that are left after merging.
const MOST: usize = 16;

/// Where the elements of a shape lie in memory, element `[0, …, 0]` at the pointer that goes with it.
///
/// Dimensions of size 1 are dropped and those that follow each other without a gap are one, so that many are a plain copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strides {
    /// Size and stride, outermost first.
    dims: Vec<(usize, isize)>,
}

impl Strides {
    /// Of dimensions with these sizes and strides, outermost first; at most 16 that cannot be merged.
    pub(crate) fn new(dims: impl IntoIterator<Item = (usize, isize)>) -> Self {
        let mut merged: Vec<(usize, isize)> = Vec::new();
        for (size, stride) in dims.into_iter().filter(|&(size, _)| size != 1) {
            match merged.last_mut() {
                Some(outer) if outer.1 == stride * size as isize => *outer = (outer.0 * size, stride),
                _ => merged.push((size, stride)),
            }
        }
        Strides { dims: merged }
    }
}

by_level! {
    /// `out` in row-major order gets the elements of `x` at `strides`.
    fn copy<T: Copy>(strides: &Strides, x: *const T, out: *mut T) = copy_body;
}

by_level! {
    /// The elements of `x` in row-major order go to `strides` of `out`.
    fn place<T: Copy>(strides: &Strides, x: *const T, out: *mut T) = place_body;
}

#[inline(always)]
unsafe fn copy_body<T: Copy>(strides: &Strides, x: *const T, out: *mut T) {
    // SAFETY: the caller's.
    unsafe {
        walk(
            &strides.dims,
            |at, stride, first, n| {
                let (x, out) = (x.offset(at), out.add(first));
                match stride {
                    0 => {
                        let value = *x;
                        for i in 0..n {
                            *out.add(i) = value;
                        }
                    }
                    1 => out.copy_from_nonoverlapping(x, n),
                    _ => {
                        for i in 0..n {
                            *out.add(i) = *x.offset(i as isize * stride);
                        }
                    }
                }
            },
            |at, [(m, stride_m), (n, stride_n)], first| {
                tile(m, n, |i, j| *out.add(first + i * n + j) = *x.offset(at + i as isize * stride_m + j as isize * stride_n));
            },
        );
    }
}

#[inline(always)]
unsafe fn place_body<T: Copy>(strides: &Strides, x: *const T, out: *mut T) {
    // SAFETY: the caller's.
    unsafe {
        walk(
            &strides.dims,
            |at, stride, first, n| {
                let (x, out) = (x.add(first), out.offset(at));
                if stride == 1 {
                    out.copy_from_nonoverlapping(x, n);
                } else {
                    for i in 0..n {
                        *out.offset(i as isize * stride) = *x.add(i);
                    }
                }
            },
            |at, [(m, stride_m), (n, stride_n)], first| {
                tile(m, n, |i, j| *out.offset(at + i as isize * stride_m + j as isize * stride_n) = *x.add(first + i * n + j));
            },
        );
    }
}

/// All `(i, j)` below `(m, n)` in squares, so that both sides stay in few lines of the cache.
#[inline(always)]
fn tile(m: usize, n: usize, mut visit: impl FnMut(usize, usize)) {
    const SIDE: usize = 16;
    for top in (0..m).step_by(SIDE) {
        for left in (0..n).step_by(SIDE) {
            let (bottom, right) = ((top + SIDE).min(m), (left + SIDE).min(n));
            for i in top..bottom {
                for j in left..right {
                    visit(i, j);
                }
            }
        }
    }
}

/// `line(at, stride, first, n)` for runs of `n` elements that are number `first` on in row-major order and lie at `at` on;
/// `plane` for two innermost dimensions of which the outer has the smaller stride: a transposition.
#[inline(always)]
unsafe fn walk(dims: &[(usize, isize)], line: impl Fn(isize, isize, usize, usize), plane: impl Fn(isize, [(usize, isize); 2], usize)) {
    if dims.iter().any(|&(size, _)| size == 0) {
        return;
    }
    let (outer, inner) = match dims {
        [] => return line(0, 1, 0, 1),
        [outer @ .., a, b] if b.1.abs() > 1 && a.1.abs() < b.1.abs() => (outer, &[*a, *b][..]),
        [outer @ .., b] => (outer, &[*b][..]),
    };
    let step: usize = inner.iter().map(|dim| dim.0).product();
    let mut counters = [0; MOST];
    let (mut at, mut first) = (0, 0);
    loop {
        match *inner {
            [a, b] => plane(at, [a, b], first),
            [(n, stride)] => line(at, stride, first, n),
            _ => return,
        }
        first += step;
        let mut d = outer.len();
        loop {
            if d == 0 {
                return;
            }
            d -= 1;
            let (size, stride) = outer[d];
            counters[d] += 1;
            at += stride;
            if counters[d] < size {
                break;
            }
            counters[d] = 0;
            at -= stride * size as isize;
        }
    }
}
