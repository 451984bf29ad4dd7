//! Tensors of a backend with arithmetic operators, so that longer formulas can be read.

use std::ops::{Add, Div, Mul, Neg, Sub};

use burn::backend::Backend;
use burn::backend::tensor::{BoolTensor, FloatTensor};

use super::composed::{self, below, not};

/// A float tensor of the backend `B`.
pub(super) struct Value<B: Backend>(pub(super) FloatTensor<B>);

impl<B: Backend> Clone for Value<B> {
    fn clone(&self) -> Self {
        Value(self.0.clone())
    }
}

/// Truth values of the backend `B`.
pub(super) struct Mask<B: Backend>(BoolTensor<B>);

impl<B: Backend> Clone for Mask<B> {
    fn clone(&self) -> Self {
        Mask(self.0.clone())
    }
}

/// An operator between tensors, owned or not, and with a number on the right.
macro_rules! operator {
    ($($trait:ident, $method:ident, $tensors:ident, $scalar:ident;)*) => {
        $(
            impl<B: Backend> $trait<Value<B>> for Value<B> {
                type Output = Value<B>;
                fn $method(self, right: Value<B>) -> Value<B> {
                    Value(B::$tensors(self.0, right.0))
                }
            }
            impl<B: Backend> $trait<&Value<B>> for Value<B> {
                type Output = Value<B>;
                fn $method(self, right: &Value<B>) -> Value<B> {
                    Value(B::$tensors(self.0, right.0.clone()))
                }
            }
            impl<B: Backend> $trait<Value<B>> for &Value<B> {
                type Output = Value<B>;
                fn $method(self, right: Value<B>) -> Value<B> {
                    Value(B::$tensors(self.0.clone(), right.0))
                }
            }
            impl<B: Backend> $trait<&Value<B>> for &Value<B> {
                type Output = Value<B>;
                fn $method(self, right: &Value<B>) -> Value<B> {
                    Value(B::$tensors(self.0.clone(), right.0.clone()))
                }
            }
            impl<B: Backend> $trait<f64> for Value<B> {
                type Output = Value<B>;
                fn $method(self, right: f64) -> Value<B> {
                    Value(B::$scalar(self.0, right.into()))
                }
            }
            impl<B: Backend> $trait<f64> for &Value<B> {
                type Output = Value<B>;
                fn $method(self, right: f64) -> Value<B> {
                    Value(B::$scalar(self.0.clone(), right.into()))
                }
            }
        )*
    };
}

operator! {
    Add, add, float_add, float_add_scalar;
    Sub, sub, float_sub, float_sub_scalar;
    Mul, mul, float_mul, float_mul_scalar;
    Div, div, float_div, float_div_scalar;
}

impl<B: Backend> Neg for Value<B> {
    type Output = Value<B>;

    fn neg(self) -> Value<B> {
        Value(B::float_neg(self.0))
    }
}

impl<B: Backend> Neg for &Value<B> {
    type Output = Value<B>;

    fn neg(self) -> Value<B> {
        -self.clone()
    }
}

/// Functions of one tensor.
macro_rules! functions {
    ($($name:ident = $function:path;)*) => {
        $(
            pub(super) fn $name(&self) -> Self {
                Value($function(self.0.clone()))
            }
        )*
    };
}

impl<B: Backend> Value<B> {
    functions! {
        exp = B::float_exp;
        ln = B::float_log;
        sqrt = B::float_sqrt;
        recip = B::float_recip;
        exp_m1 = composed::expm1::<B>;
        ln_1p = composed::log1p::<B>;
        lgamma = composed::lgamma::<B>;
        digamma = composed::digamma::<B>;
    }

    pub(super) fn log_beta(&self, other: &Self) -> Self {
        Value(composed::log_beta::<B>(self.0.clone(), other.0.clone()))
    }

    /// Horner's scheme, lowest power first.
    pub(super) fn polynomial(&self, coefficients: &[f64]) -> Self {
        Value(composed::polynomial::<B>(coefficients, self.0.clone()))
    }

    /// The same number everywhere.
    pub(super) fn filled(&self, number: f64) -> Self {
        let nowhere = below::<B>(&self.0, f64::NEG_INFINITY);
        Value(B::float_mask_fill(self.0.clone(), not::<B>(nowhere), number.into()))
    }

    pub(super) fn less(&self, number: f64) -> Mask<B> {
        Mask(below::<B>(&self.0, number))
    }

    pub(super) fn less_than(&self, other: &Self) -> Mask<B> {
        Mask(B::float_lower(self.0.clone(), other.0.clone(), composed::bool_dtype::<B>(&self.0)))
    }

    pub(super) fn equals(&self, number: f64) -> Mask<B> {
        Mask(B::float_equal_elem(self.0.clone(), number.into(), composed::bool_dtype::<B>(&self.0)))
    }

    /// `number` where the mask holds.
    pub(super) fn fill(&self, mask: &Mask<B>, number: f64) -> Self {
        Value(B::float_mask_fill(self.0.clone(), mask.0.clone(), number.into()))
    }

    pub(super) fn at_least(&self, number: f64) -> Self {
        Value(B::float_clamp_min(self.0.clone(), number.into()))
    }

    pub(super) fn least(&self, other: &Self) -> Self {
        self.less_than(other).choose(self, other)
    }
}

impl<B: Backend> Mask<B> {
    /// `yes` where it holds, else `no`.
    pub(super) fn choose(&self, yes: &Value<B>, no: &Value<B>) -> Value<B> {
        Value(B::float_mask_where(no.0.clone(), self.0.clone(), yes.0.clone()))
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Mask(B::bool_and(self.0.clone(), other.0.clone()))
    }

    pub(super) fn or(&self, other: &Self) -> Self {
        Mask(B::bool_or(self.0.clone(), other.0.clone()))
    }

    pub(super) fn not(&self) -> Self {
        Mask(not::<B>(self.0.clone()))
    }
}
