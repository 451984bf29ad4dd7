//! A point of unconstrained space as a guide, and the whole of every plate.

use std::ops::Range;
use std::rc::Rc;

use burn::tensor::Tensor;

use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::error::Result;
use crate::guide::latents::LatentSite;
use crate::program::arg::Fingerprint;
use crate::program::handler::Handler;
use crate::program::{Ctx, ParamEntry, ParamStore, Plate, Program, SiteKind};
use crate::support::Support;

/// Where each latent site stands in a flat vector: sites in the order of first occurrence in the model, the unconstrained
/// elements of each in row-major order.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) sites: Rc<[LatentSite]>,
    pub(crate) ranges: Vec<Range<usize>>,
}

impl Layout {
    pub(crate) fn new(sites: Rc<[LatentSite]>) -> Self {
        let mut end = 0;
        let range = |site: &LatentSite| {
            let start = end;
            end += site.start.len();
            start..end
        };
        let ranges = sites.iter().map(range).collect();
        Layout { sites, ranges }
    }

    /// Sets the parameters of a [`Point`] program.
    pub(crate) fn write(&self, x: &[f64], params: &mut ParamStore) {
        for (site, range) in self.sites.iter().zip(&self.ranges) {
            let shape = site.start.shape();
            let dtype = site.start.dtype().into();
            let unconstrained = AnyTensor::from_f64(x[range.clone()].to_vec(), &shape, &site.start.device(), dtype);
            params.insert(parameter(&site.name), ParamEntry { unconstrained, support: Support::Real, shape });
        }
    }
}

/// The name of the parameter that holds the unconstrained value of a site.
pub(crate) fn parameter(site: &str) -> String {
    format!("point.{site}")
}

/// A program that puts every latent site at a point and whose log density is minus the logarithm of the Jacobian there: the
/// model's log joint less this is the log density in unconstrained space.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) layout: Layout,
}

impl Program for Point {
    type Output = ();
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<()> {
        for site in self.layout.sites.iter() {
            each_rank!(site.start.rank(), D => place::<D>(ctx, site)?);
        }
        Ok(())
    }

    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.clone()
    }

    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("Point");
        self.layout.sites.iter().for_each(|site| site.fingerprint(key));
    }
}

fn place<const D: usize>(ctx: &Ctx, site: &LatentSite) -> Result<()> {
    let name = parameter(&site.name);
    let params = ctx.params();
    let x: Tensor<D> = match params.find(&name, &Support::Real)? {
        Some(x) => x,
        None => params.create(&name, site.start.typed(&name)?, Support::Real)?,
    };
    let (y, jacobian) = biject_to::<D>(&site.support)?.forward_and_jacobian(x);
    let mut latent = ctx.site(site.name.clone(), SiteKind::Latent);
    latent.value = Some(y.into());
    ctx.process(latent)?;
    if !matches!(site.support, Support::Real | Support::RealVector) {
        // The name of no site has a space.
        let mut factor = ctx.site(format!("jacobian of {}", site.name), SiteKind::Factor);
        factor.value = Some(jacobian.neg().into());
        ctx.process(factor)?;
    }
    Ok(())
}

/// Every plate has all its units, so that the density of a subsampled model is that of all data.
#[derive(Clone, Copy, Debug)]
pub struct WholePlates;

impl Handler for WholePlates {
    fn plate(&mut self, plate: &mut Plate) -> Result<()> {
        if plate.len < plate.size {
            plate.len = plate.size;
            let units = (0..plate.size as i64).collect();
            plate.index = Some(AnyTensor::from_i64(units, &[plate.size], &crate::device::default()));
        }
        Ok(())
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("WholePlates");
    }
}
