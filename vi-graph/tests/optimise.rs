//! What the passes make of graphs: the same values, in fewer nodes.
#![allow(clippy::unwrap_used, clippy::panic)] // a test may stop

#[path = "support/compose.rs"]
mod compose;
#[path = "support/generate.rs"]
#[allow(unused_imports)] // its users take what they need
mod generate;
#[path = "support/inputs.rs"]
mod inputs;

use inputs::{Numbers, close, inputs};
use vi_graph::diff::gradient;
use vi_graph::interpret::interpret;
use vi_graph::ir::{Binary, Compare, Data, NoiseKind, Op, Reduce, Role, Stream, Type, Unary};
use vi_graph::optimise::{optimise, share};
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

fn noise(site: &str, kind: NoiseKind) -> Role {
    Role::Noise(Stream { site: site.to_owned(), call: 0 }, kind)
}

/// Non-centred eight schools under a mean-field guide, written as the distributions of the runtime emit it.
fn eight_schools(g: &mut Graph, lanes: Option<usize>) -> Id {
    let lead: &[usize] = lanes.as_slice();
    let one = [lead, &[1]].concat();
    let eight = [lead, &[8]].concat();
    let parameter = |g: &mut Graph, name: &str, n: usize| g.input(name, Role::Parameter, [n], Type::Float);
    let sigma = g.input("sigma", Role::Data, [8], Type::Float);
    let sigma = g.unary(Unary::Exp, sigma);
    let y = g.input("y", Role::Data, [8], Type::Float);
    let mut terms = Vec::new();
    let mut draws = Vec::new();
    for (site, n) in [("mu", 1), ("tau", 1), ("z", 8)] {
        let shape = [lead, &[n]].concat();
        let loc = parameter(g, &format!("{site}/loc"), n);
        let rho = parameter(g, &format!("{site}/rho"), n);
        let eps = g.input(format!("{site}/eps"), noise(site, NoiseKind::Normal), shape.clone(), Type::Float);
        let scale = positive(g, rho);
        let (loc, scale) = (g.broadcast(loc, shape.clone()), g.broadcast(scale, shape));
        let x = g.mul(eps, scale);
        let x = g.add(x, loc);
        draws.push(x);
        let score = normal(g, x, loc, scale);
        let score = g.neg(score);
        terms.push(score);
    }
    let (mu, u, z) = (draws[0], draws[1], draws[2]);
    let tau = positive(g, u);
    // the transform's Jacobian, against the density of the guide
    terms.push(u);

    let scale = g.full(5.0, one.clone());
    let loc = g.full(0.0, one.clone());
    let prior = normal(g, mu, loc, scale);
    terms.push(prior);
    let prior = half_cauchy(g, tau, 5.0);
    terms.push(prior);
    let (loc, scale) = (g.full(0.0, eight.clone()), g.full(1.0, eight.clone()));
    let prior = normal(g, z, loc, scale);
    terms.push(prior);
    let (mu, tau) = (g.expand(mu, eight.clone()), g.expand(tau, eight.clone()));
    let theta = g.mul(tau, z);
    let theta = g.add(mu, theta);
    let (y, sigma) = (g.broadcast(y, eight.clone()), g.broadcast(sigma, eight));
    let likelihood = normal(g, y, theta, sigma);
    terms.push(likelihood);

    let totals: Vec<Id> = terms.into_iter().map(|term| g.sum_all(term)).collect();
    let total = totals[1..].iter().fold(totals[0], |sum, &term| g.add(sum, term));
    let mean = 1.0 / lanes.unwrap_or(1) as f64;
    g.mul_scalar(total, mean)
}

/// `eˣ` with its argument cut off where it would not be a positive finite number.
fn positive(g: &mut Graph, x: Id) -> Id {
    let low = g.full_like(-87.3, x);
    let x = g.binary(Binary::Max, x, low);
    let high = g.full_like(88.7, x);
    let x = g.binary(Binary::Min, x, high);
    g.unary(Unary::Exp, x)
}

fn normal(g: &mut Graph, x: Id, loc: Id, scale: Id) -> Id {
    let z = g.sub(x, loc);
    let z = g.div(z, scale);
    let square = g.unary(Unary::Square, z);
    let half = g.mul_scalar(square, -0.5);
    let log = g.unary(Unary::Log, scale);
    let constant = g.add_scalar(log, 0.918_938_533_204_672_8);
    g.sub(half, constant)
}

fn half_cauchy(g: &mut Graph, x: Id, scale: f64) -> Id {
    let zero = g.full_like(0.0, x);
    let outside = g.compare(Compare::Less, x, zero);
    let scale_of = g.full_like(scale, x);
    let z = g.div(x, scale_of);
    let z = g.unary(Unary::Square, z);
    let z = g.unary(Unary::Log1p, z);
    let z = g.neg(z);
    let constant = g.full_like(scale.ln() + 0.451_582_705_289_454_9, z);
    let density = g.sub(z, constant);
    let never = g.full_like(f64::NEG_INFINITY, density);
    g.select(outside, never, density)
}

/// The negative mean of `of` and its derivatives with respect to the parameters.
fn with_gradient(mut g: Graph, of: Id) -> Graph {
    let parameters: Vec<Id> =
        g.ids().filter(|&id| matches!(g.node(id).op, Op::Input(input) if g.inputs[input].role == Role::Parameter)).collect();
    let loss = g.neg(of);
    let gradients = gradient(&mut g, loss, &parameters).unwrap();
    g.outputs = std::iter::once(loss).chain(gradients.into_iter().flatten()).collect();
    g
}

#[test]
fn show() {
    for lanes in [None, Some(4)] {
        let mut g = Graph::new(Precision::F64);
        let of = eight_schools(&mut g, lanes);
        let all = with_gradient(g.clone(), of);
        println!("direct: {} {}", all.nodes.len(), optimised(&all).nodes.len());
        g.outputs = vec![of];
        let g = optimised(&g);
        let of = g.outputs[0];
        let all = with_gradient(g.clone(), of);
        let o = optimised(&all);
        println!("forward first: {} {} {}\n{o}", g.nodes.len(), all.nodes.len(), o.nodes.len());
    }
    let _ = (share(&Graph::new(Precision::F32)), Reduce::Sum);
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
    let of = eight_schools(&mut g, Some(64));
    let all = with_gradient(g.clone(), of);
    for _ in 0..5 {
        let start = std::time::Instant::now();
        let n = optimise(&all).nodes.len();
        println!("{} -> {n} {:?}", all.nodes.len(), start.elapsed());
    }
}
