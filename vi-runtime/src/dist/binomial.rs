//! The binomial distribution.

use burn::tensor::{Int, Tensor};

use super::density::{beside, full, logistic, minus_infinity, softplus, spread};
use super::form::Form;
use super::lattice::{UNBOUNDED, entropy_by_sum};
use super::rows::broadcast;
use super::saddle_point::{self, refine};
use super::{Distribution, DrawPositive, Moments, form_family, form_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

form_family! {
    /// Number of successes in `total_count` independent trials; support: `{0, …, total_count}`.
    ///
    /// `log p(x) = ln C(n, x) + x ln p + (n − x) ln(1 − p)`, or in log-odds `a`: `ln C(n, x) + x a − n ln(1 + eᵃ)`
    ///
    /// Source: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 3.
    ///
    /// # Shapes
    /// `total_count` (whole numbers as floats), `probs` or `logits` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `total_count` is not one of 0, 1, 2, …, `probs` is outside
    /// `[0, 1]` or `logits` is NaN or `∞`.
    Binomial { total_count: N }
    /// With the probability of success: numbers, arrays, tensors or references, in any mix.
    probs
    /// With the log-odds of success, `ln(p/(1 − p))`.
    logits
}

impl<const D: usize> Binomial<D> {
    /// A smooth function between the counts.
    pub(super) fn log_mass(&self, x: Tensor<D>) -> Tensor<D> {
        let y = (self.total_count.clone() - Operand::Tensor(x.clone())).into_tensor();
        let parameter = beside(&self.parameter, &y);
        let dims = broadcast(("the value", y.dims()), (self.form.name(), parameter.dims())).unwrap_or(y.dims());
        let (x, y) = (spread(x, dims), spread(y, dims));
        let outside = x.clone().lower_elem(0.0).bool_or(y.clone().lower_elem(0.0));
        let (x, y) = (x.clamp_min(0.0), y.clamp_min(0.0));
        // ln C(n, x) = −ln(n + 1) − ln B(x + 1, n − x + 1)
        let choose = (x.clone() + y.clone() + 1.0).log() + special::log_beta(x.clone() + 1.0, y.clone() + 1.0);
        let kernel = match self.form {
            Form::Probs => {
                // Not xlogy(y, 1 − p), which has lost the digits of a small p; p = 1 counts only where there are failures.
                let p = spread(parameter.clone(), dims).mask_fill(y.clone().lower_equal_elem(0.0), 0.0);
                special::xlogy(x.clone(), parameter.clone()) + y.clone() * special::log1p(p.neg())
            }
            Form::Logits => x.clone() * parameter.clone() - (x.clone() + y.clone()) * softplus(parameter.clone()),
        };
        let log_prob = refine(kernel - choose, &self.total_count, || {
            let parameter = parameter.without_autodiff();
            let (p, q) = match self.form {
                Form::Probs => (parameter.clone(), parameter.neg().add_scalar(1.0)),
                Form::Logits => (logistic(parameter.clone()), logistic(parameter.neg())),
            };
            saddle_point::binomial(x.without_autodiff(), y.without_autodiff(), p, q)
        });
        minus_infinity(log_prob, outside)
    }
}

impl<const D: usize> Distribution<D> for Binomial<D> {
    type Kind = Int;

    form_methods! { Binomial { total_count: NonNegativeInteger } constraint }

    fn support(&self) -> Support {
        Support::up_to(&self.total_count)
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.log_mass(self.batch.float(value))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let shape = self.shape();
        let parameter = full(&self.parameter, shape, noise).without_autodiff();
        let probs = match self.form {
            Form::Probs => parameter,
            Form::Logits => logistic(parameter),
        };
        noise.binomial(full(&self.total_count, shape, noise).without_autodiff(), probs)
    }
}

impl<const D: usize> Binomial<D> {
    /// `p` and `1 − p`.
    pub(super) fn probabilities(&self) -> (Operand<D>, Operand<D>) {
        self.form.probabilities(&self.parameter)
    }
}

impl<const D: usize> Moments<D> for Binomial<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.total_count.clone() * self.probabilities().0)
    }

    /// `n p (1 − p)`
    fn variance(&self) -> Tensor<D> {
        let (success, failure) = self.probabilities();
        self.batch.fill(self.total_count.clone() * success * failure)
    }
}

impl<const D: usize> DrawPositive<D> for Binomial<D> {
    /// The first success, by the inverse of its truncated distribution function, and those after it.
    fn draw_positive(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let shape = self.shape();
        let total = full(&self.total_count, shape, noise).without_autodiff();
        let probs = full(&self.probabilities().0, shape, noise).without_autodiff();
        let log_failure = special::log1p(probs.clone().neg());
        let none = (total.clone() * log_failure.clone()).clamp_min(-1e4);
        let before = (special::log1p(noise.uniform(shape)? * special::expm1(none)) / log_failure).floor();
        let after = (total - before - 1.0).clamp_min(0.0);
        Ok(noise.binomial(after, probs)?.add_scalar(1))
    }
}

impl<const D: usize> Binomial<D> {
    /// At least the number of counts.
    fn most(&self) -> f64 {
        match self.total_count {
            Operand::Number(n) => n + 1.0,
            _ => UNBOUNDED,
        }
    }
}

entropy_by_sum!(Binomial { total_count, parameter; form } from Some(|_| Operand::Number(0.0)), to Some(|of| of.total_count.clone()));
