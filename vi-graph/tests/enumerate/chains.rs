//! Chains and other graphs without plates.

use crate::brute::{Case, numbers};
use vi_graph::Id;
use vi_graph::Key;
use vi_graph::diff::gradient;
use vi_graph::enumerate::sum;
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, Op, Range};
use vi_graph::optimise::optimise;

/// `x₀ → x₁ → …`, each with an emission; gives back the case with its tables.
pub fn chain(seed: u64, values: i64, length: usize) -> Case {
    let k = values as usize;
    let mut case = Case::new(seed);
    let initial = case.parameter(&[k]);
    let transition = case.parameter(&[k, k]);
    let emission = case.parameter(&[length, k]);
    let mut last: Option<Id> = None;
    for t in 0..length {
        let x = case.summed(&format!("x[{t}]"), values, &[1], &[]);
        let prior = match last {
            None => case.look_up(initial, &[x]),
            Some(last) => case.look_up(transition, &[last, x]),
        };
        case.term(prior);
        let row = case.graph.slice(emission, &[Range { start: t, step: 1, len: 1 }, Range::all(k)]);
        let row = case.graph.reshape(row, [k]);
        let seen = case.look_up(row, &[x]);
        case.term(seen);
        last = Some(x);
    }
    case
}

/// The forward recursion on a case's numbers.
fn forward(inputs: &[Data]) -> f64 {
    let [Data::Float(initial), Data::Float(transition), Data::Float(emission)] = &inputs[..3] else { panic!("no chain") };
    let k = initial.len();
    let mut alpha: Vec<f64> = (0..k).map(|s| initial[s] + emission[s]).collect();
    for row in emission.chunks(k).skip(1) {
        let step = |s: usize| vi_graph::special::logsumexp((0..k).map(|r| alpha[r] + transition[r * k + s])) + row[s];
        alpha = (0..k).map(step).collect();
    }
    vi_graph::special::logsumexp(alpha.into_iter())
}

#[test]
fn short_chains_by_brute_force() {
    for length in [1, 2, 3, 4, 7] {
        chain(length as u64, 2, length).check(&format!("chain of {length}"));
    }
    chain(8, 3, 5).check("chain of three values");
}

#[test]
fn long_chains_by_the_forward_recursion() {
    for length in [10, 20, 30, 500] {
        let case = chain(length as u64, 3, length);
        let (found, gradients) = case.found();
        let expected = forward(&case.inputs);
        assert!((found - expected).abs() < 1e-11 * expected.abs(), "{length}: {found}, {expected}");
        // The emissions of a time are weighted by the posterior of its state.
        for row in gradients[2].chunks(3) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-11, "{row:?}");
        }
        let pairs: f64 = gradients[1].iter().sum();
        assert!((pairs - (length as f64 - 1.0)).abs() < 1e-9, "{pairs}");
    }
}

/// A chain of 500 is a few operations on stacks, not 500 of each.
#[test]
fn long_chains_take_logarithmically_many_operations() {
    let count = |length: usize| {
        let case = chain(1, 3, length);
        let mut graph = case.graph.clone();
        let total = sum(&mut graph, &case.problem).unwrap()[0];
        graph.outputs = vec![total];
        let graph = optimise(&graph);
        assert_eq!(graph.nodes.iter().filter(|node| matches!(node.op, Op::Concat(_))).count(), 0);
        graph.nodes.len()
    };
    let (short, long) = (count(62), count(500));
    assert!(long < 400, "{long}");
    assert!(long < 2 * short, "{short}, {long}");
}

/// The slope of 500 log-sum-exps in f64 against a difference of the forward recursion.
#[test]
fn gradients_of_a_long_chain() {
    let case = chain(3, 3, 500);
    let (_, gradients) = case.found();
    for (input, i) in [(0, 1), (1, 5), (2, 700)] {
        let at = |by: f64| {
            let mut inputs = case.inputs.clone();
            if let Data::Float(x) = &mut inputs[input] {
                x[i] += by;
            }
            forward(&inputs)
        };
        let difference = (at(1e-4) - at(-1e-4)) / 2e-4;
        assert!((gradients[input][i] - difference).abs() < 1e-6 * difference.abs().max(1.0), "{} {difference}", gradients[input][i]);
    }
}

#[test]
fn trees_loops_and_second_order_chains_by_brute_force() {
    let mut tree = Case::new(5);
    let table = tree.parameter(&[3, 2]);
    let root = tree.summed("root", 3, &[1], &[]);
    for leaf in 0..4 {
        let own = tree.parameter(&[2]);
        let x = tree.summed(&format!("leaf[{leaf}]"), 2, &[1], &[]);
        let edge = tree.look_up(table, &[root, x]);
        let seen = tree.look_up(own, &[x]);
        tree.term(edge);
        tree.term(seen);
    }
    tree.check("tree");

    let mut ring = Case::new(6);
    let tables: Vec<Id> = (0..5).map(|_| ring.parameter(&[2, 2])).collect();
    let nodes: Vec<Id> = (0..5).map(|i| ring.summed(&format!("s[{i}]"), 2, &[1], &[])).collect();
    for i in 0..5 {
        let edge = ring.look_up(tables[i], &[nodes[i], nodes[(i + 1) % 5]]);
        ring.term(edge);
    }
    ring.check("ring");

    let mut second = Case::new(7);
    let table = second.parameter(&[2, 2, 2]);
    let nodes: Vec<Id> = (0..6).map(|i| second.summed(&format!("x[{i}]"), 2, &[1], &[])).collect();
    for window in nodes.windows(3) {
        let term = second.look_up(table, window);
        second.term(term);
    }
    second.check("second order");
}

/// Probabilities of 0: states that cannot follow one another.
#[test]
fn impossible_transitions_leave_gradients_finite() {
    let mut case = chain(9, 2, 12);
    if let Data::Float(transition) = &mut case.inputs[1] {
        *transition = vec![-0.1, f64::NEG_INFINITY, f64::NEG_INFINITY, -0.4];
    }
    let (found, gradients) = case.found();
    let expected = forward(&case.inputs);
    assert!((found - expected).abs() < 1e-12 * expected.abs());
    assert!(gradients.iter().flatten().all(|slope| slope.is_finite()), "{gradients:?}");
}

#[test]
fn single_precision() {
    let case = chain(4, 3, 500);
    let mut graph = case.graph.clone();
    graph.precision = vi_graph::Precision::F32;
    let total = sum(&mut graph, &case.problem).unwrap()[0];
    let transition = graph.ids().nth(1).unwrap();
    let slope = gradient(&mut graph, total, &[transition]).unwrap()[0].unwrap();
    graph.outputs = vec![total, slope];
    let found = numbers(interpret(&graph, &case.inputs, Key::new(0)).unwrap());
    let (expected, slopes) = case.found();
    assert!((found[0][0] - expected).abs() < 1e-6 * expected.abs());
    for (a, b) in found[1].iter().zip(&slopes[1]) {
        assert!((a - b).abs() < 1e-4 * b.abs().max(1.0), "{a} {b}");
    }
}
