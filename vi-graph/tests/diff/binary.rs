//! Functions of two floats.

use vi_graph::ir::Binary;

use crate::check::{assert_close, check, point, slopes, spread};

type Interval = (f64, f64);

/// Where both operands may be, away from edges.
const DOMAINS: [(Binary, Interval, Interval); 21] = [
    (Binary::Add, (-2.0, 2.0), (-2.0, 2.0)),
    (Binary::Sub, (-2.0, 2.0), (-2.0, 2.0)),
    (Binary::Mul, (-2.0, 2.0), (-2.0, 2.0)),
    (Binary::Div, (-2.0, 2.0), (0.4, 3.0)),
    (Binary::Div, (-2.0, 2.0), (-3.0, -0.4)),
    (Binary::Rem, (5.1, 5.9), (1.9, 2.3)),
    (Binary::Rem, (-5.9, -5.1), (1.9, 2.3)),
    (Binary::Pow, (0.3, 3.0), (-2.0, 3.0)),
    (Binary::Max, (-2.0, 2.0), (-2.0, 2.0)),
    (Binary::Min, (-2.0, 2.0), (-2.0, 2.0)),
    (Binary::Atan2, (0.3, 2.0), (-2.0, 2.0)),
    (Binary::Atan2, (-2.0, -0.3), (-2.0, 2.0)),
    (Binary::Xlogy, (-2.0, 3.0), (0.3, 3.0)),
    (Binary::LogBeta, (0.4, 6.0), (0.3, 5.0)),
    (Binary::LogBeta, (20.0, 60.0), (0.5, 30.0)),
    (Binary::DigammaDifference, (0.6, 6.0), (0.5, 5.0)),
    (Binary::DigammaDifference, (20.0, 60.0), (1.0, 30.0)),
    (Binary::GammaP, (0.3, 6.0), (0.2, 7.0)),
    (Binary::GammaQ, (0.3, 6.0), (0.2, 7.0)),
    (Binary::GammaQ, (30.0, 60.0), (25.0, 70.0)),
    (Binary::GammaDensity, (0.3, 6.0), (0.2, 7.0)),
];

#[test]
fn agree_with_central_differences() {
    for (f, left, right) in DOMAINS {
        for shape in [[].as_slice(), &[5], &[2, 3], &[2, 0, 3]] {
            let points = [spread(shape, left, 1), spread(shape, right, 2)];
            check(&format!("{f:?}"), &points, |graph, x| graph.binary(f, x[0], x[1]));
        }
    }
}

#[test]
fn one_operand_twice() {
    for f in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Pow, Binary::Xlogy, Binary::LogBeta, Binary::Atan2] {
        check(&format!("{f:?}(x, x)"), &[spread(&[4], (0.4, 3.0), 3)], |graph, x| graph.binary(f, x[0], x[0]));
    }
}

#[test]
fn constant_exponents() {
    for exponent in [-2.5, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 3.7] {
        check(&format!("x^{exponent}"), &[spread(&[5], (0.3, 3.0), 1)], |graph, x| {
            let exponent = graph.full(exponent, []);
            let exponent = graph.broadcast(exponent, [5]);
            graph.binary(Binary::Pow, x[0], exponent)
        });
    }
    for exponent in [-1.0, 2.0, 3.0, 4.0] {
        check(&format!("x^{exponent} below 0"), &[spread(&[5], (-3.0, -0.3), 1)], |graph, x| {
            let exponent = graph.full(exponent, [5]);
            graph.binary(Binary::Pow, x[0], exponent)
        });
    }
}

#[test]
fn constant_bases() {
    check("2^y", &[spread(&[5], (-3.0, 3.0), 1)], |graph, y| {
        let base = graph.full(2.0, [5]);
        graph.binary(Binary::Pow, base, y[0])
    });
}

/// Slopes from closed forms where the function is far in a tail.
#[test]
fn tails() {
    // ψ(a) − ψ(a + 1) = −1/a, and ψ(1) − ψ(1 + a) = −1/a + O(a^-2) is not used: ψ(1) − ψ(n + 1) = −H_n.
    for a in [1e-8, 1e-3, 7.0, 1e6, 1e12] {
        let found = slopes(&[point(&[1], &[a]), point(&[1], &[1.0])], |graph, x| graph.binary(Binary::LogBeta, x[0], x[1]));
        assert_close("d log B(a, 1) / da", &found[0], &[-1.0 / a], 1e-14);
    }
    let harmonic: f64 = (1..=10).map(|k| 1.0 / f64::from(k)).sum();
    let found = slopes(&[point(&[1], &[10.0]), point(&[1], &[1.0])], |graph, x| graph.binary(Binary::LogBeta, x[0], x[1]));
    assert_close("d log B(10, b) / db at 1", &found[1], &[-harmonic], 1e-14);

    let found = slopes(&[point(&[2], &[1e-200, 1e150]), point(&[2], &[3.0, 2.0])], |graph, x| graph.binary(Binary::Pow, x[0], x[1]));
    assert_close("dx^y/dx", &found[0], &[0.0, 2e150], 1e-14);
    assert_close("dx^y/dy", &found[1], &[0.0, 1e300 * 150.0 * 10f64.ln()], 1e-14);

    let found = slopes(&[point(&[2], &[1e-300, 2.0]), point(&[2], &[1e-300, 1e300])], |graph, x| graph.binary(Binary::Xlogy, x[0], x[1]));
    assert_close("d x ln y / dx", &found[0], &[-300.0 * 10f64.ln(), 300.0 * 10f64.ln()], 1e-14);
    assert_close("d x ln y / dy", &found[1], &[1.0, 2e-300], 1e-14);
}
