//! Operations that move elements, and their adjoints.

use std::ops::Add;

use super::layout::{along, positions, strides};
use super::unsupported;
use crate::error::{Error, Result};
use crate::ir::{Data, Range};

pub(super) fn permute(x: &Data, shape: &[usize], order: &[usize]) -> Data {
    let strides = strides(shape);
    let out: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    let moved: Vec<isize> = order.iter().map(|&axis| strides[axis]).collect();
    pick(x, &positions(&out, &moved, 0))
}

pub(super) fn expand(x: &Data, shape: &[usize], out: &[usize]) -> Data {
    let repeated: Vec<isize> = strides(shape).iter().zip(shape).map(|(&stride, &size)| if size == 1 { 0 } else { stride }).collect();
    pick(x, &positions(out, &repeated, 0))
}

pub(super) fn slice(x: &Data, shape: &[usize], ranges: &[Range]) -> Data {
    pick(x, &selected(shape, ranges))
}

pub(super) fn unslice(x: &Data, out: &[usize], ranges: &[Range]) -> Data {
    let places = selected(out, ranges);
    let len = out.iter().product();
    match x {
        Data::Float(x) => Data::Float(place(&[(x, &places)], 0.0, len)),
        Data::Int(x) => Data::Int(place(&[(x, &places)], 0, len)),
        Data::Bool(x) => Data::Bool(place(&[(x, &places)], false, len)),
    }
}

/// The positions in an array of `shape` that the ranges select.
fn selected(shape: &[usize], ranges: &[Range]) -> Vec<usize> {
    let strides = strides(shape);
    let out: Vec<usize> = ranges.iter().map(|range| range.len).collect();
    let start = ranges.iter().zip(&strides).map(|(range, stride)| range.start as isize * stride).sum();
    let steps: Vec<isize> = ranges.iter().zip(&strides).map(|(range, stride)| range.step * stride).collect();
    positions(&out, &steps, start)
}

pub(super) fn concat(parts: &[&Data], shapes: &[&[usize]], axis: usize, out: &[usize]) -> Result<Data> {
    let strides = strides(out);
    let mut offset = 0;
    let places: Vec<Vec<usize>> = shapes
        .iter()
        .map(|shape| {
            let places = positions(shape, &strides, offset * strides[axis]);
            offset += shape[axis] as isize;
            places
        })
        .collect();
    let len = out.iter().product();
    let wrong = || unsupported("concat", parts);
    match parts.first() {
        Some(Data::Float(_)) => all(parts, floats).map(|parts| Data::Float(place(&pairs(&parts, &places), 0.0, len))),
        Some(Data::Int(_)) => all(parts, ints).map(|parts| Data::Int(place(&pairs(&parts, &places), 0, len))),
        Some(Data::Bool(_)) => all(parts, bools).map(|parts| Data::Bool(place(&pairs(&parts, &places), false, len))),
        None => None,
    }
    .ok_or_else(wrong)
}

pub(super) fn gather(x: &Data, shape: &[usize], axis: usize, index: &[i64], out: &[usize]) -> Result<Data> {
    Ok(pick(x, &indexed("gather", shape, axis, index.iter().copied(), out)?))
}

pub(super) fn scatter_add(index: &[i64], from: &[usize], axis: usize, y: &Data, out: &[usize]) -> Result<Data> {
    let places = indexed("scatter_add", out, axis, index.iter().copied(), from)?;
    accumulate("scatter_add", y, &places, out)
}

pub(super) fn take(x: &Data, shape: &[usize], axis: usize, index: &[i64], out: &[usize]) -> Result<Data> {
    let index = along(out, axis).into_iter().map(|i| index[i]);
    Ok(pick(x, &indexed("take", shape, axis, index, out)?))
}

pub(super) fn take_add(index: &[i64], from: &[usize], axis: usize, y: &Data, out: &[usize]) -> Result<Data> {
    let index = along(from, axis).into_iter().map(|i| index[i]);
    let places = indexed("take_add", out, axis, index, from)?;
    accumulate("take_add", y, &places, out)
}

/// For each element of `iterated`, its position in an array of `shape` where its index along `axis` is replaced by the
/// next of `index`.
fn indexed(op: &'static str, shape: &[usize], axis: usize, index: impl Iterator<Item = i64>, iterated: &[usize]) -> Result<Vec<usize>> {
    let mut others = strides(shape);
    let stride = others[axis] as usize;
    others[axis] = 0;
    let size = shape[axis];
    positions(iterated, &others, 0)
        .into_iter()
        .zip(index)
        .map(|(position, index)| match usize::try_from(index) {
            Ok(i) if i < size => Ok(position + i * stride),
            _ => Err(Error::Index { op, index, size }),
        })
        .collect()
}

fn accumulate(op: &str, y: &Data, places: &[usize], out: &[usize]) -> Result<Data> {
    let len = out.iter().product();
    match y {
        Data::Float(y) => Ok(Data::Float(sums(y, places, 0.0, len))),
        Data::Int(y) => Ok(Data::Int(sums(y, places, 0, len))),
        Data::Bool(_) => Err(unsupported(op, &[y])),
    }
}

fn sums<T: Copy + Add<Output = T>>(y: &[T], places: &[usize], zero: T, len: usize) -> Vec<T> {
    let mut out = vec![zero; len];
    for (&y, &place) in y.iter().zip(places) {
        out[place] = out[place] + y;
    }
    out
}

fn pick(x: &Data, positions: &[usize]) -> Data {
    match x {
        Data::Float(x) => Data::Float(positions.iter().map(|&i| x[i]).collect()),
        Data::Int(x) => Data::Int(positions.iter().map(|&i| x[i]).collect()),
        Data::Bool(x) => Data::Bool(positions.iter().map(|&i| x[i]).collect()),
    }
}

/// The elements of each part at its places, `rest` elsewhere.
fn place<T: Copy>(parts: &[(&[T], &[usize])], rest: T, len: usize) -> Vec<T> {
    let mut out = vec![rest; len];
    for (part, places) in parts {
        for (&x, &place) in part.iter().zip(*places) {
            out[place] = x;
        }
    }
    out
}

fn pairs<'a, T>(parts: &[&'a [T]], places: &'a [Vec<usize>]) -> Vec<(&'a [T], &'a [usize])> {
    parts.iter().copied().zip(places.iter().map(Vec::as_slice)).collect()
}

fn all<'a, T>(parts: &[&'a Data], of: impl Fn(&'a Data) -> Option<&'a [T]>) -> Option<Vec<&'a [T]>> {
    parts.iter().map(|&part| of(part)).collect()
}

fn floats(data: &Data) -> Option<&[f64]> {
    if let Data::Float(x) = data { Some(x) } else { None }
}

fn ints(data: &Data) -> Option<&[i64]> {
    if let Data::Int(x) = data { Some(x) } else { None }
}

fn bools(data: &Data) -> Option<&[bool]> {
    if let Data::Bool(x) = data { Some(x) } else { None }
}
