//! Point estimates: maximum a posteriori.

use burn::tensor::Tensor;

use super::auto::{AutoGuide, AutoProgram, automatic};
use super::init::Init;
use super::layout::{LatentSite, Layout};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::dist::Delta;
use crate::error::Result;
use crate::program::arg::Fingerprint;
use crate::program::{Ctx, Program, SiteKind};
use crate::setters::setters;

/// All mass of each latent site on one point: the "ELBO" is then the log joint, and its maximum the MAP estimate in
/// constrained space.
///
/// Parameters: `auto.<site>.value`, with the support of the site; it starts at the median of the prior unless
/// [`init`](Self::init) says otherwise. That of a site in a subsampled plate has a row for each unit of the plate.
#[derive(Clone, Debug, Default)]
pub struct AutoDelta {
    init: Init,
}

impl AutoDelta {
    /// The guide.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Where it starts.
        init: Init;
    }
}

impl AutoGuide for AutoDelta {
    type Program = AutoDeltaProgram;

    fn name(&self) -> &'static str {
        "AutoDelta"
    }

    fn initial(&self, _site: &str) -> &Init {
        &self.init
    }

    fn build(&self, layout: Layout) -> Result<AutoDeltaProgram> {
        Ok(AutoDeltaProgram { layout })
    }
}

automatic! { [] AutoDelta }

/// [`AutoDelta`] for one model.
#[derive(Clone, Debug)]
pub struct AutoDeltaProgram {
    layout: Layout,
}

impl Program for AutoDeltaProgram {
    type Output = ();
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<()> {
        for site in self.layout.sites() {
            each_rank!(site.unconstrained.len(), D => self.sample::<D>(ctx, site)?);
        }
        Ok(())
    }

    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.clone()
    }

    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("AutoDelta");
        self.layout.fingerprint(key);
    }
}

impl AutoDeltaProgram {
    fn sample<const D: usize>(&self, ctx: &Ctx, site: &LatentSite) -> Result<()> {
        site.inside(ctx, |units| {
            let name = self.layout.name(&[&site.name, "value"]);
            let start = |to: &_| Ok(biject_to::<D>(&site.support)?.forward(site.start(to)?));
            let value: Tensor<D> = site.table(ctx, units, name, site.support, start)?;
            // One point an event: the table of a plate has a row for each unit.
            let point = Delta::new(value).event(biject_to::<D>(&site.support)?.event_rank());
            ctx.draw(SiteKind::Latent, site.name.clone(), point)?;
            Ok(())
        })
    }
}

impl AutoProgram for AutoDeltaProgram {
    fn layout(&self) -> &Layout {
        &self.layout
    }
}
