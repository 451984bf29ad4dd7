//! Where a formula would be `0 · ∞`, or where a function has a kink.

use vi_graph::ir::{Binary, Compare, Reduce, Scan, Unary};

use crate::check::{derivatives, point, slopes};

const INF: f64 = f64::INFINITY;

#[test]
fn no_gradient_passes_a_detached_operand() {
    // x · detach(x): the slope is that of the first factor.
    let found = slopes(&[point(&[2], &[3.0, -0.5])], |graph, x| {
        let constant = graph.unary(Unary::Detach, x[0]);
        graph.mul(x[0], constant)
    });
    assert_eq!(found[0], [3.0, -0.5]);
}

#[test]
fn power_at_zero() {
    let slopes =
        slopes(&[point(&[5], &[0.0; 5]), point(&[5], &[0.0, 0.5, 1.0, 2.0, -1.0])], |graph, x| graph.binary(Binary::Pow, x[0], x[1]));
    assert_eq!(slopes[0], [0.0, INF, 1.0, 0.0, -INF]);
    assert_eq!(slopes[1], [0.0, 0.0, 0.0, 0.0, -INF]);
}

#[test]
fn constant_power_at_zero() {
    for (exponent, expected) in [(0.5, INF), (1.0, 1.0), (2.0, 0.0), (3.0, 0.0), (2.5, 0.0)] {
        let found = slopes(&[point(&[1], &[0.0])], |graph, x| {
            let exponent = graph.full(exponent, [1]);
            graph.binary(Binary::Pow, x[0], exponent)
        });
        assert_eq!(found[0], [expected], "x^{exponent}");
    }
    let absent = derivatives(&[point(&[1], &[0.0])], |graph, x| {
        let exponent = graph.full(0.0, [1]);
        graph.binary(Binary::Pow, x[0], exponent)
    });
    assert_eq!(absent, [None]);
}

#[test]
fn power_of_a_negative_number() {
    let found = slopes(&[point(&[2], &[-2.0, -2.0])], |graph, x| {
        let exponent = crate::check::constant(graph, &[2], vec![3.0, -2.0]);
        graph.binary(Binary::Pow, x[0], exponent)
    });
    assert_eq!(found[0], [12.0, 0.25]);
}

#[test]
fn xlogy_at_zero() {
    let slopes = slopes(&[point(&[4], &[0.0; 4]), point(&[4], &[0.0, 2.0, -1.0, INF])], |graph, x| graph.binary(Binary::Xlogy, x[0], x[1]));
    assert_eq!(slopes[0], [0.0, 2f64.ln(), 0.0, 0.0]);
    assert_eq!(slopes[1], [0.0; 4]);
}

#[test]
fn product_with_zeros() {
    for (x, expected) in
        [([2.0, 3.0, 4.0], [12.0, 8.0, 6.0]), ([2.0, 0.0, 4.0], [0.0, 8.0, 0.0]), ([0.0, 0.0, 4.0], [0.0; 3]), ([0.0; 3], [0.0; 3])]
    {
        let found = slopes(&[point(&[3], &x)], |graph, x| graph.reduce(Reduce::Prod, x[0], &[0]));
        assert_eq!(found[0], expected);
    }
    let found = slopes(&[point(&[2, 3], &[2.0, 0.0, 3.0, 1.0, 5.0, 2.0])], |graph, x| graph.reduce(Reduce::Prod, x[0], &[0, 1]));
    assert_eq!(found[0], [0.0, 60.0, 0.0, 0.0, 0.0, 0.0]);
    let found = slopes(&[point(&[2], &[INF, 3.0])], |graph, x| graph.reduce(Reduce::Prod, x[0], &[0]));
    assert_eq!(found[0], [3.0, INF]);
}

/// With unit cotangents: `d/dx_i Σ_j Π_{k ≤ j} x_k`.
#[test]
fn running_product_with_zeros() {
    let forward = [
        ([2.0, 3.0, 4.0], [1.0 + 3.0 + 12.0, 2.0 + 8.0, 6.0]),
        ([2.0, 0.0, 4.0], [1.0, 2.0 + 8.0, 0.0]),
        ([0.0, 0.0, 4.0], [1.0, 0.0, 0.0]),
        ([0.0, 3.0, 4.0], [1.0 + 3.0 + 12.0, 0.0, 0.0]),
    ];
    for (mut x, mut expected) in forward {
        let found = slopes(&[point(&[3], &x)], |graph, x| graph.scan(Scan::Prod, x[0], 0, false));
        assert_eq!(found[0], expected);
        x.reverse();
        expected.reverse();
        let found = slopes(&[point(&[3], &x)], |graph, x| graph.scan(Scan::Prod, x[0], 0, true));
        assert_eq!(found[0], expected);
    }
}

#[test]
fn logsumexp_with_minus_infinity() {
    let found = slopes(&[point(&[2, 2], &[-INF, 0.5, -INF, -INF])], |graph, x| graph.reduce(Reduce::LogSumExp, x[0], &[1]));
    assert_eq!(found[0], [0.0, 1.0, 0.0, 0.0]);
    let found = slopes(&[point(&[3], &[1e4, 1e4, -1e4])], |graph, x| graph.reduce(Reduce::LogSumExp, x[0], &[0]));
    // The total is 1e4 + ln 2, rounded to a multiple of 2^-39.
    assert!((found[0][0] - 0.5).abs() < 1e-12 && found[0][0] == found[0][1] && found[0][2] == 0.0);
}

#[test]
fn kinks() {
    let found = slopes(&[point(&[3], &[-2.0, 0.0, 3.0])], |graph, x| graph.unary(Unary::Abs, x[0]));
    assert_eq!(found[0], [-1.0, 0.0, 1.0]);
    let found = slopes(&[point(&[1], &[0.0])], |graph, x| graph.unary(Unary::Sqrt, x[0]));
    assert_eq!(found[0], [INF]);
}

#[test]
fn a_tie_of_two_goes_to_the_first() {
    for f in [Binary::Max, Binary::Min] {
        let found = slopes(&[point(&[1], &[1.5]), point(&[1], &[1.5])], |graph, x| graph.binary(f, x[0], x[1]));
        assert_eq!((found[0][0], found[1][0]), (1.0, 0.0));
    }
    let relu = slopes(&[point(&[3], &[-1.0, 0.0, 2.0])], |graph, x| {
        let zero = graph.full(0.0, [3]);
        graph.binary(Binary::Max, zero, x[0])
    });
    assert_eq!(relu[0], [0.0, 0.0, 1.0]);
}

#[test]
fn a_tie_of_many_goes_to_the_first_of_a_reduction() {
    let x = [1.0, 5.0, 5.0, 5.0, 0.0, 0.0];
    let found = slopes(&[point(&[2, 3], &x)], |graph, x| graph.reduce(Reduce::Max, x[0], &[0, 1]));
    assert_eq!(found[0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    let found = slopes(&[point(&[2, 3], &x)], |graph, x| graph.reduce(Reduce::Min, x[0], &[1]));
    assert_eq!(found[0], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    let found = slopes(&[point(&[2, 3], &x)], |graph, x| graph.reduce(Reduce::Max, x[0], &[0]));
    assert_eq!(found[0], [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn a_tie_of_many_goes_to_the_most_recent_of_a_scan() {
    let x = point(&[5], &[2.0, 1.0, 2.0, 0.0, 3.0]);
    let found = slopes(std::slice::from_ref(&x), |graph, x| graph.scan(Scan::Max, x[0], 0, false));
    assert_eq!(found[0], [2.0, 0.0, 2.0, 0.0, 1.0]);
    let found = slopes(std::slice::from_ref(&x), |graph, x| graph.scan(Scan::Min, x[0], 0, true));
    assert_eq!(found[0], [0.0, 0.0, 0.0, 4.0, 1.0]);
}

#[test]
fn a_branch_that_is_not_taken_gets_zero() {
    let points = [point(&[3], &[1.0, -2.0, 3.0]), point(&[3], &[f64::NAN, 5.0, INF])];
    let found = slopes(&points, |graph, x| {
        let zero = graph.full(0.0, [3]);
        let condition = graph.compare(Compare::Greater, x[0], zero);
        graph.select(condition, x[0], x[1])
    });
    assert_eq!((found[0].as_slice(), found[1].as_slice()), ([1.0, 0.0, 1.0].as_slice(), [0.0, 1.0, 0.0].as_slice()));
}

/// The way around an infinite slope behind the branch: the operand is replaced where the branch is not taken.
#[test]
fn a_clamped_operand_keeps_the_other_branch_finite() {
    let found = slopes(&[point(&[2], &[0.0, 4.0])], |graph, x| {
        let zero = graph.full(0.0, [2]);
        let one = graph.full(1.0, [2]);
        let positive = graph.compare(Compare::Greater, x[0], zero);
        let safe = graph.select(positive, x[0], one);
        let log = graph.unary(Unary::Log, safe);
        graph.select(positive, log, zero)
    });
    assert_eq!(found[0], [0.0, 0.25]);
}
