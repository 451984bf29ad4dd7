//! Functions of three floats.

use super::{Tape, unsupported};
use crate::error::Result;
use crate::ir::{Binary, Graph, Id, Ternary, Unary};

/// Hands the cotangent `g` of `out = f(a, b, x)` on.
pub(super) fn rule(tape: &mut Tape, f: Ternary, [a, b, x]: [Id; 3], out: Id, g: Id) -> Result<()> {
    match f {
        Ternary::BetaInc => {
            for (operand, slope) in [(a, Ternary::BetaIncInA), (b, Ternary::BetaIncInB), (x, Ternary::BetaDensity)] {
                tape.give(operand, |graph| {
                    let slope = graph.ternary(slope, a, b, x);
                    graph.mul(g, slope)
                });
            }
        }
        Ternary::BetaDensity => {
            // p (ln x − ψ(a) + ψ(a + b)), p (ln(1 − x) − ψ(b) + ψ(a + b)), p ((a − 1)/x − (b − 1)/(1 − x)).
            let cotangent = tape.graph.mul(g, out);
            tape.give(a, |graph| {
                let slope = score_in_a(graph, a, b, x);
                graph.mul(cotangent, slope)
            });
            tape.give(b, |graph| {
                let slope = score_in_b(graph, a, b, x);
                graph.mul(cotangent, slope)
            });
            tape.give(x, |graph| {
                let one = graph.full_like(1.0, x);
                let rest = graph.sub(one, x);
                let (left, right) = (graph.sub(a, one), graph.sub(b, one));
                let (left, right) = (graph.div(left, x), graph.div(right, rest));
                let slope = graph.sub(left, right);
                graph.mul(cotangent, slope)
            });
        }
        Ternary::BetaIncInA | Ternary::BetaIncInB => {
            if tape.wants(a) || tape.wants(b) {
                return Err(unsupported(
                    f.name(),
                    "the second derivatives of the incomplete beta function in its parameters have no operation",
                ));
            }
            // ∂²I/∂a∂x and ∂²I/∂b∂x, the derivatives of the density.
            tape.give(x, |graph| {
                let slope = if f == Ternary::BetaIncInA { score_in_a(graph, a, b, x) } else { score_in_b(graph, a, b, x) };
                let density = graph.ternary(Ternary::BetaDensity, a, b, x);
                let product = graph.mul(density, slope);
                graph.mul(g, product)
            });
        }
    }
    Ok(())
}

/// `ln x − (ψ(a) − ψ(a + b))`
fn score_in_a(graph: &mut Graph, a: Id, b: Id, x: Id) -> Id {
    let (log, mean) = (graph.unary(Unary::Log, x), graph.binary(Binary::DigammaDifference, a, b));
    graph.sub(log, mean)
}

/// `ln(1 − x) − (ψ(b) − ψ(a + b))`
fn score_in_b(graph: &mut Graph, a: Id, b: Id, x: Id) -> Id {
    let opposite = graph.neg(x);
    let (log, mean) = (graph.unary(Unary::Log1p, opposite), graph.binary(Binary::DigammaDifference, b, a));
    graph.sub(log, mean)
}
