//! Draws that carry gradients though no formula leads from noise to them.

use burn::tensor::{Float, Tensor};

use super::density::limits;
use super::{Cdf, Constraint, Distribution, Entropy, InverseCdf, Moments, ShapeConflict, Side, Tail};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Placement};
use crate::special::detach;
use crate::support::Support;

/// A continuous scalar distribution whose draws are differentiable by implicit gradients; see
/// [`DistributionExt::reparameterised`](super::DistributionExt::reparameterised).
///
/// A draw keeps its probability `F(x; θ)` where the parameters move, so `dx/dθ = −(∂F/∂θ)/p(x; θ)` (Figurnov, Mohamed and
/// Mnih 2018): the draw is `x − (F(x; θ) − F₀)/p₀`, where `x`, `F₀ = F(x; θ)` and `p₀` are held constant.
///
/// # Shapes
/// Those of the base.
#[derive(Clone, Debug)]
pub struct Reparameterised<T> {
    base: T,
}

impl<T> Reparameterised<T> {
    pub(super) fn new(base: T) -> Self {
        Reparameterised { base }
    }
}

impl<const D: usize, T: Cdf<D, Kind = Float>> Distribution<D> for Reparameterised<T> {
    type Kind = Float;

    fn name(&self) -> String {
        format!("Reparameterised({})", self.base.name())
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

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        self.base.log_prob(value)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let x = detach(self.base.draw(noise)?);
        let (tiny, ..) = limits(x.dtype());
        let density = detach(self.base.log_prob(&x).exp()).clamp_min(tiny);
        let cdf = self.base.cdf(&x);
        Ok(x - (cdf.clone() - detach(cdf)) / density)
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D>>> {
        self.base.begin(at)
    }

    fn is_reparameterised(&self) -> bool {
        true
    }

    fn score_vanishes(&self) -> bool {
        self.base.score_vanishes()
    }

    fn place(mut self, to: &Placement) -> Self {
        self.base = self.base.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        self.base = self.base.grow(shape);
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.base.conflict()
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.base.parameters(visit);
    }
}

impl<const D: usize, T: Cdf<D, Kind = Float> + Moments<D>> Moments<D> for Reparameterised<T> {
    fn mean(&self) -> Tensor<D> {
        self.base.mean()
    }

    fn variance(&self) -> Tensor<D> {
        self.base.variance()
    }
}

impl<const D: usize, T: Cdf<D, Kind = Float> + Entropy<D>> Entropy<D> for Reparameterised<T> {
    fn entropy(&self) -> Tensor<D> {
        self.base.entropy()
    }
}

impl<const D: usize, T: Cdf<D, Kind = Float>> Cdf<D> for Reparameterised<T> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.base.cdf(value)
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.base.survival(value)
    }

    fn log_cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.base.log_cdf(value)
    }

    fn log_survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.base.log_survival(value)
    }

    fn tail(&self, side: Side, from: &Tensor<D>, to: &Tensor<D>) -> Option<Tail<D>> {
        self.base.tail(side, from, to)
    }

    fn along_tail(&self, side: Side, from: &Tensor<D>, fall: &Tensor<D>) -> Option<Tensor<D>> {
        self.base.along_tail(side, from, fall)
    }
}

impl<const D: usize, T: InverseCdf<D, Kind = Float>> InverseCdf<D> for Reparameterised<T> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        self.base.icdf(p)
    }

    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
        self.base.inverse_survival(q)
    }
}
