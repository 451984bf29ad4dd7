//! Functions of one number.

use burn::tensor::Tensor;

use super::{Bijector, monotone};
use crate::dist::{clamp_unit, exp_positive, limits, logistic, softplus};
use crate::special::{expm1, log1p};
use crate::support::Support;

/// `y = eˣ`, onto `(0, ∞)`.
#[derive(Clone, Copy, Debug)]
pub struct Exp;

impl<const D: usize> Bijector<D> for Exp {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        exp_positive(x)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.log()
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone()
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn has_linear_log_jacobian(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::Positive
    }

    fn image(&self, of: &Support) -> Support {
        match of {
            Support::Ordered => Support::PositiveOrdered,
            _ => monotone(of, f64::exp),
        }
    }
}

/// `y = ln(1 + eˣ)`, onto `(0, ∞)`; close to `x` where `x` is large.
#[derive(Clone, Copy, Debug)]
pub struct Softplus;

impl<const D: usize> Bijector<D> for Softplus {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let (tiny, huge, _) = limits(x.dtype());
        softplus(x).clamp(tiny, huge)
    }

    /// `y + ln(1 − e⁻ʸ)`
    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.clone() + expm1(y.neg()).neg().log()
    }

    /// `ln σ(x)`
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        softplus(x.clone().neg()).neg()
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::Positive
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| x.max(0.0) + (-x.abs()).exp().ln_1p())
    }
}

/// `y = 1/(1 + e⁻ˣ)`, onto `(0, 1)`.
#[derive(Clone, Copy, Debug)]
pub struct Sigmoid;

impl<const D: usize> Bijector<D> for Sigmoid {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        clamp_unit(logistic(x))
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.clone().log() - crate::special::log1p(y.neg())
    }

    /// `ln σ(x) + ln σ(−x)`.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone() - softplus(x.clone()).mul_scalar(2.0)
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::UnitInterval
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| 1.0 / (1.0 + (-x).exp()))
    }
}

/// `y = tanh x`, onto `(−1, 1)`.
#[derive(Clone, Copy, Debug)]
pub struct Tanh;

impl<const D: usize> Bijector<D> for Tanh {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let (_, _, below_one) = limits(x.dtype());
        tanh(x).clamp(-below_one, below_one)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        (log1p(y.clone()) - log1p(y.neg())).mul_scalar(0.5)
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        log_sech_squared(x.clone())
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::Interval(-1.0, 1.0)
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, f64::tanh)
    }
}

/// `tanh x = (e²ˣ − 1)/(e²ˣ + 1)` for `x ≤ 0`, and odd: a GPU's own function may have lost the digits of a small `x`, and above 0
/// the derivative of the quotient cancels.
pub(super) fn tanh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let below = x.clone().lower_elem(0.0);
    let down = x.clone().neg().mask_where(below.clone(), x);
    let growth = expm1(down.mul_scalar(2.0));
    let lower = growth.clone() / growth.add_scalar(2.0);
    lower.clone().neg().mask_where(below, lower)
}

/// `ln(1 − tanh² x) = 2 (ln 2 − x − ln(1 + e⁻²ˣ))`, finite however flat the curve.
pub(crate) fn log_sech_squared<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    (x.clone() + softplus(x.mul_scalar(-2.0))).sub_scalar(std::f64::consts::LN_2).mul_scalar(-2.0)
}

/// `y = xᵖ` of positive numbers, with the exponent `p`, not 0.
#[derive(Clone, Copy, Debug)]
pub struct Power(pub f64);

impl Power {
    /// By the logarithm: Burn rounds a scalar exponent to single precision on some backends.
    fn power<const D: usize>(x: Tensor<D>, exponent: f64) -> Tensor<D> {
        exp_positive(x.log().mul_scalar(exponent))
    }
}

impl<const D: usize> Bijector<D> for Power {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        Self::power(x, self.0)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        Self::power(y, self.0.recip())
    }

    /// `ln |p| + (p − 1) ln x`
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone().log().mul_scalar(self.0 - 1.0).add_scalar(self.0.abs().ln())
    }

    fn is_decreasing(&self) -> Option<bool> {
        Some(self.0 < 0.0)
    }

    fn domain(&self) -> Support {
        Support::Positive
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::Positive
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| x.powf(self.0))
    }
}
