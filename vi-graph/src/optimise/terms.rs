//! Sums of many terms: what they have in common is taken out.

use super::expand::proper_shape;
use super::rewrite::Rewrite;
use super::stage::Stage;
use crate::ir::{Binary, Id, Node, Op, Reduce, Type, Unary};

/// Longer sums are left as they are.
const MOST: usize = 24;

/// `c a + … + c b` as `… + c (a + b)`, and `Σ a + … + Σ b` as `… + Σ (a + b)`.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    let (Op::Binary(f @ (Binary::Add | Binary::Sub)), &[x, y], Type::Float) = (&node.op, &node.args[..], node.ty) else { return None };
    let mut terms = Vec::new();
    collect(rewrite, x, 1.0, &mut terms);
    collect(rewrite, y, if *f == Binary::Sub { -1.0 } else { 1.0 }, &mut terms);
    if terms.len() > MOST {
        return None;
    }
    for i in 1..terms.len() {
        for j in 0..i {
            if let Some(joined) = join(rewrite, terms[j], terms[i]) {
                terms[j] = joined;
                terms.remove(i);
                return total(rewrite, &terms);
            }
        }
    }
    None
}

/// `factor x`
#[derive(Clone, Copy)]
struct Term {
    factor: f64,
    x: Id,
}

/// The terms of `sign id`, opening sums and factors that nothing else needs.
fn collect(rewrite: &Rewrite, id: Id, sign: f64, terms: &mut Vec<Term>) {
    let node = rewrite.node(id);
    if rewrite.is_single(id) && terms.len() <= MOST {
        match (&node.op, &node.args[..]) {
            (Op::Binary(Binary::Add), &[x, y]) => {
                collect(rewrite, x, sign, terms);
                return collect(rewrite, y, sign, terms);
            }
            (Op::Binary(Binary::Sub), &[x, y]) => {
                collect(rewrite, x, sign, terms);
                return collect(rewrite, y, -sign, terms);
            }
            (Op::Unary(Unary::Neg), &[x]) => return collect(rewrite, x, -sign, terms),
            (Op::Binary(Binary::Mul), &[x, c]) => {
                if let Some(c) = rewrite.float(c) {
                    return terms.push(Term { factor: sign * c, x });
                }
            }
            _ => {}
        }
    }
    terms.push(Term { factor: sign, x: id });
}

/// Two terms as one, where that is cheaper.
fn join(rewrite: &mut Rewrite, a: Term, b: Term) -> Option<Term> {
    if a.factor.abs() != b.factor.abs() || a.factor == 0.0 || !a.factor.is_finite() {
        return None;
    }
    let f = if a.factor == b.factor { Binary::Add } else { Binary::Sub };
    if let (Some((x, along)), Some((y, other))) = (sum(rewrite, a.x), sum(rewrite, b.x))
        && along == other
        && rewrite.shape(x) == rewrite.shape(y)
    {
        let both = rewrite.binary(f, x, y);
        return Some(Term { factor: a.factor, x: rewrite.reduce(Reduce::Sum, both, &along) });
    }
    // without a factor there is nothing to be taken out
    let is_same_kind = rewrite.stage(a.x) == rewrite.stage(b.x) && proper_shape(rewrite, a.x) == proper_shape(rewrite, b.x);
    (a.factor.abs() != 1.0 && is_same_kind).then(|| Term { factor: a.factor, x: rewrite.binary(f, a.x, b.x) })
}

/// What is summed in each step, all terms being different, and along which axes; only where nothing else needs the sum.
fn sum(rewrite: &Rewrite, id: Id) -> Option<(Id, Vec<usize>)> {
    let Op::Reduce(Reduce::Sum, axes) = rewrite.op(id) else { return None };
    let x = rewrite.arg(id);
    let is_whole = proper_shape(rewrite, x) == rewrite.shape(x);
    (rewrite.is_single(id) && rewrite.stage(x) == Stage::Step && is_whole).then(|| (x, axes.clone()))
}

fn total(rewrite: &mut Rewrite, terms: &[Term]) -> Option<Id> {
    let mut total: Option<Id> = None;
    // a term that is added first, so that the others can be subtracted from it
    let (added, subtracted): (Vec<&Term>, Vec<&Term>) = terms.iter().partition(|term| term.factor != -1.0);
    for term in added {
        let x = if term.factor == 1.0 { term.x } else { rewrite.scale(term.x, term.factor) };
        total = Some(total.map_or(x, |total| rewrite.add(total, x)));
    }
    for term in subtracted {
        total = Some(match total {
            Some(total) => rewrite.sub(total, term.x),
            None => rewrite.neg(term.x),
        });
    }
    total
}
