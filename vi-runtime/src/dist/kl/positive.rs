//! Families on the positive numbers.

use burn::tensor::Tensor;

use super::real::{common, of_scales};
use super::{deviance, excess, lgamma_remainder};
use crate::dist::{Exponential, Gamma, HalfNormal, KlTo, LogNormal};
use crate::special::log1p;

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
    /// `ln Γ(a') − ln Γ(a) + (a − a') ψ(a) + a' ln(b/b') + a (b' − b)/b`, `a` = concentration, `b` = rate
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
