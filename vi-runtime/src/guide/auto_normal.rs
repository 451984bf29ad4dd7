//! Mean-field normal guide in unconstrained space.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::auto::{AutoGuide, AutoProgram, automatic};
use super::beginning::Beginning;
use super::gaussian::{Gaussian, Root};
use super::init::Init;
use super::layout::{LatentSite, Layout, parameter};
use super::start::{Mode, Start, constant};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::dist::{Normal, TransformedDistribution};
use crate::error::Result;
use crate::program::arg::Fingerprint;
use crate::program::{Ctx, ParamStore, Program, SiteKind};
use crate::setters::setters;
use crate::support::Support;

/// An independent normal for each element of each latent site, in unconstrained space: `T(loc + scale · ε)`,
/// `ε ~ N(0, 1)`, with `T` the bijector onto the site's support.
///
/// Parameters: `auto.<site>.loc`, which starts at the median of the prior unless [`init`](Self::init) says otherwise, and
/// `auto.<site>.scale`, which starts at 0.1. Those of a site in a subsampled plate have a row for each unit of the plate.
/// Also called mean-field ADVI (Kucukelbir et al. 2017).
#[derive(Clone, Debug, Default)]
pub struct AutoNormal {
    beginning: Beginning,
}

impl AutoNormal {
    /// The guide.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        in beginning;
        /// Where it starts.
        init: Init;

        /// The initial standard deviation in unconstrained space; 0.1 unless set, and 1 (of its units) where a [`Start`] is given.
        init_scale: f64 => Some(init_scale);

        /// The coordinates that the parameters live in: `T(m + F loc + d scale · ε)` with its location `m` and factor `F` and, because the
        /// elements are independent, the diagonal `d` of [`Start::independent`]. It takes the place of [`init`](Self::init).
        ///
        /// In units of `F` the curvature of the ELBO in `loc` is near the identity, however the posterior is correlated.
        start: Start => Some(Rc::new(start));
    }
}

impl AutoGuide for AutoNormal {
    type Program = AutoNormalProgram;

    fn name(&self) -> &'static str {
        "AutoNormal"
    }

    fn initial(&self, _site: &str) -> &Init {
        &self.beginning.init
    }

    fn located(&self, find: &mut dyn FnMut(usize) -> Result<Vec<Mode>>) -> Result<Option<Self>> {
        self.beginning.located(1, find, |modes| modes.into_iter().next().map(|mode| self.clone().start(mode.start)))
    }

    fn build(&self, layout: Layout) -> Result<AutoNormalProgram> {
        let start = self.beginning.start(layout.dim())?;
        let start = start.map(|start| Coordinates { start: Rc::clone(start), unit: start.independent().diagonal().collect() });
        let layout = if start.is_some() { layout.refuse_local("AutoNormal with a start")? } else { layout };
        Ok(AutoNormalProgram { layout, init_scale: self.beginning.scale(), start })
    }
}

automatic! { [] AutoNormal }

/// [`AutoNormal`] for one model.
#[derive(Clone, Debug)]
pub struct AutoNormalProgram {
    layout: Layout,
    init_scale: f64,
    start: Option<Coordinates>,
}

/// Where the parameters live.
#[derive(Clone, Debug)]
struct Coordinates {
    /// That of the locations.
    start: Rc<Start>,
    /// The unit of each scale.
    unit: Rc<[f64]>,
}

impl Program for AutoNormalProgram {
    type Output = ();
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<()> {
        let centres = match &self.start {
            Some(coordinates) if self.layout.dim() > 0 => Some(self.centres(ctx, coordinates)?),
            _ => None,
        };
        for site in self.layout.sites() {
            each_rank!(site.unconstrained.len(), D => self.sample::<D>(ctx, site, centres.as_ref())?);
        }
        Ok(())
    }

    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.clone()
    }

    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("AutoNormal");
        self.layout.fingerprint(key);
        if let Some(start) = &self.start {
            start.start.fingerprint(key);
        }
    }
}

impl AutoNormalProgram {
    /// The locations of all sites, one after the other, in unconstrained space.
    fn centres(&self, ctx: &Ctx, coordinates: &Coordinates) -> Result<Tensor<1>> {
        let mut parts: Vec<Tensor<1>> = Vec::with_capacity(self.layout.sites().len());
        for site in self.layout.sites() {
            let name = self.layout.name(&[&site.name, "loc"]);
            parts.push(each_rank!(site.unconstrained.len(), D => {
                let loc: Tensor<D> = parameter(ctx, name, Support::Real, || Ok(site.start::<D>(ctx.placement())?.zeros_like()))?;
                loc.reshape([site.len()])
            }));
        }
        Ok(coordinates.start.forward(Tensor::cat(parts, 0), ctx.placement()))
    }

    fn sample<const D: usize>(&self, ctx: &Ctx, site: &LatentSite, centres: Option<&Tensor<1>>) -> Result<()> {
        site.inside(ctx, |units| {
            let name = |what| self.layout.name(&[&site.name, what]);
            let dims: [usize; D] = std::array::from_fn(|i| site.unconstrained[i]);
            let loc = match centres {
                Some(centres) => centres.clone().narrow(0, site.offset, site.len()).reshape(dims),
                None => site.table(ctx, units, name("loc"), Support::Real, |to| site.start::<D>(to))?,
            };
            let scale = |to: &_| Ok(site.start::<D>(to)?.full_like(self.init_scale));
            let scale = site.table(ctx, units, name("scale"), Support::Positive, scale)?;
            let scale = match &self.start {
                Some(Coordinates { unit, .. }) => scale * constant::<D>(unit[site.offset..][..site.len()].to_vec(), dims, ctx.placement()),
                None => scale,
            };
            let normal = Normal::new(loc, scale);
            if site.support == Support::Real {
                ctx.draw(SiteKind::Latent, site.name.clone(), normal)?;
            } else {
                let bijector = biject_to::<D>(&site.support)?;
                ctx.draw(SiteKind::Latent, site.name.clone(), TransformedDistribution::new(normal, bijector))?;
            }
            Ok(())
        })
    }
}

impl AutoProgram for AutoNormalProgram {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn start(&self) -> Option<&Start> {
        self.start.as_ref().map(|coordinates| &*coordinates.start)
    }

    fn gaussian(&self, params: &ParamStore) -> Result<Option<Gaussian>> {
        if self.layout.sites().iter().any(LatentSite::is_local) {
            return Ok(None);
        }
        let all = |what: &str| -> Result<Vec<f64>> {
            let sites = self.layout.sites().iter();
            let values = sites.map(|site| params.value(&self.layout.name(&[&site.name, what]))?.to_f64());
            Ok(values.collect::<Result<Vec<_>>>()?.concat())
        };
        let (loc, scale) = (all("loc")?, all("scale")?);
        let (loc, scale) = match &self.start {
            Some(Coordinates { start, unit }) => {
                let centre = start.scaled(&loc).iter().zip(&start.loc).map(|(x, middle)| x + middle).collect();
                (centre, scale.iter().zip(unit.iter()).map(|(x, unit)| x * unit).collect())
            }
            None => (loc, scale),
        };
        Ok(Some(Gaussian { loc, root: Root::Diagonal(scale) }))
    }
}
