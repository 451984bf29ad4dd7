//! A step on Burn's tensors with Burn's autodiff: the reference that a compiled step must agree with.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::non_finite::explain;
use super::state::{Memory, SviState};
use super::{Prepared, Settings};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::compile;
use crate::error::{Error, Result};
use crate::objective::influence::Dependencies;
use crate::objective::{Estimate, Particles, TermKind, evaluated, particle};
use crate::optim::Descent;
use crate::program::{ParamScope, Program, Run};

/// The estimate of the bound of the state's next step, and the gradient of the loss for each parameter that has one.
pub(super) struct Gradient {
    pub(super) bound: Tensor<1>,
    pub(super) parameters: Vec<(String, Tensor<1>)>,
    /// The largest term, without its sign: what rounding is to be compared with.
    pub(super) magnitude: Tensor<1>,
}

/// Makes `particles` estimates; `validate` and `thorough` make every check of the first step.
pub(super) fn gradient<M: Program, P: Program>(
    settings: &Settings,
    state: &SviState,
    prepared: &Prepared<M, P>,
    particles: usize,
    validate: bool,
    thorough: bool,
) -> Result<Gradient> {
    let params = state.params()?;
    let scope = ParamScope::tracked(Rc::clone(&params));
    let objective = &settings.objective;
    let dependencies = dependencies(settings, state, prepared, validate)?;
    let mut rows: Vec<(TermKind, Vec<Tensor<1>>)> = Vec::new();
    let lanes = particles * objective.samples();
    for index in 0..lanes {
        let run = run(state, prepared, index, scope.clone(), validate);
        let terms = particle(&prepared.model, &prepared.guide, &run, (&**objective, prepared.limit), dependencies, thorough)?;
        for (kind, part) in terms.parts {
            match rows.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, row)) => row.push(part),
                None => rows.push((kind, vec![part])),
            }
        }
    }
    if let Some((kind, _)) = rows.iter().find(|(_, row)| row.len() != lanes) {
        let problem = format!("{kind:?} occurred in some draws of a step only; an objective compares all of them");
        return Err(Error::Unsupported { what: "a program that changes its sites".into(), problem });
    }
    let parts: Vec<(TermKind, Tensor<2>)> = rows.into_iter().map(|(kind, row)| (kind, Tensor::stack(row, 0))).collect();
    let largest = parts.iter().map(|(_, part)| part.clone().inner().abs().max());
    let magnitude = largest.reduce(|largest, part| largest.max_pair(part));
    let weight = objective
        .kl_weight(state.step)
        .zip(parts.first())
        .map(|(weight, (_, part))| Tensor::<1>::from_data([weight], (&prepared.placement.device, part.dtype())));
    let (Some(draws), Some(magnitude)) = (Particles::new(parts, particles, objective.samples(), weight), magnitude) else {
        return Err(Error::Config { setting: "model and guide".into(), problem: "neither has a site with a density".into() });
    };
    let Estimate { bound, loss } = objective.estimate(&draws);
    let leaves = scope.leaves();
    if !loss.is_tracked() {
        return match leaves.first() {
            Some((name, _)) => Err(Error::MissingGradient { name: name.clone(), step: state.step }),
            None => Err(Error::Config { setting: "model and guide".into(), problem: "there is no parameter to fit".into() }),
        };
    }
    let mut gradients = loss.backward();
    let mut parameters = Vec::with_capacity(leaves.len());
    for (name, leaf) in &leaves {
        let gradient = each_rank!(leaf.rank(), D => {
            leaf.typed::<D, burn::tensor::Float>(name)?.grad_remove(&mut gradients).map(|g| g.reshape([-1]))
        });
        parameters.extend(gradient.map(|gradient| (name.clone(), gradient)));
    }
    let read: Vec<&str> = leaves.iter().map(|(name, _)| name.as_str()).collect();
    let moved: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    params.borrow().missing_gradient(&read, &moved, state.step)?;
    Ok(Gradient { bound: bound.inner(), parameters, magnitude })
}

/// One step; the state is unchanged where it is not finite.
pub(super) fn step<M: Program, P: Program>(settings: &Settings, state: &mut SviState, prepared: &Prepared<M, P>) -> Result<f64> {
    let first = state.step == 0;
    let Gradient { bound, parameters, .. } = gradient(settings, state, prepared, settings.particles, first || settings.validate, first)?;
    // One read-back a step: a gradient that is not finite makes the sum not finite.
    let sums = parameters.iter().map(|(_, gradient)| gradient.clone().sum());
    let probe = AnyTensor::from(Tensor::cat(std::iter::once(bound).chain(sums).collect(), 0)).to_f64()?;
    if probe.iter().any(|x| !x.is_finite()) {
        let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        return Err(not_finite(settings, state, prepared, &names, &probe)?);
    }
    apply(&settings.descent, &state.memory, state.step, parameters)?;
    state.step += 1;
    Ok(probe[0])
}

/// What depends on the sites without a pathwise gradient; looked for once, in what a run records. Where it cannot be recorded,
/// everything is taken to depend on everything.
pub(super) fn dependencies<'a, M: Program, P: Program>(
    settings: &'a Settings,
    state: &SviState,
    prepared: &Prepared<M, P>,
    validate: bool,
) -> Result<&'a Dependencies> {
    let needs = settings.objective.needs();
    if !needs.score && !needs.exact {
        return Ok(settings.dependencies.get_or_init(Dependencies::default));
    }
    if let Some(known) = settings.dependencies.get() {
        return Ok(known);
    }
    let params = state.params()?;
    let run = run(state, prepared, 0, ParamScope::plain(Rc::clone(&params)), validate);
    let terms = evaluated(&prepared.model, &prepared.guide, &run, true)?;
    let read = compile::dependencies(&prepared.model, &prepared.guide, &prepared.placement, &params);
    Ok(settings.dependencies.get_or_init(|| read.unwrap_or_else(|_| Dependencies::whole(&terms.guide_trace, &terms.model_trace))))
}

/// How particle `index` of the state's next step is run.
pub(super) fn run<M, P>(state: &SviState, prepared: &Prepared<M, P>, index: usize, scope: ParamScope, validate: bool) -> Run {
    let step_key = state.key.fold_in(state.step);
    Run::new(step_key.lane(index as u32), prepared.placement.clone()).plate_key(step_key).params(scope).validate(validate)
}

/// The error of a step whose ELBO or gradient `probe` is not finite: the step is run again, with every check.
pub(super) fn not_finite<M: Program, P: Program>(
    settings: &Settings,
    state: &SviState,
    prepared: &Prepared<M, P>,
    names: &[&str],
    probe: &[f64],
) -> Result<Error> {
    let plain = ParamScope::plain(state.params()?);
    let runs = (0..settings.particles * settings.objective.samples()).map(|index| run(state, prepared, index, plain.clone(), true));
    Ok(explain(state.step, prepared, runs, names, probe))
}

/// Moves parameters by what the optimiser makes of their gradients.
fn apply(descent: &Descent, memory: &Memory, step: u64, gradients: Vec<(String, Tensor<1>)>) -> Result<()> {
    let params = memory.recall()?;
    let (mut store, mut optim) = (params.borrow_mut(), memory.optim.borrow_mut());
    memory.check(&descent.optimizer, &store)?;
    let (mut names, mut tensors, mut states) = (Vec::new(), Vec::new(), Vec::new());
    for (name, gradient) in gradients {
        let Some(entry) = store.entry(&name) else { continue };
        let value: Tensor<1> = entry.unconstrained.reshaped(&[entry.unconstrained.len()]).typed(&name)?;
        tensors.push((value, gradient));
        states.push(optim.remove(&name).unwrap_or_default());
        names.push(name);
    }
    let moved = descent.update(step, names.iter().map(String::as_str), &mut states, tensors);
    for ((name, state), moved) in names.into_iter().zip(states).zip(moved) {
        if let Some(entry) = store.entry_mut(&name) {
            entry.unconstrained = AnyTensor::from(moved).reshaped(&entry.unconstrained.shape());
        }
        optim.insert(name, state);
    }
    Ok(())
}
