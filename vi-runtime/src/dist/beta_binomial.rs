//! The beta-binomial distribution.

use burn::tensor::{Int, Tensor};

use super::density::{beside, full, largest, logistic, minus_infinity, spread};
use super::lattice::{UNBOUNDED, cdf_of_parts, entropy_by_sum, tails};
use super::saddle_point::{negative_binomial, refine};
use super::{Distribution, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special::log_beta;
use crate::support::Support;

family! {
    /// Number of successes in `total_count` trials whose probability of success is drawn once from
    /// `Beta(concentration1, concentration0)`; support: `{0, …, total_count}`.
    ///
    /// `log p(x) = ln C(n, x) + ln B(x + a, n − x + b) − ln B(a, b)`, `a` = concentration1, `b` = concentration0, `n` = total_count
    ///
    /// Source: Skellam (1948), "A Probability Distribution Derived from the Binomial Distribution by Regarding the Probability of
    /// Success as Variable between the Sets of Trials".
    ///
    /// # Shapes
    /// `concentration1`, `concentration0`, `total_count` (whole numbers as floats) and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a concentration is not positive and finite or
    /// `total_count` is not one of 0, 1, 2, …
    BetaBinomial { concentration1: A, concentration0: B, total_count: N }
}

impl<const D: usize> BetaBinomial<D> {
    /// A smooth function between the counts.
    pub(super) fn log_mass(&self, x: Tensor<D>) -> Tensor<D> {
        let y = (self.total_count.clone() - Operand::Tensor(x.clone())).into_tensor();
        let (a, b) = (beside(&self.concentration1, &x), beside(&self.concentration0, &x));
        let dims = (y.clone() + a.clone() + b.clone()).dims();
        let [x, y, a, b] = [x, y, a, b].map(|tensor| spread(tensor, dims));
        let outside = x.clone().lower_elem(0.0).bool_or(y.clone().lower_elem(0.0));
        let (x, y) = (x.clamp_min(0.0), y.clamp_min(0.0));
        // ln C(n, x) = −ln(n + 1) − ln B(x + 1, n − x + 1)
        let choose = (x.clone() + y.clone() + 1.0).log() + log_beta(x.clone() + 1.0, y.clone() + 1.0);
        let plain = log_beta(x.clone() + a.clone(), y.clone() + b.clone()) - log_beta(a.clone(), b.clone()) - choose;
        let size = largest([&self.total_count, &self.concentration1, &self.concentration0]);
        let log_prob = refine(plain, &size, || {
            // Two negative binomial masses over the one of their sum: the same for every p, and at this p each is small.
            let [x, y, a, b] = [x, y, a, b].map(Tensor::without_autodiff);
            let (n, c) = (x.clone() + y.clone(), a.clone() + b.clone());
            let total = n.clone() + c.clone();
            let (p, q) = (n.clone() / total.clone(), c.clone() / total);
            negative_binomial(x, a, p.clone(), q.clone()) + negative_binomial(y, b, p.clone(), q.clone()) - negative_binomial(n, c, p, q)
        });
        minus_infinity(log_prob, outside)
    }
}

impl<const D: usize> Distribution<D> for BetaBinomial<D> {
    type Kind = Int;

    family_methods! { BetaBinomial { concentration1: Positive, concentration0: Positive, total_count: NonNegativeInteger } }

    fn support(&self) -> Support {
        Support::up_to(&self.total_count)
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.log_mass(self.batch.float(value))
    }

    /// Of success and failure the rarer one is counted: its probability is not rounded to 1.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let shape = self.shape();
        let a = noise.log_gamma(full(&self.concentration1, shape, noise).without_autodiff())?;
        let b = noise.log_gamma(full(&self.concentration0, shape, noise).without_autodiff())?;
        let log_odds = a - b;
        let n = full(&self.total_count, shape, noise).without_autodiff();
        let rarer = noise.binomial(n.clone(), logistic(log_odds.clone().abs().neg()))?;
        let rest = n.int().cast(rarer.dtype()) - rarer.clone();
        Ok(rarer.mask_where(log_odds.greater_elem(0.0), rest))
    }
}

impl<const D: usize> Moments<D> for BetaBinomial<D> {
    /// `n a/(a + b)`
    fn mean(&self) -> Tensor<D> {
        let (a, b) = (self.concentration1.clone(), self.concentration0.clone());
        self.batch.fill(self.total_count.clone() * (a.clone() / (a + b)))
    }

    /// `n a b (a + b + n)/((a + b)² (a + b + 1))`
    fn variance(&self) -> Tensor<D> {
        let (a, b, n) = (self.concentration1.clone(), self.concentration0.clone(), self.total_count.clone());
        let total = a.clone() + b.clone();
        let shares = (a / total.clone()) * (b / total.clone());
        self.batch.fill(n.clone() * shares * ((total.clone() + n) / (total + 1.0)))
    }
}

impl<const D: usize> BetaBinomial<D> {
    /// `P(X ≤ x)` and `P(X > x)`: masses added on the side of the mean where `x` is.
    fn parts(&self, value: &Tensor<D, Int>) -> [Tensor<D>; 2] {
        let x = self.batch.float(value);
        let mean = self.mean();
        let dims = (x.clone() + mean.clone().without_autodiff()).dims();
        let total = spread(beside(&self.total_count, &x), dims);
        tails(spread(x, dims), spread(mean, dims), [total.zeros_like(), total.clone()], self.most(), |like, at| {
            self.columns(like).log_mass(at).exp()
        })
    }

    /// At least the number of masses.
    fn most(&self) -> f64 {
        match self.total_count {
            Operand::Number(n) => n + 1.0,
            _ => UNBOUNDED,
        }
    }
}

cdf_of_parts!(BetaBinomial);
entropy_by_sum!(
    BetaBinomial { concentration1, concentration0, total_count } from Some(|_| Operand::Number(0.0)), to Some(|of| of.total_count.clone())
);
