//! What must hold of a graph.

mod along;
mod element;
mod linear;
mod movement;

use crate::error::{Error, Result};
use crate::ir::{Graph, Id, Node, Op, Role, Type};

/// Checks order, operand counts, shapes, types and attributes of every node, and the outputs.
///
/// # Errors
/// [`Error::Invalid`] for the first node that does not fit.
pub fn verify(graph: &Graph) -> Result<()> {
    let mut input_nodes: Vec<Option<Id>> = vec![None; graph.inputs.len()];
    for id in graph.ids() {
        let node = graph.node(id);
        let invalid = |problem| Error::Invalid { node: id.0, op: node.op.name().to_owned(), problem };
        if let Some(operand) = node.args.iter().find(|operand| **operand >= id) {
            return Err(invalid(format!("operand %{} does not stand before its user", operand.0)));
        }
        Checked { graph, node }.check().map_err(invalid)?;
        if let Op::Input(index) = node.op {
            same_input(graph, node, index, *input_nodes[index].get_or_insert(id)).map_err(invalid)?;
        }
    }
    match graph.outputs.iter().enumerate().find(|(_, id)| id.index() >= graph.nodes.len()) {
        Some((i, id)) => Err(Error::Invalid {
            node: id.0,
            op: format!("output {i}"),
            problem: format!("does not exist: the graph has {} nodes", graph.nodes.len()),
        }),
        None => Ok(()),
    }
}

/// What is wrong, without the node.
type Check = std::result::Result<(), String>;

/// An input may be read by many nodes, which agree on what it is.
fn same_input(graph: &Graph, node: &Node, index: usize, first: Id) -> Check {
    let other = graph.node(first);
    require(node.shape == other.shape && node.ty == other.ty, || {
        format!("input {index} is {:?} {:?} here and {:?} {:?} at %{}", node.ty, node.shape, other.ty, other.shape, first.0)
    })
}

fn require(holds: bool, problem: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(problem()) }
}

/// A node whose operands exist.
#[derive(Clone, Copy)]
struct Checked<'a> {
    graph: &'a Graph,
    node: &'a Node,
}

impl<'a> Checked<'a> {
    fn check(self) -> Check {
        match &self.node.op {
            Op::Input(index) => self.input(*index),
            Op::Constant(data) => {
                self.operands(0)?;
                self.result(data.ty())?;
                require(data.len() == self.node.len(), || format!("{} elements for the shape {:?}", data.len(), self.node.shape))
            }
            Op::Full(value) => {
                self.operands(0)?;
                self.result(value.ty())
            }
            Op::Unary(f) => element::unary(self, *f),
            Op::Binary(f) => element::binary(self, *f),
            Op::Ternary(_) => element::ternary(self),
            Op::Compare(_) => element::compare(self),
            Op::Logic(_) => element::logic(self, 2),
            Op::Not => element::logic(self, 1),
            Op::Test(_) => element::test(self),
            Op::Where => element::select(self),
            Op::Cast => element::cast(self),
            Op::LogGamma { lanes, .. } => element::log_gamma(self, *lanes),
            Op::Reduce(f, axes) => along::reduce(self, *f, axes),
            Op::ArgMax(axis) => along::argmax(self, *axis),
            Op::Scan { scan, axis, .. } => along::scan(self, *scan, *axis),
            Op::ArgSort { axis, .. } => along::argsort(self, *axis),
            Op::Reshape => movement::reshape(self),
            Op::Permute(order) => movement::permute(self, order),
            Op::Expand => movement::expand(self),
            Op::Slice(ranges) => movement::slice(self, ranges),
            Op::Unslice(ranges) => movement::unslice(self, ranges),
            Op::Concat(axis) => movement::concat(self, *axis),
            Op::Gather(axis) => movement::gather(self, *axis),
            Op::ScatterAdd(axis) => movement::scatter_add(self, *axis),
            Op::Take(axis) => movement::take(self, *axis),
            Op::TakeAdd(axis) => movement::take_add(self, *axis),
            Op::MatMul { transpose_a, transpose_b } => linear::matmul(self, *transpose_a, *transpose_b),
            Op::Cholesky => linear::cholesky(self),
            Op::SolveLower { .. } => linear::solve_lower(self),
            Op::LowerTriangle => linear::lower_triangle(self),
            Op::BelowDiagonal => linear::below_diagonal(self),
        }
    }

    fn input(self, index: usize) -> Check {
        self.operands(0)?;
        let inputs = &self.graph.inputs;
        require(index < inputs.len(), || format!("input {index} does not exist: the graph has {} inputs", inputs.len()))?;
        match &inputs[index].role {
            Role::Noise(..) => self.result(Type::Float),
            Role::Parameter | Role::Data | Role::Step => Ok(()),
        }
    }

    /// There are `count` operands.
    fn operands(self, count: usize) -> Check {
        require(self.node.args.len() == count, || format!("{} operands, expected {count}", self.node.args.len()))
    }

    /// The shape of operand `k`.
    fn shape(self, k: usize) -> &'a [usize] {
        self.graph.shape(self.node.args[k])
    }

    /// The type of operand `k`.
    fn ty(self, k: usize) -> Type {
        self.graph.ty(self.node.args[k])
    }

    /// What messages call operand `k`.
    fn operand(self, k: usize) -> String {
        format!("operand {k} (%{})", self.node.args[k].0)
    }

    /// Operand `k` is of one of these types.
    fn operand_type(self, k: usize, types: &[Type]) -> Check {
        require(types.contains(&self.ty(k)), || {
            let expected: Vec<String> = types.iter().map(|&ty| self.type_name(ty)).collect();
            format!("{} is {}, expected {}", self.operand(k), self.type_name(self.ty(k)), expected.join(" or "))
        })
    }

    /// Operand `k` has this shape.
    fn operand_shape(self, k: usize, expected: &[usize]) -> Check {
        require(self.shape(k) == expected, || format!("{} has shape {:?}, expected {expected:?}", self.operand(k), self.shape(k)))
    }

    /// The node is of this type.
    fn result(self, expected: Type) -> Check {
        require(self.node.ty == expected, || format!("is {}, expected {}", self.type_name(self.node.ty), self.type_name(expected)))
    }

    /// The node has this shape.
    fn result_shape(self, expected: &[usize]) -> Check {
        require(self.node.shape == expected, || format!("has shape {:?}, expected {expected:?}", self.node.shape))
    }

    /// The axis is one of operand `k`.
    fn axis(self, k: usize, axis: usize) -> Check {
        let shape = self.shape(k);
        require(axis < shape.len(), || format!("axis {axis}, but {} has shape {shape:?}", self.operand(k)))
    }

    fn type_name(self, ty: Type) -> String {
        ty.name(self.graph.precision).to_owned()
    }
}
