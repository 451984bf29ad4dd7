//! Functions of two floats.

use super::{Tape, splat, unsupported};
use crate::error::Result;
use crate::ir::{Binary, Compare, Graph, Id, Logic, Unary};

/// Hands the cotangent `g` of `out = f(x, y)` on.
pub(super) fn rule(tape: &mut Tape, f: Binary, (x, y): (Id, Id), out: Id, g: Id) -> Result<()> {
    match f {
        Binary::Add => {
            tape.give(x, |_| g);
            tape.give(y, |_| g);
        }
        Binary::Sub => {
            tape.give(x, |_| g);
            tape.give(y, |graph| graph.neg(g));
        }
        Binary::Mul => {
            tape.give(x, |graph| graph.mul(g, y));
            tape.give(y, |graph| graph.mul(g, x));
        }
        Binary::Div => {
            let quotient = tape.graph.div(g, y);
            tape.give(x, |_| quotient);
            tape.give(y, |graph| {
                let product = graph.mul(quotient, out);
                graph.neg(product)
            });
        }
        Binary::Rem => {
            tape.give(x, |_| g);
            tape.give(y, |graph| {
                let quotient = graph.div(x, y);
                let multiple = graph.unary(Unary::Floor, quotient);
                let product = graph.mul(g, multiple);
                graph.neg(product)
            });
        }
        Binary::Pow => power(tape, x, y, out, g),
        Binary::Max => {
            let second = tape.graph.compare(Compare::Less, x, y);
            select(tape, second, x, y, g);
        }
        Binary::Min => {
            let second = tape.graph.compare(Compare::Less, y, x);
            select(tape, second, x, y, g);
        }
        Binary::Atan2 => angle(tape, x, y, g),
        Binary::Xlogy => xlogy(tape, x, y, g),
        Binary::LogBeta => {
            tape.give(x, |graph| times(graph, g, Binary::DigammaDifference, x, y));
            tape.give(y, |graph| times(graph, g, Binary::DigammaDifference, y, x));
        }
        Binary::DigammaDifference => digamma_difference(tape, x, y, g),
        Binary::GammaP => {
            tape.give(x, |graph| times(graph, g, Binary::GammaPInShape, x, y));
            tape.give(y, |graph| times(graph, g, Binary::GammaDensity, x, y));
        }
        Binary::GammaQ => {
            let lost = tape.graph.neg(g);
            tape.give(x, |graph| times(graph, lost, Binary::GammaPInShape, x, y));
            tape.give(y, |graph| times(graph, lost, Binary::GammaDensity, x, y));
        }
        Binary::GammaDensity => gamma_density(tape, x, y, out, g),
        Binary::GammaPInShape => {
            if tape.wants(x) {
                return Err(unsupported(f.name(), "the second derivative of an incomplete gamma function in its shape has no operation"));
            }
            // ∂²P/∂a∂x, the derivative of the density.
            tape.give(y, |graph| {
                let slope = score_in_shape(graph, x, y);
                let density = graph.binary(Binary::GammaDensity, x, y);
                let product = graph.mul(density, slope);
                graph.mul(g, product)
            });
        }
        Binary::GammaLogDerivative => {
            return Err(unsupported(f.name(), "the second derivative of a gamma draw in its concentration has no operation"));
        }
    }
    Ok(())
}

/// `g f(x, y)`
fn times(graph: &mut Graph, g: Id, f: Binary, x: Id, y: Id) -> Id {
    let slope = graph.binary(f, x, y);
    graph.mul(g, slope)
}

/// Everything to `y` where `second` holds, else to `x`.
fn select(tape: &mut Tape, second: Id, x: Id, y: Id, g: Id) {
    let zero = tape.graph.full_like(0.0, g);
    tape.give(x, |graph| graph.select(second, zero, g));
    tape.give(y, |graph| graph.select(second, g, zero));
}

/// `x^y`: slopes `y x^(y − 1)` and `x^y ln x`.
fn power(tape: &mut Tape, x: Id, y: Id, out: Id, g: Id) {
    match splat(tape.graph, y) {
        Some(exponent) if !tape.wants(y) => {
            if exponent != 0.0 {
                tape.give(x, |graph| constant_power(graph, x, exponent, out, g));
            }
        }
        _ => {
            tape.give(x, |graph| {
                // At x = y = 0 the factor y decides: 0 · 0^0, not 0 · 0^−1.
                let both_zero = both(graph, (Compare::Equal, x), (Compare::Equal, y));
                let one = graph.full_like(1.0, y);
                let exponent = graph.select(both_zero, one, y);
                let below = graph.sub(exponent, one);
                let power = graph.binary(Binary::Pow, x, below);
                let slope = graph.mul(y, power);
                graph.mul(g, slope)
            });
            tape.give(y, |graph| {
                // 0^y is 0 for y > 0: its slope is 0, and not 0 · ln 0. Below 0 it is infinite, and stays so.
                let flat = both(graph, (Compare::Equal, x), (Compare::GreaterEqual, y));
                let one = graph.full_like(1.0, x);
                let base = graph.select(flat, one, x);
                let log = graph.unary(Unary::Log, base);
                let slope = graph.mul(out, log);
                graph.mul(g, slope)
            });
        }
    }
}

/// Whether both conditions on a number compared with 0 hold.
fn both(graph: &mut Graph, (f, x): (Compare, Id), (h, y): (Compare, Id)) -> Id {
    let zero = graph.full_like(0.0, x);
    let left = graph.compare(f, x, zero);
    let right = graph.compare(h, y, zero);
    graph.logic(Logic::And, left, right)
}

/// `g c x^(c − 1)`, `c ≠ 0`.
fn constant_power(graph: &mut Graph, x: Id, c: f64, out: Id, g: Id) -> Id {
    let power = match c {
        1.0 => return g,
        2.0 => x,
        3.0 => graph.unary(Unary::Square, x),
        0.5 => graph.unary(Unary::Recip, out),
        -1.0 => graph.unary(Unary::Square, out),
        _ => {
            let below = graph.full_like(c - 1.0, x);
            graph.binary(Binary::Pow, x, below)
        }
    };
    let slope = graph.mul_scalar(power, c);
    graph.mul(g, slope)
}

/// `atan2(y, x)`: slopes `x/r²` and `−y/r²`.
fn angle(tape: &mut Tape, y: Id, x: Id, g: Id) {
    let squares = [x, y].map(|v| tape.graph.unary(Unary::Square, v));
    let r2 = tape.graph.add(squares[0], squares[1]);
    tape.give(y, |graph| {
        let slope = graph.div(x, r2);
        graph.mul(g, slope)
    });
    tape.give(x, |graph| {
        let slope = graph.div(y, r2);
        let product = graph.mul(g, slope);
        graph.neg(product)
    });
}

/// `x ln y`: slopes `ln y` and `x/y`; where `x = 0` and `ln y` is not finite, both are 0.
fn xlogy(tape: &mut Tape, x: Id, y: Id, g: Id) {
    let graph = &mut *tape.graph;
    let zero = graph.full_like(0.0, x);
    let one = graph.full_like(1.0, x);
    let infinity = graph.full_like(f64::INFINITY, x);
    let x_is_zero = graph.compare(Compare::Equal, x, zero);
    let positive = graph.compare(Compare::Greater, y, zero);
    let finite = graph.compare(Compare::Less, y, infinity);
    let regular = graph.logic(Logic::And, positive, finite);
    let irregular = graph.not(regular);
    let replaced = graph.logic(Logic::And, x_is_zero, irregular);
    let y_used = graph.select(replaced, one, y);
    tape.give(x, |graph| {
        let log = graph.unary(Unary::Log, y_used);
        graph.mul(g, log)
    });
    tape.give(y, |graph| {
        let slope = graph.div(x, y_used);
        graph.mul(g, slope)
    });
}

/// `p = x^{a−1} e^{−x}/Γ(a)`: slopes `p (ln x − ψ(a))` and `p ((a − 1)/x − 1)`.
fn gamma_density(tape: &mut Tape, a: Id, x: Id, out: Id, g: Id) {
    let cotangent = tape.graph.mul(g, out);
    tape.give(a, |graph| {
        let slope = score_in_shape(graph, a, x);
        graph.mul(cotangent, slope)
    });
    tape.give(x, |graph| {
        let below = graph.add_scalar(a, -1.0);
        let ratio = graph.div(below, x);
        let slope = graph.add_scalar(ratio, -1.0);
        graph.mul(cotangent, slope)
    });
}

/// `ln x − ψ(a)`
fn score_in_shape(graph: &mut Graph, a: Id, x: Id) -> Id {
    let (log, mean) = (graph.unary(Unary::Log, x), graph.unary(Unary::Digamma, a));
    graph.sub(log, mean)
}

/// `ψ(a) − ψ(a + b)`: slopes `ψ'(a) − ψ'(a + b)` and `−ψ'(a + b)`. The first cancels where `b` is far below `a`.
fn digamma_difference(tape: &mut Tape, a: Id, b: Id, g: Id) {
    let sum = tape.graph.add(a, b);
    let of_sum = tape.graph.unary(Unary::Trigamma, sum);
    tape.give(a, |graph| {
        let of_a = graph.unary(Unary::Trigamma, a);
        let slope = graph.sub(of_a, of_sum);
        graph.mul(g, slope)
    });
    tape.give(b, |graph| {
        let product = graph.mul(g, of_sum);
        graph.neg(product)
    });
}
