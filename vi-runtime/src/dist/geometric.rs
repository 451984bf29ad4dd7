//! The geometric distribution.

use burn::tensor::{Int, Tensor};

use super::count_quantile::LARGEST;
use super::density::{beside, full, logistic, minus_infinity, softplus, spread};
use super::form::Form;
use super::{Cdf, Distribution, DrawPositive, Entropy, InverseCdf, Moments, form_family, form_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

form_family! {
    /// Number of failures before the first success, where each trial succeeds with probability `probs`; support: `{0, 1, 2, …}`.
    ///
    /// `log p(x) = x ln(1 − p) + ln p`, in log-odds `a`: `ln p = −ln(1 + e⁻ᵃ)`, `ln(1 − p) = −ln(1 + eᵃ)`
    ///
    /// Source: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 5.
    ///
    /// # Shapes
    /// `probs` or `logits` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `probs` is outside `[0, 1]` or `logits` is NaN or `∞`.
    Geometric {}
    /// With the probability of success: a number, an array, a tensor or a reference.
    probs
    /// With the log-odds of success, `ln(p/(1 − p))`.
    logits
}

impl<const D: usize> Geometric<D> {
    /// `p` and `ln(1 − p)`, placed beside `like`.
    fn success(&self, like: &Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        let parameter = beside(&self.parameter, like);
        match self.form {
            Form::Probs => (parameter.clone(), special::log1p(parameter.neg())),
            Form::Logits => (logistic(parameter.clone()), softplus(parameter).neg()),
        }
    }

    /// `(1 − p)/p`.
    fn odds_of_failure(&self) -> Operand<D> {
        match self.form {
            Form::Probs => self.parameter.clone().recip() - 1.0,
            Form::Logits => (-self.parameter.clone()).exp(),
        }
    }

    /// `(x + 1) ln(1 − p)`, 0 below the support.
    fn log_beyond(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let trials = self.batch.float(value).add_scalar(1.0).clamp_min(0.0);
        let (_, log_failure) = self.success(&trials);
        let dims = (trials.clone() + log_failure.clone()).dims();
        // No trial, no failure, even where failure is impossible.
        let trials = spread(trials, dims);
        let none = trials.clone().equal_elem(0.0);
        trials * spread(log_failure, dims).mask_fill(none, 0.0)
    }
}

impl<const D: usize> Distribution<D> for Geometric<D> {
    type Kind = Int;

    form_methods! { Geometric {} constraint }

    fn support(&self) -> Support {
        Support::NonNegativeInteger
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let x = self.batch.float(value);
        let outside = x.clone().lower_elem(0.0);
        let x = x.clamp_min(0.0);
        let parameter = beside(&self.parameter, &x);
        let log_prob = match self.form {
            Form::Probs => {
                let dims = (x.clone() + parameter.clone()).dims();
                let x = spread(x, dims);
                // p = 1 counts only where there are failures.
                let p = spread(parameter.clone(), dims).mask_fill(x.clone().equal_elem(0.0), 0.0);
                x * special::log1p(p.neg()) + parameter.log()
            }
            Form::Logits => (x * softplus(parameter.clone()) + softplus(parameter.neg())).neg(),
        };
        minus_infinity(log_prob, outside)
    }

    /// The whole part of an exponential waiting time.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let log_u = noise.uniform(self.shape())?.log();
        let parameter = full(&self.parameter, self.shape(), noise).without_autodiff();
        let log_failure = match self.form {
            Form::Probs => special::log1p(parameter.neg()),
            Form::Logits => softplus(parameter).neg(),
        };
        Ok((log_u / log_failure).clamp_max(LARGEST).floor().int())
    }
}

impl<const D: usize> Moments<D> for Geometric<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.odds_of_failure())
    }

    /// `(1 − p)/p²`
    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.odds_of_failure() * (self.odds_of_failure() + 1.0))
    }
}

impl<const D: usize> Entropy<D> for Geometric<D> {
    /// `−(1 − p)/p ln(1 − p) − ln p`
    fn entropy(&self) -> Tensor<D> {
        let odds = self.batch.fill(self.odds_of_failure());
        let parameter = self.batch.fill(self.parameter.clone());
        let (log_success, log_failure) = match self.form {
            Form::Probs => (parameter.clone().log(), special::log1p(parameter.neg())),
            Form::Logits => (softplus(parameter.clone().neg()).neg(), softplus(parameter).neg()),
        };
        let certain = odds.clone().equal_elem(0.0);
        (odds * log_failure.mask_fill(certain, 0.0) + log_success).neg()
    }
}

impl<const D: usize> Cdf<D> for Geometric<D> {
    /// `1 − (1 − p)ˣ⁺¹`
    fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        special::expm1(self.log_beyond(value)).neg()
    }

    fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.log_beyond(value).exp()
    }

    fn log_survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.log_beyond(value)
    }
}

impl<const D: usize> DrawPositive<D> for Geometric<D> {
    /// Past failures tell nothing of those to come.
    fn draw_positive(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        Ok(self.draw(noise)?.add_scalar(1))
    }
}

impl<const D: usize> InverseCdf<D> for Geometric<D> {
    /// `⌈ln(1 − p)/ln(1 − probs)⌉ − 1`; an integer has no NaN: where `p` is outside `[0, 1]` it counts as the nearer bound, and a
    /// quantile above 2 147 483 519, that of 1 among them, is that count, which every device's integers hold.
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D, Int> {
        let (_, log_failure) = self.success(p);
        let trials = special::log1p(p.clone().clamp(0.0, 1.0).neg()) / log_failure;
        trials.clamp(1.0, LARGEST).ceil().sub_scalar(1.0).int()
    }
}
