//! When a node's value can change, and so how often it must be computed.

use crate::ir::{Graph, Node, Op, Role};

/// The earliest moment at which a value is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Depends on constants only.
    Constant,
    /// Depends on data, too: once for each binding.
    Data,
    /// Depends on parameters, noise or the step's indices: in every step.
    Step,
}

/// The stage of each node.
#[must_use]
pub fn stages(graph: &Graph) -> Vec<Stage> {
    let mut stages = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        stages.push(stage(graph, node, &stages));
    }
    stages
}

/// The stage of `node`, whose operands have the stages `known`.
pub(super) fn stage(graph: &Graph, node: &Node, known: &[Stage]) -> Stage {
    match node.op {
        Op::Input(input) => match graph.inputs[input].role {
            Role::Data => Stage::Data,
            Role::Parameter | Role::Noise(..) | Role::Step => Stage::Step,
        },
        Op::LogGamma { .. } => Stage::Step,
        _ => node.args.iter().map(|arg| known[arg.index()]).max().unwrap_or(Stage::Constant),
    }
}
