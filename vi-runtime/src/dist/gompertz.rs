//! The Gompertz distribution.

use burn::tensor::{Float, Tensor};

use super::density::{clamp_positive, limits, minus_infinity, not_from_zero};
use super::expectation::log_growth;
use super::standard::{exponential, standardised};
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Waiting time whose hazard `concentration · rate · e^(rate x)` grows exponentially; support: `[0, ∞)`.
    ///
    /// `log p(x) = ln c + ln r + r x − c (e^(r x) − 1)`, `c` = concentration, `r` = rate
    ///
    /// Source: Gompertz (1825) for the hazard; Lenart (2014), "The Moments of the Gompertz Distribution and Maximum Likelihood
    /// Estimation of Its Parameters".
    ///
    /// # Shapes
    /// `concentration`, `rate` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    Gompertz { concentration: C, rate: R }
}

impl<const D: usize> Gompertz<D> {
    /// `r x` and `c (e^(r x) − 1)`, both kept so far in the range of the floats that their difference is in it.
    fn hazard(&self, x: Tensor<D>) -> (Operand<D>, Operand<D>) {
        let (_, largest, _) = limits(x.dtype());
        let scaled = (Operand::Tensor(x) * self.rate.clone()).into_tensor().clamp_max(0.25 * largest);
        let growth = Operand::Tensor(special::expm1(scaled.clone().clamp_max(largest.ln() - 1.0)));
        let hazard = (growth * self.concentration.clone()).into_tensor().clamp_max(0.5 * largest);
        (Operand::Tensor(scaled), Operand::Tensor(hazard))
    }

    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        self.hazard(value.clone().clamp_min(0.0)).1.into_tensor()
    }

    fn stretch(&self, h: Tensor<D>) -> Tensor<D> {
        ((Operand::Tensor(h) / self.concentration.clone()).ln_1p() / self.rate.clone()).into_tensor()
    }
}

standardised!(Gompertz: exponential);

impl<const D: usize> Distribution<D> for Gompertz<D> {
    type Kind = Float;

    family_methods! { Gompertz { concentration: Positive, rate: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = not_from_zero(value);
        let (scaled, hazard) = self.hazard(value.clone().mask_fill(outside.clone(), 0.0));
        let constant = self.concentration.clone().ln() + self.rate.clone().ln();
        minus_infinity((scaled - hazard + constant).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(clamp_positive(self.stretch(exponential::draw(noise, self.shape())?)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Gompertz<D> {
    /// `eᶜ E₁(c)/r`, `E₁` the exponential integral
    fn mean(&self) -> Tensor<D> {
        let [mean, _] = log_growth(self.batch.fill(self.concentration.clone()));
        (Operand::Tensor(mean) / self.rate.clone()).into_tensor()
    }

    /// That of `ln(1 + h/c)/r` for a standard exponential `h`, by quadrature to 1e-14
    fn variance(&self) -> Tensor<D> {
        let [_, variance] = log_growth(self.batch.fill(self.concentration.clone()));
        (Operand::Tensor(variance) / self.rate.clone().square()).into_tensor()
    }
}

impl<const D: usize> Entropy<D> for Gompertz<D> {
    /// `1 − ln c − ln r − eᶜ E₁(c)`
    fn entropy(&self) -> Tensor<D> {
        let [mean, _] = log_growth(self.batch.fill(self.concentration.clone()));
        (1.0 - self.concentration.clone().ln() - self.rate.clone().ln() - Operand::Tensor(mean)).into_tensor()
    }
}
