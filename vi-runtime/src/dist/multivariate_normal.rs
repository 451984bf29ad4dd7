//! The multivariate normal distribution.

use burn::tensor::{Float, Tensor};

use super::density::{minus_infinity, spread};
use super::gaussian_kl::Covariance;
use super::matrices::{Stack, columns, each, event_methods, finite, identity, merged, part, placement_of, repeated, scored, vectors};
use super::normal::HALF_LN_2PI;
use super::rows::broadcast;
use super::{Batch, Constraint, Distribution, Entropy, EventParam, Matrices, Moments, ScoredDraw, ShapeConflict};
use crate::error::Result;
use crate::linalg;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};

/// Normal vectors with mean `loc` and covariance `Σ`, given by its lower Cholesky factor `scale_tril`, by itself
/// (`covariance_matrix`) or by its inverse (`precision_matrix`); support: the real vectors.
///
/// `log p(x) = −½ (x − loc)ᵀ Σ⁻¹ (x − loc) − ½ ln |Σ| − ½ K ln 2π`
///
/// Source: Kotz, Balakrishnan and Johnson (2000), Continuous Multivariate Distributions, vol. 1, chapter 45.
///
/// Of a covariance or precision matrix the lower triangle is read; its gradient is shared evenly by both triangles. The
/// precision is never inverted: its factor `M` whitens by `Mᵀ` and draws by `M⁻ᵀ`.
///
/// # Shapes
/// `loc` and the value: `[batch, K]`, the matrix: `[batch, K, K]`; the last dimension of the value is the event.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `loc` is not finite, `scale_tril` is not lower
/// triangular with a positive diagonal or another matrix is not positive definite;
/// [`Error::Shape`](crate::Error::Shape) where the two do not fit.
#[derive(Clone, Debug)]
pub struct MultivariateNormal<const D: usize> {
    loc: Operand<D>,
    form: Form,
    matrices: Stack<D>,
    batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

/// What the matrix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    ScaleTril,
    Covariance,
    Precision,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Form::ScaleTril => "scale_tril",
            Form::Covariance => "covariance_matrix",
            Form::Precision => "precision_matrix",
        }
    }

    fn constraint(self) -> Constraint {
        match self {
            Form::ScaleTril => Constraint::LowerCholesky,
            Form::Covariance | Form::Precision => Constraint::PositiveDefinite,
        }
    }
}

/// A lower triangular matrix from which a covariance follows: its Cholesky factor, or that of its inverse.
pub(super) struct Factor {
    tril: Tensor<3>,
    of_precision: bool,
}

impl Factor {
    /// Standard normal columns from columns of this covariance.
    fn whiten(&self, columns: Tensor<3>) -> Tensor<3> {
        match self.of_precision {
            true => self.tril.clone().swap_dims(1, 2).matmul(columns),
            false => linalg::solve_lower(self.tril.clone(), columns),
        }
    }

    /// Columns of this covariance from standard normal columns.
    fn colour(&self, columns: Tensor<3>) -> Tensor<3> {
        match self.of_precision {
            true => linalg::solve_lower_transposed(self.tril.clone(), columns),
            false => self.tril.clone().matmul(columns),
        }
    }
}

impl Covariance for Factor {
    fn rows(&self) -> usize {
        self.tril.dims()[0]
    }

    fn squares(&self, columns: Tensor<3>) -> Tensor<3> {
        self.whiten(columns).square().sum_dim(1)
    }

    fn root(&self) -> Tensor<3> {
        match self.of_precision {
            true => self.colour(identity(self.tril.dims()[1], &placement_of(&self.tril))),
            false => self.tril.clone(),
        }
    }

    fn half_log_det<const D: usize>(&self, dims: [usize; D]) -> Tensor<D> {
        let log = linalg::diagonal(self.tril.clone()).log().sum_dim(1);
        each(if self.of_precision { log.neg() } else { log }, dims, 1)
    }
}

impl<const D: usize> MultivariateNormal<D> {
    /// With mean and lower Cholesky factor of the covariance: tensors, references or arrays of `f64`; a number as `loc`
    /// stands for every element.
    pub fn new<L, S>(loc: L, scale_tril: S) -> Self
    where
        L: EventParam<D>,
        S: Matrices<D>,
    {
        Self::with(Form::ScaleTril, loc, scale_tril)
    }

    /// With mean and covariance.
    pub fn covariance<L, S>(loc: L, covariance_matrix: S) -> Self
    where
        L: EventParam<D>,
        S: Matrices<D>,
    {
        Self::with(Form::Covariance, loc, covariance_matrix)
    }

    /// With mean and inverse of the covariance.
    pub fn precision<L, S>(loc: L, precision_matrix: S) -> Self
    where
        L: EventParam<D>,
        S: Matrices<D>,
    {
        Self::with(Form::Precision, loc, precision_matrix)
    }

    fn with<L, S>(form: Form, loc: L, matrices: S) -> Self
    where
        L: EventParam<D>,
        S: Matrices<D>,
    {
        Self::of(form, loc.operand(), Stack::beside_vectors(matrices.matrices()))
    }

    fn of(form: Form, loc: Operand<D>, matrices: Stack<D>) -> Self {
        let name = form.name();
        let (batch, conflict) = merged([part("loc", &loc), matrices.part(name, &matrices.size()[..1])]);
        let conflict = matrices.square(name).or(conflict);
        MultivariateNormal { loc, form, matrices, batch, conflict }
    }

    /// The same distribution over independent copies that fill `shape`, whose last dimension is K; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> MultivariateNormal<E> {
        let mut expanded = MultivariateNormal::of(self.form, self.loc.lift::<E>(), self.matrices.lift());
        expanded.conflict = expanded.conflict.or(self.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    /// The factors for a value of shape `dims`, one where one serves all.
    fn factor_for(&self, dims: [usize; D], to: &Placement) -> Factor {
        let matrices = self.matrices.tensor(to);
        let tril = if self.form == Form::ScaleTril { matrices } else { linalg::cholesky(matrices) };
        Factor { tril: self.matrices.aligned(tril, dims, 1), of_precision: self.form == Form::Precision }
    }

    /// As [`factor_for`](Self::factor_for), with nothing above the diagonal, and no gradient there either.
    pub(super) fn lower_for(&self, dims: [usize; D], to: &Placement) -> Factor {
        let mut factor = self.factor_for(dims, to);
        factor.tril = factor.tril.tril(0);
        factor
    }

    pub(super) fn placed_at(&self) -> Placement {
        self.batch.placement()
    }

    fn factor(&self) -> Factor {
        self.lower_for(self.shape(), &self.batch.placement())
    }
}

impl<const D: usize> Distribution<D> for MultivariateNormal<D> {
    type Kind = Float;

    event_methods! { MultivariateNormal, RealVector, 1, loc, matrices }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let (value, outside) = finite(value, 1);
        let difference = (Operand::Tensor(value.clone()) - self.loc.clone()).into_tensor();
        let own = self.matrices.dims_with(&[difference.dims()[D - 1]]);
        let dims = broadcast(("the value", difference.dims()), (self.form.name(), own)).unwrap_or(difference.dims());
        let difference = spread(difference, dims);
        let factor = self.factor_for(dims, &placement_of(&value));
        let squares = factor.squares(columns(difference, factor.rows())).reshape(scored(dims, 1));
        minus_infinity(score(squares, factor.half_log_det(dims), dims[D - 1]), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.draw_scored(noise)?.value)
    }

    /// The draw is `loc + R ε` with `R Rᵀ = Σ`, so its density is that of `ε` over the determinant: nothing is whitened.
    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, Float>> {
        let dims = self.shape();
        let size = dims[D - 1];
        let count = dims[..D - 1].iter().product();
        let factor = self.lower_for(dims, noise.placement());
        let standard = noise.normal([count, size])?;
        let squares = standard.clone().square().sum_dim(1).reshape(scored(dims, 1));
        let draw: Tensor<D> = if factor.rows() == 1 && !factor.of_precision {
            standard.matmul(factor.tril.clone().reshape([size, size]).transpose()).reshape(dims)
        } else {
            vectors(factor.colour(columns(standard, factor.rows())), dims)
        };
        let score = score(squares, factor.half_log_det(dims), size);
        Ok(ScoredDraw::scored((Operand::Tensor(draw) + self.loc.clone()).into_tensor(), score))
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("loc", self.loc.any(), Constraint::Real);
        visit(self.form.name(), self.matrices.any(), self.form.constraint());
    }
}

/// The log density of vectors whose standardised form has these sums of squares.
fn score<const D: usize>(squares: Tensor<D>, half_log_det: Tensor<D>, size: usize) -> Tensor<D> {
    squares * -0.5 - half_log_det - size as f64 * HALF_LN_2PI
}

impl<const D: usize> Moments<D> for MultivariateNormal<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone())
    }

    /// The diagonal of `Σ`.
    fn variance(&self) -> Tensor<D> {
        repeated(self.factor().root().square().sum_dim(2), self.shape(), 1)
    }
}

impl<const D: usize> Entropy<D> for MultivariateNormal<D> {
    /// `½ ln |Σ| + ½ K ln 2πe`
    fn entropy(&self) -> Tensor<D> {
        let dims = self.shape();
        spread(self.factor().half_log_det(dims) + dims[D - 1] as f64 * (HALF_LN_2PI + 0.5), scored(dims, 1))
    }
}
