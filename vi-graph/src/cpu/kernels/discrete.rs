//! Kernels for integers and truth values, and for what goes from one type to another: plain loops over `n` elements.

use super::elementwise::Mode;
use super::{Real, Vector, kernel};
use crate::ir::{Binary, Compare, Logic, Unary};

/// `out = f(x)`
pub(crate) type MapKernel<T, U> = unsafe fn(n: usize, x: *const T, out: *mut U);
/// `out = f(x, y)`
pub(crate) type ZipKernel<T, U> = unsafe fn(n: usize, x: *const T, y: *const T, out: *mut U);
/// `out = condition ? a : b`
pub(crate) type SelectKernel<T> = unsafe fn(n: usize, condition: *const u8, a: *const T, b: *const T, out: *mut T);

trait Map<T, U> {
    fn apply(x: T) -> U;
}

trait Zip<T, U> {
    fn apply(x: T, y: T) -> U;
}

/// # Safety
///
/// `x` and `out` hold `n` elements.
#[inline(always)]
unsafe fn map<T: Copy, U, F: Map<T, U>>(n: usize, x: *const T, out: *mut U) {
    for i in 0..n {
        // SAFETY: i < n.
        unsafe { *out.add(i) = F::apply(*x.add(i)) };
    }
}

/// # Safety
///
/// `x`, `y` and `out` hold `n` elements; one is enough for a scalar.
unsafe fn zip<T: Copy, U, F: Zip<T, U>, const X: bool, const Y: bool>(n: usize, x: *const T, y: *const T, out: *mut U) {
    if n == 0 {
        return;
    }
    // SAFETY: i < n. A scalar is read before the first element is written, which may be in its place.
    unsafe {
        let (only_x, only_y) = (*x, *y);
        for i in 0..n {
            let x = if X { only_x } else { *x.add(i) };
            let y = if Y { only_y } else { *y.add(i) };
            *out.add(i) = F::apply(x, y);
        }
    }
}

/// # Safety
///
/// `condition`, `a`, `b` and `out` hold `n` elements; one is enough for a scalar.
unsafe fn choose<T: Copy, const A: bool, const B: bool>(n: usize, condition: *const u8, a: *const T, b: *const T, out: *mut T) {
    if n == 0 {
        return;
    }
    // SAFETY: i < n. A scalar is read before the first element is written, which may be in its place.
    unsafe {
        let (only_a, only_b) = (*a, *b);
        for i in 0..n {
            let a = if A { only_a } else { *a.add(i) };
            let b = if B { only_b } else { *b.add(i) };
            *out.add(i) = if *condition.add(i) != 0 { a } else { b };
        }
    }
}

/// Zero-sized types for functions, so that each is a type parameter of a kernel.
macro_rules! functions {
    ($trait:ident<$from:ty, $to:ty> { $($name:ident($($x:ident),*) = $body:expr;)* }) => {
        $(
            struct $name;

            impl $trait<$from, $to> for $name {
                #[inline(always)]
                fn apply($($x: $from),*) -> $to {
                    $body
                }
            }
        )*
    };
}

functions! { Map<i64, i64> {
    Neg(x) = x.wrapping_neg();
    Abs(x) = x.wrapping_abs();
    Sign(x) = x.signum();
}}

functions! { Zip<i64, i64> {
    Add(x, y) = x.wrapping_add(y);
    Sub(x, y) = x.wrapping_sub(y);
    Mul(x, y) = x.wrapping_mul(y);
    Div(x, y) = quotient(x, y);
    Rem(x, y) = remainder(x, y);
    Max(x, y) = x.max(y);
    Min(x, y) = x.min(y);
}}

functions! { Zip<i64, u8> {
    Equal(x, y) = u8::from(x == y);
    NotEqual(x, y) = u8::from(x != y);
    Less(x, y) = u8::from(x < y);
    LessEqual(x, y) = u8::from(x <= y);
    Greater(x, y) = u8::from(x > y);
    GreaterEqual(x, y) = u8::from(x >= y);
}}

functions! { Map<u8, u8> { Not(x) = x ^ 1; }}

functions! { Zip<u8, u8> {
    And(x, y) = x & y;
    Or(x, y) = x | y;
    Xor(x, y) = x ^ y;
}}

functions! { Map<i64, u8> { IntToBool(x) = u8::from(x != 0); }}
functions! { Map<u8, i64> { BoolToInt(x) = i64::from(x); }}

/// Truncated; 0 where the divisor is.
#[inline(always)]
fn quotient(x: i64, y: i64) -> i64 {
    if y == 0 { 0 } else { x.wrapping_div(y) }
}

/// With the sign of the divisor; 0 where that is 0.
#[inline(always)]
fn remainder(x: i64, y: i64) -> i64 {
    if y == 0 {
        return 0;
    }
    let truncated = x.wrapping_rem(y);
    if truncated != 0 && (truncated < 0) != (y < 0) { truncated + y } else { truncated }
}

fn mode<T: Copy, U, F: Zip<T, U>>(mode: Mode) -> ZipKernel<T, U> {
    match mode {
        Mode::VectorVector => zip::<T, U, F, false, false>,
        Mode::VectorScalar => zip::<T, U, F, false, true>,
        Mode::ScalarVector => zip::<T, U, F, true, false>,
    }
}

/// The kernel of `f` on integers; absent where it is not defined there.
pub(crate) fn int_unary(f: Unary) -> Option<MapKernel<i64, i64>> {
    Some(match f {
        Unary::Neg => map::<i64, i64, Neg>,
        Unary::Abs => map::<i64, i64, Abs>,
        Unary::Sign => map::<i64, i64, Sign>,
        _ => return None,
    })
}

/// The kernel of `f` on integers; absent where it is not defined there.
pub(crate) fn int_binary(f: Binary, operands: Mode) -> Option<ZipKernel<i64, i64>> {
    Some(match f {
        Binary::Add => mode::<_, _, Add>(operands),
        Binary::Sub => mode::<_, _, Sub>(operands),
        Binary::Mul => mode::<_, _, Mul>(operands),
        Binary::Div => mode::<_, _, Div>(operands),
        Binary::Rem => mode::<_, _, Rem>(operands),
        Binary::Max => mode::<_, _, Max>(operands),
        Binary::Min => mode::<_, _, Min>(operands),
        _ => return None,
    })
}

/// The kernel of a comparison of integers.
pub(crate) fn int_compare(f: Compare, operands: Mode) -> ZipKernel<i64, u8> {
    match f {
        Compare::Equal => mode::<_, _, Equal>(operands),
        Compare::NotEqual => mode::<_, _, NotEqual>(operands),
        Compare::Less => mode::<_, _, Less>(operands),
        Compare::LessEqual => mode::<_, _, LessEqual>(operands),
        Compare::Greater => mode::<_, _, Greater>(operands),
        Compare::GreaterEqual => mode::<_, _, GreaterEqual>(operands),
    }
}

/// The kernel of `f` on truth values.
pub(crate) fn logic(f: Logic, operands: Mode) -> ZipKernel<u8, u8> {
    match f {
        Logic::And => mode::<_, _, And>(operands),
        Logic::Or => mode::<_, _, Or>(operands),
        Logic::Xor => mode::<_, _, Xor>(operands),
    }
}

/// The kernel of the negation of truth values.
pub(crate) fn not() -> MapKernel<u8, u8> {
    map::<u8, u8, Not>
}

/// The choice between integers or truth values `a` and `b`, either of which may be a scalar.
pub(crate) fn select<T: Copy>(scalar_a: bool, scalar_b: bool) -> SelectKernel<T> {
    match (scalar_a, scalar_b) {
        (false, false) => choose::<T, false, false>,
        (false, true) => choose::<T, false, true>,
        (true, false) => choose::<T, true, false>,
        (true, true) => choose::<T, true, true>,
    }
}

/// `≠ 0`
pub(crate) fn int_to_bool() -> MapKernel<i64, u8> {
    map::<i64, u8, IntToBool>
}

/// 0 or 1.
pub(crate) fn bool_to_int() -> MapKernel<u8, i64> {
    map::<u8, i64, BoolToInt>
}

kernel! {
    /// Truncated and saturated, 0 for NaN.
    pub(crate) fn float_to_int<R: Real>(n: usize, x: *const R, out: *mut i64) = truncate;
}
kernel! {
    /// To the nearest float.
    pub(crate) fn int_to_float<R: Real>(n: usize, x: *const i64, out: *mut R) = nearest;
}
kernel! {
    /// 0 or 1.
    pub(crate) fn bool_to_float<R: Real>(n: usize, x: *const u8, out: *mut R) = indicator;
}
kernel! {
    /// `≠ 0`, so that NaN is true.
    pub(crate) fn float_to_bool<R: Real>(n: usize, x: *const R, out: *mut u8) = nonzero;
}

/// # Safety
///
/// `x` and `out` hold `n` elements.
#[inline(always)]
unsafe fn truncate<V: Vector>(n: usize, x: *const V::Element, out: *mut i64) {
    for i in 0..n {
        // SAFETY: i < n.
        unsafe { *out.add(i) = (*x.add(i)).to_f64() as i64 };
    }
}

/// # Safety
///
/// `x` and `out` hold `n` elements.
#[inline(always)]
unsafe fn nearest<V: Vector>(n: usize, x: *const i64, out: *mut V::Element) {
    for i in 0..n {
        // SAFETY: i < n.
        unsafe { *out.add(i) = V::Element::from_i64(*x.add(i)) };
    }
}

/// # Safety
///
/// `x` and `out` hold `n` elements.
#[inline(always)]
unsafe fn indicator<V: Vector>(n: usize, x: *const u8, out: *mut V::Element) {
    for i in 0..n {
        // SAFETY: i < n.
        unsafe { *out.add(i) = V::Element::from_f64(f64::from(*x.add(i))) };
    }
}

/// # Safety
///
/// `x` and `out` hold `n` elements.
#[inline(always)]
unsafe fn nonzero<V: Vector>(n: usize, x: *const V::Element, out: *mut u8) {
    for i in 0..n {
        // SAFETY: i < n.
        unsafe { *out.add(i) = u8::from((*x.add(i)).to_f64() != 0.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::kernels::Level;

    fn zipped<T: Copy, U: Copy + Default>(kernel: ZipKernel<T, U>, x: &[T], y: &[T]) -> Vec<U> {
        let mut out = vec![U::default(); x.len().max(y.len())];
        // SAFETY: the operands have as many elements as the result, or one where the kernel reads one.
        unsafe { kernel(out.len(), x.as_ptr(), y.as_ptr(), out.as_mut_ptr()) };
        out
    }

    fn mapped<T: Copy, U: Copy + Default>(kernel: MapKernel<T, U>, x: &[T]) -> Vec<U> {
        let mut out = vec![U::default(); x.len()];
        // SAFETY: operand and result have as many elements.
        unsafe { kernel(out.len(), x.as_ptr(), out.as_mut_ptr()) };
        out
    }

    #[test]
    fn integers() {
        let x = [7, -7, 7, -7, i64::MIN, 5];
        let y = [2, 2, -2, -2, -1, 0];
        let of = |f| zipped(int_binary(f, Mode::VectorVector).unwrap(), &x, &y);
        assert_eq!(of(Binary::Add), [9, -5, 5, -9, i64::MAX, 5]);
        assert_eq!(of(Binary::Sub), [5, -9, 9, -5, i64::MIN + 1, 5]);
        assert_eq!(of(Binary::Mul), [14, -14, -14, 14, i64::MIN, 0]);
        assert_eq!(of(Binary::Div), [3, -3, -3, 3, i64::MIN, 0]);
        assert_eq!(of(Binary::Rem), [1, 1, -1, -1, 0, 0]);
        assert_eq!(of(Binary::Max), [7, 2, 7, -2, -1, 5]);
        assert_eq!(of(Binary::Min), [2, -7, -2, -7, i64::MIN, 0]);
        assert!(int_binary(Binary::Pow, Mode::VectorVector).is_none());
        assert_eq!(zipped(int_binary(Binary::Sub, Mode::VectorScalar).unwrap(), &[1, 2, 3], &[1]), [0, 1, 2]);
        assert_eq!(zipped(int_binary(Binary::Sub, Mode::ScalarVector).unwrap(), &[1], &[1, 2, 3]), [0, -1, -2]);
        for (f, expected) in [
            (Compare::Equal, [0, 1, 0]),
            (Compare::NotEqual, [1, 0, 1]),
            (Compare::Less, [1, 0, 0]),
            (Compare::LessEqual, [1, 1, 0]),
            (Compare::Greater, [0, 0, 1]),
            (Compare::GreaterEqual, [0, 1, 1]),
        ] {
            assert_eq!(zipped(int_compare(f, Mode::VectorVector), &[1, 2, 3], &[2, 2, 2]), expected);
        }
        assert_eq!(mapped(int_unary(Unary::Neg).unwrap(), &[3, i64::MIN]), [-3, i64::MIN]);
        assert_eq!(mapped(int_unary(Unary::Abs).unwrap(), &[3, -4]), [3, 4]);
        assert_eq!(mapped(int_unary(Unary::Sign).unwrap(), &[3, 0, -4]), [1, 0, -1]);
    }

    #[test]
    fn truth_values() {
        let (x, y) = ([0, 0, 1, 1], [0, 1, 0, 1]);
        assert_eq!(zipped(logic(Logic::And, Mode::VectorVector), &x, &y), [0, 0, 0, 1]);
        assert_eq!(zipped(logic(Logic::Or, Mode::VectorVector), &x, &y), [0, 1, 1, 1]);
        assert_eq!(zipped(logic(Logic::Xor, Mode::VectorVector), &x, &y), [0, 1, 1, 0]);
        assert_eq!(mapped(not(), &x), [1, 1, 0, 0]);
        let mut out = [0i64; 4];
        // SAFETY: all have four elements; b is a scalar.
        unsafe { select::<i64>(false, true)(4, x.as_ptr(), [1, 2, 3, 4].as_ptr(), [9].as_ptr(), out.as_mut_ptr()) };
        assert_eq!(out, [9, 9, 3, 4]);
    }

    #[test]
    fn casts() {
        for level in Level::available() {
            let x = [2.9, -2.9, f64::NAN, 1e30, -1e30, 0.0];
            assert_eq!(mapped(float_to_int::<f64>(level), &x), [2, -2, 0, i64::MAX, i64::MIN, 0]);
            assert_eq!(mapped(float_to_int::<f32>(level), &x.map(|x| x as f32)), [2, -2, 0, i64::MAX, i64::MIN, 0]);
            assert_eq!(mapped(float_to_bool::<f64>(level), &x), [1, 1, 1, 1, 1, 0]);
            // 2^24 + 1 and 2^53 + 1 have no float.
            assert_eq!(mapped(int_to_float::<f32>(level), &[16_777_217, -3]), [16_777_216.0, -3.0]);
            assert_eq!(mapped(int_to_float::<f64>(level), &[9_007_199_254_740_993, -3]), [9_007_199_254_740_992.0, -3.0]);
            assert_eq!(mapped(bool_to_float::<f32>(level), &[0, 1]), [0.0, 1.0]);
        }
        assert_eq!(mapped(int_to_bool(), &[0, -5]), [0, 1]);
        assert_eq!(mapped(bool_to_int(), &[0, 1]), [0, 1]);
    }
}
