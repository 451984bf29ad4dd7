//! Sums: factors that are the same for all terms leave them, and what can be summed before the step is.

use super::expand::{narrowed, proper_shape};
use super::linear::peeled;
use super::pattern::is_reciprocal;
use super::rewrite::Rewrite;
use super::shape::proper_axes;
use super::stage::Stage;
use crate::ir::{Binary, Id, Node, Op, Reduce, Scalar, Type, Unary};

/// Reductions.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    match (&node.op, &node.args[..]) {
        (Op::Reduce(f, axes), &[x]) => {
            without_single_axes(rewrite, *f, axes, x).or_else(|| before_reshape(rewrite, node, *f, axes, x)).or_else(|| {
                (*f == Reduce::Sum && node.ty == Type::Float && !rewrite.node(x).is_empty()).then(|| sum(rewrite, node, axes, x))?
            })
        }
        (Op::ArgMax(axis), &[x]) if rewrite.shape(x)[*axis] == 1 => Some(rewrite.full(Scalar::Int(0), node.shape.clone())),
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
            if let Some((rest, factor)) = peeled(rewrite, x, |rewrite, factor| is_same_along(rewrite, factor, axes)) {
                let sum = rewrite.reduce(Reduce::Sum, rest, axes);
                let factor = narrowed(rewrite, factor, &node.shape);
                return Some(rewrite.mul(sum, factor));
            }
            [(a, b), (b, a)].into_iter().find_map(|(a, b)| sum_of_squares(rewrite, node, axes, a, b))
        }
        (Op::Binary(Binary::Div), &[a, b]) if is_same_along(rewrite, b, axes) => {
            let sum = rewrite.reduce(Reduce::Sum, a, axes);
            let divisor = narrowed(rewrite, b, &node.shape);
            Some(rewrite.div(sum, divisor))
        }
        (Op::Binary(f @ (Binary::Add | Binary::Sub)), &[a, b]) if rewrite.is_single(x) => {
            let early = |id: Id| rewrite.stage(id) < Stage::Step;
            let small = |id: Id| proper_shape(rewrite, id) != rewrite.shape(id);
            // what is measured against raw data cancels term by term: Σ (y − μ) is not Σ y − n μ
            let is_residual = is_input(rewrite, a) || is_input(rewrite, b);
            if is_residual || !(early(a) != early(b) || small(a) || small(b)) {
                let (rest, number) = without_number(rewrite, x, 0)?;
                let sum = rewrite.reduce(Reduce::Sum, rest, axes);
                let number = rewrite.full_like(number, x);
                let number = rewrite.reduce(Reduce::Sum, number, axes);
                return Some(rewrite.add(sum, number));
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

/// A sum without a number that is one of its terms, and that number; the other terms stay in their order.
fn without_number(rewrite: &mut Rewrite, id: Id, depth: usize) -> Option<(Id, f64)> {
    const DEEPEST: usize = 8;
    if !rewrite.is_single(id) || depth > DEEPEST {
        return None;
    }
    let (f, &[x, y]) = (rewrite.op(id).clone(), &rewrite.node(id).args[..]) else { return None };
    let sign = match f {
        Op::Binary(Binary::Add) => 1.0,
        Op::Binary(Binary::Sub) => -1.0,
        _ => return None,
    };
    let f = if sign > 0.0 { Binary::Add } else { Binary::Sub };
    if let Some(number) = rewrite.float(y) {
        return Some((x, sign * number));
    }
    if let Some(number) = rewrite.float(x) {
        return Some((if sign > 0.0 { y } else { rewrite.neg(y) }, number));
    }
    if let Some((x, number)) = without_number(rewrite, x, depth + 1) {
        return Some((rewrite.binary(f, x, y), number));
    }
    let (y, number) = without_number(rewrite, y, depth + 1)?;
    Some((rewrite.binary(f, x, y), sign * number))
}

/// `Σ a (a / s) = s Σ (a / s)²`: the squares are those of the density whose derivative this is.
fn sum_of_squares(rewrite: &mut Rewrite, node: &Node, axes: &[usize], a: Id, b: Id) -> Option<Id> {
    let (p, q) = rewrite.binary_of(Binary::Mul, b)?;
    let factor = if p == a { q } else { p };
    let is_product = p == a || q == a;
    if !(is_product && is_same_along(rewrite, factor, axes) && is_reciprocal(rewrite, factor)) {
        return None;
    }
    let square = rewrite.unary(Unary::Square, b);
    let sum = rewrite.reduce(Reduce::Sum, square, axes);
    let divisor = narrowed(rewrite, factor, &node.shape);
    let factor = rewrite.unary(Unary::Recip, divisor);
    Some(rewrite.mul(sum, factor))
}

/// Whether the node is data as they were given, in whatever shape.
fn is_input(rewrite: &Rewrite, mut id: Id) -> bool {
    while matches!(
        rewrite.op(id),
        Op::Reshape | Op::Expand | Op::Cast | Op::Permute(_) | Op::Slice(_) | Op::Take(_) | Op::Unary(Unary::Neg)
    ) {
        id = rewrite.arg(id);
    }
    matches!(rewrite.op(id), Op::Input(_)) && rewrite.stage(id) < Stage::Step
}

/// Whether all terms of a sum along `axes` have the same `factor`.
fn is_same_along(rewrite: &Rewrite, factor: Id, axes: &[usize]) -> bool {
    let proper = proper_shape(rewrite, factor);
    axes.iter().all(|&axis| proper[axis] == 1)
}
