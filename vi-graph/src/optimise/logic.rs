//! Truth values: comparisons that bounds decide, and what follows from a known condition.

use super::rewrite::Rewrite;
use crate::ir::{Binary, Compare, Id, Logic, Node, Op, Scalar, Type, Unary};

/// Comparisons, logic, selection, and maxima and minima of which one side is known to win.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    match (&node.op, &node.args[..]) {
        (Op::Compare(f), &[x, y]) => (rewrite.graph().ty(x) == Type::Float && never(rewrite, *f, x, y))
            .then(|| rewrite.full(Scalar::Bool(false), node.shape.clone())),
        // A tie counts only where the first operand is the one that stays, whose derivative it is.
        (Op::Binary(Binary::Max), &[x, y]) => {
            bounded(rewrite, x, y, |x, c| x.low >= c).or_else(|| bounded(rewrite, y, x, |x, c| x.low > c))
        }
        (Op::Binary(Binary::Min), &[x, y]) => {
            bounded(rewrite, x, y, |x, c| x.high <= c).or_else(|| bounded(rewrite, y, x, |x, c| x.high < c))
        }
        (Op::Not, &[x]) => negation(rewrite, node, x),
        (Op::Logic(f), &[x, y]) => logic(rewrite, *f, x, y),
        (Op::Where, &[condition, a, b]) => choice(rewrite, node, condition, a, b),
        _ => None,
    }
}

/// Whether the comparison is false for all numbers within the bounds, as it is for NaN.
fn never(rewrite: &Rewrite, f: Compare, x: Id, y: Id) -> bool {
    let (x, y) = (rewrite.bounds(x), rewrite.bounds(y));
    match f {
        Compare::Less => x.low >= y.high,
        Compare::LessEqual => x.low > y.high,
        Compare::Greater => x.high <= y.low,
        Compare::GreaterEqual => x.high < y.low,
        Compare::Equal => x.low > y.high || x.high < y.low,
        Compare::NotEqual => false,
    }
}

/// `x` where it wins against the number `c`.
fn bounded(rewrite: &Rewrite, x: Id, c: Id, wins: fn(super::bounds::Bounds, f64) -> bool) -> Option<Id> {
    let value = rewrite.float(c)?;
    (wins(rewrite.bounds(x), value)).then_some(x)
}

fn negation(rewrite: &mut Rewrite, node: &Node, x: Id) -> Option<Id> {
    let swapped = match rewrite.op(x) {
        Op::Not => return Some(rewrite.arg(x)),
        // the other comparisons are false for NaN both ways
        Op::Compare(Compare::Equal) => Compare::NotEqual,
        Op::Compare(Compare::NotEqual) => Compare::Equal,
        _ => return None,
    };
    let args = rewrite.node(x).args.clone();
    Some(rewrite.add_node(Op::Compare(swapped), args, node.shape.clone(), Type::Bool))
}

fn logic(rewrite: &mut Rewrite, f: Logic, x: Id, y: Id) -> Option<Id> {
    if x == y {
        return (f != Logic::Xor).then_some(x);
    }
    let Some(Scalar::Bool(known)) = rewrite.scalar(y) else { return None };
    match (f, known) {
        (Logic::And, true) | (Logic::Or | Logic::Xor, false) => Some(x),
        (Logic::And, false) | (Logic::Or, true) => Some(y),
        (Logic::Xor, true) => {
            let shape = rewrite.shape(x).to_vec();
            Some(rewrite.add_node(Op::Not, [x], shape, Type::Bool))
        }
    }
}

fn choice(rewrite: &mut Rewrite, node: &Node, condition: Id, a: Id, b: Id) -> Option<Id> {
    if a == b {
        return Some(a);
    }
    if let Some(Scalar::Bool(known)) = rewrite.scalar(condition) {
        return Some(if known { a } else { b });
    }
    if matches!(rewrite.op(condition), Op::Not) {
        let condition = rewrite.arg(condition);
        return Some(rewrite.like(node, [condition, b, a]));
    }
    if let Some(clamped) = clamp(rewrite, condition, a, b) {
        return Some(clamped);
    }
    if let Some(value) = rewrite.float(a)
        && rewrite.is_single(b)
        && let Some(b) = rewrite.unary_of(Unary::Neg, b)
    {
        let a = rewrite.full_like(-value, a);
        let positive = rewrite.like(node, [condition, a, b]);
        return Some(rewrite.neg(positive));
    }
    if let Some(clamped) = clamp_slope(rewrite, node, condition, a, b) {
        return Some(clamped);
    }
    // the same condition below: only one of its branches can be reached
    if let (Op::Where, &[below, then, _]) = (rewrite.op(a), &rewrite.node(a).args[..])
        && below == condition
    {
        return Some(rewrite.like(node, [condition, then, b]));
    }
    if let (Op::Where, &[below, _, otherwise]) = (rewrite.op(b), &rewrite.node(b).args[..])
        && below == condition
    {
        return Some(rewrite.like(node, [condition, a, otherwise]));
    }
    None
}

/// `c` where `x < c`, else `x`, is `max(x, c)`, and so for the other end, also after the first. Slopes agree at `c`, too: where
/// the comparison is not strict they would not.
fn clamp(rewrite: &mut Rewrite, condition: Id, c: Id, otherwise: Id) -> Option<Id> {
    let (compare, &[x, bound]) = (rewrite.op(condition).clone(), &rewrite.node(condition).args[..]) else { return None };
    let value = rewrite.float(c)?;
    if bound != c {
        return None;
    }
    match compare {
        Op::Compare(Compare::Less) if otherwise == x => Some(rewrite.binary(Binary::Max, x, c)),
        Op::Compare(Compare::Greater) if otherwise == x => Some(rewrite.binary(Binary::Min, x, c)),
        Op::Compare(Compare::Greater) => {
            let (raised, low) = rewrite.binary_of(Binary::Max, otherwise)?;
            (raised == x && rewrite.float(low)? < value).then(|| rewrite.binary(Binary::Min, otherwise, c))
        }
        _ => None,
    }
}

/// The derivative of `c = min(max(x, low), high)` in one test: `0` where `x < low`, else `0` where `high < max(x, low)`, else
/// `g`, is `g` where `c = x`.
fn clamp_slope(rewrite: &mut Rewrite, node: &Node, below: Id, zero: Id, otherwise: Id) -> Option<Id> {
    let less = |id: Id| match (rewrite.op(id), &rewrite.node(id).args[..]) {
        (Op::Compare(Compare::Less), &[x, y]) => Some((x, y)),
        _ => None,
    };
    let (x, low) = less(below)?;
    let (Op::Where, &[above, other_zero, g]) = (rewrite.op(otherwise), &rewrite.node(otherwise).args[..]) else { return None };
    let (high, raised) = less(above)?;
    let is_zero = rewrite.is(zero, 0.0) && rewrite.is(other_zero, 0.0);
    let is_raised = rewrite.binary_of(Binary::Max, raised) == Some((x, low));
    if !(is_zero && is_raised && rewrite.float(low)? < rewrite.float(high)?) {
        return None;
    }
    let clamped = rewrite.binary(Binary::Min, raised, high);
    let inside = rewrite.add_node(Op::Compare(Compare::Equal), [clamped, x], node.shape.clone(), Type::Bool);
    Some(rewrite.like(node, [inside, g, zero]))
}
