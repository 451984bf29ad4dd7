//! Quotients that are `0/0` where a shape parameter is 0, with values and derivatives accurate there and around.

use burn::tensor::{DType, Tensor};

use super::density::{beside, spread};
use super::normal::HALF_LN_2PI;
use crate::operand::Operand;
use crate::special;

/// Euler's constant.
pub(super) const EULER: f64 = 0.577_215_664_901_532_9;

/// `(eᵗ − 1)/t`, 1 at 0; beyond the range of the floats `eᵗ` stays the largest that is.
pub(super) fn expm1_over<const D: usize>(t: Tensor<D>) -> Tensor<D> {
    const NEAR: f64 = 0.5;
    // 1/(k + 1)!
    const TAYLOR: [f64; 14] = [
        1.0,
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5_040.0,
        1.0 / 40_320.0,
        1.0 / 362_880.0,
        1.0 / 3_628_800.0,
        1.0 / 39_916_800.0,
        1.0 / 479_001_600.0,
        1.0 / 6_227_020_800.0,
        1.0 / 87_178_291_200.0,
    ];
    let largest = if t.dtype() == DType::F64 { 709.7 } else { 88.7 };
    let near = t.clone().abs().lower_elem(NEAR);
    let series = polynomial(&TAYLOR, t.clone().mask_fill(near.clone().bool_not(), 0.0));
    let far = t.mask_fill(near.clone(), 1.0).clamp_max(largest);
    (special::expm1(far.clone()) / far).mask_where(near, series)
}

/// Below this the quotients of `ln(1 + t)` are series.
const LOG_NEAR: f64 = 0.3;

/// `ln(1 + t)/t` for `t` below [`LOG_NEAR`] in size.
fn log1p_series<const D: usize>(t: Tensor<D>) -> Tensor<D> {
    // ln(1 + t) = 2 atanh(s), s = t/(2 + t)
    const ATANH: [f64; 11] =
        [1.0, 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0, 1.0 / 17.0, 1.0 / 19.0, 1.0 / 21.0];
    let reach = t.clone().add_scalar(2.0);
    polynomial(&ATANH, (t / reach.clone()).square()) * reach.recip().mul_scalar(2.0)
}

/// `ln(1 + t)/t` for `t > −1`, 1 at 0.
pub(super) fn log1p_over<const D: usize>(t: Tensor<D>) -> Tensor<D> {
    let near = t.clone().abs().lower_elem(LOG_NEAR);
    let series = log1p_series(t.clone().mask_fill(near.clone().bool_not(), 0.0));
    let far = t.mask_fill(near.clone(), 1.0);
    (special::log1p(far.clone()) / far).mask_where(near, series)
}

/// `ln(1 + t)/shape` for `t = shape z > −1`, `z` where the shape is 0.
///
/// Not `z ln(1 + t)/t` away from there: in its derivative in `z`, `1/(1 + t)`, two terms as large as `ln(1 + t)/t` would cancel.
pub(super) fn log1p_by<const D: usize>(t: Tensor<D>, z: Tensor<D>, shape: &Operand<D>) -> Tensor<D> {
    let near = t.clone().abs().lower_elem(LOG_NEAR);
    let shape = spread(beside(shape, &t), t.dims()).mask_fill(near.clone(), 1.0);
    let small = |t: Tensor<D>| t.mask_fill(near.clone().bool_not(), 0.0);
    let series = small(z) * log1p_series(small(t.clone()));
    (special::log1p(t.mask_fill(near.clone(), 1.0)) / shape).mask_where(near, series)
}

/// `ln Γ(1 − t)/t` for `t < 1`; Euler's constant at 0.
pub(super) fn log_gamma_over<const D: usize>(t: Tensor<D>) -> Tensor<D> {
    // ln Γ(1 − t) = γ t + Σ ζ(k) tᵏ/k (DLMF 5.7.3)
    const SERIES: [f64; 17] = [
        EULER,
        0.822_467_033_424_113_2,
        0.400_685_634_386_531_43,
        0.270_580_808_427_784_54,
        0.207_385_551_028_673_98,
        0.169_557_176_997_408_2,
        0.144_049_896_768_846_1,
        0.125_509_669_524_743_04,
        0.111_334_265_869_564_69,
        0.100_099_457_512_781_8,
        0.090_954_017_145_829_04,
        0.083_353_840_546_109,
        0.076_932_516_411_352_2,
        0.071_432_946_295_361_33,
        0.066_668_705_882_420_46,
        0.062_500_955_141_213_04,
        0.058_823_978_658_684_585,
    ];
    let near = t.clone().abs().lower_elem(SERIES_UP_TO);
    let series = polynomial(&SERIES, t.clone().mask_fill(near.clone().bool_not(), 0.0));
    let far = t.mask_fill(near.clone(), 0.5);
    (special::lgamma(far.clone().neg().add_scalar(1.0)) / far).mask_where(near, series)
}

/// `(ln Γ(1 − 2t) − 2 ln Γ(1 − t))/t²` for `t < ½`; `π²/6` at 0.
pub(super) fn log_gamma_excess<const D: usize>(t: Tensor<D>) -> Tensor<D> {
    // ζ(k) (2ᵏ − 2)/k
    const SERIES: [f64; 18] = [
        1.644_934_066_848_226_4,
        2.404_113_806_319_188_5,
        3.788_131_317_988_983,
        6.221_566_530_860_22,
        10.512_544_973_839_308,
        18.150_286_992_874_61,
        31.879_456_059_284_73,
        56.780_475_593_477_995,
        102.301_645_578_063,
        186.091_919_080_366_2,
        341.250_623_195_770_3,
        630.077_309_408_974_4,
        1_170.214_526_210_609_4,
        2_184.466_816_943_389,
        4_095.937_594_224_255_5,
        7_710.058_882_793_788,
        14_563.500_037_382_837,
        27_594.052_655_221_7,
    ];
    let near = t.clone().abs().lower_elem(SERIES_UP_TO);
    let series = polynomial(&SERIES, t.clone().mask_fill(near.clone().bool_not(), 0.0));
    let far = t.mask_fill(near.clone(), 0.25);
    let twice = special::lgamma(far.clone().mul_scalar(-2.0).add_scalar(1.0));
    let once = special::lgamma(far.clone().neg().add_scalar(1.0));
    ((twice - once.mul_scalar(2.0)) / far.square()).mask_where(near, series)
}

/// Terms of the two series above fall by a factor of at least 8 up to here.
const SERIES_UP_TO: f64 = 0.06;

/// `a + ln Γ(a) − (a − 1) ψ(a)`, the entropy of a gamma variable of rate 1: from 10 on by its series in `1/a` (from DLMF 5.11.1
/// and 5.11.2), where the three terms cancel.
pub(super) fn gamma_entropy<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    const SERIES_FROM: f64 = 10.0;
    // After ½ ln 2πe a: the coefficients of a⁻¹, a⁻², …
    const SERIES: [f64; 14] = [
        -1.0 / 3.0,
        -1.0 / 12.0,
        -1.0 / 90.0,
        1.0 / 120.0,
        1.0 / 210.0,
        -1.0 / 252.0,
        -1.0 / 210.0,
        1.0 / 240.0,
        5.0 / 594.0,
        -1.0 / 132.0,
        -0.023_010_323_010_323_01,
        691.0 / 32_760.0,
        7.0 / 78.0,
        -1.0 / 12.0,
    ];
    let small = a.clone().lower_elem(SERIES_FROM);
    let few = a.clone().clamp_max(SERIES_FROM);
    let direct = special::lgamma(few.clone()) + few.clone() - special::digamma(few.clone()) * few.sub_scalar(1.0);
    let a = a.clamp_min(SERIES_FROM);
    let z = a.clone().recip();
    let series = polynomial(&SERIES, z.clone()) * z + a.log() * 0.5 + (HALF_LN_2PI + 0.5);
    series.mask_where(small, direct)
}

/// Horner's scheme, lowest power first.
pub(super) fn polynomial<const D: usize>(coefficients: &[f64], x: Tensor<D>) -> Tensor<D> {
    let (last, rest) = match coefficients.split_last() {
        Some((last, rest)) => (*last, rest),
        None => (0.0, coefficients),
    };
    rest.iter().rev().fold(x.full_like(last), |sum, &c| (sum * x.clone()).add_scalar(c))
}
