//! Hidden Markov models with finitely many states.

use burn::tensor::{Int, Tensor};

use super::markov_chain::{MarkovChain, StateWeights};
use super::mixture_same_family::{ComponentRank, Mixes, with, without};
use super::rows::broadcast;
use super::{Constraint, Distribution, Moments, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Placement};
use crate::support::Support;

/// Sequences that a hidden Markov chain emits, the states summed out; support: sequences in the support of the emission.
///
/// `log p(x) = ln Σ_z initial[z₁] e_{z₁}(x₁) Πₜ transition[zₜ₋₁, zₜ] e_{zₜ}(xₜ)`, `e_s` the density of the emission in state `s`; by
/// the forward recursion as a product of matrices of logarithms (see [`MarkovChain::log_evidence`]), of any length
///
/// Source: Rabiner (1989), "A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition", section III.
///
/// It has no entropy: that of the sequence with the states summed out has no closed form.
///
/// Gradients reach the chain and the emission. Where there is a log-likelihood of the states but no distribution that emits,
/// [`MarkovChain`] takes it directly.
///
/// # Shapes
/// `emission`: `[batch, T, S, event]`, of rank `D + 1`, where the density takes the length from the value if `T` is 1;
/// `initial`: `[batch, S]`; `transition`: `[S, S]`, or `[batch, T − 1, S, S]` where it depends on batch or time (see
/// [`MarkovChain`]); the value: `[batch, T, event]`, whose time is an event dimension.
///
/// ```
/// use vi_runtime::prelude::*;
///
/// let emission = Normal::new([-1.0, 1.0], 0.5).expand([100, 2]);
/// let hmm = DiscreteHmm::new([0.5, 0.5], [[0.9, 0.1], [0.2, 0.8]], emission);
/// assert_eq!((hmm.shape(), hmm.event_rank()), ([100], 1));
/// ```
///
/// # Errors
/// At the site: [`Error::Shape`](crate::Error::Shape) where the numbers of states differ or the batches do not broadcast,
/// [`Error::Parameter`](crate::Error::Parameter) where probabilities do not sum to 1, logits are NaN or `∞`, or a parameter of the
/// emission is not legal.
#[derive(Clone, Debug)]
pub struct DiscreteHmm<const D: usize, const C: usize, T> {
    chain: MarkovChain,
    /// `[batch, T, S, event]`
    emission: T,
    shape: [usize; D],
    conflict: Option<ShapeConflict>,
}

impl<const D: usize, const C: usize, T: Distribution<C>> DiscreteHmm<D, C, T>
where
    ComponentRank<C>: Mixes<D>,
{
    /// With probabilities of the first state and of each move, from states in rows to states in columns.
    pub fn new(initial: impl StateWeights, transition: impl StateWeights, emission: T) -> Self {
        Self::of(MarkovChain::new(initial, transition), emission)
    }

    /// With unnormalised log-probabilities of the first state and of each move.
    pub fn logits(initial: impl StateWeights, transition: impl StateWeights, emission: T) -> Self {
        Self::of(MarkovChain::logits(initial, transition), emission)
    }

    fn of(chain: MarkovChain, emission: T) -> Self {
        let given = emission.shape();
        let misfit = || ShapeConflict { left: ("initial", vec![chain.states()]), right: ("the emission", given.to_vec()) };
        // Time and states come before the events, and the batch before those.
        let room = C.checked_sub(2 + emission.event_rank());
        let mut conflict = chain.conflict();
        let mut emission = emission;
        match room.and_then(|rank| Some((rank, chain.batches(rank)?))) {
            Some((rank, batches)) if given[rank + 1] == chain.states() && conflict.is_none() => {
                let mut dims = given;
                for (name, batch) in ["initial", "transition"].into_iter().zip(batches) {
                    let own: [usize; C] = std::array::from_fn(|i| if i < rank { batch[i] } else { dims[i] });
                    match broadcast(("the emission", dims), (name, own)) {
                        Ok(common) => dims = common,
                        Err(found) => conflict = Some(found),
                    }
                }
                if dims != given && conflict.is_none() {
                    emission = emission.grow(dims);
                }
            }
            _ => conflict = conflict.or_else(|| Some(misfit())),
        }
        let shape = without(emission.shape(), C.saturating_sub(1 + emission.event_rank()));
        DiscreteHmm { chain, emission, shape, conflict }
    }
}

impl<const D: usize, const C: usize, T: Distribution<C>> DiscreteHmm<D, C, T>
where
    ComponentRank<C>: Mixes<D>,
{
    /// The dimension of the emission that holds the states.
    fn state_dim(&self) -> usize {
        C.saturating_sub(1 + self.emission.event_rank())
    }

    /// The log-likelihood of each state at each time, `[batch, T, S, 1..]`.
    pub fn likelihood(&self, value: &Tensor<D, T::Kind>) -> Tensor<C> {
        let each: [usize; C] = with(value.dims(), self.state_dim(), 1);
        self.emission.log_prob(&value.clone().reshape(each))
    }

    /// The same with the batch in one dimension, and the dimensions of the batch.
    fn rows(&self, value: &Tensor<D, T::Kind>) -> (Tensor<3>, Vec<usize>, [usize; C]) {
        let likelihood = self.likelihood(value);
        let (dims, at) = (likelihood.dims(), self.state_dim());
        let batch = dims[..at - 1].to_vec();
        (likelihood.reshape([batch.iter().product(), dims[at - 1], dims[at]]), batch, dims)
    }

    /// The probability of each state at each time given the observations up to that time, `[batch, T, S, 1..]`.
    pub fn filtered(&self, value: &Tensor<D, T::Kind>) -> Tensor<C> {
        let (likelihood, batch, dims) = self.rows(value);
        self.chain.filtered_over(&likelihood, &batch).reshape(dims)
    }

    /// The probability of each state at each time given all observations, `[batch, T, S, 1..]`.
    pub fn smoothed(&self, value: &Tensor<D, T::Kind>) -> Tensor<C> {
        let (likelihood, batch, dims) = self.rows(value);
        self.chain.smoothed_over(&likelihood, &batch).reshape(dims)
    }

    /// The most probable states given all observations (Viterbi), `[batch, T, 1..]`, and the logarithm of their joint density
    /// with the observations, `[batch, 1..]`.
    pub fn most_probable(&self, value: &Tensor<D, T::Kind>) -> (Tensor<D, Int>, Tensor<D>) {
        let (likelihood, batch, dims) = self.rows(value);
        let (path, joint) = self.chain.most_probable_over(&likelihood, &batch);
        let path_dims: [usize; D] = without(dims, self.state_dim());
        (path.reshape(path_dims), joint.reshape(self.one_each(path_dims)))
    }

    /// One draw of the states given all observations, `[batch, T, 1..]`.
    ///
    /// # Errors
    /// Those of the noise source.
    pub fn draw_posterior(&self, value: &Tensor<D, T::Kind>, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let (likelihood, batch, dims) = self.rows(value);
        let path_dims: [usize; D] = without(dims, self.state_dim());
        Ok(self.chain.draw_posterior_over(&likelihood, &batch, noise)?.reshape(path_dims))
    }

    /// Batch dimensions, then ones.
    fn one_each(&self, mut dims: [usize; D]) -> [usize; D] {
        dims[self.state_dim() - 1..].fill(1);
        dims
    }
}

impl<const D: usize, const C: usize, T: Distribution<C>> Distribution<D> for DiscreteHmm<D, C, T>
where
    ComponentRank<C>: Mixes<D>,
{
    type Kind = T::Kind;

    fn name(&self) -> String {
        format!("DiscreteHmm({})", self.emission.name())
    }

    fn shape(&self) -> [usize; D] {
        self.shape
    }

    fn event_rank(&self) -> usize {
        (self.emission.event_rank() + 1).min(D)
    }

    fn support(&self) -> Support {
        self.emission.support()
    }

    fn log_prob(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        let (likelihood, batch, dims) = self.rows(value);
        let out = self.one_each(without(dims, self.state_dim()));
        self.chain.log_evidence_over(&likelihood, &batch).reshape(out)
    }

    /// The states, then one draw of every state's emission, of which that one is taken.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, T::Kind>> {
        let (shape, at) = (self.emission.shape(), self.state_dim());
        let states = self.chain.draw_states(shape[at - 1], &shape[..at - 1], noise)?;
        let mut dims = shape;
        dims[at..].fill(1);
        let mut taken = shape;
        taken[at] = 1;
        let chosen: Tensor<C, Int> = states.reshape(dims).expand(taken);
        Ok(self.emission.draw(noise)?.gather(at, chosen).reshape(self.shape))
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D, T::Kind>>> {
        let first = |begin: Tensor<C, T::Kind>| begin.narrow(self.state_dim(), 0, 1).reshape(self.shape);
        Ok(self.emission.begin(at)?.map(first))
    }

    fn place(mut self, to: &Placement) -> Self {
        self.chain = self.chain.place(to);
        self.emission = self.emission.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        let dims = with(shape, self.state_dim(), self.chain.states());
        self.emission = self.emission.grow(dims);
        self.shape = shape;
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.emission.conflict().or_else(|| self.conflict.clone())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.chain.visit(visit);
        self.emission.parameters(visit);
    }
}

impl<const D: usize, const C: usize, T: Moments<C>> DiscreteHmm<D, C, T>
where
    ComponentRank<C>: Mixes<D>,
{
    /// `Σ_s p(zₜ = s) f_s` for numbers `f: [batch, T, S, event]`.
    fn over_states(&self, f: Tensor<C>) -> Tensor<C> {
        let (dims, at) = (f.dims(), self.state_dim());
        let batch = &dims[..at - 1];
        let nothing_seen = Tensor::<3>::zeros([batch.iter().product(), dims[at - 1], dims[at]], &f.device().inner()).cast(f.dtype());
        let mut rows = dims;
        rows[at + 1..].fill(1);
        let occupied: Tensor<C> = self.chain.filtered_over(&nothing_seen, batch).reshape(rows);
        (f * occupied).sum_dim(at)
    }
}

impl<const D: usize, const C: usize, T: Moments<C>> Moments<D> for DiscreteHmm<D, C, T>
where
    ComponentRank<C>: Mixes<D>,
{
    /// `Σ_s p(zₜ = s) E_s x`
    fn mean(&self) -> Tensor<D> {
        self.over_states(self.emission.mean()).reshape(self.shape)
    }

    /// `Σ_s p(zₜ = s) (var_s x + (E_s x − E x)²)`
    fn variance(&self) -> Tensor<D> {
        let each = self.emission.mean();
        let apart = each.clone() - self.over_states(each);
        self.over_states(self.emission.variance() + apart.square()).reshape(self.shape)
    }
}
