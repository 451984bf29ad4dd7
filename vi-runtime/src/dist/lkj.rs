//! Random correlation matrices and their Cholesky factors.

use std::f64::consts::PI;

use burn::tensor::{Float, Tensor};

use super::density::{beside, exp_positive, full, minus_infinity, softplus, spread};
use super::matrices::{EventScalar, constant, each, event, event_methods, identity, merged, one_an_event, part, placement_of, scored};
use super::rows::broadcast;
use super::wishart::factorised;
use super::{Batch, Constraint, Distribution, Entropy, Moments, ScoredDraw, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::{linalg, special};

/// Declares a family of matrices of a size, with a concentration.
macro_rules! lkj {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<const D: usize> {
            dimension: usize,
            concentration: Operand<D>,
            batch: Batch<D>,
            conflict: Option<ShapeConflict>,
        }

        impl<const D: usize> $name<D> {
            /// Matrices with `dimension` rows and columns; `concentration` is a number, a tensor or a reference.
            pub fn new<C: EventScalar<D>>(dimension: usize, concentration: C) -> Self {
                Self::of(dimension, concentration.operand())
            }

            fn of(dimension: usize, concentration: Operand<D>) -> Self {
                let (batch, conflict) = merged([event("dimension", &[dimension; 2]), part("concentration", &concentration)]);
                let conflict = one_an_event("concentration", &concentration, 2).or(conflict);
                Self { dimension, concentration, batch, conflict }
            }

            /// The same distribution over independent copies that fill `shape`, whose last two dimensions are K; new
            /// dimensions come first.
            pub fn expand<const E: usize>(self, shape: [usize; E]) -> $name<E> {
                let mut expanded = $name::of(self.dimension, self.concentration.lift::<E>());
                expanded.conflict = expanded.conflict.or(self.conflict);
                expanded.batch = expanded.batch.expand(shape);
                expanded
            }

            fn onion(&self) -> Onion<'_, D> {
                Onion { size: self.dimension, concentration: &self.concentration }
            }
        }
    };
}

lkj! {
    /// Lower Cholesky factors of correlation matrices, of which `concentration` above 1 favours the identity and 1 makes the
    /// matrices uniform; support: the Cholesky factors of correlation matrices.
    ///
    /// `log p(F) = Σᵢ (K − i − 3 + 2η) ln Fᵢᵢ − c`, `i` from 1 to `K − 1` (the first row is 0), `η` = concentration,
    /// `c = Σₖ (½ k ln π + ln Γ(η + ½(K − 1 − k)) − ln Γ(η + ½(K − 1)))`, `k` from 1 to `K − 1`: a density with respect to the
    /// elements below the diagonal
    ///
    /// Source: Lewandowski, Kurowicka and Joe (2009), "Generating Random Correlation Matrices Based on Vines and Extended Onion
    /// Method", section 3.
    ///
    /// That the rows have length 1 is not checked. Draws are differentiable in the concentration: row `i` is a uniform
    /// direction times the root of a `Beta(½i, η + ½(K − 1 − i))` variable (the onion method, section 3.2 there).
    ///
    /// # Shapes
    /// `concentration`: `[batch, 1, 1]`, the value: `[batch, K, K]`; the last two dimensions are the event.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `concentration` is not positive and finite.
    LKJCholesky
}

lkj! {
    /// Correlation matrices with density proportional to `|C|^(concentration − 1)`; support: the correlation matrices.
    ///
    /// `log p(C) = (η − 1) ln |C| − c` with `η` and `c` as for [`LKJCholesky`]: a density with respect to the elements below
    /// the diagonal, which are what is read, with the diagonal
    ///
    /// Source: as for [`LKJCholesky`].
    ///
    /// Draws are differentiable in the concentration.
    ///
    /// # Shapes
    /// `concentration`: `[batch, 1, 1]`, the value: `[batch, K, K]`; the last two dimensions are the event.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `concentration` is not positive and finite.
    LKJ
}

/// What both families share.
#[derive(Clone, Copy)]
struct Onion<'a, const D: usize> {
    size: usize,
    concentration: &'a Operand<D>,
}

impl<const D: usize> Onion<'_, D> {
    fn row(self) -> [usize; D] {
        let mut dims = [1; D];
        dims[D - 1] = self.size - 1;
        dims
    }

    /// `η + ½(K − 1 − i)` and `½i` for the rows `i` from 1, as pairs of numbers.
    fn halves(self) -> impl Iterator<Item = (f64, f64)> + Clone {
        let size = self.size;
        (1..size).map(move |i| ((size - 1 - i) as f64 * 0.5, i as f64 * 0.5))
    }

    /// The same as tensors `[batch, 1, K − 1]`.
    fn shapes(self, eta: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        let to = placement_of(&eta);
        let rest = eta + constant(self.halves().map(|(rest, _)| rest).collect(), self.row(), &to);
        let half = constant(self.halves().map(|(_, half)| half).collect(), self.row(), &to);
        let dims = rest.dims();
        (rest, spread(half, dims))
    }

    /// `c`, where `ln Γ(η + ½(K − 1 − k)) − ln Γ(η + ½(K − 1)) = ln B(η + ½(K − 1 − k), ½k) − ln Γ(½k)`: the gamma functions
    /// of `η` cancel.
    fn constant(self) -> Operand<D> {
        let known: f64 = self.halves().map(|(_, half)| half * PI.ln() - special::scalar::lgamma(half)).sum();
        if self.size < 2 {
            return self.concentration.clone() * 0.0;
        }
        let betas = self.concentration.clone().map(
            |eta| self.halves().map(|(rest, half)| special::scalar::log_beta(eta + rest, half)).sum(),
            |eta| {
                let (rest, half) = self.shapes(eta);
                special::log_beta(rest, half).sum_dim(D - 1)
            },
        );
        betas + known
    }

    /// The density of factors with these logarithms on their diagonals, `[count, K]`, with or without the Jacobian of
    /// `C = F Fᵀ`.
    fn score(self, log_diagonal: Tensor<2>, dims: [usize; D], of_factor: bool) -> Tensor<D> {
        let (size, to) = (self.size, placement_of(&log_diagonal));
        let tail = constant((0..size).map(|i| f64::from(i > 0)).collect(), [1, size], &to);
        let half_det = Operand::Tensor(each::<2, D>((log_diagonal.clone() * tail).sum_dim(1), dims, 2));
        let mut log_prob = half_det * (self.concentration.clone() - 1.0) * 2.0 - self.constant();
        if of_factor {
            let weights = constant((0..size).map(|i| if i > 0 { (size - 1 - i) as f64 } else { 0.0 }).collect(), [1, size], &to);
            log_prob = log_prob + Operand::Tensor(each::<2, D>((log_diagonal * weights).sum_dim(1), dims, 2));
        }
        log_prob.into_tensor()
    }

    /// Factors, `[count, K, K]`, with the logarithms of their diagonals.
    fn draw(self, dims: [usize; D], noise: &mut Noise<'_>) -> Result<(Tensor<3>, Tensor<2>)> {
        let (size, to) = (self.size, noise.placement().clone());
        let count = dims[..D - 2].iter().product();
        let first = |x: f64| constant::<2>(vec![x; count], [count, 1], &to);
        let directions: Tensor<3> = noise.normal([count, size, size])?.tril(-1);
        if size == 1 {
            return Ok((directions + 1.0, first(0.0)));
        }
        let (rest, half) = self.shapes(full(self.concentration, scored(dims, 2), noise));
        let inside = noise.log_gamma(half.reshape([count, size - 1]))?;
        let outside = noise.log_gamma(rest.reshape([count, size - 1]))?;
        // The squared length is σ(odds), the square on the diagonal 1 − σ(odds).
        let odds = inside - outside;
        let length = (softplus(odds.clone().neg()) * -0.5).exp();
        let log_diagonal = Tensor::cat(vec![first(0.0), softplus(odds) * -0.5], 1);
        let length: Tensor<3> = Tensor::cat(vec![first(0.0), length], 1).unsqueeze_dim(2);
        // The first row has no direction; any length but 0 keeps it 0.
        let mut one = vec![0.0; size];
        one[0] = 1.0;
        let norm = (directions.clone().square().sum_dim(2) + constant(one, [1, size, 1], &to)).sqrt();
        let diagonal: Tensor<3> = exp_positive(log_diagonal.clone()).unsqueeze_dim(2);
        Ok((directions * (length / norm) + diagonal * identity(size, &to), log_diagonal))
    }

    /// `E ln Fᵢᵢ = ½ (ψ(b) − ψ(b + ½i))`, `b = η + ½(K − 1 − i)`, for `i` from 1.
    fn mean_log_diagonal(self, dims: [usize; D], to: &Placement) -> Tensor<2> {
        let count = dims[..D - 2].iter().product();
        let (rest, half) = self.shapes(spread(self.concentration.clone().tensor(to), scored(dims, 2)));
        let logs = (special::digamma(rest.clone()) - special::digamma(rest + half)) * 0.5;
        Tensor::cat(vec![constant(vec![0.0; count], [count, 1], to), logs.reshape([count, self.size - 1])], 1)
    }

    fn entropy(self, batch: &Batch<D>, of_factor: bool) -> Tensor<D> {
        let (dims, to) = (batch.dims(), batch.placement());
        if self.size < 2 {
            return spread(constant(vec![0.0], [1; D], &to), scored(dims, 2));
        }
        self.score(self.mean_log_diagonal(dims, &to), dims, of_factor).neg()
    }
}

fn common<const D: usize>(value: [usize; D], distribution: [usize; D]) -> [usize; D] {
    broadcast(("the value", value), ("the distribution", distribution)).unwrap_or(value)
}

impl<const D: usize> Distribution<D> for LKJCholesky<D> {
    type Kind = Float;

    event_methods! { LKJCholesky, CorrelationCholesky, 2, concentration }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = common(value.dims(), self.shape());
        let size = self.dimension;
        let count: usize = dims[..D - 2].iter().product();
        let diagonal = linalg::diagonal(spread(value.clone(), dims).reshape([count, size, size]));
        let outside = diagonal.clone().greater_elem(0.0).bool_not();
        let log = diagonal.mask_fill(outside.clone(), 1.0).log();
        minus_infinity(self.onion().score(log, dims, true), outside.any_dim(1).reshape(scored(dims, 2)))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.draw_scored(noise)?.value)
    }

    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, Float>> {
        let dims = self.shape();
        let (factor, log_diagonal) = self.onion().draw(dims, noise)?;
        Ok(ScoredDraw::scored(factor.reshape(dims), self.onion().score(log_diagonal, dims, true)))
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("concentration", self.concentration.any(), Constraint::Positive);
    }
}

impl<const D: usize> LKJCholesky<D> {
    /// `E Fᵢᵢ` where `power` is ½, `E Fᵢᵢ²` where it is 1: `B(b + power, ½i)/B(b, ½i)`, as `[batch, K, 1]`.
    fn diagonal_mean(&self, power: f64) -> Tensor<D> {
        let dims = self.shape();
        let to = self.batch.placement();
        let mut column = scored(dims, 2);
        let first = constant(vec![1.0; column.iter().product()], column, &to);
        if self.dimension < 2 {
            return first;
        }
        let (rest, half) = self.onion().shapes(spread(self.concentration.clone().tensor(&to), column));
        let mean = (special::log_beta(rest.clone() + power, half.clone()) - special::log_beta(rest, half)).exp();
        column[D - 2] = self.dimension - 1;
        Tensor::cat(vec![first, mean.reshape(column)], D - 2)
    }

    fn diagonal_only(&self) -> Tensor<D> {
        let mut one = [1; D];
        one[D - 2..].fill(self.dimension);
        identity(self.dimension, &self.batch.placement()).reshape(one)
    }
}

impl<const D: usize> Moments<D> for LKJCholesky<D> {
    /// 0 below the diagonal, `B(b + ½, ½i)/B(b, ½i)` on it, `b = η + ½(K − 1 − i)`.
    fn mean(&self) -> Tensor<D> {
        spread(self.diagonal_mean(0.5) * self.diagonal_only(), self.shape())
    }

    /// `E Fᵢᵢ² − (E Fᵢᵢ)²` on the diagonal, `(1 − E Fᵢᵢ²)/i` below it.
    fn variance(&self) -> Tensor<D> {
        let size = self.dimension;
        let (square, mean) = (self.diagonal_mean(1.0), self.diagonal_mean(0.5));
        let mut one = [1; D];
        one[D - 2..].fill(size);
        let share = |i: usize| if i / size > i % size { 1.0 / (i / size) as f64 } else { 0.0 };
        let shares = constant((0..size * size).map(share).collect(), one, &self.batch.placement());
        let below = (square.clone().neg() + 1.0) * shares;
        spread((square - mean.square()) * self.diagonal_only() + below, self.shape())
    }
}

impl<const D: usize> Entropy<D> for LKJCholesky<D> {
    /// Of the density with `E ln Fᵢᵢ = ½ (ψ(b) − ψ(b + ½i))`.
    fn entropy(&self) -> Tensor<D> {
        self.onion().entropy(&self.batch, true)
    }
}

impl<const D: usize> Distribution<D> for LKJ<D> {
    type Kind = Float;

    event_methods! { LKJ, Correlation, 2, concentration }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = common(value.dims(), self.shape());
        let (factor, outside) = factorised(value.clone(), dims);
        minus_infinity(self.onion().score(linalg::diagonal(factor).log(), dims, false), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.draw_scored(noise)?.value)
    }

    /// The density from the factor: nothing is factorised. The diagonal is 1 exactly.
    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, Float>> {
        let dims = self.shape();
        let (factor, log_diagonal) = self.onion().draw(dims, noise)?;
        let one = identity(self.dimension, noise.placement());
        let product = factor.clone().matmul(factor.swap_dims(1, 2));
        let draw = product * (one.clone().neg() + 1.0) + one;
        Ok(ScoredDraw::scored(draw.reshape(dims), self.onion().score(log_diagonal, dims, false)))
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("concentration", self.concentration.any(), Constraint::Positive);
    }
}

impl<const D: usize> Moments<D> for LKJ<D> {
    /// The identity.
    fn mean(&self) -> Tensor<D> {
        let size = self.dimension;
        let mut one = [1; D];
        one[D - 2..].fill(size);
        spread(identity(size, &self.batch.placement()).reshape(one), self.shape())
    }

    /// `1/(2η + K − 1)` off the diagonal: there `½(1 + Cᵢⱼ)` is `Beta(η − 1 + ½K, η − 1 + ½K)` (Lewandowski,
    /// Kurowicka and Joe 2009).
    fn variance(&self) -> Tensor<D> {
        let mean = self.mean();
        let eta = beside(&self.concentration, &mean);
        (mean.neg() + 1.0) / (eta * 2.0 + (self.dimension as f64 - 1.0))
    }
}

impl<const D: usize> Entropy<D> for LKJ<D> {
    /// Of the density with `E ln |C| = Σᵢ (ψ(b) − ψ(b + ½i))`.
    fn entropy(&self) -> Tensor<D> {
        self.onion().entropy(&self.batch, false)
    }
}
