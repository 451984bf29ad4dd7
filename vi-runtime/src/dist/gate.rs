//! The probability of a zero that does not come from the counts.

use burn::tensor::{Bool, Tensor};

use super::density::{beside, full, logistic, softplus, spread};
use super::form::Form;
use super::rows::broadcast;
use super::{Constraint, Distribution, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special;

/// A probability `g`, given as it is or as its log-odds.
#[derive(Clone, Debug)]
pub(super) struct Gate<const D: usize> {
    form: Form,
    parameter: Operand<D>,
}

impl<const D: usize> Gate<D> {
    /// The gate beside `base`, which grows to its shape, and the conflict if they do not fit.
    pub(super) fn over<T: Distribution<D>>(form: Form, parameter: Operand<D>, base: T) -> (Self, T, Option<ShapeConflict>) {
        let gate = Gate { form, parameter };
        let shape = base.shape();
        let (base, conflict) = match broadcast((gate.name(), gate.parameter.dims()), ("the base distribution", shape)) {
            Ok(dims) if base.event_rank() == 0 => (if dims == shape { base } else { base.grow(dims) }, None),
            Ok(dims) => {
                (base, Some(ShapeConflict { left: (gate.name(), dims.to_vec()), right: ("the events of the base", shape.to_vec()) }))
            }
            Err(conflict) => (base, Some(conflict)),
        };
        (gate, base, conflict)
    }

    fn name(&self) -> &'static str {
        match self.form {
            Form::Probs => "gate",
            Form::Logits => "gate_logits",
        }
    }

    /// `ln g` and `ln(1 − g)`; minus infinity has no gradient.
    pub(super) fn logarithms(&self, like: &Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        let parameter = beside(&self.parameter, like);
        match self.form {
            Form::Probs => {
                let (never, always) = (parameter.clone().equal_elem(0.0), parameter.clone().equal_elem(1.0));
                let open = parameter.clone().mask_fill(never.clone(), 1.0).log().mask_fill(never, f64::NEG_INFINITY);
                let shut = special::log1p(parameter.mask_fill(always.clone(), 0.0).neg()).mask_fill(always, f64::NEG_INFINITY);
                (open, shut)
            }
            Form::Logits => (softplus(parameter.clone().neg()).neg(), softplus(parameter).neg()),
        }
    }

    /// `g` and `1 − g`.
    pub(super) fn probabilities(&self, like: &Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        let parameter = beside(&self.parameter, like);
        match self.form {
            Form::Probs => (parameter.clone(), parameter.neg().add_scalar(1.0)),
            Form::Logits => (logistic(parameter.clone()), logistic(parameter.neg())),
        }
    }

    /// `−g ln g − (1 − g) ln(1 − g)`
    pub(super) fn entropy(&self, like: &Tensor<D>) -> Tensor<D> {
        let (open, shut) = self.logarithms(like);
        (plogp(open) + plogp(shut)).neg()
    }

    /// True with probability `g`.
    pub(super) fn opens(&self, shape: [usize; D], noise: &mut Noise<'_>) -> Result<Tensor<D, Bool>> {
        let u = noise.uniform(shape)?;
        let parameter = full(&self.parameter, shape, noise).without_autodiff();
        Ok(match self.form {
            Form::Probs => u.lower(parameter),
            // u < σ(a) as ln u − ln(1 − u) < a
            Form::Logits => (u.clone().log() - special::log1p(u.neg())).lower(parameter),
        })
    }

    #[must_use]
    pub(super) fn place(mut self, to: &Placement) -> Self {
        self.parameter = self.parameter.place(to);
        self
    }

    pub(super) fn visit(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit(self.name(), self.parameter.any(), self.form.constraint());
    }
}

/// `ln(eᵃ + eᵇ)` of each pair.
pub(super) fn log_add<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    let dims: [usize; D] = std::array::from_fn(|i| a.dims()[i].max(b.dims()[i]));
    let column: [usize; 2] = [dims.iter().product(), 1];
    let pairs = Tensor::cat(vec![spread(a, dims).reshape(column), spread(b, dims).reshape(column)], 1);
    special::logsumexp(pairs, 1).reshape(dims)
}

/// `p ln p` of the logarithm of `p`, 0 where that is minus infinity.
pub(super) fn plogp<const D: usize>(log_p: Tensor<D>) -> Tensor<D> {
    let never = log_p.clone().equal_elem(f64::NEG_INFINITY);
    let log_p = log_p.mask_fill(never, 0.0);
    log_p.clone().exp() * log_p
}
