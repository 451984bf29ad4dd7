//! Graphs as text and as DOT.

use std::fmt::{self, Write as _};

use crate::ir::{Data, Graph, Id, Input, Op, Precision, Range, Role, Scalar};

/// How many elements of a constant are shown.
const SHOWN: usize = 6;

/// One line a node, as in `%12: f32[8, 1] = mul %3 %7`, then the outputs.
pub(crate) fn text(graph: &Graph, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for id in graph.ids() {
        writeln!(f, "%{}: {} = {}", id.0, kind(graph, id), Expression { graph, id })?;
    }
    f.write_str("outputs")?;
    for output in &graph.outputs {
        write!(f, " %{}", output.0)?;
    }
    writeln!(f)
}

/// The graph in the language of Graphviz: a box for each node, with a double border where it is an output; an edge from
/// each operand, numbered where there are many.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from("digraph {\n  node [shape=box];\n");
    for id in graph.ids() {
        let node = graph.node(id);
        let border = if graph.outputs.contains(&id) { " peripheries=2" } else { "" };
        // Formatting into a string cannot fail.
        let _ = writeln!(out, "  n{} [label=\"{}\"{border}];", id.0, label(graph, id));
        for (k, operand) in node.args.iter().enumerate() {
            let number = if node.args.len() > 1 { format!(" [label={k}]") } else { String::new() };
            let _ = writeln!(out, "  n{} -> n{}{number};", operand.0, id.0);
        }
    }
    out.push_str("}\n");
    out
}

/// What a node computes, without its operands, and its kind on a second line.
fn label(graph: &Graph, id: Id) -> String {
    let op = Operation { graph, op: &graph.node(id).op }.to_string();
    let escaped = op.replace('\\', "\\\\").replace('"', "\\\"");
    format!("%{} {escaped}\\n{}", id.0, kind(graph, id))
}

/// Type and shape, as in `f32[8, 1]`.
fn kind(graph: &Graph, id: Id) -> String {
    format!("{}{:?}", graph.ty(id).name(graph.precision), graph.shape(id))
}

/// The operation, its operands and its attributes.
struct Expression<'a> {
    graph: &'a Graph,
    id: Id,
}

impl fmt::Display for Expression<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = self.graph.node(self.id);
        f.write_str(node.op.name())?;
        for (k, operand) in node.args.iter().enumerate() {
            write!(f, " %{}{}", operand.0, if transposed(&node.op, k) { "ᵀ" } else { "" })?;
        }
        attributes(self.graph, &node.op, f)
    }
}

/// The operation and its attributes.
struct Operation<'a> {
    graph: &'a Graph,
    op: &'a Op,
}

impl fmt::Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.op.name())?;
        for k in (0..2).filter(|&k| transposed(self.op, k)) {
            write!(f, ", {k} transposed")?;
        }
        attributes(self.graph, self.op, f)
    }
}

/// Whether operand `k` is used transposed.
fn transposed(op: &Op, k: usize) -> bool {
    match (op, k) {
        (Op::MatMul { transpose_a, .. }, 0) => *transpose_a,
        (Op::MatMul { transpose_b, .. }, 1) => *transpose_b,
        (Op::SolveLower { transpose }, 0) => *transpose,
        _ => false,
    }
}

fn attributes(graph: &Graph, op: &Op, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match op {
        Op::Input(index) => match graph.inputs.get(*index) {
            Some(input) => write!(f, " {index} {}", role(input)),
            None => write!(f, " {index}"),
        },
        Op::Constant(data) => write!(f, " {}", elements(graph.precision, data)),
        Op::Full(value) => write!(f, " {}", scalar(graph.precision, *value)),
        Op::Reduce(_, axes) => write!(f, " axes {axes:?}"),
        Op::ArgMax(axis) | Op::Concat(axis) | Op::Gather(axis) | Op::ScatterAdd(axis) | Op::Take(axis) | Op::TakeAdd(axis) => {
            write!(f, " axis {axis}")
        }
        Op::Scan { axis, reverse, .. } => write!(f, " axis {axis}{}", if *reverse { " reverse" } else { "" }),
        Op::ArgSort { axis, descending } => write!(f, " axis {axis}{}", if *descending { " descending" } else { "" }),
        Op::Permute(order) => write!(f, " {order:?}"),
        Op::Slice(ranges) | Op::Unslice(ranges) => write!(f, " {}", positions(ranges)),
        Op::LogGamma { stream, lanes } => {
            write!(f, " site {:?} call {}", stream.site, stream.call)?;
            lanes.map_or(Ok(()), |lanes| write!(f, " lanes {lanes}"))
        }
        _ => Ok(()),
    }
}

fn role(input: &Input) -> String {
    let name = &input.name;
    match &input.role {
        Role::Parameter => format!("parameter {name:?}"),
        Role::Noise(stream, kind) => format!("noise {name:?}: {}, site {:?}, call {}", kind.name(), stream.site, stream.call),
        Role::Data => format!("data {name:?}"),
        Role::Step => format!("step {name:?}"),
    }
}

/// As in `[0..8, 6..=0 by -2]`.
fn positions(ranges: &[Range]) -> String {
    let ranges: Vec<String> = ranges
        .iter()
        .map(|range| match range.len {
            0 => "none".to_owned(),
            len if range.step == 1 => format!("{}..{}", range.start, range.start + len),
            len => format!("{}..={} by {}", range.start, range.at(len - 1), range.step),
        })
        .collect();
    format!("[{}]", ranges.join(", "))
}

/// The first elements.
fn elements(precision: Precision, data: &Data) -> String {
    let shown = data.len().min(SHOWN);
    let mut elements: Vec<String> = match data {
        Data::Float(x) => x[..shown].iter().map(|&x| scalar(precision, Scalar::Float(x))).collect(),
        Data::Int(x) => x[..shown].iter().map(|&x| scalar(precision, Scalar::Int(x))).collect(),
        Data::Bool(x) => x[..shown].iter().map(|&x| scalar(precision, Scalar::Bool(x))).collect(),
    };
    if data.len() > shown {
        elements.push("…".to_owned());
    }
    format!("[{}]", elements.join(", "))
}

/// The shortest digits that are read back as the value, in the precision of the graph.
fn scalar(precision: Precision, value: Scalar) -> String {
    match (value, precision) {
        (Scalar::Float(x), Precision::F32) => format!("{:?}", x as f32),
        (Scalar::Float(x), Precision::F64) => format!("{x:?}"),
        (Scalar::Int(x), _) => x.to_string(),
        (Scalar::Bool(x), _) => x.to_string(),
    }
}
