//! Model against guide: the model's latent sites take the guide's draws, and every disagreement is an error.

use std::rc::Rc;

use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result, list};
use crate::program::Strategy;
use crate::program::handler::Handler;
use crate::program::{DynDistribution, Site, SiteKind, Trace};
use crate::special;
use crate::support::Support;

/// Gives the model the guide's draws.
pub(crate) struct Pair {
    pub(crate) guide: Rc<Trace>,
    /// Supports are compared as well; they are host data, but need comparing once only.
    pub(crate) thorough: bool,
}

impl Handler for Pair {
    fn before(&mut self, site: &mut Site) -> Result<()> {
        if site.kind != SiteKind::Latent || site.hidden {
            return Ok(());
        }
        let drawn = self.guide.get(&site.name).filter(|drawn| drawn.kind == SiteKind::Latent);
        match drawn {
            None if site.strategy.is_some() => return Ok(()),
            Some(_) if site.strategy == Some(Strategy::Collapse) => {
                return Err(Error::Unsupported {
                    what: format!("site `{}`", site.name),
                    problem:
                        "the model integrates it out and the guide has it too; leave it out of the guide, or the strategy out of the model"
                            .to_owned(),
                });
            }
            Some(_) if site.strategy == Some(Strategy::Enumerate) => {
                return Err(Error::Unsupported {
                    what: format!("site `{}`", site.name),
                    problem:
                        "the model sums over it and the guide has it too; leave it out of the guide, or let the guide alone enumerate it"
                            .to_owned(),
                });
            }
            _ => {}
        }
        let (Some(drawn), Some(distribution)) = (drawn, &site.distribution) else {
            return Err(Error::MissingInGuide { site: site.name.clone(), guide_sites: list(self.guide.latents().map(|site| &site.name)) });
        };
        if let (Some(guide), true) = (&drawn.distribution, self.thorough) {
            supports(&site.name, &**guide, &**distribution)?;
        }
        let shape = drawn.shape();
        if shape != distribution.shape() {
            let hint = site.plates.last().map_or_else(String::new, |plate| {
                format!(
                    "; it stands in plate `{}`: where that has a batch of the units, give `plate!` the number of all and `subsample`,                      or write a guide by hand that takes the index of the batch",
                    plate.name
                )
            });
            return Err(Error::GuideShape { site: site.name.clone(), guide: shape, model: distribution.shape(), hint });
        }
        site.value.clone_from(&drawn.value);
        Ok(())
    }
}

/// Gives the guide its own draws once more.
pub(crate) struct Held {
    pub(crate) guide: Rc<Trace>,
    /// No gradient leads through the draws.
    pub(crate) detached: bool,
}

impl Handler for Held {
    fn before(&mut self, site: &mut Site) -> Result<()> {
        let Some(drawn) = self.guide.get(&site.name).filter(|drawn| site.is_latent() && drawn.is_latent()) else { return Ok(()) };
        let same = |value: &AnyTensor| if self.detached { special::detach_any(value) } else { value.clone() };
        site.value = drawn.value.as_ref().map(same);
        // Where nothing leads through a draw its base is no way around the transform's parameters.
        site.base = if self.detached { None } else { drawn.base.clone() };
        Ok(())
    }
}

fn supports(site: &str, guide: &dyn DynDistribution, model: &dyn DynDistribution) -> Result<()> {
    let (inner, outer) = (guide.support(), model.support());
    if inner.is_inside(&outer) {
        return Ok(());
    }
    let hint = if outer == Support::Point { "; soften the prior with `.soften(eps)`" } else { "" };
    Err(Error::Support {
        site: site.to_owned(),
        guide_distribution: guide.name(),
        guide_support: inner.to_string(),
        model_distribution: model.name(),
        model_support: outer.to_string(),
        hint: hint.to_owned(),
    })
}

/// Every latent site of the guide is one of the model.
pub(crate) fn nothing_left(guide: &Trace, model: &Trace) -> Result<()> {
    for site in guide.sites().filter(|site| site.kind == SiteKind::Latent) {
        let found = model.get(&site.name).map(|found| found.kind);
        let why = match found {
            Some(SiteKind::Latent) => continue,
            Some(SiteKind::Observed) => "it is observed there",
            Some(_) => "it is not drawn there",
            None => "it has no such site",
        };
        return Err(Error::UnknownInGuide { site: site.name.clone(), why, model_sites: list(model.latents().map(|site| &site.name)) });
    }
    Ok(())
}
