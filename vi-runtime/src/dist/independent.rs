//! Batch dimensions read as part of one draw.

use burn::tensor::Tensor;

use super::{Distribution, Entropy, Moments, ScoredDraw, ShapeConflict, of_base};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;

/// A distribution of which the last batch dimensions belong to the event; see
/// [`DistributionExt::independent`](super::DistributionExt::independent).
///
/// `log p(x) = Σᵢ log p_base(xᵢ)`, `i` over the dimensions that became part of the event; support: that of the base
///
/// Source: Billingsley (1995), Probability and Measure, section 20.
///
/// It has no distribution function, which is for scalars.
///
/// # Shapes
/// Those of the base: what changes is how many dimensions at the end are the event.
///
/// # Errors
/// At the site: [`Error::Shape`](crate::Error::Shape) where the event would have more dimensions than a draw,
/// [`Error::Parameter`](crate::Error::Parameter) where a parameter of the base is not legal.
#[derive(Clone, Debug)]
pub struct Independent<T> {
    pub(super) base: T,
    pub(super) event_rank: usize,
    conflict: Option<ShapeConflict>,
}

impl<T> Independent<T> {
    pub(super) fn new<const D: usize>(base: T, more: usize) -> Self
    where
        T: Distribution<D>,
    {
        let asked = base.event_rank() + more;
        let shape = || base.shape().to_vec();
        let conflict = (asked > D).then(|| ShapeConflict { left: ("the distribution", shape()), right: ("the event", vec![1; asked]) });
        Independent { event_rank: asked.min(D), conflict, base }
    }
}

impl<const D: usize, T: Distribution<D>> Distribution<D> for Independent<T> {
    type Kind = T::Kind;

    of_base! { shape support draw score_vanishes begin is_reparameterised place grow own_conflict parameters }

    fn name(&self) -> String {
        format!("Independent({})", self.base.name())
    }

    fn event_rank(&self) -> usize {
        self.event_rank
    }

    fn log_prob(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        sum_event(self.base.log_prob(value), self.base.event_rank(), self.event_rank)
    }

    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, T::Kind>> {
        let drawn = self.base.draw_scored(noise)?;
        let log_prob = drawn.log_prob.map(|log_prob| sum_event(log_prob, self.base.event_rank(), self.event_rank));
        Ok(ScoredDraw { log_prob, ..drawn })
    }

    fn log_prob_from(&self, base: &Tensor<D>, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        sum_event(self.base.log_prob_from(base, value), self.base.event_rank(), self.event_rank)
    }

    fn loc_scale(&mut self) -> Option<(&mut Operand<D>, &mut Operand<D>)> {
        self.base.loc_scale()
    }
}

impl<const D: usize, T: Moments<D>> Moments<D> for Independent<T> {
    of_base! { mean variance }
}

impl<const D: usize, T: Entropy<D>> Entropy<D> for Independent<T> {
    /// The sum over the dimensions of the event.
    fn entropy(&self) -> Tensor<D> {
        sum_event(self.base.entropy(), self.base.event_rank(), self.event_rank)
    }
}

/// Sums the dimensions between an event of rank `from` and one of rank `to`, keeping them with size 1.
pub(crate) fn sum_event<const D: usize>(log_prob: Tensor<D>, from: usize, to: usize) -> Tensor<D> {
    (D - to.max(from)..D - from).fold(log_prob, |sum, dim| sum.sum_dim(dim))
}
