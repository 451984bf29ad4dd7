//! Vectors of floats, as wide as a level's registers.

mod portable;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Sub};

use super::Real;
pub(crate) use portable::{F32x4, F64x2};
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{F32x8, F32x16, F64x4, F64x8};

/// One truth value for each lane of a vector.
pub(crate) trait Mask: Copy + BitAnd<Output = Self> + BitOr<Output = Self> + Not<Output = Self> {
    /// Bit `l` is lane `l`.
    fn bits(self) -> u32;

    /// Whether it holds in any lane.
    #[inline(always)]
    fn any(self) -> bool {
        self.bits() != 0
    }
}

/// Some floats that one instruction works on.
///
/// Only the unsafe functions make a vector out of nothing. That one exists shows that the processor has the instructions of
/// its level, so that everything done with it is safe.
pub(crate) trait Vector:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// What a lane holds.
    type Element: Real;
    /// What comparisons give.
    type Mask: Mask;
    /// How many lanes there are.
    const LANES: usize;
    /// Whether [`Vector::mul_add`] rounds once.
    const FUSED: bool;

    /// # Safety
    ///
    /// The processor has the instructions of the vector's level, and `LANES` elements can be read.
    unsafe fn load(x: *const Self::Element) -> Self;

    /// One element in every lane.
    ///
    /// # Safety
    ///
    /// The processor has the instructions of the vector's level.
    unsafe fn new(x: Self::Element) -> Self;

    /// # Safety
    ///
    /// `LANES` elements can be written.
    unsafe fn store(self, out: *mut Self::Element);

    /// Reads a mask from one byte for each lane; what is not 0 is true.
    ///
    /// # Safety
    ///
    /// The processor has the instructions of the vector's level, and `LANES` bytes can be read.
    unsafe fn load_mask(x: *const u8) -> Self::Mask;

    /// Writes one byte, 0 or 1, for each lane.
    ///
    /// # Safety
    ///
    /// `LANES` bytes can be written.
    unsafe fn store_mask(mask: Self::Mask, out: *mut u8);

    /// `x` in every lane; `self` only shows that there is such a vector.
    fn splat(self, x: Self::Element) -> Self;

    /// [`Vector::splat`] of the nearest element.
    #[inline(always)]
    fn constant(self, x: f64) -> Self {
        self.splat(Self::Element::from_f64(x))
    }

    /// `self · y + z`
    fn mul_add(self, y: Self, z: Self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// Clears the sign bit.
    fn abs(self) -> Self;
    /// The magnitude with the sign bit of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// Flips the sign where `sign` is negative.
    fn flip_sign(self, sign: Self) -> Self;
    /// To the nearest integer, half to even.
    fn round(self) -> Self;
    /// The largest integer not above.
    fn floor(self) -> Self;
    /// The smallest integer not below.
    fn ceil(self) -> Self;
    /// The integer part.
    fn trunc(self) -> Self;

    /// `self < y ? self : y`: `y` where either is NaN.
    fn lesser(self, y: Self) -> Self;
    /// `self > y ? self : y`: `y` where either is NaN.
    fn greater(self, y: Self) -> Self;

    /// `self = y`
    fn eq(self, y: Self) -> Self::Mask;
    /// `self < y`
    fn lt(self, y: Self) -> Self::Mask;
    /// `self ≤ y`
    fn le(self, y: Self) -> Self::Mask;

    /// Whether a lane is NaN.
    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        !self.eq(self)
    }

    /// `a` where the mask holds, else `b`.
    fn select(mask: Self::Mask, a: Self, b: Self) -> Self;

    /// `2^n self` for integers `n` up to twice the range of exponents, rounded at most once.
    fn scale(self, n: Self) -> Self;

    /// `(e, m)` with `self = 2^e m` and `m` in `[√½, √2)`, for positive finite `self`.
    fn exponent_and_mantissa(self) -> (Self, Self);
}
