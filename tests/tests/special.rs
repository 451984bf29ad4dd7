//! Special functions, triangular solves and gamma draws on the device under test, against the host functions in double
//! precision.

use tests::{device, has_f64, numbers, tolerance};
use vi_runtime::burn::tensor::{DType, FloatDType, TensorData};
use vi_runtime::linalg::{cholesky, diagonal, solve_lower, solve_lower_transposed};
use vi_runtime::prelude::*;
use vi_runtime::special::{self, scalar};

/// The precisions of the device, each with the relative error that is allowed.
fn precisions() -> Vec<(FloatDType, f64)> {
    let mut precisions = vec![(FloatDType::F32, tolerance(1e-6))];
    if has_f64() {
        precisions.push((FloatDType::F64, 1e-13));
    }
    precisions
}

fn tensor<const D: usize>(values: &[f64], shape: [usize; D], dtype: FloatDType) -> Result<Tensor<D>> {
    let data = TensorData::new(values.to_vec(), shape).convert_dtype(dtype.into());
    Ok(Tensor::from_data(data, (&device()?, DType::from(dtype))))
}

/// Errors relative to `max(|right|, 1/3)`: near a root the absolute error counts.
fn assert_relative(what: &str, found: &[f64], right: &[f64], tolerance: f64) {
    assert_eq!(found.len(), right.len());
    for (i, (found, right)) in found.iter().zip(right).enumerate() {
        let error = (found - right).abs() / right.abs().max(1.0 / 3.0);
        assert!(found == right || error <= tolerance, "{what}, element {i}: {found} against {right}, error {error:e}");
    }
}

const ARGUMENTS: [f64; 22] =
    [1e-6, 1e-3, 0.1, 0.4375, 0.5, 0.75, 0.9375, 1.0, 1.0625, 1.25, 1.4375, 1.5, 1.75, 2.0, 2.5, 2.75, 3.0, 4.5, 7.0, 10.5, 123.0, 5e6];

/// Rounded to the precision, so that both sides see the same argument.
fn rounded(values: &[f64], dtype: FloatDType) -> Vec<f64> {
    values.iter().map(|&x| if dtype == FloatDType::F64 { x } else { f64::from(x as f32) }).collect()
}

#[test]
fn gamma_functions_and_their_gradients_agree_with_the_host() -> Result<()> {
    type Function = fn(Tensor<1>) -> Tensor<1>;
    type Scalar = fn(f64) -> f64;
    let cases: [(&str, Function, Scalar, Option<Scalar>); 3] = [
        ("lgamma", special::lgamma, scalar::lgamma, Some(scalar::digamma)),
        ("digamma", special::digamma, scalar::digamma, Some(scalar::trigamma)),
        ("trigamma", special::trigamma, scalar::trigamma, None),
    ];
    for (dtype, tolerance) in precisions() {
        let x = rounded(&ARGUMENTS, dtype);
        for (name, function, value, derivative) in cases {
            let leaf = tensor(&x, [x.len()], dtype)?.autodiff().require_grad();
            let out = function(leaf.clone());
            let right: Vec<f64> = x.iter().map(|&x| value(x)).collect();
            assert_relative(name, &numbers(&out)?, &right, tolerance);
            let gradients = out.sum().backward();
            if let (Some(derivative), Some(found)) = (derivative, leaf.grad(&gradients)) {
                let right: Vec<f64> = x.iter().map(|&x| derivative(x)).collect();
                assert_relative(&format!("the gradient of {name}"), &numbers(&found)?, &right, tolerance);
            }
        }
    }
    Ok(())
}

#[test]
fn log_beta_and_xlogy_agree_with_the_host() -> Result<()> {
    for (dtype, tolerance) in precisions() {
        let a = rounded(&[0.01, 0.5, 2.0, 9.0, 30.0, 1e4, 1e6, 3.0], dtype);
        let b = rounded(&[0.3, 0.5, 40.0, 1.0, 30.0, 0.5, 1e6, 1e5], dtype);
        let pairs = || a.iter().copied().zip(b.iter().copied());
        let (x, y) = (tensor(&a, [8], dtype)?.autodiff().require_grad(), tensor(&b, [8], dtype)?);
        let out = special::log_beta(x.clone(), y.clone());
        let right: Vec<f64> = pairs().map(|(a, b)| scalar::log_beta(a, b)).collect();
        assert_relative("log_beta", &numbers(&out)?, &right, 10.0 * tolerance);
        let gradients = out.sum().backward();
        if let Some(found) = x.grad(&gradients) {
            let right: Vec<f64> = pairs().map(|(a, b)| scalar::digamma_difference(a, b)).collect();
            assert_relative("the gradient of log_beta", &numbers(&found)?, &right, 100.0 * tolerance);
        }

        let zeros = tensor(&[0.0, 0.0, 2.0], [3], dtype)?;
        let out = special::xlogy(zeros, tensor(&[0.0, 3.0, 3.0], [3], dtype)?);
        assert_relative("xlogy", &numbers(&out)?, &[0.0, 0.0, 2.0 * 3f64.ln()], tolerance);
    }
    Ok(())
}

#[test]
fn logsumexp_and_expm1_agree_with_the_host() -> Result<()> {
    for (dtype, tolerance) in precisions() {
        let x = tensor(&[0.5, -1.0, 700.0, 701.0, -800.0, -800.0], [3, 2], dtype)?.autodiff().require_grad();
        let out = special::logsumexp(x.clone(), 1);
        let right = [0.5 + (-1.5f64).exp().ln_1p(), 701.0 + (-1f64).exp().ln_1p(), -800.0 + 2f64.ln()];
        assert_relative("logsumexp", &numbers(&out)?, &right, tolerance);
        let gradients = out.sum().backward();
        if let Some(found) = x.grad(&gradients) {
            let softmax = |d: f64| 1.0 / (1.0 + d.exp());
            let right = [softmax(-1.5), softmax(1.5), softmax(1.0), softmax(-1.0), 0.5, 0.5];
            assert_relative("the gradient of logsumexp", &numbers(&found)?, &right, 100.0 * tolerance);
        }
        let x = rounded(&[1e-6, -1e-6, 0.3, -0.3, -0.9, 1.0, 1e3], dtype);
        let t = tensor(&x, [7], dtype)?.autodiff().require_grad();
        let out = special::log1p(t.clone());
        assert_relative("log1p", &numbers(&out)?, &x.iter().map(|x| x.ln_1p()).collect::<Vec<_>>(), tolerance);
        if let Some(found) = t.grad(&out.sum().backward()) {
            let right: Vec<f64> = x.iter().map(|x| 1.0 / (1.0 + x)).collect();
            assert_relative("the gradient of log1p", &numbers(&found)?, &right, tolerance);
        }
        let x = rounded(&[1e-5, -0.3, 2.0], dtype);
        let right: Vec<f64> = x.iter().map(|x| x.exp_m1() / x).collect();
        let found = special::expm1(tensor(&x, [3], dtype)?) / tensor(&x, [3], dtype)?;
        assert_relative("expm1(x)/x", &numbers(&found)?, &right, tolerance);
    }
    Ok(())
}

#[test]
fn triangular_solves_diagonal_and_cholesky_invert_the_product() -> Result<()> {
    let factors = [2.0, 0.0, 0.0, 1.0, 3.0, 0.0, -1.0, 0.5, 4.0, 1.0, 0.0, 0.0, -0.7, 0.5, 0.0, 0.1, 0.9, 2.0];
    let right = [2.0, 4.0, 7.0, -1.0, 0.5, 3.0, 1.0, 0.0, -2.0, 0.3, 0.7, 0.1];
    for (dtype, tolerance) in precisions() {
        let tolerance = 10.0 * tolerance;
        let (l, b) = (tensor(&factors, [2, 3, 3], dtype)?, tensor(&right, [2, 3, 2], dtype)?);
        let x = solve_lower(l.clone(), b.clone());
        assert_relative("L x", &numbers(l.clone().matmul(x))?, &right, tolerance);
        let x = solve_lower_transposed(l.clone(), b.clone());
        assert_relative("Lᵀ x", &numbers(l.clone().swap_dims(1, 2).matmul(x))?, &right, tolerance);
        assert_relative("diagonal", &numbers(diagonal(l.clone()))?, &[2.0, 3.0, 4.0, 1.0, 0.5, 2.0], tolerance);
        let product = l.clone().matmul(l.clone().swap_dims(1, 2));
        assert_relative("cholesky", &numbers(cholesky(product))?, &factors, tolerance);

        // d/dL of Σ L⁻¹ b is −tril(L⁻ᵀ 1 xᵀ), d/dL of the trace is the identity.
        let leaf = l.clone().autodiff().require_grad();
        let gradients = (solve_lower(leaf.clone(), b.clone()).sum() + diagonal(leaf.clone()).sum()).backward();
        let x = solve_lower(l.clone(), b);
        let adjoint = solve_lower_transposed(l, x.ones_like());
        let identity = tensor(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0], [1, 3, 3], dtype)?;
        let expected = identity - adjoint.matmul(x.swap_dims(1, 2)).tril(0);
        if let Some(found) = leaf.grad(&gradients) {
            assert_relative("the gradient in L", &numbers(&found)?, &numbers(&expected)?, tolerance);
        }
    }
    Ok(())
}
