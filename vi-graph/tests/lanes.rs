//! What depends on what, element by element: random graphs in which one index of one input is changed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/generate.rs"]
#[allow(unused_imports, reason = "its users take what they need")]
mod generate;

use generate::{KEY_SEED, Values, random_graph_with};
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, Op, Type};
use vi_graph::lanes::{Lane, lanes};
use vi_graph::{Graph, Id, Key, Precision};

/// For each element of a shape, its index along `axis`.
fn along(shape: &[usize], axis: usize) -> impl Iterator<Item = usize> {
    let inner: usize = shape[axis + 1..].iter().product();
    let (size, count) = (shape[axis], shape.iter().product::<usize>());
    (0..count).map(move |element| element / inner % size)
}

/// The elements at `index` along `axis` with other values.
fn changed(data: &Data, shape: &[usize], axis: usize, index: usize) -> Option<Data> {
    let Data::Float(values) = data else { return None };
    let moved = values.iter().zip(along(shape, axis)).map(|(x, at)| if at == index { 0.6 * x + 0.17 } else { *x });
    Some(Data::Float(moved.collect()))
}

/// Which elements differ.
fn differing(before: &Data, after: &Data) -> Vec<bool> {
    fn pairs<T: PartialEq + std::fmt::Debug>(a: &[T], b: &[T]) -> Vec<bool> {
        // NaN is not equal to itself.
        a.iter().zip(b).map(|(a, b)| a != b && format!("{a:?}") != format!("{b:?}")).collect()
    }
    match (before, after) {
        (Data::Float(a), Data::Float(b)) => pairs(a, b),
        (Data::Int(a), Data::Int(b)) => pairs(a, b),
        (Data::Bool(a), Data::Bool(b)) => pairs(a, b),
        _ => panic!("a node has another type"),
    }
}

#[test]
fn a_lane_is_all_that_changes() {
    let mut certain = 0;
    for seed in 0..150 {
        let (mut graph, inputs) = random_graph_with(seed, 20, Precision::F64, Values::Finite);
        graph.outputs = graph.ids().collect();
        let Ok(before) = interpret(&graph, &inputs, Key::new(KEY_SEED)) else { continue };
        let sources: Vec<(Id, usize)> = graph
            .ids()
            .filter_map(|id| match graph.node(id).op {
                Op::Input(input) if graph.node(id).ty == Type::Float => Some((id, input)),
                _ => None,
            })
            .collect();
        for (source, input) in sources {
            let shape = graph.node(source).shape.clone();
            for axis in 0..shape.len() {
                certain += check(&graph, (source, input), axis, &inputs, &before);
            }
        }
    }
    assert!(certain > 500, "{certain} nodes in a lane are too few to mean anything");
}

fn check(graph: &Graph, (source, input): (Id, usize), axis: usize, inputs: &[Data], before: &[Data]) -> usize {
    let found = lanes(graph, source, axis);
    let shape = graph.node(source).shape.clone();
    let mut certain = 0;
    for index in 0..shape[axis] {
        let mut other = inputs.to_vec();
        let Some(data) = changed(&other[input], &shape, axis, index) else { return certain };
        other[input] = data;
        let Ok(after) = interpret(graph, &other, Key::new(KEY_SEED)) else { continue };
        for (node, lane) in found.iter().enumerate() {
            let differ = differing(&before[node], &after[node]);
            match *lane {
                Lane::Free => assert!(!differ.contains(&true), "%{node} is said to be free of %{}\n{graph}", source.0),
                Lane::Along(dim) => {
                    certain += 1;
                    let mut at = differ.iter().zip(along(&graph.nodes[node].shape, dim));
                    let strays = at.any(|(differs, at)| *differs && at != index);
                    assert!(!strays, "%{node} is said to depend along {dim} on axis {axis} of %{}\n{graph}", source.0);
                }
                Lane::Mixed => {}
            }
        }
    }
    certain
}

#[test]
fn a_sum_over_the_axis_mixes_and_one_over_another_does_not() {
    let mut graph = Graph::new(Precision::F64);
    let x = graph.input("x", vi_graph::ir::Role::Data, [3, 4], Type::Float);
    let (over, beside) = (graph.sum(x, &[0]), graph.sum(x, &[1]));
    let flat = graph.reshape(x, [12]);
    let split = graph.reshape(x, [3, 2, 2]);
    let turned = graph.permute(x, &[1, 0]);
    let found = lanes(&graph, x, 0);
    let of = |id: Id| found[id.index()];
    assert_eq!(
        [of(over), of(beside), of(flat), of(split), of(turned)],
        [Lane::Mixed, Lane::Along(0), Lane::Mixed, Lane::Along(0), Lane::Along(1)]
    );
}
