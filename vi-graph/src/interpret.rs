//! The reference: one operation after the other, in the plainest way.
//!
//! Arithmetic is that of `f64`, sums and products of matrices included; an f32 graph rounds each element of a result
//! once, when the operation is complete.

mod element;
mod layout;
mod linear;
mod movement;
mod reduction;
pub mod scalar;

use crate::error::{Error, Result};
use crate::gamma::log_gamma_draw;
use crate::ir::{Data, Graph, Node, Op, Precision, Scalar, Stream};
use crate::key::Key;
use crate::verify::verify;

/// The outputs of `graph` for these inputs; every float is rounded to the precision of the graph after each operation.
///
/// `key` is the key of the step, for operations that draw.
///
/// # Errors
/// [`Error::Invalid`] where the graph is, [`Error::Input`] where the inputs do not fit, [`Error::Index`] where an index
/// computed on the way is outside of its axis.
pub fn interpret(graph: &Graph, inputs: &[Data], key: Key) -> Result<Vec<Data>> {
    verify(graph)?;
    if inputs.len() != graph.inputs.len() {
        return Err(Error::Input {
            input: "list".to_owned(),
            expected: format!("{} inputs", graph.inputs.len()),
            found: format!("{} inputs", inputs.len()),
        });
    }
    let mut values: Vec<Data> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let value = if let Op::Input(index) = node.op {
            input(graph, node, index, &inputs[index])?
        } else {
            let operands: Vec<&Data> = node.args.iter().map(|id| &values[id.index()]).collect();
            let shapes: Vec<&[usize]> = node.args.iter().map(|&id| graph.shape(id)).collect();
            evaluate_node(graph.precision, node, &operands, &shapes, key)?
        };
        values.push(value);
    }
    Ok(graph.outputs.iter().map(|id| values[id.index()].clone()).collect())
}

fn input(graph: &Graph, node: &Node, index: usize, data: &Data) -> Result<Data> {
    if data.ty() != node.ty || data.len() != node.len() {
        return Err(Error::Input {
            input: graph.inputs[index].name.clone(),
            expected: format!("{} elements of type {:?}", node.len(), node.ty),
            found: format!("{} elements of type {:?}", data.len(), data.ty()),
        });
    }
    Ok(rounded(graph.precision, data.clone()))
}

/// What `node` computes from operands of these shapes.
///
/// The node fits its operands, as [`crate::verify`] checks for a whole graph: nothing here looks at more than the types.
///
/// # Errors
/// [`Error::Unsupported`] for an input, whose value is the caller's, and for operands of another type than the operation
/// takes; [`Error::Index`] for an index outside of its axis.
pub fn evaluate_node(precision: Precision, node: &Node, operands: &[&Data], shapes: &[&[usize]], key: Key) -> Result<Data> {
    let out = &node.shape;
    let value = match (&node.op, operands) {
        (Op::Constant(data), []) => data.as_ref().clone(),
        (Op::Full(value), []) => full(*value, node.len()),
        (Op::Unary(f), [x]) => element::unary(*f, x)?,
        (Op::Binary(f), [x, y]) => element::binary(*f, x, y)?,
        (Op::Ternary(f), [a, b, x]) => element::ternary(*f, a, b, x)?,
        (Op::Compare(f), [x, y]) => element::compare(*f, x, y)?,
        (Op::Logic(f), [a, b]) => element::logic(*f, a, b)?,
        (Op::Not, [a]) => element::not(a)?,
        (Op::Test(f), [x]) => element::test(*f, x)?,
        (Op::Where, [condition, a, b]) => element::select(condition, a, b)?,
        (Op::Cast, [x]) => element::cast(precision, x, node.ty),
        (Op::Reduce(f, axes), [x]) => reduction::reduce(*f, x, shapes[0], axes)?,
        (Op::ArgMax(axis), [x]) => reduction::argmax(x, shapes[0], *axis)?,
        (Op::Scan { scan, axis, reverse }, [x]) => reduction::scan(*scan, x, shapes[0], *axis, *reverse)?,
        (Op::ArgSort { axis, descending }, [x]) => reduction::argsort(x, shapes[0], *axis, *descending)?,
        (Op::Reshape, [x]) => (*x).clone(),
        (Op::Permute(order), [x]) => movement::permute(x, shapes[0], order),
        (Op::Expand, [x]) => movement::expand(x, shapes[0], out),
        (Op::Slice(ranges), [x]) => movement::slice(x, shapes[0], ranges),
        (Op::Unslice(ranges), [x]) => movement::unslice(x, out, ranges),
        (Op::Concat(axis), parts) => movement::concat(parts, shapes, *axis, out)?,
        (Op::Gather(axis), [x, Data::Int(index)]) => movement::gather(x, shapes[0], *axis, index, out)?,
        (Op::ScatterAdd(axis), [Data::Int(index), y]) => movement::scatter_add(index, shapes[1], *axis, y, out)?,
        (Op::Take(axis), [x, Data::Int(index)]) => movement::take(x, shapes[0], *axis, index, out)?,
        (Op::TakeAdd(axis), [Data::Int(index), y]) => movement::take_add(index, shapes[1], *axis, y, out)?,
        (Op::MatMul { transpose_a, transpose_b }, [Data::Float(a), Data::Float(b)]) => {
            linear::matmul((a, shapes[0], *transpose_a), (b, shapes[1], *transpose_b), out)
        }
        (Op::Cholesky, [Data::Float(a)]) => linear::cholesky(a, out),
        (Op::SolveLower { transpose }, [Data::Float(l), Data::Float(b)]) => linear::solve_lower(l, b, out, *transpose),
        (Op::LowerTriangle, [Data::Float(below), Data::Float(diagonal)]) => linear::lower_triangle(below, diagonal, out),
        (Op::BelowDiagonal, [Data::Float(x)]) => linear::below_diagonal(x, shapes[0]),
        (Op::LogGamma { stream, lanes }, [Data::Float(concentration)]) => log_gamma(stream, *lanes, concentration, key),
        (op, operands) => return Err(unsupported(op.name(), operands)),
    };
    Ok(rounded(precision, value))
}

/// An operation that has no meaning for operands of these types, or of this number.
fn unsupported(op: &str, operands: &[&Data]) -> Error {
    let types: Vec<String> = operands.iter().map(|data| format!("{:?}", data.ty())).collect();
    Error::Unsupported { pass: "the interpreter", op: op.to_owned(), problem: format!("operands [{}]", types.join(", ")) }
}

fn full(value: Scalar, len: usize) -> Data {
    match value {
        Scalar::Float(x) => Data::Float(vec![x; len]),
        Scalar::Int(x) => Data::Int(vec![x; len]),
        Scalar::Bool(x) => Data::Bool(vec![x; len]),
    }
}

/// The floats that the precision can hold.
fn rounded(precision: Precision, data: Data) -> Data {
    match (precision, data) {
        (Precision::F32, Data::Float(mut x)) => {
            for x in &mut x {
                *x = f64::from(*x as f32);
            }
            Data::Float(x)
        }
        (_, data) => data,
    }
}

fn log_gamma(stream: &Stream, lanes: Option<usize>, concentration: &[f64], key: Key) -> Data {
    let key = key.site(&stream.site).fold_in(stream.call);
    let draw = |key: Key, concentration: &[f64]| {
        let mut rng = key.stream();
        concentration.iter().map(|&a| log_gamma_draw(&mut rng, a)).collect::<Vec<f64>>()
    };
    Data::Float(match lanes {
        None => draw(key, concentration),
        Some(_) if concentration.is_empty() => Vec::new(),
        Some(lanes) => {
            let rows = concentration.chunks(concentration.len() / lanes);
            (0..).zip(rows).flat_map(|(lane, row)| draw(key.lane(lane), row)).collect()
        }
    })
}
