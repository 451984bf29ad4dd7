//! A chain of hidden states: what is known of them from the likelihood of each state at each time.

use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::{Int, Tensor};

use super::density::log_or_nothing;
use super::form::Form;
use super::rows::align;
use super::{Constraint, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special::{log1p, logsumexp};

/// The law of a sequence of states `z₁, z₂, …` out of `S`: `z₁` by `initial`, `zₜ` by row `zₜ₋₁` of `transition`.
///
/// Its methods take the log-likelihood of each state at each time, `[batch, T, S]`, whatever it was computed from;
/// [`DiscreteHmm`](super::DiscreteHmm) is the distribution of observations that a distribution for each state emits. All is
/// computed with logarithms: no sequence is too long.
///
/// Source: Rabiner (1989), "A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition", section III.
///
/// # Shapes
/// `initial`: `[batch, S]`; `transition`: `[S, S]`, or `[batch, T − 1, S, S]` with any of the leading ones 1, where it depends
/// on batch or time; dimensions of the batch may be left out in front.
#[derive(Clone, Debug)]
pub struct MarkovChain {
    form: Form,
    /// `[rows, S]`
    initial: Operand<2>,
    /// `[rows, T − 1 or 1, S, S]`
    transition: Operand<4>,
    /// The dimensions in which the rows of each are laid out.
    own: [Vec<usize>; 2],
    conflict: Option<ShapeConflict>,
}

/// Probabilities or logits of states: nested arrays of `f64`, a tensor of any rank, or a reference to one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the probabilities of states",
    label = "expected an array of `f64`, a matrix of `f64`, or a tensor"
)]
pub trait StateWeights {
    /// The elements in row-major order, and the shape.
    fn flat(self) -> (Operand<1>, Vec<usize>);
}

impl<const S: usize> StateWeights for [f64; S] {
    fn flat(self) -> (Operand<1>, Vec<usize>) {
        (Operand::Host(self.to_vec(), [S]), vec![S])
    }
}

impl<const R: usize, const S: usize> StateWeights for [[f64; S]; R] {
    fn flat(self) -> (Operand<1>, Vec<usize>) {
        (Operand::Host(self.concat(), [R * S]), vec![R, S])
    }
}

impl<const W: usize> StateWeights for Tensor<W> {
    fn flat(self) -> (Operand<1>, Vec<usize>) {
        let dims = self.dims();
        (Operand::Tensor(self.reshape([dims.iter().product::<usize>()])), dims.to_vec())
    }
}

impl<const W: usize> StateWeights for &Tensor<W> {
    fn flat(self) -> (Operand<1>, Vec<usize>) {
        self.clone().flat()
    }
}

fn shaped<const D: usize>(flat: Operand<1>, dims: [usize; D]) -> Operand<D> {
    match flat {
        Operand::Number(x) => Operand::Number(x),
        Operand::Host(values, _) => Operand::Host(values, dims),
        Operand::Tensor(tensor) => Operand::Tensor(tensor.reshape(dims)),
    }
}

impl MarkovChain {
    /// With probabilities.
    pub fn new(initial: impl StateWeights, transition: impl StateWeights) -> Self {
        Self::of(Form::Probs, initial.flat(), transition.flat())
    }

    /// With unnormalised log-probabilities.
    pub fn logits(initial: impl StateWeights, transition: impl StateWeights) -> Self {
        Self::of(Form::Logits, initial.flat(), transition.flat())
    }

    fn of(form: Form, (initial, starts): (Operand<1>, Vec<usize>), (transition, moves): (Operand<1>, Vec<usize>)) -> Self {
        let misfit = || ShapeConflict { left: ("initial", starts.clone()), right: ("transition", moves.clone()) };
        let states = starts.last().copied().unwrap_or(1);
        let (over_initial, over_time) = (&starts[..starts.len().saturating_sub(1)], &moves[..moves.len().saturating_sub(2)]);
        let (times, over_transition) = over_time.split_last().map_or((1, over_time), |(&times, batch)| (times, batch));
        let rows = |batch: &[usize]| batch.iter().product::<usize>();
        if !moves.ends_with(&[states, states]) {
            let none = Operand::Number(0.0);
            return MarkovChain {
                form,
                initial: shaped(none.clone(), [1; 2]),
                transition: shaped(none, [1; 4]),
                own: [Vec::new(), Vec::new()],
                conflict: Some(misfit()),
            };
        }
        MarkovChain {
            form,
            initial: shaped(initial, [rows(over_initial), states]),
            transition: shaped(transition, [rows(over_transition), times, states, states]),
            own: [over_initial.to_vec(), over_transition.to_vec()],
            conflict: None,
        }
    }

    /// The number of states.
    pub fn states(&self) -> usize {
        self.initial.dims()[1]
    }

    pub(super) fn conflict(&self) -> Option<ShapeConflict> {
        self.conflict.clone()
    }

    /// The batch dimensions of the two parameters, each filled up to `rank` in front; `None` where there are too many.
    pub(super) fn batches(&self, rank: usize) -> Option<[Vec<usize>; 2]> {
        let [initial, transition] = &self.own;
        let fill = |own: &Vec<usize>| Some([vec![1; rank.checked_sub(own.len())?], own.clone()].concat());
        Some([fill(initial)?, fill(transition)?])
    }

    #[must_use]
    pub(super) fn place(mut self, to: &Placement) -> Self {
        self.initial = self.initial.place(to);
        self.transition = self.transition.place(to);
        self
    }

    pub(super) fn visit(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("initial", self.initial.any(), self.form.row_constraint());
        visit("transition", self.transition.any(), self.form.row_constraint());
    }

    /// The logarithms of both, with one row for each element of `batch` or one for all.
    fn logarithms(&self, batch: &[usize], to: &Placement) -> (Tensor<2>, Tensor<4>) {
        let (initial, transition) = (self.initial.clone().tensor(to), self.transition.clone().tensor(to));
        let (initial, transition) = match self.form {
            Form::Probs => (log_or_nothing(initial), log_or_nothing(transition)),
            Form::Logits => (log_softmax(initial, 1), log_softmax(transition, 3)),
        };
        let own = self.batches(batch.len()).unwrap_or_default();
        (align(initial, &own[0], batch), align(transition, &own[1], batch))
    }

    /// The same beside a likelihood: `[batch, S]` and `[batch, T − 1, S, S]`, every dimension filled.
    fn beside(&self, likelihood: &Tensor<3>, batch: &[usize]) -> (Tensor<2>, Tensor<4>) {
        let to = Placement { device: likelihood.device().inner(), dtype: likelihood.dtype().into() };
        let (initial, transition) = self.logarithms(batch, &to);
        let [count, times, states] = likelihood.dims();
        (initial.expand([count, states]), transition.expand([count, (times - 1).max(1), states, states]))
    }

    /// `ln p(x₁, …, x_T)`, the states summed out.
    ///
    /// The steps are matrices; neighbours are multiplied (with sums of logarithms for products) until one is left, so that
    /// the graph grows with `log₂ T` only (Hassan, Särkkä and García-Fernández 2021). It holds `T S³/2` numbers at once for each
    /// element of the batch.
    ///
    /// # Shapes
    /// `likelihood`: `[batch, T, S]`; out: `[batch]`.
    pub fn log_evidence(&self, likelihood: &Tensor<3>) -> Tensor<1> {
        self.log_evidence_over(likelihood, &[likelihood.dims()[0]])
    }

    pub(super) fn log_evidence_over(&self, likelihood: &Tensor<3>, batch: &[usize]) -> Tensor<1> {
        let [count, times, s] = likelihood.dims();
        let (initial, transition) = self.beside(likelihood, batch);
        let first = initial + likelihood.clone().narrow(1, 0, 1).reshape([count, s]);
        if times == 1 {
            return logsumexp(first, 1).reshape([count]);
        }
        let mut steps = transition + likelihood.clone().narrow(1, 1, times - 1).reshape([count, times - 1, 1, s]);
        while steps.dims()[1] > 1 {
            let n = steps.dims()[1];
            let half = n / 2;
            let pairs: Tensor<5> = steps.clone().narrow(1, 0, 2 * half).reshape([count, half, 2, s * s, 1]);
            let left: Tensor<5> = pairs.clone().narrow(2, 0, 1).reshape([count, half, s, s, 1]);
            let right: Tensor<5> = pairs.narrow(2, 1, 1).reshape([count, half, 1, s, s]);
            let product: Tensor<4> = logsumexp(left + right, 3).reshape([count, half, s, s]);
            steps = if n % 2 == 1 { Tensor::cat(vec![product, steps.narrow(1, n - 1, 1)], 1) } else { product };
        }
        let last: Tensor<3> = first.reshape([count, s, 1]) + steps.reshape([count, s, s]);
        logsumexp(last.reshape([count, s * s]), 1).reshape([count])
    }

    /// `ln p(x₁, …, xₜ, zₜ)` for each `t`.
    fn forward(&self, likelihood: &Tensor<3>, batch: &[usize]) -> (Vec<Tensor<2>>, Tensor<4>) {
        let [count, times, s] = likelihood.dims();
        let (initial, transition) = self.beside(likelihood, batch);
        let seen = |t: usize| -> Tensor<2> { likelihood.clone().narrow(1, t, 1).reshape([count, s]) };
        let mut messages = vec![initial + seen(0)];
        for t in 1..times {
            let joint: Tensor<3> = messages[t - 1].clone().reshape([count, s, 1]) + step(&transition, t);
            messages.push(logsumexp(joint, 1).reshape([count, s]) + seen(t));
        }
        (messages, transition)
    }

    /// `p(zₜ | x₁, …, xₜ)`.
    ///
    /// # Shapes
    /// `likelihood` and out: `[batch, T, S]`.
    pub fn filtered(&self, likelihood: &Tensor<3>) -> Tensor<3> {
        self.filtered_over(likelihood, &[likelihood.dims()[0]])
    }

    pub(super) fn filtered_over(&self, likelihood: &Tensor<3>, batch: &[usize]) -> Tensor<3> {
        let (messages, _) = self.forward(likelihood, batch);
        softmax(Tensor::stack(messages, 1), 2)
    }

    /// `p(zₜ | x₁, …, x_T)`.
    ///
    /// # Shapes
    /// `likelihood` and out: `[batch, T, S]`.
    pub fn smoothed(&self, likelihood: &Tensor<3>) -> Tensor<3> {
        self.smoothed_over(likelihood, &[likelihood.dims()[0]])
    }

    pub(super) fn smoothed_over(&self, likelihood: &Tensor<3>, batch: &[usize]) -> Tensor<3> {
        let [count, times, s] = likelihood.dims();
        let (messages, transition) = self.forward(likelihood, batch);
        // ln p(xₜ₊₁, …, x_T | zₜ), from behind.
        let mut rest = likelihood.clone().narrow(1, times - 1, 1).reshape([count, s]).zeros_like();
        let mut joint = Vec::with_capacity(times);
        for t in (0..times).rev() {
            joint.push(messages[t].clone() + rest.clone());
            if t > 0 {
                let next: Tensor<3> = (rest + likelihood.clone().narrow(1, t, 1).reshape([count, s])).reshape([count, 1, s]);
                rest = logsumexp(step(&transition, t) + next, 2).reshape([count, s]);
            }
        }
        joint.reverse();
        softmax(Tensor::stack(joint, 1), 2)
    }

    /// The most probable states given the whole sequence (Viterbi), and the logarithm of their joint probability with it.
    ///
    /// # Shapes
    /// `likelihood`: `[batch, T, S]`; out: `[batch, T]` and `[batch]`.
    pub fn most_probable(&self, likelihood: &Tensor<3>) -> (Tensor<2, Int>, Tensor<1>) {
        self.most_probable_over(likelihood, &[likelihood.dims()[0]])
    }

    pub(super) fn most_probable_over(&self, likelihood: &Tensor<3>, batch: &[usize]) -> (Tensor<2, Int>, Tensor<1>) {
        let [count, times, s] = likelihood.dims();
        let (initial, transition) = self.beside(likelihood, batch);
        let seen = |t: usize| -> Tensor<2> { likelihood.clone().narrow(1, t, 1).reshape([count, s]) };
        let mut best = initial + seen(0);
        let mut came_from: Vec<Tensor<2, Int>> = Vec::with_capacity(times);
        for t in 1..times {
            let joint: Tensor<3> = best.reshape([count, s, 1]) + step(&transition, t);
            let (largest, from) = joint.max_dim_with_indices(1);
            came_from.push(from.reshape([count, s]));
            best = largest.reshape([count, s]) + seen(t);
        }
        let (largest, last) = best.max_dim_with_indices(1);
        let mut path = vec![last];
        for from in came_from.into_iter().rev() {
            let next = path[path.len() - 1].clone();
            path.push(from.gather(1, next));
        }
        path.reverse();
        (Tensor::cat(path, 1), largest.reshape([count]))
    }

    /// One draw of the states given the whole sequence: forward sums, then states from the last to the first
    /// (Scott 2002).
    ///
    /// # Shapes
    /// `likelihood`: `[batch, T, S]`; out: `[batch, T]`.
    ///
    /// # Errors
    /// Those of the noise source.
    pub fn draw_posterior(&self, likelihood: &Tensor<3>, noise: &mut Noise<'_>) -> Result<Tensor<2, Int>> {
        self.draw_posterior_over(likelihood, &[likelihood.dims()[0]], noise)
    }

    pub(super) fn draw_posterior_over(&self, likelihood: &Tensor<3>, batch: &[usize], noise: &mut Noise<'_>) -> Result<Tensor<2, Int>> {
        let [count, times, s] = likelihood.dims();
        let likelihood = likelihood.clone().without_autodiff();
        let (messages, transition) = self.forward(&likelihood, batch);
        let gumbel = gumbel([count, times, s], noise)?;
        let mut path: Vec<Tensor<2, Int>> = Vec::with_capacity(times);
        for t in (0..times).rev() {
            let mut weights = messages[t].clone().without_autodiff() + gumbel.clone().narrow(1, t, 1).reshape([count, s]);
            if let Some(next) = path.last() {
                weights = weights + row(step(&transition, t + 1).without_autodiff().swap_dims(1, 2), next);
            }
            path.push(weights.argmax(1));
        }
        path.reverse();
        Ok(Tensor::cat(path, 1))
    }

    /// One draw of `times` states: `[batch, times]`, `batch` being the number of elements.
    pub(super) fn draw_states(&self, times: usize, batch: &[usize], noise: &mut Noise<'_>) -> Result<Tensor<2, Int>> {
        let (count, s) = (batch.iter().product(), self.states());
        let (initial, transition) = self.logarithms(batch, noise.placement());
        let initial: Tensor<2> = initial.without_autodiff().expand([count, s]);
        let transition: Tensor<4> = transition.without_autodiff().expand([count, (times - 1).max(1), s, s]);
        let gumbel = gumbel([count, times, s], noise)?;
        let at = |t: usize| -> Tensor<2> { gumbel.clone().narrow(1, t, 1).reshape([count, s]) };
        let mut path = vec![(initial + at(0)).argmax(1)];
        for t in 1..times {
            path.push((row(step(&transition, t), &path[t - 1]) + at(t)).argmax(1));
        }
        Ok(Tensor::cat(path, 1))
    }
}

/// The logarithms of the move into time `t`, from states in rows to states in columns.
fn step(transition: &Tensor<4>, t: usize) -> Tensor<3> {
    let [count, _, s, _] = transition.dims();
    transition.clone().narrow(1, t - 1, 1).reshape([count, s, s])
}

/// The row of each matrix that `state: [batch, 1]` names.
fn row(matrices: Tensor<3>, state: &Tensor<2, Int>) -> Tensor<2> {
    let [count, _, s] = matrices.dims();
    let index: Tensor<3, Int> = state.clone().reshape([count, 1, 1]).expand([count, 1, s]);
    matrices.gather(1, index).reshape([count, s])
}

/// The state with the largest of `ln p + Gumbel noise` has the probabilities `p`.
fn gumbel(shape: [usize; 3], noise: &mut Noise<'_>) -> Result<Tensor<3>> {
    Ok(log1p(noise.uniform(shape)?.neg()).neg().log().neg())
}
