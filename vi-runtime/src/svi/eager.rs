//! A step on Burn's tensors with Burn's autodiff: the reference that a compiled step must agree with.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::non_finite::explain;
use super::state::{Memory, SviState};
use super::{Prepared, Settings};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::{Error, Result};
use crate::objective::particle;
use crate::optim::Optimizer;
use crate::program::{ParamScope, Program, Run};

/// The estimate of the ELBO of the state's next step, and the gradient of the loss for each parameter that has one.
pub(super) struct Gradient {
    pub(super) elbo: Tensor<1>,
    pub(super) parameters: Vec<(String, Tensor<1>)>,
}

/// Averages over `particles` draws; `checked` makes every check of the first step.
pub(super) fn gradient<M: Program, P: Program>(
    state: &SviState,
    prepared: &Prepared<M, P>,
    particles: usize,
    validate: bool,
    thorough: bool,
) -> Result<Gradient> {
    let params = state.params()?;
    let scope = ParamScope::tracked(Rc::clone(&params));
    let mut total: Option<Tensor<1>> = None;
    for index in 0..particles {
        let terms = particle(&prepared.model, &prepared.guide, &run(state, prepared, index, scope.clone(), validate), true, thorough)?;
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
    // Burn's gradient of a division by a number rounds it to single precision.
    let elbo = if particles == 1 { total } else { total.mul_scalar((particles as f64).recip()) };
    let leaves = scope.leaves();
    if !elbo.is_tracked() {
        return match leaves.first() {
            Some((name, _)) => Err(Error::MissingGradient { name: name.clone(), step: state.step }),
            None => Err(Error::Config { setting: "model and guide".into(), problem: "there is no parameter to fit".into() }),
        };
    }
    let mut gradients = elbo.clone().neg().backward();
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
    Ok(Gradient { elbo: elbo.inner(), parameters })
}

/// One step; the state is unchanged where it is not finite.
pub(super) fn step<M: Program, P: Program>(settings: &Settings, state: &mut SviState, prepared: &Prepared<M, P>) -> Result<f64> {
    let first = state.step == 0;
    let Gradient { elbo, parameters } = gradient(state, prepared, settings.particles, first || settings.validate, first)?;
    // One read-back a step: a gradient that is not finite makes the sum not finite.
    let sums = parameters.iter().map(|(_, gradient)| gradient.clone().sum());
    let probe = AnyTensor::from(Tensor::cat(std::iter::once(elbo).chain(sums).collect(), 0)).to_f64()?;
    if probe.iter().any(|x| !x.is_finite()) {
        let names: Vec<&str> = parameters.iter().map(|(name, _)| name.as_str()).collect();
        return Err(not_finite(settings, state, prepared, &names, &probe)?);
    }
    apply(&*settings.optimizer, &state.memory, state.step, parameters)?;
    state.step += 1;
    Ok(probe[0])
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
    let runs = (0..settings.particles).map(|index| run(state, prepared, index, plain.clone(), true));
    Ok(explain(state.step, prepared, runs, names, probe))
}

/// Moves parameters by what the optimiser makes of their gradients.
fn apply(optimizer: &dyn Optimizer, memory: &Memory, step: u64, gradients: Vec<(String, Tensor<1>)>) -> Result<()> {
    let params = memory.recall()?;
    let (mut store, mut optim) = (params.borrow_mut(), memory.optim.borrow_mut());
    for (name, gradient) in gradients {
        let Some(entry) = store.entry_mut(&name) else { continue };
        let shape = entry.unconstrained.shape();
        let value: Tensor<1> = entry.unconstrained.reshaped(&[entry.unconstrained.len()]).typed(&name)?;
        let moved = optimizer.update(step, value, gradient, optim.entry(name).or_default());
        entry.unconstrained = AnyTensor::from(moved).reshaped(&shape);
    }
    Ok(())
}
