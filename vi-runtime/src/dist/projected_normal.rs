//! The direction of a normal vector.

use burn::tensor::{Float, Tensor};

use super::density::{full, spread};
use super::normal::HALF_LN_2PI;
use super::quadrature::{GAUSS_48, column};
use super::{Distribution, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special::detach;
use crate::support::Support;

family! {
    /// The direction `z/|z|` of a normal vector `z` with mean `concentration` and unit variances, in two or more dimensions; support:
    /// the vectors of length 1.
    ///
    /// `log p(x) = −½ K ln 2π − ½ |m − t x|² + ln ∫₀^∞ rᴷ⁻¹ exp(−½ (r − t)²) dr`, `m` = concentration, `t = x · m`: the density
    /// of `z = r x` integrated over its length, with respect to the surface of the sphere.
    ///
    /// Source: Hernandez-Stumpfhauser, Breidt and van der Woerd (2017), "The General Projected Normal Distribution of Arbitrary
    /// Dimension: Modeling and Bayesian Inference".
    ///
    /// Mean, variance and entropy are not given: they are integrals over the sphere without an elementary form.
    ///
    /// `x` is used as given: that its length is 1 is not checked.
    ///
    /// # Shapes
    /// `concentration` and the value: `[batch, K]`; the last dimension is the event, so a single draw has shape `[K]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `concentration` is not finite, or where the event has one
    /// dimension, whose two directions have no density.
    ProjectedNormal { concentration: M }
}

impl<const D: usize> ProjectedNormal<D> {
    /// `K`
    fn dimensions(&self) -> Operand<D> {
        Operand::Number(self.shape()[D - 1] as f64)
    }
}

impl<const D: usize> Distribution<D> for ProjectedNormal<D> {
    type Kind = Float;

    family_methods! { ProjectedNormal { concentration: Real } and "dimensions" = dimensions: GreaterThanOne }

    fn event_rank(&self) -> usize {
        1
    }

    fn support(&self) -> Support {
        Support::Sphere
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let dimensions = value.dims()[D - 1];
        // The sums below run over every element, also where one number stands for all.
        let mean = (Operand::Tensor(value.clone().without_autodiff().zeros_like()) + self.concentration.clone()).into_tensor();
        let along = (value.clone() * mean.clone()).sum_dim(D - 1);
        let across = mean - along.clone() * value.clone();
        let constant = HALF_LN_2PI * dimensions as f64;
        log_radial(along, dimensions) - across.square().sum_dim(D - 1).mul_scalar(0.5).add_scalar(constant)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let shape = self.shape();
        let z = noise.normal(shape)? + full(&self.concentration, shape, noise);
        // Divided by the largest element first, so that no square over- or underflows.
        let size = detach(z.clone().abs().max_dim(D - 1));
        let z = z / spread(size, shape);
        let length = z.clone().square().sum_dim(D - 1).sqrt();
        Ok(z / length)
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

/// `ln ∫₀^∞ rᴷ⁻¹ exp(−½ (r − t)²) dr`
///
/// The integrand has one peak, at `r² − t r = K − 1`. On its right it falls at least like `exp(−λ d − ½ d²) (1 + d/r)ᴷ⁻¹`
/// with `λ = r − t`, so that what lies beyond `½ d² + λ d = 40 + 5 (K − 1)` does not count, and on its left at least like a Gaussian.
/// The points stay where they are as `t` moves: the derivative is that of the integrand.
fn log_radial<const D: usize>(t: Tensor<D>, dimensions: usize) -> Tensor<D> {
    let power = dimensions.saturating_sub(1) as f64;
    let held = detach(t.clone());
    let root = held.clone().square().add_scalar(4.0 * power).sqrt();
    // The larger root of the quadratic, without cancellation for negative t: λ is the other one, negated.
    let sum = (root.clone() + held.clone().abs()).mul_scalar(0.5);
    let other = sum.clone().recip().mul_scalar(power);
    let negative = held.lower_elem(0.0);
    let peak = sum.clone().mask_where(negative.clone(), other.clone());
    let rate = other.mask_where(negative, sum);
    let fall = 2.0 * (40.0 + 5.0 * power);
    let up = (rate.clone().square().add_scalar(fall).sqrt() + rate.clone()).recip().mul_scalar(fall);
    let down = peak.clone().clamp_max(9.0);
    let height = peak.clone().log().mul_scalar(power) - rate.clone().square().mul_scalar(0.5);
    let (left, peak, rate) = (column(down.clone()), column(peak), column(rate));
    let moved = column(t.clone() - detach(t));
    let integral = GAUSS_48.integral(up + down, |along| {
        let d = along - left;
        // ½ (r − t)² at r = peak + d less the same at the peak, t moving away from where it is held.
        let beyond = d.clone() + rate.clone();
        let exponent = d.clone() * (d.clone().mul_scalar(0.5) + rate) - beyond * moved;
        ((d / peak).add_scalar(1.0).log().mul_scalar(power) - exponent).exp()
    });
    integral.log() + height
}
