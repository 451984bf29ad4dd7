//! What the known-answer tests share: the device under test and its tolerances.
//!
//! `VI_TEST_DEVICE` names the device (`flex` unless set): `flex`, `ndarray`, `wgpu`, `wgpu-cpu` or `tch`.

use vi_runtime::Execution;
use vi_runtime::burn::tensor::TensorData;
use vi_runtime::prelude::*;

/// The device under test.
///
/// # Errors
/// A name that is not in this build.
pub fn device() -> Result<Device> {
    let name = name();
    vi_runtime::device::parse(&name)
}

fn name() -> String {
    std::env::var("VI_TEST_DEVICE").unwrap_or_else(|_| "flex".to_owned())
}

/// Whether the device computes in double precision; wgpu refuses it.
pub fn has_f64() -> bool {
    !name().starts_with("wgpu")
}

/// Whether Burn computes a sigmoid in the precision of its operand and differentiates GELU by its formula. The defaults of
/// its backends do neither: a sigmoid in single precision, and the derivative of an approximation of GELU.
pub fn has_exact_activations() -> bool {
    name() == "flex"
}

/// The reference, and the execution that must give the same numbers.
pub fn executions() -> [Execution; 2] {
    [Execution::Eager, Execution::Compiled]
}

/// How much of a long computation is done: a software GPU needs 50 times the time of a CPU backend for a small step.
pub fn scaled(count: u64) -> u64 {
    if name().starts_with("wgpu") { count.div_ceil(40) } else { count }
}

/// A relative tolerance in single precision: the CPU backends round each operation correctly, a GPU may be off by
/// some units in the last place in `exp`, `log` and division.
pub fn tolerance(cpu: f64) -> f64 {
    if name().starts_with("wgpu") { 10.0 * cpu } else { cpu }
}

/// A vector on the device under test.
///
/// # Errors
/// As [`device()`].
pub fn vector<const N: usize>(values: [f64; N]) -> Result<Tensor<1>> {
    Ok(Tensor::from_floats(values, &device()?))
}

/// The elements of a tensor as `f64`.
///
/// # Errors
/// Where the device cannot be read.
pub fn numbers(tensor: impl Into<AnyTensor>) -> Result<Vec<f64>> {
    tensor.into().to_f64()
}

/// Asserts `|found − expected| <= absolute`, element by element.
///
/// # Panics
/// Where that does not hold.
pub fn assert_close(found: &[f64], expected: &[f64], absolute: f64) {
    assert_eq!(found.len(), expected.len(), "found {found:?}, expected {expected:?}");
    for (i, (x, y)) in found.iter().zip(expected).enumerate() {
        assert!((x - y).abs() <= absolute, "element {i}: found {x}, expected {y} within {absolute}");
    }
}

/// Other numbers in the place of those of a tensor of rank 1 to 3, in the given precision.
pub fn replaced(tensor: &AnyTensor, numbers: Vec<f64>, dtype: FloatDType) -> AnyTensor {
    let (data, to) = (TensorData::new(numbers, tensor.shape()), (&tensor.device(), dtype.into()));
    match tensor.rank() {
        1 => Tensor::<1>::from_data(data, to).into(),
        2 => Tensor::<2>::from_data(data, to).into(),
        _ => Tensor::<3>::from_data(data, to).into(),
    }
}
