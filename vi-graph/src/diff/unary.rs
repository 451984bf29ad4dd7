//! Functions of one float.

use std::f64::consts::{FRAC_2_SQRT_PI, TAU};

use super::unsupported;
use crate::error::Result;
use crate::ir::{Compare, Graph, Id, Unary};

/// The cotangent of `x` for the cotangent `g` of `out = f(x)`.
///
/// A slope is taken from `out` where that loses nothing. That of `expm1` is not: `out + 1` cancels for negative `x`.
pub(super) fn rule(graph: &mut Graph, f: Unary, x: Id, out: Id, g: Id) -> Result<Id> {
    let slope = match f {
        Unary::Neg => return Ok(graph.neg(g)),
        Unary::Log => return Ok(graph.div(g, x)),
        Unary::Log1p => {
            let divisor = graph.add_scalar(x, 1.0);
            return Ok(graph.div(g, divisor));
        }
        Unary::Sqrt => {
            let divisor = graph.mul_scalar(out, 2.0);
            return Ok(graph.div(g, divisor));
        }
        Unary::Asin => return Ok(over_quarter_circle(graph, x, g)),
        Unary::Acos => {
            let asin = over_quarter_circle(graph, x, g);
            return Ok(graph.neg(asin));
        }
        Unary::Atan => {
            let square = graph.unary(Unary::Square, x);
            let divisor = graph.add_scalar(square, 1.0);
            return Ok(graph.div(g, divisor));
        }
        Unary::Asinh => {
            let square = graph.unary(Unary::Square, x);
            let sum = graph.add_scalar(square, 1.0);
            let divisor = graph.unary(Unary::Sqrt, sum);
            return Ok(graph.div(g, divisor));
        }
        Unary::Acosh => {
            // √(x − 1) √(x + 1): x² − 1 would cancel at 1 and overflow far from it.
            let [below, above] = [-1.0, 1.0].map(|c| {
                let shifted = graph.add_scalar(x, c);
                graph.unary(Unary::Sqrt, shifted)
            });
            let divisor = graph.mul(below, above);
            return Ok(graph.div(g, divisor));
        }
        Unary::Atanh => {
            let divisor = one_minus_square(graph, x);
            return Ok(graph.div(g, divisor));
        }
        Unary::Abs => graph.unary(Unary::Sign, x),
        Unary::Exp => out,
        Unary::Expm1 => graph.unary(Unary::Exp, x),
        Unary::Recip => {
            let square = graph.unary(Unary::Square, out);
            graph.neg(square)
        }
        Unary::Square => graph.mul_scalar(x, 2.0),
        Unary::Sin => graph.unary(Unary::Cos, x),
        Unary::Cos => {
            let sin = graph.unary(Unary::Sin, x);
            graph.neg(sin)
        }
        Unary::Tan => {
            let square = graph.unary(Unary::Square, out);
            graph.add_scalar(square, 1.0)
        }
        Unary::Sinh => graph.unary(Unary::Cosh, x),
        Unary::Cosh => graph.unary(Unary::Sinh, x),
        Unary::Tanh => {
            let square = graph.unary(Unary::Square, out);
            let one = graph.full_like(1.0, out);
            graph.sub(one, square)
        }
        Unary::Erf => {
            let density = gaussian(graph, x, -1.0);
            graph.mul_scalar(density, FRAC_2_SQRT_PI)
        }
        Unary::Sigmoid => {
            let one = graph.full_like(1.0, out);
            let complement = graph.sub(one, out);
            graph.mul(out, complement)
        }
        Unary::Softplus => graph.unary(Unary::Sigmoid, x),
        Unary::Lgamma => graph.unary(Unary::Digamma, x),
        Unary::Digamma => graph.unary(Unary::Trigamma, x),
        Unary::Erfc => {
            let density = gaussian(graph, x, -1.0);
            graph.mul_scalar(density, -FRAC_2_SQRT_PI)
        }
        // 1/erf'(out): out is at most 6, so that its square is accurate enough.
        Unary::Erfinv => {
            let inverse = gaussian(graph, out, 1.0);
            graph.mul_scalar(inverse, 1.0 / FRAC_2_SQRT_PI)
        }
        Unary::Ndtr => {
            let density = gaussian(graph, x, -0.5);
            graph.mul_scalar(density, TAU.sqrt().recip())
        }
        Unary::LogNdtr => graph.unary(Unary::NdtrRatio, x),
        Unary::NdtrRatio => {
            let sum = graph.add(x, out);
            let product = graph.mul(out, sum);
            graph.neg(product)
        }
        Unary::Ndtri => {
            let inverse = gaussian(graph, out, 0.5);
            graph.mul_scalar(inverse, TAU.sqrt())
        }
        Unary::Log1mexp => {
            let divisor = graph.unary(Unary::Expm1, x);
            return Ok(graph.div(g, divisor));
        }
        Unary::I0e => {
            let first = graph.unary(Unary::I1e, x);
            let sign = graph.unary(Unary::Sign, x);
            let scaling = graph.mul(sign, out);
            graph.sub(first, scaling)
        }
        Unary::I1e => {
            // I₁' = I₀ − I₁/x, and ½ at 0.
            let zero = graph.full_like(0.0, x);
            let at_zero = graph.compare(Compare::Equal, x, zero);
            let one = graph.full_like(1.0, x);
            let divisor = graph.select(at_zero, one, x);
            let ratio = graph.div(out, divisor);
            let half = graph.full_like(0.5, x);
            let ratio = graph.select(at_zero, half, ratio);
            let sign = graph.unary(Unary::Sign, x);
            let scaling = graph.mul(sign, out);
            let lost = graph.add(ratio, scaling);
            let zeroth = graph.unary(Unary::I0e, x);
            graph.sub(zeroth, lost)
        }
        Unary::LogI0 => {
            let (first, zeroth) = (graph.unary(Unary::I1e, x), graph.unary(Unary::I0e, x));
            graph.div(first, zeroth)
        }
        Unary::Trigamma => return Err(unsupported(f.name(), "its derivative is the tetragamma function, which no operation computes")),
        Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round | Unary::Trunc | Unary::Detach => return Ok(graph.full_like(0.0, x)),
    };
    Ok(graph.mul(g, slope))
}

/// `e^{c x²}`
fn gaussian(graph: &mut Graph, x: Id, c: f64) -> Id {
    let square = graph.unary(Unary::Square, x);
    let exponent = graph.mul_scalar(square, c);
    graph.unary(Unary::Exp, exponent)
}

/// `g / √(1 − x²)`
fn over_quarter_circle(graph: &mut Graph, x: Id, g: Id) -> Id {
    let square = one_minus_square(graph, x);
    let divisor = graph.unary(Unary::Sqrt, square);
    graph.div(g, divisor)
}

/// `(1 − x) (1 + x)`, which does not cancel at ±1.
fn one_minus_square(graph: &mut Graph, x: Id) -> Id {
    let one = graph.full_like(1.0, x);
    let below = graph.sub(one, x);
    let above = graph.add(one, x);
    graph.mul(below, above)
}
