//! A step of stochastic variational inference: the ELBO and its gradient, then the update of the parameters.

mod descent;

use std::ops::Range;

use crate::error::{Error, Result};
use crate::ir::{Graph, Precision};
use crate::key::Key;

use super::kernels::arena::{Element, LINE};
use super::kernels::slices::Processor;
use super::kernels::{Real, slices};
use super::update::{Averaging, Rule};
use super::{Executable, Options};
use descent::{Moving, Parts, Tally};

/// What an update remembers of one parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// How many updates the parameter has had.
    pub updates: u64,
    /// What it remembers of each element, in the order of the formula of the [`Update`](super::Update); none before the first
    /// update.
    pub slots: Vec<Vec<f64>>,
    /// What it remembers of the parameter as a whole; none before the first update.
    pub scalars: Vec<f64>,
    /// The mean of the iterates, and of how many.
    pub average: Option<(u64, Vec<f64>)>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Stepped {
    /// The ELBO before the parameters moved.
    Moved(f64),
    /// A number that is not finite, so that nothing was changed: the ELBO, then a sum of the gradient of each parameter.
    NotFinite(Vec<f64>),
}

/// A compiled step and what its optimiser remembers.
#[derive(Debug)]
pub struct StepPlan {
    executable: Executable,
    state: State,
    tallies: Vec<Tally>,
    /// The elements of each moved parameter within the region of all.
    places: Vec<Range<usize>>,
    /// The group of each moved parameter.
    groups: Vec<usize>,
}

/// What is remembered of each element of the parameters, in the precision of the graph.
#[derive(Debug)]
enum State {
    F32(Moving<f32>),
    F64(Moving<f64>),
}

impl StepPlan {
    /// Compiles a graph whose outputs are the ELBO and then the gradients of the loss −ELBO with respect to its first inputs,
    /// which are parameters.
    ///
    /// # Errors
    /// As [`Executable::compile`]; [`Error::Input`] where parameters and gradients do not match.
    pub fn compile(graph: &Graph, options: &Options) -> Result<Self> {
        let executable = Executable::compile(graph, options)?;
        let moved = executable.outputs.len().saturating_sub(1);
        let size = super::size(graph.precision, crate::ir::Type::Float);
        let mut places = Vec::new();
        for (number, gradient) in executable.outputs.iter().skip(1).enumerate() {
            let fits = executable.inputs.get(number).is_some_and(|input| {
                let start = input.bytes.start.wrapping_sub(executable.parameters.start);
                start == gradient.bytes.start - executable.gradients.start && input.bytes.len() == gradient.bytes.len()
            });
            if !fits {
                let (expected, found) = (format!("parameter {number}"), format!("gradient {number}, of another size or place"));
                return Err(Error::Input { input: gradient.name.clone(), expected, found });
            }
            let start = (gradient.bytes.start - executable.gradients.start) / size;
            places.push(start..start + gradient.bytes.len() / size);
        }
        let len = executable.gradients.len() / size;
        let state = match graph.precision {
            Precision::F32 => State::F32(Moving::new(len)),
            Precision::F64 => State::F64(Moving::new(len)),
        };
        Ok(StepPlan { executable, state, tallies: vec![Tally::default(); moved], places, groups: vec![0; moved] })
    }

    /// The graph without its optimiser, for binding data.
    pub fn executable(&mut self) -> &mut Executable {
        &mut self.executable
    }

    /// How many parameters move.
    pub fn parameters(&self) -> usize {
        self.places.len()
    }

    /// Which rule of a step moves which parameter; at first all have number 0.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of parameters.
    pub fn group(&mut self, groups: Vec<usize>) -> Result<()> {
        if groups.len() != self.groups.len() {
            let (expected, found) = (format!("{} parameters", self.groups.len()), format!("{} groups", groups.len()));
            return Err(Error::Input { input: "groups".into(), expected, found });
        }
        self.groups = groups;
        Ok(())
    }

    /// Sets a parameter, and what the update remembers of it; an update that remembers other things has to be loaded anew.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of elements.
    pub fn load(&mut self, parameter: usize, value: &[f64], memory: &Memory) -> Result<()> {
        let place = self.places[parameter].clone();
        let average = memory.average.as_ref().map(|(_, mean)| mean.as_slice());
        for given in std::iter::once(value).chain(memory.slots.iter().map(Vec::as_slice)).chain(average) {
            if given.len() != place.len() {
                let name = self.executable.inputs[parameter].name.clone();
                let (expected, found) = (format!("{} elements", place.len()), format!("{} elements", given.len()));
                return Err(Error::Input { input: name, expected, found });
            }
        }
        self.tallies[parameter] = Tally::of(memory);
        match &mut self.state {
            State::F32(state) => state.load(self.executable.moving().0, place, value, memory),
            State::F64(state) => state.load(self.executable.moving().0, place, value, memory),
        }
        Ok(())
    }

    /// A parameter, and what an update with `slots` slots and `scalars` numbers for all elements remembers of it.
    pub fn store(&mut self, parameter: usize, slots: usize, scalars: usize) -> (Vec<f64>, Memory) {
        let (place, tally) = (self.places[parameter].clone(), &self.tallies[parameter]);
        match &self.state {
            State::F32(state) => state.store(self.executable.moving().0, place, tally, slots, scalars),
            State::F64(state) => state.store(self.executable.moving().0, place, tally, slots, scalars),
        }
    }

    /// Some elements of a parameter, by number.
    pub fn read(&mut self, parameter: usize, elements: impl Iterator<Item = usize>, mut to: impl FnMut(f64)) {
        let place = self.places[parameter].clone();
        let at = |i: usize| place.start + i.min(place.len().saturating_sub(1));
        match self.executable.precision {
            Precision::F32 => {
                let x: &[f32] = self.executable.moving().0;
                elements.for_each(|i| to(f64::from(x[at(i)])));
            }
            Precision::F64 => {
                let x: &[f64] = self.executable.moving().0;
                elements.for_each(|i| to(x[at(i)]));
            }
        }
    }

    /// One step with the noise of `key`, by the rule of each group; the new values count for the mean of the iterates where one
    /// is asked for, else that mean is given up. Parameters and memory change only where the ELBO and all gradients are finite.
    ///
    /// # Panics
    /// Where a group has no rule.
    pub fn step(&mut self, key: Key, rules: &[Rule], averaging: Option<Averaging>) -> Stepped {
        self.executable.run(key);
        let StepPlan { executable, state, tallies, places, groups } = self;
        match state {
            State::F32(state) => step(executable, state, tallies, places, groups, rules, averaging),
            State::F64(state) => step(executable, state, tallies, places, groups, rules, averaging),
        }
    }
}

fn step<R: Real + Element>(
    executable: &mut Executable,
    state: &mut Moving<R>,
    tallies: &mut [Tally],
    places: &[Range<usize>],
    groups: &[usize],
    rules: &[Rule],
    averaging: Option<Averaging>,
) -> Stepped {
    let level = executable.level;
    let elbo = executable.output::<R>(0).ok().and_then(|x| x.first()).map_or(f64::NAN, |x| x.to_f64());
    let (x, g, pool) = executable.moving::<R>();
    // What kernels leave in the padding would move the padding of the parameters, for ever in one direction, and need not be
    // finite.
    for place in places {
        g[place.end..lines::<R>(place).end].fill(R::from_f64(0.0));
    }
    if !elbo.is_finite() || !slices::finite(level, pool, g) {
        let sums = places.iter().map(|place| g[place.clone()].iter().map(|g| g.to_f64()).sum());
        return Stepped::NotFinite(std::iter::once(elbo).chain(sums).collect());
    }
    let (to, parts) = (Processor { level, pool }, Parts { places, groups });
    state.descend(&to, &parts, x, g, tallies, rules);
    match averaging {
        Some(averaging) => state.average(&to, &parts, x, tallies, averaging),
        None => tallies.iter_mut().for_each(|tally| tally.averaged = 0),
    }
    Stepped::Moved(elbo)
}

/// The elements of a parameter with the padding behind it.
fn lines<R>(place: &Range<usize>) -> Range<usize> {
    place.start..place.end.next_multiple_of(LINE / size_of::<R>())
}
