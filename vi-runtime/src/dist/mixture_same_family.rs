//! Mixtures of components that belong to one family.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

use super::density::{beside, log_or_nothing, spread};
use super::form::Form;
use super::rows::broadcast;
use super::{Cdf, Constraint, Distribution, Moments, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special::logsumexp;
use crate::support::Support;

/// A mixture of `K` components with the component summed out; support: that of the components.
///
/// `log p(x) = ln Σₖ exp(ln wₖ + log pₖ(x))`, with `wₖ = probs[k]`, or `wₖ = exp(logits[k])/Σⱼ exp(logits[j])`
///
/// Source: McLachlan and Peel (2000), Finite Mixture Models, chapter 1.
///
/// It has no entropy: the logarithm of a sum of densities has no expectation in closed form.
///
/// Probabilities are used as given: they must sum to 1. Logits need not be normalised.
///
/// Gradients reach the weights and the components. A draw chooses a component first, so no gradient flows through it: as
/// the distribution of a latent site in a guide it is refused. Where the components are continuous scalars with a
/// distribution function, [`reparameterised`](super::DistributionExt::reparameterised) gives its draws implicit gradients.
///
/// # Shapes
/// `components`: `[batch, K, event]`, of rank `D + 1`; `probs`, `logits`: `[batch, K]`, of which leading dimensions may be
/// left out; the value: `[batch, event]`. Components of shape `[1, K]` make a scalar, whose shape is `[1]`.
///
/// ```
/// use vi_runtime::prelude::*;
///
/// let scalars = MixtureSameFamily::new([0.3, 0.7], Normal::new([-2.0, 1.0], [0.5, 1.5]).expand([1, 2]));
/// assert_eq!(scalars.shape(), [1]);
/// let vectors = MixtureSameFamily::new([0.5, 0.3, 0.2], Normal::new(0.0, 1.0).expand([1, 3, 2]).independent(1));
/// assert_eq!((vectors.shape(), vectors.event_rank()), ([1, 2], 1));
/// ```
///
/// # Errors
/// At the site: [`Error::Shape`](crate::Error::Shape) where the number of weights is not that of the components or the
/// batches do not broadcast, [`Error::Parameter`](crate::Error::Parameter) where `probs` are not probabilities that sum to
/// 1, `logits` are NaN or `∞`, or a parameter of the components is not legal.
#[derive(Clone, Debug)]
pub struct MixtureSameFamily<const D: usize, const C: usize, T> {
    form: Form,
    /// `[batch, K, 1..]`, the rank of the components
    weights: Operand<C>,
    /// `[batch, K, event]`
    components: T,
    shape: [usize; D],
    conflict: Option<ShapeConflict>,
}

/// The rank of components `C` as a type; see [`Mixes`].
#[derive(Clone, Copy, Debug)]
pub struct ComponentRank<const C: usize>;

/// Components of this rank make mixtures of rank `D`, one less.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mixed",
    label = "the components need a dimension for the mixture beside those of the value",
    note = "give scalar components the shape `[1, K]`, as with `.expand([1, K])`"
)]
pub trait Mixes<const D: usize> {}

macro_rules! mixes {
    ($($value:literal from $components:literal),*) => { $(impl Mixes<$value> for ComponentRank<$components> {})* };
}
mixes!(1 from 2, 2 from 3, 3 from 4, 4 from 5, 5 from 6, 6 from 7, 7 from 8);

/// Weights of a mixture: `[f64; K]`, or a tensor or reference whose last dimension holds the components and whose other
/// dimensions broadcast against the batch.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the weights of a mixture",
    label = "expected `[f64; K]`, or a tensor `[batch, K]`"
)]
pub trait MixtureWeights {
    /// The weights as `[batch, K, 1..]` with `event_rank` dimensions of size 1 at the end, or their shape where that has
    /// too many dimensions.
    ///
    /// # Errors
    /// The shape as it is.
    fn aligned<const C: usize>(self, event_rank: usize) -> std::result::Result<Operand<C>, Vec<usize>>;

    /// The weight of each component as `[batch, 1..]`, or the shape where that has too many dimensions.
    ///
    /// # Errors
    /// The shape as it is.
    fn of_each<const D: usize>(self, event_rank: usize) -> std::result::Result<Vec<Operand<D>>, Vec<usize>>;
}

impl<const K: usize> MixtureWeights for [f64; K] {
    fn aligned<const C: usize>(self, event_rank: usize) -> std::result::Result<Operand<C>, Vec<usize>> {
        Ok(Operand::Host(self.to_vec(), right(&[K], event_rank)?))
    }

    fn of_each<const D: usize>(self, _event_rank: usize) -> std::result::Result<Vec<Operand<D>>, Vec<usize>> {
        Ok(self.into_iter().map(Operand::Number).collect())
    }
}

impl<const W: usize> MixtureWeights for Tensor<W> {
    fn aligned<const C: usize>(self, event_rank: usize) -> std::result::Result<Operand<C>, Vec<usize>> {
        let dims: [usize; C] = right(&self.dims(), event_rank)?;
        Ok(Operand::Tensor(self.reshape(dims)))
    }

    fn of_each<const D: usize>(self, event_rank: usize) -> std::result::Result<Vec<Operand<D>>, Vec<usize>> {
        let (dims, last) = (self.dims(), W - 1);
        let one: [usize; D] = right(&dims[..last], event_rank).map_err(|_| dims.to_vec())?;
        Ok((0..dims[last]).map(|k| Operand::Tensor(self.clone().narrow(last, k, 1).reshape(one))).collect())
    }
}

impl<const W: usize> MixtureWeights for &Tensor<W> {
    fn aligned<const C: usize>(self, event_rank: usize) -> std::result::Result<Operand<C>, Vec<usize>> {
        self.clone().aligned(event_rank)
    }

    fn of_each<const D: usize>(self, event_rank: usize) -> std::result::Result<Vec<Operand<D>>, Vec<usize>> {
        self.clone().of_each(event_rank)
    }
}

/// `dims` between ones: `after` of them behind, the rest in front.
fn right<const C: usize>(dims: &[usize], after: usize) -> std::result::Result<[usize; C], Vec<usize>> {
    if dims.len() + after > C {
        return Err(dims.to_vec());
    }
    let first = C - after - dims.len();
    Ok(std::array::from_fn(|i| if i < first { 1 } else { dims.get(i - first).copied().unwrap_or(1) }))
}

impl<const D: usize, const C: usize, T: Distribution<C>> MixtureSameFamily<D, C, T>
where
    ComponentRank<C>: Mixes<D>,
{
    /// With the probability of each component.
    pub fn new<W: MixtureWeights>(probs: W, components: T) -> Self {
        Self::of(Form::Probs, probs, components)
    }

    /// With unnormalised log-probabilities of the components.
    pub fn logits<W: MixtureWeights>(logits: W, components: T) -> Self {
        Self::of(Form::Logits, logits, components)
    }

    fn of<W: MixtureWeights>(form: Form, weights: W, components: T) -> Self {
        let (given, event_rank) = (components.shape(), components.event_rank());
        let misfit = |weights: Vec<usize>| ShapeConflict { left: (form.name(), weights), right: ("the components", given.to_vec()) };
        let (weights, mut conflict) = match weights.aligned::<C>(event_rank) {
            Ok(weights) => (weights, None),
            Err(dims) => (Operand::Number(1.0), Some(misfit(dims))),
        };
        let mut components = components;
        // The events count as size 1 here; the mixture dimension must be there, and must not broadcast.
        if event_rank >= C {
            conflict = conflict.or_else(|| Some(misfit(weights.dims().to_vec())));
        } else if conflict.is_none() {
            let at = C - 1 - event_rank;
            let mut room = given;
            room[at + 1..].fill(1);
            match broadcast((form.name(), weights.dims()), ("the components", room)) {
                Ok(mut dims) if weights.dims()[at] == given[at] => {
                    dims[at + 1..].copy_from_slice(&given[at + 1..]);
                    if dims != given {
                        components = components.grow(dims);
                    }
                }
                _ => conflict = Some(misfit(weights.dims().to_vec())),
            }
        }
        let shape = without(components.shape(), C.saturating_sub(1 + event_rank));
        MixtureSameFamily { form, weights, components, shape, conflict }
    }
}

/// The shape with the dimension `at` left out.
pub(super) fn without<const C: usize, const D: usize>(dims: [usize; C], at: usize) -> [usize; D] {
    std::array::from_fn(|i| dims[if i < at { i } else { i + 1 }])
}

/// The shape with a dimension of size `size` put in before `at`.
pub(super) fn with<const D: usize, const C: usize>(dims: [usize; D], at: usize, size: usize) -> [usize; C] {
    std::array::from_fn(|i| match i.cmp(&at) {
        std::cmp::Ordering::Less => dims[i],
        std::cmp::Ordering::Equal => size,
        std::cmp::Ordering::Greater => dims[i - 1],
    })
}

impl<const D: usize, const C: usize, T: Distribution<C>> MixtureSameFamily<D, C, T> {
    /// The dimension of the components that is summed out.
    fn mixture_dim(&self) -> usize {
        C.saturating_sub(1 + self.components.event_rank())
    }

    /// Logarithms of the weights, which sum to 1.
    fn log_weights(&self) -> Operand<C> {
        let dim = self.mixture_dim();
        match (self.form, self.weights.clone()) {
            (Form::Probs, weights) => weights.map(f64::ln, log_or_nothing),
            (Form::Logits, Operand::Host(logits, dims)) => {
                let total = crate::special::scalar::logsumexp(logits.iter().copied());
                Operand::Host(logits.into_iter().map(|x| x - total).collect(), dims)
            }
            (Form::Logits, logits) => logits.map(|_| 0.0, |logits| log_softmax(logits, dim)),
        }
    }
}

impl<const D: usize, const C: usize, T: Distribution<C>> Distribution<D> for MixtureSameFamily<D, C, T>
where
    ComponentRank<C>: Mixes<D>,
{
    type Kind = T::Kind;

    fn name(&self) -> String {
        format!("MixtureSameFamily({})", self.components.name())
    }

    fn shape(&self) -> [usize; D] {
        self.shape
    }

    fn event_rank(&self) -> usize {
        self.components.event_rank().min(D)
    }

    fn support(&self) -> Support {
        self.components.support()
    }

    fn score_vanishes(&self) -> bool {
        self.components.score_vanishes()
    }

    fn log_prob(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.log_weighted(self.components.log_prob(&self.each(value)))
    }

    /// A component by the largest of `ln w + Gumbel noise`, then one draw of every component, of which that one is taken.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, T::Kind>> {
        let dim = self.mixture_dim();
        let shape = self.components.shape();
        let mut rows = shape;
        rows[dim + 1..].fill(1);
        let uniform = noise.uniform(rows)?;
        let log_weights = beside(&self.log_weights(), &uniform).without_autodiff();
        let gumbel = crate::special::log1p(uniform.neg()).neg().log().neg();
        let mut taken = shape;
        taken[dim] = 1;
        let chosen: Tensor<C, Int> = spread((gumbel + log_weights).argmax(dim), taken);
        Ok(self.components.draw(noise)?.gather(dim, chosen).reshape(self.shape))
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D, T::Kind>>> {
        let first = |begin: Tensor<C, T::Kind>| begin.narrow(self.mixture_dim(), 0, 1).reshape(self.shape);
        Ok(self.components.begin(at)?.map(first))
    }

    fn place(mut self, to: &Placement) -> Self {
        self.weights = self.weights.place(to);
        self.components = self.components.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        let dim = self.mixture_dim();
        let components = self.components.shape()[dim];
        self.components = self.components.grow(with(shape, dim, components));
        self.shape = shape;
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.components.conflict().or_else(|| self.conflict.clone())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        let dim = self.mixture_dim();
        // A check adds up the last dimension.
        let weights: Operand<C> = self.weights.clone().map(|x| x, |weights| weights.swap_dims(dim, C - 1));
        let constraint = match self.form {
            Form::Probs => Constraint::Simplex,
            Form::Logits => Constraint::Logit,
        };
        visit(self.form.name(), weights.any(), constraint);
        self.components.parameters(visit);
    }
}

impl<const D: usize, const C: usize, T: Distribution<C>> MixtureSameFamily<D, C, T> {
    /// `Σₖ wₖ fₖ`
    fn weighted(&self, each: Tensor<C>) -> Tensor<D> {
        let dim = self.mixture_dim();
        let sum = (Operand::Tensor(each) * self.log_weights().exp()).into_tensor().sum_dim(dim);
        let dims = without(sum.dims(), dim);
        sum.reshape(dims)
    }

    /// `ln Σₖ wₖ fₖ` from `ln fₖ`.
    fn log_weighted(&self, each: Tensor<C>) -> Tensor<D> {
        let dim = self.mixture_dim();
        let joint = (Operand::Tensor(each) + self.log_weights()).into_tensor();
        let dims: [usize; D] = without(joint.dims(), dim);
        logsumexp(joint, dim).reshape(dims)
    }

    /// The value beside each component.
    fn each<K: burn::tensor::kind::Basic>(&self, value: &Tensor<D, K>) -> Tensor<C, K> {
        value.clone().reshape(with::<D, C>(value.dims(), self.mixture_dim(), 1))
    }
}

impl<const D: usize, const C: usize, T: Moments<C>> Moments<D> for MixtureSameFamily<D, C, T>
where
    ComponentRank<C>: Mixes<D>,
{
    /// `Σₖ wₖ mₖ`
    fn mean(&self) -> Tensor<D> {
        self.weighted(self.components.mean())
    }

    /// `Σₖ wₖ (vₖ + (mₖ − m)²)`
    fn variance(&self) -> Tensor<D> {
        let apart = self.components.mean() - self.each(&self.mean());
        self.weighted(self.components.variance() + apart.square())
    }
}

impl<const D: usize, const C: usize, T: Cdf<C>> Cdf<D> for MixtureSameFamily<D, C, T>
where
    ComponentRank<C>: Mixes<D>,
{
    /// `Σₖ wₖ Fₖ(x)`
    fn cdf(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.weighted(self.components.cdf(&self.each(value)))
    }

    fn survival(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.weighted(self.components.survival(&self.each(value)))
    }

    fn log_cdf(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.log_weighted(self.components.log_cdf(&self.each(value)))
    }

    fn log_survival(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.log_weighted(self.components.log_survival(&self.each(value)))
    }
}
