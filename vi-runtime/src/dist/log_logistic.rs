//! The log-logistic distribution.

use std::f64::consts::PI;

use burn::tensor::{Float, Tensor};

use super::density::{clamp_positive, exp_positive, log_ratio, minus_infinity, not_positive, where_true};
use super::logistic::log_density;
use super::quotients::polynomial;
use super::standard::{logistic, standardised};
use super::{Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::support::Support;

family! {
    /// The exponential of a logistic variable, median `scale`, tail index `shape`; support: `(0, ∞)`.
    ///
    /// `log p(x) = ln k − ln x − |l| − 2 ln(1 + e^(−|l|))`, `l = k ln(x/scale)`, `k` = shape
    ///
    /// Source: Fisk (1961), "The Graduation of Income Distributions"; Johnson, Kotz and Balakrishnan (1995), Continuous
    /// Univariate Distributions, vol. 2, chapter 23.
    ///
    /// # Shapes
    /// `scale`, `shape` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    LogLogistic { scale: S, shape: K }
}

impl<const D: usize> LogLogistic<D> {
    /// `k ln(x/scale)`
    fn standardise(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().lower_equal_elem(0.0);
        where_true(self.log_odds(value.clone().mask_fill(outside.clone(), 1.0)), outside, f64::NEG_INFINITY)
    }

    fn log_odds(&self, x: Tensor<D>) -> Tensor<D> {
        (Operand::Tensor(log_ratio(x, &self.scale)) * self.shape.clone()).into_tensor()
    }

    fn stretch(&self, l: Tensor<D>) -> Tensor<D> {
        exp_positive((Operand::Tensor(l) / self.shape.clone() + self.scale.clone().ln()).into_tensor())
    }
}

standardised!(LogLogistic: logistic, up to f64::INFINITY);

impl<const D: usize> Distribution<D> for LogLogistic<D> {
    type Kind = Float;

    family_methods! { LogLogistic { scale: Positive, shape: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = not_positive(value);
        let x = value.clone().mask_fill(outside.clone(), 1.0);
        let density = Operand::Tensor(log_density(self.log_odds(x.clone())));
        minus_infinity((density - Operand::Tensor(x.log()) + self.shape.clone().ln()).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        Ok(clamp_positive(self.stretch(logistic::draw(noise, self.batch.dims())?)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

impl<const D: usize> Moments<D> for LogLogistic<D> {
    /// `scale b/sin b`, `b = π/k`; infinite for `k ≤ 1`.
    fn mean(&self) -> Tensor<D> {
        let k = self.batch.fill(self.shape.clone());
        let infinite = k.clone().lower_equal_elem(1.0);
        let b = k.mask_fill(infinite.clone(), 2.0).recip().mul_scalar(PI);
        (b.clone() / b.sin() * self.batch.fill(self.scale.clone())).mask_fill(infinite, f64::INFINITY)
    }

    /// `mean² (tan b/b − 1)`; infinite for `1 < k ≤ 2`, NaN below.
    fn variance(&self) -> Tensor<D> {
        const NEAR: f64 = 0.3;
        // tan b/b − 1 = b²/3 + 2b⁴/15 + … (DLMF 4.19.3)
        const TAN: [f64; 10] = [
            1.0 / 3.0,
            2.0 / 15.0,
            17.0 / 315.0,
            62.0 / 2_835.0,
            1_382.0 / 155_925.0,
            21_844.0 / 6_081_075.0,
            929_569.0 / 638_512_875.0,
            6_404_582.0 / 10_854_718_875.0,
            443_861_162.0 / 1_856_156_927_625.0,
            18_888_466_084.0 / 194_896_477_400_625.0,
        ];
        let k = self.batch.fill(self.shape.clone());
        let (infinite, none) = (k.clone().lower_equal_elem(2.0), k.clone().lower_equal_elem(1.0));
        let b = k.mask_fill(infinite.clone(), 4.0).recip().mul_scalar(PI);
        let square = b.clone().square();
        let near = b.clone().lower_elem(NEAR);
        let series = polynomial(&TAN, square.clone()) * square;
        let excess = (b.clone().tan() / b).sub_scalar(1.0).mask_where(near, series);
        (self.mean().square() * excess).mask_fill(infinite, f64::INFINITY).mask_fill(none, f64::NAN)
    }
}

impl<const D: usize> Entropy<D> for LogLogistic<D> {
    /// `ln scale − ln shape + 2`
    fn entropy(&self) -> Tensor<D> {
        self.batch.fill(self.scale.clone().ln() - self.shape.clone().ln() + 2.0)
    }
}
