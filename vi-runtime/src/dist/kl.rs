//! Kullback–Leibler divergences in closed form, grouped by what their families share, and an estimate where there is none.
//!
//! A divergence is 0 where the two agree and of second order around it, while its terms are not small: written term by
//! term, two normal distributions 10⁻⁷ apart would have none left in double precision. The functions here are the
//! second-order remainders themselves.

mod bounded;
mod counts;
pub(crate) mod erased;
mod estimate;
mod positive;
mod real;
mod wrappers;

use burn::tensor::{Bool, Tensor};

pub use estimate::{KlEstimate, kl_estimate};

use super::density::limits;
use crate::special::{detach, digamma, expm1, lgamma, log1p, trigamma, xlogy};

/// Up to here the series below have errors of a few ulp; from here on the direct forms lose no more than four bits.
const NEAR: f64 = 0.25;

/// `t − ln(1 + t) ≥ 0` for `t > −1`; infinite at −1 and at infinity.
///
/// With `s = t/(2 + t)`: `ln(1 + t) = 2 artanh s`, and `t − 2s = t s`.
fn excess<const D: usize>(t: Tensor<D>) -> Tensor<D> {
    let far = t.clone().abs().greater_elem(NEAR);
    let near = t.clone().mask_fill(far.clone(), 0.0);
    let s = near.clone() / (near.clone() + 2.0);
    let s2 = s.clone().square();
    let tail = series(&THIRDS, s2.clone());
    let series = s.clone() * near - s * s2 * tail * 2.0;
    let t = t.mask_fill(far.clone().bool_not(), 1.0);
    let (_, largest, _) = limits(t.dtype());
    series.mask_where(far, t.clone() - log1p(t.clamp_max(largest)))
}

/// `x ln(x/y) − x + y ≥ 0` for `x, y ≥ 0`, where `difference = y − x`; infinite where only `y` is 0.
fn deviance<const D: usize>(x: Tensor<D>, y: Tensor<D>, difference: Tensor<D>) -> Tensor<D> {
    let some = x.clone().mask_fill(x.clone().lower_equal_elem(0.0), 1.0);
    let ratio = difference.clone() / some;
    let far = ratio.clone().abs().greater_elem(NEAR).bool_or(x.clone().lower_equal_elem(0.0));
    let near = x.clone() * excess(ratio.mask_fill(far.clone(), 0.0));
    // Not by the ratio, whose derivative in a small x is as large as 1/x.
    let one = |t: Tensor<D>| t.mask_fill(far.clone().bool_not(), 1.0);
    let direct = difference + xlogy(x.clone(), one(x.clone())) - xlogy(x, one(y));
    near.mask_where(far, direct)
}

/// `eᵈ − 1 − d ≥ 0`
fn exp_excess<const D: usize>(d: Tensor<D>) -> Tensor<D> {
    let far = d.clone().abs().greater_elem(NEAR);
    let near = d.clone().mask_fill(far.clone(), 0.0);
    // d² Σ dᵏ/(k + 2)!
    let close = near.clone().square() * series(&FACTORIALS, near);
    let d = d.mask_fill(far.clone().bool_not(), 1.0);
    close.mask_where(far, expm1(d.clone()) - d)
}

/// `x ln(x/y) − x + y` for `x = eᵃ`, `y = eᵇ`: an element of a divergence between two log-mass functions.
fn log_deviance<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    let nothing = a.clone().equal_elem(f64::NEG_INFINITY);
    let apart = (b.clone() - a.clone()).mask_fill(nothing.clone(), 0.0);
    let far = apart.clone().abs().greater_elem(NEAR).bool_or(nothing);
    let close = a.clone().exp() * exp_excess(apart.clone().mask_fill(far.clone(), 0.0));
    // Not as a product with the excess, where a small x would meet a large e^(b − a).
    let direct = b.exp() - a.exp() * (apart + 1.0);
    close.mask_where(far, direct)
}

/// `f(a + h) − f(a) − f′(a) h`, `h` = apart, from its terms `plain` where they do not cancel: elsewhere it is
/// `h² ∫₀¹ (1 − s) f″(a + s h) ds` (Gauss–Legendre, eight nodes, relative error 10⁻¹⁶). The derivatives are those of the terms.
fn second_order<const D: usize>(
    plain: Tensor<D>,
    a: Tensor<D>,
    apart: Tensor<D>,
    far: Tensor<D, Bool>,
    curvature: impl Fn(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    const NODES: [(f64, f64); 8] = [
        (0.019_855_071_751_231_912, 0.049_609_318_219_529_72),
        (0.101_666_761_293_186_64, 0.099_886_137_453_735_65),
        (0.237_233_795_041_835_5, 0.119_642_413_873_215_3),
        (0.408_282_678_752_175_1, 0.107_303_138_380_335_27),
        (0.591_717_321_247_824_8, 0.074_038_753_308_845_56),
        (0.762_766_204_958_164_5, 0.037_210_909_065_728_145),
        (0.898_333_238_706_813_4, 0.011_304_379_772_951_565),
        (0.980_144_928_248_768_1, 0.001_004_949_925_658_81),
    ];
    let (a, apart) = (detach(a), detach(apart).mask_fill(far.clone(), 0.0));
    let curvature = NODES.iter().fold(a.zeros_like(), |sum, &(s, weight)| sum + curvature(a.clone() + apart.clone() * s) * weight);
    let correction = apart.square() * curvature - detach(plain.clone());
    plain + correction.mask_fill(far, 0.0)
}

/// `ln Γ(b) − ln Γ(a) − ψ(a) (b − a) ≥ 0`.
fn lgamma_remainder<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    let apart = b.clone() - a.clone();
    let plain = lgamma(b) - lgamma(a.clone()) - digamma(a.clone()) * apart.clone();
    let far = apart.clone().abs().greater(a.clone() / 3.0);
    second_order(plain, a, apart, far, trigamma)
}

/// `1/(2k + 3)`
const THIRDS: [f64; 9] = [1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0, 1.0 / 17.0, 1.0 / 19.0];

/// `1/(k + 2)!`
const FACTORIALS: [f64; 11] = [
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
];

/// `Σ cₖ xᵏ`.
fn series<const D: usize>(coefficients: &[f64], x: Tensor<D>) -> Tensor<D> {
    coefficients.iter().rev().fold(x.zeros_like(), |sum, &c| sum * x.clone() + c)
}
