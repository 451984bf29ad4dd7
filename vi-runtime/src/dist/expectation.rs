//! Expectations under a normal or an exponential variable that have no closed form.

use std::f64::consts::PI;

use burn::tensor::{Tensor, TensorData};

use super::density::{limits, softplus};
use super::normal::HALF_LN_2PI;
use super::quadrature::{GAUSS_48, column};
use crate::special;

/// The standard deviation up to which the trapezoidal rule is fine enough for a function whose singularities nearest to the
/// real line are at `±iπ`: what it misses is `e^(−2π²/(STEP · WIDEST))`, 4e-18.
pub(super) const WIDEST: f64 = 8.0;
const STEP: f64 = 1.0 / 16.0;
/// How many standard deviations to either side.
const REACH: f64 = 18.0;

/// Points and weights along the last dimension.
fn rule<const D: usize>(like: &Tensor<D>, values: impl Iterator<Item = (f64, f64)>) -> [Tensor<2>; 2] {
    let (points, weights): (Vec<f64>, Vec<f64>) = values.unzip();
    [points, weights].map(|row| {
        let shape = [1, row.len()];
        Tensor::from_data(TensorData::new(row, shape), (&like.device().inner(), like.dtype()))
    })
}

/// `E g(t)` for a normal `t` with mean `loc` and standard deviation `scale`, up to [`WIDEST`], by the trapezoidal rule.
///
/// # Shapes
/// `g` gets `[n, points]` for the `n` elements of `loc` and `scale`, which have one shape.
pub(super) fn over_normal<const D: usize>(loc: &Tensor<D>, scale: &Tensor<D>, g: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Tensor<D> {
    let count = (2.0 * REACH / STEP) as usize;
    let [z, weights] =
        rule(loc, (0..=count).map(|i| i as f64 * STEP - REACH).map(|z| (z, (-0.5 * z * z).exp() * STEP / (2.0 * PI).sqrt())));
    let t = column(scale.clone().clamp_max(WIDEST)) * z + column(loc.clone());
    (g(t) * weights).sum_dim(1).reshape(loc.dims())
}

/// `∫ g(t, f(−t), f(t))` over `t > 0`, `f` the density of a normal `t` with mean `loc` and standard deviation `scale`, from
/// [`WIDEST`] on, for a `g` that falls like `e^−t`.
pub(super) fn over_wide_normal<const D: usize>(
    loc: &Tensor<D>,
    scale: &Tensor<D>,
    g: impl FnOnce(Tensor<2>, [Tensor<2>; 2]) -> Tensor<2>,
) -> Tensor<D> {
    const END: f64 = 40.0;
    let (m, s) = (column(loc.clone()), column(scale.clone().clamp_min(WIDEST)));
    GAUSS_48.integral(loc.full_like(END), |t| {
        let density = |t: Tensor<2>| (((t - m.clone()) / s.clone()).square() * -0.5 - HALF_LN_2PI).exp() / s.clone();
        g(t.clone(), [density(t.clone().neg()), density(t)])
    })
}

/// `E ln(1 + eᵗ)` for a normal `t` with mean `loc ≤ 0` and standard deviation `scale`; relative error 1e-13 where it is above
/// 1e-9.
///
/// Of a wide `t` it is `E max(t, 0) + E ln(1 + e^−|t|)`, the first in closed form.
pub(super) fn mean_softplus<const D: usize>(loc: Tensor<D>, scale: Tensor<D>) -> Tensor<D> {
    let narrow = over_normal(&loc, &scale, softplus);
    let near = over_wide_normal(&loc, &scale, |t, [left, right]| special::log1p(t.neg().exp()) * (left + right));
    let wide = scale.clone().clamp_min(WIDEST);
    let h = loc / wide.clone();
    let positive = ((h.clone().square() * -0.5 - HALF_LN_2PI).exp() + h.clone() * special::ndtr(h)) * wide;
    (positive + near).mask_where(scale.lower_elem(WIDEST), narrow)
}

/// Points and weights for a standard exponential `h`: the trapezoidal rule in `ln h`, on whose scale the density has no singularity
/// closer than `±½ iπ`.
fn exponential<const D: usize>(like: &Tensor<D>) -> [Tensor<2>; 2] {
    const STEP: f64 = 0.25;
    const LOWEST: f64 = -39.0;
    rule(like, (0..=172).map(|i| (LOWEST + f64::from(i) * STEP).exp()).map(|h| (h, STEP * h * (-h).exp())))
}

/// `E ln(1 − x)` for `x = (1 − e^(−h/b))^(1/a)`, `h` a standard exponential: `x` has Kumaraswamy's distribution.
pub(super) fn mean_log_rest<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    /// From here on `ln(1 − x) = −h/b − ln a` to the last bit.
    const FAR: f64 = 40.0;
    let dims = a.dims();
    let [h, weights] = exponential(&a);
    let (a, w) = (column(a), column(b).recip() * h);
    let far = w.clone().greater_elem(FAR);
    let near = special::log1mexp(special::log1mexp(w.clone().mask_fill(far.clone(), FAR)).neg() / a.clone());
    let each = near.mask_where(far, (w + a.log()).neg());
    (each * weights).sum_dim(1).reshape(dims)
}

/// The variance of `x = (1 − e^(−h/b))^(1/a)` for `a ≥ 1`, `h` a standard exponential, as that of `1 − x`.
pub(super) fn variance_of_power<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    /// From here on `e^(−h/b)` is nothing, in a square.
    const FAR: f64 = 400.0;
    let dims = a.dims();
    let [h, weights] = exponential(&a);
    let (a, w) = (column(a), (column(b).recip() * h).clamp_max(FAR));
    let rest = special::expm1(special::log1mexp(w) / a).neg();
    let mean = (rest.clone() * weights.clone()).sum_dim(1);
    ((rest - mean).square() * weights).sum_dim(1).reshape(dims)
}

/// Mean and variance of `ln(1 + h/c)` for a standard exponential `h`; the mean is `eᶜ E₁(c)` (DLMF 6.7.1).
pub(super) fn log_growth<const D: usize>(c: Tensor<D>) -> [Tensor<D>; 2] {
    let dims = c.dims();
    let (tiny, largest, _) = limits(c.dtype());
    let [h, weights] = exponential(&c);
    let growth = special::log1p((column(c.clamp_min(tiny)).recip() * h).clamp_max(largest));
    let mean = (growth.clone() * weights.clone()).sum_dim(1);
    let variance = ((growth - mean.clone()).square() * weights).sum_dim(1);
    [mean.reshape(dims), variance.reshape(dims)]
}
