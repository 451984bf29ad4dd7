//! The likelihood of a linear Gaussian state space, several time steps at once.
//!
//! `b` steps of a model that does not change over time are one step of another such model, whose observation is the stack
//! of the `b` observations ("lifting"). A series of `T` steps so takes `T/b` updates besides some `b` operations that make the
//! lifted model, where a filter step by step takes `T`: compiled, that many fewer operations are planned.

use burn::tensor::{Int, Tensor, TensorData};

use super::matrices::{constant, identity, placement_of};
use crate::linalg;

/// `z' = A z + G u`, `y = C z + v` with standard normal `u`, `v`; all of `[rows, ..]` with one number of rows.
#[derive(Clone)]
pub(super) struct Model {
    /// `A`, `[rows, n, n]`
    pub(super) transition: Tensor<3>,
    /// `G`, `[rows, n, k]`
    pub(super) process: Tensor<3>,
    /// `C`, `[rows, p, n]`
    pub(super) observation: Tensor<3>,
}

/// A normal distribution of the state: means in columns, one covariance `N Nᵀ`.
#[derive(Clone)]
pub(super) struct Belief {
    /// `[rows, n, columns]`
    pub(super) mean: Tensor<3>,
    /// `N`, `[rows, n, j]`
    pub(super) factor: Tensor<3>,
}

/// Several steps as one: `y = O z + H u + v`, `z' = A z + F u`.
pub(super) struct Block {
    observe: Tensor<3>,
    respond: Tensor<3>,
    transition: Tensor<3>,
    process: Tensor<3>,
}

/// A [`Block`] whose noises are made independent, in units in which the observation's noise is standard.
struct Lifted {
    /// `L`, the factor of the covariance `H Hᵀ + I` of the observation's noise
    noise: Tensor<3>,
    /// `W = L⁻¹ O`
    observe: Tensor<3>,
    /// What is left of `A` once the noise that `y` shares with `z'` is known.
    transition: Tensor<3>,
    /// The mean of that shared noise, from `L⁻¹ y`.
    gain: Tensor<3>,
    /// The covariance of what `y` does not tell of it.
    rest: Tensor<3>,
}

/// What a series tells: `Σ ‖whitened innovations‖²`, `[rows, 1, columns]`, and half the log determinant of their
/// covariance, `[rows, 1]`.
pub(super) struct Evidence {
    pub(super) squares: Tensor<3>,
    pub(super) half_log_det: Tensor<2>,
}

impl Model {
    fn states(&self) -> usize {
        self.transition.dims()[1]
    }

    fn observed(&self) -> usize {
        self.observation.dims()[1]
    }

    /// How many steps of a run a block takes: about the root of their number, and not more than make a stack of 64
    /// observations.
    pub(super) fn block_len(&self, steps: usize) -> usize {
        ((steps as f64).sqrt().ceil() as usize).min(64 / self.observed()).max(1)
    }

    /// How many steps an update takes: the covariance of a longer stack is worse conditioned, which costs digits where the
    /// noise is small, and 8 steps cost none that count in single precision. A series that would still take hundreds of
    /// updates takes longer ones.
    fn update_len(&self, steps: usize) -> usize {
        self.block_len(steps).min(8.max((steps as f64).sqrt() as usize / 4))
    }

    /// `A` to the power `exponent`, by squaring.
    fn power(&self, exponent: usize) -> Tensor<3> {
        match exponent {
            0 | 1 => self.transition.clone(),
            _ => {
                let half = self.power(exponent / 2);
                let square = half.clone().matmul(half);
                if exponent.is_multiple_of(2) { square } else { square.matmul(self.transition.clone()) }
            }
        }
    }

    /// `len` steps as one.
    pub(super) fn block(&self, len: usize) -> Block {
        let (mut observe, mut process) = (vec![self.observation.clone()], vec![self.process.clone()]);
        for _ in 1..len {
            let last = observe[observe.len() - 1].clone();
            observe.push(last.matmul(self.transition.clone()));
            let last = process[process.len() - 1].clone();
            process.push(self.transition.clone().matmul(last));
        }
        process.reverse();
        let observe = Tensor::cat(observe, 1);
        Block { respond: self.respond(&observe, len), observe, transition: self.power(len), process: Tensor::cat(process, 2) }
    }

    /// `H`: block `(j, i)` is `C Aʲ⁻¹⁻ⁱ G` where `i < j`.
    fn respond(&self, observe: &Tensor<3>, len: usize) -> Tensor<3> {
        let ([rows, _, noises], outputs) = (self.process.dims(), self.observed());
        let responses = observe.clone().matmul(self.process.clone()).reshape([rows, len, outputs * noises]);
        let nothing = responses.clone().narrow(1, 0, 1).zeros_like();
        let index = (0..len).flat_map(|j| (0..len).map(move |i| if i < j { j - 1 - i } else { len })).map(|k| k as i64).collect();
        let index: Tensor<1, Int> = Tensor::from_data(TensorData::new::<i64, _>(index, [len * len]), &observe.device().inner());
        let blocks: Tensor<5> = Tensor::cat(vec![responses, nothing], 1).select(1, index).reshape([rows, len, len, outputs, noises]);
        blocks.permute([0, 1, 3, 2, 4]).reshape([rows, len * outputs, len * noises])
    }

    /// The evidence of `y`, `[rows, T p, columns]`, where the first state has the distribution `belief`.
    ///
    /// The first steps, as many as can determine the state, are taken number by number with a factor of the covariance: a
    /// wide distribution of the first state may exceed the noise by more digits than its square leaves.
    pub(super) fn evidence(&self, belief: Belief, y: Tensor<3>) -> Evidence {
        let outputs = self.observed();
        let steps = y.dims()[1] / outputs;
        let single = self.states().div_ceil(outputs).min(steps);
        let mut start = Start { belief, evidence: Vec::new() };
        for step in 0..single {
            for output in 0..outputs {
                let row = self.observation.clone().narrow(1, output, 1);
                start.update(row, y.clone().narrow(1, step * outputs + output, 1));
            }
            if step + 1 < steps {
                start.predict(self);
            }
        }
        let Start { belief: Belief { mean, factor }, evidence } = start;
        let rest = steps - single;
        if rest == 0 {
            return Evidence::of(evidence, &y);
        }
        let covariance = factor.clone().matmul(factor.swap_dims(1, 2));
        let mut filter = Filter { mean, covariance, evidence, y, at: single * outputs };
        let len = self.update_len(rest);
        let lifted = Lifted::of(self.block(len));
        for block in 0..rest / len {
            filter.update(&lifted, (block + 1) * len < rest);
        }
        let left = rest % len;
        if left > 0 {
            filter.update(&lifted.first(left * outputs), false);
        }
        Evidence::of(filter.evidence, &filter.y)
    }
}

impl Block {
    /// What is observed, without its own noise, from the first state and the moves of each block, `[rows, b k, columns]`.
    pub(super) fn run(&self, first: Tensor<3>, moves: &[Tensor<3>]) -> Tensor<3> {
        let mut state = first;
        let mut observed = Vec::with_capacity(moves.len());
        for (number, u) in moves.iter().enumerate() {
            observed.push(self.observe.clone().matmul(state.clone()) + self.respond.clone().matmul(u.clone()));
            if number + 1 < moves.len() {
                state = self.transition.clone().matmul(state) + self.process.clone().matmul(u.clone());
            }
        }
        Tensor::cat(observed, 1)
    }
}

impl Lifted {
    fn of(block: Block) -> Lifted {
        let Block { observe, respond, transition, process } = block;
        let ([_, outputs, noises], to) = (respond.dims(), placement_of(&respond));
        let adjoint = respond.clone().swap_dims(1, 2);
        let noise = linalg::cholesky(respond.clone().matmul(adjoint.clone()) + identity(outputs, &to));
        let whitened = linalg::solve_lower(noise.clone(), observe);
        let gain = linalg::solve_lower(noise.clone(), respond.clone().matmul(process.clone().swap_dims(1, 2))).swap_dims(1, 2);
        // cov(u | H u + v) = (I + Hᵀ H)⁻¹: no difference of covariances.
        let known = linalg::cholesky(adjoint.matmul(respond) + identity(noises, &to));
        let root = linalg::solve_lower(known, process.swap_dims(1, 2));
        Lifted {
            transition: transition - gain.clone().matmul(whitened.clone()),
            rest: root.clone().swap_dims(1, 2).matmul(root),
            noise,
            observe: whitened,
            gain,
        }
    }

    /// The same where only the first `outputs` numbers are observed, and nothing follows.
    fn first(&self, outputs: usize) -> Lifted {
        Lifted {
            noise: self.noise.clone().narrow(1, 0, outputs).narrow(2, 0, outputs),
            observe: self.observe.clone().narrow(1, 0, outputs),
            transition: self.transition.clone(),
            gain: self.gain.clone().narrow(2, 0, outputs),
            rest: self.rest.clone(),
        }
    }
}

/// Squares and half log determinants, one for each update.
type Terms = Vec<(Tensor<3>, Tensor<2>)>;

impl Evidence {
    fn of(terms: Terms, like: &Tensor<3>) -> Evidence {
        let (squares, log_dets): (Vec<_>, Vec<_>) = terms.into_iter().unzip();
        if squares.is_empty() {
            let to = placement_of(like);
            return Evidence { squares: constant(vec![0.0], [1; 3], &to), half_log_det: constant(vec![0.0], [1; 2], &to) };
        }
        Evidence { squares: Tensor::cat(squares, 1).sum_dim(1), half_log_det: Tensor::cat(log_dets, 1).sum_dim(1) }
    }
}

/// The first steps, with a factor of the covariance that becomes wider with each.
struct Start {
    belief: Belief,
    evidence: Terms,
}

impl Start {
    /// One number `y`, `[rows, 1, columns]`, seen by `row`, `[rows, 1, n]`, with standard noise. With `b = Nᵀ cᵀ` and `s = 1 +
    /// ‖b‖²` the new factor is `N (I − b bᵀ/(s + √s))` (Potter's square root; Bierman 1977, section II.3).
    fn update(&mut self, row: Tensor<3>, y: Tensor<3>) {
        let Belief { mean, factor } = self.belief.clone();
        let seen = row.clone().matmul(factor.clone());
        let variance = seen.clone().square().sum_dim(2) + 1.0;
        let innovation = y - row.matmul(mean.clone());
        let [rows, _, _] = variance.dims();
        self.evidence.push((innovation.clone().square() / variance.clone(), variance.clone().log().reshape([rows, 1]) * 0.5));
        let shared = factor.clone().matmul(seen.clone().swap_dims(1, 2));
        let shrink = seen / (variance.clone() + variance.clone().sqrt());
        self.belief = Belief { mean: mean + shared.clone().matmul(innovation / variance), factor: factor - shared.matmul(shrink) };
    }

    fn predict(&mut self, model: &Model) {
        let Belief { mean, factor } = self.belief.clone();
        let moved = model.transition.clone().matmul(factor);
        self.belief = Belief { mean: model.transition.clone().matmul(mean), factor: Tensor::cat(vec![moved, model.process.clone()], 2) };
    }
}

/// A series that has been read up to `at`.
struct Filter {
    /// `[rows, n, columns]`
    mean: Tensor<3>,
    /// `[rows, n, n]`
    covariance: Tensor<3>,
    evidence: Terms,
    y: Tensor<3>,
    at: usize,
}

impl Filter {
    /// One update, and the prediction of the next state where `more` follows. The covariance is updated in the form of
    /// Joseph, in which an error of the gain enters squared.
    fn update(&mut self, model: &Lifted, more: bool) {
        let [_, outputs, states] = model.observe.dims();
        let y = linalg::solve_lower(model.noise.clone(), self.y.clone().narrow(1, self.at, outputs));
        self.at += outputs;
        let (mean, covariance) = (self.mean.clone(), self.covariance.clone());
        let to = placement_of(&y);
        let seen = model.observe.clone().matmul(covariance.clone());
        let factor = linalg::cholesky(seen.clone().matmul(model.observe.clone().swap_dims(1, 2)) + identity(outputs, &to));
        let innovation = y.clone() - model.observe.clone().matmul(mean.clone());
        let whitened = linalg::solve_lower(factor.clone(), innovation.clone());
        let log_det = linalg::diagonal(factor.clone()).log() + linalg::diagonal(model.noise.clone()).log();
        self.evidence.push((whitened.square().sum_dim(1), log_det.sum_dim(1)));
        if !more {
            return;
        }
        let gain = linalg::solve_lower_transposed(factor.clone(), linalg::solve_lower(factor, seen)).swap_dims(1, 2);
        let left = gain.clone().matmul(model.observe.clone()).neg() + identity(states, &to);
        let updated = left.clone().matmul(covariance).matmul(left.swap_dims(1, 2)) + gain.clone().matmul(gain.clone().swap_dims(1, 2));
        let mean = mean + gain.matmul(innovation);
        let transition = model.transition.clone();
        self.mean = transition.clone().matmul(mean) + model.gain.clone().matmul(y);
        self.covariance = transition.clone().matmul(updated).matmul(transition.swap_dims(1, 2)) + model.rest.clone();
    }
}
