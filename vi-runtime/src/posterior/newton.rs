//! The last steps to a mode, with second derivatives.

use super::density::LogDensity;
use super::lbfgs::dot;
use super::matrix::{cholesky, solve_lower, solve_lower_transposed};
use crate::error::Result;
use crate::program::Program;

/// The most steps.
const STEPS: usize = 20;
/// The most damped trials of one step.
const TRIALS: usize = 12;
/// The promised gain, in nats, below which a step is the last.
const TOLERANCE: f64 = 1e-10;
/// The damping that is tried first where a step without damping is none.
const DAMPING: f64 = 1e-3;

/// From `x`, where a search by gradients ended, to the mode: Newton's steps on minus the log density, damped in units of the curvature
/// of each coordinate where the Hessian is not positive definite or a step gains nothing (Levenberg 1944, Marquardt 1963). They do
/// not depend on the scales of the coordinates, where a search by gradients may end short of the mode.
///
/// The point with the largest density that was seen, which is `x` itself where no step gains anything.
///
/// # Errors
/// Those of an evaluation.
pub(super) fn polish<M: Program + Clone>(density: &LogDensity<M>, x: &[f64]) -> Result<Vec<f64>> {
    let n = x.len();
    let (mut x, mut gradient) = (x.to_vec(), vec![0.0; n]);
    let mut value = density.log_density_and_gradient(&x, &mut gradient)?;
    let mut damping = 0.0;
    for _ in 0..STEPS {
        let mut precision = density.hessian(&x)?;
        precision.iter_mut().for_each(|h| *h = -*h);
        if precision.iter().chain(&gradient).any(|h| !h.is_finite()) {
            break;
        }
        let mut moved = false;
        for _ in 0..TRIALS {
            let mut damped = precision.clone();
            damped.iter_mut().step_by(n + 1).for_each(|a| *a += damping * a.abs().max(f64::MIN_POSITIVE));
            let Some(factor) = cholesky(&damped, n) else {
                damping = (10.0 * damping).max(DAMPING);
                continue;
            };
            let mut step = gradient.clone();
            solve_lower(&factor, &mut step);
            solve_lower_transposed(&factor, &mut step);
            let promised = 0.5 * dot(&step, &gradient);
            let next: Vec<f64> = x.iter().zip(&step).map(|(x, s)| x + s).collect();
            let mut slopes = vec![0.0; n];
            let reached = density.log_density_and_gradient(&next, &mut slopes)?;
            if reached > value && slopes.iter().all(|g| g.is_finite()) {
                (x, value, gradient) = (next, reached, slopes);
                moved = damping > 0.0 || promised > TOLERANCE;
                damping = if damping <= DAMPING { 0.0 } else { damping / 10.0 };
                break;
            }
            if damping == 0.0 && promised <= TOLERANCE {
                // The rest is rounding.
                break;
            }
            damping = (10.0 * damping).max(DAMPING);
        }
        if !moved {
            break;
        }
    }
    Ok(x)
}
