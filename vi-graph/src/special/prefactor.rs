//! Densities of the gamma and the beta distribution without the cancellation of their logarithms.

use std::f64::consts::TAU;

use super::coefficients::LGAMMA_F64;
use super::{lgamma, log_beta, polynomial, stirling_remainder};

/// From here on Stirling's series replaces `Γ`.
const LARGE: f64 = 10.0;

/// `2/(2k + 3)`: `(ln((1 + s)/(1 − s)) − 2s)/s³` in `s²`; enough terms for `s ≤ ¼`.
const ATANH: [f64; 12] = {
    let mut terms = [0.0; 12];
    let mut k = 0;
    while k < terms.len() {
        terms[k] = 2.0 / (2 * k + 3) as f64;
        k += 1;
    }
    terms
};

/// `1/(k + 2)!`: `(e^u − 1 − u)/u²`; enough terms for `|u| ≤ ½`.
const EXPONENTIAL: [f64; 13] = {
    let mut terms = [0.5; 13];
    let mut k = 1;
    while k < terms.len() {
        terms[k] = terms[k - 1] / (k + 2) as f64;
        k += 1;
    }
    terms
};

/// `μ − ln(1 + μ)` for `μ > −1`.
///
/// With `s = μ/(2 + μ)`, `ln(1 + μ) = 2 (s + s³/3 + …)` and `μ − 2s = μ s`, so that nothing cancels.
pub(super) fn log1p_defect(mu: f64) -> f64 {
    if !(-0.4..0.5).contains(&mu) {
        return mu - mu.ln_1p();
    }
    let s = mu / (2.0 + mu);
    let square = s * s;
    mu * s - s * square * polynomial(&ATANH, square)
}

/// `e^u − 1 − u`.
pub(super) fn expm1_defect(u: f64) -> f64 {
    if u.abs() > 0.5 { u.exp_m1() - u } else { u * u * polynomial(&EXPONENTIAL, u) }
}

/// A number as the sum of a double and a small correction.
type Pair = (f64, f64);

/// `a + b` exactly (Knuth 1997, The Art of Computer Programming 2, section 4.2.2).
fn sum(a: f64, b: f64) -> Pair {
    let sum = a + b;
    let from_b = sum - a;
    (sum, (a - (sum - from_b)) + (b - from_b))
}

/// `a b` exactly.
fn product(a: f64, b: f64) -> Pair {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

fn quotient(a: Pair, b: Pair) -> Pair {
    let quotient = a.0 / b.0;
    let rest = (-quotient).mul_add(b.0, a.0) + (a.1 - quotient * b.1);
    (quotient, rest / b.0)
}

/// `a (μ − ln(1 + μ))` for `μ = shift/a`, where [`log1p_defect`] uses its series.
///
/// The leading term `shift²/(2a + shift)` is most of it and is kept to twice the precision: an exponential multiplies the rounding
/// of its argument by the argument.
fn deviance(a: f64, shift: Pair) -> Pair {
    let square = product(shift.0, shift.0);
    let (total, rest) = sum(2.0 * a, shift.0);
    let leading = quotient((square.0, square.1 + 2.0 * shift.0 * shift.1), (total, rest + shift.1));
    let s = shift.0 / total;
    (leading.0, leading.1 - a * s * s * s * polynomial(&ATANH, s * s))
}

/// `e^{−x}`; by halves, as it may underflow where the product with the correction does not.
fn exp_of_minus(x: Pair) -> f64 {
    let half = (-0.5 * x.0).exp();
    half * (-x.1).exp() * half
}

/// The 16th part of the exponent of `rᵃ`: the power itself could overflow.
fn sixteenth(r: Pair, a: f64) -> f64 {
    let part = a / 16.0;
    r.0.powf(part) * (part * (r.1 / r.0)).exp()
}

/// Beyond, `e^{−x}` is 0.
const VANISHING: f64 = 780.0;

/// Where `μ − ln(1 + μ)` does not need more than the logarithm.
fn is_far(mu: f64) -> bool {
    !(-0.4..0.5).contains(&mu)
}

/// `xᵃ e^{−x}/Γ(a + 1)` for finite positive arguments.
pub(super) fn gamma_weight(a: f64, x: f64) -> f64 {
    if a < LARGE {
        if x > 2000.0 {
            return 0.0;
        }
        // Half the exponential twice: it may underflow where the product does not.
        let half = (-0.5 * x).exp();
        return (x.powf(a) * half) * half * (-lgamma_1p(a)).exp();
    }
    let shift = sum(x, -a);
    let constant = (a * TAU).sqrt().recip() * (-stirling_remainder(a)).exp();
    if !is_far(shift.0 / a) {
        return constant * exp_of_minus(deviance(a, shift));
    }
    let ratio = quotient((x, 0.0), (a, 0.0));
    if a * ((ratio.0 - 1.0) - ratio.0.ln()) > VANISHING {
        return 0.0;
    }
    constant * (sixteenth(ratio, a) * (-shift.0 / 16.0).exp() * (-shift.1 / 16.0).exp()).powi(16)
}

/// `ln Γ(1 + a)`, relatively accurate around 0.
pub(super) fn lgamma_1p(a: f64) -> f64 {
    if a < 0.5 { a * polynomial(&LGAMMA_F64, a) - a.ln_1p() } else { lgamma(a + 1.0) }
}

/// `ln x`, given `y = 1 − x` to full relative precision where it is small.
pub(super) fn ln_of(x: f64, y: f64) -> f64 {
    if y < 0.5 { (-y).ln_1p() } else { x.ln() }
}

/// What `x` and `y` lack of a sum of exactly 1: the larger of the two was rounded.
fn completed(x: f64, y: f64) -> (Pair, Pair) {
    if x < y { ((x, 0.0), (y, (1.0 - y) - x)) } else { ((x, (1.0 - x) - y), (y, 0.0)) }
}

/// `a y − b x` for `x + y = 1`: the products cancel where `x` is near the mean `a/(a + b)`.
pub(super) fn excess(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let (high, low) = excess_pair(a, b, x, y);
    high + low
}

fn excess_pair(a: f64, b: f64, x: f64, y: f64) -> Pair {
    let (x, y) = completed(x, y);
    let (left, right) = (product(a, y.0), product(b, x.0));
    let (high, low) = sum(left.0, -right.0);
    (high, low + (left.1 - right.1) + (a * y.1 - b * x.1))
}

/// `xᵃ yᵇ/B(a, b)` for `x + y = 1`, positive arguments.
pub(super) fn beta_weight(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let (full_x, full_y) = completed(x, y);
    if a < LARGE || b < LARGE {
        let power = |base: Pair, exponent: f64| base.0.powf(exponent) * (exponent * (base.1 / base.0)).exp();
        // B(a, b) = B(a + 1, b) (a + b)/a: its logarithm is large for a tiny parameter.
        let (shifted_a, from_a) = if a < 1.0 { (a + 1.0, a / (a + b)) } else { (a, 1.0) };
        let (shifted_b, from_b) = if b < 1.0 { (b + 1.0, b / (shifted_a + b)) } else { (b, 1.0) };
        let constant = from_a * from_b * (-log_beta(shifted_a, shifted_b)).exp();
        return power(full_x, a) * power(full_y, b) * constant;
    }
    // Deviance a ln(a/((a + b) x)) + b ln(b/((a + b) y)); the linear terms of the two sum to 0.
    let excess = excess_pair(a, b, x, y);
    let remainder = stirling_remainder(a + b) - stirling_remainder(a) - stirling_remainder(b);
    let constant = (a / (a + b) * b / TAU).sqrt() * remainder.exp();
    if !is_far(-excess.0 / a) && !is_far(excess.0 / b) {
        let (of_a, of_b) = (deviance(a, (-excess.0, -excess.1)), deviance(b, excess));
        let (high, low) = sum(of_a.0, of_b.0);
        return constant * exp_of_minus((high, low + of_a.1 + of_b.1));
    }
    let total = sum(a, b);
    let ratio = |a: f64, x: Pair| {
        let (high, low) = product(total.0, x.0);
        quotient((high, low + total.1 * x.0 + total.0 * x.1), (a, 0.0))
    };
    let (of_a, of_b) = (ratio(a, full_x), ratio(b, full_y));
    if -(a * of_a.0.ln() + b * of_b.0.ln()) > VANISHING {
        return 0.0;
    }
    constant * (sixteenth(of_a, a) * sixteenth(of_b, b)).powi(16)
}
