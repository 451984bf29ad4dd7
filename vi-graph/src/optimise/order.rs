//! The order of sums and products: what is known before the step, and what has few elements, is combined first and meets
//! the rest last.

use super::expand::proper_shape;
use super::rewrite::Rewrite;
use super::stage::Stage;
use crate::ir::{Binary, Id, Node, Op, Type, Unary};

/// Three terms `a ± b ± c`, or three factors, of which another pair is cheaper to combine first or
/// is combined already.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    let (Op::Binary(f), &[x, y], Type::Float) = (&node.op, &node.args[..], node.ty) else { return None };
    let group = match f {
        Binary::Add | Binary::Sub => Group::Sum,
        Binary::Mul | Binary::Div => Group::Product,
        _ => return None,
    };
    let (outer_x, outer_y) = (Term { id: x, inverse: false }, Term { id: y, inverse: *f == group.inverse() });
    for (inner, c) in [(outer_x, outer_y), (outer_y, outer_x)] {
        let Some((a, b)) = group.parts(rewrite, inner) else { continue };
        let now = Order::of(group, rewrite, a, b, c);
        // of two such pairs the first wins, or each would be given up for the other
        let existing = [((a, c), b), ((b, c), a)].into_iter().find_map(|((x, y), rest)| {
            let pair = group.existing(rewrite, x, y).filter(|&pair| pair < inner.id)?;
            (Order::of(group, rewrite, x, y, rest).pair <= now.pair).then_some((pair, rest))
        });
        if let Some((pair, rest)) = existing {
            rewrite.used_again(pair);
            return Some(group.all(rewrite, Term { id: pair, inverse: false }, rest));
        }
        let (other, pair, rest) = [(Order::of(group, rewrite, a, c, b), (a, c), b), (Order::of(group, rewrite, b, c, a), (b, c), a)]
            .into_iter()
            .min_by(|(p, ..), (q, ..)| p.cmp(q))?;
        // a − a is not 0 for what is not finite, and what it is left of may have a rule of its own
        if other < now && pair.0.id != pair.1.id {
            let pair = group.combine(rewrite, pair.0, pair.1);
            return Some(group.all(rewrite, pair, rest));
        }
    }
    None
}

/// A term or its negative, a factor or its reciprocal.
#[derive(Clone, Copy)]
struct Term {
    id: Id,
    inverse: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Sum,
    Product,
}

impl Group {
    fn direct(self) -> Binary {
        match self {
            Group::Sum => Binary::Add,
            Group::Product => Binary::Mul,
        }
    }

    fn inverse(self) -> Binary {
        match self {
            Group::Sum => Binary::Sub,
            Group::Product => Binary::Div,
        }
    }

    /// The two terms of a term that nothing else needs.
    fn parts(self, rewrite: &Rewrite, term: Term) -> Option<(Term, Term)> {
        if !rewrite.is_single(term.id) {
            return None;
        }
        let (f, &[a, b]) = (
            match rewrite.op(term.id) {
                Op::Binary(f) => *f,
                _ => return None,
            },
            &rewrite.node(term.id).args[..],
        ) else {
            return None;
        };
        if f != self.direct() && f != self.inverse() {
            return None;
        }
        let b_inverse = (f == self.inverse()) != term.inverse;
        Some((Term { id: a, inverse: term.inverse }, Term { id: b, inverse: b_inverse }))
    }

    /// The product of a pair where something else needs it.
    fn existing(self, rewrite: &Rewrite, x: Term, y: Term) -> Option<Id> {
        (matches!(self, Group::Product) && !x.inverse && !y.inverse).then(|| rewrite.product(x.id, y.id))?
    }

    /// The rest with the pair.
    fn all(self, rewrite: &mut Rewrite, pair: Term, rest: Term) -> Id {
        let all = self.combine(rewrite, rest, pair);
        if all.inverse { self.inverted(rewrite, all.id) } else { all.id }
    }

    fn combine(self, rewrite: &mut Rewrite, x: Term, y: Term) -> Term {
        let (f, a, b, inverse) = match (x.inverse, y.inverse) {
            (false, false) => (self.direct(), x, y, false),
            (false, true) => (self.inverse(), x, y, false),
            (true, false) => (self.inverse(), y, x, false),
            (true, true) => (self.direct(), x, y, true),
        };
        Term { id: rewrite.binary(f, a.id, b.id), inverse }
    }

    fn inverted(self, rewrite: &mut Rewrite, x: Id) -> Id {
        match self {
            Group::Sum => rewrite.neg(x),
            Group::Product => rewrite.unary(Unary::Recip, x),
        }
    }
}

/// What it costs in each step to combine a pair and then the rest; of equal costs, the lighter rest is better, because it
/// may leave a sum.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    pair: usize,
    rest: usize,
}

impl Order {
    fn of(group: Group, rewrite: &Rewrite, a: Term, b: Term, rest: Term) -> Self {
        let shape = proper_shape(rewrite, a.id).into_iter().zip(proper_shape(rewrite, b.id)).map(|(a, b)| if a == 1 { b } else { a });
        let early = [a, b].iter().all(|term| rewrite.stage(term.id) < Stage::Step);
        let weight = |id: Id| match group {
            Group::Sum if rewrite.stage(id) < Stage::Step => 0,
            _ => proper_shape(rewrite, id).iter().product::<usize>(),
        };
        Order { pair: if early { 0 } else { shape.product() }, rest: weight(rest.id) }
    }
}
