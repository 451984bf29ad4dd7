//! The continuous uniform distribution.

use std::f64::consts::LN_2;

use burn::tensor::{Bool, Float, Tensor};

use super::density::{limits, minus_infinity, spread};
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// Uniform between `low` and `high`; support: `[low, high]`.
    ///
    /// `log p(x) = −ln(high − low)`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, chapter 26.
    ///
    /// Where a bound is not a plain number the support is known only at run time and reported as `(−∞, ∞)`, for which
    /// there is no bijector: draw `u ~ Uniform(0, 1)` instead and use `low + (high − low) u`.
    ///
    /// # Shapes
    /// `low`, `high` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `high − low` is not positive or a parameter is not finite.
    Uniform { low: L, high: H }
}

impl<const D: usize> Uniform<D> {
    /// `high − low`, or the largest float where that is beyond the floats though the bounds are not.
    fn width(&self) -> Operand<D> {
        let within = |width: Tensor<D>| {
            let (_, largest, _) = limits(width.dtype());
            width.clamp_max(largest)
        };
        (self.high.clone() - self.low.clone()).map(|width| width.min(f64::MAX), within)
    }

    /// `½ (high − low)`, a number for all bounds.
    fn half_width(&self) -> Operand<D> {
        half(self.high.clone()) - half(self.low.clone())
    }

    /// `ln(high − low)`
    fn log_width(&self) -> Operand<D> {
        self.half_width().ln() + LN_2
    }

    /// `(a − b)/(high − low)`, cut off at 0 and 1.
    fn share(&self, a: Operand<D>, b: Operand<D>) -> Tensor<D> {
        ((half(a) - half(b)) / self.half_width()).into_tensor().clamp(0.0, 1.0)
    }

    /// `low + (high − low) u`
    fn at(&self, u: Tensor<D>) -> Tensor<D> {
        let part = Operand::Tensor(u) * self.half_width();
        (part.clone() + self.low.clone() + part).into_tensor()
    }
}

impl<const D: usize> Distribution<D> for Uniform<D> {
    type Kind = Float;

    family_methods! { Uniform { low: Real, high: Real } and "high - low" = width: Positive }

    fn support(&self) -> Support {
        match (&self.low, &self.high) {
            (Operand::Number(low), Operand::Number(high)) => Support::Interval(*low, *high),
            _ => Support::Interval(f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let below = beyond(value, &self.low, Tensor::lower_elem, Tensor::lower);
        let above = beyond(value, &self.high, Tensor::greater_elem, Tensor::greater);
        // The product ties the density to the value, so that a parameter that reaches only this site has a gradient: 0.
        let log_prob = (Operand::Tensor(value.clone().mul_scalar(0.0)) - self.log_width()).into_tensor();
        let dims = log_prob.dims();
        minus_infinity(log_prob, spread(below, dims).bool_or(spread(above, dims)))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.at(noise.uniform(self.shape())?))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Uniform<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(half(self.high.clone()) + half(self.low.clone()))
    }

    /// `(high − low)²/12`
    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.half_width().square() * (1.0 / 3.0))
    }
}

impl<const D: usize> Entropy<D> for Uniform<D> {
    /// `ln(high − low)`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.log_width())
    }
}

impl<const D: usize> Cdf<D> for Uniform<D> {
    /// `(x − low)/(high − low)`
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.share(Operand::Tensor(value.clone()), self.low.clone())
    }

    /// `(high − x)/(high − low)`
    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.share(self.high.clone(), Operand::Tensor(value.clone()))
    }
}

impl<const D: usize> InverseCdf<D> for Uniform<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let outside = p.clone().lower_elem(0.0).bool_or(p.clone().greater_elem(1.0));
        self.at(p.clone().mask_fill(outside, f64::NAN))
    }
}

/// Half of it; without the clamp a compiled step would take half of a difference for the difference of two halves.
fn half<const D: usize>(x: Operand<D>) -> Operand<D> {
    let half = |x: Tensor<D>| {
        let (_, largest, _) = limits(x.dtype());
        x.mul_scalar(0.5).clamp(-largest, largest)
    };
    x.map(|x| x * 0.5, half)
}

/// Where `value` lies beyond `bound`, with the dimensions of both.
fn beyond<const D: usize>(
    value: &Tensor<D>,
    bound: &Operand<D>,
    number: impl Fn(Tensor<D>, f64) -> Tensor<D, Bool>,
    tensor: impl Fn(Tensor<D>, Tensor<D>) -> Tensor<D, Bool>,
) -> Tensor<D, Bool> {
    let value = value.clone().without_autodiff();
    match bound {
        Operand::Number(bound) => number(value, *bound),
        bound => {
            // `0 + bound` moves host numbers beside the value.
            let bound = (Operand::Tensor(value.zeros_like()) + bound.clone()).into_tensor().without_autodiff();
            tensor(value.expand::<D, _>(bound.dims()), bound)
        }
    }
}
