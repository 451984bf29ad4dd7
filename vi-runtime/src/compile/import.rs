//! From Burn's recorded operations to a graph: one function for each family of operations.

mod base;
mod custom;
mod live;
mod module;
mod numeric;
mod window;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use burn::backend::ir::{BoolOperationIr, OperationIr, ScalarIr, TensorId, TensorIr};
use burn::tensor::{DType, TensorData};
use vi_graph::ir::{Data, Op, Role, Scalar, Shape, Stream};
use vi_graph::lanes::{Lane, lanes};
use vi_graph::optimise::optimise;
use vi_graph::{Graph, Id, Precision, Type};

use super::capture::{Captured, CapturedSites};
use super::inputs::type_of;
use super::recorder::Mark;
use super::{Decoded, ElboGraph, Refusal, Source};
use crate::objective::TermKind;
use crate::objective::influence::{Dependencies, Influence, Reached, scored};
use crate::program::enumeration::EnumeratedSite;
use crate::program::{Site, Trace};

/// Why one operation has no counterpart.
type Outcome<T = ()> = Result<T, String>;

/// The terms of the ELBO, and the inputs that they depend on.
pub(super) fn import(captured: Captured, kinds: Vec<TermKind>) -> Result<ElboGraph, Refusal> {
    let Imported { graph, sources, outputs } = translate(captured)?;
    let [reconstruction, prior, guide] = [0, 1, 2].map(|term| outputs.get(term).copied().flatten());
    let parts = kinds.into_iter().zip(outputs.iter().skip(3)).filter_map(|(kind, output)| Some((kind, (*output)?))).collect();
    let (graph, sources) = live::live(graph, sources);
    verified(&graph)?;
    Ok(ElboGraph { graph, sources, reconstruction, prior, guide, parts })
}

/// What depends on each site of the guide that has no pathwise gradient, from the run that `capture_sites` recorded.
pub(super) fn import_dependencies(sites: CapturedSites) -> Result<Dependencies, Refusal> {
    let CapturedSites { captured, guide, model, exact } = sites;
    let Imported { graph, outputs, .. } = translate(captured)?;
    let node = |output: usize| outputs.get(output).copied().flatten().map(|output| graph.outputs[output]);
    let sites: Vec<&Site> = scored(&guide).collect();
    let terms = guide.sites().map(|term| (true, term)).chain(model.sites().map(|term| (false, term)));
    let terms: Vec<(bool, &Site, Option<Id>)> =
        terms.enumerate().map(|(index, (of_guide, term))| (of_guide, term, node(sites.len() + index))).collect();
    let influences = sites.iter().enumerate().map(|(index, site)| {
        let value = node(index).ok_or_else(|| Refusal::new(format!("the draw at site `{}` was not recorded", site.name)))?;
        let axes: Vec<Vec<Lane>> = (0..graph.node(value).shape.len()).map(|axis| lanes(&graph, value, axis)).collect();
        let reached = terms.iter().filter_map(|(of_guide, term, output)| {
            let output = (*output)?;
            let along: Vec<Lane> = axes.iter().map(|lanes| lanes[output.index()]).collect();
            let depends = along.iter().any(|lane| *lane != Lane::Free);
            let along = along.into_iter().map(|lane| if let Lane::Along(dim) = lane { Some(dim) } else { None }).collect();
            depends.then(|| Reached { of_guide: *of_guide, site: term.name.clone(), along })
        });
        Ok(Influence { site: site.name.clone(), terms: reached.collect() })
    });
    let scored = influences.collect::<Result<_, Refusal>>()?;
    let first = sites.len() + terms.len();
    let certain = exact.into_iter().enumerate().filter(|(index, site)| {
        let divergence = node(first + index);
        divergence.is_some_and(|divergence| !draws_of(&graph, divergence).contains(site))
    });
    let exact = certain.map(|(_, site)| site).collect();
    Ok(Dependencies { scored, exact })
}

/// The sites whose randomness a node depends on.
fn draws_of(graph: &Graph, of: Id) -> Vec<String> {
    let mut needed = vec![false; graph.nodes.len()];
    needed[of.index()] = true;
    let mut found = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        if !needed[index] {
            continue;
        }
        node.args.iter().for_each(|arg| needed[arg.index()] = true);
        match &node.op {
            Op::Input(input) => {
                if let Role::Noise(stream, _) = &graph.inputs[*input].role {
                    found.push(stream.site.clone());
                }
            }
            Op::LogGamma { stream, .. } => found.push(stream.site.clone()),
            _ => {}
        }
    }
    found
}

/// The terms of the ELBO with enumerated sites summed out, from the run that `capture_enumerated` recorded.
pub(super) fn import_enumerated(
    captured: Captured,
    traces: &[Trace; 3],
    sites: &[EnumeratedSite],
    limit: u64,
) -> Result<ElboGraph, Refusal> {
    let Imported { graph, sources, outputs } = translate(captured)?;
    verified(&graph)?;
    // Densities that look alike are summed as one, which they do when they are simplified.
    let (mut graph, kinds) = super::enumerated::summed_out(optimise(&graph), &sources, &outputs, traces, sites, limit)?;
    let mut total = |of: fn(&TermKind) -> bool| {
        let terms: Vec<Id> = kinds.iter().zip(&graph.outputs).filter(|(kind, _)| of(kind)).map(|(_, id)| *id).collect();
        let sum = terms.into_iter().reduce(|sum, term| graph.add(sum, term))?;
        graph.outputs.push(sum);
        Some(graph.outputs.len() - 1)
    };
    let prior = total(|kind| matches!(kind, TermKind::Prior(_)));
    let guide = total(|kind| matches!(kind, TermKind::Guide(_) | TermKind::GuideFactors));
    let (graph, sources) = live::live(graph, sources);
    verified(&graph)?;
    let parts = kinds.into_iter().enumerate().map(|(output, kind)| (kind, output)).collect();
    Ok(ElboGraph { graph, sources, reconstruction: Some(0), prior, guide, parts })
}

/// What `wanted` asks of each enumerated site, from a run of a model whose other sites are all given.
pub(super) fn import_decoded(
    captured: Captured,
    model: &Trace,
    sites: &[EnumeratedSite],
    wanted: (u64, Decoded),
) -> Result<(Graph, Vec<Source>), Refusal> {
    let Imported { graph, sources, outputs } = translate(captured)?;
    verified(&graph)?;
    let (graph, sources) = super::enumerated::decoded(optimise(&graph), sources, &outputs, model, sites, wanted)?;
    let (graph, sources) = live::live(optimise(&graph), sources);
    verified(&graph)?;
    Ok((graph, sources))
}

/// A function's value as the only output; the inputs are all there, in order.
pub(super) fn import_function(captured: Captured) -> Result<Graph, Refusal> {
    let Imported { graph, .. } = translate(captured)?;
    verified(&graph)?;
    if graph.outputs.is_empty() {
        return Err(Refusal::new("the value was not computed on the capture device"));
    }
    Ok(graph)
}

fn verified(graph: &Graph) -> Result<(), Refusal> {
    vi_graph::verify::verify(graph).map_err(|error| Refusal::new(format!("the imported graph is wrong: {error}")))
}

/// All that was recorded.
struct Imported {
    graph: Graph,
    sources: Vec<Source>,
    /// Which output of the graph each output of the run is.
    outputs: Vec<Option<usize>>,
}

fn translate(captured: Captured) -> Result<Imported, Refusal> {
    let Captured { recorded, precision, inputs, streams, marks, outputs } = captured;
    let mut graph = Graph::new(precision);
    let mut values = HashMap::new();
    for input in &inputs {
        let ty = type_of(&input.tensor);
        let described = input.source.input();
        values.insert(input.id, graph.input(described.name, described.role, input.tensor.shape(), ty));
    }
    let mut importer = Importer { graph, values, constants: recorded.values, streams };
    let mut sites = Sites::new(&marks);
    for operation in &recorded.graph.operations {
        if sites.advance(operation) {
            continue;
        }
        importer.operation(operation).map_err(|reason| Refusal { site: sites.of_current(), ..Refusal::new(reason) })?;
    }
    let Importer { mut graph, values, .. } = importer;
    let mut found = Vec::new();
    let outputs = outputs.into_iter().map(|output| {
        let id = values.get(&output?)?;
        found.push(*id);
        Some(found.len() - 1)
    });
    let outputs = outputs.collect();
    graph.outputs = found;
    Ok(Imported { graph, sources: inputs.into_iter().map(|input| input.source).collect(), outputs })
}

/// Which site each recorded operation belongs to.
struct Sites<'a> {
    marks: std::iter::Peekable<std::slice::Iter<'a, Mark>>,
    current: Option<&'a str>,
}

impl<'a> Sites<'a> {
    fn new(marks: &'a [Mark]) -> Self {
        Sites { marks: marks.iter().peekable(), current: None }
    }

    /// Whether the operation is only the next mark.
    fn advance(&mut self, operation: &OperationIr) -> bool {
        let made = operation.outputs().next().map(|tensor| tensor.id);
        let mark = self.marks.next_if(|mark| Some(mark.id) == made);
        if let Some(mark) = mark {
            self.current = mark.site.as_deref();
        }
        mark.is_some()
    }

    /// The site whose statement the operation is part of: outside one, that of the next.
    fn of_current(&mut self) -> Option<String> {
        let next = self.marks.peek().and_then(|mark| mark.site.as_deref());
        self.current.or(next).map(str::to_owned)
    }
}

/// The graph so far, and which of its nodes each recorded tensor is.
///
/// The ids of recorded tensors are in static single assignment: an operation that may work in place has a result with an
/// id of its own all the same.
struct Importer {
    graph: Graph,
    values: HashMap<TensorId, Id>,
    constants: BTreeMap<TensorId, TensorData>,
    streams: Vec<Stream>,
}

impl Importer {
    fn operation(&mut self, operation: &OperationIr) -> Outcome {
        match operation {
            OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => self.base(op),
            OperationIr::NumericFloat(dtype, op) => {
                self.check_precision(*dtype, op)?;
                self.numeric(op)
            }
            OperationIr::NumericInt(_, op) => self.numeric(op),
            OperationIr::Float(dtype, op) => {
                self.check_precision(*dtype, op)?;
                self.float(op)
            }
            OperationIr::Int(op) => self.int(op),
            OperationIr::Bool(op) => self.bool(op),
            OperationIr::Module(op) => self.module(op),
            OperationIr::Activation(op) => self.activation(op),
            OperationIr::Custom(op) => self.custom(op),
            OperationIr::Init(_) | OperationIr::Drop(_) => Ok(()),
            OperationIr::Distributed(_) => Err("the graph has no operation between devices".into()),
        }
    }

    fn bool(&mut self, op: &BoolOperationIr) -> Outcome {
        use vi_graph::ir::Logic;
        match op {
            BoolOperationIr::IntoFloat(op) | BoolOperationIr::IntoInt(op) => self.convert(&op.input, &op.out),
            BoolOperationIr::Not(op) => {
                let x = self.get(&op.input)?;
                let out = self.graph.not(x);
                self.set(&op.out, out)
            }
            BoolOperationIr::And(op) => self.logic(Logic::And, &op.lhs, &op.rhs, &op.out),
            BoolOperationIr::Or(op) => self.logic(Logic::Or, &op.lhs, &op.rhs, &op.out),
            BoolOperationIr::Xor(op) => self.logic(Logic::Xor, &op.lhs, &op.rhs, &op.out),
        }
    }

    fn logic(&mut self, f: vi_graph::ir::Logic, a: &TensorIr, b: &TensorIr, out: &TensorIr) -> Outcome {
        let (a, b) = (self.get_as(a, out)?, self.get_as(b, out)?);
        let result = self.graph.logic(f, a, b);
        self.set(out, result)
    }

    /// Arithmetic in another precision than that of the graph would change its meaning.
    fn check_precision(&self, dtype: DType, op: &impl std::fmt::Debug) -> Outcome {
        let same = match self.graph.precision {
            Precision::F32 => matches!(dtype, DType::F32 | DType::Flex32),
            Precision::F64 => dtype == DType::F64,
        };
        // Conversions and comparisons name the type of their operand, or of their result.
        if same || !dtype.is_float() {
            return Ok(());
        }
        Err(format!("{} computes in {dtype:?}, the fit in {:?}", name(op), self.graph.precision))
    }

    /// The node of a tensor; a constant enters the graph where it is first used.
    fn get(&mut self, tensor: &TensorIr) -> Outcome<Id> {
        if let Some(id) = self.values.get(&tensor.id) {
            return Ok(*id);
        }
        let data = self.constants.get(&tensor.id).ok_or_else(|| format!("tensor {} has no origin", tensor.id))?;
        let id = constant(&mut self.graph, data)?;
        self.values.insert(tensor.id, id);
        Ok(id)
    }

    /// The node of a tensor, broadcast to the shape of `like`.
    fn get_as(&mut self, tensor: &TensorIr, like: &TensorIr) -> Outcome<Id> {
        let id = self.get(tensor)?;
        Ok(self.graph.broadcast(id, shape(like)))
    }

    /// `id` is the tensor from here on; it has its elements, if not its shape.
    fn set(&mut self, tensor: &TensorIr, id: Id) -> Outcome {
        // A rank-erased reduction ends in shape [1].
        let id = self.graph.reshape(id, shape(tensor));
        if self.graph.ty(id) != dtype(tensor.dtype)? {
            return Err(format!("a {:?} tensor was imported as {:?}", tensor.dtype, self.graph.ty(id)));
        }
        self.values.insert(tensor.id, id);
        Ok(())
    }

    /// To the type of `out`.
    fn convert(&mut self, input: &TensorIr, out: &TensorIr) -> Outcome {
        if input.dtype == DType::F64 && out.dtype == DType::F32 {
            return Err("a double is rounded to single precision".into());
        }
        let x = self.get(input)?;
        let converted = self.graph.cast(x, dtype(out.dtype)?);
        self.set(out, converted)
    }

    /// One value in the shape and type of `like`.
    fn full(&mut self, value: ScalarIr, like: &TensorIr) -> Outcome<Id> {
        let ty = dtype(like.dtype)?;
        Ok(self.splat(value, shape(like), ty))
    }

    fn splat(&mut self, value: ScalarIr, shape: Shape, ty: Type) -> Id {
        let scalar = match ty {
            Type::Float => Scalar::Float(self.round(float(value))),
            Type::Int => Scalar::Int(int(value)),
            Type::Bool => Scalar::Bool(int(value) != 0),
        };
        self.graph.push(Op::Full(scalar), [], shape, ty)
    }

    /// To the precision of the graph.
    fn round(&self, x: f64) -> f64 {
        match self.graph.precision {
            Precision::F32 => f64::from(x as f32),
            Precision::F64 => x,
        }
    }

    /// Known integers, one axis.
    fn indices(&mut self, indices: Vec<usize>) -> Id {
        let count = indices.len();
        let data = Data::Int(indices.into_iter().map(|i| i as i64).collect());
        self.graph.push(Op::Constant(Arc::new(data)), [], [count], Type::Int)
    }
}

/// The variant of an operation, for messages: the first word of its debug form.
fn name(op: &impl std::fmt::Debug) -> String {
    let text = format!("{op:?}");
    text.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

fn unsupported<T>(op: &impl std::fmt::Debug) -> Outcome<T> {
    Err(format!("the graph has no operation for {}", name(op)))
}

fn shape(tensor: &TensorIr) -> Shape {
    tensor.shape.as_slice().to_vec()
}

fn dtype(dtype: DType) -> Outcome<Type> {
    if dtype.is_float() {
        Ok(Type::Float)
    } else if dtype.is_int() || dtype.is_uint() {
        Ok(Type::Int)
    } else if dtype.is_bool() {
        Ok(Type::Bool)
    } else {
        Err(format!("the graph has no elements of type {dtype:?}"))
    }
}

fn float(value: ScalarIr) -> f64 {
    match value {
        ScalarIr::Float(x) => x,
        ScalarIr::Int(x) => x as f64,
        ScalarIr::UInt(x) => x as f64,
        ScalarIr::Bool(x) => f64::from(u8::from(x)),
    }
}

fn int(value: ScalarIr) -> i64 {
    match value {
        ScalarIr::Float(x) => x as i64,
        ScalarIr::Int(x) => x,
        ScalarIr::UInt(x) => x as i64,
        ScalarIr::Bool(x) => i64::from(x),
    }
}

/// A splat where all elements are one.
fn constant(graph: &mut Graph, data: &TensorData) -> Outcome<Id> {
    let ty = dtype(data.dtype())?;
    let (elements, splat) = match ty {
        Type::Float => {
            let x: Vec<f64> = data.iter::<f64>().collect();
            let splat = x.first().filter(|first| x.iter().all(|x| x.to_bits() == first.to_bits())).map(|x| Scalar::Float(*x));
            (Data::Float(x), splat)
        }
        Type::Int => {
            let x: Vec<i64> = data.iter::<i64>().collect();
            let splat = x.first().filter(|first| x.iter().all(|x| x == *first)).map(|x| Scalar::Int(*x));
            (Data::Int(x), splat)
        }
        Type::Bool => {
            let x: Vec<bool> = data.iter::<bool>().collect();
            let splat = x.first().filter(|first| x.iter().all(|x| x == *first)).map(|x| Scalar::Bool(*x));
            (Data::Bool(x), splat)
        }
    };
    let op = match splat {
        Some(scalar) => Op::Full(scalar),
        None => Op::Constant(Arc::new(elements)),
    };
    Ok(graph.push(op, [], data.shape().as_slice().to_vec(), ty))
}
