//! Values against hand-made matrices and gradients against central differences, for the kernels and the composed forms.

#![allow(clippy::unwrap_used)] // a test may stop

use burn::backend::Flex;
use burn::tensor::{DType, Device, FloatDType, TensorData};

use super::*;

fn tensor<const D: usize>(values: &[f64], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (&Device::flex(), DType::F64))
}

fn values<const D: usize>(x: &Tensor<D>) -> Vec<f64> {
    x.to_data().iter::<f64>().collect()
}

fn close(left: &[f64], right: &[f64], tolerance: f64) {
    assert_eq!(left.len(), right.len());
    for (l, r) in left.iter().zip(right) {
        assert!((l - r).abs() <= tolerance * r.abs().max(1.0), "{left:?} against {right:?}");
    }
}

/// Two factors; what stands above the diagonal must not matter.
const FACTORS: [f64; 18] = [2.0, 9.0, -7.0, 1.0, 3.0, 5.0, -1.0, 0.5, 4.0, 1.0, 0.3, 0.2, -0.7, 0.5, 8.0, 0.1, 0.9, 2.0];
const RIGHT: [f64; 12] = [2.0, 4.0, 7.0, -1.0, 0.5, 3.0, 1.0, 0.0, -2.0, 0.3, 0.7, 0.1];

fn factors() -> Tensor<3> {
    tensor(&FACTORS, [2, 3, 3])
}

fn right() -> Tensor<3> {
    tensor(&RIGHT, [2, 3, 2])
}

/// Composed on Flex's primitive operations, as other backends run it.
fn composed_solve(l: Tensor<3>, b: Tensor<3>, transposed: bool) -> Tensor<3> {
    let (l, b) = (l.try_into_primitive::<Flex>().unwrap(), b.try_into_primitive::<Flex>().unwrap());
    Tensor::from_primitive::<Flex>(composed::solve_lower::<Flex>(l, b, transposed))
}

/// Gradient of `Σ w ∘ f(x)` against central differences, `w` fixed and uneven.
fn gradient_agrees<const D: usize>(f: impl Fn(Tensor<3>) -> Tensor<D>, x: &[f64], shape: [usize; 3]) {
    let loss = |y: Tensor<D>| {
        let count = y.shape().num_elements();
        let weights: Vec<f64> = (0..count).map(|i| (1.0 + i as f64).sin()).collect();
        (y.clone() * tensor(&weights, y.dims())).sum()
    };
    let leaf = tensor(x, shape).autodiff().require_grad();
    let gradients = loss(f(leaf.clone())).backward();
    let found = values(&leaf.grad(&gradients).unwrap());
    let h = 1e-6;
    let right: Vec<f64> = (0..x.len())
        .map(|i| {
            let at = |d: f64| {
                let mut moved = x.to_vec();
                moved[i] += d;
                values(&loss(f(tensor(&moved, shape))))[0]
            };
            (at(h) - at(-h)) / (2.0 * h)
        })
        .collect();
    close(&found, &right, 1e-7);
}

#[test]
fn a_triangular_solve_inverts_the_product() {
    let x = solve_lower(factors(), right());
    close(&values(&x)[..6], &[1.0, 2.0, 2.0, -1.0, 0.125, 1.375], 1e-15);
    let lower = factors().tril(0);
    close(&values(&lower.clone().matmul(x)), &RIGHT, 1e-14);
    let y = solve_lower_transposed(factors(), right());
    close(&values(&lower.swap_dims(1, 2).matmul(y)), &RIGHT, 1e-14);
}

#[test]
fn the_composed_solves_equal_the_kernels() {
    close(&values(&composed_solve(factors(), right(), false)), &values(&solve_lower(factors(), right())), 1e-14);
    close(&values(&composed_solve(factors(), right(), true)), &values(&solve_lower_transposed(factors(), right())), 1e-14);
}

#[test]
fn gradients_of_the_solves_agree_with_central_differences() {
    gradient_agrees(|l| solve_lower(l, right()), &FACTORS, [2, 3, 3]);
    gradient_agrees(|b| solve_lower(factors(), b), &RIGHT, [2, 3, 2]);
    gradient_agrees(|l| solve_lower_transposed(l, right()), &FACTORS, [2, 3, 3]);
    gradient_agrees(|b| solve_lower_transposed(factors(), b), &RIGHT, [2, 3, 2]);
}

#[test]
fn a_batch_of_one_expands_and_its_gradient_is_summed() {
    gradient_agrees(|l| solve_lower(l, right()), &FACTORS[..9], [1, 3, 3]);
    gradient_agrees(|b| solve_lower(factors(), b), &RIGHT[..6], [1, 3, 2]);
}

#[test]
#[should_panic(expected = "a triangular solve needs shapes [batch, k, k] and [batch, k, m], but got [2, 3, 3] and [2, 2, 3]")]
fn shapes_that_do_not_fit_panic_as_in_burn() {
    let _ = solve_lower(factors(), tensor(&RIGHT, [2, 2, 3]));
}

#[test]
fn the_diagonal_and_its_gradient() {
    let expected = [2.0, 3.0, 4.0, 1.0, 0.5, 2.0];
    assert_eq!(values(&diagonal(factors())), expected);
    let composed = composed::diagonal::<Flex>(factors().try_into_primitive::<Flex>().unwrap());
    assert_eq!(values(&Tensor::<2>::from_primitive::<Flex>(composed)), expected);
    gradient_agrees(diagonal, &FACTORS, [2, 3, 3]);
}

#[test]
fn the_cholesky_factor_is_recovered_from_the_product() {
    let lower = factors().tril(0);
    let product = lower.clone().matmul(lower.clone().swap_dims(1, 2));
    close(&values(&cholesky(product.clone())), &values(&lower), 1e-14);
    let composed = composed::cholesky::<Flex>(product.clone().try_into_primitive::<Flex>().unwrap());
    close(&values(&Tensor::<3>::from_primitive::<Flex>(composed)), &values(&lower), 1e-14);
    let single = cholesky(product.cast(FloatDType::F32));
    assert_eq!(single.dtype(), DType::F32);
    close(&values(&single), &values(&lower), 1e-6);
}

#[test]
fn the_gradient_of_the_cholesky_factor_agrees_with_central_differences() {
    let lower = factors().tril(0);
    let product = values(&lower.clone().matmul(lower.swap_dims(1, 2)));
    // Perturbed symmetrically, so that both triangles move.
    gradient_agrees(|a| cholesky((a.clone() + a.swap_dims(1, 2)) * 0.5), &product, [2, 3, 3]);
}

#[test]
fn the_logarithm_of_the_determinant_and_its_gradient() {
    let lower = factors().tril(0);
    let product = lower.clone().matmul(lower.clone().swap_dims(1, 2));
    // Products of the diagonals: 24 and 1.
    close(&values(&log_abs_det_lower(-lower)), &[24f64.ln(), 0.0], 1e-15);
    close(&values(&log_determinant(product.clone())), &[2.0 * 24f64.ln(), 0.0], 1e-13);
    gradient_agrees(log_abs_det_lower, &FACTORS, [2, 3, 3]);
    let leaf = product.clone().autodiff().require_grad();
    let gradients = log_determinant(leaf.clone()).sum().backward();
    let inverse = leaf.grad(&gradients).unwrap();
    let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    close(&values(&inverse.matmul(product)), &[identity, identity].concat(), 1e-12);
    let indefinite = log_determinant(tensor(&[1.0, 2.0, 2.0, 1.0], [1, 2, 2]));
    assert!(values(&indefinite)[0].is_nan());
}

#[test]
fn an_indefinite_matrix_gives_nan() {
    let l = values(&cholesky(tensor(&[1.0, 2.0, 2.0, 1.0], [1, 2, 2])));
    assert!(l[3].is_nan());
}

#[test]
fn the_capture_device_records_each_function_as_one_operation() {
    use burn::backend::capture::CaptureBackend;
    use burn::backend::ir::{OperationIr, ScalarIr};

    let device = Device::capture();
    let captured = device
        .capture_scope(|scope| {
            let (a, b) = (factors().to_device(&device), right().to_device(&device));
            let id = |x: &Tensor<3>| x.clone().try_into_primitive::<CaptureBackend>().unwrap().id();
            let inputs = [id(&a), id(&b)];
            let x = solve_lower_transposed(cholesky(a.clone()), b);
            let y = diagonal(a).try_into_primitive::<CaptureBackend>().unwrap().id();
            let outputs = [id(&x), y];
            scope.complete(inputs, outputs)
        })
        .unwrap();
    let custom = |operation: &OperationIr| match operation {
        OperationIr::Custom(custom) => Some((custom.id.clone(), custom.scalars.clone())),
        _ => None,
    };
    let found: Vec<_> = captured.graph.operations.iter().filter_map(custom).collect();
    let expected = [("cholesky", vec![]), ("solve_lower", vec![ScalarIr::Bool(true)]), ("diagonal", vec![])];
    assert_eq!(found, expected.map(|(name, scalars)| (name.to_owned(), scalars)));
}

#[test]
fn triangles_of_their_elements() {
    let (below, diagonal) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]);
    let matrices = [7.0, 0.0, 0.0, 1.0, 8.0, 0.0, 2.0, 3.0, 9.0, 10.0, 0.0, 0.0, 4.0, 11.0, 0.0, 5.0, 6.0, 12.0];
    let (below_tensor, diagonal_tensor) = (tensor(&below, [2, 3]), tensor(&diagonal, [2, 3]));
    let l = lower_triangle(below_tensor.clone(), diagonal_tensor.clone());
    assert_eq!(values(&l), matrices);
    assert_eq!(values(&below_diagonal(l.clone())), below);
    let parts = [below_tensor, diagonal_tensor].map(|x| x.try_into_primitive::<Flex>().unwrap());
    let [below_part, diagonal_part] = parts;
    let composed_triangle = Tensor::<3>::from_primitive::<Flex>(composed::triangle_of::<Flex>(below_part, diagonal_part));
    assert_eq!(values(&composed_triangle), matrices);
    let composed_below = composed::below_diagonal::<Flex>(l.try_into_primitive::<Flex>().unwrap());
    assert_eq!(values(&Tensor::<2>::from_primitive::<Flex>(composed_below)), below);
    gradient_agrees(below_diagonal, &FACTORS, [2, 3, 3]);
    gradient_agrees(|x| lower_triangle(x.clone().narrow(1, 0, 1).reshape([2, 3]), x.narrow(1, 2, 1).reshape([2, 3])), &FACTORS, [2, 3, 3]);
}
