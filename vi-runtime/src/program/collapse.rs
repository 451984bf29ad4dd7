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
/// The prior is a [`Beta`](crate::dist::Beta) or a [`Gamma`](crate::dist::Gamma), and all that depends on the site together a likelihood
/// that is conjugate to it: a product of powers of `p` and `1 − p` (Bernoulli, Binomial, Geometric, NegativeBinomial, ..), of `λ` and
/// `exp(−λ)` (Poisson, Exponential, Gamma with that rate, ..) with any weights. Which it is, is read off its values at three points of
/// the site, and a fourth shows that it is one; so the rounding is that of the log-likelihood there. In plates each unit has its own, and
/// what depends on it stands in the same plates. [`Fit::posterior`](crate::Fit::posterior) has draws of the site from its distribution
/// given the data and all other sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collapse;

impl SiteStrategy<Float> for Collapse {
    const STRATEGY: Strategy = Strategy::Collapse;
}

/// One collapsed site as a run met it.
#[derive(Clone, Debug)]
pub(crate) struct CollapsedSite {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
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
        if shape.iter().skip(site.plates.len()).any(|size| *size > 1) {
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
            return Err(refused("only Beta and Gamma are known to integrate in closed form; leave it to the guide".to_owned()));
        };
        let plates = site.plates.iter().map(|plate| plate.name).collect();
        Ok(CollapsedSite { name: site.name.clone(), shape, scale: site.scale, plates, prior })
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
