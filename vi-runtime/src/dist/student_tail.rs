//! The tail of Student's t distribution, by the incomplete beta function and, for many degrees of freedom, by the normal tail.

use burn::tensor::{DType, Tensor};

use super::density::{far, log1p_square};
use super::quotients::polynomial;
use crate::operand::Operand;
use crate::special::{self, detach};

/// From how many degrees of freedom on the normal tail is used. The argument `1/(1 + z²/df)` of the incomplete beta function is
/// rounded, which moves the tail by `½ df` ulps; the normal variable is known to 1e-13 and 1e-6 here.
fn many(dtype: DType) -> f64 {
    if dtype == DType::F64 { 1e4 } else { 100.0 }
}

/// `P(t > z)` where `z ≥ 1` or `z² ≥ df`; `df` is `parameter` in the shape of `z`.
pub(super) fn student_tail<const D: usize>(z: Tensor<D>, df: Tensor<D>, parameter: &Operand<D>) -> Tensor<D> {
    let from = many(z.dtype());
    if let Operand::Number(df_number) = parameter {
        return if *df_number < from { by_beta(z, df) } else { by_normal(z, df) };
    }
    let is_many = df.clone().greater_equal_elem(from);
    let few = by_beta(z.clone(), df.clone().mask_fill(is_many.clone(), 1.0));
    let z = z.mask_fill(is_many.clone().bool_not(), 1.0);
    few.mask_where(is_many, by_normal(z, df.clamp_min(from)))
}

/// `½ I_{1/(1 + z²/df)}(df/2, ½)`
fn by_beta<const D: usize>(z: Tensor<D>, df: Tensor<D>) -> Tensor<D> {
    let infinite = z.clone().equal_elem(f64::INFINITY);
    let z = z.mask_fill(infinite.clone(), 1.0);
    let (root, half) = (df.clone().sqrt(), df.clone().mul_scalar(0.5));
    let beyond = z.clone().greater(root.clone().mul_scalar(far(z.dtype())));
    let odds = z.clone().mask_fill(beyond.clone(), 1.0).square() / df;
    let near = special::beta_inc(half.clone(), half.full_like(0.5), odds.add_scalar(1.0).recip());
    let leading = far_tail(z.mask_fill(beyond.clone().bool_not(), 1.0), root, half);
    near.mask_where(beyond, leading).mask_fill(infinite, 0.0).mul_scalar(0.5)
}

/// `P(|t| > z)` where `z²/df` is so large that `df/(df + z²)` may be below the floats, by `root = √df` and `half = df/2`: the first
/// term of `I(½ df, ½)`, which is `(1 + z²/df)^(−df/2)/(½ df B(½ df, ½))` (DLMF 8.17.8); the others are less than an ulp of it.
fn far_tail<const D: usize>(z: Tensor<D>, root: Tensor<D>, half: Tensor<D>) -> Tensor<D> {
    let power = log1p_square(z, Operand::Tensor(root)) * half.clone();
    (power + special::log_beta(half.full_like(0.5), half.clone()) + half.log()).neg().exp()
}

/// `Φ(−w)` with a series for the normal variable `w` of equal tail in `1/b`, `b = 48 (df − ½)²`, about
/// `y = √((df − ½) ln(1 + z²/df))` (Hill 1970, "Algorithm 395: Student's t-Distribution").
fn by_normal<const D: usize>(z: Tensor<D>, df: Tensor<D>) -> Tensor<D> {
    // Beyond these points nothing is left of the tail, and the powers of y stay within the floats.
    let (most, tiny) = if z.dtype() == DType::F64 { (40.0, f64::MIN_POSITIVE) } else { (20.0, f64::from(f32::MIN_POSITIVE)) };
    let y = log_root(z.clamp_max(1e15), df.clone(), tiny).clamp_max(most);
    let c = df.sub_scalar(0.5).recip().square().mul_scalar(1.0 / 48.0);
    let square = y.clone().square();
    let first = square.clone() + 3.0;
    let second = polynomial(&[-85.5, -24.0, -3.3, -0.4], square.clone());
    let third = polynomial(&[1_788_885.0, 543_375.0, 89_775.0, 9_801.0, 788.0, 64.0], square).mul_scalar(1.0 / 210.0);
    let w = y.clone() + y * c.clone() * (first + c.clone() * (second + c * third));
    special::ndtr(w.neg())
}

/// `y = √((n − ½) ln(1 + u))`, `u = z²/n`, with its slopes in closed form: `(n − ½)/n / (1 + u) · z/y` in `z`, and
/// `½ (ln(1 + u) − u/(1 + u) + ½ u/(n (1 + u)))/y` in `n`, whose first difference is a series in `s = u/(1 + u)` where it cancels.
fn log_root<const D: usize>(z: Tensor<D>, df: Tensor<D>, tiny: f64) -> Tensor<D> {
    const SERIES_TO: f64 = 0.25;
    const SERIES: [f64; 12] = [
        1.0 / 2.0,
        1.0 / 3.0,
        1.0 / 4.0,
        1.0 / 5.0,
        1.0 / 6.0,
        1.0 / 7.0,
        1.0 / 8.0,
        1.0 / 9.0,
        1.0 / 10.0,
        1.0 / 11.0,
        1.0 / 12.0,
        1.0 / 13.0,
    ];
    let (at, n) = (detach(z.clone()), detach(df.clone()));
    let u = (at.clone().square() / n.clone()).clamp_min(tiny);
    let share = (n.clone() - 0.5) / n.clone();
    let log = special::log1p(u.clone());
    let over_z = (share.clone() * log.clone() / u.clone()).sqrt();
    let below = u.clone().add_scalar(1.0).recip();
    let s = u.clone() * below.clone();
    let series = polynomial(&SERIES, s.clone().clamp_max(SERIES_TO)) * s.clone() * below.clone();
    let bend = ((log - s) / u.clone()).mask_where(u.lower_elem(SERIES_TO), series);
    let in_z = share * below.clone() / over_z.clone();
    let in_df = at.clone() / (over_z.clone() * n.clone()) * 0.5 * (bend + below / n.clone() * 0.5);
    at.clone() * over_z + (z - at) * in_z + (df - n) * in_df
}
