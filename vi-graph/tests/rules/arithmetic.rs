//! Numbers, signs, factors and powers.

use vi_graph::Graph;
use vi_graph::ir::{Binary, Unary};

use super::{data, floats, form, of_x, of_x_and_scalar, of_xy, step, uniform};

#[test]
fn neutral_numbers() {
    assert_eq!(of_x(|g, x| g.add_scalar(x, 0.0)), "x");
    assert_eq!(of_x(|g, x| g.mul_scalar(x, 1.0)), "x");
    assert_eq!(of_x(|g, x| g.mul_scalar(x, -1.0)), "neg(x)");
    let difference = |g: &mut Graph, x| {
        let zero = g.full_like(0.0, x);
        g.sub(zero, x)
    };
    assert_eq!(of_x(difference), "neg(x)");
    // 0 x is NaN where x is infinite
    assert_eq!(of_x(|g, x| g.mul_scalar(x, 0.0)), "mul(x, 0)");
}

#[test]
fn chains_of_numbers_are_one_number() {
    let sum = |g: &mut Graph, x| {
        let x = g.add_scalar(x, 0.25);
        let c = g.full_like(1.5, x);
        let x = g.sub(c, x);
        g.add_scalar(x, 2.0)
    };
    assert_eq!(of_x(sum), "sub(3.25, x)");
    let product = |g: &mut Graph, x| {
        let x = g.mul_scalar(x, 3.0);
        let c = g.full_like(6.0, x);
        let x = g.div(x, c);
        g.neg(x)
    };
    assert_eq!(of_x(product), "mul(x, -0.5)");
}

#[test]
fn divisions() {
    let by = |c: f64| {
        of_x(|g, x| {
            let c = g.full_like(c, x);
            g.div(x, c)
        })
    };
    assert_eq!(by(4.0), "mul(x, 0.25)");
    assert_eq!(by(5.0), "mul(x, 0.2)");
    // the reciprocal would overflow
    assert_eq!(by(1e-40), "div(x, 0.0000000000000000000000000000000000000001)");
    assert_eq!(by(0.0), "div(x, 0)");
    let reciprocal = |g: &mut Graph, x, y| {
        let y = g.unary(Unary::Recip, y);
        g.mul(x, y)
    };
    assert_eq!(of_xy(reciprocal), "div(x, y)");
    assert_eq!(of_x_and_scalar(|g, x, s| g.div(x, s)), "mul(x, expand[3](recip(s)))");
    let by_data = form(|g| {
        let (x, y) = (step(g, "x", &[3]), data(g, "y", &[3]));
        g.div(x, y)
    });
    assert_eq!(by_data, "mul(x, recip(y))");
}

#[test]
fn signs_move_out_and_cancel() {
    let twice = |g: &mut Graph, x| {
        let x = g.neg(x);
        g.neg(x)
    };
    assert_eq!(of_x(twice), "x");
    let cases: [(Binary, &str); 4] =
        [(Binary::Add, "sub(x, y)"), (Binary::Sub, "add(x, y)"), (Binary::Mul, "neg(mul(x, y))"), (Binary::Div, "neg(div(x, y))")];
    for (f, expected) in cases {
        let negated = |g: &mut Graph, x, y| {
            let y = g.neg(y);
            g.binary(f, x, y)
        };
        assert_eq!(of_xy(negated), expected);
    }
    for (f, expected) in [(Unary::Tanh, "neg(tanh(x))"), (Unary::Cos, "cos(x)"), (Unary::Square, "square(x)"), (Unary::Abs, "abs(x)")] {
        let negated = |g: &mut Graph, x| {
            let x = g.neg(x);
            g.unary(f, x)
        };
        assert_eq!(of_x(negated), expected);
    }
}

#[test]
fn inverse_functions() {
    let composed = |outer, inner| {
        of_x(|g, x| {
            let x = g.unary(inner, x);
            g.unary(outer, x)
        })
    };
    assert_eq!(composed(Unary::Log, Unary::Exp), "x");
    assert_eq!(composed(Unary::Recip, Unary::Recip), "x");
    assert_eq!(composed(Unary::Sqrt, Unary::Square), "abs(x)");
    assert_eq!(composed(Unary::Log, Unary::Sqrt), "mul(log(x), 0.5)");
    assert_eq!(composed(Unary::Log, Unary::Recip), "neg(log(x))");
    // a negative x has no logarithm
    assert_eq!(composed(Unary::Exp, Unary::Log), "exp(log(x))");
    let of_positive = form(|g| {
        let u = uniform(g, "u", &[3]);
        let log = g.unary(Unary::Log, u);
        g.unary(Unary::Exp, log)
    });
    assert_eq!(of_positive, "u");
}

#[test]
fn powers() {
    for (exponent, expected) in [(2.0, "square(x)"), (1.0, "x"), (-1.0, "recip(x)"), (3.0, "mul(x, square(x))"), (2.5, "pow(x, 2.5)")] {
        let power = |g: &mut Graph, x| {
            let exponent = g.full_like(exponent, x);
            g.binary(Binary::Pow, x, exponent)
        };
        assert_eq!(of_x(power), expected);
    }
    assert_eq!(of_x(|g, x| g.mul(x, x)), "square(x)");
    assert_eq!(of_x(|g, x| g.add(x, x)), "mul(x, 2)");
}

#[test]
fn common_factors_leave_a_sum() {
    let sum = form(|g| {
        let (a, b, c) = (step(g, "a", &[3]), step(g, "b", &[3]), step(g, "c", &[3]));
        let (ac, bc) = (g.mul(a, c), g.mul(b, c));
        g.sub(ac, bc)
    });
    assert_eq!(sum, "mul(c, sub(a, b))");
}

#[test]
fn early_factors_meet_first() {
    let product = form(|g| {
        let (x, s, d) = (step(g, "x", &[3]), data(g, "s", &[3]), data(g, "d", &[3]));
        let x = g.mul(x, s);
        g.div(x, d)
    });
    assert_eq!(product, "mul(x, div(s, d))");
    let quotients = form(|g| {
        let (x, s, d) = (data(g, "x", &[3]), step(g, "s", &[3]), data(g, "d", &[3]));
        let ratio = g.div(s, d);
        g.div(x, ratio)
    });
    assert_eq!(quotients, "div(mul(x, d), s)");
    let inverted = form(|g| {
        let (x, s, d) = (data(g, "x", &[3]), step(g, "s", &[3]), data(g, "d", &[3]));
        let ratio = g.div(d, s);
        g.div(x, ratio)
    });
    assert_eq!(inverted, "mul(s, div(x, d))");
    let scalars = form(|g| {
        let (x, a, b) = (step(g, "x", &[3]), step(g, "a", &[1]), step(g, "b", &[1]));
        let (a, b) = (g.expand(a, [3]), g.expand(b, [3]));
        let x = g.mul(a, x);
        g.mul(x, b)
    });
    assert_eq!(scalars, "mul(x, expand[3](mul(a, b)))");
    let existing = form(|g| {
        let (x, y, z) = (step(g, "x", &[3]), step(g, "y", &[3]), step(g, "z", &[3]));
        let yz = g.mul(y, z);
        let xz = g.mul(x, z);
        let all = g.mul(y, xz);
        g.binary(Binary::Atan2, yz, all)
    });
    assert_eq!(existing, "atan2(mul(y, z), mul(x, mul(y, z)))");
}

#[test]
fn constants_are_computed() {
    let folded = form(|g| {
        let c = floats(g, &[1.0, 4.0]);
        let c = g.unary(Unary::Sqrt, c);
        g.add_scalar(c, 1.0)
    });
    assert_eq!(folded, "Float([2.0, 3.0])");
    let splat = form(|g| {
        let c = floats(g, &[4.0, 4.0]);
        let c = g.reshape(c, [1, 2]);
        let c = g.expand(c, [5000, 2]);
        let c = g.unary(Unary::Log, c);
        g.sum(c, &[0])
    });
    assert_eq!(splat, format!("{}", 4f64.ln() * 5000.0));
}
