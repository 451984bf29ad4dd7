//! The order of sums and products: what is known before the step, and what has few elements, is combined first and meets
//! the rest last.

use super::expand::proper_shape;
use super::rewrite::Rewrite;
use super::stage::Stage;
use crate::ir::{Binary, Id, Node, Op, Type, Unary};

/// Three terms `a ± b ± c`, or three factors, of which another pair is cheaper to combine first.
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
        let now = Order::of(rewrite, a, b, c);
        let (other, pair, rest) = [(Order::of(rewrite, a, c, b), (a, c), b), (Order::of(rewrite, b, c, a), (b, c), a)]
            .into_iter()
            .min_by(|(p, ..), (q, ..)| p.cmp(q))?;
        // a − a is not 0 for what is not finite, and what it is left of may have a rule of its own
        if other < now && pair.0.id != pair.1.id {
            let first = group.combine(rewrite, pair.0, pair.1);
            let all = group.combine(rewrite, rest, first);
            return Some(if all.inverse { group.inverted(rewrite, all.id) } else { all.id });
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

#[derive(Clone, Copy)]
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
    fn of(rewrite: &Rewrite, a: Term, b: Term, rest: Term) -> Self {
        let shape = proper_shape(rewrite, a.id).into_iter().zip(proper_shape(rewrite, b.id)).map(|(a, b)| if a == 1 { b } else { a });
        let early = [a, b].iter().all(|term| rewrite.stage(term.id) < Stage::Step);
        let weight = |id: Id| match rewrite.stage(id) {
            Stage::Step => proper_shape(rewrite, id).iter().product::<usize>(),
            Stage::Constant | Stage::Data => 0,
        };
        Order { pair: if early { 0 } else { shape.product() }, rest: weight(rest.id) }
    }
}
