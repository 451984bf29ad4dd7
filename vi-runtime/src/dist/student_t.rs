//! Student's t distribution.

use burn::tensor::{Float, Tensor};

use super::density::full;
use super::{Distribution, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Student's t with `df` degrees of freedom, shifted by `loc` and stretched by `scale`; support: the real numbers.
    ///
    /// `log p(x) = ln Γ((df + 1)/2) − ln Γ(df/2) − ½ ln(π df) − ln scale − ½ (df + 1) ln(1 + z²/df)`, `z = (x − loc)/scale`
    ///
    /// # Shapes
    /// `df`, `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `df` or `scale` is not positive or a parameter is not finite.
    StudentT { df: F, loc: L, scale: S }
}

impl<const D: usize> Distribution<D> for StudentT<D> {
    type Kind = Float;

    family_methods! { StudentT { df: Positive, loc: Real, scale: Positive } }

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let z = (Operand::Tensor(value.clone()) - self.loc.clone()) / self.scale.clone();
        let df = self.df.clone();
        // ln Γ(df/2 + ½) − ln Γ(df/2) = ½ ln π − ln B(½, df/2)
        let log_beta = (df.clone() * 0.5).map(|a| special::scalar::log_beta(0.5, a), |a| special::log_beta(a.full_like(0.5), a));
        let constant = log_beta + df.clone().ln() * 0.5 + self.scale.clone().ln();
        let tail = (z.square() / df.clone()).ln_1p() * ((df + 1.0) * 0.5);
        (-tail - constant).into_tensor()
    }

    /// A normal draw over the square root of an independent `χ²(df)/df`, which is `Gamma(df/2, df/2)`.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let shape = self.shape();
        let z = Operand::Tensor(noise.normal(shape)?);
        let half_df = Operand::Tensor(full(&self.df, shape, noise)) * 0.5;
        let log_gamma = Operand::Tensor(noise.log_gamma(half_df.clone().into_tensor())?);
        let stretch = ((half_df.ln() - log_gamma) * 0.5).exp();
        Ok((z * stretch * self.scale.clone() + self.loc.clone()).into_tensor())
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}
