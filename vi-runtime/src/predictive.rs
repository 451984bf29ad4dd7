//! Simulation: prior and posterior draws, predictions, and the log joint at given values.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result, list};
use crate::noise::HostNoise;
use crate::objective::collapsed::conditionals;
use crate::objective::pairing::Pair;
use crate::operand::Placement;
use crate::program::handler::{Handler, Substitute};
use crate::program::{DrawsSource, Observations, ParamScope, Program, Run, Site, SiteKind, Trace};
use crate::svi::placement;
use vi_graph::Key;

/// Which sites a simulation keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Draw {
    /// Latent and deterministic sites; observed values stay.
    Posterior,
    /// Observed sites, all simulated, and deterministic ones.
    Predictive,
    /// Everything, observed sites simulated.
    Everything,
}

impl Draw {
    pub(crate) fn keeps(self, kind: SiteKind) -> bool {
        match self {
            Draw::Posterior => matches!(kind, SiteKind::Latent | SiteKind::Deterministic),
            Draw::Predictive => matches!(kind, SiteKind::Observed | SiteKind::Deterministic),
            Draw::Everything => kind != SiteKind::Factor,
        }
    }
}

/// Runs `program` `draws` times: where there is a guide, on its draws, and on draws of the sites that the fitted model integrates out.
pub(crate) fn draw<N: Program, M: Program, P: Program>(
    program: &N,
    fitted: Option<(&M, &P)>,
    scope: ParamScope,
    key: Key,
    placement: &Placement,
    draws: usize,
    what: Draw,
) -> Result<DrawsSource> {
    if draws == 0 {
        return Err(Error::Config { setting: "draws".into(), problem: "0; ask for at least one".into() });
    }
    let mut source = DrawsSource::default();
    let mut runs = fitted.map(|(model, _)| Given::new(model));
    for i in 0..draws {
        // All draws share one subsample, so that they can be stacked.
        let run = Run::new(key.fold_in(i as u64), placement.clone()).plate_key(key).params(scope.clone()).density(false);
        let observations = if what == Draw::Posterior { Observations::SimulateMissing } else { Observations::SimulateAll };
        let given = match (fitted, &mut runs) {
            (Some((_, guide)), Some(runs)) => runs.on(&run, run.clone().of_guide().trace(guide)?.1, i == 0)?,
            _ => Values::default(),
        };
        // Predictions draw from other streams than the guide's latents.
        let run = Run { key: run.key.site("model"), ..run }.observations(observations).called("the model");
        let (_, trace) = run.trace_with(program, given.handlers)?;
        source.push(trace.sites().filter(|site| what.keeps(site.kind) && !(what == Draw::Posterior && given.names.lack(site))));
    }
    Ok(source)
}

/// Runs of a fitted model on draws of its guide.
pub(crate) struct Given<'a, M> {
    model: &'a M,
    /// Whether it integrates sites out, as far as is known.
    collapses: bool,
}

/// What gives the sites of a run their values.
#[derive(Default)]
pub(crate) struct Values {
    pub(crate) handlers: Vec<Box<dyn Handler>>,
    pub(crate) names: Names,
}

/// The sites that have values of the posterior.
#[derive(Default)]
pub(crate) struct Names(Vec<String>);

impl Names {
    /// Whether a site was drawn from its prior, because the fit summed it out: no draw of the posterior.
    pub(crate) fn lack(&self, site: &Site) -> bool {
        site.strategy.is_some() && !self.0.contains(&site.name)
    }
}

impl<'a, M: Program> Given<'a, M> {
    pub(crate) fn new(model: &'a M) -> Self {
        Given { model, collapses: true }
    }

    /// The guide's draw, and a draw of each site that the model integrates out given it; `thorough` for the first.
    ///
    /// # Errors
    /// Those of a run of the model.
    pub(crate) fn on(&mut self, run: &Run, guide: Trace, thorough: bool) -> Result<Values> {
        let guide = Rc::new(guide);
        let mut names: Vec<String> = guide.latents().map(|site| site.name.clone()).collect();
        let mut handlers: Vec<Box<dyn Handler>> = vec![Box::new(Pair { guide: Rc::clone(&guide), thorough })];
        if self.collapses {
            let mut values = BTreeMap::new();
            for (site, distribution) in conditionals(self.model, run, &guide, thorough)? {
                let value = distribution.draw(&mut HostNoise::new(run.key.site(&site), run.placement.clone()))?.value;
                values.insert(site, value);
            }
            self.collapses = !values.is_empty();
            names.extend(values.keys().cloned());
            handlers.push(Box::new(Substitute::new(values)));
        }
        Ok(Values { handlers, names: Names(names) })
    }
}

/// Simulates a program from its prior: every site, observed ones included.
///
/// # Errors
/// Those of a run; [`Error::Config`] for 0 draws.
pub fn prior_predictive<M: Program>(model: &M, draws: usize, seed: u64) -> Result<DrawsSource> {
    let placement = placement(model, None, None)?;
    draw::<M, M, M>(model, None, ParamScope::plain(Rc::default()), Key::new(seed), &placement, draws, Draw::Everything)
}

/// `log p(x, z)` of a program at given values of all its latent sites, in nats, summed in double precision.
///
/// # Errors
/// [`Error::Unknown`] where a name is no latent site or a latent site has no value; shapes that do not fit.
pub fn log_joint<M: Program, N: Into<String>, T: Into<AnyTensor>>(model: &M, values: impl IntoIterator<Item = (N, T)>) -> Result<f64> {
    let placement = placement(model, None, None)?;
    let values: BTreeMap<String, AnyTensor> =
        values.into_iter().map(|(name, value)| (name.into(), value.into().place(&placement.device, placement.dtype))).collect();
    let names: Vec<String> = values.keys().cloned().collect();
    let run = Run::new(Key::new(0), placement).validate(true).called("the model");
    let (_, trace) = run.trace_with(model, vec![Box::new(Substitute::new(values))])?;
    for site in trace.latents() {
        if !names.contains(&site.name) {
            return Err(Error::Unknown { what: "given value", name: site.name.clone(), available: list(&names) });
        }
    }
    if let Some(name) = names.iter().find(|name| trace.get(name).is_none_or(|site| !site.is_latent())) {
        return Err(Error::Unknown { what: "latent site", name: name.clone(), available: list(trace.latents().map(|site| &site.name)) });
    }
    trace.log_prob_in_double()
}
