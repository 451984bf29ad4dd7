//! The logistic distribution.

use std::f64::consts::PI;

use burn::tensor::{Float, Tensor};

use super::density::on_the_reals;
use super::standard::{logistic, outwards, shift_and_stretch, standardised};
use super::{Distribution, Entropy, Moments, Side, Tail, family, family_methods, loc_scale_method};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Logistic with mean `loc`, standard deviation `π scale/√3`; support: the real numbers.
    ///
    /// `log p(x) = −|z| − 2 ln(1 + e^(−|z|)) − ln scale`, `z = (x − loc)/scale`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, chapter 23.
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    Logistic { loc: L, scale: S }
}

/// `−|l| − 2 ln(1 + e^(−|l|))`, the log density of the standard variable; even in `l`, so that the kinks at 0 cancel.
pub(super) fn log_density<const D: usize>(l: Tensor<D>) -> Tensor<D> {
    let down = l.abs().neg();
    down.clone() - special::log1p(down.exp()).mul_scalar(2.0)
}

impl<const D: usize> Logistic<D> {
    shift_and_stretch! {}
}

standardised!(Logistic: logistic, also {
    fn tail(&self, side: Side, from: &Tensor<D>, to: &Tensor<D>) -> Option<Tail<D>> {
        let (from_l, to_l) = (outwards(side, self.standardise(from)), outwards(side, self.standardise(to)));
        let step = (Operand::Tensor(outwards(side, to.clone() - from.clone())) / self.scale.clone()).into_tensor();
        let log_hazard = Operand::Tensor(logistic::log_cdf(to_l)) - self.scale.clone().ln();
        Some(Tail { fall: logistic::fall(from_l, step), log_hazard: log_hazard.into_tensor() })
    }

    fn along_tail(&self, side: Side, from: &Tensor<D>, fall: &Tensor<D>) -> Option<Tensor<D>> {
        let step = logistic::step(outwards(side, self.standardise(from)), fall.clone());
        let step = (Operand::Tensor(step) * self.scale.clone()).into_tensor();
        Some(from.clone() + outwards(side, step))
    }
});

impl<const D: usize> Distribution<D> for Logistic<D> {
    type Kind = Float;

    family_methods! { Logistic { loc: Real, scale: Positive } }

    loc_scale_method! {}

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        on_the_reals(value, |x| Operand::Tensor(log_density(self.standardise(&x))) - self.scale.clone().ln())
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.stretch(logistic::draw(noise, self.shape())?))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Logistic<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone())
    }

    /// `π² scale²/3`
    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().square() * (PI * PI / 3.0))
    }
}

impl<const D: usize> Entropy<D> for Logistic<D> {
    /// `ln scale + 2`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + 2.0)
    }
}
