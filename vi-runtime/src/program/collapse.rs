//! Collapsed sites: continuous sites that are integrated out in closed form instead of being drawn.

use std::cell::RefCell;

use burn::tensor::Float;

use super::enumeration::{SiteStrategy, Strategy};
use super::site::{Site, SiteDraw};
use crate::dist::conjugate::Conjugate;
use crate::error::{Error, Result};

/// `sample!("p", Beta::new(2.0, 3.0), strategy = Collapse)`: the site is integrated out of the model in closed form, and no guide samples
/// it.
///
/// The prior is a [`Beta`](crate::dist::Beta), a [`Gamma`](crate::dist::Gamma) or a [`Dirichlet`](crate::dist::Dirichlet), and all that
/// depends on the site together a likelihood that is conjugate to it: a product of powers of `p` and `1 − p` (Bernoulli, Binomial,
/// Geometric, NegativeBinomial, ..), of `λ` and `exp(−λ)` (Poisson, Exponential, Gamma with that rate, ..), of `pₖ` (Categorical,
/// Multinomial, ..), with any weights. Which it is, is read off its values at three points of the site (for a Dirichlet of K
/// probabilities at K + 1), and one more shows that it is one; so the rounding is that of the log-likelihood there. In plates each unit
/// has its own, and what depends on it stands in the same plates. [`Fit::posterior`](crate::Fit::posterior) has draws of the site from
/// its distribution given the data and all other sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collapse;

impl SiteStrategy<Float> for Collapse {
    const STRATEGY: Strategy = Strategy::Collapse;
}

/// The most probabilities of a collapsed Dirichlet site: each takes a run of the model in every step.
const MOST: usize = 64;

/// One collapsed site as a run met it.
#[derive(Clone, Debug)]
pub(crate) struct CollapsedSite {
    pub(crate) name: String,
    /// Its shape, with size 1 for the dimension of an event.
    pub(crate) batch: Vec<usize>,
    pub(crate) scale: f64,
    pub(crate) plates: Vec<&'static str>,
    pub(crate) prior: Conjugate,
}

impl CollapsedSite {
    fn of(site: &Site) -> Result<Self> {
        let refused = |problem: String| {
            let distribution = site.distribution.as_ref().map_or_else(String::new, |distribution| distribution.name());
            Error::Unsupported { what: format!("collapsing site `{}` ({distribution})", site.name), problem }
        };
        let shape = site.shape();
        let event_rank = site.distribution.as_ref().map_or(0, |distribution| distribution.event_rank());
        let first = shape.len() - event_rank.min(shape.len());
        let batch: Vec<usize> = shape.iter().enumerate().map(|(axis, size)| if axis < first { *size } else { 1 }).collect();
        if batch.iter().skip(site.plates.len()).any(|size| *size > 1) {
            return Err(refused(format!(
                "shape {shape:?} has elements outside of plates; put them in a plate, or give each a site of its own"
            )));
        }
        if site.mask.is_some() {
            return Err(refused("it is masked; mask what depends on it".to_owned()));
        }
        let prior = match &site.distribution {
            Some(distribution) => Conjugate::of(&**distribution)?,
            None => None,
        };
        let Some(prior) = prior else {
            return Err(refused("only Beta, Gamma and Dirichlet are known to integrate in closed form; leave it to the guide".to_owned()));
        };
        if prior.points() > MOST {
            return Err(refused(format!("each step would run the model {} times, and {} are the most", prior.points() + 1, MOST + 1)));
        }
        let plates = site.plates.iter().map(|plate| plate.name).collect();
        Ok(CollapsedSite { name: site.name.clone(), batch, scale: site.scale, plates, prior })
    }
}

/// The collapsed sites of the runs of one particle, and which of them is at another point than the first in the next run.
#[derive(Debug, Default)]
pub(crate) struct Collapsing {
    sites: RefCell<Vec<CollapsedSite>>,
    moved: RefCell<Option<(String, usize)>>,
}

impl Collapsing {
    /// In the order in which runs met them.
    pub(crate) fn sites(&self) -> Vec<CollapsedSite> {
        self.sites.borrow().clone()
    }

    /// Whether no run has met any.
    pub(crate) fn is_empty(&self) -> bool {
        self.sites.borrow().is_empty()
    }

    /// Puts a site at a point in the next run, and all others at the first.
    pub(crate) fn place(&self, site: &str, point: usize) {
        *self.moved.borrow_mut() = Some((site.to_owned(), point));
    }

    /// The value at `site`.
    pub(super) fn value(&self, site: &Site, is_guide: bool) -> Result<SiteDraw> {
        if is_guide {
            return Err(Error::Unsupported {
                what: format!("collapsing site `{}`", site.name),
                problem: "it is a site of the guide; only a model has a likelihood to integrate: sample it, or leave it out".to_owned(),
            });
        }
        let mut sites = self.sites.borrow_mut();
        let index = match sites.iter().position(|known| known.name == site.name) {
            Some(index) => index,
            None => {
                sites.push(CollapsedSite::of(site)?);
                sites.len() - 1
            }
        };
        let moved = self.moved.borrow();
        let point = moved.as_ref().filter(|(name, _)| *name == site.name).map_or(0, |(_, point)| *point);
        Ok(SiteDraw { value: sites[index].prior.point(point), log_prob: None, base: None })
    }
}
