//! The Dirichlet-multinomial distribution.

use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor};

use super::density::{beside, full, largest, minus_infinity, spread};
use super::lattice::{columns, cross_entropy};
use super::matrices::{constant, placement_of};
use super::multinomial::{counts, most, totals};
use super::negative_binomial::log_ways;
use super::rows::broadcast;
use super::saddle_point::{negative_binomial, refine};
use super::{BetaBinomial, Distribution, Entropy, Moments, NegativeBinomial2, family, family_methods};
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
    /// Source: Mosimann (1962), "On the Compound Multinomial Distribution, the Multivariate β-Distribution, and Correlations
    /// among Proportions".
    ///
    /// # Shapes
    /// `concentration` and the value: `[batch, K]`, the last dimension is the event; `total_count` (whole numbers as floats): a
    /// number, or `[batch, 1]`. It is data: the counts have this sum or no mass, so that no derivative in it exists, and it gets none.
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
        Support::up_to(&self.total_count)
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (x, outside) = counts(&self.batch, value, &self.total_count);
        let a = beside(&self.concentration, &x);
        let dims = broadcast(("the value", x.dims()), ("concentration", a.dims())).unwrap_or(x.dims());
        // The sums below run over every aₖ, also where one number stands for all.
        let (x, a) = (spread(x, dims), spread(a, dims));
        let (n, total) = (x.clone().sum_dim(D - 1), a.clone().sum_dim(D - 1));
        let plain = log_ways(&n, &total) - log_ways(&x, &a).sum_dim(D - 1);
        let log_prob = refine(plain, &largest([&self.total_count, &self.concentration]), || {
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

impl<const D: usize> Entropy<D> for DirichletMultinomial<D> {
    /// `ln q(n; n, A) − Σₖ E ln q(xₖ; n aₖ/A, aₖ)`, `q(x; m, c)` the negative binomial mass with mean `m` and concentration `c` and `xₖ`
    /// beta-binomial: the counts are negative binomial ones given their sum. As for [`Multinomial`](super::Multinomial).
    fn entropy(&self) -> Tensor<D> {
        let (a, n) = (self.batch.fill(self.concentration.clone()), self.batch.fill(self.total_count.clone()).without_autodiff());
        let (dims, categories) = (a.dims(), a.dims()[D - 1]);
        let nothing = n.clone().lower_elem(0.5);
        let n = n.mask_fill(nothing.clone(), 1.0);
        if categories == 1 {
            return n.zeros_like();
        }
        // Not A − aₖ, which cancels.
        let apart = (0..categories * categories).map(|i| f64::from(i / categories != i % categories)).collect();
        let apart = constant(apart, [categories; 2], &placement_of(&a));
        let others = a.clone().reshape([dims[..D - 1].iter().product(), categories]).matmul(apart).reshape(dims);
        let total = a.clone().sum_dim(D - 1);
        let mean = a.clone() / total.clone() * n.clone();
        let ends = [Some(n.zeros_like()), Some(n.clone())];
        let parameters = [&a, &others, &n, &mean].map(|parameter| Operand::Tensor(parameter.clone()));
        let each = cross_entropy(mean, ends, most(&self.total_count), |like, at| {
            let [a, others, n, mean] = columns([0, 1, 2, 3].map(|i| &parameters[i]), like).map(Operand::into_tensor);
            [BetaBinomial::new(&a, others, n).log_mass(at.clone()), NegativeBinomial2::new(mean, a).log_mass(at)]
        });
        let n = n.narrow(D - 1, 0, 1);
        let sum = NegativeBinomial2::new(&n, total).log_mass(n);
        (each.sum_dim(D - 1) + sum).mask_fill(nothing.narrow(D - 1, 0, 1), 0.0)
    }
}
