//! Running sums, products and extrema.

use super::reduce::along;
use super::unsupported;
use crate::error::Result;
use crate::ir::{Compare, Data, Graph, Id, Logic, Precision, Scan, Type};

/// What runs, along which axis, and whether from its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) scan: Scan,
    pub(super) axis: usize,
    pub(super) reverse: bool,
}

impl Run {
    fn forward(self, graph: &mut Graph, scan: Scan, x: Id) -> Id {
        graph.scan(scan, x, self.axis, self.reverse)
    }

    /// The adjoint of the running sum: the sum of what comes later.
    fn later(self, graph: &mut Graph, x: Id) -> Id {
        graph.scan(Scan::Sum, x, self.axis, !self.reverse)
    }
}

/// The cotangent of `x` for the cotangent `g` of `out`, the scan of `x`.
pub(super) fn rule(graph: &mut Graph, run: Run, x: Id, out: Id, g: Id) -> Result<Id> {
    match run.scan {
        Scan::Sum => Ok(run.later(graph, g)),
        Scan::Prod => Ok(product(graph, run, x, out, g)),
        Scan::Max | Scan::Min => extremum(graph, run, x, out, g),
    }
}

/// `Σ_{j ≥ i} g_j Π_{k ≤ j, k ≠ i} x_k`, split at the first zero of a line.
///
/// Before it the sum is `Σ_{j ≥ i} g_j out_j` over `x_i`. At it, the products are those with that zero replaced by 1.
/// After it, each holds that zero.
fn product(graph: &mut Graph, run: Run, x: Id, out: Id, g: Id) -> Id {
    let [zero, one, half, more] = [0.0, 1.0, 0.5, 1.5].map(|value| graph.full_like(value, x));
    let is_zero = graph.compare(Compare::Equal, x, zero);
    let counted = graph.cast(is_zero, Type::Float);
    let zeros_seen = run.forward(graph, Scan::Sum, counted);
    let before = graph.compare(Compare::Less, zeros_seen, half);
    let at_most_first = graph.compare(Compare::Less, zeros_seen, more);
    let at_first = graph.logic(Logic::And, is_zero, at_most_first);

    let terms = graph.mul(g, out);
    let sum = run.later(graph, terms);
    // The quotients from the zero on are not used, but a derivative would pass through 0/0.
    let divisor = graph.select(before, x, one);
    let quotient = graph.div(sum, divisor);

    let replaced = graph.select(at_first, one, x);
    let others = run.forward(graph, Scan::Prod, replaced);
    let terms = graph.mul(g, others);
    let without_first = run.later(graph, terms);

    let from_first = graph.select(at_first, without_first, zero);
    graph.select(before, quotient, from_first)
}

/// Each cotangent goes to the most recent element that equals the running extremum.
fn extremum(graph: &mut Graph, run: Run, x: Id, out: Id, g: Id) -> Result<Id> {
    let shape = graph.shape(x).to_vec();
    let len = shape[run.axis];
    // Positions run through a scan of floats, since none of integers takes a maximum.
    if graph.precision == Precision::F32 && len > 1 << f32::MANTISSA_DIGITS {
        return Err(unsupported(run.scan.name(), "the axis has more positions than 32-bit floats count"));
    }
    let positions = along(graph, Data::Float((0..len).map(|i| i as f64).collect()), run.axis, &shape);
    let last = graph.full(len.saturating_sub(1) as f64, shape.clone());
    let order = if run.reverse { graph.sub(last, positions) } else { positions };
    let is_source = graph.compare(Compare::Equal, x, out);
    let zero = graph.full_like(0.0, x);
    let own = graph.select(is_source, order, zero);
    let source = run.forward(graph, Scan::Max, own);
    let source = if run.reverse { graph.sub(last, source) } else { source };
    let index = graph.cast(source, Type::Int);
    Ok(graph.scatter_add(index, run.axis, g, shape))
}
