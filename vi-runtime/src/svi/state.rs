//! What changes while fitting, and where it is at the moment.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use vi_graph::Key;

use crate::any_tensor::AnyTensor;
use crate::compile::Plan;
use crate::error::Result;
use crate::optim::{OptimState, Optimizer};
use crate::program::ParamStore;

/// All that changes while fitting: parameters, what the optimiser remembers, the key and the step.
pub struct SviState {
    pub(crate) memory: Rc<Memory>,
    pub(crate) key: Key,
    pub(crate) step: u64,
}

/// Parameters and moments; between compiled steps they live in the plan that made the last one.
#[derive(Default)]
pub(crate) struct Memory {
    params: Rc<RefCell<ParamStore>>,
    pub(crate) optim: RefCell<HashMap<String, OptimState>>,
    resident: RefCell<Option<Rc<Plan>>>,
    /// The optimiser that is known to fit the parameters.
    checked: RefCell<Option<Rc<dyn Optimizer>>>,
}

impl Memory {
    /// The parameters as they are now.
    ///
    /// # Errors
    /// Where a plan's device cannot be read.
    pub(crate) fn params(&self) -> Result<Rc<RefCell<ParamStore>>> {
        if let Some(plan) = &*self.resident.borrow() {
            plan.write_back(&mut self.params.borrow_mut(), &mut self.optim.borrow_mut())?;
        }
        Ok(Rc::clone(&self.params))
    }

    /// Brings parameters and moments home: no plan holds them afterwards.
    ///
    /// # Errors
    /// As [`params`](Self::params).
    pub(crate) fn recall(&self) -> Result<Rc<RefCell<ParamStore>>> {
        let params = self.params()?;
        self.resident.borrow_mut().take();
        Ok(params)
    }

    /// The parameters by name; their values are those of [`params`](Self::params) only.
    pub(crate) fn names(&self) -> &RefCell<ParamStore> {
        &self.params
    }

    /// Asks an optimiser that has not moved these parameters before whether it can.
    ///
    /// # Errors
    /// Those of [`Optimizer::check`].
    pub(crate) fn check(&self, optimizer: &Rc<dyn Optimizer>, params: &ParamStore) -> Result<()> {
        let mut checked = self.checked.borrow_mut();
        if !checked.as_ref().is_some_and(|known| Rc::ptr_eq(known, optimizer)) {
            optimizer.check(&params.names().collect::<Vec<_>>())?;
            *checked = Some(Rc::clone(optimizer));
        }
        Ok(())
    }

    /// Whether parameters and moments live in `plan`.
    pub(crate) fn is_in(&self, plan: &Rc<Plan>) -> bool {
        self.resident.borrow().as_ref().is_some_and(|resident| Rc::ptr_eq(resident, plan))
    }

    /// Moves parameters and moments into `plan`, where they are not yet.
    ///
    /// # Errors
    /// As [`params`](Self::params).
    pub(crate) fn move_to(self: &Rc<Self>, plan: &Rc<Plan>) -> Result<()> {
        let params = self.recall()?;
        if let Some(owner) = plan.owner()
            && !Rc::ptr_eq(&owner, self)
        {
            owner.recall()?;
        }
        plan.load(self, &params.borrow(), &self.optim.borrow())?;
        *self.resident.borrow_mut() = Some(Rc::clone(plan));
        Ok(())
    }
}

impl std::fmt::Debug for SviState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SviState").field("step", &self.step).field("params", &self.memory.params.borrow()).finish_non_exhaustive()
    }
}

impl SviState {
    pub(crate) fn new(key: Key) -> Self {
        SviState { memory: Rc::default(), key, step: 0 }
    }

    /// How many steps have been made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The current constrained value of a parameter.
    ///
    /// # Errors
    /// [`Error::Unknown`](crate::Error::Unknown) where no step has created it.
    pub fn param(&self, name: &str) -> Result<AnyTensor> {
        self.params()?.borrow().value(name)
    }

    /// The names of the parameters in the order of first use.
    pub fn param_names(&self) -> Vec<String> {
        self.memory.names().borrow().names().map(str::to_owned).collect()
    }

    /// A state of its own whose parameters are the means of their iterates, as far as there are such
    /// ([`Svi::averaging`](crate::Svi::averaging)).
    ///
    /// # Errors
    /// Where a device cannot be read.
    pub fn averaged(&self) -> Result<SviState> {
        let mut params = self.params()?.borrow().clone();
        for (name, state) in self.memory.optim.borrow().iter() {
            if let (Some(entry), Some(mean)) = (params.entry_mut(name), &state.mean) {
                entry.unconstrained = AnyTensor::from(&mean.value).reshaped(&entry.unconstrained.shape());
            }
        }
        let memory = Memory { params: Rc::new(RefCell::new(params)), ..Memory::default() };
        Ok(SviState { memory: Rc::new(memory), key: self.key, step: self.step })
    }

    /// Appends the elements of all parameters in unconstrained space: `most` of them in even steps, where there are more.
    pub(crate) fn read(&self, most: usize, to: &mut Vec<f64>) -> Result<()> {
        if let Some(plan) = &*self.memory.resident.borrow() {
            return plan.read(most, to);
        }
        let params = self.memory.params.borrow();
        let entries = params.names().filter_map(|name| params.entry(name));
        let all = entries.map(|entry| entry.unconstrained.to_f64()).collect::<Result<Vec<_>>>()?.concat();
        let every = all.len().div_ceil(most).max(1);
        to.extend(all.into_iter().step_by(every));
        Ok(())
    }

    pub(crate) fn params(&self) -> Result<Rc<RefCell<ParamStore>>> {
        self.memory.params()
    }
}
