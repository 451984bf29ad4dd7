//! The Kumaraswamy distribution.

use burn::tensor::{Float, Tensor};

use super::density::{clamp_unit, exp_positive, minus_infinity, where_true};
use super::expectation::variance_of_power;
use super::quotients::EULER;
use super::standard::{exponential, log_one_minus_exp, standardised};
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Like a beta distribution, with a distribution function in closed form; support: `(0, 1)`.
    ///
    /// `log p(x) = ln ab + (a − 1) ln x + (b − 1) ln(1 − xᵃ)`, `a` = concentration1, `b` = concentration0
    ///
    /// Source: Kumaraswamy (1980), "A Generalized Probability Density Function for Double-Bounded Random Processes"; Jones
    /// (2009), "Kumaraswamy's Distribution: A Beta-Type Distribution with Some Tractability Advantages".
    ///
    /// A draw closer to 0 or 1 than the floats resolve becomes the nearest number between.
    ///
    /// # Shapes
    /// `concentration1`, `concentration0` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    Kumaraswamy { concentration1: A, concentration0: B }
}

impl<const D: usize> Kumaraswamy<D> {
    /// `−b ln(1 − xᵃ)`
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        let (below, above) = (value.clone().lower_equal_elem(0.0), value.clone().greater_equal_elem(1.0));
        let x = value.clone().mask_fill(below.clone().bool_or(above.clone()), 0.5);
        let power = Operand::Tensor(x.log().neg()) * self.concentration1.clone();
        let h = (Operand::Tensor(log_one_minus_exp(power.into_tensor()).neg()) * self.concentration0.clone()).into_tensor();
        where_true(where_true(h, below, 0.0), above, f64::INFINITY)
    }

    /// `(1 − e^(−h/b))^(1/a)`
    fn stretch(&self, h: Tensor<D>) -> Tensor<D> {
        let log = log_one_minus_exp((Operand::Tensor(h) / self.concentration0.clone()).into_tensor());
        exp_positive((Operand::Tensor(log) / self.concentration1.clone()).into_tensor())
    }

    /// `ln E xⁿ = ln b B(1 + n/a, b)`
    fn log_moment(&self, n: f64) -> Tensor<D> {
        let (a, b) = (self.batch.fill(self.concentration1.clone()), self.batch.fill(self.concentration0.clone()));
        special::log_beta(a.recip().mul_scalar(n).add_scalar(1.0), b.clone()) + b.log()
    }
}

standardised!(Kumaraswamy: exponential);

impl<const D: usize> Distribution<D> for Kumaraswamy<D> {
    type Kind = Float;

    family_methods! { Kumaraswamy { concentration1: Positive, concentration0: Positive } }

    fn support(&self) -> Support {
        Support::UnitInterval
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let (a, b) = (self.concentration1.clone(), self.concentration0.clone());
        let outside = value.clone().lower_equal_elem(0.0).bool_or(value.clone().greater_equal_elem(1.0));
        let log = Operand::Tensor(value.clone().mask_fill(outside.clone(), 0.5).log());
        let rest = Operand::Tensor(log_one_minus_exp((-(log.clone() * a.clone())).into_tensor()));
        let log_prob = log * (a.clone() - 1.0) + rest * (b.clone() - 1.0) + (a.ln() + b.ln());
        minus_infinity(log_prob.into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(clamp_unit(self.stretch(exponential::draw(noise, self.shape())?)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Kumaraswamy<D> {
    /// `b B(1 + 1/a, b)`
    fn mean(&self) -> Tensor<D> {
        self.log_moment(1.0).exp()
    }

    /// `b B(1 + 2/a, b) − mean²`, and for `a > 1`, where the two may be nearly equal, by quadrature to 1e-12.
    fn variance(&self) -> Tensor<D> {
        let (a, b) = (self.batch.fill(self.concentration1.clone()), self.batch.fill(self.concentration0.clone()));
        let narrow = a.clone().greater_elem(1.0);
        let square = self.log_moment(2.0);
        let apart = square.clone() - self.log_moment(1.0).mul_scalar(2.0);
        let wide = special::expm1(apart.neg()).neg() * square.exp();
        wide.mask_where(narrow, variance_of_power(a.clamp_min(1.0), b))
    }
}

impl<const D: usize> Entropy<D> for Kumaraswamy<D> {
    /// `1 − 1/b + (1 − 1/a) (ψ(b + 1) + γ) − ln ab`
    fn entropy(&self) -> Tensor<D> {
        let (a, b) = (self.batch.fill(self.concentration1.clone()), self.batch.fill(self.concentration0.clone()));
        let harmonic = special::digamma(b.clone().add_scalar(1.0)).add_scalar(EULER);
        let logs = a.clone().log() + b.clone().log();
        a.recip().neg().add_scalar(1.0) * harmonic - b.recip() - logs + 1.0
    }
}
