//! Collapsed sites: the model is run at a few points of each, and the likelihood through them is integrated.

use std::rc::Rc;

use burn::tensor::{FloatDType, Tensor};

use super::influence::aligned;
use super::pairing::Pair;
use super::{Needs, TermKind, Terms};
use crate::any_tensor::AnyTensor;
use crate::dist::conjugate::Counts;
use crate::error::{Error, Result, list};
use crate::program::collapse::{CollapsedSite, Collapsing};
use crate::program::{DynDistribution, Program, Run, Site, Strategy, Trace};

/// Refuses what is shown more than sums of log densities, or sums over other sites.
///
/// # Errors
/// [`Error::Unsupported`] with the sites and the reason.
pub(super) fn permitted(needs: &Needs, collapsing: &Collapsing, enumerates: bool) -> Result<()> {
    let problem = if enumerates {
        "other sites are enumerated, and the likelihood of a sum is not conjugate; leave one kind to the guide"
    } else if needs.split || needs.score {
        "the objective is shown more than the log densities at a draw, and of a collapsed site there is no draw; use `StickingTheLanding` \
         or `Pathwise`"
    } else {
        return Ok(());
    };
    let sites = collapsing.sites();
    Err(Error::Unsupported { what: format!("collapsing {}", list(sites.iter().map(|site| &site.name))), problem: problem.to_owned() })
}

/// The terms of a particle from those with all collapsed sites at their first points.
///
/// # Errors
/// Those of runs of the model; where `thorough`, a likelihood that is not conjugate.
pub(super) fn total<M: Program>(collapsing: &Collapsing, model: &M, run: &Run, first: Terms, thorough: bool) -> Result<Terms> {
    let mut more: Option<Tensor<1>> = None;
    for site in collapsing.sites() {
        let counts = counts(collapsing, &site, model, run, &first.guide_trace, &first.model_trace, thorough)?;
        let sum = site.prior.log_mean(&counts).sum().mul_scalar(site.scale);
        more = Some(match more {
            Some(known) => known + sum,
            None => sum,
        });
    }
    let Some(more) = more else { return Ok(first) };
    let add = |known: Option<Tensor<1>>| match known {
        Some(known) => Some(known + more.clone()),
        None => Some(more.clone()),
    };
    let mut terms = first;
    terms.reconstruction = add(terms.reconstruction);
    match terms.parts.iter_mut().find(|(kind, _)| *kind == TermKind::Reconstruction) {
        Some((_, part)) => *part = part.clone() + more,
        // The order of the parts is the same in every draw.
        None => terms.parts.push((TermKind::Reconstruction, more)),
    }
    Ok(terms)
}

/// The distribution of each collapsed site of `model` given the guide's draws and the data.
///
/// # Errors
/// As [`total`].
pub(crate) fn conditionals<M: Program>(
    model: &M,
    run: &Run,
    guide: &Rc<Trace>,
    thorough: bool,
) -> Result<Vec<(String, Box<dyn DynDistribution>)>> {
    let collapsing = Rc::new(Collapsing::default());
    let run = Run { collapsing: Some(Rc::clone(&collapsing)), ..run.clone() }.density(true).called("the model");
    let base = at(model, &run, guide)?;
    let mut found = Vec::new();
    for site in collapsing.sites() {
        let counts = counts(&collapsing, &site, model, &run, guide, &base, thorough)?;
        found.push((site.name.clone(), site.prior.posterior(&counts)?));
    }
    Ok(found)
}

fn at<M: Program>(model: &M, run: &Run, guide: &Rc<Trace>) -> Result<Trace> {
    let pair = Pair { guide: Rc::clone(guide), thorough: false };
    Ok(run.trace_with(model, vec![Box::new(pair)])?.1)
}

/// What all that depends on a site says of it.
fn counts<M: Program>(
    collapsing: &Collapsing,
    site: &CollapsedSite,
    model: &M,
    run: &Run,
    guide: &Rc<Trace>,
    base: &Trace,
    thorough: bool,
) -> Result<Counts> {
    let run = run.clone().called("the model");
    let apart = |point: usize| {
        collapsing.place(&site.name, point);
        let moved = at(model, &run, guide)?;
        if thorough && run.recorder.is_none() {
            outside(site, base, &moved)?;
        }
        difference(site, base, &moved)
    };
    let points = site.prior.points();
    let counts = site.prior.counts(&(1..=points).map(&apart).collect::<Result<Vec<_>>>()?);
    if thorough && run.recorder.is_none() {
        let (found, expected) = (AnyTensor::from(apart(points + 1)?).to_f64()?, AnyTensor::from(site.prior.expected(&counts)).to_f64()?);
        // Sums of many densities are right to some units in the last place of their size, and the points are some units apart.
        let rounding = if run.placement.dtype == FloatDType::F64 { 1e-11 } else { 3e-5 };
        let allowed = rounding * (1.0 + size(base)?);
        let near = |(found, expected): (&f64, &f64)| (found - expected).abs() <= allowed;
        let wrong = found.iter().zip(&expected).position(|pair| !near(pair));
        if let Some(wrong) = wrong {
            return Err(refused(
                site,
                format!(
                    "the likelihood of element {wrong} is not conjugate to it: between two points its logarithm differs by {}, and by {} if \
                     it were; leave the site to the guide",
                    found[wrong], expected[wrong]
                ),
            ));
        }
        if !site.prior.is_proper(&counts)? {
            return Err(refused(site, "the likelihood has no finite integral under it".to_owned()));
        }
    }
    Ok(counts)
}

fn refused(site: &CollapsedSite, problem: String) -> Error {
    Error::Unsupported { what: format!("collapsing site `{}`", site.name), problem }
}

/// Whether a term of the model stands in all plates of the site.
fn inside(site: &CollapsedSite, term: &Site) -> bool {
    site.plates.iter().enumerate().all(|(at, plate)| term.plates.get(at).is_some_and(|other| other.name == *plate))
}

/// By how much the log-likelihood of each element differs between two runs, as often as one unit counts; flat.
fn difference(site: &CollapsedSite, base: &Trace, moved: &Trace) -> Result<Tensor<1>> {
    let along: Vec<Option<usize>> = (0..site.batch.len()).map(|axis| (axis < site.plates.len()).then_some(axis)).collect();
    let mut total: Option<Tensor<1>> = None;
    for (from, to) in dependent(site, base, moved).filter(|(from, _)| inside(site, from)) {
        let (Some(before), Some(after)) = (&from.log_prob, &to.log_prob) else { continue };
        let weight = from.scale / site.scale;
        let sum = (aligned(after, &along, &site.batch)? - aligned(before, &along, &site.batch)?).mul_scalar(weight);
        total = Some(match total {
            Some(total) => total + sum,
            None => sum,
        });
    }
    total.ok_or_else(|| refused(site, "nothing depends on it; leave it out".to_owned()))
}

/// The terms of both runs that may depend on a collapsed site.
fn dependent<'a>(site: &'a CollapsedSite, base: &'a Trace, moved: &'a Trace) -> impl Iterator<Item = (&'a Site, &'a Site)> {
    let pairs = base.sites().filter_map(|from| Some((from, moved.get(&from.name)?)));
    pairs.filter(|(from, _)| from.name != site.name)
}

/// Refuses a term outside the plates of a site that depends on it.
fn outside(site: &CollapsedSite, base: &Trace, moved: &Trace) -> Result<()> {
    for (from, to) in dependent(site, base, moved).filter(|(from, _)| !inside(site, from)) {
        let (Some(before), Some(after)) = (&from.log_prob, &to.log_prob) else { continue };
        if before.to_f64()? != after.to_f64()? {
            let problem = format!("site `{}` depends on it and stands outside its plates {}", from.name, list(&site.plates));
            return Err(refused(site, problem));
        }
    }
    for (from, to) in dependent(site, base, moved).filter(|(from, _)| from.strategy == Some(Strategy::Collapse)) {
        let (Some(before), Some(after)) = (&from.log_prob, &to.log_prob) else { continue };
        if before.to_f64()? != after.to_f64()? {
            return Err(refused(site, format!("the prior of site `{}`, which is collapsed too, depends on it", from.name)));
        }
    }
    Ok(())
}

/// The sum of all log densities, each without its sign: what rounding is compared with.
fn size(trace: &Trace) -> Result<f64> {
    let mut total = 0.0;
    for log_prob in trace.sites().filter_map(|site| site.log_prob.as_ref()) {
        total += log_prob.to_f64()?.iter().map(|x| x.abs()).sum::<f64>();
    }
    Ok(total)
}
