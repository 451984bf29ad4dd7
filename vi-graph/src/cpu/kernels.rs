//! The inner loops of the executor, each compiled for several instruction sets and chosen once, when a program is planned.
//!
//! A kernel is written once, as a body generic over a [`Vector`]; [`kernel!`] instantiates it for every [`Level`] and gives
//! the function pointer for one of them.
//!
//! Element-wise kernels work on whole vectors: of `n` elements they read and write up to the next multiple of 64 bytes
//! (of 64 elements, where the elements are truth values), and buffers are padded to that. A result may take the place of an
//! operand; other overlap is not allowed.

pub(crate) mod arena;
pub(crate) mod discrete;
pub(crate) mod dispatch;
mod elementwise;
pub(crate) mod erased;
pub(crate) mod math;
pub(crate) mod matvec;
pub(crate) mod movement;
pub(crate) mod noise;
pub(crate) mod pool;
pub(crate) mod reduce;
pub(crate) mod slices;
pub(crate) mod update;
mod vector;

use std::ops::{Add, Div, Mul, Neg, Sub};

pub(crate) use elementwise::fused::{Contraction, contraction};
pub(crate) use elementwise::{Mode, binary, compare, select, ternary, test, unary};
pub(crate) use vector::Vector;

/// The instruction set that a kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// What every processor of the target has.
    Portable,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512 F, VL, DQ and BW.
    Avx512,
}

impl Level {
    /// The best that this processor has.
    pub(crate) fn detect() -> Level {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw");
            return if wide { Level::Avx512 } else { Level::Avx2 };
        }
        Level::Portable
    }

    /// Those that this processor has, least first.
    #[cfg(test)]
    pub(crate) fn available() -> impl Iterator<Item = Level> {
        let best = Level::detect();
        [Level::Portable, Level::Avx2, Level::Avx512].into_iter().filter(move |&level| level <= best)
    }
}

/// The floats of a graph.
pub(crate) trait Real:
    Copy
    + std::fmt::Debug
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + math::coefficients::Coefficients
    + 'static
{
    /// At [`Level::Portable`].
    type Portable: Vector<Element = Self>;
    /// At [`Level::Avx2`].
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<Element = Self>;
    /// At [`Level::Avx512`].
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Element = Self>;

    /// The nearest.
    fn from_f64(x: f64) -> Self;
    /// The nearest.
    fn from_i64(x: i64) -> Self;
    /// Exactly.
    fn to_f64(self) -> f64;
}

impl Real for f32 {
    type Portable = vector::F32x4;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = vector::F32x8;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = vector::F32x16;

    #[inline(always)]
    fn from_f64(x: f64) -> f32 {
        x as f32
    }

    #[inline(always)]
    fn from_i64(x: i64) -> f32 {
        x as f32
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    type Portable = vector::F64x2;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = vector::F64x4;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = vector::F64x8;

    #[inline(always)]
    fn from_f64(x: f64) -> f64 {
        x
    }

    #[inline(always)]
    fn from_i64(x: i64) -> f64 {
        x as f64
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
}

/// Defines a function from a [`Level`] to the instance of a kernel for it.
///
/// The body is an `#[inline(always)] unsafe fn` whose first type parameter is the [`Vector`]; it and whatever it calls in
/// its loops must be `#[inline(always)]`, because only what is inlined into the instance is compiled for its level.
///
/// ```ignore
/// kernel! {
///     /// `out = Σ x`
///     pub(crate) fn sum<R: Real>(n: usize, x: *const R, out: *mut R) = sum_body;
/// }
/// let sum: unsafe fn(usize, *const f32, *mut f32) = sum::<f32>(Level::detect());
/// ```
///
/// Further type parameters follow as `<R: Real, F: Bound>`, constants as `<R: Real; const A: bool; const B: bool>`; the body
/// takes them after the vector.
macro_rules! kernel {
    (
        $(#[$attribute:meta])*
        $visibility:vis fn $name:ident<R: Real $(, $type:ident: $bound:ident)* $(; const $constant:ident: $ty:ty)*>
        ($($arg:ident: $arg_ty:ty),* $(,)?) $(-> $result:ty)? = $body:ident;
    ) => {
        $(#[$attribute])*
        $visibility fn $name<R: $crate::cpu::kernels::Real $(, $type: $bound)* $(, const $constant: $ty)*>(
            level: $crate::cpu::kernels::Level,
        ) -> unsafe fn($($arg_ty),*) $(-> $result)? {
            unsafe fn portable<R: $crate::cpu::kernels::Real $(, $type: $bound)* $(, const $constant: $ty)*>(
                $($arg: $arg_ty),*
            ) $(-> $result)? {
                // SAFETY: the caller keeps the body's contract; every processor has this level.
                unsafe { $body::<R::Portable $(, $type)* $(, $constant)*>($($arg),*) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2<R: $crate::cpu::kernels::Real $(, $type: $bound)* $(, const $constant: $ty)*>(
                $($arg: $arg_ty),*
            ) $(-> $result)? {
                // SAFETY: the caller keeps the body's contract and took the level from `Level::detect`.
                unsafe { $body::<R::Avx2 $(, $type)* $(, $constant)*>($($arg),*) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
            unsafe fn avx512<R: $crate::cpu::kernels::Real $(, $type: $bound)* $(, const $constant: $ty)*>(
                $($arg: $arg_ty),*
            ) $(-> $result)? {
                // SAFETY: the caller keeps the body's contract and took the level from `Level::detect`.
                unsafe { $body::<R::Avx512 $(, $type)* $(, $constant)*>($($arg),*) }
            }

            match level {
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::kernels::Level::Avx2 => avx2::<R $(, $type)* $(, $constant)*>,
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::kernels::Level::Avx512 => avx512::<R $(, $type)* $(, $constant)*>,
                _ => portable::<R $(, $type)* $(, $constant)*>,
            }
        }
    };
}
pub(crate) use kernel;
