//! Modified Bessel functions of the first kind, scaled by `e^{−|x|}`.

use std::f64::consts::TAU;

/// From here on the asymptotic series reaches double precision: its smallest term is about `e^{−2x}`.
const ASYMPTOTIC: f64 = 20.0;

/// `e^{−|x|} I₀(x)`.
pub fn i0e(x: f64) -> f64 {
    let x = x.abs();
    if x < ASYMPTOTIC { (-x).exp() * (1.0 + series(x, 0.0)) } else { asymptotic(x, 0.0) / (TAU * x).sqrt() }
}

/// `e^{−|x|} I₁(x)`.
pub fn i1e(x: f64) -> f64 {
    let magnitude = x.abs();
    if magnitude < ASYMPTOTIC {
        (-magnitude).exp() * (0.5 * x * (1.0 + series(x, 1.0)))
    } else {
        (asymptotic(magnitude, 4.0) / (TAU * magnitude).sqrt()).copysign(x)
    }
}

/// `ln I₀(x)`, relatively accurate around 0.
pub fn log_i0(x: f64) -> f64 {
    let x = x.abs();
    if x < ASYMPTOTIC {
        series(x, 0.0).ln_1p()
    } else if x.is_infinite() {
        x
    } else {
        x + (asymptotic(x, 0.0).ln() - 0.5 * (TAU * x).ln())
    }
}

/// `Σ (x²/4)ᵏ/(k! (ν + 1)ₖ)` from `k = 1` (DLMF 10.25.2); 60 terms are enough for `x ≤ 20`.
fn series(x: f64, nu: f64) -> f64 {
    let square = 0.25 * x * x;
    let (mut term, mut sum) = (1.0, 0.0);
    for k in 1..60 {
        let k = f64::from(k);
        term *= square / (k * (k + nu));
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    sum
}

/// `√(2πx) e^{−x} I(x)` with `mu = 4ν²` (DLMF 10.40.1).
fn asymptotic(x: f64, mu: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..40 {
        let odd = f64::from(2 * k - 1);
        term *= (odd * odd - mu) / (8.0 * f64::from(k) * x);
        sum += term;
        if term.abs() < 1e-17 {
            break;
        }
    }
    sum
}
