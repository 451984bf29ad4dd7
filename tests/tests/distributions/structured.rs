//! Bijectors onto vectors and matrices whose elements depend on each other.

use std::rc::Rc;

use burn::tensor::{DType, Device, Tensor, TensorData};
use vi_runtime::Support;
use vi_runtime::bijector::*;
use vi_runtime::dist::*;

use super::bijectors::evaluated;
use super::density::function::flat;
use super::{Uniforms, burn, has_f64, leaf, numbers, tensor, test_device};

/// Over which elements of `y` the determinant is.
#[derive(Clone, Copy)]
pub(super) enum Volume {
    Elements(&'static [usize]),
    /// Volume on a surface: the square root of the determinant of `Jᵀ J`.
    Surface,
}

const ALL: Volume = Volume::Elements(&[0, 1, 2]);
const LOWER: Volume = Volume::Elements(&[0, 3, 4, 6, 7, 8]);
const BELOW: Volume = Volume::Elements(&[3, 6, 7]);

/// Each bijector with the number of unconstrained numbers of a three-element or three-row value.
pub(super) fn every<const D: usize>(device: &Device, dtype: DType) -> Vec<(Rc<dyn Bijector<D>>, usize, Volume)> {
    let mut column = [1; D];
    column[D - 2] = 3;
    let scales = Tensor::from_data(TensorData::new(vec![0.5, 2.0, 3.0], column), (device, dtype));
    vec![
        (Rc::new(StickBreaking), 2, Volume::Elements(&[0, 1])),
        (Rc::new(Ordered), 3, ALL),
        (Rc::new(PositiveOrdered), 3, ALL),
        (Rc::new(Stereographic), 2, Volume::Surface),
        (Rc::new(ZeroSum), 2, Volume::Surface),
        (Rc::new(LowerCholesky), 6, LOWER),
        (Rc::new(CorrelationCholesky), 3, BELOW),
        (Rc::new(Correlation), 3, BELOW),
        (Rc::new(PositiveDefinite), 6, LOWER),
        (Rc::new(Permute::new([2, 0, 1]).unwrap()), 3, ALL),
        (Rc::new(Compose(vec![Rc::new(CorrelationCholesky) as Rc<dyn Bijector<D>>, Rc::new(CovarianceCholesky::new(scales))])), 3, BELOW),
        (Rc::new(Compose(vec![Rc::new(LowerCholesky) as Rc<dyn Bijector<D>>, Rc::new(Invert(Rc::new(CholeskyFactor)))])), 6, LOWER),
    ]
}

/// `f(x)` for the points `x`, and of each element of an event the slopes in all numbers of `x`, in double precision.
///
/// # Shapes
/// `dims[0]` points.
pub(super) fn jacobian<const D: usize>(bijector: &dyn Bijector<D>, x: &[f64], dims: [usize; D]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let values = numbers(bijector.forward(tensor(x, dims, DType::F64)));
    let batch = dims[0];
    let elements = values.len() / batch;
    let slopes = |k: usize| {
        let leaf = leaf(x, dims, DType::F64);
        let gradients = bijector.forward(leaf.clone()).reshape([batch, elements]).narrow(1, k, 1).sum().backward();
        leaf.grad(&gradients).map_or(vec![0.0; x.len()], numbers)
    };
    (values, (0..elements).map(slopes).collect())
}

/// `ln |det|` by elimination with pivots.
pub(super) fn log_det(mut rows: Vec<Vec<f64>>) -> f64 {
    let size = rows.len();
    let mut sum = 0.0;
    for i in 0..size {
        let pivot = (i..size).max_by(|&a, &b| rows[a][i].abs().total_cmp(&rows[b][i].abs())).unwrap();
        rows.swap(i, pivot);
        sum += rows[i][i].abs().ln();
        let pivot = rows[i].clone();
        for row in &mut rows[i + 1..] {
            let factor = row[i] / pivot[i];
            row.iter_mut().zip(&pivot).for_each(|(x, pivot)| *x -= factor * pivot);
        }
    }
    sum
}

#[test]
fn the_jacobian_is_the_determinant_and_the_inverse_undoes_the_map() {
    if !has_f64() {
        return;
    }
    let points = [[0.3, -1.0, 2.0, 0.4, -0.2, 0.7], [-2.0, 1.4, 0.1, -1.2, 0.9, -0.6], [0.0; 6]];
    for (bijector, count, volume) in every::<2>(&test_device(), DType::F64) {
        for x in &points {
            let x = &x[..count];
            let at = tensor(x, [1, count], DType::F64);
            let y = bijector.forward(at.clone());
            let shape = bijector.constrained_shape(&[1, count]);
            assert_eq!((y.dims().to_vec(), bijector.unconstrained_shape(&shape)), (shape, vec![1, count]), "{bijector:?}");
            for (x, back) in x.iter().zip(numbers(bijector.inverse(y.clone()))) {
                assert!((x - back).abs() < 1e-11, "{bijector:?}: {x} comes back as {back}");
            }
            let (_, rows) = jacobian(&*bijector, x, [1, count]);
            let expected = match volume {
                Volume::Elements(which) => log_det(which.iter().map(|&k| rows[k].clone()).collect()),
                Volume::Surface => {
                    let gram = |i: usize, j: usize| rows.iter().map(|row| row[i] * row[j]).sum::<f64>();
                    0.5 * log_det((0..count).map(|i| (0..count).map(|j| gram(i, j)).collect()).collect())
                }
            };
            let jacobian = bijector.log_abs_det_jacobian(&at, &y);
            assert_eq!(jacobian.dims(), [1, 1], "{bijector:?}");
            let found = numbers(jacobian)[0];
            assert!((found - expected).abs() < 1e-10, "{bijector:?} at {x:?}: {found} against {expected}");
        }
    }
}

#[test]
fn the_inverse_has_the_gradient_of_an_inverse() {
    if !has_f64() {
        return;
    }
    // d(sum of f⁻¹(f(x)))/dx = 1, also where elements are 0.
    for (bijector, count, _) in every::<2>(&test_device(), DType::F64) {
        for x in [[0.3, -1.0, 2.0, 0.4, -0.2, 0.7], [0.0; 6]] {
            let leaf = leaf(&x[..count], [1, count], DType::F64);
            let gradients = bijector.inverse(bijector.forward(leaf.clone())).sum().backward();
            for slope in numbers(leaf.grad(&gradients).unwrap()) {
                assert!((slope - 1.0).abs() < 1e-10, "{bijector:?}: {slope}");
            }
        }
    }
}

/// A map, numbers, the value and the logarithm of the determinant.
type Known = (&'static dyn Bijector<2>, &'static [f64], &'static [f64], f64);

/// Values and determinants by NumPyro in double precision; those of `PositiveOrdered`, where NumPyro has another map, are sums
/// of exponentials.
#[test]
fn values_are_those_of_the_formulas() {
    let known: [Known; 7] = [
        (&Ordered, &[0.3, -1.1, 0.8], &[0.3, 0.632_871_083_698_079_5, 2.858_412_012_190_547_6], -0.3),
        (&PositiveOrdered, &[0.3, -1.1, 0.8], &[1.349_858_807_576_003, 1.682_729_891_274_083, 3.908_270_819_766_55], 0.0),
        (
            &CorrelationCholesky,
            &[0.3, -1.1, 0.8],
            &[
                1.0,
                0.0,
                0.0,
                0.291_312_612_451_590_85,
                0.956_627_911_900_248_3,
                0.0,
                -0.800_499_021_760_629_7,
                0.397_979_853_892_944_7,
                0.448_122_028_085_682_47,
            ],
            -2.205_997_078_134_920_3,
        ),
        (
            &Correlation,
            &[0.3, -1.1, 0.8],
            &[
                1.0,
                0.291_312_612_451_590_85,
                -0.800_499_021_760_629_7,
                0.291_312_612_451_590_85,
                1.0,
                0.147_523_175_313_941_7,
                -0.800_499_021_760_629_7,
                0.147_523_175_313_941_7,
                1.0,
            ],
            -2.250_337_848_060_860_7,
        ),
        (&ZeroSum, &[1.0, 2.0, 3.5], &[-1.0 / 12.0, 11.0 / 12.0, 29.0 / 12.0, -3.25], 0.0),
        (
            &LowerCholesky,
            &[-1.1, 0.4, 0.2, 0.3, 0.8, -0.5],
            &[1.349_858_807_576_003_2, 0.0, 0.0, -1.1, 2.225_540_928_492_468, 0.0, 0.4, 0.2, 0.606_530_659_712_633_4],
            0.6,
        ),
        (
            &PositiveDefinite,
            &[-1.1, 0.4, 0.2, 0.3, 0.8, -0.5],
            &[
                1.822_118_800_390_509,
                -1.484_844_688_333_603_7,
                0.539_943_523_030_401_3,
                -1.484_844_688_333_603_7,
                6.163_032_424_395_116,
                0.005_108_185_698_493_542,
                0.539_943_523_030_401_3,
                0.005_108_185_698_493_542,
                0.567_879_441_171_442_4,
            ],
            4.679_441_541_679_836,
        ),
    ];
    for dtype in super::bijectors::precisions() {
        let tolerance = if dtype == DType::F64 { 1e-13 } else { 2e-6 };
        for (bijector, x, y, jacobian) in known {
            let x = tensor(x, [1, x.len()], dtype);
            let found = bijector.forward(x.clone());
            let log_det = numbers(bijector.log_abs_det_jacobian(&x, &found))[0];
            for (found, y) in numbers(found).iter().zip(y) {
                assert!((found - y).abs() < tolerance * y.abs().max(1.0), "{bijector:?} in {dtype:?}: {found} against {y}");
            }
            assert!((log_det - jacobian).abs() < 2.0 * tolerance * jacobian.abs().max(1.0), "{bijector:?}: {log_det} against {jacobian}");
        }
    }
}

/// What is wrong with an event of the support, if anything; sums and lengths to `rounding`.
fn fault(support: Support, y: &[f64], rounding: f64) -> Option<String> {
    let size = if support.event_rank() == 2 { y.len().isqrt() } else { y.len() };
    let wrong = |good: bool, what: &str| (!good).then(|| format!("{what}: {y:?}"));
    let increasing = || y.windows(2).all(|pair| pair[0] < pair[1]);
    let length = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
    if let Some(bad) = y.iter().find(|y| !y.is_finite()) {
        return Some(format!("{bad} in {y:?}"));
    }
    match support {
        Support::Simplex => {
            wrong(y.iter().all(|&y| y > 0.0 && y < 1.0) && (y.iter().sum::<f64>() - 1.0).abs() < rounding, "not on the simplex")
        }
        Support::Ordered => wrong(increasing(), "not in order"),
        Support::PositiveOrdered => wrong(increasing() && y[0] > 0.0, "not in order or not positive"),
        Support::Sphere => wrong((length(y) - 1.0).abs() < rounding, "not of length 1"),
        Support::ZeroSum => wrong(y.iter().sum::<f64>().abs() <= rounding * y.iter().map(|y| y.abs()).sum::<f64>(), "not of sum 0"),
        Support::LowerCholesky | Support::CorrelationCholesky => {
            let lower = (0..size * size).filter(|i| i % size > i / size).all(|i| y[i] == 0.0);
            let positive = (0..size).all(|i| y[i * (size + 1)] > 0.0);
            let unit = support == Support::LowerCholesky || y.chunks(size).all(|row| (length(row) - 1.0).abs() < rounding);
            wrong(lower && positive && unit, "not a factor")
        }
        Support::Correlation | Support::PositiveDefinite => {
            let symmetric = (0..size * size).all(|i| y[i] == y[i % size * size + i / size]);
            let unit = support == Support::PositiveDefinite || (0..size).all(|i| y[i * (size + 1)] == 1.0);
            wrong(symmetric && unit && is_positive_definite(y, size), "not positive definite")
        }
        _ => None,
    }
}

/// By Cholesky's method on the matrix scaled to a diagonal of ones, in double precision.
fn is_positive_definite(y: &[f64], size: usize) -> bool {
    let scale: Vec<f64> = (0..size).map(|i| y[i * (size + 1)].sqrt()).collect();
    let mut factor = vec![0.0; size * size];
    for i in 0..size {
        for j in 0..=i {
            let left: f64 = (0..j).map(|k| factor[i * size + k] * factor[j * size + k]).sum();
            let rest = y[i * size + j] / scale[i] / scale[j] - left;
            if j == i && (rest <= 0.0 || rest.is_nan()) {
                return false;
            }
            factor[i * size + j] = if j == i { rest.sqrt() } else { rest / factor[j * size + j] };
        }
    }
    true
}

pub(super) const STRUCTURED: [Support; 9] = [
    Support::Simplex,
    Support::Ordered,
    Support::PositiveOrdered,
    Support::Sphere,
    Support::ZeroSum,
    Support::LowerCholesky,
    Support::CorrelationCholesky,
    Support::Correlation,
    Support::PositiveDefinite,
];

/// Every combination of extreme numbers, and with every element at one of them.
fn extremes(count: usize) -> Vec<Vec<f64>> {
    let levels = [-1e4, -1e3, -100.0, -18.0, 0.0, 0.5, 18.0, 100.0, 1e4];
    let mut points: Vec<Vec<f64>> = levels.iter().map(|&level| vec![level; count]).collect();
    let mut uniforms = Uniforms(1);
    for _ in 0..300 {
        points.push((&mut uniforms).take(count).map(|u| levels[(u * levels.len() as f64) as usize]).collect());
    }
    points
}

#[test]
fn the_image_is_inside_the_support_however_far_out() {
    for dtype in super::bijectors::precisions() {
        let rounding = if dtype == DType::F64 { 1e-14 } else { 1e-6 };
        for (support, size) in STRUCTURED.into_iter().flat_map(|support| [2, 4, 12].map(|size| (support, size))) {
            let bijector = biject_to::<3>(&support).unwrap();
            let event = [1, if support.event_rank() == 2 { size } else { 1 }, size];
            let shape = bijector.unconstrained_shape(&event);
            let points = extremes(shape[2]);
            let dims = [points.len(), 1, shape[2]];
            for (by, image) in evaluated(|x| flat(bijector.forward(x.reshape(dims))), &points.concat(), dtype) {
                for (x, y) in points.iter().zip(image.value.chunks(event.iter().product())) {
                    if let Some(fault) = fault(support, y, rounding) {
                        panic!("{support} {by} in {dtype:?} at {x:?}: {fault}");
                    }
                }
            }
            let finite = |what: &str, f: &dyn Fn(Tensor<3>) -> Tensor<3>| {
                for (by, found) in evaluated(|x| flat(f(x.reshape(dims))), &points.concat(), dtype) {
                    let numbers = found.value.iter().chain(found.x.iter().flatten());
                    assert!(numbers.copied().all(f64::is_finite), "{what}, {support} {by} in {dtype:?}");
                }
            };
            if matches!(support, Support::CorrelationCholesky | Support::Sphere) {
                finite("back", &|x| bijector.inverse(bijector.forward(x).without_autodiff()));
            }
            finite("the Jacobian", &|x| bijector.log_abs_det_jacobian(&x, &bijector.forward(x.clone())));
            // Of values that differ by many powers of ten: the logarithm keeps the sum finite.
            finite("the image", &|x| {
                let y = bijector.forward(x);
                y.clone().abs().clamp_min(1e-30).log() + y.sign()
            });
        }
    }
}

#[test]
fn a_large_factor_is_packed_and_unpacked() {
    let size = 90;
    let count = size * (size + 1) / 2;
    let x: Vec<f64> = (0..count).map(|i| ((i * 7919 % 1000) as f64 - 500.0) / 1000.0).collect();
    let at = tensor(&x, [1, count], DType::F32);
    let factor = LowerCholesky.forward(at.clone());
    let values = numbers(factor.clone());
    for i in 0..size {
        for j in 0..size {
            let expected = match i.cmp(&j) {
                std::cmp::Ordering::Less => 0.0,
                std::cmp::Ordering::Equal => x[size * (size - 1) / 2 + i].exp(),
                std::cmp::Ordering::Greater => x[i * (i - 1) / 2 + j],
            };
            assert!((values[i * size + j] - expected).abs() < 1e-6, "row {i}, column {j}");
        }
    }
    let back = numbers(LowerCholesky.inverse(factor));
    assert!(x.iter().zip(back).all(|(x, back)| (x - back).abs() < 1e-6));
}

#[test]
fn a_matrix_may_have_one_row() {
    let x: Tensor<2> = tensor(&[0.7], [1, 1], DType::F32);
    for (bijector, power) in [(&LowerCholesky as &dyn Bijector<2>, 1.0_f64), (&PositiveDefinite, 2.0)] {
        let y = bijector.forward(x.clone());
        assert!((numbers(y.clone())[0] - (0.7 * power).exp()).abs() < 1e-5, "{bijector:?}");
        assert!((numbers(bijector.inverse(y.clone()))[0] - 0.7).abs() < 1e-6, "{bijector:?}");
        let jacobian = numbers(bijector.log_abs_det_jacobian(&x, &y))[0];
        assert!((jacobian - (power * 0.7 + power.ln())).abs() < 1e-6, "{bijector:?}: {jacobian}");
    }
}

#[test]
fn a_density_of_a_structured_value_is_that_of_its_coordinates() {
    if !has_f64() {
        return;
    }
    for (bijector, count, _) in every::<2>(&test_device(), DType::F64) {
        let base = Normal::new(0.2, 1.5).expand([2, count]);
        let x = tensor(&[0.3, -1.0, 2.0, 0.4, -0.2, 0.7, -0.5, 0.1, 0.9, 0.0, 1.2, -0.8][..2 * count], [2, count], DType::F64);
        // Rows are events of a vector; a matrix has one row of numbers.
        let rows = if bijector.event_rank() == 2 { 1 } else { 2 };
        let (base, x) = if rows == 2 { (base, x) } else { (Normal::new(0.2, 1.5).expand([1, count]), x.narrow(0, 0, 1)) };
        let y = bijector.forward(x.clone());
        let transformed = base.clone().transformed(bijector.clone());
        let found = numbers(transformed.log_prob(&y));
        let jacobian = numbers(bijector.log_abs_det_jacobian(&x, &y));
        let normal: Vec<f64> = numbers(base.log_prob(&x)).chunks(count).map(|row| row.iter().sum()).collect();
        assert_eq!(found.len(), rows);
        for (found, (normal, jacobian)) in found.iter().zip(normal.iter().zip(jacobian)) {
            assert!((found - (normal - jacobian)).abs() < 1e-10, "{bijector:?}: {found}");
        }
    }
}

#[test]
fn a_value_outside_has_density_zero_and_no_gradient() {
    type Outside = (Rc<dyn Bijector<2>>, &'static [f64], [usize; 2]);
    let outside: [Outside; 5] = [
        (Rc::new(Ordered), &[1.0, 0.5, 2.0], [1, 3]),
        (Rc::new(PositiveOrdered), &[-1.0, 0.5, 2.0], [1, 3]),
        (Rc::new(LowerCholesky), &[1.0, 0.0, 0.5, -1.0], [2, 2]),
        (Rc::new(CorrelationCholesky), &[1.0, 0.0, 1.0, 0.0], [2, 2]),
        (Rc::new(PositiveDefinite), &[1.0, 2.0, 2.0, 1.0], [2, 2]),
    ];
    for (bijector, y, dims) in outside {
        let shape = bijector.unconstrained_shape(&dims);
        let y = leaf(y, dims, DType::F32);
        let log_prob = Normal::new(0.0, 1.0).expand([shape[0], shape[1]]).transformed(bijector.clone()).log_prob(&y);
        assert_eq!(numbers(log_prob.clone().without_autodiff()), [f64::NEG_INFINITY], "{bijector:?}");
        let gradients = log_prob.sum().backward();
        assert!(y.grad(&gradients).is_none_or(|gradient| numbers(gradient).iter().all(|&g| g == 0.0)), "{bijector:?}");
    }
}

#[test]
fn stand_ins_are_values() {
    for support in STRUCTURED {
        let event = [3; 2];
        let stand_in = support.stand_in(&event[..support.event_rank()]);
        assert_eq!(fault(support, &stand_in, 1e-15), None, "{support}");
    }
}

#[test]
fn a_masked_matrix_does_not_count() {
    let prior = Normal::new(0.0, 1.0).expand([2, 1, 3]).transformed(Rc::new(LowerCholesky));
    let mask = tensor(&[1.0, 0.0], [2, 1, 1], DType::F32).greater_elem(0.5);
    let y = leaf(&[1.0, 0.0, 0.5, 2.0, f64::NAN, 0.0, 0.0, -1.0], [2, 2, 2], DType::F32);
    let found = prior.clone().masked(mask).log_prob(&y);
    let gradients = found.clone().sum().backward();
    let found = numbers(found.without_autodiff());
    assert_eq!((found[1], found.len()), (0.0, 2));
    assert!((found[0] - numbers(prior.log_prob(&y.clone().without_autodiff()))[0]).abs() < 1e-6);
    let gradient = numbers(y.grad(&gradients).unwrap());
    assert!(gradient[4..].iter().all(|&g| g == 0.0) && gradient[2] != 0.0, "{gradient:?}");
}

#[test]
fn matrices_need_two_dimensions_and_permutations_each_place_once() {
    assert!(matches!(biject_to::<1>(&Support::LowerCholesky), Err(vi_runtime::Error::Unsupported { .. })));
    for order in [vec![0, 2], vec![1, 1], vec![0, 1, 1]] {
        assert!(Permute::new(order).is_err());
    }
    let x: Tensor<2> = tensor(&[1.0, 2.0, 3.0], [1, 3], DType::F32);
    assert_eq!(numbers(Permute::new([2, 0, 1]).unwrap().forward(x.clone())), [3.0, 1.0, 2.0]);
    assert_eq!(numbers(Permute::reverse(3).forward(x)), [3.0, 2.0, 1.0]);
}
