//! A graph that is simplified while it is built.

use super::bounds::{Bounds, bounds};
use super::intern::{Interner, Slot};
use super::stage::{Stage, stage};
use super::terms::is_total;
use crate::ir::{Binary, Compare, Graph, Id, Node, Op, Precision, Reduce, Scalar, Shape, Type, Unary};

/// What stands for `node`, whose operands are simplified already; absent where the rule does not apply.
pub(super) type Rule = fn(&mut Rewrite, &Node) -> Option<Id>;

/// How often a rule may apply to what a rule has put in place; a bound, far above what chains of rules take.
const DEPTH: usize = 48;

/// The new graph and what is known of its nodes.
pub(super) struct Rewrite {
    graph: Graph,
    rules: &'static [Rule],
    table: Interner,
    stages: Vec<Stage>,
    bounds: Vec<Bounds>,
    totals: Vec<bool>,
    /// How often the nodes of the old graph that became this one were used; 0 for what only rules have added.
    uses: Vec<u32>,
    depth: usize,
}

impl Rewrite {
    /// `graph` after `rules`.
    pub(super) fn of(graph: &Graph, rules: &'static [Rule]) -> Graph {
        let mut rewrite = Rewrite {
            graph: Graph { inputs: graph.inputs.clone(), ..Graph::new(graph.precision) },
            rules,
            table: Interner::default(),
            stages: Vec::new(),
            bounds: Vec::new(),
            totals: Vec::new(),
            uses: Vec::new(),
            depth: 0,
        };
        let mut uses = vec![0u32; graph.nodes.len()];
        for id in graph.nodes.iter().flat_map(|node| &node.args).chain(&graph.outputs) {
            uses[id.index()] += 1;
        }
        let mut place: Vec<Id> = Vec::with_capacity(graph.nodes.len());
        for (node, uses) in graph.nodes.iter().zip(uses) {
            let args = node.args.iter().map(|arg| place[arg.index()]).collect();
            let id = rewrite.emit(Node { args, ..node.clone() });
            rewrite.uses[id.index()] += uses;
            place.push(id);
        }
        rewrite.graph.outputs = graph.outputs.iter().map(|id| place[id.index()]).collect();
        rewrite.graph
    }

    /// Adds a node, or what the rules put in its place.
    pub(super) fn emit(&mut self, mut node: Node) -> Id {
        self.order_operands(&mut node);
        if let Slot::Taken(id) = self.table.find(&self.graph, &node) {
            return id;
        }
        if self.depth < DEPTH {
            self.depth += 1;
            let simpler = self.rules.iter().find_map(|rule| rule(self, &node));
            self.depth -= 1;
            if let Some(id) = simpler {
                return id;
            }
        }
        // Rules that did not apply may have added nodes, but not this one.
        match self.table.find(&self.graph, &node) {
            Slot::Taken(id) => id,
            Slot::Free(slot) => {
                let id = Id(self.graph.nodes.len() as u32);
                self.table.insert(slot, id);
                self.stages.push(stage(&self.graph, &node, &self.stages));
                self.bounds.push(bounds(&self.graph, &node, &self.bounds));
                self.totals.push(is_total(&node, &self.totals));
                self.uses.push(0);
                self.graph.nodes.push(node);
                id
            }
        }
    }

    /// Operands of commutative operations in one order, numbers last.
    fn order_operands(&self, node: &mut Node) {
        let commutes = match node.op {
            // The slope of a maximum at a tie is that of the first operand, so its operands stay where they are.
            Op::Binary(f) => matches!(f, Binary::Add | Binary::Mul | Binary::LogBeta),
            Op::Compare(f) => matches!(f, Compare::Equal | Compare::NotEqual),
            Op::Logic(_) => true,
            _ => false,
        };
        if commutes {
            node.args.sort_by_key(|&id| (matches!(self.op(id), Op::Full(_)), id));
        }
    }

    pub(super) fn graph(&self) -> &Graph {
        &self.graph
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        self.graph.node(id)
    }

    pub(super) fn op(&self, id: Id) -> &Op {
        &self.graph.node(id).op
    }

    pub(super) fn shape(&self, id: Id) -> &[usize] {
        self.graph.shape(id)
    }

    /// The first operand.
    pub(super) fn arg(&self, id: Id) -> Id {
        self.graph.node(id).args[0]
    }

    pub(super) fn stage(&self, id: Id) -> Stage {
        self.stages[id.index()]
    }

    pub(super) fn bounds(&self, id: Id) -> Bounds {
        self.bounds[id.index()]
    }

    /// Whether it is a sum, or made of sums.
    pub(super) fn is_total(&self, id: Id) -> bool {
        self.totals[id.index()]
    }

    /// Whether at most one node of the old graph needs it.
    pub(super) fn is_single(&self, id: Id) -> bool {
        self.uses[id.index()] <= 1
    }

    /// `x y`, where the old graph needs it.
    pub(super) fn product(&self, x: Id, y: Id) -> Option<Id> {
        let mut node = Node { op: Op::Binary(Binary::Mul), args: vec![x, y], shape: self.shape(x).to_vec(), ty: self.graph.ty(x) };
        self.order_operands(&mut node);
        match self.table.find(&self.graph, &node) {
            Slot::Taken(id) if self.uses[id.index()] > 0 => Some(id),
            _ => None,
        }
    }

    /// Notes that something else will use it.
    pub(super) fn used_again(&mut self, id: Id) {
        self.uses[id.index()] += 1;
    }

    /// The value that all elements have.
    pub(super) fn scalar(&self, id: Id) -> Option<Scalar> {
        match *self.op(id) {
            Op::Full(value) => Some(value),
            _ => None,
        }
    }

    /// The float that all elements are.
    pub(super) fn float(&self, id: Id) -> Option<f64> {
        match self.scalar(id) {
            Some(Scalar::Float(value)) => Some(value),
            _ => None,
        }
    }

    /// Whether all elements are the number `value`.
    pub(super) fn is(&self, id: Id, value: f64) -> bool {
        match self.scalar(id) {
            Some(Scalar::Float(x)) => x == value,
            Some(Scalar::Int(x)) => x as f64 == value,
            _ => false,
        }
    }

    /// `x` where the node is `f(x)`.
    pub(super) fn unary_of(&self, f: Unary, id: Id) -> Option<Id> {
        match self.op(id) {
            Op::Unary(g) if *g == f => Some(self.arg(id)),
            _ => None,
        }
    }

    /// `x` and `y` where the node is `f(x, y)`.
    pub(super) fn binary_of(&self, f: Binary, id: Id) -> Option<(Id, Id)> {
        match (self.op(id), &self.node(id).args[..]) {
            (Op::Binary(g), &[x, y]) if *g == f => Some((x, y)),
            _ => None,
        }
    }

    /// What is expanded, where the node is that.
    pub(super) fn expanded(&self, id: Id) -> Option<Id> {
        matches!(self.op(id), Op::Expand).then(|| self.arg(id))
    }

    pub(super) fn add_node(&mut self, op: Op, args: impl Into<Vec<Id>>, shape: impl Into<Shape>, ty: Type) -> Id {
        self.emit(Node { op, args: args.into(), shape: shape.into(), ty })
    }

    /// The operation of `node` on other operands of its shape.
    pub(super) fn like(&mut self, node: &Node, args: impl Into<Vec<Id>>) -> Id {
        self.add_node(node.op.clone(), args, node.shape.clone(), node.ty)
    }

    /// `value`, rounded to the precision of the graph, everywhere.
    pub(super) fn full(&mut self, value: Scalar, shape: impl Into<Shape>) -> Id {
        let value = match (value, self.graph.precision) {
            (Scalar::Float(x), Precision::F32) => Scalar::Float(f64::from(x as f32)),
            _ => value,
        };
        self.add_node(Op::Full(value), [], shape, value.ty())
    }

    pub(super) fn full_like(&mut self, value: f64, like: Id) -> Id {
        self.full(Scalar::Float(value), self.shape(like).to_vec())
    }

    pub(super) fn unary(&mut self, f: Unary, x: Id) -> Id {
        let (shape, ty) = (self.shape(x).to_vec(), self.graph.ty(x));
        self.add_node(Op::Unary(f), [x], shape, ty)
    }

    pub(super) fn binary(&mut self, f: Binary, x: Id, y: Id) -> Id {
        let (shape, ty) = (self.shape(x).to_vec(), self.graph.ty(x));
        self.add_node(Op::Binary(f), [x, y], shape, ty)
    }

    pub(super) fn neg(&mut self, x: Id) -> Id {
        self.unary(Unary::Neg, x)
    }

    pub(super) fn add(&mut self, x: Id, y: Id) -> Id {
        self.binary(Binary::Add, x, y)
    }

    pub(super) fn sub(&mut self, x: Id, y: Id) -> Id {
        self.binary(Binary::Sub, x, y)
    }

    pub(super) fn mul(&mut self, x: Id, y: Id) -> Id {
        self.binary(Binary::Mul, x, y)
    }

    pub(super) fn div(&mut self, x: Id, y: Id) -> Id {
        self.binary(Binary::Div, x, y)
    }

    /// `c x`
    pub(super) fn scale(&mut self, x: Id, c: f64) -> Id {
        let c = self.full_like(c, x);
        self.mul(x, c)
    }

    pub(super) fn reshape(&mut self, x: Id, shape: impl Into<Shape>) -> Id {
        let ty = self.graph.ty(x);
        self.add_node(Op::Reshape, [x], shape, ty)
    }

    pub(super) fn expand(&mut self, x: Id, shape: impl Into<Shape>) -> Id {
        let ty = self.graph.ty(x);
        self.add_node(Op::Expand, [x], shape, ty)
    }

    /// Reduces `axes`, which are ascending.
    pub(super) fn reduce(&mut self, f: Reduce, x: Id, axes: &[usize]) -> Id {
        let mut shape = self.shape(x).to_vec();
        for &axis in axes {
            shape[axis] = 1;
        }
        let ty = self.graph.ty(x);
        self.add_node(Op::Reduce(f, axes.to_vec()), [x], shape, ty)
    }
}

/// Whether each element of the result is a function of the elements at its place.
pub(super) fn is_elementwise(op: &Op) -> bool {
    matches!(
        op,
        Op::Unary(_) | Op::Binary(_) | Op::Ternary(_) | Op::Compare(_) | Op::Logic(_) | Op::Not | Op::Test(_) | Op::Where | Op::Cast
    )
}
