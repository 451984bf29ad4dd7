//! Factors of a sum: tables of log-values, many of the same kind in one node.

use std::sync::Arc;

use crate::ir::{Data, Graph, Id, Op, Range, Shape, Type};

/// A table over the values of some variables, for each element of some axes.
#[derive(Clone, Debug)]
pub(super) struct Factor {
    /// The variables, in the order of their dimensions.
    pub(super) scope: Vec<usize>,
    /// Which axes, in ascending order and after the variables.
    pub(super) axes: Vec<usize>,
    /// `[members, values of the scope.., axes..]`
    pub(super) stack: Id,
    /// Which member it is; a stack with one member is shared by all that refer to it.
    pub(super) index: usize,
    /// How often it counts.
    pub(super) scale: f64,
    /// To which result it belongs while nothing is summed out of it.
    pub(super) part: usize,
}

/// The members `indices` of a stack; of one member where they are all the same.
pub(super) fn gather(graph: &mut Graph, stack: Id, indices: &[usize]) -> Id {
    let shape = graph.shape(stack).to_vec();
    let first = indices[0];
    let count = if indices.iter().all(|&index| index == first) { 1 } else { indices.len() };
    let step = if count == 1 { 1 } else { indices[1] as isize - first as isize };
    let is_even = indices.windows(2).take(count - 1).all(|pair| pair[1] as isize - pair[0] as isize == step);
    if is_even && step != 0 {
        let mut ranges: Vec<Range> = shape.iter().map(|&size| Range::all(size)).collect();
        ranges[0] = Range { start: first, step, len: count };
        return graph.slice(stack, &ranges);
    }
    let indices = Data::Int(indices.iter().map(|&index| index as i64).collect());
    let len = indices.len();
    let index = graph.push(Op::Constant(Arc::new(indices)), [], [len], Type::Int);
    graph.take(stack, 0, index)
}

/// Nodes of one shape under a new first axis.
pub(super) fn stacked(graph: &mut Graph, parts: &[Id]) -> Id {
    let shape = graph.shape(parts[0]).to_vec();
    if let Some(stack) = reshapes(graph, parts).or_else(|| slices(graph, parts)) {
        return stack;
    }
    let under: Shape = std::iter::once(1).chain(shape).collect();
    let parts: Vec<Id> = parts.iter().map(|&part| graph.reshape(part, under.clone())).collect();
    graph.concat(&parts, 0)
}

/// What is reshaped is stacked before.
fn reshapes(graph: &mut Graph, parts: &[Id]) -> Option<Id> {
    let inner: Option<Vec<Id>> = parts.iter().map(|&part| (graph.node(part).op == Op::Reshape).then(|| graph.node(part).args[0])).collect();
    let inner = inner?;
    let like = graph.shape(inner[0]).to_vec();
    if inner.iter().any(|&part| graph.shape(part) != like) {
        return None;
    }
    let shape: Shape = std::iter::once(parts.len()).chain(graph.shape(parts[0]).iter().copied()).collect();
    let stack = stacked(graph, &inner);
    Some(graph.reshape(stack, shape))
}

/// One position after another of an axis of the same node is a slice of that node.
fn slices(graph: &mut Graph, parts: &[Id]) -> Option<Id> {
    let of = |part: &Id| match (&graph.node(*part).op, graph.node(*part).args.as_slice()) {
        (Op::Slice(ranges), &[x]) => Some((x, ranges.clone())),
        _ => None,
    };
    let found: Vec<(Id, Vec<Range>)> = parts.iter().map(of).collect::<Option<_>>()?;
    let ((x, first), (_, second)) = (found.first()?, found.get(1)?);
    let axis = first.iter().zip(second).position(|(a, b)| a != b)?;
    let step = second[axis].start as isize - first[axis].start as isize;
    let expected = |i: usize| {
        let mut ranges = first.clone();
        ranges[axis] = Range { start: (first[axis].start as isize + step * i as isize) as usize, ..first[axis] };
        ranges
    };
    let is_even = first[axis].len == 1 && step != 0 && found.iter().enumerate().all(|(i, (y, ranges))| y == x && *ranges == expected(i));
    if !is_even {
        return None;
    }
    let mut ranges = first.clone();
    ranges[axis] = Range { start: first[axis].start, step, len: parts.len() };
    let joined = graph.slice(*x, &ranges);
    let mut order: Vec<usize> = (0..ranges.len()).filter(|&other| other != axis).collect();
    order.insert(0, axis);
    let turned = graph.permute(joined, &order);
    let shape: Shape = std::iter::once(parts.len()).chain(graph.shape(parts[0]).iter().copied()).collect();
    Some(graph.reshape(turned, shape))
}
