//! The multivariate Student t distribution.

use std::f64::consts::PI;

use burn::tensor::{Float, Tensor};

use super::density::{beside, full, minus_infinity, spread};
use super::matrices::{Stack, columns, each, event_methods, finite, merged, one_an_event, part, placement_of, repeated, scored, vectors};
use super::rows::broadcast;
use super::{Batch, Constraint, Distribution, Entropy, EventParam, Matrices, Moments, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand};
use crate::{linalg, special};

/// Vectors `loc + L ε √(v/χ²ᵥ)` with `df` = `v` degrees of freedom and `L` = `scale_tril`; support: the real vectors.
///
/// `log p(x) = ln Γ(½(v + K)) − ln Γ(½v) − ½ K ln πv − Σₖ ln Lₖₖ − ½(v + K) ln(1 + ‖L⁻¹(x − loc)‖²/v)`
///
/// Source: Kotz and Nadarajah (2004), Multivariate t Distributions and Their Applications, chapter 1.
///
/// Draws are differentiable in every parameter.
///
/// # Shapes
/// `loc` and the value: `[batch, K]`, `df`: `[batch, 1]`, `scale_tril`: `[batch, K, K]`; the last dimension of the value is
/// the event.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `df` is not positive, `loc` is not finite or `scale_tril`
/// is not lower triangular with a positive diagonal; [`Error::Shape`](crate::Error::Shape) where they do not fit.
#[derive(Clone, Debug)]
pub struct MultivariateStudentT<const D: usize> {
    df: Operand<D>,
    loc: Operand<D>,
    scale_tril: Stack<D>,
    batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

impl<const D: usize> MultivariateStudentT<D> {
    /// With degrees of freedom, centre and lower Cholesky factor of the scale matrix: tensors, references, numbers or
    /// arrays of `f64`; a number as `loc` stands for every element.
    pub fn new<V, L, S>(df: V, loc: L, scale_tril: S) -> Self
    where
        V: EventParam<D>,
        L: EventParam<D>,
        S: Matrices<D>,
    {
        Self::of(df.operand(), loc.operand(), Stack::beside_vectors(scale_tril.matrices()))
    }

    fn of(df: Operand<D>, loc: Operand<D>, scale_tril: Stack<D>) -> Self {
        let parts = [part("df", &df), part("loc", &loc), scale_tril.part("scale_tril", &scale_tril.size()[..1])];
        let (batch, conflict) = merged(parts);
        let conflict = scale_tril.square("scale_tril").or(one_an_event("df", &df, 1)).or(conflict);
        MultivariateStudentT { df, loc, scale_tril, batch, conflict }
    }

    /// The same distribution over independent copies that fill `shape`, whose last dimension is K; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> MultivariateStudentT<E> {
        let mut expanded = MultivariateStudentT::of(self.df.lift::<E>(), self.loc.lift(), self.scale_tril.lift());
        expanded.conflict = expanded.conflict.or(self.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    /// `ln Γ(½(v + K)) − ln Γ(½v) − ½ K ln πv`, as `ln Γ(½K) − ln B(½v, ½K) − …`: the gamma functions of `v` cancel.
    fn constant(&self, size: usize) -> Operand<D> {
        let half = 0.5 * size as f64;
        let log_beta =
            (self.df.clone() * 0.5).map(|a| special::scalar::log_beta(a, half), |a| special::log_beta(a.clone(), a.full_like(half)));
        special::scalar::lgamma(half) - log_beta - (self.df.clone().ln() + PI.ln()) * half
    }

    fn factor(&self) -> Tensor<3> {
        self.scale_tril.for_batch(self.shape(), 1, &self.batch.placement()).tril(0)
    }
}

impl<const D: usize> Distribution<D> for MultivariateStudentT<D> {
    type Kind = Float;

    event_methods! { MultivariateStudentT, RealVector, 1, df, loc, scale_tril }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.shape())).unwrap_or(value.dims());
        let size = dims[D - 1];
        let (value, outside) = finite(value, 1);
        let tril = self.scale_tril.for_batch(dims, 1, &placement_of(&value));
        let difference = spread((Operand::Tensor(value) - self.loc.clone()).into_tensor(), dims);
        let log_det: Tensor<D> = each(linalg::diagonal(tril.clone()).log().sum_dim(1), dims, 1);
        let right = columns(difference, tril.dims()[0]);
        let squares = linalg::solve_lower(tril, right).square().sum_dim(1).reshape(scored(dims, 1));
        let tail = (Operand::Tensor(squares) / self.df.clone()).ln_1p() * ((self.df.clone() + size as f64) * 0.5);
        minus_infinity((self.constant(size) - tail - Operand::Tensor(log_det)).into_tensor(), outside)
    }

    /// A normal draw over the square root of an independent `χ²(df)/df`, which is `Gamma(df/2, df/2)`.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let dims = self.shape();
        let (size, count) = (dims[D - 1], dims[..D - 1].iter().product());
        let tril = self.scale_tril.for_batch(dims, 1, noise.placement()).tril(0);
        let standard = columns(noise.normal([count, size])?, tril.dims()[0]);
        let normal = Operand::Tensor(vectors(tril.matmul(standard), dims));
        let half_df = Operand::Tensor(full(&self.df, scored(dims, 1), noise)) * 0.5;
        let log_gamma = Operand::Tensor(noise.log_gamma(half_df.clone().into_tensor())?);
        let stretch = ((half_df.ln() - log_gamma) * 0.5).exp();
        Ok((normal * stretch + self.loc.clone()).into_tensor())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("df", self.df.any(), Constraint::Positive);
        visit("loc", self.loc.any(), Constraint::Real);
        visit("scale_tril", self.scale_tril.any(), Constraint::LowerCholesky);
    }
}

impl<const D: usize> Moments<D> for MultivariateStudentT<D> {
    /// `loc`, NaN where `df ≤ 1`.
    fn mean(&self) -> Tensor<D> {
        let df = self.batch.fill(self.df.clone());
        self.batch.fill(self.loc.clone()).mask_fill(df.lower_equal_elem(1.0), f64::NAN)
    }

    /// The diagonal of `L Lᵀ v/(v − 2)`; infinite where `1 < v ≤ 2`, NaN where `v ≤ 1`.
    fn variance(&self) -> Tensor<D> {
        let df = self.batch.fill(self.df.clone());
        let heavy = df.clone().lower_equal_elem(2.0);
        let diagonal: Tensor<D> = repeated(self.factor().square().sum_dim(2), self.shape(), 1);
        let counted = df.clone().mask_fill(heavy.clone(), 4.0);
        let variance = diagonal * (counted.clone() / (counted - 2.0));
        variance.mask_fill(heavy, f64::INFINITY).mask_fill(df.lower_equal_elem(1.0), f64::NAN)
    }
}

impl<const D: usize> Entropy<D> for MultivariateStudentT<D> {
    /// `−constant + ln |L| + ½(v + K) (ψ(½(v + K)) − ψ(½v))`
    fn entropy(&self) -> Tensor<D> {
        let dims = self.shape();
        let size = dims[D - 1] as f64;
        let log_det: Tensor<D> = each(linalg::diagonal(self.factor()).log().sum_dim(1), dims, 1);
        let df = beside(&self.df, &log_det);
        let apart = special::digamma((df.clone() + size) * 0.5) - special::digamma(df.clone() * 0.5);
        let constant = (-self.constant(dims[D - 1])) + Operand::Tensor(log_det + apart * (df + size) * 0.5);
        spread(constant.into_tensor(), scored(dims, 1))
    }
}
