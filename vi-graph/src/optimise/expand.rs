//! Broadcasting as late as possible: what is the same along an axis is computed once and then repeated.

use super::rewrite::{Rewrite, is_elementwise};
use crate::ir::{Binary, Id, Node, Op, Reduce, Scalar, Shape, Type, Unary};

/// Expansions move from the operands of a node to its result.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    match (&node.op, &node.args[..]) {
        (Op::Expand, &[x]) if rewrite.shape(x) == node.shape => Some(x),
        (Op::Expand, &[x]) => {
            let inner = rewrite.expanded(x)?;
            Some(rewrite.expand(inner, node.shape.clone()))
        }
        (Op::Reduce(f, axes), &[x]) => {
            let inner = rewrite.expanded(x)?;
            reduce(rewrite, node, *f, axes, inner, x)
        }
        (Op::Take(axis), &[x, index]) => {
            if let Some(index) = rewrite.expanded(index) {
                let mut shape = node.shape.clone();
                shape[*axis] = 1;
                let taken = rewrite.add_node(node.op.clone(), [x, index], shape, node.ty);
                return Some(rewrite.expand(taken, node.shape.clone()));
            }
            let inner = rewrite.expanded(x)?;
            let mut shape = rewrite.shape(inner).to_vec();
            let taken = if shape[*axis] == rewrite.shape(x)[*axis] {
                shape[*axis] = node.shape[*axis];
                rewrite.add_node(node.op.clone(), [inner, index], shape, node.ty)
            } else {
                inner
            };
            Some(rewrite.expand(taken, node.shape.clone()))
        }
        (Op::Gather(axis), &[x, index]) => {
            let inner = rewrite.expanded(index)?;
            let len = rewrite.shape(inner)[*axis];
            if rewrite.node(inner).len() != len {
                return None;
            }
            // One index for all lines.
            let index = rewrite.reshape(inner, [len]);
            let mut shape = node.shape.clone();
            shape[*axis] = len;
            let taken = rewrite.add_node(Op::Take(*axis), [x, index], shape, node.ty);
            Some(rewrite.expand(taken, node.shape.clone()))
        }
        (op, args) if is_elementwise(op) => elementwise(rewrite, node, args),
        _ => None,
    }
}

/// The shape in which the elements of `id` are different: before its expansion; all 1 for a number.
pub(super) fn proper_shape(rewrite: &Rewrite, id: Id) -> Shape {
    match rewrite.op(id) {
        Op::Expand => rewrite.shape(rewrite.arg(id)).to_vec(),
        Op::Full(_) => vec![1; rewrite.shape(id).len()],
        _ => rewrite.shape(id).to_vec(),
    }
}

/// `id`, which is the same along the axes in which `shape` is 1, in that shape.
pub(super) fn narrowed(rewrite: &mut Rewrite, id: Id, shape: &[usize]) -> Id {
    match *rewrite.op(id) {
        Op::Full(value) => rewrite.full(value, shape),
        Op::Expand => {
            let inner = rewrite.arg(id);
            rewrite.expand(inner, shape)
        }
        _ => id,
    }
}

fn elementwise(rewrite: &mut Rewrite, node: &Node, args: &[Id]) -> Option<Id> {
    if !args.iter().any(|&arg| matches!(rewrite.op(arg), Op::Expand)) {
        return None;
    }
    let mut joined = vec![1; node.shape.len()];
    for &arg in args {
        for (size, proper) in joined.iter_mut().zip(proper_shape(rewrite, arg)) {
            if proper != 1 {
                *size = proper;
            }
        }
    }
    if joined == node.shape {
        return None;
    }
    let args: Vec<Id> = args.iter().map(|&arg| narrowed(rewrite, arg, &joined)).collect();
    let inner = rewrite.add_node(node.op.clone(), args, joined, node.ty);
    Some(rewrite.expand(inner, node.shape.clone()))
}

/// A reduction of `x`, which is `inner` expanded.
fn reduce(rewrite: &mut Rewrite, node: &Node, f: Reduce, axes: &[usize], inner: Id, x: Id) -> Option<Id> {
    let repeated = |axis: &usize| rewrite.shape(inner)[*axis] != rewrite.shape(x)[*axis];
    let count: usize = axes.iter().filter(|axis| repeated(axis)).map(|&axis| rewrite.shape(x)[axis]).product();
    let rest: Vec<usize> = axes.iter().copied().filter(|axis| !repeated(axis)).collect();
    if count == 0 || rewrite.node(x).is_empty() {
        return None;
    }
    let inner = if rest.is_empty() { inner } else { rewrite.reduce(f, inner, &rest) };
    let times = count as f64;
    let reduced = match f {
        _ if count == 1 => inner,
        Reduce::Max | Reduce::Min | Reduce::Any | Reduce::All => inner,
        Reduce::Sum if node.ty == Type::Int => {
            let count = rewrite.full(Scalar::Int(count as i64), rewrite.shape(inner).to_vec());
            rewrite.mul(inner, count)
        }
        Reduce::Sum => rewrite.scale(inner, times),
        Reduce::LogSumExp => {
            let log = rewrite.full_like(times.ln(), inner);
            rewrite.add(inner, log)
        }
        Reduce::Prod if count == 2 => rewrite.unary(Unary::Square, inner),
        Reduce::Prod => {
            let times = rewrite.full_like(times, inner);
            rewrite.binary(Binary::Pow, inner, times)
        }
    };
    Some(rewrite.expand(reduced, node.shape.clone()))
}
