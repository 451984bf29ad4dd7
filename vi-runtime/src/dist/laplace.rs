//! The Laplace distribution.

use std::f64::consts::LN_2;

use burn::tensor::{Bool, Float, Tensor};

use super::density::{beside, on_the_reals, spread};
use super::standard::{outwards, shift_and_stretch};
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, Side, Tail, family, family_methods, loc_scale_method};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// Two exponential tails about `loc`, mean absolute deviation `scale`; support: the real numbers.
    ///
    /// `log p(x) = −|x − loc|/scale − ln 2 scale`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, chapter 24.
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    Laplace { loc: L, scale: S }
}

impl<const D: usize> Laplace<D> {
    shift_and_stretch! {}
}

impl<const D: usize> Distribution<D> for Laplace<D> {
    type Kind = Float;

    family_methods! { Laplace { loc: Real, scale: Positive } }

    loc_scale_method! {}

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        on_the_reals(value, |x| {
            let down = Operand::Tensor(self.standardise(&x).abs().neg());
            down - (self.scale.clone().ln() + LN_2)
        })
    }

    /// The difference of two exponential variables: both tails are as fine as the floats.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let (up, down) = (noise.uniform(self.shape())?, noise.uniform(self.shape())?);
        Ok(self.stretch(down.log() - up.log()))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Laplace<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone())
    }

    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().square() * 2.0)
    }
}

impl<const D: usize> Entropy<D> for Laplace<D> {
    /// `1 + ln 2 scale`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + (1.0 + LN_2))
    }
}

/// `−|z|`, with a derivative at 0: that of the lower side.
fn down<const D: usize>(z: Tensor<D>, above: Tensor<D, Bool>) -> Tensor<D> {
    z.clone().mask_where(above, z.neg())
}

/// `½ eᶻ` below 0, `1 − ½ e⁻ᶻ` above.
fn cdf<const D: usize>(z: Tensor<D>) -> Tensor<D> {
    let above = z.clone().greater_elem(0.0);
    let outer = down(z, above.clone()).exp().mul_scalar(0.5);
    outer.clone().mask_where(above, outer.neg().add_scalar(1.0))
}

/// `z − ln 2` below 0, `ln(1 − ½ e⁻ᶻ)` above.
fn log_cdf<const D: usize>(z: Tensor<D>) -> Tensor<D> {
    let above = z.clone().greater_elem(0.0);
    let down = down(z, above.clone());
    let upper = special::log1p(down.clone().exp().mul_scalar(-0.5));
    down.sub_scalar(LN_2).mask_where(above, upper)
}

impl<const D: usize> Cdf<D> for Laplace<D> {
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

    /// `|to − from|/scale`, where the hazard is `1/scale`.
    fn tail(&self, side: Side, from: &Tensor<D>, to: &Tensor<D>) -> Option<Tail<D>> {
        let step = Operand::Tensor(outwards(side, to.clone() - from.clone()));
        let fall = (step / self.scale.clone()).into_tensor();
        let log_hazard = spread(beside(&self.scale.clone().ln(), &fall).neg(), fall.dims());
        Some(Tail { fall, log_hazard })
    }

    fn along_tail(&self, side: Side, from: &Tensor<D>, fall: &Tensor<D>) -> Option<Tensor<D>> {
        let step = (Operand::Tensor(fall.clone()) * self.scale.clone()).into_tensor();
        Some(from.clone() + outwards(side, step))
    }
}

/// `ln 2p` below the median, `−ln 2(1 − p)` above.
fn quantile<const D: usize>(p: Tensor<D>) -> Tensor<D> {
    let above = p.clone().greater_elem(0.5);
    let lower = p.clone().log().add_scalar(LN_2);
    let upper = special::log1p(p.neg()).add_scalar(LN_2).neg();
    lower.mask_where(above, upper)
}

impl<const D: usize> InverseCdf<D> for Laplace<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        self.stretch(quantile(p.clone()))
    }

    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
        self.stretch(quantile(q.clone()).neg())
    }
}
