//! Compositions that have a name: the named function is accurate where the composition overflows or cancels.

use super::arithmetic::is_reciprocal_of;
use super::rewrite::Rewrite;
use crate::ir::{Binary, Compare, Id, Node, Op, Reduce, Test, Unary};

/// The logistic function, its logarithm, and `log Σ exp`.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    match (&node.op, &node.args[..]) {
        (Op::Unary(f), &[x]) => unary(rewrite, *f, x),
        (Op::Binary(Binary::Add), &[x, y]) => {
            [(x, y), (y, x)].into_iter().find_map(|(x, y)| softplus_of_parts(rewrite, x, y).or_else(|| log_sum_exp(rewrite, x, y)))
        }
        (Op::Binary(Binary::Sub), &[x, y]) => one_minus_sigmoid(rewrite, x, y).or_else(|| log_softmax(rewrite, x, y)),
        (Op::Binary(Binary::Mul), &[x, y]) => [(x, y), (y, x)]
            .into_iter()
            .find_map(|(x, y)| logistic_of_parts(rewrite, x, y).or_else(|| standardised(rewrite, x, Scale::Recip(y)))),
        (Op::Binary(Binary::Div), &[x, y]) => ratio_to_one_more(rewrite, x, y).or_else(|| standardised(rewrite, x, Scale::Divisor(y))),
        (Op::Where, &[condition, a, b]) => softplus_with_cut(rewrite, condition, a, b),
        _ => None,
    }
}

fn unary(rewrite: &mut Rewrite, f: Unary, x: Id) -> Option<Id> {
    match f {
        // 1 / (1 + eˣ)
        Unary::Recip => {
            let sum = plus_one(rewrite, x)?;
            let x = rewrite.unary_of(Unary::Exp, sum)?;
            let negative = rewrite.neg(x);
            Some(rewrite.unary(Unary::Sigmoid, negative))
        }
        Unary::Log => {
            if let Some(x) = rewrite.unary_of(Unary::Sigmoid, x) {
                let negative = rewrite.neg(x);
                let softplus = rewrite.unary(Unary::Softplus, negative);
                return Some(rewrite.neg(softplus));
            }
            let sum = plus_one(rewrite, x)?;
            let x = rewrite.unary_of(Unary::Exp, sum)?;
            Some(rewrite.unary(Unary::Softplus, x))
        }
        Unary::Log1p => {
            if let Some(x) = rewrite.unary_of(Unary::Exp, x) {
                return Some(rewrite.unary(Unary::Softplus, x));
            }
            let x = rewrite.unary_of(Unary::Neg, x)?;
            let x = rewrite.unary_of(Unary::Sigmoid, x)?;
            let softplus = rewrite.unary(Unary::Softplus, x);
            Some(rewrite.neg(softplus))
        }
        // e^−log y, which for y = 1 + eˣ is how a logistic function may arrive
        Unary::Exp => {
            let x = rewrite.unary_of(Unary::Neg, x)?;
            if let Some(x) = rewrite.unary_of(Unary::Softplus, x) {
                let negative = rewrite.neg(x);
                return Some(rewrite.unary(Unary::Sigmoid, negative));
            }
            let x = rewrite.unary_of(Unary::Log, x)?;
            (rewrite.bounds(x).low > 0.0).then(|| rewrite.unary(Unary::Recip, x))
        }
        _ => None,
    }
}

/// `eˣ σ(−x)`
fn logistic_of_parts(rewrite: &mut Rewrite, x: Id, y: Id) -> Option<Id> {
    let (x, y) = (rewrite.unary_of(Unary::Exp, x)?, rewrite.unary_of(Unary::Sigmoid, y)?);
    (rewrite.neg(x) == y).then(|| rewrite.unary(Unary::Sigmoid, x))
}

/// `eˣ / (eˣ + 1)`
fn ratio_to_one_more(rewrite: &mut Rewrite, x: Id, y: Id) -> Option<Id> {
    let inner = rewrite.unary_of(Unary::Exp, x)?;
    (plus_one(rewrite, y)? == x).then(|| rewrite.unary(Unary::Sigmoid, inner))
}

/// What a location-scale draw is divided by when it is scored.
#[derive(Clone, Copy)]
enum Scale {
    Divisor(Id),
    /// The factor is its reciprocal.
    Recip(Id),
}

/// `((ε s + l) − l) / s = ε` for positive finite `s`: a draw scored under the distribution that it comes from.
///
/// The left side loses the digits of `ε` below those of `l / s`. Differences alone are kept: they may be there to measure
/// rounding.
fn standardised(rewrite: &mut Rewrite, centred: Id, scale: Scale) -> Option<Id> {
    let scaled = match rewrite.binary_of(Binary::Sub, centred) {
        Some((draw, loc)) => {
            let (a, b) = rewrite.binary_of(Binary::Add, draw)?;
            [(a, b), (b, a)].into_iter().find_map(|(scaled, l)| (l == loc).then_some(scaled))?
        }
        None => centred,
    };
    let (a, b) = rewrite.binary_of(Binary::Mul, scaled)?;
    [(a, b), (b, a)].into_iter().find_map(|(noise, s)| {
        let bounds = rewrite.bounds(s);
        if bounds.low <= 0.0 || bounds.high == f64::INFINITY {
            return None;
        }
        let is_same = match scale {
            Scale::Divisor(divisor) => divisor == s,
            Scale::Recip(factor) => is_reciprocal_of(rewrite, factor, s),
        };
        is_same.then_some(noise)
    })
}

/// Whether the node is a reciprocal, possibly of another shape.
pub(super) fn is_reciprocal(rewrite: &Rewrite, mut id: Id) -> bool {
    while matches!(rewrite.op(id), Op::Expand | Op::Reshape) {
        id = rewrite.arg(id);
    }
    rewrite.unary_of(Unary::Recip, id).is_some()
}

/// `x` where the node is `x + 1`.
fn plus_one(rewrite: &Rewrite, id: Id) -> Option<Id> {
    let (x, one) = rewrite.binary_of(Binary::Add, id)?;
    rewrite.is(one, 1.0).then_some(x)
}

/// `max(x, 0) + log(1 + e^−|x|)`
fn softplus_of_parts(rewrite: &mut Rewrite, x: Id, y: Id) -> Option<Id> {
    let (a, b) = rewrite.binary_of(Binary::Max, x)?;
    let (x, zero) = if rewrite.is(a, 0.0) { (b, a) } else { (a, b) };
    let y = rewrite.unary_of(Unary::Softplus, y)?;
    let y = rewrite.unary_of(Unary::Neg, y)?;
    let y = rewrite.unary_of(Unary::Abs, y)?;
    (x == y && rewrite.is(zero, 0.0)).then(|| rewrite.unary(Unary::Softplus, x))
}

/// `x` where `x > c`, else `log(1 + eˣ)`, which from `c` on is `x` to the last bit.
fn softplus_with_cut(rewrite: &mut Rewrite, condition: Id, a: Id, b: Id) -> Option<Id> {
    const LINEAR: f64 = 38.0;
    let &[x, cut] = &rewrite.node(condition).args[..] else { return None };
    let is_cut = matches!(rewrite.op(condition), Op::Compare(Compare::Greater | Compare::GreaterEqual));
    if !is_cut || x != a || rewrite.float(cut)? < LINEAR {
        return None;
    }
    let of = rewrite.unary_of(Unary::Softplus, b)?;
    // the operand of the other branch is kept below the cut
    let is_guarded = match (rewrite.op(of), &rewrite.node(of).args[..]) {
        (Op::Where, &[guard, _, inner]) => guard == condition && inner == x,
        (Op::Binary(Binary::Min), &[inner, bound]) => inner == x && bound == cut,
        _ => false,
    };
    (of == x || is_guarded).then(|| rewrite.unary(Unary::Softplus, x))
}

fn one_minus_sigmoid(rewrite: &mut Rewrite, one: Id, x: Id) -> Option<Id> {
    let x = rewrite.unary_of(Unary::Sigmoid, x)?;
    if !rewrite.is(one, 1.0) {
        return None;
    }
    let negative = rewrite.neg(x);
    Some(rewrite.unary(Unary::Sigmoid, negative))
}

/// `log Σ exp(x − m) + m`, `m` the largest `x` or, where that is infinite, 0.
fn log_sum_exp(rewrite: &mut Rewrite, log: Id, m: Id) -> Option<Id> {
    let sum = rewrite.unary_of(Unary::Log, log)?;
    let (shifted, axes) = sum_of_exponentials(rewrite, sum)?;
    let (x, shift) = rewrite.binary_of(Binary::Sub, shifted)?;
    let is_same = rewrite.expanded(shift) == Some(m);
    (is_same && is_largest(rewrite, m, x, &axes)).then(|| rewrite.reduce(Reduce::LogSumExp, x, &axes))
}

/// `y − log Σ exp(y)` for `y = x − max x` is `x − log Σ exp(x)`.
fn log_softmax(rewrite: &mut Rewrite, y: Id, total: Id) -> Option<Id> {
    let log = rewrite.expanded(total)?;
    let sum = rewrite.unary_of(Unary::Log, log)?;
    let (shifted, axes) = sum_of_exponentials(rewrite, sum)?;
    let (x, shift) = rewrite.binary_of(Binary::Sub, y)?;
    let m = rewrite.expanded(shift)?;
    if shifted != y || !is_largest(rewrite, m, x, &axes) {
        return None;
    }
    let total = rewrite.reduce(Reduce::LogSumExp, x, &axes);
    let shape = rewrite.shape(x).to_vec();
    let total = rewrite.expand(total, shape);
    Some(rewrite.sub(x, total))
}

/// `y` and the axes where the node is `Σ exp(y)`.
fn sum_of_exponentials(rewrite: &Rewrite, sum: Id) -> Option<(Id, Vec<usize>)> {
    let Op::Reduce(Reduce::Sum, axes) = rewrite.op(sum) else { return None };
    let y = rewrite.unary_of(Unary::Exp, rewrite.arg(sum))?;
    Some((y, axes.clone()))
}

/// Whether `m` is the largest `x` along `axes`, 0 possibly standing for an infinite one.
fn is_largest(rewrite: &Rewrite, m: Id, x: Id, axes: &[usize]) -> bool {
    match (rewrite.op(m), &rewrite.node(m).args[..]) {
        (Op::Reduce(Reduce::Max, along), &[of]) => of == x && along == axes,
        (Op::Where, &[condition, zero, largest]) => {
            let is_test = matches!(rewrite.op(condition), Op::Test(Test::IsInfinite)) && rewrite.arg(condition) == largest;
            is_test && rewrite.is(zero, 0.0) && !matches!(rewrite.op(largest), Op::Where) && is_largest(rewrite, largest, x, axes)
        }
        _ => false,
    }
}
