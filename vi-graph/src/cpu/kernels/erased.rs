//! Kernels without the types of their elements, so that one instruction holds any of them.
//!
//! The plan that chose the kernel knows the types; pointers to different sized types are interchangeable in the calling
//! convention.

use super::arena::Element;

/// `(n, x, out)`
pub(crate) type Map1 = unsafe fn(usize, *const u8, *mut u8);
/// `(n, x, y, out)`
pub(crate) type Map2 = unsafe fn(usize, *const u8, *const u8, *mut u8);
/// `(n, x, y, z, out)`
pub(crate) type Map3 = unsafe fn(usize, *const u8, *const u8, *const u8, *mut u8);
/// `(rows, n, step, x, out)`, the step from row to row in bytes
pub(crate) type Map4 = unsafe fn(usize, usize, usize, *const u8, *mut u8);

/// `(m, k, a, x, out)`
pub(crate) type Map5 = unsafe fn(usize, usize, *const u8, *const u8, *mut u8);

/// Forgets the types.
pub(crate) fn one<A: Element, Z: Element>(f: unsafe fn(usize, *const A, *mut Z)) -> Map1 {
    // SAFETY: the types differ in what pointers point to only, which the calling convention does not see.
    unsafe { std::mem::transmute(f) }
}

/// Forgets the types.
pub(crate) fn two<A: Element, B: Element, Z: Element>(f: unsafe fn(usize, *const A, *const B, *mut Z)) -> Map2 {
    // SAFETY: as in `one`.
    unsafe { std::mem::transmute(f) }
}

/// Forgets the types.
pub(crate) fn three<A: Element, B: Element, C: Element, Z: Element>(f: unsafe fn(usize, *const A, *const B, *const C, *mut Z)) -> Map3 {
    // SAFETY: as in `one`.
    unsafe { std::mem::transmute(f) }
}

/// Forgets the types.
pub(crate) fn rows<A: Element>(f: unsafe fn(usize, usize, usize, *const A, *mut A)) -> Map4 {
    // SAFETY: as in `one`.
    unsafe { std::mem::transmute(f) }
}

/// Forgets the types.
pub(crate) fn product<A: Element>(f: unsafe fn(usize, usize, *const A, *const A, *mut A)) -> Map5 {
    // SAFETY: as in `one`.
    unsafe { std::mem::transmute(f) }
}

/// Forgets the types, and that the operand is written as well.
pub(crate) fn emptied<A: Element>(f: unsafe fn(usize, *mut A, *mut A)) -> Map1 {
    // SAFETY: as in `one`.
    unsafe { std::mem::transmute(f) }
}
