//! Random graphs whose outputs any correct executor reproduces to a tolerance.
//!
//! Each new node is evaluated in f64 and once more in f32 with its rounding errors enlarged. It is kept where both agree,
//! so that no output rests on cancelled digits, and where no jump (`floor`, `<`, `argsort`, …) is taken of a rounded value.

#![allow(dead_code)] // not every test that includes this file uses all of it

mod along;
mod compare;
mod element;
mod leaf;
mod linear;
mod movement;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};
use vi_graph::interpret::evaluate_node;
use vi_graph::ir::{Binary, Data, Node, Op, Reduce, Scan, Unary};
use vi_graph::{Graph, Id, Key, Precision, Type};

pub use compare::{compare, tolerance};

/// The key of the step for which the draws of a graph were checked.
pub const KEY_SEED: u64 = 20;

/// No node has more elements.
const LARGEST: usize = 20_000;
/// No float is larger.
const BOUND: f64 = 1e4;
/// How far the two evaluations may be apart, relative to `1 + |x|`: a fifth of the tolerance in f32.
const AGREEMENT: f64 = 2e-5;

/// Whether infinities and NaN occur.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Values {
    Finite,
    Special,
}

/// About `size` nodes over all operations, and values for its inputs; evaluate it with `Key::new(KEY_SEED)`.
pub fn random_graph(seed: u64, size: usize, precision: Precision) -> (Graph, Vec<Data>) {
    random_graph_with(seed, size, precision, Values::Finite)
}

/// [`random_graph`] where some inputs may hold infinities and NaN.
pub fn random_graph_with(seed: u64, size: usize, precision: Precision, values: Values) -> (Graph, Vec<Data>) {
    let mut generator = Generator::new(seed, precision, values);
    let mut attempts = 0;
    while generator.graph.nodes.len() < size && attempts < 40 * size {
        attempts += 1;
        generator.step();
    }
    generator.choose_outputs();
    (generator.graph, generator.inputs)
}

/// A graph that grows, with what is known of its nodes.
struct Generator {
    rng: ChaCha8Rng,
    graph: Graph,
    inputs: Vec<Data>,
    /// In f64.
    reference: Vec<Data>,
    /// In f32, with larger errors.
    perturbed: Vec<Data>,
    /// Whether every executor gets the very same elements.
    exact: Vec<bool>,
    /// The sizes of dimensions in this graph: few, so that shapes meet.
    sizes: Vec<usize>,
    values: Values,
}

impl Generator {
    fn new(seed: u64, precision: Precision, values: Values) -> Self {
        let mut generator = Generator {
            rng: ChaCha8Rng::seed_from_u64(seed),
            graph: Graph::new(precision),
            inputs: Vec::new(),
            reference: Vec::new(),
            perturbed: Vec::new(),
            exact: Vec::new(),
            sizes: Vec::new(),
            values,
        };
        let all = [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 70, 300];
        generator.sizes = (0..3).map(|_| all[generator.below(all.len())]).chain([1, 3]).collect();
        if generator.chance(10) {
            generator.sizes.push(0);
        }
        for _ in 0..3 {
            generator.attempt(|g| Some(g.new_leaf()));
        }
        generator
    }

    fn below(&mut self, n: usize) -> usize {
        (self.rng.next_u64() % n.max(1) as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A node that fits, more often one of the last.
    fn pick(&mut self, fits: impl Fn(&Generator, Id) -> bool) -> Option<Id> {
        let all: Vec<Id> = self.graph.ids().filter(|&id| fits(self, id)).collect();
        let recent = if self.chance(50) { all.len().saturating_sub(6) } else { 0 };
        let chosen = &all[recent..];
        if chosen.is_empty() { None } else { Some(chosen[self.below(chosen.len())]) }
    }

    fn pick_float(&mut self) -> Option<Id> {
        self.pick(|g, id| g.graph.ty(id) == Type::Float)
    }

    /// An axis of `id`, absent for a scalar.
    fn pick_axis(&mut self, id: Id) -> Option<usize> {
        let rank = self.graph.shape(id).len();
        (rank > 0).then(|| self.below(rank))
    }

    fn is_exact(&self, id: Id) -> bool {
        self.exact.get(id.index()).copied().unwrap_or(false)
    }

    fn step(&mut self) {
        match self.below(100) {
            0..=7 => self.attempt(|g| Some(g.new_leaf())),
            8..=25 => self.attempt(element::unary),
            26..=44 => self.attempt(element::binary),
            45..=53 => self.attempt(element::truth),
            54..=57 => self.attempt(element::cast),
            58..=66 => self.attempt(along::reduce),
            67..=73 => self.attempt(along::run),
            74..=84 => self.attempt(movement::movement),
            85..=91 => self.attempt(movement::indexed),
            92..=97 => self.attempt(linear::linear),
            98 => self.attempt(element::log_gamma),
            _ => self.attempt(|g| {
                let id = g.pick(|g, id| !matches!(g.graph.node(id).op, Op::Input(_)))?;
                let Node { op, args, shape, ty } = g.graph.node(id).clone();
                Some(g.graph.push(op, args, shape, ty))
            }),
        }
    }

    /// Lets `grow` add nodes; takes them back where one of them is not to be kept.
    fn attempt(&mut self, grow: impl FnOnce(&mut Self) -> Option<Id>) {
        let (nodes, inputs) = (self.graph.nodes.len(), self.inputs.len());
        if grow(self).is_none() || !self.settle() {
            self.graph.nodes.truncate(nodes);
            self.graph.inputs.truncate(inputs);
            self.inputs.truncate(inputs);
            self.reference.truncate(nodes);
            self.perturbed.truncate(nodes);
            self.exact.truncate(nodes);
        }
    }

    /// Evaluates the new nodes; false where one of them is not to be kept.
    fn settle(&mut self) -> bool {
        while self.reference.len() < self.graph.nodes.len() {
            let id = Id(self.reference.len() as u32);
            let node = self.graph.node(id).clone();
            if node.len() > LARGEST || node.shape.len() > 4 {
                return false;
            }
            let (Some(exact), Some((reference, perturbed))) = (self.exactness(&node), self.evaluate(&node)) else { return false };
            let exact = exact && !matches!(&reference, Data::Float(x) if x.iter().any(|&x| f64::from(x as f32) != x && !x.is_nan()));
            if !self.acceptable(&node, &reference, &perturbed) {
                return false;
            }
            let perturbed = if exact || moves(&node.op) { perturbed } else { self.perturb(perturbed) };
            self.reference.push(reference);
            self.perturbed.push(perturbed);
            self.exact.push(exact);
        }
        true
    }

    fn evaluate(&self, node: &Node) -> Option<(Data, Data)> {
        if let Op::Input(index) = node.op {
            return Some((self.inputs[index].clone(), self.inputs[index].clone()));
        }
        let shapes: Vec<&[usize]> = node.args.iter().map(|&id| self.graph.shape(id)).collect();
        let of = |values: &[Data], precision| {
            let operands: Vec<&Data> = node.args.iter().map(|id| &values[id.index()]).collect();
            evaluate_node(precision, node, &operands, &shapes, Key::new(KEY_SEED)).ok()
        };
        Some((of(&self.reference, Precision::F64)?, of(&self.perturbed, Precision::F32)?))
    }

    /// Relative errors of four times the largest of a rounding to f32, up or down.
    fn perturb(&mut self, data: Data) -> Data {
        match data {
            Data::Float(x) => Data::Float(x.into_iter().map(|x| x * (1.0 + 2f64.powi(-22) * self.one_of(&[-1.0, 1.0]))).collect()),
            data => data,
        }
    }

    /// Uniform on (−1, 1).
    fn symmetric(&mut self) -> f64 {
        (self.below(1 << 20) as f64 + 0.5) / f64::from(1 << 19) - 1.0
    }

    /// Whether the node has the very same elements in every executor where f32 can hold them; absent for a jump at
    /// operands that have not.
    fn exactness(&self, node: &Node) -> Option<bool> {
        let operands = node.args.iter().all(|&id| self.is_exact(id));
        match &node.op {
            Op::Compare(_)
            | Op::ArgMax(_)
            | Op::ArgSort { .. }
            | Op::Unary(Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round | Unary::Trunc)
            | Op::Binary(Binary::Rem)
            | Op::Cast => operands.then_some(true),
            // A draw by rejection: the stream after it depends on the number of rejections.
            Op::LogGamma { .. } => operands.then_some(false),
            _ if node.ty != Type::Float => Some(true),
            Op::Input(_) | Op::Constant(_) | Op::Full(_) => Some(true),
            Op::Unary(Unary::Neg | Unary::Abs | Unary::Detach)
            | Op::Binary(Binary::Add | Binary::Sub | Binary::Mul | Binary::Max | Binary::Min)
            | Op::Where
            | Op::Reduce(Reduce::Max | Reduce::Min, _)
            | Op::Scan { scan: Scan::Max | Scan::Min, .. } => Some(operands),
            op => Some(operands && moves(op)),
        }
    }

    fn acceptable(&self, node: &Node, reference: &Data, perturbed: &Data) -> bool {
        match (reference, perturbed) {
            (Data::Float(x), Data::Float(y)) => {
                let given = matches!(node.op, Op::Input(_) | Op::Constant(_) | Op::Full(_));
                let finite = !given && node.args.iter().all(|id| is_finite(&self.reference[id.index()]));
                let singular = x.iter().filter(|x| !x.is_finite()).count();
                let agree = x.iter().zip(y).all(|(&x, &y)| {
                    if x.is_finite() {
                        x.abs() <= BOUND && (x - y).abs() <= AGREEMENT * (1.0 + x.abs())
                    } else {
                        x == y || (x.is_nan() && y.is_nan())
                    }
                });
                // Nothing becomes singular by itself, and few are: a graph of NaN tells nothing.
                agree && (singular == 0 || !finite) && 4 * singular <= x.len() && !self.jumps(node) && self.sums_well(node, x)
            }
            (Data::Int(x), Data::Int(y)) => x == y && x.iter().all(|x| x.unsigned_abs() < 1 << 20),
            (x, y) => x == y,
        }
    }

    /// Whether sums in f32, one term after the other, have the digits too.
    ///
    /// A random walk of rounding errors: `ε √n max |partial sum|`, where partial sums of `n` terms of both signs are about
    /// `√(Σ x²)`.
    fn sums_well(&self, node: &Node, sums: &[f64]) -> bool {
        let shape = |k: usize| self.graph.shape(node.args[k]);
        let n = match &node.op {
            Op::Reduce(Reduce::Sum, axes) => axes.iter().map(|&axis| shape(0)[axis]).product(),
            Op::Scan { scan: Scan::Sum, axis, .. } => shape(0)[*axis],
            Op::ScatterAdd(axis) | Op::TakeAdd(axis) => shape(1)[*axis],
            Op::MatMul { transpose_a, .. } => shape(0)[shape(0).len() - if *transpose_a { 2 } else { 1 }],
            _ => return true,
        };
        let squares: Vec<Data> = node
            .args
            .iter()
            .map(|id| match &self.reference[id.index()] {
                Data::Float(x) => Data::Float(x.iter().map(|x| x * x).collect()),
                index => index.clone(),
            })
            .collect();
        let shapes: Vec<&[usize]> = node.args.iter().map(|&id| self.graph.shape(id)).collect();
        let squares = evaluate_node(Precision::F64, node, &squares.iter().collect::<Vec<_>>(), &shapes, Key::new(KEY_SEED));
        let Ok(Data::Float(squares)) = squares else { return false };
        let error = |squares: f64| 2f64.powi(-24) * (n as f64 * squares).sqrt();
        sums.iter().zip(squares).all(|(x, squares)| !x.is_finite() || error(squares) <= AGREEMENT * (1.0 + x.abs()))
    }

    /// Whether `atan2` is taken at its cut, where the sign of a zero decides.
    fn jumps(&self, node: &Node) -> bool {
        let (Op::Binary(Binary::Atan2), [y, x]) = (&node.op, node.args.as_slice()) else { return false };
        let (Data::Float(y), Data::Float(x)) = (&self.reference[y.index()], &self.reference[x.index()]) else { return false };
        y.iter().zip(x).any(|(y, x)| y.abs() < 1e-2 && *x < 1e-2)
    }

    /// Most of the nodes without users, some others.
    fn choose_outputs(&mut self) {
        let mut used = vec![false; self.graph.nodes.len()];
        for id in self.graph.nodes.iter().flat_map(|node| &node.args) {
            used[id.index()] = true;
        }
        for id in self.graph.ids() {
            if self.chance(if used[id.index()] { 8 } else { 85 }) {
                self.graph.outputs.push(id);
            }
        }
        let last = Id(self.graph.nodes.len() as u32 - 1);
        if self.graph.outputs.is_empty() || self.chance(5) {
            self.graph.outputs.push(last);
        }
    }
}

/// Whether the elements of the result are elements of the operands, or 0.
fn moves(op: &Op) -> bool {
    matches!(
        op,
        Op::Reshape | Op::Permute(_) | Op::Expand | Op::Slice(_) | Op::Unslice(_) | Op::Concat(_) | Op::Gather(_) | Op::Take(_) | Op::Where
    )
}

fn is_finite(data: &Data) -> bool {
    !matches!(data, Data::Float(x) if x.iter().any(|x| !x.is_finite()))
}
