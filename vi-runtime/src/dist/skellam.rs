//! The Skellam distribution.

use std::f64::consts::PI;

use burn::tensor::{Int, Tensor};

use super::density::{beside, full, spread};
use super::saddle_point::deviance;
use super::{Distribution, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special::detach;
use crate::support::Support;

family! {
    /// Difference of two independent Poisson counts with means `rate1` and `rate2`; support: the integers.
    ///
    /// `log p(x) = −(r₁ + r₂) + x/2 ln(r₁/r₂) + ln I_{|x|}(2√(r₁r₂))`, `r` = rate, `I` the modified Bessel function (Skellam 1946)
    ///
    /// # Shapes
    /// `rate1`, `rate2` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a rate is not positive and finite.
    Skellam { rate1: A, rate2: B }
}

impl<const D: usize> Distribution<D> for Skellam<D> {
    type Kind = Int;

    family_methods! { Skellam { rate1: Positive, rate2: Positive } }

    fn support(&self) -> Support {
        Support::IntegerInterval(i64::MIN, i64::MAX)
    }

    /// The mass at `x` of the same family tilted to have its mean there, with rates `s₁ − s₂ = x`, `s₁s₂ = r₁r₂`, and what the
    /// tilt costs: the deviances of the two counts. Neither has large terms that cancel.
    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let x = self.batch.float(value);
        let (r1, r2) = (beside(&self.rate1, &x), beside(&self.rate2, &x));
        let dims = (x.clone() + r1.clone() + r2.clone()).dims();
        let [x, r1, r2] = [x, r1, r2].map(|tensor| spread(tensor, dims));
        let product = r1.clone() * r2.clone();
        // s₁ + s₂
        let variance = (x.clone().square() + product.clone() * 4.0).sqrt();
        // Derivatives in s₁ and s₂ vanish: the tilt is the maximum.
        let (m1, m2) = (detach(r1.clone()), detach(r2.clone()));
        let larger = (detach(variance.clone()) + x.clone().abs()) * 0.5;
        let smaller = detach(product) / larger.clone();
        let negative = x.clone().lower_elem(0.0);
        let s1 = larger.clone().mask_where(negative.clone(), smaller.clone());
        let s2 = smaller.mask_where(negative, larger);
        // s₁ − r₁ and s₂ − r₂ from how far x is from the mean.
        let apart = x.clone() - m1.clone() + m2.clone();
        let excess1 = apart.clone() * (m1.clone() / (m1 + s2.clone()));
        let excess2 = apart.neg() * (m2.clone() / (m2 + s1.clone()));
        deviance(s1, r1, excess1) + deviance(s2, r2, excess2) + log_mass_at_mean(x, variance)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let first = noise.poisson(full(&self.rate1, self.shape(), noise).without_autodiff())?;
        Ok(first - noise.poisson(full(&self.rate2, self.shape(), noise).without_autodiff())?)
    }
}

/// `ln p(x)` of the Skellam distribution with mean `x` and the variance `v ≥ |x|`.
///
/// Fourier's integral of the characteristic function, `1/2π ∫ exp(−2v sin²(θ/2)) cos(x (θ − sin θ)) dθ` over a period, by the
/// trapezoidal rule. What the rule adds are the masses at multiples of 44 away from `x`, below 1e-18 up to the variance 20;
/// beyond it the nodes shrink with the standard deviation and end where the integrand is below 1e-40.
fn log_mass_at_mean<const D: usize>(x: Tensor<D>, variance: Tensor<D>) -> Tensor<D> {
    const NODES: usize = 22;
    const WIDEST: f64 = 20.0;
    let dims = variance.dims();
    let count: usize = dims.iter().product();
    let (x, variance): (Tensor<2>, Tensor<2>) = (x.reshape([count, 1]), variance.reshape([count, 1]));
    let row = |f: &dyn Fn(usize) -> f64| beside(&Operand::Host((1..=NODES).map(f).collect(), [1, NODES]), &x);
    // The integral is the same for every scale: no derivative.
    let scale = (detach(variance.clone()).clamp_min(WIDEST).recip() * WIDEST).sqrt();
    let theta = scale.clone() * row(&|j| j as f64 * PI / NODES as f64);
    let decay = (theta.clone() * 0.5).sin().square() * -2.0;
    let phase = (theta.clone() - theta.sin()) * x.clone();
    let each = (variance * decay).exp() * phase.cos() * row(&|j| if j < NODES { 2.0 } else { 1.0 });
    let sum = each.sum_dim(1) + 1.0;
    (sum * scale * (0.5 / NODES as f64)).log().reshape(dims)
}

impl<const D: usize> Moments<D> for Skellam<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.rate1.clone() - self.rate2.clone())
    }

    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.rate1.clone() + self.rate2.clone())
    }
}
