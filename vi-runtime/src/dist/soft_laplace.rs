//! The soft Laplace distribution.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, LN_2};

use burn::tensor::{Float, Tensor};

use super::cauchy::LN_PI;
use super::density::{exp_positive, on_the_reals};
use super::standard::shift_and_stretch;
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// The tails of a Laplace variable without its kink, a hyperbolic secant; support: the real numbers.
    ///
    /// `log p(x) = ln(2/π) − ln scale − ln(eᶻ + e⁻ᶻ)`, `z = (x − loc)/scale`
    ///
    /// Source: Fischer (2014), Generalized Hyperbolic Secant Distributions; the name is that of Pyro.
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    SoftLaplace { loc: L, scale: S }
}

impl<const D: usize> SoftLaplace<D> {
    shift_and_stretch! {}
}

/// `(2/π) atan eᶻ`
fn cdf<const D: usize>(z: Tensor<D>) -> Tensor<D> {
    let none = z.clone().equal_elem(f64::NEG_INFINITY);
    exp_positive(z).atan().mul_scalar(FRAC_2_PI).mask_fill(none, 0.0)
}

/// `z + ln (2/π)` where `eᶻ` is its own arc tangent to the last bit; above 0 by the other tail.
fn log_cdf<const D: usize>(z: Tensor<D>) -> Tensor<D> {
    const FAR: f64 = -20.0;
    let (far, above) = (z.clone().lower_elem(FAR), z.clone().greater_elem(0.0));
    let outer = z.clone().sub_scalar(LN_PI - LN_2);
    let near = cdf(z.clone().mask_fill(far.clone().bool_or(above.clone()), 0.0)).log();
    let upper = special::log1p(cdf(z.clone().mask_fill(above.clone().bool_not(), 1.0).neg()).neg());
    near.mask_where(far, outer).mask_where(above, upper)
}

/// `ln tan(π p/2)`, by symmetry from the tail that `p` lies in.
fn quantile<const D: usize>(p: Tensor<D>) -> Tensor<D> {
    let above = p.clone().greater_elem(0.5);
    let tail = p.clone().mask_where(above.clone(), p.neg().add_scalar(1.0));
    let z = tail.mul_scalar(FRAC_PI_2).tan().log();
    z.clone().mask_where(above, z.neg())
}

impl<const D: usize> Distribution<D> for SoftLaplace<D> {
    type Kind = Float;

    family_methods! { SoftLaplace { loc: Real, scale: Positive } }

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        on_the_reals(value, |x| {
            let down = self.standardise(&x).abs().neg();
            let log_sum = Operand::Tensor(special::log1p(down.clone().mul_scalar(2.0).exp()) - down);
            -log_sum - (self.scale.clone().ln() + (LN_PI - LN_2))
        })
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.stretch(quantile(noise.uniform(self.shape())?)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for SoftLaplace<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone())
    }

    /// `π² scale²/4`
    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().square() * (FRAC_PI_2 * FRAC_PI_2))
    }
}

impl<const D: usize> Entropy<D> for SoftLaplace<D> {
    /// `ln 2π scale`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + (LN_PI + LN_2))
    }
}

impl<const D: usize> Cdf<D> for SoftLaplace<D> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        cdf(self.standardise(value))
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        cdf(self.standardise(value).neg())
    }

    fn log_cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        log_cdf(self.standardise(value))
    }

    fn log_survival(&self, value: &Tensor<D>) -> Tensor<D> {
        log_cdf(self.standardise(value).neg())
    }
}

impl<const D: usize> InverseCdf<D> for SoftLaplace<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let outside = p.clone().lower_elem(0.0).bool_or(p.clone().greater_elem(1.0));
        self.stretch(quantile(p.clone().mask_fill(outside, f64::NAN)))
    }

    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
        let outside = q.clone().lower_elem(0.0).bool_or(q.clone().greater_elem(1.0));
        self.stretch(quantile(q.clone().mask_fill(outside, f64::NAN)).neg())
    }
}
