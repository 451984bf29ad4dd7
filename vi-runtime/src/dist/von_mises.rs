//! The von Mises distribution, and its distribution function by quadrature.

use std::f64::consts::{PI, TAU};

use burn::tensor::{DType, Float, Tensor};

use super::density::{beside, full, limits, minus_infinity, spread};
use super::normal::HALF_LN_2PI;
use super::quadrature::{GAUSS_32, column};
use super::{Cdf, Distribution, Entropy, InverseCdf, Moments, family, family_methods, tail};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::Operand;
use crate::special::detach;
use crate::support::Support;

family! {
    /// The normal distribution of angles, about `loc`, the narrower the larger `concentration`; support: `[−π, π]`.
    ///
    /// `log p(x) = κ cos(x − loc) − ln 2π − ln I₀(κ)`, `κ` = concentration, written as
    /// `−2κ sin²(½(x − loc)) − ln 2π − ln(e^(−κ) I₀(κ))`
    ///
    /// Source: Mardia and Jupp (2000), Directional Statistics, section 3.5.4.
    ///
    /// Draws invert the distribution function and are differentiable in both parameters: `dx/dκ = −(∂F/∂κ)/p` (Figurnov,
    /// Mohamed and Mnih 2018). A draw is an angle: where `loc` moves it beyond `π` it continues at `−π`.
    ///
    /// # Shapes
    /// `loc`, `concentration` and the value: `[batch]`.
    ///
    /// # Errors
    /// At the site: [`Error::Parameter`](crate::Error::Parameter) where `concentration` is not positive or a parameter is not finite.
    VonMises { loc: L, concentration: K }
}

impl<const D: usize> Distribution<D> for VonMises<D> {
    type Kind = Float;

    family_methods! { VonMises { loc: Real, concentration: Positive } }

    fn support(&self) -> Support {
        Support::Circular
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let outside = value.clone().abs().greater_elem(PI);
        let value = value.clone().mask_fill(outside.clone(), 0.0);
        let angle = (Operand::Tensor(value) - self.loc.clone()).into_tensor();
        let square = Operand::Tensor(angle.mul_scalar(0.5).sin().square());
        let constant = log_i0e(self.concentration.clone()) + (HALF_LN_2PI * 2.0);
        minus_infinity((square * self.concentration.clone() * -2.0 - constant).into_tensor(), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let u = noise.uniform(self.shape())?;
        let concentration = full(&self.concentration, self.shape(), noise);
        let angle = Operand::Tensor(quantile(u, concentration)) + self.loc.clone();
        Ok(wrap(angle.into_tensor()))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }
}

/// `ln(e^(−κ) I₀(κ))` as the mean of `e^(κ (cos t − 1))`, whose derivative `I₁/I₀ − 1` keeps its digits where that is a difference of
/// numbers near 1.
fn log_i0e<const D: usize>(concentration: Operand<D>) -> Operand<D> {
    let number = |concentration: f64| {
        let length = 2.0 * (4.5 / concentration.sqrt()).min(1.0).asin();
        GAUSS_32.integral_scalar(length, |t| (-2.0 * concentration * (0.5 * t).sin().powi(2)).exp()) / PI
    };
    concentration.map(number, |concentration| beyond(concentration.zeros_like(), concentration).mul_scalar(1.0 / PI)).ln()
}

/// The angle in `[−π, π]`.
fn wrap<const D: usize>(angle: Tensor<D>) -> Tensor<D> {
    let turns = angle.clone().mul_scalar(1.0 / TAU).round();
    into_circle(angle - turns.mul_scalar(TAU))
}

/// What rounding has moved out of `[−π, π]` moved back: `π` itself rounds up in single precision.
fn into_circle<const D: usize>(angle: Tensor<D>) -> Tensor<D> {
    let end = match angle.dtype() {
        DType::F64 => PI,
        _ => f64::from((PI as f32).next_down()),
    };
    angle.clamp(-end, end)
}

/// Where the density has fallen to `e^(−40.5)` of what it is at `t`, or `π`; what lies beyond does not count. Without history.
///
/// With `w = 2√κ sin(t/2)` the density is `e^(−w²/2)`.
fn end<const D: usize>(t: Tensor<D>, concentration: Tensor<D>) -> Tensor<D> {
    let square = detach(t).mul_scalar(0.5).sin().square() + detach(concentration).recip().mul_scalar(81.0 / 4.0);
    square.clamp_max(1.0).sqrt().asin().mul_scalar(2.0)
}

/// `∫ₜ^π e^(κ (cos s − cos t)) ds` for `0 ≤ t ≤ π`.
///
/// `cos s − cos t = −2 sin(½(s + t)) sin(½(s − t))` does not cancel.
fn beyond<const D: usize>(t: Tensor<D>, concentration: Tensor<D>) -> Tensor<D> {
    let length = (end(t.clone(), concentration.clone()) - t.clone()).clamp_min(0.0);
    let (t, concentration) = (column(t), column(concentration));
    GAUSS_32.integral(length, |d| {
        let half = d.mul_scalar(0.5);
        let exponent = (half.clone() + t).sin() * half.sin() * concentration;
        exponent.mul_scalar(-2.0).exp()
    })
}

/// `ln(p(t)/p(0)) = −2κ sin²(t/2)`
fn log_fall<const D: usize>(t: Tensor<D>, concentration: Tensor<D>) -> Tensor<D> {
    t.mul_scalar(0.5).sin().square() * concentration.mul_scalar(-2.0)
}

/// The angle about 0 below which `u` of the mass lies, differentiable in `u` and in the concentration; shapes are equal.
///
/// By symmetry the upper half: `P(X > t) = s` is solved for `s = min(u, 1 − u)`, from the normal bound `½ e^(−w²/2)` and the bound
/// `½ − t/2π` of a falling density. The last step is Newton's, taken with the history of `u` and of the concentration: its
/// derivative is the implicit one.
fn quantile<const D: usize>(u: Tensor<D>, concentration: Tensor<D>) -> Tensor<D> {
    let upper = u.clone().greater_elem(0.5);
    let tail = u.clone().mask_where(upper.clone(), u.neg().add_scalar(1.0)).mul_scalar(2.0);
    let t = solve(detach(tail.clone()), detach(concentration.clone()));
    let last = residual(t.clone(), tail, concentration.clone());
    let slope = detach(beyond(t.clone(), concentration));
    let t = t + last * slope;
    t.clone().neg().mask_where(upper, t)
}

/// `ln P(|X| > t) − ln tail`
fn residual<const D: usize>(t: Tensor<D>, tail: Tensor<D>, concentration: Tensor<D>) -> Tensor<D> {
    let total = beyond(t.zeros_like(), concentration.clone());
    let rest = beyond(t.clone(), concentration.clone());
    (rest / total / tail).log() + log_fall(t, concentration)
}

/// The `t` with `P(|X| > t) = share`, without history.
fn solve<const D: usize>(share: Tensor<D>, concentration: Tensor<D>) -> Tensor<D> {
    let total = beyond(share.zeros_like(), concentration.clone()) * share.clone();
    // A share that rounds to none would put the start at the end itself, beyond which there is nothing.
    let (.., below_one) = limits(share.dtype());
    let bound = share.clone().clamp_min(1.0 - below_one).neg().add_scalar(1.0).mul_scalar(PI);
    let normal = share.log().mul_scalar(-2.0).sqrt() / concentration.clone().sqrt().mul_scalar(2.0);
    let start = normal.clamp_max(1.0).asin().mul_scalar(2.0).min_pair(bound.clone());
    (0..tail::STEPS).fold(start, |t, _| {
        let rest = beyond(t.clone(), concentration.clone());
        let f = (rest.clone() / total.clone()).log() + log_fall(t.clone(), concentration.clone());
        let rate = t.clone().sin() * concentration.clone();
        (t + tail::step(f, rest, rate)).clamp_min(0.0).min_pair(bound.clone())
    })
}

/// `P(X ≤ angle)` about 0 for an angle of any size: one more for each turn.
///
/// Its slope is the density, which the quadrature would not know where the rest beyond the angle is too small to count.
fn winding_cdf<const D: usize>(angle: Tensor<D>, concentration: Tensor<D>) -> Tensor<D> {
    let held = detach(angle.clone());
    let turns = held.clone().mul_scalar(1.0 / TAU).round();
    let principal = held.clone() - turns.clone().mul_scalar(TAU);
    let positive = principal.clone().greater_elem(0.0);
    let t = principal.abs();
    let total = beyond(t.zeros_like(), concentration.clone()).mul_scalar(2.0);
    let fall = log_fall(t.clone(), concentration.clone()).exp();
    let slope = detach(fall.clone() / total.clone());
    let tail = beyond(t, concentration) * fall / total;
    tail.clone().mask_where(positive, tail.neg().add_scalar(1.0)) + turns + (angle - held) * slope
}

impl<const D: usize> VonMises<D> {
    /// The distribution of `−x`.
    fn mirrored(&self) -> Self {
        VonMises { loc: -self.loc.clone(), concentration: self.concentration.clone(), batch: self.batch.clone() }
    }

    /// `x − loc` and the concentration in their common shape, and what the winding distribution function is at `−π − loc`.
    fn about_zero(&self, x: &Tensor<D>) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
        let angle = (Operand::Tensor(x.clone()) - self.loc.clone()).into_tensor();
        let concentration = beside(&self.concentration, &angle);
        let dims = (angle.clone().without_autodiff() + concentration.clone().without_autodiff()).dims();
        let (angle, concentration) = (spread(angle, dims), spread(concentration, dims));
        let start = (Operand::Tensor(angle.zeros_like()) - self.loc.clone() - PI).into_tensor();
        let before = winding_cdf(start, concentration.clone());
        (angle, concentration, before)
    }
}

/// The circular moments.
impl<const D: usize> Moments<D> for VonMises<D> {
    /// `loc` as an angle in `[−π, π]`.
    fn mean(&self) -> Tensor<D> {
        wrap(self.batch.fill(self.loc.clone()))
    }

    /// The circular variance `E (1 − cos(x − loc)) = 1 − I₁(κ)/I₀(κ)`.
    fn variance(&self) -> Tensor<D> {
        dispersion(self.batch.fill(self.concentration.clone()))
    }
}

/// `1 − I₁(κ)/I₀(κ)` as the expectation of `2 sin²(t/2)`: the difference loses digits of large concentrations.
fn dispersion<const D: usize>(concentration: Tensor<D>) -> Tensor<D> {
    let column = column(concentration.clone());
    let length = end(concentration.zeros_like(), concentration.clone());
    let versine = GAUSS_32.integral(length, |t| {
        let versine = t.mul_scalar(0.5).sin().square().mul_scalar(2.0);
        (versine.clone() * column).neg().exp() * versine
    });
    versine / beyond(concentration.zeros_like(), concentration)
}

impl<const D: usize> Entropy<D> for VonMises<D> {
    /// `ln 2π + ln(e^(−κ) I₀(κ)) + κ (1 − I₁(κ)/I₀(κ))`
    fn entropy(&self) -> Tensor<D> {
        let concentration = self.batch.fill(self.concentration.clone());
        let spread = dispersion(concentration.clone()) * concentration;
        (Operand::Tensor(spread) + log_i0e(self.concentration.clone()) + (HALF_LN_2PI * 2.0)).into_tensor()
    }
}

impl<const D: usize> Cdf<D> for VonMises<D> {
    /// The mass from `−π` to the value, whatever `loc` is.
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        let (angle, concentration, before) = self.about_zero(&value.clone().clamp(-PI, PI));
        let cdf = winding_cdf(angle, concentration) - before;
        // A difference of two may be rounded to the wrong side of 0 or 1.
        let rounded = detach(cdf.clone());
        cdf + (rounded.clone().clamp(0.0, 1.0) - rounded)
    }

    /// `P(−x ≤ −value)`
    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.mirrored().cdf(&value.clone().neg())
    }
}

impl<const D: usize> InverseCdf<D> for VonMises<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let (zero, concentration, before) = self.about_zero(&p.zeros_like());
        let outside = p.clone().lower_elem(0.0).bool_or(p.clone().greater_elem(1.0));
        let winding = before + p.clone();
        let turns = winding.clone().floor();
        let fraction = winding - turns.clone();
        // At a whole number the angle is −π and its logarithm infinite.
        let edge = fraction.clone().lower_equal_elem(0.0);
        let angle = quantile(fraction.mask_fill(edge.clone(), 0.5), concentration).mask_fill(edge, -PI);
        let angle = angle + turns.mul_scalar(TAU) - zero;
        let dims = angle.dims();
        into_circle(angle).mask_fill(spread(outside, dims), f64::NAN)
    }
    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D> {
        self.mirrored().icdf(q).neg()
    }
}
