//! A mixture of normal distributions of all sites.

use burn::tensor::Tensor;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

use super::joint::{AutoJoint, Family, Frame};
use super::normal_mixture::NormalMixture;
use super::start::constant;
use crate::error::{Error, Result};
use crate::linalg::{below_len, lower_triangle};
use crate::program::Ctx;
use crate::program::arg::Fingerprint;
use crate::support::Support;

/// `u ~ Σₖ πₖ N(locₖ, Lₖ Lₖᵀ)`: the family of [`AutoMixture`].
#[derive(Clone, Copy, Debug)]
pub struct MixtureOfNormals {
    components: usize,
    spread: f64,
}

/// A mixture of normal distributions of all latent sites, each with any covariance, in unconstrained space: for posteriors with
/// several modes (Jaakkola and Jordan 1998).
///
/// The ELBO holds the density of the mixture, components summed out. Draws have implicit gradients (Figurnov, Mohamed and Mnih 2018)
/// in means, covariances and weights: unbiased, one run of the model a draw, and, the score of the mixture having mean 0, free of
/// noise where the guide is the posterior.
///
/// Parameters, for `K` components and the `n` unconstrained elements of all sites: `auto.logits`, `[K]`, `auto.loc` and `auto.scale`,
/// `[K, n]`, and `auto.lower`, `[K, n (n − 1)/2]`, what stands under the diagonal of `Mₖ` row by row, where
/// `Lₖ⁻¹ = (I + Mₖ) diag(scaleₖ)⁻¹`; there is none for `n = 1`. A step costs `K n²`, besides the model, and `n³` for the
/// gradient of the draw.
///
/// Components that start apart find different modes, those that start together the same one: their means are drawn around the
/// start, [`spread`](Self::spread) wide.
pub type AutoMixture = AutoJoint<MixtureOfNormals>;

impl AutoMixture {
    /// With this many components.
    pub fn new(components: usize) -> Self {
        AutoJoint::of(MixtureOfNormals { components, spread: 1.0 })
    }

    /// The standard deviation of the means at the start, in unconstrained space, or in units of a [`Start`](super::Start); 1 unless
    /// set.
    #[must_use]
    pub fn spread(mut self, spread: f64) -> Self {
        self.family.spread = spread;
        self
    }
}

impl Family for MixtureOfNormals {
    const NAME: &'static str = "AutoMixture";
    const AT_A_MODE: bool = false;

    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
        let (k, n) = (self.components, frame.dim());
        if k == 0 {
            return Err(Error::Config { setting: "components".into(), problem: "0; a mixture needs at least one".into() });
        }
        let logits: Tensor<1> = frame.param(ctx, "logits", Support::Real, |to| constant(vec![0.0; k], [k], to))?;
        let loc: Tensor<2> = frame.param(ctx, "loc", Support::Real, |to| {
            let mut noise = vec![0.0; k * n];
            fill_f64(NoiseKind::Normal, frame.key().site("components"), &mut noise);
            noise.iter_mut().for_each(|x| *x *= self.spread);
            constant(noise, [k, n], to) + frame.init_loc(to).reshape([1, n])
        })?;
        let scale: Tensor<2> = frame.param(ctx, "scale", Support::Positive, |to| constant(vec![frame.init_scale(); k * n], [k, n], to))?;
        let ones = constant(vec![1.0; k * n], [k, n], ctx.placement());
        let triangle = if n == 1 {
            ones.reshape([k, 1, 1])
        } else {
            let len = below_len(n);
            let lower = frame.param(ctx, "lower", Support::Real, |to| constant(vec![0.0; k * len], [k, len], to))?;
            lower_triangle(lower, ones)
        };
        frame.draw(ctx, NormalMixture { logits, loc, whiten: triangle / scale.reshape([k, 1, n]) })
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(self.components as u64);
    }
}
