//! The mass of a normal variable on an interval, to the last digit in the tails and on short intervals.
//!
//! `ln(Φ(b) − Φ(a))` cancels twice: between the two, and with the density beside it, whose logarithm is as large. Here everything
//! is measured from the highest point of the density on the interval, `m`: the mean, or the end next to it. With
//! `c = (m − loc)/scale` and distances from `m` in units of the scale,
//!
//! `∫ φ = φ(c) (I(up) + I(down))`, `I(L) = ∫₀ᴸ g`, `g(d) = exp(−|c| d − ½ d²)`,
//!
//! a sum of positive terms, and distances between numbers that lie together are taken before they are divided.

use std::sync::LazyLock;

use burn::tensor::Tensor;

use super::density::{beside, limits, spread};
use super::quadrature::{GAUSS_32, Rule, column};
use super::{Tail, tail};
use crate::operand::Operand;
use crate::special::{self, detach};

/// How far from a point where `g` falls at the rate `rate` it is down to `e⁻⁴⁰`: `½ d² + rate · d = 40`. What lies beyond does not count.
fn reach_scalar(rate: f64) -> f64 {
    80.0 / (rate + (rate * rate + 80.0).sqrt())
}

/// [`reach_scalar`] of each element.
fn reach<const D: usize>(rate: Tensor<D>) -> Tensor<D> {
    (rate.clone() + rate.square().add_scalar(80.0).sqrt()).recip().mul_scalar(80.0)
}

/// An interval under a normal density, each field an element for each element of the batch; lengths are in units of the scale.
#[derive(Clone, Debug)]
pub(super) struct Interval<const D: usize> {
    /// `m`
    pub(super) peak: Tensor<D>,
    /// `c`
    pub(super) offset: Tensor<D>,
    scale: Tensor<D>,
    /// From the peak to the upper end, unless there is none.
    up: Option<Tensor<D>>,
    down: Option<Tensor<D>>,
}

impl<const D: usize> Interval<D> {
    /// Between `low` and `high`, all of one shape; an end that is absent is infinite.
    pub(super) fn new(loc: Tensor<D>, scale: Tensor<D>, low: Option<Tensor<D>>, high: Option<Tensor<D>>) -> Self {
        // At a tie the peak is the mean: from there the lengths know both directions in which it can move.
        let peak = match &low {
            Some(low) => loc.clone().mask_where(loc.clone().lower(low.clone()), low.clone()),
            None => loc.clone(),
        };
        let peak = match &high {
            Some(high) => peak.clone().mask_where(peak.greater(high.clone()), high.clone()),
            None => peak,
        };
        let offset = (peak.clone() - loc) / scale.clone();
        let up = high.map(|high| (high - peak.clone()) / scale.clone());
        let down = low.map(|low| (peak.clone() - low) / scale.clone());
        Interval { peak, offset, scale, up, down }
    }

    fn size(&self) -> Tensor<D> {
        self.offset.clone().abs()
    }

    /// As much of a length as counts, without history.
    fn counted(&self, length: Option<&Tensor<D>>, reach: fn(Tensor<D>) -> Tensor<D>) -> Tensor<D> {
        let reach = reach(detach(self.size()));
        match length {
            Some(length) => detach(length.clone()).clamp_min(0.0).min_pair(reach),
            None => reach,
        }
    }

    /// `∫ g` to the end of one side, from the peak or from a point without history.
    ///
    /// The slope in the end is `g` there, which the quadrature does not know where it is too small to count.
    fn side(&self, end: Option<&Tensor<D>>, from: Option<&Tensor<D>>) -> Tensor<D> {
        let size = self.size();
        let (length, first) = match from {
            Some(from) => {
                let reach = reach(detach(size.clone()) + from.clone());
                let length = match end {
                    Some(end) => (detach(end.clone()) - from.clone()).clamp_min(0.0).min_pair(reach),
                    None => reach,
                };
                (length, Some(column(from.clone())))
            }
            None => (self.counted(end, reach), None),
        };
        let size_column = column(size.clone());
        let integral = GAUSS_32.integral(length, |along| {
            let d = match first {
                Some(first) => along + first,
                None => along,
            };
            log_g(d, size_column).exp()
        });
        match end {
            Some(end) => {
                let held = detach(end.clone());
                let slope = log_g(held.clone(), detach(size)).exp();
                integral + (end.clone() - held) * slope
            }
            None => integral,
        }
    }

    /// A length, or what no share of the mass is beyond, without history.
    fn far(&self, length: Option<&Tensor<D>>) -> Tensor<D> {
        // The logarithm of a share is above −745.
        let farthest = reach(detach(self.size())).mul_scalar(20.0);
        match length {
            Some(length) => detach(length.clone()).clamp_min(0.0).min_pair(farthest),
            None => farthest,
        }
    }

    /// `I(up)` and `I(down)`
    fn sides(&self) -> [Tensor<D>; 2] {
        [self.side(self.up.as_ref(), None), self.side(self.down.as_ref(), None)]
    }

    /// `I(up) + I(down)`
    pub(super) fn integral(&self) -> Tensor<D> {
        let [up, down] = self.sides();
        up + down
    }

    /// The expectation of `f` of the signed distance from the peak.
    pub(super) fn expectation(&self, f: impl Fn(Tensor<2>) -> Tensor<2>) -> Tensor<D> {
        self.expectation_under(&Fall::NORMAL, f)
    }

    /// The same under a density that falls otherwise from its peak at the mean.
    fn expectation_under(&self, fall: &Fall<D>, f: impl Fn(Tensor<2>) -> Tensor<2>) -> Tensor<D> {
        let size = column(self.size());
        let side = |end: Option<&Tensor<D>>, sign: f64| {
            let counted = self.counted(end, fall.reach);
            let length = match end {
                // With the history of the end where that counts.
                Some(end) => {
                    let held = detach(end.clone());
                    let beyond = held.clone().greater(counted.clone());
                    counted + (end.clone() - held).mask_fill(beyond, 0.0)
                }
                None => counted,
            };
            let part = |f: &dyn Fn(Tensor<2>) -> Tensor<2>| {
                fall.rule.integral(length.clone(), |d| (fall.log_g)(d.clone(), size.clone()).exp() * f(d.mul_scalar(sign)))
            };
            [part(&f), part(&|d| d.ones_like())]
        };
        let [[up, up_mass], [down, down_mass]] = [side(self.up.as_ref(), 1.0), side(self.down.as_ref(), -1.0)];
        (up + down) / (up_mass + down_mass)
    }

    /// Mean and variance of what lies on the interval.
    pub(super) fn moments(&self) -> [Tensor<D>; 2] {
        self.moments_under(&Fall::NORMAL)
    }

    /// The same under a density that falls otherwise from its peak at the mean.
    pub(super) fn moments_under(&self, fall: &Fall<D>) -> [Tensor<D>; 2] {
        let distance = self.expectation_under(fall, |d| d);
        let mean = column(distance.clone());
        let variance = self.expectation_under(fall, |d| (d - mean.clone()).square());
        [self.peak.clone() + distance * self.scale.clone(), variance * self.scale.clone().square()]
    }

    /// The logarithm of the ratio of the mass on this interval to that on another under the same density; minus infinity where
    /// there is none on this one.
    pub(super) fn log_share(&self, of: &Interval<D>) -> Tensor<D> {
        let integral = self.integral();
        let none = integral.clone().lower_equal_elem(0.0);
        let log = integral.mask_fill(none.clone(), 1.0).log() - of.integral().log() + self.lower_than(of);
        log.mask_fill(none, f64::NEG_INFINITY)
    }

    /// The ratio of the mass on this interval to that on another under the same density.
    pub(super) fn share(&self, of: &Interval<D>) -> Tensor<D> {
        self.integral() / of.integral() * self.lower_than(of).exp()
    }

    /// The logarithm of the density at this peak over that at the other.
    fn lower_than(&self, of: &Interval<D>) -> Tensor<D> {
        let apart = (self.peak.clone() - of.peak.clone()) / self.scale.clone();
        (apart * (self.offset.clone() + of.offset.clone())).mul_scalar(-0.5)
    }

    /// What lies below `high`, which is below the mean, and how much of it below `to`, further out.
    pub(super) fn lower_tail(loc: Tensor<D>, scale: Tensor<D>, high: Tensor<D>, to: Tensor<D>) -> Tail<D> {
        let infinite = to.clone().without_autodiff().is_inf();
        let to = to.mask_where(infinite.clone(), high.clone());
        let of = |low: Option<Tensor<D>>, high: &Tensor<D>| Interval::new(loc.clone(), scale.clone(), low, Some(high.clone())).integral();
        let (whole, rest) = (of(None, &high), of(None, &to));
        // Of little that is left out the share is known, of much the rest.
        let out = of(Some(to.clone()), &high) / whole.clone();
        let little = out.clone().lower_elem(0.5);
        let near = special::log1p(out.mask_fill(little.clone().bool_not(), 0.25).neg()).neg();
        let step = (high.clone() - to.clone()) / scale.clone();
        let distance = (loc.clone() - high + (loc - to)) / scale.clone();
        let far = (step * distance).mul_scalar(0.5) + (whole / rest.clone()).log();
        let fall = far.mask_where(little, near).mask_fill(infinite, f64::INFINITY);
        Tail { fall, log_hazard: (rest * scale).log().neg() }
    }

    /// The point of the interval below which the share `u` of its mass lies, differentiable in everything.
    ///
    /// `u` picks the side of the peak; there `∫ᵈ g = s`, the mass from `d` to the end, is solved without history. A Newton step
    /// with history follows: its derivative is the implicit one.
    pub(super) fn quantile(&self, u: Tensor<D>) -> Tensor<D> {
        let [up, down] = self.sides();
        let total = up.clone() + down.clone();
        let rest = u.clone().neg().add_scalar(1.0) * total.clone();
        let above = detach(rest.clone()).lower(detach(up.clone()));
        let side = |up: Tensor<D>, down: Tensor<D>| down.mask_where(above.clone(), up);
        let mass = side(rest, u * total);
        let end = side(self.far(self.up.as_ref()), self.far(self.down.as_ref()));
        let d = OneSide { size: detach(self.size()), end, all: detach(side(up, down)) }.solve(detach(mass.clone()));
        let beyond = side(self.side(self.up.as_ref(), Some(&d)), self.side(self.down.as_ref(), Some(&d)));
        let slope = log_g(d.clone(), detach(self.size())).neg().exp();
        let d = d + (beyond - mass) * slope;
        self.peak.clone() + side(d.clone(), d.neg()) * self.scale.clone()
    }
}

/// `ln g(d)`
fn log_g<const R: usize>(d: Tensor<R>, size: Tensor<R>) -> Tensor<R> {
    ((d.clone().mul_scalar(0.5) + size) * d).neg()
}

/// How a density that is symmetric about its peak falls, from a point on.
pub(super) struct Fall<const D: usize> {
    /// The logarithm of the ratio of the densities at two points to one side of the mean, by how far the second lies beyond the
    /// first, and the first from the mean, in units of the scale.
    pub(super) log_g: fn(Tensor<2>, Tensor<2>) -> Tensor<2>,
    /// Beyond this what lies further out than the first does not count.
    pub(super) reach: fn(Tensor<D>) -> Tensor<D>,
    /// Knows `g` up to there.
    pub(super) rule: &'static LazyLock<Rule>,
}

impl<const D: usize> Fall<D> {
    const NORMAL: Fall<D> = Fall { log_g: log_g::<2>, reach: reach::<D>, rule: &GAUSS_32 };
}

/// One side of a peak, without history.
struct OneSide<const D: usize> {
    size: Tensor<D>,
    end: Tensor<D>,
    all: Tensor<D>,
}

impl<const D: usize> OneSide<D> {
    /// `∫ᵈ g` up to the end, over `g(d)`.
    fn beyond(&self, d: Tensor<D>) -> Tensor<D> {
        let rate = d.clone() + self.size.clone();
        let length = (self.end.clone() - d).clamp_min(0.0).min_pair(reach(rate.clone()));
        let rate = column(rate);
        GAUSS_32.integral(length, |along| log_g(along, rate).exp())
    }

    /// The `d` beyond which `mass` lies.
    ///
    /// `g` falls and `g/∫ᵈ g` rises, so `d ≤ end (1 − mass/all)` and `g(d) ≥ mass/all`: the start is the smaller of the two bounds.
    fn solve(&self, mass: Tensor<D>) -> Tensor<D> {
        let (tiny, _, below_one) = limits(mass.dtype());
        let mass = mass.clamp_min(tiny);
        let share = (mass.clone() / self.all.clone().clamp_min(tiny)).clamp(tiny, 1.0);
        let bound = self.end.clone() * share.clone().clamp_min(1.0 - below_one).neg().add_scalar(1.0);
        let fall = share.log().neg();
        let root = (self.size.clone().square() + fall.clone().mul_scalar(2.0)).sqrt() + self.size.clone();
        // Where both vanish the start is 0.
        let start = (fall.mul_scalar(2.0) / root.clamp_min(tiny)).min_pair(bound.clone());
        let log_mass = mass.log();
        (0..tail::STEPS).fold(start, |d, _| {
            let rest = self.beyond(d.clone());
            let f = rest.clone().clamp_min(tiny).log() + log_g(d.clone(), self.size.clone()) - log_mass.clone();
            let rate = d.clone() + self.size.clone();
            (d + tail::step(f, rest, rate)).clamp_min(0.0).min_pair(bound.clone())
        })
    }
}

/// What a density needs of an interval, numbers staying numbers.
#[derive(Clone, Debug)]
pub(super) struct LogMass<const D: usize> {
    peak: Operand<D>,
    offset: Operand<D>,
    log_integral: Operand<D>,
}

impl<const D: usize> LogMass<D> {
    /// Of the interval from `low` to `high`; an end that is absent is infinite.
    pub(super) fn of(loc: &Operand<D>, scale: &Operand<D>, low: Option<&Operand<D>>, high: Option<&Operand<D>>) -> Self {
        let given = || [Some(loc), Some(scale), low, high].into_iter().flatten();
        let numbers = |absent: f64, end: Option<&Operand<D>>| match end {
            None => Some(absent),
            Some(Operand::Number(x)) => Some(*x),
            Some(_) => None,
        };
        let all = (numbers(0.0, Some(loc)), numbers(0.0, Some(scale)), numbers(f64::NEG_INFINITY, low), numbers(f64::INFINITY, high));
        if let (Some(loc), Some(scale), Some(low), Some(high)) = all {
            return LogMass::of_numbers(loc, scale, low, high);
        }
        let like = given().find_map(|operand| match operand {
            Operand::Tensor(tensor) => Some(tensor.clone()),
            _ => None,
        });
        let tensor = |operand: &Operand<D>| match &like {
            Some(like) => beside(operand, like),
            None => operand.clone().into_tensor(),
        };
        let dims = given().fold([1; D], |dims: [usize; D], operand| std::array::from_fn(|i| dims[i].max(operand.dims()[i])));
        let full = |operand: &Operand<D>| spread(tensor(operand), dims);
        let interval = Interval::new(full(loc), full(scale), low.map(full), high.map(full));
        let log_integral = interval.integral().log();
        LogMass {
            peak: Operand::Tensor(interval.peak),
            offset: Operand::Tensor(interval.offset),
            log_integral: Operand::Tensor(log_integral),
        }
    }

    fn of_numbers(loc: f64, scale: f64, low: f64, high: f64) -> Self {
        let peak = loc.max(low).min(high);
        let offset = (peak - loc) / scale;
        let size = offset.abs();
        let side =
            |length: f64| GAUSS_32.integral_scalar((length / scale).clamp(0.0, reach_scalar(size)), |d| (-(size + 0.5 * d) * d).exp());
        let integral = side(high - peak) + side(peak - low);
        LogMass { peak: Operand::Number(peak), offset: Operand::Number(offset), log_integral: Operand::Number(integral.ln()) }
    }

    /// The logarithm of the density at `x` of the normal variable cut to the interval.
    pub(super) fn log_density(self, x: Operand<D>, loc: &Operand<D>, scale: &Operand<D>) -> Operand<D> {
        let apart = (x.clone() - self.peak) / scale.clone();
        let sum = (x - loc.clone()) / scale.clone() + self.offset;
        apart * sum * -0.5 - self.log_integral - scale.clone().ln()
    }
}
