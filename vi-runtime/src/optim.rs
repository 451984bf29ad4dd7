//! Optimisers: how a gradient of the loss moves a parameter in unconstrained space.
//!
//! Each has a rate of its own or a [`Schedule`], and an optimiser of this library runs inside compiled steps. [`Clipped`] and
//! [`PerParam`] are optimisers made of others; [`Averaging`] is a setting of [`Svi`](crate::Svi).

mod adagrad;
mod adam;
mod averaging;
mod clip;
mod cocob;
mod descent;
mod distance;
mod per_param;
mod rms_prop;
mod schedule;
mod sgd;

use std::borrow::Cow;
use std::fmt;

use burn::tensor::Tensor;
pub use vi_graph::cpu::{Clip, Rule, Update};

pub use adagrad::AdaGrad;
pub use adam::{Adam, AdamW, ClippedAdam};
pub use averaging::Averaging;
pub(crate) use averaging::Mean;
pub use clip::Clipped;
pub use cocob::Cocob;
pub(crate) use descent::Descent;
pub use distance::{Dog, Dowg};
pub use per_param::PerParam;
pub use rms_prop::RmsProp;
pub use schedule::Schedule;
pub use sgd::Sgd;

use crate::error::Result;

/// What an optimiser remembers of one parameter.
#[derive(Clone, Debug, Default)]
pub struct OptimState {
    /// How many updates the parameter has had.
    pub updates: u64,
    /// Moments or momenta, each of the parameter's size.
    pub slots: Vec<Tensor<1>>,
    /// What is remembered of the parameter as a whole, each of one element.
    pub scalars: Vec<Tensor<1>>,
    /// What the numbers mean: [`Optimizer::memory`] of the optimiser that left them.
    pub(crate) memory: Cow<'static, str>,
    /// The mean of the iterates, where one is asked for.
    pub(crate) mean: Option<Mean>,
}

impl OptimState {
    /// Forgets what another optimiser remembered, unless it means the same.
    pub(crate) fn belong_to(&mut self, memory: &'static str) {
        if self.memory != memory {
            *self = OptimState { memory: memory.into(), mean: self.mean.take(), ..OptimState::default() };
        }
    }
}

/// A parameter in one step.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value in unconstrained space, flat.
    pub value: Tensor<1>,
    /// The gradient of the loss.
    pub gradient: Tensor<1>,
    /// What the optimiser remembers of it.
    pub state: &'a mut OptimState,
}

/// One rule of descent, applied to each parameter as a flat vector.
///
/// [`update`](Self::update) is all that an optimiser needs. Where the other methods are left as they are, every parameter
/// moves by itself, and in a compiled step by tensors.
pub trait Optimizer: fmt::Debug {
    /// The new value of a parameter after the gradient of the loss; `step` counts the steps of the whole fit from 0.
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1>;

    /// The new values of all parameters of a step, in their order: for rules that look at more than one.
    fn update_all(&self, step: u64, parameters: Vec<Parameter<'_>>) -> Vec<Tensor<1>> {
        let one = |parameter: Parameter<'_>| {
            parameter.state.belong_to(self.memory(parameter.name));
            self.update(step, parameter.value, parameter.gradient, parameter.state)
        };
        parameters.into_iter().map(one).collect()
    }

    /// What the numbers mean that it remembers of a parameter. An optimiser that takes over from another one in the middle of
    /// a fit starts without memory, unless both answer the same; by default that is the type.
    fn memory(&self, _parameter: &str) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// Into how many groups it parts the parameters, each with a rule of its own.
    fn groups(&self) -> usize {
        1
    }

    /// The group of a parameter.
    fn group(&self, _parameter: &str) -> usize {
        0
    }

    /// What `step` does to a group, where it is a rule that a compiled step knows: the parameters then never leave it.
    fn rule(&self, _step: u64, _group: usize) -> Option<Rule> {
        None
    }

    /// Whether it can be used on these parameters; asked once, before the first update of a fit.
    ///
    /// # Errors
    /// Settings that no parameter fits, or that make no sense: [`Error::Config`](crate::Error::Config) with the setting and its value.
    fn check(&self, _parameters: &[&str]) -> Result<()> {
        Ok(())
    }
}
