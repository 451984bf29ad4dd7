//! Point estimates: maximum a posteriori.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::Guide;
use super::latents::{LatentSite, discover};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::dist::Delta;
use crate::error::Result;
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::{Ctx, Program, SiteKind, SiteRanks};
use vi_graph::Key;

/// All mass of each latent site on one point: the "ELBO" is then the log joint, and its maximum the MAP estimate in
/// constrained space.
///
/// Parameters: `auto.<site>.value`, with the support of the site; it starts at the median of 15 draws from the prior
/// (taken in unconstrained space).
#[derive(Clone, Copy, Debug, Default)]
pub struct AutoDelta;

impl AutoDelta {
    /// The guide.
    pub fn new() -> Self {
        AutoDelta
    }
}

impl<M: Program> Guide<M> for AutoDelta {
    type Program = AutoDeltaProgram;
    const SITES: SiteRanks = SiteRanks::UNKNOWN;

    fn prepare(&self, model: &M, placement: &Placement, key: Key) -> Result<AutoDeltaProgram> {
        Ok(AutoDeltaProgram { sites: discover(model, placement, key, "AutoDelta")? })
    }

    fn rebind(&self, prepared: &AutoDeltaProgram, _: &Placement) -> AutoDeltaProgram {
        prepared.clone()
    }
}

/// [`AutoDelta`] for one model.
#[derive(Clone, Debug)]
pub struct AutoDeltaProgram {
    sites: Rc<[LatentSite]>,
}

impl Program for AutoDeltaProgram {
    type Output = ();
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<()> {
        for site in self.sites.iter() {
            each_rank!(site.start.rank(), D => sample::<D>(ctx, site)?);
        }
        Ok(())
    }

    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.clone()
    }

    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("AutoDelta");
        self.sites.iter().for_each(|site| site.fingerprint(key));
    }
}

fn sample<const D: usize>(ctx: &Ctx, site: &LatentSite) -> Result<()> {
    let name = format!("auto.{}.value", site.name);
    let params = ctx.params();
    let value: Tensor<D> = match params.find(&name, &site.support)? {
        Some(value) => value,
        None => {
            let start = biject_to::<D>(&site.support)?.forward(site.start.typed(&name)?);
            params.create(&name, start, site.support)?
        }
    };
    ctx.draw(SiteKind::Latent, site.name.clone(), Delta::new(value))?;
    Ok(())
}
