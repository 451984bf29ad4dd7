//! Matrix products, and factors that leave linear operations.

use super::expand::{narrowed, proper_shape};
use super::rewrite::Rewrite;
use crate::ir::{Binary, Id, Node, Op, Type, Unary};

/// Transposed operands become flags; a sign or a factor common to all terms is applied to the result.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    match (&node.op, &node.args[..]) {
        (Op::MatMul { transpose_a, transpose_b }, &[a, b]) => {
            if let Some(a) = untransposed(rewrite, a) {
                let op = Op::MatMul { transpose_a: !transpose_a, transpose_b: *transpose_b };
                return Some(rewrite.add_node(op, [a, b], node.shape.clone(), node.ty));
            }
            if let Some(b) = untransposed(rewrite, b) {
                let op = Op::MatMul { transpose_a: *transpose_a, transpose_b: !transpose_b };
                return Some(rewrite.add_node(op, [a, b], node.shape.clone(), node.ty));
            }
            // a factor of each row of `op(a)` is one of each row of the product, and so are columns of `op(b)`
            let last = node.shape.len() - 1;
            let along_a = if *transpose_a { vec![last - 1, last] } else { vec![last] };
            let along_b = if *transpose_b { vec![last - 1, last] } else { vec![last - 1] };
            without_factor(rewrite, node, a, &along_a, |rewrite, a| rewrite.like(node, [a, b]))
                .or_else(|| without_factor(rewrite, node, b, &along_b, |rewrite, b| rewrite.like(node, [a, b])))
        }
        (Op::TakeAdd(axis) | Op::ScatterAdd(axis), &[index, y]) if node.ty == Type::Float => {
            without_factor(rewrite, node, y, &[*axis], |rewrite, y| rewrite.like(node, [index, y]))
        }
        _ => None,
    }
}

/// `x` where the node is `x` with its last two dimensions exchanged.
fn untransposed(rewrite: &Rewrite, id: Id) -> Option<Id> {
    let Op::Permute(order) = rewrite.op(id) else { return None };
    let (last, lead) = order.split_last_chunk::<2>().map(|(lead, last)| (last, lead))?;
    let lead_stays = lead.iter().enumerate().all(|(i, &axis)| i == axis);
    (lead_stays && *last == [lead.len() + 1, lead.len()]).then(|| rewrite.arg(id))
}

/// `c f(x)` for a linear `f` of an operand `c x`, where `c` is the same along the axes that `f` mixes.
fn without_factor(rewrite: &mut Rewrite, node: &Node, x: Id, along: &[usize], f: impl FnOnce(&mut Rewrite, Id) -> Id) -> Option<Id> {
    if !(rewrite.is_single(x) || node.len() < rewrite.node(x).len()) {
        return None;
    }
    if let Some(x) = rewrite.unary_of(Unary::Neg, x) {
        let result = f(rewrite, x);
        return Some(rewrite.neg(result));
    }
    let is_same = |rewrite: &Rewrite, id: Id| {
        let proper = proper_shape(rewrite, id);
        matches!(rewrite.op(id), Op::Full(_) | Op::Expand) && along.iter().all(|&axis| proper[axis] == 1)
    };
    let (rest, factor) = peeled(rewrite, x, is_same)?;
    let result = f(rewrite, rest);
    let mut lined = rewrite.shape(x).to_vec();
    for &axis in along {
        lined[axis] = 1;
    }
    let factor = narrowed(rewrite, factor, &lined);
    let factor = rewrite.expand(factor, node.shape.clone());
    Some(rewrite.mul(result, factor))
}

/// The product `id` without a factor that is `light`, and that factor; also where the factor is one of a factor, which
/// something else may need: no product is added.
pub(super) fn peeled(rewrite: &mut Rewrite, id: Id, light: impl Fn(&Rewrite, Id) -> bool) -> Option<(Id, Id)> {
    let (a, b) = rewrite.binary_of(Binary::Mul, id)?;
    if let Some(found) = [(a, b), (b, a)].into_iter().find(|&(_, factor)| light(rewrite, factor)) {
        return Some(found);
    }
    if !rewrite.is_single(id) {
        return None;
    }
    [(a, b), (b, a)].into_iter().find_map(|(a, b)| {
        let (p, q) = rewrite.binary_of(Binary::Mul, a)?;
        let (rest, factor) = [(p, q), (q, p)].into_iter().find(|&(_, factor)| light(rewrite, factor))?;
        // a square would be taken apart
        (rest != b).then(|| (rewrite.mul(rest, b), factor))
    })
}
