//! Reductions.

use vi_graph::Graph;
use vi_graph::ir::{Reduce, Unary};

use super::{data, form, of_x, of_x_and_scalar, step};

#[test]
fn sums_of_what_is_repeated() {
    let total = form(|g| {
        let a = step(g, "a", &[1, 4]);
        let a = g.expand(a, [8, 4]);
        g.sum_all(a)
    });
    assert_eq!(total, "mul(sum[1](a), 8)");
    let largest = form(|g| {
        let a = step(g, "a", &[1]);
        let a = g.expand(a, [8]);
        g.reduce(Reduce::Max, a, &[0])
    });
    assert_eq!(largest, "a");
    let product = form(|g| {
        let a = step(g, "a", &[1]);
        let a = g.expand(a, [5]);
        g.reduce(Reduce::Prod, a, &[0])
    });
    assert_eq!(product, "pow(a, 5)");
    let log = form(|g| {
        let a = step(g, "a", &[1]);
        let a = g.expand(a, [1]);
        g.reduce(Reduce::LogSumExp, a, &[0])
    });
    assert_eq!(log, "a");
}

#[test]
fn factors_leave_sums() {
    let number = |g: &mut Graph, x| {
        let x = g.mul_scalar(x, -0.5);
        g.sum_all(x)
    };
    assert_eq!(of_x(number), "mul(sum[0](x), -0.5)");
    let quotient = |g: &mut Graph, x, s| {
        let x = g.unary(Unary::Exp, x);
        let x = g.mul(x, s);
        g.sum_all(x)
    };
    assert_eq!(of_x_and_scalar(quotient), "mul(s, sum[0](exp(x)))");
    // along the other axis the factor is not the same for all terms
    let kept = form(|g| {
        let (a, b) = (step(g, "a", &[2, 3]), step(g, "b", &[2, 1]));
        let b = g.expand(b, [2, 3]);
        let product = g.mul(a, b);
        g.sum(product, &[0])
    });
    assert_eq!(kept, "sum[0](mul(a, expand[2, 3](b)))");
    let negative = |g: &mut Graph, x| {
        let x = g.neg(x);
        g.sum_all(x)
    };
    assert_eq!(of_x(negative), "neg(sum[0](x))");
}

/// `Σ (log s + ½ log 2π + e^x)`: the logarithm is taken once, and the sum over data does not wait for the step.
#[test]
fn parts_of_a_sum_that_are_known_before_are_summed_apart() {
    let density = form(|g| {
        let (x, s, d) = (step(g, "x", &[3]), step(g, "s", &[1]), data(g, "d", &[3]));
        let s = g.unary(Unary::Exp, s);
        let s = g.expand(s, [3]);
        let s = g.unary(Unary::Log, s);
        let s = g.add_scalar(s, 0.5);
        let x = g.unary(Unary::Exp, x);
        let sum = g.add(x, s);
        let d = g.unary(Unary::Sin, d);
        let sum = g.add(sum, d);
        g.sum_all(sum)
    });
    assert_eq!(density, "add(add(mul(add(s, 0.5), 3), sum[0](exp(x))), sum[0](sin(d)))");
    // Σ y − n μ would lose what is left of both
    let residuals = form(|g| {
        let (y, mu) = (data(g, "y", &[3]), step(g, "mu", &[1]));
        let mu = g.expand(mu, [3]);
        let residual = g.sub(y, mu);
        g.sum_all(residual)
    });
    assert_eq!(residuals, "sum[0](sub(y, expand[3](mu)))");
}

#[test]
fn reshapes_and_single_axes_leave_reductions() {
    let sum = form(|g| {
        let x = step(g, "x", &[3]);
        let x = g.reshape(x, [1, 3]);
        let x = g.sum(x, &[0, 1]);
        g.reshape(x, [])
    });
    assert_eq!(sum, "reshape[](sum[0](x))");
    let twice = form(|g| {
        let x = step(g, "x", &[2, 3]);
        let x = g.sum(x, &[1]);
        g.sum(x, &[0])
    });
    assert_eq!(twice, "sum[0, 1](x)");
}

#[test]
fn totals_share_factors_and_sums() {
    let total = form(|g| {
        let (x, y, z) = (step(g, "x", &[3]), step(g, "y", &[3]), step(g, "z", &[1]));
        let terms = [x, y].map(|x| {
            let x = g.unary(Unary::Square, x);
            let x = g.mul_scalar(x, -0.5);
            let x = g.add_scalar(x, 0.25);
            g.sum_all(x)
        });
        let total = g.add(terms[0], z);
        g.add(total, terms[1])
    });
    assert_eq!(total, "add(z, add(mul(sum[0](add(square(x), square(y))), -0.5), 1.5))");
    // of two particles: what is the same for both is doubled
    let particles = form(|g| {
        let (x, s) = (step(g, "x", &[2, 3]), step(g, "s", &[1, 1]));
        let x = g.sum(x, &[1]);
        let s = g.expand(s, [2, 1]);
        let x = g.sub(x, s);
        g.sum(x, &[0])
    });
    assert_eq!(particles, "sub(sum[0, 1](x), mul(s, 2))");
}

/// `z = (y − f)/s` is needed for its square; the derivatives take what they sum from the parts that are there.
#[test]
fn sums_of_shared_products() {
    let sums = form(|g| {
        let (d, s, w) = (step(g, "d", &[3]), step(g, "s", &[1]), step(g, "w", &[3]));
        let s = g.unary(Unary::Recip, s);
        let s = g.expand(s, [3]);
        let z = g.mul(d, s);
        let weighted = g.mul(w, z);
        let weighted = g.sum_all(weighted);
        let scored = g.mul(d, z);
        let scored = g.sum_all(scored);
        g.concat(&[weighted, scored], 0)
    });
    assert_eq!(sums, "concat(div(sum[0](mul(d, w)), s), mul(s, sum[0](square(mul(d, expand[3](recip(s)))))))");
}
