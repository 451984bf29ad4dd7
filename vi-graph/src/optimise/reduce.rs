//! Sums: factors that are the same for all terms leave them, and what can be summed before the step is.

use super::expand::{narrowed, proper_shape};
use super::rewrite::Rewrite;
use super::shape::proper_axes;
use super::stage::Stage;
use crate::ir::{Binary, Id, Node, Op, Reduce, Type, Unary};

/// Reductions.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    match (&node.op, &node.args[..]) {
        (Op::Reduce(f, axes), &[x]) => {
            without_single_axes(rewrite, *f, axes, x).or_else(|| before_reshape(rewrite, node, *f, axes, x)).or_else(|| {
                (*f == Reduce::Sum && node.ty == Type::Float && !rewrite.node(x).is_empty()).then(|| sum(rewrite, node, axes, x))?
            })
        }
        (Op::ArgMax(axis), &[x]) if rewrite.shape(x)[*axis] == 1 => Some(rewrite.full(crate::ir::Scalar::Int(0), node.shape.clone())),
        _ => None,
    }
}

fn without_single_axes(rewrite: &mut Rewrite, f: Reduce, axes: &[usize], x: Id) -> Option<Id> {
    let rest: Vec<usize> = axes.iter().copied().filter(|&axis| rewrite.shape(x)[axis] != 1).collect();
    if rest.len() == axes.len() && !axes.is_empty() {
        return None;
    }
    Some(if rest.is_empty() { x } else { rewrite.reduce(f, x, &rest) })
}

/// A reduction of a reshaped operand that reduces whole axes of the operand, there.
fn before_reshape(rewrite: &mut Rewrite, node: &Node, f: Reduce, axes: &[usize], x: Id) -> Option<Id> {
    if !matches!(rewrite.op(x), Op::Reshape) {
        return None;
    }
    let inner = rewrite.arg(x);
    let all = axes.len() == node.shape.iter().zip(rewrite.shape(x)).filter(|(_, size)| **size != 1).count();
    let inner_axes: Vec<usize> = if all {
        (0..rewrite.shape(inner).len()).filter(|&axis| rewrite.shape(inner)[axis] != 1).collect()
    } else {
        let pairs = proper_axes(rewrite.shape(inner), rewrite.shape(x))?;
        pairs.into_iter().filter(|(_, axis)| axes.contains(axis)).map(|(axis, _)| axis).collect()
    };
    let reduced = rewrite.reduce(f, inner, &inner_axes);
    Some(rewrite.reshape(reduced, node.shape.clone()))
}

fn sum(rewrite: &mut Rewrite, node: &Node, axes: &[usize], x: Id) -> Option<Id> {
    let args = rewrite.node(x).args.clone();
    match (rewrite.op(x).clone(), &args[..]) {
        (Op::Unary(Unary::Neg), &[x]) => {
            let sum = rewrite.reduce(Reduce::Sum, x, axes);
            Some(rewrite.neg(sum))
        }
        (Op::Binary(Binary::Mul), &[a, b]) => {
            let (factor, rest) = [(b, a), (a, b)].into_iter().find(|&(factor, _)| is_same_along(rewrite, factor, axes))?;
            let sum = rewrite.reduce(Reduce::Sum, rest, axes);
            let factor = narrowed(rewrite, factor, &node.shape);
            Some(rewrite.mul(sum, factor))
        }
        (Op::Binary(Binary::Div), &[a, b]) if is_same_along(rewrite, b, axes) => {
            let sum = rewrite.reduce(Reduce::Sum, a, axes);
            let divisor = narrowed(rewrite, b, &node.shape);
            Some(rewrite.div(sum, divisor))
        }
        (Op::Binary(f @ (Binary::Add | Binary::Sub)), &[a, b]) if rewrite.is_single(x) => {
            let early = |id: Id| rewrite.stage(id) < Stage::Step;
            let small = |id: Id| proper_shape(rewrite, id) != rewrite.shape(id);
            if !(early(a) != early(b) || small(a) || small(b)) {
                return None;
            }
            let a = rewrite.reduce(Reduce::Sum, a, axes);
            let b = rewrite.reduce(Reduce::Sum, b, axes);
            Some(rewrite.binary(f, a, b))
        }
        (Op::Reduce(Reduce::Sum, first), &[inner]) if rewrite.is_single(x) => {
            let mut joined: Vec<usize> = first.iter().chain(axes).copied().collect();
            joined.sort_unstable();
            joined.dedup();
            Some(rewrite.reduce(Reduce::Sum, inner, &joined))
        }
        (Op::Unslice(_), &[inner]) if axes.len() == node.shape.len() => {
            let all: Vec<usize> = (0..node.shape.len()).collect();
            Some(rewrite.reduce(Reduce::Sum, inner, &all))
        }
        _ => None,
    }
}

/// Whether all terms of a sum along `axes` have the same `factor`.
fn is_same_along(rewrite: &Rewrite, factor: Id, axes: &[usize]) -> bool {
    let proper = proper_shape(rewrite, factor);
    axes.iter().all(|&axis| proper[axis] == 1)
}
