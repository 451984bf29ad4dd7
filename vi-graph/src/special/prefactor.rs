//! Densities of the gamma and the beta distribution without the cancellation of their logarithms.

use std::f64::consts::TAU;

use super::coefficients::LGAMMA_F64;
use super::{lgamma, log_beta, polynomial, stirling_remainder};

/// From here on Stirling's series replaces `Γ`.
const LARGE: f64 = 10.0;

/// `μ − ln(1 + μ)` for `μ > −1`.
///
/// With `s = μ/(2 + μ)`, `ln(1 + μ) = 2 (s + s³/3 + …)` and `μ − 2s = μ s`, so that nothing cancels.
pub(super) fn log1p_defect(mu: f64) -> f64 {
    if !(-0.4..0.5).contains(&mu) {
        return mu - mu.ln_1p();
    }
    let s = mu / (2.0 + mu);
    let square = s * s;
    let mut sum = 0.0;
    for k in (1..12).rev() {
        sum = sum * square + f64::from(2 * k + 1).recip();
    }
    mu * s - 2.0 * s * square * sum
}

/// `e^u − 1 − u`.
pub(super) fn expm1_defect(u: f64) -> f64 {
    if u.abs() > 0.5 {
        return u.exp_m1() - u;
    }
    let mut sum = 1.0;
    for k in (3..16).rev() {
        sum = 1.0 + sum * u / f64::from(k);
    }
    0.5 * u * u * sum
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
    let ratio = x / a;
    let deviance = if ratio < 0.6 { (ratio - 1.0) - ratio.ln() } else { log1p_defect((x - a) / a) };
    (a * TAU).sqrt().recip() * (-a * deviance - stirling_remainder(a)).exp()
}

/// `ln Γ(1 + a)`, relatively accurate around 0.
pub(super) fn lgamma_1p(a: f64) -> f64 {
    if a < 0.5 { a * polynomial(&LGAMMA_F64, a) - a.ln_1p() } else { lgamma(a + 1.0) }
}

/// `ln x`, given `y = 1 − x` to full relative precision where it is small.
pub(super) fn ln_of(x: f64, y: f64) -> f64 {
    if y < 0.5 { (-y).ln_1p() } else { x.ln() }
}

/// `a y − b x` for `x + y = 1`, rounded once: the products cancel where `x` is near the mean `a/(a + b)`.
pub(super) fn excess(a: f64, b: f64, x: f64, y: f64) -> f64 {
    // What y lacks of 1 − x, or x of 1 − y; the larger of the two was rounded.
    let (lacking_x, lacking_y) = if x < y { (0.0, (1.0 - y) - x) } else { ((1.0 - x) - y, 0.0) };
    let (left, right) = (a * y, b * x);
    let low = a.mul_add(y, -left) - b.mul_add(x, -right) + (a * lacking_y - b * lacking_x);
    (left - right) + low
}

/// `xᵃ yᵇ/B(a, b)` for `x + y = 1`, positive arguments.
pub(super) fn beta_weight(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let (ln_x, ln_y) = (ln_of(x, y), ln_of(y, x));
    if a < LARGE || b < LARGE {
        let power = |base: f64, ln: f64, exponent: f64, other: f64| {
            // The larger of x and y has been rounded, the smaller has not.
            if other < 0.5 { (exponent * ln).exp() } else { base.powf(exponent) }
        };
        // B(a, b) = B(a + 1, b) (a + b)/a: its logarithm is large for a tiny parameter.
        let (shifted_a, from_a) = if a < 1.0 { (a + 1.0, a / (a + b)) } else { (a, 1.0) };
        let (shifted_b, from_b) = if b < 1.0 { (b + 1.0, b / (shifted_a + b)) } else { (b, 1.0) };
        let constant = from_a * from_b * (-log_beta(shifted_a, shifted_b)).exp();
        return power(x, ln_x, a, y) * power(y, ln_y, b, x) * constant;
    }
    // Deviance a ln(a/((a + b) x)) + b ln(b/((a + b) y)); the linear terms of the two sum to 0.
    let excess = excess(a, b, x, y);
    let deviance = side(a, b, ln_x, -excess / a) + side(b, a, ln_y, excess / b);
    let remainder = stirling_remainder(a + b) - stirling_remainder(a) - stirling_remainder(b);
    let scale = (a / (a + b) * b / TAU).sqrt();
    scale * (remainder - deviance).exp()
}

/// `a (μ − ln(1 + μ))` with `1 + μ = (a + b) x/a`.
fn side(a: f64, b: f64, ln_x: f64, mu: f64) -> f64 {
    if mu < -0.4 { a * (mu - (ln_x + (b / a).ln_1p())) } else { a * log1p_defect(mu) }
}
