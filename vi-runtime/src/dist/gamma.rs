//! The gamma distribution.

use burn::tensor::{Bool, Float, Tensor};

use super::density::{beside, clamp_positive, exp_positive, full, minus_infinity, not_positive, spread, where_true};
use super::quotients::gamma_entropy;
use super::saddle_point::{self, refine};
use super::{Cdf, Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Gamma with shape `concentration` and inverse scale `rate`, mean `concentration / rate`; support: `(0, ∞)`.
    ///
    /// `log p(x) = a ln b − ln Γ(a) + (a − 1) ln x − b x`, `a` = concentration, `b` = rate
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 17.
    ///
    /// Draws are differentiable in both parameters: exact implicit gradients (Figurnov, Mohamed and Mnih 2018).
    ///
    /// # Shapes
    /// `concentration`, `rate` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    Gamma { concentration: C, rate: R }
}

impl<const D: usize> Distribution<D> for Gamma<D> {
    type Kind = Float;

    family_methods! { Gamma { concentration: Positive, rate: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let (a, b) = (self.concentration.clone(), self.rate.clone());
        let outside = not_positive(value);
        let x = Operand::Tensor(value.clone().mask_fill(outside.clone(), 1.0));
        let constant = a.clone() * b.clone().ln() - a.clone().map(special::scalar::lgamma, special::lgamma);
        let log_prob = x.clone().ln() * (a - 1.0) - x * b + constant;
        let log_prob = refine(log_prob.into_tensor(), &self.concentration, || {
            // In mean units this is the Poisson mass at a, times a/x.
            let x = value.clone().without_autodiff().mask_fill(outside.clone(), 1.0);
            let (a, b) = (beside(&self.concentration, &x).without_autodiff(), beside(&self.rate, &x).without_autodiff());
            let mean = b * x.clone();
            let dims = (mean.clone() + a.clone()).dims();
            saddle_point::poisson(spread(a.clone(), dims), mean) + (a / x).log()
        });
        minus_infinity(log_prob, outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let log_gamma = Operand::Tensor(noise.log_gamma(full(&self.concentration, self.shape(), noise))?);
        Ok(exp_positive((log_gamma - self.rate.clone().ln()).into_tensor()))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Gamma<D> {
    /// `a/b`
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.concentration.clone() / self.rate.clone())
    }

    /// `a/b²`
    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.concentration.clone() / self.rate.clone().square())
    }
}

impl<const D: usize> Entropy<D> for Gamma<D> {
    /// `a − ln b + ln Γ(a) + (1 − a) ψ(a)`
    fn entropy(&self) -> Tensor<D> {
        let (a, b) = (self.batch.fill(self.concentration.clone()), self.batch.fill(self.rate.clone()));
        gamma_entropy(a) - b.log()
    }
}

impl<const D: usize> Gamma<D> {
    /// The concentration and the positive part of `rate · x`, with where there is none.
    fn scaled(&self, value: &Tensor<D>) -> (Tensor<D>, Tensor<D>, Tensor<D, Bool>) {
        let outside = value.clone().lower_equal_elem(0.0);
        let x = Operand::Tensor(value.clone().mask_fill(outside.clone(), 1.0)) * self.rate.clone();
        (beside(&self.concentration, value), clamp_positive(x.into_tensor()), outside)
    }
}

impl<const D: usize> Cdf<D> for Gamma<D> {
    /// `P(a, bx)`
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let (a, x, outside) = self.scaled(value);
        where_true(special::gamma_p(a, x), outside, 0.0)
    }

    /// `Q(a, bx)`
    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        let (a, x, outside) = self.scaled(value);
        where_true(special::gamma_q(a, x), outside, 1.0)
    }
}
