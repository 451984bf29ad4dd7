//! Functions of three floats.

use vi_graph::Error;
use vi_graph::diff::gradient;
use vi_graph::ir::Ternary;

use crate::check::{assert_close, check, parameters, point, slopes, spread};

type Interval = (f64, f64);

const DOMAINS: [(Ternary, Interval, Interval, Interval); 4] = [
    (Ternary::BetaInc, (0.4, 6.0), (0.3, 5.0), (0.1, 0.9)),
    (Ternary::BetaInc, (20.0, 60.0), (0.5, 30.0), (0.4, 0.95)),
    (Ternary::BetaDensity, (0.8, 4.0), (0.7, 3.0), (0.3, 0.7)),
    (Ternary::BetaDensity, (8.0, 12.0), (2.0, 5.0), (0.5, 0.8)),
];

#[test]
fn agree_with_central_differences() {
    for (f, a, b, x) in DOMAINS {
        for shape in [[].as_slice(), &[5], &[2, 3], &[2, 0, 3]] {
            let points = [spread(shape, a, 1), spread(shape, b, 2), spread(shape, x, 3)];
            check(&format!("{f:?}"), &points, |graph, x| graph.ternary(f, x[0], x[1], x[2]));
        }
    }
    let points = [spread(&[5], (0.2, 0.8), 1)];
    check("one operand three times", &points, |graph, x| graph.ternary(Ternary::BetaInc, x[0], x[0], x[0]));
}

/// `I_x(a, 1) = xᵃ` and `I_x(1, b) = 1 − (1 − x)ᵇ`.
#[test]
fn closed_forms() {
    for (a, x) in [(0.25, 1e-9), (3.0, 0.7), (200.0, 0.99)] {
        let points = [point(&[1], &[a]), point(&[1], &[1.0]), point(&[1], &[x])];
        let found = slopes(&points, |graph, x| graph.ternary(Ternary::BetaInc, x[0], x[1], x[2]));
        let power = f64::powf(x, a);
        assert_close("dI/da", &found[0], &[power * x.ln()], 1e-13);
        assert_close("dI/dx", &found[2], &[a * power / x], 1e-13);
        let points = [point(&[1], &[1.0]), point(&[1], &[a]), point(&[1], &[x])];
        let found = slopes(&points, |graph, x| graph.ternary(Ternary::BetaInc, x[0], x[1], x[2]));
        let power = (a * (-x).ln_1p()).exp();
        assert_close("dI/db", &found[1], &[-power * (-x).ln_1p()], 1e-13);
    }
}

#[test]
fn operations_without_a_rule_are_named() {
    for f in [Ternary::BetaIncInA, Ternary::BetaIncInB] {
        let points = [point(&[], &[1.5]), point(&[], &[2.5]), point(&[], &[0.4])];
        let (mut graph, x) = parameters(&points);
        let y = graph.ternary(f, x[0], x[1], x[2]);
        let error = gradient(&mut graph, y, &x).unwrap_err();
        assert!(matches!(&error, Error::Unsupported { op, .. } if op == f.name()), "{error}");
        // The derivative in x alone is that of the density.
        check(&format!("{f:?} in x"), &points[2..], |graph, x| {
            let (a, b) = (graph.full(1.5, []), graph.full(2.5, []));
            graph.ternary(f, a, b, x[0])
        });
    }
}
