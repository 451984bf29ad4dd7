//! The distribution of a shifted and stretched draw.

use burn::tensor::{Bool, Float, Tensor};

use super::program::RefinedSite;
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::{Bijector, biject_to};
use crate::dist::sum_event;
use crate::error::Result;
use crate::noise::NoiseSource;
use crate::operand::Placement;
use crate::program::{DynDistribution, SiteDraw, wrapper_methods};
use crate::support::Support;

/// The draws of `base`, element by element moved to `c + s a + eᵇ (x − c)` in unconstrained space.
#[derive(Clone, Debug)]
pub(super) struct Stretched {
    pub(super) base: Box<dyn DynDistribution>,
    pub(super) frame: RefinedSite,
    /// `a`.
    pub(super) shift: AnyTensor,
    /// `b`.
    pub(super) log_scale: AnyTensor,
}

/// The parts of a stretch with their rank.
struct Parts<const D: usize> {
    centre: Tensor<D>,
    moved: Tensor<D>,
    log_scale: Tensor<D>,
    bijector: std::rc::Rc<dyn Bijector<D>>,
    event_rank: usize,
}

impl<const D: usize> Parts<D> {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        self.moved.clone() + (x - self.centre.clone()) * self.log_scale.clone().exp()
    }

    fn inverse(&self, x: Tensor<D>) -> Tensor<D> {
        self.centre.clone() + (x - self.moved.clone()) * self.log_scale.clone().neg().exp()
    }

    /// `ln |det|` of the map from a value of the base to one of the site, given both in unconstrained space and as they are.
    fn log_volume(&self, from: (&Tensor<D>, &Tensor<D>), to: (&Tensor<D>, &Tensor<D>)) -> Tensor<D> {
        let own = self.bijector.event_rank();
        let jacobian = |(x, y): (&Tensor<D>, &Tensor<D>)| self.bijector.log_abs_det_jacobian(x, y);
        let bent = sum_event(jacobian(to) - jacobian(from), own, self.event_rank);
        sum_event(self.log_scale.clone(), 0, self.event_rank) + bent
    }
}

impl Stretched {
    fn parts<const D: usize>(&self) -> Result<Parts<D>> {
        let typed = |tensor: &AnyTensor| tensor.typed::<D, Float>("refinement");
        let centre = typed(&self.frame.centre)?;
        Ok(Parts {
            moved: centre.clone() + typed(&self.frame.spread)? * typed(&self.shift)?,
            centre,
            log_scale: typed(&self.log_scale)?,
            bijector: biject_to(&self.base.support())?,
            event_rank: self.base.event_rank(),
        })
    }

    /// The density of the value whose unconstrained point is `x`.
    fn score<const D: usize>(&self, x: &Tensor<D>, y: &Tensor<D>, mask: Option<&AnyTensor>) -> Result<AnyTensor> {
        let parts = self.parts::<D>()?;
        let from = parts.inverse(x.clone());
        let base = parts.bijector.forward(from.clone());
        let log_prob: Tensor<D> = self.base.log_prob(&(&base).into(), mask)?.typed("density")?;
        let volume = parts.log_volume((&from, &base), (x, y));
        let volume = match mask {
            None => volume,
            Some(mask) => {
                let dims = log_prob.dims();
                let drop: Tensor<D, Bool> = mask.typed::<D, Bool>("mask")?.bool_not();
                volume.expand::<D, _>(dims).mask_fill(drop.expand::<D, _>(dims), 0.0)
            }
        };
        Ok((log_prob - volume).into())
    }
}

impl DynDistribution for Stretched {
    // A shift and a stretch move no end of a support, and are undone without loss: the score vanishes where that of the base does.
    wrapper_methods!();

    fn name(&self) -> String {
        format!("Refined({})", self.base.name())
    }
    fn support(&self) -> Support {
        self.base.support()
    }
    fn draw(&self, noise: &mut dyn NoiseSource) -> Result<SiteDraw> {
        let drawn = self.base.draw(noise)?;
        each_rank!(drawn.value.rank(), D => {
            let parts = self.parts::<D>()?;
            let base: Tensor<D> = drawn.value.typed("draw")?;
            let from = parts.bijector.inverse(base.clone());
            let to = parts.forward(from.clone());
            let value = parts.bijector.forward(to.clone());
            let log_prob: Tensor<D> = match drawn.log_prob {
                Some(log_prob) => log_prob,
                None => self.base.log_prob(&(&base).into(), None)?,
            }.typed("density")?;
            let log_prob = log_prob - parts.log_volume((&from, &base), (&to, &value));
            Ok(SiteDraw { value: value.into(), log_prob: Some(log_prob.into()), base: Some(to.into()) })
        })
    }
    fn begin(&self, _: &Placement) -> Result<Option<AnyTensor>> {
        Ok(None)
    }
    fn log_prob(&self, value: &AnyTensor, mask: Option<&AnyTensor>) -> Result<AnyTensor> {
        each_rank!(value.rank(), D => {
            let support = self.base.support();
            let y: Tensor<D> = value.typed("value")?;
            // What is masked may lie outside the support, where the map has no inverse.
            let y = match mask {
                Some(mask) => support.replace(y, mask.typed::<D, Bool>("mask")?.bool_not()),
                None => y,
            };
            self.score(&biject_to::<D>(&support)?.inverse(y.clone()), &y, mask)
        })
    }
    fn log_prob_from(&self, base: &AnyTensor, value: &AnyTensor) -> Result<AnyTensor> {
        each_rank!(value.rank(), D => self.score(&base.typed::<D, Float>("the base of a value")?, &value.typed("value")?, None))
    }
}
