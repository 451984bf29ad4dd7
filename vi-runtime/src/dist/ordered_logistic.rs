//! The ordered logistic distribution.

use burn::tensor::{Bool, Int, Tensor};

use super::categorical::CategoricalRows;
use super::density::{beside, full, logistic, minus_infinity, softplus, spread};
use super::rows::{align, broadcast};
use super::{Batch, Cdf, Constraint, Distribution, Entropy, Moments, Params, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special;
use crate::support::Support;

/// One of `K` ordered categories, by the interval between cutpoints into which `predictor` plus logistic noise falls;
/// support: `{0, …, K − 1}`.
///
/// `log p(x) = ln(σ(cₓ − η) − σ(cₓ₋₁ − η))`, `η` = predictor, `c` = cutpoints, `c₋₁ = −∞`, `c_{K−1} = ∞`, `σ(a) = 1/(1 + e⁻ᵃ)`;
/// computed as `ln σ(cₓ − η) + ln σ(η − cₓ₋₁) + ln(1 − exp(cₓ₋₁ − cₓ))`
///
/// Source: McCullagh (1980), "Regression Models for Ordinal Data".
///
/// # Shapes
/// `predictor` and the value: `[batch]`; `cutpoints`: `[batch, K − 1]`, in increasing order, where a vector `[K − 1]` serves a
/// whole batch of rank 1.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not finite or the cutpoints do not increase.
#[derive(Clone, Debug)]
pub struct OrderedLogistic<const D: usize> {
    predictor: Operand<D>,
    /// `[rows, K − 1]`
    cutpoints: Operand<2>,
    /// The batch dimensions that the cutpoints have.
    own: [usize; D],
    batch: Batch<D>,
    conflict: Option<ShapeConflict>,
}

impl<const D: usize> OrderedLogistic<D> {
    /// With the predictor, a number, an array, a tensor or a reference, and the cutpoints, `[f64; K − 1]` or a tensor with one
    /// dimension more.
    pub fn new<P, C>(predictor: P, cutpoints: C) -> Self
    where
        (P,): Params<D, 1>,
        C: CategoricalRows<D>,
    {
        let [predictor] = Params::operands((predictor,));
        Self::of(predictor, cutpoints.rows())
    }

    fn of(predictor: Operand<D>, (cutpoints, own): (Operand<2>, [usize; D])) -> Self {
        let (dims, conflict) = match broadcast(("predictor", predictor.dims()), ("cutpoints", own)) {
            Ok(dims) => (dims, None),
            Err(conflict) => (predictor.dims(), Some(conflict)),
        };
        let batch = Batch::of([("predictor", &predictor)]).near(&cutpoints).expand(dims);
        OrderedLogistic { batch, predictor, cutpoints, own, conflict }
    }

    /// The same distribution over independent copies that fill `shape`; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> OrderedLogistic<E> {
        let own = Operand::<D>::Host(Vec::new(), self.own).lift::<E>().dims();
        let mut expanded = OrderedLogistic::of(self.predictor.lift::<E>(), (self.cutpoints, own));
        expanded.conflict = expanded.conflict.or(self.conflict);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    /// The number of cutpoints, one less than that of the categories.
    fn cuts(&self) -> usize {
        self.cutpoints.dims()[1]
    }

    /// The cutpoints beside `like`, one row for each of its elements or a single one.
    fn rows(&self, like: &Tensor<D>) -> Tensor<2> {
        let to = Placement { device: like.device().inner(), dtype: like.dtype().into() };
        align(self.cutpoints.clone().tensor(&to), &self.own, &like.dims())
    }

    /// The cutpoint of each element of `index`.
    fn cut(rows: &Tensor<2>, index: &Tensor<D, Int>) -> Tensor<D> {
        let (dims, count) = (index.dims(), index.dims().iter().product());
        if rows.dims()[0] == count {
            rows.clone().gather(1, index.clone().reshape([count, 1])).reshape(dims)
        } else {
            rows.clone().select(1, index.clone().reshape([count])).reshape(dims)
        }
    }

    /// `P(x > k)` for each `k < K − 1`: `[elements of the batch, K − 1]`.
    fn exceeding(&self) -> Tensor<2> {
        let predictor = self.batch.fill(self.predictor.clone());
        let rows = self.rows(&predictor);
        let count: usize = self.batch.dims().iter().product();
        logistic(predictor.reshape([count, 1]) - rows)
    }

    /// Value and distribution broadcast, with the predictor in the same dimensions.
    fn together(&self, value: &Tensor<D, Int>) -> (Tensor<D, Int>, Tensor<D>) {
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.batch.dims())).unwrap_or(value.dims());
        let value = spread(value.clone(), dims);
        let predictor = beside(&self.predictor, &self.batch.float(&value));
        (value, spread(predictor, dims))
    }

    /// `cₓ − η` with the value brought below `K − 1`, and where it was `K − 1` or more.
    fn distance(&self, value: &Tensor<D, Int>) -> (Tensor<D>, Tensor<D, Bool>, Tensor<D, Bool>) {
        let (value, predictor) = self.together(value);
        let index = value.clone().clamp(0, self.cuts() as i64 - 1);
        let (below, above) = (value.clone().lower_elem(0), value.greater_equal_elem(self.cuts() as i64));
        (Self::cut(&self.rows(&predictor), &index) - predictor, below, above)
    }
}

impl<const D: usize> Distribution<D> for OrderedLogistic<D> {
    type Kind = Int;

    fn name(&self) -> String {
        "OrderedLogistic".to_owned()
    }

    fn shape(&self) -> [usize; D] {
        self.batch.dims()
    }

    fn support(&self) -> Support {
        Support::IntegerInterval(0, self.cuts() as i64)
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let last = self.cuts() as i64;
        let (value, predictor) = self.together(value);
        let outside = value.clone().lower_elem(0).bool_or(value.clone().greater_elem(last));
        let rows = self.rows(&predictor);
        let upper = Self::cut(&rows, &value.clone().clamp(0, last - 1));
        let lower = Self::cut(&rows, &value.clone().sub_scalar(1).clamp(0, last - 1));
        let (first, highest) = (value.clone().lower_equal_elem(0), value.greater_equal_elem(last));
        let below_upper = softplus(predictor.clone() - upper.clone()).mask_fill(highest.clone(), 0.0);
        let above_lower = softplus(lower.clone() - predictor).mask_fill(first.clone(), 0.0);
        let ends = first.bool_or(highest);
        let between = special::log1mexp((upper - lower).mask_fill(ends.clone(), 1.0)).mask_fill(ends, 0.0);
        minus_infinity(between - below_upper - above_lower, outside)
    }

    /// The number of cutpoints below the predictor plus logistic noise.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let shape = self.shape();
        let count: usize = shape.iter().product();
        let u = noise.uniform(shape)?;
        let logistic = u.clone().log() - special::log1p(u.neg());
        let reached = full(&self.predictor, shape, noise).without_autodiff() + logistic;
        let rows = self.rows(&reached).without_autodiff();
        let dims = [count, self.cuts()];
        let passed = spread(reached.reshape([count, 1]), dims).greater(spread(rows, dims));
        Ok(passed.int().sum_dim(1).reshape(shape))
    }

    fn place(mut self, to: &Placement) -> Self {
        self.predictor = self.predictor.place(to);
        self.cutpoints = self.cutpoints.place(to);
        self.batch = self.batch.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        self.batch = self.batch.grow(shape);
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.batch.conflict().or_else(|| self.conflict.clone())
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("predictor", self.predictor.any(), Constraint::Real);
        visit("cutpoints", self.cutpoints.any(), Constraint::Real);
        let steps = self.cuts().saturating_sub(1);
        if steps > 0 {
            let rows = self.cutpoints.clone().tensor(&Placement::default());
            let apart = Operand::Tensor(rows.clone().narrow(1, 1, steps) - rows.narrow(1, 0, steps));
            visit("the step between cutpoints", apart.any(), Constraint::Positive);
        }
    }
}

impl<const D: usize> Moments<D> for OrderedLogistic<D> {
    /// `Σₖ P(x > k)`
    fn mean(&self) -> Tensor<D> {
        self.exceeding().sum_dim(1).reshape(self.batch.dims())
    }

    /// `Σₖ (2k + 1) P(x > k) − (E x)²`
    fn variance(&self) -> Tensor<D> {
        let exceeding = self.exceeding();
        let odd: Vec<f64> = (0..self.cuts()).map(|k| 2.0 * k as f64 + 1.0).collect();
        let odd = Operand::Host(odd, [1, self.cuts()]);
        let second = (Operand::Tensor(exceeding.clone()) * odd).into_tensor().sum_dim(1);
        (second - exceeding.sum_dim(1).square()).reshape(self.batch.dims())
    }
}

impl<const D: usize> Entropy<D> for OrderedLogistic<D> {
    /// `−Σₖ pₖ ln pₖ`
    fn entropy(&self) -> Tensor<D> {
        let shape = self.batch.dims();
        let predictor = self.batch.fill(self.predictor.clone());
        let value = |k: usize| Tensor::<D, Int>::full(shape, k as i64, &predictor.device().inner());
        let each = |k: usize| super::one_hot_categorical::expected(self.log_prob(&value(k)));
        (1..=self.cuts()).fold(each(0), |sum, k| sum + each(k)).neg()
    }
}

impl<const D: usize> Cdf<D> for OrderedLogistic<D> {
    fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (distance, below, above) = self.distance(value);
        logistic(distance).mask_fill(below, 0.0).mask_fill(above, 1.0)
    }

    fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (distance, below, above) = self.distance(value);
        logistic(distance.neg()).mask_fill(below, 1.0).mask_fill(above, 0.0)
    }

    fn log_cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (distance, below, above) = self.distance(value);
        softplus(distance.neg()).neg().mask_fill(below, f64::NEG_INFINITY).mask_fill(above, 0.0)
    }

    fn log_survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let (distance, below, above) = self.distance(value);
        softplus(distance).neg().mask_fill(below, 0.0).mask_fill(above, f64::NEG_INFINITY)
    }
}
