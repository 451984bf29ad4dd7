//! Passes that make a graph cheaper and leave its outputs as they are.
//!
//! One pass is a linear rebuild: every node is added to a new graph by way of the rules of `RULES`, each of which may
//! put something cheaper in its place, and equal nodes are one; then what no output needs is left out. Passes follow one
//! another until nothing changes.
//!
//! Rules keep the value for finite operands up to rounding: they may turn an overflow into the finite value that it stands
//! for, and ignore the sign of zero. Factors are reordered, so two factors beyond the square root of the range may meet
//! that did not; terms are not, except where they are totals of sums, because a difference may be written for its exactness.

mod arithmetic;
mod bounds;
mod dead;
mod expand;
mod fold;
mod intern;
mod linear;
mod logic;
mod pattern;
mod product;
mod reduce;
mod rewrite;
mod shape;
mod stage;
mod terms;
mod triangle;

pub use dead::without_dead_nodes;
pub use stage::{Stage, stages};

use crate::ir::{Graph, Id};
use rewrite::{Rewrite, Rule};

/// More passes than any graph of the models at hand takes; rules that undo one another would otherwise not end.
const PASSES: usize = 12;

/// In the order in which they are tried on a node.
const RULES: &[Rule] = &[
    fold::rule,
    logic::rule,
    triangle::rule,
    shape::rule,
    pattern::rule,
    arithmetic::rule,
    expand::rule,
    reduce::rule,
    linear::rule,
    product::rule,
    terms::rule,
];

/// All passes, until nothing changes.
#[must_use]
pub fn optimise(graph: &Graph) -> Graph {
    // Rules that move work look at how often a node is used, so equal nodes must be one before.
    let mut graph = share(graph);
    for _ in 0..PASSES {
        let next = pass(&graph, RULES);
        if intern::same_graph(&next, &graph) {
            break;
        }
        graph = next;
    }
    graph
}

/// Makes equal nodes one and leaves out dead ones.
#[must_use]
pub fn share(graph: &Graph) -> Graph {
    pass(graph, &[])
}

/// For each node the first one that computes the same.
pub(crate) fn representatives(graph: &Graph) -> Vec<Id> {
    intern::representatives(graph)
}

fn pass(graph: &Graph, rules: &'static [Rule]) -> Graph {
    let next = without_dead_nodes(&Rewrite::of(graph, rules));
    debug_assert_eq!(crate::verify::verify(&next), Ok(()), "after a pass over\n{graph}");
    next
}
