//! Kernels that work element by element, on whole vectors.

pub(crate) mod fused;
#[cfg(test)]
mod tests;

use super::vector::Vector;
use super::{Level, Real, kernel, math};
use crate::ir::{Binary, Compare, Ternary, Test, Unary};
use crate::{gamma, special};

/// `out = f(x)`
pub(crate) type UnaryKernel<R> = unsafe fn(n: usize, x: *const R, out: *mut R);
/// `out = f(x, y)`
pub(crate) type BinaryKernel<R> = unsafe fn(n: usize, x: *const R, y: *const R, out: *mut R);
/// `out = f(x, y, z)`
pub(crate) type TernaryKernel<R> = unsafe fn(n: usize, x: *const R, y: *const R, z: *const R, out: *mut R);
/// `out = x < y` and the like.
pub(crate) type CompareKernel<R> = unsafe fn(n: usize, x: *const R, y: *const R, out: *mut u8);
/// `out = condition ? a : b`
pub(crate) type SelectKernel<R> = unsafe fn(n: usize, condition: *const u8, a: *const R, b: *const R, out: *mut R);
/// `out` = a truth value of `x`.
pub(crate) type TestKernel<R> = unsafe fn(n: usize, x: *const R, out: *mut u8);

/// Which operands of two are a vector; a scalar is one element, read through its pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub(crate) enum Mode {
    VectorVector,
    VectorScalar,
    ScalarVector,
}

/// A function of one vector.
trait Map {
    fn apply<V: Vector>(x: V) -> V;
}

/// A function of two vectors.
trait Zip {
    fn apply<V: Vector>(x: V, y: V) -> V;
}

/// A truth value of two vectors.
trait Relation {
    fn apply<V: Vector>(x: V, y: V) -> V::Mask;
}

/// A function of one number, for what is too rare or too long for vectors.
trait ScalarMap {
    fn apply(x: f64) -> f64;
}

/// A function of two numbers, for what is too rare or too long for vectors.
trait ScalarZip {
    fn apply(x: f64, y: f64) -> f64;
}

/// A function of three numbers, for what is too rare or too long for vectors.
trait ScalarZipThree {
    fn apply(x: f64, y: f64, z: f64) -> f64;
}

/// # Safety
///
/// The level's instructions exist; `x` and `out` hold `n` elements, padded.
#[inline(always)]
unsafe fn map<V: Vector, F: Map>(n: usize, x: *const V::Element, out: *mut V::Element) {
    let mut i = 0;
    while i < n {
        // SAFETY: i < n, and buffers are padded to whole vectors.
        unsafe { F::apply(V::load(x.add(i))).store(out.add(i)) };
        i += V::LANES;
    }
}

/// The vector at `i`, or the only element, which has been read before.
///
/// # Safety
///
/// The level's instructions exist; a vector can be read at `x + i` unless `SCALAR`.
#[inline(always)]
unsafe fn operand<V: Vector, const SCALAR: bool>(x: *const V::Element, i: usize, only: V) -> V {
    // SAFETY: as the caller says.
    if SCALAR { only } else { unsafe { V::load(x.add(i)) } }
}

/// # Safety
///
/// The level's instructions exist; `x`, `y` and `out` hold `n` elements, padded; one element is enough for a scalar.
#[inline(always)]
unsafe fn zip<V: Vector, F: Zip, const X: bool, const Y: bool>(n: usize, x: *const V::Element, y: *const V::Element, out: *mut V::Element) {
    if n == 0 {
        return;
    }
    // SAFETY: i < n, and buffers are padded to whole vectors.
    unsafe {
        let (only_x, only_y) = (V::new(*x), V::new(*y));
        let mut i = 0;
        while i < n {
            F::apply(operand::<V, X>(x, i, only_x), operand::<V, Y>(y, i, only_y)).store(out.add(i));
            i += V::LANES;
        }
    }
}

/// # Safety
///
/// As for [`zip`].
#[inline(always)]
unsafe fn relate<V: Vector, F: Relation, const X: bool, const Y: bool>(n: usize, x: *const V::Element, y: *const V::Element, out: *mut u8) {
    if n == 0 {
        return;
    }
    // SAFETY: i < n, and buffers are padded to whole vectors.
    unsafe {
        let (only_x, only_y) = (V::new(*x), V::new(*y));
        let mut i = 0;
        while i < n {
            V::store_mask(F::apply(operand::<V, X>(x, i, only_x), operand::<V, Y>(y, i, only_y)), out.add(i));
            i += V::LANES;
        }
    }
}

/// # Safety
///
/// As for [`zip`], with bytes for `condition`.
#[inline(always)]
unsafe fn choose<V: Vector, const A: bool, const B: bool>(
    n: usize,
    condition: *const u8,
    a: *const V::Element,
    b: *const V::Element,
    out: *mut V::Element,
) {
    if n == 0 {
        return;
    }
    // SAFETY: i < n, and buffers are padded to whole vectors.
    unsafe {
        let (only_a, only_b) = (V::new(*a), V::new(*b));
        let mut i = 0;
        while i < n {
            let mask = V::load_mask(condition.add(i));
            V::select(mask, operand::<V, A>(a, i, only_a), operand::<V, B>(b, i, only_b)).store(out.add(i));
            i += V::LANES;
        }
    }
}

/// # Safety
///
/// `x` and `out` hold `n` elements.
unsafe fn scalar_map<R: Real, F: ScalarMap>(n: usize, x: *const R, out: *mut R) {
    for i in 0..n {
        // SAFETY: i < n.
        unsafe { *out.add(i) = R::from_f64(F::apply((*x.add(i)).to_f64())) };
    }
}

/// # Safety
///
/// `x`, `y` and `out` hold `n` elements; one is enough for a scalar.
unsafe fn scalar_zip<R: Real, F: ScalarZip, const X: bool, const Y: bool>(n: usize, x: *const R, y: *const R, out: *mut R) {
    if n == 0 {
        return;
    }
    // SAFETY: i < n. A scalar is read before the first element is written, which may be in its place.
    unsafe {
        let (only_x, only_y) = (*x, *y);
        for i in 0..n {
            let x = if X { only_x } else { *x.add(i) };
            let y = if Y { only_y } else { *y.add(i) };
            *out.add(i) = R::from_f64(F::apply(x.to_f64(), y.to_f64()));
        }
    }
}

/// # Safety
///
/// `x`, `y`, `z` and `out` hold `n` elements; one is enough for a scalar.
unsafe fn scalar_zip_three<R: Real, F: ScalarZipThree, const X: bool, const Y: bool, const Z: bool>(
    n: usize,
    x: *const R,
    y: *const R,
    z: *const R,
    out: *mut R,
) {
    if n == 0 {
        return;
    }
    // SAFETY: i < n. A scalar is read before the first element is written, which may be in its place.
    unsafe {
        let (only_x, only_y, only_z) = (*x, *y, *z);
        for i in 0..n {
            let x = if X { only_x } else { *x.add(i) };
            let y = if Y { only_y } else { *y.add(i) };
            let z = if Z { only_z } else { *z.add(i) };
            *out.add(i) = R::from_f64(F::apply(x.to_f64(), y.to_f64(), z.to_f64()));
        }
    }
}

kernel! { fn map_kernel<R: Real, F: Map>(n: usize, x: *const R, out: *mut R) = map; }
kernel! {
    fn zip_kernel<R: Real, F: Zip; const X: bool; const Y: bool>(n: usize, x: *const R, y: *const R, out: *mut R) = zip;
}
kernel! {
    fn relation_kernel<R: Real, F: Relation; const X: bool; const Y: bool>(n: usize, x: *const R, y: *const R, out: *mut u8) = relate;
}
kernel! {
    fn select_kernel<R: Real; const A: bool; const B: bool>(n: usize, condition: *const u8, a: *const R, b: *const R, out: *mut R) = choose;
}

/// Zero-sized types for functions, so that each is a type parameter of a kernel.
macro_rules! functions {
    ($trait:ident<V> $result:ty { $($name:ident($($x:ident),*) = $body:expr;)* }) => {
        $(
            struct $name;

            impl $trait for $name {
                #[inline(always)]
                fn apply<V: Vector>($($x: V),*) -> $result {
                    $body
                }
            }
        )*
    };
    ($trait:ident { $($name:ident($($x:ident),*) = $body:expr;)* }) => {
        $(
            struct $name;

            impl $trait for $name {
                fn apply($($x: f64),*) -> f64 {
                    $body
                }
            }
        )*
    };
}

functions! { Map<V> V {
    Neg(x) = -x;
    Abs(x) = x.abs();
    // 0 and NaN stay what they are.
    Sign(x) = V::select(x.lt(x.constant(0.0)) | x.constant(0.0).lt(x), x.constant(1.0).copysign(x), x);
    Detach(x) = x;
    Sqrt(x) = x.sqrt();
    Recip(x) = x.constant(1.0) / x;
    Square(x) = x * x;
    Floor(x) = x.floor();
    Ceil(x) = x.ceil();
    Round(x) = x.round();
    Trunc(x) = x.trunc();
    Exp(x) = math::exp(x);
    Expm1(x) = math::expm1(x);
    Log(x) = math::log(x);
    Log1p(x) = math::log1p(x);
    Sin(x) = math::sin(x);
    Cos(x) = math::cos(x);
    Tan(x) = math::tan(x);
    Sinh(x) = math::sinh(x);
    Cosh(x) = math::cosh(x);
    Tanh(x) = math::tanh(x);
    Erf(x) = math::erf(x);
    Sigmoid(x) = math::sigmoid(x);
    Softplus(x) = math::softplus(x);
    Lgamma(x) = math::lgamma(x);
    Digamma(x) = math::digamma(x);
    Trigamma(x) = math::trigamma(x);
}}

functions! { ScalarMap {
    Asin(x) = x.asin();
    Acos(x) = x.acos();
    Atan(x) = x.atan();
    Asinh(x) = x.asinh();
    Acosh(x) = x.acosh();
    Atanh(x) = x.atanh();
    Erfc(x) = special::erfc(x);
    Erfinv(x) = special::erfinv(x);
    Ndtr(x) = special::ndtr(x);
    LogNdtr(x) = special::log_ndtr(x);
    NdtrRatio(x) = special::ndtr_ratio(x);
    Ndtri(x) = special::ndtri(x);
    Log1mexp(x) = special::log1mexp(x);
    I0e(x) = special::i0e(x);
    I1e(x) = special::i1e(x);
    LogI0(x) = special::log_i0(x);
}}

functions! { Zip<V> V {
    Add(x, y) = x + y;
    Sub(x, y) = x - y;
    Mul(x, y) = x * y;
    Div(x, y) = x / y;
    // Not fused: where y divides x, the product must round to x.
    Rem(x, y) = x - y * (x / y).floor();
    Max(x, y) = V::select(x.is_nan(), x, x.greater(y));
    Min(x, y) = V::select(x.is_nan(), x, x.lesser(y));
    Xlogy(x, y) = V::select(x.eq(x.constant(0.0)), x.constant(0.0), x * math::log(y));
}}

functions! { ScalarZip {
    Pow(x, y) = x.powf(y);
    Atan2(x, y) = x.atan2(y);
    LogBeta(x, y) = special::log_beta(x, y);
    DigammaDifference(x, y) = special::digamma_difference(x, y);
    GammaLogDerivative(x, y) = gamma::gamma_log_derivative(x, y);
    GammaP(a, x) = special::gamma_p(a, x);
    GammaQ(a, x) = special::gamma_q(a, x);
    GammaDensity(a, x) = special::gamma_density(a, x);
    GammaPInShape(a, x) = special::gamma_p_in_shape(a, x);
}}

functions! { ScalarZipThree {
    BetaInc(a, b, x) = special::beta_inc(a, b, x);
    BetaDensity(a, b, x) = special::beta_density(a, b, x);
    BetaIncInA(a, b, x) = special::beta_inc_in_a(a, b, x);
    BetaIncInB(a, b, x) = special::beta_inc_in_b(a, b, x);
}}

functions! { Relation<V> V::Mask {
    Equal(x, y) = x.eq(y);
    NotEqual(x, y) = !x.eq(y);
    Less(x, y) = x.lt(y);
    LessEqual(x, y) = x.le(y);
    Greater(x, y) = y.lt(x);
    GreaterEqual(x, y) = y.le(x);
    IsNan(x, _y) = x.is_nan();
    IsInfinite(x, _y) = x.constant(f64::INFINITY).eq(x.abs());
}}

/// The kernel of `f`.
pub(crate) fn unary<R: Real>(level: Level, f: Unary) -> UnaryKernel<R> {
    match f {
        Unary::Neg => map_kernel::<R, Neg>(level),
        Unary::Abs => map_kernel::<R, Abs>(level),
        Unary::Sign => map_kernel::<R, Sign>(level),
        Unary::Detach => map_kernel::<R, Detach>(level),
        Unary::Exp => map_kernel::<R, Exp>(level),
        Unary::Log => map_kernel::<R, Log>(level),
        Unary::Log1p => map_kernel::<R, Log1p>(level),
        Unary::Expm1 => map_kernel::<R, Expm1>(level),
        Unary::Sqrt => map_kernel::<R, Sqrt>(level),
        Unary::Recip => map_kernel::<R, Recip>(level),
        Unary::Square => map_kernel::<R, Square>(level),
        Unary::Sin => map_kernel::<R, Sin>(level),
        Unary::Cos => map_kernel::<R, Cos>(level),
        Unary::Tan => map_kernel::<R, Tan>(level),
        Unary::Sinh => map_kernel::<R, Sinh>(level),
        Unary::Cosh => map_kernel::<R, Cosh>(level),
        Unary::Tanh => map_kernel::<R, Tanh>(level),
        Unary::Asin => scalar_map::<R, Asin>,
        Unary::Acos => scalar_map::<R, Acos>,
        Unary::Atan => scalar_map::<R, Atan>,
        Unary::Asinh => scalar_map::<R, Asinh>,
        Unary::Acosh => scalar_map::<R, Acosh>,
        Unary::Atanh => scalar_map::<R, Atanh>,
        Unary::Erf => map_kernel::<R, Erf>(level),
        Unary::Sigmoid => map_kernel::<R, Sigmoid>(level),
        Unary::Softplus => map_kernel::<R, Softplus>(level),
        Unary::Floor => map_kernel::<R, Floor>(level),
        Unary::Ceil => map_kernel::<R, Ceil>(level),
        Unary::Round => map_kernel::<R, Round>(level),
        Unary::Trunc => map_kernel::<R, Trunc>(level),
        Unary::Lgamma => map_kernel::<R, Lgamma>(level),
        Unary::Digamma => map_kernel::<R, Digamma>(level),
        Unary::Trigamma => map_kernel::<R, Trigamma>(level),
        Unary::Erfc => scalar_map::<R, Erfc>,
        Unary::Erfinv => scalar_map::<R, Erfinv>,
        Unary::Ndtr => scalar_map::<R, Ndtr>,
        Unary::LogNdtr => scalar_map::<R, LogNdtr>,
        Unary::NdtrRatio => scalar_map::<R, NdtrRatio>,
        Unary::Ndtri => scalar_map::<R, Ndtri>,
        Unary::Log1mexp => scalar_map::<R, Log1mexp>,
        Unary::I0e => scalar_map::<R, I0e>,
        Unary::I1e => scalar_map::<R, I1e>,
        Unary::LogI0 => scalar_map::<R, LogI0>,
    }
}

fn zip_mode<R: Real, F: Zip>(level: Level, mode: Mode) -> BinaryKernel<R> {
    match mode {
        Mode::VectorVector => zip_kernel::<R, F, false, false>(level),
        Mode::VectorScalar => zip_kernel::<R, F, false, true>(level),
        Mode::ScalarVector => zip_kernel::<R, F, true, false>(level),
    }
}

fn scalar_mode<R: Real, F: ScalarZip>(mode: Mode) -> BinaryKernel<R> {
    match mode {
        Mode::VectorVector => scalar_zip::<R, F, false, false>,
        Mode::VectorScalar => scalar_zip::<R, F, false, true>,
        Mode::ScalarVector => scalar_zip::<R, F, true, false>,
    }
}

fn relation_mode<R: Real, F: Relation>(level: Level, mode: Mode) -> CompareKernel<R> {
    match mode {
        Mode::VectorVector => relation_kernel::<R, F, false, false>(level),
        Mode::VectorScalar => relation_kernel::<R, F, false, true>(level),
        Mode::ScalarVector => relation_kernel::<R, F, true, false>(level),
    }
}

/// The kernel of `f`.
pub(crate) fn binary<R: Real>(level: Level, f: Binary, mode: Mode) -> BinaryKernel<R> {
    match f {
        Binary::Add => zip_mode::<R, Add>(level, mode),
        Binary::Sub => zip_mode::<R, Sub>(level, mode),
        Binary::Mul => zip_mode::<R, Mul>(level, mode),
        Binary::Div => zip_mode::<R, Div>(level, mode),
        Binary::Rem => zip_mode::<R, Rem>(level, mode),
        Binary::Pow => scalar_mode::<R, Pow>(mode),
        Binary::Max => zip_mode::<R, Max>(level, mode),
        Binary::Min => zip_mode::<R, Min>(level, mode),
        Binary::Atan2 => scalar_mode::<R, Atan2>(mode),
        Binary::Xlogy => zip_mode::<R, Xlogy>(level, mode),
        Binary::LogBeta => scalar_mode::<R, LogBeta>(mode),
        Binary::DigammaDifference => scalar_mode::<R, DigammaDifference>(mode),
        Binary::GammaLogDerivative => scalar_mode::<R, GammaLogDerivative>(mode),
        Binary::GammaP => scalar_mode::<R, GammaP>(mode),
        Binary::GammaQ => scalar_mode::<R, GammaQ>(mode),
        Binary::GammaDensity => scalar_mode::<R, GammaDensity>(mode),
        Binary::GammaPInShape => scalar_mode::<R, GammaPInShape>(mode),
    }
}

fn scalar_three_mode<R: Real, F: ScalarZipThree>(scalar: [bool; 3]) -> TernaryKernel<R> {
    match scalar {
        [false, false, false] => scalar_zip_three::<R, F, false, false, false>,
        [true, false, false] => scalar_zip_three::<R, F, true, false, false>,
        [false, true, false] => scalar_zip_three::<R, F, false, true, false>,
        [true, true, false] => scalar_zip_three::<R, F, true, true, false>,
        [false, false, true] => scalar_zip_three::<R, F, false, false, true>,
        [true, false, true] => scalar_zip_three::<R, F, true, false, true>,
        [false, true, true] => scalar_zip_three::<R, F, false, true, true>,
        [true, true, true] => scalar_zip_three::<R, F, true, true, true>,
    }
}

/// The kernel of `f`; operands whose flag is set are scalars, read through their pointer.
pub(crate) fn ternary<R: Real>(f: Ternary, scalar: [bool; 3]) -> TernaryKernel<R> {
    match f {
        Ternary::BetaInc => scalar_three_mode::<R, BetaInc>(scalar),
        Ternary::BetaDensity => scalar_three_mode::<R, BetaDensity>(scalar),
        Ternary::BetaIncInA => scalar_three_mode::<R, BetaIncInA>(scalar),
        Ternary::BetaIncInB => scalar_three_mode::<R, BetaIncInB>(scalar),
    }
}

/// The kernel of a comparison.
pub(crate) fn compare<R: Real>(level: Level, f: Compare, mode: Mode) -> CompareKernel<R> {
    match f {
        Compare::Equal => relation_mode::<R, Equal>(level, mode),
        Compare::NotEqual => relation_mode::<R, NotEqual>(level, mode),
        Compare::Less => relation_mode::<R, Less>(level, mode),
        Compare::LessEqual => relation_mode::<R, LessEqual>(level, mode),
        Compare::Greater => relation_mode::<R, Greater>(level, mode),
        Compare::GreaterEqual => relation_mode::<R, GreaterEqual>(level, mode),
    }
}

/// The kernel of a test.
pub(crate) fn test<R: Real>(level: Level, f: Test) -> TestKernel<R> {
    match f {
        Test::IsNan => test_kernel::<R, IsNan>(level),
        Test::IsInfinite => test_kernel::<R, IsInfinite>(level),
    }
}

kernel! { fn test_kernel<R: Real, F: Relation>(n: usize, x: *const R, out: *mut u8) = relate_to_itself; }

/// # Safety
///
/// As for [`zip`].
#[inline(always)]
unsafe fn relate_to_itself<V: Vector, F: Relation>(n: usize, x: *const V::Element, out: *mut u8) {
    // SAFETY: as the caller says.
    unsafe { relate::<V, F, false, false>(n, x, x, out) }
}

/// The kernel of the choice between `a` and `b`, either of which may be a scalar.
pub(crate) fn select<R: Real>(level: Level, scalar_a: bool, scalar_b: bool) -> SelectKernel<R> {
    match (scalar_a, scalar_b) {
        (false, false) => select_kernel::<R, false, false>(level),
        (false, true) => select_kernel::<R, false, true>(level),
        (true, false) => select_kernel::<R, true, false>(level),
        (true, true) => select_kernel::<R, true, true>(level),
    }
}
