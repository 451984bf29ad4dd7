//! Densities, gradients and draws of every family against known answers.
//!
//! The tables in `data/logprob` are 40-digit mpmath results. `VI_TEST_DEVICE` chooses the device (flex unless set);
//! double precision is checked where the device has it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure of a test is a panic")]

#[path = "distributions/beginnings.rs"]
mod beginnings;
#[path = "distributions/bijectors.rs"]
mod bijectors;
#[path = "distributions/capture.rs"]
mod capture;
#[path = "distributions/combinators.rs"]
mod combinators;
#[path = "distributions/counts.rs"]
mod counts;
#[path = "distributions/density.rs"]
mod density;
#[path = "distributions/differences.rs"]
mod differences;
#[path = "distributions/divergences.rs"]
mod divergences;
#[path = "distributions/expanded.rs"]
mod expanded;
#[path = "distributions/far.rs"]
mod far;
#[path = "distributions/finest.rs"]
mod finest;
#[path = "distributions/flows.rs"]
mod flows;
#[path = "distributions/hidden_markov.rs"]
mod hidden_markov;
#[path = "distributions/interval_moments.rs"]
mod interval_moments;
#[path = "distributions/laws.rs"]
mod laws;
#[path = "distributions/mixtures.rs"]
mod mixtures;
#[path = "distributions/outside.rs"]
mod outside;
#[path = "distributions/page.rs"]
mod page;
#[path = "distributions/round_trips.rs"]
mod round_trips;
#[path = "distributions/sampling.rs"]
mod sampling;
#[path = "distributions/shapes.rs"]
mod shapes;
#[path = "distributions/shapes_discrete.rs"]
mod shapes_discrete;
#[path = "distributions/structured.rs"]
mod structured;
#[path = "distributions/table.rs"]
mod table;
#[path = "distributions/tails.rs"]
mod tails;
#[path = "distributions/univariate.rs"]
mod univariate;
#[path = "distributions/upper_tails.rs"]
mod upper_tails;

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use tests::has_f64;
use vi_runtime::{Placement, burn};

/// The device under test.
fn test_device() -> Device {
    tests::device().unwrap()
}

fn placement(dtype: FloatDType) -> Placement {
    Placement { device: test_device(), dtype }
}

fn tensor<const D: usize>(values: &[f64], dims: [usize; D], dtype: DType) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), dims), (&test_device(), dtype))
}

/// Numbers between 0 and 1, the same in every run: the linear congruential generator of Knuth (1997), The Art of Computer Programming,
/// section 3.3.4, from a state of one's own.
struct Uniforms(u64);

impl Iterator for Uniforms {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// A tensor that keeps its gradient.
fn leaf<const D: usize>(values: &[f64], dims: [usize; D], dtype: DType) -> Tensor<D> {
    tensor(values, dims, dtype).autodiff().require_grad()
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}
