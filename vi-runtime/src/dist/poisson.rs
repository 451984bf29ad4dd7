//! The Poisson distribution.

use burn::tensor::{Int, Tensor};

use super::density::{beside, full, minus_infinity};
use super::lattice::{UNBOUNDED, entropy_by_sum};
use super::saddle_point::{self, refine};
use super::{Distribution, DrawPositive, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Number of events with mean `rate`; support: `{0, 1, 2, …}`.
    ///
    /// `log p(x) = x ln rate − rate − ln x!`
    ///
    /// Source: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 4.
    ///
    /// # Shapes
    /// `rate` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `rate` is negative or not finite.
    Poisson { rate: R }
}

impl<const D: usize> Poisson<D> {
    /// A smooth function between the counts.
    pub(super) fn log_mass(&self, x: Tensor<D>) -> Tensor<D> {
        let outside = x.clone().lower_elem(0.0);
        let x = x.clamp_min(0.0);
        let factorial = special::lgamma(x.clone().add_scalar(1.0));
        let power = match &self.rate {
            Operand::Number(rate) if *rate > 0.0 => x.clone().mul_scalar(rate.ln()),
            rate => special::xlogy(x.clone(), beside(rate, &x)),
        };
        let log_prob = (Operand::Tensor(power) - self.rate.clone() - Operand::Tensor(factorial)).into_tensor();
        let log_prob = refine(log_prob, &self.rate, || {
            let rate = beside(&self.rate, &x).without_autodiff();
            saddle_point::poisson(x.without_autodiff(), rate)
        });
        minus_infinity(log_prob, outside)
    }
}

impl<const D: usize> Distribution<D> for Poisson<D> {
    type Kind = Int;

    family_methods! { Poisson { rate: NonNegative } }

    fn support(&self) -> Support {
        Support::NonNegativeInteger
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.log_mass(self.batch.float(value))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        noise.poisson(full(&self.rate, self.shape(), noise).without_autodiff())
    }
}

impl<const D: usize> Moments<D> for Poisson<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.rate.clone())
    }

    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.rate.clone())
    }
}

impl<const D: usize> DrawPositive<D> for Poisson<D> {
    /// The first event of a Poisson process on `[0, rate]`, an exponential time under the condition that it comes at all, and
    /// the events after it.
    fn draw_positive(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let rate = full(&self.rate, self.shape(), noise).without_autodiff();
        let first = special::log1p(noise.uniform(self.shape())? * special::expm1(rate.clone().neg())).neg();
        Ok(noise.poisson((rate - first).clamp_min(0.0))?.add_scalar(1))
    }
}

impl<const D: usize> Poisson<D> {
    /// At least the number of counts below the mean.
    fn most(&self) -> f64 {
        match self.rate {
            Operand::Number(rate) => rate.floor().max(1.0),
            _ => UNBOUNDED,
        }
    }
}

entropy_by_sum!(Poisson { rate } from Some(|_| Operand::Number(0.0)), to None);
