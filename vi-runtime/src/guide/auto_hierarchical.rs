//! A normal guide whose sites follow their priors: what a site's prior makes of the guide's other draws is its frame.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use burn::tensor::{Int, Tensor};
use vi_graph::Key;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

use super::Guide;
use super::auto::AutoProgram;
use super::init::{Init, Prior};
use super::layout::{LatentSite, Layout};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::dist::{Normal, TransformedDistribution};
use crate::error::{Error, Result};
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::handler::Handler;
use crate::program::{Ctx, DynDistribution, Program, Site, SiteKind, SiteRanks, erase};
use crate::setters::setters;
use crate::support::Support;

/// A normal distribution of each latent site in unconstrained space that knows the site's prior: of a hierarchical site,
/// whose prior is of a location-scale family with parameters that depend on other latent sites, it is
///
/// `x = w m + sʷ (loc + scale · ε)`, `ε ~ N(0, 1)`
///
/// with the location `m` and the scale `s` that the prior has at the guide's draws of those sites, and a learnt weight `w` for each
/// element. At `w = 1`, where it starts, the site is not centred; at `w = 0` it depends on nothing, as under
/// [`AutoNormal`](super::AutoNormal), which every other site has (the weights: after Agrawal and Domke 2021, and Gorinova, Moore and
/// Hoffman 2020). The model is written as it is meant, and needs no [`reparam`](crate::program::handler::reparam).
///
/// It runs the model, observations left out, to find the priors: of a minibatch, at the arguments of the minibatch. So it is the guide
/// of a whole model, and none of a [`GuideList`](super::GuideList).
///
/// Parameters: `auto.<site>.loc`, `auto.<site>.scale`, which starts at 1 for a hierarchical site and at 0.1 elsewhere, and
/// `auto.<site>.weight`. Those of a site in a subsampled plate have a row for each unit of the plate.
///
/// ```
/// # use vi_runtime::prelude::*;
/// #[model]
/// fn groups(y: Tensor<1>) {
///     let mu = sample!("mu", Normal::new(0.0, 5.0));
///     let tau = sample!("tau", HalfNormal::new(5.0));
///     plate!("group", 3, {
///         let theta = sample!("theta", Normal::new(mu, tau));
///         observe!("y", Normal::new(theta, 1.0), y);
///     });
/// }
///
/// # fn main() -> Result<()> {
/// let y = Tensor::from_floats([1.0, -0.5, 2.0], &Device::default());
/// let fit = Svi::new(&groups(y), AutoHierarchical::new()).steps(20).run()?;
/// assert!(fit.param_names().contains(&"auto.theta.weight".to_owned()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct AutoHierarchical {
    sites: Option<Rc<BTreeSet<String>>>,
    init: Init,
    init_scale: Option<f64>,
}

impl AutoHierarchical {
    /// Every site is hierarchical that can be.
    pub fn new() -> Self {
        Self::default()
    }

    /// The hierarchical sites, in the place of all that can be.
    #[must_use]
    pub fn sites<N: Into<String>>(mut self, sites: impl IntoIterator<Item = N>) -> Self {
        self.sites = Some(Rc::new(sites.into_iter().map(N::into).collect()));
        self
    }

    setters! {
        /// Where the sites start that are not hierarchical; the others start at their priors' locations.
        init: Init;

        /// The initial standard deviation, of a hierarchical site in units of its prior's scale; 1 for those and 0.1 for the others
        /// unless set.
        init_scale: f64 => Some(init_scale);
    }

    /// The sites whose priors are of a location-scale family with parameters that differ between two points of the latent space.
    fn found<M: Program>(model: &Prior<'_, M>, layout: &Layout) -> Result<BTreeSet<String>> {
        let frames = |point: u64| -> Result<BTreeMap<String, Vec<f64>>> {
            let mut sites = layout.sites().to_vec();
            for site in &mut sites {
                fill_f64(NoiseKind::Uniform, model.key.site(&site.name).fold_in(point), &mut site.start);
                site.start.iter_mut().for_each(|u| *u = 2.0 * *u - 1.0);
            }
            let mut frames = BTreeMap::new();
            for site in model.at(&sites)?.latents() {
                if let Some((loc, scale)) = site.distribution.as_ref().and_then(|prior| prior.location_scale(model.placement)) {
                    frames.insert(site.name.clone(), [loc.to_f64()?, scale.to_f64()?].concat());
                }
            }
            Ok(frames)
        };
        let (one, other) = (frames(0)?, frames(1)?);
        Ok(one.into_iter().filter(|(name, frame)| other.get(name).is_some_and(|other| other != frame)).map(|(name, _)| name).collect())
    }
}

impl<M: Program + Clone> Guide<M> for AutoHierarchical {
    type Program = AutoHierarchicalProgram<M>;
    const SITES: SiteRanks = SiteRanks::UNKNOWN;

    fn prepare(&self, model: &M, placement: &Placement, key: Key) -> Result<Self::Program> {
        let layout = Layout::of(model, placement, key, "AutoHierarchical", &|_| &self.init)?;
        let hierarchical = match &self.sites {
            Some(sites) => {
                sites.iter().try_for_each(|name| layout.find(name).map(drop))?;
                Rc::clone(sites)
            }
            None => Rc::new(Self::found(&Prior { model, placement, key }, &layout)?),
        };
        Ok(AutoHierarchicalProgram { model: model.clone(), layout, hierarchical, init_scale: self.init_scale })
    }

    fn rebind(&self, model: &M, prepared: &Self::Program, _: &Placement) -> Self::Program {
        AutoHierarchicalProgram { model: model.clone(), ..prepared.clone() }
    }
}

/// [`AutoHierarchical`] for one model.
#[derive(Clone, Debug)]
pub struct AutoHierarchicalProgram<M> {
    model: M,
    layout: Layout,
    hierarchical: Rc<BTreeSet<String>>,
    init_scale: Option<f64>,
}

impl<M: Program + Clone> Program for AutoHierarchicalProgram<M> {
    type Output = ();
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<()> {
        let sites = self.layout.sites().iter();
        let fitted = sites.map(|site| Ok((site.name.clone(), each_rank!(site.unconstrained.len(), D => self.fitted::<D>(ctx, site)?))));
        let handler = FromPrior { fitted: fitted.collect::<Result<_>>()?, placement: ctx.placement().clone() };
        ctx.under(Box::new(handler), || self.model.run(ctx).map(drop))
    }

    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        AutoHierarchicalProgram { model: self.model.map_tensors(f), ..self.clone() }
    }

    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        self.model.visit_tensors(f);
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("AutoHierarchical");
        self.layout.fingerprint(key);
        self.hierarchical.iter().for_each(|name| key.write_str(name));
        self.model.fingerprint(key);
    }
}

impl<M: Program + Clone> AutoHierarchicalProgram<M> {
    fn fitted<const D: usize>(&self, ctx: &Ctx, site: &LatentSite) -> Result<Fitted> {
        let name = |what| self.layout.name(&[&site.name, what]);
        let hierarchical = self.hierarchical.contains(&site.name);
        let full = |value: f64| move |to: &Placement| Ok(site.start::<D>(to)?.full_like(value));
        let loc: Tensor<D> = if hierarchical {
            site.all_units(ctx, name("loc"), Support::Real, full(0.0))?
        } else {
            site.all_units(ctx, name("loc"), Support::Real, |to| site.start(to))?
        };
        let scale = self.init_scale.unwrap_or(if hierarchical { 1.0 } else { 0.1 });
        let scale: Tensor<D> = site.all_units(ctx, name("scale"), Support::Positive, full(scale))?;
        let weight: Option<Tensor<D>> =
            if hierarchical { Some(site.all_units(ctx, name("weight"), Support::Real, full(1.0))?) } else { None };
        Ok(Fitted { support: site.support, loc: loc.into(), scale: scale.into(), weight: weight.map(AnyTensor::from) })
    }
}

impl<M: Program + Clone> AutoProgram for AutoHierarchicalProgram<M> {
    fn layout(&self) -> &Layout {
        &self.layout
    }
}

/// The parameters of a site, of all units of its plates.
struct Fitted {
    support: Support,
    loc: AnyTensor,
    scale: AnyTensor,
    weight: Option<AnyTensor>,
}

/// Puts the guide's distributions in the place of the priors; what is not latent leaves no trace.
struct FromPrior {
    fitted: BTreeMap<String, Fitted>,
    placement: Placement,
}

impl Handler for FromPrior {
    fn before(&mut self, site: &mut Site) -> Result<()> {
        if !site.is_latent() {
            site.hidden = true;
            // It has no density in the guide; where no value is given one is simulated for what is drawn after it.
            site.kind = SiteKind::Intervened;
            return Ok(());
        }
        let unfit =
            |problem: &str| Error::Unsupported { what: format!("AutoHierarchical for site `{}`", site.name), problem: problem.to_owned() };
        if site.strategy.is_some() {
            return Err(unfit("it is summed or integrated out, so the priors of sites after it have no value here; write a guide"));
        }
        if site.value.is_some() {
            return Ok(());
        }
        let Some(prior) = site.distribution.take() else { return Ok(()) };
        let fitted = self.fitted.get(&site.name).ok_or_else(|| unfit("the run that the guide was made from did not reach it"))?;
        let rows: Vec<Option<AnyTensor>> = site.plates.iter().map(|plate| plate.index.clone().filter(|_| plate.len < plate.size)).collect();
        let found = each_rank!(fitted.loc.rank(), D => self.posterior::<D>(fitted, &*prior, &rows, &site.name)?);
        site.distribution = Some(found.ok_or_else(|| unfit("its prior is of no location-scale family of real numbers"))?);
        Ok(())
    }
}

impl FromPrior {
    /// Absent where a hierarchical site has no location and scale.
    fn posterior<const D: usize>(
        &self,
        fitted: &Fitted,
        prior: &dyn DynDistribution,
        rows: &[Option<AnyTensor>],
        site: &str,
    ) -> Result<Option<Box<dyn DynDistribution>>> {
        let of_units = |table: &AnyTensor| -> Result<Tensor<D>> {
            rows.iter().enumerate().try_fold(table.typed(site)?, |table: Tensor<D>, (dim, index)| {
                Ok(match index {
                    Some(index) => table.select(dim, index.typed::<1, Int>("the units of a plate")?),
                    None => table,
                })
            })
        };
        let (mut loc, mut scale) = (of_units(&fitted.loc)?, of_units(&fitted.scale)?);
        if let Some(weight) = &fitted.weight {
            let Some((middle, width)) = prior.location_scale(&self.placement) else { return Ok(None) };
            let (middle, width, weight): (Tensor<D>, Tensor<D>, _) = (middle.typed(site)?, width.typed(site)?, of_units(weight)?);
            let width = (width.log() * weight.clone()).exp();
            loc = middle * weight + loc * width.clone();
            scale = scale * width;
        }
        let normal = Normal::new(loc, scale);
        Ok(Some(if fitted.support == Support::Real {
            erase(normal)
        } else {
            erase(TransformedDistribution::new(normal, biject_to::<D>(&fitted.support)?))
        }))
    }
}
