//! The Zipf distribution.

use burn::tensor::{Int, Tensor};

use super::density::{beside, full, minus_infinity, spread};
use super::quotients::expm1_over;
use super::{Cdf, Distribution, Entropy, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::{Counts, Noise};
use crate::special;
use crate::support::Support;

family! {
    /// Ranks whose probabilities fall by a power law; support: `{1, 2, 3, …}`.
    ///
    /// `log p(x) = −s ln x − ln ζ(s)`, `s` = power, `ζ` Riemann's zeta function (also called the zeta distribution)
    ///
    /// Source: Johnson, Kemp and Kotz (2005), Univariate Discrete Distributions, chapter 11.
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

/// From here on the sums are not added term by term.
const N: f64 = 10.0;

/// `ln ζ(s)` for `s > 1`: nine terms and the Euler–Maclaurin expansion of the rest (DLMF 25.2.9 with `N = 10`).
fn log_zeta<const D: usize>(s: Tensor<D>) -> Tensor<D> {
    let power = |n: f64| (s.clone() * -n.ln()).exp();
    let first = (3..10).fold(power(2.0), |sum, n| sum + power(f64::from(n)));
    let integral = (s.clone() - 1.0).recip() * N;
    special::log1p(first + power(N) * (integral + corrections(&s, s.full_like(N.recip()))))
}

/// What `Σ (j/n)⁻ˢ` over `j ≥ n` is beside the integral `n/(s − 1)`, for `r = 1/n`, `n ≥ 10`.
fn corrections<const D: usize>(s: &Tensor<D>, r: Tensor<D>) -> Tensor<D> {
    let [sum, _] = corrections_and_slope(s, r);
    sum
}

/// The same and its derivative in `s`.
fn corrections_and_slope<const D: usize>(s: &Tensor<D>, r: Tensor<D>) -> [Tensor<D>; 2] {
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
    /// For an `s` beyond this many `n` the corrections are far below an ulp of what is added one by one, and would overflow.
    const CORRECTED: f64 = 4.0;
    let t = s.clone().min_pair(r.clone().recip() * CORRECTED);
    let (mut factor, mut factor_slope) = (t.clone() * r.clone(), r.clone());
    let (mut sum, mut slope) = (factor.clone() * BERNOULLI[0] + 0.5, factor_slope.clone() * BERNOULLI[0]);
    for (j, &bernoulli) in BERNOULLI.iter().enumerate().skip(1) {
        let next = 2.0 * j as f64;
        let square = r.clone().square();
        let rising = (t.clone() + (next - 1.0)) * (t.clone() + next) * square.clone();
        factor_slope = factor_slope * rising.clone() + factor.clone() * (t.clone() * 2.0 + (2.0 * next - 1.0)) * square;
        factor = factor * rising;
        sum = sum + factor.clone() * bernoulli;
        slope = slope + factor_slope.clone() * bernoulli;
    }
    [sum, slope]
}

impl<const D: usize> Zipf<D> {
    /// The value, `s` and `1/ζ(s)`, all of one shape.
    fn spread_out(&self, value: &Tensor<D, Int>) -> [Tensor<D>; 3] {
        let x = self.batch.float(value);
        let s = beside(&self.power, &x);
        let dims = (x.clone() + s.clone().without_autodiff()).dims();
        let (x, s) = (spread(x, dims), spread(s, dims));
        [x, s.clone(), log_zeta(s).neg().exp()]
    }
}

/// `n⁻ˢ`
fn falling<const D: usize>(n: &Tensor<D>, s: &Tensor<D>) -> Tensor<D> {
    (s.clone() * n.clone().log()).neg().exp()
}

impl<const D: usize> Cdf<D> for Zipf<D> {
    /// `Σ n⁻ˢ/ζ(s)` over `n ≤ x`: of more than nine terms the others are the difference of two sums to infinity, whose
    /// integrals make `10^(1−s) (1 − (10/n)^(s−1))/(s − 1)`, accurate also where `s` is next to 1.
    fn cdf(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let [x, s, share] = self.spread_out(value);
        let few = (1..10).map(f64::from).fold(x.zeros_like(), |sum, n| {
            let beyond = x.clone().lower_elem(n);
            sum + (s.clone() * -n.ln()).exp().mask_fill(beyond, 0.0)
        });
        let next = x.add_scalar(1.0).clamp_min(N);
        let length = (next.clone() * N.recip()).log();
        let over = s.clone() - 1.0;
        let integral = (over.clone() * -N.ln()).exp() * length.clone() * expm1_over((over * length).neg());
        let start = (s.clone() * -N.ln()).exp() * corrections(&s, s.full_like(N.recip()));
        let end = falling(&next, &s) * corrections(&s, next.clone().recip());
        let others = (integral + start - end).mask_fill(next.lower_equal_elem(N), 0.0);
        ((few + others) * share).clamp_max(1.0)
    }

    /// `ζ(s, x + 1)/ζ(s)`, the zeta function of Hurwitz: ten terms and the expansion of the rest.
    fn survival(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        let [x, s, share] = self.spread_out(value);
        let below = x.clone().lower_elem(1.0);
        let x = x.clamp_min(0.0);
        let first = (1..=10).fold(x.zeros_like(), |sum, j| sum + falling(&(x.clone() + f64::from(j)), &s));
        let next = x + 11.0;
        let rest = next.clone() / (s.clone() - 1.0) + corrections(&s, next.clone().recip());
        ((first + falling(&next, &s) * rest) * share).clamp_max(1.0).mask_fill(below, 1.0)
    }
}

impl<const D: usize> Entropy<D> for Zipf<D> {
    /// `s E ln x + ln ζ(s)`: `Σ ln n n⁻ˢ` by nine terms and the expansion of the rest, each of whose terms `10⁻ˢ g(s)` becomes
    /// `10⁻ˢ (ln 10 g(s) − g′(s))`
    fn entropy(&self) -> Tensor<D> {
        let s = self.batch.fill(self.power.clone());
        let power = |n: f64| (s.clone() * -n.ln()).exp();
        let first = (3..10).map(f64::from).fold(power(2.0) * 2.0_f64.ln(), |sum, n| sum + power(n) * n.ln());
        let over = (s.clone() - 1.0).recip();
        let integral = (over.clone() * N) * (over + N.ln());
        let [sum, slope] = corrections_and_slope(&s, s.full_like(N.recip()));
        let total = first + power(N) * (integral + sum * N.ln() - slope);
        let log_zeta = log_zeta(s.clone());
        s * total * log_zeta.clone().neg().exp() + log_zeta
    }
}
