//! Mixtures: densities against scipy, gradients, draws, shapes, and what is refused.

use burn::tensor::{DType, FloatDType, Int, Tensor, TensorData};
use vi_runtime::dist::*;
use vi_runtime::prelude::{AutoNormal, Error, Run, Svi, model};
use vi_runtime::{AnyOperand, Support};

use super::finest::{close, draw, given, placed};
use super::sampling::{follows, normal_cdf};
use super::{burn, leaf, numbers, placement, tensor, test_device};

const F32: DType = DType::F32;

/// `0.3 N(−2, 0.5) + 0.7 N(1, 1.5)`.
fn two() -> MixtureSameFamily<1, 2, Normal<2>> {
    MixtureSameFamily::new([0.3, 0.7], Normal::new([-2.0, 1.0], [0.5, 1.5]).expand([1, 2]))
}

/// Two rows of a plane, three components.
fn plane() -> MixtureSameFamily<2, 3, Independent<Normal<3>>> {
    let locs = given(&[-3.0, 0.0, 2.0, 3.0, 3.0, -2.0], [1, 3, 2]);
    let scales = given(&[1.0, 0.6, 0.7, 1.2, 0.5, 0.5], [1, 3, 2]);
    MixtureSameFamily::new(given(&[0.5, 0.3, 0.2], [3]), Normal::new(locs, scales).independent(1))
}

// By scipy: logsumexp of log weights and logpdf or logpmf of each component.
const SCALARS: [f64; 4] = [-1.848_842_229_508_427_2, -1.789_931_033_098_909_3, -3.681_078_585_251_569_3, -775.236_634_140_807_3];
const COUNTS: [f64; 4] = [-1.762_955_504_440_046, -1.842_960_210_531_890_5, -4.541_992_517_233_112, -30.848_605_794_540_116];
const PLANE: [f64; 3] = [-2.159_087_512_063_991_6, -4.759_010_204_908_225, -6.491_988_342_327_115];
const MULTIVARIATE: [f64; 2] = [-3.524_530_275_179_927_7, -1.264_816_024_709_179_5];
const ROWS: [f64; 3] = [-0.827_146_270_940_211_8, -1.656_414_824_080_316_3, -4.017_550_821_872_782];

#[test]
fn scalar_densities() {
    let x = given(&[-2.5, 0.3, 4.0, 60.0], [4]);
    close(&numbers(placed(two()).log_prob(&x)), &SCALARS);
}

#[test]
fn discrete_densities_with_logits() {
    let rates = Poisson::new([0.5, 3.0, 20.0]).expand([1, 3]);
    let x: Tensor<1, Int> = Tensor::from_data(TensorData::from([0i64, 2, 17, 60]), &test_device());
    close(&numbers(placed(MixtureSameFamily::logits([0.0, 1.0, -0.5], rates.clone())).log_prob(&x)), &COUNTS);
    close(&numbers(placed(MixtureSameFamily::logits(given(&[0.0, 1.0, -0.5], [3]), rates)).log_prob(&x)), &COUNTS);
}

#[test]
fn vector_densities() {
    let x = given(&[-2.5, 0.1, 2.4, -1.0, 0.0, 0.0], [3, 2]);
    let log_prob = plane().log_prob(&x);
    assert_eq!(log_prob.dims(), [3, 1]);
    close(&numbers(log_prob), &PLANE);
}

#[test]
fn multivariate_densities() {
    let factors = given(&[1.0, 0.0, 0.5, 2.0, 0.3, 0.0, -0.4, 0.9], [1, 2, 2, 2]);
    let components = MultivariateNormal::new(given(&[0.0, 1.0, -1.0, 2.0], [1, 2, 2]), factors);
    let mixture = MixtureSameFamily::new([0.4, 0.6], components);
    assert_eq!((mixture.shape(), mixture.event_rank()), ([1, 2], 1));
    close(&numbers(mixture.log_prob(&given(&[0.2, 0.4, -1.2, 2.0], [2, 2]))), &MULTIVARIATE);
}

#[test]
fn each_row_may_have_weights_of_its_own() {
    let weights = given(&[0.9, 0.1, 0.2, 0.8, 0.5, 0.5], [3, 2]);
    let mixture = MixtureSameFamily::new(&weights, Normal::new([-2.0, 1.0], [0.5, 1.5]).expand([1, 2]));
    assert_eq!(mixture.shape(), [3]);
    close(&numbers(placed(mixture).log_prob(&given(&[-2.5, 0.3, 4.0], [3]))), &ROWS);
}

#[test]
fn gradients_are_central_differences() {
    use super::differences::check;
    let (x, loc, scale) = (&[0.3, -1.2, 4.0][..], &[0.1, 0.5][..], &[0.7, 1.3][..]);
    let normals = |t: &[Tensor<1>]| Normal::new(t[1].clone().reshape([1, 2]), t[2].clone().reshape([1, 2]));
    check("probs", &[x, loc, scale, &[0.3, 0.7]], |t| MixtureSameFamily::new(&t[3], normals(t)).log_prob(&t[0]));
    check("logits", &[x, loc, scale, &[-0.4, 2.0]], |t| MixtureSameFamily::logits(&t[3], normals(t)).log_prob(&t[0]));
    check("rows of logits", &[x, loc, scale, &[-0.4, 2.0, 0.3, 0.1, 5.0, -1.0]], |t| {
        MixtureSameFamily::logits(t[3].clone().reshape([3, 2]), normals(t)).log_prob(&t[0])
    });
    check("vectors", &[&[0.3, -1.2, 4.0, 0.5], &[0.2, 1.5, -1.0, 0.3], &[0.7, 1.3, 2.0, 0.4], &[0.3, 0.7]], |t| {
        let shaped = |i: usize| t[i].clone().reshape([1, 2, 2]);
        let components = Normal::new(shaped(1), shaped(2)).independent(1);
        MixtureSameFamily::new(&t[3], components).log_prob(&t[0].clone().reshape([2, 2])).reshape([2])
    });
}

#[test]
fn a_component_of_weight_zero_counts_for_nothing_and_leaves_no_nan() {
    let normals = Normal::new([-2.0, 1.0], [0.5, 1.5]).expand([1, 2]);
    let x = tensor(&[0.3], [1], F32);
    let alone = numbers(Normal::new(1.0, 1.5).log_prob(&x))[0];
    let (probs, loc) = (leaf(&[0.0, 1.0], [2], F32), leaf(&[-2.0, 1.0], [1, 2], F32));
    let log_prob = MixtureSameFamily::new(&probs, Normal::new(&loc, 1.5)).log_prob(&x);
    let gradients = log_prob.clone().sum().backward();
    assert!((numbers(log_prob)[0] - alone).abs() < 1e-6);
    assert_eq!(numbers(probs.grad(&gradients).unwrap()), [0.0, 1.0]);
    assert_eq!(numbers(loc.grad(&gradients).unwrap())[0], 0.0);
    let host = MixtureSameFamily::new([0.0, 1.0], normals).place(&placement(FloatDType::F32));
    assert!((numbers(host.log_prob(&x))[0] - alone).abs() < 1e-6);
}

#[test]
fn outside_the_support_of_every_component_there_is_no_density_and_no_gradient() {
    let (rate, x) = (leaf(&[0.5, 2.0], [1, 2], F32), leaf(&[-1.0, -0.1], [2], F32));
    let log_prob = MixtureSameFamily::new([0.5, 0.5], Exponential::new(&rate)).log_prob(&x);
    let gradients = log_prob.clone().sum().backward();
    assert_eq!(numbers(log_prob), [f64::NEG_INFINITY; 2]);
    assert_eq!(numbers(rate.grad(&gradients).unwrap()), [0.0, 0.0]);
    assert_eq!(numbers(x.grad(&gradients).unwrap()), [0.0, 0.0]);
}

#[test]
fn a_masked_nan_reaches_neither_density_nor_gradient() {
    let run = |x: &[f64], keep: &[bool]| {
        let loc = leaf(&[-2.0, 1.0], [1, 2], F32);
        let keep = Tensor::from_data(TensorData::new(keep.to_vec(), [keep.len()]), &test_device());
        let log_prob = MixtureSameFamily::new([0.3, 0.7], Normal::new(&loc, 1.5)).masked(keep).log_prob(&tensor(x, [x.len()], F32));
        let gradients = log_prob.clone().sum().backward();
        (numbers(log_prob), numbers(loc.grad(&gradients).unwrap()))
    };
    let (alone, dirty) = (run(&[0.3], &[true]), run(&[0.3, f64::NAN], &[true, false]));
    assert_eq!((vec![alone.0[0], 0.0], alone.1), dirty);
}

#[test]
fn draws_follow_the_mixture() {
    const N: usize = 20_000;
    let x = numbers(draw(two().grow([N]), 1));
    follows("MixtureSameFamily", x, |x| 0.3 * normal_cdf((x + 2.0) / 0.5) + 0.7 * normal_cdf((x - 1.0) / 1.5));
    // Both coordinates of a draw come from one component: the mass of a quadrant says so.
    let x = numbers(draw(plane().grow([N, 2]), 2));
    let parts = [(0.5, [-3.0, 0.0], [1.0, 0.6]), (0.3, [2.0, 3.0], [0.7, 1.2]), (0.2, [3.0, -2.0], [0.5, 0.5])];
    for i in 0..2 {
        let marginal = x.iter().skip(i).step_by(2).copied().collect();
        follows("a marginal", marginal, |x| parts.iter().map(|(w, m, s)| w * normal_cdf((x - m[i]) / s[i])).sum());
    }
    let quadrant: f64 = parts.iter().map(|(w, m, s)| w * normal_cdf(m[0] / s[0]) * normal_cdf(m[1] / s[1])).sum();
    let found = x.chunks(2).filter(|row| row[0] > 0.0 && row[1] > 0.0).count() as f64 / N as f64;
    assert!((found - quadrant).abs() < 4.0 * (quadrant * (1.0 - quadrant) / N as f64).sqrt(), "{found} instead of {quadrant}");
    let k = draw(MixtureSameFamily::logits([0.0, 0.0], Poisson::new([1.0, 30.0]).expand([1, 2])).grow([N]), 3);
    let mean = k.into_data().iter::<f64>().sum::<f64>() / N as f64;
    // Var = ½(1 + 30) + 14.5²
    assert!((mean - 15.5).abs() < 4.0 * ((15.5 + 14.5f64.powi(2)) / N as f64).sqrt(), "{mean}");
}

#[test]
fn draws_of_rows_follow_the_weights_of_the_row() {
    const N: usize = 4_000;
    let weights = given(&[[1.0, 0.0], [0.0, 1.0]].concat().repeat(N / 2), [N, 2]);
    let x = numbers(draw(MixtureSameFamily::new(weights, Normal::new([-100.0, 100.0], 1.0).expand([1, 2])), 4));
    assert!(x.chunks(2).all(|pair| pair[0] < -90.0 && pair[1] > 90.0));
}

#[test]
fn shapes_supports_and_parameters() {
    assert_eq!((two().shape(), two().event_rank(), two().is_reparameterised()), ([1], 0, false));
    assert_eq!((plane().shape(), plane().event_rank()), ([1, 2], 1));
    assert_eq!((plane().grow([7, 2]).shape(), draw(plane().grow([7, 2]), 5).dims()), ([7, 2], [7, 2]));
    assert_eq!(two().support(), Support::Real);
    assert_eq!(two().name(), "MixtureSameFamily(Normal)");
    assert_eq!(MixtureSameFamily::new([0.5, 0.5], Beta::new(1.0, 2.0).expand([1, 2])).support(), Support::UnitInterval);
    let mut seen = Vec::new();
    placed(plane()).parameters(&mut |name, value, constraint| {
        let values = match value {
            AnyOperand::Host(values) => values,
            AnyOperand::Tensor(tensor) => tensor.to_f64().unwrap(),
        };
        seen.push((name, values.len(), constraint));
    });
    assert_eq!(seen, [("probs", 3, Constraint::Simplex), ("loc", 6, Constraint::Real), ("scale", 6, Constraint::Positive)]);
}

#[test]
fn what_does_not_fit_is_a_conflict() {
    let conflict = |wrong: Option<ShapeConflict>| wrong.map(|ShapeConflict { left, right }| (left, right));
    let three = MixtureSameFamily::new([0.2, 0.3, 0.5], Normal::new(0.0, 1.0).expand([1, 2]));
    assert_eq!(conflict(three.conflict()), Some((("probs", vec![1, 3]), ("the components", vec![1, 2]))));
    // One weight does not stand for two components, nor one component for two weights.
    assert!(MixtureSameFamily::new([1.0], Normal::new(0.0, 1.0).expand([1, 2])).conflict().is_some());
    assert!(MixtureSameFamily::new([0.5, 0.5], Normal::new(0.0, 1.0).expand([1, 1])).conflict().is_some());
    let rows = MixtureSameFamily::logits(given(&[0.0; 6], [3, 2]), Normal::new(0.0, 1.0).expand([4, 2]));
    assert_eq!(conflict(rows.conflict()), Some((("logits", vec![3, 2]), ("the components", vec![4, 2]))));
    let deep = MixtureSameFamily::logits(given(&[0.0; 6], [3, 1, 2]), Normal::new(0.0, 1.0).expand([3, 2]));
    assert_eq!(conflict(deep.conflict()), Some((("logits", vec![3, 1, 2]), ("the components", vec![3, 2]))));
    assert!(MixtureSameFamily::new([0.5, 0.5], Normal::new(0.0, 1.0).expand([1, 2]).independent(2)).conflict().is_some());
}

#[model]
fn wrong_number(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0).expand([3]));
    plate!("n", y.dims()[0], { observe!("y", MixtureSameFamily::new([0.5, 0.5], Normal::new(mu.unsqueeze::<2>(), 1.0)), y) });
}

#[test]
fn a_wrong_number_of_components_is_a_typed_error_at_the_site() {
    let model = wrong_number(tensor(&[0.0, 1.0], [2], F32));
    let error = Svi::new(&model, AutoNormal::new()).steps(1).run().map(|_| ()).unwrap_err();
    assert!(matches!(&error, Error::Shape { site, .. } if site == "y"), "{error}");
    let message = error.to_string();
    assert!(message.contains("probs") && message.contains("[1, 2]") && message.contains("[1, 3]"), "{message}");
}

#[model]
fn wrong_weights(y: Tensor<1>) {
    plate!("n", y.dims()[0], { observe!("y", MixtureSameFamily::new([0.5, 0.6], Normal::new([0.0, 1.0], 1.0).expand([1, 2])), y) });
}

#[test]
fn weights_that_do_not_sum_to_one_are_a_typed_error_at_the_site() {
    let model = wrong_weights(tensor(&[0.0, 1.0], [2], F32));
    let error = Run::for_program(&model, 0).unwrap().validate(true).trace(&model).map(|_| ()).unwrap_err();
    assert!(matches!(&error, Error::Parameter { site, parameter, .. } if site == "y" && parameter == "probs"), "{error}");
}
