//! What can be made of any distribution.

use std::rc::Rc;

use burn::tensor::{Bool, Float, Tensor};

use super::{Distribution, Independent, Masked, TransformedDistribution};
use crate::bijector::Bijector;

/// Combinators, as methods of every distribution.
pub trait DistributionExt<const D: usize>: Distribution<D> {
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
}

impl<const D: usize, T: Distribution<D>> DistributionExt<D> for T {}
