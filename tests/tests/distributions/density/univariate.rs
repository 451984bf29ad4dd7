//! Location–scale families and those on the positive numbers and intervals.

use super::*;

families! {
    asymmetric_laplace: "AsymmetricLaplace", ["loc", "scale", "asymmetry"], float, |p| AsymmetricLaplace::new(&p[0], &p[1], &p[2]);
    beta_proportion: "BetaProportion", ["mean", "concentration"], float, |p| BetaProportion::new(&p[0], &p[1]);
    chi2: "Chi2", ["df"], float, |p| Chi2::new(&p[0]);
    continuous_bernoulli_logits: "ContinuousBernoulliLogits", ["logits"], float, |p| ContinuousBernoulli::logits(&p[0]);
    continuous_bernoulli_logits_hard: "ContinuousBernoulliLogitsHard", ["logits"], float, |p| ContinuousBernoulli::logits(&p[0]);
    continuous_bernoulli_probs: "ContinuousBernoulliProbs", ["probs"], float, |p| ContinuousBernoulli::new(&p[0]);
    folded_normal: "FoldedNormal", ["loc", "scale"], float, |p| FoldedNormal::new(&p[0], &p[1]);
    generalized_extreme_value: "GeneralizedExtremeValue", ["loc", "scale", "shape"], float, |p| {
        GeneralizedExtremeValue::new(&p[0], &p[1], &p[2])
    };
    generalized_extreme_value_hard: "GeneralizedExtremeValueHard", ["loc", "scale", "shape"], float, |p| {
        GeneralizedExtremeValue::new(&p[0], &p[1], &p[2])
    };
    generalized_pareto: "GeneralizedPareto", ["loc", "scale", "concentration"], float, |p| {
        GeneralizedPareto::new(&p[0], &p[1], &p[2])
    };
    gompertz: "Gompertz", ["concentration", "rate"], float, |p| Gompertz::new(&p[0], &p[1]);
    gumbel: "Gumbel", ["loc", "scale"], float, |p| Gumbel::new(&p[0], &p[1]);
    inverse_gamma: "InverseGamma", ["concentration", "scale"], float, |p| InverseGamma::new(&p[0], &p[1]);
    inverse_gaussian: "InverseGaussian", ["loc", "concentration"], float, |p| InverseGaussian::new(&p[0], &p[1]);
    kumaraswamy: "Kumaraswamy", ["a", "b"], float, |p| Kumaraswamy::new(&p[0], &p[1]);
    laplace: "Laplace", ["loc", "scale"], float, |p| Laplace::new(&p[0], &p[1]);
    levy: "Levy", ["loc", "scale"], float, |p| Levy::new(&p[0], &p[1]);
    log_logistic: "LogLogistic", ["scale", "shape"], float, |p| LogLogistic::new(&p[0], &p[1]);
    log_uniform: "LogUniform", ["low", "high"], float, |p| LogUniform::new(&p[0], &p[1]);
    logistic: "Logistic", ["loc", "scale"], float, |p| Logistic::new(&p[0], &p[1]);
    logit_normal: "LogitNormal", ["loc", "scale"], float, |p| LogitNormal::new(&p[0], &p[1]);
    pareto: "Pareto", ["scale", "alpha"], float, |p| Pareto::new(&p[0], &p[1]);
    rayleigh: "Rayleigh", ["scale"], float, |p| Rayleigh::new(&p[0]);
    soft_laplace: "SoftLaplace", ["loc", "scale"], float, |p| SoftLaplace::new(&p[0], &p[1]);
    weibull: "Weibull", ["scale", "concentration"], float, |p| Weibull::new(&p[0], &p[1]);
}
