//! What the tests share: points, evaluation, and the comparison with central differences.

use vi_graph::diff::gradient;
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, Role, Shape};
use vi_graph::verify::verify;
use vi_graph::{Graph, Id, Key, Precision, Type};

/// The point at which a derivative is taken, in one input.
#[derive(Clone)]
pub struct Point {
    pub shape: Shape,
    pub values: Vec<f64>,
}

/// Distinct numbers in `(low, high)`, spread by the golden ratio; others for another `seed`.
pub fn spread(shape: &[usize], (low, high): (f64, f64), seed: usize) -> Point {
    let count = shape.iter().product();
    let values = (0..count).map(|i| low + (high - low) * ((i + 1) as f64 * 0.618_033_988_749_895 + seed as f64 * 0.377_1).fract());
    Point { shape: shape.to_vec(), values: values.collect() }
}

pub fn point(shape: &[usize], values: &[f64]) -> Point {
    Point { shape: shape.to_vec(), values: values.to_vec() }
}

/// A graph with a float parameter for each point.
pub fn parameters(points: &[Point]) -> (Graph, Vec<Id>) {
    let mut graph = Graph::new(Precision::F64);
    let ids = points.iter().enumerate().map(|(i, p)| graph.input(format!("x{i}"), Role::Parameter, p.shape.clone(), Type::Float));
    let ids = ids.collect();
    (graph, ids)
}

/// A float constant.
pub fn constant(graph: &mut Graph, shape: &[usize], values: Vec<f64>) -> Id {
    graph.push(vi_graph::ir::Op::Constant(Data::Float(values).into()), [], shape, Type::Float)
}

/// A constant of indices.
pub fn indices(graph: &mut Graph, shape: &[usize], values: Vec<i64>) -> Id {
    graph.push(vi_graph::ir::Op::Constant(Data::Int(values).into()), [], shape, Type::Int)
}

/// `Σ w y` with fixed weights that no symmetry of `y` cancels.
pub fn weighted(graph: &mut Graph, y: Id) -> Id {
    let shape = graph.shape(y).to_vec();
    let weights = spread(&shape, (0.3, 1.7), 5).values.into_iter().enumerate().map(|(i, w)| if i % 3 == 2 { -w } else { w });
    let weights = constant(graph, &shape, weights.collect());
    let product = graph.mul(y, weights);
    graph.sum_all(product)
}

/// The outputs of a graph of floats.
pub fn evaluate(graph: &Graph, points: &[Point]) -> Vec<Vec<f64>> {
    let inputs: Vec<Data> = points.iter().map(|p| Data::Float(p.values.clone())).collect();
    let outputs = interpret(graph, &inputs, Key::new(7)).unwrap();
    let floats = outputs.into_iter().map(|output| match output {
        Data::Float(values) => values,
        other => unreachable!("{other:?}"),
    });
    floats.collect()
}

/// The derivatives of `Σ w f` where `build` makes `f`; absent as `gradient` has them.
pub fn derivatives(points: &[Point], build: impl Fn(&mut Graph, &[Id]) -> Id) -> Vec<Option<Vec<f64>>> {
    let (mut graph, ids) = parameters(points);
    let y = build(&mut graph, &ids);
    let loss = weighted(&mut graph, y);
    gradients_of(graph, loss, &ids, points)
}

/// The derivatives of the sum of all elements of what `build` makes, one for each input.
pub fn slopes(points: &[Point], build: impl Fn(&mut Graph, &[Id]) -> Id) -> Vec<Vec<f64>> {
    let (mut graph, ids) = parameters(points);
    let y = build(&mut graph, &ids);
    let loss = graph.sum_all(y);
    gradients_of(graph, loss, &ids, points).into_iter().map(|d| d.unwrap()).collect()
}

fn gradients_of(mut graph: Graph, loss: Id, ids: &[Id], points: &[Point]) -> Vec<Option<Vec<f64>>> {
    let gradients = gradient(&mut graph, loss, ids).unwrap();
    for (found, id) in gradients.iter().zip(ids) {
        assert!(found.is_none_or(|found| graph.shape(found) == graph.shape(*id) && graph.ty(found) == Type::Float));
    }
    graph.outputs = gradients.iter().flatten().copied().collect();
    verify(&graph).unwrap();
    let mut values = evaluate(&graph, points).into_iter();
    gradients.iter().map(|found| found.and_then(|_| values.next())).collect()
}

/// Compares the derivatives of what `build` makes with central differences of fourth order; an absent derivative is 0.
pub fn check(what: &str, points: &[Point], build: impl Fn(&mut Graph, &[Id]) -> Id) {
    let found = derivatives(points, &build);
    let (mut graph, ids) = parameters(points);
    let y = build(&mut graph, &ids);
    graph.outputs = vec![weighted(&mut graph, y)];
    for (k, found) in found.iter().enumerate() {
        for i in 0..points[k].values.len() {
            let expected = central_difference(&graph, points, (k, i));
            let found = found.as_ref().map_or(0.0, |found| found[i]);
            let close = (found - expected).abs() <= 1e-8 * expected.abs().max(1.0);
            assert!(close, "{what}: input {k} of shape {:?}, element {i}: {found} where differences say {expected}", points[k].shape);
        }
    }
}

/// `(8 (f(x + h) − f(x − h)) − (f(x + 2h) − f(x − 2h))) / 12h`, with an error of `h⁴ f⁗' / 30`.
fn central_difference(graph: &Graph, points: &[Point], (k, i): (usize, usize)) -> f64 {
    let step = 1e-3 * points[k].values[i].abs().clamp(0.1, 1.0);
    let at = |offset: f64| {
        let mut moved = points.to_vec();
        moved[k].values[i] += offset * step;
        evaluate(graph, &moved)[0][0]
    };
    (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * step)
}

/// Compares to a relative `tolerance`, infinities and zeros exactly.
pub fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let close = found == expected || (found - expected).abs() <= tolerance * expected.abs();
        assert!(close, "{what}: {found} instead of {expected}");
    }
}
