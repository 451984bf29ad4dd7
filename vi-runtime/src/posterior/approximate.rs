//! The best normal approximation that ways to a mode and the curvature there give.

use vi_graph::Key;

use super::density::LogDensity;
use super::gaussian::Gaussian;
use super::laplace::normal_at;
use super::lbfgs::{Minimum, Stopped};
use super::natural::NaturalGradient;
use super::newton::polish;
use super::pathfinder::Pathfinder;
use crate::error::{Error, Result};
use crate::program::Program;

/// How many draws the ELBO of each candidate is estimated from.
const DRAWS: usize = 256;

/// How many points of each path are looked at, and from how many draws each: the work of a search in units of an evaluation is
/// known beforehand, but for the lengths of the paths.
const LOOKS: (usize, usize) = (24, 16);

/// How many paths are gone for each mode, and how many of their ends are tried as modes, the best first.
const PATHS: usize = 8;
const ENDS: usize = 2;

/// The most coordinates of an approximation that natural gradients improve, how many steps they make, and from how many candidates they
/// start where they do not settle.
const IMPROVED: usize = 128;
const STEPS: u64 = 128;
const STARTS: usize = 3;

/// Which difference of two ELBOs counts, in nats.
const GAIN: f64 = 0.01;

/// Modes are apart where one lies so many standard deviations of the other's approximation away, along the line between them.
const APART: f64 = 3.0;

/// An approximation with an ELBO this much below the best holds less than 1/20 000 of the mass.
const NOTHING: f64 = 10.0;

/// The most coordinates of a Hessian that is made in every step to a mode.
const POLISHED: usize = 256;

/// Of the approximations of Pathfinder's paths and Laplace's where the best of them ended, those of at most `most` modes and their
/// ELBOs, estimated from the same noise for all: the one with the largest ELBO first, then each that is apart from those before. Where
/// one is asked for, natural gradients improve it.
///
/// # Errors
/// [`Error::NonFinite`] where none has a finite ELBO; those of an evaluation of the density.
pub(crate) fn approximate<M: Program + Clone>(density: &LogDensity<M>, seed: u64, most: usize) -> Result<Vec<(Gaussian, f64)>> {
    let search = Pathfinder::new().paths(PATHS * most).seed(seed).elbo_draws(LOOKS.1).looks(LOOKS.0);
    let (mut candidates, mut ends): (Vec<Gaussian>, Vec<Minimum>) = (Vec::new(), Vec::new());
    for index in 0..PATHS * most {
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
    let mut at_modes: Vec<Gaussian> = Vec::new();
    for end in different(ends, ENDS * most) {
        let mode = if density.dim() <= POLISHED { polish(density, &end.x)? } else { end.x };
        at_modes.extend(normal_at(density, &mode)?);
    }
    let mut found: Vec<(Gaussian, f64)> = Vec::new();
    for candidate in at_modes.into_iter().chain(candidates) {
        let elbo = elbo(density, &candidate, seed)?;
        if elbo.is_finite() {
            found.push((candidate, elbo));
        }
    }
    sort(&mut found);
    if most == 1 && density.dim() <= IMPROVED {
        improve(density, seed, &mut found)?;
    }
    let mut modes: Vec<(Gaussian, f64)> = Vec::new();
    for (gaussian, elbo) in found {
        let counts = modes.first().is_none_or(|(_, best)| elbo > best - NOTHING);
        if counts && modes.len() < most && modes.iter().all(|(mode, _)| distance(&gaussian, mode) > APART) {
            modes.push((gaussian, elbo));
        }
    }
    match modes.is_empty() {
        false => Ok(modes),
        true => Err(Error::NonFinite {
            step: 0,
            site: "all sites together".into(),
            what: "the ELBO of every normal approximation".into(),
            value: f64::NEG_INFINITY,
            hint: "start elsewhere, or rescale the model".into(),
        }),
    }
}

/// Adds what natural gradients make of the best candidates to them, and sorts them again: of the best alone where that settles, as it
/// does where the posterior is nearly normal. Under a hierarchy, where curvature changes from place to place, modes say little about
/// where the mass is, and there may be several best approximations.
fn improve<M: Program + Clone>(density: &LogDensity<M>, seed: u64, found: &mut Vec<(Gaussian, f64)>) -> Result<()> {
    let best = found.first().map_or(f64::NEG_INFINITY, |(_, elbo)| *elbo);
    let starts: Vec<Gaussian> = found.iter().take(STARTS).map(|(gaussian, _)| gaussian.clone()).collect();
    for start in starts {
        match NaturalGradient::new().seed(seed).steps(STEPS).find_from(density, start) {
            Ok((better, settled)) => {
                let elbo = elbo(density, &better, seed)?;
                if elbo.is_finite() && elbo > best + GAIN {
                    found.push((better, elbo));
                }
                if settled.steps < STEPS {
                    break;
                }
            }
            Err(Error::NonFinite { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    sort(found);
    Ok(())
}

/// The best first, and of those that are as good the one that comes first: at a mode of a normal posterior there is no noise of draws.
fn sort(found: &mut [(Gaussian, f64)]) {
    found.sort_by(|a, b| (b.1 / GAIN).round().total_cmp(&(a.1 / GAIN).round()));
}

/// The first `most` of the ends that are different points, to what a search leaves.
fn different(ends: Vec<Minimum>, most: usize) -> Vec<Minimum> {
    const LEFT: f64 = 1e-2;
    let same = |a: &Minimum, b: &Minimum| {
        let close = |(a, b): (&f64, &f64)| (a - b).abs() < LEFT * (1.0 + a.abs());
        close((&a.value, &b.value)) && a.x.iter().zip(&b.x).all(close)
    };
    let mut taken: Vec<Minimum> = Vec::new();
    for end in ends {
        if taken.len() < most && !taken.iter().any(|other| same(other, &end)) {
            taken.push(end);
        }
    }
    taken
}

/// How many standard deviations the means are apart, those of the wider one along the line between them.
fn distance(a: &Gaussian, b: &Gaussian) -> f64 {
    let of = |from: &Gaussian, to: &Gaussian| from.noise_of(&to.mean).iter().map(|u| u * u).sum::<f64>().sqrt();
    of(a, b).min(of(b, a))
}

fn elbo<M: Program + Clone>(density: &LogDensity<M>, candidate: &Gaussian, seed: u64) -> Result<f64> {
    let (points, log_q) = candidate.draw(DRAWS, Key::new(seed).site("candidates"));
    let mut log_p = vec![0.0; DRAWS];
    density.log_densities(&points, &mut log_p)?;
    Ok(log_p.iter().zip(&log_q).map(|(p, q)| p - q).sum::<f64>() / DRAWS as f64)
}
