//! Distributions of which some entries do not count.

use burn::tensor::{Bool, Tensor};

use super::density::spread;
use super::rows::broadcast;
use super::{Cdf, Constraint, Distribution, Entropy, InverseCdf, Moments, ShapeConflict, Side, Tail};
use crate::any_tensor::move_bools;
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Placement};
use crate::support::Support;

/// A distribution whose density counts where a mask is true; see [`DistributionExt::masked`](super::DistributionExt::masked).
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

    fn name(&self) -> String {
        format!("Masked({})", self.base.name())
    }

    fn shape(&self) -> [usize; D] {
        self.base.shape()
    }

    fn event_rank(&self) -> usize {
        self.base.event_rank()
    }

    fn support(&self) -> Support {
        self.base.support()
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

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, T::Kind>> {
        self.base.draw(noise)
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D, T::Kind>>> {
        self.base.begin(at)
    }

    fn is_reparameterised(&self) -> bool {
        self.base.is_reparameterised()
    }

    fn score_vanishes(&self) -> bool {
        self.base.score_vanishes()
    }

    fn place(mut self, to: &Placement) -> Self {
        self.base = self.base.place(to);
        self.mask = move_bools(self.mask, &to.device);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        self.base = self.base.grow(shape);
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.base.conflict().or_else(|| self.conflict.clone())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.base.parameters(visit);
    }
}

impl<const D: usize, T: Moments<D>> Moments<D> for Masked<D, T> {
    /// That of a draw, which no mask changes.
    fn mean(&self) -> Tensor<D> {
        self.base.mean()
    }

    fn variance(&self) -> Tensor<D> {
        self.base.variance()
    }
}

impl<const D: usize, T: Entropy<D>> Entropy<D> for Masked<D, T> {
    /// 0 where the density does not count.
    fn entropy(&self) -> Tensor<D> {
        let entropy = self.base.entropy();
        let dims = entropy.dims();
        entropy.mask_fill(spread(self.mask.clone().bool_not(), dims), 0.0)
    }
}

impl<const D: usize, T: Cdf<D>> Cdf<D> for Masked<D, T> {
    /// That of a draw, which no mask changes.
    fn cdf(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.base.cdf(value)
    }

    fn survival(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.base.survival(value)
    }

    fn log_cdf(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.base.log_cdf(value)
    }

    fn log_survival(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.base.log_survival(value)
    }

    fn tail(&self, side: Side, from: &Tensor<D, T::Kind>, to: &Tensor<D, T::Kind>) -> Option<Tail<D>> {
        self.base.tail(side, from, to)
    }

    fn along_tail(&self, side: Side, from: &Tensor<D, T::Kind>, fall: &Tensor<D>) -> Option<Tensor<D, T::Kind>> {
        self.base.along_tail(side, from, fall)
    }
}

impl<const D: usize, T: InverseCdf<D>> InverseCdf<D> for Masked<D, T> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D, T::Kind> {
        self.base.icdf(p)
    }

    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D, T::Kind> {
        self.base.inverse_survival(q)
    }
}
