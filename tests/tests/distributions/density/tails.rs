//! Univariate families with hard tails, angles and directions, relaxations.

use burn::tensor::Tensor;
use vi_runtime::dist::*;

use super::{burn, float};

families! {
    half_student_t: "HalfStudentT", ["df", "scale"], float, has [moments, entropy, cdf, icdf], |p| HalfStudentT::new(&p[0], &p[1]);
    johnson_su: "JohnsonSU", ["skewness", "tailweight", "loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| {
        JohnsonSU::new(&p[0], &p[1], &p[2], &p[3])
    };
    projected_normal: "ProjectedNormal", ["concentration"], float, |p| ProjectedNormal::new(&p[0]);
    relaxed_bernoulli: "RelaxedBernoulliLogits", ["temperature", "logits"], float, has [cdf, icdf], |p| {
        RelaxedBernoulli::logits(&p[0], &p[1])
    };
    relaxed_one_hot_categorical: "RelaxedOneHotCategorical", ["temperature", "logits"], float, |p| {
        RelaxedOneHotCategorical::logits(&p[0], &p[1])
    };
    skew_normal: "SkewNormal", ["loc", "scale", "shape"], float, has [moments, entropy, cdf, icdf], |p| SkewNormal::new(&p[0], &p[1], &p[2]);
    truncated_normal: "TruncatedNormal", ["loc", "scale", "low", "high"], float, has [moments, entropy, cdf, icdf], |p| {
        TruncatedNormal::new(&p[0], &p[1]).low(&p[2]).high(&p[3])
    };
    truncated_normal_below: "TruncatedNormalLow", ["loc", "scale", "low"], float, has [moments, entropy, cdf, icdf], |p| {
        TruncatedNormal::new(&p[0], &p[1]).low(&p[2])
    };
    truncated_normal_above: "TruncatedNormalHigh", ["loc", "scale", "high"], float, has [moments, entropy, cdf, icdf], |p| {
        TruncatedNormal::new(&p[0], &p[1]).high(&p[2])
    };
    von_mises: "VonMises", ["loc", "concentration"], float, has [moments, entropy, cdf, icdf], |p| VonMises::new(&p[0], &p[1]);
}
