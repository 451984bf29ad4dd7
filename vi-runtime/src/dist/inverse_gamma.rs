//! The inverse gamma distribution.

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
    /// One over a gamma variable of shape `concentration` and rate `scale`; support: `(0, ∞)`.
    ///
    /// `log p(x) = a ln b − ln Γ(a) − (a + 1) ln x − b/x`, `a` = concentration, `b` = scale
    ///
    /// Source: Gelman et al. (2013), Bayesian Data Analysis, appendix A.
    ///
    /// Draws are differentiable in both parameters: exact implicit gradients (Figurnov, Mohamed and Mnih 2018).
    ///
    /// # Shapes
    /// `concentration`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    InverseGamma { concentration: C, scale: S }
}

impl<const D: usize> Distribution<D> for InverseGamma<D> {
    type Kind = Float;

    family_methods! { InverseGamma { concentration: Positive, scale: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let (a, b) = (self.concentration.clone(), self.scale.clone());
        let outside = not_positive(value);
        let x = Operand::Tensor(value.clone().mask_fill(outside.clone(), 1.0));
        let constant = a.clone() * b.clone().ln() - a.clone().map(special::scalar::lgamma, special::lgamma);
        let log_prob = constant - x.clone().ln() * (a + 1.0) - b / x;
        let log_prob = refine(log_prob.into_tensor(), &self.concentration, || {
            // In units of one over the mean this is the Poisson mass at a, times a/x.
            let x = value.clone().without_autodiff().mask_fill(outside.clone(), 1.0);
            let (a, b) = (beside(&self.concentration, &x).without_autodiff(), beside(&self.scale, &x).without_autodiff());
            let mean = b / x.clone();
            let dims = (mean.clone() + a.clone()).dims();
            saddle_point::poisson(spread(a.clone(), dims), mean) + (a / x).log()
        });
        minus_infinity(log_prob, outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let log_gamma = Operand::Tensor(noise.log_gamma(full(&self.concentration, self.shape(), noise))?);
        Ok(exp_positive((self.scale.clone().ln() - log_gamma).into_tensor()))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for InverseGamma<D> {
    /// `b/(a − 1)`, infinite for `a ≤ 1`.
    fn mean(&self) -> Tensor<D> {
        let (a, b) = (self.batch.fill(self.concentration.clone()), self.batch.fill(self.scale.clone()));
        let infinite = a.clone().lower_equal_elem(1.0);
        (b / a.mask_fill(infinite.clone(), 2.0).sub_scalar(1.0)).mask_fill(infinite, f64::INFINITY)
    }

    /// `b²/((a − 1)² (a − 2))`, infinite for `a ≤ 2`.
    fn variance(&self) -> Tensor<D> {
        let (a, b) = (self.batch.fill(self.concentration.clone()), self.batch.fill(self.scale.clone()));
        let infinite = a.clone().lower_equal_elem(2.0);
        let a = a.mask_fill(infinite.clone(), 3.0);
        ((b / a.clone().sub_scalar(1.0)).square() / a.sub_scalar(2.0)).mask_fill(infinite, f64::INFINITY)
    }
}

impl<const D: usize> Entropy<D> for InverseGamma<D> {
    /// `a + ln b + ln Γ(a) − (a + 1) ψ(a)`
    fn entropy(&self) -> Tensor<D> {
        let (a, b) = (self.batch.fill(self.concentration.clone()), self.batch.fill(self.scale.clone()));
        gamma_entropy(a.clone()) - special::digamma(a) * 2.0 + b.log()
    }
}

impl<const D: usize> InverseGamma<D> {
    /// The concentration and `scale/x`, with where the value is not positive.
    fn scaled(&self, value: &Tensor<D>) -> (Tensor<D>, Tensor<D>, Tensor<D, Bool>) {
        let outside = value.clone().lower_equal_elem(0.0);
        let x = self.scale.clone() / Operand::Tensor(value.clone().mask_fill(outside.clone(), 1.0));
        (beside(&self.concentration, value), clamp_positive(x.into_tensor()), outside)
    }
}

impl<const D: usize> Cdf<D> for InverseGamma<D> {
    /// `Q(a, b/x)`
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let (a, x, outside) = self.scaled(value);
        where_true(special::gamma_q(a, x), outside, 0.0)
    }

    /// `P(a, b/x)`
    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        let (a, x, outside) = self.scaled(value);
        where_true(special::gamma_p(a, x), outside, 1.0)
    }
}
