//! The best normal approximation that ways to a mode and the curvature there give.

use vi_graph::Key;

use super::density::LogDensity;
use super::gaussian::Gaussian;
use super::laplace::Laplace;
use super::map::Map;
use super::pathfinder::Pathfinder;
use crate::error::{Error, Result};
use crate::program::Program;

/// How many draws the ELBO of each candidate is estimated from.
const DRAWS: usize = 256;

/// Of the approximations of Pathfinder's paths and Laplace's at the best mode, the one with the largest ELBO, estimated from the same
/// noise for all.
///
/// # Errors
/// [`Error::NonFinite`] where none has a finite ELBO; those of an evaluation of the density.
pub(crate) fn approximate<M: Program + Clone>(density: &LogDensity<M>, seed: u64) -> Result<Gaussian> {
    let paths = match Pathfinder::new().seed(seed).draws(1).find(density) {
        Ok((paths, ..)) => paths,
        Err(Error::NonFinite { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    // A density without a mode, or flat at it, has no approximation of Laplace's.
    let laplace = Laplace::new().map(Map::new().starts(4)).seed(seed).fit(density).ok().map(|(_, gaussian, _)| gaussian);
    let mut best: Option<(f64, Gaussian)> = None;
    for candidate in paths.into_iter().map(|path| path.gaussian).chain(laplace) {
        let elbo = elbo(density, &candidate, seed)?;
        if elbo.is_finite() && best.as_ref().is_none_or(|(best, _)| elbo > *best) {
            best = Some((elbo, candidate));
        }
    }
    best.map(|(_, best)| best).ok_or_else(|| Error::NonFinite {
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
