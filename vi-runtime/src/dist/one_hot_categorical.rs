//! The categorical distribution over indicator vectors.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, TensorData};

use super::density::{beside, full, minus_infinity, spread};
use super::form::Form;
use super::multinomial::{counts, weighted_logarithms};
use super::rows::broadcast;
use super::{Distribution, Entropy, Moments, form_family, form_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

form_family! {
    /// One of `K` categories as a vector that is 1 there and 0 elsewhere; support: the unit vectors.
    ///
    /// `log p(x) = Σₖ xₖ ln probs[k]`, or with `logits` `Σₖ xₖ logits[k] − ln Σₖ exp(logits[k])`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1997), Discrete Multivariate Distributions, chapter 35, the multinomial
    /// distribution of one trial.
    ///
    /// The value is a tensor of integers, as that of every discrete distribution here (torch and NumPyro use floats);
    /// `observe!` also takes floats. [`Categorical`](super::Categorical) has the index of the category instead.
    ///
    /// Probabilities are used as given: they must sum to 1. Logits need not be normalised.
    ///
    /// # Shapes
    /// `probs`, `logits` and the value: `[batch, K]`, the last dimension is the event.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `probs` are not probabilities that sum to 1 or `logits`
    /// are NaN or `∞`.
    OneHotCategorical {}
    /// With the probability of each category in the last dimension.
    probs
    /// With unnormalised log-probabilities in the last dimension.
    logits
}

impl<const D: usize> OneHotCategorical<D> {
    fn probs(&self) -> Tensor<D> {
        self.form.categories(self.batch.fill(self.parameter.clone()))
    }
}

impl<const D: usize> Distribution<D> for OneHotCategorical<D> {
    type Kind = Int;

    form_methods! { OneHotCategorical {} row_constraint }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        Support::Boolean
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        // No entry is negative and the sum is 1: one entry is 1.
        let (x, outside) = counts(&self.batch, value, &Operand::Number(1.0));
        let parameter = beside(&self.parameter, &x);
        let dims = broadcast(("the value", x.dims()), (self.form.name(), parameter.dims())).unwrap_or(x.dims());
        let log_prob = weighted_logarithms(self.form, &spread(x, dims), spread(parameter, dims));
        minus_infinity(log_prob, outside)
    }

    /// The largest of `log p + Gumbel noise`.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let shape = self.shape();
        let parameter = full(&self.parameter, shape, noise).without_autodiff();
        let log_weights = match self.form {
            Form::Probs => parameter.log(),
            Form::Logits => parameter,
        };
        let gumbel = special::log1p(noise.uniform(shape)?.neg()).neg().log().neg();
        let chosen = (gumbel + log_weights).argmax(D - 1);
        let mut row = [1; D];
        row[D - 1] = shape[D - 1];
        let categories = TensorData::new((0..shape[D - 1] as i64).collect::<Vec<_>>(), row);
        let categories: Tensor<D, Int> = Tensor::from_data(categories, (&chosen.device(), chosen.dtype()));
        Ok(spread(categories, shape).equal(spread(chosen, shape)).int())
    }
}

impl<const D: usize> Moments<D> for OneHotCategorical<D> {
    fn mean(&self) -> Tensor<D> {
        self.probs()
    }

    /// `p (1 − p)`
    fn variance(&self) -> Tensor<D> {
        let probs = self.probs();
        probs.clone() * (probs.neg() + 1.0)
    }
}

impl<const D: usize> Entropy<D> for OneHotCategorical<D> {
    /// `−Σₖ pₖ ln pₖ`
    fn entropy(&self) -> Tensor<D> {
        let parameter = self.batch.fill(self.parameter.clone());
        match self.form {
            Form::Probs => special::xlogy(parameter.clone(), parameter),
            Form::Logits => expected(log_softmax(parameter, D - 1)),
        }
        .sum_dim(D - 1)
        .neg()
    }
}

/// `eˣ x`, 0 at minus infinity.
pub(super) fn expected<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let none = x.clone().equal_elem(f64::NEG_INFINITY);
    x.clone().exp() * x.mask_fill(none, 0.0)
}
