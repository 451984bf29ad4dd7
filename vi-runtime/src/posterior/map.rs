//! The mode of the posterior in unconstrained space.

use std::fmt;

use vi_graph::Key;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

use super::density::LogDensity;
use super::lbfgs::{Iterate, Lbfgs, Minimum, Stopped};
use crate::error::{Error, Result};
use crate::program::{Latents, Program};
use crate::setters::setters;

/// Finds the mode of the [`LogDensity`] of a model by L-BFGS from several starts.
///
/// The density includes the Jacobian of the map from unconstrained space, so that the mode is the centre of a normal
/// approximation there. It is not the maximum of the density in constrained space, which [`AutoDelta`](crate::AutoDelta) finds.
///
/// The defaults: 4 starts, seed 0.
#[derive(Clone, Debug)]
pub struct Map {
    starts: usize,
    seed: u64,
    lbfgs: Lbfgs,
}

/// A mode.
#[derive(Clone, Debug)]
pub struct Mode {
    /// The point in unconstrained space.
    pub x: Vec<f64>,
    /// The log density there, in nats.
    pub log_density: f64,
    /// Why the search that found it ended.
    pub stopped: Stopped,
    /// The log density that each start led to, in order; NaN where a search could not begin.
    pub reached: Vec<f64>,
    /// How often the density was evaluated.
    pub evaluations: usize,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let near = self.reached.iter().filter(|reached| self.log_density - **reached < 1e-3).count();
        let (starts, evaluations) = (self.reached.len(), self.evaluations);
        write!(f, "log density {:.4} at the mode, reached from {near} of {starts} starts: {}", self.log_density, self.stopped)?;
        write!(f, " ({evaluations} evaluations)")
    }
}

impl Default for Map {
    fn default() -> Self {
        Self::new()
    }
}

impl Map {
    /// With the defaults.
    pub fn new() -> Self {
        Map { starts: 4, seed: 0, lbfgs: Lbfgs::new() }
    }

    setters! {
        /// How many searches are made: the first from the median of the prior, the others from uniform points in `[−2, 2]` of each
        /// coordinate.
        starts: usize;

        /// The seed of the starts.
        seed: u64;

        /// How each search is made.
        lbfgs: Lbfgs;
    }

    /// The mode of `model`, and its sites there: latent and deterministic ones, one draw each.
    ///
    /// # Errors
    /// Those of [`Unconstrained::build`](super::Unconstrained::build) and of [`find`](Self::find).
    pub fn run<M: Program + Clone>(&self, model: &M) -> Result<(M::Latents, Mode)> {
        let density = LogDensity::new(model)?;
        let mode = self.find(&density)?;
        Ok((M::Latents::collect(&mut density.draws(&mode.x)?)?, mode))
    }

    /// The mode of a density.
    ///
    /// # Errors
    /// [`Error::Config`] for 0 starts; [`Error::NonFinite`] where the density is finite at no start.
    pub fn find<M: Program + Clone>(&self, density: &LogDensity<M>) -> Result<Mode> {
        if self.starts == 0 {
            return Err(Error::Config { setting: "starts".into(), problem: "0; a search needs at least one".into() });
        }
        let (mut best, mut reached, mut evaluations) = (None::<Minimum>, Vec::new(), 0);
        let mut problem = None;
        for index in 0..self.starts {
            let start = start(density, Key::new(self.seed), index);
            match climb(&self.lbfgs, density, &start, |_| ()) {
                Ok(found) => {
                    reached.push(-found.value);
                    evaluations += found.evaluations;
                    // A search that found no end says less than one that did.
                    let rank = |found: &Minimum| (found.stopped != Stopped::Unbounded, -found.value);
                    if best.as_ref().is_none_or(|best| rank(&found) > rank(best)) {
                        best = Some(found);
                    }
                }
                Err(error @ Error::NonFinite { .. }) => {
                    reached.push(f64::NAN);
                    problem = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        match (best, problem) {
            (Some(best), _) => Ok(Mode { x: best.x, log_density: -best.value, stopped: best.stopped, reached, evaluations }),
            (None, Some(error)) => Err(error),
            (None, None) => Err(Error::Config { setting: "starts".into(), problem: "none was tried".into() }),
        }
    }
}

/// Maximises the density from `start`; values and gradients are those of minus the log density.
pub(super) fn climb<M: Program + Clone>(
    lbfgs: &Lbfgs,
    density: &LogDensity<M>,
    start: &[f64],
    seen: impl FnMut(Iterate<'_>),
) -> Result<Minimum> {
    let down = |x: &[f64], gradient: &mut [f64]| {
        let value = density.log_density_and_gradient(x, gradient)?;
        gradient.iter_mut().for_each(|g| *g = -*g);
        Ok(-value)
    };
    lbfgs.minimise(start, down, seen)
}

/// Where search `index` starts: the median of the prior, then uniform points in `[−2, 2]`.
pub(super) fn start<M: Program + Clone>(density: &LogDensity<M>, key: Key, index: usize) -> Vec<f64> {
    if index == 0 {
        return density.start().to_vec();
    }
    let mut uniform = vec![0.0; density.dim()];
    fill_f64(NoiseKind::Uniform, key.site("start").fold_in(index as u64), &mut uniform);
    uniform.iter().map(|u| 4.0 * u - 2.0).collect()
}
