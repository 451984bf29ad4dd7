//! A normal distribution of all sites whose covariance is a diagonal plus a matrix of low rank.

use burn::tensor::Tensor;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

use super::auto_diagonal_normal::loc_and_scale;
use super::gaussian::Gaussian;
use super::joint::{AutoJoint, Family, Frame};
use super::start::{Start, constant};
use crate::dist::LowRankMultivariateNormal;
use crate::error::{Error, Result};
use crate::program::arg::Fingerprint;
use crate::program::{Ctx, ParamStore};
use crate::setters::setters;
use crate::support::Support;

/// `u ~ N(loc, S (I + W Wᵀ) S)` with `S = diag(scale)`: the family of [`AutoLowRankMultivariateNormal`].
#[derive(Clone, Copy, Debug, Default)]
pub struct LowRank {
    rank: Option<usize>,
}

/// One normal distribution of all latent sites, in unconstrained space, with the covariance `S (I + W Wᵀ) S`; also called a
/// factor covariance (Ong, Nott and Smith 2018).
///
/// Parameters, for the `n` unconstrained elements of all sites: `auto.loc`, `[n]`, `auto.scale`, `[n]`, the diagonal of `S`, and
/// `auto.cov_factor`, `W`, `[n, rank]`. `W` starts at random, because its gradient is 0 in expectation where it is 0, and at
/// a hundredth of the variance. A step costs `n · rank`.
pub type AutoLowRankMultivariateNormal = AutoJoint<LowRank>;

impl AutoLowRankMultivariateNormal {
    setters! {
        in family;
        /// The number of columns of `W`; `⌈√n⌉` unless set.
        rank: usize => Some(rank);
    }
}

/// The size of the elements of `W` at the start, times the root of their number in a row.
const START: f64 = 0.1;

impl Family for LowRank {
    const NAME: &'static str = "AutoLowRankMultivariateNormal";

    fn coordinates(&self, found: Start) -> Start {
        found.independent()
    }

    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
        let n = frame.dim();
        let rank = self.rank.unwrap_or_else(|| (n as f64).sqrt().ceil() as usize);
        if rank == 0 {
            return Err(Error::Config { setting: "rank".into(), problem: "0; `AutoDiagonalNormal` has no factor".into() });
        }
        let (loc, scale) = loc_and_scale(ctx, frame)?;
        let factor: Tensor<2> = frame.param(ctx, "cov_factor", Support::Real, |to| {
            let mut noise = vec![0.0; n * rank];
            fill_f64(NoiseKind::Normal, frame.key().site("cov_factor"), &mut noise);
            noise.iter_mut().for_each(|x| *x *= START / (rank as f64).sqrt());
            constant(noise, [n, rank], to)
        })?;
        let factor = factor * scale.clone().reshape([n, 1]);
        frame.draw(ctx, LowRankMultivariateNormal::new(loc, factor, scale.square()))
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        key.write_u64(self.rank.map_or(0, |rank| rank as u64));
    }

    fn gaussian(&self, params: &ParamStore, frame: &Frame) -> Result<Option<Gaussian>> {
        let [loc, scale, factor] = ["loc", "scale", "cov_factor"].map(|name| frame.value(params, name));
        let (loc, scale, factor) = (loc?, scale?, factor?);
        let (n, rank) = (loc.len(), factor.len() / loc.len());
        let row = |i: usize| {
            let diagonal = (0..n).map(move |j| f64::from(u8::from(i == j)));
            factor[i * rank..(i + 1) * rank].iter().copied().chain(diagonal).map(|x| x * scale[i]).collect::<Vec<f64>>()
        };
        let rows: Vec<f64> = (0..n).flat_map(row).collect();
        Ok(Some(Gaussian::with_rows(loc, &rows)))
    }
}
