//! Random positive definite matrices: Wishart, its Cholesky factor, and inverse Wishart.

use std::f64::consts::{LN_2, PI};

use burn::tensor::{Bool, Float, Tensor};

use super::density::{beside, exp_positive, full, minus_infinity, spread};
use super::matrices::{
    EventParam, Stack, constant, each, event_methods, identity, merged, one_an_event, part, placement_of, repeated, scored,
};
use super::rows::broadcast;
use super::{Batch, Constraint, Distribution, Entropy, Moments, ScoredDraw, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand};
use crate::{linalg, special};

/// Declares a family with degrees of freedom and the factor of a scale matrix.
macro_rules! wishart {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<const D: usize> {
            df: Operand<D>,
            scale_tril: Stack<D>,
            batch: Batch<D>,
            conflict: Option<ShapeConflict>,
        }

        impl<const D: usize> $name<D> {
            /// With degrees of freedom and lower Cholesky factor of the scale matrix: numbers, tensors, references or
            /// arrays of `f64`.
            pub fn new<N, S>(df: N, scale_tril: S) -> Self
            where
                N: EventParam<D>,
                S: EventParam<D>,
            {
                Self::of(df.operand(), Stack::of_events(scale_tril.operand()))
            }

            fn of(df: Operand<D>, scale_tril: Stack<D>) -> Self {
                let (batch, conflict) = merged([scale_tril.part("scale_tril", &scale_tril.size()), part("df", &df)]);
                let conflict = scale_tril.square("scale_tril").or(one_an_event("df", &df, 2)).or(conflict);
                Self { df, scale_tril, batch, conflict }
            }

            /// The same distribution over independent copies that fill `shape`, whose last two dimensions are K; new
            /// dimensions come first.
            pub fn expand<const E: usize>(self, shape: [usize; E]) -> $name<E> {
                let mut expanded = $name::of(self.df.lift::<E>(), self.scale_tril.lift());
                expanded.conflict = expanded.conflict.or(self.conflict);
                expanded.batch = expanded.batch.expand(shape);
                expanded
            }

            fn degrees(&self) -> Degrees<'_, D> {
                Degrees { df: &self.df, size: self.shape()[D - 1] }
            }

            /// The factor for the batch of the distribution, with nothing above the diagonal.
            fn factor(&self) -> Tensor<3> {
                self.scale_tril.for_batch(self.shape(), 2, &self.batch.placement()).tril(0)
            }

            fn visit(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
                visit("df", self.df.any(), Constraint::Real);
                let free = self.df.clone() - (self.degrees().size as f64 - 1.0);
                visit("df - (K - 1)", free.any(), Constraint::Positive);
                visit("scale_tril", self.scale_tril.any(), Constraint::LowerCholesky);
            }
        }
    };
}

wishart! {
    /// Wishart matrices: sums of `df` outer products of normal vectors of covariance `V = L Lᵀ`, `L` = `scale_tril`, where
    /// `df` is whole; support: the positive definite matrices.
    ///
    /// `log p(X) = ½(n − K − 1) ln |X| − ½ tr V⁻¹X − ½ n K ln 2 − ½ n ln |V| − ln Γ_K(½n)`, `n` = df, a density with respect
    /// to the elements on and below the diagonal
    ///
    /// Source: Anderson (2003), An Introduction to Multivariate Statistical Analysis, section 7.2.
    ///
    /// Of `X` the lower triangle is read. Draws are differentiable in both parameters (Bartlett's decomposition).
    ///
    /// # Shapes
    /// `df`: `[batch, 1, 1]`, `scale_tril` and the value: `[batch, K, K]`; the last two dimensions are the event.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `df` is not above `K − 1` or `scale_tril` is not lower
    /// triangular with a positive diagonal; [`Error::Shape`](crate::Error::Shape) where the two do not fit.
    Wishart
}

wishart! {
    /// The lower Cholesky factors of [`Wishart`] matrices; support: the lower triangular matrices with a positive diagonal.
    ///
    /// `log p(F) = log p_Wishart(F Fᵀ) + K ln 2 + Σᵢ (K − i) ln Fᵢᵢ`, `i` from 0
    ///
    /// Source: Muirhead (1982), Aspects of Multivariate Statistical Theory, theorem 2.1.9 for the Jacobian.
    ///
    /// What stands above the diagonal of `F` is not read. Nothing is factorised.
    ///
    /// # Shapes
    /// `df`: `[batch, 1, 1]`, `scale_tril` and the value: `[batch, K, K]`; the last two dimensions are the event.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `df` is not above `K − 1` or `scale_tril` is not lower
    /// triangular with a positive diagonal; [`Error::Shape`](crate::Error::Shape) where the two do not fit.
    WishartCholesky
}

wishart! {
    /// Matrices whose inverse is Wishart with `df` and the inverse of `V = L Lᵀ`, `L` = `scale_tril`; support: the positive
    /// definite matrices.
    ///
    /// `log p(X) = ½ n ln |V| − ½ n K ln 2 − ln Γ_K(½n) − ½(n + K + 1) ln |X| − ½ tr V X⁻¹`, `n` = df, a density with respect to
    /// the elements on and below the diagonal
    ///
    /// Source: Anderson (2003), An Introduction to Multivariate Statistical Analysis, section 7.7.
    ///
    /// Of `X` the lower triangle is read. Draws are differentiable in both parameters: `X = BᵀB`, `B = A⁻¹Lᵀ`, for a
    /// Bartlett factor `A`.
    ///
    /// # Shapes
    /// `df`: `[batch, 1, 1]`, `scale_tril` and the value: `[batch, K, K]`; the last two dimensions are the event.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `df` is not above `K − 1` or `scale_tril` is not lower
    /// triangular with a positive diagonal; [`Error::Shape`](crate::Error::Shape) where the two do not fit.
    InverseWishart
}

/// Degrees of freedom of matrices of a size.
#[derive(Clone, Copy)]
struct Degrees<'a, const D: usize> {
    df: &'a Operand<D>,
    size: usize,
}

impl<const D: usize> Degrees<'_, D> {
    /// `Σᵢ f(½(n − i))`, `i` from 0.
    fn sum(self, number: impl Fn(f64) -> f64, tensor: impl FnOnce(Tensor<D>) -> Tensor<D>) -> Operand<D> {
        let halves = (0..self.size).map(|i| i as f64 * 0.5);
        self.df.clone().map(
            |n| halves.clone().map(|half| number(0.5 * n - half)).sum(),
            |n| {
                let mut dims = [1; D];
                dims[D - 1] = self.size;
                let halves = constant(halves.clone().collect(), dims, &placement_of(&n));
                tensor(n * 0.5 - halves).sum_dim(D - 1)
            },
        )
    }

    /// `ln Γ_K(½n) + ½ n K ln 2`
    fn constant(self) -> Operand<D> {
        let size = self.size as f64;
        let gamma = self.sum(special::scalar::lgamma, special::lgamma);
        gamma + self.df.clone() * (0.5 * size * LN_2) + 0.25 * size * (size - 1.0) * PI.ln()
    }

    /// `E ln |W|` of a Wishart matrix of unit scale.
    fn log_det(self) -> Operand<D> {
        self.sum(special::scalar::digamma, special::digamma) + self.size as f64 * LN_2
    }

    /// The Wishart density, from `½ ln |X|`, `½ ln |V|` and `tr V⁻¹X`.
    fn wishart(self, half_x: Operand<D>, half_v: Operand<D>, trace: Operand<D>) -> Operand<D> {
        let n = self.df.clone();
        half_x * (n.clone() - (self.size as f64 + 1.0)) - trace * 0.5 - n * half_v - self.constant()
    }

    /// The inverse Wishart density, from `½ ln |X|`, `½ ln |V|` and `tr V X⁻¹`.
    fn inverse(self, half_x: Operand<D>, half_v: Operand<D>, trace: Operand<D>) -> Operand<D> {
        let n = self.df.clone();
        n.clone() * half_v - half_x * (n + (self.size as f64 + 1.0)) - trace * 0.5 - self.constant()
    }

    /// The lower triangular `A` for which `A Aᵀ` is Wishart of unit scale: normal numbers below the diagonal, roots of `χ²`
    /// variables with `n − i` degrees of freedom on it (Bartlett 1933). With `Σᵢ ln Aᵢᵢ`, `[count, 1]`.
    fn bartlett(self, dims: [usize; D], noise: &mut Noise<'_>) -> Result<(Tensor<3>, Tensor<2>)> {
        let count = dims[..D - 2].iter().product();
        let below: Tensor<3> = noise.normal([count, self.size, self.size])?.tril(-1);
        let to = noise.placement().clone();
        let offsets = constant((0..self.size).map(|i| i as f64 * 0.5).collect(), [1, self.size], &to);
        let concentration = full(self.df, scored(dims, 2), noise).reshape([count, 1]) * 0.5 - offsets;
        let log = (noise.log_gamma(concentration)? + LN_2) * 0.5;
        let diagonal = exp_positive(log.clone()).reshape([count, self.size, 1]) * identity(self.size, &to);
        Ok((below + diagonal, log.sum_dim(1)))
    }
}

/// `Σᵢ ln Lᵢᵢ` of each matrix.
fn half_log_det<const D: usize>(tril: Tensor<3>, dims: [usize; D]) -> Operand<D> {
    Operand::Tensor(each(linalg::diagonal(tril).log().sum_dim(1), dims, 2))
}

/// The sum of squares of the elements of each matrix.
fn squares<const D: usize>(matrix: Tensor<3>, dims: [usize; D]) -> Operand<D> {
    Operand::Tensor(each(matrix.square().sum_dim(2).sum_dim(1), dims, 2))
}

/// The factors of matrices of shape `dims`, and which of the matrices are not positive definite; the factor is that of the
/// identity there.
pub(super) fn factorised<const D: usize>(value: Tensor<D>, dims: [usize; D]) -> (Tensor<3>, Tensor<D, Bool>) {
    let size = dims[D - 1];
    let count = dims[..D - 2].iter().product();
    let x = spread(value, dims).reshape([count, size, size]);
    let outside = linalg::diagonal(linalg::cholesky(x.clone())).greater_elem(0.0).bool_not().any_dim(1);
    let one = identity(size, &placement_of(&x)).expand([count, size, size]);
    let x = x.mask_where(outside.clone().reshape([count, 1, 1]).expand([count, size, size]), one);
    (linalg::cholesky(x), outside.reshape(scored(dims, 2)))
}

fn common<const D: usize>(value: [usize; D], distribution: [usize; D]) -> [usize; D] {
    broadcast(("the value", value), ("the distribution", distribution)).unwrap_or(value)
}

impl<const D: usize> Distribution<D> for Wishart<D> {
    type Kind = Float;

    event_methods! { Wishart, PositiveDefinite, 2, df, scale_tril }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = common(value.dims(), self.shape());
        let tril = self.scale_tril.for_batch(dims, 2, &placement_of(value));
        let (x, outside) = factorised(value.clone(), dims);
        let trace = squares(linalg::solve_lower(tril.clone(), x.clone()), dims);
        let log_prob = self.degrees().wishart(half_log_det(x, dims), half_log_det(tril, dims), trace);
        minus_infinity(log_prob.into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.draw_scored(noise)?.value)
    }

    /// The density from the Bartlett factor: nothing is factorised.
    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, Float>> {
        let dims = self.shape();
        let tril = self.scale_tril.for_batch(dims, 2, noise.placement()).tril(0);
        let (bartlett, log_diagonal) = self.degrees().bartlett(dims, noise)?;
        let half_v = half_log_det(tril.clone(), dims);
        let half_x = Operand::Tensor(each::<2, D>(log_diagonal, dims, 2)) + half_v.clone();
        let log_prob = self.degrees().wishart(half_x, half_v, squares(bartlett.clone(), dims));
        let factor = tril.matmul(bartlett);
        let draw = factor.clone().matmul(factor.swap_dims(1, 2)).reshape(dims);
        Ok(ScoredDraw::scored(draw, log_prob.into_tensor()))
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.visit(visit);
    }
}

impl<const D: usize> Moments<D> for Wishart<D> {
    /// `n V`
    fn mean(&self) -> Tensor<D> {
        let tril = self.factor();
        let scale = repeated(tril.clone().matmul(tril.swap_dims(1, 2)), self.shape(), 2);
        (Operand::Tensor(scale) * self.df.clone()).into_tensor()
    }

    /// `n (Vᵢⱼ² + Vᵢᵢ Vⱼⱼ)`
    fn variance(&self) -> Tensor<D> {
        let tril = self.factor();
        let scale = tril.clone().matmul(tril.swap_dims(1, 2));
        let diagonal: Tensor<3> = linalg::diagonal(scale.clone()).unsqueeze_dim(2);
        let squares = scale.square() + diagonal.clone().matmul(diagonal.swap_dims(1, 2));
        (Operand::Tensor(repeated(squares, self.shape(), 2)) * self.df.clone()).into_tensor()
    }
}

impl<const D: usize> Entropy<D> for Wishart<D> {
    /// Of the density with `E ln |X| = ln |V| + ψ_K(½n) + K ln 2` and `E tr V⁻¹X = n K` (Bishop 2006, Pattern Recognition and
    /// Machine Learning, appendix B).
    fn entropy(&self) -> Tensor<D> {
        let dims = self.shape();
        let half_v = half_log_det(self.factor(), dims);
        let half_x = self.degrees().log_det() * 0.5 + half_v.clone();
        let trace = self.df.clone() * dims[D - 1] as f64;
        spread((-self.degrees().wishart(half_x, half_v, trace)).into_tensor(), scored(dims, 2))
    }
}

impl<const D: usize> WishartCholesky<D> {
    /// `K ln 2 + Σᵢ (K − i) ln Fᵢᵢ`, from the logarithms of the diagonals, `[count, K]`.
    fn jacobian(&self, log_diagonal: Tensor<2>, dims: [usize; D]) -> Operand<D> {
        let size = dims[D - 1];
        let weights = constant((0..size).map(|i| (size - i) as f64).collect(), [1, size], &placement_of(&log_diagonal));
        Operand::Tensor(each((log_diagonal * weights).sum_dim(1), dims, 2)) + size as f64 * LN_2
    }
}

impl<const D: usize> Distribution<D> for WishartCholesky<D> {
    type Kind = Float;

    event_methods! { WishartCholesky, LowerCholesky, 2, df, scale_tril }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = common(value.dims(), self.shape());
        let size = dims[D - 1];
        let count: usize = dims[..D - 2].iter().product();
        let tril = self.scale_tril.for_batch(dims, 2, &placement_of(value));
        let factor = spread(value.clone(), dims).reshape([count, size, size]).tril(0);
        let diagonal = linalg::diagonal(factor.clone());
        let outside = diagonal.clone().greater_elem(0.0).bool_not();
        let log = diagonal.mask_fill(outside.clone(), 1.0).log();
        let trace = squares(linalg::solve_lower(tril.clone(), factor), dims);
        let half_x = Operand::Tensor(each(log.clone().sum_dim(1), dims, 2));
        let log_prob = self.degrees().wishart(half_x, half_log_det(tril, dims), trace) + self.jacobian(log, dims);
        minus_infinity(log_prob.into_tensor(), outside.any_dim(1).reshape(scored(dims, 2)))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let dims = self.shape();
        let tril = self.scale_tril.for_batch(dims, 2, noise.placement()).tril(0);
        Ok(tril.matmul(self.degrees().bartlett(dims, noise)?.0).reshape(dims))
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.visit(visit);
    }
}

impl<const D: usize> Distribution<D> for InverseWishart<D> {
    type Kind = Float;

    event_methods! { InverseWishart, PositiveDefinite, 2, df, scale_tril }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = common(value.dims(), self.shape());
        let tril = self.scale_tril.for_batch(dims, 2, &placement_of(value)).tril(0);
        let (x, outside) = factorised(value.clone(), dims);
        let trace = squares(linalg::solve_lower(x.clone(), tril.clone()), dims);
        let log_prob = self.degrees().inverse(half_log_det(x, dims), half_log_det(tril, dims), trace);
        minus_infinity(log_prob.into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.draw_scored(noise)?.value)
    }

    /// The density from the Bartlett factor: nothing is factorised.
    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, Float>> {
        let dims = self.shape();
        let tril = self.scale_tril.for_batch(dims, 2, noise.placement()).tril(0);
        let (bartlett, log_diagonal) = self.degrees().bartlett(dims, noise)?;
        let half_v = half_log_det(tril.clone(), dims);
        let half_x = half_v.clone() - Operand::Tensor(each::<2, D>(log_diagonal, dims, 2));
        let log_prob = self.degrees().inverse(half_x, half_v, squares(bartlett.clone(), dims));
        let root = linalg::solve_lower(bartlett, tril.swap_dims(1, 2));
        let draw = root.clone().swap_dims(1, 2).matmul(root).reshape(dims);
        Ok(ScoredDraw::scored(draw, log_prob.into_tensor()))
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.visit(visit);
    }
}

impl<const D: usize> InverseWishart<D> {
    /// `n − K − 1 − more`, NaN where it is not positive.
    fn excess(&self, more: f64) -> Tensor<D> {
        let dims = self.shape();
        let excess = spread(self.df.clone().tensor(&self.batch.placement()), scored(dims, 2)) - (dims[D - 1] as f64 + 1.0 + more);
        excess.clone().mask_fill(excess.lower_equal_elem(0.0), f64::NAN)
    }
}

impl<const D: usize> Moments<D> for InverseWishart<D> {
    /// `V/(n − K − 1)`, NaN where `n ≤ K + 1`.
    fn mean(&self) -> Tensor<D> {
        let tril = self.factor();
        let scale: Tensor<D> = repeated(tril.clone().matmul(tril.swap_dims(1, 2)), self.shape(), 2);
        scale / self.excess(0.0)
    }

    /// `((m + 2) Vᵢⱼ² + m Vᵢᵢ Vⱼⱼ)/((m + 1) m² (m − 2))`, `m = n − K − 1`; NaN where `m ≤ 2` (von Rosen 1988).
    fn variance(&self) -> Tensor<D> {
        let tril = self.factor();
        let scale = tril.clone().matmul(tril.swap_dims(1, 2));
        let diagonal: Tensor<3> = linalg::diagonal(scale.clone()).unsqueeze_dim(2);
        let products: Tensor<D> = repeated(diagonal.clone().matmul(diagonal.swap_dims(1, 2)), self.shape(), 2);
        let squares: Tensor<D> = repeated(scale.square(), self.shape(), 2);
        let less = self.excess(2.0);
        let m = less.clone() + 2.0;
        (squares * (m.clone() + 2.0) + products * m.clone()) / ((m.clone() + 1.0) * m.square() * less)
    }
}

impl<const D: usize> Entropy<D> for InverseWishart<D> {
    /// Of the density with `E ln |X| = ln |V| − ψ_K(½n) − K ln 2` and `E tr V X⁻¹ = n K`.
    fn entropy(&self) -> Tensor<D> {
        let dims = self.shape();
        let half_v = half_log_det(self.factor(), dims);
        let half_x = half_v.clone() - self.degrees().log_det() * 0.5;
        let trace = self.df.clone() * dims[D - 1] as f64;
        spread((-self.degrees().inverse(half_x, half_v, trace)).into_tensor(), scored(dims, 2))
    }
}

impl<const D: usize> Moments<D> for WishartCholesky<D> {
    /// `L E A`, where `E Aᵢᵢ = √2 Γ(½(n − i + 1))/Γ(½(n − i))`.
    fn mean(&self) -> Tensor<D> {
        let (roots, _) = self.roots();
        let tril: Tensor<D> = repeated(self.factor(), self.shape(), 2);
        tril * roots
    }

    /// `Σₖ Lᵢₖ² var Aₖⱼ`, where `var Aⱼⱼ = n − j − (E Aⱼⱼ)²` and 1 below the diagonal.
    fn variance(&self) -> Tensor<D> {
        let dims = self.shape();
        let size = dims[D - 1];
        let (_, variances) = self.roots();
        let squares = self.factor().square();
        let below = constant((0..size * size).map(|i| f64::from(i / size > i % size)).collect(), [1, size, size], &placement_of(&squares));
        let below: Tensor<D> = repeated(squares.clone().matmul(below), dims, 2);
        let squares: Tensor<D> = repeated(squares, dims, 2);
        squares * variances + below
    }
}

impl<const D: usize> WishartCholesky<D> {
    /// Means and variances of the diagonal of `A`, `[batch, 1, K]`.
    fn roots(&self) -> (Tensor<D>, Tensor<D>) {
        let size = self.shape()[D - 1];
        let to = self.batch.placement();
        let mut dims = [1; D];
        dims[D - 1] = size;
        let df = self.df.clone().tensor(&to) - constant((0..size).map(|i| i as f64).collect(), dims, &to);
        let half = df.clone() * 0.5;
        // Γ(a + ½)/Γ(a) = √π/B(a, ½)
        let mean = (special::log_beta(half.clone(), half.full_like(0.5)).neg() + 0.5 * (2.0 * PI).ln()).exp();
        (mean.clone(), df - mean.square())
    }
}

impl<const D: usize> Entropy<D> for WishartCholesky<D> {
    /// That of the matrix less the expected logarithm of the Jacobian, `E ln Aᵢᵢ = ½ (ψ(½(n − i)) + ln 2)`.
    fn entropy(&self) -> Tensor<D> {
        let dims = self.shape();
        let size = dims[D - 1];
        let whole = Wishart { df: self.df.clone(), scale_tril: self.scale_tril.clone(), batch: self.batch.clone(), conflict: None };
        let own: Tensor<D> = repeated(linalg::diagonal(self.factor()).log(), own_dims(dims), 1);
        let to = placement_of(&own);
        let mut row = [1; D];
        row[D - 1] = size;
        let df = beside(&self.df, &own) - constant((0..size).map(|i| i as f64).collect(), row, &to);
        let log = own + (special::digamma(df * 0.5) + LN_2) * 0.5;
        let weights = constant((0..size).map(|i| (size - i) as f64).collect(), row, &to);
        whole.entropy() - (log * weights).sum_dim(D - 1) - size as f64 * LN_2
    }
}

/// `[batch, 1, K]`
fn own_dims<const D: usize>(mut dims: [usize; D]) -> [usize; D] {
    dims[D - 2] = 1;
    dims
}
