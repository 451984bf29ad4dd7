//! The best normal approximation that ways to a mode and the curvature there give.

use vi_graph::Key;

use super::density::LogDensity;
use super::gaussian::Gaussian;
use super::laplace::normal_at;
use super::lbfgs::{Minimum, Stopped};
use super::newton::polish;
use super::pathfinder::Pathfinder;
use crate::error::{Error, Result};
use crate::program::Program;

/// How many draws the ELBO of each candidate is estimated from.
const DRAWS: usize = 256;

/// How many points of each path are looked at, and from how many draws each: the work of a search in units of an evaluation is
/// known beforehand, but for the lengths of the paths.
const LOOKS: (usize, usize) = (24, 16);

/// How many ends of paths are tried as modes, the best first.
const MODES: usize = 2;

/// The most coordinates of a Hessian that is made in every step to a mode.
const POLISHED: usize = 256;

/// Of the approximations of Pathfinder's paths and Laplace's where the best of them ended, the one with the largest ELBO, estimated from
/// the same noise for all, and its ELBO.
///
/// # Errors
/// [`Error::NonFinite`] where none has a finite ELBO; those of an evaluation of the density.
pub(crate) fn approximate<M: Program + Clone>(density: &LogDensity<M>, seed: u64) -> Result<(Gaussian, f64)> {
    let search = Pathfinder::new().seed(seed).elbo_draws(LOOKS.1).looks(LOOKS.0);
    let (mut candidates, mut ends): (Vec<Gaussian>, Vec<Minimum>) = (Vec::new(), Vec::new());
    for index in 0..search.number_of_paths() {
        match search.path(density, index) {
            Ok((path, end)) => {
                candidates.extend(path.map(|(path, _)| path.gaussian));
                ends.push(end);
            }
            // Another start may do.
            Err(Error::NonFinite { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    // A density without a mode, or flat at it, has no approximation of Laplace's.
    ends.retain(|end| end.stopped != Stopped::Unbounded);
    ends.sort_by(|a, b| a.value.total_cmp(&b.value));
    for end in ends.iter().take(MODES) {
        let mode = if density.dim() <= POLISHED { polish(density, &end.x)? } else { end.x.clone() };
        candidates.extend(normal_at(density, &mode)?);
    }
    let mut best: Option<(f64, Gaussian)> = None;
    for candidate in candidates {
        let elbo = elbo(density, &candidate, seed)?;
        if elbo.is_finite() && best.as_ref().is_none_or(|(best, _)| elbo > *best) {
            best = Some((elbo, candidate));
        }
    }
    best.map(|(elbo, best)| (best, elbo)).ok_or_else(|| Error::NonFinite {
        step: 0,
        site: "all sites together".into(),
        what: "the ELBO of every normal approximation".into(),
        value: f64::NEG_INFINITY,
        hint: "start elsewhere, or rescale the model".into(),
    })
}

fn elbo<M: Program + Clone>(density: &LogDensity<M>, candidate: &Gaussian, seed: u64) -> Result<f64> {
    let (points, log_q) = candidate.draw(DRAWS, Key::new(seed).site("candidates"));
    let mut log_p = vec![0.0; DRAWS];
    density.log_densities(&points, &mut log_p)?;
    Ok(log_p.iter().zip(&log_q).map(|(p, q)| p - q).sum::<f64>() / DRAWS as f64)
}
