//! The log density of a model at points of unconstrained space: values, gradients and products with the Hessian.

use vi_graph::cpu::{Executable, Options};
use vi_graph::ir::{NoiseKind, Op, Role, Stream, Unary};
use vi_graph::{Graph, Id, Key, Precision, Type, batch, diff, optimise};

use super::step_graph::attach;
use super::{ElboGraph, Refusal, Source};
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result};
use crate::program::ParamStore;

/// What a plan computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    /// The log density.
    Value,
    /// Its gradient as well.
    Gradient,
    /// In place of the gradient, the product of the Hessian with a direction.
    HessianProduct,
}

/// A log density at a fixed number of points, compiled for the processor; an evaluation allocates nothing.
#[derive(Debug)]
pub(crate) struct DensityPlan {
    executable: Executable,
    points: usize,
    blocks: Vec<Block>,
}

/// The coordinates of one latent site.
#[derive(Clone, Debug)]
struct Block {
    input: usize,
    /// The input for the direction.
    direction: Option<usize>,
    len: usize,
    /// Absent where the density does not depend on the site, or has slope 0 in it.
    output: Option<usize>,
}

fn refused(error: &vi_graph::Error) -> Refusal {
    Refusal::new(error.to_string())
}

fn internal(error: vi_graph::Error) -> Error {
    Error::Unsupported { what: "a compiled log density".into(), problem: error.to_string() }
}

impl DensityPlan {
    /// Compiles `terms`, whose guide's density is minus the logarithm of the Jacobian, for `points` points at a time.
    ///
    /// `blocks` are the parameters that hold the point, each with its number of elements. Everything else is bound here: the
    /// arguments of model and guide in the order of [`Source::Data`], and the other parameters, which stay as they are in
    /// `params`.
    ///
    /// # Errors
    /// [`Refusal`] for an operation that cannot be batched, differentiated or run, and for noise.
    pub(crate) fn compile(
        terms: &ElboGraph,
        blocks: &[(String, usize)],
        (points, wanted): (usize, Wanted),
        precision: Precision,
        arguments: &[AnyTensor],
        params: &ParamStore,
    ) -> Result<Self, super::Failure> {
        let mut graph = terms.graph.clone();
        graph.precision = precision;
        let name = |input: usize| match &terms.sources[input] {
            Source::Parameter(name) => Some(name.as_str()),
            _ => None,
        };
        let input_of = |block: &str| (0..terms.sources.len()).find(|&input| name(input) == Some(block));
        let inputs: Vec<Option<usize>> = blocks.iter().map(|(block, _)| input_of(block)).collect();
        for (input, source) in terms.sources.iter().enumerate() {
            match source {
                Source::Noise(stream, _) => {
                    return Err(Refusal::new(format!("the density is random: site `{}` draws noise", stream.site)).into());
                }
                Source::KlWeight => return Err(Refusal::new("the divergence has a weight").into()),
                Source::Units { plate, .. } => return Err(Refusal::new(format!("plate `{plate}` is subsampled")).into()),
                _ if inputs.contains(&Some(input)) => {}
                _ => graph.inputs[input].role = Role::Data,
            }
        }
        let value = difference(&mut graph, terms)?;
        graph.outputs = vec![value];
        let mut graph = optimise::optimise(&graph);
        if points > 1 {
            graph = for_each_point(graph, &inputs, points).map_err(|error| refused(&error))?;
        }
        let mut compiled: Vec<Block> = Vec::new();
        for ((_, len), input) in blocks.iter().zip(&inputs) {
            compiled.push(Block { input: input.unwrap_or(usize::MAX), direction: None, len: *len, output: None });
        }
        match wanted {
            Wanted::Value => {}
            Wanted::Gradient => differentiate(&mut graph, &mut compiled)?,
            Wanted::HessianProduct => {
                differentiate(&mut graph, &mut compiled)?;
                differentiate_along(&mut graph, &mut compiled)?;
            }
        }
        attach(&mut graph);
        let graph = optimise::optimise(&graph);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let options = Options { threads, ..Options::default() };
        let mut executable = Executable::compile(&graph, &options).map_err(|error| refused(&error))?;
        for (input, source) in terms.sources.iter().enumerate() {
            let tensor = match source {
                Source::Data(argument) => &arguments[*argument],
                Source::Parameter(name) if !inputs.contains(&Some(input)) => match params.entry(name) {
                    Some(entry) => &entry.unconstrained,
                    None => return Err(Error::Param { name: name.clone(), problem: "it has gone".into() }.into()),
                },
                _ => continue,
            };
            executable.set(input, &super::inputs::elements(tensor)?).map_err(internal)?;
        }
        executable.prologue();
        Ok(DensityPlan { executable, points, blocks: compiled })
    }

    /// How many points it computes at a time.
    pub(crate) fn points(&self) -> usize {
        self.points
    }

    /// Evaluates at `x`, `[points, dim]`; the results are one value a point in `values` and, unless only values are wanted,
    /// `[points, dim]` in `slopes`. A direction is needed for a product with the Hessian.
    ///
    /// # Errors
    /// Where the graph has other types than the plan.
    pub(crate) fn run(&mut self, x: &[f64], direction: Option<&[f64]>, values: &mut [f64], slopes: &mut [f64]) -> Result<()> {
        match self.executable.precision() {
            Precision::F32 => self.run_as::<f32>(x, direction, values, slopes),
            Precision::F64 => self.run_as::<f64>(x, direction, values, slopes),
        }
        .map_err(internal)
    }

    fn run_as<R: Number>(&mut self, x: &[f64], direction: Option<&[f64]>, values: &mut [f64], slopes: &mut [f64]) -> vi_graph::Result<()> {
        let dim: usize = self.blocks.iter().map(|block| block.len).sum();
        let mut start = 0;
        for block in &self.blocks {
            put::<R>(&mut self.executable, block.input, x, start, (dim, block.len))?;
            if let (Some(input), Some(direction)) = (block.direction, direction) {
                put::<R>(&mut self.executable, input, direction, start, (dim, block.len))?;
            }
            start += block.len;
        }
        self.executable.run(Key::new(0));
        let found = self.executable.output::<R>(0)?;
        // A density that does not depend on the point is computed once.
        values.iter_mut().enumerate().for_each(|(i, value)| *value = found[i.min(found.len() - 1)].wide());
        if slopes.is_empty() {
            return Ok(());
        }
        let mut start = 0;
        for block in &self.blocks {
            let rows = slopes.chunks_exact_mut(dim).map(|row| &mut row[start..start + block.len]);
            match block.output {
                Some(output) => {
                    let found = self.executable.output::<R>(output)?;
                    for (row, found) in rows.zip(found.chunks_exact(block.len)) {
                        row.iter_mut().zip(found).for_each(|(to, from)| *to = from.wide());
                    }
                }
                None => rows.for_each(|row| row.fill(0.0)),
            }
            start += block.len;
        }
        Ok(())
    }
}

/// `log p(x, z) − log q(z)` of those terms that are present, shape `[1]`.
fn difference(graph: &mut Graph, terms: &ElboGraph) -> Result<Id, Refusal> {
    let mut term = |output: Option<usize>| output.map(|i| graph.outputs[i]).map(|id| graph.reshape(id, [1]));
    let (reconstruction, prior, guide) = (term(terms.reconstruction), term(terms.prior), term(terms.guide));
    let joint = match (reconstruction, prior) {
        (Some(a), Some(b)) => Some(graph.add(a, b)),
        (a, b) => a.or(b),
    };
    match (joint, guide) {
        (Some(joint), Some(guide)) => Ok(graph.sub(joint, guide)),
        (Some(joint), None) => Ok(joint),
        (None, Some(guide)) => Ok(graph.neg(guide)),
        (None, None) => Err(Refusal::new("neither program has a site with a density")),
    }
}

/// Copies the columns from `start` of the rows of `x`, which are `dim` long, into an input; one that the graph has lost has
/// no elements.
fn put<R: Number>(executable: &mut Executable, input: usize, x: &[f64], start: usize, (dim, len): (usize, usize)) -> vi_graph::Result<()> {
    if input == usize::MAX {
        return Ok(());
    }
    let to = executable.input::<R>(input)?;
    for (to, row) in to.chunks_exact_mut(len.max(1)).zip(x.chunks_exact(dim)) {
        to.iter_mut().zip(&row[start..start + len]).for_each(|(to, from)| *to = R::narrow(*from));
    }
    Ok(())
}

/// The floats of a graph.
trait Number: vi_graph::cpu::Element + Copy {
    fn narrow(x: f64) -> Self;
    fn wide(self) -> f64;
}
impl Number for f32 {
    fn narrow(x: f64) -> Self {
        x as f32
    }
    fn wide(self) -> f64 {
        f64::from(self)
    }
}
impl Number for f64 {
    fn narrow(x: f64) -> Self {
        x
    }
    fn wide(self) -> f64 {
        self
    }
}

/// The same graph for many points: batching is over noise, so the point is that while the graph is batched.
fn for_each_point(mut graph: Graph, inputs: &[Option<usize>], points: usize) -> vi_graph::Result<Graph> {
    for &input in inputs.iter().flatten() {
        let site = graph.inputs[input].name.clone();
        graph.inputs[input].role = Role::Noise(Stream { site, call: 0 }, NoiseKind::Normal);
    }
    let mut graph = batch::batch(&graph, points)?.graph;
    for &input in inputs.iter().flatten() {
        graph.inputs[input].role = Role::Parameter;
    }
    Ok(optimise::optimise(&graph))
}

/// Adds the gradient in each block. The density of one point does not depend on another, so that the gradient of the sum is
/// that of each.
fn differentiate(graph: &mut Graph, blocks: &mut [Block]) -> Result<(), Refusal> {
    let total = graph.sum_all(graph.outputs[0]);
    gradient_of(graph, total, blocks)
}

/// Replaces the gradient by the product of the Hessian with a direction, which is the gradient of the gradient's product with
/// it.
fn differentiate_along(graph: &mut Graph, blocks: &mut [Block]) -> Result<(), Refusal> {
    if graph.nodes.iter().any(|node| node.op == Op::Unary(Unary::Detach)) {
        return Err(Refusal::new("a value is held constant in the gradient, so that the second derivative is another"));
    }
    let mut terms = Vec::new();
    for block in blocks.iter_mut() {
        let Some(gradient) = block.output.take().map(|output| graph.outputs[output]) else { continue };
        let shape = graph.shape(gradient).to_vec();
        block.direction = Some(graph.inputs.len());
        let direction = graph.input(format!("direction {}", block.input), Role::Step, shape, Type::Float);
        let product = graph.mul(gradient, direction);
        // Gradients of different ranks are summed to the same.
        let sum = graph.sum_all(product);
        terms.push(graph.reshape(sum, [1]));
    }
    graph.outputs.truncate(1);
    match terms.into_iter().reduce(|a, b| graph.add(a, b)) {
        Some(total) => gradient_of(graph, total, blocks),
        None => Ok(()),
    }
}

/// Adds the gradient of the one-element node `of` in each block to the outputs.
fn gradient_of(graph: &mut Graph, of: Id, blocks: &mut [Block]) -> Result<(), Refusal> {
    let node = |graph: &Graph, block: &Block| graph.ids().find(|&id| graph.node(id).op == Op::Input(block.input));
    let nodes: Vec<Option<Id>> = blocks.iter().map(|block| node(graph, block)).collect();
    let wrt: Vec<Id> = nodes.iter().flatten().copied().collect();
    let mut gradients = diff::gradient(graph, of, &wrt).map_err(|error| refused(&error))?.into_iter();
    for (block, node) in blocks.iter_mut().zip(nodes) {
        let gradient = node.and_then(|_| gradients.next().flatten());
        block.output = gradient.map(|gradient| {
            graph.outputs.push(gradient);
            graph.outputs.len() - 1
        });
    }
    Ok(())
}
