//! The multinomial distribution.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Bool, Int, Tensor};

use super::density::{beside, full, minus_infinity, spread};
use super::form::Form;
use super::lattice::{UNBOUNDED, columns, cross_entropy};
use super::rows::broadcast;
use super::saddle_point::{self, refine};
use super::{Batch, Binomial, Distribution, Entropy, Moments, Poisson, form_family, form_methods};
use crate::error::Result;
use crate::noise::{Counts, Noise};
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

form_family! {
    /// Counts of `K` outcomes in `total_count` independent trials; support: vectors of 0, 1, 2, … with sum `total_count`.
    ///
    /// `log p(x) = ln n! − Σₖ ln xₖ! + Σₖ xₖ ln pₖ`, `n` = total_count, with `pₖ` = probs, or `pₖ = exp(logits[k])/Σⱼ exp(logits[j])`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1997), Discrete Multivariate Distributions, chapter 35.
    ///
    /// Probabilities are used as given: they must sum to 1. Logits need not be normalised.
    ///
    /// # Shapes
    /// `probs`, `logits` and the value: `[batch, K]`, the last dimension is the event; `total_count` (whole numbers as floats): a
    /// number, or `[batch, 1]`. It is data: the counts have this sum or no mass, so that no derivative in it exists, and it gets none.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `total_count` is not one of 0, 1, 2, …, `probs` are not
    /// probabilities that sum to 1 or `logits` are NaN or `∞`.
    Multinomial { total_count: N }
    /// With the probability of each outcome: numbers, arrays, tensors or references, in any mix.
    probs
    /// With unnormalised log-probabilities.
    logits
}

impl<const D: usize> Multinomial<D> {
    fn probs(&self) -> Tensor<D> {
        self.form.categories(self.batch.fill(self.parameter.clone()))
    }
}

impl<const D: usize> Distribution<D> for Multinomial<D> {
    type Kind = Int;

    form_methods! { Multinomial { total_count: NonNegativeInteger } row_constraint }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        Support::up_to(&self.total_count)
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (x, outside) = counts(&self.batch, value, &self.total_count);
        let parameter = beside(&self.parameter, &x);
        // Dimensions that do not broadcast are reported before a density is asked for; Burn's own message serves otherwise.
        let dims = broadcast(("the value", x.dims()), (self.form.name(), parameter.dims())).unwrap_or(x.dims());
        let (x, parameter) = (spread(x, dims), spread(parameter, dims));
        let kernel = weighted_logarithms(self.form, &x, parameter.clone());
        let factorials = special::lgamma(x.clone() + 1.0).sum_dim(D - 1);
        let plain = special::lgamma(x.clone().sum_dim(D - 1) + 1.0) - factorials + kernel;
        let log_prob = refine(plain, &self.total_count, || {
            let parameter = parameter.without_autodiff();
            let probs = match self.form {
                Form::Probs => parameter,
                Form::Logits => softmax(parameter, D - 1),
            };
            saddle_point::multinomial(x.without_autodiff(), probs)
        });
        minus_infinity(log_prob, outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let parameter = full(&self.parameter, self.shape(), noise).without_autodiff();
        let probs = match self.form {
            Form::Probs => parameter,
            Form::Logits => softmax(parameter, D - 1),
        };
        noise.counts(Counts::Multinomial, [totals(&self.total_count, self.shape(), noise), probs])
    }
}

/// `total_count` as a tensor with one element for each vector of `shape`.
pub(super) fn totals<const D: usize>(total_count: &Operand<D>, mut shape: [usize; D], noise: &Noise<'_>) -> Tensor<D> {
    shape[D - 1] = 1;
    full(total_count, shape, noise).without_autodiff()
}

/// The counts as floats, none of them negative, and which vectors are not counts with the sum `total_count`.
pub(super) fn counts<const D: usize>(batch: &Batch<D>, value: &Tensor<D, Int>, total_count: &Operand<D>) -> (Tensor<D>, Tensor<D, Bool>) {
    let x = batch.float(value);
    let sum = batch.float(&value.clone().sum_dim(D - 1));
    let excess = (Operand::Tensor(sum) - total_count.clone()).into_tensor();
    let dims = excess.dims();
    let negative = x.clone().lower_elem(0.0).any_dim(D - 1);
    (x.clamp_min(0.0), excess.not_equal_elem(0.0).bool_or(spread(negative, dims)))
}

/// `Σₖ xₖ ln pₖ` over the last dimension, where an outcome that did not occur counts for nothing, whatever its probability.
pub(super) fn weighted_logarithms<const D: usize>(form: Form, x: &Tensor<D>, parameter: Tensor<D>) -> Tensor<D> {
    let each = match form {
        Form::Probs => special::xlogy(x.clone(), parameter),
        Form::Logits => x.clone() * log_softmax(parameter, D - 1).mask_fill(x.clone().equal_elem(0.0), 0.0),
    };
    each.sum_dim(D - 1)
}

impl<const D: usize> Moments<D> for Multinomial<D> {
    fn mean(&self) -> Tensor<D> {
        self.probs() * self.batch.fill(self.total_count.clone())
    }

    /// `n p (1 − p)`
    fn variance(&self) -> Tensor<D> {
        let probs = self.probs();
        probs.clone() * (probs.neg() + 1.0) * self.batch.fill(self.total_count.clone())
    }
}

/// At least the number of values that one count can have.
pub(super) fn most<const D: usize>(total_count: &Operand<D>) -> f64 {
    match total_count {
        Operand::Number(n) => n + 1.0,
        _ => UNBOUNDED,
    }
}

impl<const D: usize> Entropy<D> for Multinomial<D> {
    /// `ln q(n; n) − Σₖ E ln q(xₖ; n pₖ)`, `q(x; m) = e⁻ᵐ mˣ/x!` and `xₖ` binomial: multinomial counts are Poisson counts given their
    /// sum, and so written the terms are no larger than the entropies of the counts. The expectations are added up as the entropy
    /// of [`Binomial`] is.
    fn entropy(&self) -> Tensor<D> {
        let (probs, n) = (self.probs(), self.batch.fill(self.total_count.clone()).without_autodiff());
        let nothing = n.clone().lower_elem(0.5);
        let n = n.mask_fill(nothing.clone(), 1.0);
        let ends = [Some(n.zeros_like()), Some(n.clone())];
        let parameters = [&n, &probs].map(|parameter| Operand::Tensor(parameter.clone()));
        let each = cross_entropy(n.clone() * probs, ends, most(&self.total_count), |like, at| {
            let [n, p] = columns([&parameters[0], &parameters[1]], like).map(Operand::into_tensor);
            [Binomial::new(&n, &p).log_mass(at.clone()), Poisson::new(n * p).log_mass(at)]
        });
        let n = n.narrow(D - 1, 0, 1);
        let sum = Poisson::new(&n).log_mass(n);
        (each.sum_dim(D - 1) + sum).mask_fill(nothing.narrow(D - 1, 0, 1), 0.0)
    }
}
