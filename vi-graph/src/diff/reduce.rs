//! Reductions.

use std::sync::Arc;

use super::unsupported;
use crate::error::Result;
use crate::ir::{Compare, Data, Graph, Id, Op, Range, Reduce, Scan, Shape, Test, Type, Unary};

/// The cotangent of `x` for the cotangent `g` of `out`, the reduction of `x` along `axes`.
pub(super) fn rule(graph: &mut Graph, f: Reduce, axes: &[usize], x: Id, out: Id, g: Id) -> Result<Id> {
    let shape = graph.shape(x).to_vec();
    if graph.node(x).is_empty() {
        return Ok(graph.full(0.0, shape));
    }
    match f {
        Reduce::Sum => Ok(graph.expand(g, shape)),
        Reduce::LogSumExp => {
            let weights = softmax(graph, x, out);
            let g = graph.expand(g, shape);
            Ok(graph.mul(g, weights))
        }
        Reduce::Prod => Ok(axis_by_axis(graph, f, axes, x, g, |graph, axis, x, g| {
            let others = product_of_others(graph, x, axis);
            let g = graph.expand(g, graph.shape(x).to_vec());
            graph.mul(g, others)
        })),
        Reduce::Max | Reduce::Min => Ok(axis_by_axis(graph, f, axes, x, g, |graph, axis, x, g| {
            let selected = first_selected(graph, f, x, axis);
            let g = graph.expand(g, graph.shape(x).to_vec());
            let zero = graph.full_like(0.0, g);
            graph.select(selected, g, zero)
        })),
        Reduce::Any | Reduce::All => Err(unsupported(f.name(), "truth values have no derivative")),
    }
}

/// `exp(x − out)` with `out = log Σ exp(x)`; 0 where the whole row is minus infinity.
fn softmax(graph: &mut Graph, x: Id, out: Id) -> Id {
    let infinite = graph.test(Test::IsInfinite, out);
    let zero = graph.full_like(0.0, out);
    let finite = graph.select(infinite, zero, out);
    let finite = graph.expand(finite, graph.shape(x).to_vec());
    let exponent = graph.sub(x, finite);
    graph.unary(Unary::Exp, exponent)
}

/// Undoes the reduction one axis at a time, the last axis first reduced and last restored.
///
/// `rule` takes the axis, the operand that is reduced along it, and the cotangent of the result.
fn axis_by_axis(graph: &mut Graph, f: Reduce, axes: &[usize], x: Id, g: Id, rule: impl Fn(&mut Graph, usize, Id, Id) -> Id) -> Id {
    let mut operands = vec![x];
    for &axis in axes.iter().skip(1).rev() {
        let reduced = graph.reduce(f, operands[operands.len() - 1], &[axis]);
        operands.push(reduced);
    }
    let steps = axes.iter().zip(operands.iter().rev());
    steps.fold(g, |g, (&axis, &operand)| if graph.shape(operand)[axis] == 1 { g } else { rule(graph, axis, operand, g) })
}

/// For each element the product of the others along `axis`: those before times those after, so that nothing is divided.
fn product_of_others(graph: &mut Graph, x: Id, axis: usize) -> Id {
    let len = graph.shape(x)[axis];
    let mut edge = graph.shape(x).to_vec();
    let mut ranges: Vec<Range> = edge.iter().map(|&n| Range::all(n)).collect();
    edge[axis] = 1;
    let one = graph.full(1.0, edge);
    let [before, after] = [false, true].map(|reverse| {
        let inclusive = graph.scan(Scan::Prod, x, axis, reverse);
        ranges[axis] = Range { start: usize::from(reverse), step: 1, len: len - 1 };
        let shifted = graph.slice(inclusive, &ranges);
        graph.concat(if reverse { [shifted, one] } else { [one, shifted] }.as_slice(), axis)
    });
    graph.mul(before, after)
}

/// Whether an element is the first largest, or the first smallest, along `axis`.
fn first_selected(graph: &mut Graph, f: Reduce, x: Id, axis: usize) -> Id {
    let shape = graph.shape(x).to_vec();
    let ordered = if f == Reduce::Min { graph.neg(x) } else { x };
    let reduced = with_size(&shape, axis, 1);
    let first = graph.push(Op::ArgMax(axis), [ordered], reduced, Type::Int);
    let first = graph.expand(first, shape.clone());
    let positions = (0..shape[axis] as i64).collect();
    let positions = along(graph, Data::Int(positions), axis, &shape);
    graph.compare(Compare::Equal, positions, first)
}

/// `shape` with another size of `axis`.
fn with_size(shape: &[usize], axis: usize, size: usize) -> Shape {
    let mut shape = shape.to_vec();
    shape[axis] = size;
    shape
}

/// `data` along `axis`, repeated along the others.
pub(super) fn along(graph: &mut Graph, data: Data, axis: usize, shape: &[usize]) -> Id {
    let mut line = vec![1; shape.len()];
    line[axis] = shape[axis];
    let ty = data.ty();
    let line = graph.push(Op::Constant(Arc::new(data)), [], line, ty);
    graph.expand(line, shape)
}
