//! The Skellam distribution.

use std::f64::consts::PI;

use burn::tensor::{Int, Tensor};

use super::density::{beside, full, spread};
use super::lattice::{UNBOUNDED, cdf_of_parts, entropy_by_sum};
use super::saddle_point::deviance;
use super::{Distribution, Moments, family, family_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special::{self, detach};
use crate::support::Support;

family! {
    /// Difference of two independent Poisson counts with means `rate1` and `rate2`; support: the integers.
    ///
    /// `log p(x) = −(r₁ + r₂) + x/2 ln(r₁/r₂) + ln I_{|x|}(2√(r₁r₂))`, `r` = rate, `I` the modified Bessel function
    ///
    /// Source: Skellam (1946), "The Frequency Distribution of the Difference between Two Poisson Variates Belonging to Different
    /// Populations".
    ///
    /// # Shapes
    /// `rate1`, `rate2` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where a rate is not positive and finite.
    Skellam { rate1: A, rate2: B }
}

impl<const D: usize> Skellam<D> {
    /// The mass at `x` of the same family tilted to have its mean there, with rates `s₁ − s₂ = x`, `s₁s₂ = r₁r₂`, and what the
    /// tilt costs: the deviances of the two counts. Neither has large terms that cancel. A smooth function between the counts.
    fn log_mass(&self, x: Tensor<D>) -> Tensor<D> {
        let (r1, r2) = (beside(&self.rate1, &x), beside(&self.rate2, &x));
        let dims = (x.clone() + r1.clone() + r2.clone()).dims();
        let [x, r1, r2] = [x, r1, r2].map(|tensor| spread(tensor, dims));
        let product = r1.clone() * r2.clone();
        // s₁ + s₂
        let variance = (x.clone().square() + product.clone() * 4.0).sqrt();
        // Derivatives in s₁ and s₂ vanish: the tilt is the maximum.
        let (m1, m2) = (detach(r1.clone()), detach(r2.clone()));
        let larger = (detach(variance.clone()) + x.clone().abs()) * 0.5;
        let smaller = detach(product) / larger.clone();
        let negative = x.clone().lower_elem(0.0);
        let s1 = larger.clone().mask_where(negative.clone(), smaller.clone());
        let s2 = smaller.mask_where(negative, larger);
        // s₁ − r₁ and s₂ − r₂ from how far x is from the mean.
        let apart = x.clone() - m1.clone() + m2.clone();
        let excess1 = apart.clone() * (m1.clone() / (m1 + s2.clone()));
        let excess2 = apart.neg() * (m2.clone() / (m2 + s1.clone()));
        deviance(s1, r1, excess1) + deviance(s2, r2, excess2) + log_mass_at_mean(x, variance)
    }
}

impl<const D: usize> Distribution<D> for Skellam<D> {
    type Kind = Int;

    family_methods! { Skellam { rate1: Positive, rate2: Positive } }

    fn support(&self) -> Support {
        Support::IntegerInterval(i64::MIN, i64::MAX)
    }

    fn log_prob(&self, value: &Tensor<D, Int>) -> Tensor<D> {
        self.log_mass(self.batch.float(value))
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, Int>> {
        let first = noise.poisson(full(&self.rate1, self.shape(), noise).without_autodiff())?;
        Ok(first - noise.poisson(full(&self.rate2, self.shape(), noise).without_autodiff())?)
    }
}

/// `ln p(x)` of the Skellam distribution with mean `x` and the variance `v ≥ |x|`.
///
/// Fourier's integral of the characteristic function, `1/2π ∫ exp(−2v sin²(θ/2)) cos(x (θ − sin θ)) dθ` over a period, by the
/// trapezoidal rule. What the rule adds are the masses at multiples of 44 away from `x`, below 1e-18 up to the variance 20;
/// beyond it the nodes shrink with the standard deviation and end where the integrand is below 1e-40.
fn log_mass_at_mean<const D: usize>(x: Tensor<D>, variance: Tensor<D>) -> Tensor<D> {
    const NODES: usize = 22;
    const WIDEST: f64 = 20.0;
    let dims = variance.dims();
    let count: usize = dims.iter().product();
    let (x, variance): (Tensor<2>, Tensor<2>) = (x.reshape([count, 1]), variance.reshape([count, 1]));
    let row = |f: &dyn Fn(usize) -> f64| beside(&Operand::Host((1..=NODES).map(f).collect(), [1, NODES]), &x);
    // The integral is the same for every scale: no derivative.
    let scale = (detach(variance.clone()).clamp_min(WIDEST).recip() * WIDEST).sqrt();
    let theta = scale.clone() * row(&|j| j as f64 * PI / NODES as f64);
    let decay = (theta.clone() * 0.5).sin().square() * -2.0;
    let phase = beyond_sine(theta) * x.clone();
    let each = (variance * decay).exp() * phase.cos() * row(&|j| if j < NODES { 2.0 } else { 1.0 });
    let sum = each.sum_dim(1) + 1.0;
    (sum * scale * (0.5 / NODES as f64)).log().reshape(dims)
}

/// `θ − sin θ` for `0 ≤ θ ≤ π`, by its series where the two cancel.
fn beyond_sine(theta: Tensor<2>) -> Tensor<2> {
    const NEAR: f64 = 0.5;
    // θ³/3! (1 − θ²/(4·5) (1 − θ²/(6·7) (1 − …)))
    let near = theta.clone().clamp_max(NEAR);
    let square = near.clone().square();
    let series = [110.0, 72.0, 42.0, 20.0].iter().fold(square.ones_like(), |sum, factor| (sum * square.clone()) * (-1.0 / factor) + 1.0);
    let small = theta.clone().lower_elem(NEAR);
    (theta.clone() - theta.sin()).mask_where(small, series * square * near * (1.0 / 6.0))
}

/// `P(X ≥ x)` for an `x` above the mean `a − b`, without derivatives.
///
/// With `q` the masses tilted by `eˢʲ`, `s > 0`, it is `E eˢˣ e^−sx Σ q(x + m) e^−sm` over `m ≥ 0`, and the sum is an integral
/// of the characteristic function over `1 − e^−(s + iθ)`: by the trapezoidal rule. The tilt `s` puts the mean at `x`, where the
/// integrand does not oscillate, or is as large as makes `e^−sm` vanish where the rule repeats itself; that costs a digit.
fn beyond<const D: usize>(x: Tensor<D>, a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    const NODES: usize = 48;
    const WIDEST: f64 = 24.0;
    let dims = x.dims();
    let count: usize = dims.iter().product();
    let [x, a, b]: [Tensor<2>; 3] = [x, a, b].map(|tensor| tensor.without_autodiff().reshape([count, 1]));
    let product = a.clone() * b.clone();
    let variance = (x.clone().square() + product.clone() * 4.0).sqrt();
    let larger = (variance.clone() + x.clone().abs()) * 0.5;
    let smaller = product / larger.clone();
    let negative = x.clone().lower_elem(0.0);
    let at_x1 = larger.clone().mask_where(negative.clone(), smaller.clone());
    let at_x2 = smaller.mask_where(negative, larger);
    let apart = x.clone() - a.clone() + b.clone();
    let excess1 = apart.clone() * (a.clone() / (a.clone() + at_x2.clone()));
    let excess2 = apart.clone().neg() * (b.clone() / (b.clone() + at_x1.clone()));

    let scale = (variance.clamp_min(WIDEST).recip() * WIDEST).sqrt();
    let least = scale.clone() * (37.0 / (2 * NODES) as f64);
    let tilt = (at_x1.clone() / a.clone()).log();
    let flat = tilt.clone().lower(least.clone());
    let raised1 = a.clone() * special::expm1(least.clone());
    let raised2 = b.clone() * special::expm1(least.clone().neg());
    // How far the mean is from x.
    let off = (raised1.clone() - raised2.clone() - apart).mask_fill(flat.clone().bool_not(), 0.0);
    let s1 = at_x1.mask_where(flat.clone(), raised1.clone() + a.clone());
    let s2 = at_x2.mask_where(flat.clone(), raised2.clone() + b.clone());
    let (excess1, excess2) = (excess1.mask_where(flat.clone(), raised1), excess2.mask_where(flat.clone(), raised2));
    let tilt = tilt.mask_where(flat, least);
    let log_weight = deviance(s1.clone(), a, excess1) + deviance(s2.clone(), b, excess2) + tilt.clone() * off.clone();

    let row = |f: &dyn Fn(usize) -> f64| beside(&Operand::Host((1..=NODES).map(f).collect(), [1, NODES]), &x);
    let theta = scale.clone() * row(&|j| j as f64 * PI / NODES as f64);
    let (half, sine) = ((theta.clone() * 0.5).sin().square() * 2.0, theta.clone().sin());
    let phase = off * sine.clone() - x.clone() * beyond_sine(theta);
    let (falls, rest) = (tilt.clone().neg().exp(), special::expm1(tilt.neg()).neg());
    let near = half.clone() * falls.clone();
    let real = phase.clone().cos() * (near.clone() + rest.clone()) + phase.sin() * sine * falls;
    let size = near * 2.0 + rest.clone().square();
    let each = ((s1 + s2) * half.neg()).exp() * real / size * row(&|j| if j < NODES { 2.0 } else { 1.0 });
    let sum = each.sum_dim(1) + rest.recip();
    (log_weight.exp() * sum * scale * (0.5 / NODES as f64)).clamp(0.0, 1.0).reshape(dims)
}

impl<const D: usize> Skellam<D> {
    /// `P(X ≤ x)` and `P(X > x)`; their derivatives are masses, `∂P(X ≤ x)/∂r₁ = −p(x)`, `∂P(X ≤ x)/∂r₂ = p(x + 1)`.
    fn parts(&self, value: &Tensor<D, Int>) -> [Tensor<D>; 2] {
        let x = self.batch.float(value);
        let (r1, r2) = (beside(&self.rate1, &x), beside(&self.rate2, &x));
        let dims = (x.clone() + r1.clone().without_autodiff() + r2.clone().without_autodiff()).dims();
        let [x, r1, r2] = [x, r1, r2].map(|tensor| spread(tensor, dims));
        let (m1, m2) = (detach(r1.clone()), detach(r2.clone()));
        // The smaller tail of X, or of −X, whose rates are exchanged.
        let upper = (x.clone() + 0.5).greater(m1.clone() - m2.clone());
        let from = x.clone().neg().mask_where(upper.clone(), x.clone() + 1.0);
        let (a, b) = (m2.clone().mask_where(upper.clone(), m1.clone()), m1.clone().mask_where(upper.clone(), m2.clone()));
        let tail = beyond(from, a, b);
        let rest = tail.clone().neg() + 1.0;
        let mass = |value: &Tensor<D, Int>| detach(self.log_prob(value).exp());
        let moved = (r2 - m2) * mass(&value.clone().add_scalar(1)) - (r1 - m1) * mass(value);
        [tail.clone().mask_where(upper.clone(), rest.clone()) + moved.clone(), rest.mask_where(upper, tail) - moved]
    }
}

cdf_of_parts!(Skellam);

impl<const D: usize> Moments<D> for Skellam<D> {
    fn mean(&self) -> Tensor<D> {
        self.batch.fill(self.rate1.clone() - self.rate2.clone())
    }

    fn variance(&self) -> Tensor<D> {
        self.batch.fill(self.rate1.clone() + self.rate2.clone())
    }
}

impl<const D: usize> Skellam<D> {
    fn most(&self) -> f64 {
        UNBOUNDED
    }
}

entropy_by_sum!(Skellam { rate1, rate2 } from None, to None);
