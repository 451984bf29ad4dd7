//! Counts, categories and their mixtures with zeros.

use super::*;

laws! {
    beta_binomial: [concentration1: SHAPE, concentration0: SHAPE, total_count: COUNT], int, ends |p| [0.0, p[2][0]], |p| {
        BetaBinomial::new(&p[0], &p[1], &p[2])
    };
    discrete_uniform: [low: Whole(-9, -2), high: Whole(1, 20)], int, ends |p| [p[0][0], p[1][0]], |p| DiscreteUniform::new(&p[0], &p[1]);
    geometric_probs: [probs: PROBABILITY], int, |p| Geometric::new(&p[0]);
    geometric_logits: [logits: REAL], int, |p| Geometric::logits(&p[0]);
    hurdle_poisson: [gate: PROBABILITY, rate: SHAPE], int, |p| Hurdle::new(&p[0], Poisson::new(&p[1]));
    hurdle_binomial: [gate_logits: REAL, total_count: COUNT, probs: PROBABILITY], int, ends |p| [0.0, p[1][0]], |p| {
        Hurdle::logits(&p[0], Binomial::new(&p[1], &p[2]))
    };
    hypergeometric: [population: Whole(20, 40), successes: Whole(0, 20), draws: Whole(0, 20)], int, ends |p| {
        [(p[1][0] + p[2][0] - p[0][0]).max(0.0), p[1][0].min(p[2][0])]
    }, |p| Hypergeometric::new(&p[0], &p[1], &p[2]);
    negative_binomial_probs: [total_count: SHAPE, probs: PROBABILITY], int, |p| NegativeBinomial::new(&p[0], &p[1]);
    negative_binomial_logits: [total_count: SHAPE, logits: REAL], int, |p| NegativeBinomial::logits(&p[0], &p[1]);
    negative_binomial2: [mean: SHAPE, concentration: LogWithin(0.5, 50.0)], int, |p| NegativeBinomial2::new(&p[0], &p[1]);
    ordered_logistic: [predictor: REAL, cutpoints: Ordered(3)], int, ends |_p| [0.0, 3.0], |p| OrderedLogistic::new(&p[0], &p[1]);
    zero_inflated_poisson: [gate: PROBABILITY, rate: SHAPE], int, |p| ZeroInflated::new(&p[0], Poisson::new(&p[1]));
    zero_inflated_negative_binomial2: [gate_logits: REAL, mean: SHAPE, concentration: LogWithin(0.5, 50.0)], int, |p| {
        ZeroInflated::logits(&p[0], NegativeBinomial2::new(&p[1], &p[2]))
    };
    zipf: [power: Within(4.0, 9.0)], int, ends |_p| [1.0, f64::INFINITY], |p| Zipf::new(&p[0]);
}
