//! Onto intervals with one or two finite ends.

use burn::tensor::Tensor;

use super::elementwise::tanh;
use super::{Bijector, above, below, monotone};
use crate::dist::{exp_positive, limits, logistic, softplus};
use crate::special::log1p;
use crate::support::Support;

/// `y = low + (high − low)/(1 + e⁻ˣ)`, onto `(low, high)`.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl<const D: usize> Bijector<D> for Interval {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let (low, high) = (above(self.low, &x), below(self.high, &x));
        let y = logistic(x).mul_scalar(self.high - self.low).add_scalar(self.low);
        y.clamp(low, high)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.clone().sub_scalar(self.low).log() - y.neg().add_scalar(self.high).log()
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone().add_scalar((self.high - self.low).ln()) - softplus(x.clone()).mul_scalar(2.0)
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::Interval(self.low, self.high)
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| self.low + (self.high - self.low) / (1.0 + (-x).exp()))
    }
}

/// `y = low + eˣ`, onto `(low, ∞)`.
#[derive(Clone, Copy, Debug)]
pub struct GreaterThan(pub f64);

impl<const D: usize> Bijector<D> for GreaterThan {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let (low, (_, huge, _)) = (above(self.0, &x), limits(x.dtype()));
        exp_positive(x).add_scalar(self.0).clamp(low, huge)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.sub_scalar(self.0).log()
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
        Support::GreaterThan(self.0)
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| self.0 + x.exp())
    }
}

/// `y = high − eˣ`, onto `(−∞, high)`.
#[derive(Clone, Copy, Debug)]
pub struct LessThan(pub f64);

impl<const D: usize> Bijector<D> for LessThan {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let (high, (_, huge, _)) = (below(self.0, &x), limits(x.dtype()));
        exp_positive(x).neg().add_scalar(self.0).clamp(-huge, high)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.neg().add_scalar(self.0).log()
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone()
    }

    fn is_decreasing(&self) -> Option<bool> {
        Some(true)
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn has_linear_log_jacobian(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::LessThan(self.0)
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| self.0 - x.exp())
    }
}

/// `y = π tanh(x/2)`, angles in `(−π, π)`; π itself, which has no mass, is not reached.
#[derive(Clone, Copy, Debug)]
pub struct Circular;

impl<const D: usize> Bijector<D> for Circular {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let high = below(std::f64::consts::PI, &x);
        tanh(x.mul_scalar(0.5)).mul_scalar(std::f64::consts::PI).clamp(-high, high)
    }

    /// `2 artanh(y/π)`
    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        let y = y.mul_scalar(std::f64::consts::FRAC_1_PI);
        log1p(y.clone()) - log1p(y.neg())
    }

    /// `ln 2π + ln σ(x) + ln σ(−x)`
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone().add_scalar(std::f64::consts::TAU.ln()) - softplus(x.clone()).mul_scalar(2.0)
    }

    fn is_fixed(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::Circular
    }

    fn image(&self, of: &Support) -> Support {
        if of.bounds() == (f64::NEG_INFINITY, f64::INFINITY) {
            return Support::Circular;
        }
        monotone(of, |x| std::f64::consts::PI * (x / 2.0).tanh())
    }
}
