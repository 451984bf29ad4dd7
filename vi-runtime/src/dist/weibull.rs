//! The Weibull distribution.

use burn::tensor::{Float, Tensor};

use super::density::{clamp_positive, exp_positive, log_ratio, minus_infinity, not_positive, where_true};
use super::quotients::{EULER, log_gamma_excess};
use super::standard::{exponential, standardised};
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// `scale` times an exponential variable to the power `1/concentration`; support: `(0, ∞)`.
    ///
    /// `log p(x) = ln k − ln s + (k − 1) ln(x/s) − (x/s)ᵏ`, `k` = concentration, `s` = scale
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 21.
    ///
    /// # Shapes
    /// `scale`, `concentration` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    Weibull { scale: S, concentration: K }
}

impl<const D: usize> Weibull<D> {
    /// `(x/s)ᵏ`
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_equal_elem(0.0);
        let log = Operand::Tensor(log_ratio(value.clone().mask_fill(outside.clone(), 1.0), &self.scale));
        where_true(exp_positive((log * self.concentration.clone()).into_tensor()), outside, 0.0)
    }

    fn stretch(&self, h: Tensor<D>) -> Tensor<D> {
        exp_positive((Operand::Tensor(h.log()) / self.concentration.clone() + self.scale.clone().ln()).into_tensor())
    }
}

standardised!(Weibull: exponential, up to f64::INFINITY);

impl<const D: usize> Distribution<D> for Weibull<D> {
    type Kind = Float;

    family_methods! { Weibull { scale: Positive, concentration: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = not_positive(value);
        let log = Operand::Tensor(log_ratio(value.clone().mask_fill(outside.clone(), 1.0), &self.scale));
        let k = self.concentration.clone();
        let power = Operand::Tensor(exp_positive((log.clone() * k.clone()).into_tensor()));
        let constant = k.clone().ln() - self.scale.clone().ln();
        minus_infinity((log * (k - 1.0) - power + constant).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(clamp_positive(self.stretch(exponential::draw(noise, self.shape())?)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Weibull<D> {
    /// `s Γ(1 + 1/k)`
    fn mean(&self) -> Tensor<D> {
        let k = self.batch.fill(self.concentration.clone());
        special::lgamma(k.recip().add_scalar(1.0)).exp() * self.batch.fill(self.scale.clone())
    }

    /// `mean² (Γ(1 + 2/k)/Γ(1 + 1/k)² − 1)`
    fn variance(&self) -> Tensor<D> {
        let power = self.batch.fill(self.concentration.clone()).recip();
        let excess = log_gamma_excess(power.clone().neg()) * power.square();
        self.mean().square() * special::expm1(excess)
    }
}

impl<const D: usize> Entropy<D> for Weibull<D> {
    /// `γ (1 − 1/k) + ln(s/k) + 1`
    fn entropy(&self) -> Tensor<D> {
        let (k, s) = (self.batch.fill(self.concentration.clone()), self.batch.fill(self.scale.clone()));
        s.log() - k.clone().log() - k.recip().mul_scalar(EULER) + (1.0 + EULER)
    }
}
