//! A categorical variable relaxed to the simplex, and its straight-through form.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Float, Tensor};

use super::density::{beside, clamp_unit, full, minus_infinity, spread};
use super::form::Form;
use super::relaxed_bernoulli::straight_through;
use super::{Constraint, Distribution, Params, ScoredDraw, ShapeConflict, form_family};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special::{self, log1p};
use crate::support::Support;

form_family! {
    /// A probability vector near one of the corners, the nearer the smaller `temperature`, and nearest to corner `k` with
    /// probability `probs[k]`; support: the simplex.
    ///
    /// `log p(x) = ln Γ(K) + (K − 1) ln t + Σₖ (aₖ − (t + 1) ln xₖ) − K ln Σₖ exp(aₖ − t ln xₖ)`, `t` = temperature, `a` =
    /// log-probabilities
    ///
    /// Source: Maddison, Mnih and Teh (2017), "The Concrete Distribution".
    ///
    /// Mean, variance and entropy are not given: they are integrals without a closed form.
    ///
    /// `x` is used as given: that it sums to 1 is not checked. Logits need not be normalised.
    ///
    /// # Shapes
    /// `probs`, `logits` and the value: `[batch, K]`; the last dimension is the event, so a single draw has shape `[K]`.
    /// `temperature`: a number or `[batch, 1]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `temperature` is not positive and finite, `probs` are not
    /// probabilities that sum to 1 or `logits` are NaN or `∞`; [`Error::Shape`](crate::Error::Shape) where `temperature` differs
    /// among the categories.
    RelaxedOneHotCategorical { temperature: T }
    /// With the probability of each corner in the last dimension.
    probs
    /// With unnormalised log-probabilities in the last dimension.
    logits
}

impl<const D: usize> RelaxedOneHotCategorical<D> {
    fn categories(&self) -> usize {
        self.batch.dims()[D - 1]
    }

    /// Log-probabilities, one for each category, not necessarily normalised.
    fn log_weights(&self) -> Operand<D> {
        match self.form {
            Form::Logits => self.parameter.clone(),
            Form::Probs => self.parameter.clone().ln(),
        }
    }

    /// Of a value whose logarithm is given.
    fn score(&self, log_x: Tensor<D>) -> Tensor<D> {
        let last = (self.categories() - 1) as f64;
        let log_x = Operand::Tensor(log_x);
        let tilted = (self.log_weights() - log_x.clone() * self.temperature.clone()).into_tensor();
        // Taken from the total one by one, the terms are at most 0.
        let total = special::logsumexp(tilted.clone(), D - 1);
        let shares = (tilted - total).sum_dim(D - 1);
        let jacobian = log_x.into_tensor().sum_dim(D - 1);
        let constant = self.temperature.clone().ln() * last + special::scalar::lgamma(last + 1.0);
        (Operand::Tensor(shares - jacobian) + constant).into_tensor()
    }

    /// The logarithm of a draw: logits with Gumbel noise over the temperature, normalised.
    fn draw_log(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let u = noise.uniform(self.shape())?;
        // A large draw comes from a `u` near 0, which floats resolve finely.
        let gumbel = Operand::Tensor(log1p(u.neg()).neg().log().neg());
        Ok(log_softmax(((gumbel + self.log_weights()) / self.temperature.clone()).into_tensor(), D - 1))
    }
}

impl<const D: usize> Distribution<D> for RelaxedOneHotCategorical<D> {
    type Kind = Float;

    fn name(&self) -> String {
        "RelaxedOneHotCategorical".to_owned()
    }

    fn shape(&self) -> [usize; D] {
        self.batch.dims()
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        Support::Simplex
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_equal_elem(0.0).bool_or(value.clone().greater_elem(1.0));
        let x = value.clone().mask_fill(outside.clone(), 1.0 / self.categories() as f64);
        minus_infinity(self.score(x.log()), outside.any_dim(D - 1))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(clamp_unit(self.draw_log(noise)?.exp()))
    }

    /// From the logarithm of the draw, which does not underflow.
    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, Float>> {
        let log = self.draw_log(noise)?;
        let log_prob = self.score(log.clone());
        Ok(ScoredDraw::scored(clamp_unit(log.exp()), log_prob))
    }

    /// Its density at a draw that was rounded to an end is not that of the draw.
    fn score_vanishes(&self) -> bool {
        false
    }

    fn is_reparameterised(&self) -> bool {
        true
    }

    fn place(mut self, to: &Placement) -> Self {
        self.temperature = self.temperature.place(to);
        self.parameter = self.parameter.place(to);
        self.batch = self.batch.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        self.batch = self.batch.grow(shape);
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        let temperature = self.temperature.dims();
        let differs = temperature[D - 1] != 1;
        self.batch.conflict().or_else(|| {
            let per_event = || temperature[..D - 1].iter().copied().chain([1]).collect();
            differs.then(|| ShapeConflict { left: ("temperature", temperature.to_vec()), right: ("the batch", per_event()) })
        })
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("temperature", self.temperature.any(), Constraint::Positive);
        let constraint = match self.form {
            Form::Probs => Constraint::Simplex,
            Form::Logits => Constraint::Logit,
        };
        visit(self.form.name(), self.parameter.any(), constraint);
    }
}

/// One of the corners with the gradient of a [`RelaxedOneHotCategorical`]: a draw is 1 at the largest element of the relaxed
/// draw and 0 elsewhere, and its derivative is that of the relaxed draw; support: `{0, 1}`, as
/// floats, of which one element is 1.
///
/// `log p(x) = Σₖ xₖ ln pₖ`: corner `k` is the nearest with probability `pₖ`, whatever the temperature, so the mass is that of a
/// categorical variable. It is differentiable in `x` as in the parameters, which is how a density further on moves them; the
/// estimate of the gradient is biased, the less the lower the temperature.
///
/// Source: Jang, Gu and Poole (2017), "Categorical Reparameterization with Gumbel-Softmax".
///
/// Mean, variance and entropy are not given: those of the mass are [`OneHotCategorical`](super::OneHotCategorical)'s.
///
/// # Shapes
/// As for [`RelaxedOneHotCategorical`].
///
/// # Errors
/// As for [`RelaxedOneHotCategorical`].
#[derive(Clone, Debug)]
pub struct RelaxedOneHotCategoricalStraightThrough<const D: usize> {
    soft: RelaxedOneHotCategorical<D>,
}

impl<const D: usize> RelaxedOneHotCategoricalStraightThrough<D> {
    /// With the probability of each corner in the last dimension.
    pub fn new<T, P>(temperature: T, probs: P) -> Self
    where
        (T, P): Params<D, 2>,
    {
        RelaxedOneHotCategoricalStraightThrough { soft: RelaxedOneHotCategorical::new(temperature, probs) }
    }

    /// With unnormalised log-probabilities in the last dimension.
    pub fn logits<T, L>(temperature: T, logits: L) -> Self
    where
        (T, L): Params<D, 2>,
    {
        RelaxedOneHotCategoricalStraightThrough { soft: RelaxedOneHotCategorical::logits(temperature, logits) }
    }

    /// The same distribution over independent copies that fill `shape`; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> RelaxedOneHotCategoricalStraightThrough<E> {
        RelaxedOneHotCategoricalStraightThrough { soft: self.soft.expand(shape) }
    }
}

impl<const D: usize> Distribution<D> for RelaxedOneHotCategoricalStraightThrough<D> {
    type Kind = Float;

    fn name(&self) -> String {
        "RelaxedOneHotCategoricalStraightThrough".to_owned()
    }

    fn shape(&self) -> [usize; D] {
        self.soft.shape()
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        Support::Boolean
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let one = value.clone().equal_elem(1.0);
        let ones = one.clone().int().sum_dim(D - 1);
        let between = value.clone().not_equal_elem(0.0).bool_and(one.clone().bool_not());
        let weights = beside(&self.soft.parameter, value);
        let mut dims = weights.dims();
        dims[D - 1] = self.soft.categories();
        let weights = spread(weights, dims);
        // A category without probability counts by being refused, not by its logarithm.
        let (never, log_probs) = match self.soft.form {
            Form::Probs => {
                let never = weights.clone().lower_equal_elem(0.0);
                (never.clone(), weights.mask_fill(never, 1.0).log())
            }
            Form::Logits => {
                let never = weights.clone().equal_elem(f64::NEG_INFINITY);
                (never.clone(), log_softmax(weights, D - 1).mask_fill(never, 0.0))
            }
        };
        let kernel = value.clone() * log_probs;
        let dims = kernel.dims();
        let impossible = spread(one, dims).bool_and(spread(never, dims));
        let wrong = spread(between, dims).bool_or(impossible).any_dim(D - 1);
        let mut rows = dims;
        rows[D - 1] = 1;
        minus_infinity(kernel.sum_dim(D - 1), wrong.bool_or(spread(ones.not_equal_elem(1), rows)))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let log = self.soft.draw_log(noise)?;
        let largest = log.clone().without_autodiff().argmax(D - 1);
        let ones = full(&Operand::Number(1.0), self.shape(), noise);
        let hard = ones.zeros_like().scatter(D - 1, largest, ones.narrow(D - 1, 0, 1), burn::tensor::IndexingUpdateOp::Add);
        Ok(straight_through(hard, log.exp()))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }

    fn place(self, to: &Placement) -> Self {
        RelaxedOneHotCategoricalStraightThrough { soft: self.soft.place(to) }
    }

    fn grow(self, shape: [usize; D]) -> Self {
        RelaxedOneHotCategoricalStraightThrough { soft: self.soft.grow(shape) }
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.soft.conflict()
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.soft.parameters(visit);
    }
}
