//! A step of stochastic variational inference: the ELBO and its gradient, then the update of the parameters.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::ir::{Graph, Precision};
use crate::key::Key;

use super::kernels::arena::{Element, LINE};
use super::kernels::update::Adam;
use super::kernels::{Real, slices};
use super::{Executable, Options};

/// How the gradient of the loss moves a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Update {
    /// `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`, `x ← x − η m̂ / (√v̂ + ε)` with bias-corrected `m̂`, `v̂`
    /// (Kingma and Ba 2015).
    Adam {
        /// The decay of `m`.
        beta1: f64,
        /// The decay of `v`.
        beta2: f64,
        /// `ε`
        epsilon: f64,
        /// The elements of `g` are clipped to this absolute value first.
        clip: Option<f64>,
    },
    /// `b ← μ b + g`, `x ← x − η b`.
    Sgd {
        /// `μ`
        momentum: f64,
    },
}

impl Update {
    /// How many numbers it remembers of every element.
    pub fn slots(&self) -> usize {
        match self {
            Update::Adam { .. } => 2,
            Update::Sgd { momentum } => usize::from(*momentum != 0.0),
        }
    }
}

/// What an update remembers of one parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// How many updates the parameter has had.
    pub updates: u64,
    /// Adam's `m` and `v`, or the momentum; none before the first update.
    pub slots: Vec<Vec<f64>>,
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
    updates: Vec<u64>,
    /// The elements of each moved parameter within the region of all.
    places: Vec<Range<usize>>,
}

/// Two slots for each element of the parameters, in the precision of the graph.
#[derive(Debug)]
enum State {
    F32([Vec<f32>; 2]),
    F64([Vec<f64>; 2]),
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
            Precision::F32 => State::F32([vec![0.0; len], vec![0.0; len]]),
            Precision::F64 => State::F64([vec![0.0; len], vec![0.0; len]]),
        };
        Ok(StepPlan { executable, state, updates: vec![0; moved], places })
    }

    /// The graph without its optimiser, for binding data.
    pub fn executable(&mut self) -> &mut Executable {
        &mut self.executable
    }

    /// How many parameters move.
    pub fn parameters(&self) -> usize {
        self.places.len()
    }

    /// Sets a parameter, and what the update remembers of it.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of elements.
    pub fn load(&mut self, parameter: usize, value: &[f64], memory: &Memory) -> Result<()> {
        let place = self.places[parameter].clone();
        for given in std::iter::once(value).chain(memory.slots.iter().map(Vec::as_slice)) {
            if given.len() != place.len() {
                let name = self.executable.inputs[parameter].name.clone();
                let (expected, found) = (format!("{} elements", place.len()), format!("{} elements", given.len()));
                return Err(Error::Input { input: name, expected, found });
            }
        }
        self.updates[parameter] = memory.updates;
        match &mut self.state {
            State::F32(slots) => load(self.executable.moving().0, slots, place, value, memory),
            State::F64(slots) => load(self.executable.moving().0, slots, place, value, memory),
        }
        Ok(())
    }

    /// A parameter, and what an update with `slots` slots remembers of it.
    pub fn store(&mut self, parameter: usize, slots: usize) -> (Vec<f64>, Memory) {
        let place = self.places[parameter].clone();
        let updates = self.updates[parameter];
        match &self.state {
            State::F32(state) => store(self.executable.moving().0, state, place, updates, slots),
            State::F64(state) => store(self.executable.moving().0, state, place, updates, slots),
        }
    }

    /// One step with the noise of `key`. Parameters and memory change only where the ELBO and all gradients are finite.
    pub fn step(&mut self, key: Key, update: &Update, rate: f64) -> Stepped {
        self.executable.run(key);
        match &mut self.state {
            State::F32(slots) => step(&mut self.executable, slots, &self.places, &mut self.updates, update, rate),
            State::F64(slots) => step(&mut self.executable, slots, &self.places, &mut self.updates, update, rate),
        }
    }
}

fn load<R: Real>(x: &mut [R], slots: &mut [Vec<R>; 2], place: Range<usize>, value: &[f64], memory: &Memory) {
    let put = |to: &mut [R], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to = R::from_f64(*from));
    put(&mut x[place.clone()], value);
    for (i, slot) in slots.iter_mut().enumerate() {
        match memory.slots.get(i) {
            Some(given) => put(&mut slot[place.clone()], given),
            None => slot[place.clone()].fill(R::from_f64(0.0)),
        }
    }
}

fn store<R: Real>(x: &[R], state: &[Vec<R>; 2], place: Range<usize>, updates: u64, slots: usize) -> (Vec<f64>, Memory) {
    let get = |from: &[R]| -> Vec<f64> { from[place.clone()].iter().map(|x| x.to_f64()).collect() };
    let slots = if updates == 0 { 0 } else { slots };
    (get(x), Memory { updates, slots: state.iter().take(slots).map(|slot| get(slot)).collect() })
}

fn step<R: Real + Element>(
    executable: &mut Executable,
    [m, v]: &mut [Vec<R>; 2],
    places: &[Range<usize>],
    updates: &mut [u64],
    update: &Update,
    rate: f64,
) -> Stepped {
    let level = executable.level;
    let elbo = executable.output::<R>(0).ok().and_then(|x| x.first()).map_or(f64::NAN, |x| x.to_f64());
    let (x, g, pool) = executable.moving::<R>();
    // What kernels leave in the padding would move the padding of the parameters, for ever in one direction, and need not be
    // finite.
    for place in places {
        let end = place.end.next_multiple_of(LINE / size_of::<R>());
        g[place.end..end].fill(R::from_f64(0.0));
    }
    if !elbo.is_finite() || !slices::finite(level, pool, g) {
        let sums = places.iter().map(|place| g[place.clone()].iter().map(|g| g.to_f64()).sum());
        return Stepped::NotFinite(std::iter::once(elbo).chain(sums).collect());
    }
    let mut apply = |place: Range<usize>, count: u64| {
        let (x, g) = (&mut x[place.clone()], &g[place.clone()]);
        let (m, v) = (&mut m[place.clone()], &mut v[place]);
        match *update {
            Update::Adam { beta1, beta2, epsilon, clip } => {
                slices::adam(level, pool, &Adam::new(beta1, beta2, epsilon, clip, rate, count), x, g, [m, v]);
            }
            Update::Sgd { momentum } => slices::descend(level, R::from_f64(rate), R::from_f64(momentum), x, g, m),
        }
    };
    if let Some(&first) = updates.first().filter(|first| updates.iter().all(|count| count == *first)) {
        // Parameters and padding between them are one region.
        apply(0..g.len(), first + 1);
    } else {
        for (place, count) in places.iter().zip(&*updates) {
            apply(place.start..place.end.next_multiple_of(LINE / size_of::<R>()), count + 1);
        }
    }
    updates.iter_mut().for_each(|count| *count += 1);
    Stepped::Moved(elbo)
}
