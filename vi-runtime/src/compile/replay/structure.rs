//! Operations of the graph that move, reduce or combine along axes, on Burn's tensors.

use burn::backend::ops::{BoolTensorOps, FloatTensorOps, IntTensorOps};
use burn::backend::{Dispatch, DispatchTensor};
use burn::tensor::{IndexingUpdateOp, Shape, Slice};
use vi_graph::ir::{Node, Op, Range, Reduce, Scalar, Scan, Type};

use super::node::Types;
use crate::linalg::ops::LinalgOps;
use crate::special::ops::SpecialOps;

type T = DispatchTensor;

/// Calls the operation for the node's type.
macro_rules! by_type {
    ($ty:expr, $float:ident, $int:ident, $bool:ident, ($($arg:expr),*)) => {
        match $ty {
            Type::Float => Dispatch::$float($($arg),*),
            Type::Int => Dispatch::$int($($arg),*),
            Type::Bool => Dispatch::$bool($($arg),*),
        }
    };
}

/// The value of `node`, whose first operand has shape `from`.
pub(super) fn evaluate(node: &Node, from: &[usize], operand: &dyn Fn(usize) -> T, types: Types, full: &dyn Fn(Scalar, &[usize]) -> T) -> T {
    let ty = node.ty;
    let zeros = |ty: Type, shape: &[usize]| match ty {
        Type::Float => full(Scalar::Float(0.0), shape),
        Type::Int => full(Scalar::Int(0), shape),
        Type::Bool => full(Scalar::Bool(false), shape),
    };
    match &node.op {
        Op::Reduce(f, axes) => axes.iter().fold(operand(0), |x, &axis| reduce(*f, x, axis, ty)),
        Op::ArgMax(axis) => Dispatch::float_argmax(operand(0), *axis, types.int),
        Op::Scan { scan, axis, reverse: false } => run(*scan, operand(0), *axis, ty),
        Op::Scan { scan, axis, reverse: true } => {
            let flip = |x: T| by_type!(ty, float_flip, int_flip, bool_flip, (x, &[*axis]));
            flip(run(*scan, flip(operand(0)), *axis, ty))
        }
        Op::Reshape => reshape(operand(0), &node.shape, ty),
        Op::Permute(order) => by_type!(ty, float_permute, int_permute, bool_permute, (operand(0), order)),
        Op::Expand => by_type!(ty, float_expand, int_expand, bool_expand, (operand(0), Shape::from(node.shape.clone()))),
        Op::Slice(ranges) => slice(operand(0), ranges, ty),
        Op::Unslice(ranges) => {
            // A range that walks backwards is a flipped one that walks forwards.
            let backwards: Vec<usize> = (0..ranges.len()).filter(|&axis| ranges[axis].step < 0 && ranges[axis].len > 1).collect();
            let mut value = operand(0);
            if !backwards.is_empty() {
                value = by_type!(ty, float_flip, int_flip, bool_flip, (value, &backwards));
            }
            let slices: Vec<Slice> = ranges.iter().map(|range| forwards(range).1).collect();
            by_type!(ty, float_slice_assign, int_slice_assign, bool_slice_assign, (zeros(ty, &node.shape), &slices, value))
        }
        Op::Concat(axis) => {
            let parts = (0..node.args.len()).map(operand).collect();
            by_type!(ty, float_cat, int_cat, bool_cat, (parts, *axis))
        }
        Op::Gather(axis) => {
            let (x, index) = (operand(0), operand(1));
            by_type!(ty, float_gather, int_gather, bool_gather, (*axis, x, index))
        }
        Op::ScatterAdd(axis) => {
            let (into, index, y) = (zeros(ty, &node.shape), operand(0), operand(1));
            match ty {
                Type::Float => Dispatch::float_scatter(*axis, into, index, y, IndexingUpdateOp::Add),
                Type::Int => Dispatch::int_scatter(*axis, into, index, y, IndexingUpdateOp::Add),
                Type::Bool => Dispatch::bool_scatter_or(*axis, into, index, y),
            }
        }
        Op::Take(axis) => by_type!(ty, float_select, int_select, bool_select, (operand(0), *axis, operand(1))),
        Op::TakeAdd(axis) => {
            let (into, index, y) = (zeros(ty, &node.shape), operand(0), operand(1));
            match ty {
                Type::Float => Dispatch::float_select_assign(into, *axis, index, y, IndexingUpdateOp::Add),
                Type::Int => Dispatch::int_select_assign(into, *axis, index, y, IndexingUpdateOp::Add),
                Type::Bool => Dispatch::bool_select_or(into, *axis, index, y),
            }
        }
        Op::MatMul { transpose_a, transpose_b } => {
            let rank = node.shape.len();
            let side = |x: T, transpose: bool| if transpose { Dispatch::float_swap_dims(x, rank - 2, rank - 1) } else { x };
            Dispatch::float_matmul(side(operand(0), *transpose_a), side(operand(1), *transpose_b))
        }
        Op::ArgSort { axis, descending } => Dispatch::float_argsort(operand(0), *axis, *descending, types.int),
        Op::Cholesky => in_batches(node, |[a, _]| Dispatch::cholesky(a), [operand(0), operand(0)], [from, from]),
        Op::SolveLower { transpose } => {
            in_batches(node, |[l, b]| Dispatch::solve_lower(l, b, *transpose), [operand(0), operand(1)], [from, &node.shape])
        }
        Op::LowerTriangle => {
            let (below, diagonal) = (flat_rows(operand(0), from), flat_rows(operand(1), &node.shape[..node.shape.len() - 1]));
            reshape(Dispatch::lower_triangle(below, diagonal), &node.shape, Type::Float)
        }
        Op::BelowDiagonal => in_batches(node, |[l, _]| Dispatch::below_diagonal(l), [operand(0), operand(0)], [from, from]),
        // Everything else was dealt with by the caller.
        _ => operand(0),
    }
}

/// Burn's matrix functions here take one batch dimension.
fn in_batches(node: &Node, f: impl Fn([T; 2]) -> T, operands: [T; 2], shapes: [&[usize]; 2]) -> T {
    let mut shapes = shapes.into_iter();
    let flat = operands.map(|x| {
        let shape = shapes.next().unwrap_or_default();
        let (batch, matrix) = shape.split_at(shape.len() - 2);
        reshape(x, &[batch.iter().product(), matrix[0], matrix[1]], Type::Float)
    });
    reshape(f(flat), &node.shape, Type::Float)
}

/// With one leading dimension.
fn flat_rows(x: T, shape: &[usize]) -> T {
    let (last, batch) = shape.split_last().map_or((1, [].as_slice()), |(last, batch)| (*last, batch));
    reshape(x, &[batch.iter().product(), last], Type::Float)
}

fn reshape(x: T, shape: &[usize], ty: Type) -> T {
    by_type!(ty, float_reshape, int_reshape, bool_reshape, (x, Shape::from(shape.to_vec())))
}

/// The range from its lowest position upwards, and whether it walks the other way.
fn forwards(range: &Range) -> (bool, Slice) {
    let last = range.at(range.len.max(1) - 1);
    let (low, high) = (range.start.min(last), range.start.max(last));
    let end = if range.len == 0 { low } else { high + 1 };
    let step = range.step.unsigned_abs().max(1) as isize;
    (range.step < 0 && range.len > 1, Slice { start: low as isize, end: Some(end as isize), step })
}

fn slice(x: T, ranges: &[Range], ty: Type) -> T {
    let slices: Vec<Slice> = ranges.iter().map(|range| forwards(range).1).collect();
    let x = by_type!(ty, float_slice, int_slice, bool_slice, (x, &slices));
    let backwards: Vec<usize> = (0..ranges.len()).filter(|&axis| forwards(&ranges[axis]).0).collect();
    if backwards.is_empty() { x } else { by_type!(ty, float_flip, int_flip, bool_flip, (x, &backwards)) }
}

fn reduce(f: Reduce, x: T, axis: usize, ty: Type) -> T {
    match (f, ty) {
        (Reduce::Any, _) => Dispatch::bool_any_dim(x, axis),
        (Reduce::All, _) => Dispatch::bool_all_dim(x, axis),
        (Reduce::LogSumExp, _) => Dispatch::logsumexp(x, axis),
        (Reduce::Sum, Type::Int) => Dispatch::int_sum_dim(x, axis),
        (Reduce::Sum, _) => Dispatch::float_sum_dim(x, axis),
        (Reduce::Prod, Type::Int) => Dispatch::int_prod_dim(x, axis),
        (Reduce::Prod, _) => Dispatch::float_prod_dim(x, axis),
        (Reduce::Max, Type::Int) => Dispatch::int_max_dim(x, axis),
        (Reduce::Max, _) => Dispatch::float_max_dim(x, axis),
        (Reduce::Min, Type::Int) => Dispatch::int_min_dim(x, axis),
        (Reduce::Min, _) => Dispatch::float_min_dim(x, axis),
    }
}

fn run(scan: Scan, x: T, axis: usize, ty: Type) -> T {
    match (scan, ty) {
        (Scan::Sum, Type::Int) => Dispatch::int_cumsum(x, axis),
        (Scan::Sum, _) => Dispatch::float_cumsum(x, axis),
        (Scan::Prod, Type::Int) => Dispatch::int_cumprod(x, axis),
        (Scan::Prod, _) => Dispatch::float_cumprod(x, axis),
        (Scan::Max, Type::Int) => Dispatch::int_cummax(x, axis),
        (Scan::Max, _) => Dispatch::float_cummax(x, axis),
        (Scan::Min, Type::Int) => Dispatch::int_cummin(x, axis),
        (Scan::Min, _) => Dispatch::float_cummin(x, axis),
    }
}
