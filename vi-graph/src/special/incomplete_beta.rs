//! The regularised incomplete beta function and its derivatives.
//!
//! As for the incomplete gamma functions: the density of the log-odds times an integral over a tail relative to it. With
//! `t/(1 − t) = x/(1 − x) e^{−u}` the integrand is smooth, also where the density of `t` is infinite at 0 or 1.

use super::digamma_difference;
use super::prefactor::{beta_weight, excess, expm1_defect, ln_of, log1p_defect};
use super::quadrature::{interval, tail};

/// The integrands have their singularities at a distance of π from the real axis, and may end as suddenly as `e^{−e^u}`.
const PANEL: f64 = 5.0;

/// Below, and up to `x = ½`, the series converges within 200 terms.
const SERIES_END: f64 = 30.0;

/// `I_x(a, b) = ∫₀ˣ t^{a−1} (1 − t)^{b−1} dt/B(a, b)` for `a, b > 0` and `x` in `[0, 1]`, else NaN.
pub fn beta_inc(a: f64, b: f64, x: f64) -> f64 {
    if !valid(a, b, x) {
        return f64::NAN;
    }
    if x == 0.0 || x == 1.0 {
        return x;
    }
    let y = 1.0 - x;
    // Where a parameter is below 1, one of the tails may be tiny on both sides of the mean.
    let from_below = if b < 1.0 {
        true
    } else if a < 1.0 {
        (a + b) * x <= 2.0 && x <= 0.5
    } else {
        excess(a, b, x, y) >= 0.0
    };
    if from_below { Tail::new(a, b, x, y).value() } else { 1.0 - Tail::new(b, a, y, x).value() }
}

/// `∂I_x(a, b)/∂x = x^{a−1} (1 − x)^{b−1}/B(a, b)`.
pub fn beta_density(a: f64, b: f64, x: f64) -> f64 {
    if !valid(a, b, x) {
        return f64::NAN;
    }
    let edge = |a: f64, b: f64| match a.total_cmp(&1.0) {
        std::cmp::Ordering::Less => f64::INFINITY,
        std::cmp::Ordering::Equal => b,
        std::cmp::Ordering::Greater => 0.0,
    };
    if x == 0.0 {
        edge(a, b)
    } else if x == 1.0 {
        edge(b, a)
    } else {
        let y = 1.0 - x;
        let weight = beta_weight(a, b, x, y);
        if weight > 1e-290 { weight / x / y } else { ((a - 1.0) * x.ln() + (b - 1.0) * ln_of(y, x) - super::log_beta(a, b)).exp() }
    }
}

/// `∂I_x(a, b)/∂a`, never positive.
pub fn beta_inc_in_a(a: f64, b: f64, x: f64) -> f64 {
    if !valid(a, b, x) {
        return f64::NAN;
    }
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    // The integral of (ln t − E ln t) times the density, over the tail where the difference has one sign.
    let y = 1.0 - x;
    if ln_of(x, y) <= digamma_difference(a, b) { Tail::new(a, b, x, y).in_a() } else { -Tail::new(b, a, y, x).in_b() }
}

/// `∂I_x(a, b)/∂b`, never negative.
pub fn beta_inc_in_b(a: f64, b: f64, x: f64) -> f64 {
    if !valid(a, b, x) {
        return f64::NAN;
    }
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let y = 1.0 - x;
    if ln_of(y, x) >= digamma_difference(b, a) { Tail::new(a, b, x, y).in_b() } else { -Tail::new(b, a, y, x).in_a() }
}

fn valid(a: f64, b: f64, x: f64) -> bool {
    a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite() && (0.0..=1.0).contains(&x)
}

/// What is integrated against the density: `offset + by_t ln(t/x) + by_rest ln((1 − t)/(1 − x))`.
struct Factor {
    offset: f64,
    by_t: f64,
    by_rest: f64,
    /// In the series: what the first term has more than `offset`, and the shares of `1/(a + b + n)` and `1/(a + n + 1)` by which
    /// the terms grow.
    first: f64,
    shares: (f64, f64),
}

/// The lower tail at `x = 1 − y`.
struct Tail {
    a: f64,
    b: f64,
    x: f64,
    y: f64,
}

impl Tail {
    fn new(a: f64, b: f64, x: f64, y: f64) -> Self {
        Tail { a, b, x, y }
    }

    fn value(&self) -> f64 {
        self.of(|_| Factor { offset: 1.0, by_t: 0.0, by_rest: 0.0, first: 0.0, shares: (0.0, 0.0) })
    }

    /// `∫ (ln t − E ln t)`
    fn in_a(&self) -> f64 {
        let mean = digamma_difference(self.a, self.b);
        self.of(|tail| Factor {
            offset: ln_of(tail.x, tail.y) - mean,
            by_t: 1.0,
            by_rest: 0.0,
            first: -tail.a.recip(),
            shares: (1.0, -1.0),
        })
    }

    /// `∫ (ln(1 − t) − E ln(1 − t))`
    fn in_b(&self) -> f64 {
        let mean = digamma_difference(self.b, self.a);
        self.of(|tail| Factor { offset: ln_of(tail.y, tail.x) - mean, by_t: 0.0, by_rest: 1.0, first: 0.0, shares: (1.0, 0.0) })
    }

    /// The integral of a factor against the density over the tail.
    fn of(&self, factor: impl Fn(&Tail) -> Factor) -> f64 {
        let &Tail { a, b, x, y } = self;
        let weight = beta_weight(a, b, x, y);
        let here = factor(self);
        let slope = excess(a, b, x, y);
        // Terms fall by at least a/(a + 1) at first while x is not beyond the mean, and by about a half in the end.
        let by_series = a < 1.0 || (a < SERIES_END && slope >= -1.0);
        if by_series && x <= 0.5 {
            weight * self.series(&here)
        } else if by_series && (a < 1.0 || b <= a) {
            // Above ½ the terms hardly fall; below, the density of the log-odds does so slowly for a small parameter.
            let [sum] = interval((x / y).ln(), PANEL, |u| [self.term(slope, &here, u)]);
            weight * sum + Tail::new(a, b, 0.5, 0.5).of(factor)
        } else if weight == 0.0 {
            0.0
        } else {
            let h = |u: f64| self.moved(slope, u).0;
            let [sum] = tail(slope, (a + b) * x * y, PANEL, h, |u| [self.term(slope, &here, u)]);
            weight * sum
        }
    }

    fn term(&self, slope: f64, factor: &Factor, u: f64) -> f64 {
        let (h, ln_t, ln_rest) = self.moved(slope, u);
        (factor.offset + factor.by_t * ln_t + factor.by_rest * ln_rest) * (-h).exp()
    }

    /// `−ln` of the density of the log-odds at `u` relative to that at 0, `ln(t/x)` and `ln((1 − t)/(1 − x))`.
    ///
    /// The first is `a u + (a + b) ln((1 − x)/(1 − t))`, written as slope, curvature and higher terms, which do not cancel for large
    /// parameters.
    fn moved(&self, slope: f64, u: f64) -> (f64, f64, f64) {
        let &Tail { a, b, x, y } = self;
        let n = a + b;
        if x <= 0.5 {
            // (1 − x)/(1 − t) = 1 + x (e^{−u} − 1)
            let bend = expm1_defect(-u);
            let w = x * (bend - u);
            let defect = log1p_defect(w);
            let log = w - defect;
            (slope * u + n * (x * bend - defect), -u - log, -log)
        } else if u > 600.0 {
            // e^u may overflow; (1 − x) e^u does not where it counts.
            let exponent = u + y.ln();
            let log = exponent.max(0.0) + (-exponent.abs()).exp().ln_1p();
            (n * log - b * u, -log, u - log)
        } else {
            // x/t = 1 + (1 − x) (e^u − 1)
            let bend = expm1_defect(u);
            let w = y * (bend + u);
            if w > 1.0 {
                let log = w.ln_1p();
                return (n * log - b * u, -log, u - log);
            }
            let defect = log1p_defect(w);
            let log = w - defect;
            (slope * u + n * (y * bend - defect), -log, u - log)
        }
    }

    /// `Σ xⁿ (a + b)ₙ/(a)ₙ₊₁` times the factor (DLMF 8.17.8).
    fn series(&self, factor: &Factor) -> f64 {
        let &Tail { a, b, x, .. } = self;
        let mut term = a.recip();
        let mut value = factor.offset + factor.first;
        let mut sum = term * value;
        let mut n = a;
        for _ in 0..400 {
            let (upper, lower) = ((n + b).recip(), (n + 1.0).recip());
            value += factor.shares.0 * upper + factor.shares.1 * lower;
            term *= x * (n + b) * lower;
            n += 1.0;
            let addend = term * value;
            sum += addend;
            if addend.abs() < 1e-17 * sum.abs() {
                break;
            }
        }
        sum
    }
}
