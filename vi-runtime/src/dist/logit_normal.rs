//! The logit-normal distribution.

use burn::tensor::{Bool, Float, Tensor};

use super::density::{clamp_unit, logistic, minus_infinity, where_true};
use super::expectation::{WIDEST, mean_softplus, over_normal, over_wide_normal};
use super::normal::HALF_LN_2PI;
use super::quadrature::column;
use super::standard::standardised;
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// The logistic function of a normal variable with mean `loc` and standard deviation `scale`; support: `(0, 1)`.
    ///
    /// `log p(x) = −½ ((ln(x/(1 − x)) − loc)/scale)² − ln x − ln(1 − x) − ln scale − ½ ln 2π`
    ///
    /// A draw closer to 0 or 1 than the floats resolve becomes the nearest number between.
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    LogitNormal { loc: L, scale: S }
}

impl<const D: usize> LogitNormal<D> {
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        let (below, above) = (value.clone().lower_equal_elem(0.0), value.clone().greater_equal_elem(1.0));
        let x = value.clone().mask_fill(below.clone().bool_or(above.clone()), 0.5);
        let logit = Operand::Tensor(x.clone().log() - special::log1p(x.neg()));
        let z = ((logit - self.loc.clone()) / self.scale.clone()).into_tensor();
        where_true(where_true(z, below, f64::NEG_INFINITY), above, f64::INFINITY)
    }

    fn stretch(&self, z: Tensor<D>) -> Tensor<D> {
        logistic((Operand::Tensor(z) * self.scale.clone() + self.loc.clone()).into_tensor())
    }
}

standardised!(LogitNormal: normal);

impl<const D: usize> Distribution<D> for LogitNormal<D> {
    type Kind = Float;

    family_methods! { LogitNormal { loc: Real, scale: Positive } }

    fn support(&self) -> Support {
        Support::UnitInterval
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_equal_elem(0.0).bool_or(value.clone().greater_equal_elem(1.0));
        let x = value.clone().mask_fill(outside.clone(), 0.5);
        let (log, log_rest) = (x.clone().log(), special::log1p(x.neg()));
        let z = (Operand::Tensor(log.clone() - log_rest.clone()) - self.loc.clone()) / self.scale.clone();
        let constant = self.scale.clone().ln() + HALF_LN_2PI;
        minus_infinity((z.square() * -0.5 - Operand::Tensor(log + log_rest) - constant).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(clamp_unit(self.stretch(noise.normal(self.shape())?)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> LogitNormal<D> {
    /// `−|loc|`, `scale`, and where `loc` is positive: of `x` and `1 − x` the moments of the one that is the smaller are accurate.
    fn reflected(&self) -> (Tensor<D>, Tensor<D>, Tensor<D, Bool>) {
        let (loc, scale) = (self.batch.fill(self.loc.clone()), self.batch.fill(self.scale.clone()));
        (loc.clone().abs().neg(), scale, loc.greater_elem(0.0))
    }

    /// `E x` and `E x²` for `loc ≤ 0`: for a wide logit `t` as those of the step `t > 0` and what `x` is beside it.
    fn powers(loc: &Tensor<D>, scale: &Tensor<D>) -> [Tensor<D>; 2] {
        let step = special::ndtr(loc.clone() / scale.clone());
        let off = |t: Tensor<2>| logistic(t.neg());
        let once = over_wide_normal(loc, scale, |t, [left, right]| off(t) * (left - right));
        let twice = over_wide_normal(loc, scale, |t, [left, right]| {
            let off = off(t);
            off.clone() * (off.clone() * left + (off - 2.0) * right)
        });
        [step.clone() + once, step + twice]
    }
}

impl<const D: usize> Moments<D> for LogitNormal<D> {
    /// By quadrature to 1e-12, where `scale` is above 8 and `loc` beyond `±scale²` not as a part of the distance to 0 or 1.
    fn mean(&self) -> Tensor<D> {
        let (loc, scale, upper) = self.reflected();
        let narrow = over_normal(&loc, &scale, logistic);
        let [wide, _] = Self::powers(&loc, &scale);
        let mean = wide.mask_where(scale.lower_elem(WIDEST), narrow);
        mean.clone().mask_where(upper, mean.neg() + 1.0)
    }

    /// By quadrature, as the mean.
    fn variance(&self) -> Tensor<D> {
        let (loc, scale, _) = self.reflected();
        let mean = column(over_normal(&loc, &scale, logistic));
        let narrow = over_normal(&loc, &scale, |t| (logistic(t) - mean).square());
        let [once, twice] = Self::powers(&loc, &scale);
        (twice - once.square()).mask_where(scale.lower_elem(WIDEST), narrow)
    }
}

impl<const D: usize> Entropy<D> for LogitNormal<D> {
    /// `½ ln 2πe + ln scale − |loc| − 2 E ln(1 + eᵗ)`, `t` normal with mean `−|loc|` and standard deviation `scale`: by quadrature to
    /// 1e-13
    fn entropy(&self) -> Tensor<D> {
        let (loc, scale, _) = self.reflected();
        scale.clone().log() + loc.clone() - mean_softplus(loc, scale) * 2.0 + (HALF_LN_2PI + 0.5)
    }
}
