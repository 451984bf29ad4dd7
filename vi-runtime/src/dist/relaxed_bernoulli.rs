//! A Bernoulli variable relaxed to the unit interval, and its straight-through form.

use burn::tensor::{Float, Tensor};

use super::density::{beside, clamp_unit, full, logistic, minus_infinity, softplus, spread};
use super::{Cdf, Constraint, Distribution, InverseCdf, Params, ScoredDraw, ShapeConflict, form_family, form_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special::{detach, log1p};
use crate::support::Support;

form_family! {
    /// A number between 0 and 1 that is near one of them, the nearer the smaller `temperature`, and near 1 with the probability of
    /// a Bernoulli variable; support: `(0, 1)`.
    ///
    /// `log p(x) = ln t + d − 2 ln(1 + eᵈ) − ln x − ln(1 − x)`, `d = a − t logit x`, `t` = temperature, `a` = log-odds
    ///
    /// Source: Maddison, Mnih and Teh (2017), "The Concrete Distribution", the binary case.
    ///
    /// Mean, variance and entropy are not given: they are integrals without a closed form.
    ///
    /// # Shapes
    /// `temperature`, `probs` or `logits` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `temperature` is not positive and finite, `probs` is outside
    /// `[0, 1]` or `logits` is NaN or `∞`.
    RelaxedBernoulli { temperature: T }
    /// With the probability of being nearer to 1: numbers, arrays, tensors or references, in any mix.
    probs
    /// With the log-odds of being nearer to 1: exact where the probability would round to 0 or 1.
    logits
}

impl<const D: usize> RelaxedBernoulli<D> {
    fn log_odds(&self) -> Operand<D> {
        self.form.log_odds(&self.parameter)
    }

    /// Of a value with the given log-odds, and with `ln x + ln(1 − x)`.
    fn score(&self, logit: Tensor<D>, jacobian: Tensor<D>) -> Tensor<D> {
        let apart = (self.log_odds() - Operand::Tensor(logit) * self.temperature.clone()).into_tensor();
        // d − 2 ln(1 + eᵈ) is even in d.
        let kernel = softplus(apart.clone().neg()) + softplus(apart);
        (self.temperature.clone().ln() - Operand::Tensor(kernel + jacobian)).into_tensor()
    }

    /// The log-odds of a draw.
    fn draw_logit(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let u = noise.uniform(self.shape())?;
        Ok(self.of_share(u))
    }

    /// The log-odds of the value below which `u` of the mass lies.
    fn of_share(&self, u: Tensor<D>) -> Tensor<D> {
        ((self.log_odds() + Operand::Tensor(logit(u))) / self.temperature.clone()).into_tensor()
    }
}

/// `ln(x/(1 − x))`
fn logit<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.clone().log() - log1p(x.neg())
}

impl<const D: usize> Distribution<D> for RelaxedBernoulli<D> {
    type Kind = Float;

    form_methods! { RelaxedBernoulli { temperature: Positive } constraint }

    fn support(&self) -> Support {
        Support::UnitInterval
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_equal_elem(0.0).bool_or(value.clone().greater_equal_elem(1.0));
        let x = value.clone().mask_fill(outside.clone(), 0.5);
        let (log, log_complement) = (x.clone().log(), log1p(x.neg()));
        minus_infinity(self.score(log.clone() - log_complement.clone(), log + log_complement), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(clamp_unit(logistic(self.draw_logit(noise)?)))
    }

    /// From the log-odds of the draw, which know how near it is to 1.
    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, Float>> {
        let logit = self.draw_logit(noise)?;
        let jacobian = softplus(logit.clone()) + softplus(logit.clone().neg());
        let log_prob = self.score(logit.clone(), jacobian.neg());
        Ok(ScoredDraw::scored(clamp_unit(logistic(logit)), log_prob))
    }

    /// Its density at a draw that was rounded to an end is not that of the draw.
    fn score_vanishes(&self) -> bool {
        false
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Cdf<D> for RelaxedBernoulli<D> {
    /// `σ(t logit x − a)`
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.log_cdf(value).exp()
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.log_survival(value).exp()
    }

    fn log_cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.log_side(value, 1.0)
    }

    fn log_survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.log_side(value, -1.0)
    }
}

impl<const D: usize> RelaxedBernoulli<D> {
    /// `ln σ(side · (t logit x − a))`
    fn log_side(&self, value: &Tensor<D>, side: f64) -> Tensor<D> {
        let (below, above) = (value.clone().lower_equal_elem(0.0), value.clone().greater_equal_elem(1.0));
        let x = value.clone().mask_fill(below.clone().bool_or(above.clone()), 0.5);
        let apart = (Operand::Tensor(logit(x)) * self.temperature.clone() - self.log_odds()) * -side;
        let (none, all) = if side > 0.0 { (below, above) } else { (above, below) };
        let log_share = softplus(apart.into_tensor()).neg();
        let dims = log_share.dims();
        minus_infinity(log_share.mask_fill(spread(all, dims), 0.0), none)
    }
}

impl<const D: usize> InverseCdf<D> for RelaxedBernoulli<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let (first, last) = (p.clone().equal_elem(0.0), p.clone().equal_elem(1.0));
        let x = clamp_unit(logistic(self.of_share(p.clone().mask_fill(first.clone().bool_or(last.clone()), 0.5))));
        let dims = x.dims();
        x.mask_fill(spread(first, dims), 0.0).mask_fill(spread(last, dims), 1.0)
    }
}

/// 0 or 1 with the gradient of a [`RelaxedBernoulli`]: a draw is the nearer of the two, and its derivative that of the relaxed
/// draw; support: `{0, 1}`, as floats.
///
/// `log p(x) = x ln p + (1 − x) ln(1 − p)`: what is rounded lies above ½ with probability `p`, whatever the temperature, so the
/// mass is that of a Bernoulli variable. It is differentiable in `x` as in the parameters, which is how a density further on
/// moves them; the estimate of the gradient is biased, the less the lower the temperature.
///
/// Source: Bengio, Léonard and Courville (2013), "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
/// Computation"; Jang, Gu and Poole (2017), "Categorical Reparameterization with Gumbel-Softmax".
///
/// Mean, variance, entropy and distribution function are not given: those of the mass are [`Bernoulli`](super::Bernoulli)'s.
///
/// # Shapes
/// `temperature`, `probs` or `logits` and the value: `[batch]`.
///
/// # Errors
/// As for [`RelaxedBernoulli`].
#[derive(Clone, Debug)]
pub struct RelaxedBernoulliStraightThrough<const D: usize> {
    soft: RelaxedBernoulli<D>,
}

impl<const D: usize> RelaxedBernoulliStraightThrough<D> {
    /// With the probability of 1: numbers, arrays, tensors or references, in any mix.
    pub fn new<T, P>(temperature: T, probs: P) -> Self
    where
        (T, P): Params<D, 2>,
    {
        RelaxedBernoulliStraightThrough { soft: RelaxedBernoulli::new(temperature, probs) }
    }

    /// With the log-odds of 1.
    pub fn logits<T, L>(temperature: T, logits: L) -> Self
    where
        (T, L): Params<D, 2>,
    {
        RelaxedBernoulliStraightThrough { soft: RelaxedBernoulli::logits(temperature, logits) }
    }

    /// The same distribution over independent copies that fill `shape`; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> RelaxedBernoulliStraightThrough<E> {
        RelaxedBernoulliStraightThrough { soft: self.soft.expand(shape) }
    }
}

/// The value of `hard` with the history of `soft`.
pub(crate) fn straight_through<const D: usize>(hard: Tensor<D>, soft: Tensor<D>) -> Tensor<D> {
    detach(hard) + (soft.clone() - detach(soft))
}

impl<const D: usize> Distribution<D> for RelaxedBernoulliStraightThrough<D> {
    type Kind = Float;

    fn name(&self) -> String {
        "RelaxedBernoulliStraightThrough".to_owned()
    }

    fn shape(&self) -> [usize; D] {
        self.soft.shape()
    }

    fn support(&self) -> Support {
        Support::Boolean
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let one = value.clone().equal_elem(1.0);
        let outside = value.clone().not_equal_elem(0.0).bool_and(one.clone().bool_not());
        let value = value.clone().mask_fill(outside.clone(), 0.0);
        // Linear in the value, with the mass of each outcome at it: x ln p + (1 − x) ln(1 − p).
        let log_odds = beside(&self.soft.log_odds(), &value);
        let log_prob = value * log_odds.clone() - softplus(log_odds);
        minus_infinity(log_prob, outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let logit = self.soft.draw_logit(noise)?;
        let hard = full(&Operand::Number(0.0), self.shape(), noise).mask_fill(logit.clone().greater_elem(0.0), 1.0);
        Ok(straight_through(hard, logistic(logit)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }

    fn place(self, to: &Placement) -> Self {
        RelaxedBernoulliStraightThrough { soft: self.soft.place(to) }
    }

    fn grow(self, shape: [usize; D]) -> Self {
        RelaxedBernoulliStraightThrough { soft: self.soft.grow(shape) }
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.soft.conflict()
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.soft.parameters(visit);
    }
}
