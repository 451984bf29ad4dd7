//! The Dirichlet-multinomial distribution.

use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor};

use super::density::{beside, full, largest, minus_infinity, spread};
use super::multinomial::{counts, totals};
use super::negative_binomial::log_ways;
use super::rows::broadcast;
use super::saddle_point::{negative_binomial, refine_all};
use super::{Distribution, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::{Counts, Noise};
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// Counts of `K` outcomes in `total_count` trials whose probabilities are drawn once from `Dirichlet(concentration)`;
    /// support: vectors of 0, 1, 2, … with sum `total_count`.
    ///
    /// `log p(x) = ln Γ(A) + ln n! − ln Γ(n + A) + Σₖ (ln Γ(xₖ + aₖ) − ln Γ(aₖ) − ln xₖ!)`, `a` = concentration, `A = Σₖ aₖ`,
    /// `n` = total_count
    ///
    /// # Shapes
    /// `concentration` and the value: `[batch, K]`, the last dimension is the event; `total_count` (whole numbers as floats): a
    /// number, or `[batch, 1]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `concentration` is not positive and finite or
    /// `total_count` is not one of 0, 1, 2, …
    DirichletMultinomial { concentration: C, total_count: N }
}

impl<const D: usize> Distribution<D> for DirichletMultinomial<D> {
    type Kind = Int;

    family_methods! { DirichletMultinomial { concentration: Positive, total_count: NonNegativeInteger } }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        match self.total_count {
            Operand::Number(n) => Support::IntegerInterval(0, n as i64),
            _ => Support::NonNegativeInteger,
        }
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (x, outside) = counts(&self.batch, value, &self.total_count);
        let a = beside(&self.concentration, &x);
        let dims = broadcast(("the value", x.dims()), ("concentration", a.dims())).unwrap_or(x.dims());
        // The sums below run over every aₖ, also where one number stands for all.
        let (x, a) = (spread(x, dims), spread(a, dims));
        let (n, total) = (x.clone().sum_dim(D - 1), a.clone().sum_dim(D - 1));
        let plain = log_ways(&n, &total) - log_ways(&x, &a).sum_dim(D - 1);
        let log_prob = refine_all(plain, &largest([&self.total_count, &self.concentration]), || {
            // Negative binomial masses over the one of their sum: the same for every p, and at this p each is small.
            let [x, a, n, total] = [x, a, n, total].map(Tensor::without_autodiff);
            let all = n.clone() + total.clone();
            let (p, q) = (n.clone() / all.clone(), total.clone() / all);
            let each = negative_binomial(x, a, spread(p.clone(), dims), spread(q.clone(), dims));
            each.sum_dim(D - 1) - negative_binomial(n, total, p, q)
        });
        minus_infinity(log_prob, outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let log_gamma = noise.log_gamma(full(&self.concentration, self.shape(), noise).without_autodiff())?;
        noise.counts(Counts::Multinomial, [totals(&self.total_count, self.shape(), noise), softmax(log_gamma, D - 1)])
    }
}

impl<const D: usize> Moments<D> for DirichletMultinomial<D> {
    /// `n aₖ/A`
    fn mean(&self) -> Tensor<D> {
        let a = self.batch.fill(self.concentration.clone());
        a.clone() / a.sum_dim(D - 1) * self.batch.fill(self.total_count.clone())
    }

    /// `n aₖ/A (1 − aₖ/A) (n + A)/(1 + A)`
    fn variance(&self) -> Tensor<D> {
        let (a, n) = (self.batch.fill(self.concentration.clone()), self.batch.fill(self.total_count.clone()));
        let total = a.clone().sum_dim(D - 1);
        let share = a / total.clone();
        n.clone() * share.clone() * (share.neg() + 1.0) * ((n + total.clone()) / (total + 1.0))
    }
}
