//! Nodes and weights of double-exponential quadrature (Takahasi and Mori 1974): `x = g(sinh t)` turns singularities at the
//! ends and heavy tails into double-exponential decay in `t`, where the trapezoidal rule converges exponentially.

use std::f64::consts::{FRAC_PI_2, LN_2, PI};

/// Nodes of one segment; a weight is given by its logarithm, since it may be far out of range where the density is as well.
pub struct Rule {
    pub nodes: Vec<f64>,
    pub log_weights: Vec<f64>,
}

/// Per segment. Steps of 0.007 resolve a density whose scale is a fifteenth of its location.
const NODES: usize = 2001;

/// Over the segments between consecutive points of `ends`, which may begin and end with an infinity.
pub fn rule(ends: &[f64]) -> Rule {
    let mut rule = Rule { nodes: Vec::new(), log_weights: Vec::new() };
    for pair in ends.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        for i in 0..NODES {
            let t = 2.0 * i as f64 / (NODES - 1) as f64 - 1.0;
            let (x, log_slope, reach) = match (a.is_finite(), b.is_finite()) {
                (true, true) => within(a, b, t),
                (true, false) => half_line(t).map_node(|u| a + u),
                (false, true) => half_line(t).map_node(|u| b - u),
                (false, false) => line(t),
            };
            let step = 2.0 * reach / (NODES - 1) as f64;
            // A node that rounds to an end is outside of an open segment; what it would add is below the last digit.
            let log_weight = if x > a && x < b { log_slope + step.ln() } else { f64::NEG_INFINITY };
            rule.nodes.push(if x > a && x < b { x } else { inside(a, b) });
            rule.log_weights.push(log_weight);
        }
    }
    rule
}

/// A number between.
pub fn inside(a: f64, b: f64) -> f64 {
    match (a.is_finite(), b.is_finite()) {
        (true, true) => a + (b - a) / 2.0,
        (true, false) => a + 1.0,
        (false, true) => b - 1.0,
        (false, false) => 0.0,
    }
}

/// Node, `ln dx/dt`, and how far `t` goes to either side.
type Node = (f64, f64, f64);

trait MapNode {
    fn map_node(self, f: impl Fn(f64) -> f64) -> Self;
}

impl MapNode for Node {
    fn map_node(self, f: impl Fn(f64) -> f64) -> Self {
        (f(self.0), self.1, self.2)
    }
}

/// `x = a + (b − a) u/(1 + u)`, `u = exp(π sinh t)`.
fn within(a: f64, b: f64, t: f64) -> Node {
    const REACH: f64 = 6.0;
    let t = REACH * t;
    let v = PI * t.sinh();
    let share = 1.0 / (1.0 + (-v).exp());
    let log_slope = (b - a).ln() + (PI * t.cosh()).ln() - v.abs() - 2.0 * (-v.abs()).exp().ln_1p();
    let x = if v < 0.0 { a + (b - a) * share } else { b - (b - a) / (1.0 + v.exp()) };
    (x, log_slope, REACH)
}

/// `u = exp(π/2 sinh t)`.
fn half_line(t: f64) -> Node {
    const REACH: f64 = 6.75;
    let t = REACH * t;
    let v = FRAC_PI_2 * t.sinh();
    (v.exp(), v + (FRAC_PI_2 * t.cosh()).ln(), REACH)
}

/// `x = sinh(π/2 sinh t)`.
fn line(t: f64) -> Node {
    const REACH: f64 = 6.75;
    let t = REACH * t;
    let v = FRAC_PI_2 * t.sinh();
    let log_cosh = v.abs() - LN_2 + (-2.0 * v.abs()).exp().ln_1p();
    (v.sinh(), log_cosh + (FRAC_PI_2 * t.cosh()).ln(), REACH)
}

#[test]
fn the_rule_knows_integrals_with_singular_ends_and_heavy_tails() {
    let integral = |ends: &[f64], log_f: &dyn Fn(f64) -> f64| -> f64 {
        let rule = rule(ends);
        rule.nodes.iter().zip(&rule.log_weights).map(|(x, w)| (log_f(*x) + w).exp()).sum()
    };
    // ∫ x^(−0.95)/20 = 1 on (0, 1), ∫ e^(−x) x^(−½) = √π, ∫ 1/(1 + x²) = π, ∫ φ = 1, ∫ e^(−|x − 3|) = 2
    assert!((integral(&[0.0, 1.0], &|x| -0.95 * x.ln() - 20f64.ln()) - 1.0).abs() < 1e-12);
    assert!((integral(&[0.0, f64::INFINITY], &|x| -x - 0.5 * x.ln()) - PI.sqrt()).abs() < 1e-12);
    assert!((integral(&[f64::NEG_INFINITY, f64::INFINITY], &|x| -(x * x).ln_1p()) - PI).abs() < 1e-12);
    let narrow = |x: f64| -0.5 * ((x - 3.0) / 0.2).powi(2) - (0.2 * (2.0 * PI).sqrt()).ln();
    assert!((integral(&[f64::NEG_INFINITY, f64::INFINITY], &narrow) - 1.0).abs() < 1e-12);
    assert!((integral(&[f64::NEG_INFINITY, 3.0, f64::INFINITY], &|x| -(x - 3.0).abs()) - 2.0).abs() < 1e-12);
}
