//! Families on an interval, and on the simplex.

use burn::tensor::{Bool, Tensor};

use super::real::common;
use super::{lgamma_remainder, second_order};
use crate::dist::continuous_bernoulli::Slope;
use crate::dist::expectation::mean_log_rest;
use crate::dist::quotients::EULER;
use crate::dist::{Beta, ContinuousBernoulli, Dirichlet, Entropy, Exponential, Gamma, KlTo, Kumaraswamy, Uniform};
use crate::special::{digamma, lgamma, log_beta, xlogy};

impl<const D: usize> KlTo<D, Beta<D>> for Beta<D> {
    /// `ln B(a', b') − ln B(a, b) + (a − a') ψ(a) + (b − b') ψ(b) + (a' − a + b' − b) ψ(a + b)`
    fn kl_to(&self, q: &Beta<D>) -> Tensor<D> {
        let (a, b, a2, b2) = common!(self, q: self.concentration1, self.concentration0, q.concentration1, q.concentration0);
        let of_sum = lgamma_remainder(a.clone() + b.clone(), a2.clone() + b2.clone());
        lgamma_remainder(a, a2) + lgamma_remainder(b, b2) - of_sum
    }
}

impl<const D: usize> KlTo<D, Dirichlet<D>> for Dirichlet<D> {
    /// `ln Γ(Σa) − ln Γ(Σa') + Σₖ (ln Γ(a'ₖ) − ln Γ(aₖ) + (aₖ − a'ₖ) (ψ(aₖ) − ψ(Σa)))` (Penny 2001)
    fn kl_to(&self, q: &Dirichlet<D>) -> Tensor<D> {
        let (a, a2) = common!(self, q: self.concentration, q.concentration);
        let of_sum = lgamma_remainder(a.clone().sum_dim(D - 1), a2.clone().sum_dim(D - 1));
        lgamma_remainder(a, a2).sum_dim(D - 1) - of_sum
    }
}

/// The divergence where one support covers the other; infinite, without a gradient, elsewhere.
fn where_covered<const D: usize>(divergence: Tensor<D>, covered: Tensor<D, Bool>) -> Tensor<D> {
    divergence.mask_fill(covered.bool_not(), f64::INFINITY)
}

impl<const D: usize> KlTo<D, Uniform<D>> for Uniform<D> {
    /// `ln((high' − low')/(high − low))`; infinite unless `low' ≤ low` and `high ≤ high'`
    fn kl_to(&self, q: &Uniform<D>) -> Tensor<D> {
        let (low, high, low2, high2) = common!(self, q: self.low, self.high, q.low, q.high);
        let covered = low.clone().greater_equal(low2.clone()).bool_and(high.clone().lower_equal(high2.clone()));
        where_covered((high2 - low2).log() - (high - low).log(), covered)
    }
}

impl<const D: usize> KlTo<D, Exponential<D>> for Uniform<D> {
    /// `½ rate (low + high) − ln(rate (high − low))`; infinite where `low < 0`
    fn kl_to(&self, q: &Exponential<D>) -> Tensor<D> {
        let (low, high, rate) = common!(self, q: self.low, self.high, q.rate);
        let covered = low.clone().greater_equal_elem(0.0);
        let mean = (high.clone() + low.clone()) * 0.5;
        where_covered(rate.clone() * mean - (rate * (high - low)).log(), covered)
    }
}

/// `E ln x` of a uniform variable between non-negative bounds, `(high ln high − low ln low)/(high − low) − 1`.
pub(super) fn mean_log<const D: usize>(low: Tensor<D>, high: Tensor<D>) -> Tensor<D> {
    let [low, high] = [low, high].map(|x| x.clone().mask_fill(x.lower_elem(0.0), 0.0));
    (xlogy(high.clone(), high.clone()) - xlogy(low.clone(), low.clone())) / (high - low) - 1.0
}

impl<const D: usize> KlTo<D, Gamma<D>> for Uniform<D> {
    /// `ln Γ(a) − a ln b − (a − 1) E ln x + b E x − ln(high − low)`, `a` = concentration, `b` = rate; infinite where `low < 0`
    fn kl_to(&self, q: &Gamma<D>) -> Tensor<D> {
        let (low, high, a, b) = common!(self, q: self.low, self.high, q.concentration, q.rate);
        let covered = low.clone().greater_equal_elem(0.0);
        let mean = (high.clone() + low.clone()) * 0.5;
        let log = mean_log(low.clone(), high.clone());
        let normaliser = lgamma(a.clone()) - a.clone() * b.clone().log();
        where_covered(normaliser - (a - 1.0) * log + b * mean - (high - low).log(), covered)
    }
}

impl<const D: usize> KlTo<D, Beta<D>> for Uniform<D> {
    /// `ln B(a, b) − (a − 1) E ln x − (b − 1) E ln(1 − x) − ln(high − low)`; infinite unless the bounds are in `[0, 1]`
    fn kl_to(&self, q: &Beta<D>) -> Tensor<D> {
        let (low, high, a, b) = common!(self, q: self.low, self.high, q.concentration1, q.concentration0);
        let covered = low.clone().greater_equal_elem(0.0).bool_and(high.clone().lower_equal_elem(1.0));
        let above = (a.clone() - 1.0) * mean_log(low.clone(), high.clone());
        let below = (b.clone() - 1.0) * mean_log(high.clone().neg() + 1.0, low.clone().neg() + 1.0);
        where_covered(log_beta(a, b) - above - below - (high - low).log(), covered)
    }
}

impl<const D: usize> KlTo<D, Uniform<D>> for Beta<D> {
    /// `ln(high − low) − H`; infinite unless `low ≤ 0` and `high ≥ 1`
    fn kl_to(&self, q: &Uniform<D>) -> Tensor<D> {
        let (a, b, low, high) = common!(self, q: self.concentration1, self.concentration0, q.low, q.high);
        let covered = low.clone().lower_equal_elem(0.0).bool_and(high.clone().greater_equal_elem(1.0));
        // The uniform distribution on (0, 1) is Beta(1, 1).
        let one = a.ones_like();
        let of_sum = lgamma_remainder(a.clone() + b.clone(), one.clone() + one.clone());
        let to_unit = lgamma_remainder(a, one.clone()) + lgamma_remainder(b, one) - of_sum;
        where_covered(to_unit + (high - low).log(), covered)
    }
}

impl<const D: usize> KlTo<D, Uniform<D>> for ContinuousBernoulli<D> {
    /// `ln(high − low) − H`; infinite unless `low ≤ 0` and `high ≥ 1`
    fn kl_to(&self, q: &Uniform<D>) -> Tensor<D> {
        let (low, high) = common!(self, q: q.low, q.high);
        let covered = low.clone().lower_equal_elem(0.0).bool_and(high.clone().greater_equal_elem(1.0));
        where_covered((high - low).log() - self.entropy(), covered)
    }
}

impl<const D: usize> KlTo<D, ContinuousBernoulli<D>> for Uniform<D> {
    /// `−ln C − a E x − ln(high − low)`, `C = a/(eᵃ − 1)`; infinite unless the bounds are in `[0, 1]`
    fn kl_to(&self, q: &ContinuousBernoulli<D>) -> Tensor<D> {
        let (low, high, a) = common!(self, q: self.low, self.high, q.log_odds());
        let covered = low.clone().greater_equal_elem(0.0).bool_and(high.clone().lower_equal_elem(1.0));
        let slope = Slope::of(a.clone());
        let mean = (low.clone() + high.clone()) * 0.5 - slope.origin();
        where_covered((mean * a + slope.peak() + (high - low).log()).neg(), covered)
    }
}

impl<const D: usize> KlTo<D, ContinuousBernoulli<D>> for ContinuousBernoulli<D> {
    /// `Λ(b) − Λ(a) − (b − a) Λ′(a)`, `Λ(a) = ln((eᵃ − 1)/a)`
    fn kl_to(&self, q: &ContinuousBernoulli<D>) -> Tensor<D> {
        /// The nearest singularities of `Λ` lie at `±2πi`.
        const NEAR: f64 = 1.0;
        let (a, b) = common!(self, q: self.log_odds(), q.log_odds());
        let (p, q) = (Slope::of(a.clone()), Slope::of(b.clone()));
        let from_other = p.mean() + (p.origin() - q.origin());
        let plain = p.mean() * a.clone() + p.peak() - from_other * b.clone() - q.peak();
        let apart = b - a.clone();
        let far = apart.clone().abs().greater_elem(NEAR);
        second_order(plain, a, apart, far, |a| Slope::of(a).variance())
    }
}

impl<const D: usize> KlTo<D, Beta<D>> for Kumaraswamy<D> {
    /// `ln B(a', b') − (a' − 1) E ln x − (b' − 1) E ln(1 − x) − H`, `E ln x = −(ψ(b + 1) + γ)/a`
    /// (Nalisnick and Smyth 2017), the other by quadrature to 1e-13
    fn kl_to(&self, q: &Beta<D>) -> Tensor<D> {
        let (a, b, a2, b2) = common!(self, q: self.concentration1, self.concentration0, q.concentration1, q.concentration0);
        let log = (digamma(b.clone() + 1.0) + EULER).neg() / a.clone();
        let log_rest = mean_log_rest(a, b);
        log_beta(a2.clone(), b2.clone()) - (a2 - 1.0) * log - (b2 - 1.0) * log_rest - self.entropy()
    }
}
