//! Values and gradients of the tensor functions, the composed forms in both precisions, and what the capture device records.

#![allow(clippy::unwrap_used)] // a test may stop

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

use super::*;

mod probability;

/// `[x]` in `dtype`.
fn tensor(x: &[f64], dtype: DType) -> Tensor<1> {
    let data = TensorData::new(x.to_vec(), [x.len()]);
    Tensor::<1>::from_data(data, (&Device::flex(), DType::F64)).cast(FloatDType::from(dtype))
}

fn values<const D: usize>(x: &Tensor<D>) -> Vec<f64> {
    x.to_data().iter::<f64>().collect()
}

/// Rows of numbers of a table; lines that start with `#` say what the columns are.
fn column(table: &str, k: usize) -> Vec<f64> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(',').nth(k)?.parse().ok()).collect()
}

const GAMMA: &str = include_str!("../../../tests/data/lgamma.csv");
const BETA: &str = include_str!("../../../tests/data/log_beta.csv");

/// The largest error relative to `max(|right|, floor)`; equal infinities agree.
fn worst(found: &[f64], right: &[f64], floor: f64) -> f64 {
    assert_eq!(found.len(), right.len());
    let error = |(l, r): (&f64, &f64)| if l == r { 0.0 } else { (l - r).abs() / r.abs().max(floor) };
    found.iter().zip(right).map(error).fold(0.0, |a, e| if e > a || e.is_nan() { e } else { a })
}

type Unary = fn(Tensor<1>) -> Tensor<1>;

/// Gradient of `Σ f(x)` against `(f(x + h) − f(x − h))/2h`.
fn gradient_agrees(f: impl Fn(Tensor<1>) -> Tensor<1>, x: &[f64]) {
    let leaf = tensor(x, DType::F64).autodiff().require_grad();
    let gradients = f(leaf.clone()).sum().backward();
    let found = values(&leaf.grad(&gradients).unwrap());
    for (i, &x_i) in x.iter().enumerate() {
        let h = 1e-5 * x_i.abs().max(1e-3);
        let at = |d: f64| {
            let mut moved = x.to_vec();
            moved[i] += d;
            values(&f(tensor(&moved, DType::F64)).sum())[0]
        };
        let right = (at(h) - at(-h)) / (2.0 * h);
        assert!((found[i] - right).abs() < 1e-6 * right.abs().max(1.0), "at {x_i}: {} against {right}", found[i]);
    }
}

#[test]
fn flex_computes_single_precision_through_double_precision() {
    let x: Vec<f64> = column(GAMMA, 0).into_iter().filter(|x| (1e-30..1e30).contains(x)).map(|x| f64::from(x as f32)).collect();
    for (f, scalar) in [(lgamma as Unary, scalar::lgamma as fn(f64) -> f64), (digamma, scalar::digamma), (trigamma, scalar::trigamma)] {
        let right: Vec<f64> = x.iter().map(|&x| f64::from(scalar(x) as f32)).collect();
        assert_eq!(values(&f(tensor(&x, DType::F32))), right);
    }
}

#[test]
fn composed_forms_are_accurate_in_single_precision() {
    type B = burn::backend::Flex;
    let x: Vec<f64> = column(GAMMA, 0).into_iter().filter(|x| (1e-15..1e36).contains(x)).map(|x| f64::from(x as f32)).collect();
    let run = |f: fn(burn::backend::flex::FlexTensor) -> burn::backend::flex::FlexTensor| {
        let x = tensor(&x, DType::F32).try_into_primitive::<B>().unwrap();
        values(&Tensor::<1>::from_primitive::<B>(f(x)))
    };
    let right = |f: fn(f64) -> f64| x.iter().map(|&x| f(x)).collect::<Vec<_>>();
    let errors = [
        worst(&run(composed::lgamma::<B>), &right(scalar::lgamma), 0.3),
        worst(&run(composed::digamma::<B>), &right(scalar::digamma), 0.3),
        worst(&run(composed::trigamma::<B>), &right(scalar::trigamma), 0.0),
    ];
    println!("lgamma, digamma, trigamma, relative to max(|f|, 0.3): {errors:?}");
    assert!(errors.iter().all(|&e| e < 6e-7), "{errors:?}");
}

#[test]
fn composed_forms_are_accurate_in_double_precision() {
    type B = burn::backend::Flex;
    let x: Vec<f64> = column(GAMMA, 0);
    let run = |f: fn(burn::backend::flex::FlexTensor) -> burn::backend::flex::FlexTensor| {
        let x = tensor(&x, DType::F64).try_into_primitive::<B>().unwrap();
        values(&Tensor::<1>::from_primitive::<B>(f(x)))
    };
    let right = |f: fn(f64) -> f64| x.iter().map(|&x| f(x)).collect::<Vec<_>>();
    let errors = [
        worst(&run(composed::lgamma::<B>), &right(scalar::lgamma), 1e-2),
        worst(&run(composed::digamma::<B>), &right(scalar::digamma), 1e-2),
        worst(&run(composed::trigamma::<B>), &right(scalar::trigamma), 0.0),
    ];
    println!("lgamma, digamma, trigamma, relative to max(|f|, 0.01): {errors:?}");
    assert!(errors.iter().all(|&e| e < 1e-13), "{errors:?}");
}

#[test]
fn composed_forms_at_the_ends_of_the_domain() {
    type B = burn::backend::Flex;
    for dtype in [DType::F32, DType::F64] {
        let run = |f: fn(burn::backend::flex::FlexTensor) -> burn::backend::flex::FlexTensor, x: &[f64]| {
            values(&Tensor::<1>::from_primitive::<B>(f(tensor(x, dtype).try_into_primitive::<B>().unwrap())))
        };
        let ends = [0.0, f64::INFINITY];
        assert_eq!(run(composed::lgamma::<B>, &ends), [f64::INFINITY, f64::INFINITY]);
        assert_eq!(run(composed::digamma::<B>, &ends), [f64::NEG_INFINITY, f64::INFINITY]);
        assert_eq!(run(composed::trigamma::<B>, &ends), [f64::INFINITY, 0.0]);
        assert!(run(composed::lgamma::<B>, &[-0.5, f64::NAN]).iter().all(|x| x.is_nan()));
        assert!(run(composed::digamma::<B>, &[f64::NAN])[0].is_nan());
    }
}

#[test]
fn log_beta_agrees_with_mpmath_in_both_precisions_and_forms() {
    type B = burn::backend::Flex;
    let (a, b, right) = (column(BETA, 0), column(BETA, 1), column(BETA, 2));
    let composed = |dtype: DType| {
        let primitive = |x: &[f64]| tensor(x, dtype).try_into_primitive::<B>().unwrap();
        values(&Tensor::<1>::from_primitive::<B>(composed::log_beta::<B>(primitive(&a), primitive(&b))))
    };
    let direct = |dtype: DType| values(&log_beta(tensor(&a, dtype), tensor(&b, dtype)));
    let errors = [
        worst(&direct(DType::F64), &right, 1e-2),
        worst(&composed(DType::F64), &right, 1.0),
        worst(&direct(DType::F32), &right, 1e-2),
        worst(&composed(DType::F32), &right, 1.0),
    ];
    println!("f64 direct, composed, f32 direct, composed: {errors:?}");
    assert!(errors[0] < 1e-14 && errors[1] < 1e-12 && errors[2] < 5e-7 && errors[3] < 5e-6, "{errors:?}");
}

#[test]
fn gradients_agree_with_central_differences() {
    let x = [0.003, 0.2, 0.7, 1.0, 1.4616, 1.9, 2.0, 2.6, 3.0, 7.5, 40.0];
    gradient_agrees(lgamma, &x);
    gradient_agrees(digamma, &x[1..]);
    gradient_agrees(trigamma, &x[2..]);
    gradient_agrees(expm1, &[-3.0, -1e-3, 0.0, 1e-3, 2.0]);
    let other = tensor(&[0.3, 2.0, 50.0, 1.0, 0.5, 9.0, 12.0, 4.0, 1e3, 2.0, 6.0], DType::F64);
    gradient_agrees(|a| log_beta(a, other.clone()), &x);
    gradient_agrees(|b| log_beta(other.clone(), b), &x);
    gradient_agrees(|x| xlogy(x, other.clone()), &x);
    gradient_agrees(|y| xlogy(other.clone(), y), &x);
    gradient_agrees(|x| logsumexp(x.reshape([2, 2]), 1).reshape([2]), &[0.3, -1.0, 40.0, 41.0]);
    gradient_agrees(|x| logsumexp(x.reshape([2, 2]), 0).reshape([2]), &[0.3, -1.0, 1.0, 0.0]);
}

#[test]
fn gradients_of_broadcast_arguments_are_summed() {
    let a = tensor(&[2.0], DType::F64).autodiff().require_grad();
    let b = tensor(&[1.0, 3.0, 0.5], DType::F64);
    let gradients = log_beta(a.clone(), b).sum().backward();
    let right: f64 = [1.0, 3.0, 0.5].iter().map(|&b| scalar::digamma_difference(2.0, b)).sum();
    assert!((values(&a.grad(&gradients).unwrap())[0] - right).abs() < 1e-14);
}

#[test]
fn xlogy_and_its_gradients_where_the_first_argument_is_zero() {
    let x = tensor(&[0.0, 0.0, 0.0, 0.0, 2.0], DType::F64).autodiff().require_grad();
    let y = tensor(&[0.0, 3.0, f64::NAN, f64::INFINITY, 3.0], DType::F64).autodiff().require_grad();
    let out = xlogy(x.clone(), y.clone());
    assert_eq!(values(&out), [0.0, 0.0, 0.0, 0.0, 2.0 * 3f64.ln()]);
    let gradients = out.sum().backward();
    assert_eq!(values(&x.grad(&gradients).unwrap()), [0.0, 3f64.ln(), 0.0, 0.0, 3f64.ln()]);
    assert_eq!(values(&y.grad(&gradients).unwrap()), [0.0, 0.0, 0.0, 0.0, 2.0 / 3.0]);
}

#[test]
fn logsumexp_of_extreme_rows() {
    let low = f64::NEG_INFINITY;
    let x = Tensor::<1>::from_data(TensorData::from([1e4, 1e4, low, low, low, 0.0, f64::INFINITY, 1.0]), (&Device::flex(), DType::F64));
    let x = x.reshape([4, 2]).autodiff().require_grad();
    let out = logsumexp(x.clone(), 1);
    assert_eq!(out.dims(), [4, 1]);
    assert_eq!(values(&out), [1e4 + 2f64.ln(), low, 0.0, f64::INFINITY]);
    let finite_rows = out.slice([0..3, 0..1]);
    let gradients = finite_rows.sum().backward();
    let right = [0.5, 0.5, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let found = values(&x.grad(&gradients).unwrap());
    assert!(found[..6].iter().zip(right).all(|(l, r)| (l - r).abs() < 1e-12), "{found:?}");
}

#[test]
fn logsumexp_along_each_dimension_equals_the_composed_form() {
    type B = burn::backend::Flex;
    let x: Vec<f64> = (0..24).map(|i| 3.0 * f64::from(i).sin()).collect();
    let x: Tensor<3> = tensor(&x, DType::F64).reshape([2, 3, 4]);
    for x in [x.clone(), x.swap_dims(0, 2)] {
        for dim in 0..3 {
            let composed = composed::logsumexp::<B>(x.clone().try_into_primitive::<B>().unwrap(), dim);
            let right = Tensor::<3>::from_primitive::<B>(composed);
            let found = logsumexp(x.clone(), dim);
            assert_eq!(found.dims(), right.dims());
            assert!(worst(&values(&found), &values(&right), 1.0) < 1e-15);
        }
    }
}

#[test]
fn expm1_keeps_small_arguments() {
    type B = burn::backend::Flex;
    let x = [1e-12, -1e-7, 0.0, 0.3, 20.0, 1e3, -1e3];
    let right: Vec<f64> = x.iter().map(|x: &f64| x.exp_m1()).collect();
    assert_eq!(values(&expm1(tensor(&x, DType::F64))), right);
    let composed = composed::expm1::<B>(tensor(&x, DType::F64).try_into_primitive::<B>().unwrap());
    assert!(worst(&values(&Tensor::<1>::from_primitive::<B>(composed)), &right, 1e-300) < 1e-15);
}

#[test]
fn the_capture_device_records_each_function_as_one_operation() {
    use burn::backend::capture::CaptureBackend;
    use burn::backend::ir::{OperationIr, ScalarIr};

    let device = Device::capture();
    let on_capture = |x: &[f64]| tensor(x, DType::F32).to_device(&device);
    let id = |x: &Tensor<1>| x.clone().try_into_primitive::<CaptureBackend>().unwrap().id();
    let captured = device
        .capture_scope(|scope| {
            let (x, y) = (on_capture(&[1.0, 2.0]), on_capture(&[3.0, 4.0]));
            let inputs = [id(&x), id(&y)];
            let sum = lgamma(x.clone()) + digamma(x.clone()) + trigamma(x.clone()) + expm1(x.clone());
            let sum = sum + log_beta(x.clone(), y.clone()) + xlogy(x.clone(), y);
            let out = logsumexp((sum + x).reshape([1, 2]), 1).reshape([1]);
            let outputs = [id(&out)];
            scope.complete(inputs, outputs)
        })
        .unwrap();
    let custom: Vec<_> = captured
        .graph
        .operations
        .iter()
        .filter_map(|operation| match operation {
            OperationIr::Custom(custom) => Some(custom),
            _ => None,
        })
        .collect();
    let names: Vec<&str> = custom.iter().map(|custom| custom.id.as_str()).collect();
    assert_eq!(names, ["lgamma", "digamma", "trigamma", "expm1", "log_beta", "xlogy", "logsumexp"]);
    assert_eq!(custom[4].inputs.len(), 2);
    assert_eq!(custom[6].scalars, [ScalarIr::UInt(1)]);
    assert_eq!(custom[6].outputs[0].shape.as_slice(), [1, 1]);
}
