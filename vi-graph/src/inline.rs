//! One graph as part of another.

use crate::ir::{Graph, Id, Node, Op};

impl Graph {
    /// Appends the nodes of `other`, whose inputs are the nodes `inputs` of this graph, and returns where its outputs are.
    ///
    /// Streams of noise keep their names; inputs beyond `inputs` are inputs of this graph, after those that it has.
    pub fn inline(&mut self, other: &Graph, inputs: &[Id]) -> Vec<Id> {
        let mut place: Vec<Id> = Vec::with_capacity(other.nodes.len());
        let first = self.inputs.len();
        self.inputs.extend(other.inputs.iter().skip(inputs.len()).cloned());
        for Node { op, args, shape, ty } in &other.nodes {
            let args: Vec<Id> = args.iter().map(|arg| place[arg.index()]).collect();
            place.push(match op {
                Op::Input(input) => match inputs.get(*input) {
                    Some(id) => *id,
                    None => self.push(Op::Input(first + input - inputs.len()), [], shape.clone(), *ty),
                },
                op => self.push(op.clone(), args, shape.clone(), *ty),
            });
        }
        other.outputs.iter().map(|output| place[output.index()]).collect()
    }
}
