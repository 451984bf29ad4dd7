//! Compositions with a name, and conditions.

use vi_graph::Graph;
use vi_graph::ir::{Binary, Compare, Logic, Op, Reduce, Scalar, Test, Type, Unary};

use super::{data, form, of_x, of_xy, step, uniform};

#[test]
fn conditions() {
    // a draw below is positive, so no draw is outside of the support
    let masked = form(|g| {
        let x = step(g, "x", &[3]);
        let low = g.full_like(-87.3, x);
        let x = g.binary(Binary::Max, x, low);
        let x = g.unary(Unary::Exp, x);
        let zero = g.full_like(0.0, x);
        let outside = g.compare(Compare::LessEqual, x, zero);
        let never = g.full_like(f64::NEG_INFINITY, x);
        g.select(outside, never, x)
    });
    assert_eq!(masked, "exp(max(x, -87.3))");
    let swapped = of_xy(|g, x, y| {
        let zero = g.full_like(0.0, x);
        let a = g.compare(Compare::Equal, x, zero);
        let a = g.not(a);
        let all = g.push(Op::Full(Scalar::Bool(true)), [], [3], Type::Bool);
        let a = g.logic(Logic::And, a, all);
        let a = g.not(a);
        let a = g.not(a);
        g.select(a, x, y)
    });
    assert_eq!(swapped, "where(not_equal(x, 0), x, y)");
    let nested = of_xy(|g, x, y| {
        let c = g.compare(Compare::Less, x, y);
        let inner = g.select(c, x, y);
        let minus = g.neg(y);
        g.select(c, inner, minus)
    });
    assert_eq!(nested, "where(less(x, y), x, neg(y))");
}

#[test]
fn logistic_functions() {
    let sigmoid = |g: &mut Graph, x| {
        let x = g.neg(x);
        let x = g.unary(Unary::Exp, x);
        let x = g.add_scalar(x, 1.0);
        g.unary(Unary::Recip, x)
    };
    assert_eq!(of_x(sigmoid), "sigmoid(x)");
    let by_logarithm = |g: &mut Graph, x| {
        let x = g.neg(x);
        let x = g.unary(Unary::Exp, x);
        let x = g.add_scalar(x, 1.0);
        let x = g.unary(Unary::Log, x);
        let x = g.neg(x);
        g.unary(Unary::Exp, x)
    };
    assert_eq!(of_x(by_logarithm), "sigmoid(x)");
    let softplus = |g: &mut Graph, x| {
        let abs = g.unary(Unary::Abs, x);
        let abs = g.neg(abs);
        let tail = g.unary(Unary::Exp, abs);
        let tail = g.unary(Unary::Log1p, tail);
        let zero = g.full_like(0.0, x);
        let linear = g.binary(Binary::Max, x, zero);
        g.add(linear, tail)
    };
    assert_eq!(of_x(softplus), "softplus(x)");
    let with_cut = |g: &mut Graph, x| {
        let cut = g.full_like(80.0, x);
        let linear = g.compare(Compare::Greater, x, cut);
        let inner = g.select(linear, cut, x);
        let inner = g.unary(Unary::Exp, inner);
        let inner = g.unary(Unary::Log1p, inner);
        g.select(linear, x, inner)
    };
    assert_eq!(of_x(with_cut), "softplus(x)");
    let log_sigmoid = |g: &mut Graph, x| {
        let x = sigmoid(g, x);
        g.unary(Unary::Log, x)
    };
    assert_eq!(of_x(log_sigmoid), "neg(softplus(neg(x)))");
    let complement = |g: &mut Graph, x| {
        let x = sigmoid(g, x);
        let one = g.full_like(1.0, x);
        g.sub(one, x)
    };
    assert_eq!(of_x(complement), "sigmoid(neg(x))");
    let derivative = |g: &mut Graph, x| {
        let e = g.unary(Unary::Exp, x);
        let sum = g.add_scalar(e, 1.0);
        g.div(e, sum)
    };
    assert_eq!(of_x(derivative), "sigmoid(x)");
}

#[test]
fn sums_of_exponentials() {
    let shifted = |g: &mut Graph, x| {
        let largest = g.reduce(Reduce::Max, x, &[0]);
        let infinite = g.test(Test::IsInfinite, largest);
        let zero = g.full_like(0.0, largest);
        let shift = g.select(infinite, zero, largest);
        let spread = g.expand(shift, [3]);
        let y = g.sub(x, spread);
        let y = g.unary(Unary::Exp, y);
        let y = g.sum(y, &[0]);
        let y = g.unary(Unary::Log, y);
        g.add(y, shift)
    };
    assert_eq!(of_x(shifted), "logsumexp[0](x)");
    let log_softmax = |g: &mut Graph, x| {
        let largest = g.reduce(Reduce::Max, x, &[0]);
        let spread = g.expand(largest, [3]);
        let y = g.sub(x, spread);
        let total = g.unary(Unary::Exp, y);
        let total = g.sum(total, &[0]);
        let total = g.unary(Unary::Log, total);
        let total = g.expand(total, [3]);
        g.sub(y, total)
    };
    assert_eq!(of_x(log_softmax), "sub(x, expand[3](logsumexp[0](x)))");
}

#[test]
fn clamps() {
    let clamp = of_x(|g, x| {
        let low = g.full_like(-1.0, x);
        let below = g.compare(Compare::Less, x, low);
        let raised = g.select(below, low, x);
        let high = g.full_like(1.0, x);
        let above = g.compare(Compare::Greater, x, high);
        g.select(above, high, raised)
    });
    assert_eq!(clamp, "min(max(x, -1), 1)");
}

/// Where both ends of a clamp are numbers, its derivative asks once whether the operand is inside.
#[test]
fn slope_of_a_clamp() {
    let slope = of_xy(|g, x, y| {
        let (low, high, zero) = (g.full_like(-1.0, x), g.full_like(1.0, x), g.full_like(0.0, x));
        let raised = g.binary(Binary::Max, x, low);
        let above = g.compare(Compare::Less, high, raised);
        let inner = g.select(above, zero, y);
        let below = g.compare(Compare::Less, x, low);
        g.select(below, zero, inner)
    });
    assert_eq!(slope, "where(equal(x, min(max(x, -1), 1)), y, 0)");
}

#[test]
fn signs_leave_selections() {
    let masked = of_xy(|g, x, y| {
        let outside = g.compare(Compare::Less, x, y);
        let never = g.full_like(f64::NEG_INFINITY, x);
        let density = g.neg(y);
        g.select(outside, never, density)
    });
    assert_eq!(masked, "neg(where(less(x, y), inf, y))");
}

/// A draw scored under its own distribution is the noise it was made of.
#[test]
fn standardised_draws() {
    let score = form(|g| {
        let (loc, rho, eps) = (step(g, "loc", &[1]), step(g, "rho", &[1]), uniform(g, "eps", &[3]));
        let low = g.full_like(-87.3, rho);
        let rho = g.binary(Binary::Max, rho, low);
        let high = g.full_like(88.7, rho);
        let rho = g.binary(Binary::Min, rho, high);
        let scale = g.unary(Unary::Exp, rho);
        let (loc, scale) = (g.expand(loc, [3]), g.expand(scale, [3]));
        let draw = g.mul(eps, scale);
        let draw = g.add(draw, loc);
        let centred = g.sub(draw, loc);
        g.div(centred, scale)
    });
    assert_eq!(score, "eps");
    // differences that measure rounding are not touched: these are the logarithm of 1 − x ± p, with what the sum lost
    let mass = form(|g| {
        let (signed, rest) = (step(g, "signed", &[3]), data(g, "rest", &[3]));
        let signed = g.unary(Unary::Exp, signed);
        let mass = g.add(signed, rest);
        let back = g.sub(mass, rest);
        let lost = g.sub(signed, back);
        let log = g.unary(Unary::Log, mass);
        let all = g.add(log, lost);
        g.sum_all(all)
    });
    let sum = "add(rest, exp(signed))";
    assert_eq!(mass, format!("sum[0](add(sub(exp(signed), sub({sum}, rest)), log({sum})))"));
    let ratio = form(|g| {
        let (x, s, y) = (step(g, "x", &[3]), data(g, "s", &[3]), step(g, "y", &[3]));
        let ratio = g.div(x, s);
        let excess = g.add_scalar(ratio, -1.0);
        let lost = g.sub(y, excess);
        g.add(ratio, lost)
    });
    assert_eq!(ratio, "add(mul(x, recip(s)), sub(y, add(mul(x, recip(s)), -1)))");
    let double = of_x(|g, x| {
        let x = g.add_scalar(x, -1.461_632_144);
        g.add_scalar(x, -9.2e-10)
    });
    assert_eq!(double, "add(add(x, -1.461632144), -0.00000000092)");
    let lost = of_xy(|g, x, y| {
        let sum = g.add(x, y);
        let rest = g.sub(sum, y);
        let lost = g.sub(x, rest);
        g.add(sum, lost)
    });
    assert_eq!(lost, "add(add(x, y), sub(x, sub(add(x, y), y)))");
}
