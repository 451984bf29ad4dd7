//! The categorical distribution.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

use super::density::{minus_infinity, spread};
use super::form::Form;
use super::one_hot_categorical::expected;
use super::rows::{align, broadcast};
use super::{Batch, Cdf, Constraint, Distribution, Entropy, Moments, batch_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special;
use crate::support::Support;

/// One of `K` categories, `0..K`; support: `{0, …, K − 1}`.
///
/// `log p(x) = ln probs[x]`, or `logits[x] − ln Σₖ exp(logits[k])`
///
/// Source: Johnson, Kotz and Balakrishnan (1997), Discrete Multivariate Distributions, chapter 35, the multinomial distribution
/// of one trial.
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

    /// The value and, of the same dimensions, the entry of `rows: [rows, K]` that it names; one that it does not name is
    /// replaced by the nearest.
    fn taken(&self, value: &Tensor<D, Int>, rows: Tensor<2>) -> (Tensor<D, Int>, Tensor<D>) {
        // Dimensions that do not broadcast are reported before a density is asked for; Burn's own message serves otherwise.
        let dims = broadcast(("the value", value.dims()), ("the distribution", self.own)).unwrap_or(value.dims());
        let count: usize = dims.iter().product();
        let value = spread(value.clone(), dims);
        let index = value.clone().clamp(0, self.categories() as i64 - 1);
        let rows = align(rows, &self.own, &dims);
        let taken =
            if rows.dims()[0] == count { rows.gather(1, index.reshape([count, 1])) } else { rows.select(1, index.reshape([count])) };
        (value, taken.reshape(dims))
    }
}

impl<const D: usize> Distribution<D> for Categorical<D> {
    type Kind = Int;

    batch_methods! { Categorical }

    fn support(&self) -> Support {
        Support::IntegerInterval(0, self.categories() as i64 - 1)
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let last = self.categories() as i64 - 1;
        let to = Placement { device: value.device().inner(), dtype: burn::tensor::FloatDType::F32 };
        let rows = self.rows.clone().tensor(&to);
        let rows = match self.form {
            Form::Probs => rows,
            Form::Logits => log_softmax(rows, 1),
        };
        let (value, taken) = self.taken(value, rows);
        let outside = value.clone().not_equal(value.clamp(0, last));
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

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        let constraint = match self.form {
            Form::Probs => Constraint::Simplex,
            Form::Logits => Constraint::Logit,
        };
        visit(self.form.name(), self.rows.any(), constraint);
    }
}

impl<const D: usize> Categorical<D> {
    /// The probabilities: `[rows, K]`.
    fn probs(&self) -> Tensor<2> {
        self.form.categories(self.rows.clone().tensor(&Placement::default()))
    }

    /// One number for each row, laid out in the batch.
    fn laid_out(&self, of_rows: Tensor<2>) -> Tensor<D> {
        let dims = self.batch.dims();
        let rows = align(of_rows, &self.own, &dims);
        let count: usize = dims.iter().product();
        if rows.dims()[0] == count { rows.reshape(dims) } else { spread(rows.reshape([1; D]), dims) }
    }

    /// `Σₖ f(k) pₖ`
    fn expectation(&self, f: impl Fn(f64) -> f64) -> Tensor<2> {
        let each = (0..self.categories()).map(|k| f(k as f64)).collect();
        (Operand::Tensor(self.probs()) * Operand::Host(each, [1, self.categories()])).into_tensor().sum_dim(1)
    }
}

impl<const D: usize> Moments<D> for Categorical<D> {
    /// `Σₖ k pₖ`
    fn mean(&self) -> Tensor<D> {
        self.laid_out(self.expectation(|k| k))
    }

    /// `Σₖ k² pₖ − (Σₖ k pₖ)²`
    fn variance(&self) -> Tensor<D> {
        self.laid_out(self.expectation(|k| k * k) - self.expectation(|k| k).square())
    }
}

impl<const D: usize> Entropy<D> for Categorical<D> {
    /// `−Σₖ pₖ ln pₖ`
    fn entropy(&self) -> Tensor<D> {
        let each = match self.form {
            Form::Probs => special::xlogy(self.probs(), self.probs()),
            Form::Logits => expected(log_softmax(self.rows.clone().tensor(&Placement::default()), 1)),
        };
        self.laid_out(each.sum_dim(1).neg())
    }
}

impl<const D: usize> Cdf<D> for Categorical<D> {
    /// The sum of the probabilities up to the value.
    fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let last = self.categories() as i64 - 1;
        let (x, sums) = self.taken(value, self.probs().cumsum(1));
        sums.mask_fill(x.clone().lower_elem(0), 0.0).mask_fill(x.greater_equal_elem(last), 1.0)
    }

    /// The sum of the probabilities above the value, added up from the last one.
    fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let last = self.categories() as i64 - 1;
        let (next, sums) = self.taken(&value.clone().add_scalar(1), self.probs().flip([1]).cumsum(1).flip([1]));
        sums.mask_fill(next.clone().lower_elem(1), 1.0).mask_fill(next.greater_elem(last), 0.0)
    }
}
