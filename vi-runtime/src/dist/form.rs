//! Families that are given probabilities or logits: which of the two, and what follows from either.

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

use super::Constraint;
use super::density::{softplus, softplus_scalar};
use crate::operand::Operand;

/// Which of two equivalent parameters a family was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Probabilities.
    Probs,
    /// Log-odds, or unnormalised log-probabilities.
    Logits,
}

impl Form {
    /// What messages call the parameter.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Probs => "probs",
            Form::Logits => "logits",
        }
    }

    /// What each element must satisfy.
    pub(crate) fn constraint(self) -> Constraint {
        match self {
            Form::Probs => Constraint::UnitInterval,
            Form::Logits => Constraint::Logit,
        }
    }

    /// What each element must satisfy where certainty has no density.
    pub(crate) fn open_constraint(self) -> Constraint {
        match self {
            Form::Probs => Constraint::OpenUnitInterval,
            Form::Logits => Constraint::Real,
        }
    }

    /// What rows along the last dimension must satisfy.
    pub(crate) fn row_constraint(self) -> Constraint {
        match self {
            Form::Probs => Constraint::Simplex,
            Form::Logits => Constraint::Logit,
        }
    }

    /// `p` and `1 − p`.
    pub(super) fn probabilities<const D: usize>(self, parameter: &Operand<D>) -> (Operand<D>, Operand<D>) {
        let parameter = parameter.clone();
        match self {
            Form::Probs => (parameter.clone(), 1.0 - parameter),
            Form::Logits => {
                // Not the logistic function, which never reaches 0.
                let scalar = |a: f64| (-softplus_scalar(-a)).exp();
                let tensor = |a: Tensor<D>| softplus(a.neg()).neg().exp();
                (parameter.clone().map(scalar, tensor), (-parameter).map(scalar, tensor))
            }
        }
    }

    /// `ln(p/(1 − p))`
    pub(super) fn log_odds<const D: usize>(self, parameter: &Operand<D>) -> Operand<D> {
        match self {
            Form::Logits => parameter.clone(),
            Form::Probs => parameter.clone().ln() - (-parameter.clone()).ln_1p(),
        }
    }

    /// The probabilities of the categories in the last dimension.
    pub(super) fn categories<const D: usize>(self, parameter: Tensor<D>) -> Tensor<D> {
        match self {
            Form::Probs => parameter,
            Form::Logits => softmax(parameter, D - 1),
        }
    }
}
