//! Which plan a step runs, and the step.

use super::eager;
use super::state::SviState;
use super::{Prepared, Settings};
use crate::compile::{Failure, Plan, Refusal, Stepped};
use crate::error::{Error, Result};
use crate::execution::{Executed, Execution};
use crate::objective::particle;
use crate::program::arg::Fingerprint;
use crate::program::{ParamScope, Program};
use std::rc::Rc;

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
            return Ok(Some(Rc::clone(plan)));
        }
        match compile(settings, state, prepared, key.is_some()) {
            Ok(plan) => {
                let plan = Rc::new(plan);
                plan.bind(&prepared.model, &prepared.guide)?;
                self.known.push((key, Rc::clone(&plan)));
                self.executed = Some(Executed::Compiled);
                Ok(Some(plan))
            }
            Err(Failure::Error(error)) => Err(error),
            Err(Failure::Refused(refusal)) if settings.execution == Execution::Compiled => {
                Err(Error::Unsupported { what: "compiling the programs".into(), problem: refusal.to_string() })
            }
            Err(Failure::Refused(refusal)) => {
                self.executed = Some(Executed::FellBack(refusal.clone()));
                self.refusal = Some(refusal);
                Ok(None)
            }
        }
    }
}

fn compile<M: Program, P: Program>(settings: &Settings, state: &SviState, prepared: &Prepared<M, P>, fed: bool) -> Result<Plan, Failure> {
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
    let params = state.params()?;
    let run = eager::run(state, prepared, 0, ParamScope::plain(Rc::clone(&params)), true);
    let terms = particle(&prepared.model, &prepared.guide, &run, true, true)?;
    drop(terms);
    Plan::compile(&prepared.model, &prepared.guide, &prepared.placement, &params, settings.particles, state.step, fed)
}

/// One step; the state is unchanged where it is not finite.
pub(super) fn step<M: Program, P: Program>(
    settings: &Settings,
    state: &mut SviState,
    prepared: &Prepared<M, P>,
    plan: &Rc<Plan>,
) -> Result<f64> {
    state.memory.move_to(plan)?;
    match plan.step(state.key.fold_in(state.step), state.step, &*settings.optimizer)? {
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
