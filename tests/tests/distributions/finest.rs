//! Distributions, values and draws in the finest precision that the device has.

use burn::tensor::{FloatDType, Tensor};
use vi_runtime::Key;
use vi_runtime::dist::Distribution;
use vi_runtime::noise::{HostNoise, Noise};

use super::{burn, has_f64, numbers, placement, tensor};

pub(super) fn precision() -> FloatDType {
    if has_f64() { FloatDType::F64 } else { FloatDType::F32 }
}

pub(super) fn given<const D: usize>(values: &[f64], dims: [usize; D]) -> Tensor<D> {
    tensor(values, dims, precision().into())
}

pub(super) fn placed<const D: usize, T: Distribution<D>>(distribution: T) -> T {
    distribution.place(&placement(precision()))
}

pub(super) fn draw<const D: usize, T: Distribution<D>>(distribution: T, seed: u64) -> Tensor<D, T::Kind> {
    let mut source = HostNoise::new(Key::new(seed), placement(precision()));
    placed(distribution).draw(&mut Noise::new(&mut source)).unwrap()
}

pub(super) fn close(found: &[f64], expected: &[f64]) {
    let tolerance = if has_f64() { 1e-12 } else { 1e-5 };
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= tolerance * b.abs().max(1.0)), "{found:?} instead of {expected:?}");
}

/// The derivative of the expectation of `f` in each parameter: its mean over draws, and the standard error.
///
/// Every draw has parameters of its own, so that each element of a gradient is one draw's.
pub(super) fn slopes(params: &[f64], draws: usize, f: impl Fn(&[Tensor<1>], &mut Noise<'_>) -> Tensor<1>) -> Vec<(f64, f64)> {
    let leaves: Vec<Tensor<1>> = params.iter().map(|&p| given(&vec![p; draws], [draws]).autodiff().require_grad()).collect();
    let mut source = HostNoise::new(Key::new(31), placement(precision()));
    let gradients = f(&leaves, &mut Noise::new(&mut source)).sum().backward();
    let statistics = leaves.iter().map(|leaf| {
        let each = numbers(leaf.grad(&gradients).unwrap());
        let n = each.len() as f64;
        let mean = each.iter().sum::<f64>() / n;
        (mean, (each.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n / n).sqrt())
    });
    statistics.collect()
}
