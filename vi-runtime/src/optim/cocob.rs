//! Descent by coin betting, which has no learning rate.

use burn::tensor::Tensor;
use vi_graph::cpu::{Rule, Update};

use super::{OptimState, Optimizer};
use crate::error::Result;
use crate::setters::setters;
use crate::setting::Numbers;

/// Continuous coin betting for every element (Orabona and Tommasi 2017, algorithm 2): nothing has to be tuned.
///
/// With the start `x₀`: `L ← max(L, |g|)`, `G ← G + |g|`, `R ← max(R − (x − x₀) g, 0)`, `θ ← θ − g`,
/// `x ← x₀ + θ (L + R) / (L max(G + L, α L))`.
///
/// The first steps move an element by about `1/α`. The optimiser looks for the optimum of a convex function from its whole
/// past, so that it does not forget the noise of the beginning.
#[derive(Clone, Debug)]
pub struct Cocob {
    alpha: f64,
}

impl Cocob {
    /// With `α = 100`.
    pub fn new() -> Self {
        Cocob { alpha: 100.0 }
    }

    setters! {
        /// `α`
        alpha: f64;
    }

    fn formula(&self) -> Update {
        Update::Cocob { alpha: self.alpha }
    }
}

impl Default for Cocob {
    fn default() -> Self {
        Self::new()
    }
}

/// `L` before the first gradient: no division by zero where gradients are zero.
const SMALLEST: f64 = 1e-8;

impl Optimizer for Cocob {
    fn update(&self, _: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        let zero = gradient.zeros_like();
        let previous = <[Tensor<1>; 5]>::try_from(std::mem::take(&mut state.slots));
        let [start, largest, sum, reward, lead] =
            previous.unwrap_or_else(|_| [value.clone(), zero.clone(), zero.clone(), zero.clone(), zero]);
        let size = gradient.clone().abs();
        let largest = size.clone().max_pair(largest).clamp_min(SMALLEST);
        let sum = sum + size;
        let reward = (reward - (value - start.clone()) * gradient.clone()).clamp_min(0.0);
        let lead = lead - gradient;
        state.updates += 1;
        state.slots = vec![start.clone(), largest.clone(), sum.clone(), reward.clone(), lead.clone()];
        let bound = (sum + largest.clone()).max_pair(largest.clone().mul_scalar(self.alpha));
        start + lead / (largest.clone() * bound) * (largest + reward)
    }

    fn memory(&self, _: &str) -> &'static str {
        self.formula().memory()
    }

    fn rule(&self, _: u64, _: usize) -> Option<Rule> {
        Some(Rule::new(self.formula(), 1.0))
    }

    fn check(&self, _: &[&str]) -> Result<()> {
        Numbers::Positive.check("alpha of Cocob", self.alpha)
    }
}
