//! Stochastic variational inference: the builder, the step, the run.

mod compiled;
mod eager;
mod non_finite;
mod staged;
mod state;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use burn::tensor::{Device, FloatDType, Tensor};

use crate::any_tensor::AnyTensor;
use crate::compile::elbo_graph;
use crate::device;
use crate::error::{Error, Result};
use crate::execution::Execution;
use crate::fit::Fit;
use crate::guide::Guide;
use crate::objective::influence::Dependencies;
use crate::objective::{Elbo, Objective, Pathwise, StickingTheLanding, Terms, enumerates, summed};
use crate::operand::Placement;
use crate::optim::{Adam, Averaging, Descent, Optimizer};
use crate::program::arg::Fingerprint;
use crate::program::{ParamScope, Program, Run, compare_ranks};
use crate::progress::Progress;
use crate::stop::{Monitor, Stop, Stopped};
use compiled::Plans;
use vi_graph::interpret::interpret;
use vi_graph::ir::Data;
use vi_graph::{Graph, Key};

pub(crate) use state::Memory;
pub use state::SviState;

/// Fits a guide to a model by maximising the ELBO.
///
/// The defaults: the ELBO with gradients that stick the landing, seed 0, the device of the model's first tensor and its precision. How
/// the steps are made follows from what is chosen:
/// - nothing of [`optimizer`](Self::optimizer), [`averaging`](Self::averaging), [`steps`](Self::steps) and [`stop`](Self::stop):
///   Adam at a rate that is divided by four as soon as the parameters are stationary at it, up to three times, the mean of the iterates
///   at each rate, until that mean stays the same; at most 10 000 steps. Where the guide lives in units of the posterior
///   ([`Guide::units`]), the first rate is 0.05 (of more than 10 elements less, with the root of their number) and a step averages over 8 particles, at each new rate over twice as many; else the
///   first rate is 0.01, of one particle. In units of the posterior, a compiled fit also takes the [`Pathwise`] gradient where that
///   scatters less at the start: it does where independent elements approximate a correlated posterior.
/// - anything of them: Adam with learning rate 0.01, 10 000 steps, one particle, the last iterate, for what is not.
#[derive(Debug)]
pub struct Svi<M: Program, G: Guide<M>> {
    model: M,
    guide: G,
    settings: Settings,
    steps: u64,
    stop: Option<Stop>,
    /// Whether neither the rule of descent nor its length was chosen.
    staged: bool,
    /// Whether the number of particles was not.
    own_particles: bool,
    /// Whether the objective was not.
    own_objective: bool,
    seed: u64,
    device: Option<Device>,
    dtype: Option<FloatDType>,
    progress: Option<bool>,
    limit: u64,
    prepared: OnceCell<Prepared<M, G::Program>>,
    plans: RefCell<Plans>,
}

/// What a step needs to know.
#[derive(Clone, Debug)]
struct Settings {
    descent: Descent,
    objective: Rc<dyn Objective>,
    /// What depends on the sites without a pathwise gradient, once that was looked for.
    dependencies: OnceCell<Dependencies>,
    particles: usize,
    validate: bool,
    execution: Execution,
}

#[derive(Clone, Debug)]
pub(crate) struct Prepared<M, P> {
    pub(crate) model: M,
    pub(crate) guide: P,
    pub(crate) placement: Placement,
    /// The most entries of a table over the values of enumerated sites.
    pub(crate) limit: u64,
}

impl<M: Program + Clone, G: Guide<M>> Svi<M, G> {
    /// Pairs a model with a guide; a site of different rank in the two does not build.
    pub fn new(model: &M, guide: G) -> Self {
        const {
            compare_ranks((M::SITES.names, &M::SITES.ranks), (G::SITES.names, &G::SITES.ranks));
        }
        Svi {
            model: model.clone(),
            guide,
            settings: Settings {
                descent: Descent::new(Adam::new(0.01)),
                objective: Rc::new(StickingTheLanding),
                dependencies: OnceCell::new(),
                particles: 1,
                validate: false,
                execution: Execution::Auto,
            },
            steps: 10_000,
            stop: None,
            staged: true,
            own_particles: true,
            own_objective: true,
            seed: 0,
            device: None,
            dtype: None,
            progress: None,
            limit: ENUMERATION_LIMIT,
            prepared: OnceCell::new(),
            plans: RefCell::default(),
        }
    }

    /// The rule of descent.
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Optimizer + 'static) -> Self {
        self.settings.descent.choose(optimizer);
        self.staged = false;
        self
    }

    /// The mean of the iterates that the fit uses in the place of the last one; by default none.
    ///
    /// The steps go on from the last iterate, which [`Fit::state`] has.
    #[must_use]
    pub fn averaging(mut self, averaging: Averaging) -> Self {
        self.settings.descent.averaging = Some(averaging);
        self.staged = false;
        self
    }

    /// What the steps climb: a bound, and how its gradient is estimated.
    #[must_use]
    pub fn objective(mut self, objective: impl Objective + 'static) -> Self {
        self.settings.descent.set_baselines(objective.baseline_rate());
        self.settings.objective = Rc::new(objective);
        self.own_objective = false;
        self.settings.dependencies.take();
        self.plans.take();
        self
    }

    /// How many steps [`run`](Self::run) makes: where the fit may [`stop`](Self::stop) earlier, the most.
    #[must_use]
    pub fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self.staged = false;
        self
    }

    /// What ends a run before the last of its steps; by default nothing does. [`Fit::stopped`] has the reason.
    ///
    /// ```
    /// # use vi_runtime::prelude::*;
    /// # #[model] fn coin() { sample!("p", Beta::new(2.0, 3.0)); }
    /// # fn main() -> Result<()> {
    /// let fit = Svi::new(&coin(), AutoNormal::new()).steps(50_000).stop(Drift::new(0.1)).run()?;
    /// println!("{}", fit.stopped());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn stop(mut self, stop: impl Into<Stop>) -> Self {
        self.stop = Some(stop.into());
        self.staged = false;
        self
    }

    /// How many estimates each step averages over; each takes as many draws of the guide as the objective has samples.
    #[must_use]
    pub fn particles(mut self, particles: usize) -> Self {
        self.settings.particles = particles;
        self.own_particles = false;
        self.plans.take();
        self
    }

    /// The most entries that a table over the values of enumerated sites may have, 16 million by default; an eager step, which runs the
    /// programs at every joint value, makes at most 4 096 runs a draw, or as many as this if it is less.
    #[must_use]
    pub fn enumeration_limit(mut self, entries: u64) -> Self {
        self.limit = entries;
        self.prepared.take();
        self.plans.take();
        self
    }

    /// How the steps are run: by itself a fit is compiled where it can be.
    #[must_use]
    pub fn execution(mut self, execution: Execution) -> Self {
        self.settings.execution = execution;
        self.plans.take();
        self
    }

    /// The seed of every random number of the fit.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The device to fit on; the arguments of model and guide are moved there.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.device = Some(device.inner());
        self.prepared = OnceCell::new();
        self.plans.take();
        self
    }

    /// The precision to fit in; float arguments are converted.
    #[must_use]
    pub fn dtype(mut self, dtype: FloatDType) -> Self {
        self.dtype = Some(dtype);
        self.prepared = OnceCell::new();
        self.plans.take();
        self
    }

    /// Checks every distribution parameter and every observed value in every step, not only in the first.
    ///
    /// Each check reads values back, so that the steps cannot be compiled.
    #[must_use]
    pub fn validate(mut self, validate: bool) -> Self {
        self.settings.validate = validate;
        self.plans.take();
        self
    }

    /// Shows a progress bar or not; by default where standard error is a terminal.
    #[must_use]
    pub fn progress(mut self, progress: bool) -> Self {
        self.progress = Some(progress);
        self
    }

    /// A fresh state: no parameter exists yet, the first step creates them.
    ///
    /// # Errors
    /// [`Error::Config`] where there is no particle, [`Error::Device`] where the device cannot do the precision.
    pub fn init(&self) -> Result<SviState> {
        self.prepared()?;
        Ok(SviState::new(Key::new(self.seed)))
    }

    fn prepared(&self) -> Result<&Prepared<M, G::Program>> {
        if let Some(prepared) = self.prepared.get() {
            return Ok(prepared);
        }
        if self.settings.particles == 0 {
            return Err(Error::Config { setting: "particles".into(), problem: "0; a step needs at least one".into() });
        }
        self.settings.objective.check()?;
        if let Some(averaging) = self.settings.descent.averaging {
            averaging.check()?;
        }
        let placement = placement(&self.model, self.device.clone(), self.dtype)?;
        let model = self.model.place(&placement);
        let guide = self.guide.prepare(&model, &placement, Key::new(self.seed))?;
        Ok(self.prepared.get_or_init(|| Prepared { model, guide, placement, limit: self.limit }))
    }

    /// One step: estimates the gradient of the ELBO, moves the parameters, and returns the estimate of the ELBO.
    ///
    /// # Errors
    /// Disagreements of model and guide, invalid parameters or data (checked in the first step), and
    /// [`Error::NonFinite`] with the site where a number stopped being finite; the state is then unchanged.
    pub fn step(&self, state: &mut SviState) -> Result<f64> {
        let prepared = self.prepared()?;
        self.step_of(state, prepared, None)
    }

    /// One step on other arguments, such as the next batch: `model` and `guide` are the same programs bound anew.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_with(&self, state: &mut SviState, model: &M, guide: &G) -> Result<f64> {
        let first = self.prepared()?;
        let (placement, model) = (first.placement.clone(), model.place(&first.placement));
        let guide = guide.rebind(&model, &first.guide, &placement);
        let prepared = Prepared { model, guide, placement, limit: self.limit };
        let mut key = Fingerprint::default();
        prepared.model.fingerprint(&mut key);
        prepared.guide.fingerprint(&mut key);
        self.step_of(state, &prepared, Some(key))
    }

    /// `key` is absent for the programs that the fit was made with, whose tensors never change.
    fn step_of(&self, state: &mut SviState, prepared: &Prepared<M, G::Program>, key: Option<Fingerprint>) -> Result<f64> {
        let plan = self.plans.borrow_mut().choose(&self.settings, state, prepared, key)?;
        match plan {
            Some(plan) => compiled::step(&self.settings, state, prepared, &plan),
            None => eager::step(&self.settings, state, prepared).map_err(|error| self.plans.borrow().beside(error)),
        }
    }

    /// What a compiled step computes, after all passes: the ELBO, then the gradient of the loss for each parameter.
    ///
    /// Its `to_string` is a list of operations, [`graph::print::dot`](crate::graph::print::dot) a picture for Graphviz.
    ///
    /// # Errors
    /// As [`step`](Self::step); [`Error::Unsupported`] with the reason where the steps are run eagerly.
    pub fn graph(&self, state: &SviState) -> Result<Graph> {
        let mut plans = self.plans.borrow_mut();
        match plans.choose(&self.settings, state, self.prepared()?, None)? {
            Some(plan) => Ok(plan.graph().clone()),
            None => Err(Error::Unsupported { what: "the graph of a step".into(), problem: format!("steps are {}", plans.executed()) }),
        }
    }

    /// Estimates the ELBO at the current parameters from `draws` draws of the guide, without autodiff.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn evaluate(&self, state: &SviState, draws: usize) -> Result<Elbo> {
        evaluate(self.prepared()?, state, draws)
    }

    /// Makes all steps and returns the fit.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn run(self) -> Result<Fit<M, G::Program>> {
        let state = self.init()?;
        self.resume(state)
    }

    /// Makes all steps from a state that [`init`](Self::init) or an earlier fit gave.
    ///
    /// # Errors
    /// As [`step`](Self::step); [`Error::Config`] where the steps end before a schedule of the objective.
    pub fn resume(mut self, mut state: SviState) -> Result<Fit<M, G::Program>> {
        if self.staged {
            return self.descend(state);
        }
        self.ends_annealed(&state, self.steps)?;
        let mut history = Vec::new();
        let mut progress = Progress::new(self.steps, self.progress);
        let (mut monitor, mut stopped) = (Monitor::new(self.stop.as_ref(), self.annealed(&state))?, Stopped::Steps);
        let own = self.settings.descent.averaging.is_none();
        for _ in 0..self.steps {
            let elbo = self.step(&mut state)?;
            history.push(elbo);
            progress.step(elbo);
            if let Some(reason) = monitor.look(&history, &state, &mut self.settings.descent.averaging, own)? {
                stopped = reason;
                break;
            }
        }
        progress.finish();
        self.finish(state, history, stopped)
    }

    /// Makes a step on each part of the data that `feed` gives, bound to the programs by `bind`, and returns the fit with
    /// the programs that it was made with, as a rule those of the whole data.
    ///
    /// [`Batches`](crate::Batches) is such a feed; what [`steps`](Self::steps) says does not count. Local latents, one for each row,
    /// need a guide by hand that takes the index of the part.
    ///
    /// # Errors
    /// Those of `bind`, and as [`step`](Self::step); [`Error::Config`] where the feed is known to end before a schedule of the objective.
    pub fn run_over<T>(
        mut self,
        feed: impl IntoIterator<Item = T>,
        mut bind: impl FnMut(T) -> Result<(M, G)>,
    ) -> Result<Fit<M, G::Program>> {
        let (mut state, feed) = (self.init()?, feed.into_iter());
        if let (_, Some(most)) = feed.size_hint() {
            self.ends_annealed(&state, most as u64)?;
        }
        let mut history = Vec::new();
        let (mut monitor, mut stopped) = (Monitor::new(self.stop.as_ref(), self.annealed(&state))?, Stopped::Steps);
        let own = self.settings.descent.averaging.is_none();
        for part in feed {
            let (model, guide) = bind(part)?;
            history.push(self.step_with(&mut state, &model, &guide)?);
            if let Some(reason) = monitor.look(&history, &state, &mut self.settings.descent.averaging, own)? {
                stopped = reason;
                break;
            }
        }
        self.finish(state, history, stopped)
    }

    /// How many steps from a state on the divergence counts less than at the end.
    fn annealed(&self, state: &SviState) -> usize {
        usize::try_from(self.settings.objective.annealing_steps().saturating_sub(state.step())).unwrap_or(usize::MAX)
    }

    /// # Errors
    /// [`Error::Config`] where a run of `steps` ends before the divergence counts as it is meant to.
    fn ends_annealed(&self, state: &SviState, steps: u64) -> Result<()> {
        let left = self.annealed(state) as u64;
        if steps == 0 || left <= steps {
            return Ok(());
        }
        let problem = format!("it has {left} more steps, but the run makes at most {steps}, and its result would be that of another loss");
        Err(Error::Config { setting: "KL schedule".into(), problem })
    }

    fn finish(self, state: SviState, history: Vec<f64>, stopped: Stopped) -> Result<Fit<M, G::Program>> {
        let prepared = self.prepared()?.clone_parts();
        if state.memory.recall()?.borrow().is_empty() {
            // No step was made; one draw creates the parameters, so that the guide can be looked at as it starts.
            evaluate(&prepared, &state, 1)?;
        }
        let executed = self.plans.borrow().executed();
        let averaged = match self.settings.descent.averaging {
            Some(_) => Some(state.averaged()?),
            None => None,
        };
        Ok(Fit::new(prepared, (state, averaged), history, executed, stopped))
    }
}

impl<M: Program + Clone, P: Program + Clone> Prepared<M, P> {
    fn clone_parts(&self) -> Self {
        Prepared { model: self.model.clone(), guide: self.guide.clone(), placement: self.placement.clone(), limit: self.limit }
    }
}

/// Where a program's tensors shall live: as asked for, else where its first tensor is.
pub(crate) fn placement<M: Program>(model: &M, device: Option<Device>, dtype: Option<FloatDType>) -> Result<Placement> {
    let (mut first, mut first_float) = (None, None);
    model.visit_tensors(&mut |tensor| {
        first.get_or_insert_with(|| tensor.device());
        if tensor.dtype().is_float() {
            first_float.get_or_insert_with(|| FloatDType::from(tensor.dtype()));
        }
    });
    let device = device.or(first).unwrap_or_else(device::default);
    let dtype = dtype.or(first_float).unwrap_or(FloatDType::F32);
    device::check(&device, dtype)?;
    Ok(Placement { device, dtype })
}

/// See [`Svi::enumeration_limit`].
pub(crate) const ENUMERATION_LIMIT: u64 = 1 << 24;

/// Labels that keep the streams of evaluation and prediction apart from those of the steps.
pub(crate) const EVALUATE: u64 = u64::MAX;

pub(crate) fn evaluate<M: Program, P: Program>(prepared: &Prepared<M, P>, state: &SviState, draws: usize) -> Result<Elbo> {
    if draws == 0 {
        return Err(Error::Config { setting: "draws".into(), problem: "0; an estimate needs at least one".into() });
    }
    let key = state.key.fold_in(EVALUATE).fold_in(state.step);
    let scope = ParamScope::plain(state.params()?);
    let mut terms = Vec::with_capacity(draws);
    let run = |index: usize| Run::new(key.fold_in(index as u64), prepared.placement.clone()).params(scope.clone());
    if enumerates(&prepared.model, &prepared.guide, &run(0))?
        && let Some(terms) = summed_in_graph(prepared, state, (0..draws).map(|index| key.fold_in(index as u64)))?
    {
        return Ok(Elbo::of(&terms));
    }
    for index in 0..draws {
        // Each draw has its own subsample: the average is over subsamples as well.
        let run = run(index);
        let Terms { reconstruction, prior, guide, .. } = summed(&prepared.model, &prepared.guide, &run, prepared.limit, index == 0)?;
        let (reconstruction, kl) = (read(reconstruction)?, read(guide)? - read(prior)?);
        terms.push((reconstruction, kl));
    }
    Ok(Elbo::of(&terms))
}

/// Reconstruction and divergence at each key, enumerated sites summed out of them in a graph; absent where there is none.
fn summed_in_graph<M: Program, P: Program>(
    prepared: &Prepared<M, P>,
    state: &SviState,
    keys: impl Iterator<Item = Key>,
) -> Result<Option<Vec<(f64, f64)>>> {
    let Prepared { model, guide, placement, limit } = prepared;
    let params = state.params()?;
    let Ok(graph) = elbo_graph(model, guide, placement, &params, &Pathwise, *limit) else { return Ok(None) };
    let mut terms = Vec::new();
    for key in keys {
        let inputs = graph.inputs(model, guide, placement, &params, key)?;
        let values = interpret(&graph.graph, &inputs, key)
            .map_err(|error| Error::Unsupported { what: "evaluating the sum over enumerated sites".into(), problem: error.to_string() })?;
        let value = |output: Option<usize>| match output.map(|output| &values[output]) {
            Some(Data::Float(x)) => x.iter().sum(),
            _ => 0.0,
        };
        terms.push((value(graph.reconstruction), value(graph.guide) - value(graph.prior)));
    }
    Ok(Some(terms))
}

fn read(term: Option<Tensor<1>>) -> Result<f64> {
    match term {
        Some(term) => Ok(AnyTensor::from(term).to_f64()?.iter().sum()),
        None => Ok(0.0),
    }
}
