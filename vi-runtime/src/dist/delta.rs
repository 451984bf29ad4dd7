//! The point mass.

use burn::tensor::{Float, Tensor};

use super::density::{beside, minus_infinity};
use super::{Batch, Constraint, Distribution, Moments, Normal, Params, ScoredDraw, batch_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::support::Support;

/// All mass on `value`; support: that point.
///
/// `log p(x) = log_density` (0 unless set) where `x = value`, else `−∞`
///
/// Source: Billingsley (1995), Probability and Measure, the unit mass at a point.
///
/// It has no entropy, which falls to `−∞` for a density that narrows to a point, and no distribution function: what needs one
/// needs a density as well.
///
/// # Shapes
/// `value` and `log_density`: `[batch]`; where [`event`](Self::event) makes the last dimensions of the value one point,
/// `log_density` has size 1 there.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `value` is not finite. A `Delta` prior under a continuous
/// guide is refused: see [`soften`](Self::soften).
#[derive(Clone, Debug)]
pub struct Delta<const D: usize> {
    pub(super) value: Operand<D>,
    pub(super) log_density: Operand<D>,
    pub(super) event_rank: usize,
    pub(super) batch: Batch<D>,
    follows_draws: bool,
}

impl<const D: usize> Delta<D> {
    /// The point: a number, an array, a tensor or a reference.
    pub fn new<V>(value: V) -> Self
    where
        (V,): Params<D, 1>,
    {
        let [value] = Params::operands((value,));
        Self::of(value, Operand::Number(0.0))
    }

    fn of(value: Operand<D>, log_density: Operand<D>) -> Self {
        let batch = Batch::of([("value", &value), ("log_density", &log_density)]);
        Delta { value, log_density, event_rank: 0, batch, follows_draws: false }
    }

    /// What [`log_prob`](Distribution::log_prob) is at the point: a number, a tensor or a reference.
    #[must_use]
    pub fn log_density(self, log_density: impl Into<Operand<D>>) -> Self {
        Self::of(self.value, log_density.into()).event(self.event_rank)
    }

    /// The last `event_rank` dimensions of the value are one point: the log density counts once for all of them.
    #[must_use]
    pub fn event(mut self, event_rank: usize) -> Self {
        self.event_rank = event_rank.min(D);
        self
    }

    /// Value and log density are functions of other draws, and of no parameter.
    #[must_use]
    pub(crate) fn following_draws(mut self) -> Self {
        self.follows_draws = true;
        self
    }

    fn density(&self, like: &Tensor<D>) -> Tensor<D> {
        let dims = super::matrices::scored(like.dims(), self.event_rank);
        super::density::spread(beside(&self.log_density, like), dims)
    }

    /// A normal distribution about the point with standard deviation `eps`, which a continuous guide can fit.
    pub fn soften(self, eps: f64) -> Normal<D> {
        Normal { loc: self.value, scale: Operand::Number(eps), batch: self.batch }
    }

    /// The same point over copies that fill `shape`; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> Delta<E> {
        let mut expanded = Delta::of(self.value.lift::<E>(), self.log_density.lift::<E>()).event(self.event_rank);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }
}

impl<const D: usize> From<f64> for Operand<D> {
    fn from(number: f64) -> Self {
        Operand::Number(number)
    }
}

impl<const K: usize> From<[f64; K]> for Operand<1> {
    fn from(numbers: [f64; K]) -> Self {
        Operand::Host(numbers.to_vec(), [K])
    }
}

impl<const D: usize> From<Tensor<D>> for Operand<D> {
    fn from(tensor: Tensor<D>) -> Self {
        Operand::Tensor(tensor)
    }
}

impl<const D: usize> From<&Tensor<D>> for Operand<D> {
    fn from(tensor: &Tensor<D>) -> Self {
        Operand::Tensor(tensor.clone())
    }
}

impl<const D: usize> Distribution<D> for Delta<D> {
    type Kind = Float;

    batch_methods! { Delta }

    fn event_rank(&self) -> usize {
        self.event_rank
    }

    fn support(&self) -> Support {
        Support::Point
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let value = value.clone().without_autodiff();
        let point = (Operand::Tensor(value.zeros_like()) + self.value.clone()).into_tensor().without_autodiff();
        let elsewhere = (D - self.event_rank..D).fold(point.clone().not_equal(value), |elsewhere, dim| elsewhere.any_dim(dim));
        minus_infinity(self.density(&point), elsewhere)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(super::density::full(&self.value, self.shape(), noise))
    }

    fn draw_scored(&self, noise: &mut Noise<'_>) -> Result<ScoredDraw<D, Float>> {
        let value = self.draw(noise)?;
        let log_prob = self.density(&value);
        Ok(ScoredDraw { value, log_prob: Some(log_prob), base: None })
    }

    fn is_reparameterised(&self) -> bool {
        true
    }

    fn follows_draws(&self) -> bool {
        self.follows_draws
    }

    fn place(mut self, to: &Placement) -> Self {
        self.value = self.value.place(to);
        self.log_density = self.log_density.place(to);
        self.batch = self.batch.place(to);
        self
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("value", self.value.any(), Constraint::Real);
    }
}

impl<const D: usize> Moments<D> for Delta<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.value.clone())
    }

    fn variance(&self) -> Tensor<D> {
        self.mean().zeros_like()
    }
}
