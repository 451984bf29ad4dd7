//! From a graph to instructions: which kernels run on which buffers.
//!
//! Every node becomes a [`View`]: movement of data is a change of strides where it can be, and is copied at its first use
//! that asks for order where it cannot.

mod contract;
mod elementwise;
mod indexing;
mod linear;
mod looped;
mod movement;
mod reduction;

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::ir::{Data, Graph, Id, Node, Op, Precision, Role, Scalar, Type};

use super::instruction::{Call, Instruction, Kernel, Nest, Place, Routine, Span, Stride};
use super::kernels::Level;
use super::kernels::arena::padded;
use super::labels::Labels;
use super::routine;
use super::tile::Tiling;
use super::view::View;
use contract::Contracted;

/// When an instruction runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Once for each data set.
    Prologue,
    /// In every step.
    Body,
}

/// Where a buffer lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Storage {
    /// In memory that other buffers use at other times.
    Temporary,
    /// In memory of its own.
    Persistent,
    /// In memory that exists already.
    At(Place),
}

/// A run of memory that instructions refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buffer {
    /// Its size, without padding.
    pub bytes: usize,
    /// When it is written.
    pub phase: Phase,
    /// Where it lives.
    pub storage: Storage,
    /// Whether whole vectors may be written beyond its padding.
    pub slack: bool,
}

/// A range of a buffer that an instruction uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// The number of the buffer.
    pub buffer: usize,
    /// The first byte.
    pub low: usize,
    /// Behind the last byte, whole vectors included where they are written.
    pub high: usize,
    /// Whether it is written.
    pub write: bool,
}

/// An instruction on buffers, and what it touches.
#[derive(Debug)]
pub(crate) struct Emitted {
    /// Its places name buffers.
    pub instruction: Instruction,
    /// When it runs.
    pub phase: Phase,
    /// All it reads and writes.
    pub accesses: Vec<Access>,
}

/// What lowering makes of a graph.
#[derive(Debug)]
pub(crate) struct Lowered {
    /// All buffers.
    pub buffers: Vec<Buffer>,
    /// Operands before users, within each phase.
    pub emitted: Vec<Emitted>,
    /// What buffers hold from the beginning.
    pub constants: Vec<(usize, Data)>,
    /// The buffer of each input of the graph.
    pub inputs: Vec<usize>,
    /// The buffer of each output of the graph, dense.
    pub outputs: Vec<usize>,
    /// The most threads that take part in an instruction.
    pub widest: usize,
}

/// One end of a kernel call.
#[derive(Clone, Copy, Debug)]
struct End {
    place: Place,
    /// The bytes that one call covers.
    bytes: usize,
}

/// The state of lowering.
pub(crate) struct Lowering<'a> {
    graph: &'a Graph,
    level: Level,
    values: Vec<Option<View>>,
    splats: HashMap<(Type, u64), usize>,
    copies: HashMap<(View, Vec<usize>, Vec<usize>), View>,
    threads: usize,
    /// Buffers that hold a matrix in panels.
    packed: Vec<usize>,
    /// Products that add to sums that a loop keeps, and where these are; those of the current one.
    states: Vec<(Id, Place)>,
    sums: Option<Place>,
    /// Sums that take in a product, by node.
    contracted: Vec<Option<Contracted>>,
    out: Lowered,
}

/// Where an input or output of a graph is.
#[derive(Clone, Debug)]
pub(crate) struct Port {
    /// Its memory.
    pub storage: Storage,
    /// How it lies there; dense where absent.
    pub strides: Option<Vec<isize>>,
    /// Whether a kernel may write it, with the padding of whole vectors.
    pub direct: bool,
    /// A matrix in panels, or sums of products with one.
    pub packed: bool,
}

/// Lowers what the outputs depend on, with loops over tiles if there are any.
pub(crate) fn lower(
    graph: &Graph,
    level: Level,
    inputs: &[Port],
    outputs: &[Port],
    tiling: Option<&Tiling>,
    threads: usize,
) -> Result<Lowered> {
    let mut lowering = Lowering {
        graph,
        level,
        values: vec![None; graph.nodes.len()],
        splats: HashMap::new(),
        copies: HashMap::new(),
        threads,
        packed: Vec::new(),
        states: Vec::new(),
        sums: None,
        contracted: Vec::new(),
        out: Lowered {
            buffers: Vec::new(),
            emitted: Vec::new(),
            constants: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            widest: 1,
        },
    };
    lowering.inputs(inputs);
    for (port, &id) in outputs.iter().zip(&graph.outputs).filter(|(port, _)| port.packed) {
        if let Storage::At(place) = port.storage {
            lowering.states.push((id, place));
        }
    }
    let live = live(graph);
    let whole = |id: Id| tiling.is_none_or(|tiling| tiling.parts[id.index()].is_none());
    let (contracted, absorbed) = contract::contracted(graph, &live, &whole);
    lowering.contracted = contracted;
    let loops = tiling.map_or(0, |tiling| tiling.loops);
    for stage in 0..=loops {
        let now = |id: Id| tiling.is_none_or(|tiling| tiling.stage[id.index()] == stage) && whole(id) && !absorbed[id.index()];
        for id in graph.ids().filter(|&id| live[id.index()] && now(id)) {
            let view = lowering.node(id, inputs)?;
            lowering.values[id.index()] = Some(view);
        }
        if let Some(tiling) = tiling.filter(|tiling| stage < tiling.loops) {
            lowering.looped(tiling, stage, &live)?;
        }
    }
    lowering.outputs(outputs)?;
    Ok(lowering.out)
}

/// Which nodes the outputs depend on.
pub(crate) fn live(graph: &Graph) -> Vec<bool> {
    let mut live = vec![false; graph.nodes.len()];
    for id in &graph.outputs {
        live[id.index()] = true;
    }
    for id in graph.ids().rev() {
        if live[id.index()] {
            for arg in &graph.node(id).args {
                live[arg.index()] = true;
            }
        }
    }
    live
}

impl Lowering<'_> {
    fn inputs(&mut self, ports: &[Port]) {
        for (number, input) in self.graph.inputs.iter().enumerate() {
            let node = self.graph.nodes.iter().find(|node| node.op == Op::Input(number));
            let (len, ty) = node.map_or((0, Type::Float), |node| (node.len(), node.ty));
            let phase = if input.role == Role::Data { Phase::Prologue } else { Phase::Body };
            let strides = ports[number].strides.as_ref();
            let reach =
                |node: &Node, strides: &[isize]| 1 + node.shape.iter().zip(strides).map(|(n, s)| (n - 1) * *s as usize).sum::<usize>();
            let reach = match (node, strides) {
                (Some(node), _) if ports[number].packed => {
                    let rank = node.shape.len();
                    node.shape[rank - 2].next_multiple_of(linear::panel(self.wide())) * node.shape[rank - 1]
                }
                (Some(node), Some(strides)) if len > 0 => reach(node, strides),
                _ => len,
            };
            let bytes = reach * self.size(ty);
            let buffer = self.buffer(bytes, phase);
            self.out.buffers[buffer].storage = ports[number].storage;
            self.out.inputs.push(buffer);
            if ports[number].packed {
                self.packed.push(buffer);
            }
        }
    }

    fn outputs(&mut self, ports: &[Port]) -> Result<()> {
        for (number, &id) in self.graph.outputs.iter().enumerate() {
            let (shape, ty) = (self.graph.shape(id).to_vec(), self.graph.ty(id));
            let view = self.value(id)?;
            let bytes = shape.iter().product::<usize>() * self.size(ty);
            let source = self.out.buffers[view.buffer];
            let port = &ports[number];
            if port.packed {
                continue;
            }
            let direct = port.direct
                && view.is_dense(&shape)
                && view.offset == 0
                && source.bytes == bytes
                && source.storage == Storage::Temporary
                && !source.slack
                && !self.out.constants.iter().any(|(buffer, _)| *buffer == view.buffer);
            let buffer = if direct {
                self.out.buffers[view.buffer].storage = port.storage;
                view.buffer
            } else {
                let buffer = self.buffer(bytes, source.phase);
                self.out.buffers[buffer].storage = port.storage;
                let mut to = View::dense(buffer, &shape);
                if let Some(strides) = &port.strides {
                    to.strides.clone_from(strides);
                    let reach: usize = shape.iter().zip(strides).map(|(n, s)| n.saturating_sub(1) * *s as usize).sum();
                    self.out.buffers[buffer].bytes = if shape.contains(&0) { 0 } else { (reach + 1) * self.size(ty) };
                }
                self.copy(&view, &to, &shape, ty);
                buffer
            };
            self.out.outputs.push(buffer);
        }
        Ok(())
    }

    fn node(&mut self, id: Id, ports: &[Port]) -> Result<View> {
        let node = self.graph.node(id);
        if node.is_empty() && !matches!(node.op, Op::Input(_)) {
            return Ok(View::dense(self.buffer(0, Phase::Prologue), &node.shape));
        }
        match &node.op {
            Op::Input(number) => {
                let view = View::dense(self.out.inputs[*number], &node.shape);
                Ok(match &ports[*number].strides {
                    Some(strides) => View { strides: strides.clone(), ..view },
                    None => view,
                })
            }
            Op::Constant(data) => {
                let buffer = self.constant(Data::clone(data));
                Ok(View::dense(buffer, &node.shape))
            }
            Op::Full(value) => Ok(self.splat(*value, node.shape.len())),
            Op::Unary(_)
            | Op::Binary(_)
            | Op::Ternary(_)
            | Op::Compare(_)
            | Op::Logic(_)
            | Op::Not
            | Op::Test(_)
            | Op::Where
            | Op::Cast => self.elementwise(id),
            Op::Reduce(..) | Op::ArgMax(_) | Op::Scan { .. } => self.reduction(id),
            Op::Reshape | Op::Permute(_) | Op::Expand | Op::Slice(_) | Op::Unslice(_) | Op::Concat(_) => self.movement(id),
            Op::Gather(_) | Op::ScatterAdd(_) | Op::Take(_) | Op::TakeAdd(_) | Op::ArgSort { .. } => self.indexing(id),
            Op::MatMul { .. } | Op::Cholesky | Op::SolveLower { .. } | Op::LowerTriangle | Op::BelowDiagonal => self.linear(id),
            Op::LogGamma { stream, lanes } => {
                let x = self.dense(node.args[0])?;
                let draw = routine::LogGamma { wide: self.wide(), labels: Labels::of(stream), lanes: *lanes };
                let buffer = self.buffer(node.len() * self.size(Type::Float), Phase::Body);
                let view = View::dense(buffer, &node.shape);
                let input = self.span(&x, node.len(), Type::Float);
                let output = self.span(&view, node.len(), Type::Float);
                self.call(draw, vec![input], output);
                Ok(view)
            }
        }
    }

    fn wide(&self) -> bool {
        self.graph.precision == Precision::F64
    }

    fn size(&self, ty: Type) -> usize {
        match ty {
            Type::Float if !self.wide() => 4,
            Type::Float | Type::Int => 8,
            Type::Bool => 1,
        }
    }

    fn value(&self, id: Id) -> Result<View> {
        self.values[id.index()].clone().ok_or_else(|| Error::Invalid {
            node: id.0,
            op: format!("{:?}", self.graph.node(id).op),
            problem: "is used before it is computed".into(),
        })
    }

    fn unsupported(&self, id: Id, problem: impl Into<String>) -> Error {
        Error::Unsupported { pass: "the CPU executor", op: format!("{:?}", self.graph.node(id).op), problem: problem.into() }
    }

    fn buffer(&mut self, bytes: usize, phase: Phase) -> usize {
        self.out.buffers.push(Buffer { bytes, phase, storage: Storage::Temporary, slack: false });
        self.out.buffers.len() - 1
    }

    /// The latest phase of the operands.
    fn phase(&self, views: &[&View]) -> Phase {
        views.iter().map(|view| self.out.buffers[view.buffer].phase).max().unwrap_or(Phase::Prologue)
    }

    /// A buffer that holds these elements from the beginning.
    fn constant(&mut self, data: Data) -> usize {
        let buffer = self.buffer(data.len() * self.size(data.ty()), Phase::Prologue);
        self.out.buffers[buffer].storage = Storage::Persistent;
        self.out.constants.push((buffer, data));
        buffer
    }

    /// One value everywhere.
    fn splat(&mut self, value: Scalar, rank: usize) -> View {
        let bits = match value {
            Scalar::Float(x) => x.to_bits(),
            Scalar::Int(x) => x as u64,
            Scalar::Bool(x) => u64::from(x),
        };
        let buffer = match self.splats.get(&(value.ty(), bits)) {
            Some(&buffer) => buffer,
            None => {
                let buffer = self.constant(match value {
                    Scalar::Float(x) => Data::Float(vec![x]),
                    Scalar::Int(x) => Data::Int(vec![x]),
                    Scalar::Bool(x) => Data::Bool(vec![x]),
                });
                self.splats.insert((value.ty(), bits), buffer);
                buffer
            }
        };
        View { buffer, offset: 0, strides: vec![0; rank] }
    }

    fn place(&self, view: &View, ty: Type) -> Place {
        Place { slot: view.buffer, offset: view.offset * self.size(ty) }
    }

    /// `len` elements from where a view begins.
    fn span(&self, view: &View, len: usize, ty: Type) -> Span {
        Span { place: self.place(view, ty), bytes: len * self.size(ty) }
    }

    fn emit(&mut self, instruction: Instruction, phase: Phase, accesses: Vec<Access>) {
        self.out.emitted.push(Emitted { instruction, phase, accesses });
    }

    /// Runs a kernel in loops; the last end is the result. `vectors` says that whole vectors are written.
    fn kernel(&mut self, kernel: Kernel, n: usize, ends: &[End], loops: Vec<Stride>, vectors: bool) {
        let last = ends.len() - 1;
        let mut accesses = Vec::with_capacity(ends.len());
        for (i, end) in ends.iter().enumerate() {
            let bytes = if i == last && vectors { padded(end.bytes) } else { end.bytes };
            let (low, high) = extent(end.place.offset, bytes, &loops, i);
            accesses.push(Access { buffer: end.place.slot, low, high, write: i == last });
            let buffer = &mut self.out.buffers[end.place.slot];
            if i == last && high > padded(buffer.bytes) {
                buffer.slack = true;
            }
        }
        let nowhere = ends[last].place;
        let mut places = [nowhere; 4];
        for (place, end) in places.iter_mut().zip(ends) {
            *place = end.place;
        }
        let phase = self.out.buffers[nowhere.slot].phase;
        let [a, b, c, d] = places;
        let instruction = match (loops.is_empty(), kernel) {
            (true, Kernel::One(f)) => Instruction::Map1 { f, n, places: [a, b] },
            (true, Kernel::Two(f)) => Instruction::Map2 { f, n, places: [a, b, c] },
            (true, Kernel::Three(f)) => Instruction::Map3 { f, n, places: [a, b, c, d] },
            _ => Instruction::Nest(Box::new(Nest { kernel, n, places, loops })),
        };
        self.emit(instruction, phase, accesses);
    }

    /// Runs a routine on dense arrays.
    fn call(&mut self, routine: impl Routine + 'static, inputs: Vec<Span>, output: Span) {
        let mut accesses: Vec<Access> = inputs.iter().map(|span| access(*span, false)).collect();
        accesses.push(access(output, true));
        let phase = self.out.buffers[output.place.slot].phase;
        self.emit(Instruction::Call(Box::new(Call { routine: Box::new(routine), inputs, output })), phase, accesses);
    }

    /// A routine whose operands are made dense, and whose result is dense.
    fn routine(&mut self, id: Id, routine: impl Routine + 'static) -> Result<View> {
        let node = self.graph.node(id);
        let mut views = Vec::new();
        let mut inputs = Vec::new();
        for &arg in &node.args {
            let view = self.dense(arg)?;
            inputs.push(self.span(&view, self.graph.node(arg).len(), self.graph.ty(arg)));
            views.push(view);
        }
        let phase = self.phase(&views.iter().collect::<Vec<_>>());
        let buffer = self.buffer(node.len() * self.size(node.ty), phase);
        let view = View::dense(buffer, &node.shape);
        let output = self.span(&view, node.len(), node.ty);
        self.call(routine, inputs, output);
        Ok(view)
    }
}

fn access(span: Span, write: bool) -> Access {
    Access { buffer: span.place.slot, low: span.place.offset, high: span.place.offset + span.bytes, write }
}

/// The range that a call on `bytes` covers in loops, for operand `i`.
fn extent(offset: usize, bytes: usize, loops: &[Stride], i: usize) -> (usize, usize) {
    let (mut low, mut high) = (offset as isize, (offset + bytes) as isize);
    for stride in loops {
        let reach = stride.steps[i] * (stride.count as isize - 1);
        low += reach.min(0);
        high += reach.max(0);
    }
    (low as usize, high as usize)
}
