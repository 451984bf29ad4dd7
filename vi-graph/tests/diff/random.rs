//! Random graphs: rules in combination.

#[path = "../support/generate.rs"]
#[allow(unused_imports, reason = "not every test uses all of it")]
mod generate;

use generate::{KEY_SEED, Values, random_graph, random_graph_with};
use vi_graph::diff::gradient;
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, Op, Unary};
use vi_graph::verify::verify;
use vi_graph::{Error, Graph, Id, Key, Precision, Type};

use crate::check::{spread, weighted};

/// One weighted sum over all float outputs.
fn loss(graph: &mut Graph) -> Option<Id> {
    let outputs: Vec<Id> = graph.outputs.iter().copied().filter(|&id| graph.ty(id) == Type::Float).collect();
    let sums: Vec<Id> = outputs
        .into_iter()
        .map(|output| {
            let sum = weighted(graph, output);
            graph.reshape(sum, [])
        })
        .collect();
    let (&first, rest) = sums.split_first()?;
    Some(rest.iter().fold(first, |total, &sum| graph.add(total, sum)))
}

/// The nodes of the float inputs, and which inputs they are.
fn float_inputs(graph: &Graph) -> Vec<(Id, usize)> {
    let inputs = graph.ids().filter_map(|id| match (&graph.node(id).op, graph.ty(id)) {
        (Op::Input(k), Type::Float) => Some((id, *k)),
        _ => None,
    });
    inputs.collect()
}

fn evaluate(graph: &Graph, inputs: &[Data]) -> Vec<Vec<f64>> {
    let outputs = interpret(graph, inputs, Key::new(KEY_SEED)).unwrap();
    let floats = outputs.into_iter().map(|data| match data {
        Data::Float(x) => x,
        other => unreachable!("{other:?}"),
    });
    floats.collect()
}

/// All floats that are computed on the way.
fn everything(graph: &Graph, inputs: &[Data]) -> Vec<f64> {
    let outputs = graph.ids().filter(|&id| graph.ty(id) == Type::Float).collect();
    evaluate(&Graph { outputs, ..graph.clone() }, inputs).concat()
}

fn directions(inputs: &[Data], seed: usize) -> Vec<Vec<f64>> {
    inputs.iter().enumerate().map(|(k, data)| spread(&[data.len()], (-1.0, 1.0), seed + k).values).collect()
}

/// `inputs + distance · direction`, integers and truth values as they are.
fn moved(inputs: &[Data], direction: &[Vec<f64>], distance: f64) -> Vec<Data> {
    let pairs = inputs.iter().zip(direction);
    let moved = pairs.map(|(data, direction)| match data {
        Data::Float(x) => Data::Float(x.iter().zip(direction).map(|(x, d)| x + distance * d).collect()),
        other => other.clone(),
    });
    moved.collect()
}

/// The derivative along a direction agrees with central differences, where those to either side and two step widths agree
/// that there is one.
#[test]
fn agree_with_central_differences() {
    let (mut compared, mut unsupported) = (0, 0);
    for seed in 0..600 {
        let (mut graph, inputs) = random_graph(seed, 30, Precision::F64);
        let inputs = moved(&inputs, &directions(&inputs, 50), 1e-2);
        // A draw moves with its concentration at a fixed quantile; the sampler that differences see accepts and rejects. What is
        // detached moves with its operand, and says otherwise.
        if graph.nodes.iter().any(|node| matches!(node.op, Op::LogGamma { .. } | Op::Unary(Unary::Detach))) {
            continue;
        }
        let Some(loss) = loss(&mut graph) else { continue };
        graph.outputs = vec![loss];
        let forward = graph.clone();
        // A sine of 10²² turns round more often than any step width follows.
        if everything(&forward, &inputs).iter().any(|x| x.abs() > 1e9) {
            continue;
        }
        let wrt = float_inputs(&graph);
        let ids: Vec<Id> = wrt.iter().map(|&(id, _)| id).collect();
        let found = match gradient(&mut graph, loss, &ids) {
            Ok(found) => found,
            Err(Error::Unsupported { .. }) => {
                unsupported += 1;
                continue;
            }
            Err(error) => panic!("seed {seed}: {error}"),
        };
        graph.outputs = found.iter().flatten().copied().collect();
        verify(&graph).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{graph}"));

        let direction = directions(&inputs, 0);
        let mut slopes = evaluate(&graph, &inputs).into_iter();
        let mut derivative = 0.0;
        for ((_, k), _) in wrt.iter().zip(&found).filter(|(_, found)| found.is_some()) {
            let slope = slopes.next().unwrap();
            derivative += slope.iter().zip(&direction[*k]).map(|(s, d)| s * d).sum::<f64>();
        }
        let at = |distance: f64| evaluate(&forward, &moved(&inputs, &direction, distance))[0][0];
        let differences = |h: f64| (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
        let (wide, narrow) = (differences(4e-5), differences(1e-5));
        let scale = 1.0 + narrow.abs() + at(0.0).abs();
        let bend = (at(1e-5) - 2.0 * at(0.0) + at(-1e-5)) / 1e-5;
        if (wide - narrow).abs() < 1e-7 * scale && bend.abs() < 1e-2 * scale {
            compared += 1;
            assert!((derivative - narrow).abs() < 1e-6 * scale, "seed {seed}: {derivative}, differences say {narrow}\n{forward}");
        }
    }
    println!("{compared} compared, {unsupported} without a rule");
    assert!(compared > 300, "{compared}");
}

/// NaN and infinities lead to no index out of range in what a rule gathers or scatters.
#[test]
fn special_values_are_computed_with() {
    let mut evaluated = 0;
    for seed in 0..200 {
        let (mut graph, inputs) = random_graph_with(seed, 30, Precision::F32, Values::Special);
        let Some(loss) = loss(&mut graph) else { continue };
        let ids: Vec<Id> = float_inputs(&graph).into_iter().map(|(id, _)| id).collect();
        let Ok(found) = gradient(&mut graph, loss, &ids) else { continue };
        graph.outputs = found.iter().flatten().copied().collect();
        verify(&graph).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{graph}"));
        let slopes = evaluate(&graph, &inputs);
        evaluated += 1;
        for (slope, found) in slopes.iter().zip(found.iter().flatten()) {
            assert_eq!(slope.len(), graph.node(*found).len());
        }
    }
    assert!(evaluated > 120, "{evaluated}");
}
