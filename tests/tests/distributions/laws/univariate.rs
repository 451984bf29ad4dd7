//! Location–scale families and those on the positive numbers and intervals.

use super::*;

laws! {
    asymmetric_laplace: [loc: REAL, scale: SCALE, asymmetry: SCALE], float, ends |p| [f64::NEG_INFINITY, p[0][0], f64::INFINITY], |p| {
        AsymmetricLaplace::new(&p[0], &p[1], &p[2])
    };
    beta_proportion: [mean: Within(0.1, 0.9), concentration: LogWithin(5.0, 50.0)], float, |p| BetaProportion::new(&p[0], &p[1]);
    chi2: [df: LogWithin(0.1, 50.0)], float, |p| Chi2::new(&p[0]);
    continuous_bernoulli_probs: [probs: PROBABILITY], float, |p| ContinuousBernoulli::new(&p[0]);
    continuous_bernoulli_logits: [logits: Within(-30.0, 30.0)], float, |p| ContinuousBernoulli::logits(&p[0]);
    folded_normal: [loc: REAL, scale: SCALE], float, |p| FoldedNormal::new(&p[0], &p[1]);
    generalized_extreme_value: [loc: REAL, scale: SCALE, shape: Within(0.05, 0.5)], float, ends |p| {
        [p[0][0] - p[1][0] / p[2][0], f64::INFINITY]
    }, |p| GeneralizedExtremeValue::new(&p[0], &p[1], &p[2]);
    generalized_extreme_value_bounded: [loc: REAL, scale: SCALE, shape: Within(-0.5, -0.05)], float, ends |p| {
        [f64::NEG_INFINITY, p[0][0] - p[1][0] / p[2][0]]
    }, |p| GeneralizedExtremeValue::new(&p[0], &p[1], &p[2]);
    generalized_pareto: [loc: REAL, scale: SCALE, concentration: Within(0.0, 0.5)], float, ends |p| [p[0][0], f64::INFINITY], |p| {
        GeneralizedPareto::new(&p[0], &p[1], &p[2])
    };
    generalized_pareto_bounded: [loc: REAL, scale: SCALE, concentration: Within(-0.5, -0.05)], float, ends |p| {
        [p[0][0], p[0][0] - p[1][0] / p[2][0]]
    }, |p| GeneralizedPareto::new(&p[0], &p[1], &p[2]);
    gompertz: [concentration: SCALE, rate: SCALE], float, |p| Gompertz::new(&p[0], &p[1]);
    gumbel: [loc: REAL, scale: SCALE], float, |p| Gumbel::new(&p[0], &p[1]);
    inverse_gamma: [concentration: LogWithin(0.3, 50.0), scale: SCALE], float, |p| InverseGamma::new(&p[0], &p[1]);
    inverse_gaussian: [loc: SCALE, concentration: SCALE], float, |p| InverseGaussian::new(&p[0], &p[1]);
    kumaraswamy: [concentration1: SHAPE, concentration0: LogWithin(0.5, 50.0)], float, |p| Kumaraswamy::new(&p[0], &p[1]);
    laplace: [loc: REAL, scale: SCALE], float, ends |p| [f64::NEG_INFINITY, p[0][0], f64::INFINITY], |p| Laplace::new(&p[0], &p[1]);
    levy: [loc: REAL, scale: SCALE], float, ends |p| [p[0][0], f64::INFINITY], |p| Levy::new(&p[0], &p[1]);
    log_logistic: [scale: SCALE, shape: LogWithin(0.3, 20.0)], float, |p| LogLogistic::new(&p[0], &p[1]);
    log_uniform: [low: LogWithin(0.01, 1.0), high: Within(1.5, 4.0)], float, ends |p| [p[0][0], p[1][0]], |p| LogUniform::new(&p[0], &p[1]);
    logistic: [loc: REAL, scale: SCALE], float, |p| Logistic::new(&p[0], &p[1]);
    logit_normal: [loc: REAL, scale: LogWithin(0.2, 2.0)], float, |p| LogitNormal::new(&p[0], &p[1]);
    pareto: [scale: SCALE, alpha: LogWithin(0.5, 20.0)], float, ends |p| [p[0][0], f64::INFINITY], |p| Pareto::new(&p[0], &p[1]);
    rayleigh: [scale: SCALE], float, |p| Rayleigh::new(&p[0]);
    soft_laplace: [loc: REAL, scale: SCALE], float, |p| SoftLaplace::new(&p[0], &p[1]);
    weibull: [scale: SCALE, concentration: LogWithin(0.3, 20.0)], float, |p| Weibull::new(&p[0], &p[1]);
}
