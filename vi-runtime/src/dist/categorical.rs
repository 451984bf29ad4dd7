//! The categorical distribution.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

use super::density::{Form, minus_infinity, spread};
use super::rows::{align, broadcast};
use super::{Batch, Constraint, Distribution, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::support::Support;

/// One of `K` categories, `0..K`; support: `{0, …, K − 1}`.
///
/// `log p(x) = ln probs[x]`, or `logits[x] − ln Σₖ exp(logits[k])`
///
/// Probabilities are used as given: they must sum to 1. Logits need not be normalised.
///
/// # Shapes
/// `probs`, `logits`: `[batch, K]`, the value `[batch]`; a vector `[K]` makes a scalar, whose shape is `[1]`.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `probs` are not probabilities that sum to 1 or `logits` are NaN or `∞`.
#[derive(Clone, Debug)]
pub struct Categorical<const D: usize> {
    pub(super) form: Form,
    /// `[rows, K]`
    pub(super) rows: Operand<2>,
    /// The batch dimensions that the rows have.
    pub(super) own: [usize; D],
    pub(super) batch: Batch<D>,
}

/// Rows of probabilities or logits that make a [`Categorical`] of rank `D`: `[f64; K]`, `Tensor<1>` and `Tensor<2>` make
/// rank 1, `Tensor<3>` rank 2, and so on; references as well.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the probabilities of a categorical distribution of rank {D}",
    label = "expected `[f64; K]`, or a tensor `[batch, K]`",
    note = "the last dimension holds the K categories; the value has the dimensions before it"
)]
pub trait CategoricalRows<const D: usize> {
    /// The rows as a matrix `[rows, K]`, and the dimensions in which they are laid out.
    fn rows(self) -> (Operand<2>, [usize; D]);
}

impl<const K: usize> CategoricalRows<1> for [f64; K] {
    fn rows(self) -> (Operand<2>, [usize; 1]) {
        (Operand::Host(self.to_vec(), [1, K]), [1])
    }
}

impl CategoricalRows<1> for Tensor<1> {
    fn rows(self) -> (Operand<2>, [usize; 1]) {
        let [categories] = self.dims();
        (Operand::Tensor(self.reshape([1, categories])), [1])
    }
}

macro_rules! categorical_rows {
    ($($batch:literal from $rank:literal),*) => { $(
        impl CategoricalRows<$batch> for Tensor<$rank> {
            fn rows(self) -> (Operand<2>, [usize; $batch]) {
                let dims = self.dims();
                let own: [usize; $batch] = std::array::from_fn(|i| dims[i]);
                let rows: usize = own.iter().product();
                (Operand::Tensor(self.reshape([rows, dims[$batch]])), own)
            }
        }
    )* };
}
categorical_rows!(1 from 2, 2 from 3, 3 from 4, 4 from 5, 5 from 6, 6 from 7, 7 from 8);

macro_rules! by_reference {
    ($($batch:literal from $rank:literal),*) => { $(
        impl CategoricalRows<$batch> for &Tensor<$rank> {
            fn rows(self) -> (Operand<2>, [usize; $batch]) {
                self.clone().rows()
            }
        }
    )* };
}
by_reference!(1 from 1, 1 from 2, 2 from 3, 3 from 4, 4 from 5, 5 from 6, 6 from 7, 7 from 8);

impl<const D: usize> Categorical<D> {
    /// With the probability of each category in the last dimension.
    pub fn new<P: CategoricalRows<D>>(probs: P) -> Self {
        Self::of(Form::Probs, probs.rows())
    }

    /// With unnormalised log-probabilities in the last dimension.
    pub fn logits<L: CategoricalRows<D>>(logits: L) -> Self {
        Self::of(Form::Logits, logits.rows())
    }

    fn of(form: Form, (rows, own): (Operand<2>, [usize; D])) -> Self {
        Categorical { form, rows, own, batch: Batch::of([]).expand(own) }
    }

    /// The same distribution over independent copies that fill `shape`; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> Categorical<E> {
        let own = Operand::<D>::Host(Vec::new(), self.own).lift::<E>().dims();
        let mut expanded = Categorical::of(self.form, (self.rows, own));
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    fn categories(&self) -> usize {
        self.rows.dims()[1]
    }
}

impl<const D: usize> Distribution<D> for Categorical<D> {
    type Kind = Int;

    fn name(&self) -> String {
        "Categorical".to_owned()
    }

    fn shape(&self) -> [usize; D] {
        self.batch.dims()
    }

    fn support(&self) -> Support {
        Support::IntegerInterval(0, self.categories() as i64 - 1)
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let last = self.categories() as i64 - 1;
        // Dimensions that do not broadcast are reported before a density is asked for; Burn's own message serves otherwise.
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.own)).unwrap_or(value.dims());
        let count: usize = dims.iter().product();
        let value = spread(value.clone(), dims);
        let index = value.clone().clamp(0, last);
        let outside = value.not_equal(index.clone());
        let to = Placement { device: index.device().inner(), dtype: burn::tensor::FloatDType::F32 };
        let rows = self.rows.clone().tensor(&to);
        let rows = match self.form {
            Form::Probs => rows,
            Form::Logits => log_softmax(rows, 1),
        };
        let rows = align(rows, &self.own, &dims);
        let taken: Tensor<D> = if rows.dims()[0] == count {
            rows.gather(1, index.reshape([count, 1])).reshape(dims)
        } else {
            rows.select(1, index.reshape([count])).reshape(dims)
        };
        let log_prob = match self.form {
            Form::Probs => taken.log(),
            Form::Logits => taken,
        };
        minus_infinity(log_prob, outside)
    }

    /// The largest of `log p + Gumbel noise`; with `u` small in the tail of the Gumbel, where floats are fine.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let shape = self.shape();
        let count: usize = shape.iter().product();
        let rows = self.rows.clone().tensor(noise.placement()).without_autodiff();
        let rows = match self.form {
            Form::Probs => rows.log(),
            Form::Logits => rows,
        };
        let gumbel = crate::special::log1p(noise.uniform([count, self.categories()])?.neg()).neg().log().neg();
        Ok((gumbel + align(rows, &self.own, &shape)).argmax(1).reshape(shape))
    }

    fn place(mut self, to: &Placement) -> Self {
        self.rows = self.rows.place(to);
        self.batch = self.batch.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        self.batch = self.batch.grow(shape);
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.batch.conflict()
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        let constraint = match self.form {
            Form::Probs => Constraint::Simplex,
            Form::Logits => Constraint::Logit,
        };
        visit(self.form.name(), self.rows.any(), constraint);
    }
}
