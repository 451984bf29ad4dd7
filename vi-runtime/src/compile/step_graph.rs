//! From the terms of one draw to the graph of a whole step: particles, gradients, and what never changes taken out.

use vi_graph::ir::{Op, Role, Unary};
use vi_graph::{Graph, Id, Type, batch, diff, optimise};

use super::{ElboGraph, Refusal, Source, capture, import};
use crate::objective::{Objective, TermKind};
use crate::operand::Placement;

/// One step: the outputs are the estimate of the bound, then the gradient of the loss for each moved parameter.
#[derive(Clone, Debug)]
pub struct StepGraph {
    /// Its inputs begin with the moved parameters, in the order of their gradients.
    pub graph: Graph,
    /// What each input is filled with.
    pub sources: Vec<Source>,
    /// How many parameters have a gradient; the first inputs.
    pub moved: usize,
    /// How many draws it makes; more than one are the first dimension of the noise.
    pub particles: usize,
}

/// The graph of a step of `objective` with `particles` estimates; `seen` is shown the graph after each pass.
///
/// # Errors
/// An operation that cannot be batched or differentiated, or programs without a density.
pub fn step_graph(
    terms: ElboGraph,
    particles: usize,
    objective: &dyn Objective,
    placement: &Placement,
    seen: &mut dyn FnMut(&'static str, &Graph),
) -> Result<StepGraph, Refusal> {
    let ElboGraph { mut graph, mut sources, parts, .. } = terms;
    let refused = |error: vi_graph::Error| Refusal::new(error.to_string());
    graph.outputs = parts.iter().map(|(_, output)| graph.outputs[*output]).collect();
    let size = |graph: &Graph, id: Id| graph.node(id).shape.iter().product::<usize>();
    let shown: Vec<(TermKind, usize)> =
        parts.into_iter().zip(&graph.outputs).map(|((kind, _), output)| (kind, size(&graph, *output))).collect();
    let connected = connected(&graph);
    seen("imported", &optimise::without_dead_nodes(&graph));
    // What data alone decides, and what cancels, is smaller before it is batched and differentiated.
    graph = optimise::optimise(&graph);
    seen("simplified", &graph);
    let lanes = particles * objective.samples();
    let mut batched = vec![false; shown.len()];
    if lanes > 1 {
        let result = batch::batch(&graph, lanes).map_err(refused)?;
        (graph, batched) = (result.graph, result.batched);
    }
    let mut inputs = Vec::with_capacity(shown.len() + 1);
    for ((_, elements), (output, batched)) in shown.iter().zip(graph.outputs.clone().into_iter().zip(batched)) {
        let rows = graph.reshape(output, [if batched { lanes } else { 1 }, *elements]);
        inputs.push(graph.broadcast(rows, [lanes, *elements]));
    }
    if objective.kl_weight(0).is_some() {
        let input = Source::KlWeight.input();
        inputs.push(graph.input(input.name, input.role, [1], Type::Float));
        sources.push(Source::KlWeight);
    }
    let objective = import::import_function(capture::capture_objective(placement, objective, &shown, particles)?)?;
    let estimate = graph.inline(&objective, &inputs);
    let [bound, loss] = estimate[..] else { return Err(Refusal::new("the objective was not computed on the capture device")) };
    graph.outputs = vec![bound, loss];
    if lanes > 1 {
        seen("batched", &graph);
    }
    graph = optimise::optimise(&graph);
    let parameters: Vec<(usize, Id)> = graph
        .ids()
        .filter_map(|id| match graph.node(id).op {
            Op::Input(input) if graph.inputs[input].role == Role::Parameter => Some((input, id)),
            _ => None,
        })
        .collect();
    let [bound, loss] = [graph.outputs[0], graph.outputs[1]];
    graph.outputs = vec![bound];
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
    Ok(StepGraph { graph, sources, moved: inputs.len(), particles: lanes })
}

/// The inputs that are parameters and from which a chain of floats leads to an output, with their shapes.
fn connected(graph: &Graph) -> Vec<(usize, Vec<usize>)> {
    let mut reached = vec![false; graph.nodes.len()];
    graph.outputs.iter().for_each(|output| reached[output.index()] = true);
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
pub(super) fn attach(graph: &mut Graph) {
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
