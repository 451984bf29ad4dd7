//! The discrete uniform distribution.

use burn::tensor::{Int, Tensor};

use super::density::{beside, full, minus_infinity, spread};
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// The integers from `low` to `high`, both included, with one probability; support: `{low, …, high}`.
    ///
    /// `log p(x) = −ln(high − low + 1)`
    ///
    /// Source: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, the discrete rectangular distribution.
    ///
    /// # Shapes
    /// `low`, `high` (whole numbers as floats) and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a bound is not an integer or `high` is below `low`.
    DiscreteUniform { low: L, high: H }
}

impl<const D: usize> DiscreteUniform<D> {
    /// How many integers there are.
    fn count(&self) -> Operand<D> {
        self.range() + 1.0
    }

    fn range(&self) -> Operand<D> {
        self.high.clone() - self.low.clone()
    }

    /// How many of them are at most `value`.
    fn up_to(&self, value: &Tensor<D, Int>) -> (Tensor<D>, Tensor<D>) {
        let x = Operand::Tensor(self.batch.float(value));
        let below = (x + 1.0 - self.low.clone()).into_tensor();
        let count = beside(&self.count(), &below);
        let dims = (below.clone() + count.clone()).dims();
        let count = spread(count, dims);
        (spread(below, dims).clamp_min(0.0).min_pair(count.clone()), count)
    }
}

impl<const D: usize> Distribution<D> for DiscreteUniform<D> {
    type Kind = Int;

    family_methods! { DiscreteUniform { low: Integer, high: Integer } and "high - low" = range: NonNegative }

    fn support(&self) -> Support {
        match (&self.low, &self.high) {
            (Operand::Number(low), Operand::Number(high)) => Support::IntegerInterval(*low as i64, *high as i64),
            _ => Support::IntegerInterval(i64::MIN, i64::MAX),
        }
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let x = self.batch.float(value);
        let low = (Operand::Tensor(x.clone()) - self.low.clone()).into_tensor();
        let high = (self.high.clone() - Operand::Tensor(x.clone())).into_tensor();
        let log_prob = (Operand::Tensor(x.zeros_like()) - self.count().ln()).into_tensor();
        let dims = log_prob.dims();
        minus_infinity(log_prob, spread(low.lower_elem(0.0), dims).bool_or(spread(high.lower_elem(0.0), dims)))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let shape = self.shape();
        let (low, high) = (full(&self.low, shape, noise).without_autodiff(), full(&self.high, shape, noise).without_autodiff());
        let u = noise.uniform(shape)?;
        let steps = (u * (high.clone() - low.clone() + 1.0)).floor();
        Ok((low + steps).min_pair(high).int())
    }
}

impl<const D: usize> Moments<D> for DiscreteUniform<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill((self.low.clone() + self.high.clone()) * 0.5)
    }

    /// `(count² − 1)/12`
    fn variance(&self) -> Tensor<D> {
        self.batch.fill((self.count().square() - 1.0) * (1.0 / 12.0))
    }
}

impl<const D: usize> Entropy<D> for DiscreteUniform<D> {
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.count().ln())
    }
}

impl<const D: usize> Cdf<D> for DiscreteUniform<D> {
    fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (below, count) = self.up_to(value);
        below / count
    }

    fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (below, count) = self.up_to(value);
        (count.clone() - below) / count
    }
}

impl<const D: usize> InverseCdf<D> for DiscreteUniform<D> {
    /// An integer has no NaN: where `p` is outside `[0, 1]` this is the nearer bound.
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D, Int> {
        let count = beside(&self.count(), p);
        let steps = (p.clone().clamp(0.0, 1.0) * count).ceil().sub_scalar(1.0).clamp_min(0.0);
        (Operand::Tensor(steps) + self.low.clone()).into_tensor().int()
    }
}
