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
fn distribution_functions_and_their_gradients_agree_with_the_host() -> Result<()> {
    type Function = fn(Tensor<1>) -> Tensor<1>;
    type Scalar = fn(f64) -> f64;
    const PHI: fn(f64) -> f64 = |x| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    const ERF_SLOPE: fn(f64) -> f64 = |x| std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
    let line = [-6.0, -2.5, -0.8, -0.1, 0.0, 0.3, 1.0, 2.75, 5.0];
    let inside = [-0.99, -0.6, -0.2, 0.0, 0.45, 0.5, 0.75, 0.96875];
    let units = [1e-9, 0.01, 0.2, 0.25, 0.5, 0.6875, 0.8125, 0.99];
    let positive = [1e-4, 0.2, 0.6875, 0.75, 3.0, 12.0];
    let cases: [(&str, Function, Scalar, Scalar, &[f64]); 10] = [
        ("erf", special::erf, scalar::erf, ERF_SLOPE, &line),
        ("erfc", special::erfc, scalar::erfc, |x| -ERF_SLOPE(x), &line),
        ("erfinv", special::erfinv, scalar::erfinv, |y| 1.0 / ERF_SLOPE(scalar::erfinv(y)), &inside),
        ("ndtr", special::ndtr, scalar::ndtr, PHI, &line),
        ("log_ndtr", special::log_ndtr, scalar::log_ndtr, scalar::ndtr_ratio, &line),
        ("ndtri", special::ndtri, scalar::ndtri, |p| 1.0 / PHI(scalar::ndtri(p)), &units),
        ("log1mexp", special::log1mexp, scalar::log1mexp, |x| 1.0 / x.exp_m1(), &positive),
        ("i0e", special::i0e, scalar::i0e, |x| scalar::i1e(x) - x.signum() * scalar::i0e(x), &line[5..]),
        ("i1e", special::i1e, scalar::i1e, |x| scalar::i0e(x) - scalar::i1e(x) * (1.0 / x + x.signum()), &line[5..]),
        ("log_i0", special::log_i0, scalar::log_i0, |x| scalar::i1e(x) / scalar::i0e(x), &line),
    ];
    for (dtype, tolerance) in composed_precisions() {
        for (name, function, value, derivative, x) in cases {
            let x = rounded(x, dtype);
            let leaf = tensor(&x, [x.len()], dtype)?.autodiff().require_grad();
            let out = function(leaf.clone());
            let right: Vec<f64> = x.iter().map(|&x| value(x)).collect();
            assert_relative(name, &numbers(&out)?, &right, tolerance);
            let gradients = out.sum().backward();
            if let Some(found) = leaf.grad(&gradients) {
                let right: Vec<f64> = x.iter().map(|&x| derivative(x)).collect();
                assert_relative(&format!("the gradient of {name}"), &numbers(&found)?, &right, tolerance);
            }
        }
    }
    Ok(())
}

/// Backends without kernels of ours run forms that are accurate in single precision only, whatever their type.
fn composed_precisions() -> Vec<(FloatDType, f64)> {
    let on_host = tolerance(1e-6) == 1e-6 && has_f64();
    precisions().into_iter().map(|(dtype, allowed)| (dtype, if dtype == FloatDType::F64 && on_host { allowed } else { 2e-5 })).collect()
}

#[test]
fn incomplete_gamma_and_beta_functions_and_their_gradients_agree_with_the_host() -> Result<()> {
    for (dtype, tolerance) in composed_precisions() {
        let a = rounded(&[0.01, 0.5, 1.0, 3.0, 3.0, 30.0, 30.0, 200.0], dtype);
        let b = rounded(&[0.3, 0.75, 2.0, 0.5, 8.0, 12.0, 40.0, 170.0], dtype);
        let x = rounded(&[0.25, 0.9, 0.5, 0.375, 0.125, 0.75, 0.5, 0.5], dtype);
        let z: Vec<f64> = a.iter().zip(&x).map(|(a, x)| (a + 0.25) * 2.0 * x).collect();
        let z = rounded(&z, dtype);
        let at = |f: &dyn Fn(usize) -> f64| (0..8).map(f).collect::<Vec<f64>>();
        let leaf = |values: &[f64]| Ok::<_, Error>(tensor(values, [8], dtype)?.autodiff().require_grad());
        for (name, function, sign) in
            [("gamma_p", special::gamma_p as fn(Tensor<1>, Tensor<1>) -> Tensor<1>, 1.0), ("gamma_q", special::gamma_q, -1.0)]
        {
            let (s, t) = (leaf(&a)?, leaf(&z)?);
            let out = function(s.clone(), t.clone());
            let value = |i: usize| if sign > 0.0 { scalar::gamma_p(a[i], z[i]) } else { scalar::gamma_q(a[i], z[i]) };
            assert_relative(name, &numbers(&out)?, &at(&value), tolerance);
            let gradients = out.sum().backward();
            if let (Some(by_a), Some(by_x)) = (s.grad(&gradients), t.grad(&gradients)) {
                assert_relative("dP/da", &numbers(&by_a)?, &at(&|i| sign * scalar::gamma_p_in_shape(a[i], z[i])), tolerance);
                assert_relative("dP/dx", &numbers(&by_x)?, &at(&|i| sign * scalar::gamma_density(a[i], z[i])), tolerance);
            }
        }
        let (s, t, u) = (leaf(&a)?, leaf(&b)?, leaf(&x)?);
        let out = special::beta_inc(s.clone(), t.clone(), u.clone());
        assert_relative("beta_inc", &numbers(&out)?, &at(&|i| scalar::beta_inc(a[i], b[i], x[i])), tolerance);
        let gradients = out.sum().backward();
        if let (Some(by_a), Some(by_b), Some(by_x)) = (s.grad(&gradients), t.grad(&gradients), u.grad(&gradients)) {
            assert_relative("dI/da", &numbers(&by_a)?, &at(&|i| scalar::beta_inc_in_a(a[i], b[i], x[i])), tolerance);
            assert_relative("dI/db", &numbers(&by_b)?, &at(&|i| scalar::beta_inc_in_b(a[i], b[i], x[i])), tolerance);
            assert_relative("dI/dx", &numbers(&by_x)?, &at(&|i| scalar::beta_density(a[i], b[i], x[i])), tolerance);
        }
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
