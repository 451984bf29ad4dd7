//! Distributions of which some entries do not count.

use burn::tensor::{Bool, Tensor};

use super::density::spread;
use super::rows::broadcast;
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, ShapeConflict, of_base};
use crate::any_tensor::move_bools;
use crate::operand::Placement;

/// A distribution whose density counts where a mask is true; see [`DistributionExt::masked`](super::DistributionExt::masked).
///
/// `log p(x) = log p_base(x)` where the mask is true, 0 without a gradient elsewhere; support: that of the base
///
/// Source: Rubin (1976), "Inference and Missing Data", for leaving out what is missing at random; the name is that of Pyro.
///
/// # Shapes
/// `mask` broadcasts against the batch dimensions of the base and has size 1 in the event dimensions.
///
/// # Errors
/// At the site: [`Error::Shape`](crate::Error::Shape) where `mask` does not broadcast,
/// [`Error::Parameter`](crate::Error::Parameter) where a parameter of the base is not legal.
#[derive(Clone, Debug)]
pub struct Masked<const D: usize, T> {
    pub(super) base: T,
    pub(super) mask: Tensor<D, Bool>,
    conflict: Option<ShapeConflict>,
}

impl<const D: usize, T: Distribution<D>> Masked<D, T> {
    pub(super) fn new(base: T, mask: Tensor<D, Bool>) -> Self {
        let shape = base.shape();
        // An event counts or does not count as a whole.
        let mut room = shape;
        room[D - base.event_rank()..].fill(1);
        let (base, conflict) = match broadcast(("the distribution", room), ("mask", mask.dims())) {
            Ok(mut dims) if dims[D - base.event_rank()..].iter().all(|&size| size == 1) => {
                let event = D - base.event_rank();
                dims[event..].copy_from_slice(&shape[event..]);
                (if dims == shape { base } else { base.grow(dims) }, None)
            }
            _ => (base, Some(ShapeConflict { left: ("the distribution", shape.to_vec()), right: ("mask", mask.dims().to_vec()) })),
        };
        Masked { base, mask, conflict }
    }
}

impl<const D: usize, T: Distribution<D>> Distribution<D> for Masked<D, T> {
    type Kind = T::Kind;

    of_base! { shape event_rank support draw begin is_reparameterised score_vanishes grow own_conflict parameters }

    fn name(&self) -> String {
        format!("Masked({})", self.base.name())
    }

    /// The value goes out before the density sees it: a NaN there would survive the product with a zero gradient.
    fn log_prob(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        let drop = self.mask.clone().bool_not();
        let dims = broadcast(("the value", value.dims()), ("mask", drop.dims())).unwrap_or(value.dims());
        let value = self.base.support().replace(spread(value.clone(), dims), drop.clone());
        let log_prob = self.base.log_prob(&value);
        let dims = log_prob.dims();
        log_prob.mask_fill(spread(drop, dims), 0.0)
    }

    fn place(mut self, to: &Placement) -> Self {
        self.base = self.base.place(to);
        self.mask = move_bools(self.mask, &to.device);
        self
    }
}

/// That of a draw, which no mask changes.
impl<const D: usize, T: Moments<D>> Moments<D> for Masked<D, T> {
    of_base! { mean variance }
}

impl<const D: usize, T: Entropy<D>> Entropy<D> for Masked<D, T> {
    /// 0 where the density does not count.
    fn entropy(&self) -> Tensor<D> {
        let entropy = self.base.entropy();
        let dims = entropy.dims();
        entropy.mask_fill(spread(self.mask.clone().bool_not(), dims), 0.0)
    }
}

/// That of a draw, which no mask changes.
impl<const D: usize, T: Cdf<D>> Cdf<D> for Masked<D, T> {
    of_base! { cdf survival log_cdf log_survival tail along_tail }
}

impl<const D: usize, T: InverseCdf<D>> InverseCdf<D> for Masked<D, T> {
    of_base! { icdf inverse_survival }
}
