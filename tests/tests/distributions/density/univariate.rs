//! Location–scale families and those on the positive numbers and intervals.

use super::*;

families! {
    asymmetric_laplace: "AsymmetricLaplace", ["loc", "scale", "asymmetry"], float, has [moments, entropy, cdf, icdf], |p| {
        AsymmetricLaplace::new(&p[0], &p[1], &p[2])
    };
    beta_proportion: "BetaProportion", ["mean", "concentration"], float, has [moments, entropy, cdf, icdf], |p| BetaProportion::new(&p[0], &p[1]);
    chi2: "Chi2", ["df"], float, has [moments, entropy, cdf, icdf], |p| Chi2::new(&p[0]);
    continuous_bernoulli_logits: "ContinuousBernoulliLogits", ["logits"], float, has [moments, entropy, cdf, icdf], |p| {
        ContinuousBernoulli::logits(&p[0])
    };
    continuous_bernoulli_logits_hard: "ContinuousBernoulliLogitsHard", ["logits"], float, has [moments, entropy, cdf, icdf], |p| {
        ContinuousBernoulli::logits(&p[0])
    };
    continuous_bernoulli_probs: "ContinuousBernoulliProbs", ["probs"], float, has [moments, entropy, cdf, icdf], |p| {
        ContinuousBernoulli::new(&p[0])
    };
    folded_normal: "FoldedNormal", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| FoldedNormal::new(&p[0], &p[1]);
    generalized_extreme_value: "GeneralizedExtremeValue", ["loc", "scale", "shape"], float, has [moments, entropy, cdf, icdf], |p| {
        GeneralizedExtremeValue::new(&p[0], &p[1], &p[2])
    };
    generalized_extreme_value_hard: "GeneralizedExtremeValueHard", ["loc", "scale", "shape"], float,
        has [moments, entropy, cdf, icdf], |p| GeneralizedExtremeValue::new(&p[0], &p[1], &p[2]);
    generalized_pareto: "GeneralizedPareto", ["loc", "scale", "concentration"], float, has [moments, entropy, cdf, icdf], |p| {
        GeneralizedPareto::new(&p[0], &p[1], &p[2])
    };
    gompertz: "Gompertz", ["concentration", "rate"], float, has [moments, entropy, cdf, icdf], |p| Gompertz::new(&p[0], &p[1]);
    gumbel: "Gumbel", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| Gumbel::new(&p[0], &p[1]);
    inverse_gamma: "InverseGamma", ["concentration", "scale"], float, has [moments, entropy, cdf, icdf], |p| InverseGamma::new(&p[0], &p[1]);
    inverse_gaussian: "InverseGaussian", ["loc", "concentration"], float, has [moments, entropy, cdf, icdf], |p| InverseGaussian::new(&p[0], &p[1]);
    kumaraswamy: "Kumaraswamy", ["a", "b"], float, has [moments, entropy, cdf, icdf], |p| Kumaraswamy::new(&p[0], &p[1]);
    laplace: "Laplace", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| Laplace::new(&p[0], &p[1]);
    levy: "Levy", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| Levy::new(&p[0], &p[1]);
    log_logistic: "LogLogistic", ["scale", "shape"], float, has [moments, entropy, cdf, icdf], |p| LogLogistic::new(&p[0], &p[1]);
    log_uniform: "LogUniform", ["low", "high"], float, has [moments, entropy, cdf, icdf], |p| LogUniform::new(&p[0], &p[1]);
    logistic: "Logistic", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| Logistic::new(&p[0], &p[1]);
    logit_normal: "LogitNormal", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| LogitNormal::new(&p[0], &p[1]);
    pareto: "Pareto", ["scale", "alpha"], float, has [moments, entropy, cdf, icdf], |p| Pareto::new(&p[0], &p[1]);
    rayleigh: "Rayleigh", ["scale"], float, has [moments, entropy, cdf, icdf], |p| Rayleigh::new(&p[0]);
    soft_laplace: "SoftLaplace", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| SoftLaplace::new(&p[0], &p[1]);
    weibull: "Weibull", ["scale", "concentration"], float, has [moments, entropy, cdf, icdf], |p| Weibull::new(&p[0], &p[1]);
}
