//! The multivariate normal distribution with a covariance of low rank plus a diagonal.

use burn::tensor::{Float, Tensor};

use super::density::{minus_infinity, spread};
use super::gaussian_kl::Covariance;
use super::matrices::{Stack, columns, each, event_methods, finite, identity, merged, part, placement_of, repeated, scored, vectors};
use super::normal::HALF_LN_2PI;
use super::rows::broadcast;
use super::{Batch, Constraint, Distribution, Entropy, EventParam, Matrices, Moments, ShapeConflict};
use crate::error::Result;
use crate::linalg;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};

/// Normal vectors with mean `loc` and covariance `W Wᵀ + diag(d)`, `W` = `cov_factor`, `d` = `cov_diag`; support: the real
/// vectors.
///
/// `log p(x) = −½ (‖D^−½ (y − W u)‖² + ‖u‖²) − ½ Σₖ ln dₖ − ½ ln |C| − ½ K ln 2π`, where `y = x − loc`, `C = I + Wᵀ D⁻¹ W` is
/// the capacitance matrix and `u = C⁻¹ Wᵀ D⁻¹ y`
///
/// Source: as for [`MultivariateNormal`](super::MultivariateNormal); Anderson (2003), An Introduction to Multivariate Statistical
/// Analysis, chapter 14, for the covariance; Woodbury (1950), "Inverting Modified Matrices".
///
/// The quadratic form is that of Woodbury's identity, written as the least squares problem that it solves: the difference
/// of two squares in the identity itself cancels along the columns of `W`. No `K × K` matrix is made.
///
/// # Shapes
/// `loc`, `cov_diag` and the value: `[batch, K]`, `cov_factor`: `[batch, K, R]`; the last dimension of the value is the event.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `cov_diag` is not positive or a parameter is not finite;
/// [`Error::Shape`](crate::Error::Shape) where they do not fit.
#[derive(Clone, Debug)]
pub struct LowRankMultivariateNormal<const D: usize> {
    loc: Operand<D>,
    cov_factor: Stack<D>,
    cov_diag: Operand<D>,
    batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

/// `D^½` as `[rows, K, 1]`, `D^−½ W`, and the factor of the capacitance matrix; one row where one serves all.
pub(super) struct Capacitance {
    root_diag: Tensor<3>,
    scaled: Tensor<3>,
    tril: Tensor<3>,
}

impl Covariance for Capacitance {
    fn rows(&self) -> usize {
        self.scaled.dims()[0]
    }

    fn squares(&self, columns: Tensor<3>) -> Tensor<3> {
        let whitened = columns / self.root_diag.clone();
        let half = linalg::solve_lower(self.tril.clone(), self.scaled.clone().swap_dims(1, 2).matmul(whitened.clone()));
        let factors = linalg::solve_lower_transposed(self.tril.clone(), half);
        let residual = whitened - self.scaled.clone().matmul(factors.clone());
        residual.square().sum_dim(1) + factors.square().sum_dim(1)
    }

    /// `W` beside `D^½`.
    fn root(&self) -> Tensor<3> {
        let [rows, size, _] = self.scaled.dims();
        let diagonal = self.root_diag.clone() * identity(size, &placement_of(&self.root_diag));
        Tensor::cat(vec![self.scaled.clone() * self.root_diag.clone(), spread(diagonal, [rows, size, size])], 2)
    }

    fn half_log_det<const D: usize>(&self, dims: [usize; D]) -> Tensor<D> {
        let capacitance = linalg::diagonal(self.tril.clone()).log().sum_dim(1);
        let diagonal = self.root_diag.clone().log().sum_dim(1);
        each::<3, D>(diagonal, dims, 1) + each::<2, D>(capacitance, dims, 1)
    }
}

impl<const D: usize> LowRankMultivariateNormal<D> {
    /// With mean, factor of the covariance and diagonal that is added to it: tensors, references or arrays of `f64`; a
    /// number as `loc` or `cov_diag` stands for every element.
    pub fn new<L, W, V>(loc: L, cov_factor: W, cov_diag: V) -> Self
    where
        L: EventParam<D>,
        W: Matrices<D>,
        V: EventParam<D>,
    {
        Self::of(loc.operand(), Stack::beside_vectors(cov_factor.matrices()), cov_diag.operand())
    }

    fn of(loc: Operand<D>, cov_factor: Stack<D>, cov_diag: Operand<D>) -> Self {
        let (batch, conflict) =
            merged([part("loc", &loc), cov_factor.part("cov_factor", &cov_factor.size()[..1]), part("cov_diag", &cov_diag)]);
        LowRankMultivariateNormal { loc, cov_factor, cov_diag, batch, conflict }
    }

    /// The same distribution over independent copies that fill `shape`, whose last dimension is K; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> LowRankMultivariateNormal<E> {
        let mut expanded = LowRankMultivariateNormal::of(self.loc.lift::<E>(), self.cov_factor.lift(), self.cov_diag.lift());
        expanded.conflict = expanded.conflict.or(self.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    pub(super) fn capacitance_for(&self, dims: [usize; D], to: &Placement) -> Capacitance {
        let size = dims[D - 1];
        let diag = self.cov_diag.clone().tensor(to);
        let diag = if diag.dims()[..D - 1].iter().all(|&size| size == 1) {
            let mut one = [1; D];
            one[D - 1] = size;
            spread(diag, one).reshape([1, size, 1])
        } else {
            let count = dims[..D - 1].iter().product();
            spread(diag, dims).reshape([count, size, 1])
        };
        let root_diag = diag.sqrt();
        let scaled = self.cov_factor.for_batch(dims, 1, to) / root_diag.clone();
        let [_, _, rank] = scaled.dims();
        let gram = scaled.clone().swap_dims(1, 2).matmul(scaled.clone());
        let tril = linalg::cholesky(gram + identity(rank, to));
        Capacitance { root_diag, scaled, tril }
    }

    pub(super) fn placed_at(&self) -> Placement {
        self.batch.placement()
    }

    fn capacitance(&self) -> Capacitance {
        self.capacitance_for(self.shape(), &self.batch.placement())
    }
}

impl<const D: usize> Distribution<D> for LowRankMultivariateNormal<D> {
    type Kind = Float;

    event_methods! { LowRankMultivariateNormal, RealVector, 1, loc, cov_factor, cov_diag }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.shape())).unwrap_or(value.dims());
        let (value, outside) = finite(value, 1);
        let capacitance = self.capacitance_for(dims, &placement_of(&value));
        let difference = spread((Operand::Tensor(value) - self.loc.clone()).into_tensor(), dims);
        let squares = capacitance.squares(columns(difference, capacitance.rows())).reshape(scored(dims, 1));
        minus_infinity(squares * -0.5 - capacitance.half_log_det(dims) - dims[D - 1] as f64 * HALF_LN_2PI, outside)
    }

    /// `loc + W ε + d^½ ε'`
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let dims = self.shape();
        let count = dims[..D - 1].iter().product();
        let factor = self.cov_factor.for_batch(dims, 1, noise.placement());
        let [rows, _, rank] = factor.dims();
        let shared = columns(noise.normal([count, rank])?, rows);
        let own = Operand::Tensor(noise.normal(dims)?) * self.cov_diag.clone().sqrt();
        let shared = Operand::Tensor(vectors(factor.matmul(shared), dims));
        Ok((shared + own + self.loc.clone()).into_tensor())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("loc", self.loc.any(), Constraint::Real);
        visit("cov_factor", self.cov_factor.any(), Constraint::Real);
        visit("cov_diag", self.cov_diag.any(), Constraint::Positive);
    }
}

impl<const D: usize> Moments<D> for LowRankMultivariateNormal<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone())
    }

    /// `Σᵣ Wₖᵣ² + dₖ`
    fn variance(&self) -> Tensor<D> {
        let factor = self.cov_factor.for_batch(self.shape(), 1, &self.batch.placement());
        repeated(factor.square().sum_dim(2), self.shape(), 1) + self.batch.fill(self.cov_diag.clone())
    }
}

impl<const D: usize> Entropy<D> for LowRankMultivariateNormal<D> {
    /// `½ ln |W Wᵀ + D| + ½ K ln 2πe`
    fn entropy(&self) -> Tensor<D> {
        let dims = self.shape();
        spread(self.capacitance().half_log_det(dims) + dims[D - 1] as f64 * (HALF_LN_2PI + 0.5), scored(dims, 1))
    }
}
