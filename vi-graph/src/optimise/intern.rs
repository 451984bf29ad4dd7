//! Common subexpressions: a table of the nodes that there are.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;

use crate::ir::{Data, Graph, Id, Node, Op, Scalar};

/// Finds the node equal to a given one: the same operation on the same operands, floats being compared by their bits.
#[derive(Default)]
pub(super) struct Interner {
    /// By hash; where that is taken by another node, by the next number.
    table: HashMap<u64, Id, BuildHasherDefault<Mixer>>,
}

/// Whether a node is in the table, or where it belongs.
pub(super) enum Slot {
    /// It is there.
    Taken(Id),
    /// To be handed to [`Interner::insert`].
    Free(u64),
}

impl Interner {
    pub(super) fn find(&self, graph: &Graph, node: &Node) -> Slot {
        let mut key = hash(node);
        while let Some(&id) = self.table.get(&key) {
            if same(graph.node(id), node) {
                return Slot::Taken(id);
            }
            key = key.wrapping_add(1);
        }
        Slot::Free(key)
    }

    pub(super) fn insert(&mut self, slot: u64, id: Id) {
        self.table.insert(slot, id);
    }
}

/// For each node the first one that computes the same.
pub(super) fn representatives(graph: &Graph) -> Vec<Id> {
    let mut table = Interner::default();
    let mut shared = Graph { nodes: Vec::with_capacity(graph.nodes.len()), ..Graph::new(graph.precision) };
    let mut first: Vec<Id> = Vec::with_capacity(graph.nodes.len());
    for id in graph.ids() {
        let node = graph.node(id);
        let node = Node { args: node.args.iter().map(|arg| first[arg.index()]).collect(), ..node.clone() };
        first.push(match table.find(&shared, &node) {
            Slot::Taken(known) => known,
            Slot::Free(slot) => {
                table.insert(slot, id);
                id
            }
        });
        shared.nodes.push(node);
    }
    first
}

/// Whether two graphs have the same nodes and outputs.
pub(super) fn same_graph(a: &Graph, b: &Graph) -> bool {
    a.outputs == b.outputs && a.nodes.len() == b.nodes.len() && a.nodes.iter().zip(&b.nodes).all(|(a, b)| same(a, b))
}

fn same(a: &Node, b: &Node) -> bool {
    let same_op = || match (&a.op, &b.op) {
        (Op::Full(a), Op::Full(b)) => same_scalar(*a, *b),
        (Op::Constant(a), Op::Constant(b)) => Arc::ptr_eq(a, b) || same_data(a, b),
        (a, b) => a == b,
    };
    a.args == b.args && a.ty == b.ty && a.shape == b.shape && same_op()
}

/// Equal to the bit.
pub(super) fn same_scalar(a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::Float(a), Scalar::Float(b)) => a.to_bits() == b.to_bits(),
        _ => a == b,
    }
}

fn same_data(a: &Data, b: &Data) -> bool {
    match (a, b) {
        (Data::Float(a), Data::Float(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()),
        _ => a == b,
    }
}

fn hash(node: &Node) -> u64 {
    let state = &mut Mixer::default();
    (discriminant(&node.op), &node.args, &node.shape, node.ty).hash(state);
    match &node.op {
        Op::Input(input) => input.hash(state),
        Op::Constant(data) => hash_some(data, state),
        Op::Full(Scalar::Float(x)) => x.to_bits().hash(state),
        Op::Full(Scalar::Int(x)) => x.hash(state),
        Op::Full(Scalar::Bool(x)) => x.hash(state),
        Op::Unary(f) => f.hash(state),
        Op::Binary(f) => f.hash(state),
        Op::Ternary(f) => f.hash(state),
        Op::Compare(f) => f.hash(state),
        Op::Logic(f) => f.hash(state),
        Op::Test(f) => f.hash(state),
        Op::Reduce(f, axes) => (f, axes).hash(state),
        Op::Scan { scan, axis, reverse } => (scan, axis, reverse).hash(state),
        Op::Permute(order) => order.hash(state),
        Op::Slice(ranges) | Op::Unslice(ranges) => ranges.hash(state),
        Op::ArgMax(axis) | Op::Concat(axis) | Op::Gather(axis) | Op::ScatterAdd(axis) | Op::Take(axis) | Op::TakeAdd(axis) => {
            axis.hash(state);
        }
        Op::MatMul { transpose_a, transpose_b } => (transpose_a, transpose_b).hash(state),
        Op::ArgSort { axis, descending } => (axis, descending).hash(state),
        Op::SolveLower { transpose } => transpose.hash(state),
        Op::LogGamma { stream, lanes } => (stream, lanes).hash(state),
        Op::Not | Op::Where | Op::Cast | Op::Reshape | Op::Expand | Op::Cholesky | Op::LowerTriangle | Op::BelowDiagonal => {}
    }
    state.finish()
}

/// Each word multiplied in, the result spread at the end. Graphs come from the program itself: nobody chooses collisions.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        (self.0 ^ (self.0 >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
    }
}

/// Hashes the length and the first elements: constants may be large, and those that agree so far are mostly equal.
fn hash_some(data: &Data, state: &mut impl Hasher) {
    const SOME: usize = 16;
    data.len().hash(state);
    match data {
        Data::Float(x) => x.iter().take(SOME).for_each(|x| x.to_bits().hash(state)),
        Data::Int(x) => x.iter().take(SOME).for_each(|x| x.hash(state)),
        Data::Bool(x) => x.iter().take(SOME).for_each(|x| x.hash(state)),
    }
}
