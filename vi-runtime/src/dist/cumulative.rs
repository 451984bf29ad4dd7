//! Distribution functions of counts, by incomplete gamma and beta functions.

use burn::tensor::{Bool, Int, Tensor};

use super::density::{beside, spread};
use super::{Batch, Binomial, Cdf, Distribution, NegativeBinomial, NegativeBinomial2, Poisson};
use crate::operand::Operand;
use crate::special::{beta_inc, detach, gamma_p, gamma_q};

/// The count as a float, 0 where it is negative, and where it is.
fn count<const D: usize>(batch: &Batch<D>, value: &Tensor<D, Int>) -> (Tensor<D>, Tensor<D, Bool>) {
    let x = batch.float(value);
    let below = x.clone().lower_elem(0.0);
    (x.clamp_min(0.0), below)
}

/// `p` with `outside` where a mask is true.
fn but<const D: usize>(p: Tensor<D>, mask: Tensor<D, Bool>, outside: f64) -> Tensor<D> {
    let dims = p.dims();
    p.mask_fill(spread(mask, dims), outside)
}

/// `I_t(a, b)` at `t = 1 − rest`, where `t` near 1 has lost digits that `rest` has: they are added back to first order with
/// the derivative `slope` in `t`.
fn beta_inc_beside<const D: usize>(a: Tensor<D>, b: Tensor<D>, t: Tensor<D>, rest: Tensor<D>, slope: Tensor<D>) -> Tensor<D> {
    // The rounding of t is asked for: without the clamp a compiled step would take 1 − σ(a) for σ(−a).
    let lost = t.clone().clamp(0.0, 1.0).neg().add_scalar(1.0) - rest;
    let kept = t.clone().lower_elem(0.5);
    let correction = detach(lost.mask_fill(kept, 0.0) * slope);
    let unusable = correction.clone().abs().lower_elem(1.0).bool_not();
    (beta_inc(a, b, t) + correction.mask_fill(unusable, 0.0)).clamp(0.0, 1.0)
}

impl<const D: usize> Cdf<D> for Poisson<D> {
    /// `Q(x + 1, rate)` (DLMF 8.4.10)
    fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (x, below) = count(&self.batch, value);
        let rate = beside(&self.rate, &x);
        but(gamma_q(x + 1.0, rate), below, 0.0)
    }

    fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (x, below) = count(&self.batch, value);
        let rate = beside(&self.rate, &x);
        but(gamma_p(x + 1.0, rate), below, 1.0)
    }
}

/// What the distribution functions of counts of trials are made of, all of one shape.
struct Trials<const D: usize> {
    /// Successes, neither negative nor, where there is a total, above it.
    x: Tensor<D>,
    /// Failures that are still to come, or that end the count.
    y: Tensor<D>,
    p: Tensor<D>,
    q: Tensor<D>,
    /// The derivative of either function in its probability.
    slope: Tensor<D>,
}

impl<const D: usize> Trials<D> {
    /// `slope` is the mass times this number of trials over `q`.
    fn new(x: Tensor<D>, y: Tensor<D>, [p, q]: [Tensor<D>; 2], trials: Tensor<D>, log_mass: Tensor<D>) -> Self {
        let dims = log_mass.dims();
        let [x, y, p, q, trials] = [x, y, p, q, trials].map(|tensor| spread(tensor, dims));
        let slope = log_mass.exp() * trials / q.clone();
        Trials { x, y, p, q, slope }
    }

    /// `I_q(y, x + 1)`
    fn up_to(self) -> Tensor<D> {
        beta_inc_beside(self.y, self.x + 1.0, self.q, self.p, self.slope)
    }

    /// `I_p(x + 1, y)`
    fn beyond(self) -> Tensor<D> {
        beta_inc_beside(self.x + 1.0, self.y, self.p, self.q, self.slope)
    }
}

impl<const D: usize> Binomial<D> {
    /// With where the value is below the support and where it is at its top or above.
    fn trials(&self, value: &Tensor<D, Int>) -> (Trials<D>, [Tensor<D, Bool>; 2]) {
        let (x, below) = count(&self.batch, value);
        let y = (self.total_count.clone() - Operand::Tensor(x.clone())).into_tensor();
        let above = y.clone().lower_equal_elem(0.0);
        let y = y.mask_fill(above.clone(), 1.0);
        let (success, failure) = self.probabilities();
        let probabilities = [beside(&success, &x), beside(&failure, &x)];
        (Trials::new(x, y.clone(), probabilities, y, self.log_prob(value)), [below, above])
    }
}

impl<const D: usize> Cdf<D> for Binomial<D> {
    /// `I_{1−p}(n − x, x + 1)` (DLMF 8.17.5)
    fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (trials, [below, above]) = self.trials(value);
        but(but(trials.up_to(), above, 1.0), below, 0.0)
    }

    fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (trials, [below, above]) = self.trials(value);
        but(but(trials.beyond(), above, 0.0), below, 1.0)
    }
}

impl<const D: usize> NegativeBinomial<D> {
    fn trials(&self, value: &Tensor<D, Int>) -> (Trials<D>, Tensor<D, Bool>) {
        let (x, below) = count(&self.batch, value);
        let (success, failure) = self.probabilities();
        let (r, probabilities) = (beside(&self.total_count, &x), [beside(&success, &x), beside(&failure, &x)]);
        let all = x.clone() + r.clone();
        (Trials::new(x, r, probabilities, all, self.log_prob(value)), below)
    }
}

impl<const D: usize> NegativeBinomial2<D> {
    fn trials(&self, value: &Tensor<D, Int>) -> (Trials<D>, Tensor<D, Bool>) {
        let (x, below) = count(&self.batch, value);
        let (m, c) = (beside(&self.mean, &x), beside(&self.concentration, &x));
        let total = m.clone() + c.clone();
        let (probabilities, all) = ([m / total.clone(), c.clone() / total], x.clone() + c.clone());
        (Trials::new(x, c, probabilities, all, self.log_prob(value)), below)
    }
}

/// Distribution functions of counts without a largest one, from the method `trials`.
macro_rules! by_trials {
    ($($(#[$formula:meta])* $name:ident;)+) => { $(
        impl<const D: usize> Cdf<D> for $name<D> {
            $(#[$formula])*
            fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
                let (trials, below) = self.trials(value);
                but(trials.up_to(), below, 0.0)
            }

            fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
                let (trials, below) = self.trials(value);
                but(trials.beyond(), below, 1.0)
            }
        }
    )+ };
}
by_trials! {
    /// `I_{1−p}(r, x + 1)`
    NegativeBinomial;
    /// `I_q(c, x + 1)`, `q = c/(m + c)`
    NegativeBinomial2;
}
