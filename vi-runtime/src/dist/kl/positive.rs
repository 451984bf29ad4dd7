//! Families on the positive numbers.

use burn::tensor::Tensor;

use super::real::{common, of_gumbels, of_scales};
use super::{deviance, excess, lgamma_remainder};
use crate::dist::quotients::EULER;
use crate::dist::{
    Beta, ContinuousBernoulli, Entropy, Exponential, Gamma, HalfNormal, InverseGamma, KlTo, LogNormal, Moments, Pareto, Uniform, Weibull,
};
use crate::special::{digamma, lgamma, log1p};

impl<const D: usize> KlTo<D, Exponential<D>> for Exponential<D> {
    /// `r − 1 − ln r`, `r = rate'/rate`
    fn kl_to(&self, q: &Exponential<D>) -> Tensor<D> {
        let (b, b2) = common!(self, q: self.rate, q.rate);
        deviance(b.clone(), b2.clone(), b2 - b.clone()) / b
    }
}

impl<const D: usize> KlTo<D, HalfNormal<D>> for HalfNormal<D> {
    /// `½ (r² − 1) − ln r`, `r = scale/scale'`
    fn kl_to(&self, q: &HalfNormal<D>) -> Tensor<D> {
        let (s, s2) = common!(self, q: self.scale, q.scale);
        of_scales(s, s2)
    }
}

impl<const D: usize> KlTo<D, LogNormal<D>> for LogNormal<D> {
    /// That of the logarithms, which are normal.
    fn kl_to(&self, q: &LogNormal<D>) -> Tensor<D> {
        let (m, s, m2, s2) = common!(self, q: self.loc, self.scale, q.loc, q.scale);
        of_scales(s, s2.clone()) + ((m - m2) / s2).square() * 0.5
    }
}

/// Gamma with shape `a` and rate `b` to shape `a2` and rate `b2`:
/// `ln Γ(a') − ln Γ(a) + (a − a') ψ(a) + a' ln(b/b') + a (b' − b)/b`.
fn of_gammas<const D: usize>(a: Tensor<D>, b: Tensor<D>, a2: Tensor<D>, b2: Tensor<D>) -> Tensor<D> {
    let t = (b2 - b.clone()) / b;
    a.clone() * excess(t.clone()) + (a.clone() - a2.clone()) * log1p(t) + lgamma_remainder(a, a2)
}

impl<const D: usize> KlTo<D, Gamma<D>> for Gamma<D> {
    /// `ln Γ(a') − ln Γ(a) + (a − a') ψ(a) + a' ln(b/b') + a (b' − b)/b`, `a` = concentration, `b` = rate (Penny 2001)
    fn kl_to(&self, q: &Gamma<D>) -> Tensor<D> {
        let (a, b, a2, b2) = common!(self, q: self.concentration, self.rate, q.concentration, q.rate);
        of_gammas(a, b, a2, b2)
    }
}

impl<const D: usize> KlTo<D, Exponential<D>> for Gamma<D> {
    /// That of two gamma distributions, the second with concentration 1.
    fn kl_to(&self, q: &Exponential<D>) -> Tensor<D> {
        let (a, b, b2) = common!(self, q: self.concentration, self.rate, q.rate);
        let one = a.ones_like();
        of_gammas(a, b, one, b2)
    }
}

impl<const D: usize> KlTo<D, Gamma<D>> for Exponential<D> {
    /// That of two gamma distributions, the first with concentration 1.
    fn kl_to(&self, q: &Gamma<D>) -> Tensor<D> {
        let (b, a2, b2) = common!(self, q: self.rate, q.concentration, q.rate);
        of_gammas(a2.ones_like(), b, a2, b2)
    }
}

impl<const D: usize> KlTo<D, InverseGamma<D>> for InverseGamma<D> {
    /// That of the reciprocals, which are gamma variables with rates `scale`.
    fn kl_to(&self, q: &InverseGamma<D>) -> Tensor<D> {
        let (a, b, a2, b2) = common!(self, q: self.concentration, self.scale, q.concentration, q.scale);
        of_gammas(a, b, a2, b2)
    }
}

impl<const D: usize> KlTo<D, Weibull<D>> for Weibull<D> {
    /// That of `−ln x`, which is a Gumbel variable with location `−ln scale` and scale `1/concentration` (the formula in `x`
    /// is that of Bauckhage 2013, arXiv:1310.3713).
    fn kl_to(&self, q: &Weibull<D>) -> Tensor<D> {
        let (k, s, k2, s2) = common!(self, q: self.concentration, self.scale, q.concentration, q.scale);
        of_gumbels(k2.clone() / k, k2 * (s / s2).log())
    }
}

impl<const D: usize> KlTo<D, Pareto<D>> for Pareto<D> {
    /// `a'/a − 1 − ln(a'/a) + a' ln(scale/scale')`, `a` = alpha; infinite where `scale < scale'`
    fn kl_to(&self, q: &Pareto<D>) -> Tensor<D> {
        let (s, a, s2, a2) = common!(self, q: self.scale, self.alpha, q.scale, q.alpha);
        let uncovered = s.clone().lower(s2.clone());
        let of_shapes = deviance(a.clone(), a2.clone(), a2.clone() - a.clone()) / a;
        (of_shapes + a2 * (s / s2).log()).mask_fill(uncovered, f64::INFINITY)
    }
}

impl<const D: usize> KlTo<D, Pareto<D>> for Uniform<D> {
    /// `(a + 1) E ln x − ln a − a ln scale − ln(high − low)`, `a` = alpha; infinite where `low < scale`
    fn kl_to(&self, q: &Pareto<D>) -> Tensor<D> {
        let (low, high, s, a) = common!(self, q: self.low, self.high, q.scale, q.alpha);
        let uncovered = low.clone().lower(s.clone());
        let log = super::bounded::mean_log(low.clone(), high.clone());
        let divergence = (a.clone() + 1.0) * log - a.clone().log() - a * s.log() - (high - low).log();
        divergence.mask_fill(uncovered, f64::INFINITY)
    }
}

/// What is compared with an exponential distribution needs one moment.
macro_rules! to_exponential {
    ($($name:ident)*) => { $(
        impl<const D: usize> KlTo<D, Exponential<D>> for $name<D> {
            /// `rate E x − ln rate − H`
            fn kl_to(&self, q: &Exponential<D>) -> Tensor<D> {
                let (rate,) = common!(self, q: q.rate);
                rate.clone() * self.mean() - rate.log() - self.entropy()
            }
        }
    )* };
}
to_exponential! { Beta ContinuousBernoulli HalfNormal LogNormal Pareto Weibull }

/// What is compared with a gamma distribution needs a moment and the mean of the logarithm.
macro_rules! to_gamma {
    ($($name:ident: $(($field:ident: $operand:ident))+ => $mean_log:expr;)*) => { $(
        impl<const D: usize> KlTo<D, Gamma<D>> for $name<D> {
            /// `ln Γ(a) − a ln b − (a − 1) E ln x + b E x − H`, `a` = concentration, `b` = rate
            fn kl_to(&self, q: &Gamma<D>) -> Tensor<D> {
                let (a, b, $($field),+) = common!(self, q: q.concentration, q.rate, $(self.$operand),+);
                let log: Tensor<D> = $mean_log;
                lgamma(a.clone()) - a.clone() * b.clone().log() - (a - 1.0) * log + b * self.mean() - self.entropy()
            }
        }
    )* };
}
to_gamma! {
    Beta: (one: concentration1) (zero: concentration0) => digamma(one.clone()) - digamma(one + zero);
    LogNormal: (loc: loc) => loc;
    Pareto: (scale: scale) (alpha: alpha) => scale.log() + alpha.recip();
    Weibull: (k: concentration) (scale: scale) => scale.log() - k.recip() * EULER;
}
