//! Which nodes a derivative passes through, and which it does not.

use vi_graph::diff::gradient;
use vi_graph::gamma::gamma_log_derivative;
use vi_graph::interpret::interpret;
use vi_graph::ir::{Binary, Data, Op, Role, Stream, Unary};
use vi_graph::{Error, Graph, Id, Key, Precision, Type};

use crate::check::{evaluate, parameters, point, spread};

#[test]
fn no_path_no_derivative() {
    let (mut graph, x) = parameters(&[point(&[], &[1.0]), point(&[], &[2.0])]);
    let exp = graph.unary(Unary::Exp, x[0]);
    let floor = graph.unary(Unary::Floor, x[1]);
    let through_int = {
        let int = graph.cast(x[1], Type::Int);
        graph.cast(int, Type::Float)
    };
    let sum = graph.add(exp, floor);
    let sum = graph.add(sum, through_int);
    let found = gradient(&mut graph, sum, &[x[1], x[0]]).unwrap();
    assert!(found[0].is_none() && found[1].is_some());
    assert_eq!(gradient(&mut graph, floor, &x).unwrap(), [None, None]);
}

#[test]
fn what_does_not_depend_is_left_alone() {
    let (mut graph, x) = parameters(&[point(&[], &[1.0])]);
    let data = graph.input("y", Role::Data, [], Type::Float);
    let mut y = graph.add(data, data);
    for _ in 0..100 {
        y = graph.unary(Unary::Trigamma, y);
    }
    let product = graph.mul(x[0], y);
    let before = graph.nodes.len();
    let found = gradient(&mut graph, product, &x).unwrap();
    assert!(graph.nodes.len() <= before + 2);
    assert!(found[0].is_some());
}

#[test]
fn with_respect_to_itself_to_a_node_between_and_twice() {
    let at = [point(&[], &[0.7])];
    let (mut graph, x) = parameters(&at);
    let between = graph.unary(Unary::Exp, x[0]);
    let result = graph.unary(Unary::Square, between);
    let later = graph.unary(Unary::Neg, result);
    let found = gradient(&mut graph, result, &[result, between, x[0], x[0], later]).unwrap();
    assert_eq!((found[2], found[4]), (found[3], None));
    graph.outputs = found.into_iter().flatten().collect();
    let values: Vec<f64> = evaluate(&graph, &at).into_iter().flatten().collect();
    let e = 0.7f64.exp();
    assert_eq!(values, [1.0, 2.0 * e, 2.0 * e * e, 2.0 * e * e]);
}

#[test]
fn the_same_nodes_each_time() {
    let build = || {
        let (mut graph, x) = parameters(&[spread(&[3], (0.0, 1.0), 1), spread(&[3], (0.0, 1.0), 2)]);
        let y = graph.binary(Binary::LogBeta, x[0], x[1]);
        let z = graph.mul(y, x[0]);
        let loss = graph.sum_all(z);
        let found = gradient(&mut graph, loss, &x).unwrap();
        (graph, found)
    };
    assert_eq!(build(), build());
}

#[test]
fn operations_without_a_rule_are_named() {
    let (mut graph, x) = parameters(&[point(&[], &[1.0])]);
    let y = graph.unary(Unary::Trigamma, x[0]);
    let error = gradient(&mut graph, y, &x).unwrap_err();
    assert!(matches!(&error, Error::Unsupported { op, .. } if op == "trigamma"), "{error}");
    let y = graph.binary(Binary::GammaPInShape, x[0], x[0]);
    let error = gradient(&mut graph, y, &x).unwrap_err();
    assert!(matches!(&error, Error::Unsupported { op, .. } if op == "gamma_p_in_shape"), "{error}");
    let y = graph.binary(Binary::GammaLogDerivative, x[0], x[0]);
    let error = gradient(&mut graph, y, &x).unwrap_err();
    assert!(matches!(&error, Error::Unsupported { op, .. } if op == "gamma_log_derivative"), "{error}");
}

/// `x² − c x` with `c` the value of `x`: 0, with the slope `2x − c = x`, and no simplification before may lose it.
#[test]
fn a_detached_value_is_a_constant() {
    let (mut graph, x) = parameters(&[point(&[2], &[3.0, -0.5])]);
    let square = graph.unary(Unary::Square, x[0]);
    let held = graph.unary(Unary::Detach, x[0]);
    let product = graph.mul(held, x[0]);
    let difference = graph.sub(square, product);
    let loss = graph.sum_all(difference);
    graph.outputs = vec![loss];
    let mut graph = vi_graph::optimise::optimise(&graph);
    let parameter = graph.ids().find(|&id| matches!(graph.node(id).op, Op::Input(_))).unwrap();
    let loss = graph.outputs[0];
    let slope = gradient(&mut graph, loss, &[parameter]).unwrap()[0].unwrap();
    graph.outputs = vec![loss, slope];
    for graph in [vi_graph::optimise::optimise(&graph), graph.clone()] {
        let found = interpret(&graph, &[Data::Float(vec![3.0, -0.5])], Key::new(0)).unwrap();
        assert_eq!(found, [Data::Float(vec![0.0]), Data::Float(vec![3.0, -0.5])]);
    }
    let only_held = graph.unary(Unary::Detach, parameter);
    let loss = graph.sum_all(only_held);
    assert_eq!(gradient(&mut graph, loss, &[parameter]).unwrap(), [None]);
}

#[test]
fn only_of_one_float() {
    let (mut graph, x) = parameters(&[point(&[2], &[1.0, 2.0])]);
    assert!(matches!(gradient(&mut graph, x[0], &x), Err(Error::Invalid { .. })));
    let sum = graph.sum_all(x[0]);
    let int = graph.cast(sum, Type::Int);
    assert!(matches!(gradient(&mut graph, int, &x), Err(Error::Invalid { .. })));
    assert!(gradient(&mut graph, sum, &x).unwrap()[0].is_some());
}

/// The implicit derivative of each draw, from the host function that has its own reference values.
#[test]
fn gamma_draws() {
    for lanes in [None, Some(2)] {
        let mut graph = Graph::new(Precision::F64);
        let a = graph.input("a", Role::Parameter, [2, 3], Type::Float);
        let stream = Stream { site: "g".into(), call: 0 };
        let draw = graph.push(Op::LogGamma { stream, lanes }, [a], [2, 3], Type::Float);
        let loss = graph.sum_all(draw);
        let found: Vec<Id> = gradient(&mut graph, loss, &[a]).unwrap().into_iter().flatten().collect();
        graph.outputs = vec![draw, found[0]];
        let concentration = vec![0.01, 0.3, 1.0, 2.5, 40.0, 1e4];
        let outputs = interpret(&graph, &[Data::Float(concentration.clone())], Key::new(3)).unwrap();
        let [Data::Float(draws), Data::Float(slopes)] = outputs.as_slice() else { unreachable!() };
        let expected: Vec<f64> = concentration.iter().zip(draws).map(|(&a, &g)| gamma_log_derivative(a, g)).collect();
        assert_eq!(*slopes, expected);
    }
}
