//! Totals: the terms of a sum of which some are sums themselves, as those of an ELBO. What terms have in common is taken out.

use super::expand::proper_shape;
use super::rewrite::Rewrite;
use super::stage::Stage;
use crate::ir::{Binary, Id, Node, Op, Reduce, Type, Unary};

/// The most terms that are compared with one another, and how far down they are looked for.
const MOST: usize = 24;

/// `c a + … + c b` as `… + c (a + b)`, `Σ a + … + Σ b` as `… + Σ (a + b)`, and what is known before the step as one term;
/// in a sum of totals, what is the same for all of them apart.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    if node.ty != Type::Float {
        return None;
    }
    match (&node.op, &node.args[..]) {
        (Op::Binary(f @ (Binary::Add | Binary::Sub)), &[x, y]) if rewrite.is_total(x) || rewrite.is_total(y) => {
            let mut terms = Vec::new();
            collect(rewrite, x, 1.0, 0, &mut terms);
            collect(rewrite, y, if *f == Binary::Sub { -1.0 } else { 1.0 }, 0, &mut terms);
            joined(rewrite, terms)
        }
        (Op::Reduce(Reduce::Sum, axes), &[x]) if rewrite.is_total(x) && rewrite.is_single(x) => parted(rewrite, axes, x),
        _ => None,
    }
}

/// Whether `node` is a sum or made of sums, `totals` being known of its operands.
pub(super) fn is_total(node: &Node, totals: &[bool]) -> bool {
    match node.op {
        Op::Reduce(Reduce::Sum, _) => true,
        Op::Unary(Unary::Neg) | Op::Binary(Binary::Add | Binary::Sub | Binary::Mul) | Op::Reshape => {
            node.args.iter().any(|arg| totals[arg.index()])
        }
        _ => false,
    }
}

/// `Σ (a + E)` as `Σ a + n E`.
fn parted(rewrite: &mut Rewrite, axes: &[usize], x: Id) -> Option<Id> {
    let mut terms = Vec::new();
    collect(rewrite, x, 1.0, 0, &mut terms);
    let is_apart = |term: &Term| {
        let proper = proper_shape(rewrite, term.x);
        rewrite.stage(term.x) < Stage::Step || proper != rewrite.shape(term.x)
    };
    let (apart, rest): (Vec<Term>, Vec<Term>) = terms.iter().partition(|term| is_apart(term));
    if apart.is_empty() || terms.len() > MOST {
        return None;
    }
    let rest = total(rewrite, &rest);
    let rest = rest.map(|rest| Term { factor: 1.0, x: rewrite.reduce(Reduce::Sum, rest, axes) });
    let mut sums: Vec<Term> = rest.into_iter().collect();
    for term in apart {
        sums.push(Term { x: rewrite.reduce(Reduce::Sum, term.x, axes), ..term });
    }
    total(rewrite, &sums)
}

fn joined(rewrite: &mut Rewrite, mut terms: Vec<Term>) -> Option<Id> {
    if terms.len() > MOST {
        return None;
    }
    // All joins before the total is built: each addition of a total is looked at in the same way.
    let before = terms.len();
    let mut i = 1;
    while i < terms.len() {
        match (0..i).find_map(|j| Some((j, join(rewrite, terms[j], terms[i])?))) {
            Some((j, joined)) => {
                terms[j] = joined;
                terms.remove(i);
                i = j.max(1);
            }
            None => i += 1,
        }
    }
    if terms.len() == before { None } else { total(rewrite, &terms) }
}

/// `factor x`
#[derive(Clone, Copy)]
struct Term {
    factor: f64,
    x: Id,
}

/// The terms of `sign id`, opening sums and factors that nothing else needs.
fn collect(rewrite: &mut Rewrite, id: Id, sign: f64, depth: usize, terms: &mut Vec<Term>) {
    let node = rewrite.node(id);
    if rewrite.is_single(id) && depth < MOST {
        match (&node.op, &node.args[..]) {
            (Op::Binary(f @ (Binary::Add | Binary::Sub)), &[x, y]) => {
                let sign_of_y = if *f == Binary::Sub { -sign } else { sign };
                collect(rewrite, x, sign, depth + 1, terms);
                return collect(rewrite, y, sign_of_y, depth + 1, terms);
            }
            (Op::Unary(Unary::Neg), &[x]) => return collect(rewrite, x, -sign, depth + 1, terms),
            (Op::Binary(Binary::Mul), &[x, c]) => {
                if let Some(c) = rewrite.float(c) {
                    return terms.push(Term { factor: sign * c, x });
                }
            }
            (Op::Reshape, &[x]) => {
                let shape = node.shape.clone();
                if let Some((x, c)) = rewrite.binary_of(Binary::Mul, x)
                    && let Some(c) = rewrite.float(c)
                {
                    let x = rewrite.reshape(x, shape);
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
    let early = |id: Id| rewrite.stage(id) < Stage::Step;
    let is_same_kind = rewrite.stage(a.x) == rewrite.stage(b.x) && proper_shape(rewrite, a.x) == proper_shape(rewrite, b.x);
    let is_cheaper = (early(a.x) && early(b.x)) || (a.factor.abs() != 1.0 && is_same_kind);
    is_cheaper.then(|| Term { factor: a.factor, x: rewrite.binary(f, a.x, b.x) })
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
