//! Finding the point beyond which a given mass lies.

use burn::tensor::Tensor;

use crate::special::expm1;

/// Steps from the bounds that the callers start from after which one more is at most 1e-8 of the scale, for every share of the mass
/// down to 1e-16: a Newton step after them ends at the last digit.
pub(crate) const STEPS: usize = 4;

/// How far to move towards the point beyond which the mass `c` lies, from one beyond which `Q` lies under a density `p` that falls:
/// `log_excess = ln(Q/c)`, `rest = Q/p`, `rate = −p'/p`.
///
/// `Q^λ` is straight to second order for `λ = 1 − rate · rest`: 1 before the cut end of a flat density, 0 in an exponential tail. So
/// `(Q^λ − c^λ)/(λ p Q^(λ−1))` is as good as Halley's step near the solution, and does not turn round far from it.
pub(crate) fn step<const D: usize>(log_excess: Tensor<D>, rest: Tensor<D>, rate: Tensor<D>) -> Tensor<D> {
    // Below this it makes no difference but to a quotient of zeros.
    const STRAIGHT: f64 = 1e-3;
    let power = (rate * rest.clone()).neg().add_scalar(1.0).clamp_min(STRAIGHT);
    (expm1((log_excess * power.clone()).neg()) * rest / power).neg()
}
