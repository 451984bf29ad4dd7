//! A normal distribution of all sites with any covariance.

use std::cmp::Ordering;

use burn::tensor::Tensor;

use super::gaussian::Gaussian;
use super::joint::{AutoJoint, Family, Frame};
use super::start::constant;
use crate::dist::MultivariateNormal;
use crate::error::Result;
use crate::linalg::{below_len, lower_triangle};
use crate::operand::Placement;
use crate::program::{Ctx, ParamStore};
use crate::support::Support;

/// `u = loc + L ε`, `ε ~ N(0, I)`: the family of [`AutoMultivariateNormal`].
#[derive(Clone, Copy, Debug, Default)]
pub struct FullRank;

/// One normal distribution of all latent sites with any covariance, in unconstrained space; also called full-rank ADVI
/// (Kucukelbir et al. 2017).
///
/// Parameters, for the `n` unconstrained elements of all sites: `auto.loc` and `auto.scale`, `[n]`, and `auto.lower`,
/// `[n (n − 1)/2]`, what stands under the diagonal of `M` row by row, where `L = diag(scale) (I + M)`; there is none for `n = 1`. The
/// rows are in units of their scale so that steps of one size leave `L` well conditioned. A step costs `n²`.
pub type AutoMultivariateNormal = AutoJoint<FullRank>;

/// The factor `diag(scale) (I + lower)` from the parameters `scale` and `lower`.
pub(super) fn scale_tril(ctx: &Ctx, frame: &Frame) -> Result<Tensor<2>> {
    let n = frame.dim();
    let scale: Tensor<1> = frame.param(ctx, "scale", Support::Positive, |to| constant(vec![frame.init_scale(); n], [n], to))?;
    if n == 1 {
        return Ok(scale.reshape([1, 1]));
    }
    let len = below_len(n);
    let lower = frame.param(ctx, "lower", Support::Real, |to| constant(vec![0.0; len], [len], to))?;
    Ok(unit_triangle(lower, n, ctx.placement()) * scale.reshape([n, 1]))
}

/// `I + M` for the strictly lower triangle `M` of these elements.
pub(super) fn unit_triangle(lower: Tensor<1>, n: usize, to: &Placement) -> Tensor<2> {
    lower_triangle(lower.reshape([1, below_len(n)]), constant(vec![1.0; n], [1, n], to)).reshape([n, n])
}

/// `diag(scale) (I + M)`, row by row.
pub(super) fn factor(scale: &[f64], lower: &[f64]) -> Vec<f64> {
    let n = scale.len();
    let element = |i: usize, j: usize| match i.cmp(&j) {
        Ordering::Less => 0.0,
        Ordering::Equal => scale[i],
        Ordering::Greater => scale[i] * lower[i * (i - 1) / 2 + j],
    };
    (0..n * n).map(|k| element(k / n, k % n)).collect()
}

impl Family for FullRank {
    const NAME: &'static str = "AutoMultivariateNormal";

    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
        let loc = frame.param(ctx, "loc", Support::Real, |to| frame.init_loc(to))?;
        frame.draw(ctx, MultivariateNormal::new(loc, scale_tril(ctx, frame)?))
    }

    fn gaussian(&self, params: &ParamStore, frame: &Frame) -> Result<Option<Gaussian>> {
        let lower = if frame.dim() == 1 { Vec::new() } else { frame.value(params, "lower")? };
        Ok(Some(Gaussian::with_rows(frame.value(params, "loc")?, &factor(&frame.value(params, "scale")?, &lower))))
    }
}
