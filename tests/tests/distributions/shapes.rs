//! Ranks, broadcasting, `expand`, `grow`, events and the parameters that a check sees.

#[path = "shapes/multivariate.rs"]
mod multivariate;

use burn::tensor::{DType, FloatDType, Int, Tensor, TensorData};
use vi_runtime::dist::*;
use vi_runtime::{AnyOperand, Support};

use super::{burn, leaf, numbers, placement, tensor, test_device};

const F32: DType = DType::F32;

fn close(left: &[f64], right: &[f64]) {
    assert_eq!(left.len(), right.len(), "{left:?} {right:?}");
    assert!(left.iter().zip(right).all(|(a, b)| (a - b).abs() <= 1e-5 * b.abs().max(1.0)), "{left:?} {right:?}");
}

#[test]
fn expand_adds_batch_dimensions_to_every_family() {
    let probs = tensor(&[0.2, 0.3, 0.5], [3], F32);
    let tril = tensor(&[1.0, 0.0, 0.5, 2.0], [2, 2], F32);
    assert_eq!(LogNormal::new(0.0, 1.0).expand([8, 3]).shape(), [8, 3]);
    assert_eq!(StudentT::new(3.0, 0.0, 1.0).expand([8, 3]).shape(), [8, 3]);
    assert_eq!(Uniform::new(0.0, 1.0).expand([2, 1]).shape(), [2, 1]);
    assert_eq!(Bernoulli::new(0.5).expand([4, 2]).shape(), [4, 2]);
    assert_eq!(Binomial::new(3.0, 0.5).expand([4, 2]).shape(), [4, 2]);
    assert_eq!(Poisson::new(0.5).expand([4, 2]).shape(), [4, 2]);
    assert_eq!(Delta::new(0.5).expand([4, 2]).shape(), [4, 2]);
    assert_eq!(Categorical::new(&probs).shape(), [1]);
    assert_eq!(Categorical::new(&probs).expand([4, 2]).shape(), [4, 2]);
    assert_eq!(Dirichlet::new(&probs).expand([4, 3]).shape(), [4, 3]);
    assert_eq!(Dirichlet::new(1.0).expand([3]).shape(), [3]);
    let normal = MultivariateNormal::new([0.0, 1.0], &tril);
    assert_eq!((normal.shape(), normal.event_rank()), ([2], 1));
    assert_eq!(normal.expand([5, 4, 2]).shape(), [5, 4, 2]);
    let wrong = Normal::new(tensor(&[0.0, 1.0, 2.0], [3], F32), 1.0).expand([2]);
    assert!(wrong.conflict().is_some());
}

#[test]
fn every_expanded_family_draws_its_shape_and_scores_what_it_draws() {
    fn round<const D: usize, T: Distribution<D>>(distribution: T) {
        let placement = placement(FloatDType::F32);
        let distribution = distribution.place(&placement);
        let mut source = vi_runtime::noise::HostNoise::new(vi_runtime::Key::new(5), placement);
        let draw = distribution.draw(&mut vi_runtime::noise::Noise::new(&mut source)).unwrap();
        assert_eq!(draw.dims(), distribution.shape(), "{}", distribution.name());
        let log_prob = distribution.log_prob(&draw);
        let mut dims = distribution.shape();
        dims[D - distribution.event_rank()..].fill(1);
        assert_eq!(log_prob.dims(), dims, "{}", distribution.name());
        assert!(numbers(log_prob).iter().all(|lp| lp.is_finite()), "{}", distribution.name());
    }
    let probs = tensor(&[0.2, 0.3, 0.5], [3], F32);
    let tril = tensor(&[1.0, 0.0, 0.5, 2.0], [2, 2], F32);
    round(Normal::new(0.0, 1.0).expand([4, 2]));
    round(LogNormal::new(0.0, 1.0).expand([4, 2]));
    round(HalfNormal::new(1.0).expand([4, 2]));
    round(HalfCauchy::new(1.0).expand([4, 2]));
    round(Cauchy::new(0.0, 1.0).expand([4, 2]));
    round(StudentT::new(3.0, 0.0, 1.0).expand([4, 2]));
    round(Uniform::new(0.0, 1.0).expand([4, 2]));
    round(Uniform::new([0.0, 1.0], 2.0).expand([4, 2]));
    round(Exponential::new(1.0).expand([4, 2]));
    round(Gamma::new(1.0, 2.0).expand([4, 2]));
    round(Beta::new(1.0, 2.0).expand([4, 2]));
    round(Bernoulli::new(0.5).expand([4, 2]));
    round(Bernoulli::logits([0.5, -0.5]).expand([4, 2]));
    round(Categorical::new(&probs).expand([4, 2]));
    round(Categorical::logits([0.0, 5.0]).expand([4, 2]));
    round(Binomial::new(3.0, 0.5).expand([4, 2]));
    round(Binomial::logits(3.0, [0.5, 1.0]).expand([4, 2]));
    round(Poisson::new(0.5).expand([4, 2]));
    round(Dirichlet::new(&probs).expand([4, 2, 3]));
    round(Dirichlet::new(1.0).expand([4, 3]));
    round(MultivariateNormal::new([0.0, 1.0], &tril).expand([4, 3, 2]));
    round(MultivariateNormal::new(0.0, [[1.0, 0.0], [0.5, 1.0]]));
    round(MixtureSameFamily::new([0.3, 0.7], Normal::new([-2.0, 1.0], 1.0).expand([4, 3, 2])));
    round(MixtureSameFamily::new(&probs, Normal::new(0.0, 1.0).expand([4, 3, 2]).independent(1)));
    round(Delta::new([0.0, 1.0]).expand([4, 2]));
    round(Normal::new(0.0, 1.0).expand([4, 2]).independent(1));
}

#[test]
fn grow_fills_dimensions_of_size_one() {
    assert_eq!(Categorical::new([0.5, 0.5]).expand([1, 1]).grow([8, 3]).shape(), [8, 3]);
    assert_eq!(MultivariateNormal::new([0.0, 1.0], [[1.0, 0.0], [0.0, 1.0]]).expand([1, 2]).grow([8, 2]).shape(), [8, 2]);
    assert_eq!(Normal::new(0.0, 1.0).expand([1, 2]).independent(1).grow([8, 2]).shape(), [8, 2]);
}

#[test]
fn categorical_rows_broadcast_against_the_value() {
    let rows = tensor(&[0.1, 0.9, 0.7, 0.3, 0.5, 0.5], [3, 2], F32);
    let x: Tensor<1, Int> = Tensor::from_data(TensorData::from([0i64, 1, 0]), &test_device());
    close(&numbers(Categorical::new(&rows).log_prob(&x).exp()), &[0.1, 0.3, 0.5]);
    // batch [1, 3] of rows under values [2, 3]
    let x: Tensor<2, Int> = Tensor::from_data(TensorData::from([[0i64, 1, 0], [1, 0, 1]]), &test_device());
    let rows = rows.reshape([1, 3, 2]);
    close(&numbers(Categorical::new(&rows).log_prob(&x).exp()), &[0.1, 0.3, 0.5, 0.9, 0.7, 0.5]);
    // batch [2, 1]
    let rows = tensor(&[0.1, 0.9, 0.7, 0.3], [2, 1, 2], F32);
    close(&numbers(Categorical::new(rows).log_prob(&x).exp()), &[0.1, 0.9, 0.1, 0.3, 0.7, 0.3]);
    // one row for all
    let x: Tensor<1, Int> = Tensor::from_data(TensorData::from([0i64, 1, 1]), &test_device());
    close(&numbers(Categorical::logits([0.0, 0.0]).expand([3]).log_prob(&x).exp()), &[0.5, 0.5, 0.5]);
}

#[test]
fn multivariate_normal_batches_agree_with_one_at_a_time() {
    let (first, second) = ([1.0, 0.0, 0.5, 2.0], [0.3, 0.0, -0.4, 0.9]);
    let factors = leaf(&[first, second].concat(), [2, 2, 2], F32);
    let x = tensor(&[0.1, 0.2, -0.3, 1.4], [2, 2], F32);
    let loc = tensor(&[0.5, -0.5], [1, 2], F32);
    let batch = MultivariateNormal::new(&loc, &factors).log_prob(&x);
    let one = |tril: [f64; 4], x: [f64; 2]| {
        numbers(MultivariateNormal::new([0.5, -0.5], tensor(&tril, [2, 2], F32)).log_prob(&tensor(&x, [2], F32)))[0]
    };
    close(&numbers(batch), &[one(first, [0.1, 0.2]), one(second, [-0.3, 1.4])]);
    // several vectors under one factor
    let many = MultivariateNormal::new(&loc, tensor(&first, [1, 2, 2], F32)).log_prob(&x);
    close(&numbers(many), &[one(first, [0.1, 0.2]), one(first, [-0.3, 1.4])]);
    // factors [1, 2, K, K] under values [3, 2, K]
    let values: Vec<f64> = (0..12).map(|i| f64::from(i) * 0.1).collect();
    let wide = MultivariateNormal::new(loc.reshape([1, 1, 2]), factors.reshape([1, 2, 2, 2])).log_prob(&tensor(&values, [3, 2, 2], F32));
    assert_eq!(wide.dims(), [3, 2, 1]);
    let expected: Vec<f64> = (0..6).map(|i| one(if i % 2 == 0 { first } else { second }, [values[2 * i], values[2 * i + 1]])).collect();
    close(&numbers(wide), &expected);
}

#[test]
fn independent_sums_the_last_batch_dimensions() {
    let normal = Normal::new(0.0, 1.0).expand([2, 3]);
    let x = tensor(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [2, 3], F32);
    let each = numbers(normal.log_prob(&x));
    let rows = normal.clone().independent(1);
    assert_eq!((rows.event_rank(), rows.log_prob(&x).dims()), (1, [2, 1]));
    close(&numbers(rows.log_prob(&x)), &[each[..3].iter().sum(), each[3..].iter().sum()]);
    close(&numbers(normal.clone().independent(2).log_prob(&x)), &[each.iter().sum()]);
    assert!(normal.independent(3).conflict().is_some());
}

#[test]
fn constructors_infer_the_rank_from_numbers_arrays_tensors_and_references() {
    let t2 = tensor(&[0.5, 0.5], [1, 2], F32);
    assert_eq!(Gamma::new(&t2, 1.0).shape(), [1, 2]);
    assert_eq!(Beta::new(1.0, t2.clone()).shape(), [1, 2]);
    assert_eq!(StudentT::new(3.0, &t2, t2.clone()).shape(), [1, 2]);
    assert_eq!(Bernoulli::logits(&t2).shape(), [1, 2]);
    assert_eq!(Binomial::new(10.0, &t2).shape(), [1, 2]);
    assert_eq!(Categorical::new(&t2).shape(), [1]);
    assert_eq!(Exponential::new([1.0, 2.0]).shape(), [2]);
    assert_eq!(Delta::new(&t2).log_density(-1.0).soften(0.1).shape(), [1, 2]);
}

#[test]
fn supports_and_parameters_are_those_of_the_documentation() {
    fn parameters<const D: usize>(distribution: &impl Distribution<D>) -> Vec<(&'static str, Vec<f64>, bool)> {
        let mut seen = Vec::new();
        distribution.parameters(&mut |name, value, constraint| {
            let values = match value {
                AnyOperand::Host(values) => values,
                AnyOperand::Tensor(tensor) => tensor.to_f64().unwrap(),
            };
            let holds = values.iter().all(|&x| constraint.holds(x));
            seen.push((name, values, holds));
        });
        seen
    }
    assert_eq!(
        parameters(&Uniform::new(2.0, 1.0)),
        [("low", vec![2.0], true), ("high", vec![1.0], true), ("high - low", vec![-1.0], false)]
    );
    assert_eq!(parameters(&Bernoulli::new(1.5)), [("probs", vec![1.5], false)]);
    assert_eq!(parameters(&Bernoulli::logits(1.5)), [("logits", vec![1.5], true)]);
    assert_eq!(parameters(&Binomial::new(1.5, 0.5)), [("total_count", vec![1.5], false), ("probs", vec![0.5], true)]);
    assert_eq!(parameters(&Poisson::new(0.0).expand([2])), [("rate", vec![0.0], true)]);
    assert_eq!(Uniform::new(1.0, 2.0).support(), Support::Interval(1.0, 2.0));
    assert_eq!(Categorical::new([0.5, 0.5]).support(), Support::IntegerInterval(0, 1));
    assert_eq!(Binomial::new(10.0, 0.5).support(), Support::IntegerInterval(0, 10));
    assert_eq!(Dirichlet::new([0.5, 0.5]).support(), Support::Simplex);
    assert_eq!(Delta::new(0.5).support(), Support::Point);
}

#[test]
fn a_delta_scores_its_point_and_passes_its_gradient_on() {
    let value = leaf(&[0.5, 1.5], [2], F32);
    let delta = Delta::new(&value);
    let placement = placement(FloatDType::F32);
    let mut source = vi_runtime::noise::HostNoise::new(vi_runtime::Key::new(0), placement);
    let draw = delta.draw(&mut vi_runtime::noise::Noise::new(&mut source)).unwrap();
    assert_eq!(numbers(delta.log_prob(&draw)), [0.0, 0.0]);
    assert_eq!(numbers(delta.clone().log_density(-2.5).log_prob(&draw)), [-2.5, -2.5]);
    let gradients = draw.square().sum().backward();
    assert_eq!(numbers(value.grad(&gradients).unwrap()), [1.0, 3.0]);
    close(&numbers(delta.soften(0.5).log_prob(&value)), &[-0.225_791_4; 2]);
}

#[test]
fn numbers_and_tensors_as_parameters_give_one_density() {
    fn same<T: Distribution<1>>(number: T, tensor: T, x: &Tensor<1, T::Kind>) {
        close(&numbers(tensor.log_prob(x)), &numbers(number.place(&placement(FloatDType::F32)).log_prob(x)));
    }
    let t = |x: f64| tensor::<1>(&[x], [1], F32);
    let x = tensor::<1>(&[0.2, 0.7], [2], F32);
    let k: Tensor<1, Int> = Tensor::from_data(TensorData::from([0i64, 1]), &test_device());
    same(Normal::new(0.3, 2.0), Normal::new(t(0.3), t(2.0)), &x);
    same(LogNormal::new(0.3, 2.0), LogNormal::new(t(0.3), t(2.0)), &x);
    same(HalfNormal::new(0.3), HalfNormal::new(t(0.3)), &x);
    same(HalfCauchy::new(0.3), HalfCauchy::new(t(0.3)), &x);
    same(Cauchy::new(0.3, 2.0), Cauchy::new(t(0.3), t(2.0)), &x);
    same(StudentT::new(3.0, 0.3, 2.0), StudentT::new(t(3.0), t(0.3), t(2.0)), &x);
    same(Uniform::new(0.0, 2.0), Uniform::new(t(0.0), t(2.0)), &x);
    same(Exponential::new(0.3), Exponential::new(t(0.3)), &x);
    same(Gamma::new(12.0, 2.0), Gamma::new(t(12.0), t(2.0)), &x);
    same(Beta::new(12.0, 2.0), Beta::new(t(12.0), t(2.0)), &x);
    same(Bernoulli::new(0.3), Bernoulli::new(t(0.3)), &k);
    same(Bernoulli::logits(0.3), Bernoulli::logits(t(0.3)), &k);
    same(Binomial::new(4.0, 0.3), Binomial::new(t(4.0), t(0.3)), &k);
    same(Binomial::logits(4.0, 0.3), Binomial::logits(4.0, t(0.3)), &k);
    same(Poisson::new(3.0), Poisson::new(t(3.0)), &k);
    same(Categorical::new([0.3, 0.7]), Categorical::new(tensor::<1>(&[0.3, 0.7], [2], F32)), &k);
    let simplex = tensor::<1>(&[0.2, 0.8], [2], F32);
    same(Dirichlet::new(3.0).expand([2]), Dirichlet::new(t(3.0)).expand([2]), &simplex);
    same(Dirichlet::new([3.0, 3.0]), Dirichlet::new(t(3.0)).expand([2]), &simplex);
    let tril = tensor::<2>(&[1.0, 0.0, 0.5, 2.0], [2, 2], F32);
    same(MultivariateNormal::new([0.5, 0.5], [[1.0, 0.0], [0.5, 2.0]]), MultivariateNormal::new(0.5, tril), &x);
}

#[path = "shapes/univariate.rs"]
mod univariate;
