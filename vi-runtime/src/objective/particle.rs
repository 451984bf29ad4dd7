//! One draw of the guide, and every log density at it.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::influence::{Dependencies, costs, divergences};
use super::pairing::{Held, Pair, nothing_left};
use super::{Needs, Objective, Pathwise, TermKind, collapsed, enumerated};
use crate::error::{Error, Result};
use crate::program::collapse::Collapsing;
use crate::program::enumeration::Enumeration;
use crate::program::{Program, Run, Site, Strategy, Trace};
use crate::special;
use crate::support::Support;

/// One particle's terms, each of shape `[1]`; absent where no site has such a density.
pub(crate) struct Terms {
    /// `log p(x | z)`, factors, and the densities of sites that are functions of others.
    pub(crate) reconstruction: Option<Tensor<1>>,
    /// `log p(z)`.
    pub(crate) prior: Option<Tensor<1>>,
    /// `log q(z)`.
    pub(crate) guide: Option<Tensor<1>>,
    /// What an objective is shown, in an order that the programs alone decide: most are `[1]`, those of the score `[elements]`.
    pub(crate) parts: Vec<(TermKind, Tensor<1>)>,
    /// Whether these are the terms at one value of enumerated sites, still to be summed.
    pub(crate) enumerated: bool,
    /// The model's run, for a message about a number that is not finite.
    pub(crate) model_trace: Trace,
    /// The guide's run.
    pub(crate) guide_trace: Rc<Trace>,
}

impl Terms {
    /// `log p(x, z)`, shape `[1]`; absent where the model has no density.
    pub(super) fn joint(&self) -> Option<Tensor<1>> {
        sum(self.reconstruction.clone(), self.prior.clone())
    }

    /// `log p(x, z) − log q(z)`, shape `[1]`; absent where neither program has a density.
    pub(crate) fn elbo(&self) -> Option<Tensor<1>> {
        match (self.joint(), self.guide.clone()) {
            (Some(joint), Some(guide)) => Some(joint - guide),
            (Some(joint), None) => Some(joint),
            (None, guide) => guide.map(Tensor::neg),
        }
    }
}

fn sum(a: Option<Tensor<1>>, b: Option<Tensor<1>>) -> Option<Tensor<1>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

/// Runs guide and model once on the same draws, for what needs no gradient.
///
/// # Errors
/// Every disagreement of the two.
pub(crate) fn evaluated<M: Program, G: Program>(model: &M, guide: &G, run: &Run, thorough: bool) -> Result<Terms> {
    let pair = paired(model, guide, run, thorough)?;
    pair.terms(Vec::new())
}

/// Runs guide and model on the same draws, as often as there are joint values of enumerated sites, and finds what the objective
/// needs.
///
/// # Errors
/// Every disagreement of the two; a site without pathwise gradient where the objective has no other; enumerated sites with too many
/// joint values, or an objective that cannot sum over them.
pub(crate) fn particle<M: Program, G: Program>(
    model: &M,
    guide: &G,
    run: &Run,
    (objective, limit): (&dyn Objective, u64),
    dependencies: &Dependencies,
    thorough: bool,
) -> Result<Terms> {
    let needs = objective.needs();
    at_every_value(model, run, (objective, limit), thorough, |run, is_first| {
        if is_first {
            return at_one_value(model, guide, run, &needs, dependencies, thorough);
        }
        // A divergence in closed form is of a site alone, and the sum is of all of them.
        at_one_value(model, guide, run, &needs, &Dependencies::default(), false)
    })
}

/// As [`evaluated`], with enumerated sites summed out.
///
/// # Errors
/// As [`evaluated`]; enumerated sites with too many joint values.
pub(crate) fn summed<M: Program, G: Program>(model: &M, guide: &G, run: &Run, limit: u64, thorough: bool) -> Result<Terms> {
    at_every_value(model, run, (&Pathwise, limit), thorough, |run, is_first| evaluated(model, guide, run, thorough && is_first))
}

/// Whether a run meets enumerated sites.
///
/// # Errors
/// As [`evaluated`].
pub(crate) fn enumerates<M: Program, G: Program>(model: &M, guide: &G, run: &Run) -> Result<bool> {
    let enumeration = Rc::new(Enumeration::default());
    let run = Run { enumeration: Some(Rc::clone(&enumeration)), ..run.clone() };
    evaluated(model, guide, &run, true)?;
    Ok(!enumeration.is_empty())
}

/// The sum of what `once` finds at each joint value of the enumerated sites, which its first call makes known; while the run is
/// recorded, what it finds at one. Collapsed sites are integrated out of it.
fn at_every_value<M: Program>(
    model: &M,
    run: &Run,
    (objective, limit): (&dyn Objective, u64),
    thorough: bool,
    mut once: impl FnMut(&Run, bool) -> Result<Terms>,
) -> Result<Terms> {
    let enumeration = Rc::new(Enumeration::default());
    let collapsing = Rc::new(Collapsing::default());
    let run = Run { enumeration: Some(Rc::clone(&enumeration)), collapsing: Some(Rc::clone(&collapsing)), ..run.clone() };
    let first = once(&run, true)?;
    if !collapsing.is_empty() {
        collapsed::permitted(&objective.needs(), &collapsing, !enumeration.is_empty())?;
        return collapsed::total(&collapsing, model, &run, first, thorough);
    }
    if enumeration.is_empty() {
        return Ok(first);
    }
    if run.recorder.is_some() {
        // What is recorded is taken apart and summed in the graph.
        return Ok(Terms { enumerated: true, ..first });
    }
    enumerated::total(&enumeration, objective, limit, first, || once(&run, false))
}

/// The traces of one run: guide, model, and the guide with its parameters held where the objective needs that.
pub(crate) fn traces<M: Program, G: Program>(model: &M, guide: &G, run: &Run, held: bool) -> Result<(Rc<Trace>, Trace, Option<Trace>)> {
    let pair = paired(model, guide, run, false)?;
    let held = if held { Some(held_trace(guide, run, &pair.guide)?) } else { None };
    Ok((pair.guide, pair.model, held))
}

/// The guide once more on the draws of `trace`, its parameters held.
fn held_trace<G: Program>(guide: &G, run: &Run, trace: &Rc<Trace>) -> Result<Trace> {
    let again = Held { guide: Rc::clone(trace), detached: false };
    let run = Run { params: run.params.held(), ..run.clone() };
    Ok(run.of_guide().trace_with(guide, vec![Box::new(again)])?.1)
}

/// One run of guide and model, with what the objective needs; enumerated sites have their present values, or are drawn.
///
/// # Errors
/// As [`particle`].
pub(crate) fn at_one_value<M: Program, G: Program>(
    model: &M,
    guide: &G,
    run: &Run,
    needs: &Needs,
    dependencies: &Dependencies,
    thorough: bool,
) -> Result<Terms> {
    if needs.detached {
        let (_, drawn) = run.clone().of_guide().trace(guide)?;
        let again = Held { guide: Rc::new(drawn), detached: true };
        let (_, fixed) = run.clone().of_guide().trace_with(guide, vec![Box::new(again)])?;
        let pair = paired_with(model, fixed, run, thorough)?;
        let parts = pair.parts(run, needs, None, &Dependencies::default())?;
        return pair.terms(parts);
    }
    let pair = paired(model, guide, &Run { fixed_model: needs.fixed_model, ..run.clone() }, thorough)?;
    if !needs.score {
        pair.guide.latents().filter(|site| site.strategy.is_none()).try_for_each(reparameterised)?;
    }
    let held = if needs.held { Some(held_trace(guide, run, &pair.guide)?) } else { None };
    let mut parts = pair.parts(run, needs, held.as_ref(), dependencies)?;
    if needs.split {
        let with = |run: Run, guide: Trace| -> Result<Option<Tensor<1>>> {
            let pair = Pair { guide: Rc::new(guide), thorough: false };
            run.called("the model").trace_with(model, vec![Box::new(pair)])?.1.log_prob_where(|_| true)
        };
        let held_model = with(Run { params: run.params.held(), ..run.clone() }, (*pair.guide).clone())?;
        let fixed_draws = with(run.clone(), pair.guide.detached())?;
        parts.extend(held_model.map(|joint| (TermKind::JointOfDraws, joint)));
        parts.extend(fixed_draws.map(|joint| (TermKind::JointOfParameters, joint)));
    }
    pair.terms(parts)
}

/// The traces of guide and model on the same draws.
struct Paired {
    guide: Rc<Trace>,
    model: Trace,
}

fn paired<M: Program, G: Program>(model: &M, guide: &G, run: &Run, thorough: bool) -> Result<Paired> {
    let (_, guide) = run.clone().of_guide().trace(guide)?;
    paired_with(model, guide, run, thorough)
}

fn paired_with<M: Program>(model: &M, guide: Trace, run: &Run, thorough: bool) -> Result<Paired> {
    let guide = Rc::new(guide);
    let pair = Pair { guide: Rc::clone(&guide), thorough };
    let (_, model) = run.clone().called("the model").trace_with(model, vec![Box::new(pair)])?;
    nothing_left(&guide, &model)?;
    Ok(Paired { guide, model })
}

impl Paired {
    fn terms(self, parts: Vec<(TermKind, Tensor<1>)>) -> Result<Terms> {
        let Paired { guide, model } = self;
        Ok(Terms {
            reconstruction: model.log_prob_where(|site| !site.is_latent())?,
            prior: model.log_prob_where(has_prior)?,
            guide: guide.log_prob_where(|_| true)?,
            parts,
            enumerated: false,
            model_trace: model,
            guide_trace: guide,
        })
    }

    /// Site by site; `held` is the guide's run with its parameters held.
    fn parts(&self, run: &Run, needs: &Needs, held: Option<&Trace>, dependencies: &Dependencies) -> Result<Vec<(TermKind, Tensor<1>)>> {
        let mut parts = Vec::new();
        let mut push = |kind: TermKind, value: Option<Tensor<1>>| parts.extend(value.map(|value| (kind, value)));
        push(TermKind::Reconstruction, self.model.log_prob_where(|site| !site.is_latent())?);
        push(TermKind::GuideFactors, self.guide.log_prob_where(|site| !site.is_latent())?);
        for site in self.model.sites().filter(|site| has_prior(site)) {
            push(TermKind::Prior(site.name.clone()), site.log_prob_sum()?);
        }
        for site in self.guide.latents() {
            push(TermKind::Guide(site.name.clone()), site.log_prob_sum()?);
            let vanishes = score_vanishes(site);
            let follows = site.distribution.as_ref().is_some_and(|distribution| distribution.follows_draws());
            if needs.vanishing && !vanishes && !follows {
                return Err(Error::Unsupported {
                    what: format!(
                        "the objective at site `{}` ({})",
                        site.name,
                        site.distribution.as_ref().map_or_else(String::new, |d| d.name())
                    ),
                    problem:
                        "the mean of its score is not known to be 0, because its support or its transform has parameters; choose another \
                              distribution for the guide or another objective, such as `Iwae`"
                            .to_owned(),
                });
            }
            if let Some(held) = held {
                let constant = held.get(&site.name).filter(|_| vanishes).unwrap_or(site);
                push(TermKind::Held(site.name.clone()), constant.log_prob_sum()?);
            }
        }
        if !dependencies.exact.is_empty() {
            for (site, divergence) in divergences(&self.guide, &self.model).filter(|(site, _)| dependencies.exact.contains(&site.name)) {
                push(TermKind::Kl(site.name.clone()), Some(divergence.typed("a divergence")?));
            }
        }
        for influence in &dependencies.scored {
            let (score, cost) = costs(influence, &self.guide, &self.model)?;
            if let Some(word) = needs.baseline {
                let name = format!("{word}.{}", influence.site);
                let zeros = || special::detach(score.clone()).inner().zeros_like();
                let known = run.params.find(&name, &Support::Real)?;
                push(
                    TermKind::Baseline(influence.site.clone()),
                    Some(known.map_or_else(|| run.params.create(&name, zeros(), Support::Real), Ok)?),
                );
            }
            push(TermKind::Score(influence.site.clone()), Some(score));
            push(TermKind::Cost(influence.site.clone()), Some(cost));
        }
        Ok(parts)
    }
}

/// Whether the density of a site of the model is that of a latent value; that of a collapsed one is part of what it is integrated out of.
fn has_prior(site: &Site) -> bool {
    site.is_latent() && site.strategy != Some(Strategy::Collapse)
}

/// Whether the mean of the site's score is 0.
pub(crate) fn score_vanishes(site: &Site) -> bool {
    site.fresh && site.distribution.as_ref().is_some_and(|distribution| distribution.score_vanishes())
}

fn reparameterised(site: &Site) -> Result<()> {
    match &site.distribution {
        Some(distribution) if !distribution.is_reparameterised() => {
            let ways_out = if distribution.support().is_discrete() {
                "sum over its values, `sample!(.., strategy = Enumerate)`, replace it by a continuous relaxation, \
                 or choose an objective that needs no pathwise gradient: `.objective(ScoreFunction::new())`, `Vimco` or `WakeSleep`"
            } else {
                "choose a reparameterised distribution for the guide, such as a transformed Normal, make this one so: \
                 `.reparameterised()`, where it has a distribution function, or choose an objective that needs no pathwise gradient: \
                 `.objective(ScoreFunction::new())`"
            };
            Err(Error::NotReparameterised { site: site.name.clone(), distribution: distribution.name(), ways_out: ways_out.to_owned() })
        }
        _ => Ok(()),
    }
}

impl Trace {
    /// The same with nothing that leads from the values to what they were computed from.
    fn detached(&self) -> Trace {
        let mut trace = self.clone();
        trace.map_latents(&mut special::detach_any);
        trace
    }
}
