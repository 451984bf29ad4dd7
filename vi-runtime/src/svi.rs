//! Stochastic variational inference: the builder, the step, the run.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use burn::tensor::{Device, FloatDType, Tensor};

use crate::any_tensor::{AnyTensor, each_rank};
use crate::device;
use crate::error::{Error, Result};
use crate::fit::Fit;
use crate::guide::Guide;
use vi_graph::Key;
use crate::objective::{Elbo, Terms, particle};
use crate::operand::Placement;
use crate::optim::{Adam, OptimState, Optimizer};
use crate::program::{ParamScope, ParamStore, Program, Run, Site, compare_ranks};
use crate::progress::Progress;

/// Fits a guide to a model by maximising the ELBO.
///
/// The defaults: Adam with learning rate 0.01, 10 000 steps, one particle, seed 0, the device of the model's first
/// tensor and its precision.
#[derive(Debug)]
pub struct Svi<M: Program, G: Guide<M>> {
    model: M,
    guide: G,
    optimizer: Rc<dyn Optimizer>,
    steps: u64,
    particles: usize,
    seed: u64,
    device: Option<Device>,
    dtype: Option<FloatDType>,
    validate: bool,
    progress: Option<bool>,
    prepared: OnceCell<Prepared<M, G::Program>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Prepared<M, P> {
    pub(crate) model: M,
    pub(crate) guide: P,
    pub(crate) placement: Placement,
}

/// All that changes while fitting: parameters, what the optimiser remembers, the key and the step.
pub struct SviState {
    pub(crate) params: Rc<RefCell<ParamStore>>,
    optim: HashMap<String, OptimState>,
    pub(crate) key: Key,
    step: u64,
}

impl std::fmt::Debug for SviState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SviState").field("step", &self.step).field("params", &self.params.borrow()).finish_non_exhaustive()
    }
}

impl SviState {
    /// How many steps have been made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The current constrained value of a parameter.
    ///
    /// # Errors
    /// [`Error::Unknown`] where no step has created it.
    pub fn param(&self, name: &str) -> Result<AnyTensor> {
        self.params.borrow().value(name)
    }

    /// The names of the parameters in the order of first use.
    pub fn param_names(&self) -> Vec<String> {
        self.params.borrow().names().map(str::to_owned).collect()
    }
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
            optimizer: Rc::new(Adam::new(0.01)),
            steps: 10_000,
            particles: 1,
            seed: 0,
            device: None,
            dtype: None,
            validate: false,
            progress: None,
            prepared: OnceCell::new(),
        }
    }

    /// The rule of descent.
    #[must_use]
    pub fn optimizer(mut self, optimizer: impl Optimizer + 'static) -> Self {
        self.optimizer = Rc::new(optimizer);
        self
    }

    /// How many steps [`run`](Self::run) makes.
    #[must_use]
    pub fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// How many draws of the guide each step averages over.
    #[must_use]
    pub fn particles(mut self, particles: usize) -> Self {
        self.particles = particles;
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
        self
    }

    /// The precision to fit in; float arguments are converted.
    #[must_use]
    pub fn dtype(mut self, dtype: FloatDType) -> Self {
        self.dtype = Some(dtype);
        self.prepared = OnceCell::new();
        self
    }

    /// Checks every distribution parameter and every observed value in every step, not only in the first.
    #[must_use]
    pub fn validate(mut self, validate: bool) -> Self {
        self.validate = validate;
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
        Ok(SviState { params: Rc::default(), optim: HashMap::new(), key: Key::new(self.seed), step: 0 })
    }

    fn prepared(&self) -> Result<&Prepared<M, G::Program>> {
        if let Some(prepared) = self.prepared.get() {
            return Ok(prepared);
        }
        if self.particles == 0 {
            return Err(Error::Config { setting: "particles".into(), problem: "0; a step needs at least one".into() });
        }
        let placement = placement(&self.model, self.device.clone(), self.dtype)?;
        let model = self.model.place(&placement);
        let guide = self.guide.prepare(&model, &placement, Key::new(self.seed))?;
        Ok(self.prepared.get_or_init(|| Prepared { model, guide, placement }))
    }

    /// One step: estimates the gradient of the ELBO, moves the parameters, and returns the estimate of the ELBO.
    ///
    /// # Errors
    /// Disagreements of model and guide, invalid parameters or data (checked in the first step), and
    /// [`Error::NonFinite`] with the site where a number stopped being finite; the state is then unchanged.
    pub fn step(&self, state: &mut SviState) -> Result<f64> {
        let prepared = self.prepared()?;
        self.step_of(state, prepared)
    }

    /// One step on other arguments, such as the next batch: `model` and `guide` are the same programs bound anew.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_with(&self, state: &mut SviState, model: &M, guide: &G) -> Result<f64> {
        let first = self.prepared()?;
        let placement = first.placement.clone();
        let prepared = Prepared { model: model.place(&placement), guide: guide.rebind(&first.guide, &placement), placement };
        self.step_of(state, &prepared)
    }

    fn step_of(&self, state: &mut SviState, prepared: &Prepared<M, G::Program>) -> Result<f64> {
        let first = state.step == 0;
        let scope = ParamScope::tracked(Rc::clone(&state.params));
        let step_key = state.key.fold_in(state.step);
        let run = |index: usize, scope: ParamScope, validate: bool| {
            Run::new(step_key.lane(index as u32), prepared.placement.clone()).plate_key(step_key).params(scope).validate(validate)
        };
        let mut total: Option<Tensor<1>> = None;
        for index in 0..self.particles {
            let terms = particle(&prepared.model, &prepared.guide, &run(index, scope.clone(), first || self.validate), true, first)?;
            if let Some(elbo) = terms.elbo() {
                total = Some(match total {
                    Some(total) => total + elbo,
                    None => elbo,
                });
            }
        }
        let Some(total) = total else {
            return Err(Error::Config { setting: "model and guide".into(), problem: "neither has a site with a density".into() });
        };
        let elbo = if self.particles == 1 { total } else { total.div_scalar(self.particles as f64) };
        let leaves = scope.leaves();
        if !elbo.is_tracked() {
            return match leaves.first() {
                Some((name, _)) => Err(Error::MissingGradient { name: name.clone(), step: state.step }),
                None => Err(Error::Config { setting: "model and guide".into(), problem: "there is no parameter to fit".into() }),
            };
        }
        let mut gradients = elbo.clone().neg().backward();
        let mut received = Vec::with_capacity(leaves.len());
        for (name, leaf) in &leaves {
            let gradient = each_rank!(leaf.rank(), D => {
                leaf.typed::<D, burn::tensor::Float>(name)?.grad_remove(&mut gradients).map(|g| g.reshape([-1]))
            });
            received.push(gradient);
        }
        self.missing(state, &leaves, &received)?;
        // One read-back a step: a gradient that is not finite makes the sum not finite.
        let sums = received.iter().flatten().map(|gradient| gradient.clone().sum());
        let probe = AnyTensor::from(Tensor::cat(std::iter::once(elbo.inner()).chain(sums).collect(), 0)).to_f64()?;
        if probe.iter().any(|x| !x.is_finite()) {
            let plain = ParamScope::plain(Rc::clone(&state.params));
            let runs = (0..self.particles).map(|index| run(index, plain.clone(), true));
            let names: Vec<&str> = leaves.iter().zip(&received).filter(|(_, g)| g.is_some()).map(|((name, _), _)| name.as_str()).collect();
            return Err(explain(state.step, prepared, runs, &names, &probe));
        }
        self.apply(state, &leaves, received)?;
        state.step += 1;
        Ok(probe[0])
    }

    /// A parameter that took part must have a gradient; a module may keep weights that this step did not use.
    fn missing(&self, state: &SviState, leaves: &[(String, AnyTensor)], received: &[Option<Tensor<1>>]) -> Result<()> {
        let store = state.params.borrow();
        let modules = store.module_names();
        let module_of = |name: &str| modules.iter().find(|module| name.strip_prefix(**module).is_some_and(|rest| rest.starts_with('.')));
        for ((name, _), gradient) in leaves.iter().zip(received) {
            if gradient.is_some() {
                continue;
            }
            let sibling_has_one = module_of(name)
                .is_some_and(|module| leaves.iter().zip(received).any(|((other, _), g)| g.is_some() && module_of(other) == Some(module)));
            if !sibling_has_one {
                return Err(Error::MissingGradient { name: name.clone(), step: state.step });
            }
        }
        Ok(())
    }

    fn apply(&self, state: &mut SviState, leaves: &[(String, AnyTensor)], received: Vec<Option<Tensor<1>>>) -> Result<()> {
        let mut store = state.params.borrow_mut();
        for ((name, _), gradient) in leaves.iter().zip(received) {
            let (Some(gradient), Some(entry)) = (gradient, store.entry_mut(name)) else { continue };
            let shape = entry.unconstrained.shape();
            let value: Tensor<1> = entry.unconstrained.reshaped(&[entry.unconstrained.len()]).typed(name)?;
            let memory = state.optim.entry(name.clone()).or_default();
            let moved = self.optimizer.update(state.step, value, gradient, memory);
            entry.unconstrained = AnyTensor::from(moved).reshaped(&shape);
        }
        Ok(())
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
    /// As [`step`](Self::step).
    pub fn resume(self, mut state: SviState) -> Result<Fit<M, G::Program>> {
        let mut history = Vec::new();
        let mut progress = Progress::new(self.steps, self.progress);
        for _ in 0..self.steps {
            let elbo = self.step(&mut state)?;
            history.push(elbo);
            progress.step(elbo);
        }
        progress.finish();
        let prepared = self.prepared()?.clone_parts();
        if state.params.borrow().is_empty() {
            // No step was made; one draw creates the parameters, so that the guide can be looked at as it starts.
            evaluate(&prepared, &state, 1)?;
        }
        Ok(Fit::new(prepared, state, history))
    }
}

impl<M: Program + Clone, P: Program + Clone> Prepared<M, P> {
    fn clone_parts(&self) -> Self {
        Prepared { model: self.model.clone(), guide: self.guide.clone(), placement: self.placement.clone() }
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

/// Labels that keep the streams of evaluation and prediction apart from those of the steps.
pub(crate) const EVALUATE: u64 = u64::MAX;

pub(crate) fn evaluate<M: Program, P: Program>(prepared: &Prepared<M, P>, state: &SviState, draws: usize) -> Result<Elbo> {
    if draws == 0 {
        return Err(Error::Config { setting: "draws".into(), problem: "0; an estimate needs at least one".into() });
    }
    let key = state.key.fold_in(EVALUATE).fold_in(state.step);
    let scope = ParamScope::plain(Rc::clone(&state.params));
    let mut terms = Vec::with_capacity(draws);
    for index in 0..draws {
        // Each draw has its own subsample: the average is over subsamples as well.
        let run = Run::new(key.fold_in(index as u64), prepared.placement.clone()).params(scope.clone());
        let Terms { reconstruction, prior, guide, .. } = particle(&prepared.model, &prepared.guide, &run, false, index == 0)?;
        let (reconstruction, kl) = (read(reconstruction)?, read(guide)? - read(prior)?);
        terms.push((reconstruction, kl));
    }
    Ok(Elbo::of(&terms))
}

fn read(term: Option<Tensor<1>>) -> Result<f64> {
    match term {
        Some(term) => Ok(AnyTensor::from(term).to_f64()?.iter().sum()),
        None => Ok(0.0),
    }
}

/// Repeats a step that was not finite with every check on, and names the first place that is wrong.
fn explain<M: Program, P: Program>(
    step: u64,
    prepared: &Prepared<M, P>,
    runs: impl Iterator<Item = Run>,
    names: &[&str],
    probe: &[f64],
) -> Error {
    for run in runs {
        match particle(&prepared.model, &prepared.guide, &run, false, true) {
            Err(error) => return error,
            Ok(terms) => {
                let guide = terms.guide_trace.sites().find_map(bad).map(|(site, value)| (site, value, "the guide's log density"));
                let model = || terms.model_trace.sites().find_map(bad).map(|(site, value)| (site, value, "the model's log density"));
                if let Some((site, value, what)) = guide.or_else(model) {
                    let hint = "the parameters before this step are kept; a smaller learning rate, a bounded support, or data on a smaller scale help";
                    return Error::NonFinite { step, site, what: what.to_owned(), value, hint: hint.to_owned() };
                }
            }
        }
    }
    let wrong = probe.iter().skip(1).position(|x| !x.is_finite());
    let (what, site) = match wrong.and_then(|i| names.get(i)) {
        Some(name) => ("the gradient of a parameter", (*name).to_owned()),
        None => ("the ELBO", "all sites together".to_owned()),
    };
    let value = probe.iter().copied().find(|x| !x.is_finite()).unwrap_or(f64::NAN);
    Error::NonFinite { step, site, what: what.to_owned(), value, hint: "the parameters before this step are kept".to_owned() }
}

fn bad(site: &Site) -> Option<(String, f64)> {
    let sum: f64 = AnyTensor::from(site.log_prob_sum().ok()??).to_f64().ok()?.iter().sum();
    (!sum.is_finite()).then(|| (site.name.clone(), sum))
}
