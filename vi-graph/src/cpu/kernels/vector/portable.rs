//! Vectors without instructions of their own: short arrays, which the compiler turns into what the target always has.

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::{Mask, Vector};

/// All bits of a lane are set where it is true.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<B, const N: usize>([B; N]);

macro_rules! operator {
    ($vector:ty, $trait:ident, $method:ident, $op:tt) => {
        impl $trait for $vector {
            type Output = Self;

            #[inline(always)]
            fn $method(mut self, y: Self) -> Self {
                for (x, y) in self.0.iter_mut().zip(y.0) {
                    *x $op y;
                }
                self
            }
        }
    };
}

macro_rules! vector {
    (
        $name:ident, $float:ident, $bits:ident, $lanes:literal, mantissa $mantissa:literal, bias $bias:literal, half root $half_root:literal
    ) => {
        #[doc = concat!(stringify!($lanes), " lanes of ", stringify!($float), ".")]
        #[derive(Clone, Copy)]
        pub(crate) struct $name([$float; $lanes]);

        operator!($name, Add, add, +=);
        operator!($name, Sub, sub, -=);
        operator!($name, Mul, mul, *=);
        operator!($name, Div, div, /=);
        operator!(Lanes<$bits, $lanes>, BitAnd, bitand, &=);
        operator!(Lanes<$bits, $lanes>, BitOr, bitor, |=);

        impl Neg for $name {
            type Output = Self;

            #[inline(always)]
            fn neg(self) -> Self {
                self.each(|x| -x)
            }
        }

        impl Not for Lanes<$bits, $lanes> {
            type Output = Self;

            #[inline(always)]
            fn not(self) -> Self {
                Lanes(self.0.map(|x| !x))
            }
        }

        impl Mask for Lanes<$bits, $lanes> {
            #[inline(always)]
            fn bits(self) -> u32 {
                let mut bits = 0;
                for (l, lane) in self.0.into_iter().enumerate() {
                    bits |= ((lane & 1) as u32) << l;
                }
                bits
            }
        }

        impl $name {
            #[inline(always)]
            fn each(mut self, f: impl Fn($float) -> $float) -> Self {
                for x in &mut self.0 {
                    *x = f(*x);
                }
                self
            }

            #[inline(always)]
            fn with(mut self, y: Self, f: impl Fn($float, $float) -> $float) -> Self {
                for (x, y) in self.0.iter_mut().zip(y.0) {
                    *x = f(*x, y);
                }
                self
            }

            #[inline(always)]
            fn test(self, y: Self, f: impl Fn(&$float, &$float) -> bool) -> Lanes<$bits, $lanes> {
                let mut mask = Lanes([0; $lanes]);
                for l in 0..$lanes {
                    mask.0[l] = (f(&self.0[l], &y.0[l]) as $bits).wrapping_neg();
                }
                mask
            }

            /// `2^n` where that is a normal number.
            #[inline(always)]
            fn power_of_two(self) -> Self {
                // Adding 1.5 2^m leaves the integer, with the bias, in the lowest bits.
                const SHIFT: $float = ((3u64 << ($mantissa - 1)) + $bias) as $float;
                self.each(|n| $float::from_bits((n + SHIFT).to_bits() << $mantissa))
            }
        }

        impl Vector for $name {
            type Element = $float;
            type Mask = Lanes<$bits, $lanes>;
            const LANES: usize = $lanes;
            const FUSED: bool = cfg!(target_arch = "aarch64");

            #[inline(always)]
            unsafe fn load(x: *const $float) -> Self {
                // SAFETY: the caller lets so many be read; arrays are as aligned as their elements.
                Self(unsafe { x.cast::<[$float; $lanes]>().read() })
            }

            #[inline(always)]
            unsafe fn new(x: $float) -> Self {
                Self([x; $lanes])
            }

            #[inline(always)]
            unsafe fn store(self, out: *mut $float) {
                // SAFETY: the caller lets so many be written; arrays are as aligned as their elements.
                unsafe { out.cast::<[$float; $lanes]>().write(self.0) }
            }

            #[inline(always)]
            unsafe fn load_mask(x: *const u8) -> Self::Mask {
                // SAFETY: the caller lets so many be read; bytes are always aligned.
                let bytes = unsafe { x.cast::<[u8; $lanes]>().read() };
                Lanes(bytes.map(|byte| ((byte != 0) as $bits).wrapping_neg()))
            }

            #[inline(always)]
            unsafe fn store_mask(mask: Self::Mask, out: *mut u8) {
                // SAFETY: the caller lets so many be written; bytes are always aligned.
                unsafe { out.cast::<[u8; $lanes]>().write(mask.0.map(|lane| (lane & 1) as u8)) }
            }

            #[inline(always)]
            fn splat(self, x: $float) -> Self {
                Self([x; $lanes])
            }

            #[inline(always)]
            fn mul_add(self, y: Self, z: Self) -> Self {
                let mut out = self;
                for l in 0..$lanes {
                    let (x, y, z) = (self.0[l], y.0[l], z.0[l]);
                    // Without the instruction, rounding once is a library call.
                    out.0[l] = if Self::FUSED { x.mul_add(y, z) } else { x * y + z };
                }
                out
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                self.each($float::sqrt)
            }

            #[inline(always)]
            fn abs(self) -> Self {
                self.each($float::abs)
            }

            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                self.with(sign, $float::copysign)
            }

            #[inline(always)]
            fn flip_sign(self, sign: Self) -> Self {
                const SIGN: $bits = 1 << ($bits::BITS - 1);
                self.with(sign, |x, sign| $float::from_bits(x.to_bits() ^ (sign.to_bits() & SIGN)))
            }

            #[inline(always)]
            fn round(self) -> Self {
                self.each($float::round_ties_even)
            }

            #[inline(always)]
            fn floor(self) -> Self {
                self.each($float::floor)
            }

            #[inline(always)]
            fn ceil(self) -> Self {
                self.each($float::ceil)
            }

            #[inline(always)]
            fn trunc(self) -> Self {
                self.each($float::trunc)
            }

            #[inline(always)]
            fn lesser(self, y: Self) -> Self {
                self.with(y, |x, y| if x < y { x } else { y })
            }

            #[inline(always)]
            fn greater(self, y: Self) -> Self {
                self.with(y, |x, y| if x > y { x } else { y })
            }

            #[inline(always)]
            fn eq(self, y: Self) -> Self::Mask {
                self.test(y, $float::eq)
            }

            #[inline(always)]
            fn lt(self, y: Self) -> Self::Mask {
                self.test(y, $float::lt)
            }

            #[inline(always)]
            fn le(self, y: Self) -> Self::Mask {
                self.test(y, $float::le)
            }

            #[inline(always)]
            fn select(mask: Self::Mask, a: Self, b: Self) -> Self {
                let mut out = a;
                for l in 0..$lanes {
                    out.0[l] = $float::from_bits((a.0[l].to_bits() & mask.0[l]) | (b.0[l].to_bits() & !mask.0[l]));
                }
                out
            }

            #[inline(always)]
            fn scale(self, n: Self) -> Self {
                // In two factors, each a normal number, so that only the last product is rounded.
                const SHIFT: $float = (3u64 << ($mantissa - 1)) as $float;
                let half = n.each(|n| (0.5 * n + SHIFT) - SHIFT);
                self * half.power_of_two() * (n - half).power_of_two()
            }

            #[inline(always)]
            fn exponent_and_mantissa(self) -> (Self, Self) {
                const ONE: $bits = $bias << $mantissa;
                const MASK: $bits = (1 << $mantissa) - 1;
                // Its lowest bits count from 0.
                const INTEGER: $float = (1u64 << $mantissa) as $float;
                let (mut exponent, mut mantissa) = (self, self);
                for l in 0..$lanes {
                    let small = self.0[l] < $float::MIN_POSITIVE;
                    let x = if small { self.0[l] * INTEGER } else { self.0[l] };
                    // Binades from √½ instead of 1.
                    let bits = x.to_bits().wrapping_sub($half_root).wrapping_add(ONE);
                    let biased = $float::from_bits((bits >> $mantissa) | INTEGER.to_bits()) - INTEGER;
                    exponent.0[l] = biased - if small { ($bias + $mantissa) as $float } else { $bias as $float };
                    mantissa.0[l] = $float::from_bits((bits & MASK) + $half_root);
                }
                (exponent, mantissa)
            }
        }
    };
}

vector!(F32x4, f32, u32, 4, mantissa 23, bias 127, half root 0x3f35_04f3);
vector!(F64x2, f64, u64, 2, mantissa 52, bias 1023, half root 0x3fe6_a09e_667f_3bcd);
