//! Divergences between normal distributions of vectors, however their covariance is given (Kullback 1959, Information Theory and
//! Statistics, chapter 9).

use burn::tensor::Tensor;

use super::density::spread;
use super::matrices::{columns, each, scored};
use super::rows::broadcast;
use super::{KlTo, LowRankMultivariateNormal, Moments, MultivariateNormal};
use crate::operand::Placement;

/// A batch of covariances `Σ` of `K` numbers, one row where one serves all.
pub(super) trait Covariance {
    fn rows(&self) -> usize;

    /// `xᵀ Σ⁻¹ x` of each column, `[rows, 1, columns]`.
    fn squares(&self, columns: Tensor<3>) -> Tensor<3>;

    /// A matrix `R` with `R Rᵀ = Σ`.
    fn root(&self) -> Tensor<3>;

    /// `½ ln |Σ|`, of size 1 where one covariance serves all.
    fn half_log_det<const D: usize>(&self, dims: [usize; D]) -> Tensor<D>;
}

/// A normal distribution of vectors.
trait Gaussian<const D: usize>: Moments<D> {
    fn covariance_for(&self, dims: [usize; D], to: &Placement) -> impl Covariance;

    fn placement(&self) -> Placement;
}

impl<const D: usize> Gaussian<D> for MultivariateNormal<D> {
    fn covariance_for(&self, dims: [usize; D], to: &Placement) -> impl Covariance {
        self.lower_for(dims, to)
    }

    fn placement(&self) -> Placement {
        self.placed_at()
    }
}

impl<const D: usize> Gaussian<D> for LowRankMultivariateNormal<D> {
    fn covariance_for(&self, dims: [usize; D], to: &Placement) -> impl Covariance {
        self.capacitance_for(dims, to)
    }

    fn placement(&self) -> Placement {
        self.placed_at()
    }
}

/// `½ (tr Σ'⁻¹Σ + (loc' − loc)ᵀ Σ'⁻¹ (loc' − loc) − K) + ½ ln |Σ'| − ½ ln |Σ|`
fn divergence<const D: usize>(p: &impl Gaussian<D>, q: &impl Gaussian<D>) -> Tensor<D> {
    let dims = broadcast(("p", p.shape()), ("q", q.shape())).unwrap_or(p.shape());
    let to = p.placement();
    let (mine, theirs) = (p.covariance_for(dims, &to), q.covariance_for(dims, &to));
    let trace: Tensor<D> = each(theirs.squares(mine.root()).sum_dim(2), dims, 1);
    let apart = spread(q.mean(), dims) - spread(p.mean(), dims);
    let apart = theirs.squares(columns(apart, theirs.rows())).reshape(scored(dims, 1));
    (trace + apart - dims[D - 1] as f64) * 0.5 + theirs.half_log_det(dims) - mine.half_log_det(dims)
}

macro_rules! pairs {
    ($($p:ident to $q:ident),*) => { $(
        impl<const D: usize> KlTo<D, $q<D>> for $p<D> {
            /// `½ (tr Σ'⁻¹Σ + (loc' − loc)ᵀ Σ'⁻¹ (loc' − loc) − K) + ½ ln |Σ'| − ½ ln |Σ|`
            fn kl_to(&self, q: &$q<D>) -> Tensor<D> {
                divergence(self, q)
            }
        }
    )* };
}
pairs! {
    MultivariateNormal to MultivariateNormal,
    MultivariateNormal to LowRankMultivariateNormal,
    LowRankMultivariateNormal to MultivariateNormal,
    LowRankMultivariateNormal to LowRankMultivariateNormal
}
