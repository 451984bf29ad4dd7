//! The normal distribution cut off on one side or on both.

use burn::tensor::{Bool, Float, Tensor};

use super::density::{beside, full, minus_infinity, spread};
use super::normal::HALF_LN_2PI;
use super::normal_interval::{LogMass, Peak};
use super::quadrature::column;
use super::{Batch, Cdf, Constraint, Distribution, Entropy, InverseCdf, Moments, Params, ShapeConflict};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special::{detach, log1p};
use crate::support::Support;

/// A normal variable, `loc` and `scale` before the cut, known to lie between `low` and `high`; support: `[low, high]`.
///
/// `log p(x) = −½ z² − ½ ln 2π − ln scale − ln(Φ(b) − Φ(a))`, `z = (x − loc)/scale`, `a = (low − loc)/scale`,
/// `b = (high − loc)/scale`. The mass between `a` and `b` is integrated numerically from its highest point on, which loses no
/// digits however far out in a tail or how close together they are.
///
/// ```
/// use vi_runtime::dist::{Distribution, TruncatedNormal};
/// use vi_runtime::Support;
///
/// let positive = TruncatedNormal::new(1.0, 2.0).low(0.0);
/// assert_eq!(positive.support(), Support::GreaterThan(0.0));
/// ```
///
/// Where a bound is not a plain number the support is known only at run time and reported as `(−∞, ∞)`, for which there is
/// no bijector.
///
/// # Shapes
/// `loc`, `scale`, `low`, `high` and the value: `[batch]`.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where `scale` or `high − low` is not positive or a parameter is
/// not finite; an open side has no bound.
#[derive(Clone, Debug)]
pub struct TruncatedNormal<const D: usize> {
    loc: Operand<D>,
    scale: Operand<D>,
    low: Option<Operand<D>>,
    high: Option<Operand<D>>,
    batch: Batch<D>,
}

impl<const D: usize> TruncatedNormal<D> {
    /// The normal distribution that is cut by [`low`](Self::low) and [`high`](Self::high): numbers, arrays, tensors or
    /// references, in any mix.
    pub fn new<L, S>(loc: L, scale: S) -> Self
    where
        (L, S): Params<D, 2>,
    {
        let [loc, scale] = Params::operands((loc, scale));
        TruncatedNormal::of(loc, scale, None, None)
    }

    /// Without the values below: a number, a tensor or a reference.
    #[must_use]
    pub fn low(self, low: impl Into<Operand<D>>) -> Self {
        Self::of(self.loc, self.scale, Some(low.into()), self.high)
    }

    /// Without the values above: a number, a tensor or a reference.
    #[must_use]
    pub fn high(self, high: impl Into<Operand<D>>) -> Self {
        Self::of(self.loc, self.scale, self.low, Some(high.into()))
    }

    fn of(loc: Operand<D>, scale: Operand<D>, low: Option<Operand<D>>, high: Option<Operand<D>>) -> Self {
        let none = Operand::Number(0.0);
        let bounds = [low.as_ref().unwrap_or(&none), high.as_ref().unwrap_or(&none)];
        let batch = Batch::of([("loc", &loc), ("scale", &scale), ("low", bounds[0]), ("high", bounds[1])]);
        TruncatedNormal { loc, scale, low, high, batch }
    }

    /// The same distribution over independent copies that fill `shape`; new dimensions come first.
    pub fn expand<const E: usize>(self, shape: [usize; E]) -> TruncatedNormal<E> {
        let (low, high) = (self.low.map(Operand::lift::<E>), self.high.map(Operand::lift::<E>));
        let mut expanded = TruncatedNormal::of(self.loc.lift::<E>(), self.scale.lift::<E>(), low, high);
        expanded.batch = expanded.batch.expand(shape);
        expanded
    }

    fn standard(&self, x: Operand<D>) -> Operand<D> {
        (x - self.loc.clone()) / self.scale.clone()
    }

    /// `a` and `b`.
    fn ends(&self) -> [Option<Operand<D>>; 2] {
        [self.low.clone(), self.high.clone()].map(|bound| bound.map(|bound| self.standard(bound)))
    }

    /// The logarithm of the mass between the bounds.
    fn log_mass(&self) -> LogMass<D> {
        let [a, b] = self.ends();
        LogMass::of(a.as_ref(), b.as_ref())
    }

    /// Where the value lies below `low`, and where above `high`.
    fn sides(&self, value: &Tensor<D>) -> [Option<Tensor<D, Bool>>; 2] {
        let apart = |bound: &Operand<D>| (Operand::Tensor(value.clone().without_autodiff()) - bound.clone().detach()).into_tensor();
        [
            self.low.as_ref().map(|low| apart(low).lower_elem(0.0)),
            self.high.as_ref().map(|high| apart(high).greater_elem(0.0)),
        ]
    }

    /// The highest point and what is integrated from there, and the integral of the density over its peak.
    fn distances(&self) -> (Peak<D>, Tensor<D>) {
        let [a, b] = self.ends().map(|end| end.map(|end| self.batch.fill(end)));
        let peak = match (a, b) {
            (None, None) => {
                // Far enough out to be none.
                let far = self.batch.fill(Operand::Number(40.0));
                Peak::of(Some(far.clone().neg()), Some(far))
            }
            (a, b) => Peak::of(a, b),
        };
        let integral = peak.integral();
        (peak, integral)
    }
}

impl<const D: usize> Distribution<D> for TruncatedNormal<D> {
    type Kind = Float;

    fn name(&self) -> String {
        "TruncatedNormal".to_owned()
    }

    fn shape(&self) -> [usize; D] {
        self.batch.dims()
    }

    fn support(&self) -> Support {
        match (&self.low, &self.high) {
            (None, None) => Support::Real,
            (Some(Operand::Number(low)), None) => Support::GreaterThan(*low),
            (None, Some(Operand::Number(high))) => Support::LessThan(*high),
            (Some(Operand::Number(low)), Some(Operand::Number(high))) => Support::Interval(*low, *high),
            _ => Support::Interval(f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    fn log_prob(&self, value: &Tensor<D>) -> Tensor<D> {
        let z = self.standard(Operand::Tensor(value.clone()));
        let log_prob = (self.log_mass().log_density(z) - self.scale.clone().ln()).into_tensor();
        self.sides(value).into_iter().flatten().fold(log_prob, minus_infinity)
    }

    /// The quantile function, inverted in the logarithm of the smaller tail.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let shape = self.shape();
        let u = noise.uniform(shape)?;
        let ends = self.ends().map(|end| end.map(|end| full(&end, shape, noise)));
        Ok(self.of_standard(quantile(u, ends)))
    }

    fn is_reparameterised(&self) -> bool {
        true
    }

    fn place(mut self, to: &Placement) -> Self {
        self.loc = self.loc.place(to);
        self.scale = self.scale.place(to);
        self.low = self.low.map(|low| low.place(to));
        self.high = self.high.map(|high| high.place(to));
        self.batch = self.batch.place(to);
        self
    }

    fn grow(mut self, shape: [usize; D]) -> Self {
        self.batch = self.batch.grow(shape);
        self
    }

    fn conflict(&self) -> Option<ShapeConflict> {
        self.batch.conflict()
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        visit("loc", self.loc.any(), Constraint::Real);
        visit("scale", self.scale.any(), Constraint::Positive);
        for (name, bound) in [("low", &self.low), ("high", &self.high)] {
            if let Some(bound) = bound {
                visit(name, bound.any(), Constraint::Real);
            }
        }
        // Bounds that do not broadcast have no difference to check; the conflict is reported first.
        if let (Some(low), Some(high), None) = (&self.low, &self.high, self.batch.conflict()) {
            visit("high - low", (high.clone() - low.clone()).any(), Constraint::Positive);
        }
    }
}

impl<const D: usize> TruncatedNormal<D> {
    /// `loc + scale · z`, moved back where rounding took it past a bound.
    fn of_standard(&self, z: Tensor<D>) -> Tensor<D> {
        let x = (Operand::Tensor(z) * self.scale.clone() + self.loc.clone()).into_tensor();
        let sides = self.sides(&x);
        [&self.low, &self.high].into_iter().zip(sides).fold(x, |x, (bound, side)| match (bound, side) {
            (Some(Operand::Number(bound)), Some(side)) => x.mask_fill(side, *bound),
            (Some(bound), Some(side)) => {
                let dims = x.dims();
                let bound = spread(beside(bound, &x), dims);
                x.mask_where(side, bound)
            }
            _ => x,
        })
    }
}

/// Newton steps after which nothing moves: the last digits settle in the fifth.
const STEPS: usize = 6;

/// The standard normal variable between the ends below which the share `u` lies, differentiable in the ends.
///
/// The tail that is smaller is inverted: `Φ(z) = (1 − u) Φ(a) + u Φ(b)`, or the same of the upper tails.
/// `dz/da = (1 − u) φ(a)/φ(z)`, `dz/db = u φ(b)/φ(z)`.
fn quantile<const D: usize>(u: Tensor<D>, ends: [Option<Tensor<D>>; 2]) -> Tensor<D> {
    let held = ends.clone().map(|end| end.map(detach));
    let share = [u.clone().neg().add_scalar(1.0), u];
    let log_share = share.clone().map(|share| detach(share).log());
    let tail = |side: f64| {
        // An open side has tail 0 on its own side and 1 on the other.
        let term = |end: &Option<Tensor<D>>, log_share: &Tensor<D>, outer: bool| match end {
            Some(end) => Some(super::normal_interval::log_ndtr(end.clone().mul_scalar(side)) + log_share.clone()),
            None if outer => Some(log_share.clone()),
            None => None,
        };
        let [a, b] = &held;
        match (term(a, &log_share[0], side < 0.0), term(b, &log_share[1], side > 0.0)) {
            (Some(a), Some(b)) => {
                let largest = a.clone().max_pair(b.clone());
                largest + log1p((a - b).abs().neg().exp())
            }
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => log_share[0].zeros_like(),
        }
    };
    let (lower, upper) = (tail(1.0), tail(-1.0));
    let in_upper = upper.clone().lower(lower.clone());
    let below = inverse_log_ndtr(lower.mask_where(in_upper.clone(), upper));
    let z = below.clone().mask_where(in_upper, below.neg());
    let [a, b] = &held;
    let z = match a {
        Some(a) => z.max_pair(a.clone()),
        None => z,
    };
    let z = match b {
        Some(b) => z.min_pair(b.clone()),
        None => z,
    };
    let [a, b] = ends;
    [a, b].into_iter().zip(share).fold(z.clone(), |moved, (end, share)| match end {
        Some(end) => {
            let held = detach(end.clone());
            let ratio = ((z.clone() - held.clone()) * (z.clone() + held.clone())).mul_scalar(0.5).exp();
            moved + (end - held) * (ratio * detach(share))
        }
        None => moved,
    })
}

/// The `z ≤ 0` with `ln Φ(z) = log_p ≤ ln ½`.
///
/// `½ e^(−½ z²)` bounds the tail, so the start is left of the root, and on a concave function Newton's method comes from there
/// without overshooting.
fn inverse_log_ndtr<const D: usize>(log_p: Tensor<D>) -> Tensor<D> {
    let log_p = log_p.clamp_max(-std::f64::consts::LN_2);
    let start = log_p.clone().add_scalar(std::f64::consts::LN_2).mul_scalar(-2.0).clamp_min(0.0).sqrt().neg();
    (0..STEPS).fold(start, |z, _| {
        let log_ndtr = super::normal_interval::log_ndtr(z.clone());
        let slope = (z.clone().square().mul_scalar(-0.5).sub_scalar(HALF_LN_2PI) - log_ndtr.clone()).exp();
        z - (log_ndtr - log_p.clone()) / slope
    })
}

impl<const D: usize> Moments<D> for TruncatedNormal<D> {
    fn mean(&self) -> Tensor<D> {
        let (peak, integral) = self.distances();
        let mean = peak.weighted(|d| d) / integral + peak.peak;
        (Operand::Tensor(mean) * self.scale.clone() + self.loc.clone()).into_tensor()
    }

    fn variance(&self) -> Tensor<D> {
        let (peak, integral) = self.distances();
        let mean = column(peak.weighted(|d| d) / integral.clone());
        let variance = peak.weighted(|d| (d - mean.clone()).square()) / integral;
        (Operand::Tensor(variance) * self.scale.clone().square()).into_tensor()
    }
}

impl<const D: usize> Entropy<D> for TruncatedNormal<D> {
    /// `ln scale + ½ E(z² − c²) + ln ∫ φ(z)/φ(c) dz`, `c` the highest point
    fn entropy(&self) -> Tensor<D> {
        let (peak, integral) = self.distances();
        let twice = column(peak.peak.clone()).mul_scalar(2.0);
        let square = peak.weighted(|d| (d.clone() + twice.clone()) * d) / integral.clone();
        (Operand::Tensor(square.mul_scalar(0.5) + integral.log()) + self.scale.clone().ln()).into_tensor()
    }
}

impl<const D: usize> TruncatedNormal<D> {
    /// The logarithm of the share of the mass on one side of the value.
    fn log_side(&self, value: &Tensor<D>, below: bool) -> Tensor<D> {
        let [a, b] = self.ends();
        let z = self.standard(Operand::Tensor(value.clone()));
        let part = if below { LogMass::of(a.as_ref(), Some(&z)) } else { LogMass::of(Some(&z), b.as_ref()) };
        let log_share = part.log_share(self.log_mass()).into_tensor();
        let dims = log_share.dims();
        let [lower, upper] = self.sides(value).map(|side| side.map(|side| spread(side, dims)));
        let (none, all) = if below { (lower, upper) } else { (upper, lower) };
        let log_share = match all {
            Some(all) => log_share.mask_fill(all, 0.0),
            None => log_share,
        };
        match none {
            Some(none) => minus_infinity(log_share, none),
            None => log_share,
        }
    }
}

impl<const D: usize> Cdf<D> for TruncatedNormal<D> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.log_cdf(value).exp()
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.log_survival(value).exp()
    }

    fn log_cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        self.log_side(value, true)
    }

    fn log_survival(&self, value: &Tensor<D>) -> Tensor<D> {
        self.log_side(value, false)
    }
}

impl<const D: usize> InverseCdf<D> for TruncatedNormal<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let ends = self.ends().map(|end| end.map(|end| (Operand::Tensor(p.zeros_like()) + end).into_tensor()));
        let (first, last) = (p.clone().lower_equal_elem(0.0), p.clone().greater_equal_elem(1.0));
        let inside = p.clone().mask_fill(first.clone().bool_or(last.clone()), 0.5);
        let x = self.of_standard(quantile(detach(inside.clone()), ends));
        // dx/dp = 1/p(x)
        let slope = detach(self.log_prob(&x)).neg().exp();
        let x = x + (inside.clone() - detach(inside)) * slope;
        let dims = x.dims();
        let bound = |bound: &Option<Operand<D>>, open: f64| {
            let bound = bound.clone().unwrap_or(Operand::Number(open));
            spread((Operand::Tensor(x.clone().without_autodiff().zeros_like()) + bound).into_tensor(), dims)
        };
        let (low, high) = (bound(&self.low, f64::NEG_INFINITY), bound(&self.high, f64::INFINITY));
        let outside = p.clone().lower_elem(0.0).bool_or(p.clone().greater_elem(1.0));
        let x = x.mask_where(spread(first, dims), low).mask_where(spread(last, dims), high);
        x.mask_fill(spread(outside, dims), f64::NAN)
    }
}
