//! The generalised extreme value distribution.

use burn::tensor::{Bool, DType, Float, Tensor};

use super::density::{exp_positive, limits, minus_infinity, spread, where_true};
use super::generalized_pareto::inside;
use super::quotients::{EULER, expm1_over, log_gamma_excess, log_gamma_over, log1p_by};
use super::standard::{gumbel, standardised};
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Largest of many values: Fréchet for positive `shape`, Gumbel at 0, reversed Weibull below (SciPy's `c` is `−shape`);
    /// support: `1 + shape (x − loc)/scale > 0`.
    ///
    /// `log p(x) = −ln scale − (1 + ξ) y − e⁻ʸ`, `y = ln(1 + ξ z)/ξ`, `z = (x − loc)/scale`, `ξ` = shape; `y = z` at `ξ = 0`,
    /// which is no special case: values and gradients pass through it smoothly
    ///
    /// Source: Coles (2001), An Introduction to Statistical Modeling of Extreme Values, section 3.1.
    ///
    /// Where a parameter is not a plain number the support is known only at run time and reported as `(−∞, ∞)`, for which
    /// there is no bijector.
    ///
    /// # Shapes
    /// `loc`, `scale`, `shape` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    GeneralizedExtremeValue { loc: L, scale: S, shape: C }
}

impl<const D: usize> GeneralizedExtremeValue<D> {
    /// `y`, 0 outside the support; where that is; and `z`, that of 0 for an infinite value.
    fn reduced(&self, value: &Tensor<D>) -> (Tensor<D>, Tensor<D, Bool>, Tensor<D>) {
        let infinite = value.clone().abs().equal_elem(f64::INFINITY);
        let x = Operand::Tensor(value.clone().mask_fill(infinite.clone(), 0.0));
        let z = ((x - self.loc.clone()) / self.scale.clone()).into_tensor();
        let t = (Operand::Tensor(z.clone()) * self.shape.clone()).into_tensor();
        let z = spread(z, t.dims());
        let (_, largest, _) = limits(z.dtype());
        let outside = t.clone().lower_equal_elem(-1.0).bool_or(spread(infinite, t.dims()));
        let t = t.mask_fill(outside.clone(), 0.0).clamp_max(largest);
        (log1p_by(t, z.clone().mask_fill(outside.clone(), 0.0), &self.shape), outside, z)
    }

    /// Outside is below a lower end, where `z` is negative, or above an upper one.
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        let (y, outside, z) = self.reduced(value);
        let above = outside.clone().bool_and(z.greater_elem(0.0));
        let y = y.mask_fill(outside, f64::NEG_INFINITY).mask_fill(above, f64::INFINITY);
        let y = where_true(y, value.clone().equal_elem(f64::INFINITY), f64::INFINITY);
        where_true(y, value.clone().equal_elem(f64::NEG_INFINITY), f64::NEG_INFINITY)
    }

    /// `loc + scale (e^(ξ y) − 1)/ξ`
    fn stretch(&self, y: Tensor<D>) -> Tensor<D> {
        // An infinite y is an end of the support, which may be finite.
        let (_, largest, _) = limits(y.dtype());
        let y = Operand::Tensor(y.clamp(-largest, largest));
        let z = y.clone() * Operand::Tensor(expm1_over((y * self.shape.clone()).into_tensor()));
        (z * self.scale.clone() + self.loc.clone()).into_tensor()
    }
}

standardised!(GeneralizedExtremeValue: gumbel);

impl<const D: usize> Distribution<D> for GeneralizedExtremeValue<D> {
    type Kind = Float;

    family_methods! { GeneralizedExtremeValue { loc: Real, scale: Positive, shape: Real } }

    fn support(&self) -> Support {
        match (&self.loc, &self.scale, &self.shape) {
            (_, _, Operand::Number(0.0)) => Support::Real,
            (Operand::Number(loc), Operand::Number(scale), Operand::Number(shape)) if *shape > 0.0 => {
                Support::GreaterThan(loc - scale / shape)
            }
            (Operand::Number(loc), Operand::Number(scale), Operand::Number(shape)) => Support::LessThan(loc - scale / shape),
            _ => Support::Interval(f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let (y, outside, _) = self.reduced(value);
        // Cut off where its derivatives, with a factor 1/(1 + ξ z) and more, would be beyond the floats.
        let reach = if y.dtype() == DType::F64 { 460.0 } else { 58.0 };
        let density = Operand::Tensor(exp_positive(y.clone().neg().clamp_max(reach)));
        let log_prob = -(Operand::Tensor(y) * (self.shape.clone() + 1.0)) - density - self.scale.clone().ln();
        minus_infinity(log_prob.into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let x = self.stretch(gumbel::draw(noise, self.batch.dims())?);
        Ok(inside(x, [&self.loc, &self.scale, &self.shape]))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for GeneralizedExtremeValue<D> {
    /// `loc + scale (Γ(1 − ξ) − 1)/ξ`, infinite for `ξ ≥ 1`.
    fn mean(&self) -> Tensor<D> {
        let c = self.batch.fill(self.shape.clone());
        let infinite = c.clone().greater_equal_elem(1.0);
        let c = c.mask_fill(infinite.clone(), 0.0);
        let slope = log_gamma_over(c.clone());
        let z = expm1_over(slope.clone() * c) * slope;
        let mean = z * self.batch.fill(self.scale.clone()) + self.batch.fill(self.loc.clone());
        mean.mask_fill(infinite, f64::INFINITY)
    }

    /// `scale² (Γ(1 − 2ξ) − Γ(1 − ξ)²)/ξ²`, infinite for `ξ ≥ ½`.
    fn variance(&self) -> Tensor<D> {
        let c = self.batch.fill(self.shape.clone());
        let infinite = c.clone().greater_equal_elem(0.5);
        let c = c.mask_fill(infinite.clone(), 0.0);
        let excess = log_gamma_excess(c.clone());
        let spread = expm1_over(excess.clone() * c.clone().square()) * excess;
        let square = special::lgamma(c.neg().add_scalar(1.0)).mul_scalar(2.0).exp();
        (spread * square * self.batch.fill(self.scale.clone().square())).mask_fill(infinite, f64::INFINITY)
    }
}

impl<const D: usize> Entropy<D> for GeneralizedExtremeValue<D> {
    /// `ln scale + γ (1 + ξ) + 1`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + self.shape.clone() * EULER + (EULER + 1.0))
    }
}
