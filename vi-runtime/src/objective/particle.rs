//! One draw of the guide, and every log density at it.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::influence::{Dependencies, costs, divergences};
use super::pairing::{Held, Pair, nothing_left};
use super::{Needs, TermKind};
use crate::error::{Error, Result};
use crate::program::{Program, Run, Site, SiteKind, Trace};
use crate::special;
use crate::support::Support;

/// One particle's terms, each of shape `[1]`; absent where no site has such a density.
pub(crate) struct Terms {
    /// `log p(x | z)` and factors.
    pub(crate) reconstruction: Option<Tensor<1>>,
    /// `log p(z)`.
    pub(crate) prior: Option<Tensor<1>>,
    /// `log q(z)`.
    pub(crate) guide: Option<Tensor<1>>,
    /// What an objective is shown, in an order that the programs alone decide: most are `[1]`, those of the score `[elements]`.
    pub(crate) parts: Vec<(TermKind, Tensor<1>)>,
    /// The model's run, for a message about a number that is not finite.
    pub(crate) model_trace: Trace,
    /// The guide's run.
    pub(crate) guide_trace: Rc<Trace>,
}

impl Terms {
    /// `log p(x, z) − log q(z)`, shape `[1]`; absent where neither program has a density.
    pub(crate) fn elbo(&self) -> Option<Tensor<1>> {
        let joint = sum(self.reconstruction.clone(), self.prior.clone());
        match (joint, self.guide.clone()) {
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

/// Runs guide and model once on the same draws, and finds what the objective needs.
///
/// # Errors
/// Every disagreement of the two; a site without pathwise gradient where the objective has no other.
pub(crate) fn particle<M: Program, G: Program>(
    model: &M,
    guide: &G,
    run: &Run,
    needs: &Needs,
    dependencies: &Dependencies,
    thorough: bool,
) -> Result<Terms> {
    if needs.detached {
        let (_, drawn) = run.clone().called("the guide").trace(guide)?;
        let again = Held { guide: Rc::new(drawn), detached: true };
        let (_, fixed) = run.clone().called("the guide").trace_with(guide, vec![Box::new(again)])?;
        let pair = paired_with(model, fixed, run, thorough)?;
        let parts = pair.parts(run, needs, None, &Dependencies::default())?;
        return pair.terms(parts);
    }
    let pair = paired(model, guide, run, thorough)?;
    if !needs.score {
        pair.guide.latents().try_for_each(reparameterised)?;
    }
    let held = if needs.held {
        let again = Held { guide: Rc::clone(&pair.guide), detached: false };
        let run = Run { params: run.params.held(), ..run.clone() };
        Some(run.called("the guide").trace_with(guide, vec![Box::new(again)])?.1)
    } else {
        None
    };
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
    let (_, guide) = run.clone().called("the guide").trace(guide)?;
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
            reconstruction: model.log_prob_where(|site| matches!(site.kind, SiteKind::Observed | SiteKind::Factor))?,
            prior: model.log_prob_where(Site::is_latent)?,
            guide: guide.log_prob_where(|_| true)?,
            parts,
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
        for site in self.model.latents() {
            push(TermKind::Prior(site.name.clone()), site.log_prob_sum()?);
        }
        for site in self.guide.latents() {
            push(TermKind::Guide(site.name.clone()), site.log_prob_sum()?);
            let vanishes = site.fresh && site.distribution.as_ref().is_some_and(|distribution| distribution.score_vanishes());
            if needs.vanishing && !vanishes {
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
            if needs.baseline {
                let name = format!("baseline.{}", influence.site);
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

fn reparameterised(site: &Site) -> Result<()> {
    match &site.distribution {
        Some(distribution) if !distribution.is_reparameterised() => {
            let ways_out = if distribution.support().is_discrete() {
                "sum it out by hand in the model (mixtures: a `factor!` of the log-sum-exp), replace it by a continuous relaxation, \
                 or choose an objective that needs no pathwise gradient: `.objective(ScoreFunction::new())`"
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
