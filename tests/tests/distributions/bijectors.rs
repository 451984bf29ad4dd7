//! Bijectors: image, inverse and Jacobian.

use std::rc::Rc;

use burn::tensor::{DType, Float, Tensor};
use vi_runtime::bijector::*;
use vi_runtime::dist::*;
use vi_runtime::{Error, Support};

use super::density::function::{Evaluation, Executor, Function};
use super::{burn, has_f64, leaf, numbers, tensor, test_device};

pub(super) fn precisions() -> Vec<DType> {
    if has_f64() { vec![DType::F32, DType::F64] } else { vec![DType::F32] }
}

/// A function of a row of numbers and the gradient of its sum, under every executor.
pub(super) fn evaluated(f: impl Fn(Tensor<1>) -> Tensor<1>, x: &[f64], dtype: DType) -> Vec<(Executor, Evaluation)> {
    let f = Function::<Float>::new(|_, x, _| f(x));
    let by = |by: &Executor| (*by, f.evaluate(*by, x, &[], &test_device(), dtype).unwrap());
    Executor::under_test(&test_device()).iter().map(by).collect()
}

fn every<const D: usize>() -> Vec<Rc<dyn Bijector<D>>> {
    vec![
        Rc::new(Identity::default()),
        Rc::new(Exp),
        Rc::new(Sigmoid),
        Rc::new(Affine::new(2.0, -3.0)),
        Rc::new(Affine::new(2.0, 0.5)),
        Rc::new(Softplus),
        Rc::new(Tanh),
        Rc::new(Circular),
        Rc::new(Invert(Rc::new(Affine::new(0.3, 0.5)))),
        Rc::new(Compose(vec![Rc::new(Exp) as Rc<dyn Bijector<D>>, Rc::new(Power(-1.5))])),
        Rc::new(Interval { low: -1.0, high: 5.0 }),
        Rc::new(GreaterThan(2.0)),
        Rc::new(LessThan(-2.0)),
        Rc::new(Compose(vec![Rc::new(Affine::new(1.0, 0.5)) as Rc<dyn Bijector<D>>, Rc::new(Exp), Rc::new(Affine::new(-1.0, 2.0))])),
    ]
}

#[test]
fn the_inverse_undoes_the_map() {
    for dtype in precisions() {
        let tolerance = if dtype == DType::F64 { 1e-12 } else { 2e-5 };
        let x: Vec<f64> = (-6..=6).map(|i| f64::from(i) * 0.7).collect();
        for bijector in every::<1>() {
            for (by, found) in evaluated(|x| bijector.inverse(bijector.forward(x)), &x, dtype) {
                for (x, back) in x.iter().zip(found.value) {
                    assert!((x - back).abs() <= tolerance * (1.0 + x.abs().exp()), "{bijector:?} {by} at {x}: {back}");
                }
            }
        }
    }
}

#[test]
fn the_inverse_is_as_accurate_as_its_condition_allows() {
    let x = [-1e4, -300.0, -80.0, -15.0, -9.0, -2.5, -1e-3, 0.4, 3.0, 8.0, 14.0, 60.0, 300.0, 1e4];
    for dtype in precisions() {
        let epsilon = if dtype == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
        for bijector in every::<1>() {
            for (by, image) in evaluated(|x| bijector.forward(x), &x, dtype) {
                let (values, slopes) = (image.value, image.x.unwrap());
                let found = evaluated(|y| bijector.inverse(y), &values, dtype);
                let back = found.into_iter().find(|(executor, _)| *executor == by).map(|(_, back)| back.value).unwrap();
                let mut compared = 0;
                for (i, x) in x.iter().enumerate() {
                    // |y dx/dy / x|, infinite where the map is cut off.
                    let condition = (values[i] / slopes[i] / x).abs();
                    if condition < 1e6 {
                        compared += 1;
                        let allowed = 8.0 * (condition + 1.0) * epsilon * x.abs();
                        let place = format!("{bijector:?} {by} in {dtype:?}");
                        assert!((back[i] - x).abs() <= allowed, "{place}: {x} comes back as {} ({condition:e})", back[i]);
                    }
                }
                assert!(compared >= 4, "{bijector:?} {by} in {dtype:?}: {compared}");
            }
        }
    }
}

#[test]
fn the_jacobian_is_the_derivative() {
    if !has_f64() {
        return;
    }
    let x: Vec<f64> = (-8..=8).map(|i| f64::from(i) * 0.9).collect();
    for bijector in every::<1>() {
        let images = evaluated(|x| bijector.forward(x), &x, DType::F64);
        let jacobians = evaluated(|x| bijector.log_abs_det_jacobian(&x, &bijector.forward(x.clone())), &x, DType::F64);
        for ((by, image), (_, jacobian)) in images.into_iter().zip(jacobians) {
            for (i, slope) in image.x.unwrap().into_iter().enumerate() {
                let (place, jacobian) = (format!("{bijector:?} {by} at {}", x[i]), jacobian.value[i]);
                assert!((slope.abs().ln() - jacobian).abs() < 1e-10, "{place}: {jacobian} against ln {slope}");
                let step = 1e-5;
                let at = |x: f64| numbers(bijector.forward(tensor(&[x], [1], DType::F64)))[0];
                let difference = (at(x[i] + step) - at(x[i] - step)) / (2.0 * step);
                assert!((difference - slope).abs() < 1e-7 * slope.abs().max(1.0), "{place}: {slope} against {difference}");
            }
        }
    }
}

#[test]
fn the_image_is_inside_the_support_however_far_out() {
    let supports = [
        Support::Real,
        Support::Positive,
        Support::UnitInterval,
        Support::Interval(-1.0, 5.0),
        Support::Interval(0.1, 0.3),
        Support::Interval(1e3, 1e3 + 1.0),
        Support::GreaterThan(2.5),
        Support::GreaterThan(0.0),
        Support::LessThan(-0.1),
        Support::Circular,
    ];
    let x = [-1e4, -1e3, -100.0, -20.0, -1.0, 0.0, 1.0, 20.0, 100.0, 1e3, 1e4];
    for dtype in precisions() {
        for support in supports {
            let bijector = biject_to::<1>(&support).unwrap();
            let (low, high) = support.bounds();
            let finite = |found: &[f64]| found.iter().all(|x| x.is_finite());
            for (by, image) in evaluated(|x| bijector.forward(x), &x, dtype) {
                for (x, y) in x.iter().zip(image.value) {
                    assert!(y > low && y < high && y.is_finite(), "{support} {by} in {dtype:?} at {x}: {y:e}");
                }
                assert!(finite(&image.x.unwrap()), "{support} {by}");
            }
            for (by, jacobian) in evaluated(|x| bijector.log_abs_det_jacobian(&x, &bijector.forward(x.clone())), &x, dtype) {
                assert!(finite(&jacobian.value), "{support} {by}");
            }
        }
        let simplex = biject_to::<2>(&Support::Simplex).unwrap();
        let x = [0.0, 0.0, 0.0, 1e4, 1e4, -1e4, -1e4, -1e4, -1e4, -300.0, 2.0, 300.0];
        let y = numbers(simplex.forward(tensor(&x, [4, 3], dtype)));
        for row in y.chunks(4) {
            assert!(row.iter().all(|&y| y > 0.0 && y < 1.0), "{row:?}");
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        }
        assert!(y[..4].iter().all(|y| (y - 0.25).abs() < 1e-6));
    }
}

#[test]
fn stick_breaking_inverts_and_its_jacobian_is_the_determinant() {
    if !has_f64() {
        return;
    }
    let bijector: Rc<dyn Bijector<1>> = Rc::new(StickBreaking);
    assert_eq!((bijector.constrained_shape(&[5, 3]), bijector.unconstrained_shape(&[5, 4])), (vec![5, 4], vec![5, 3]));
    for x in [[0.3, -1.0, 2.0], [5.0, -4.0, 0.1]] {
        let at = tensor(&x, [3], DType::F64);
        let y = bijector.forward(at.clone());
        let back = numbers(bijector.inverse(y.clone()));
        assert!(x.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-11));
        // Row k of the matrix of ∂y/∂x, the last y following from the others.
        let rows: Vec<Vec<f64>> = (0..3)
            .map(|k| {
                let leaf = leaf(&x, [3], DType::F64);
                let gradients = bijector.forward(leaf.clone()).narrow(0, k, 1).sum().backward();
                numbers(leaf.grad(&gradients).unwrap())
            })
            .collect();
        let minor = |a: usize, b: usize| rows[1][a] * rows[2][b] - rows[1][b] * rows[2][a];
        let determinant = rows[0][0] * minor(1, 2) - rows[0][1] * minor(0, 2) + rows[0][2] * minor(0, 1);
        let jacobian = bijector.log_abs_det_jacobian(&at, &y);
        assert_eq!(jacobian.dims(), [1]);
        assert!((numbers(jacobian)[0] - determinant.abs().ln()).abs() < 1e-10);
    }
}

#[test]
fn composing_adds_jacobians_over_the_larger_event() {
    let compose = Compose(vec![Rc::new(Affine::new(0.0, 2.0)) as Rc<dyn Bijector<2>>, Rc::new(StickBreaking)]);
    assert_eq!((compose.event_rank(), compose.codomain()), (1, Support::Simplex));
    let x = tensor(&[0.1, -0.2, 0.3, 0.4, 0.5, 0.6], [2, 3], DType::F32);
    let y = compose.forward(x.clone());
    let sum = numbers(compose.log_abs_det_jacobian(&x, &y));
    let scaled = x.mul_scalar(2.0);
    let stick = numbers(StickBreaking.log_abs_det_jacobian(&scaled, &y));
    assert!(sum.iter().zip(stick).all(|(sum, stick)| (sum - stick - 3.0 * 2f64.ln()).abs() < 1e-5));
}

#[test]
fn images_follow_the_base() {
    let image = |bijector: &dyn Bijector<1>, of: Support| bijector.image(&of);
    assert_eq!(image(&Exp, Support::Real), Support::Positive);
    assert_eq!(image(&Exp, Support::Positive), Support::GreaterThan(1.0));
    assert_eq!(image(&Affine::new(1.0, -2.0), Support::Interval(0.0, 1.0)), Support::Interval(-1.0, 1.0));
    assert_eq!(image(&Affine::new(0.0, 2.0), Support::Positive), Support::Positive);
    assert_eq!(image(&Sigmoid, Support::Real), Support::UnitInterval);
}

#[test]
fn supports_without_a_bijector_are_refused_by_name() {
    for support in [
        Support::Boolean,
        Support::NonNegativeInteger,
        Support::Point,
        Support::IntegerInterval(0, 3),
        Uniform::new([0.0], [1.0]).support(),
    ] {
        let Err(Error::Unsupported { what, .. }) = biject_to::<1>(&support) else { panic!("{support} has a bijector") };
        assert!(what.contains(&support.to_string()), "{what}");
    }
}

#[test]
fn a_transformed_normal_is_the_log_normal() {
    let x = tensor(&[0.2, 1.0, 7.0], [3], DType::F32);
    let transformed = Normal::new(0.3, 0.8).transformed(Rc::new(Exp));
    assert_eq!(transformed.support(), Support::Positive);
    let (left, right) = (numbers(transformed.log_prob(&x)), numbers(LogNormal::new(0.3, 0.8).log_prob(&x)));
    assert!(left.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn a_transformed_event_keeps_its_shape() {
    let base = Normal::new(0.0, 1.0).expand([5, 3]);
    let simplex = base.clone().transformed(Rc::new(StickBreaking));
    assert_eq!((simplex.shape(), simplex.event_rank(), simplex.support()), ([5, 4], 1, Support::Simplex));
    let y = StickBreaking.forward(tensor(&[0.1; 15], [5, 3], DType::F32));
    assert_eq!(simplex.log_prob(&y).dims(), [5, 1]);
    assert_eq!(Normal::new(0.0, 1.0).expand([1, 3]).transformed(Rc::new(StickBreaking)).grow([5, 4]).shape(), [5, 4]);
    let positive = base.independent(1).transformed(Rc::new(Exp));
    assert_eq!((positive.shape(), positive.event_rank()), ([5, 3], 1));
    let y: Tensor<2> = tensor(&[1.5; 15], [5, 3], DType::F32);
    assert_eq!(positive.log_prob(&y).dims(), [5, 1]);
}

#[test]
fn functions_of_one_number_stay_inside_where_they_saturate() {
    let x = [-1e4, -1e3, -100.0, -20.0, -1.0, 0.0, 1.0, 20.0, 100.0, 1e3, 1e4];
    for dtype in precisions() {
        let maps: [Rc<dyn Bijector<1>>; 5] = [
            Rc::new(Softplus),
            Rc::new(Tanh),
            Rc::new(Compose(vec![Rc::new(Exp) as Rc<dyn Bijector<1>>, Rc::new(Power(2.0))])),
            Rc::new(Compose(vec![Rc::new(Exp) as Rc<dyn Bijector<1>>, Rc::new(Power(-0.5))])),
            Rc::new(Compose(vec![Rc::new(Affine::new(0.5, 2.0)) as Rc<dyn Bijector<1>>, Rc::new(Tanh)])),
        ];
        for map in maps {
            let (low, high) = map.codomain().bounds();
            for (by, image) in evaluated(|x| map.forward(x), &x, dtype) {
                for (x, y) in x.iter().zip(image.value) {
                    assert!(y > low && y < high && y.is_finite(), "{map:?} {by} in {dtype:?} at {x}: {y:e}");
                }
            }
            let both = |x: Tensor<1>| {
                let y = map.forward(x.clone());
                map.log_abs_det_jacobian(&x, &y) + y.abs().add_scalar(1.0).log()
            };
            for (by, found) in evaluated(both, &x, dtype) {
                let numbers = found.value.iter().chain(found.x.iter().flatten());
                assert!(numbers.copied().all(f64::is_finite), "{map:?} {by} in {dtype:?}");
            }
        }
    }
}

#[test]
fn loc_and_scale_may_be_tensors() {
    let x: Tensor<2> = tensor(&[0.5, -1.0, 2.0, 0.0, 1.0, -2.0], [2, 3], DType::F32);
    let (loc, scale) = (tensor(&[1.0, 2.0, 3.0], [1, 3], DType::F32), tensor(&[2.0, -0.5], [2, 1], DType::F32));
    let map = Affine::new(&loc, &scale);
    let y = map.forward(x.clone());
    assert_eq!(numbers(y.clone()), [2.0, 0.0, 7.0, 1.0, 1.5, 4.0]);
    assert_eq!(numbers(map.inverse(y.clone())), numbers(x.clone()));
    let jacobian = map.log_abs_det_jacobian(&x, &y);
    assert_eq!(jacobian.dims(), [2, 3]);
    let expected: Vec<f64> = [2.0_f64, 0.5].iter().flat_map(|scale| [scale.ln(); 3]).collect();
    assert!(numbers(jacobian).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6));
    // The ends of the image are known only at run time.
    assert_eq!(map.image(&Support::Positive), Support::Interval(f64::NEG_INFINITY, f64::INFINITY));
    assert_eq!(map.image(&Support::Real), Support::Real);
}

#[test]
fn maps_know_whether_they_turn_the_order_round() {
    let x = tensor(&[0.3, 0.4], [2], DType::F32);
    for map in every::<1>() {
        let y = numbers(map.forward(x.clone()));
        assert_eq!(map.is_decreasing(), Some(y[1] < y[0]), "{map:?}");
    }
    assert_eq!(Affine::new(0.0, &x).is_decreasing(), None);
}
