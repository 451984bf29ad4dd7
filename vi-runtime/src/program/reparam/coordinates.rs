//! Distributions of a site in other coordinates.

use std::f64::consts::{PI, TAU};
use std::fmt;

use burn::tensor::{Tensor, TensorData};

use super::Back;
use crate::any_tensor::{AnyTensor, each_rank};
use crate::error::Result;
use crate::noise::NoiseSource;
use crate::operand::Placement;
use crate::program::site::{DynDistribution, SiteDraw, wrapper_methods};
use crate::support::Support;

/// The angle in `[−π, π)` of each number.
pub(super) fn wrap(value: &AnyTensor) -> Result<AnyTensor> {
    each_rank!(value.rank(), D => {
        let x: Tensor<D> = value.typed("an angle")?;
        // A product: Burn rounds the derivative of a division by a number to single precision.
        let turns = x.clone().add_scalar(PI).mul_scalar(TAU.recip()).floor();
        Ok((x - crate::special::detach(turns).mul_scalar(TAU)).into())
    })
}

/// `Σₖ yₖ bₖ` for coefficients `y` along the last dimension and basis vectors `bₖ`.
pub(super) fn synthesise(value: &AnyTensor, basis: &[f64]) -> Result<AnyTensor> {
    along_last(value, basis, false)
}

fn along_last(value: &AnyTensor, basis: &[f64], transposed: bool) -> Result<AnyTensor> {
    each_rank!(value.rank(), D => {
        let x: Tensor<D> = value.typed("coefficients")?;
        let dims = x.dims();
        let n = dims[D - 1];
        let matrix: Tensor<2> = Tensor::from_data(TensorData::new(basis.to_vec(), [n, n]), (&x.device().inner(), x.dtype()));
        let matrix = if transposed { matrix.transpose() } else { matrix };
        let rows = x.reshape([dims[..D - 1].iter().product::<usize>(), n]);
        Ok(rows.matmul(matrix).reshape(dims).into())
    })
}

/// Coefficients of vectors along the last dimension.
pub(super) fn analyse(value: &AnyTensor, basis: &[f64]) -> Result<AnyTensor> {
    along_last(value, basis, true)
}

/// A distribution of what `back` maps to a value of `base` without changing volumes.
#[derive(Clone)]
pub(super) struct Moved {
    pub(super) base: Box<dyn DynDistribution>,
    pub(super) label: &'static str,
    pub(super) support: Support,
    pub(super) back: Back,
    /// From a value of the base to the new coordinates.
    pub(super) away: Back,
}

impl fmt::Debug for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(self.label).field("base", &self.base).finish_non_exhaustive()
    }
}

impl DynDistribution for Moved {
    wrapper_methods!();

    fn name(&self) -> String {
        format!("{}({})", self.label, self.base.name())
    }
    fn support(&self) -> Support {
        self.support
    }
    fn draw(&self, noise: &mut dyn NoiseSource) -> Result<SiteDraw> {
        let drawn = self.base.draw(noise)?;
        Ok(SiteDraw { value: (self.away)(drawn.value)?, log_prob: drawn.log_prob, base: None })
    }
    fn begin(&self, at: &Placement) -> Result<Option<AnyTensor>> {
        self.base.begin(at)?.map(|value| (self.away)(value)).transpose()
    }
    fn log_prob(&self, value: &AnyTensor, mask: Option<&AnyTensor>) -> Result<AnyTensor> {
        self.base.log_prob(&(self.back)(value.clone())?, mask)
    }
    fn log_prob_from(&self, _: &AnyTensor, value: &AnyTensor) -> Result<AnyTensor> {
        self.log_prob(value, None)
    }
}
