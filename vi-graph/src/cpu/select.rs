//! From operations to kernels.

use crate::ir::{Binary, Compare, Logic, Reduce, Ternary, Test, Type, Unary};

use super::instruction::Kernel;
use super::kernels::erased::{Map1, Map2, Map4, Map5, emptied, one, product, rows, three, two};
use super::kernels::{self, Contraction, Level, Mode, discrete, matvec, reduce};

fn mode(scalars: &[bool]) -> Option<Mode> {
    match scalars {
        [false, false] => Some(Mode::VectorVector),
        [false, true] => Some(Mode::VectorScalar),
        [true, false] => Some(Mode::ScalarVector),
        _ => None,
    }
}

pub(super) fn unary(level: Level, wide: bool, ty: Type, f: Unary) -> Option<Kernel> {
    match ty {
        Type::Float if wide => Some(Kernel::One(one(kernels::unary::<f64>(level, f)))),
        Type::Float => Some(Kernel::One(one(kernels::unary::<f32>(level, f)))),
        Type::Int => discrete::int_unary(f).map(|f| Kernel::One(one(f))),
        Type::Bool => None,
    }
}

pub(super) fn binary(level: Level, wide: bool, ty: Type, f: Binary, scalars: &[bool]) -> Option<Kernel> {
    let mode = mode(scalars)?;
    match ty {
        Type::Float if wide => Some(Kernel::Two(two(kernels::binary::<f64>(level, f, mode)))),
        Type::Float => Some(Kernel::Two(two(kernels::binary::<f32>(level, f, mode)))),
        Type::Int => discrete::int_binary(f, mode).map(|f| Kernel::Two(two(f))),
        Type::Bool => None,
    }
}

pub(super) fn ternary(wide: bool, f: Ternary, scalars: &[bool]) -> Option<Kernel> {
    let scalars = scalars.try_into().ok()?;
    Some(Kernel::Three(if wide { three(kernels::ternary::<f64>(f, scalars)) } else { three(kernels::ternary::<f32>(f, scalars)) }))
}

pub(super) fn contraction(level: Level, wide: bool, f: Contraction, scalars: &[bool]) -> Option<Kernel> {
    let scalars = scalars.try_into().ok()?;
    Some(Kernel::Three(if wide {
        three(kernels::contraction::<f64>(level, f, scalars))
    } else {
        three(kernels::contraction::<f32>(level, f, scalars))
    }))
}

pub(super) fn compare(level: Level, wide: bool, ty: Type, f: Compare, scalars: &[bool]) -> Option<Kernel> {
    let mode = mode(scalars)?;
    match ty {
        Type::Float if wide => Some(Kernel::Two(two(kernels::compare::<f64>(level, f, mode)))),
        Type::Float => Some(Kernel::Two(two(kernels::compare::<f32>(level, f, mode)))),
        Type::Int => Some(Kernel::Two(two(discrete::int_compare(f, mode)))),
        Type::Bool => None,
    }
}

pub(super) fn logic(f: Logic, scalars: &[bool]) -> Option<Kernel> {
    Some(Kernel::Two(two(discrete::logic(f, mode(scalars)?))))
}

pub(super) fn not() -> Option<Kernel> {
    Some(Kernel::One(one(discrete::not())))
}

pub(super) fn test(level: Level, wide: bool, f: Test) -> Option<Kernel> {
    Some(Kernel::One(if wide { one(kernels::test::<f64>(level, f)) } else { one(kernels::test::<f32>(level, f)) }))
}

/// `(condition, a, b)`
pub(super) fn choose(level: Level, wide: bool, ty: Type, scalars: &[bool]) -> Option<Kernel> {
    let &[false, a, b] = scalars else { return None };
    Some(Kernel::Three(match ty {
        Type::Float if wide => three(kernels::select::<f64>(level, a, b)),
        Type::Float => three(kernels::select::<f32>(level, a, b)),
        Type::Int => three(discrete::select::<i64>(a, b)),
        Type::Bool => three(discrete::select::<u8>(a, b)),
    }))
}

pub(super) fn cast(level: Level, wide: bool, from: Type, to: Type) -> Option<Kernel> {
    Some(Kernel::One(match (from, to, wide) {
        (Type::Float, Type::Int, true) => one(discrete::float_to_int::<f64>(level)),
        (Type::Float, Type::Int, false) => one(discrete::float_to_int::<f32>(level)),
        (Type::Float, Type::Bool, true) => one(discrete::float_to_bool::<f64>(level)),
        (Type::Float, Type::Bool, false) => one(discrete::float_to_bool::<f32>(level)),
        (Type::Int, Type::Float, true) => one(discrete::int_to_float::<f64>(level)),
        (Type::Int, Type::Float, false) => one(discrete::int_to_float::<f32>(level)),
        (Type::Bool, Type::Float, true) => one(discrete::bool_to_float::<f64>(level)),
        (Type::Bool, Type::Float, false) => one(discrete::bool_to_float::<f32>(level)),
        (Type::Int, Type::Bool, _) => one(discrete::int_to_bool()),
        (Type::Bool, Type::Int, _) => one(discrete::bool_to_int()),
        _ => return None,
    }))
}

/// Of a run of floats to one.
pub(super) fn reduce(level: Level, wide: bool, f: Reduce) -> Map1 {
    if wide { one(reduce::of_run::<f64>(level, f)) } else { one(reduce::of_run::<f32>(level, f)) }
}

/// Of rows of floats to one row.
pub(super) fn fold(level: Level, wide: bool, f: Reduce) -> Map4 {
    if wide { rows(reduce::of_rows::<f64>(level, f)) } else { rows(reduce::of_rows::<f32>(level, f)) }
}

/// `A x` for `A` in row-major order, or `Aᵀ x`.
pub(super) fn vector(level: Level, wide: bool, transposed: bool) -> Map5 {
    match (wide, transposed) {
        (true, false) => product(matvec::matvec::<f64>(level)),
        (false, false) => product(matvec::matvec::<f32>(level)),
        (true, true) => product(matvec::transposed::<f64>(level)),
        (false, true) => product(matvec::transposed::<f32>(level)),
    }
}

/// `A x` for `A` in panels; or the sums of `Aᵀ x`, from which [`packed_result`] makes it.
pub(super) fn packed(level: Level, wide: bool, transposed: bool) -> Map5 {
    match (wide, transposed) {
        (true, false) => product(matvec::packed_matvec::<f64>(level)),
        (false, false) => product(matvec::packed_matvec::<f32>(level)),
        (true, true) => product(matvec::packed_transposed::<f64>(level)),
        (false, true) => product(matvec::packed_transposed::<f32>(level)),
    }
}

/// The last step of [`packed`]: the result, or what is to be added to it.
pub(super) fn packed_result(level: Level, wide: bool, add: bool) -> Map1 {
    match (wide, add) {
        (true, false) => emptied(matvec::packed_result::<f64, false>(level)),
        (false, false) => emptied(matvec::packed_result::<f32, false>(level)),
        (true, true) => emptied(matvec::packed_result::<f64, true>(level)),
        (false, true) => emptied(matvec::packed_result::<f32, true>(level)),
    }
}

/// The kernel that joins partial results.
pub(super) fn join(level: Level, wide: bool, f: Binary) -> Map2 {
    let mode = Mode::VectorVector;
    if wide { two(kernels::binary::<f64>(level, f, mode)) } else { two(kernels::binary::<f32>(level, f, mode)) }
}
