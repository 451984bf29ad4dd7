//! The random graphs that executors and passes are tested with are valid, and say something.
#![allow(clippy::unwrap_used)] // a test may stop

#[path = "support/generate.rs"]
mod generate;

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use generate::{KEY_SEED, Values, compare, random_graph, random_graph_with, tolerance};
use vi_graph::interpret::{evaluate_node, interpret};
use vi_graph::ir::{Data, Op};
use vi_graph::verify::verify;
use vi_graph::{Graph, Key, Precision};

const SEEDS: u64 = 300;

#[test]
fn random_graphs_fit_and_both_precisions_agree() {
    for seed in 0..SEEDS {
        let (mut graph, inputs) = random_graph(seed, 40, Precision::F32);
        verify(&graph).unwrap();
        let single = interpret(&graph, &inputs, Key::new(KEY_SEED)).unwrap();
        graph.precision = Precision::F64;
        let double = interpret(&graph, &inputs, Key::new(KEY_SEED)).unwrap();
        for (expected, found) in double.iter().zip(&single) {
            compare(expected, found, tolerance(Precision::F32)).unwrap_or_else(|problem| panic!("seed {seed}: {problem}\n{graph}"));
        }
    }
}

/// What an executor computes whose results are wrong in the last three bits of the precision.
fn inaccurate(graph: &Graph, inputs: &[Data], rng: &mut ChaCha8Rng) -> Vec<Data> {
    let unit = if graph.precision == Precision::F32 { 2f64.powi(-22) } else { 2f64.powi(-50) };
    let mut values: Vec<Data> = Vec::new();
    for node in &graph.nodes {
        let operands: Vec<&Data> = node.args.iter().map(|id| &values[id.index()]).collect();
        let shapes: Vec<&[usize]> = node.args.iter().map(|&id| graph.shape(id)).collect();
        let mut disturb = |x: f64| {
            // What f32 holds is given, or the result of exact arithmetic.
            let exact = f64::from(x as f32) == x || x.is_nan();
            if exact { x } else { x * (1.0 + unit * (rng.next_u32() as f64 / 2f64.powi(31) - 1.0)) }
        };
        values.push(match node.op {
            Op::Input(index) => inputs[index].clone(),
            _ => match evaluate_node(Precision::F64, node, &operands, &shapes, Key::new(KEY_SEED)).unwrap() {
                Data::Float(x) => Data::Float(x.into_iter().map(&mut disturb).collect()),
                data => data,
            },
        });
    }
    graph.outputs.iter().map(|id| values[id.index()].clone()).collect()
}

#[test]
fn errors_of_a_few_bits_stay_within_the_tolerance() {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for seed in 0..SEEDS {
        for precision in [Precision::F32, Precision::F64] {
            let (graph, inputs) = random_graph(seed, 40, precision);
            let expected = interpret(&graph, &inputs, Key::new(KEY_SEED)).unwrap();
            for (expected, found) in expected.iter().zip(&inaccurate(&graph, &inputs, &mut rng)) {
                compare(expected, found, tolerance(precision)).unwrap_or_else(|problem| panic!("seed {seed}: {problem}\n{graph}"));
            }
        }
    }
}

#[test]
fn every_operation_occurs() {
    let mut counts = BTreeMap::<&str, usize>::new();
    let mut nodes = 0;
    for seed in 0..SEEDS {
        let (graph, _) = random_graph(seed, 40, Precision::F64);
        nodes += graph.nodes.len();
        for node in &graph.nodes {
            *counts.entry(node.op.name()).or_default() += 1;
        }
    }
    println!("{nodes} nodes: {counts:?}");
    assert_eq!(counts.len(), OPERATIONS, "{:?}", counts.keys());
    assert!(counts.values().all(|&count| count >= 5), "{counts:?}");
    assert!(nodes as u64 >= 35 * SEEDS);
}

/// 43 unary, 17 binary and 4 ternary, 6 comparisons, 3 of logic and `not`, 2 tests, `where` and `cast`, 7 reductions, 4 scans,
/// `argmax` and `argsort`, 6 movements, 4 with an index, 5 with matrices, 3 without operands, and the draw.
const OPERATIONS: usize = 43 + 17 + 4 + 6 + 4 + 2 + 2 + 7 + 4 + 2 + 6 + 4 + 3 + 5 + 1;

#[test]
fn a_seed_gives_the_same_graph() {
    let twice = [0, 1].map(|_| random_graph(7, 60, Precision::F32));
    assert_eq!(twice[0].0.to_string(), twice[1].0.to_string());
    assert_eq!(twice[0].1, twice[1].1);
    assert_ne!(twice[0].0.to_string(), random_graph(8, 60, Precision::F32).0.to_string());
}

#[test]
fn special_values_reach_outputs() {
    let mut singular = 0;
    for seed in 0..50 {
        let (graph, inputs) = random_graph_with(seed, 40, Precision::F64, Values::Special);
        verify(&graph).unwrap();
        let outputs = interpret(&graph, &inputs, Key::new(KEY_SEED)).unwrap();
        singular += outputs.iter().filter(|data| matches!(data, Data::Float(x) if x.iter().any(|x| !x.is_finite()))).count();
    }
    assert!(singular >= 50, "{singular}");
}

#[test]
fn comparison_is_relative_for_large_and_absolute_for_small_floats() {
    let float = |x: f64| Data::Float(vec![0.0, x]);
    assert_eq!(compare(&float(1000.0), &float(1000.5), 1e-3), Ok(()));
    assert_eq!(compare(&float(1e-9), &float(-1e-9), 1e-6), Ok(()));
    assert_eq!(compare(&float(f64::NAN), &float(f64::NAN), 0.0), Ok(()));
    assert_eq!(compare(&float(1.0), &float(1.1), 1e-3), Err("element 1 is 1.1, expected 1.0".to_owned()));
    assert!(compare(&float(1.0), &float(f64::NAN), 1e9).is_err());
    assert!(compare(&float(f64::INFINITY), &float(1e30), 1e9).is_err());
    assert_eq!(compare(&Data::Int(vec![1]), &Data::Int(vec![2]), 9.0), Err("element 0 is 2, expected 1".to_owned()));
    assert_eq!(compare(&Data::Int(vec![1]), &Data::Bool(vec![true]), 9.0), Err("type Bool, expected Int".to_owned()));
    assert_eq!(compare(&Data::Int(vec![1]), &Data::Int(vec![]), 9.0), Err("0 elements, expected 1".to_owned()));
}
