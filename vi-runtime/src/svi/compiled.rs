//! Which plan a step runs, and the step.

use std::rc::Rc;

use super::eager::{self, Gradient};
use super::state::SviState;
use super::{Prepared, Settings};
use crate::any_tensor::AnyTensor;
use crate::compile::{Failure, Plan, Refusal, Stepped};
use crate::error::{Error, Result};
use crate::execution::{Executed, Execution};
use crate::objective::at_one_value;
use crate::program::arg::Fingerprint;
use crate::program::{ParamScope, Program};

/// How many plans a fit keeps: batches have few shapes, and an argument that is new in each step would have one of its own.
const MOST: usize = 32;

/// The plans of a fit: one for the programs that it was made with, one for each key of others.
#[derive(Debug, Default)]
pub(super) struct Plans {
    known: Vec<(Option<Fingerprint>, Rc<Plan>)>,
    refusal: Option<Refusal>,
    executed: Option<Executed>,
}

impl Plans {
    /// How the last step was run.
    pub(super) fn executed(&self) -> Executed {
        self.executed.clone().unwrap_or(Executed::Eager)
    }

    /// The error of an eager step, with the reason why it was no compiled one.
    pub(super) fn beside(&self, error: Error) -> Error {
        match &self.executed {
            Some(Executed::FellBack(refusal)) => refusal.beside(error),
            _ => error,
        }
    }

    /// The plan for these programs, with their tensors bound; absent where the step is to be run eagerly.
    ///
    /// # Errors
    /// Those of a run of model and guide; a program that cannot be compiled where it has to be.
    pub(super) fn choose<M: Program, P: Program>(
        &mut self,
        settings: &Settings,
        state: &SviState,
        prepared: &Prepared<M, P>,
        key: Option<Fingerprint>,
    ) -> Result<Option<Rc<Plan>>> {
        if settings.execution == Execution::Eager || self.refusal.is_some() {
            self.executed = Some(self.refusal.clone().map_or(Executed::Eager, Executed::FellBack));
            return Ok(None);
        }
        if let Some((_, plan)) = self.known.iter().find(|(known, _)| *known == key) {
            if key.is_some() {
                plan.bind(&prepared.model, &prepared.guide)?;
            }
            self.executed = Some(Executed::Compiled);
            return Ok(Some(Rc::clone(plan)));
        }
        if self.known.len() >= MOST {
            if settings.execution == Execution::Auto {
                let reason =
                    format!("the shapes and plain arguments of the programs have taken {MOST} values; what changes should be a tensor");
                self.executed = Some(Executed::FellBack(Refusal::new(reason)));
                return Ok(None);
            }
            self.known.remove(0);
        }
        match compile(settings, state, prepared, key.is_some()) {
            Ok(plan) => {
                self.known.push((key, Rc::clone(&plan)));
                self.executed = Some(Executed::Compiled);
                Ok(Some(plan))
            }
            Err(Failure::Error(error)) => Err(error),
            Err(Failure::Refused(refusal)) if settings.execution == Execution::Compiled => Err(refusal.error("compiling the programs")),
            Err(Failure::Refused(refusal)) => {
                self.executed = Some(Executed::FellBack(refusal.clone()));
                self.refusal = Some(refusal);
                Ok(None)
            }
        }
    }
}

fn compile<M: Program, P: Program>(
    settings: &Settings,
    state: &SviState,
    prepared: &Prepared<M, P>,
    fed: bool,
) -> Result<Rc<Plan>, Failure> {
    if settings.validate {
        return Err(Refusal::new("validation reads the values of every step").into());
    }
    let mut key = Fingerprint::default();
    prepared.model.fingerprint(&mut key);
    prepared.guide.fingerprint(&mut key);
    if let (Some(handler), Execution::Auto) = (key.unknown(), settings.execution) {
        let reason = format!("the handler {handler} may do something else in each run (it has no `fingerprint`)");
        return Err(Refusal::new(reason).into());
    }
    // The first run of new shapes: it creates the parameters, and every check is made.
    let reference = match eager::gradient(settings, state, prepared, 1, true, true) {
        // The sum is too long to be made term by term: one of its terms creates the parameters.
        Err(Error::Enumeration { .. }) => {
            first_run(settings, state, prepared)?;
            None
        }
        gradient => Some(gradient?),
    };
    let params = state.params()?;
    let plan = |particles: usize| {
        let what = (particles, &*settings.objective, prepared.limit);
        let plan = Plan::compile(&prepared.model, &prepared.guide, &prepared.placement, &params, what, state.step, fed).map(Rc::new)?;
        plan.bind(&prepared.model, &prepared.guide)?;
        Ok::<_, Failure>(plan)
    };
    let single = plan(1)?;
    if let Some(reference) = &reference {
        agrees(settings, state, &single, reference)?;
    }
    if settings.particles == 1 { Ok(single) } else { plan(settings.particles) }
}

/// The first run of a new state: it creates the parameters, and every check is made.
fn first_run<M: Program, P: Program>(settings: &Settings, state: &SviState, prepared: &Prepared<M, P>) -> Result<()> {
    let run = eager::run(state, prepared, 0, ParamScope::plain(state.params()?), true);
    let dependencies = eager::dependencies(settings, state, prepared, true)?;
    at_one_value(&prepared.model, &prepared.guide, &run, &settings.objective.needs(), dependencies, true).map(drop)
}

/// How far compiled and eager gradients may be apart, relative to the largest element for the parameter. What is looked for
/// are whole terms: rounding is far below, even where a sum over many data cancels.
const AGREEMENT: f64 = 0.02;

/// Compares the gradient of one draw with that of Burn's autodiff: a `detach`, which the recording cannot see, or noise of
/// Burn's own generator makes another gradient.
fn agrees(settings: &Settings, state: &SviState, plan: &Rc<Plan>, reference: &Gradient) -> Result<(), Failure> {
    state.memory.move_to(plan)?;
    if let Some(weight) = settings.objective.kl_weight(state.step) {
        plan.weigh(weight)?;
    }
    let (_, found) = plan.gradient(state.key.fold_in(state.step))?;
    state.memory.recall()?;
    let expected = reference.parameters.iter().map(|(name, gradient)| Ok((name, AnyTensor::from(gradient).to_f64()?)));
    let expected = expected.collect::<Result<Vec<_>>>()?;
    let largest = |values: &[f64]| values.iter().filter(|x| x.is_finite()).fold(0.0f64, |most, x| most.max(x.abs()));
    // A gradient that vanishes in each draw is rounding of terms that do not.
    let rounding = 1e-6 * AnyTensor::from(&reference.magnitude).to_f64()?.first().copied().unwrap_or(0.0);
    let overall = expected.iter().map(|(_, gradient)| largest(gradient)).fold(0.0, f64::max);
    for (name, expected) in expected {
        let compiled = plan.parameters().iter().position(|other| other == name).map(|index| &found[index]);
        let Some(compiled) = compiled else {
            return Err(Refusal::new(format!("no gradient of parameter `{name}` was found in what the run recorded")).into());
        };
        let scale = largest(&expected).max(largest(compiled));
        let within = AGREEMENT * scale + 1e-6 * overall + rounding;
        // Where the eager gradient is not finite either, the step itself says why.
        if expected.iter().zip(compiled).any(|(x, y)| x.is_finite() && (!y.is_finite() || (x - y).abs() > within)) {
            let reason = format!(
                "the gradient of parameter `{name}` is not the one of an eager run: a `detach`, or randomness of Burn's own, \
                 cannot be seen in what a run records"
            );
            return Err(Refusal::new(reason).into());
        }
    }
    Ok(())
}

/// One step; the state is unchanged where it is not finite.
pub(super) fn step<M: Program, P: Program>(
    settings: &Settings,
    state: &mut SviState,
    prepared: &Prepared<M, P>,
    plan: &Rc<Plan>,
) -> Result<f64> {
    if !state.memory.is_in(plan) {
        if !plan.knows_all(&state.params()?.borrow()) {
            first_run(settings, state, prepared)?;
        }
        state.memory.move_to(plan)?;
    }
    if let Some(weight) = settings.objective.kl_weight(state.step) {
        plan.weigh(weight)?;
    }
    state.memory.check(&settings.descent.optimizer, &state.memory.names().borrow())?;
    match plan.step(state.key.fold_in(state.step), state.step, &settings.descent)? {
        Stepped::Moved(elbo) => {
            state.step += 1;
            Ok(elbo)
        }
        Stepped::NotFinite(probe) => {
            let names: Vec<&str> = plan.parameters().iter().map(String::as_str).collect();
            Err(eager::not_finite(settings, state, prepared, &names, &probe)?)
        }
    }
}
