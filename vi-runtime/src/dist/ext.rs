//! What can be made of any distribution.

use std::rc::Rc;

use burn::tensor::{Bool, Float, Tensor};

use super::mass::ScalarKind;
use super::{
    Cdf, Censored, Distribution, Expanded, Folded, Independent, InverseCdf, Masked, Reparameterised, TransformedDistribution, Truncated,
};
use crate::bijector::Bijector;
use crate::operand::Operand;

/// Combinators, as methods of every distribution.
///
/// Each takes the shape of what it wraps, and [`expand`](Self::expand) changes it.
pub trait DistributionExt<const D: usize>: Distribution<D> {
    /// Independent copies that fill `shape`, new dimensions first. A family's own `expand`, which comes before this one,
    /// returns the family itself.
    fn expand<const E: usize>(self, shape: [usize; E]) -> Expanded<D, E, Self> {
        Expanded::new(self, shape)
    }

    /// Entries where `mask` is false do not count: their density is 0 in logarithm and has no gradient, whatever stands
    /// there, NaN included.
    ///
    /// # Shapes
    /// `mask` broadcasts against the batch dimensions and has size 1 in the event dimensions.
    fn masked(self, mask: Tensor<D, Bool>) -> Masked<D, Self> {
        Masked::new(self, mask)
    }

    /// Reads the last `more` batch dimensions as part of the event: their densities are summed.
    fn independent(self, more: usize) -> Independent<Self> {
        Independent::new(self, more)
    }

    /// Each draw passed through `bijector`.
    fn transformed(self, bijector: Rc<dyn Bijector<D>>) -> TransformedDistribution<D, Self>
    where
        Self: Distribution<D, Kind = Float>,
    {
        TransformedDistribution::new(self, bijector)
    }

    /// Given that the value lies in `[low, high]`: numbers, tensors or references. A number that is infinite is no bound.
    ///
    /// ```
    /// use vi_runtime::prelude::*;
    ///
    /// let slope = Logistic::new(0.5, 2.0).truncated(0.0, f64::INFINITY);
    /// assert_eq!(slope.support(), Support::Positive);
    /// ```
    fn truncated(self, low: impl Into<Operand<D>>, high: impl Into<Operand<D>>) -> Truncated<D, Self>
    where
        Self: InverseCdf<D, Kind: ScalarKind>,
    {
        Truncated::new(self, low.into(), high.into())
    }

    /// With values below `low` seen as `low` and values above `high` seen as `high`: numbers, tensors or references. A
    /// number that is infinite is no limit.
    fn censored(self, low: impl Into<Operand<D>>, high: impl Into<Operand<D>>) -> Censored<D, Self>
    where
        Self: Cdf<D, Kind: ScalarKind>,
    {
        Censored::new(self, low.into(), high.into())
    }

    /// The absolute value of each draw of a scalar distribution.
    fn folded(self) -> Folded<Self>
    where
        Self: Distribution<D, Kind = Float>,
    {
        Folded::new(self)
    }

    /// The same distribution with draws that carry implicit gradients.
    fn reparameterised(self) -> Reparameterised<Self>
    where
        Self: Cdf<D, Kind = Float>,
    {
        Reparameterised::new(self)
    }
}

impl<const D: usize, T: Distribution<D>> DistributionExt<D> for T {}
