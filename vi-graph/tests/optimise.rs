//! What the passes make of graphs: the same values, in fewer nodes.
#![allow(clippy::unwrap_used, clippy::panic)] // a test may stop

#[path = "support/compose.rs"]
mod compose;
#[path = "support/generate.rs"]
#[allow(unused_imports)] // its users take what they need
mod generate;
#[path = "support/inputs.rs"]
mod inputs;
#[path = "support/models.rs"]
mod models;

use std::sync::Arc;

use inputs::{Numbers, close, inputs};
use vi_graph::batch::batch;
use vi_graph::diff::gradient;
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, Op, Role, Stream, Type, Unary};
use vi_graph::optimise::{Stage, optimise, share, stages};
use vi_graph::verify::verify;
use vi_graph::{Graph, Id, Key, Precision};

/// The optimised graph, after a comparison of its outputs with those of `graph`.
fn optimised(graph: &Graph) -> Graph {
    verify(graph).unwrap();
    let optimised = optimise(graph);
    verify(&optimised).unwrap_or_else(|error| panic!("{error}\n{optimised}"));
    let inputs = inputs(graph, &mut Numbers(3));
    let expected = interpret(graph, &inputs, Key::new(1)).unwrap();
    let found = interpret(&optimised, &inputs, Key::new(1)).unwrap();
    let tolerance = if graph.precision == Precision::F64 { 1e-12 } else { 1e-5 };
    for (found, expected) in found.iter().zip(&expected) {
        assert!(close(found, expected, tolerance), "{found:?}, expected {expected:?}\n{graph}\n{optimised}");
    }
    optimised
}

/// The ELBO of `model`, negated, averaged over `lanes`, and its derivatives with respect to the parameters: as it is
/// differentiated, and simplified before and after.
fn step(model: impl Fn(&mut Graph), lanes: usize) -> (Graph, Graph) {
    let mut g = Graph::new(Precision::F64);
    model(&mut g);
    let g = if lanes > 1 { batch(&g, lanes).unwrap().graph } else { g };
    let direct = with_gradient(g.clone());
    let simplified = optimised(&with_gradient(optimised(&g)));
    let inputs = inputs(&g, &mut Numbers(5));
    let expected = interpret(&direct, &inputs, Key::new(1)).unwrap();
    let found = interpret(&simplified, &inputs, Key::new(1)).unwrap();
    for (found, expected) in found.iter().zip(&expected) {
        assert!(close(found, expected, 1e-10), "{found:?}, expected {expected:?}\n{simplified}");
    }
    (direct, simplified)
}

fn with_gradient(mut g: Graph) -> Graph {
    let parameters: Vec<Id> =
        g.ids().filter(|&id| matches!(g.node(id).op, Op::Input(input) if g.inputs[input].role == Role::Parameter)).collect();
    let total = g.outputs[0];
    let lanes = g.node(total).len();
    let total = g.sum_all(total);
    let loss = g.mul_scalar(total, -1.0 / lanes as f64);
    let gradients = gradient(&mut g, loss, &parameters).unwrap();
    g.outputs = std::iter::once(loss).chain(gradients.into_iter().flatten()).collect();
    g
}

/// What is computed in each step: not inputs, numbers, or the same elements under another shape.
fn operations(graph: &Graph) -> usize {
    let free = |op: &Op| matches!(op, Op::Input(_) | Op::Full(_) | Op::Reshape | Op::Expand);
    stages(graph).into_iter().zip(&graph.nodes).filter(|(stage, node)| *stage == Stage::Step && !free(&node.op)).count()
}

/// The number of operations of a step before and after.
fn counts(model: impl Fn(&mut Graph), lanes: usize) -> (usize, usize) {
    let (direct, simplified) = step(model, lanes);
    (operations(&direct), operations(&simplified))
}

#[test]
fn eight_schools_take_half_the_operations() {
    assert_eq!(counts(models::eight_schools, 1), (164, 75));
    assert_eq!(counts(models::eight_schools, 4), (170, 87));
}

#[test]
fn radon_takes_a_handful_of_operations_a_house() {
    let (_, simplified) = step(|g| models::radon(g, 20, 4), 1);
    let per_house = simplified
        .nodes
        .iter()
        .zip(stages(&simplified))
        .filter(|(node, stage)| *stage == Stage::Step && node.shape == [20] && !matches!(node.op, Op::Expand));
    let names: Vec<&str> = per_house.map(|(node, _)| node.op.name()).collect();
    assert_eq!(names, ["take", "mul", "add", "sub", "mul", "square", "mul"]);
}

/// The weights of a logistic regression meet the data in two products, whatever the number of particles.
#[test]
fn logistic_regression_reads_its_data_twice() {
    for lanes in [1, 5] {
        let (_, simplified) = step(|g| models::logistic_regression(g, 20, 3), lanes);
        let products = simplified.nodes.iter().filter(|node| matches!(node.op, Op::MatMul { .. })).count();
        assert_eq!(products, 2);
        let named = |f: Unary| simplified.nodes.iter().filter(|node| node.op == Op::Unary(f)).count();
        assert_eq!([named(Unary::Softplus), named(Unary::Sigmoid), named(Unary::Log1p)], [1, 1, 0]);
    }
}

#[test]
fn inputs_stay_declared_where_nothing_needs_them() {
    let mut g = Graph::new(Precision::F32);
    let x = g.input("x", Role::Parameter, [3], Type::Float);
    let y = g.input("y", Role::Data, [3], Type::Float);
    let dead = g.mul(x, y);
    let _ = g.add(dead, y);
    let live = g.add(y, y);
    let same = g.add(y, y);
    g.outputs = vec![live, same];
    let shared = share(&g);
    assert_eq!(shared.inputs, g.inputs);
    assert_eq!(shared.to_string(), "%0: f32[3] = input 1 data \"y\"\n%1: f32[3] = add %0 %0\noutputs %1 %1\n");
}

#[test]
fn constants_are_equal_where_their_bits_are() {
    let mut g = Graph::new(Precision::F64);
    let constant = |g: &mut Graph, x: f64| g.push(Op::Constant(Arc::new(Data::Float(vec![x, 1.0]))), [], [2], Type::Float);
    let of = [0.0, -0.0, 0.0, f64::NAN, f64::NAN].map(|x| constant(&mut g, x));
    g.outputs = of.to_vec();
    let outputs = share(&g).outputs;
    assert_eq!(outputs, [0, 1, 0, 2, 2].map(Id));
}

#[test]
fn stages_of_nodes() {
    let mut g = Graph::new(Precision::F32);
    let c = g.full(1.0, [2]);
    let d = g.input("d", Role::Data, [2], Type::Float);
    let p = g.input("p", Role::Parameter, [2], Type::Float);
    let e = g.add(c, d);
    let f = g.mul(e, p);
    let draw = g.push(Op::LogGamma { stream: Stream { site: "s".to_owned(), call: 0 }, lanes: None }, [c], [2], Type::Float);
    g.outputs = vec![f, draw];
    assert_eq!(stages(&g), [Stage::Constant, Stage::Data, Stage::Step, Stage::Data, Stage::Step, Stage::Step]);
}

/// Graphs whose values stay moderate on the way, so that rounding does too.
#[test]
fn random_compositions_keep_their_values() {
    let mut compared = 0;
    for seed in 0..1500 {
        let mut numbers = Numbers(seed);
        let size = 5 + numbers.below(30);
        let graph = compose::compose(&mut numbers, size);
        let inputs = inputs(&graph, &mut numbers);
        let all = Graph { outputs: graph.ids().filter(|&id| graph.ty(id) == Type::Float).collect(), ..graph.clone() };
        let values = interpret(&all, &inputs, Key::new(1)).unwrap();
        let is_moderate = |data: &Data| matches!(data, Data::Float(x) if x.iter().all(|x| x.abs() < 1e3));
        if !values.iter().all(is_moderate) {
            continue;
        }
        compared += 1;
        let optimised = optimise(&graph);
        verify(&optimised).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{graph}\n{optimised}"));
        let expected = interpret(&graph, &inputs, Key::new(1)).unwrap();
        let found = interpret(&optimised, &inputs, Key::new(1)).unwrap();
        for (found, expected) in found.iter().zip(&expected) {
            assert!(close(found, expected, 1e-8), "seed {seed}: {found:?}, expected {expected:?}\n{graph}\n{optimised}");
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn random_graphs_of_all_operations_keep_their_values() {
    for seed in 0..600 {
        let (graph, inputs) = generate::random_graph(seed, 40, Precision::F64);
        let optimised = optimise(&graph);
        verify(&optimised).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{graph}\n{optimised}"));
        let key = Key::new(generate::KEY_SEED);
        let expected = interpret(&graph, &inputs, key).unwrap();
        let found = interpret(&optimised, &inputs, key).unwrap();
        for (expected, found) in expected.iter().zip(&found) {
            generate::compare(expected, found, 1e-8).unwrap_or_else(|problem| panic!("seed {seed}: {problem}\n{graph}\n{optimised}"));
        }
    }
}

/// Derivatives repeat what the graph computes, which is what many rules are for.
#[test]
fn random_derivatives_keep_their_values() {
    let mut compared = 0;
    for seed in 0..400 {
        let (mut graph, inputs) = generate::random_graph(seed, 25, Precision::F64);
        let parameters: Vec<Id> =
            graph.ids().filter(|&id| matches!(graph.node(id).op, Op::Input(_)) && graph.ty(id) == Type::Float).collect();
        let floats: Vec<Id> = graph.outputs.iter().copied().filter(|&id| graph.ty(id) == Type::Float).collect();
        let parts: Vec<Id> = floats
            .into_iter()
            .map(|id| {
                let sum = graph.sum_all(id);
                graph.reshape(sum, [])
            })
            .collect();
        let Some(total) = parts.into_iter().reduce(|a, b| graph.add(a, b)) else { continue };
        let Ok(gradients) = gradient(&mut graph, total, &parameters) else { continue };
        graph.outputs = std::iter::once(total).chain(gradients.into_iter().flatten()).collect();
        let key = Key::new(generate::KEY_SEED);
        let all = Graph { outputs: graph.ids().filter(|&id| graph.ty(id) == Type::Float).collect(), ..graph.clone() };
        let Ok(values) = interpret(&all, &inputs, key) else { continue };
        let is_moderate = |data: &Data| matches!(data, Data::Float(x) if x.iter().all(|x| x.abs() < 1e4));
        if !values.iter().all(is_moderate) {
            continue;
        }
        compared += 1;
        let optimised = optimise(&graph);
        verify(&optimised).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{graph}\n{optimised}"));
        let expected = interpret(&graph, &inputs, key).unwrap();
        let found = interpret(&optimised, &inputs, key).unwrap();
        for (expected, found) in expected.iter().zip(&found) {
            generate::compare(expected, found, 1e-7).unwrap_or_else(|problem| panic!("seed {seed}: {problem}\n{graph}\n{optimised}"));
        }
    }
    assert!(compared > 50, "{compared}");
}
