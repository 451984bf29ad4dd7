//! What each rule of the optimiser makes of the expression that it is there for.
#![allow(clippy::unwrap_used, clippy::panic)] // a test may stop

#[path = "support/inputs.rs"]
mod inputs;

use std::sync::Arc;

use inputs::{Numbers, close, inputs};
use vi_graph::interpret::interpret;
use vi_graph::ir::{Binary, Compare, Data, Logic, NoiseKind, Op, Range, Reduce, Role, Scalar, Stream, Test, Type, Unary};
use vi_graph::optimise::optimise;
use vi_graph::verify::verify;
use vi_graph::{Graph, Id, Key, Precision};

/// The output of the optimised graph as an expression, after a comparison of its value with that of the graph.
fn form(build: impl FnOnce(&mut Graph) -> Id) -> String {
    let mut graph = Graph::new(Precision::F64);
    let output = build(&mut graph);
    graph.outputs = vec![output];
    verify(&graph).unwrap();
    let optimised = optimise(&graph);
    verify(&optimised).unwrap();
    for seed in 0..4 {
        let inputs = inputs(&graph, &mut Numbers(seed));
        let expected = interpret(&graph, &inputs, Key::new(1)).unwrap();
        let found = interpret(&optimised, &inputs, Key::new(1)).unwrap();
        assert!(close(&found[0], &expected[0], 1e-13), "{found:?}, expected {expected:?}\n{graph}\n{optimised}");
    }
    expression(&optimised, optimised.outputs[0])
}

fn expression(graph: &Graph, id: Id) -> String {
    let node = graph.node(id);
    let args: Vec<String> = node.args.iter().map(|&arg| expression(graph, arg)).collect();
    let args = args.join(", ");
    match &node.op {
        Op::Input(input) => graph.inputs[*input].name.clone(),
        Op::Full(Scalar::Float(x)) => format!("{x}"),
        Op::Full(Scalar::Int(x)) => format!("{x}"),
        Op::Full(Scalar::Bool(x)) => format!("{x}"),
        Op::Expand | Op::Reshape => format!("{}{:?}({args})", node.op.name(), node.shape),
        Op::Reduce(_, axes) => format!("{}{axes:?}({args})", node.op.name()),
        Op::Constant(data) => format!("{data:?}"),
        _ => format!("{}({args})", node.op.name()),
    }
}

fn step(g: &mut Graph, name: &str, shape: &[usize]) -> Id {
    g.input(name, Role::Parameter, shape, Type::Float)
}

fn data(g: &mut Graph, name: &str, shape: &[usize]) -> Id {
    g.input(name, Role::Data, shape, Type::Float)
}

/// In (0, 1).
fn uniform(g: &mut Graph, name: &str, shape: &[usize]) -> Id {
    let stream = Stream { site: name.to_owned(), call: 0 };
    g.input(name, Role::Noise(stream, NoiseKind::Uniform), shape, Type::Float)
}

/// `f(x)` of a vector that moves with the step.
fn of_x(build: impl FnOnce(&mut Graph, Id) -> Id) -> String {
    form(|g| {
        let x = step(g, "x", &[3]);
        build(g, x)
    })
}

fn of_xy(build: impl FnOnce(&mut Graph, Id, Id) -> Id) -> String {
    form(|g| {
        let (x, y) = (step(g, "x", &[3]), step(g, "y", &[3]));
        build(g, x, y)
    })
}

/// `f(x, y)` for `y` one number that is repeated.
fn of_x_and_scalar(build: impl FnOnce(&mut Graph, Id, Id) -> Id) -> String {
    form(|g| {
        let (x, s) = (step(g, "x", &[3]), step(g, "s", &[1]));
        let s = g.expand(s, [3]);
        build(g, x, s)
    })
}

fn constant(g: &mut Graph, values: &[i64]) -> Id {
    g.push(Op::Constant(Arc::new(Data::Int(values.to_vec()))), [], [values.len()], Type::Int)
}

fn floats(g: &mut Graph, values: &[f64]) -> Id {
    g.push(Op::Constant(Arc::new(Data::Float(values.to_vec()))), [], [values.len()], Type::Float)
}

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
    // the reciprocal of 5 is rounded
    assert_eq!(by(5.0), "div(x, 5)");
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
fn expansions_move_to_the_result() {
    let scalars = form(|g| {
        let (a, b) = (step(g, "a", &[1]), step(g, "b", &[1]));
        let (a, b) = (g.expand(a, [8]), g.expand(b, [8]));
        let b = g.unary(Unary::Exp, b);
        let sum = g.add(a, b);
        g.mul_scalar(sum, 3.0)
    });
    assert_eq!(scalars, "expand[8](mul(add(a, exp(b)), 3))");
    let mixed = form(|g| {
        let (a, b) = (step(g, "a", &[1, 1]), step(g, "b", &[1, 4]));
        let (a, b) = (g.expand(a, [8, 4]), g.expand(b, [8, 4]));
        g.mul(a, b)
    });
    assert_eq!(mixed, "expand[8, 4](mul(b, expand[1, 4](a)))");
    let below_reshape = form(|g| {
        let a = step(g, "a", &[1, 3]);
        let a = g.expand(a, [2, 3]);
        let a = g.reshape(a, [2, 1, 3]);
        let a = g.permute(a, &[2, 1, 0]);
        g.unary(Unary::Exp, a)
    });
    assert_eq!(below_reshape, "expand[3, 1, 2](reshape[3, 1, 1](exp(a)))");
}

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
        let sum = g.add(sum, d);
        g.sum_all(sum)
    });
    assert_eq!(density, "add(sum[0](d), add(mul(add(s, 0.5), 3), sum[0](exp(x))))");
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
fn early_factors_meet_first() {
    let product = form(|g| {
        let (x, s, d) = (step(g, "x", &[3]), data(g, "s", &[3]), data(g, "d", &[3]));
        let x = g.mul(x, s);
        g.div(x, d)
    });
    assert_eq!(product, "mul(x, div(s, d))");
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
fn matrix_products_take_transposes_and_leave_factors() {
    let product = form(|g| {
        let (a, b, s) = (step(g, "a", &[3, 2]), step(g, "b", &[3, 4]), step(g, "s", &[1, 1]));
        let a = g.transpose(a);
        let s = g.expand(s, [3, 4]);
        let b = g.mul(b, s);
        g.matmul(a, b, false, false)
    });
    assert_eq!(product, "mul(matmul(a, b), expand[2, 4](s))");
}

#[test]
fn selections_and_slices() {
    let first = form(|g| {
        let x = step(g, "x", &[4]);
        let index = constant(g, &[0, 1, 2, 3]);
        g.take(x, 0, index)
    });
    assert_eq!(first, "x");
    let every_other = form(|g| {
        let x = step(g, "x", &[4]);
        let index = constant(g, &[3, 1]);
        g.take(x, 0, index)
    });
    assert_eq!(every_other, "slice(x)");
    let of_a_part = form(|g| {
        let (a, b) = (step(g, "a", &[2]), step(g, "b", &[3]));
        let all = g.concat(&[a, b], 0);
        let part = g.slice(all, &[Range { start: 2, step: 1, len: 3 }]);
        g.slice(part, &[Range { start: 2, step: -1, len: 3 }])
    });
    assert_eq!(of_a_part, "slice(b)");
    let whole = form(|g| {
        let (a, b) = (step(g, "a", &[2]), step(g, "b", &[3]));
        let all = g.concat(&[a, b], 0);
        g.slice(all, &[Range { start: 0, step: 1, len: 2 }])
    });
    assert_eq!(whole, "a");
    let put_back = form(|g| {
        let y = step(g, "y", &[2]);
        let index = constant(g, &[1, 3]);
        let all = g.take_add(index, 0, y, [4]);
        g.take(all, 0, index)
    });
    assert_eq!(put_back, "y");
    let turned = form(|g| {
        let x = step(g, "x", &[2, 3]);
        let x = g.transpose(x);
        g.transpose(x)
    });
    assert_eq!(turned, "x");
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
    // differences that measure rounding are not touched
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
