//! Operations along axes.

use std::cmp::Ordering;

use super::layout::groups;
use super::{scalar, unsupported};
use crate::error::Result;
use crate::ir::{Data, Reduce, Scan};
use crate::special;

pub(super) fn reduce(f: Reduce, x: &Data, shape: &[usize], axes: &[usize]) -> Result<Data> {
    match x {
        Data::Float(x) => reduce_floats(f).map(|f| Data::Float(reduced(x, shape, axes, f))),
        Data::Int(x) => reduce_ints(f).map(|f| Data::Int(reduced(x, shape, axes, f))),
        Data::Bool(x) => reduce_bools(f).map(|f| Data::Bool(reduced(x, shape, axes, f))),
    }
    .ok_or_else(|| unsupported(f.name(), &[x]))
}

fn reduce_floats(f: Reduce) -> Option<fn(&[f64]) -> f64> {
    match f {
        Reduce::Sum => Some(|x| scalar::sum(x.iter().copied())),
        Reduce::Prod => Some(|x| x.iter().product()),
        Reduce::Max => Some(|x| x.iter().copied().fold(f64::NEG_INFINITY, scalar::max)),
        Reduce::Min => Some(|x| x.iter().copied().fold(f64::INFINITY, scalar::min)),
        Reduce::LogSumExp => Some(|x| special::logsumexp(x.iter().copied())),
        Reduce::Any | Reduce::All => None,
    }
}

fn reduce_ints(f: Reduce) -> Option<fn(&[i64]) -> i64> {
    match f {
        Reduce::Sum => Some(|x| x.iter().copied().fold(0, i64::wrapping_add)),
        Reduce::Max => Some(|x| x.iter().copied().fold(i64::MIN, i64::max)),
        Reduce::Min => Some(|x| x.iter().copied().fold(i64::MAX, i64::min)),
        _ => None,
    }
}

fn reduce_bools(f: Reduce) -> Option<fn(&[bool]) -> bool> {
    match f {
        Reduce::Any => Some(|x| x.contains(&true)),
        Reduce::All => Some(|x| !x.contains(&false)),
        _ => None,
    }
}

fn reduced<T: Copy, R>(x: &[T], shape: &[usize], axes: &[usize], f: impl Fn(&[T]) -> R) -> Vec<R> {
    groups(shape, axes).iter().map(|group| f(&group.iter().map(|&i| x[i]).collect::<Vec<T>>())).collect()
}

/// The first NaN counts as the largest, as in [`Reduce::Max`].
pub(super) fn argmax(x: &Data, shape: &[usize], axis: usize) -> Result<Data> {
    match x {
        Data::Float(x) => {
            Ok(Data::Int(reduced(x, shape, &[axis], |line| first(line, |x, best| x > best || (x.is_nan() && !best.is_nan())))))
        }
        Data::Int(x) => Ok(Data::Int(reduced(x, shape, &[axis], |line| first(line, |x, best| x > best)))),
        Data::Bool(_) => Err(unsupported("argmax", &[x])),
    }
}

fn first<T: Copy>(line: &[T], above: impl Fn(T, T) -> bool) -> i64 {
    (1..line.len()).fold(0, |best, i| if above(line[i], line[best]) { i } else { best }) as i64
}

pub(super) fn scan(f: Scan, x: &Data, shape: &[usize], axis: usize, reverse: bool) -> Result<Data> {
    match (f, x) {
        (Scan::Sum, Data::Float(x)) => Ok(Data::Float(scanned(x, shape, axis, reverse, |sum, x| sum + x))),
        (Scan::Prod, Data::Float(x)) => Ok(Data::Float(scanned(x, shape, axis, reverse, |product, x| product * x))),
        (Scan::Max, Data::Float(x)) => Ok(Data::Float(scanned(x, shape, axis, reverse, scalar::max))),
        (Scan::Min, Data::Float(x)) => Ok(Data::Float(scanned(x, shape, axis, reverse, scalar::min))),
        (Scan::Sum, Data::Int(x)) => Ok(Data::Int(scanned(x, shape, axis, reverse, i64::wrapping_add))),
        _ => Err(unsupported(f.name(), &[x])),
    }
}

fn scanned<T: Copy>(x: &[T], shape: &[usize], axis: usize, reverse: bool, f: impl Fn(T, T) -> T) -> Vec<T> {
    let mut out = x.to_vec();
    for mut line in groups(shape, &[axis]) {
        if reverse {
            line.reverse();
        }
        for pair in line.windows(2) {
            out[pair[1]] = f(out[pair[0]], out[pair[1]]);
        }
    }
    out
}

pub(super) fn argsort(x: &Data, shape: &[usize], axis: usize, descending: bool) -> Result<Data> {
    let directed = |order: Ordering| if descending { order.reverse() } else { order };
    match x {
        Data::Float(x) => Ok(Data::Int(sorted(x, shape, axis, |x, y| {
            x.is_nan().cmp(&y.is_nan()).then_with(|| directed(x.partial_cmp(&y).unwrap_or(Ordering::Equal)))
        }))),
        Data::Int(x) => Ok(Data::Int(sorted(x, shape, axis, |x, y| directed(x.cmp(&y))))),
        Data::Bool(_) => Err(unsupported("argsort", &[x])),
    }
}

fn sorted<T: Copy>(x: &[T], shape: &[usize], axis: usize, order: impl Fn(T, T) -> Ordering) -> Vec<i64> {
    let mut out = vec![0; x.len()];
    for line in groups(shape, &[axis]) {
        let mut sorted: Vec<usize> = (0..line.len()).collect();
        sorted.sort_by(|&i, &j| order(x[line[i]], x[line[j]]));
        for (&place, i) in line.iter().zip(sorted) {
            out[place] = i as i64;
        }
    }
    out
}
