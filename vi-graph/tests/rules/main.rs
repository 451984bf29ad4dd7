//! What each rule of the optimiser makes of the expression that it is there for.
#![allow(clippy::unwrap_used, clippy::panic)] // a test may stop

mod arithmetic;
mod functions;
#[path = "../support/inputs.rs"]
mod inputs;
mod movement;
mod sums;

use std::sync::Arc;

use inputs::{Numbers, close, inputs};
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, NoiseKind, Op, Role, Scalar, Stream, Type};
use vi_graph::optimise::optimise;
use vi_graph::verify::verify;
use vi_graph::{Graph, Id, Key, Precision};

/// The output of the optimised graph as an expression, after a comparison of its value with that of the graph.
fn form(build: impl FnOnce(&mut Graph) -> Id) -> String {
    let mut graph = Graph::new(Precision::F64);
    let output = build(&mut graph);
    graph.outputs = vec![output];
    verify(&graph).unwrap();
    let optimised = optimise(&graph);
    verify(&optimised).unwrap();
    for seed in 0..4 {
        let inputs = inputs(&graph, &mut Numbers(seed));
        let expected = interpret(&graph, &inputs, Key::new(1)).unwrap();
        let found = interpret(&optimised, &inputs, Key::new(1)).unwrap();
        assert!(close(&found[0], &expected[0], 1e-13), "{found:?}, expected {expected:?}\n{graph}\n{optimised}");
    }
    expression(&optimised, optimised.outputs[0])
}

fn expression(graph: &Graph, id: Id) -> String {
    let node = graph.node(id);
    let args: Vec<String> = node.args.iter().map(|&arg| expression(graph, arg)).collect();
    let args = args.join(", ");
    match &node.op {
        Op::Input(input) => graph.inputs[*input].name.clone(),
        Op::Full(Scalar::Float(x)) => format!("{x}"),
        Op::Full(Scalar::Int(x)) => format!("{x}"),
        Op::Full(Scalar::Bool(x)) => format!("{x}"),
        Op::Expand | Op::Reshape => format!("{}{:?}({args})", node.op.name(), node.shape),
        Op::Reduce(_, axes) => format!("{}{axes:?}({args})", node.op.name()),
        Op::Constant(data) => format!("{data:?}"),
        _ => format!("{}({args})", node.op.name()),
    }
}

fn step(g: &mut Graph, name: &str, shape: &[usize]) -> Id {
    g.input(name, Role::Parameter, shape, Type::Float)
}

fn data(g: &mut Graph, name: &str, shape: &[usize]) -> Id {
    g.input(name, Role::Data, shape, Type::Float)
}

/// In (0, 1).
fn uniform(g: &mut Graph, name: &str, shape: &[usize]) -> Id {
    let stream = Stream { site: name.to_owned(), call: 0 };
    g.input(name, Role::Noise(stream, NoiseKind::Uniform), shape, Type::Float)
}

/// `f(x)` of a vector that moves with the step.
fn of_x(build: impl FnOnce(&mut Graph, Id) -> Id) -> String {
    form(|g| {
        let x = step(g, "x", &[3]);
        build(g, x)
    })
}

fn of_xy(build: impl FnOnce(&mut Graph, Id, Id) -> Id) -> String {
    form(|g| {
        let (x, y) = (step(g, "x", &[3]), step(g, "y", &[3]));
        build(g, x, y)
    })
}

/// `f(x, y)` for `y` one number that is repeated.
fn of_x_and_scalar(build: impl FnOnce(&mut Graph, Id, Id) -> Id) -> String {
    form(|g| {
        let (x, s) = (step(g, "x", &[3]), step(g, "s", &[1]));
        let s = g.expand(s, [3]);
        build(g, x, s)
    })
}

fn constant(g: &mut Graph, values: &[i64]) -> Id {
    g.push(Op::Constant(Arc::new(Data::Int(values.to_vec()))), [], [values.len()], Type::Int)
}

fn floats(g: &mut Graph, values: &[f64]) -> Id {
    g.push(Op::Constant(Arc::new(Data::Float(values.to_vec()))), [], [values.len()], Type::Float)
}
