//! Moving elements about: what can be left out, joined, or said as something plainer.

use super::rewrite::{Rewrite, is_elementwise};
use super::stage::Stage;
use crate::ir::{Binary, Compare, Data, Id, Node, Op, Range, Scalar, Shape, Type, Unary};

/// Reshapes, permutations, slices, concatenations, casts, and indices that are constants.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    match (&node.op, &node.args[..]) {
        (Op::Reshape, &[x]) => reshape(rewrite, node, x),
        (Op::Permute(order), &[x]) => permute(rewrite, node, order, x),
        (Op::Slice(ranges), &[x]) => slice(rewrite, node, ranges, x),
        (Op::Unslice(ranges), &[x]) => is_whole(ranges, &node.shape).then_some(x),
        (Op::Concat(_), &[x]) => Some(x),
        (Op::Concat(axis), parts) => concat(rewrite, node, *axis, parts),
        (Op::Take(axis), &[x, index]) => {
            let mut ranges: Vec<Range> = rewrite.shape(x).iter().map(|&size| Range::all(size)).collect();
            ranges[*axis] = progression(rewrite, index, rewrite.shape(x)[*axis])?;
            Some(rewrite.add_node(Op::Slice(ranges), [x], node.shape.clone(), node.ty))
        }
        (Op::TakeAdd(axis), &[index, y]) => {
            let mut ranges: Vec<Range> = node.shape.iter().map(|&size| Range::all(size)).collect();
            ranges[*axis] = progression(rewrite, index, node.shape[*axis]).filter(|range| range.step != 0)?;
            Some(rewrite.add_node(Op::Unslice(ranges), [y], node.shape.clone(), node.ty))
        }
        (Op::Cast, &[x]) => cast(rewrite, node, x),
        (op, args) if is_elementwise(op) => below_reshapes(rewrite, node, args),
        _ => None,
    }
}

fn reshape(rewrite: &mut Rewrite, node: &Node, x: Id) -> Option<Id> {
    if rewrite.shape(x) == node.shape {
        return Some(x);
    }
    if matches!(rewrite.op(x), Op::Reshape) {
        let x = rewrite.arg(x);
        return Some(rewrite.reshape(x, node.shape.clone()));
    }
    let inner = rewrite.expanded(x)?;
    let lined = if rewrite.node(inner).len() == 1 {
        vec![1; node.shape.len()]
    } else {
        realigned(rewrite.shape(x), rewrite.shape(inner), &node.shape)?
    };
    let inner = rewrite.reshape(inner, lined);
    Some(rewrite.expand(inner, node.shape.clone()))
}

/// The shape `inner`, whose expansion is `from`, between the same dimensions of `to`, which differs from `from` by
/// dimensions of size 1 only.
fn realigned(from: &[usize], inner: &[usize], to: &[usize]) -> Option<Shape> {
    let axes = proper_axes(from, to)?;
    let mut lined = vec![1; to.len()];
    for (from, to) in axes {
        lined[to] = inner[from];
    }
    Some(lined)
}

/// The axes of `from` and `to` whose size is not 1, in pairs; absent where their sizes differ.
pub(super) fn proper_axes(from: &[usize], to: &[usize]) -> Option<Vec<(usize, usize)>> {
    let proper = |shape: &[usize]| -> Vec<usize> { (0..shape.len()).filter(|&axis| shape[axis] != 1).collect() };
    let (a, b) = (proper(from), proper(to));
    let equal = a.len() == b.len() && a.iter().zip(&b).all(|(&a, &b)| from[a] == to[b]);
    equal.then(|| a.into_iter().zip(b).collect())
}

fn permute(rewrite: &mut Rewrite, node: &Node, order: &[usize], x: Id) -> Option<Id> {
    let moves_proper = {
        let proper: Vec<usize> = order.iter().copied().filter(|&axis| rewrite.shape(x)[axis] != 1).collect();
        !proper.is_sorted()
    };
    if !moves_proper {
        return Some(rewrite.reshape(x, node.shape.clone()));
    }
    if let Op::Permute(first) = rewrite.op(x) {
        let order = order.iter().map(|&axis| first[axis]).collect();
        let x = rewrite.arg(x);
        return Some(rewrite.add_node(Op::Permute(order), [x], node.shape.clone(), node.ty));
    }
    let inner = rewrite.expanded(x)?;
    let shape: Shape = order.iter().map(|&axis| rewrite.shape(inner)[axis]).collect();
    let inner = rewrite.add_node(node.op.clone(), [inner], shape, node.ty);
    Some(rewrite.expand(inner, node.shape.clone()))
}

fn slice(rewrite: &mut Rewrite, node: &Node, ranges: &[Range], x: Id) -> Option<Id> {
    if is_whole(ranges, rewrite.shape(x)) {
        return Some(x);
    }
    match rewrite.op(x).clone() {
        Op::Slice(first) => {
            let joined = first.iter().zip(ranges).map(|(first, then)| first.of(then)).collect();
            let x = rewrite.arg(x);
            Some(rewrite.add_node(Op::Slice(joined), [x], node.shape.clone(), node.ty))
        }
        Op::Unslice(put) if put == ranges => Some(rewrite.arg(x)),
        Op::Expand => {
            let inner = rewrite.arg(x);
            let sizes = rewrite.shape(inner).to_vec();
            let kept: Vec<Range> = ranges
                .iter()
                .zip(sizes.iter().zip(rewrite.shape(x)))
                .map(|(range, (&size, &full))| if size == full { *range } else { Range::all(1) })
                .collect();
            let shape: Shape = kept.iter().map(|range| range.len).collect();
            let inner = rewrite.add_node(Op::Slice(kept), [inner], shape, node.ty);
            Some(rewrite.expand(inner, node.shape.clone()))
        }
        Op::Concat(axis) => {
            let mut start = 0;
            for part in rewrite.node(x).args.clone() {
                let size = rewrite.shape(part)[axis];
                let range = ranges[axis];
                let inside = |position: usize| (start..start + size).contains(&position);
                if range.len > 0 && inside(range.start) && inside(range.at(range.len - 1)) {
                    let mut ranges = ranges.to_vec();
                    ranges[axis].start -= start;
                    return Some(rewrite.add_node(Op::Slice(ranges), [part], node.shape.clone(), node.ty));
                }
                start += size;
            }
            None
        }
        _ => None,
    }
}

/// Without empty parts.
fn concat(rewrite: &mut Rewrite, node: &Node, axis: usize, parts: &[Id]) -> Option<Id> {
    let full: Vec<Id> = parts.iter().copied().filter(|&part| rewrite.shape(part)[axis] > 0).collect();
    (!full.is_empty() && full.len() < parts.len()).then(|| rewrite.like(node, full))
}

fn cast(rewrite: &mut Rewrite, node: &Node, x: Id) -> Option<Id> {
    if rewrite.graph().ty(x) == node.ty {
        return Some(x);
    }
    if !matches!(rewrite.op(x), Op::Cast) {
        return None;
    }
    // truth values go through numbers unchanged; other chains may round
    let first = rewrite.arg(x);
    match (rewrite.graph().ty(first), rewrite.graph().ty(x), node.ty) {
        (Type::Bool, ..) => Some(rewrite.like(node, [first])),
        (Type::Float, Type::Int, Type::Float) if rewrite.is_single(x) => Some(through_integers(rewrite, first)),
        _ => None,
    }
}

/// The float `x` cut off to an integer and made a float again, without integers, which have half the lanes of floats or
/// fewer: within their range, and 0 for NaN.
fn through_integers(rewrite: &mut Rewrite, x: Id) -> Id {
    // The least and the largest integer as floats; the latter is rounded up, as a conversion of it is.
    let [low, high] = [i64::MIN as f64, i64::MAX as f64].map(|limit| rewrite.full_like(limit, x));
    let whole = rewrite.unary(Unary::Trunc, x);
    let whole = rewrite.binary(Binary::Min, whole, high);
    let whole = rewrite.binary(Binary::Max, whole, low);
    let zero = rewrite.full_like(0.0, x);
    let shape = rewrite.shape(x).to_vec();
    // False for NaN, and no zero has a sign.
    let (size, one) = (rewrite.unary(Unary::Abs, x), rewrite.full_like(1.0, x));
    let counts = rewrite.add_node(Op::Compare(Compare::GreaterEqual), [size, one], shape.clone(), Type::Bool);
    rewrite.add_node(Op::Where, [counts, whole, zero], shape, Type::Float)
}

/// An element-wise operation on reshaped operands, before they are reshaped: so that it meets what computes the same, and
/// so that expansions are next to it.
fn below_reshapes(rewrite: &mut Rewrite, node: &Node, args: &[Id]) -> Option<Id> {
    let reshaped = args.iter().copied().find(|&arg| matches!(rewrite.op(arg), Op::Reshape))?;
    let shape = rewrite.shape(rewrite.arg(reshaped)).to_vec();
    let fits = |rewrite: &Rewrite, arg: Id| match rewrite.op(arg) {
        Op::Full(_) => true,
        Op::Reshape => rewrite.shape(rewrite.arg(arg)) == shape,
        _ => rewrite.stage(arg) < Stage::Step && rewrite.stage(reshaped) == Stage::Step,
    };
    if !args.iter().all(|&arg| fits(rewrite, arg)) {
        return None;
    }
    let args: Vec<Id> = args.iter().map(|&arg| rewrite.reshape(arg, shape.clone())).collect();
    let below = rewrite.add_node(node.op.clone(), args, shape, node.ty);
    Some(rewrite.reshape(below, node.shape.clone()))
}

fn is_whole(ranges: &[Range], shape: &[usize]) -> bool {
    ranges.iter().zip(shape).all(|(range, &size)| *range == Range::all(size) || (size == 1 && range.len == 1))
}

/// The range that a constant index walks in an axis of this size; one element has step 1.
fn progression(rewrite: &Rewrite, index: Id, size: usize) -> Option<Range> {
    let position = |at: i64| usize::try_from(at).ok().filter(|&at| at < size);
    let Op::Constant(data) = rewrite.op(index) else {
        let Some(Scalar::Int(at)) = rewrite.scalar(index) else { return None };
        return (rewrite.node(index).len() == 1).then_some(Range { start: position(at)?, step: 1, len: 1 });
    };
    let Data::Int(index) = data.as_ref() else { return None };
    let (first, second) = (*index.first()?, *index.get(1)?);
    let step = second.checked_sub(first)?;
    let is_even = index.windows(2).all(|pair| pair[0].checked_add(step) == Some(pair[1]));
    position(*index.last()?)?;
    is_even.then_some(Range { start: position(first)?, step: isize::try_from(step).ok()?, len: index.len() })
}

impl Range {
    /// The positions that `then` picks from those of `self`.
    fn of(&self, then: &Range) -> Range {
        let start = if then.len == 0 { self.start } else { self.at(then.start) };
        Range { start, step: self.step * then.step, len: then.len }
    }
}
