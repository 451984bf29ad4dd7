//! The chi-squared distribution.

use burn::tensor::{Float, Tensor};

use super::{Cdf, Distribution, Entropy, Gamma, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// The sum of `df` squared standard normal variables; support: `(0, ∞)`.
    ///
    /// `log p(x) = (df/2 − 1) ln x − x/2 − ln Γ(df/2) − (df/2) ln 2`, that of `Gamma(df/2, ½)`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 18.
    ///
    /// Draws are differentiable: exact implicit gradients (Figurnov, Mohamed and Mnih 2018).
    ///
    /// # Shapes
    /// `df` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `df` is not positive and finite.
    Chi2 { df: F }
}

impl<const D: usize> Chi2<D> {
    fn gamma(&self) -> Gamma<D> {
        Gamma { concentration: self.df.clone() * 0.5, rate: Operand::Number(0.5), batch: self.batch.clone() }
    }
}

impl<const D: usize> Distribution<D> for Chi2<D> {
    type Kind = Float;

    family_methods! { Chi2 { df: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        self.gamma().log_prob(value)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        self.gamma().draw(noise)
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Chi2<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.df.clone())
    }

    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.df.clone() * 2.0)
    }
}

impl<const D: usize> Entropy<D> for Chi2<D> {
    fn entropy(&self) -> Tensor<D> {
        self.gamma().entropy()
    }
}

impl<const D: usize> Cdf<D> for Chi2<D> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.gamma().cdf(value)
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.gamma().survival(value)
    }
}
