//! What is put in and taken out again.
//!
//! A draw `z = loc + scale ε` is scored by `(z − loc) / scale`, which is `ε`: exact, and without the rounding of the sum.

use super::rewrite::Rewrite;
use crate::ir::{Binary, Id, Node, Op, Type};

/// `(a + b) − a`, `(a − b) + b`, and `(a b) / b` for `b` that is nowhere negative.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    let (Op::Binary(f), &[x, y], Type::Float) = (&node.op, &node.args[..], node.ty) else { return None };
    match f {
        Binary::Sub => difference(rewrite, x, y),
        Binary::Add => rest(rewrite, x, y).or_else(|| rest(rewrite, y, x)),
        Binary::Div => quotient(rewrite, x, y),
        _ => None,
    }
}

fn difference(rewrite: &mut Rewrite, x: Id, y: Id) -> Option<Id> {
    if let Some((a, b)) = rewrite.binary_of(Binary::Add, x) {
        if a == y {
            return Some(b);
        }
        if b == y {
            return Some(a);
        }
    }
    if let Some((a, b)) = rewrite.binary_of(Binary::Sub, x)
        && a == y
    {
        return Some(rewrite.neg(b));
    }
    match rewrite.binary_of(Binary::Add, y)? {
        (a, b) if a == x => Some(rewrite.neg(b)),
        (a, b) if b == x => Some(rewrite.neg(a)),
        _ => None,
    }
}

/// `a` of `(a − y) + y`.
fn rest(rewrite: &Rewrite, x: Id, y: Id) -> Option<Id> {
    let (a, b) = rewrite.binary_of(Binary::Sub, x)?;
    (b == y).then_some(a)
}

fn quotient(rewrite: &mut Rewrite, x: Id, y: Id) -> Option<Id> {
    if let Some(c) = rewrite.float(y) {
        // One rounding more, and a product takes a fraction of the time of a quotient.
        let inverse = c.recip();
        return (inverse.is_normal() && (inverse as f32).is_normal()).then(|| rewrite.scale(x, inverse));
    }
    if rewrite.bounds(y).low < 0.0 {
        return None;
    }
    let (a, b) = rewrite.binary_of(Binary::Mul, x)?;
    if b == y {
        return Some(a);
    }
    (a == y).then_some(b)
}
