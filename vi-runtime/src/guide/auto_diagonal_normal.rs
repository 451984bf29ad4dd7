//! Independent normal elements of one vector.

use burn::tensor::Tensor;

use super::gaussian::{Gaussian, Root};
use super::joint::{AutoJoint, Family, Frame};
use super::start::Start;
use crate::dist::Normal;
use crate::error::Result;
use crate::program::{Ctx, ParamStore};
use crate::support::Support;

/// `u = loc + scale · ε`, `ε ~ N(0, I)`: the family of [`AutoDiagonalNormal`].
#[derive(Clone, Copy, Debug, Default)]
pub struct DiagonalNormal;

/// The family of [`AutoNormal`](super::AutoNormal) as one vector of all sites, drawn at once.
///
/// Parameters: `auto.loc`, `[n]`, and `auto.scale`, `[n]`, for the `n` unconstrained elements of all sites.
pub type AutoDiagonalNormal = AutoJoint<DiagonalNormal>;

/// The parameters `loc` and `scale` of independent elements.
pub(super) fn loc_and_scale(ctx: &Ctx, frame: &Frame) -> Result<(Tensor<1>, Tensor<1>)> {
    let loc = frame.param(ctx, "loc", Support::Real, |to| frame.init_loc(to))?;
    let scale = frame.param(ctx, "scale", Support::Positive, |to| frame.init_loc(to).full_like(frame.init_scale()))?;
    Ok((loc, scale))
}

impl Family for DiagonalNormal {
    const NAME: &'static str = "AutoDiagonalNormal";

    fn coordinates(&self, found: Start) -> Start {
        found.independent()
    }

    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
        let (loc, scale) = loc_and_scale(ctx, frame)?;
        frame.draw(ctx, Normal::new(loc, scale))
    }

    fn gaussian(&self, params: &ParamStore, frame: &Frame) -> Result<Option<Gaussian>> {
        let (loc, scale) = (frame.value(params, "loc")?, frame.value(params, "scale")?);
        Ok(Some(Gaussian { loc, root: Root::Diagonal(scale) }))
    }
}
