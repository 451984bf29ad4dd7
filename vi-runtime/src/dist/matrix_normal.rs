//! The matrix normal distribution.

use burn::tensor::{Float, Tensor};

use super::density::{minus_infinity, spread};
use super::matrices::{EventParam, Stack, each, event_methods, finite, merged, part, placement_of, repeated, scored};
use super::normal::HALF_LN_2PI;
use super::rows::broadcast;
use super::{Batch, Constraint, Distribution, Entropy, Moments, ShapeConflict};
use crate::error::Result;
use crate::linalg;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};

/// Matrices with mean `loc` whose rows have covariance `U = A Aᵀ` and whose columns have covariance `V = B Bᵀ`,
/// `A` = `scale_tril_row`, `B` = `scale_tril_column`; support: the real matrices, reported as the real numbers.
///
/// `log p(X) = −½ ‖A⁻¹ (X − loc) B⁻ᵀ‖² − C Σᵢ ln Aᵢᵢ − R Σⱼ ln Bⱼⱼ − ½ R C ln 2π`; `cov(xᵢⱼ, xₖₗ) = Uᵢₖ Vⱼₗ`
///
/// Source: Gupta and Nagar (2000), Matrix Variate Distributions, chapter 2.
///
/// # Shapes
/// `loc` and the value: `[batch, R, C]`, `scale_tril_row`: `[batch, R, R]`, `scale_tril_column`: `[batch, C, C]`; the last
/// two dimensions of the value are the event.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `loc` is not finite or a factor is not lower triangular
/// with a positive diagonal; [`Error::Shape`](crate::Error::Shape) where they do not fit.
#[derive(Clone, Debug)]
pub struct MatrixNormal<const D: usize> {
    loc: Operand<D>,
    scale_tril_row: Stack<D>,
    scale_tril_column: Stack<D>,
    batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

impl<const D: usize> MatrixNormal<D> {
    /// With mean and lower Cholesky factors of the covariances of rows and columns: tensors, references or arrays of `f64`;
    /// a number as `loc` stands for every element.
    pub fn new<L, A, B>(loc: L, scale_tril_row: A, scale_tril_column: B) -> Self
    where
        L: EventParam<D>,
        A: EventParam<D>,
        B: EventParam<D>,
    {
        Self::of(loc.operand(), Stack::of_events(scale_tril_row.operand()), Stack::of_events(scale_tril_column.operand()))
    }

    fn of(loc: Operand<D>, row: Stack<D>, column: Stack<D>) -> Self {
        let event = [row.size()[0], column.size()[0]];
        let (batch, conflict) = merged([part("loc", &loc), row.part("scale_tril_row", &event), column.part("scale_tril_column", &event)]);
        let conflict = row.square("scale_tril_row").or(column.square("scale_tril_column")).or(conflict);
        MatrixNormal { loc, scale_tril_row: row, scale_tril_column: column, batch, conflict }
    }

    /// The same distribution over independent copies that fill `shape`, whose last dimensions are R and C; new dimensions
    /// come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> MatrixNormal<E> {
        let mut expanded = MatrixNormal::of(self.loc.lift::<E>(), self.scale_tril_row.lift(), self.scale_tril_column.lift());
        expanded.conflict = expanded.conflict.or(self.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    /// The factors, with nothing above the diagonal.
    fn factors(&self, dims: [usize; D], to: &Placement) -> (Tensor<3>, Tensor<3>) {
        (self.scale_tril_row.for_batch(dims, 2, to).tril(0), self.scale_tril_column.for_batch(dims, 2, to).tril(0))
    }
}

/// `C Σᵢ ln Aᵢᵢ + R Σⱼ ln Bⱼⱼ`
fn half_log_det<const D: usize>(row: Tensor<3>, column: Tensor<3>, dims: [usize; D]) -> Tensor<D> {
    let log_det = |factor: Tensor<3>| each::<2, D>(linalg::diagonal(factor).log().sum_dim(1), dims, 2);
    log_det(row) * dims[D - 1] as f64 + log_det(column) * dims[D - 2] as f64
}

impl<const D: usize> Distribution<D> for MatrixNormal<D> {
    type Kind = Float;

    event_methods! { MatrixNormal, Real, 2, loc, scale_tril_row, scale_tril_column }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.shape())).unwrap_or(value.dims());
        let [rows, columns] = [dims[D - 2], dims[D - 1]];
        let count = dims[..D - 2].iter().product();
        let (value, outside) = finite(value, 2);
        let to = placement_of(&value);
        let difference = spread((Operand::Tensor(value) - self.loc.clone()).into_tensor(), dims);
        let (row, column) = (self.scale_tril_row.for_batch(dims, 2, &to), self.scale_tril_column.for_batch(dims, 2, &to));
        let half = linalg::solve_lower(row.clone(), difference.reshape([count, rows, columns]));
        let whitened = linalg::solve_lower(column.clone(), half.swap_dims(1, 2));
        let squares = whitened.square().sum_dim(2).sum_dim(1).reshape(scored(dims, 2));
        minus_infinity(squares * -0.5 - half_log_det(row, column, dims) - (rows * columns) as f64 * HALF_LN_2PI, outside)
    }

    /// `loc + A E Bᵀ`
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let dims = self.shape();
        let (row, column) = self.factors(dims, noise.placement());
        let standard = noise.normal([dims[..D - 2].iter().product(), dims[D - 2], dims[D - 1]])?;
        let draw = Operand::Tensor(row.matmul(standard).matmul(column.swap_dims(1, 2)).reshape(dims));
        Ok((draw + self.loc.clone()).into_tensor())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("loc", self.loc.any(), Constraint::Real);
        visit("scale_tril_row", self.scale_tril_row.any(), Constraint::LowerCholesky);
        visit("scale_tril_column", self.scale_tril_column.any(), Constraint::LowerCholesky);
    }
}

impl<const D: usize> Moments<D> for MatrixNormal<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone())
    }

    /// `Uᵢᵢ Vⱼⱼ`
    fn variance(&self) -> Tensor<D> {
        let (row, column) = self.factors(self.shape(), &self.batch.placement());
        let variances = row.square().sum_dim(2).matmul(column.square().sum_dim(2).swap_dims(1, 2));
        repeated(variances, self.shape(), 2)
    }
}

impl<const D: usize> Entropy<D> for MatrixNormal<D> {
    /// `½ R C ln 2πe + C Σᵢ ln Aᵢᵢ + R Σⱼ ln Bⱼⱼ`
    fn entropy(&self) -> Tensor<D> {
        let dims = self.shape();
        let (row, column) = self.factors(dims, &self.batch.placement());
        let elements = (dims[D - 2] * dims[D - 1]) as f64;
        spread(half_log_det(row, column, dims) + elements * (HALF_LN_2PI + 0.5), scored(dims, 2))
    }
}
