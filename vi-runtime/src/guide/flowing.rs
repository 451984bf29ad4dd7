//! A normalising flow of all sites: what the guides with flows share.

use std::rc::Rc;

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};

use super::auto_diagonal_normal::loc_and_scale;
use super::joint::{Family, Frame};
use crate::bijector::{Affine, Bijector, Compose};
use crate::dist::{DistributionExt, Normal};
use crate::error::Result;
use crate::flow::{Chain, Flow};
use crate::program::{Ctx, create_module, find_module};

/// A [`Family`] of the images of standard normal noise: what [`NeuTra`](super::NeuTra) takes its coordinates from.
pub trait Warp: Family {
    /// The map from the noise `ε` to `u`, with its parameters as they are.
    ///
    /// # Errors
    /// Those of the parameters and of the settings.
    fn bijector(&self, ctx: &Ctx, frame: &Frame) -> Result<Rc<dyn Bijector<1>>>;
}

/// Draws the image of standard normal noise.
///
/// # Errors
/// Those of the map and of the statement.
pub(super) fn draw(warp: &impl Warp, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
    let base = Normal::new(0.0, 1.0).expand([frame.dim()]).independent(1);
    frame.draw(ctx, base.transformed(warp.bijector(ctx, frame)?))
}

/// `u = loc + scale · f(ε)` with the flow `f` whose weights are `auto.flow.…`; `make` gives it fresh.
///
/// The last map is a plain one so that a flow need not learn where the posterior is and how wide.
///
/// # Errors
/// Those of `make` and of the parameters.
pub(super) fn scaled<L: Flow + Module + ModuleDisplay + 'static>(
    ctx: &Ctx,
    frame: &Frame,
    make: impl FnOnce(&Device) -> Result<Chain<L>>,
) -> Result<Rc<dyn Bijector<1>>> {
    let name = ctx.param_site(frame.name("flow"))?.name;
    let flow: Chain<L> = match find_module(ctx.params(), &name, ctx.placement())? {
        Some(flow) => flow,
        None => create_module(ctx.params(), &name, make(&ctx.device())?, ctx.placement())?,
    };
    let (loc, scale) = loc_and_scale(ctx, frame)?;
    let parts: Vec<Rc<dyn Bijector<1>>> = vec![Rc::new(flow), Rc::new(Affine::new(loc, scale))];
    Ok(Rc::new(Compose(parts)))
}

/// Layers of which every other one sees the elements in reverse.
///
/// # Errors
/// Those of `layer`.
pub(super) fn alternating<L: Module + ModuleDisplay>(features: usize, layers: usize, layer: impl Fn(u64) -> Result<L>) -> Result<Chain<L>> {
    Ok(Chain::alternating(features, (0..layers as u64).map(layer).collect::<Result<_>>()?))
}

/// The sizes of the hidden layers unless given.
pub(super) fn hidden(given: Option<&[usize]>, features: usize) -> Vec<usize> {
    given.map_or_else(|| vec![features.max(16); 2], <[usize]>::to_vec)
}

/// The settings of networks, as methods of a guide whose family has `layers` and `hidden`.
macro_rules! layered {
    () => {
        $crate::setters::setters! {
            in family;
            /// The number of layers.
            layers: usize;

            /// The sizes of the hidden layers of each network.
            hidden: &[usize] => Some(hidden.into());
        }
    };
}
pub(super) use layered;
