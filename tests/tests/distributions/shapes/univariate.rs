//! Mixes of numbers, arrays and tensors as the parameters of univariate families.

use super::*;

#[test]
fn numbers_and_tensors_as_parameters_of_univariate_families_give_one_density() {
    fn same<T: Distribution<1, Kind = burn::tensor::Float>>(number: T, tensor: T, x: &Tensor<1>) {
        close(&numbers(tensor.log_prob(x)), &numbers(number.place(&placement(FloatDType::F32)).log_prob(x)));
    }
    let t = |x: f64| tensor::<1>(&[x], [1], F32);
    let x = tensor::<1>(&[0.2, 0.7], [2], F32);
    same(AsymmetricLaplace::new(0.3, 2.0, 0.5), AsymmetricLaplace::new(t(0.3), t(2.0), t(0.5)), &x);
    same(BetaProportion::new(0.3, 2.0), BetaProportion::new(t(0.3), t(2.0)), &x);
    same(Chi2::new(2.3), Chi2::new(t(2.3)), &x);
    same(ContinuousBernoulli::new(0.3), ContinuousBernoulli::new(t(0.3)), &x);
    same(ContinuousBernoulli::logits(-0.3), ContinuousBernoulli::logits(t(-0.3)), &x);
    same(FoldedNormal::new(-0.3, 2.0), FoldedNormal::new(t(-0.3), t(2.0)), &x);
    same(GeneralizedExtremeValue::new(0.3, 2.0, 0.1), GeneralizedExtremeValue::new(t(0.3), t(2.0), t(0.1)), &x);
    same(GeneralizedPareto::new(0.1, 2.0, -0.1), GeneralizedPareto::new(t(0.1), t(2.0), t(-0.1)), &x);
    same(Gompertz::new(0.3, 2.0), Gompertz::new(t(0.3), t(2.0)), &x);
    same(Gumbel::new(0.3, 2.0), Gumbel::new(t(0.3), t(2.0)), &x);
    same(InverseGamma::new(0.3, 2.0), InverseGamma::new(t(0.3), t(2.0)), &x);
    same(InverseGaussian::new(0.3, 2.0), InverseGaussian::new(t(0.3), t(2.0)), &x);
    same(Kumaraswamy::new(0.3, 2.0), Kumaraswamy::new(t(0.3), t(2.0)), &x);
    same(Laplace::new(0.3, 2.0), Laplace::new(t(0.3), t(2.0)), &x);
    same(Levy::new(0.1, 2.0), Levy::new(t(0.1), t(2.0)), &x);
    same(LogLogistic::new(0.3, 2.0), LogLogistic::new(t(0.3), t(2.0)), &x);
    same(LogUniform::new(0.1, 2.0), LogUniform::new(t(0.1), t(2.0)), &x);
    same(Logistic::new(0.3, 2.0), Logistic::new(t(0.3), t(2.0)), &x);
    same(LogitNormal::new(0.3, 2.0), LogitNormal::new(t(0.3), t(2.0)), &x);
    same(Pareto::new(0.1, 2.0), Pareto::new(t(0.1), t(2.0)), &x);
    same(Rayleigh::new(0.3), Rayleigh::new(t(0.3)), &x);
    same(SoftLaplace::new(0.3, 2.0), SoftLaplace::new(t(0.3), t(2.0)), &x);
    same(Weibull::new(0.3, 2.0), Weibull::new(t(0.3), t(2.0)), &x);
}

#[test]
fn arrays_mix_with_numbers_and_tensors_among_three_parameters() {
    let x = tensor::<1>(&[0.2, 0.7], [2], F32);
    let t = tensor::<1>(&[0.3, -0.2], [2], F32);
    let at = |family: StudentT<1>| numbers(family.place(&placement(FloatDType::F32)).log_prob(&x));
    let all = at(StudentT::new(tensor(&[3.0, 5.0], [2], F32), &t, tensor(&[1.5, 0.5], [2], F32)));
    close(&at(StudentT::new([3.0, 5.0], [0.3, -0.2], [1.5, 0.5])), &all);
    close(&at(StudentT::new([3.0, 5.0], &t, [1.5, 0.5])), &all);
    close(&at(StudentT::new([3.0, 5.0], t.clone(), tensor(&[1.5, 0.5], [2], F32))), &all);
    close(&at(StudentT::new(3.0, [0.3, -0.2], 1.5)), &at(StudentT::new(3.0, &t, 1.5)));
    assert_eq!(StudentT::new(3.0, 0.0, [1.0, 2.0, 3.0]).shape(), [3]);
    assert_eq!(GeneralizedPareto::new(&t, [1.0, 2.0], 0.1).shape(), [2]);
}

#[test]
fn expand_reaches_every_univariate_family() {
    assert_eq!(ContinuousBernoulli::logits([0.5, 1.0]).expand([4, 2]).shape(), [4, 2]);
    assert_eq!(LogLogistic::new(1.0, [0.5, 1.0]).expand([4, 2]).shape(), [4, 2]);
    assert_eq!(GeneralizedExtremeValue::new(1.0, 0.5, [0.1, 0.2]).expand([4, 2]).shape(), [4, 2]);
    assert_eq!(LogUniform::new([0.5, 1.0], 3.0).expand([4, 2]).shape(), [4, 2]);
    assert_eq!(Chi2::new(1.0).expand([4, 2]).grow([4, 2]).shape(), [4, 2]);
}

#[test]
fn supports_follow_the_numbers_that_bound_them() {
    let t = tensor::<1>(&[0.3], [1], F32);
    let unknown = Support::Interval(f64::NEG_INFINITY, f64::INFINITY);
    assert_eq!(Pareto::new(2.0, 1.0).support(), Support::GreaterThan(2.0));
    assert_eq!(Pareto::new(&t, 1.0).support(), unknown);
    assert_eq!(Levy::new(-2.0, 1.0).support(), Support::GreaterThan(-2.0));
    assert_eq!(LogUniform::new(1.0, 2.0).support(), Support::Interval(1.0, 2.0));
    assert_eq!(GeneralizedPareto::new(1.0, 2.0, 0.0).support(), Support::GreaterThan(1.0));
    assert_eq!(GeneralizedPareto::new(1.0, 2.0, -0.5).support(), Support::Interval(1.0, 5.0));
    assert_eq!(GeneralizedPareto::new(1.0, 2.0, &t).support(), unknown);
    assert_eq!(GeneralizedExtremeValue::new(1.0, 2.0, 0.0).support(), Support::Real);
    assert_eq!(GeneralizedExtremeValue::new(1.0, 2.0, 0.5).support(), Support::GreaterThan(-3.0));
    assert_eq!(GeneralizedExtremeValue::new(1.0, 2.0, -0.5).support(), Support::LessThan(5.0));
    assert_eq!(GeneralizedExtremeValue::new(&t, 2.0, 0.5).support(), unknown);
}
