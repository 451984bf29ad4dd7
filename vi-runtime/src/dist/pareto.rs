//! The Pareto distribution.

use burn::tensor::{Float, Tensor};

use super::density::{exp_positive, limits, minus_infinity, support_above};
use super::standard::{exponential, standardised};
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// Power law with exponent `alpha` above `scale`; support: `[scale, ∞)`.
    ///
    /// `log p(x) = ln alpha − ln scale − (alpha + 1) ln(x/scale)`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 20.
    ///
    /// Where `scale` is not a plain number the support is known only at run time and reported as `(−∞, ∞)`, for which there
    /// is no bijector.
    ///
    /// # Shapes
    /// `scale`, `alpha` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    Pareto { scale: S, alpha: A }
}

impl<const D: usize> Pareto<D> {
    /// How far the value lies above the lower end; exact at the end itself.
    fn above(&self, value: &Tensor<D>) -> Tensor<D> {
        (Operand::Tensor(value.clone()) - self.scale.clone()).into_tensor()
    }

    /// `ln(x/scale)`
    fn log_ratio(&self, above: Tensor<D>) -> Operand<D> {
        let (_, largest, _) = limits(above.dtype());
        Operand::Tensor((Operand::Tensor(above) / self.scale.clone()).into_tensor().clamp_max(largest)).ln_1p()
    }

    /// `alpha ln(x/scale)`
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        (self.log_ratio(self.above(value).clamp_min(0.0)) * self.alpha.clone()).into_tensor()
    }

    /// At least `scale`: the exponential of a number that is not negative is at least 1.
    fn stretch(&self, h: Tensor<D>) -> Tensor<D> {
        let ratio = exp_positive((Operand::Tensor(h) / self.alpha.clone()).into_tensor());
        (Operand::Tensor(ratio) * self.scale.clone()).into_tensor()
    }
}

standardised!(Pareto: exponential, up to f64::INFINITY);

impl<const D: usize> Distribution<D> for Pareto<D> {
    type Kind = Float;

    family_methods! { Pareto { scale: Positive, alpha: Positive } }

    fn support(&self) -> Support {
        support_above(&self.scale)
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let above = self.above(value);
        let outside = above.clone().lower_elem(0.0).bool_or(above.clone().equal_elem(f64::INFINITY));
        let log = self.log_ratio(above.mask_fill(outside.clone(), 0.0));
        let constant = self.alpha.clone().ln() - self.scale.clone().ln();
        minus_infinity((constant - log * (self.alpha.clone() + 1.0)).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let x = self.stretch(exponential::draw(noise, self.shape())?);
        let (_, largest, _) = limits(x.dtype());
        Ok(x.clamp_max(largest))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Pareto<D> {
    /// `alpha scale/(alpha − 1)`, infinite for `alpha ≤ 1`.
    fn mean(&self) -> Tensor<D> {
        let (s, a) = (self.batch.fill(self.scale.clone()), self.batch.fill(self.alpha.clone()));
        let infinite = a.clone().lower_equal_elem(1.0);
        let a = a.mask_fill(infinite.clone(), 2.0);
        (s * a.clone() / a.sub_scalar(1.0)).mask_fill(infinite, f64::INFINITY)
    }

    /// `scale² alpha/((alpha − 1)² (alpha − 2))`, infinite for `alpha ≤ 2`.
    fn variance(&self) -> Tensor<D> {
        let (s, a) = (self.batch.fill(self.scale.clone()), self.batch.fill(self.alpha.clone()));
        let infinite = a.clone().lower_equal_elem(2.0);
        let a = a.mask_fill(infinite.clone(), 3.0);
        let divisor = a.clone().sub_scalar(1.0).square() * a.clone().sub_scalar(2.0);
        (s.square() * a / divisor).mask_fill(infinite, f64::INFINITY)
    }
}

impl<const D: usize> Entropy<D> for Pareto<D> {
    /// `ln(scale/alpha) + 1 + 1/alpha`
    fn entropy(&self) -> Tensor<D> {
        let a = self.alpha.clone();
        self.batch.fill(self.scale.clone().ln() - a.clone().ln() + a.recip() + 1.0)
    }
}
