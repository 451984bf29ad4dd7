//! Integrals of `e^{−h(u)}` from 0 upwards, `h` convex with `h(0) = 0`: tails of distributions, relative to the density.

use super::coefficients::GAUSS_LEGENDRE;

/// Where `h` has reached this, the integrand no longer counts: `e^{−40}` is below 1e-17.
const CUT: f64 = 40.0;

/// `∫₀^∞ f(u) du` for an integrand that falls as `e^{−h(u)}`, in several components.
///
/// `slope` and `curvature` are `h'(0)` and `h''(0)`, from which the cut-off is guessed. Each panel, at most `panel` long, gets a
/// Gauss–Legendre rule with 40 nodes: exact to double precision where the nearest singularity is half a panel away from it.
pub(super) fn tail<const N: usize>(
    slope: f64,
    curvature: f64,
    panel: f64,
    h: impl Fn(f64) -> f64,
    f: impl Fn(f64) -> [f64; N],
) -> [f64; N] {
    // Where slope·u + ½ curvature·u² = CUT.
    let root = (slope * slope + 2.0 * CUT * curvature).sqrt();
    let guess = if slope > 0.0 { 2.0 * CUT / (slope + root) } else { (root - slope) / curvature };
    interval(cut_off(guess, h), panel, f)
}

/// `∫₀^end f(u) du` in panels.
pub(super) fn interval<const N: usize>(end: f64, panel: f64, f: impl Fn(f64) -> [f64; N]) -> [f64; N] {
    let panels = (end / panel).ceil().clamp(1.0, 1000.0);
    let half = 0.5 * end / panels;
    let mut sum = [0.0; N];
    for k in 0..panels as usize {
        let middle = half * (2 * k + 1) as f64;
        for &(node, weight) in &GAUSS_LEGENDRE {
            let (left, right) = (f(middle - half * node), f(middle + half * node));
            for (sum, (left, right)) in sum.iter_mut().zip(left.into_iter().zip(right)) {
                *sum += weight * (left + right);
            }
        }
    }
    sum.map(|sum| half * sum)
}

/// A little beyond the `u` with `h(u) = CUT`.
fn cut_off(guess: f64, h: impl Fn(f64) -> f64) -> f64 {
    let mut u = guess;
    // No guess is wrong by more than the range of exponents.
    for step in [2.0, 1.4, 1.1] {
        for _ in 0..2000 {
            if h(u) >= CUT {
                break;
            }
            u *= step;
        }
        for _ in 0..2000 {
            if h(u / step) < CUT {
                break;
            }
            u /= step;
        }
    }
    u
}
