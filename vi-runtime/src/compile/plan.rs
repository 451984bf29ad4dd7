//! A compiled step, and the parameters and moments that live in it between steps.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use vi_graph::ir::Role;
use vi_graph::{Graph, Key};

use super::{Refusal, Source, StepGraph, elbo_graph, step_graph};
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result};
use crate::objective::Objective;
use crate::operand::Placement;
use crate::optim::{Descent, OptimState, Optimizer};
use crate::program::{ParamStore, Program};
use crate::svi::Memory;

/// What runs the graph of a step.
pub(crate) trait Runner {
    /// Gives the input its elements.
    ///
    /// # Errors
    /// Where the tensor cannot be read.
    fn bind(&mut self, input: usize, tensor: &AnyTensor) -> Result<()>;
    /// Sets what the divergence counts in the loss of the next step.
    ///
    /// # Errors
    /// Where the device fails.
    fn weigh(&mut self, weight: f64) -> Result<()>;
    /// Computes what depends on data alone; after the last of a round of [`bind`](Self::bind).
    fn bound(&mut self) -> Result<()>;
    /// Sets moved parameter `index`, in unconstrained space, and what the optimiser remembers of it.
    fn load(&mut self, index: usize, value: &AnyTensor, memory: &OptimState) -> Result<()>;
    /// Moved parameter `index` as it is now, of its own shape, and what the optimiser remembers of it.
    fn store(&mut self, index: usize) -> Result<(AnyTensor, OptimState)>;
    /// Appends the elements of all moved parameters: `most` of them in even steps, where there are more.
    ///
    /// # Errors
    /// Where the device cannot be read.
    fn read(&mut self, most: usize, to: &mut Vec<f64>) -> Result<()>;
    /// The ELBO of the step of `key` and the gradient of each moved parameter; nothing moves.
    ///
    /// # Errors
    /// Where the device fails.
    fn gradient(&mut self, key: Key) -> Result<(f64, Vec<Vec<f64>>)>;
    /// Tells the group of each moved parameter, before the first step and where the optimiser is another one.
    ///
    /// # Errors
    /// Where the device fails.
    fn regroup(&mut self, groups: Vec<usize>) -> Result<()>;
    /// One step of the optimiser: `key` is the key of the step, `number` counts the steps of the fit.
    ///
    /// # Errors
    /// Where the device fails.
    fn step(&mut self, key: Key, number: u64, descent: &Descent, names: &[String]) -> Result<Stepped>;
}

/// What came of a step.
pub(crate) enum Stepped {
    /// The estimate of the ELBO before the parameters moved.
    Moved(f64),
    /// A number that is not finite, so that nothing was changed: the ELBO, then a sum of each parameter's gradient.
    NotFinite(Vec<f64>),
}

/// A compiled step for one set of shapes.
pub(crate) struct Plan {
    runner: RefCell<Box<dyn Runner>>,
    graph: Graph,
    sources: Vec<Source>,
    moved: Vec<String>,
    owner: RefCell<Weak<Memory>>,
    /// The optimiser of the last step.
    optimizer: RefCell<Option<Rc<dyn Optimizer>>>,
    /// Whether parameters here have moved since they were last written back.
    ahead: Cell<bool>,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("parameters", &self.moved).finish_non_exhaustive()
    }
}

impl Plan {
    /// Compiles the step of these programs; all their parameters are in `params`. Where data are `fed`, other ones in every
    /// step, nothing is computed of them beforehand.
    ///
    /// # Errors
    /// [`Failure::Refused`] for a program that can only run eagerly, [`Failure::Error`] for one that is wrong.
    pub(crate) fn compile<M: Program, G: Program>(
        model: &M,
        guide: &G,
        placement: &Placement,
        params: &Rc<RefCell<ParamStore>>,
        (particles, objective, limit): (usize, &dyn Objective, u64),
        step: u64,
        fed: bool,
    ) -> Result<Plan, Failure> {
        let mut terms = elbo_graph(model, guide, placement, params, objective, limit)?;
        for input in terms.graph.inputs.iter_mut().filter(|input| fed && input.role == Role::Data) {
            input.role = Role::Step;
        }
        let graph = step_graph(terms, particles, objective, placement, &mut |_, _| {})?;
        check(&graph, &params.borrow(), step)?;
        let moved = graph.sources[..graph.moved].iter().filter_map(|source| match source {
            Source::Parameter(name) => Some(name.clone()),
            _ => None,
        });
        let moved = moved.collect();
        let runner = super::runner(&graph, placement)?;
        Ok(Plan {
            runner: RefCell::new(runner),
            graph: graph.graph,
            sources: graph.sources,
            moved,
            owner: RefCell::default(),
            optimizer: RefCell::default(),
            ahead: Cell::new(false),
        })
    }

    /// Gives the plan the tensors of its programs' arguments.
    ///
    /// # Errors
    /// [`Error::Read`] where a device cannot be read.
    pub(crate) fn bind<M: Program, G: Program>(&self, model: &M, guide: &G) -> Result<()> {
        let mut arguments = Vec::new();
        model.visit_tensors(&mut |tensor| arguments.push(tensor.clone()));
        guide.visit_tensors(&mut |tensor| arguments.push(tensor.clone()));
        let mut runner = self.runner.borrow_mut();
        for (input, source) in self.sources.iter().enumerate() {
            if let Source::Data(argument) = source {
                runner.bind(input, &arguments[*argument])?;
            }
        }
        runner.bound()
    }

    /// Sets what the divergence counts in the loss of the next step.
    ///
    /// # Errors
    /// Where the device fails.
    pub(crate) fn weigh(&self, weight: f64) -> Result<()> {
        self.runner.borrow_mut().weigh(weight)
    }

    /// One step; the parameters are those that were loaded last.
    ///
    /// # Errors
    /// Where the device fails.
    pub(crate) fn step(&self, key: Key, number: u64, descent: &Descent) -> Result<Stepped> {
        let mut runner = self.runner.borrow_mut();
        let mut last = self.optimizer.borrow_mut();
        if !last.as_ref().is_some_and(|known| Rc::ptr_eq(known, &descent.optimizer)) {
            runner.regroup(self.moved.iter().map(|name| descent.optimizer.group(name)).collect())?;
            *last = Some(Rc::clone(&descent.optimizer));
        }
        let stepped = runner.step(key, number, descent, &self.moved)?;
        if matches!(stepped, Stepped::Moved(_)) {
            self.ahead.set(true);
        }
        Ok(stepped)
    }

    /// The ELBO of the step of `key` and the gradient of the loss for each of [`parameters`](Self::parameters).
    ///
    /// # Errors
    /// Where the device fails.
    pub(crate) fn gradient(&self, key: Key) -> Result<(f64, Vec<Vec<f64>>)> {
        self.runner.borrow_mut().gradient(key)
    }

    /// Appends the elements of all moved parameters: `most` of them in even steps, where there are more.
    ///
    /// # Errors
    /// Where the device cannot be read.
    pub(crate) fn read(&self, most: usize, to: &mut Vec<f64>) -> Result<()> {
        self.runner.borrow_mut().read(most, to)
    }

    /// What a step computes.
    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The names of the parameters that move, in the order of the numbers in [`Stepped::NotFinite`].
    pub(crate) fn parameters(&self) -> &[String] {
        &self.moved
    }

    /// Whether all parameters that the plan reads are among `params`.
    pub(crate) fn knows_all(&self, params: &ParamStore) -> bool {
        self.sources.iter().all(|source| !matches!(source, Source::Parameter(name) if params.entry(name).is_none()))
    }

    /// Whose parameters are here.
    pub(crate) fn owner(&self) -> Option<Rc<Memory>> {
        self.owner.borrow().upgrade()
    }

    /// Takes over parameters and moments.
    ///
    /// # Errors
    /// [`Error::Read`] where a device cannot be read.
    pub(crate) fn load(&self, owner: &Rc<Memory>, params: &ParamStore, optim: &HashMap<String, OptimState>) -> Result<()> {
        let mut runner = self.runner.borrow_mut();
        let fresh = OptimState::default();
        for (input, source) in self.sources.iter().enumerate() {
            let Source::Parameter(name) = source else { continue };
            let entry =
                params.entry(name).ok_or_else(|| Error::Param { name: name.clone(), problem: "it has gone from the state".into() })?;
            if input < self.moved.len() {
                runner.load(input, &entry.unconstrained, optim.get(name).unwrap_or(&fresh))?;
            } else {
                runner.bind(input, &entry.unconstrained)?;
            }
        }
        *self.owner.borrow_mut() = Rc::downgrade(owner);
        self.ahead.set(false);
        Ok(())
    }

    /// Writes parameters and moments to where everyone reads them.
    ///
    /// # Errors
    /// [`Error::Read`] where a device cannot be read.
    pub(crate) fn write_back(&self, params: &mut ParamStore, optim: &mut HashMap<String, OptimState>) -> Result<()> {
        if !self.ahead.replace(false) {
            return Ok(());
        }
        let mut runner = self.runner.borrow_mut();
        for (index, name) in self.moved.iter().enumerate() {
            let (value, memory) = runner.store(index)?;
            if let Some(entry) = params.entry_mut(name) {
                entry.unconstrained = value;
            }
            optim.insert(name.clone(), memory);
        }
        Ok(())
    }
}

/// Why there is no plan.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The programs can be run eagerly only.
    Refused(Refusal),
    /// The programs cannot be fitted.
    Error(Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(refusal)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}

/// What a fit cannot do without.
fn check(graph: &StepGraph, params: &ParamStore, step: u64) -> Result<()> {
    let name = |source: &Source| match source {
        Source::Parameter(name) => Some(name.clone()),
        _ => None,
    };
    let read: Vec<String> = graph.sources.iter().filter_map(name).collect();
    let read: Vec<&str> = read.iter().map(String::as_str).collect();
    if graph.moved == 0 && read.is_empty() {
        return Err(Error::Config { setting: "model and guide".into(), problem: "there is no parameter to fit".into() });
    }
    params.missing_gradient(&read, &read[..graph.moved], step)
}
