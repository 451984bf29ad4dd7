//! Broadcasting, expansion, numbers beside tensors and parameters at the site, of the discrete families.

use burn::tensor::{DType, FloatDType, Int, Tensor, TensorData};
use vi_runtime::Support;
use vi_runtime::dist::*;

use super::{burn, numbers, placement, tensor, test_device};

const F32: DType = DType::F32;

fn counts<const D: usize>(x: &[i64], dims: [usize; D]) -> Tensor<D, Int> {
    Tensor::from_data(TensorData::new(x.to_vec(), dims), &test_device())
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found == expected || (found - expected).abs() <= 2e-6 * expected.abs().max(1.0), "{found} instead of {expected}");
    }
}

#[test]
fn numbers_and_tensors_as_parameters_give_one_density() {
    fn same<T: Distribution<1, Kind = Int>>(number: T, tensor: T, x: &[i64]) {
        let x = counts(x, [x.len()]);
        let number = number.place(&placement(FloatDType::F32)).log_prob(&x);
        close(&numbers(tensor.log_prob(&x)), &numbers(number));
    }
    let t = |x: f64| tensor::<1>(&[x], [1], F32);
    let row = |x: &[f64]| tensor::<1>(x, [x.len()], F32);
    same(BetaBinomial::new(2.0, 3.0, 9.0), BetaBinomial::new(t(2.0), t(3.0), t(9.0)), &[0, 4, 9, 10]);
    same(DiscreteUniform::new(-2.0, 3.0), DiscreteUniform::new(t(-2.0), t(3.0)), &[-3, -2, 3, 4]);
    same(Geometric::new(0.3), Geometric::new(t(0.3)), &[-1, 0, 4]);
    same(Geometric::logits(0.3), Geometric::logits(t(0.3)), &[-1, 0, 4]);
    same(Hypergeometric::new(20.0, 15.0, 12.0), Hypergeometric::new(t(20.0), t(15.0), t(12.0)), &[6, 7, 12, 13]);
    same(NegativeBinomial::new(3.0, 0.3), NegativeBinomial::new(t(3.0), t(0.3)), &[-1, 0, 4]);
    same(NegativeBinomial::logits(3.0, 0.3), NegativeBinomial::logits(t(3.0), t(0.3)), &[-1, 0, 4]);
    same(NegativeBinomial2::new(3.0, 0.3), NegativeBinomial2::new(t(3.0), t(0.3)), &[-1, 0, 4]);
    same(OrderedLogistic::new(0.3, [-1.0, 1.0]), OrderedLogistic::new(t(0.3), row(&[-1.0, 1.0])), &[-1, 0, 1, 2, 3]);
    same(Skellam::new(3.0, 4.0), Skellam::new(t(3.0), t(4.0)), &[-5, 0, 4]);
    same(ZeroInflated::new(0.3, Poisson::new(4.0)), ZeroInflated::new(t(0.3), Poisson::new(t(4.0))), &[-1, 0, 4]);
    same(Hurdle::new(0.3, Poisson::new(4.0)), Hurdle::new(t(0.3), Poisson::new(t(4.0))), &[-1, 0, 4]);
    same(Zipf::new(3.0), Zipf::new(t(3.0)), &[0, 1, 4]);
    same(Multinomial::new(6.0, [0.2, 0.8]), Multinomial::new(t(6.0), row(&[0.2, 0.8])), &[2, 4]);
    same(Multinomial::logits(6.0, 0.0).expand([2]), Multinomial::logits(t(6.0), row(&[1.0, 1.0])), &[2, 4]);
    same(DirichletMultinomial::new([0.2, 0.8], 6.0), DirichletMultinomial::new(row(&[0.2, 0.8]), t(6.0)), &[2, 4]);
    same(OneHotCategorical::new([0.2, 0.8]), OneHotCategorical::new(row(&[0.2, 0.8])), &[0, 1]);
}

#[test]
fn values_and_parameters_broadcast() {
    let (x, rate) = (counts(&[0, 3, 7], [3, 1]), tensor::<2>(&[0.5, 4.0], [1, 2], F32));
    let each = |of: &dyn Fn(f64, i64) -> f64| [0, 3, 7].into_iter().flat_map(|x| [0.5, 4.0].map(|r| of(r, x))).collect::<Vec<_>>();
    let scalar = |log_prob: Tensor<1>| numbers(log_prob)[0];
    let one = |x: i64| counts(&[x], [1]);
    close(
        &numbers(NegativeBinomial2::new(&rate, 2.0).log_prob(&x)),
        &each(&|r, x| scalar(NegativeBinomial2::new(r, 2.0).log_prob(&one(x)))),
    );
    close(&numbers(Skellam::new(&rate, 2.0).log_prob(&x)), &each(&|r, x| scalar(Skellam::new(r, 2.0).log_prob(&one(x)))));
    close(&numbers(Zipf::new(rate.clone() + 1.0).log_prob(&x)), &each(&|r, x| scalar(Zipf::new(r + 1.0).log_prob(&one(x)))));
    let inflated = ZeroInflated::new(0.2, Poisson::new(&rate)).log_prob(&x);
    close(&numbers(inflated), &each(&|r, x| scalar(ZeroInflated::new(0.2, Poisson::new(r)).log_prob(&one(x)))));
    let hurdle = Hurdle::logits(-1.0, Poisson::new(&rate)).log_prob(&x);
    close(&numbers(hurdle), &each(&|r, x| scalar(Hurdle::logits(-1.0, Poisson::new(r)).log_prob(&one(x)))));
    let cut = OrderedLogistic::new(&rate, tensor::<3>(&[0.0, 2.0, 3.0], [1, 1, 3], F32));
    close(
        &numbers(cut.log_prob(&counts(&[0, 3, 1], [3, 1]))),
        &[0, 3, 1]
            .into_iter()
            .flat_map(|x| [0.5, 4.0].map(|r| scalar(OrderedLogistic::new(r, [0.0, 2.0, 3.0]).log_prob(&one(x)))))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn a_row_of_cutpoints_for_each_element() {
    let rows = [[-1.0, 0.5], [0.0, 3.0]];
    let each = OrderedLogistic::new(0.7, tensor::<2>(&rows.concat(), [2, 2], F32));
    assert_eq!((each.shape(), each.support()), ([2], Support::IntegerInterval(0, 2)));
    let x = [2, 1];
    let alone: Vec<f64> = (0..2).map(|i| numbers(OrderedLogistic::new(0.7, rows[i]).log_prob(&counts(&[x[i]], [1])))[0]).collect();
    close(&numbers(each.log_prob(&counts(&x, [2]))), &alone);
    let means: Vec<f64> = (0..2).map(|i| numbers(OrderedLogistic::new(0.7, rows[i]).mean())[0]).collect();
    close(&numbers(each.mean()), &means);
    assert!(OrderedLogistic::new(tensor::<1>(&[0.0; 3], [3], F32), tensor::<2>(&[0.0; 4], [2, 2], F32)).conflict().is_some());
}

#[test]
fn vectors_in_a_batch_are_scored_one_by_one() {
    let p = tensor::<2>(&[0.2, 0.3, 0.5, 0.6, 0.3, 0.1], [2, 3], F32);
    let n = tensor::<2>(&[6.0, 4.0], [2, 1], F32);
    let x = [1, 2, 3, 4, 0, 0];
    let batch = Multinomial::new(&n, &p);
    assert_eq!((batch.shape(), batch.event_rank()), ([2, 3], 1));
    let log_prob = batch.log_prob(&counts(&x, [2, 3]));
    assert_eq!(log_prob.dims(), [2, 1]);
    let one = |n: f64, p: [f64; 3], x: &[i64]| numbers(Multinomial::new(n, p).log_prob(&counts(x, [3])))[0];
    close(&numbers(log_prob), &[one(6.0, [0.2, 0.3, 0.5], &x[..3]), one(4.0, [0.6, 0.3, 0.1], &x[3..])]);
    let shared = DirichletMultinomial::new(&p, 6.0).log_prob(&counts(&[1, 2, 3, 0, 6, 0], [2, 3]));
    let one = |a: [f64; 3], x: &[i64]| numbers(DirichletMultinomial::new(a, 6.0).log_prob(&counts(x, [3])))[0];
    close(&numbers(shared), &[one([0.2, 0.3, 0.5], &[1, 2, 3]), one([0.6, 0.3, 0.1], &[0, 6, 0])]);
    let entropy = OneHotCategorical::new(&p).entropy();
    assert_eq!(entropy.dims(), [2, 1]);
    close(&numbers(entropy), &numbers(Categorical::new(&p).entropy()));
    close(&numbers(Categorical::new(&p).mean()), &[1.3, 0.5]);
    close(&numbers(Categorical::new(&p).variance()), &[0.61, 0.45]);
    close(&numbers(Categorical::new([0.2, 0.3, 0.5]).expand([2, 2]).mean()), &[1.3; 4]);
}

#[test]
fn gates_and_bases_grow_to_one_shape() {
    let gate = tensor::<1>(&[0.1, 0.2, 0.3], [3], F32);
    assert_eq!(ZeroInflated::new(&gate, Poisson::new(4.0)).shape(), [3]);
    assert_eq!(Hurdle::new(0.2, Poisson::new(&gate)).shape(), [3]);
    assert!(ZeroInflated::new(&gate, Poisson::new([1.0, 2.0])).conflict().is_some());
    assert!(ZeroInflated::new(0.1, Multinomial::new(3.0, [0.5, 0.5])).conflict().is_some());
    assert!(Multinomial::new(3.0, tensor::<2>(&[0.5; 4], [2, 2], F32)).expand([3, 2]).conflict().is_some());
}

#[test]
fn supports_are_those_of_the_documentation() {
    assert_eq!(Hypergeometric::new(20.0, 15.0, 12.0).support(), Support::IntegerInterval(7, 12));
    assert_eq!(DiscreteUniform::new(-2.0, 3.0).support().to_string(), "{-2, ..., 3}");
    assert_eq!(Skellam::new(1.0, 1.0).support().to_string(), "the integers");
    assert_eq!(Zipf::new(2.0).support().to_string(), "{1, 2, 3, ...}");
    assert_eq!(ZeroInflated::new(0.5, DiscreteUniform::new(2.0, 3.0)).support(), Support::IntegerInterval(0, 3));
    assert_eq!(OneHotCategorical::new([0.5, 0.5]).support(), Support::Boolean);
}
