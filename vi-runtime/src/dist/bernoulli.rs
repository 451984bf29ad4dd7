//! The Bernoulli distribution.

use burn::tensor::{Int, Tensor};

use super::density::{full, minus_infinity, softplus, softplus_scalar, spread};
use super::form::Form;
use super::{Cdf, Distribution, Entropy, Moments, form_family, form_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

form_family! {
    /// 1 with probability `probs`, else 0; support: `{0, 1}`.
    ///
    /// `log p(x) = x ln p + (1 − x) ln(1 − p)`, or in log-odds `a`: `x a − ln(1 + eᵃ)`
    ///
    /// Source: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 3, the binomial distribution of one
    /// trial.
    ///
    /// # Shapes
    /// `probs` or `logits` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `probs` is outside `[0, 1]` or `logits` is NaN or `∞`.
    Bernoulli {}
    /// With the probability of 1: a number, an array, a tensor or a reference.
    probs
    /// With the log-odds of 1, `ln(p/(1 − p))`: exact where the probability would round to 0 or 1.
    logits
}

impl<const D: usize> Distribution<D> for Bernoulli<D> {
    type Kind = Int;

    form_methods! { Bernoulli {} constraint }

    fn support(&self) -> Support {
        Support::Boolean
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let value = self.batch.float(value);
        let x = value.clone().clamp(0.0, 1.0);
        let outside = value.not_equal(x.clone());
        let log_prob = match (self.form, self.parameter.clone()) {
            (form, Operand::Number(parameter)) => {
                let (one, zero) = match form {
                    Form::Probs => (parameter.ln(), (-parameter).ln_1p()),
                    Form::Logits => (-softplus_scalar(-parameter), -softplus_scalar(parameter)),
                };
                x.full_like(zero).mask_fill(x.equal_elem(1.0), one)
            }
            // ln(1 − p) or ln p: the logarithm of 1 − x ± p. For x = 0 and small p that sum has lost digits of p;
            // what it lost is known exactly and, as d ln w = dw/w with w near 1, is added back (it is 0 for x = 1).
            (Form::Probs, probs) => {
                let sign = Operand::Tensor(x.clone().mul_scalar(2.0).sub_scalar(1.0));
                let signed = (sign * probs).into_tensor();
                let rest = x.neg().add_scalar(1.0);
                let mass = signed.clone() + rest.clone();
                let lost = signed.without_autodiff() - (mass.clone().without_autodiff() - rest);
                mass.log() + lost
            }
            (Form::Logits, logits) => {
                let sign = Operand::Tensor(x.mul_scalar(-2.0).add_scalar(1.0));
                softplus((sign * logits).into_tensor()).neg()
            }
        };
        minus_infinity(log_prob, outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let shape = self.shape();
        let u = noise.uniform(shape)?;
        let below = match (self.form, &self.parameter) {
            (Form::Probs, Operand::Number(probs)) => u.lower_elem(*probs),
            (Form::Probs, probs) => u.lower(full(probs, shape, noise).without_autodiff()),
            // u < σ(a) as ln u − ln(1 − u) < a
            (Form::Logits, logits) => {
                let log_odds = u.clone().log() - crate::special::log1p(u.neg());
                match logits {
                    Operand::Number(logits) => log_odds.lower_elem(*logits),
                    logits => log_odds.lower(full(logits, shape, noise).without_autodiff()),
                }
            }
        };
        Ok(spread(below, shape).int())
    }
}

impl<const D: usize> Bernoulli<D> {
    /// `p` and `1 − p`.
    fn probabilities(&self) -> (Operand<D>, Operand<D>) {
        self.form.probabilities(&self.parameter)
    }
}

impl<const D: usize> Moments<D> for Bernoulli<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.probabilities().0)
    }

    /// `p (1 − p)`
    fn variance(&self) -> Tensor<D> {
        let (success, failure) = self.probabilities();
        self.batch.fill(success * failure)
    }
}

impl<const D: usize> Entropy<D> for Bernoulli<D> {
    /// `−p ln p − (1 − p) ln(1 − p)`
    fn entropy(&self) -> Tensor<D> {
        let (success, failure) = self.probabilities();
        let (success, failure) = (self.batch.fill(success), self.batch.fill(failure));
        let each = match self.form {
            Form::Probs => {
                let certain = success.clone().equal_elem(1.0);
                special::xlogy(success.clone(), success.clone()) + failure * special::log1p(success.mask_fill(certain, 0.0).neg())
            }
            Form::Logits => special::xlogy(success.clone(), success) + special::xlogy(failure.clone(), failure),
        };
        each.neg()
    }
}

impl<const D: usize> Cdf<D> for Bernoulli<D> {
    fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.up_to(value, self.probabilities().1, [0.0, 1.0])
    }

    fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.up_to(value, self.probabilities().0, [1.0, 0.0])
    }
}

impl<const D: usize> Bernoulli<D> {
    /// `at_zero` where the value is 0, and the two numbers below and above.
    fn up_to(&self, value: &Tensor<D, Int>, at_zero: Operand<D>, [below, above]: [f64; 2]) -> Tensor<D> {
        let x = self.batch.float(value);
        let step = (Operand::Tensor(x.zeros_like()) + at_zero).into_tensor();
        let x = spread(x, step.dims());
        step.mask_fill(x.clone().lower_elem(0.0), below).mask_fill(x.greater_equal_elem(1.0), above)
    }
}
