//! Dead code.

use crate::ir::{Graph, Id, Node};

/// The graph without the nodes that no output needs; all inputs stay declared.
#[must_use]
pub fn without_dead_nodes(graph: &Graph) -> Graph {
    let mut live = vec![false; graph.nodes.len()];
    for &output in &graph.outputs {
        live[output.index()] = true;
    }
    for id in graph.ids().rev() {
        if live[id.index()] {
            for arg in &graph.node(id).args {
                live[arg.index()] = true;
            }
        }
    }
    let mut place = vec![Id(0); graph.nodes.len()];
    let mut nodes = Vec::with_capacity(graph.nodes.len());
    for id in graph.ids().filter(|id| live[id.index()]) {
        let node = graph.node(id);
        place[id.index()] = Id(nodes.len() as u32);
        nodes.push(Node { args: node.args.iter().map(|arg| place[arg.index()]).collect(), ..node.clone() });
    }
    let outputs = graph.outputs.iter().map(|output| place[output.index()]).collect();
    Graph { precision: graph.precision, nodes, inputs: graph.inputs.clone(), outputs }
}
