//! A point of unconstrained space as a guide, and the whole of every plate.

use burn::tensor::Tensor;

use crate::any_tensor::{AnyTensor, each_rank};
use crate::bijector::biject_to;
use crate::error::Result;
use crate::guide::layout::{LatentSite, Layout};
use crate::operand::Placement;
use crate::program::arg::Fingerprint;
use crate::program::handler::Handler;
use crate::program::{Ctx, ParamEntry, ParamStore, Plate, Program, SiteKind};
use crate::support::Support;

/// The name of the parameter that holds the unconstrained value of a site.
pub(crate) fn parameter(site: &str) -> String {
    format!("point.{site}")
}

/// A program that puts every latent site at a point and whose log density is minus the logarithm of the Jacobian there: the
/// model's log joint less this is the log density in unconstrained space.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) layout: Layout,
    pub(crate) placement: Placement,
}

impl Point {
    /// Sets the parameters.
    pub(crate) fn write(&self, x: &[f64], params: &mut ParamStore) {
        let Placement { device, dtype } = &self.placement;
        for site in self.layout.sites() {
            let shape = site.unconstrained.clone();
            let unconstrained = AnyTensor::from_f64(x[site.range()].to_vec(), &shape, device, *dtype);
            params.insert(parameter(&site.name), ParamEntry { unconstrained, support: Support::Real, shape });
        }
    }
}

impl Program for Point {
    type Output = ();
    type Latents = ();

    fn run(&self, ctx: &Ctx) -> Result<()> {
        for site in self.layout.sites() {
            each_rank!(site.unconstrained.len(), D => place::<D>(ctx, site)?);
        }
        Ok(())
    }

    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self.clone()
    }

    fn visit_tensors(&self, _: &mut dyn FnMut(&AnyTensor)) {}

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_str("Point");
        self.layout.fingerprint(key);
    }
}

fn place<const D: usize>(ctx: &Ctx, site: &LatentSite) -> Result<()> {
    let name = parameter(&site.name);
    let params = ctx.params();
    let x: Tensor<D> = match params.find(&name, &Support::Real)? {
        Some(x) => x,
        None => params.create(&name, site.start(ctx.placement())?, Support::Real)?,
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
