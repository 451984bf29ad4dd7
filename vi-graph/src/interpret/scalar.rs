//! The element-wise operations on one element.

use crate::gamma::gamma_log_derivative;
use crate::ir::{Binary, Compare, Logic, Ternary, Unary};
use crate::special;

/// `f(x)`
pub fn unary(f: Unary, x: f64) -> f64 {
    match f {
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Sign => sign(x),
        Unary::Detach => x,
        Unary::Exp => x.exp(),
        Unary::Log => x.ln(),
        Unary::Log1p => x.ln_1p(),
        Unary::Expm1 => x.exp_m1(),
        Unary::Sqrt => x.sqrt(),
        Unary::Recip => x.recip(),
        Unary::Square => x * x,
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Tan => x.tan(),
        Unary::Sinh => x.sinh(),
        Unary::Cosh => x.cosh(),
        Unary::Tanh => x.tanh(),
        Unary::Asin => x.asin(),
        Unary::Acos => x.acos(),
        Unary::Atan => x.atan(),
        Unary::Asinh => x.asinh(),
        Unary::Acosh => x.acosh(),
        Unary::Atanh => x.atanh(),
        Unary::Erf => special::erf(x),
        Unary::Sigmoid => sigmoid(x),
        Unary::Softplus => softplus(x),
        Unary::Floor => x.floor(),
        Unary::Ceil => x.ceil(),
        Unary::Round => x.round_ties_even(),
        Unary::Trunc => x.trunc(),
        Unary::Lgamma => special::lgamma(x),
        Unary::Digamma => special::digamma(x),
        Unary::Trigamma => special::trigamma(x),
        Unary::Erfc => special::erfc(x),
        Unary::Erfinv => special::erfinv(x),
        Unary::Ndtr => special::ndtr(x),
        Unary::LogNdtr => special::log_ndtr(x),
        Unary::NdtrRatio => special::ndtr_ratio(x),
        Unary::Ndtri => special::ndtri(x),
        Unary::Log1mexp => special::log1mexp(x),
        Unary::I0e => special::i0e(x),
        Unary::I1e => special::i1e(x),
        Unary::LogI0 => special::log_i0(x),
    }
}

/// `f(x)` on integers, absent where `f` is for floats only; arithmetic wraps.
pub fn unary_int(f: Unary, x: i64) -> Option<i64> {
    match f {
        Unary::Neg => Some(x.wrapping_neg()),
        Unary::Abs => Some(x.wrapping_abs()),
        Unary::Sign => Some(x.signum()),
        _ => None,
    }
}

/// `f(x, y)`
pub fn binary(f: Binary, x: f64, y: f64) -> f64 {
    match f {
        Binary::Add => x + y,
        Binary::Sub => x - y,
        Binary::Mul => x * y,
        Binary::Div => x / y,
        Binary::Rem => remainder(x, y),
        Binary::Pow => x.powf(y),
        Binary::Max => max(x, y),
        Binary::Min => min(x, y),
        Binary::Atan2 => x.atan2(y),
        Binary::Xlogy => special::xlogy(x, y),
        Binary::LogBeta => special::log_beta(x, y),
        Binary::DigammaDifference => special::digamma_difference(x, y),
        Binary::GammaLogDerivative => gamma_log_derivative(x, y),
        Binary::GammaP => special::gamma_p(x, y),
        Binary::GammaQ => special::gamma_q(x, y),
        Binary::GammaDensity => special::gamma_density(x, y),
        Binary::GammaPInShape => special::gamma_p_in_shape(x, y),
    }
}

/// `f(a, b, x)`
pub fn ternary(f: Ternary, a: f64, b: f64, x: f64) -> f64 {
    match f {
        Ternary::BetaInc => special::beta_inc(a, b, x),
        Ternary::BetaDensity => special::beta_density(a, b, x),
        Ternary::BetaIncInA => special::beta_inc_in_a(a, b, x),
        Ternary::BetaIncInB => special::beta_inc_in_b(a, b, x),
    }
}

/// `f(x, y)` on integers, absent where `f` is for floats only; arithmetic wraps, and a division by 0 gives 0.
pub fn binary_int(f: Binary, x: i64, y: i64) -> Option<i64> {
    match f {
        Binary::Add => Some(x.wrapping_add(y)),
        Binary::Sub => Some(x.wrapping_sub(y)),
        Binary::Mul => Some(x.wrapping_mul(y)),
        Binary::Div => Some(if y == 0 { 0 } else { x.wrapping_div(y) }),
        Binary::Rem => Some(if y == 0 { 0 } else { remainder_int(x, y) }),
        Binary::Max => Some(x.max(y)),
        Binary::Min => Some(x.min(y)),
        _ => None,
    }
}

/// `x < y` and the like; with a NaN only [`Compare::NotEqual`] holds.
pub fn compare<T: PartialOrd>(f: Compare, x: T, y: T) -> bool {
    match f {
        Compare::Equal => x == y,
        Compare::NotEqual => x != y,
        Compare::Less => x < y,
        Compare::LessEqual => x <= y,
        Compare::Greater => x > y,
        Compare::GreaterEqual => x >= y,
    }
}

/// `a ∧ b` and the like.
pub fn logic(f: Logic, a: bool, b: bool) -> bool {
    match f {
        Logic::And => a && b,
        Logic::Or => a || b,
        Logic::Xor => a != b,
    }
}

/// The larger, NaN where either is.
pub fn max(x: f64, y: f64) -> f64 {
    if x.is_nan() || x > y { x } else { y }
}

/// The smaller, NaN where either is.
pub fn min(x: f64, y: f64) -> f64 {
    if x.is_nan() || x < y { x } else { y }
}

/// From first to last; +0 for no term, where `Iterator::sum` has −0.
pub fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    terms.fold(0.0, |sum, x| sum + x)
}

/// −1, 0 or 1; keeps zeros and NaN as they are.
fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x
    }
}

/// `1 / (1 + e^-x)` without the overflow of `e^-x` where the result is small.
fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { (1.0 + e).recip() }
}

/// `log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)`.
fn softplus(x: f64) -> f64 {
    max(x, 0.0) + (-x.abs()).exp().ln_1p()
}

/// `x − y ⌊x/y⌋`, from the remainder that `%` computes without rounding.
fn remainder(x: f64, y: f64) -> f64 {
    let r = x % y;
    if r != 0.0 && (r < 0.0) != (y < 0.0) { r + y } else { r }
}

fn remainder_int(x: i64, y: i64) -> i64 {
    let r = x.wrapping_rem(y);
    if r != 0 && (r < 0) != (y < 0) { r + y } else { r }
}
