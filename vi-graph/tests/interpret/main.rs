//! What the operations mean, in numbers derived by hand or with mpmath.
#![allow(clippy::unwrap_used, clippy::panic)] // a test may stop

mod along;
mod element;
mod indexed;
mod linear;
mod movement;
mod noise;

use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, Role};
use vi_graph::{Graph, Id, Key, Precision, Result};

/// A value with its shape.
struct Value(Data, Vec<usize>);

fn floats(shape: &[usize], x: &[f64]) -> Value {
    Value(Data::Float(x.to_vec()), shape.to_vec())
}

fn ints(shape: &[usize], x: &[i64]) -> Value {
    Value(Data::Int(x.to_vec()), shape.to_vec())
}

fn bools(shape: &[usize], x: &[bool]) -> Value {
    Value(Data::Bool(x.to_vec()), shape.to_vec())
}

/// The one output of the graph that `build` makes on inputs of these values.
fn run(precision: Precision, values: &[Value], build: impl FnOnce(&mut Graph, &[Id]) -> Id) -> Result<Data> {
    let mut g = Graph::new(precision);
    let ids: Vec<Id> = values.iter().map(|Value(data, shape)| g.input("x", Role::Data, shape.clone(), data.ty())).collect();
    let output = build(&mut g, &ids);
    g.outputs.push(output);
    let inputs: Vec<Data> = values.iter().map(|Value(data, _)| data.clone()).collect();
    interpret(&g, &inputs, Key::new(0)).map(|mut outputs| outputs.remove(0))
}

/// In f64.
fn eval(values: &[Value], build: impl FnOnce(&mut Graph, &[Id]) -> Id) -> Data {
    run(Precision::F64, values, build).unwrap()
}

/// Equal, where NaN equals NaN.
fn assert_floats(found: &Data, expected: &[f64]) {
    assert_near(found, expected, 0.0);
}

/// Within a relative error, and equal where not finite.
fn assert_near(found: &Data, expected: &[f64], tolerance: f64) {
    let Data::Float(x) = found else { panic!("{found:?}") };
    let near = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * y.abs();
    assert!(x.len() == expected.len() && x.iter().zip(expected).all(|(&x, &y)| near(x, y)), "{x:?}, expected {expected:?}");
}
