//! Derivatives of derivatives.

use vi_graph::diff::gradient;
use vi_graph::ir::{Binary, Compare, Range, Reduce, Scan, Ternary, Unary};
use vi_graph::{Graph, Id};

use crate::check::{Point, assert_close, check, evaluate, parameters, point, spread, weighted};

/// Compares the derivatives of a weighted sum of the derivatives with central differences of that sum.
fn check_second(what: &str, points: &[Point], build: impl Fn(&mut Graph, &[Id]) -> Id) {
    check(&format!("second derivative of {what}"), points, |graph, x| {
        let y = build(graph, x);
        let loss = weighted(graph, y);
        let first: Vec<Id> = gradient(graph, loss, x).unwrap().into_iter().flatten().collect();
        let sums: Vec<Id> = first
            .into_iter()
            .map(|g| {
                let sum = weighted(graph, g);
                graph.reshape(sum, [1])
            })
            .collect();
        graph.concat(&sums, 0)
    });
}

#[test]
fn functions_of_one_float() {
    let domains = [
        (Unary::Exp, (-2.0, 2.0)),
        (Unary::Log, (0.4, 3.0)),
        (Unary::Log1p, (-0.5, 3.0)),
        (Unary::Expm1, (-2.0, 2.0)),
        (Unary::Sqrt, (0.4, 3.0)),
        (Unary::Recip, (0.5, 3.0)),
        (Unary::Square, (-2.0, 2.0)),
        (Unary::Sin, (-2.0, 2.0)),
        (Unary::Cos, (-2.0, 2.0)),
        (Unary::Tan, (-1.0, 1.0)),
        (Unary::Sinh, (-2.0, 2.0)),
        (Unary::Cosh, (-2.0, 2.0)),
        (Unary::Tanh, (-2.0, 2.0)),
        (Unary::Asin, (-0.6, 0.6)),
        (Unary::Acos, (-0.6, 0.6)),
        (Unary::Atan, (-2.0, 2.0)),
        (Unary::Asinh, (-2.0, 2.0)),
        (Unary::Acosh, (1.6, 4.0)),
        (Unary::Atanh, (-0.6, 0.6)),
        (Unary::Erf, (-2.0, 2.0)),
        (Unary::Sigmoid, (-4.0, 4.0)),
        (Unary::Softplus, (-4.0, 4.0)),
        (Unary::Lgamma, (0.8, 9.0)),
        (Unary::Erfc, (-2.0, 2.0)),
        (Unary::Erfinv, (-0.6, 0.6)),
        (Unary::Ndtr, (-2.0, 2.0)),
        (Unary::LogNdtr, (-6.0, 2.0)),
        (Unary::Ndtri, (0.2, 0.8)),
        (Unary::Log1mexp, (0.4, 4.0)),
        (Unary::I0e, (0.5, 6.0)),
        (Unary::I1e, (0.5, 6.0)),
        (Unary::LogI0, (0.5, 6.0)),
    ];
    for (f, domain) in domains {
        check_second(&format!("{f:?}"), &[spread(&[4], domain, 1)], |graph, x| graph.unary(f, x[0]));
    }
}

#[test]
fn functions_of_two_floats() {
    let domains = [
        (Binary::Mul, (-2.0, 2.0), (-2.0, 2.0)),
        (Binary::Div, (-2.0, 2.0), (0.6, 3.0)),
        (Binary::Pow, (0.5, 3.0), (-2.0, 3.0)),
        (Binary::Atan2, (0.6, 2.0), (-2.0, 2.0)),
        (Binary::Xlogy, (0.3, 3.0), (0.5, 3.0)),
        (Binary::LogBeta, (0.8, 6.0), (0.7, 5.0)),
    ];
    for (f, left, right) in domains {
        check_second(&format!("{f:?}"), &[spread(&[3], left, 1), spread(&[3], right, 2)], |graph, x| graph.binary(f, x[0], x[1]));
    }
}

/// The derivatives in the other parameters have none of their own in them.
#[test]
fn distribution_functions_in_their_variable() {
    for f in [Binary::GammaP, Binary::GammaQ, Binary::GammaPInShape] {
        check_second(&format!("{f:?}"), &[spread(&[3], (0.5, 5.0), 1)], |graph, x| {
            let a = crate::check::constant(graph, &[3], vec![0.7, 1.5, 4.0]);
            graph.binary(f, a, x[0])
        });
    }
    for f in [Ternary::BetaInc, Ternary::BetaIncInA, Ternary::BetaIncInB] {
        check_second(&format!("{f:?}"), &[spread(&[3], (0.2, 0.8), 1)], |graph, x| {
            let a = crate::check::constant(graph, &[3], vec![0.7, 1.5, 4.0]);
            let b = crate::check::constant(graph, &[3], vec![2.7, 0.5, 3.0]);
            graph.ternary(f, a, b, x[0])
        });
    }
}

#[test]
fn reductions_and_scans() {
    for f in [Reduce::Sum, Reduce::Prod, Reduce::Max, Reduce::LogSumExp] {
        check_second(&format!("{f:?}"), &[spread(&[2, 3], (-1.0, 2.0), 1)], |graph, x| {
            let square = graph.mul(x[0], x[0]);
            graph.reduce(f, square, &[0, 1])
        });
    }
    for scan in [Scan::Sum, Scan::Prod, Scan::Max] {
        check_second(&format!("running {scan:?}"), &[spread(&[5], (0.3, 2.0), 1)], |graph, x| {
            let square = graph.mul(x[0], x[0]);
            graph.scan(scan, square, 0, false)
        });
    }
    check_second("a running product with a zero", &[point(&[4], &[2.0, 3.0, -1.5, 0.0])], |graph, x| {
        graph.scan(Scan::Prod, x[0], 0, false)
    });
    check_second("a product with a zero", &[point(&[4], &[2.0, 0.0, 3.0, -1.5])], |graph, x| graph.reduce(Reduce::Prod, x[0], &[0]));
}

#[test]
fn movement_and_choice() {
    check_second("slices", &[spread(&[6], (-2.0, 2.0), 1)], |graph, x| {
        let [left, right] = [0, 3].map(|start| graph.slice(x[0], &[Range { start, step: 1, len: 3 }]));
        let product = graph.mul(left, right);
        let exp = graph.unary(Unary::Exp, product);
        let zero = graph.full(0.0, [3]);
        let positive = graph.compare(Compare::Greater, left, zero);
        graph.select(positive, exp, product)
    });
}

#[test]
fn matrices() {
    check_second("a matrix product", &[spread(&[1, 2, 3], (-2.0, 2.0), 1), spread(&[2, 3, 2], (-2.0, 2.0), 2)], |graph, x| {
        let product = graph.matmul(x[0], x[1], false, false);
        graph.unary(Unary::Tanh, product)
    });
    check_second("a density", &[spread(&[2, 2], (-1.0, 1.5), 1), spread(&[2, 1], (-2.0, 2.0), 2)], |graph, x| {
        let gram = graph.matmul(x[0], x[0], false, true);
        let identity = crate::check::constant(graph, &[2, 2], vec![1.0, 0.0, 0.0, 1.0]);
        let covariance = graph.add(gram, identity);
        let l = graph.cholesky(covariance);
        let z = graph.solve_lower(l, x[1], false);
        let w = graph.solve_lower(l, z, true);
        graph.mul(w, x[1])
    });
}

/// `f = x² y + e^(xy)` at `(0.5, 2)`: `f_xx = 2y + y² e`, `f_xy = 2x + (1 + xy) e`, `f_yy = x² e`.
#[test]
fn a_hessian() {
    let points = [point(&[], &[0.5]), point(&[], &[2.0])];
    let (mut graph, ids) = parameters(&points);
    let square = graph.unary(Unary::Square, ids[0]);
    let first = graph.mul(square, ids[1]);
    let product = graph.mul(ids[0], ids[1]);
    let second = graph.unary(Unary::Exp, product);
    let f = graph.add(first, second);
    let rows: Vec<Id> = gradient(&mut graph, f, &ids).unwrap().into_iter().flatten().collect();
    for row in rows {
        let row = gradient(&mut graph, row, &ids).unwrap();
        graph.outputs.extend(row.into_iter().flatten());
    }
    let found: Vec<f64> = evaluate(&graph, &points).into_iter().flatten().collect();
    let e = std::f64::consts::E;
    assert_close("Hessian", &found, &[4.0 + 4.0 * e, 1.0 + 2.0 * e, 1.0 + 2.0 * e, 0.25 * e], 1e-15);
}
