//! What the terms depend on: the rest of the recorded run, and the inputs that only it read, are left out.

use vi_graph::ir::{Node, Op};
use vi_graph::{Graph, Id};

use super::super::Source;

/// The graph without nodes that no output needs; parameters stay inputs, needed or not, since the run has read them.
pub(super) fn live(graph: Graph, sources: Vec<Source>) -> (Graph, Vec<Source>) {
    let mut needed = vec![false; graph.nodes.len()];
    for output in &graph.outputs {
        needed[output.index()] = true;
    }
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        let parameter = matches!(node.op, Op::Input(input) if matches!(sources[input], Source::Parameter(_)));
        needed[index] |= parameter;
        if needed[index] {
            node.args.iter().for_each(|operand| needed[operand.index()] = true);
        }
    }
    let mut kept = Graph::new(graph.precision);
    let mut kept_sources = Vec::new();
    let mut moved = vec![Id(0); graph.nodes.len()];
    for (index, node) in graph.nodes.into_iter().enumerate() {
        if !needed[index] {
            continue;
        }
        let Node { mut op, args, shape, ty } = node;
        if let Op::Input(input) = &mut op {
            kept.inputs.push(graph.inputs[*input].clone());
            kept_sources.push(sources[*input].clone());
            *input = kept_sources.len() - 1;
        }
        let args: Vec<Id> = args.into_iter().map(|operand| moved[operand.index()]).collect();
        moved[index] = kept.push(op, args, shape, ty);
    }
    kept.outputs = graph.outputs.iter().map(|output| moved[output.index()]).collect();
    (kept, kept_sources)
}
