//! The order of products: what is known before the step, and what has few elements, is multiplied first and meets the rest
//! last. Each order is as accurate as any other.
//!
//! Sums have no such rule: `a − (b − c)` may be written for the difference in it to be exact.

use super::arithmetic::is_reciprocal_of;
use super::expand::proper_shape;
use super::rewrite::Rewrite;
use super::stage::Stage;
use crate::ir::{Binary, Id, Node, Op, Type, Unary};

/// Three factors, of which another pair is cheaper to multiply first or is multiplied already.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    let (Op::Binary(f @ (Binary::Mul | Binary::Div)), &[x, y], Type::Float) = (&node.op, &node.args[..], node.ty) else { return None };
    let (x, y) = (Factor { id: x, divides: false }, Factor { id: y, divides: *f == Binary::Div });
    for (inner, c) in [(x, y), (y, x)] {
        let Some((a, b)) = parts(rewrite, inner) else { continue };
        let now = Cost::of(rewrite, a, b, c);
        // of two such pairs the first wins, or each would be given up for the other
        let existing = [((a, c), b), ((b, c), a)].into_iter().find_map(|((x, y), rest)| {
            let multiplies = !x.divides && !y.divides;
            let pair = multiplies.then(|| rewrite.product(x.id, y.id))?.filter(|&pair| pair < inner.id)?;
            (Cost::of(rewrite, x, y, rest).pair <= now.pair).then_some((pair, rest))
        });
        if let Some((pair, rest)) = existing {
            rewrite.used_again(pair);
            return Some(with_rest(rewrite, Factor { id: pair, divides: false }, rest));
        }
        let (other, pair, rest) = [(Cost::of(rewrite, a, c, b), (a, c), b), (Cost::of(rewrite, b, c, a), (b, c), a)]
            .into_iter()
            .min_by(|(p, ..), (q, ..)| p.cmp(q))?;
        if other < now {
            let pair = combine(rewrite, pair.0, pair.1);
            return Some(with_rest(rewrite, pair, rest));
        }
    }
    None
}

/// A factor or, where it divides, its reciprocal.
#[derive(Clone, Copy)]
struct Factor {
    id: Id,
    divides: bool,
}

/// The two factors of a factor that nothing else needs.
fn parts(rewrite: &Rewrite, factor: Factor) -> Option<(Factor, Factor)> {
    if !rewrite.is_single(factor.id) {
        return None;
    }
    let (Op::Binary(f @ (Binary::Mul | Binary::Div)), &[a, b]) = (rewrite.op(factor.id), &rewrite.node(factor.id).args[..]) else {
        return None;
    };
    let divides = (*f == Binary::Div) != factor.divides;
    Some((Factor { id: a, divides: factor.divides }, Factor { id: b, divides }))
}

fn combine(rewrite: &mut Rewrite, x: Factor, y: Factor) -> Factor {
    let (id, divides) = match (x.divides, y.divides) {
        (false, false) => (rewrite.mul(x.id, y.id), false),
        (false, true) => (rewrite.div(x.id, y.id), false),
        (true, false) => (rewrite.div(y.id, x.id), false),
        (true, true) => (rewrite.mul(x.id, y.id), true),
    };
    Factor { id, divides }
}

fn with_rest(rewrite: &mut Rewrite, pair: Factor, rest: Factor) -> Id {
    let all = combine(rewrite, rest, pair);
    if all.divides { rewrite.unary(Unary::Recip, all.id) } else { all.id }
}

/// What it costs in each step to multiply a pair and then the rest; of equal costs, the lighter rest is better, because it
/// may leave a sum.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    pair: usize,
    rest: usize,
}

impl Cost {
    fn of(rewrite: &mut Rewrite, a: Factor, b: Factor, rest: Factor) -> Self {
        let shape = proper_shape(rewrite, a.id).into_iter().zip(proper_shape(rewrite, b.id)).map(|(a, b)| if a == 1 { b } else { a });
        let pair = shape.product();
        let is_early = rewrite.stage(a.id) < Stage::Step && rewrite.stage(b.id) < Stage::Step;
        let is_free = is_early || vanishes(rewrite, a, b) || vanishes(rewrite, b, a);
        Cost { pair: if is_free { 0 } else { pair }, rest: proper_shape(rewrite, rest.id).iter().product() }
    }
}

/// Whether the product of two factors is one operation that is there already: two numbers meet, or a reciprocal cancels.
fn vanishes(rewrite: &mut Rewrite, a: Factor, b: Factor) -> bool {
    if a.divides || b.divides {
        return false;
    }
    if let Some((_, c)) = rewrite.binary_of(Binary::Mul, a.id)
        && rewrite.is_single(a.id)
        && rewrite.float(b.id).is_some()
        && rewrite.float(c).is_some()
    {
        return true;
    }
    rewrite.unary_of(Unary::Square, a.id).is_some_and(|root| is_reciprocal_of(rewrite, root, b.id))
}
