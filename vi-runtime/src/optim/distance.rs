//! Descent whose steps are as long as the distance from the start suggests: no learning rate.

use burn::tensor::Tensor;
use vi_graph::cpu::{Rule, Update};

use super::{OptimState, Optimizer, Parameter};
use crate::error::Result;
use crate::setting::Numbers;

/// Distance over gradients (Ivgi, Hinder and Carmon 2023): `r ← max(r, ‖x − x₀‖)`, `s ← s + ‖g‖²`, `x ← x − r / √s · g`.
///
/// Norms are those of all parameters together, or with [`layerwise`](Self::layerwise) of each by itself (their L-DoG). The
/// guarantees are for the mean of the iterates: see [`Averaging::Polynomial`](super::Averaging::Polynomial).
#[derive(Clone, Debug)]
pub struct Dog(Distance);

/// Distance over weighted gradients (Khaled, Mishchenko and Jin 2023): `r ← max(r, ‖x − x₀‖)`, `s ← s + r² ‖g‖²`,
/// `x ← x − r² / √s · g`.
///
/// Steps grow back after large gradients at the start, which [`Dog`] remembers for ever.
#[derive(Clone, Debug)]
pub struct Dowg(Distance);

/// What both rules share.
#[derive(Clone, Debug)]
struct Distance {
    initial: f64,
    layerwise: bool,
    weighted: bool,
}

macro_rules! distance_rule {
    ($name:ident, weighted: $weighted:literal) => {
        impl $name {
            /// With norms of all parameters together, and a first step of length `1e-6 (1 + ‖x₀‖)`.
            pub fn new() -> Self {
                $name(Distance { initial: 1e-6, layerwise: false, weighted: $weighted })
            }

            /// The length of the first step relative to `1 + ‖x₀‖`, where `x₀` is where the parameters start.
            #[must_use]
            pub fn initial(mut self, initial: f64) -> Self {
                self.0.initial = initial;
                self
            }

            /// Whether each parameter has its own step size, from its own norms.
            #[must_use]
            pub fn layerwise(mut self, layerwise: bool) -> Self {
                self.0.layerwise = layerwise;
                self
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl Optimizer for $name {
            fn update(&self, _: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
                let moved = self.0.together(vec![Parameter { name: "", value: value.clone(), gradient, state }]);
                moved.into_iter().next().unwrap_or(value)
            }

            fn update_all(&self, _: u64, mut parameters: Vec<Parameter<'_>>) -> Vec<Tensor<1>> {
                for parameter in &mut parameters {
                    parameter.state.belong_to(self.memory(parameter.name));
                }
                if self.0.layerwise {
                    return parameters.into_iter().flat_map(|parameter| self.0.together(vec![parameter])).collect();
                }
                self.0.together(parameters)
            }

            fn memory(&self, _: &str) -> &'static str {
                self.0.formula().memory()
            }

            fn rule(&self, _: u64, _: usize) -> Option<Rule> {
                Some(Rule::new(self.0.formula(), 1.0))
            }

            fn check(&self, _: &[&str]) -> Result<()> {
                Numbers::Positive.check(concat!("initial of ", stringify!($name)), self.0.initial)
            }
        }
    };
}

distance_rule!(Dog, weighted: false);
distance_rule!(Dowg, weighted: true);

/// The sum of squared gradients is taken to be no smaller: no division by zero where gradients are zero.
const SMALLEST_SUM: f64 = 1e-30;

impl Distance {
    fn formula(&self) -> Update {
        match *self {
            Distance { initial, layerwise, weighted: false } => Update::Dog { initial, layerwise },
            Distance { initial, layerwise, weighted: true } => Update::Dowg { initial, layerwise },
        }
    }

    /// Moves parameters that share a step size.
    fn together(&self, parameters: Vec<Parameter<'_>>) -> Vec<Tensor<1>> {
        let known = parameters.iter().filter(|parameter| parameter.state.updates > 0).map(|parameter| parameter.state.scalars.clone());
        let known = known.reduce(|all, one| all.into_iter().zip(one).map(|(x, y)| x.max_pair(y)).collect());
        let start = |parameter: &Parameter<'_>| parameter.state.slots.first().cloned().unwrap_or_else(|| parameter.value.clone());
        let total = |f: &dyn Fn(&Parameter<'_>) -> Tensor<1>| parameters.iter().map(|p| f(p).square().sum()).reduce(|x, y| x + y);
        let (Some(distance), Some(norm)) = (total(&|p| p.value.clone() - start(p)), total(&|p| p.gradient.clone())) else {
            return Vec::new();
        };
        let (furthest, sum) = match known.and_then(|known| <[Tensor<1>; 2]>::try_from(known).ok()) {
            Some([furthest, sum]) => (furthest, sum),
            None => {
                let length = total(&start).unwrap_or_else(|| norm.zeros_like()).sqrt();
                (length.add_scalar(1.0).mul_scalar(self.initial), norm.zeros_like())
            }
        };
        let furthest = furthest.max_pair(distance.sqrt());
        let square = furthest.clone().square();
        let sum = if self.weighted { sum + square.clone() * norm } else { sum + norm };
        let size = if self.weighted { square } else { furthest.clone() } / sum.clone().clamp_min(SMALLEST_SUM).sqrt();
        let advance = |parameter: Parameter<'_>| {
            let first = start(&parameter);
            let state = parameter.state;
            state.updates += 1;
            (state.slots, state.scalars) = (vec![first], vec![furthest.clone(), sum.clone()]);
            parameter.value - parameter.gradient * size.clone()
        };
        parameters.into_iter().map(advance).collect()
    }
}
