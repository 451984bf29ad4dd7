//! The negative binomial distribution by its mean.

use burn::tensor::{Int, Tensor};

use super::density::{beside, exp_positive, full, largest, minus_infinity, spread};
use super::lattice::{UNBOUNDED, entropy_by_sum};
use super::negative_binomial::{LARGEST_RATE, log_ways};
use super::saddle_point::{self, refine};
use super::{Distribution, DrawPositive, Moments, NegativeBinomial, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Counts with mean `mean` and variance `mean + mean²/concentration`; support: `{0, 1, 2, …}`.
    ///
    /// `log p(x) = ln Γ(x + c) − ln Γ(c) − ln x! − c ln(1 + m/c) − x ln(1 + c/m)`, `m` = mean, `c` = concentration
    ///
    /// Source: Greenwood and Yule (1920) for the mixture of Poisson counts; Cameron and Trivedi (2013), Regression Analysis of
    /// Count Data, chapter 3, for the parameters.
    ///
    /// A Poisson count whose rate is gamma distributed with shape `c` and mean `m`; the Poisson distribution itself as `c`
    /// grows. Called `NegativeBinomial2` by NumPyro, `neg_binomial_2` by Stan.
    ///
    /// # Shapes
    /// `mean`, `concentration` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    NegativeBinomial2 { mean: M, concentration: C }
}

impl<const D: usize> NegativeBinomial2<D> {
    /// A smooth function between the counts.
    pub(super) fn log_mass(&self, x: Tensor<D>) -> Tensor<D> {
        let outside = x.clone().lower_elem(0.0);
        let x = x.clamp_min(0.0);
        let (m, c) = (beside(&self.mean, &x), beside(&self.concentration, &x));
        let failures = c.clone() * special::log1p(m.clone() / c.clone());
        let successes = x.clone() * special::log1p(c.clone() / m.clone());
        let log_prob = (failures + successes + log_ways(&x, &c)).neg();
        let log_prob = refine(log_prob, &largest([&self.mean, &self.concentration]), || {
            let (x, m, c) = (x.without_autodiff(), m.without_autodiff(), c.without_autodiff());
            let total = m.clone() + c.clone();
            let dims = (x.clone() + total.clone()).dims();
            let (p, q) = (spread(m / total.clone(), dims), spread(c.clone() / total, dims));
            saddle_point::negative_binomial(spread(x, dims), spread(c, dims), p, q)
        });
        minus_infinity(log_prob, outside)
    }
}

impl<const D: usize> Distribution<D> for NegativeBinomial2<D> {
    type Kind = Int;

    family_methods! { NegativeBinomial2 { mean: Positive, concentration: Positive } }

    fn support(&self) -> Support {
        Support::NonNegativeInteger
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.log_mass(self.batch.float(value))
    }

    /// Poisson counts whose rate is gamma distributed.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let log_gamma = noise.log_gamma(full(&self.concentration, self.shape(), noise).without_autodiff())?;
        let scale = full(&(self.mean.clone().ln() - self.concentration.clone().ln()), self.shape(), noise).without_autodiff();
        noise.poisson(exp_positive(log_gamma + scale).clamp_max(LARGEST_RATE))
    }
}

impl<const D: usize> Moments<D> for NegativeBinomial2<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.mean.clone())
    }

    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.mean.clone() * (self.mean.clone() / self.concentration.clone() + 1.0))
    }
}

impl<const D: usize> DrawPositive<D> for NegativeBinomial2<D> {
    fn draw_positive(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let log_odds = full(&(self.mean.clone().ln() - self.concentration.clone().ln()), self.shape(), noise);
        let concentration = full(&self.concentration, self.shape(), noise);
        NegativeBinomial::logits(concentration, log_odds).draw_positive(noise)
    }
}

impl<const D: usize> NegativeBinomial2<D> {
    fn most(&self) -> f64 {
        UNBOUNDED
    }
}

entropy_by_sum!(NegativeBinomial2 { mean, concentration } from Some(|_| Operand::Number(0.0)), to None);
