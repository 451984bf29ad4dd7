//! A whole objective with a known gradient.

use vi_graph::diff::gradient;
use vi_graph::ir::Unary;
use vi_graph::{Graph, Id};

use crate::check::{assert_close, constant, evaluate, parameters, point};

/// `log N(x; mean, scale²)` without its constant, element by element.
fn log_normal(graph: &mut Graph, x: Id, mean: Id, scale: f64) -> Id {
    let difference = graph.sub(x, mean);
    let z = graph.mul_scalar(difference, 1.0 / scale);
    let square = graph.unary(Unary::Square, z);
    graph.mul_scalar(square, -0.5)
}

/// `μ ~ N(0, 2²)`, `y_i ~ N(μ, 0.5²)`, guide `μ = m + e^r ε`.
///
/// With the particles `ε = ±1`, whose mean is 0 and whose mean square is 1, the estimate of the ELBO is its expectation:
/// `−(m² + s²)/2·2² − Σ ((y_i − m)² + s²)/2·0.5² + r` with `s = e^r`, so that `∂/∂m = −m/2² + Σ (y_i − m)/0.5²` and
/// `∂/∂r = 1 − s² (1/2² + n/0.5²)`.
#[test]
fn normal_normal() {
    let (m, r) = (0.3, -0.4f64);
    let y = [0.9, -0.2, 1.4, 0.1, 0.7];
    let points = [point(&[], &[m]), point(&[], &[r])];
    let (mut graph, ids) = parameters(&points);
    let noise = constant(&mut graph, &[2, 1], vec![1.0, -1.0]);
    let location = graph.broadcast(ids[0], [2, 1]);
    let scale = graph.unary(Unary::Exp, ids[1]);
    let scale = graph.broadcast(scale, [2, 1]);
    let offset = graph.mul(scale, noise);
    let draw = graph.add(location, offset);

    let zero = graph.full(0.0, [2, 1]);
    let prior = log_normal(&mut graph, draw, zero, 2.0);
    let data = constant(&mut graph, &[5], y.to_vec());
    let data = graph.broadcast(data, [2, 5]);
    let mean = graph.expand(draw, [2, 5]);
    let likelihood = log_normal(&mut graph, data, mean, 0.5);
    let likelihood = graph.sum(likelihood, &[1]);
    // The density of the guide is −½ ε² − r.
    let entropy = graph.broadcast(ids[1], [2, 1]);
    let elbo = graph.add(prior, likelihood);
    let elbo = graph.add(elbo, entropy);
    let elbo = graph.sum_all(elbo);
    let elbo = graph.mul_scalar(elbo, 0.5);

    graph.outputs = vec![elbo];
    let found = gradient(&mut graph, elbo, &ids).unwrap();
    graph.outputs.extend(found.into_iter().flatten());
    let found: Vec<f64> = evaluate(&graph, &points).into_iter().flatten().collect();

    let s2 = (2.0 * r).exp();
    let squares: f64 = y.iter().map(|y| (y - m).powi(2) + s2).sum();
    let differences: f64 = y.iter().map(|y| y - m).sum();
    let expected = [-(m * m + s2) / 8.0 - squares / 0.5 + r, -m / 4.0 + differences / 0.25, 1.0 - s2 * (0.25 + y.len() as f64 / 0.25)];
    assert_close("ELBO and its gradient", &found, &expected, 1e-14);
}
