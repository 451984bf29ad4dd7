//! Draws that carry gradients though no formula leads from noise to them.

use burn::tensor::{Float, Tensor};

use super::density::limits;
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, of_base};
use crate::error::Result;
use crate::noise::Noise;
use crate::special::detach;

/// A continuous scalar distribution whose draws are differentiable by implicit gradients; see
/// [`DistributionExt::reparameterised`](super::DistributionExt::reparameterised).
///
/// `log p(x) = log p_base(x)`; support: that of the base
///
/// Source: Figurnov, Mohamed and Mnih (2018), "Implicit Reparameterization Gradients".
///
/// A draw keeps its probability `F(x; θ)` where the parameters move, so `dx/dθ = −(∂F/∂θ)/p(x; θ)`: the draw is
/// `x − (F(x; θ) − F₀)/p₀`, where `x`, `F₀ = F(x; θ)` and `p₀` are held constant.
///
/// # Shapes
/// Those of the base.
///
/// # Errors
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

    of_base! { shape event_rank support begin score_vanishes place grow conflict parameters }

    fn name(&self) -> String {
        format!("Reparameterised({})", self.base.name())
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

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize, T: Cdf<D, Kind = Float> + Moments<D>> Moments<D> for Reparameterised<T> {
    of_base! { mean variance }
}

impl<const D: usize, T: Cdf<D, Kind = Float> + Entropy<D>> Entropy<D> for Reparameterised<T> {
    fn entropy(&self) -> Tensor<D> {
        self.base.entropy()
    }
}

impl<const D: usize, T: Cdf<D, Kind = Float>> Cdf<D> for Reparameterised<T> {
    of_base! { cdf survival log_cdf log_survival tail along_tail }
}

impl<const D: usize, T: InverseCdf<D, Kind = Float>> InverseCdf<D> for Reparameterised<T> {
    of_base! { icdf inverse_survival }
}
