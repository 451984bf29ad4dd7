//! Symbolic reverse-mode differentiation.
//!
//! Each operation has one rule, which adds nodes that compute its vector–Jacobian product. The result is an ordinary
//! graph, so that it can be differentiated again.
//!
//! Where a function has no derivative, or several, a rule takes the value that Burn's autodiff takes:
//!
//! - `abs` has slope 0 at 0.
//! - [`Max`](Binary::Max) and [`Min`](Binary::Min) of two pass everything to the selected operand, in a tie to the
//!   first. A ReLU is `max(0, x)` in this order: its slope at 0 is 0, while a clamp `max(x, c)` has slope 1 at `c`.
//! - [`Reduce::Max`](crate::ir::Reduce::Max) and `Min` pass everything to the first selected element in row-major order.
//! - [`Scan::Max`](crate::ir::Scan::Max) and `Min` pass everything to the most recent selected element.
//! - [`Op::Where`] blocks the branch that is not taken: its cotangent is 0, not a product with 0. As everywhere in
//!   reverse mode, a branch whose own slope is infinite still turns that 0 into NaN further up; clamp its operand.
//! - [`Cholesky`](Op::Cholesky) reads the lower triangle only, but its cotangent is shared evenly by both triangles: that
//!   is right where the operand is symmetric whatever the parameters are.
//!
//! It differs from Burn on purpose where the formula there yields NaN from `0 · ∞` although the derivative exists:
//!
//! - [`Pow`](Binary::Pow) at `x = 0`: slope 0 in `x` for `y = 0`, and slope 0 in `y` for `y ≥ 0`. A constant exponent
//!   has no derivative in `y` at all.
//! - [`Reduce::Prod`](crate::ir::Reduce::Prod) with an infinite element keeps the products of the others.
//!
//! Second derivatives come from the rules of the rules. At a zero of a [`Scan::Prod`](crate::ir::Scan::Prod), that in an
//! element after it and then in the zero is 0, which need not be so.

mod accumulate;
mod binary;
mod linalg;
mod movement;
mod reduce;
mod scan;
mod ternary;
mod unary;

use crate::error::{Error, Result};
use crate::ir::{Binary, Graph, Id, Node, Op, Scalar, Type, Unary};

/// Adds to `graph` the derivative of the one-element node `of` with respect to each of `wrt`; absent where `of` does not
/// depend on it differentiably.
///
/// Derivatives are total: of two nodes in `wrt`, one may depend on the other.
///
/// ```
/// use vi_graph::diff::gradient;
/// use vi_graph::interpret::interpret;
/// use vi_graph::ir::{Data, Role, Unary};
/// use vi_graph::{Graph, Key, Precision, Type};
///
/// # fn main() -> vi_graph::Result<()> {
/// let mut graph = Graph::new(Precision::F64);
/// let x = graph.input("x", Role::Parameter, [3], Type::Float);
/// let squares = graph.unary(Unary::Square, x);
/// let total = graph.sum_all(squares);
/// graph.outputs = gradient(&mut graph, total, &[x])?.into_iter().flatten().collect();
///
/// let slopes = interpret(&graph, &[Data::Float(vec![1.0, -2.0, 0.5])], Key::new(0))?;
/// assert_eq!(slopes, [Data::Float(vec![2.0, -4.0, 1.0])]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Invalid`] where `of` is not one float; [`Error::Unsupported`] for an operation without a rule between `wrt`
/// and `of`.
pub fn gradient(graph: &mut Graph, of: Id, wrt: &[Id]) -> Result<Vec<Option<Id>>> {
    let node = graph.node(of);
    if node.ty != Type::Float || node.len() != 1 {
        return Err(Error::Invalid {
            node: of.0,
            op: node.op.name().to_owned(),
            problem: format!("a derivative is of one float, not of {:?} {:?}", node.shape, node.ty),
        });
    }
    let seed_shape = node.shape.clone();
    let active = active(graph, of, wrt);
    let mut cotangents = vec![None; active.len()];
    let mut tape = Tape { contributions: vec![Vec::new(); active.len()], active, graph };
    tape.give(of, |graph| graph.full(1.0, seed_shape));
    for index in (0..=of.index()).rev() {
        let contributions = std::mem::take(&mut tape.contributions[index]);
        if let Some(cotangent) = accumulate::total(tape.graph, &contributions) {
            cotangents[index] = Some(cotangent);
            propagate(&mut tape, Id(index as u32), cotangent)?;
        }
    }
    Ok(wrt.iter().map(|id| cotangents.get(id.index()).copied().flatten()).collect())
}

/// Which nodes up to `of` depend differentiably on `wrt`.
fn active(graph: &Graph, of: Id, wrt: &[Id]) -> Vec<bool> {
    let mut active = vec![false; of.index() + 1];
    for id in wrt.iter().filter(|id| id.index() <= of.index()) {
        active[id.index()] = graph.ty(*id) == Type::Float;
    }
    for (index, node) in graph.nodes[..=of.index()].iter().enumerate() {
        let depends = node.ty == Type::Float && !is_flat(&node.op) && node.args.iter().any(|arg| active[arg.index()]);
        active[index] |= depends;
    }
    active
}

/// Whether the operation is constant between its jumps, or is taken for a constant.
fn is_flat(op: &Op) -> bool {
    matches!(op, Op::Unary(Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round | Unary::Trunc | Unary::Detach))
}

/// The graph under differentiation, and for each node what its users contribute to its cotangent.
struct Tape<'g> {
    graph: &'g mut Graph,
    active: Vec<bool>,
    contributions: Vec<Vec<Id>>,
}

impl Tape<'_> {
    /// Whether a cotangent of `to` is of use.
    fn wants(&self, to: Id) -> bool {
        self.active[to.index()]
    }

    /// Contributes to the cotangent of `to`, where that is of use.
    fn give(&mut self, to: Id, contribution: impl FnOnce(&mut Graph) -> Id) {
        if self.wants(to) {
            let contribution = contribution(self.graph);
            self.contributions[to.index()].push(contribution);
        }
    }
}

/// Hands the cotangent `g` of the node `out` on to its operands.
fn propagate(tape: &mut Tape, out: Id, g: Id) -> Result<()> {
    let Node { op, args, .. } = tape.graph.node(out).clone();
    if is_flat(&op) || !args.iter().any(|&arg| tape.wants(arg)) {
        return Ok(());
    }
    match (op, args.as_slice()) {
        (Op::Unary(f), &[x]) => {
            let cotangent = unary::rule(tape.graph, f, x, out, g)?;
            tape.give(x, |_| cotangent);
        }
        (Op::Binary(f), &[x, y]) => binary::rule(tape, f, (x, y), out, g)?,
        (Op::Ternary(f), &[a, b, x]) => ternary::rule(tape, f, [a, b, x], out, g)?,
        (Op::Where, &[condition, a, b]) => {
            let zero = tape.graph.full_like(0.0, g);
            tape.give(a, |graph| graph.select(condition, g, zero));
            tape.give(b, |graph| graph.select(condition, zero, g));
        }
        (Op::Reduce(f, axes), &[x]) => {
            let cotangent = reduce::rule(tape.graph, f, &axes, x, out, g)?;
            tape.give(x, |_| cotangent);
        }
        (Op::Scan { scan, axis, reverse }, &[x]) => {
            let cotangent = scan::rule(tape.graph, scan::Run { scan, axis, reverse }, x, out, g)?;
            tape.give(x, |_| cotangent);
        }
        (Op::MatMul { transpose_a, transpose_b }, &[a, b]) => linalg::matmul(tape, (a, transpose_a), (b, transpose_b), g),
        (Op::Cholesky, &[a]) => tape.give(a, |graph| linalg::cholesky(graph, out, g)),
        (Op::LowerTriangle, &[below, diagonal]) => {
            tape.give(below, |graph| graph.below_diagonal(g));
            tape.give(diagonal, |graph| graph.diagonal(g));
        }
        (Op::BelowDiagonal, &[x]) => tape.give(x, |graph| {
            let mut shape = graph.shape(x).to_vec();
            shape.pop();
            let nothing = graph.push(Op::Full(Scalar::Float(0.0)), [], shape, Type::Float);
            graph.lower_triangle(g, nothing)
        }),
        (Op::SolveLower { transpose }, &[l, b]) => linalg::solve_lower(tape, l, b, transpose, out, g),
        (Op::LogGamma { .. }, &[concentration]) => tape.give(concentration, |graph| {
            let slope = graph.binary(Binary::GammaLogDerivative, concentration, out);
            graph.mul(g, slope)
        }),
        (op, args) => movement::rule(tape, &op, args, g),
    }
    Ok(())
}

fn unsupported(op: &str, problem: &str) -> Error {
    Error::Unsupported { pass: "differentiation", op: op.to_owned(), problem: problem.to_owned() }
}

/// The one value of all elements of `x`, where the graph says that there is one.
fn splat(graph: &Graph, x: Id) -> Option<f64> {
    let node = graph.node(x);
    match (&node.op, node.args.as_slice()) {
        (Op::Full(Scalar::Float(value)), _) => Some(*value),
        (Op::Expand | Op::Reshape | Op::Permute(_), &[x]) => splat(graph, x),
        _ => None,
    }
}
