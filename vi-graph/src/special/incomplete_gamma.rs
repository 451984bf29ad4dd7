//! The regularised incomplete gamma functions and their derivatives.
//!
//! Each is the density `D = xᵃ e^{−x}/Γ(a)` of `ln x`, which is `a` times [`gamma_weight`], times an integral over the tail
//! relative to it, whose integrand is positive; for small `a`, times a series or a continued fraction. The smaller tail is computed
//! and the other is its complement.

use super::prefactor::{expm1_defect, gamma_weight, lgamma_1p};
use super::quadrature::tail;
use super::{digamma, digamma_remainder, lgamma};
use crate::gamma::series_of_derivative;

/// Below, and up to `x = a + 1`, the series converge within 120 terms.
const SERIES_END: f64 = 30.0;

/// Longer panels would see the edge of `e^{−x e^u}`.
const PANEL: f64 = 4.0;

/// `P(a, x) = ∫₀ˣ t^{a−1} e^{−t} dt/Γ(a)` for `a > 0` and `x ≥ 0`, else NaN.
pub fn gamma_p(a: f64, x: f64) -> f64 {
    tails(a, x).0
}

/// `Q(a, x) = 1 − P(a, x)`.
pub fn gamma_q(a: f64, x: f64) -> f64 {
    tails(a, x).1
}

/// `∂P(a, x)/∂x = x^{a−1} e^{−x}/Γ(a)`.
pub fn gamma_density(a: f64, x: f64) -> f64 {
    if !valid(a, x) {
        return f64::NAN;
    }
    if x == 0.0 {
        return if a > 1.0 {
            0.0
        } else if a == 1.0 {
            1.0
        } else {
            f64::INFINITY
        };
    }
    if x.is_infinite() {
        return 0.0;
    }
    let weight = gamma_weight(a, x);
    if weight > 1e-290 { weight * (a / x) } else { ((a - 1.0) * x.ln() - x - lgamma(a)).exp() }
}

/// `∂P(a, x)/∂a`, never positive.
///
/// `−D` times the derivative of a gamma draw at fixed probability (see `gamma_log_derivative`): a series or
/// `∫ |ln t − ψ(a)|` over the tail on that side of the geometric mean `e^{ψ(a)}` where the difference has one sign.
pub fn gamma_p_in_shape(a: f64, x: f64) -> f64 {
    if !valid(a, x) {
        return f64::NAN;
    }
    if x == 0.0 || x.is_infinite() {
        return 0.0;
    }
    let weight = gamma_weight(a, x);
    if weight == 0.0 {
        return 0.0;
    }
    if a < SERIES_END && x <= a + 1.0 {
        return -weight * (a * series_of_derivative(a, x, x.ln()));
    }
    // ln x − ψ(a)
    let offset = if a < 10.0 {
        x.ln() - digamma(a)
    } else {
        let ratio = x / a;
        digamma_remainder(a) + if ratio < 0.5 { ratio.ln() } else { ((x - a) / a).ln_1p() }
    };
    let [sum] = if offset > 0.0 {
        let h = |u: f64| upper_exponent(a, x, u);
        tail(x - a, x, PANEL, h, |u| [a * (offset + u) * (-h(u)).exp()])
    } else {
        let h = |u: f64| lower_exponent(a, x, u);
        tail(a - x, x, PANEL, h, |u| [a * (u - offset) * (-h(u)).exp()])
    };
    -weight * sum
}

fn valid(a: f64, x: f64) -> bool {
    a > 0.0 && a.is_finite() && x >= 0.0
}

/// `P` and `Q`.
fn tails(a: f64, x: f64) -> (f64, f64) {
    if !valid(a, x) {
        (f64::NAN, f64::NAN)
    } else if x == 0.0 {
        (0.0, 1.0)
    } else if x.is_infinite() {
        (1.0, 0.0)
    } else if a < 1.0 && x <= 2.0 {
        // Neither is the complement of the other: P is near 1 for small a, and Q for small x.
        (lower_series(a, x), if x < 0.5 { small(a, x) } else { upper(a, x) })
    } else if x <= a || (a < SERIES_END && x <= a + 1.0) {
        let p = lower(a, x);
        (p, 1.0 - p)
    } else {
        let q = upper(a, x);
        (1.0 - q, q)
    }
}

fn lower(a: f64, x: f64) -> f64 {
    if a < SERIES_END {
        return lower_series(a, x);
    }
    let weight = gamma_weight(a, x);
    if weight == 0.0 {
        return 0.0;
    }
    let h = |u: f64| lower_exponent(a, x, u);
    let [sum] = tail(a - x, x, PANEL, h, |u| [(-h(u)).exp()]);
    weight * (a * sum)
}

fn upper(a: f64, x: f64) -> f64 {
    let weight = gamma_weight(a, x);
    if weight == 0.0 {
        return 0.0;
    }
    if a < SERIES_END && x > 2.0 {
        return weight * (a * continued_fraction(a, x));
    }
    let h = |u: f64| upper_exponent(a, x, u);
    let [sum] = tail(x - a, x, PANEL, h, |u| [(-h(u)).exp()]);
    weight * (a * sum)
}

/// `−ln` of the density of `ln t` at `t = x e^{−u}` relative to that at `x`.
fn lower_exponent(a: f64, x: f64, u: f64) -> f64 {
    (a - x) * u + x * expm1_defect(-u)
}

/// The same at `t = x e^u`.
fn upper_exponent(a: f64, x: f64, u: f64) -> f64 {
    (x - a) * u + x * expm1_defect(u)
}

/// `Q/D = 1/(x + 1 − a − 1 (1 − a)/(x + 3 − a − 2 (2 − a)/(x + 5 − a − …)))` (DLMF 8.9.2, contracted) for `x > a + 1` and `x > 2`, by
/// Lentz's method (Thompson and Barnett 1986, Journal of Computational Physics 64).
fn continued_fraction(a: f64, x: f64) -> f64 {
    let mut divisor = x + 1.0 - a;
    let mut inverse = divisor.recip();
    let mut ratio = f64::INFINITY;
    let mut value = inverse;
    for n in 1..500 {
        let n = f64::from(n);
        let numerator = n * (a - n);
        divisor += 2.0;
        inverse = (numerator * inverse + divisor).recip();
        ratio = divisor + numerator / ratio;
        let factor = ratio * inverse;
        value *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    value
}

/// `D Σ xⁿ/(a)ₙ₊₁` (DLMF 8.7.1).
fn lower_series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0, 1.0, a);
    for _ in 0..400 {
        n += 1.0;
        term *= x / n;
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    gamma_weight(a, x) * sum
}

/// `Q` for `a < 1` and `x < ½`: `1 − xᵃ/Γ(a + 1)` less `xᵃ/Γ(a + 1) Σₙ₌₁ a (−x)ⁿ/(n! (a + n))` (DLMF 8.7.1), the first without
/// cancellation and both of one sign.
fn small(a: f64, x: f64) -> f64 {
    let (mut power, mut sum) = (1.0, 0.0);
    for n in 1..30 {
        let n = f64::from(n);
        power *= -x / n;
        let term = power * a / (a + n);
        sum += term;
        if term.abs() < 1e-17 * sum.abs() {
            break;
        }
    }
    let exponent = a * x.ln() - lgamma_1p(a);
    -exponent.exp_m1() - exponent.exp() * sum
}
