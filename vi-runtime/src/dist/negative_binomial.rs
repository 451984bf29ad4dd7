//! The negative binomial distribution by its probability of success.

use burn::tensor::{Int, Tensor};

use super::density::{beside, exp_positive, full, largest, limits, logistic, minus_infinity, softplus, spread};
use super::form::Form;
use super::lattice::{UNBOUNDED, entropy_by_sum};
use super::saddle_point::{self, refine};
use super::{Distribution, DrawPositive, Moments, form_family, form_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

form_family! {
    /// Number of successes before the `total_count`-th failure, where each trial succeeds with probability `probs`; support:
    /// `{0, 1, 2, …}`.
    ///
    /// `log p(x) = ln Γ(x + r) − ln Γ(r) − ln x! + r ln(1 − p) + x ln p`, `r` = total_count; in log-odds `a`: `ln p = −ln(1 + e⁻ᵃ)`,
    /// `ln(1 − p) = −ln(1 + eᵃ)`
    ///
    /// Source: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 5.
    ///
    /// This is the convention of torch and Pyro: `probs` belongs to what is counted. SciPy and R count the other outcome, their
    /// probability is `1 − probs`. [`NegativeBinomial2`](super::NegativeBinomial2) is the same family by its mean.
    ///
    /// # Shapes
    /// `total_count` (any positive number), `probs` or `logits` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `total_count` is not positive and finite, `probs` is
    /// outside `[0, 1]` or `logits` is NaN or `∞`.
    NegativeBinomial { total_count: N }
    /// With the probability of success: numbers, arrays, tensors or references, in any mix.
    probs
    /// With the log-odds of success, `ln(p/(1 − p))`.
    logits
}

impl<const D: usize> NegativeBinomial<D> {
    /// `p` and `1 − p`.
    pub(super) fn probabilities(&self) -> (Operand<D>, Operand<D>) {
        self.form.probabilities(&self.parameter)
    }

    /// `p/(1 − p)`.
    fn odds(&self) -> Operand<D> {
        match self.form {
            Form::Probs => self.parameter.clone() / (1.0 - self.parameter.clone()),
            Form::Logits => self.parameter.clone().exp(),
        }
    }

    /// `ln(1/(1 − p))`, the rate of clusters in the compound Poisson form.
    fn cluster_rate(&self, noise: &Noise<'_>) -> Tensor<D> {
        let parameter = full(&self.parameter, self.batch.dims(), noise).without_autodiff();
        match self.form {
            Form::Probs => special::log1p(parameter.neg()).neg(),
            Form::Logits => softplus(parameter),
        }
    }
}

impl<const D: usize> NegativeBinomial<D> {
    /// A smooth function between the counts.
    fn log_mass(&self, x: Tensor<D>) -> Tensor<D> {
        let outside = x.clone().lower_elem(0.0);
        let x = x.clamp_min(0.0);
        let (r, parameter) = (beside(&self.total_count, &x), beside(&self.parameter, &x));
        let kernel = match self.form {
            Form::Probs => special::xlogy(x.clone(), parameter.clone()) + r.clone() * special::log1p(parameter.clone().neg()),
            // Two terms of one sign; x a − (x + r) ln(1 + eᵃ) would cancel where a is large.
            Form::Logits => (x.clone() * softplus(parameter.clone().neg()) + r.clone() * softplus(parameter.clone())).neg(),
        };
        let log_prob = refine(kernel - log_ways(&x, &r), &largest([&self.total_count]), || {
            let (parameter, r) = (parameter.without_autodiff(), r.without_autodiff());
            let (p, q) = match self.form {
                Form::Probs => (parameter.clone(), parameter.neg().add_scalar(1.0)),
                Form::Logits => (logistic(parameter.clone()), logistic(parameter.neg())),
            };
            saddle_point::negative_binomial(x.without_autodiff(), r, p, q)
        });
        minus_infinity(log_prob, outside)
    }
}

impl<const D: usize> Distribution<D> for NegativeBinomial<D> {
    type Kind = Int;

    form_methods! { NegativeBinomial { total_count: Positive } constraint }

    fn support(&self) -> Support {
        Support::NonNegativeInteger
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.log_mass(self.batch.float(value))
    }

    /// Poisson counts whose rate is gamma distributed.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let log_gamma = noise.log_gamma(full(&self.total_count, self.shape(), noise).without_autodiff())?;
        let log_odds = match self.form {
            Form::Probs => self.parameter.clone().ln() - (-self.parameter.clone()).ln_1p(),
            Form::Logits => self.parameter.clone(),
        };
        let log_odds = full(&log_odds, self.shape(), noise).without_autodiff();
        noise.poisson(exp_positive(log_gamma + log_odds).clamp_max(LARGEST_RATE))
    }
}

/// `ln B(r, x + 1) + ln(x + r) = −ln(Γ(x + r)/(Γ(r) x!))`.
pub(super) fn log_ways<const D: usize>(x: &Tensor<D>, r: &Tensor<D>) -> Tensor<D> {
    let ways = special::log_beta(r.clone(), x.clone() + 1.0) + (x.clone() + r.clone()).log();
    // There is one way to count nothing: what is left of the two terms would drown a density near 0.
    let none = spread(x.clone().equal_elem(0.0), ways.dims());
    ways.mask_fill(none, 0.0)
}

/// Poisson counts are drawn up to this rate, 1000 standard deviations and more below the largest count that every device holds.
pub(super) const LARGEST_RATE: f64 = 2_000_000_000.0;

impl<const D: usize> Moments<D> for NegativeBinomial<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.total_count.clone() * self.odds())
    }

    /// `r p/(1 − p)²`
    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.total_count.clone() * self.odds() * (self.odds() + 1.0))
    }
}

impl<const D: usize> DrawPositive<D> for NegativeBinomial<D> {
    /// Clusters come as a Poisson process over `[0, r]`, each of a logarithmic number of successes: the first one under the
    /// condition that it comes at all, and the counts after it (Quenouille 1949). The first cluster is geometric with a random
    /// probability (Kemp 1981).
    fn draw_positive(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let shape = self.shape();
        let rate = self.cluster_rate(noise);
        let total = full(&self.total_count, shape, noise).without_autodiff();
        let first = special::log1p(noise.uniform(shape)? * special::expm1((rate.clone() * total.clone()).neg())).neg() / rate.clone();
        let failure = special::log1mexp(rate * noise.uniform(shape)?);
        let cluster = (noise.uniform(shape)?.log() / failure).clamp_max(LARGEST_RATE).floor().add_scalar(1.0);
        let (tiny, _, _) = limits(total.dtype());
        let rest = NegativeBinomial::of(self.form, [Operand::Tensor((total - first).clamp_min(tiny)), self.parameter.clone()]);
        let rest = rest.grow(shape).draw(noise)?;
        Ok(cluster.int().cast(rest.dtype()) + rest)
    }
}

impl<const D: usize> NegativeBinomial<D> {
    fn most(&self) -> f64 {
        UNBOUNDED
    }
}

entropy_by_sum!(NegativeBinomial { total_count, parameter; form } from Some(|_| Operand::Number(0.0)), to None);
