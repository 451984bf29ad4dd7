//! How a fit moves its parameters: by an optimiser, with a mean of the iterates where one is asked for.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::{Averaging, OptimState, Optimizer, Parameter};

/// An optimiser, and the mean that follows it.
#[derive(Clone, Debug)]
pub(crate) struct Descent {
    pub(crate) optimizer: Rc<dyn Optimizer>,
    pub(crate) averaging: Option<Averaging>,
}

impl Descent {
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
