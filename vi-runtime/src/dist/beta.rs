//! The beta distribution.

use burn::tensor::{Float, Tensor};

use super::density::{beside, clamp_unit, full, logistic, minus_infinity, spread, where_true};
use super::quotients::gamma_entropy;
use super::saddle_point::{self, refine};
use super::{Cdf, Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Beta with `concentration1` on 1 and `concentration0` on 0; support: `(0, 1)`.
    ///
    /// `log p(x) = (a − 1) ln x + (b − 1) ln(1 − x) − ln B(a, b)`, `a` = concentration1, `b` = concentration0
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, chapter 25.
    ///
    /// Draws are differentiable in both parameters: exact implicit gradients through two gamma variables. A draw closer to
    /// 0 or 1 than the floats resolve becomes the nearest number between.
    ///
    /// # Shapes
    /// `concentration1`, `concentration0` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    Beta { concentration1: A, concentration0: B }
}

impl<const D: usize> Beta<D> {
    /// The log density, with `beyond(x) = (a + b) x − a` at values without a gradient.
    pub(super) fn log_prob_beyond(&self, value: &Tensor<D>, beyond: impl FnOnce(Tensor<D>) -> Tensor<D>) -> Tensor<D> {
        let (a, b) = (self.concentration1.clone(), self.concentration0.clone());
        let outside = value.clone().lower_equal_elem(0.0).bool_or(value.clone().greater_equal_elem(1.0));
        let x = Operand::Tensor(value.clone().mask_fill(outside.clone(), 0.5));
        let normaliser = match (a.clone(), b.clone()) {
            (Operand::Number(a), Operand::Number(b)) => Operand::Number(special::scalar::log_beta(a, b)),
            (a, b) => {
                let like = value.clone().without_autodiff();
                Operand::Tensor(special::log_beta(beside(&a, &like), beside(&b, &like)))
            }
        };
        let log_prob = x.clone().ln() * (a - 1.0) + (-x).ln_1p() * (b - 1.0) - normaliser;
        let size = self.concentration1.clone() + self.concentration0.clone();
        let log_prob = refine(log_prob.into_tensor(), &size, || {
            // The binomial mass of a in a + b, times ab/((a + b) x (1 − x)).
            let x = value.clone().without_autodiff().mask_fill(outside.clone(), 0.5);
            let (a, b) = (beside(&self.concentration1, &x).without_autodiff(), beside(&self.concentration0, &x).without_autodiff());
            let dims = (a.clone() + b.clone() + x.clone()).dims();
            let (a, b, x) = (spread(a, dims), spread(b, dims), spread(x, dims));
            let rest = x.clone().neg().add_scalar(1.0);
            let factor = (a.clone() / x.clone()).log() + (b.clone() / rest.clone()).log() - (a.clone() + b.clone()).log();
            saddle_point::binomial_beyond(a, b, x.clone(), rest, spread(beyond(x), dims)) + factor
        });
        minus_infinity(log_prob, outside)
    }
}

impl<const D: usize> Distribution<D> for Beta<D> {
    type Kind = Float;

    family_methods! { Beta { concentration1: Positive, concentration0: Positive } }

    fn support(&self) -> Support {
        Support::UnitInterval
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        self.log_prob_beyond(value, |x| {
            let (a, b) = (beside(&self.concentration1, &x).without_autodiff(), beside(&self.concentration0, &x).without_autodiff());
            (a.clone() + b) * x - a
        })
    }

    /// `g₁/(g₁ + g₀) = σ(ln g₁ − ln g₀)`: nothing underflows before the last step.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let shape = self.shape();
        let one = noise.log_gamma(full(&self.concentration1, shape, noise))?;
        let zero = noise.log_gamma(full(&self.concentration0, shape, noise))?;
        Ok(clamp_unit(logistic(one - zero)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Beta<D> {
    /// `a/(a + b)`
    fn mean(&self) -> Tensor<D> {
        let (a, b) = (self.concentration1.clone(), self.concentration0.clone());
        self.batch.fill(a.clone() / (a + b))
    }

    /// `ab/((a + b)² (a + b + 1))`
    fn variance(&self) -> Tensor<D> {
        let (a, b) = (self.concentration1.clone(), self.concentration0.clone());
        let total = a.clone() + b.clone();
        self.batch.fill((a / total.clone()) * (b / total.clone()) / (total + 1.0))
    }
}

impl<const D: usize> Entropy<D> for Beta<D> {
    /// `ln B(a, b) − (a − 1) ψ(a) − (b − 1) ψ(b) + (a + b − 2) ψ(a + b)`
    fn entropy(&self) -> Tensor<D> {
        let (a, b) = (self.batch.fill(self.concentration1.clone()), self.batch.fill(self.concentration0.clone()));
        let total = a.clone() + b.clone();
        gamma_entropy(a) + gamma_entropy(b) - gamma_entropy(total.clone()) - special::digamma(total)
    }
}

impl<const D: usize> Beta<D> {
    /// A function of both concentrations and the value inside `(0, 1)`; the ends outside.
    fn inside(&self, value: &Tensor<D>, ends: (f64, f64), f: impl FnOnce(Tensor<D>, Tensor<D>, Tensor<D>) -> Tensor<D>) -> Tensor<D> {
        let (below, above) = (value.clone().lower_equal_elem(0.0), value.clone().greater_equal_elem(1.0));
        let x = value.clone().mask_fill(below.clone().bool_or(above.clone()), 0.5);
        let tail = f(beside(&self.concentration1, value), beside(&self.concentration0, value), x);
        where_true(where_true(tail, below, ends.0), above, ends.1)
    }
}

impl<const D: usize> Cdf<D> for Beta<D> {
    /// `I_x(a, b)`
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.inside(value, (0.0, 1.0), special::beta_inc)
    }

    /// `I_{1 − x}(b, a)`, and one less the other tail where that is the smaller one: there `1 − x` has lost the digits of `x`.
    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.inside(value, (1.0, 0.0), |a, b, x| {
            let lower = special::beta_inc(a.clone(), b.clone(), x.clone());
            let small = lower.clone().lower_elem(0.5);
            let dims = small.dims();
            let rest = spread(x.neg() + 1.0, dims).mask_fill(small.clone(), 0.5);
            let upper = special::beta_inc(b, a, rest);
            upper.mask_where(small, lower.neg() + 1.0)
        })
    }
}
