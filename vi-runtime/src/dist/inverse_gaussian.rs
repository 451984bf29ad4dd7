//! The inverse Gaussian distribution.

use burn::tensor::{Float, Tensor};

use super::density::{beside, clamp_positive, full, minus_infinity, not_positive, where_true};
use super::expectation::log_growth;
use super::normal::HALF_LN_2PI;
use super::quotients::polynomial;
use super::{Cdf, Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special;
use crate::support::Support;

family! {
    /// First passage time of a Brownian motion with drift, mean `loc`, variance `loc³/concentration`; support: `(0, ∞)`.
    ///
    /// `log p(x) = ½ (ln k − ln 2π − 3 ln x) − k (x − m)²/(2 m² x)`, `m` = loc, `k` = concentration
    ///
    /// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 15.
    ///
    /// Draws are differentiable in both parameters: exact implicit gradients.
    ///
    /// # Shapes
    /// `loc`, `concentration` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a parameter is not positive and finite.
    InverseGaussian { loc: M, concentration: K }
}

impl<const D: usize> Distribution<D> for InverseGaussian<D> {
    type Kind = Float;

    family_methods! { InverseGaussian { loc: Positive, concentration: Positive } }

    fn support(&self) -> Support {
        Support::Positive
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = not_positive(value);
        let x = Operand::Tensor(value.clone().mask_fill(outside.clone(), 1.0));
        let apart = ((x.clone() - self.loc.clone()) / self.loc.clone()).square();
        let constant = self.concentration.clone().ln() * 0.5 - HALF_LN_2PI;
        let log_prob = constant - x.clone().ln() * 1.5 - apart * (self.concentration.clone() / x) * 0.5;
        minus_infinity(log_prob.into_tensor(), outside)
    }

    /// The transform of Michael, Schucany and Haas (1976) chooses between two roots, which no gradient passes; those of the draw
    /// are `dx/dθ = −(∂F/∂θ)/p`, in closed form with the Mills ratio.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let shape = self.shape();
        let (z, u) = (noise.normal(shape)?, noise.uniform(shape)?);
        let (loc, concentration) = (full(&self.loc, shape, noise), full(&self.concentration, shape, noise));
        let (m, k) = (special::detach(loc.clone()), special::detach(concentration.clone()));
        // The roots over the mean are each other's reciprocals.
        let w = z.square() * (m.clone() / k.clone()) * 0.5;
        let larger = w.clone().sqrt() * (w.clone() + 2.0).sqrt() + w + 1.0;
        let smaller = larger.clone().recip();
        let small = (u * (smaller.clone() + 1.0)).lower_equal_elem(1.0);
        let x = clamp_positive(larger.mask_where(small, smaller) * m.clone());

        let Depth { s, r } = Depth::of(&x, &m, &k);
        let ratio = s.clone() * mills(s + r) * 2.0;
        let by_loc = ratio.clone() * x.clone() / m.clone();
        let by_concentration = (ratio.neg() + 1.0) * x.clone() / k.clone();
        Ok((loc - m) * by_loc + (concentration - k) * by_concentration + x)
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

/// `s = √(kx)/m` and `r = √(k/x)`; the roots keep the products within the floats.
struct Depth<const D: usize> {
    s: Tensor<D>,
    r: Tensor<D>,
}

impl<const D: usize> Depth<D> {
    fn of(x: &Tensor<D>, m: &Tensor<D>, k: &Tensor<D>) -> Self {
        let (root, x) = (k.clone().sqrt(), x.clone().sqrt());
        Depth { s: root.clone() * x.clone() / m.clone(), r: root / x }
    }
}

/// `(1 − Φ(t))/φ(t)` for `t ≥ 0`: its asymptotic series (DLMF 7.12.1) where the logarithms of the two would cancel.
fn mills<const D: usize>(t: Tensor<D>) -> Tensor<D> {
    const SERIES_FROM: f64 = 16.0;
    // (−1)ⁿ (2n − 1)!!
    const SERIES: [f64; 11] = [1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10_395.0, -135_135.0, 2_027_025.0, -34_459_425.0, 654_729_075.0];
    let small = t.clone().lower_elem(SERIES_FROM);
    let few = t.clone().clamp_max(SERIES_FROM);
    let direct = (special::log_ndtr(few.clone().neg()) + few.square() * 0.5 + HALF_LN_2PI).exp();
    let inverse = t.clamp_min(SERIES_FROM).recip();
    (polynomial(&SERIES, inverse.clone().square()) * inverse).mask_where(small, direct)
}

impl<const D: usize> Moments<D> for InverseGaussian<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.loc.clone())
    }

    /// `loc³/concentration`
    fn variance(&self) -> Tensor<D> {
        let m = self.loc.clone();
        self.batch.fill(m.clone().square() * m / self.concentration.clone())
    }
}

/// What the two tails are made of, with `A = √(k/x) (x − m)/m` and `t = √(k/x) (x + m)/m`.
struct Tails<const D: usize> {
    /// `A`.
    apart: Tensor<D>,
    /// `φ(A)`.
    density: Tensor<D>,
    /// The Mills ratio at `t`; `e^(2k/m) Φ(−t) = φ(A) R(t)`, as `t² − A² = 4k/m`.
    mirror: Tensor<D>,
}

impl<const D: usize> InverseGaussian<D> {
    fn tails(&self, value: &Tensor<D>) -> Tails<D> {
        let x = clamp_positive(value.clone());
        let (m, k) = (beside(&self.loc, value), beside(&self.concentration, value));
        let Depth { s, r } = Depth::of(&x, &m, &k);
        let apart = (x - m.clone()) / m * r.clone();
        let density = (apart.clone().square() * -0.5 - HALF_LN_2PI).exp();
        Tails { apart, density, mirror: mills(s + r) }
    }
}

impl<const D: usize> Cdf<D> for InverseGaussian<D> {
    /// `Φ(A) + φ(A) R(t)` (Shuster 1968)
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let Tails { apart, density, mirror } = self.tails(value);
        let cdf = (special::ndtr(apart) + density * mirror).clamp_max(1.0);
        where_true(cdf, value.clone().lower_equal_elem(0.0), 0.0)
    }

    /// `φ(A) (R(A) − R(t))` above the mean, where one less the other tail has no digits left.
    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        let Tails { apart, density, mirror } = self.tails(value);
        let upper = apart.clone().greater_elem(0.0);
        let lower = special::ndtr(apart.clone().neg()) - density.clone() * mirror.clone();
        let beyond = density * (mills(apart.clamp_min(0.0)) - mirror);
        where_true(lower.mask_where(upper, beyond), value.clone().lower_equal_elem(0.0), 1.0)
    }
}

impl<const D: usize> Entropy<D> for InverseGaussian<D> {
    /// `½ ln(2πe m³/k) − 1½ e^(2k/m) E₁(2k/m)`, `E₁` the exponential integral:
    /// `E ln x = ln m − e^(2k/m) E₁(2k/m)`
    fn entropy(&self) -> Tensor<D> {
        let (m, k) = (self.batch.fill(self.loc.clone()), self.batch.fill(self.concentration.clone()));
        let [shrink, _] = log_growth(k.clone() * 2.0 / m.clone());
        (m.log() - shrink) * 1.5 - k.log() * 0.5 + (HALF_LN_2PI + 0.5)
    }
}
