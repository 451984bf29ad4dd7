//! Families on the positive numbers and intervals.

use super::*;

#[test]
fn univariate_families_refuse_values_outside() {
    const NONE: f64 = f64::INFINITY;
    refused("BetaProportion", &[1.5, 1.0, 0.0, -0.5], &[&[0.3], &[2.0]], |p, x| BetaProportion::new(&p[0], &p[1]).log_prob(&x));
    refused("Chi2", &[-1.0, 0.0, NONE], &[&[2.5]], |p, x| Chi2::new(&p[0]).log_prob(&x));
    refused("ContinuousBernoulli", &[1.5, -1e-6], &[&[0.3]], |p, x| ContinuousBernoulli::new(&p[0]).log_prob(&x));
    refused("ContinuousBernoulli 0", &[1.5, -1e-6], &[&[0.0]], |p, x| ContinuousBernoulli::logits(&p[0]).log_prob(&x));
    refused("FoldedNormal", &[-1.0, -1e10, NONE], &[&[0.5], &[2.0]], |p, x| FoldedNormal::new(&p[0], &p[1]).log_prob(&x));
    refused("GeneralizedExtremeValue", &[-5.0, -1e30, NONE], &[&[0.0], &[1.0], &[0.3]], |p, x| {
        GeneralizedExtremeValue::new(&p[0], &p[1], &p[2]).log_prob(&x)
    });
    refused("GeneralizedExtremeValue below 0", &[20.0, 1e30, NONE], &[&[0.0], &[1.0], &[-0.3]], |p, x| {
        GeneralizedExtremeValue::new(&p[0], &p[1], &p[2]).log_prob(&x)
    });
    refused("GeneralizedPareto", &[-1e-3, -1e30, NONE], &[&[0.0], &[1.0], &[0.0]], |p, x| {
        GeneralizedPareto::new(&p[0], &p[1], &p[2]).log_prob(&x)
    });
    refused("GeneralizedPareto below 0", &[-1.0, 4.0, 1e30], &[&[0.0], &[1.0], &[-0.3]], |p, x| {
        GeneralizedPareto::new(&p[0], &p[1], &p[2]).log_prob(&x)
    });
    refused("Gompertz", &[-1.0, -1e10, NONE], &[&[0.5], &[2.0]], |p, x| Gompertz::new(&p[0], &p[1]).log_prob(&x));
    refused("InverseGamma", &[-1.0, 0.0, NONE], &[&[0.5], &[2.0]], |p, x| InverseGamma::new(&p[0], &p[1]).log_prob(&x));
    refused("InverseGaussian", &[-1.0, 0.0, NONE], &[&[0.5], &[2.0]], |p, x| InverseGaussian::new(&p[0], &p[1]).log_prob(&x));
    refused("Kumaraswamy", &[-1.0, 0.0, 1.0, 7.0], &[&[0.5], &[2.0]], |p, x| Kumaraswamy::new(&p[0], &p[1]).log_prob(&x));
    refused("Levy", &[-1.0, 0.5, NONE], &[&[0.5], &[2.0]], |p, x| Levy::new(&p[0], &p[1]).log_prob(&x));
    refused("LogLogistic", &[-1.0, 0.0, NONE], &[&[0.5], &[2.0]], |p, x| LogLogistic::new(&p[0], &p[1]).log_prob(&x));
    refused("LogUniform", &[-1.0, 0.0, 0.4, 3.0, NONE], &[&[0.5], &[2.0]], |p, x| LogUniform::new(&p[0], &p[1]).log_prob(&x));
    refused("LogitNormal", &[-1.0, 0.0, 1.0, 7.0], &[&[0.5], &[2.0]], |p, x| LogitNormal::new(&p[0], &p[1]).log_prob(&x));
    refused("Pareto", &[-1.0, 0.0, 1.9, NONE], &[&[2.0], &[0.5]], |p, x| Pareto::new(&p[0], &p[1]).log_prob(&x));
    refused("Rayleigh", &[-1.0, 0.0, NONE], &[&[0.5]], |p, x| Rayleigh::new(&p[0]).log_prob(&x));
    refused("Weibull", &[-1.0, 0.0, NONE], &[&[0.5], &[2.0]], |p, x| Weibull::new(&p[0], &p[1]).log_prob(&x));
}

/// Infinity is not a real number.
#[test]
fn families_over_all_real_or_positive_numbers_refuse_infinite_values() {
    const BOTH: [f64; 2] = [f64::INFINITY, f64::NEG_INFINITY];
    refused("AsymmetricLaplace", &BOTH, &[&[0.5], &[2.0], &[0.7]], |p, x| AsymmetricLaplace::new(&p[0], &p[1], &p[2]).log_prob(&x));
    refused("Cauchy", &BOTH, &[&[0.5], &[2.0]], |p, x| Cauchy::new(&p[0], &p[1]).log_prob(&x));
    refused("Exponential", &BOTH, &[&[2.0]], |p, x| Exponential::new(&p[0]).log_prob(&x));
    refused("Gumbel", &BOTH, &[&[0.5], &[2.0]], |p, x| Gumbel::new(&p[0], &p[1]).log_prob(&x));
    refused("HalfCauchy", &BOTH, &[&[2.0]], |p, x| HalfCauchy::new(&p[0]).log_prob(&x));
    refused("HalfNormal", &BOTH, &[&[2.0]], |p, x| HalfNormal::new(&p[0]).log_prob(&x));
    refused("HalfStudentT", &BOTH, &[&[3.0], &[2.0]], |p, x| HalfStudentT::new(&p[0], &p[1]).log_prob(&x));
    refused("JohnsonSU", &BOTH, &[&[0.5], &[2.0], &[-1.0], &[1.5]], |p, x| JohnsonSU::new(&p[0], &p[1], &p[2], &p[3]).log_prob(&x));
    refused("Laplace", &BOTH, &[&[0.5], &[2.0]], |p, x| Laplace::new(&p[0], &p[1]).log_prob(&x));
    refused("Logistic", &BOTH, &[&[0.5], &[2.0]], |p, x| Logistic::new(&p[0], &p[1]).log_prob(&x));
    refused("LogNormal", &BOTH, &[&[0.5], &[2.0]], |p, x| LogNormal::new(&p[0], &p[1]).log_prob(&x));
    refused("Normal", &BOTH, &[&[0.5], &[2.0]], |p, x| Normal::new(&p[0], &p[1]).log_prob(&x));
    refused("SkewNormal", &BOTH, &[&[0.5], &[2.0], &[0.0]], |p, x| SkewNormal::new(&p[0], &p[1], &p[2]).log_prob(&x));
    refused("SoftLaplace", &BOTH, &[&[0.5], &[2.0]], |p, x| SoftLaplace::new(&p[0], &p[1]).log_prob(&x));
    refused("StudentT", &BOTH, &[&[3.0], &[0.5], &[2.0]], |p, x| StudentT::new(&p[0], &p[1], &p[2]).log_prob(&x));
    refused("Truncated", &[f64::INFINITY], &[&[0.5], &[2.0]], |p, x| Normal::new(&p[0], &p[1]).truncated(1.0, f64::INFINITY).log_prob(&x));
    refused("TruncatedNormal", &[f64::INFINITY], &[&[0.5], &[2.0]], |p, x| TruncatedNormal::new(&p[0], &p[1]).low(1.0).log_prob(&x));
    refused("Folded", &BOTH, &[&[0.5], &[2.0]], |p, x| StudentT::new(3.0, &p[0], &p[1]).folded().log_prob(&x));
    refused("MixtureGeneral", &BOTH, &[&[0.5]], |p, x| {
        MixtureGeneral::new([0.5, 0.5], (Normal::new(&p[0], 1.0), Cauchy::new(&p[0], 1.0))).log_prob(&x)
    });
}

#[test]
fn a_masked_nan_reaches_no_univariate_family() {
    masks_nan(|p| AsymmetricLaplace::new(p, 1.0, 2.0), 0.3);
    masks_nan(|p| BetaProportion::new(0.3, p), 0.3);
    masks_nan(|p| Chi2::new(p), 0.3);
    masks_nan(|p| ContinuousBernoulli::logits(p), 0.3);
    masks_nan(|p| FoldedNormal::new(p, 1.0), 0.3);
    masks_nan(|p| GeneralizedExtremeValue::new(p, 1.0, 0.1), 0.3);
    masks_nan(|p| GeneralizedPareto::new(0.0, p, 0.1), 0.3);
    masks_nan(|p| Gompertz::new(p, 1.0), 0.3);
    masks_nan(|p| Gumbel::new(p, 1.0), 0.3);
    masks_nan(|p| InverseGamma::new(p, 1.0), 0.3);
    masks_nan(|p| InverseGaussian::new(p, 1.0), 0.3);
    masks_nan(|p| Kumaraswamy::new(p, 2.0), 0.3);
    masks_nan(|p| Laplace::new(p, 1.0), 0.3);
    masks_nan(|p| Levy::new(0.0, p), 0.3);
    masks_nan(|p| LogLogistic::new(p, 1.0), 0.3);
    masks_nan(|p| LogUniform::new(0.1, p), 0.3);
    masks_nan(|p| Logistic::new(p, 1.0), 0.3);
    masks_nan(|p| LogitNormal::new(p, 1.0), 0.3);
    masks_nan(|p| Pareto::new(0.1, p), 0.3);
    masks_nan(|p| Rayleigh::new(p), 0.3);
    masks_nan(|p| SoftLaplace::new(p, 1.0), 0.3);
    masks_nan(|p| Weibull::new(p, 2.0), 0.3);
}
