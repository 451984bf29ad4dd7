//! Identities of single operations.

use super::expand::proper_shape;
use super::pattern::is_reciprocal;
use super::rewrite::Rewrite;
use super::stage::Stage;
use crate::ir::{Binary, Id, Node, Op, Type, Unary};

/// Neutral elements, inverse functions, signs, and powers.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    match (&node.op, &node.args[..]) {
        (Op::Unary(f), &[x]) if node.ty == Type::Float => inverse(rewrite, *f, x).or_else(|| of_negated(rewrite, *f, x)),
        (Op::Binary(f), &[x, y]) => neutral(rewrite, *f, x, y).or_else(|| {
            if node.ty != Type::Float {
                return None;
            }
            match f {
                Binary::Add => add(rewrite, x, y),
                Binary::Sub => sub(rewrite, x, y),
                Binary::Mul => mul(rewrite, x, y),
                Binary::Div => div(rewrite, x, y),
                Binary::Pow => pow(rewrite, x, y),
                Binary::Xlogy if rewrite.is(x, 1.0) => Some(rewrite.unary(Unary::Log, y)),
                _ => None,
            }
        }),
        _ => None,
    }
}

fn inverse(rewrite: &mut Rewrite, f: Unary, x: Id) -> Option<Id> {
    let Op::Unary(inner) = *rewrite.op(x) else { return of_binary(rewrite, f, x) };
    let y = rewrite.arg(x);
    let low = rewrite.bounds(y).low;
    match (f, inner) {
        (Unary::Neg, Unary::Neg) | (Unary::Recip, Unary::Recip) | (Unary::Log, Unary::Exp) | (Unary::Log1p, Unary::Expm1) => Some(y),
        (Unary::Exp, Unary::Log) | (Unary::Square, Unary::Sqrt) if low >= 0.0 => Some(y),
        (Unary::Expm1, Unary::Log1p) if low >= -1.0 => Some(y),
        (Unary::Sqrt, Unary::Square) => Some(rewrite.unary(Unary::Abs, y)),
        (Unary::Square, Unary::Abs) => Some(rewrite.unary(Unary::Square, y)),
        (Unary::Log, Unary::Recip) => {
            let log = rewrite.unary(Unary::Log, y);
            Some(rewrite.neg(log))
        }
        (Unary::Log, Unary::Sqrt) => {
            let log = rewrite.unary(Unary::Log, y);
            Some(rewrite.scale(log, 0.5))
        }
        _ => of_binary(rewrite, f, x),
    }
}

fn of_binary(rewrite: &mut Rewrite, f: Unary, x: Id) -> Option<Id> {
    if f == Unary::Abs && rewrite.bounds(x).low >= 0.0 {
        return Some(x);
    }
    if !rewrite.is_single(x) {
        return None;
    }
    match (f, rewrite.op(x), &rewrite.node(x).args[..]) {
        (Unary::Neg, Op::Binary(Binary::Sub), &[a, b]) => Some(rewrite.sub(b, a)),
        (Unary::Neg, Op::Binary(Binary::Mul), &[a, b]) => {
            let c = rewrite.float(b)?;
            Some(rewrite.scale(a, -c))
        }
        (Unary::Recip, Op::Binary(Binary::Div), &[a, b]) => Some(rewrite.div(b, a)),
        _ => None,
    }
}

/// Odd and even functions of a negated operand.
fn of_negated(rewrite: &mut Rewrite, f: Unary, x: Id) -> Option<Id> {
    let y = rewrite.unary_of(Unary::Neg, x)?;
    let is_odd = matches!(
        f,
        Unary::Sign
            | Unary::Recip
            | Unary::Sin
            | Unary::Tan
            | Unary::Sinh
            | Unary::Tanh
            | Unary::Asin
            | Unary::Atan
            | Unary::Asinh
            | Unary::Atanh
            | Unary::Erf
    );
    if is_odd {
        let value = rewrite.unary(f, y);
        return Some(rewrite.neg(value));
    }
    matches!(f, Unary::Abs | Unary::Square | Unary::Cos | Unary::Cosh).then(|| rewrite.unary(f, y))
}

fn neutral(rewrite: &mut Rewrite, f: Binary, x: Id, y: Id) -> Option<Id> {
    match f {
        Binary::Add | Binary::Sub if rewrite.is(y, 0.0) => Some(x),
        Binary::Mul | Binary::Div if rewrite.is(y, 1.0) => Some(x),
        Binary::Mul | Binary::Div if rewrite.is(y, -1.0) => Some(rewrite.neg(x)),
        Binary::Sub if rewrite.is(x, 0.0) => Some(rewrite.neg(y)),
        Binary::Max | Binary::Min if x == y => Some(x),
        _ => None,
    }
}

fn add(rewrite: &mut Rewrite, x: Id, y: Id) -> Option<Id> {
    if x == y {
        return Some(rewrite.scale(x, 2.0));
    }
    if let Some(y) = negated(rewrite, y) {
        return Some(rewrite.sub(x, y));
    }
    if let Some(x) = negated(rewrite, x) {
        return Some(rewrite.sub(y, x));
    }
    let c = rewrite.float(y);
    c.and_then(|c| add_number(rewrite, x, c, 1.0)).or_else(|| factored(rewrite, Binary::Add, x, y))
}

/// `c + sign x` where `x` is a number and a rest, with one number.
fn add_number(rewrite: &mut Rewrite, x: Id, c: f64, sign: f64) -> Option<Id> {
    // a number that completes another, larger one must meet the difference with that first
    const COMPARABLE: f64 = 1.0 / 64.0;
    if !rewrite.is_single(x) {
        return None;
    }
    let (number, rest, sign_of_rest) = match (rewrite.op(x), &rewrite.node(x).args[..]) {
        (Op::Binary(Binary::Add), &[rest, d]) => (rewrite.float(d)?, rest, sign),
        (Op::Binary(Binary::Sub), &[d, rest]) => (rewrite.float(d)?, rest, -sign),
        _ => return None,
    };
    let (small, large) = if number.abs() < c.abs() { (number.abs(), c.abs()) } else { (c.abs(), number.abs()) };
    if small < COMPARABLE * large {
        return None;
    }
    let all = rewrite.full_like(c + sign * number, rest);
    Some(if sign_of_rest > 0.0 { rewrite.add(rest, all) } else { rewrite.sub(all, rest) })
}

fn sub(rewrite: &mut Rewrite, x: Id, y: Id) -> Option<Id> {
    if let Some(c) = rewrite.float(y) {
        let c = rewrite.full_like(-c, x);
        return Some(rewrite.add(x, c));
    }
    if let Some(y) = negated(rewrite, y) {
        return Some(rewrite.add(x, y));
    }
    if let Some(x) = negated(rewrite, x) {
        let sum = rewrite.add(x, y);
        return Some(rewrite.neg(sum));
    }
    let c = rewrite.float(x);
    c.and_then(|c| add_number(rewrite, y, c, -1.0)).or_else(|| factored(rewrite, Binary::Sub, x, y))
}

/// `a c ± b c = (a ± b) c`
fn factored(rewrite: &mut Rewrite, f: Binary, x: Id, y: Id) -> Option<Id> {
    if !(rewrite.is_single(x) && rewrite.is_single(y)) {
        return None;
    }
    let (a, c) = rewrite.binary_of(Binary::Mul, x)?;
    let (b, d) = rewrite.binary_of(Binary::Mul, y)?;
    let (a, b, c) =
        [(a, b, c, d), (a, d, c, b), (c, b, a, d), (c, d, a, b)].into_iter().find_map(|(a, b, c, d)| (c == d).then_some((a, b, c)))?;
    let sum = rewrite.binary(f, a, b);
    Some(rewrite.mul(sum, c))
}

fn mul(rewrite: &mut Rewrite, x: Id, y: Id) -> Option<Id> {
    if x == y {
        return Some(rewrite.unary(Unary::Square, x));
    }
    for (x, y) in [(x, y), (y, x)] {
        if let Some(x) = negated(rewrite, x) {
            if let Some(c) = rewrite.float(y) {
                return Some(rewrite.scale(x, -c));
            }
            let product = rewrite.mul(x, y);
            return Some(rewrite.neg(product));
        }
        if let Some(root) = rewrite.unary_of(Unary::Square, y)
            && is_reciprocal_of(rewrite, root, x)
        {
            return Some(root);
        }
        if let Some(divisor) = rewrite.unary_of(Unary::Recip, y)
            && rewrite.is_single(y)
            && !is_lighter(rewrite, divisor, x)
        {
            return Some(rewrite.div(x, divisor));
        }
    }
    None
}

/// Whether `r` is `1 / x`.
pub(super) fn is_reciprocal_of(rewrite: &mut Rewrite, r: Id, x: Id) -> bool {
    is_reciprocal(rewrite, r) && rewrite.unary(Unary::Recip, x) == r
}

fn div(rewrite: &mut Rewrite, x: Id, y: Id) -> Option<Id> {
    if rewrite.is(x, 1.0) {
        return Some(rewrite.unary(Unary::Recip, y));
    }
    if let Some(c) = rewrite.float(y) {
        // One rounding more, and a product takes a fraction of the time of a quotient.
        let inverse = c.recip();
        return (inverse.is_normal() && (inverse as f32).is_normal()).then(|| rewrite.scale(x, inverse));
    }
    if let Some(y) = rewrite.unary_of(Unary::Recip, y) {
        return Some(rewrite.mul(x, y));
    }
    if let Some(x) = negated(rewrite, x) {
        let ratio = rewrite.div(x, y);
        return Some(rewrite.neg(ratio));
    }
    if let Some(y) = negated(rewrite, y) {
        let ratio = rewrite.div(x, y);
        return Some(rewrite.neg(ratio));
    }
    is_lighter(rewrite, y, x).then(|| {
        let factor = rewrite.unary(Unary::Recip, y);
        rewrite.mul(x, factor)
    })
}

fn pow(rewrite: &mut Rewrite, x: Id, y: Id) -> Option<Id> {
    let f = match rewrite.float(y)? {
        0.0 => return Some(rewrite.full_like(1.0, x)),
        1.0 => return Some(x),
        2.0 => Unary::Square,
        -1.0 => Unary::Recip,
        0.5 => Unary::Sqrt,
        3.0 => {
            let square = rewrite.unary(Unary::Square, x);
            return Some(rewrite.mul(x, square));
        }
        _ => return None,
    };
    Some(rewrite.unary(f, x))
}

/// `x` where the node is `−x`, also below a change of shape.
fn negated(rewrite: &mut Rewrite, id: Id) -> Option<Id> {
    match *rewrite.op(id) {
        Op::Unary(Unary::Neg) => Some(rewrite.arg(id)),
        Op::Expand | Op::Reshape => {
            let node = rewrite.node(id).clone();
            let x = rewrite.unary_of(Unary::Neg, node.args[0])?;
            Some(rewrite.like(&node, [x]))
        }
        _ => None,
    }
}

/// Whether a function of `y` costs less than one of `x`: it has fewer different elements, or is known before the step.
fn is_lighter(rewrite: &Rewrite, y: Id, x: Id) -> bool {
    let elements = |id: Id| proper_shape(rewrite, id).iter().product::<usize>();
    (rewrite.stage(y) < Stage::Step && rewrite.stage(x) == Stage::Step) || elements(y) < elements(x)
}
