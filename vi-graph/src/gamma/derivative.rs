//! The implicit derivative of a gamma draw in its concentration.

use super::expansion;
use crate::special::coefficients::GAUSS_LEGENDRE;
use crate::special::digamma;

/// `d ln g/da` at fixed probability, `−(∂P(a, g)/∂a)/(g p(g))`, for `g ~ Gamma(a, 1)` with density `p` and distribution
/// function `P` (Figurnov, Mohamed and Mnih 2018, equation 5, for `ln g`).
///
/// Dividing the integral representations of the incomplete gamma functions (DLMF 8.6.2, 8.6.5, substituted `t = x (1 ∓ s)`)
/// by `x p(x) = x^a e^{−x}/Γ(a)` removes every factor that could overflow:
///
/// - lower: `∫₀¹ (ψ(a) − ln x − ln(1 − s)) (1 − s)^{a−1} e^{xs} ds = Σₙ tₙ (ψ(a + n + 1) − ln x)`, `tₙ = xⁿ/(a)ₙ₊₁`
///   (series: DLMF 8.7.1),
/// - upper: `∫₀^∞ (ln x − ψ(a) + ln(1 + s)) (1 + s)^{a−1} e^{−xs} ds`.
///
/// Both are the derivative. The lower one has a positive integrand up to `x = a + ½`, the upper one from there on; further
/// out, the lower one loses the digits that the upper tail probability is below 1, so that it serves beyond `a` for two
/// standard deviations. The series is used for small `a`, quadrature in the far tails, and an
/// expansion everywhere else.
///
/// NaN where `a` is not positive and finite or `ln_g` is NaN.
pub fn gamma_log_derivative(a: f64, ln_g: f64) -> f64 {
    if !(a > 0.0 && a.is_finite()) || ln_g.is_nan() {
        return f64::NAN;
    }
    let y = ln_g - a.ln();
    if a >= expansion::SMALLEST && y.abs() < 1.0 {
        return expansion::derivative(a, y);
    }
    let x = ln_g.exp();
    if a < SERIES_END && x <= a + 2.0 * a.sqrt() + 2.0 {
        series(a, x, ln_g)
    } else if x > a + 0.5 {
        upper(a, x, ln_g)
    } else {
        lower(a, x, ln_g)
    }
}

/// Above, the series needs more terms than the quadrature has nodes.
const SERIES_END: f64 = 30.0;

/// The lower integral as a series, for `x` up to a few standard deviations above `a`.
pub(crate) fn series(a: f64, x: f64, ln_x: f64) -> f64 {
    let mut term = a.recip();
    let mut factor = digamma(a + 1.0) - ln_x;
    let mut sum = term * factor;
    let mut n = a;
    // x ≤ 43: once n > 2x the terms fall by half or more every step, so that 400 are never reached.
    for _ in 0..400 {
        n += 1.0;
        term *= x / n;
        factor += n.recip();
        let addend = term * factor;
        sum += addend;
        if addend.abs() < 1e-16 * sum.abs() && n > x {
            break;
        }
    }
    sum
}

/// The integrands are cut off where they have fallen to `e^−40`.
const CUT: f64 = 40.0;

fn upper(a: f64, x: f64, ln_x: f64) -> f64 {
    // Exponent −(βs + k (s − ln(1 + s))).
    let k = a - 1.0;
    let beta = x - k;
    let mut end = CUT / x;
    if k > 0.0 {
        // s − ln(1 + s) lies between 0 and s, and above s²/(2 + 2s): both bounds lie beyond the cut, Newton comes back from there.
        end = (CUT / beta).min((CUT + (CUT * CUT + 2.0 * CUT * k).sqrt()) / k);
        for _ in 0..3 {
            let excess = beta * end + k * (end - end.ln_1p()) - CUT;
            end -= excess / (beta + k * end / (1.0 + end));
        }
    }
    let offset = ln_x - digamma(a);
    integrate(end, |s| {
        let log = s.ln_1p();
        (offset + log) * (k * (log - s) - beta * s).exp()
    })
}

fn lower(a: f64, x: f64, ln_x: f64) -> f64 {
    // Exponent −(βs + k (−ln(1 − s) − s)), and −ln(1 − s) − s > s²/2.
    let k = a - 1.0;
    let beta = k - x;
    let mut end = ((beta * beta + 2.0 * k * CUT).sqrt() - beta) / k;
    end = end.min(1.0 - 1e-9);
    for _ in 0..3 {
        let excess = beta * end + k * (-(-end).ln_1p() - end) - CUT;
        end -= excess / (beta + k * end / (1.0 - end));
    }
    let offset = digamma(a) - ln_x;
    integrate(end, |s| {
        let log = (-s).ln_1p();
        (offset - log) * (k * (log + s) - beta * s).exp()
    })
}

/// `∫₀^end f(s) ds` by the Gauss–Legendre rule with 40 nodes.
fn integrate(end: f64, f: impl Fn(f64) -> f64) -> f64 {
    let half = 0.5 * end;
    half * GAUSS_LEGENDRE.iter().map(|&(node, weight)| weight * (f(half * (1.0 + node)) + f(half * (1.0 - node)))).sum::<f64>()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test may stop
mod tests {
    use super::*;

    #[test]
    fn the_derivative_agrees_with_mpmath_from_the_bulk_to_the_far_tails() {
        let mut worst = (0.0, 0.0, 0.0);
        let mut count = 0;
        for line in include_str!("../../../tests/data/gamma_log_derivative.csv").lines().filter(|line| !line.starts_with('#')) {
            let row: Vec<f64> = line.split(',').map(|x| x.parse().unwrap()).collect();
            let error = (gamma_log_derivative(row[0], row[1]) / row[2] - 1.0).abs();
            count += 1;
            if error > worst.0 || error.is_nan() {
                worst = (error, row[0], row[1]);
            }
        }
        println!("{count} points; worst relative error, a, ln g: {worst:?}");
        assert!(worst.0 < 1e-10, "{worst:?}");
    }

    #[test]
    fn the_three_methods_agree_where_they_meet() {
        let close = |l: f64, r: f64| assert!((l / r - 1.0).abs() < 1e-10, "{l} {r}");
        for a in [30.0, 100.0, 1e4] {
            let x: f64 = a + 0.5;
            close(lower(a, x, x.ln()), upper(a, x, x.ln()));
        }
        close(series(30.0, 25.0, 25f64.ln()), lower(30.0, 25.0, 25f64.ln()));
        for (a, tolerance) in [(8.0, 1e-10), (12.0, 1e-11), (30.0, 1e-12), (1e3, 1e-12), (1e6, 1e-10)] {
            for y in [-0.999, -0.3, -1e-3, 0.0, 1e-3, 0.3, 0.999] {
                let ln_x = f64::ln(a) + y;
                let x = ln_x.exp();
                let other = if x > a + 0.5 { upper(a, x, ln_x) } else { lower(a, x, ln_x) };
                let error = (expansion::derivative(a, y) / other - 1.0).abs();
                assert!(error < tolerance, "a = {a}, y = {y}: {error}");
            }
        }
    }

    #[test]
    fn invalid_arguments_give_nan_and_extreme_ones_end() {
        for a in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(gamma_log_derivative(a, 0.0).is_nan());
        }
        assert!(gamma_log_derivative(1.0, f64::NAN).is_nan());
        // d ln g/da → −(ln u)/a² for tiny a.
        let a = 1e-8;
        assert!((gamma_log_derivative(a, -1e8) / 1e16 - 1.0).abs() < 1e-7);
    }
}
