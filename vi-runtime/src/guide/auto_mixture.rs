//! A mixture of normal distributions of all sites.

use std::rc::Rc;

use burn::tensor::Tensor;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

use super::joint::{AutoJoint, Family, Frame};
use super::normal_mixture::{Component, NormalMixture};
use super::start::{Factor, Mode, Start, constant};
use crate::dist::Categorical;
use crate::error::{Error, Result};
use crate::linalg::{below_len, lower_triangle};
use crate::program::Ctx;
use crate::program::arg::Fingerprint;
use crate::setters::setters;
use crate::support::Support;

/// `u ~ Σₖ πₖ N(locₖ, Lₖ Lₖᵀ)`: the family of [`AutoMixture`].
#[derive(Clone, Debug)]
pub struct MixtureOfNormals {
    components: usize,
    spread: f64,
    implicit: bool,
    /// Where they start, in the coordinates of a start; without them, around its centre.
    modes: Rc<[Mode]>,
}

/// A mixture of normal distributions of all latent sites, each with any covariance, in unconstrained space: for posteriors with
/// several modes (Jaakkola and Jordan 1998).
///
/// The ELBO holds the density of the mixture, components summed out, at a draw of each of them: its mean over the components is a sum
/// with their weights, so that these learn without noise from the choice (Roeder, Wu and Duvenaud 2017, section 6; Morningstar et al.
/// 2021). A step runs the model for every component. The score of the mixture has mean 0, so a gradient is free of noise where the
/// guide is the posterior. Objectives of importance weights need one draw of the mixture instead, [`implicit`](Self::implicit).
///
/// Parameters, for `K` components and the `n` unconstrained elements of all sites: `auto.logits`, `[K]`, `auto.loc` and `auto.scale`,
/// `[K, n]`, and `auto.lower`, `[K, n (n − 1)/2]`, what stands under the diagonal of `Mₖ` row by row, where
/// `Lₖ⁻¹ = (I + Mₖ) diag(scaleₖ)⁻¹`; there is none for `n = 1`. A step costs `K² n²`, besides the model.
///
/// Components that start apart find different modes, those that start together the same one. Each mode that is found by eight
/// searches a component ([`Init::Pathfinder`](super::Init::Pathfinder)) is the start of one, with the mass there as its weight; the other
/// components share the modes, their means drawn around them, [`spread`](Self::spread) wide. Without such a search all means are drawn
/// around the one start.
pub type AutoMixture = AutoJoint<MixtureOfNormals>;

impl AutoMixture {
    /// With this many components.
    pub fn new(components: usize) -> Self {
        AutoJoint::of(MixtureOfNormals { components, spread: 1.0, implicit: false, modes: Rc::new([]) })
    }

    setters! {
        in family;
        /// The standard deviation of the means at the start, of those that no mode was found for: in unconstrained space, in units of a
        /// [`Start`](super::Start), or in those of the mode; 1 unless set.
        spread: f64;
    }

    /// Draws from the mixture itself, with implicit gradients (Figurnov, Mohamed and Mnih 2018), and not from each component in turn:
    /// one run of the model a draw, `n³` for its gradient, and every objective. The weights of components that are far apart learn
    /// little so: what says how much mass lies about each are the draws between them.
    #[must_use]
    pub fn implicit(mut self) -> Self {
        self.family.implicit = true;
        self
    }
}

impl Family for MixtureOfNormals {
    const NAME: &'static str = "AutoMixture";

    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
        let (k, n) = (self.components, frame.dim());
        if k == 0 {
            return Err(Error::Config { setting: "components".into(), problem: "0; a mixture needs at least one".into() });
        }
        let begin = |part: fn(&Beginning) -> &[f64]| self.begin(frame).iter().flat_map(|component| part(component).to_vec()).collect();
        let logits: Tensor<1> = frame.param(ctx, "logits", Support::Real, |to| constant(begin(|of| &of.logit), [k], to))?;
        let loc: Tensor<2> = frame.param(ctx, "loc", Support::Real, |to| constant(begin(|of| &of.loc), [k, n], to))?;
        let scale: Tensor<2> = frame.param(ctx, "scale", Support::Positive, |to| constant(begin(|of| &of.scale), [k, n], to))?;
        let ones = constant(vec![1.0; k * n], [k, n], ctx.placement());
        let triangle = if n == 1 {
            ones.reshape([k, 1, 1])
        } else {
            let len = below_len(n);
            let lower = frame.param(ctx, "lower", Support::Real, |to| constant(begin(|of| &of.lower), [k, len], to))?;
            lower_triangle(lower, ones)
        };
        let mixture = NormalMixture { logits, loc, whiten: triangle / scale.reshape([k, 1, n]) };
        if self.implicit {
            return frame.draw(ctx, mixture);
        }
        let chosen = frame.choose(ctx, Categorical::logits(mixture.logits.clone()))?;
        frame.draw(ctx, Component::new(mixture, chosen))
    }

    fn modes(&self) -> usize {
        self.components.max(1)
    }

    /// In coordinates in which the mixture of the modes has mean 0 and variance 1.
    fn at(&self, modes: Vec<Mode>) -> Option<(Self, Start)> {
        let best = modes.first()?;
        let weights: Vec<f64> = modes.iter().map(|mode| (mode.log_mass - best.log_mass).exp()).collect();
        let total: f64 = weights.iter().sum();
        let mean_of = |f: &dyn Fn(&Mode, usize) -> f64, i: usize| {
            modes.iter().zip(&weights).map(|(mode, weight)| weight * f(mode, i)).sum::<f64>() / total
        };
        let n = best.start.loc.len();
        let loc: Vec<f64> = (0..n).map(|i| mean_of(&|mode, i| mode.start.loc[i], i)).collect();
        let variances: Vec<Vec<f64>> = modes.iter().map(|mode| mode.start.variances()).collect();
        let unit = (0..n).map(|i| {
            let about = |(mode, variances): (&Mode, &Vec<f64>)| variances[i] + (mode.start.loc[i] - loc[i]).powi(2);
            let sum: f64 = modes.iter().zip(&variances).zip(&weights).map(|(mode, weight)| weight * about(mode)).sum();
            (sum / total).sqrt()
        });
        let start = Start { factor: Factor::Diagonal(unit.collect()), loc };
        Some((MixtureOfNormals { modes: modes.into(), ..self.clone() }, start))
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(self.components as u64);
    }
}

/// Where a component starts.
struct Beginning {
    logit: [f64; 1],
    loc: Vec<f64>,
    scale: Vec<f64>,
    lower: Vec<f64>,
}

impl MixtureOfNormals {
    fn begin(&self, frame: &Frame) -> Vec<Beginning> {
        let (k, n) = (self.components, frame.dim());
        let mut noise = vec![0.0; k * n];
        fill_f64(NoiseKind::Normal, frame.key().site("components"), &mut noise);
        noise.iter_mut().for_each(|x| *x *= self.spread);
        let around = |(index, noise): (usize, &[f64])| match self.modes.get(index % self.modes.len().max(1)) {
            Some(mode) => {
                let copies = (k - index % self.modes.len()).div_ceil(self.modes.len());
                let moved = if index < self.modes.len() { vec![0.0; n] } else { mode.start.scaled(noise) };
                let z: Vec<f64> = mode.start.loc.iter().zip(&moved).map(|(loc, moved)| loc + moved).collect();
                let (scale, lower) = whitening(&mode.start, frame);
                let logit = mode.log_mass - self.modes[0].log_mass - (copies as f64).ln();
                let scale = scale.into_iter().map(|scale| scale * frame.init_scale()).collect();
                Beginning { logit: [logit], loc: frame.coordinates(&z), scale, lower }
            }
            None => Beginning {
                logit: [0.0],
                loc: noise.iter().zip(frame.centre()).map(|(noise, loc)| loc + noise).collect(),
                scale: vec![frame.init_scale(); n],
                lower: vec![0.0; below_len(n)],
            },
        };
        noise.chunks_exact(n).enumerate().map(around).collect()
    }
}

/// `scale` and `M`, `L⁻¹ = (I + M) diag(scale)⁻¹`, of the distribution of `u` for that of `z` at a mode.
fn whitening(mode: &Start, frame: &Frame) -> (Vec<f64>, Vec<f64>) {
    let n = frame.dim();
    // Columns of L⁻¹.
    let columns: Vec<Vec<f64>> = (0..n).map(|j| mode.solve(frame.scaled((0..n).map(|i| f64::from(u8::from(i == j))).collect()))).collect();
    let scale: Vec<f64> = columns.iter().enumerate().map(|(j, column)| column[j].recip()).collect();
    let lower = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| columns[j][i] * scale[j]).collect();
    (scale, lower)
}
