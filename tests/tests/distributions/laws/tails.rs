//! Univariate families with hard tails, angles, relaxations.

use std::f64::consts::PI;

use burn::tensor::Tensor;
use vi_runtime::dist::*;

use super::Drawn::*;
use super::{REAL, SCALE, burn};

laws! {
    half_student_t: [df: LogWithin(0.3, 50.0), scale: SCALE], float, |p| HalfStudentT::new(&p[0], &p[1]);
    johnson_su: [skewness: REAL, tailweight: LogWithin(0.3, 5.0), loc: REAL, scale: SCALE], float, |p| {
        JohnsonSU::new(&p[0], &p[1], &p[2], &p[3])
    };
    relaxed_bernoulli: [temperature: LogWithin(0.6, 5.0), logits: REAL], float, |p| RelaxedBernoulli::logits(&p[0], &p[1]);
    relaxed_bernoulli_probs: [temperature: LogWithin(0.6, 5.0), probs: super::PROBABILITY], float, |p| {
        RelaxedBernoulli::new(&p[0], &p[1])
    };
    skew_normal: [loc: REAL, scale: SCALE, shape: Within(-8.0, 8.0)], float, ends |p| [f64::NEG_INFINITY, p[0][0], f64::INFINITY], |p| SkewNormal::new(&p[0], &p[1], &p[2]);
    truncated_normal: [loc: Within(-20.0, 20.0), scale: SCALE, low: Within(-3.0, 0.0), high: Within(0.1, 4.0)], float,
        ends |p| [p[2][0], p[3][0]], |p| TruncatedNormal::new(&p[0], &p[1]).low(&p[2]).high(&p[3]);
    truncated_normal_below: [loc: Within(-20.0, 20.0), scale: SCALE, low: REAL], float,
        ends |p| [p[2][0], p[0][0].max(p[2][0] + 1.0), f64::INFINITY], |p| TruncatedNormal::new(&p[0], &p[1]).low(&p[2]);
    truncated_normal_above: [loc: Within(-20.0, 20.0), scale: SCALE, high: REAL], float,
        ends |p| [f64::NEG_INFINITY, p[0][0].min(p[2][0] - 1.0), p[2][0]], |p| TruncatedNormal::new(&p[0], &p[1]).high(&p[2]);
    // A typical `loc` lies far from the seam at ±π, where a function of the angle that is not periodic jumps.
    von_mises: [loc: Within(-9.0, 12.0), concentration: LogWithin(1e-3, 200.0)], float, ends |_p| [-PI, PI], |p| VonMises::new(&p[0], &p[1]);
}
