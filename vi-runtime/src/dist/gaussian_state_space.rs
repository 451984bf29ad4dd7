//! Series observed through a linear Gaussian state space.

use burn::tensor::{Float, Tensor};

use super::density::{minus_infinity, spread};
use super::kalman::{Belief, Model};
use super::matrices::{EventParam, Stack, each, event, event_methods, finite, identity, merged, part, placement_of, repeated, scored};
use super::normal::HALF_LN_2PI;
use super::rows::broadcast;
use super::{Batch, Constraint, Distribution, Entropy, Moments, ShapeConflict};
use crate::error::Result;
use crate::linalg;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};

/// Series of `T` vectors that observe a hidden state, which is summed out by a Kalman filter; support: the real matrices,
/// reported as the real numbers.
///
/// `z₁ ~ N(m, N Nᵀ)`, `zₜ₊₁ = A zₜ + G uₜ`, `yₜ = C zₜ + L vₜ` with standard normal `u`, `v`: `A` = transition_matrix, `G` =
/// process_factor, `C` = observation_matrix, `L` = observation_scale_tril, `m` = initial_loc, `N` = initial_factor (standard
/// normal unless [`initial`](Self::initial) says otherwise)
///
/// `log p(y) = Σₜ log N(yₜ; C mₜ, C Pₜ Cᵀ + L Lᵀ)` with the predicted mean `mₜ` and covariance `Pₜ`. `G` and `N` need not be
/// square or of full rank: a state may be known or move without noise. An update of the filter takes several steps at once;
/// covariances are updated in the form of Joseph, and by a square root in the first steps, where they may be wide.
///
/// Source: Kalman (1960), "A New Approach to Linear Filtering and Prediction Problems"; Durbin and Koopman (2012), Time Series
/// Analysis by State Space Methods, section 7.2.
///
/// # Shapes
/// The value: `[batch, T, p]`, its last two dimensions the event; `transition_matrix`: `[batch, n, n]`, `process_factor`:
/// `[batch, n, k]`, `observation_matrix`: `[batch, p, n]`, `observation_scale_tril`: `[batch, p, p]`, `initial_loc`:
/// `[batch, 1, n]`, `initial_factor`: `[batch, n, j]`.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `observation_scale_tril` is not lower triangular with a
/// positive diagonal or a parameter is not finite; [`Error::Shape`](crate::Error::Shape) where they do not fit.
#[derive(Clone, Debug)]
pub struct GaussianStateSpace<const D: usize> {
    num_steps: usize,
    transition_matrix: Stack<D>,
    process_factor: Stack<D>,
    observation_matrix: Stack<D>,
    observation_scale_tril: Stack<D>,
    initial_loc: Operand<D>,
    initial_factor: Option<Stack<D>>,
    batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

/// The parameters for one batch, in units in which the observation's noise is standard.
struct Placed {
    model: Model,
    /// `L`
    noise: Tensor<3>,
    /// `m`, `[rows, n, 1]`
    mean: Tensor<3>,
    /// `N`
    factor: Tensor<3>,
}

impl<const D: usize> GaussianStateSpace<D> {
    /// Series of `num_steps` steps; numbers, tensors, references or arrays of `f64`. The first state is standard normal.
    pub fn new<A, G, C, L>(
        num_steps: usize,
        transition_matrix: A,
        process_factor: G,
        observation_matrix: C,
        observation_scale_tril: L,
    ) -> Self
    where
        A: EventParam<D>,
        G: EventParam<D>,
        C: EventParam<D>,
        L: EventParam<D>,
    {
        GaussianStateSpace {
            num_steps,
            transition_matrix: Stack::of_events(transition_matrix.operand()),
            process_factor: Stack::of_events(process_factor.operand()),
            observation_matrix: Stack::of_events(observation_matrix.operand()),
            observation_scale_tril: Stack::of_events(observation_scale_tril.operand()),
            initial_loc: Operand::Number(0.0),
            initial_factor: None,
            batch: Batch::of([]),
            conflict: None,
        }
        .checked()
    }

    /// The first state has mean `loc`, `[batch, 1, n]`, and covariance `N Nᵀ`, `N` = `factor`.
    #[must_use]
    pub fn initial<M, N>(mut self, loc: M, factor: N) -> Self
    where
        M: EventParam<D>,
        N: EventParam<D>,
    {
        self.initial_loc = loc.operand();
        self.initial_factor = Some(Stack::of_events(factor.operand()));
        self.checked()
    }

    fn checked(mut self) -> Self {
        let ([outputs, _], [states, _]) = (self.observation_matrix.size(), self.transition_matrix.size());
        let series = [self.num_steps, outputs];
        let loc = self.initial_loc.dims();
        let known = loc[D - 2] != 1 || (loc[D - 1] != states && loc[D - 1] != 1);
        let factor = self.initial_factor.as_ref();
        let (batch, conflict) = merged([
            event("num_steps", &series),
            self.transition_matrix.part("transition_matrix", &series),
            self.process_factor.part("process_factor", &series),
            self.observation_matrix.part("observation_matrix", &series),
            self.observation_scale_tril.part("observation_scale_tril", &series),
            factor.map_or_else(|| event("num_steps", &series), |factor| factor.part("initial_factor", &series)),
            part("initial_loc", &self.initial_loc).without_event(2),
        ]);
        let rows = |stack: &Stack<D>, name| stack.sized(name, [states, stack.size()[1]], "transition_matrix");
        self.conflict = self
            .transition_matrix
            .square("transition_matrix")
            .or_else(|| rows(&self.process_factor, "process_factor"))
            .or_else(|| self.observation_matrix.sized("observation_matrix", [outputs, states], "transition_matrix"))
            .or_else(|| self.observation_scale_tril.sized("observation_scale_tril", [outputs; 2], "observation_matrix"))
            .or_else(|| factor.and_then(|factor| rows(factor, "initial_factor")))
            .or_else(|| known.then(|| ShapeConflict { left: ("initial_loc", loc.to_vec()), right: ("transition_matrix", vec![1, states]) }))
            .or(conflict);
        self.batch = batch;
        self
    }

    /// The same distribution over independent series that fill `shape`, whose last dimensions are T and p; new dimensions
    /// come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> GaussianStateSpace<E> {
        let mut expanded = GaussianStateSpace {
            num_steps: self.num_steps,
            transition_matrix: self.transition_matrix.lift::<E>(),
            process_factor: self.process_factor.lift(),
            observation_matrix: self.observation_matrix.lift(),
            observation_scale_tril: self.observation_scale_tril.lift(),
            initial_loc: self.initial_loc.lift(),
            initial_factor: self.initial_factor.map(Stack::lift),
            batch: Batch::of([]),
            conflict: None,
        }
        .checked();
        expanded.conflict = self.conflict.or(expanded.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    fn placed(&self, dims: [usize; D], to: &Placement) -> Placed {
        let states = self.transition_matrix.size()[0];
        let mut row = self.initial_loc.dims();
        row[D - 1] = states;
        let mean = Stack::of_events(Operand::Tensor(spread(self.initial_loc.clone().tensor(to), row)));
        let factor = self.initial_factor.clone();
        let parts = [
            self.transition_matrix.for_batch(dims, 2, to),
            self.process_factor.for_batch(dims, 2, to),
            self.observation_matrix.for_batch(dims, 2, to),
            self.observation_scale_tril.for_batch(dims, 2, to).tril(0),
            mean.for_batch(dims, 2, to).swap_dims(1, 2),
            factor.map_or_else(|| identity(states, to), |factor| factor.for_batch(dims, 2, to)),
        ];
        let rows = parts.iter().map(|part| part.dims()[0]).max().unwrap_or(1);
        let [transition, process, observation, noise, mean, factor] = parts.map(|part| {
            let [_, height, width] = part.dims();
            spread(part, [rows, height, width])
        });
        let observation = linalg::solve_lower(noise.clone(), observation);
        Placed { model: Model { transition, process, observation }, noise, mean, factor }
    }
}

impl Placed {
    fn rows(&self) -> usize {
        self.noise.dims()[0]
    }

    /// One distribution of the first state for each column.
    fn first(&self, columns: usize) -> Belief {
        let [rows, states, _] = self.mean.dims();
        Belief { mean: spread(self.mean.clone(), [rows, states, columns]), factor: self.factor.clone() }
    }
}

/// Series as `[rows, T p, columns]`: the columns of one where one model serves all.
fn stacked<const D: usize>(value: Tensor<D>, rows: usize) -> Tensor<3> {
    let dims = value.dims();
    let (count, size): (usize, usize) = (dims[..D - 2].iter().product(), dims[D - 2] * dims[D - 1]);
    match rows {
        1 => value.reshape([1, count, size]).swap_dims(1, 2),
        _ => value.reshape([count, size, 1]),
    }
}

/// Series from [`stacked`] ones.
fn series<const D: usize>(stacked: Tensor<3>, dims: [usize; D]) -> Tensor<D> {
    match stacked.dims()[0] {
        1 => stacked.swap_dims(1, 2).reshape(dims),
        _ => stacked.reshape(dims),
    }
}

impl<const D: usize> Distribution<D> for GaussianStateSpace<D> {
    type Kind = Float;

    event_methods! {
        GaussianStateSpace, Real, 2, transition_matrix, process_factor, observation_matrix, observation_scale_tril, initial_loc,
        initial_factor
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.shape())).unwrap_or(value.dims());
        let (value, outside) = finite(value, 2);
        let placed = self.placed(dims, &placement_of(&value));
        let outputs = dims[D - 1];
        // Each observation by itself, in units of its noise.
        let y = spread(value, dims).reshape([dims[..D - 2].iter().product(), self.num_steps, outputs]).swap_dims(1, 2);
        let y = linalg::solve_lower(placed.noise.clone(), y).swap_dims(1, 2);
        let y = stacked(y, placed.rows());
        let evidence = placed.model.evidence(placed.first(y.dims()[2]), y);
        let noise = linalg::diagonal(placed.noise).log().sum_dim(1) * self.num_steps as f64;
        let half_log_det: Tensor<D> = each(evidence.half_log_det + noise, dims, 2);
        let log_prob = evidence.squares.reshape(scored(dims, 2)) * -0.5 - half_log_det - (self.num_steps * outputs) as f64 * HALF_LN_2PI;
        minus_infinity(log_prob, outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let dims = self.shape();
        let count: usize = dims[..D - 2].iter().product();
        let placed = self.placed(dims, noise.placement());
        let (rows, outputs) = (placed.rows(), dims[D - 1]);
        let len = placed.model.block_len(self.num_steps);
        let blocks = self.num_steps.div_ceil(len);
        let [_, _, noises] = placed.model.process.dims();
        let first = stacked(noise.normal([count, 1, placed.factor.dims()[2]])?, rows);
        let first = placed.factor.clone().matmul(first) + placed.mean.clone();
        let moves = stacked(noise.normal([count, blocks * len, noises])?, rows);
        let moves: Vec<Tensor<3>> = (0..blocks).map(|block| moves.clone().narrow(1, block * len * noises, len * noises)).collect();
        let observed = placed.model.block(len).run(first, &moves).narrow(1, 0, self.num_steps * outputs);
        let whole = [count, self.num_steps, outputs];
        let observed = series::<3>(observed, whole) + noise.normal(whole)?;
        Ok(observed.matmul(placed.noise.swap_dims(1, 2)).reshape(dims))
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("transition_matrix", self.transition_matrix.any(), Constraint::Real);
        visit("process_factor", self.process_factor.any(), Constraint::Real);
        visit("observation_matrix", self.observation_matrix.any(), Constraint::Real);
        visit("observation_scale_tril", self.observation_scale_tril.any(), Constraint::LowerCholesky);
        visit("initial_loc", self.initial_loc.any(), Constraint::Real);
        if let Some(factor) = &self.initial_factor {
            visit("initial_factor", factor.any(), Constraint::Real);
        }
    }
}

impl<const D: usize> GaussianStateSpace<D> {
    /// Of each step, `f` of the mean (a column) and the covariance of its state: `[rows, 1, p]`, one below the other.
    fn each_step(&self, f: impl Fn(&Placed, Tensor<3>, Tensor<3>) -> Tensor<3>) -> Tensor<D> {
        let dims = self.shape();
        let placed = self.placed(dims, &self.batch.placement());
        let Model { transition, process, .. } = placed.model.clone();
        let adjoint = transition.clone().swap_dims(1, 2);
        let noise = process.clone().matmul(process.swap_dims(1, 2));
        let Belief { mut mean, factor } = placed.first(1);
        let mut covariance = factor.clone().matmul(factor.swap_dims(1, 2));
        let mut steps = Vec::with_capacity(self.num_steps);
        for _ in 0..self.num_steps {
            steps.push(f(&placed, mean.clone(), covariance.clone()));
            mean = transition.clone().matmul(mean);
            covariance = transition.clone().matmul(covariance).matmul(adjoint.clone()) + noise.clone();
        }
        repeated(Tensor::cat(steps, 1), dims, 2)
    }
}

impl<const D: usize> Moments<D> for GaussianStateSpace<D> {
    /// `C Aᵗ⁻¹ m`
    fn mean(&self) -> Tensor<D> {
        self.each_step(|placed, mean, _| placed.noise.clone().matmul(placed.model.observation.clone()).matmul(mean).swap_dims(1, 2))
    }

    /// The diagonals of `C Σₜ Cᵀ + L Lᵀ`, `Σₜ₊₁ = A Σₜ Aᵀ + G Gᵀ`.
    fn variance(&self) -> Tensor<D> {
        self.each_step(|placed, _, covariance| {
            let observation = placed.noise.clone().matmul(placed.model.observation.clone());
            let seen = observation.clone().matmul(covariance) * observation;
            (seen.sum_dim(2) + placed.noise.clone().square().sum_dim(2)).swap_dims(1, 2)
        })
    }
}

impl<const D: usize> Entropy<D> for GaussianStateSpace<D> {
    /// `½ ln |cov y| + ½ T p ln 2πe`, the determinant by the filter: it does not depend on what is observed.
    fn entropy(&self) -> Tensor<D> {
        let dims = self.shape();
        let placed = self.placed(dims, &self.batch.placement());
        let size = self.num_steps * dims[D - 1];
        let nothing = spread(placed.noise.clone().narrow(1, 0, 1).narrow(2, 0, 1).zeros_like(), [placed.rows(), 1, 1]);
        let evidence = placed.model.evidence(placed.first(1), nothing.repeat_dim(1, size));
        let noise = linalg::diagonal(placed.noise).log().sum_dim(1) * self.num_steps as f64;
        let half_log_det: Tensor<D> = each(evidence.half_log_det + noise, dims, 2);
        spread(half_log_det + size as f64 * (HALF_LN_2PI + 0.5), scored(dims, 2))
    }
}
