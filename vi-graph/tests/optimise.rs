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

use inputs::{Numbers, close, inputs};
use vi_graph::batch::batch;
use vi_graph::diff::gradient;
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, Op, Role, Type};
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

#[test]
fn show() {
    type Build = fn(&mut Graph);
    let all: [(&str, Build, usize); 6] = [
        ("eight", models::eight_schools, 1),
        ("eight", models::eight_schools, 4),
        ("radon", |g| models::radon(g, 20, 4), 1),
        ("radon", |g| models::radon(g, 20, 4), 3),
        ("logistic", |g| models::logistic_regression(g, 20, 3), 1),
        ("logistic", |g| models::logistic_regression(g, 20, 3), 5),
    ];
    for (name, model, lanes) in all {
        let (direct, simplified) = step(model, lanes);
        println!("=== {name} {lanes}: {} {}\n{simplified}", direct.nodes.len(), simplified.nodes.len());
        let per_step = stages(&simplified).into_iter().filter(|&stage| stage == Stage::Step).count();
        println!("{per_step}");
    }
}

/// Graphs whose values stay moderate on the way, so that rounding does too.
#[test]
fn random_compositions_keep_their_values() {
    let mut compared = 0;
    let (mut before, mut after) = (0, 0);
    for seed in 0..4000 {
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
        before += share(&graph).nodes.len();
        after += optimised.nodes.len();
        verify(&optimised).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{graph}\n{optimised}"));
        let expected = interpret(&graph, &inputs, Key::new(1)).unwrap();
        let found = interpret(&optimised, &inputs, Key::new(1)).unwrap();
        for (found, expected) in found.iter().zip(&expected) {
            assert!(close(found, expected, 1e-8), "seed {seed}: {found:?}, expected {expected:?}\n{graph}\n{optimised}");
        }
    }
    println!("{compared} {before} {after}");
    assert!(compared > 500, "{compared}");
}

#[test]
fn random_graphs_of_all_operations_keep_their_values() {
    let (mut before, mut after) = (0, 0);
    for seed in 0..2000 {
        let (graph, inputs) = generate::random_graph(seed, 40, Precision::F64);
        let optimised = optimise(&graph);
        verify(&optimised).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{graph}\n{optimised}"));
        let key = Key::new(generate::KEY_SEED);
        let expected = interpret(&graph, &inputs, key).unwrap();
        let found = interpret(&optimised, &inputs, key).unwrap();
        before += share(&graph).nodes.len();
        after += optimised.nodes.len();
        for (expected, found) in expected.iter().zip(&found) {
            generate::compare(expected, found, 1e-8).unwrap_or_else(|problem| panic!("seed {seed}: {problem}\n{graph}\n{optimised}"));
        }
    }
    println!("{before} {after}");
}

#[test]
fn time() {
    let mut g = Graph::new(Precision::F32);
    models::eight_schools(&mut g);
    let g = batch(&g, 64).unwrap().graph;
    let all = with_gradient(g.clone());
    for _ in 0..5 {
        let start = std::time::Instant::now();
        let n = optimise(&all).nodes.len();
        println!("{} -> {n} {:?}", all.nodes.len(), start.elapsed());
    }
}

/// Derivatives repeat what the graph computes, which is what many rules are for.
#[test]
fn random_derivatives_keep_their_values() {
    let mut compared = 0;
    for seed in 0..1500 {
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
    assert!(compared > 200, "{compared}");
}
