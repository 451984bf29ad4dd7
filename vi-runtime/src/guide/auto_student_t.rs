//! A Student t distribution of all sites.

use burn::tensor::Tensor;

use super::auto_multivariate_normal::scale_tril;
use super::joint::{AutoJoint, Family, Frame};
use super::start::constant;
use crate::dist::MultivariateStudentT;
use crate::error::Result;
use crate::program::Ctx;
use crate::support::Support;

/// `u = loc + L ε √(v/χ²ᵥ)`: the family of [`AutoStudentT`].
#[derive(Clone, Copy, Debug, Default)]
pub struct HeavyTailed;

/// One Student t distribution of all latent sites in unconstrained space: an
/// [`AutoMultivariateNormal`](super::AutoMultivariateNormal) with tails that are learnt, for posteriors with heavy ones and for
/// importance weights that must stay bounded.
///
/// Parameters: those of `AutoMultivariateNormal` (`L` is the factor of the scale matrix, not of the covariance) and the
/// degrees of freedom `auto.df`, `[1]`, above 1, which start at 10.
pub type AutoStudentT = AutoJoint<HeavyTailed>;

impl Family for HeavyTailed {
    const NAME: &'static str = "AutoStudentT";

    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
        let loc = frame.param(ctx, "loc", Support::Real, |to| frame.init_loc(to))?;
        let df: Tensor<1> = frame.param(ctx, "df", Support::GreaterThan(1.0), |to| constant(vec![10.0], [1], to))?;
        frame.draw(ctx, MultivariateStudentT::new(df, loc, scale_tril(ctx, frame)?))
    }
}
