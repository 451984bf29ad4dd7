//! Matrix products, and factors that leave linear operations.

use super::expand::{narrowed, proper_shape};
use super::rewrite::Rewrite;
use crate::ir::{Binary, Id, Node, Op, Type, Unary};

/// Transposed operands become flags; a sign or a factor common to all elements is applied to the smaller result.
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
            without_factor(rewrite, node, a, |rewrite, a| rewrite.like(node, [a, b]))
                .or_else(|| without_factor(rewrite, node, b, |rewrite, b| rewrite.like(node, [a, b])))
        }
        (Op::TakeAdd(_) | Op::ScatterAdd(_), &[index, y]) if node.ty == Type::Float => {
            without_factor(rewrite, node, y, |rewrite, y| rewrite.like(node, [index, y]))
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

/// `c f(x)` for a linear `f` of an operand `c x`, `c` one number.
fn without_factor(rewrite: &mut Rewrite, node: &Node, x: Id, f: impl FnOnce(&mut Rewrite, Id) -> Id) -> Option<Id> {
    if !rewrite.is_single(x) {
        return None;
    }
    if let Some(x) = rewrite.unary_of(Unary::Neg, x) {
        let result = f(rewrite, x);
        return Some(rewrite.neg(result));
    }
    let (a, b) = rewrite.binary_of(Binary::Mul, x)?;
    let is_number = |id: Id| {
        let is_repeated = matches!(rewrite.op(id), Op::Full(_) | Op::Expand);
        is_repeated && proper_shape(rewrite, id).iter().all(|&size| size == 1)
    };
    let (factor, rest) = [(b, a), (a, b)].into_iter().find(|&(factor, _)| is_number(factor))?;
    let result = f(rewrite, rest);
    let ones = vec![1; rewrite.shape(factor).len()];
    let factor = narrowed(rewrite, factor, &ones);
    let factor = rewrite.reshape(factor, vec![1; node.shape.len()]);
    let factor = rewrite.expand(factor, node.shape.clone());
    Some(rewrite.mul(result, factor))
}
