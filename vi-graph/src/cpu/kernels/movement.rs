//! Elements at positions along an axis, and their sums.
//!
//! A position outside of the axis, a negative one too, reads what the caller says, and is left out of sums. Shapes are seen
//! as `[outer, axis, inner]` around the axis.

#![allow(clippy::too_many_arguments, reason = "a kernel takes pointers and sizes")]

use std::mem::MaybeUninit;

use super::{Level, Real};

/// Defines a function from a [`Level`] to the instance of a body for it; the body is not written with vectors.
macro_rules! by_level {
    (
        $(#[$attribute:meta])*
        fn $name:ident<$($type:ident: $bound:ident),*>($($arg:ident: $arg_ty:ty),* $(,)?) = $body:ident;
    ) => {
        $(#[$attribute])*
        pub(crate) fn $name<$($type: $bound),*>(level: Level) -> unsafe fn($($arg_ty),*) {
            unsafe fn portable<$($type: $bound),*>($($arg: $arg_ty),*) {
                // SAFETY: the caller keeps the body's contract.
                unsafe { $body::<$($type),*>($($arg),*) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2<$($type: $bound),*>($($arg: $arg_ty),*) {
                // SAFETY: as above.
                unsafe { $body::<$($type),*>($($arg),*) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
            unsafe fn avx512<$($type: $bound),*>($($arg: $arg_ty),*) {
                // SAFETY: as above.
                unsafe { $body::<$($type),*>($($arg),*) }
            }

            match level {
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => avx2::<$($type),*>,
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => avx512::<$($type),*>,
                _ => portable::<$($type),*>,
            }
        }
    };
}

/// `x[i]`, or `outside`.
#[inline(always)]
unsafe fn read<T: Copy>(x: *const T, i: usize, len: usize, outside: T) -> T {
    // SAFETY: the caller's: `x` has `len` elements.
    if i < len { unsafe { *x.add(i) } } else { outside }
}

by_level! {
    /// `out[o, i, k] = x[o, index[i], k]`: shapes `[outer, to, inner]`, `[outer, from, inner]`, `[to]`.
    fn take<T: Copy>(outer: usize, from: usize, to: usize, inner: usize, x: *const T, index: *const i64, outside: T, out: *mut T)
        = take_body;
}

#[inline(always)]
unsafe fn take_body<T: Copy>(outer: usize, from: usize, to: usize, inner: usize, x: *const T, index: *const i64, outside: T, out: *mut T) {
    for o in 0..outer {
        // SAFETY: the caller's; all offsets lie within the shapes.
        unsafe {
            let (x, out) = (x.add(o * from * inner), out.add(o * to * inner));
            if inner == 1 {
                for i in 0..to {
                    *out.add(i) = read(x, *index.add(i) as usize, from, outside);
                }
            } else {
                for i in 0..to {
                    let (from_row, out) = (*index.add(i) as usize, out.add(i * inner));
                    for k in 0..inner {
                        *out.add(k) = if from_row < from { *x.add(from_row * inner + k) } else { outside };
                    }
                }
            }
        }
    }
}

/// `x[i] += y`, unless there is no such element.
#[inline(always)]
unsafe fn add<R: Real>(x: *mut R, i: usize, len: usize, y: R) {
    if i < len {
        // SAFETY: the caller's: `x` has `len` elements.
        unsafe { *x.add(i) = *x.add(i) + y };
    }
}

/// A table of this size is kept several times, see [`scatter`].
const SMALL: usize = 512;

/// `out[index[i]] += y[i]` into zeros.
///
/// Positions that follow each other are often equal, and then every addition waits for the one before, nine cycles through
/// memory; eight tables that take turns do not. The order of the additions depends on the sizes alone.
#[inline(always)]
unsafe fn scatter<R: Real>(from: usize, to: usize, index: *const i64, y: *const R, out: *mut R) {
    const TABLES: usize = 8;
    let zero = R::from_f64(0.0);
    // SAFETY: the caller's.
    unsafe {
        if from > SMALL || to < 2 * from {
            std::slice::from_raw_parts_mut(out, from).fill(zero);
            for i in 0..to {
                add(out, *index.add(i) as usize, from, *y.add(i));
            }
            return;
        }
        // The tables side by side, of which only the first `from` rows are ever used.
        let mut memory = MaybeUninit::<[[R; TABLES]; SMALL]>::uninit();
        let table: *mut R = memory.as_mut_ptr().cast();
        for j in 0..from * TABLES {
            table.add(j).write(zero);
        }
        let mut i = 0;
        while i + TABLES <= to {
            for t in 0..TABLES {
                let row = *index.add(i + t) as usize;
                if row < from {
                    let sum = table.add(row * TABLES + t);
                    *sum = *sum + *y.add(i + t);
                }
            }
            i += TABLES;
        }
        while i < to {
            let row = *index.add(i) as usize;
            if row < from {
                let sum = table.add(row * TABLES);
                *sum = *sum + *y.add(i);
            }
            i += 1;
        }
        for j in 0..from {
            let row = table.add(j * TABLES);
            let pair = |t: usize| *row.add(t) + *row.add(t + TABLES / 2);
            *out.add(j) = (pair(0) + pair(1)) + (pair(2) + pair(3));
        }
    }
}

by_level! {
    /// `out[o, index[i], k] = Σ y[o, i, k]`, 0 where nothing is added: the adjoint of [`take`].
    fn take_add<R: Real>(outer: usize, from: usize, to: usize, inner: usize, index: *const i64, y: *const R, out: *mut R)
        = take_add_body;
}

#[inline(always)]
unsafe fn take_add_body<R: Real>(outer: usize, from: usize, to: usize, inner: usize, index: *const i64, y: *const R, out: *mut R) {
    for o in 0..outer {
        // SAFETY: the caller's; all offsets lie within the shapes.
        unsafe {
            let (y, out) = (y.add(o * to * inner), out.add(o * from * inner));
            if inner == 1 {
                scatter(from, to, index, y, out);
                continue;
            }
            std::slice::from_raw_parts_mut(out, from * inner).fill(R::from_f64(0.0));
            for i in 0..to {
                let row = *index.add(i) as usize;
                if row < from {
                    let (y, out) = (y.add(i * inner), out.add(row * inner));
                    for k in 0..inner {
                        *out.add(k) = *out.add(k) + *y.add(k);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
