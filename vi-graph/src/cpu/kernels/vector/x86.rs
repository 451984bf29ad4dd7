//! Vectors of AVX2 and AVX-512.

use std::arch::x86_64::*;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::{Mask, Vector};

/// A safe method that is one expression of intrinsics.
macro_rules! methods {
    ($($name:ident($x:ident $(, $arg:ident: $ty:ty)*) -> $result:ty = $body:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self $(, $arg: $ty)*) -> $result {
                let $x = self.0;
                // SAFETY: that `self` exists shows that the processor has the instructions.
                unsafe { $body }
            }
        )*
    };
}

macro_rules! operators {
    ($vector:ident, $($trait:ident $method:ident $intrinsic:ident,)*) => {
        $(
            impl $trait for $vector {
                type Output = Self;

                methods! { $method(x, y: Self) -> Self = Self($intrinsic(x, y.0)); }
            }
        )*
    };
}

/// What AVX2 and AVX-512 have under names that differ in prefix and suffix only.
macro_rules! common {
    (
        $name:ident, $mask:ident, $float:ident, $lanes:literal, $register:ident,
        [$add:ident $sub:ident $mul:ident $div:ident $xor:ident $and:ident $or:ident $andnot:ident],
        [$load:ident $set:ident $store:ident $fma:ident $sqrt:ident $min:ident $max:ident]
    ) => {
        #[doc = concat!(stringify!($lanes), " lanes of ", stringify!($float), ".")]
        #[derive(Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $name($register);

        operators!($name, Add add $add, Sub sub $sub, Mul mul $mul, Div div $div,);

        impl Neg for $name {
            type Output = Self;

            methods! { neg(x) -> Self = Self($xor(x, $set(-0.0))); }
        }

        impl Vector for $name {
            type Element = $float;
            type Mask = $mask;
            const LANES: usize = $lanes;
            const FUSED: bool = true;

            #[inline(always)]
            unsafe fn load(x: *const $float) -> Self {
                // SAFETY: the caller has the instructions and lets so many be read.
                Self(unsafe { $load(x) })
            }

            #[inline(always)]
            unsafe fn new(x: $float) -> Self {
                // SAFETY: the caller has the instructions.
                Self(unsafe { $set(x) })
            }

            #[inline(always)]
            unsafe fn store(self, out: *mut $float) {
                // SAFETY: `self` shows that there are the instructions; the caller lets so many be written.
                unsafe { $store(out, self.0) }
            }

            #[inline(always)]
            unsafe fn load_mask(x: *const u8) -> $mask {
                // SAFETY: the caller has the instructions and lets so many be read.
                unsafe { $mask::load(x) }
            }

            #[inline(always)]
            unsafe fn store_mask(mask: $mask, out: *mut u8) {
                // SAFETY: `mask` shows that there are the instructions; the caller lets so many be written.
                unsafe { mask.store(out) }
            }

            methods! {
                splat(_x, value: $float) -> Self = Self($set(value));
                mul_add(x, y: Self, z: Self) -> Self = Self($fma(x, y.0, z.0));
                sqrt(x) -> Self = Self($sqrt(x));
                abs(x) -> Self = Self($andnot($set(-0.0), x));
                copysign(x, sign: Self) -> Self = Self($or($andnot($set(-0.0), x), $and($set(-0.0), sign.0)));
                flip_sign(x, sign: Self) -> Self = Self($xor(x, $and($set(-0.0), sign.0)));
                lesser(x, y: Self) -> Self = Self($min(x, y.0));
                greater(x, y: Self) -> Self = Self($max(x, y.0));
            }

            #[inline(always)]
            fn round(self) -> Self {
                self.to_integer::<_MM_FROUND_TO_NEAREST_INT>()
            }

            #[inline(always)]
            fn floor(self) -> Self {
                self.to_integer::<_MM_FROUND_TO_NEG_INF>()
            }

            #[inline(always)]
            fn ceil(self) -> Self {
                self.to_integer::<_MM_FROUND_TO_POS_INF>()
            }

            #[inline(always)]
            fn trunc(self) -> Self {
                self.to_integer::<_MM_FROUND_TO_ZERO>()
            }

            #[inline(always)]
            fn eq(self, y: Self) -> $mask {
                self.compare::<_CMP_EQ_OQ>(y)
            }

            #[inline(always)]
            fn lt(self, y: Self) -> $mask {
                self.compare::<_CMP_LT_OQ>(y)
            }

            #[inline(always)]
            fn le(self, y: Self) -> $mask {
                self.compare::<_CMP_LE_OQ>(y)
            }

            #[inline(always)]
            fn select(mask: $mask, a: Self, b: Self) -> Self {
                Self::blend(mask, a, b)
            }

            #[inline(always)]
            fn scale(self, n: Self) -> Self {
                self.times_power_of_two(n)
            }

            #[inline(always)]
            fn exponent_and_mantissa(self) -> (Self, Self) {
                self.take_apart()
            }
        }
    };
}

mod avx2;
mod avx512;

pub(crate) use avx2::{F32x8, F64x4};
pub(crate) use avx512::{F32x16, F64x8};
