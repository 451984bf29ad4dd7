//! Constant folding.

use std::sync::Arc;

use super::rewrite::{Rewrite, is_elementwise};
use crate::interpret::evaluate_node;
use crate::ir::{Data, Id, Node, Op, Reduce, Scalar};
use crate::key::Key;

/// The most elements that are computed here; more are left to the executor, which computes constants once as well.
const MOST: usize = 1024;

/// A constant of one value is that value; an operation on constants is its result.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    if let Op::Constant(data) = &node.op {
        let value = splat(data)?;
        return Some(rewrite.full(value, node.shape.clone()));
    }
    if node.args.is_empty() || matches!(node.op, Op::LogGamma { .. }) {
        return None;
    }
    let all_full = node.args.iter().all(|&arg| rewrite.scalar(arg).is_some());
    if all_full && is_elementwise(&node.op) {
        let value = splat(&evaluate(rewrite, node, Some(&[1]))?)?;
        return Some(rewrite.full(value, node.shape.clone()));
    }
    let values: Vec<Option<Scalar>> = node.args.iter().map(|&arg| rewrite.scalar(arg)).collect();
    match (&node.op, &values[..]) {
        (Op::Reshape | Op::Permute(_) | Op::Expand | Op::Slice(_) | Op::Take(_) | Op::Gather(_), [Some(value), ..]) => {
            return Some(rewrite.full(*value, node.shape.clone()));
        }
        (Op::Concat(_), [Some(first), rest @ ..])
            if rest.iter().all(|value| value.is_some_and(|x| super::intern::same_scalar(x, *first))) =>
        {
            return Some(rewrite.full(*first, node.shape.clone()));
        }
        (Op::Reduce(f, axes), [Some(value)]) => {
            let count: usize = axes.iter().map(|&axis| rewrite.shape(node.args[0])[axis]).product();
            if let Some(reduced) = reduced(*f, *value, count) {
                return Some(rewrite.full(reduced, node.shape.clone()));
            }
        }
        // zeros into zeros
        (Op::Unslice(_), [Some(value)]) | (Op::ScatterAdd(_) | Op::TakeAdd(_), [_, Some(value)]) if is_zero(*value) => {
            return Some(rewrite.full(*value, node.shape.clone()));
        }
        _ => {}
    }
    let known = |id: &Id| matches!(rewrite.op(*id), Op::Constant(_) | Op::Full(_));
    let elements = node.len() + node.args.iter().map(|&arg| rewrite.node(arg).len()).sum::<usize>();
    if elements > MOST || !node.args.iter().all(known) {
        return None;
    }
    let data = evaluate(rewrite, node, None)?;
    let constant = Node { op: Op::Constant(Arc::new(data)), args: Vec::new(), ..node.clone() };
    Some(rewrite.emit(constant))
}

/// The value of a node whose operands are known; of one element where `shape` says so, the operands being splats.
fn evaluate(rewrite: &Rewrite, node: &Node, shape: Option<&[usize]>) -> Option<Data> {
    let precision = rewrite.graph().precision;
    let resized = |node: &Node| Node { shape: shape.map_or_else(|| node.shape.clone(), <[usize]>::to_vec), ..node.clone() };
    let value = |node: &Node, operands: &[&Data], shapes: &[&[usize]]| evaluate_node(precision, node, operands, shapes, Key::new(0)).ok();
    let args: Vec<Node> = node.args.iter().map(|&arg| resized(rewrite.node(arg))).collect();
    let operands: Option<Vec<Data>> = args.iter().map(|arg| value(arg, &[], &[])).collect();
    let operands = operands?;
    let operands: Vec<&Data> = operands.iter().collect();
    let shapes: Vec<&[usize]> = args.iter().map(|arg| &arg.shape[..]).collect();
    value(&resized(node), &operands, &shapes)
}

/// The value that all elements have to the bit.
fn splat(data: &Data) -> Option<Scalar> {
    match data {
        Data::Float(x) => x.iter().all(|y| y.to_bits() == x[0].to_bits()).then(|| x.first().map(|&x| Scalar::Float(x)))?,
        Data::Int(x) => x.iter().all(|y| *y == x[0]).then(|| x.first().map(|&x| Scalar::Int(x)))?,
        Data::Bool(x) => x.iter().all(|y| *y == x[0]).then(|| x.first().map(|&x| Scalar::Bool(x)))?,
    }
}

fn is_zero(value: Scalar) -> bool {
    match value {
        Scalar::Float(x) => x == 0.0,
        Scalar::Int(x) => x == 0,
        Scalar::Bool(x) => !x,
    }
}

/// The reduction of `count` equal elements.
fn reduced(f: Reduce, value: Scalar, count: usize) -> Option<Scalar> {
    Some(match (f, value) {
        (Reduce::Sum, Scalar::Float(x)) if count > 0 => Scalar::Float(x * count as f64),
        (Reduce::Sum, Scalar::Int(x)) => Scalar::Int(x.wrapping_mul(count as i64)),
        (Reduce::Max | Reduce::Min | Reduce::Any | Reduce::All, value) if count > 0 => value,
        _ => return None,
    })
}
