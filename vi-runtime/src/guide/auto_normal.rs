//! Mean-field normal guide in unconstrained space.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::Guide;
use super::latents::{LatentSite, discover};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::dist::{Normal, TransformedDistribution};
use crate::error::Result;
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::{Ctx, Program, SiteKind, SiteRanks};
use crate::support::Support;
use vi_graph::Key;

/// An independent normal for each element of each latent site, in unconstrained space: `z = T(loc + scale · ε)`,
/// `ε ~ N(0, 1)`, with `T` the bijector onto the site's support.
///
/// Parameters: `auto.<site>.loc`, which starts at the median of 15 draws from the prior, and `auto.<site>.scale`,
/// which starts at 0.1. Also called mean-field ADVI (Kucukelbir et al. 2017).
#[derive(Clone, Copy, Debug)]
pub struct AutoNormal {
    init_scale: f64,
}

impl Default for AutoNormal {
    fn default() -> Self {
        Self::new()
    }
}

impl AutoNormal {
    /// With initial scale 0.1.
    pub fn new() -> Self {
        AutoNormal { init_scale: 0.1 }
    }

    /// The initial standard deviation in unconstrained space.
    #[must_use]
    pub fn init_scale(mut self, init_scale: f64) -> Self {
        self.init_scale = init_scale;
        self
    }
}

impl<M: Program> Guide<M> for AutoNormal {
    type Program = AutoNormalProgram;
    const SITES: SiteRanks = SiteRanks::UNKNOWN;

    fn prepare(&self, model: &M, placement: &Placement, key: Key) -> Result<AutoNormalProgram> {
        Ok(AutoNormalProgram { sites: discover(model, placement, key, "AutoNormal")?, init_scale: self.init_scale })
    }

    fn rebind(&self, prepared: &AutoNormalProgram, _: &Placement) -> AutoNormalProgram {
        prepared.clone()
    }
}

/// [`AutoNormal`] for one model.
#[derive(Clone, Debug)]
pub struct AutoNormalProgram {
    sites: Rc<[LatentSite]>,
    init_scale: f64,
}

impl Program for AutoNormalProgram {
    type Output = ();
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<()> {
        for site in self.sites.iter() {
            each_rank!(site.start.rank(), D => self.sample::<D>(ctx, site)?);
        }
        Ok(())
    }

    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.clone()
    }

    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("AutoNormal");
        self.sites.iter().for_each(|site| site.fingerprint(key));
    }
}

impl AutoNormalProgram {
    fn sample<const D: usize>(&self, ctx: &Ctx, site: &LatentSite) -> Result<()> {
        let (loc_name, scale_name) = (format!("auto.{}.loc", site.name), format!("auto.{}.scale", site.name));
        let params = ctx.params();
        let loc: Tensor<D> = match params.find(&loc_name, &Support::Real)? {
            Some(loc) => loc,
            None => params.create(&loc_name, site.start.typed(&loc_name)?, Support::Real)?,
        };
        let scale: Tensor<D> = match params.find(&scale_name, &Support::Positive)? {
            Some(scale) => scale,
            None => params.create(&scale_name, loc.clone().inner().full_like(self.init_scale), Support::Positive)?,
        };
        let normal = Normal::new(loc, scale);
        if site.support == Support::Real {
            ctx.draw(SiteKind::Latent, site.name.clone(), normal)?;
        } else {
            let bijector = biject_to::<D>(&site.support)?;
            ctx.draw(SiteKind::Latent, site.name.clone(), TransformedDistribution::new(normal, bijector))?;
        }
        Ok(())
    }
}
