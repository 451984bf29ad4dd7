//! The beta distribution by its mean.

use burn::tensor::{Float, Tensor};

use super::density::beside;
use super::{Beta, Cdf, Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::support::Support;

family! {
    /// Beta with mean `mean` and precision `concentration`; support: `(0, 1)`.
    ///
    /// `log p(x) = (a − 1) ln x + (b − 1) ln(1 − x) − ln B(a, b)`, `a = mean · concentration`, `b = (1 − mean) · concentration`
    ///
    /// Source: Ferrari and Cribari-Neto (2004), "Beta Regression for Modelling Rates and Proportions".
    ///
    /// Draws are differentiable in both parameters, see [`Beta`].
    ///
    /// # Shapes
    /// `mean`, `concentration` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `mean` is not strictly between 0 and 1 or `concentration`
    /// is not positive and finite.
    BetaProportion { mean: M, concentration: C }
}

impl<const D: usize> BetaProportion<D> {
    fn beta(&self) -> Beta<D> {
        let (mean, total) = (self.mean.clone(), self.concentration.clone());
        Beta { concentration1: mean.clone() * total.clone(), concentration0: (1.0 - mean) * total, batch: self.batch.clone() }
    }
}

impl<const D: usize> Distribution<D> for BetaProportion<D> {
    type Kind = Float;

    family_methods! { BetaProportion { mean: OpenUnitInterval, concentration: Positive } }

    fn support(&self) -> Support {
        Support::UnitInterval
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        self.beta().log_prob_beyond(value, |x| {
            let (mean, total) = (beside(&self.mean, &x).without_autodiff(), beside(&self.concentration, &x).without_autodiff());
            (x - mean) * total
        })
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        self.beta().draw(noise)
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for BetaProportion<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.mean.clone())
    }

    /// `mean (1 − mean)/(concentration + 1)`
    fn variance(&self) -> Tensor<D> {
        let mean = self.mean.clone();
        self.batch.fill(mean.clone() * (1.0 - mean) / (self.concentration.clone() + 1.0))
    }
}

impl<const D: usize> Entropy<D> for BetaProportion<D> {
    fn entropy(&self) -> Tensor<D> {
        self.beta().entropy()
    }
}

impl<const D: usize> Cdf<D> for BetaProportion<D> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.beta().cdf(value)
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.beta().survival(value)
    }
}
