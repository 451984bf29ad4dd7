//! Location and scale on the real line, and what a normal distribution is compared with.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, LN_2};

use burn::tensor::Tensor;

use super::{deviance, excess, exp_excess, lgamma_remainder};
use crate::dist::density::log1p_square;
use crate::dist::normal::HALF_LN_2PI;
use crate::dist::{
    Beta, Cauchy, ContinuousBernoulli, Entropy, Exponential, Gamma, Gumbel, HalfNormal, KlTo, Laplace, LogNormal, Logistic, Moments,
    Normal, Pareto, Uniform,
};
use crate::operand::Operand;
use crate::special::{erf, expm1, lgamma, log1p};

/// `½ (r² − 1 − ln r²)`, `r = a/b`: the part of the scales in a divergence between normal distributions.
pub(super) fn of_scales<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    let beyond = (a - b.clone()) / b;
    excess(beyond.clone() * (beyond + 2.0)) * 0.5
}

/// Parameters of two distributions as tensors of their common shape.
macro_rules! common {
    ($p:ident, $q:ident: $($operand:expr),+) => {{
        let joint = $p.batch.join(&$q.batch);
        ($(joint.fill($operand.clone()),)+)
    }};
}
pub(super) use common;

impl<const D: usize> KlTo<D, Normal<D>> for Normal<D> {
    /// `½ (r² + ((loc − loc')/scale')² − 1) − ln r`, `r = scale/scale'`
    fn kl_to(&self, q: &Normal<D>) -> Tensor<D> {
        let (m, s, m2, s2) = common!(self, q: self.loc, self.scale, q.loc, q.scale);
        of_scales(s, s2.clone()) + ((m - m2) / s2).square() * 0.5
    }
}

impl<const D: usize> KlTo<D, Cauchy<D>> for Cauchy<D> {
    /// `ln(((s + s')² + (m − m')²)/(4 s s'))` (Chyzak and Nielsen 2019, arXiv:1905.10965), the part of the scales and that of the
    /// locations apart: `ln(1 + (s − s')²/(4 s s')) + ln(1 + ((m − m')/(s + s'))²)`
    fn kl_to(&self, q: &Cauchy<D>) -> Tensor<D> {
        let (m, s, m2, s2) = common!(self, q: self.loc, self.scale, q.loc, q.scale);
        let root = s.clone().sqrt() * s2.clone().sqrt() * 2.0;
        log1p_square(s.clone() - s2.clone(), Operand::Tensor(root)) + log1p_square(m - m2, Operand::Tensor(s + s2))
    }
}

impl<const D: usize> KlTo<D, Laplace<D>> for Laplace<D> {
    /// `r (δ + e^−δ) − 1 − ln r`, `r = scale/scale'`, `δ = |loc − loc'|/scale`
    fn kl_to(&self, q: &Laplace<D>) -> Tensor<D> {
        let (m, s, m2, s2) = common!(self, q: self.loc, self.scale, q.loc, q.scale);
        let apart = (m - m2).abs() / s.clone();
        deviance(s2.clone(), s.clone(), s.clone() - s2.clone()) / s2.clone() + s / s2 * exp_excess(apart.neg())
    }
}

/// `E |x − loc|` of a normal variable, in units of its standard deviation, for a mean `z` standard deviations away:
/// `√(2/π) e^(−z²/2) + z erf(z/√2)`.
fn mean_distance<const D: usize>(z: Tensor<D>) -> Tensor<D> {
    (z.clone().square() * -0.5).exp() * (FRAC_2_PI.sqrt()) + z.clone() * erf(z * FRAC_1_SQRT_2)
}

impl<const D: usize> KlTo<D, Laplace<D>> for Normal<D> {
    /// `ln 2b + E |x − loc'|/b − ½ ln 2πe scale²`, `b` the scale of `q`
    fn kl_to(&self, q: &Laplace<D>) -> Tensor<D> {
        let (m, s, m2, b) = common!(self, q: self.loc, self.scale, q.loc, q.scale);
        let distance = mean_distance((m - m2) / s.clone()) * s.clone() / b.clone();
        distance + (b / s).log() + (LN_2 - HALF_LN_2PI - 0.5)
    }
}

impl<const D: usize> KlTo<D, Laplace<D>> for Uniform<D> {
    /// `ln 2b + E |x − loc|/b − ln(high − low)`, where `E |x − loc|` is `(u |u| − l |l|)/(2 (u − l))` for `u = high − loc`,
    /// `l = low − loc`
    fn kl_to(&self, q: &Laplace<D>) -> Tensor<D> {
        let (low, high, m, b) = common!(self, q: self.low, self.high, q.loc, q.scale);
        let (l, u) = (low - m.clone(), high - m);
        let width = u.clone() - l.clone();
        let distance = (u.clone() * u.abs() - l.clone() * l.abs()) / width.clone() * 0.5;
        distance / b.clone() + (b / width).log() + LN_2
    }
}

/// Gumbel variables whose scales have the ratio `r` and whose locations are `apart` second scales:
/// `e^(apart + ln Γ(1 + r)) − 1 − apart − ln r + γ (r − 1)`.
///
/// `γ = −ψ(1)`, so the terms in `r` alone are a remainder of the log-gamma function about 1.
pub(super) fn of_gumbels<const D: usize>(r: Tensor<D>, apart: Tensor<D>) -> Tensor<D> {
    let one = r.ones_like();
    exp_excess(apart + lgamma(r.clone() + 1.0)) + lgamma_remainder(one, r)
}

impl<const D: usize> KlTo<D, Gumbel<D>> for Gumbel<D> {
    /// `e^d Γ(1 + r) − 1 − d − ln r + γ (r − 1)`, `r = scale/scale'`, `d = (loc' − loc)/scale'`
    fn kl_to(&self, q: &Gumbel<D>) -> Tensor<D> {
        let (m, s, m2, s2) = common!(self, q: self.loc, self.scale, q.loc, q.scale);
        of_gumbels(s / s2.clone(), (m2 - m) / s2)
    }
}

/// `ln scale − H + (E x − loc)/scale + E e^−z`, `z = (x − loc)/scale`, from the logarithm of the last.
fn to_gumbel<const D: usize>(entropy: Tensor<D>, mean: Tensor<D>, log_of_exp: Tensor<D>, loc: Tensor<D>, scale: Tensor<D>) -> Tensor<D> {
    (mean - loc.clone()) / scale.clone() + scale.clone().log() - entropy + (log_of_exp + loc / scale).exp()
}

impl<const D: usize> KlTo<D, Gumbel<D>> for Normal<D> {
    /// `ln s' − ½ ln 2πe s² + d + e^(½ (s/s')² − d)`, `d = (loc − loc')/s'`
    fn kl_to(&self, q: &Gumbel<D>) -> Tensor<D> {
        let (m, s, m2, s2) = common!(self, q: self.loc, self.scale, q.loc, q.scale);
        let log_of_exp = (s / s2.clone()).square() * 0.5 - m.clone() / s2.clone();
        to_gumbel(self.entropy(), m, log_of_exp, m2, s2)
    }
}

impl<const D: usize> KlTo<D, Gumbel<D>> for Exponential<D> {
    /// With `E e^(−x/s) = b/(b + 1/s)`, `b` = rate.
    fn kl_to(&self, q: &Gumbel<D>) -> Tensor<D> {
        let (b, m2, s2) = common!(self, q: self.rate, q.loc, q.scale);
        to_gumbel(self.entropy(), self.mean(), log1p((b * s2.clone()).recip()).neg(), m2, s2)
    }
}

impl<const D: usize> KlTo<D, Gumbel<D>> for Gamma<D> {
    /// With `E e^(−x/s) = (b/(b + 1/s))ᵃ`, `a` = concentration, `b` = rate.
    fn kl_to(&self, q: &Gumbel<D>) -> Tensor<D> {
        let (a, b, m2, s2) = common!(self, q: self.concentration, self.rate, q.loc, q.scale);
        to_gumbel(self.entropy(), self.mean(), a.neg() * log1p((b * s2.clone()).recip()), m2, s2)
    }
}

impl<const D: usize> KlTo<D, Gumbel<D>> for Uniform<D> {
    /// With `E e^(−x/s) = s (e^(−low/s) − e^(−high/s))/(high − low)`.
    fn kl_to(&self, q: &Gumbel<D>) -> Tensor<D> {
        let (low, high, m2, s2) = common!(self, q: self.low, self.high, q.loc, q.scale);
        let width = (high - low.clone()) / s2.clone();
        let log_of_exp = (expm1(width.clone().neg()).neg() / width).log() - low / s2.clone();
        to_gumbel(self.entropy(), self.mean(), log_of_exp, m2, s2)
    }
}

/// What is compared with a normal distribution needs two moments: `½ ln 2π + ln scale + ½ (Var x + (E x − loc)²)/scale² − H`.
macro_rules! to_normal {
    ($($name:ident)*) => { $(
        impl<const D: usize> KlTo<D, Normal<D>> for $name<D> {
            /// `½ ln 2π + ln scale + ½ (Var x + (E x − loc)²)/scale² − H`
            fn kl_to(&self, q: &Normal<D>) -> Tensor<D> {
                let (loc, scale) = common!(self, q: q.loc, q.scale);
                let square = (self.variance() + (self.mean() - loc).square()) / scale.clone().square();
                square * 0.5 + scale.log() + HALF_LN_2PI - self.entropy()
            }
        }
    )* };
}
to_normal! { Beta ContinuousBernoulli Exponential Gamma Gumbel HalfNormal Laplace Logistic LogNormal Pareto Uniform }
