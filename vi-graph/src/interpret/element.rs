//! Element-wise operations.

use super::{scalar, unsupported};
use crate::error::{Error, Result};
use crate::ir::{Binary, Compare, Data, Logic, Precision, Ternary, Test, Type, Unary};

pub(super) fn unary(f: Unary, x: &Data) -> Result<Data> {
    let wrong = || unsupported(f.name(), &[x]);
    match x {
        Data::Float(x) => Ok(Data::Float(x.iter().map(|&x| scalar::unary(f, x)).collect())),
        Data::Int(x) => x.iter().map(|&x| scalar::unary_int(f, x)).collect::<Option<_>>().map(Data::Int).ok_or_else(wrong),
        Data::Bool(_) => Err(wrong()),
    }
}

pub(super) fn binary(f: Binary, x: &Data, y: &Data) -> Result<Data> {
    let wrong = || unsupported(f.name(), &[x, y]);
    match (x, y) {
        (Data::Float(x), Data::Float(y)) => Ok(Data::Float(zip(x, y, |x, y| scalar::binary(f, x, y)))),
        (Data::Int(x), Data::Int(y)) => {
            x.iter().zip(y).map(|(&x, &y)| scalar::binary_int(f, x, y)).collect::<Option<_>>().map(Data::Int).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

pub(super) fn ternary(f: Ternary, a: &Data, b: &Data, x: &Data) -> Result<Data> {
    let (Data::Float(a), Data::Float(b), Data::Float(x)) = (a, b, x) else { return Err(unsupported(f.name(), &[a, b, x])) };
    Ok(Data::Float(a.iter().zip(b).zip(x).map(|((&a, &b), &x)| scalar::ternary(f, a, b, x)).collect()))
}

pub(super) fn compare(f: Compare, x: &Data, y: &Data) -> Result<Data> {
    match (x, y) {
        (Data::Float(x), Data::Float(y)) => Ok(Data::Bool(zip(x, y, |x, y| scalar::compare(f, x, y)))),
        (Data::Int(x), Data::Int(y)) => Ok(Data::Bool(zip(x, y, |x, y| scalar::compare(f, x, y)))),
        _ => Err(unsupported(f.name(), &[x, y])),
    }
}

pub(super) fn logic(f: Logic, a: &Data, b: &Data) -> Result<Data> {
    match (a, b) {
        (Data::Bool(a), Data::Bool(b)) => Ok(Data::Bool(zip(a, b, |a, b| scalar::logic(f, a, b)))),
        _ => Err(unsupported(f.name(), &[a, b])),
    }
}

pub(super) fn not(a: &Data) -> Result<Data> {
    match a {
        Data::Bool(a) => Ok(Data::Bool(a.iter().map(|a| !a).collect())),
        _ => Err(unsupported("not", &[a])),
    }
}

pub(super) fn test(f: Test, x: &Data) -> Result<Data> {
    match (f, x) {
        (Test::IsNan, Data::Float(x)) => Ok(Data::Bool(x.iter().map(|x| x.is_nan()).collect())),
        (Test::IsInfinite, Data::Float(x)) => Ok(Data::Bool(x.iter().map(|x| x.is_infinite()).collect())),
        _ => Err(unsupported("is_nan or is_infinite", &[x])),
    }
}

pub(super) fn select(condition: &Data, a: &Data, b: &Data) -> Result<Data> {
    let Data::Bool(condition) = condition else { return Err(wrong_select(condition, a, b)) };
    match (a, b) {
        (Data::Float(a), Data::Float(b)) => Ok(Data::Float(choose(condition, a, b))),
        (Data::Int(a), Data::Int(b)) => Ok(Data::Int(choose(condition, a, b))),
        (Data::Bool(a), Data::Bool(b)) => Ok(Data::Bool(choose(condition, a, b))),
        _ => Err(unsupported("where", &[a, b])),
    }
}

fn wrong_select(condition: &Data, a: &Data, b: &Data) -> Error {
    unsupported("where", &[condition, a, b])
}

pub(super) fn cast(precision: Precision, x: &Data, ty: Type) -> Data {
    // An integer beyond 2^53 is rounded to f32 once, not by way of f64.
    let float = |x: i64| match precision {
        Precision::F32 => f64::from(x as f32),
        Precision::F64 => x as f64,
    };
    match (x, ty) {
        (Data::Float(_), Type::Float) | (Data::Int(_), Type::Int) | (Data::Bool(_), Type::Bool) => x.clone(),
        (Data::Float(x), Type::Int) => Data::Int(x.iter().map(|&x| x as i64).collect()),
        (Data::Float(x), Type::Bool) => Data::Bool(x.iter().map(|&x| x != 0.0).collect()),
        (Data::Int(x), Type::Float) => Data::Float(x.iter().map(|&x| float(x)).collect()),
        (Data::Int(x), Type::Bool) => Data::Bool(x.iter().map(|&x| x != 0).collect()),
        (Data::Bool(x), Type::Float) => Data::Float(x.iter().map(|&x| f64::from(u8::from(x))).collect()),
        (Data::Bool(x), Type::Int) => Data::Int(x.iter().map(|&x| i64::from(x)).collect()),
    }
}

fn zip<T: Copy, R>(x: &[T], y: &[T], f: impl Fn(T, T) -> R) -> Vec<R> {
    x.iter().zip(y).map(|(&x, &y)| f(x, y)).collect()
}

fn choose<T: Copy>(condition: &[bool], a: &[T], b: &[T]) -> Vec<T> {
    condition.iter().zip(a.iter().zip(b)).map(|(&c, (&a, &b))| if c { a } else { b }).collect()
}
