//! The normal distribution.

use burn::tensor::{Float, Tensor};

use super::density::{beside, on_the_reals, spread};
use super::normal_interval::Interval;
use super::standard::{outwards, shift_and_stretch, standardised};
use super::{Distribution, Entropy, Moments, Side, Tail, family, family_methods, loc_scale_method};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

/// `½ ln 2π`.
pub(crate) const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

family! {
    /// Normal with mean `loc` and standard deviation `scale`; support: the real numbers.
    ///
    /// `log p(x) = −½ ((x − loc)/scale)² − ln scale − ½ ln 2π`
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 13.
    ///
    /// # Shapes
    /// `loc`, `scale` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` is not positive or a parameter is not finite.
    Normal { loc: L, scale: S }
}

impl<const D: usize> Normal<D> {
    shift_and_stretch! {}

    /// `loc`, `scale` and points of a tail in one shape, all but the scale turned round where it is the upper one.
    fn lower_tail(&self, side: Side, points: [&Tensor<D>; 2]) -> [Tensor<D>; 4] {
        let [from, to] = points.map(|point| outwards(side, point.clone()).neg());
        let loc = outwards(side, beside(&self.loc, &from)).neg();
        let all = [loc, beside(&self.scale, &from), from, to];
        let dims = all.iter().fold([1; D], |dims, part| std::array::from_fn(|i| dims[i].max(part.dims()[i])));
        all.map(|part| spread(part, dims))
    }
}

standardised!(Normal: normal, also {
    fn tail(&self, side: Side, from: &Tensor<D>, to: &Tensor<D>) -> Option<Tail<D>> {
        let [loc, scale, from, to] = self.lower_tail(side, [from, to]);
        Some(Interval::lower_tail(loc, scale, from, to))
    }

    fn along_tail(&self, side: Side, from: &Tensor<D>, fall: &Tensor<D>) -> Option<Tensor<D>> {
        let [loc, scale, from, fall] = self.lower_tail(side, [from, &outwards(side, fall.clone()).neg()]);
        Some(outwards(side, Interval::new(loc, scale, None, Some(from)).quantile(fall.neg().exp())).neg())
    }
});

impl<const D: usize> Distribution<D> for Normal<D> {
    type Kind = Float;

    family_methods! { Normal { loc: Real, scale: Positive } }

    loc_scale_method! {}

    fn support(&self) -> Support {
        Support::Real
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        on_the_reals(value, |x| {
            let z = Operand::Tensor(self.standardise(&x));
            let constant = self.scale.clone().ln() + HALF_LN_2PI;
            z.square() * -0.5 - constant
        })
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(self.stretch(noise.normal(self.shape())?))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for Normal<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone())
    }

    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().square())
    }
}

impl<const D: usize> Entropy<D> for Normal<D> {
    /// `½ ln 2πe + ln scale`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() + (HALF_LN_2PI + 0.5))
    }
}
