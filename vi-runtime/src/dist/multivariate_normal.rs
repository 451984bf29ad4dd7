//! The multivariate normal distribution.

use burn::tensor::{Float, FloatDType, Tensor};

use super::density::spread;
use super::normal::HALF_LN_2PI;
use super::rows::{align, broadcast};
use super::{Batch, Constraint, Distribution, Params, ShapeConflict};
use crate::error::Result;
use crate::linalg;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::support::Support;

/// Normal vectors with mean `loc` and covariance `L Lᵀ`, `L` = `scale_tril`; support: the real vectors.
///
/// `log p(x) = −½ ‖L⁻¹(x − loc)‖² − Σₖ ln Lₖₖ − ½ K ln 2π`
///
/// # Shapes
/// `loc` and the value: `[batch, K]`, `scale_tril`: `[batch, K, K]`; the last dimension of the value is the event.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `loc` is not finite or `scale_tril` is not lower
/// triangular with a positive diagonal; [`Error::Shape`](crate::Error::Shape) where the two do not fit.
#[derive(Clone, Debug)]
pub struct MultivariateNormal<const D: usize> {
    pub(super) loc: Operand<D>,
    /// `[rows, K, K]`
    pub(super) factors: Operand<3>,
    /// The batch dimensions that the factors have, then K.
    pub(super) own: [usize; D],
    pub(super) batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

/// Lower-triangular matrices that make a [`MultivariateNormal`] of rank `D`: `[[f64; K]; K]` and `Tensor<2>` make rank 1,
/// `Tensor<3>` rank 2, and so on; references as well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the scale_tril of a multivariate normal distribution of rank {D}",
    label = "expected a tensor `[batch, K, K]` with one dimension more than `loc`"
)]
pub trait ScaleTril<const D: usize> {
    /// The matrices as `[rows, K, K]`, and the dimensions that they had.
    fn factors(self) -> (Operand<3>, Vec<usize>);
}

impl<const K: usize> ScaleTril<1> for [[f64; K]; K] {
    fn factors(self) -> (Operand<3>, Vec<usize>) {
        (Operand::Host(self.concat(), [1, K, K]), vec![K, K])
    }
}

macro_rules! scale_tril {
    ($($value:literal from $rank:literal),*) => { $(
        impl ScaleTril<$value> for Tensor<$rank> {
            fn factors(self) -> (Operand<3>, Vec<usize>) {
                let dims = self.dims();
                let rows: usize = dims[..$rank - 2].iter().product();
                (Operand::Tensor(self.reshape([rows, dims[$rank - 2], dims[$rank - 1]])), dims.to_vec())
            }
        }
        impl ScaleTril<$value> for &Tensor<$rank> {
            fn factors(self) -> (Operand<3>, Vec<usize>) {
                self.clone().factors()
            }
        }
    )* };
}
scale_tril!(1 from 2, 2 from 3, 3 from 4, 4 from 5, 5 from 6, 6 from 7, 7 from 8);

impl<const D: usize> MultivariateNormal<D> {
    /// With mean and lower Cholesky factor of the covariance: tensors, references or arrays of `f64`; a number as `loc`
    /// stands for every element.
    pub fn new<L, S>(loc: L, scale_tril: S) -> Self
    where
        (L,): Params<D, 1>,
        S: ScaleTril<D>,
    {
        let [loc] = Params::operands((loc,));
        let (factors, dims) = scale_tril.factors();
        let own: [usize; D] = std::array::from_fn(|i| dims[i]);
        let square = dims[D - 1] == dims[D];
        let mut normal = Self::of(loc, factors, own);
        if !square {
            normal.conflict = Some(ShapeConflict { left: ("scale_tril", dims.clone()), right: ("scale_tril", dims) });
        }
        normal
    }

    fn of(loc: Operand<D>, factors: Operand<3>, own: [usize; D]) -> Self {
        let (dims, conflict) = match broadcast(("loc", loc.dims()), ("scale_tril", own)) {
            Ok(dims) => (dims, None),
            Err(conflict) => (loc.dims(), Some(conflict)),
        };
        MultivariateNormal { batch: Batch::of([("loc", &loc)]).expand(dims), loc, factors, own, conflict }
    }

    /// The same distribution over independent copies that fill `shape`, whose last dimension is K; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> MultivariateNormal<E> {
        let own = Operand::<D>::Host(Vec::new(), self.own).lift::<E>().dims();
        let mut expanded = MultivariateNormal::of(self.loc.lift::<E>(), self.factors, own);
        expanded.conflict = expanded.conflict.or(self.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    /// The factors for a value of shape `dims` (`[1, K, K]` where one serves all), and the number of vectors in that value.
    fn factors_for(&self, dims: [usize; D], to: &Placement) -> (Tensor<3>, usize) {
        let factors = align(self.factors.clone().tensor(to), &self.own[..D - 1], &dims[..D - 1]);
        (factors, dims[..D - 1].iter().product())
    }
}

impl<const D: usize> Distribution<D> for MultivariateNormal<D> {
    type Kind = Float;

    fn name(&self) -> String {
        "MultivariateNormal".to_owned()
    }

    fn shape(&self) -> [usize; D] {
        self.batch.dims()
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        Support::RealVector
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let difference = (Operand::Tensor(value.clone()) - self.loc.clone()).into_tensor();
        let dims = broadcast(("the value", difference.dims()), ("scale_tril", self.own)).unwrap_or(difference.dims());
        let difference = spread(difference, dims);
        let size = dims[D - 1];
        let to = Placement { device: value.device().inner(), dtype: FloatDType::from(value.dtype()) };
        let (factors, count) = self.factors_for(dims, &to);
        let mut out = dims;
        out[D - 1] = 1;
        let log_det = log_det(&factors, out);
        // One factor for all vectors: they are the columns of one right-hand side.
        let squares: Tensor<D> = if factors.dims()[0] == 1 {
            let columns = difference.reshape([count, size]).transpose().reshape([1, size, count]);
            linalg::solve_lower(factors, columns).square().sum_dim(1).reshape(out)
        } else {
            let columns = difference.reshape([count, size, 1]);
            linalg::solve_lower(factors, columns).square().sum_dim(1).reshape(out)
        };
        score(squares, log_det, size)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.draw_scored(noise)?.0)
    }

    /// The draw is `loc + L ε`, so its density is that of `ε` over the determinant: nothing is solved.
    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<(Tensor<D>, Option<Tensor<D>>)> {
        let dims = self.shape();
        let size = dims[D - 1];
        let (factors, count) = self.factors_for(dims, noise.placement());
        // Above the diagonal there is nothing, and no gradient either.
        let factors = factors.tril(0);
        let mut out = dims;
        out[D - 1] = 1;
        let log_det = log_det(&factors, out);
        let standard = noise.normal([count, size])?;
        let squares = standard.clone().square().sum_dim(1).reshape(out);
        let draw: Tensor<D> = if factors.dims()[0] == 1 {
            standard.matmul(factors.reshape([size, size]).transpose()).reshape(dims)
        } else {
            factors.matmul(standard.reshape([count, size, 1])).reshape(dims)
        };
        Ok(((Operand::Tensor(draw) + self.loc.clone()).into_tensor(), Some(score(squares, log_det, size))))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }

    fn place(mut self, to: &Placement) -> Self {
        self.loc = self.loc.place(to);
        self.factors = self.factors.place(to);
        self.batch = self.batch.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        self.batch = self.batch.grow(shape);
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.conflict.clone().or_else(|| self.batch.conflict())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("loc", self.loc.any(), Constraint::Real);
        visit("scale_tril", self.factors.any(), Constraint::LowerCholesky);
    }
}

/// `log |L|` of each factor, of shape `out` or of size 1 where one factor serves all.
fn log_det<const D: usize>(factors: &Tensor<3>, out: [usize; D]) -> Tensor<D> {
    let log_det = linalg::diagonal(factors.clone()).log().sum_dim(1);
    if factors.dims()[0] == 1 { log_det.reshape([1; D]) } else { log_det.reshape(out) }
}

/// The log density of vectors whose standardised form has these sums of squares.
fn score<const D: usize>(squares: Tensor<D>, log_det: Tensor<D>, size: usize) -> Tensor<D> {
    squares * -0.5 - log_det - size as f64 * HALF_LN_2PI
}
