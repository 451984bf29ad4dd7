//! The Dirichlet distribution.

use burn::tensor::activation::softmax;
use burn::tensor::{Float, Tensor};

use super::density::{clamp_unit, full, minus_infinity, spread};
use super::saddle_point::{self, refine};
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Probability vectors with weights `concentration`, mean `concentration / Σ concentration`; support: the simplex.
    ///
    /// `log p(x) = Σₖ (aₖ − 1) ln xₖ + ln Γ(Σₖ aₖ) − Σₖ ln Γ(aₖ)`, `a` = concentration
    ///
    /// Source: Kotz, Balakrishnan and Johnson (2000), Continuous Multivariate Distributions, vol. 1, chapter 49.
    ///
    /// `x` is used as given: that it sums to 1 is not checked. Draws are differentiable in the concentration (exact
    /// implicit gradients). `Dirichlet::new(1.0).expand([K])` is uniform on the simplex.
    ///
    /// # Shapes
    /// `concentration` and the value: `[batch, K]`; the last dimension is the event, so a single draw has shape `[K]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `concentration` is not positive and finite.
    Dirichlet { concentration: C }
}

impl<const D: usize> Distribution<D> for Dirichlet<D> {
    type Kind = Float;

    family_methods! { Dirichlet { concentration: Positive } }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        Support::Simplex
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let categories = value.dims()[D - 1];
        let outside = value.clone().lower_equal_elem(0.0).bool_or(value.clone().greater_elem(1.0));
        let x = value.clone().mask_fill(outside.clone(), 1.0 / categories as f64);
        let log = x.clone().log();
        // The sums below run over every aₖ, also where one number stands for all.
        let a = match self.concentration.clone() {
            Operand::Tensor(a) => {
                let mut dims = a.dims();
                dims[D - 1] = categories;
                spread(a, dims)
            }
            a => (Operand::Tensor(log.clone().without_autodiff().zeros_like()) + a).into_tensor(),
        };
        let kernel = ((a.clone() - 1.0) * log).sum_dim(D - 1);
        // ln B(a) = Σₖ ln B(a₁ + … + aₖ₋₁, aₖ): each term is accurate where the logarithms of gamma functions cancel.
        let log_prob = if categories > 1 {
            let head = a.clone().cumsum(D - 1).narrow(D - 1, 0, categories - 1);
            kernel - special::log_beta(head, a.clone().narrow(D - 1, 1, categories - 1)).sum_dim(D - 1)
        } else {
            kernel
        };
        let log_prob = refine(log_prob, &Operand::Tensor(a.clone()), || {
            // The multinomial mass of the counts a, times Πₖ aₖ/xₖ over Σₖ aₖ.
            let (a, x) = (a.without_autodiff(), x.without_autodiff());
            let odds = (a.clone() / x.clone()).log().sum_dim(D - 1) - a.clone().sum_dim(D - 1).log();
            saddle_point::multinomial(a, x) + odds
        });
        minus_infinity(log_prob, outside.any_dim(D - 1))
    }

    /// Gamma variables over their sum, as the softmax of their logarithms: nothing underflows before the last step.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let log_gamma = noise.log_gamma(full(&self.concentration, self.shape(), noise))?;
        Ok(clamp_unit(softmax(log_gamma, D - 1)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Dirichlet<D> {
    /// `aₖ/A`, `A = Σₖ aₖ`
    fn mean(&self) -> Tensor<D> {
        let a = self.batch.fill(self.concentration.clone());
        a.clone() / a.sum_dim(D - 1)
    }

    /// `aₖ/A (1 − aₖ/A)/(A + 1)`
    fn variance(&self) -> Tensor<D> {
        let a = self.batch.fill(self.concentration.clone());
        let total = a.clone().sum_dim(D - 1);
        let share = a / total.clone();
        share.clone() * (share.neg() + 1.0) / (total + 1.0)
    }
}

impl<const D: usize> Entropy<D> for Dirichlet<D> {
    /// `Σₖ ln Γ(aₖ) − ln Γ(A) + (A − K) ψ(A) − Σₖ (aₖ − 1) ψ(aₖ)`
    fn entropy(&self) -> Tensor<D> {
        let a = self.batch.fill(self.concentration.clone());
        let categories = a.dims()[D - 1];
        let total = a.clone().sum_dim(D - 1);
        // ln B(a) as in the density.
        let beta = if categories > 1 {
            let head = a.clone().cumsum(D - 1).narrow(D - 1, 0, categories - 1);
            special::log_beta(head, a.clone().narrow(D - 1, 1, categories - 1)).sum_dim(D - 1)
        } else {
            total.zeros_like()
        };
        let each = (a.clone() - 1.0) * (special::digamma(total) - special::digamma(a));
        beta + each.sum_dim(D - 1)
    }
}
