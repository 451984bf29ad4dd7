//! The generalised Pareto distribution.

use burn::tensor::{Bool, Float, Tensor};

use super::density::{beside, limits, minus_infinity, spread};
use super::quotients::{expm1_over, log1p_by};
use super::standard::{exponential, standardised};
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Excesses over the threshold `loc`, with tail index `concentration`; support: `[loc, ∞)`, and up to
    /// `loc − scale/concentration` where the concentration is negative.
    ///
    /// `log p(x) = −ln scale − (1 + ξ) y`, `y = ln(1 + ξ z)/ξ`, `z = (x − loc)/scale`, `ξ` = concentration; `y = z` at `ξ = 0`,
    /// which is no special case: values and gradients pass through it smoothly
    ///
    /// Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, section 4.2.
    ///
    /// Where a parameter is not a plain number the support is known only at run time and reported as `(−∞, ∞)`, for which
    /// there is no bijector.
    ///
    /// # Shapes
    /// `loc`, `scale`, `concentration` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    GeneralizedPareto { loc: L, scale: S, concentration: C }
}

impl<const D: usize> GeneralizedPareto<D> {
    /// `y`, with where the value lies below and above the support; 0 there.
    fn excess(&self, value: &Tensor<D>) -> Excess<D> {
        let (negative, positive) = (value.clone().equal_elem(f64::NEG_INFINITY), value.clone().equal_elem(f64::INFINITY));
        let x = Operand::Tensor(value.clone().mask_fill(negative.clone().bool_or(positive.clone()), 0.0));
        let z = ((x - self.loc.clone()) / self.scale.clone()).into_tensor();
        let t = (Operand::Tensor(z.clone()) * self.concentration.clone()).into_tensor();
        let z = spread(z, t.dims());
        let (_, largest, _) = limits(z.dtype());
        let (negative, positive) = (spread(negative, t.dims()), spread(positive, t.dims()));
        let below = z.clone().lower_elem(0.0).bool_or(negative).bool_and(positive.clone().bool_not());
        let above = t.clone().lower_equal_elem(-1.0).bool_or(positive).bool_and(below.clone().bool_not());
        let outside = below.clone().bool_or(above.clone());
        let t = t.mask_fill(outside.clone(), 0.0).clamp_max(largest);
        Excess { y: log1p_by(t, z.mask_fill(outside, 0.0), &self.concentration), below, above }
    }

    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        let Excess { y, above, .. } = self.excess(value);
        y.mask_fill(above, f64::INFINITY)
    }

    /// `loc + scale (e^(ξ y) − 1)/ξ`
    fn stretch(&self, y: Tensor<D>) -> Tensor<D> {
        // An infinite y is the upper end, which is finite where ξ is negative.
        let (_, largest, _) = limits(y.dtype());
        let y = Operand::Tensor(y.clamp_max(largest));
        let z = y.clone() * Operand::Tensor(expm1_over((y * self.concentration.clone()).into_tensor()));
        (z * self.scale.clone() + self.loc.clone()).into_tensor()
    }
}

/// A finite draw `x = loc + scale t/ξ` with `t > −1`, and where it was rounded to `t = −1`, an end of the support, the number
/// with `t` next to it.
pub(super) fn inside<const D: usize>(x: Tensor<D>, [loc, scale, shape]: [&Operand<D>; 3]) -> Tensor<D> {
    let (_, largest, below_one) = limits(x.dtype());
    let x = x.clamp(-largest, largest);
    let t = (Operand::Tensor(x.clone()) - loc.clone()) / scale.clone() * shape.clone();
    let rounded = t.into_tensor().lower_equal_elem(-1.0);
    // Where the shape is 0 there is no end; a number stands for it.
    let slope = special::detach(beside(shape, &x));
    let none = slope.clone().equal_elem(0.0);
    let end = Operand::Tensor(slope.mask_fill(none, 1.0).recip()) * (1.0 - 4.0 * (1.0 - below_one));
    let end = special::detach((loc.clone() - end * scale.clone()).into_tensor());
    let dims = x.dims();
    x.mask_where(rounded, spread(end, dims))
}

struct Excess<const D: usize> {
    y: Tensor<D>,
    below: Tensor<D, Bool>,
    above: Tensor<D, Bool>,
}

standardised!(GeneralizedPareto: exponential);

impl<const D: usize> Distribution<D> for GeneralizedPareto<D> {
    type Kind = Float;

    family_methods! { GeneralizedPareto { loc: Real, scale: Positive, concentration: Real } }

    fn support(&self) -> Support {
        match (&self.loc, &self.scale, &self.concentration) {
            (Operand::Number(loc), _, Operand::Number(c)) if *c >= 0.0 => Support::GreaterThan(*loc),
            (Operand::Number(loc), Operand::Number(scale), Operand::Number(c)) => Support::Interval(*loc, loc - scale / c),
            _ => Support::Interval(f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let Excess { y, below, above } = self.excess(value);
        let log_prob = -(Operand::Tensor(y) * (self.concentration.clone() + 1.0)) - self.scale.clone().ln();
        minus_infinity(log_prob.into_tensor(), below.bool_or(above))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let x = self.stretch(exponential::draw(noise, self.shape())?);
        Ok(inside(x, [&self.loc, &self.scale, &self.concentration]))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for GeneralizedPareto<D> {
    /// `loc + scale/(1 − ξ)`, infinite for `ξ ≥ 1`.
    fn mean(&self) -> Tensor<D> {
        let c = self.batch.fill(self.concentration.clone());
        let infinite = c.clone().greater_equal_elem(1.0);
        let rest = c.mask_fill(infinite.clone(), 0.0).neg().add_scalar(1.0);
        let mean = self.batch.fill(self.scale.clone()) / rest + self.batch.fill(self.loc.clone());
        mean.mask_fill(infinite, f64::INFINITY)
    }

    /// `scale²/((1 − ξ)² (1 − 2ξ))`, infinite for `ξ ≥ ½`.
    fn variance(&self) -> Tensor<D> {
        let c = self.batch.fill(self.concentration.clone());
        let infinite = c.clone().greater_equal_elem(0.5);
        let c = c.mask_fill(infinite.clone(), 0.0).neg();
        let divisor = c.clone().add_scalar(1.0).square() * c.mul_scalar(2.0).add_scalar(1.0);
        (self.batch.fill(self.scale.clone().square()) / divisor).mask_fill(infinite, f64::INFINITY)
    }
}

impl<const D: usize> Entropy<D> for GeneralizedPareto<D> {
    /// `ln scale + ξ + 1`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + self.concentration.clone() + 1.0)
    }
}
