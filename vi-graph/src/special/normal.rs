//! The error function and the normal distribution function, their logarithms and inverses.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, SQRT_2};

use super::coefficients::{ERFINV, NDTRI, SCALED_ERFC_F64};
use super::polynomial;

/// `√(2/π)`
const SQRT_2_OVER_PI: f64 = 0.797_884_560_802_865_4;

/// `erf(x) = 2/√π ∫₀ˣ e^{−t²} dt`.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// `erfc(x) = 1 − erf(x)`, without cancellation.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// The `x` with `erf(x) = y`; infinite at ±1, NaN beyond.
pub fn erfinv(y: f64) -> f64 {
    if y.abs() <= 0.5 {
        return central(y);
    }
    // 1 − |y| is exact.
    let outer = -lower_quantile((0.5 * (1.0 - y.abs())).ln()) * FRAC_1_SQRT_2;
    outer.copysign(y)
}

/// `erfinv` on `[−½, ½]`: a polynomial, then one step of Halley's method, `(erf)''/(erf)' = −2x`.
fn central(y: f64) -> f64 {
    let x = y * polynomial(&ERFINV, y * y);
    let step = (libm::erf(x) - y) / (FRAC_2_SQRT_PI * (-x * x).exp());
    x - step / (1.0 + x * step)
}

/// `Φ(x)`, the normal distribution function.
pub fn ndtr(x: f64) -> f64 {
    if x.abs() < 0.7 {
        0.5 + 0.5 * libm::erf(x * FRAC_1_SQRT_2)
    } else {
        let tail = gaussian(x) * (0.5 * scaled_erfc(x.abs() * FRAC_1_SQRT_2));
        if x > 0.0 { 1.0 - tail } else { tail }
    }
}

/// `ln Φ(x)`.
pub fn log_ndtr(x: f64) -> f64 {
    if x < -1.0 {
        -0.5 * x * x + (0.5 * scaled_erfc(-x * FRAC_1_SQRT_2)).ln()
    } else if x < 0.0 {
        ndtr(x).ln()
    } else {
        (-ndtr(-x)).ln_1p()
    }
}

/// `φ(x)/Φ(x)`, the derivative of [`log_ndtr`]: the inverse Mills ratio of `−x`.
pub fn ndtr_ratio(x: f64) -> f64 {
    if x < 0.0 { SQRT_2_OVER_PI / scaled_erfc(-x * FRAC_1_SQRT_2) } else { 0.5 * SQRT_2_OVER_PI * gaussian(x) / ndtr(x) }
}

/// The `x` with `Φ(x) = p`; infinite at 0 and 1, NaN beyond.
pub fn ndtri(p: f64) -> f64 {
    if (0.25..=0.75).contains(&p) {
        // 2p − 1 is exact.
        SQRT_2 * central(2.0 * p - 1.0)
    } else if p < 0.5 {
        lower_quantile(p.ln())
    } else {
        -lower_quantile((1.0 - p).ln())
    }
}

/// The `x` with `ln Φ(x) = ln p` for `p ≤ ¼`: a polynomial in `(t − 3)/(t + 3)`, `t = √(−2 ln p)`, for `x + t`, then one step of
/// Halley's method for `ln Φ`, whose derivatives are `λ = φ/Φ` and `−λ (x + λ)`.
fn lower_quantile(ln_p: f64) -> f64 {
    let t = (-2.0 * ln_p).sqrt();
    if t.is_infinite() {
        return -t;
    }
    let x = polynomial(&NDTRI, (t - 3.0) / (t + 3.0)) - t;
    let scaled = scaled_erfc(-x * FRAC_1_SQRT_2);
    let ratio = SQRT_2_OVER_PI / scaled;
    let step = ((0.5 * scaled).ln() - 0.5 * x * x - ln_p) / ratio;
    x - step / (1.0 + 0.5 * step * (x + ratio))
}

/// `ln(1 − e^{−x})` for `x ≥ 0`: minus infinity at 0, NaN below (Mächler 2012, "Accurately computing log(1 − exp(−|a|))").
pub fn log1mexp(x: f64) -> f64 {
    if x < LN_2 { (-(-x).exp_m1()).ln() } else { (-(-x).exp()).ln_1p() }
}

/// `e^{−x²/2}`: the square of a number with few digits is exact, and what is left of the exponent is small.
fn gaussian(x: f64) -> f64 {
    if x.abs() > 40.0 {
        return 0.0;
    }
    let head = (x * 16.0).trunc() / 16.0;
    (-0.5 * head * head).exp() * (-0.5 * (x - head) * (x + head)).exp()
}

/// `e^{x²} erfc(x)` for `x ≥ 0`: `(1 + 2x) e^{x²} erfc(x)` is smooth in `(x − 3)/(x + 3)` up to infinity (Shepherd and Laframboise
/// 1981, Mathematics of Computation 36).
fn scaled_erfc(x: f64) -> f64 {
    if x > 1e9 {
        // 2x/(1 + 2x) = 1 − 5e-10 would still be felt in the quotient below; here 1/(√π x) is exact to (2x²)⁻¹.
        return 0.5 * FRAC_2_SQRT_PI / x;
    }
    polynomial(&SCALED_ERFC_F64, (x - 3.0) / (x + 3.0)) / (1.0 + 2.0 * x)
}
