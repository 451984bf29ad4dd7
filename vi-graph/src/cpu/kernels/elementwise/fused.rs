//! Multiplication and addition in one kernel.

use super::super::{Level, Real, Vector, kernel};
use super::operand;

/// `out` = one of the three.
pub(crate) type ContractionKernel<R> = unsafe fn(n: usize, x: *const R, y: *const R, z: *const R, out: *mut R);

/// Three operands to one, rounded once where the level has the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contraction {
    /// `x y + z`
    MulAdd,
    /// `x y − z`
    MulSub,
    /// `z − x y`
    NegMulAdd,
}

/// A function of three vectors.
trait ZipThree {
    fn apply<V: Vector>(x: V, y: V, z: V) -> V;
}

/// # Safety
///
/// As for [`zip`].
#[inline(always)]
unsafe fn zip_three<V: Vector, F: ZipThree, const X: bool, const Y: bool, const Z: bool>(
    n: usize,
    x: *const V::Element,
    y: *const V::Element,
    z: *const V::Element,
    out: *mut V::Element,
) {
    if n == 0 {
        return;
    }
    // SAFETY: i < n, and buffers are padded to whole vectors.
    unsafe {
        let (only_x, only_y, only_z) = (V::new(*x), V::new(*y), V::new(*z));
        let mut i = 0;
        while i < n {
            let (x, y) = (operand::<V, X>(x, i, only_x), operand::<V, Y>(y, i, only_y));
            F::apply(x, y, operand::<V, Z>(z, i, only_z)).store(out.add(i));
            i += V::LANES;
        }
    }
}

kernel! {
    fn three_kernel<R: Real, F: ZipThree; const X: bool; const Y: bool; const Z: bool>
    (n: usize, x: *const R, y: *const R, z: *const R, out: *mut R) = zip_three;
}

struct MulAdd;

impl ZipThree for MulAdd {
    #[inline(always)]
    fn apply<V: Vector>(x: V, y: V, z: V) -> V {
        x.mul_add(y, z)
    }
}

struct MulSub;

impl ZipThree for MulSub {
    #[inline(always)]
    fn apply<V: Vector>(x: V, y: V, z: V) -> V {
        x.mul_add(y, -z)
    }
}

struct NegMulAdd;

impl ZipThree for NegMulAdd {
    #[inline(always)]
    fn apply<V: Vector>(x: V, y: V, z: V) -> V {
        (-x).mul_add(y, z)
    }
}

fn three_mode<R: Real, F: ZipThree>(level: Level, scalar: [bool; 3]) -> ContractionKernel<R> {
    match scalar {
        [false, false, false] => three_kernel::<R, F, false, false, false>(level),
        [true, false, false] => three_kernel::<R, F, true, false, false>(level),
        [false, true, false] => three_kernel::<R, F, false, true, false>(level),
        [true, true, false] => three_kernel::<R, F, true, true, false>(level),
        [false, false, true] => three_kernel::<R, F, false, false, true>(level),
        [true, false, true] => three_kernel::<R, F, true, false, true>(level),
        [false, true, true] => three_kernel::<R, F, false, true, true>(level),
        [true, true, true] => three_kernel::<R, F, true, true, true>(level),
    }
}

/// The kernel of `f`; operands whose flag is set are scalars, read through their pointer.
pub(crate) fn contraction<R: Real>(level: Level, f: Contraction, scalar: [bool; 3]) -> ContractionKernel<R> {
    match f {
        Contraction::MulAdd => three_mode::<R, MulAdd>(level, scalar),
        Contraction::MulSub => three_mode::<R, MulSub>(level, scalar),
        Contraction::NegMulAdd => three_mode::<R, NegMulAdd>(level, scalar),
    }
}
