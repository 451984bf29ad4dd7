//! A guide whose local sites have a shift and a stretch for each element.

use std::collections::BTreeMap;
use std::rc::Rc;

use burn::tensor::{Float, Tensor};
use vi_graph::Key;

use super::stretched::Stretched;
use super::{PREFIX, config};
use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::error::{Error, Result, list};
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::handler::Handler;
use crate::program::{Ctx, ParamScope, Program, Run, Site, SiteKind, SiteRanks, Trace};
use crate::support::Support;

/// A guide with refined local sites; made by [`Refine`](super::Refine).
#[derive(Clone, Debug)]
pub struct Refined<P> {
    program: P,
    sites: Rc<BTreeMap<String, RefinedSite>>,
}

/// About what the elements of a site are stretched, in unconstrained space.
#[derive(Clone, Debug)]
pub struct RefinedSite {
    /// The mean under the guide that is refined.
    pub centre: AnyTensor,
    /// The standard deviation there.
    pub spread: AnyTensor,
}

/// How many draws the centre and the spread of a site are estimated from.
const DRAWS: u64 = 64;

impl<P: Program> Refined<P> {
    /// Nothing is moved yet; `names` are the sites, all that stand in a plate where there are none.
    pub(super) fn of(program: &P, names: &[String], scope: &ParamScope, placement: &Placement, key: Key) -> Result<Self>
    where
        P: Clone,
    {
        let mut sums: BTreeMap<String, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
        let mut first: Option<Trace> = None;
        for draw in 0..DRAWS {
            let run = Run::new(key.site("centre").fold_in(draw), placement.clone()).plate_key(key).params(scope.clone()).density(false);
            let (_, trace) = run.of_guide().trace(program)?;
            for site in chosen(&trace, names)? {
                let x = unconstrained(site)?.to_f64()?;
                let (sum, squares) = sums.entry(site.name.clone()).or_insert_with(|| (vec![0.0; x.len()], vec![0.0; x.len()]));
                if sum.len() != x.len() {
                    return Err(config(format!("`{}` has another shape in another draw", site.name)));
                }
                sum.iter_mut().zip(&x).for_each(|(sum, x)| *sum += x);
                squares.iter_mut().zip(&x).for_each(|(sum, x)| *sum += x * x);
            }
            first.get_or_insert(trace);
        }
        let mut sites = BTreeMap::new();
        for site in first.iter().flat_map(Trace::latents) {
            let Some((sum, squares)) = sums.remove(&site.name) else { continue };
            let shape = unconstrained(site)?.shape();
            let n = DRAWS as f64;
            let mean: Vec<f64> = sum.iter().map(|sum| sum / n).collect();
            let variance = squares.iter().zip(&mean).map(|(squares, mean)| squares / n - mean * mean);
            // Rounding may leave nothing of a very narrow one.
            let sd: Vec<f64> = variance.zip(&mean).map(|(v, mean)| v.max(1e-12 * mean * mean).max(1e-12).sqrt()).collect();
            let tensor = |values| AnyTensor::from_f64(values, &shape, &placement.device, placement.dtype);
            sites.insert(site.name.clone(), RefinedSite { centre: tensor(mean), spread: tensor(sd) });
        }
        Ok(Refined { program: program.clone(), sites: Rc::new(sites) })
    }

    /// The guide that is refined.
    pub(super) fn program(&self) -> &P {
        &self.program
    }

    /// The sites, by name.
    pub fn sites(&self) -> impl Iterator<Item = (&str, &RefinedSite)> {
        self.sites.iter().map(|(name, site)| (name.as_str(), site))
    }
}

fn chosen<'a>(trace: &'a Trace, names: &[String]) -> Result<Vec<&'a Site>> {
    let latent = || trace.latents().filter(|site| site.kind == SiteKind::Latent);
    let found: Vec<&Site> = if names.is_empty() {
        latent().filter(|site| !site.plates.is_empty()).collect()
    } else {
        let find = |name: &String| {
            let unknown = || Error::Unknown { what: "latent site", name: name.clone(), available: list(latent().map(|site| &site.name)) };
            latent().find(|site| site.name == *name).ok_or_else(unknown)
        };
        names.iter().map(find).collect::<Result<_>>()?
    };
    if found.is_empty() {
        let sites = list(latent().map(|site| &site.name));
        return Err(config(format!("none stands in a plate; name those that belong to one datum each (the guide has {sites})")));
    }
    for site in &found {
        if let Some(plate) = site.plates.iter().find(|plate| plate.len < plate.size) {
            let problem = format!(
                "{} of {} units are in, others in each step; refine site `{}` for given rows, bound to a plate of their number",
                plate.len, plate.size, site.name
            );
            return Err(Error::Plate { plate: plate.name.to_owned(), problem });
        }
        let pathwise = site.distribution.as_ref().is_none_or(|distribution| distribution.is_reparameterised());
        if !pathwise || site.strategy.is_some() {
            let name = site.distribution.as_ref().map_or_else(String::new, |distribution| distribution.name());
            let what = format!("refining site `{}` ({name})", site.name);
            return Err(Error::Unsupported { what, problem: "a shift needs real numbers that are drawn with a pathwise gradient".into() });
        }
    }
    Ok(found)
}

/// The value of a latent site in unconstrained space.
fn unconstrained(site: &Site) -> Result<AnyTensor> {
    let (Some(value), Some(distribution)) = (&site.value, &site.distribution) else {
        return Err(config(format!("`{}` has no distribution", site.name)));
    };
    each_rank!(value.rank(), D => Ok(biject_to::<D>(&distribution.support())?.inverse(value.typed::<D, Float>(&site.name)?).into()))
}

impl<P: Program> Program for Refined<P> {
    type Output = P::Output;
    type Latents = P::Latents;
    const SITES: SiteRanks = P::SITES;

    fn run(&self, ctx: &Ctx) -> Result<P::Output> {
        let handler = Stretch { sites: Rc::clone(&self.sites), params: ctx.params().clone() };
        ctx.under(Box::new(handler), || self.program.run(ctx))
    }

    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        let program = self.program.map_tensors(f);
        let mut moved = |site: &RefinedSite| RefinedSite { centre: f(site.centre.clone()), spread: f(site.spread.clone()) };
        let sites = self.sites.iter().map(|(name, site)| (name.clone(), moved(site))).collect();
        Refined { program, sites: Rc::new(sites) }
    }

    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        self.program.visit_tensors(f);
        for site in self.sites.values() {
            f(&site.centre);
            f(&site.spread);
        }
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str(&format!("refined {:?}", self.sites.keys().collect::<Vec<_>>()));
        self.program.fingerprint(key);
    }
}

/// Puts the shift and the stretch around the distributions of the sites.
struct Stretch {
    sites: Rc<BTreeMap<String, RefinedSite>>,
    params: ParamScope,
}

impl Handler for Stretch {
    fn before(&mut self, site: &mut Site) -> Result<()> {
        let Some(frame) = self.sites.get(&site.name).filter(|_| site.kind == SiteKind::Latent) else { return Ok(()) };
        let Some(base) = site.distribution.take() else { return Ok(()) };
        let shift = self.parameter(&site.name, "shift", &frame.centre)?;
        let log_scale = self.parameter(&site.name, "log_scale", &frame.centre)?;
        site.distribution = Some(Box::new(Stretched { base, frame: frame.clone(), shift, log_scale }));
        Ok(())
    }
}

impl Stretch {
    /// One number for each element, 0 at the start.
    fn parameter(&self, site: &str, what: &str, like: &AnyTensor) -> Result<AnyTensor> {
        let name = format!("{PREFIX}{site}.{what}");
        each_rank!(like.rank(), D => {
            let found: Tensor<D> = match self.params.find(&name, &Support::Real)? {
                Some(found) => found,
                None => self.params.create(&name, like.typed::<D, Float>(site)?.zeros_like(), Support::Real)?,
            };
            Ok(found.into())
        })
    }
}
