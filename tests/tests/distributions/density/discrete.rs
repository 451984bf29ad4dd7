//! Counts, categories and their mixtures with zeros.

use super::*;

families! {
    beta_binomial: "BetaBinomial", ["concentration1", "concentration0", "total_count"], int, |p| BetaBinomial::new(&p[0], &p[1], &p[2]);
    beta_binomial_large: "BetaBinomialLarge", ["concentration1", "concentration0", "total_count"], int, |p| {
        BetaBinomial::new(&p[0], &p[1], &p[2])
    };
    dirichlet_multinomial: "DirichletMultinomial", ["concentration", "total_count"], int, |p| DirichletMultinomial::new(&p[0], &p[1]);
    discrete_uniform: "DiscreteUniform", ["low", "high"], int, |p| DiscreteUniform::new(&p[0], &p[1]);
    geometric: "Geometric", ["probs"], int, |p| Geometric::new(&p[0]);
    geometric_logits: "GeometricLogits", ["logits"], int, |p| Geometric::logits(&p[0]);
    hurdle_poisson: "HurdlePoisson", ["gate", "rate"], int, |p| Hurdle::new(&p[0], Poisson::new(&p[1]));
    hurdle_negative_binomial2: "HurdleNegativeBinomial2", ["gate", "mean", "concentration"], int, |p| {
        Hurdle::new(&p[0], NegativeBinomial2::new(&p[1], &p[2]))
    };
    hypergeometric: "Hypergeometric", ["population", "successes", "draws"], int, |p| Hypergeometric::new(&p[0], &p[1], &p[2]);
    multinomial: "Multinomial", ["total_count", "probs"], int, |p| Multinomial::new(&p[0], &p[1]);
    multinomial_logits: "MultinomialLogits", ["total_count", "logits"], int, |p| Multinomial::logits(&p[0], &p[1]);
    negative_binomial_probs: "NegativeBinomialProbs", ["total_count", "probs"], int, |p| NegativeBinomial::new(&p[0], &p[1]);
    negative_binomial_logits: "NegativeBinomialLogits", ["total_count", "logits"], int, |p| NegativeBinomial::logits(&p[0], &p[1]);
    negative_binomial_large: "NegativeBinomialLarge", ["total_count", "logits"], int, |p| NegativeBinomial::logits(&p[0], &p[1]);
    negative_binomial2: "NegativeBinomial2", ["mean", "concentration"], int, |p| NegativeBinomial2::new(&p[0], &p[1]);
    one_hot_categorical: "OneHotCategorical", ["probs"], int, |p| OneHotCategorical::new(&p[0]);
    one_hot_categorical_logits: "CategoricalLogits", ["logits"], one_hot, |p| OneHotCategorical::logits(&p[0]);
    ordered_logistic: "OrderedLogistic", ["predictor", "cutpoints"], int, |p| OrderedLogistic::new(&p[0], &p[1]);
    skellam: "Skellam", ["rate1", "rate2"], int, |p| Skellam::new(&p[0], &p[1]);
    zero_inflated_poisson: "ZeroInflatedPoisson", ["gate", "rate"], int, |p| ZeroInflated::new(&p[0], Poisson::new(&p[1]));
    zero_inflated_poisson_logits: "ZeroInflatedPoissonLogits", ["gate_logits", "rate"], int, |p| {
        ZeroInflated::logits(&p[0], Poisson::new(&p[1]))
    };
    zero_inflated_negative_binomial2: "ZeroInflatedNegativeBinomial2", ["gate", "mean", "concentration"], int, |p| {
        ZeroInflated::new(&p[0], NegativeBinomial2::new(&p[1], &p[2]))
    };
    zipf: "Zipf", ["power"], int, |p| Zipf::new(&p[0]);
}

/// The index of a category as a unit vector; the tables have three categories or four, of which the last point names the last.
fn one_hot(x: &[f64], device: &Device, dtype: DType) -> (Tensor<1, Int>, Option<Tensor<1>>) {
    let categories = if x[0] == 2.0 || x[0] == 0.0 { 3 } else { 4 };
    let vector: Vec<f64> = (0..categories).map(|k| f64::from(u8::from(f64::from(k) == x[0]))).collect();
    int(&vector, device, dtype)
}
