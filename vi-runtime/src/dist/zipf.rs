//! The Zipf distribution.

use burn::tensor::{Int, Tensor};

use super::density::{beside, full, minus_infinity};
use super::{Distribution, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::{Counts, Noise};
use crate::special;
use crate::support::Support;

family! {
    /// Ranks whose probabilities fall by a power law; support: `{1, 2, 3, …}`.
    ///
    /// `log p(x) = −s ln x − ln ζ(s)`, `s` = power, `ζ` Riemann's zeta function (also called the zeta distribution)
    ///
    /// # Shapes
    /// `power` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `power` is not above 1 and finite.
    Zipf { power: S }
}

impl<const D: usize> Distribution<D> for Zipf<D> {
    type Kind = Int;

    family_methods! { Zipf { power: GreaterThanOne } }

    fn support(&self) -> Support {
        Support::IntegerInterval(1, i64::MAX)
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let x = self.batch.float(value);
        let outside = x.clone().lower_elem(1.0);
        let power = beside(&self.power, &x);
        let log_prob = (x.clamp_min(1.0).log() * power.clone() + log_zeta(power)).neg();
        minus_infinity(log_prob, outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let power = full(&self.power, self.shape(), noise).without_autodiff();
        noise.counts(Counts::Zipf, [power])
    }
}

impl<const D: usize> Moments<D> for Zipf<D> {
    /// `ζ(s − 1)/ζ(s)`, infinite for `s ≤ 2`.
    fn mean(&self) -> Tensor<D> {
        let power = self.batch.fill(self.power.clone());
        moment(&power, 1.0)
    }

    /// `ζ(s − 2)/ζ(s)` less the square of the mean, infinite for `s ≤ 3`.
    fn variance(&self) -> Tensor<D> {
        let power = self.batch.fill(self.power.clone());
        let none = power.clone().lower_equal_elem(3.0);
        (moment(&power, 2.0) - moment(&power, 1.0).square()).mask_fill(none, f64::INFINITY)
    }
}

/// `E xᵏ = ζ(s − k)/ζ(s)`.
fn moment<const D: usize>(power: &Tensor<D>, k: f64) -> Tensor<D> {
    let none = power.clone().lower_equal_elem(k + 1.0);
    let rest = power.clone().mask_fill(none.clone(), k + 2.0) - k;
    (log_zeta(rest) - log_zeta(power.clone())).exp().mask_fill(none, f64::INFINITY)
}

/// `ln ζ(s)` for `s > 1`: nine terms and the Euler–Maclaurin expansion of the rest (DLMF 25.2.9 with `N = 10`).
fn log_zeta<const D: usize>(s: Tensor<D>) -> Tensor<D> {
    const N: f64 = 10.0;
    /// `B₂ⱼ/(2j)!` for `j = 1, 2, …`
    const BERNOULLI: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30_240.0,
        -1.0 / 1_209_600.0,
        1.0 / 47_900_160.0,
        -691.0 / 1_307_674_368_000.0,
        1.0 / 74_724_249_600.0,
    ];
    /// From here on the corrections, of size `(2/N)ˢ` beside the first term, are far below an ulp, and would overflow.
    const CORRECTED: f64 = 40.0;
    let power = |n: f64| (s.clone() * -n.ln()).exp();
    let first = (3..10).fold(power(2.0), |sum, n| sum + power(f64::from(n)));
    let integral = (s.clone() - 1.0).recip() * N + 0.5;
    let t = s.clone().clamp_max(CORRECTED);
    let mut factor = t.clone() * (1.0 / N);
    let mut corrections = factor.clone() * BERNOULLI[0];
    for (j, &bernoulli) in BERNOULLI.iter().enumerate().skip(1) {
        let next = 2.0 * j as f64;
        factor = factor * (t.clone() + (next - 1.0)) * (t.clone() + next) * (1.0 / (N * N));
        corrections = corrections + factor.clone() * bernoulli;
    }
    special::log1p(first + power(N) * (integral + corrections))
}
