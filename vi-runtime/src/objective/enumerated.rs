//! Enumerated sites in an eager run: model and guide are run at every joint value of their elements.
//!
//! This is the definition of the sum, and what a compiled step, which takes it apart, is compared with.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::{Objective, TermKind, Terms};
use crate::error::{Error, Result, list};
use crate::program::enumeration::{EnumeratedSite, Enumeration};
use crate::program::{Program, Run, Trace};
use crate::special;

/// The most joint values at which an eager step runs the programs, whatever the limit of the tables of a compiled one.
const RUNS: u64 = 4096;

/// Refuses objectives that are no function of the log densities' sums, or no mean over the sites of the guide.
///
/// # Errors
/// [`Error::Unsupported`] with the objective and the sites, and the reason.
pub(crate) fn permitted(objective: &dyn Objective, guide: &Trace, sites: &[EnumeratedSite]) -> Result<()> {
    let needs = objective.needs();
    let problem = if needs.split || needs.detached || needs.score || needs.vanishing {
        "it is shown more than the log densities at a draw, and of enumerated sites there is no draw"
    } else if objective.kl_weight(0).is_some() {
        "it weighs the divergence, of which nothing is known apart from the sum over the enumerated sites"
    } else if objective.samples() > 1 && sites.iter().any(|site| guide.get(&site.name).is_some()) {
        "it is no mean over draws of the guide, and the guide enumerates"
    } else {
        return Ok(());
    };
    Err(Error::Unsupported {
        what: format!("the objective `{}` with enumerated sites ({})", objective.name(), list(sites.iter().map(|site| &site.name))),
        problem: format!("{problem}; use `StickingTheLanding` or `Pathwise`"),
    })
}

/// The terms of a particle: `first` those of any joint value, `again` those of the value that is assigned.
pub(super) fn total(
    enumeration: &Enumeration,
    objective: &dyn Objective,
    limit: u64,
    first: Terms,
    mut again: impl FnMut() -> Result<Terms>,
) -> Result<Terms> {
    let sites = enumeration.sites();
    permitted(objective, &first.guide_trace, &sites)?;
    let (averaged, summed): (Vec<_>, Vec<_>) = sites.into_iter().partition(|site| first.guide_trace.get(&site.name).is_some());
    within(limit, averaged.iter().chain(&summed))?;
    let scale = common_scale(&summed)?;
    let mut all: Option<Terms> = None;
    for outer in values(&averaged) {
        assign(enumeration, &averaged, &outer);
        let mut joints: Vec<Tensor<1>> = Vec::new();
        let mut last: Option<Terms> = None;
        for inner in values(&summed) {
            assign(enumeration, &summed, &inner);
            let terms = again()?;
            // Burn's gradient of a division by a number rounds it to single precision.
            joints.extend(terms.joint().map(|joint| joint.mul_scalar(scale.recip())));
            last = Some(terms);
        }
        let Some(mut terms) = last else { continue };
        terms.reconstruction = (!joints.is_empty()).then(|| special::logsumexp(Tensor::cat(joints, 0), 0).mul_scalar(scale));
        terms.prior = None;
        let is_joint = |kind: &TermKind| matches!(kind, TermKind::Reconstruction | TermKind::Prior(_));
        terms.parts.retain(|(kind, _)| !is_joint(kind));
        terms.parts.extend(terms.reconstruction.clone().map(|joint| (TermKind::Reconstruction, joint)));
        if !averaged.is_empty() {
            let weight = probability(enumeration, &terms.guide_trace, &averaged)?;
            terms = terms.map(|term| weighted(&weight, term));
        }
        all = Some(match all {
            Some(known) => known.plus(terms),
            None => terms,
        });
    }
    Ok(all.unwrap_or(first))
}

/// Every joint value of the enumerated sites of a model.
pub(crate) struct JointValues {
    pub(crate) sites: Vec<EnumeratedSite>,
    /// The elements of all sites, one after the other.
    pub(crate) values: Vec<Vec<i64>>,
    /// The log joint density at each, in nats, as often as one unit counts.
    pub(crate) log_joint: Vec<f64>,
}

/// Runs `model`, whose other latent sites are given, at every joint value.
///
/// # Errors
/// Those of its runs; [`Error::Enumeration`] where there are too many.
pub(crate) fn joint_values<M: Program>(model: &M, run: &Run, limit: u64) -> Result<JointValues> {
    let enumeration = Rc::new(Enumeration::default());
    let run = Run { enumeration: Some(Rc::clone(&enumeration)), ..run.clone() };
    run.trace(model)?;
    let sites = enumeration.sites();
    within(limit, sites.iter())?;
    let scale = common_scale(&sites)?;
    let values = values(&sites);
    let mut log_joint = Vec::with_capacity(values.len());
    for joint in &values {
        assign(&enumeration, &sites, joint);
        log_joint.push(run.trace(model)?.1.log_prob_in_double()? / scale);
    }
    Ok(JointValues { sites, values, log_joint })
}

impl Terms {
    fn map(self, f: impl Fn(Tensor<1>) -> Tensor<1>) -> Terms {
        Terms {
            reconstruction: self.reconstruction.map(&f),
            prior: self.prior.map(&f),
            guide: self.guide.map(&f),
            parts: self.parts.into_iter().map(|(kind, part)| (kind, f(part))).collect(),
            ..self
        }
    }

    /// The sum of both, part by part.
    fn plus(self, other: Terms) -> Terms {
        let sum = |a: Option<Tensor<1>>, b: Option<Tensor<1>>| match (a, b) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        };
        let mut parts = self.parts;
        for (kind, part) in other.parts {
            match parts.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, known)) => *known = known.clone() + part,
                None => parts.push((kind, part)),
            }
        }
        Terms {
            reconstruction: sum(self.reconstruction, other.reconstruction),
            prior: sum(self.prior, other.prior),
            guide: sum(self.guide, other.guide),
            parts,
            enumerated: false,
            model_trace: other.model_trace,
            guide_trace: other.guide_trace,
        }
    }
}

/// The guide's probability of the present values of its enumerated sites.
fn probability(enumeration: &Enumeration, guide: &Trace, averaged: &[EnumeratedSite]) -> Result<Tensor<1>> {
    let mut total: Option<Tensor<1>> = None;
    for site in averaged.iter().filter_map(|site| guide.get(&site.name)) {
        let Some(weight) = enumeration.weight(site)? else { continue };
        let sum = weight.sum()?;
        total = Some(match total {
            Some(total) => total + sum,
            None => sum,
        });
    }
    total.map(Tensor::exp).ok_or_else(|| Error::Unsupported {
        what: format!("the enumerated sites {} of the guide", list(averaged.iter().map(|site| &site.name))),
        problem: "they have no density".to_owned(),
    })
}

/// What cannot happen costs nothing, also where its density is 0.
fn weighted(weight: &Tensor<1>, term: Tensor<1>) -> Tensor<1> {
    let never = weight.clone().equal_elem(0.0);
    weight.clone() * term.mask_fill(never, 0.0)
}

/// Every joint value of all elements.
fn values(sites: &[EnumeratedSite]) -> Vec<Vec<i64>> {
    let mut all = vec![Vec::new()];
    for site in sites {
        for _ in 0..site.elements() {
            let next = |known: Vec<i64>| (0..site.values as i64).map(move |k| [&known[..], &[site.first + k]].concat());
            all = all.into_iter().flat_map(next).collect();
        }
    }
    all
}

fn assign(enumeration: &Enumeration, sites: &[EnumeratedSite], values: &[i64]) {
    let mut rest = values;
    for site in sites {
        let (own, others) = rest.split_at(site.elements());
        enumeration.assign(&site.name, own.to_vec());
        rest = others;
    }
}

fn within<'a>(limit: u64, sites: impl Iterator<Item = &'a EnumeratedSite> + Clone) -> Result<()> {
    let runs: f64 = sites.clone().map(|site| (site.values as f64).powf(site.elements() as f64)).product();
    let limit = limit.min(RUNS);
    if runs <= limit as f64 {
        return Ok(());
    }
    Err(Error::Enumeration {
        sites: list(sites.map(|site| &site.name)),
        cost: format!("{} runs of model and guide in each eager step", if runs < 1e6 { format!("{runs}") } else { format!("{runs:.3e}") }),
        limit,
        hint: String::new(),
    })
}

/// How often the sum counts: sites in different subsamples cannot be summed together.
fn common_scale(summed: &[EnumeratedSite]) -> Result<f64> {
    let scale = summed.first().map_or(1.0, |site| site.scale);
    match summed.iter().find(|site| site.scale != scale) {
        None => Ok(scale),
        Some(other) => Err(Error::Unsupported {
            what: format!("enumerating `{}` and `{}` in an eager step", summed[0].name, other.name),
            problem: format!("their densities count {scale} and {} times; only a compiled step takes the sum apart", other.scale),
        }),
    }
}
