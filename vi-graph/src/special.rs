//! The special functions of one `f64`, on the host.

mod bessel;
pub mod coefficients;
mod incomplete_beta;
mod incomplete_gamma;
mod normal;
mod prefactor;
mod quadrature;

pub use bessel::{i0e, i1e, log_i0};
pub use incomplete_beta::{beta_density, beta_inc, beta_inc_in_a, beta_inc_in_b};
pub use incomplete_gamma::{gamma_density, gamma_p, gamma_p_in_shape, gamma_q};
pub use normal::{erf, erfc, erfinv, log_ndtr, log1mexp, ndtr, ndtr_ratio, ndtri};

use coefficients::{DIGAMMA_ASYMPTOTIC, DIGAMMA_F64, DIGAMMA_ROOT, LGAMMA_F64, STIRLING, TRIGAMMA_ASYMPTOTIC};

/// `½ ln 2π`.
pub const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// From here on the asymptotic series reach double precision.
const ASYMPTOTIC: f64 = 10.0;

/// `ln Γ(x)` for `x ≥ 0`: infinite at 0, NaN below.
///
/// Below 3 a polynomial for `ln Γ(2 + t)/t` with the recurrence `Γ(x + 1) = x Γ(x)`, which keeps the relative accuracy at
/// the roots 1 and 2; above, Stirling's series (DLMF 5.5.1, 5.11.1).
pub fn lgamma(x: f64) -> f64 {
    if x < 0.0 || x.is_nan() {
        f64::NAN
    } else if x < 0.5 {
        x * polynomial(&LGAMMA_F64, x) - x.ln_1p() - x.ln()
    } else if x < 1.5 {
        let t = x - 1.0;
        t * polynomial(&LGAMMA_F64, t) - t.ln_1p()
    } else if x < 3.0 {
        let t = x - 2.0;
        t * polynomial(&LGAMMA_F64, t)
    } else if x < ASYMPTOTIC {
        let mut y = x;
        let mut product = 1.0;
        while y < ASYMPTOTIC {
            product *= y;
            y += 1.0;
        }
        stirling(y) - product.ln()
    } else {
        stirling(x)
    }
}

/// Stirling's series for `x ≥ 10`.
fn stirling(x: f64) -> f64 {
    // (x − ½)(ln x − 1) − ½ = (x − ½) ln x − x, without the overflow at the upper end.
    (x - 0.5) * (x.ln() - 1.0) + (HALF_LN_2PI - 0.5) + stirling_remainder(x)
}

/// `ln Γ(x) − ((x − ½) ln x − x + ½ ln 2π)` for `x ≥ 10`.
fn stirling_remainder(x: f64) -> f64 {
    let z = x.recip();
    z * polynomial(&STIRLING, z * z)
}

/// `d ln Γ(x)/dx` for `x ≥ 0`: minus infinity at 0, NaN below.
///
/// On `[1, 2)` a polynomial for `ψ(x)/(x − root)`, recurrence `ψ(x + 1) = ψ(x) + 1/x`, and the asymptotic series
/// (DLMF 5.5.2, 5.11.2).
pub fn digamma(x: f64) -> f64 {
    if x < 0.0 || x.is_nan() {
        f64::NAN
    } else if x < 1.0 {
        digamma_1_2(x + 1.0) - x.recip()
    } else if x < 2.0 {
        digamma_1_2(x)
    } else if x < 3.0 {
        digamma_1_2(x - 1.0) + (x - 1.0).recip()
    } else {
        let mut y = x;
        let mut sum = 0.0;
        while y < ASYMPTOTIC {
            sum += y.recip();
            y += 1.0;
        }
        y.ln() - digamma_remainder(y) - sum
    }
}

fn digamma_1_2(x: f64) -> f64 {
    let (root, root_low) = DIGAMMA_ROOT;
    ((x - root) - root_low) * polynomial(&DIGAMMA_F64, x - 1.5)
}

/// `ln x − ψ(x)` for `x ≥ 10`.
fn digamma_remainder(x: f64) -> f64 {
    let z = x.recip();
    z * (0.5 + z * polynomial(&DIGAMMA_ASYMPTOTIC, z * z))
}

/// `d²ln Γ(x)/dx²` for `x ≥ 0`: infinite at 0, NaN below (DLMF 5.15.5, 5.15.8).
pub fn trigamma(x: f64) -> f64 {
    if x < 0.0 || x.is_nan() {
        return f64::NAN;
    }
    let mut y = x;
    let mut sum = 0.0;
    while y < ASYMPTOTIC {
        sum += (y * y).recip();
        y += 1.0;
    }
    let z = y.recip();
    sum + z * (1.0 + z * (0.5 + z * polynomial(&TRIGAMMA_ASYMPTOTIC, z * z)))
}

/// `ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b)` for `a, b > 0`.
///
/// Where a parameter is large the leading terms of Stirling's series are taken apart by hand, so that nothing cancels
/// (Didonato and Morris 1992, ACM TOMS 18, section 4).
pub fn log_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    let sum = small + large;
    if large < ASYMPTOTIC {
        return lgamma(small) + (lgamma(large) - lgamma(sum));
    }
    let remainders = stirling_remainder(large) - stirling_remainder(sum);
    let shared = remainders - (large - 0.5) * (small / large).ln_1p();
    if small < ASYMPTOTIC {
        lgamma(small) + shared - small * (sum.ln() - 1.0)
    } else {
        HALF_LN_2PI - 0.5 * small.ln() + stirling_remainder(small) + shared - small * (large / small).ln_1p()
    }
}

/// `ψ(a) − ψ(a + b)` for `a > 0`, `b ≥ 0`: the derivative of [`log_beta`] in `a`, without cancellation.
///
/// The recurrence `ψ(a) = ψ(a + 1) − 1/a` up to 10, then the difference of the asymptotic series term by term.
pub fn digamma_difference(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() || a < 0.0 || b < 0.0 {
        return f64::NAN;
    }
    let mut a = a;
    let mut difference = 0.0;
    while a < ASYMPTOTIC {
        difference -= b / (a + b) / a;
        a += 1.0;
    }
    if b < 1e-6 * a {
        // Midpoint rule: relative error (b/a)²/4, where the difference of the series would be rounding only.
        return difference - b * trigamma(a + 0.5 * b);
    }
    let tail = |x: f64| {
        let z = x.recip();
        z * z * polynomial(&DIGAMMA_ASYMPTOTIC, z * z)
    };
    let sum = a + b;
    // ½/(a + b) − ½/a = −½ b/(a (a + b)).
    difference + (tail(sum) - tail(a)) - 0.5 * (b / sum) / a - (b / a).ln_1p()
}

/// `x ln y`, and 0 where `x = 0` whatever `y` is.
pub fn xlogy(x: f64, y: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * y.ln() }
}

/// `ln Σ exp(x)`, the largest term taken out first; minus infinity for no term.
pub fn logsumexp(x: impl Iterator<Item = f64> + Clone) -> f64 {
    let max = x.clone().fold(f64::NEG_INFINITY, |max, x| if x > max || x.is_nan() { x } else { max });
    if max.is_infinite() {
        return max;
    }
    max + x.map(|x| (x - max).exp()).sum::<f64>().ln()
}

/// Horner's scheme, lowest power first.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may stop
mod gamma_tests {
    use super::*;

    /// Rows of numbers of a table; lines that start with `#` say what the columns are.
    fn rows(table: &str) -> Vec<Vec<f64>> {
        table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(',').map(|x| x.parse().unwrap()).collect()).collect()
    }

    /// Error relative to `right`, or relative to 1e-2 where `right` is smaller: the functions have roots.
    fn error(left: f64, right: f64) -> f64 {
        if left == right { 0.0 } else { (left - right).abs() / right.abs().max(1e-2) }
    }

    #[test]
    fn gamma_functions_agree_with_mpmath_over_the_whole_range() {
        let mut worst = [(0.0, 0.0); 3];
        for row in rows(include_str!("../../tests/data/lgamma.csv")) {
            let x = row[0];
            for (k, found) in [lgamma(x), digamma(x), trigamma(x)].into_iter().enumerate() {
                let e = error(found, row[k + 1]);
                if e > worst[k].0 {
                    worst[k] = (e, x);
                }
            }
        }
        println!("worst relative errors of lgamma, digamma, trigamma and where: {worst:?}");
        assert!(worst[0].0 < 4e-15 && worst[1].0 < 4e-15 && worst[2].0 < 2e-15, "{worst:?}");
    }

    #[test]
    fn lgamma_keeps_relative_accuracy_beside_its_roots() {
        // Taylor: ln Γ(1 + d) = −γ d + π²/12 d², ln Γ(2 + d) = (1 − γ) d + (π²/12 − ½) d².
        const EULER: f64 = 0.577_215_664_901_532_9;
        let quadratic = std::f64::consts::PI.powi(2) / 12.0;
        for d in [1e-9f64, -1e-9, 1e-12] {
            let (one, two) = ((1.0 + d) - 1.0, (2.0 + d) - 2.0);
            let near_one = one * (-EULER + quadratic * one);
            let near_two = two * (1.0 - EULER + (quadratic - 0.5) * two);
            assert!((lgamma(1.0 + d) / near_one - 1.0).abs() < 1e-15);
            assert!((lgamma(2.0 + d) / near_two - 1.0).abs() < 1e-15);
        }
        assert_eq!((lgamma(1.0), lgamma(2.0)), (0.0, 0.0));
    }

    #[test]
    fn gamma_functions_at_the_ends_of_their_domain() {
        assert_eq!(lgamma(0.0), f64::INFINITY);
        assert_eq!(lgamma(f64::INFINITY), f64::INFINITY);
        assert_eq!(digamma(0.0), f64::NEG_INFINITY);
        assert_eq!(digamma(f64::INFINITY), f64::INFINITY);
        assert_eq!(trigamma(0.0), f64::INFINITY);
        assert_eq!(trigamma(f64::INFINITY), 0.0);
        for x in [-1.5, -1e-300, f64::NAN, f64::NEG_INFINITY] {
            assert!(lgamma(x).is_nan() && digamma(x).is_nan() && trigamma(x).is_nan());
        }
    }

    #[test]
    fn log_beta_and_its_derivatives_agree_with_mpmath() {
        let mut worst = [(0.0, 0.0, 0.0); 3];
        for row in rows(include_str!("../../tests/data/log_beta.csv")) {
            let (a, b) = (row[0], row[1]);
            let found = [log_beta(a, b), digamma_difference(a, b), digamma_difference(b, a)];
            for (k, found) in found.into_iter().enumerate() {
                // 1e-300: relative to the derivative itself, however small.
                let e = if k == 0 { error(found, row[2]) } else { (found - row[k + 2]).abs() / row[k + 2].abs().max(1e-300) };
                if e > worst[k].0 {
                    worst[k] = (e, a, b);
                }
            }
        }
        println!("worst relative errors of log_beta, d/da, d/db and where: {worst:?}");
        assert!(worst[0].0 < 1e-14 && worst[1].0 < 1e-12 && worst[2].0 < 1e-12, "{worst:?}");
    }

    #[test]
    fn logsumexp_of_extreme_terms() {
        let of = |x: &[f64]| logsumexp(x.iter().copied());
        assert_eq!(of(&[1e4, 1e4]), 1e4 + 2f64.ln());
        assert_eq!(of(&[-1e4, f64::NEG_INFINITY]), -1e4);
        assert_eq!(of(&[f64::NEG_INFINITY; 2]), f64::NEG_INFINITY);
        assert_eq!(of(&[0.0, f64::INFINITY]), f64::INFINITY);
        assert!(of(&[f64::NAN, 1.0]).is_nan() && of(&[1.0, f64::NAN, 2.0]).is_nan());
    }

    #[test]
    fn xlogy_is_zero_at_zero_whatever_the_other_argument() {
        for y in [0.0, 1.0, -1.0, f64::INFINITY, f64::NAN] {
            assert_eq!(xlogy(0.0, y), 0.0);
        }
        assert_eq!(xlogy(2.0, 3.0), 2.0 * 3f64.ln());
        assert_eq!(xlogy(2.0, 0.0), f64::NEG_INFINITY);
    }
}
