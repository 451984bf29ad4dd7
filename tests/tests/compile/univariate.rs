//! Location–scale families and those on the positive numbers and intervals, observed and drawn.

use tests::vector;
use vi_runtime::dist::*;
use vi_runtime::prelude::*;

use super::agree;

observes! {
    asymmetric_laplace_observed: Tensor<1> = vector([0.4, -1.2]) => |x, p, u| {
        AsymmetricLaplace::new(u.clone(), p.clone(), p.clone() + u.clone())
    };
    beta_proportion_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| BetaProportion::new(u.clone(), p.clone());
    chi2_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| Chi2::new(p.clone() * u.clone());
    continuous_bernoulli_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| {
        ContinuousBernoulli::new(u.clone() * (p.clone() / (p.clone() + 1.0)))
    };
    continuous_bernoulli_logits_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| ContinuousBernoulli::logits(u.clone() - p.clone());
    folded_normal_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| FoldedNormal::new(u.clone(), p.clone());
    generalized_extreme_value_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| {
        GeneralizedExtremeValue::new(u.clone(), p.clone(), u.clone() - 0.4)
    };
    generalized_pareto_observed: Tensor<1> = vector([0.7, 3.0]) => |x, p, u| GeneralizedPareto::new(u.clone(), p.clone(), u.clone() - 0.4);
    gompertz_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| Gompertz::new(u.clone(), p.clone());
    gumbel_observed: Tensor<1> = vector([0.4, -3.0]) => |x, p, u| Gumbel::new(u.clone(), p.clone());
    inverse_gamma_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| InverseGamma::new(p.clone(), u.clone());
    inverse_gaussian_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| InverseGaussian::new(p.clone(), u.clone());
    kumaraswamy_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| Kumaraswamy::new(p.clone(), u.clone());
    laplace_observed: Tensor<1> = vector([0.4, -3.0]) => |x, p, u| Laplace::new(u.clone(), p.clone());
    levy_observed: Tensor<1> = vector([0.7, 3.0]) => |x, p, u| Levy::new(u.clone() - 0.1, p.clone());
    log_logistic_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| LogLogistic::new(p.clone(), u.clone());
    log_uniform_observed: Tensor<1> = vector([0.4, 0.7]) => |x, p, u| LogUniform::new(u.clone() * 0.5, p.clone());
    logistic_observed: Tensor<1> = vector([0.4, -3.0]) => |x, p, u| Logistic::new(u.clone(), p.clone());
    logit_normal_observed: Tensor<1> = vector([0.4, 0.9]) => |x, p, u| LogitNormal::new(u.clone(), p.clone());
    pareto_observed: Tensor<1> = vector([0.7, 3.0]) => |x, p, u| Pareto::new(u.clone(), p.clone());
    rayleigh_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| Rayleigh::new(p.clone() * u.clone());
    soft_laplace_observed: Tensor<1> = vector([0.4, -3.0]) => |x, p, u| SoftLaplace::new(u.clone(), p.clone());
    weibull_observed: Tensor<1> = vector([0.4, 3.0]) => |x, p, u| Weibull::new(p.clone(), u.clone());
}

draws! {
    asymmetric_laplace_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| AsymmetricLaplace::new(u.clone(), p.clone(), p.clone() + u.clone());
    beta_proportion_drawn: Beta::new([1.1, 2.2], 0.8) => |p, u| BetaProportion::new(u.clone(), p.clone());
    chi2_drawn: Exponential::new([1.1, 0.2]) => |p, u| Chi2::new(p.clone() * u.clone());
    continuous_bernoulli_drawn: Beta::new([1.1, 2.2], 0.8) => |p, u| ContinuousBernoulli::logits(u.clone() - p.clone());
    folded_normal_drawn: Exponential::new([1.1, 0.2]) => |p, u| FoldedNormal::new(u.clone(), p.clone());
    generalized_extreme_value_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| {
        GeneralizedExtremeValue::new(u.clone(), p.clone(), u.clone() - 0.4)
    };
    generalized_pareto_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| GeneralizedPareto::new(u.clone(), p.clone(), u.clone() - 0.4);
    gompertz_drawn: Exponential::new([1.1, 0.2]) => |p, u| Gompertz::new(u.clone(), p.clone());
    gumbel_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| Gumbel::new(u.clone(), p.clone());
    inverse_gamma_drawn: Exponential::new([1.1, 0.2]) => |p, u| InverseGamma::new(p.clone() + 2.0, u.clone());
    inverse_gaussian_drawn: Exponential::new([1.1, 0.2]) => |p, u| InverseGaussian::new(p.clone(), u.clone());
    kumaraswamy_drawn: Beta::new([1.1, 2.2], 0.8) => |p, u| Kumaraswamy::new(p.clone(), u.clone() + 1.0);
    laplace_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| Laplace::new(u.clone(), p.clone());
    levy_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| Levy::new(u.clone(), p.clone());
    log_logistic_drawn: Exponential::new([1.1, 0.2]) => |p, u| LogLogistic::new(p.clone(), u.clone() + 3.0);
    log_uniform_drawn: LogUniform::new(0.01, 10.0).expand([2]) => |p, u| LogUniform::new(u.clone() * 0.5, p.clone());
    logistic_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| Logistic::new(u.clone(), p.clone());
    logit_normal_drawn: Beta::new([1.1, 2.2], 0.8) => |p, u| LogitNormal::new(u.clone(), p.clone());
    pareto_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| Pareto::new(u.clone(), p.clone() + 2.0);
    rayleigh_drawn: Exponential::new([1.1, 0.2]) => |p, u| Rayleigh::new(p.clone() * u.clone());
    soft_laplace_drawn: Normal::new([0.1, 0.2], 2.0) => |p, u| SoftLaplace::new(u.clone(), p.clone());
    weibull_drawn: Exponential::new([1.1, 0.2]) => |p, u| Weibull::new(p.clone(), u.clone() + 1.0);
}
