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

/// One step; the state is unchanged where it is not finite.
pub(super) fn step<M: Program, P: Program>(settings: &Settings, state: &mut SviState, prepared: &Prepared<M, P>) -> Result<f64> {
    let first = state.step == 0;
    let params = state.memory.recall()?;
    let scope = ParamScope::tracked(Rc::clone(&params));
    let mut total: Option<Tensor<1>> = None;
    for index in 0..settings.particles {
        let run = run(state, prepared, index, scope.clone(), first || settings.validate);
        let terms = particle(&prepared.model, &prepared.guide, &run, true, first)?;
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
    let elbo = if settings.particles == 1 { total } else { total.mul_scalar((settings.particles as f64).recip()) };
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
    let names = || leaves.iter().zip(&received).filter(|(_, gradient)| gradient.is_some()).map(|((name, _), _)| name.as_str());
    {
        let read: Vec<&str> = leaves.iter().map(|(name, _)| name.as_str()).collect();
        let moved: Vec<&str> = names().collect();
        params.borrow().missing_gradient(&read, &moved, state.step)?;
    }
    // One read-back a step: a gradient that is not finite makes the sum not finite.
    let sums = received.iter().flatten().map(|gradient| gradient.clone().sum());
    let probe = AnyTensor::from(Tensor::cat(std::iter::once(elbo.inner()).chain(sums).collect(), 0)).to_f64()?;
    if probe.iter().any(|x| !x.is_finite()) {
        return Err(not_finite(settings, state, prepared, &names().collect::<Vec<_>>(), &probe)?);
    }
    let gradients = leaves.iter().zip(received).filter_map(|((name, _), gradient)| Some((name.as_str(), gradient?)));
    apply(&*settings.optimizer, &state.memory, state.step, gradients)?;
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
pub(super) fn apply<'a>(
    optimizer: &dyn Optimizer,
    memory: &Memory,
    step: u64,
    gradients: impl Iterator<Item = (&'a str, Tensor<1>)>,
) -> Result<()> {
    let params = memory.recall()?;
    let (mut store, mut optim) = (params.borrow_mut(), memory.optim.borrow_mut());
    for (name, gradient) in gradients {
        let Some(entry) = store.entry_mut(name) else { continue };
        let shape = entry.unconstrained.shape();
        let value: Tensor<1> = entry.unconstrained.reshaped(&[entry.unconstrained.len()]).typed(name)?;
        let moved = optimizer.update(step, value, gradient, optim.entry(name.to_owned()).or_default());
        entry.unconstrained = AnyTensor::from(moved).reshaped(&shape);
    }
    Ok(())
}
