//! The mass of a standard normal variable on an interval, to the last digit in the tails and on short intervals.
//!
//! `ln(Φ(b) − Φ(a))` cancels twice: between the two, and with the density beside it, whose logarithm is as large. Both are
//! measured here from the highest point `c` of the density on the interval, where what remains is a sum of positive terms:
//!
//! `∫ₐᵇ φ = φ(c) (I(b − c) + I(c − a))`, `I(L) = ∫₀ᴸ exp(−|c| d − ½ d²) dd`.

use burn::tensor::Tensor;

use super::density::{beside, limits, spread};
use super::quadrature::{GAUSS_32, column};
use crate::operand::Operand;
use crate::special::detach;

/// The logarithm of the mass is `ln φ(peak) + log_integral`.
///
/// `peak` has no history. `log_integral` has the value of its name, and the derivatives of the whole logarithm in the two ends:
/// `φ(b)/mass` and `−φ(a)/mass`.
#[derive(Clone, Debug)]
pub(super) struct LogMass<const D: usize> {
    pub(super) peak: Operand<D>,
    pub(super) log_integral: Operand<D>,
}

impl<const D: usize> LogMass<D> {
    /// From `low` to `high`; an end that is absent is infinite. Beyond the other the mass is 0, and `log_integral` very small.
    pub(super) fn of(low: Option<&Operand<D>>, high: Option<&Operand<D>>) -> Self {
        let number = |end: Option<&Operand<D>>, absent: f64| match end {
            None => Some(absent),
            Some(Operand::Number(x)) => Some(*x),
            Some(_) => None,
        };
        if let (Some(low), Some(high)) = (number(low, f64::NEG_INFINITY), number(high, f64::INFINITY)) {
            return LogMass::of_numbers(low, high);
        }
        let (low, high) = ends(low, high);
        let held = Peak::of(low.clone().map(detach), high.clone().map(detach));
        let (tiny, ..) = limits(held.peak.dtype());
        let integral = held.integral().clamp_min(tiny);
        let mut log_integral = integral.clone().log();
        for (end, sign) in [(low, -1.0), (high, 1.0)] {
            let Some(end) = end else { continue };
            let slope = log_ratio(held.peak.clone(), detach(end.clone())).exp() / integral.clone() * sign;
            log_integral = log_integral + (end.clone() - detach(end)) * slope;
        }
        LogMass { peak: Operand::Tensor(held.peak), log_integral: Operand::Tensor(log_integral) }
    }

    fn of_numbers(low: f64, high: f64) -> Self {
        let peak = 0.0_f64.max(low).min(high);
        let reach = reach(peak);
        let fall = |d: f64| (-(peak.abs() + 0.5 * d) * d).exp();
        let part = |length: f64| GAUSS_32.integral_scalar(length.clamp(0.0, reach), fall);
        let integral = part(high - peak) + part(peak - low);
        LogMass { peak: Operand::Number(peak), log_integral: Operand::Number(integral.max(f64::MIN_POSITIVE).ln()) }
    }

    /// `ln φ(z) −` the logarithm of the mass.
    pub(super) fn log_density(self, z: Operand<D>) -> Operand<D> {
        (z.clone() - self.peak.clone()) * (z + self.peak) * -0.5 - self.log_integral
    }

    /// The logarithm of the ratio of this mass to another.
    pub(super) fn log_share(self, of: LogMass<D>) -> Operand<D> {
        let apart = (self.peak.clone() - of.peak.clone()) * (self.peak + of.peak) * -0.5;
        apart + self.log_integral - of.log_integral
    }
}

/// `ln(φ(z)/φ(from))`
fn log_ratio<const D: usize>(from: Tensor<D>, z: Tensor<D>) -> Tensor<D> {
    ((z.clone() - from.clone()) * (z + from)).mul_scalar(-0.5)
}

/// Both ends as tensors beside each other.
fn ends<const D: usize>(low: Option<&Operand<D>>, high: Option<&Operand<D>>) -> (Option<Tensor<D>>, Option<Tensor<D>>) {
    let tensor = |end: Option<&Operand<D>>| match end {
        Some(Operand::Tensor(tensor)) => Some(tensor.clone()),
        _ => None,
    };
    let like = tensor(low).or_else(|| tensor(high));
    let place = |end: &Operand<D>| match &like {
        Some(like) => beside(end, like),
        None => end.clone().into_tensor(),
    };
    let (low, high) = (low.map(place), high.map(place));
    match (low, high) {
        (Some(low), Some(high)) => {
            let dims = (low.clone().without_autodiff() + high.clone().without_autodiff()).dims();
            (Some(spread(low, dims)), Some(spread(high, dims)))
        }
        ends => ends,
    }
}

/// How far from `peak` the density falls to `e⁻⁴⁰` of what it is there: `½ d² + |peak| d = 40`.
fn reach(peak: f64) -> f64 {
    80.0 / (peak.abs() + (peak * peak + 80.0).sqrt())
}

/// The highest point of the density on an interval, and how far the interval, or what counts of it, reaches to both sides.
#[derive(Clone, Debug)]
pub(super) struct Peak<const D: usize> {
    pub(super) peak: Tensor<D>,
    up: Tensor<D>,
    down: Tensor<D>,
}

impl<const D: usize> Peak<D> {
    /// Of the interval between ends of one shape, of which one at least is there.
    pub(super) fn of(low: Option<Tensor<D>>, high: Option<Tensor<D>>) -> Self {
        let peak = match (&low, &high) {
            (Some(low), Some(high)) => low.clone().clamp_min(0.0).min_pair(high.clone()),
            (Some(low), None) => low.clone().clamp_min(0.0),
            (None, Some(high)) => high.clone().clamp_max(0.0),
            // An interval without ends has no shape either; the constructor of the family gives one.
            (None, None) => Operand::Number(0.0).into_tensor(),
        };
        let size = peak.clone().abs();
        let reach = (size.clone() + size.square().add_scalar(80.0).sqrt()).recip().mul_scalar(80.0);
        let part = |length: Option<Tensor<D>>| match length {
            Some(length) => length.clamp_min(0.0).min_pair(reach.clone()),
            None => reach.clone(),
        };
        let (up, down) = (part(high.map(|high| high - peak.clone())), part(low.map(|low| peak.clone() - low)));
        Peak { peak, up, down }
    }

    /// `∫ f(z − peak) φ(z)/φ(peak) dz` over the interval.
    pub(super) fn weighted(&self, f: impl Fn(Tensor<2>) -> Tensor<2>) -> Tensor<D> {
        let size = column(self.peak.clone()).abs();
        let part = |length: &Tensor<D>, side: f64| {
            let size = size.clone();
            GAUSS_32.integral(length.clone(), |d| {
                let fall = ((d.clone().mul_scalar(0.5) + size) * d.clone()).neg().exp();
                fall * f(d.mul_scalar(side))
            })
        };
        part(&self.up, 1.0) + part(&self.down, -1.0)
    }

    /// `∫ φ(z)/φ(peak) dz` over the interval.
    pub(super) fn integral(&self) -> Tensor<D> {
        self.weighted(|d| d.ones_like())
    }
}

/// `ln Φ(x)`
pub(super) fn log_ndtr<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let x = Operand::Tensor(x);
    let mass = LogMass::of(None, Some(&x));
    (mass.peak.square() * -0.5 + mass.log_integral - super::normal::HALF_LN_2PI).into_tensor()
}
