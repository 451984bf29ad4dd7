//! Counts, categories and their mixtures with zeros.

use super::*;

families! {
    binomial_large: "BinomialLarge", ["total_count", "probs"], int, has [moments, entropy, cdf, icdf], |p| Binomial::new(&p[0], &p[1]);
    poisson_large: "PoissonLarge", ["rate"], int, has [moments, entropy, cdf, icdf], |p| Poisson::new(&p[0]);
    beta_binomial: "BetaBinomial", ["concentration1", "concentration0", "total_count"], int, has [moments, entropy, cdf, icdf], |p| BetaBinomial::new(&p[0], &p[1], &p[2]);
    beta_binomial_large: "BetaBinomialLarge", ["concentration1", "concentration0", "total_count"], int, has [moments, entropy, cdf, icdf], |p| {
        BetaBinomial::new(&p[0], &p[1], &p[2])
    };
    dirichlet_multinomial: "DirichletMultinomial", ["concentration", "total_count"], int, has [moments, entropy], |p| DirichletMultinomial::new(&p[0], &p[1]);
    discrete_uniform: "DiscreteUniform", ["low", "high"], int, has [moments, entropy, cdf, icdf], |p| DiscreteUniform::new(&p[0], &p[1]);
    geometric: "Geometric", ["probs"], int, has [moments, entropy, cdf, icdf], |p| Geometric::new(&p[0]);
    geometric_logits: "GeometricLogits", ["logits"], int, has [moments, entropy, cdf, icdf], |p| Geometric::logits(&p[0]);
    hurdle_poisson: "HurdlePoisson", ["gate", "rate"], int, has [moments, entropy, cdf, icdf], |p| Hurdle::new(&p[0], Poisson::new(&p[1]));
    hurdle_negative_binomial2: "HurdleNegativeBinomial2", ["gate", "mean", "concentration"], int, has [moments, entropy, cdf, icdf], |p| {
        Hurdle::new(&p[0], NegativeBinomial2::new(&p[1], &p[2]))
    };
    hypergeometric: "Hypergeometric", ["population", "successes", "draws"], int, has [moments, entropy, cdf, icdf], |p| Hypergeometric::new(&p[0], &p[1], &p[2]);
    multinomial: "Multinomial", ["total_count", "probs"], int, has [moments, entropy], |p| Multinomial::new(&p[0], &p[1]);
    multinomial_logits: "MultinomialLogits", ["total_count", "logits"], int, has [moments, entropy], |p| Multinomial::logits(&p[0], &p[1]);
    negative_binomial_probs: "NegativeBinomialProbs", ["total_count", "probs"], int, has [moments, entropy, cdf, icdf], |p| NegativeBinomial::new(&p[0], &p[1]);
    negative_binomial_logits: "NegativeBinomialLogits", ["total_count", "logits"], int, has [moments, entropy, cdf, icdf], |p| NegativeBinomial::logits(&p[0], &p[1]);
    negative_binomial_large: "NegativeBinomialLarge", ["total_count", "logits"], int, has [moments, entropy, cdf, icdf], |p| NegativeBinomial::logits(&p[0], &p[1]);
    negative_binomial2: "NegativeBinomial2", ["mean", "concentration"], int, has [moments, entropy, cdf, icdf], |p| NegativeBinomial2::new(&p[0], &p[1]);
    one_hot_categorical: "OneHotCategorical", ["probs"], int, has [moments, entropy], |p| OneHotCategorical::new(&p[0]);
    one_hot_categorical_logits: "OneHotCategoricalLogits", ["logits"], int, has [moments, entropy], |p| OneHotCategorical::logits(&p[0]);
    ordered_logistic: "OrderedLogistic", ["predictor", "cutpoints"], int, has [moments, entropy, cdf, icdf], |p| OrderedLogistic::new(&p[0], &p[1]);
    skellam: "Skellam", ["rate1", "rate2"], int, has [moments, entropy, cdf, icdf], |p| Skellam::new(&p[0], &p[1]);
    zero_inflated_poisson: "ZeroInflatedPoisson", ["gate", "rate"], int, has [moments, entropy, cdf, icdf], |p| ZeroInflated::new(&p[0], Poisson::new(&p[1]));
    zero_inflated_poisson_logits: "ZeroInflatedPoissonLogits", ["gate_logits", "rate"], int, has [moments, entropy, cdf, icdf], |p| {
        ZeroInflated::logits(&p[0], Poisson::new(&p[1]))
    };
    zero_inflated_negative_binomial2: "ZeroInflatedNegativeBinomial2", ["gate", "mean", "concentration"], int, has [moments, entropy, cdf, icdf], |p| {
        ZeroInflated::new(&p[0], NegativeBinomial2::new(&p[1], &p[2]))
    };
    zipf: "Zipf", ["power"], int, has [moments, entropy, cdf, icdf], |p| Zipf::new(&p[0]);
}
