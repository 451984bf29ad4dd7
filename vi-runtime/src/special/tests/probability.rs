//! The distribution functions: composed forms in single precision, gradients, ends of the domain, what is recorded.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;

use super::super::{bessel, incomplete, normal};
use super::*;

macro_rules! table {
    ($name:literal) => {
        include_str!(concat!("../../../../tests/data/special/", $name, ".csv"))
    };
}

type Composed = fn(FlexTensor) -> FlexTensor;
type Scalar = fn(f64) -> f64;

fn single(x: &[f64]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x as f32)).collect()
}

fn primitive(x: &[f64]) -> FlexTensor {
    tensor(x, DType::F32).try_into_primitive::<Flex>().unwrap()
}

fn numbers(x: FlexTensor) -> Vec<f64> {
    values(&Tensor::<1>::from_primitive::<Flex>(x))
}

/// Asserts relative agreement where the value is neither lost in single precision nor beyond it.
fn agrees(name: &str, arguments: &[&[f64]], found: &[f64], right: &[f64], tolerance: f64) {
    let mut worst = (0.0, 0);
    for (i, (&found, &right)) in found.iter().zip(right).enumerate() {
        if right == found || right.abs() < 1e-30 && found.abs() < 2e-30 || right.abs() > 1e30 && found.abs() > 1e30 {
            continue;
        }
        let error = (found - right).abs() / right.abs();
        if error > worst.0 || error.is_nan() {
            worst = (error, i);
        }
    }
    let at: Vec<f64> = arguments.iter().map(|x| x[worst.1]).collect();
    println!("{name}: {:.2e} at {at:?}: {:e} against {:e}", worst.0, found[worst.1], right[worst.1]);
    assert!(worst.0 < tolerance, "{name}: {:.2e} at {at:?}: {:e} against {:e}", worst.0, found[worst.1], right[worst.1]);
}

#[test]
fn composed_functions_of_one_tensor_are_accurate_in_single_precision() {
    let functions: [(&str, &str, Composed, Scalar); 11] = [
        ("erfc", table!("erfc"), normal::erfc::<Flex>, scalar::erfc),
        ("erfinv", table!("erfinv"), normal::erfinv::<Flex>, scalar::erfinv),
        ("ndtr", table!("ndtr"), normal::ndtr::<Flex>, scalar::ndtr),
        ("log_ndtr", table!("log_ndtr"), normal::log_ndtr::<Flex>, scalar::log_ndtr),
        ("ndtr_ratio", table!("log_ndtr"), normal::ndtr_ratio::<Flex>, scalar::ndtr_ratio),
        ("ndtri", table!("ndtri"), normal::ndtri::<Flex>, scalar::ndtri),
        ("log1mexp", table!("log1mexp"), normal::log1mexp::<Flex>, scalar::log1mexp),
        ("i0e", table!("i0e"), bessel::i0e::<Flex>, scalar::i0e),
        ("i1e", table!("i1e"), bessel::i1e::<Flex>, scalar::i1e),
        ("log_i0", table!("log_i0"), bessel::log_i0::<Flex>, scalar::log_i0),
        ("erf", table!("erf"), normal::erf::<Flex>, scalar::erf),
    ];
    for (name, table, composed, scalar) in functions {
        let x: Vec<f64> = single(&column(table, 0)).into_iter().filter(|x| x.is_finite() && (*x == 0.0 || x.abs() > 1e-30)).collect();
        let right: Vec<f64> = x.iter().map(|&x| scalar(x)).collect();
        agrees(name, &[&x], &numbers(composed(primitive(&x))), &right, 2e-5);
    }
}

/// Pairs and triples of the tables that single precision can tell apart from the ends of the domain.
fn arguments(table: &str, count: usize, inside: impl Fn(&[f64]) -> bool) -> Vec<Vec<f64>> {
    let columns: Vec<Vec<f64>> = (0..count).map(|k| single(&column(table, k))).collect();
    let kept: Vec<usize> = (0..columns[0].len()).filter(|&i| inside(&columns.iter().map(|c| c[i]).collect::<Vec<_>>())).collect();
    columns.iter().map(|c| kept.iter().map(|&i| c[i]).collect()).collect()
}

#[test]
fn composed_incomplete_gamma_functions_are_accurate_in_single_precision() {
    type Of = (&'static str, fn(FlexTensor, FlexTensor) -> FlexTensor, fn(f64, f64) -> f64);
    let functions: [Of; 4] = [
        ("gamma_p", incomplete::gamma_p::<Flex>, scalar::gamma_p),
        ("gamma_q", incomplete::gamma_q::<Flex>, scalar::gamma_q),
        ("gamma_density", incomplete::gamma_density::<Flex>, scalar::gamma_density),
        ("gamma_p_in_shape", incomplete::gamma_p_in_shape::<Flex>, scalar::gamma_p_in_shape),
    ];
    let pairs = arguments(table!("gamma_inc"), 2, |p| p[0] > 1e-6 && p[0] < 2e3 && p[1] > 1e-30);
    assert!(pairs[0].len() > 60);
    for (name, composed, scalar) in functions {
        let right: Vec<f64> = pairs[0].iter().zip(&pairs[1]).map(|(&a, &x)| scalar(a, x)).collect();
        let found = numbers(composed(primitive(&pairs[0]), primitive(&pairs[1])));
        agrees(name, &[&pairs[0], &pairs[1]], &found, &right, 2e-5);
    }
}

#[test]
fn composed_incomplete_beta_function_is_accurate_in_single_precision() {
    type Of = (&'static str, fn(FlexTensor, FlexTensor, FlexTensor) -> FlexTensor, fn(f64, f64, f64) -> f64);
    let functions: [Of; 4] = [
        ("beta_inc", incomplete::beta_inc::<Flex>, scalar::beta_inc),
        ("beta_density", incomplete::beta_density::<Flex>, scalar::beta_density),
        ("beta_inc_in_a", incomplete::beta_inc_in_a::<Flex>, scalar::beta_inc_in_a),
        ("beta_inc_in_b", incomplete::beta_inc_in_b::<Flex>, scalar::beta_inc_in_b),
    ];
    let inside = |p: &[f64]| p[..2].iter().all(|p| (1e-4..2e3).contains(p)) && p[2] > 1e-30 && p[2] < 1.0;
    let triples = arguments(table!("beta_inc"), 3, inside);
    assert!(triples[0].len() > 60);
    for (name, composed, scalar) in functions {
        let right: Vec<f64> = (0..triples[0].len()).map(|i| scalar(triples[0][i], triples[1][i], triples[2][i])).collect();
        let found = numbers(composed(primitive(&triples[0]), primitive(&triples[1]), primitive(&triples[2])));
        agrees(name, &[&triples[0], &triples[1], &triples[2]], &found, &right, 2e-5);
    }
}

#[test]
fn composed_forms_at_the_ends_of_the_domain_and_for_nan() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    // Both the composed form and the host's.
    let both = |composed: Composed, scalar: Scalar, x: &[f64], right: &[f64]| {
        for found in [numbers(composed(primitive(x))), x.iter().map(|&x| scalar(x)).collect()] {
            for ((x, found), right) in x.iter().zip(&found).zip(right) {
                assert!(found == right || (found.is_nan() && right.is_nan()), "at {x}: {found} against {right}");
            }
        }
    };
    both(normal::erfc::<Flex>, scalar::erfc, &[-INF, 0.0, INF, NAN], &[2.0, 1.0, 0.0, NAN]);
    both(normal::erfinv::<Flex>, scalar::erfinv, &[-1.0, 0.0, 1.0, 1.5, -2.0, NAN], &[-INF, 0.0, INF, NAN, NAN, NAN]);
    both(normal::ndtr::<Flex>, scalar::ndtr, &[-INF, 0.0, INF, NAN], &[0.0, 0.5, 1.0, NAN]);
    both(normal::log_ndtr::<Flex>, scalar::log_ndtr, &[-INF, INF, NAN], &[-INF, 0.0, NAN]);
    both(normal::ndtr_ratio::<Flex>, scalar::ndtr_ratio, &[-INF, INF, NAN], &[INF, 0.0, NAN]);
    both(normal::ndtri::<Flex>, scalar::ndtri, &[0.0, 0.5, 1.0, -0.1, 1.1, NAN], &[-INF, 0.0, INF, NAN, NAN, NAN]);
    both(normal::log1mexp::<Flex>, scalar::log1mexp, &[0.0, INF, -1.0, NAN], &[-INF, 0.0, NAN, NAN]);
    both(bessel::i0e::<Flex>, scalar::i0e, &[0.0, INF, -INF, NAN], &[1.0, 0.0, 0.0, NAN]);
    both(bessel::i1e::<Flex>, scalar::i1e, &[0.0, INF, -INF, NAN], &[0.0, 0.0, 0.0, NAN]);
    both(bessel::log_i0::<Flex>, scalar::log_i0, &[0.0, INF, -INF, NAN], &[0.0, INF, INF, NAN]);

    let (a, x) = ([1.0, 2.0, 2.0, -1.0, 2.0, NAN, 1.0], [0.0, 0.0, INF, 1.0, -1.0, 1.0, NAN]);
    let pair = |f: fn(FlexTensor, FlexTensor) -> FlexTensor, scalar: fn(f64, f64) -> f64, right: [f64; 7]| {
        for found in [numbers(f(primitive(&a), primitive(&x))), a.iter().zip(&x).map(|(&a, &x)| scalar(a, x)).collect()] {
            assert!(found.iter().zip(right).all(|(&l, r)| l == r || (l.is_nan() && r.is_nan())), "{found:?} against {right:?}");
        }
    };
    pair(incomplete::gamma_p::<Flex>, scalar::gamma_p, [0.0, 0.0, 1.0, NAN, NAN, NAN, NAN]);
    pair(incomplete::gamma_q::<Flex>, scalar::gamma_q, [1.0, 1.0, 0.0, NAN, NAN, NAN, NAN]);
    pair(incomplete::gamma_density::<Flex>, scalar::gamma_density, [1.0, 0.0, 0.0, NAN, NAN, NAN, NAN]);
    pair(incomplete::gamma_p_in_shape::<Flex>, scalar::gamma_p_in_shape, [0.0, 0.0, 0.0, NAN, NAN, NAN, NAN]);

    let (a, b, x) =
        ([0.5, 1.0, 2.0, 2.0, -1.0, 2.0, 2.0, NAN], [2.0, 3.0, 2.0, 0.5, 2.0, 2.0, 2.0, 1.0], [0.0, 0.0, 0.0, 1.0, 0.5, 1.5, NAN, 0.5]);
    let triple = |f: fn(FlexTensor, FlexTensor, FlexTensor) -> FlexTensor, scalar: fn(f64, f64, f64) -> f64, right: [f64; 8]| {
        let host = (0..8).map(|i| scalar(a[i], b[i], x[i])).collect();
        for found in [numbers(f(primitive(&a), primitive(&b), primitive(&x))), host] {
            assert!(found.iter().zip(right).all(|(&l, r)| l == r || (l.is_nan() && r.is_nan())), "{found:?} against {right:?}");
        }
    };
    triple(incomplete::beta_inc::<Flex>, scalar::beta_inc, [0.0, 0.0, 0.0, 1.0, NAN, NAN, NAN, NAN]);
    triple(incomplete::beta_density::<Flex>, scalar::beta_density, [INF, 3.0, 0.0, INF, NAN, NAN, NAN, NAN]);
    triple(incomplete::beta_inc_in_a::<Flex>, scalar::beta_inc_in_a, [0.0, 0.0, 0.0, 0.0, NAN, NAN, NAN, NAN]);
    triple(incomplete::beta_inc_in_b::<Flex>, scalar::beta_inc_in_b, [0.0, 0.0, 0.0, 0.0, NAN, NAN, NAN, NAN]);
}

/// The gradient of `Σ f(x)` in double precision against the derivative column of a table.
fn gradient_of_table(name: &str, f: Unary, table: &str, inside: impl Fn(f64) -> bool, tolerance: impl Fn(f64) -> f64) {
    let rows: Vec<(f64, f64)> = column(table, 0).into_iter().zip(column(table, 2)).filter(|(x, _)| inside(*x)).collect();
    assert!(rows.len() >= 30, "{name}");
    let x: Vec<f64> = rows.iter().map(|row| row.0).collect();
    let leaf = tensor(&x, DType::F64).autodiff().require_grad();
    let gradients = f(leaf.clone()).sum().backward();
    let found = values(&leaf.grad(&gradients).unwrap());
    for ((x, right), found) in rows.into_iter().zip(found) {
        let error = (found - right).abs();
        assert!(found == right || error <= tolerance(x) * right.abs() || error < 5e-322, "{name}'({x}): {found:e} against {right:e}");
    }
}

#[test]
fn gradients_agree_with_mpmath() {
    let all = |_: f64| true;
    let bound = |_: f64| 1e-12;
    gradient_of_table("erf", erf, table!("erf"), all, bound);
    gradient_of_table("erfc", erfc, table!("erfc"), all, bound);
    gradient_of_table("ndtr", ndtr, table!("ndtr"), all, bound);
    gradient_of_table("log_ndtr", log_ndtr, table!("log_ndtr"), all, bound);
    gradient_of_table("ndtri", ndtri, table!("ndtri"), all, bound);
    gradient_of_table("erfinv", erfinv, table!("erfinv"), all, bound);
    gradient_of_table("log1mexp", log1mexp, table!("log1mexp"), all, bound);
    gradient_of_table("log_i0", log_i0, table!("log_i0"), all, bound);
    // A difference: I₁ − I₀ is about I₀/2x.
    gradient_of_table("i0e", i0e, table!("i0e"), all, |x| 1e-14 * x.abs().max(1.0));
    gradient_of_table("i1e", i1e, table!("i1e"), all, |x| 1e-14 * x.abs().max(1.0));
}

#[test]
fn gradients_in_each_argument_agree_with_central_differences() {
    let x = [0.03, 0.4, 0.9, 1.5, 3.0, 4.4, 9.0, 30.0];
    let other = tensor(&[0.3, 2.0, 0.5, 1.0, 3.5, 9.0, 7.0, 33.0], DType::F64);
    gradient_agrees(|a| gamma_p(a, other.clone()), &x);
    gradient_agrees(|a| gamma_q(a, other.clone()), &x);
    gradient_agrees(|x| gamma_p(other.clone(), x), &x);
    gradient_agrees(|x| gamma_q(other.clone(), x), &x);
    let at = tensor(&[0.1, 0.4, 0.9, 0.5, 0.3, 0.33, 0.6, 0.5], DType::F64);
    gradient_agrees(|a| beta_inc(a, other.clone(), at.clone()), &x);
    gradient_agrees(|b| beta_inc(other.clone(), b, at.clone()), &x);
    gradient_agrees(|p| beta_inc(other.clone(), other.clone() * 0.7, p), &[0.1, 0.4, 0.9, 0.5, 0.3, 0.33, 0.6, 0.5]);
}

#[test]
fn the_arguments_of_the_incomplete_functions_broadcast() {
    let a = tensor(&[2.0], DType::F64).autodiff().require_grad();
    let (b, x) = (tensor(&[1.0, 3.0, 0.5], DType::F64), tensor(&[0.25], DType::F64));
    let out = beta_inc(a.clone(), b, x);
    let right: Vec<f64> = [1.0, 3.0, 0.5].iter().map(|&b| scalar::beta_inc(2.0, b, 0.25)).collect();
    assert_eq!(values(&out), right);
    let right: f64 = [1.0, 3.0, 0.5].iter().map(|&b| scalar::beta_inc_in_a(2.0, b, 0.25)).sum();
    let gradients = out.sum().backward();
    assert!((values(&a.grad(&gradients).unwrap())[0] - right).abs() < 1e-15);
}

#[test]
fn the_capture_device_records_each_distribution_function_as_one_operation() {
    use burn::backend::capture::CaptureBackend;
    use burn::backend::ir::OperationIr;

    let device = Device::capture();
    let on_capture = |x: &[f64]| tensor(x, DType::F32).to_device(&device);
    let id = |x: &Tensor<1>| x.clone().try_into_primitive::<CaptureBackend>().unwrap().id();
    let captured = device
        .capture_scope(|scope| {
            let (x, y) = (on_capture(&[0.25, 0.5]), on_capture(&[3.0, 4.0]));
            let inputs = [id(&x), id(&y)];
            let normal = erf(x.clone()) + erfc(x.clone()) + erfinv(x.clone()) + ndtr(x.clone()) + log_ndtr(x.clone()) + ndtri(x.clone());
            let others = log1mexp(x.clone()) + i0e(x.clone()) + i1e(x.clone()) + log_i0(x.clone());
            let out = normal + others + gamma_p(y.clone(), x.clone()) + gamma_q(y.clone(), x.clone()) + beta_inc(y.clone(), y, x);
            let outputs = [id(&out)];
            scope.complete(inputs, outputs)
        })
        .unwrap();
    let custom = |operation: &OperationIr| match operation {
        OperationIr::Custom(custom) => Some((custom.id.clone(), custom.inputs.len())),
        _ => None,
    };
    let found: Vec<(String, usize)> = captured.graph.operations.iter().filter_map(custom).collect();
    let unary = ["erf", "erfc", "erfinv", "ndtr", "log_ndtr", "ndtri", "log1mexp", "i0e", "i1e", "log_i0"].map(|name| (name, 1));
    let several = [("gamma_p", 2), ("gamma_q", 2), ("beta_inc", 3)];
    let expected: Vec<(String, usize)> = unary.into_iter().chain(several).map(|(name, n)| (name.to_owned(), n)).collect();
    assert_eq!(found, expected);
}
