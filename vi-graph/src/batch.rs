//! Batching: the same program for many particles at once.
//!
//! Noise gets a new first dimension, the particle, and whatever depends on noise has it too. What does not depend on
//! noise stays as it is, computed once for all particles, and is repeated only where an operation demands operands of
//! equal shape. Other inputs than noise are batched in the same way: the values of an enumerated variable, for instance.

mod matrix;

use crate::error::{Error, Result};
use crate::ir::{Graph, Id, Node, Op, Range, Role, Shape, Type};

/// A graph over particles.
#[derive(Clone, Debug)]
pub struct Batched {
    /// Its inputs are those of the unbatched graph; noise has a new first dimension, the particle.
    pub graph: Graph,
    /// Which outputs have the new first dimension: those that depend on noise.
    pub batched: Vec<bool>,
}

/// Runs `graph` for `lanes` particles.
///
/// # Errors
/// [`crate::Error::Unsupported`] where the graph is batched already: its draws have lanes.
pub fn batch(graph: &Graph, lanes: usize) -> Result<Batched> {
    let noise: Vec<bool> = graph.inputs.iter().map(|input| matches!(input.role, Role::Noise(..))).collect();
    run(Batcher::new(graph, lanes, &noise, true))
}

/// Runs `graph` for `lanes` values of the inputs that are `chosen`, of which each gets a new first dimension.
///
/// # Errors
/// [`crate::Error::Unsupported`] where a draw depends on them: its numbers belong to particles.
pub fn batch_inputs(graph: &Graph, lanes: usize, chosen: &[bool]) -> Result<Batched> {
    run(Batcher::new(graph, lanes, chosen, false))
}

fn run(mut batcher: Batcher<'_>) -> Result<Batched> {
    let graph = batcher.from;
    let mut values: Vec<Value> = Vec::with_capacity(graph.nodes.len());
    for id in graph.ids() {
        let node = graph.node(id);
        let args: Vec<Value> = node.args.iter().map(|arg| values[arg.index()]).collect();
        values.push(batcher.node(id, node, &args)?);
    }
    let outputs: Vec<Value> = graph.outputs.iter().map(|id| values[id.index()]).collect();
    batcher.to.outputs = outputs.iter().map(|value| value.id).collect();
    Ok(Batched { graph: batcher.to, batched: outputs.iter().map(|value| value.batched).collect() })
}

/// What a node of the unbatched graph became.
#[derive(Clone, Copy, Debug)]
struct Value {
    id: Id,
    /// Whether the particle is its first dimension.
    batched: bool,
}

struct Batcher<'a> {
    from: &'a Graph,
    to: Graph,
    lanes: usize,
    /// Which inputs have a value for each lane.
    chosen: &'a [bool],
    /// Whether the lanes are particles, so that every draw has them.
    particles: bool,
    /// For each node of `to`: itself repeated for all particles, once it was needed.
    lifted: Vec<Option<Id>>,
}

impl<'a> Batcher<'a> {
    fn new(from: &'a Graph, lanes: usize, chosen: &'a [bool], particles: bool) -> Self {
        let to = Graph { inputs: from.inputs.clone(), ..Graph::new(from.precision) };
        Batcher { from, to, lanes, chosen, particles, lifted: Vec::new() }
    }

    fn node(&mut self, id: Id, node: &Node, args: &[Value]) -> Result<Value> {
        let Node { op, shape, ty, .. } = node;
        let ids: Vec<Id> = args.iter().map(|arg| arg.id).collect();
        let any = args.iter().any(|arg| arg.batched);
        Ok(match op {
            Op::Input(input) if self.chosen.get(*input) == Some(&true) => self.push(op.clone(), [], shape, *ty),
            Op::LogGamma { .. } if !self.particles && any => {
                let problem = format!("the draw of node %{} depends on what is batched", id.0);
                return Err(Error::Unsupported { pass: "batching", op: "LogGamma".to_owned(), problem });
            }
            Op::LogGamma { stream, lanes: None } if self.particles => {
                let args = self.lift_all(args);
                self.push(Op::LogGamma { stream: stream.clone(), lanes: Some(self.lanes) }, args, shape, *ty)
            }
            Op::LogGamma { lanes: Some(_), .. } if self.particles => {
                let problem = format!("the draw of node %{} has lanes", id.0);
                return Err(Error::Unsupported { pass: "batching", op: "LogGamma".to_owned(), problem });
            }
            _ if !any => Value { id: self.to.push(op.clone(), ids, shape.clone(), *ty), batched: false },
            Op::Take(axis) => self.take(*axis, args[0], args[1], shape, *ty),
            Op::TakeAdd(axis) => self.take_add(*axis, args[0], args[1], shape, *ty),
            Op::MatMul { transpose_a, transpose_b } => self.matmul(args[0], args[1], *transpose_a, *transpose_b, shape),
            Op::SolveLower { transpose } => self.solve_lower(args[0], args[1], *transpose, shape),
            _ => {
                let args = self.lift_all(args);
                self.push(self.shifted(op), args, shape, *ty)
            }
        })
    }

    /// `op` with the particle before the axes that it names.
    fn shifted(&self, op: &Op) -> Op {
        let ranges = |ranges: &[Range]| std::iter::once(Range::all(self.lanes)).chain(ranges.iter().copied()).collect();
        match op {
            Op::Reduce(f, axes) => Op::Reduce(*f, axes.iter().map(|axis| axis + 1).collect()),
            Op::ArgMax(axis) => Op::ArgMax(axis + 1),
            Op::Scan { scan, axis, reverse } => Op::Scan { scan: *scan, axis: axis + 1, reverse: *reverse },
            Op::Permute(order) => Op::Permute(std::iter::once(0).chain(order.iter().map(|axis| axis + 1)).collect()),
            Op::Slice(of) => Op::Slice(ranges(of)),
            Op::Unslice(of) => Op::Unslice(ranges(of)),
            Op::Concat(axis) => Op::Concat(axis + 1),
            Op::Gather(axis) => Op::Gather(axis + 1),
            Op::ScatterAdd(axis) => Op::ScatterAdd(axis + 1),
            Op::ArgSort { axis, descending } => Op::ArgSort { axis: axis + 1, descending: *descending },
            other => other.clone(),
        }
    }

    /// Shares the index between particles, or the table, where either is the same for all; else a gather.
    fn take(&mut self, axis: usize, x: Value, index: Value, shape: &[usize], ty: Type) -> Value {
        if !index.batched {
            return self.push(Op::Take(axis + 1), [x.id, index.id], shape, ty);
        }
        let count = shape[axis];
        if !x.batched {
            let flat = self.to.reshape(index.id, [self.lanes * count]);
            let taken = self.to.take(x.id, axis, flat);
            let mut split = shape.to_vec();
            split.insert(axis, self.lanes);
            let split = self.to.reshape(taken, split);
            let mut order: Vec<usize> = (0..=shape.len()).collect();
            order.remove(axis);
            order.insert(0, axis);
            return Value { id: self.to.permute(split, &order), batched: true };
        }
        let index = self.spread(index.id, axis, shape);
        self.push(Op::Gather(axis + 1), [x.id, index], shape, ty)
    }

    fn take_add(&mut self, axis: usize, index: Value, y: Value, shape: &[usize], ty: Type) -> Value {
        let taken = {
            let rank = self.to.shape(y.id).len();
            self.to.shape(y.id)[rank - shape.len()..].to_vec()
        };
        let y = self.lift(y);
        if !index.batched {
            return self.push(Op::TakeAdd(axis + 1), [index.id, y], shape, ty);
        }
        let index = self.spread(index.id, axis, &taken);
        self.push(Op::ScatterAdd(axis + 1), [index, y], shape, ty)
    }

    /// The index `[lanes, n]` of whole slices along `axis` as an index for each element of `shape`, whose `axis` has size n.
    fn spread(&mut self, index: Id, axis: usize, shape: &[usize]) -> Id {
        let mut lined = vec![1; shape.len() + 1];
        (lined[0], lined[axis + 1]) = (self.lanes, shape[axis]);
        let index = self.to.reshape(index, lined);
        let full = self.with_lanes(shape);
        self.to.expand(index, full)
    }

    /// Adds a node with the particle in front of `shape`.
    fn push(&mut self, op: Op, args: impl Into<Vec<Id>>, shape: &[usize], ty: Type) -> Value {
        let shape = self.with_lanes(shape);
        Value { id: self.to.push(op, args, shape, ty), batched: true }
    }

    fn with_lanes(&self, shape: &[usize]) -> Shape {
        std::iter::once(self.lanes).chain(shape.iter().copied()).collect()
    }

    fn lift_all(&mut self, args: &[Value]) -> Vec<Id> {
        args.iter().map(|&arg| self.lift(arg)).collect()
    }

    /// The value for each particle.
    fn lift(&mut self, value: Value) -> Id {
        if value.batched {
            return value.id;
        }
        if let Some(Some(lifted)) = self.lifted.get(value.id.index()) {
            return *lifted;
        }
        let shape = self.with_lanes(self.to.shape(value.id));
        let lifted = match self.to.node(value.id).op {
            Op::Full(scalar) => self.to.push(Op::Full(scalar), [], shape, scalar.ty()),
            _ => self.to.broadcast(value.id, shape),
        };
        if self.lifted.len() <= value.id.index() {
            self.lifted.resize(value.id.index() + 1, None);
        }
        self.lifted[value.id.index()] = Some(lifted);
        lifted
    }
}
