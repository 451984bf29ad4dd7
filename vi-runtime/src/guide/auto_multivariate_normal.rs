//! A normal distribution of all sites with any covariance.

use burn::tensor::Tensor;

use super::gaussian::Gaussian;
use super::joint::{AutoJoint, Family, Frame};
use super::start::constant;
use crate::dist::MultivariateNormal;
use crate::error::Result;
use crate::program::{Ctx, ParamStore};
use crate::support::Support;

/// `u = loc + L ε`, `ε ~ N(0, I)`: the family of [`AutoMultivariateNormal`].
#[derive(Clone, Copy, Debug)]
pub struct FullRank;

/// One normal distribution of all latent sites with any covariance, in unconstrained space; also called full-rank ADVI
/// (Kucukelbir et al. 2017).
///
/// Parameters: `auto.loc`, `[n]`, and the lower Cholesky factor `auto.scale_tril`, `[n, n]`, for the `n` unconstrained elements
/// of all sites. A step costs `n²`.
pub type AutoMultivariateNormal = AutoJoint<FullRank>;

impl AutoMultivariateNormal {
    /// The guide.
    pub fn new() -> Self {
        AutoJoint::of(FullRank)
    }
}

impl Default for AutoMultivariateNormal {
    fn default() -> Self {
        Self::new()
    }
}

/// The lower triangular parameter `scale_tril`.
pub(super) fn scale_tril(ctx: &Ctx, frame: &Frame) -> Result<Tensor<2>> {
    frame.param(ctx, "scale_tril", Support::LowerCholesky, |to| {
        let n = frame.dim();
        let diagonal = (0..n * n).map(|k| if k % n == k / n { frame.init_scale() } else { 0.0 }).collect();
        constant(diagonal, [n, n], to)
    })
}

impl Family for FullRank {
    const NAME: &'static str = "AutoMultivariateNormal";

    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
        let loc = frame.param(ctx, "loc", Support::Real, |to| frame.init_loc(to))?;
        frame.draw(ctx, MultivariateNormal::new(loc, scale_tril(ctx, frame)?))
    }

    fn gaussian(&self, params: &ParamStore, frame: &Frame) -> Result<Option<Gaussian>> {
        Ok(Some(Gaussian::with_rows(frame.value(params, "loc")?, &frame.value(params, "scale_tril")?)))
    }
}
