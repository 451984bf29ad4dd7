//! Normalising flows: identity at the start, Jacobian, inverse.

use std::rc::Rc;

use burn::tensor::{DType, Device, FloatDType, Tensor};
use vi_runtime::bijector::{Bijector, Permute};
use vi_runtime::flow::*;
use vi_runtime::{AnyTensor, Arg, Support};

use super::round_trips;
use super::structured::log_det;
use super::{Uniforms, burn, has_f64, leaf, numbers, tensor, test_device};

const SPLINE: Curve = Curve::Spline { bins: 5, bound: 3.0 };

/// What a test does with each flow over three elements.
trait Check {
    fn check<F: Flow + Arg + 'static>(&self, name: &str, flow: F);
}

fn each(check: &impl Check) {
    let device = &test_device();
    for (name, curve) in [("affine", Curve::Affine), ("spline", SPLINE)] {
        let coupling = || Coupling::new(3, &[6], curve, device).unwrap();
        let iaf = || Autoregressive::iaf(3, &[6, 5], curve, device).unwrap();
        check.check(&format!("{name} coupling"), coupling());
        check.check(&format!("{name} iaf"), iaf());
        check.check(&format!("{name} maf"), Autoregressive::maf(3, &[6], curve, device).unwrap());
        check.check(&format!("{name} couplings"), Chain::alternating(3, vec![coupling(), coupling(), coupling()]));
        let orders = vec![Permute::new([1, 2, 0]).unwrap(), Permute::new([2, 0, 1]).unwrap()];
        check.check(&format!("{name} iafs"), Chain::permuted(vec![iaf(), iaf(), iaf()], orders));
    }
    check.check("planar", Planar::new(3, device));
    check.check("planars", Chain::new(vec![Planar::new(3, device), Planar::new(3, device)]));
    check.check("block", block(device));
    check.check("blocks", Chain::alternating(3, vec![block(device), block(device)]));
}

fn block(device: &Device) -> BlockAutoregressive {
    BlockAutoregressive::new(3, 2, 4, device).unwrap()
}

struct StartsAsIdentity;

impl Check for StartsAsIdentity {
    fn check<F: Flow + Arg + 'static>(&self, name: &str, flow: F) {
        let x = [0.3, -1.0, 2.0, -0.4, 2.7, 4.5];
        let tolerance = if name.starts_with("block") { 0.1 * f64::from(1 + u8::from(name == "blocks")) } else { 2e-6 };
        let (y, log_det) = flow.forward_and_jacobian(tensor::<2>(&x, [2, 3], DType::F32));
        assert!(numbers(y).iter().zip(x).all(|(y, x)| (y - x).abs() < tolerance), "{name}");
        assert!(numbers(log_det).iter().all(|log_det| log_det.abs() < 3.0 * tolerance), "{name}");
    }
}

#[test]
fn a_fresh_flow_is_the_identity() {
    each(&StartsAsIdentity);
}

/// The flow in double precision with its parameters moved by as much as `size`, the same in every run.
fn moved<F: Arg>(flow: &F, size: f64) -> F {
    let mut uniforms = Uniforms(7);
    flow.map_tensors(&mut |values: AnyTensor| {
        let numbers = values.to_f64().unwrap().into_iter().zip(&mut uniforms).map(|(x, u)| {
            // A gate that is nearly shut would hide the network behind it.
            let x = if x < -4.0 { x + 4.5 } else { x };
            x + size * (2.0 * u - 1.0)
        });
        tests::replaced(&values, numbers.collect(), FloatDType::F64)
    })
}

const POINTS: [[f64; 3]; 4] = [[0.3, -1.0, 2.0], [-2.2, 0.7, 0.05], [5.0, -4.0, 1.5], [0.0, 0.0, 0.0]];

struct JacobianIsTheDeterminant;

impl Check for JacobianIsTheDeterminant {
    fn check<F: Flow + Arg + 'static>(&self, name: &str, flow: F) {
        let flow = moved(&flow, 0.8);
        for x in POINTS {
            let rows = (0..3)
                .map(|k| {
                    let leaf = leaf(&x, [1, 3], DType::F64);
                    let gradients = flow.forward(leaf.clone()).narrow(1, k, 1).sum().backward();
                    numbers(leaf.grad(&gradients).unwrap())
                })
                .collect();
            let expected = log_det(rows);
            let at: Tensor<2> = tensor(&x, [1, 3], DType::F64);
            let (y, found) = flow.forward_and_jacobian(at.clone());
            let again = flow.log_abs_det_jacobian(&at, &y);
            for found in [numbers(found)[0], numbers(again)[0]] {
                assert!((found - expected).abs() < 1e-9, "{name} at {x:?}: {found} against {expected}");
            }
        }
    }
}

#[test]
fn the_jacobian_is_the_determinant() {
    if has_f64() {
        each(&JacobianIsTheDeterminant);
    }
}

struct InverseUndoesTheMap;

impl Check for InverseUndoesTheMap {
    fn check<F: Flow + Arg + 'static>(&self, name: &str, flow: F) {
        let flow = moved(&flow, 0.8);
        let x = leaf(&POINTS.concat(), [4, 3], DType::F64);
        let y = flow.forward(x.clone());
        assert!(POINTS.concat().iter().zip(numbers(y.clone().without_autodiff())).any(|(x, y)| (x - y).abs() > 0.1), "{name} does nothing");
        let back = flow.inverse(y);
        for (x, back) in POINTS.concat().iter().zip(numbers(back.clone().without_autodiff())) {
            assert!((x - back).abs() < 1e-9, "{name}: {x} comes back as {back}");
        }
        // Each element has its own weight, so that the whole of both matrices counts.
        let weights = [1.0, -2.0, 3.0];
        let weighted = back * tensor(&weights, [1, 3], DType::F64);
        let gradients = weighted.sum().backward();
        for (i, slope) in numbers(x.grad(&gradients).unwrap()).into_iter().enumerate() {
            assert!((slope - weights[i % 3]).abs() < 1e-7, "{name}: {slope} at {i}");
        }
    }
}

#[test]
fn the_inverse_undoes_the_map() {
    if has_f64() {
        each(&InverseUndoesTheMap);
    }
}

struct RoundTrips;

impl Check for RoundTrips {
    fn check<F: Flow + Arg + 'static>(&self, name: &str, flow: F) {
        let flow = moved(&flow, 0.8);
        let x = round_trips::points(3);
        let back = flow.inverse(flow.forward(tensor::<3>(&x, [x.len() / 3, 1, 3], DType::F64)));
        // The knots of a spline are sums from one bound to the other; a flow is rounded in the two layers of its network and in its map,
        // and a chain has three flows at most.
        let least = if name.starts_with("spline") { 3.0 } else { 0.0 };
        let layers = if name.ends_with('s') { 9.0 } else { 3.0 };
        let range = round_trips::Range { least, ..round_trips::DOUBLE };
        let sensitivities = round_trips::sensitivities(&flow, &x, 3, &range);
        round_trips::agrees(name, &x, &numbers(back), &sensitivities, layers * f64::EPSILON);
    }
}

#[test]
fn the_inverse_is_as_accurate_as_its_condition_allows() {
    if has_f64() {
        each(&RoundTrips);
    }
}

#[test]
fn an_autoregressive_network_reads_earlier_elements_only() {
    if !has_f64() {
        return;
    }
    let flow = moved(&Autoregressive::iaf(4, &[7, 6], SPLINE, &test_device()).unwrap(), 1.5);
    let slope = |output: usize| {
        let leaf = leaf(&[0.3, -1.0, 2.0, 0.5], [1, 4], DType::F64);
        let gradients = flow.forward(leaf.clone()).narrow(1, output, 1).sum().backward();
        numbers(leaf.grad(&gradients).unwrap())
    };
    for output in 0..4 {
        for (input, slope) in slope(output).into_iter().enumerate() {
            assert_eq!(slope != 0.0, input <= output, "output {output}, input {input}: {slope}");
        }
    }
}

#[test]
fn a_flow_maps_any_rank_over_the_last_dimension() {
    let flow: Rc<dyn Bijector<3>> = Rc::new(Coupling::new(4, &[5], SPLINE, &test_device()).unwrap());
    let x = tensor(&[0.5; 24], [2, 3, 4], DType::F32);
    let y = flow.forward(x.clone());
    assert_eq!((y.dims(), flow.log_abs_det_jacobian(&x, &y).dims()), ([2, 3, 4], [2, 3, 1]));
    assert_eq!((flow.event_rank(), flow.codomain()), (1, Support::RealVector));
}

/// A spline goes through its knots with the slopes there; knots by hand from the parameters.
#[test]
fn a_spline_goes_through_its_knots() {
    if !has_f64() {
        return;
    }
    // The parameters of an element of a coupling layer are its output biases while all weights are zero.
    let fresh = Coupling::new(2, &[], Curve::Spline { bins: 3, bound: 2.0 }, &test_device()).unwrap();
    let parameters = [0.4, -0.3, 0.1, 1.0, 0.2, -0.6, 0.7, -0.9];
    let flow = fresh.map_tensors(&mut |values: AnyTensor| {
        let numbers = if values.shape() == [8] { parameters.to_vec() } else { vec![0.0; values.len()] };
        tests::replaced(&values, numbers, FloatDType::F64)
    });
    let knots = |logits: &[f64]| {
        let total: f64 = logits.iter().map(|x| x.exp()).sum();
        let shares = logits.iter().map(|x| 1e-3 + (1.0 - 3e-3) * x.exp() / total);
        shares.scan(-2.0, |at, share| std::mem::replace(at, *at + 4.0 * share).into()).collect::<Vec<f64>>()
    };
    let slope = |raw: f64| 1e-3 + (1.0 + (raw + (0.999_f64.exp() - 1.0).ln()).exp()).ln();
    let (x, y) = (knots(&parameters[..3]), knots(&parameters[3..6]));
    for (k, expected) in [(1, slope(0.7)), (2, slope(-0.9))] {
        let at = tensor(&[0.0, x[k] + 1e-12], [1, 2], DType::F64);
        let (found, log_det) = flow.forward_and_jacobian(at);
        assert!((numbers(found)[1] - y[k]).abs() < 1e-10);
        assert!((numbers(log_det)[0] - expected.ln()).abs() < 1e-9);
        // The pieces meet with one slope.
        let log_det = flow.forward_and_jacobian(tensor::<2>(&[0.0, x[k] - 1e-9], [1, 2], DType::F64)).1;
        assert!((numbers(log_det)[0] - expected.ln()).abs() < 1e-7);
    }
    for end in [-2.0, 2.0, 7.5] {
        let (found, log_det) = flow.forward_and_jacobian(tensor::<2>(&[0.0, end], [1, 2], DType::F64));
        assert_eq!((numbers(found)[1], numbers(log_det)[0]), (end, 0.0));
    }
}

#[test]
fn a_planar_flow_is_invertible_whatever_its_parameters() {
    if !has_f64() {
        return;
    }
    for (along, scale) in [(-50.0, 1.0), (-1.0, 3.0), (30.0, 2.0), (0.5, 0.01)] {
        let w = [0.4 * scale, -0.7 * scale, 1.1 * scale];
        let mut rows = vec![w.to_vec(), w.map(|w| along * w).to_vec(), vec![0.3]].into_iter();
        let flow =
            Planar::new(3, &test_device()).map_tensors(&mut |tensor| tests::replaced(&tensor, rows.next().unwrap(), FloatDType::F64));
        let x: Tensor<2> = tensor(&POINTS.concat(), [4, 3], DType::F64);
        let (y, log_det) = flow.forward_and_jacobian(x);
        assert!(numbers(log_det).iter().all(|&log_det| log_det >= 0.999e-3_f64.ln()), "{along}");
        for (x, back) in POINTS.concat().iter().zip(numbers(flow.inverse(y))) {
            assert!((x - back).abs() < 1e-9, "{along}, {scale}: {x} comes back as {back}");
        }
    }
}

#[test]
fn sizes_that_make_no_flow_are_refused() {
    assert!(Coupling::new(1, &[4], Curve::Affine, &test_device()).is_err());
    assert!(BlockAutoregressive::new(3, 0, 4, &test_device()).is_err());
    assert!(Autoregressive::iaf(3, &[4, 0], Curve::Affine, &test_device()).is_err());
    for (bins, bound) in [(0, 3.0), (501, 3.0), (4, 0.0), (4, f64::NAN)] {
        assert!(Autoregressive::maf(3, &[4], Curve::Spline { bins, bound }, &test_device()).is_err());
    }
}
