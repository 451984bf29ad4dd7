//! How a fit moves its parameters: by an optimiser, with a mean of the iterates where one is asked for.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::{Averaging, OptimState, Optimizer, Parameter, PerParam, Sgd};
use crate::objective::AVERAGE;

/// An optimiser, and the mean that follows it.
#[derive(Clone, Debug)]
pub(crate) struct Descent {
    /// What moves all parameters.
    pub(crate) optimizer: Rc<dyn Optimizer>,
    /// The part of it that was asked for.
    chosen: Rc<dyn Optimizer>,
    /// The rate of average costs, where they have one of their own.
    baselines: Option<f64>,
    pub(crate) averaging: Option<Averaging>,
}

impl Descent {
    pub(crate) fn new(optimizer: impl Optimizer + 'static) -> Self {
        let chosen: Rc<dyn Optimizer> = Rc::new(optimizer);
        Descent { optimizer: Rc::clone(&chosen), chosen, baselines: None, averaging: None }
    }

    /// Another optimiser.
    pub(crate) fn choose(&mut self, optimizer: impl Optimizer + 'static) {
        self.chosen = Rc::new(optimizer);
        self.compose();
    }

    /// Average costs descend with a rate of their own.
    pub(crate) fn set_baselines(&mut self, rate: Option<f64>) {
        self.baselines = rate;
        self.compose();
    }

    fn compose(&mut self) {
        self.optimizer = match self.baselines {
            Some(rate) => Rc::new(PerParam::beside(&self.chosen, format!("{AVERAGE}.*"), Sgd::new(rate))),
            None => Rc::clone(&self.chosen),
        };
    }

    /// The new values of all parameters of `step`, given their names, what is remembered of each, values and gradients.
    pub(crate) fn update<'a>(
        &self,
        step: u64,
        names: impl IntoIterator<Item = &'a str>,
        states: &mut [OptimState],
        tensors: Vec<(Tensor<1>, Tensor<1>)>,
    ) -> Vec<Tensor<1>> {
        let parts = names.into_iter().zip(states.iter_mut()).zip(tensors);
        let parameters = parts.map(|((name, state), (value, gradient))| Parameter { name, value, gradient, state }).collect();
        let moved = self.optimizer.update_all(step, parameters);
        let weights = self.averaging.and_then(|averaging| averaging.at(step));
        for (state, value) in states.iter_mut().zip(&moved) {
            match weights {
                Some(weights) => state.count(value, weights),
                None => state.mean = None,
            }
        }
        moved
    }
}
