//! From the terms of one draw to the graph of a whole step: particles, gradients, and what never changes taken out.

use vi_graph::ir::{Op, Role, Unary};
use vi_graph::{Graph, Id, Type, batch, diff, optimise};

use super::{ElboGraph, Refusal, Source};

/// One step: the outputs are the estimate of the ELBO, then the gradient of the loss −ELBO for each moved parameter.
#[derive(Clone, Debug)]
pub struct StepGraph {
    /// Its inputs begin with the moved parameters, in the order of their gradients.
    pub graph: Graph,
    /// What each input is filled with.
    pub sources: Vec<Source>,
    /// How many parameters have a gradient; the first inputs.
    pub moved: usize,
    /// Over how many draws it averages; more than one are the first dimension of the noise.
    pub particles: usize,
}

/// The graph of a step that averages over `particles` draws; `seen` is shown the graph after each pass.
///
/// # Errors
/// An operation that cannot be batched or differentiated, or programs without a density.
pub fn step_graph(terms: ElboGraph, particles: usize, seen: &mut dyn FnMut(&'static str, &Graph)) -> Result<StepGraph, Refusal> {
    let ElboGraph { mut graph, sources, reconstruction, prior, guide } = terms;
    let refused = |error: vi_graph::Error| Refusal::new(error.to_string());
    let term = |graph: &mut Graph, output: Option<usize>| output.map(|i| graph.outputs[i]).map(|id| graph.reshape(id, [1]));
    let (reconstruction, prior, guide) = (term(&mut graph, reconstruction), term(&mut graph, prior), term(&mut graph, guide));
    let joint = match (reconstruction, prior) {
        (Some(a), Some(b)) => Some(graph.add(a, b)),
        (a, b) => a.or(b),
    };
    let elbo = match (joint, guide) {
        (Some(joint), Some(guide)) => graph.sub(joint, guide),
        (Some(joint), None) => joint,
        (None, Some(guide)) => graph.neg(guide),
        (None, None) => return Err(Refusal::new("neither program has a site with a density")),
    };
    graph.outputs = vec![elbo];
    let connected = connected(&graph, elbo);
    seen("imported", &optimise::without_dead_nodes(&graph));
    // What data alone decides, and what cancels, is smaller before it is batched and differentiated.
    graph = optimise::optimise(&graph);
    seen("simplified", &graph);
    if particles > 1 {
        let batched = batch::batch(&graph, particles).map_err(refused)?;
        graph = batched.graph;
        if batched.batched[0] {
            let sum = graph.sum(graph.outputs[0], &[0]);
            let sum = graph.reshape(sum, [1]);
            let mean = graph.mul_scalar(sum, 1.0 / particles as f64);
            graph.outputs = vec![mean];
        }
        seen("batched", &graph);
        graph = optimise::optimise(&graph);
    }
    let parameters: Vec<(usize, Id)> = graph
        .ids()
        .filter_map(|id| match graph.node(id).op {
            Op::Input(input) if graph.inputs[input].role == Role::Parameter => Some((input, id)),
            _ => None,
        })
        .collect();
    let elbo = graph.outputs[0];
    let loss = graph.neg(elbo);
    let wrt: Vec<Id> = parameters.iter().map(|(_, id)| *id).collect();
    let gradients = diff::gradient(&mut graph, loss, &wrt).map_err(refused)?;
    let mut moved: Vec<(usize, Id)> =
        parameters.iter().zip(gradients).filter_map(|((input, _), gradient)| Some((*input, gradient?))).collect();
    for (input, shape) in connected {
        if moved.iter().any(|(known, _)| *known == input) {
            continue;
        }
        // What reaches the ELBO through steps alone, or cancels there, has a gradient, which is zero.
        let known = parameters.iter().find(|(known, _)| *known == input).map(|(_, id)| *id);
        let parameter = known.unwrap_or_else(|| graph.push(Op::Input(input), [], shape, Type::Float));
        moved.push((input, graph.mul_scalar(parameter, 0.0)));
    }
    moved.sort_unstable();
    attach(&mut graph);
    graph.outputs.extend(moved.iter().map(|(_, gradient)| *gradient));
    let inputs: Vec<usize> = moved.iter().map(|(input, _)| *input).collect();
    let (graph, sources) = inputs_first(graph, sources, &inputs);
    seen("differentiated", &optimise::without_dead_nodes(&graph));
    let graph = optimise::optimise(&graph);
    seen("simplified again", &graph);
    Ok(StepGraph { graph, sources, moved: inputs.len(), particles })
}

/// The inputs that are parameters and from which a chain of floats leads to `elbo`, with their shapes.
fn connected(graph: &Graph, elbo: Id) -> Vec<(usize, Vec<usize>)> {
    let mut reached = vec![false; graph.nodes.len()];
    reached[elbo.index()] = true;
    let mut found = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        if !reached[index] || node.ty != Type::Float || node.op == Op::Unary(Unary::Detach) {
            continue;
        }
        node.args.iter().for_each(|arg| reached[arg.index()] = true);
        if let Op::Input(input) = node.op
            && graph.inputs[input].role == Role::Parameter
        {
            found.push((input, node.shape.clone()));
        }
    }
    found
}

/// Replaces every [`Unary::Detach`] by its operand: once gradients are taken it only keeps equal nodes apart.
fn attach(graph: &mut Graph) {
    let mut stands_for: Vec<Id> = graph.ids().collect();
    for (index, node) in graph.nodes.iter_mut().enumerate() {
        for arg in &mut node.args {
            *arg = stands_for[arg.index()];
        }
        if node.op == Op::Unary(Unary::Detach) {
            stands_for[index] = node.args[0];
        }
    }
}

/// Renumbers the inputs so that those in `first` come first.
fn inputs_first(mut graph: Graph, sources: Vec<Source>, first: &[usize]) -> (Graph, Vec<Source>) {
    let mut order: Vec<usize> = first.to_vec();
    order.extend((0..graph.inputs.len()).filter(|input| !first.contains(input)));
    let mut place = vec![0; order.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = new;
    }
    for node in &mut graph.nodes {
        if let Op::Input(input) = &mut node.op {
            *input = place[*input];
        }
    }
    graph.inputs = order.iter().map(|&old| graph.inputs[old].clone()).collect();
    let sources = order.iter().map(|&old| sources[old].clone()).collect();
    (graph, sources)
}
