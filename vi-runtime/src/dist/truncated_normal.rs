//! The normal distribution cut off on one side or on both.

use burn::tensor::{Bool, Float, Tensor};

use super::density::{beside, full, minus_infinity, spread};
use super::normal_interval::{Interval, LogMass};
use super::quadrature::column;
use super::{Batch, Cdf, Constraint, Distribution, Entropy, InverseCdf, Moments, Params, batch_methods};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::special::detach;
use crate::support::Support;

/// A normal variable, `loc` and `scale` before the cut, known to lie between `low` and `high`; support: `[low, high]`.
///
/// `log p(x) = −½ z² − ½ ln 2π − ln scale − ln(Φ(b) − Φ(a))`, `z = (x − loc)/scale`, `a = (low − loc)/scale`,
/// `b = (high − loc)/scale`. The mass between `a` and `b` is integrated numerically from its highest point on, which loses no
/// digits however far out in a tail or how close together they are.
///
/// Source: Johnson, Kotz and Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, chapter 13.
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

    /// Where the value lies below `low`, and where above `high`.
    fn sides(&self, value: &Tensor<D>) -> [Option<Tensor<D, Bool>>; 2] {
        let apart = |bound: &Operand<D>| (Operand::Tensor(value.clone().without_autodiff()) - bound.clone().detach()).into_tensor();
        [self.low.as_ref().map(|low| apart(low).lower_elem(0.0)), self.high.as_ref().map(|high| apart(high).greater_elem(0.0))]
    }

    /// The interval between the bounds, or between others, in the shape `dims`.
    fn interval(&self, [low, high]: [Option<Operand<D>>; 2], like: &Tensor<D>) -> Interval<D> {
        let full = |operand: &Operand<D>| spread(beside(operand, like), like.dims());
        Interval::new(full(&self.loc), full(&self.scale), low.as_ref().map(full), high.as_ref().map(full))
    }

    /// The interval between the bounds in the shape of the batch.
    fn whole(&self) -> Interval<D> {
        self.interval([self.low.clone(), self.high.clone()], &self.batch.fill(self.scale.clone()))
    }
}

impl<const D: usize> Distribution<D> for TruncatedNormal<D> {
    type Kind = Float;

    batch_methods! { TruncatedNormal }

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
        let outside: Vec<_> = self.sides(value).into_iter().flatten().chain([value.clone().is_inf()]).collect();
        let x = outside.iter().fold(value.clone(), |x, side| {
            let dims = side.dims();
            spread(x, dims).mask_fill(side.clone(), 0.0)
        });
        let mass = LogMass::of(&self.loc, &self.scale, self.low.as_ref(), self.high.as_ref());
        let log_prob = mass.log_density(Operand::Tensor(x), &self.loc, &self.scale).into_tensor();
        outside.into_iter().fold(log_prob, minus_infinity)
    }

    /// The quantile function.
    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D>> {
        let u = noise.uniform(self.shape())?;
        let whole = self.interval([self.low.clone(), self.high.clone()], &full(&self.scale, self.shape(), noise));
        Ok(self.between(whole.quantile(u)))
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
    /// The value, or the bound that rounding took it past.
    fn between(&self, x: Tensor<D>) -> Tensor<D> {
        let sides = self.sides(&x);
        [&self.low, &self.high].into_iter().zip(sides).fold(x, |x, (bound, side)| match (bound, side) {
            (Some(bound), Some(side)) => {
                let dims = side.dims();
                let bound = spread(beside(bound, &x), dims);
                spread(x, dims).mask_where(side, bound)
            }
            _ => x,
        })
    }

    /// The share of the mass below the value, or above it, as `of` makes it of two intervals; `none` and `all` are what it makes
    /// of shares 0 and 1.
    fn share(
        &self,
        value: &Tensor<D>,
        below: bool,
        of: impl Fn(&Interval<D>, &Interval<D>) -> Tensor<D>,
        [none, all]: [f64; 2],
    ) -> Tensor<D> {
        let infinite = [f64::NEG_INFINITY, f64::INFINITY].map(|end| value.clone().equal_elem(end));
        let finite = infinite.iter().fold(value.clone(), |x, end| x.mask_fill(end.clone(), 0.0));
        let x = self.between(finite + self.batch.fill(self.loc.clone()).zeros_like());
        let end = Some(Operand::Tensor(x.clone()));
        let part = if below { [self.low.clone(), end] } else { [end, self.high.clone()] };
        let share = of(&self.interval(part, &x), &self.interval([self.low.clone(), self.high.clone()], &x));
        let dims = share.dims();
        let at = if below { [none, all] } else { [all, none] };
        let sides = self.sides(value).into_iter().zip(infinite).map(|(side, end)| match side {
            Some(side) => spread(side, dims).bool_or(spread(end, dims)),
            None => spread(end, dims),
        });
        sides.zip(at).fold(share, |share, (side, at)| share.mask_fill(side, at))
    }
}

/// Rounding may take a share past 1; its slope stays.
fn at_most<const D: usize>(x: Tensor<D>, most: f64) -> Tensor<D> {
    let held = detach(x.clone());
    x - (held - most).clamp_min(0.0)
}

impl<const D: usize> Moments<D> for TruncatedNormal<D> {
    fn mean(&self) -> Tensor<D> {
        let [mean, _] = self.whole().moments();
        mean
    }

    fn variance(&self) -> Tensor<D> {
        let [_, variance] = self.whole().moments();
        variance
    }
}

impl<const D: usize> Entropy<D> for TruncatedNormal<D> {
    /// `ln scale + ln ∫ φ/φ(c) + ½ E(z² − c²)`, `z = (x − loc)/scale` and `c` the one of them where the density is highest
    fn entropy(&self) -> Tensor<D> {
        let whole = self.whole();
        let offset = column(whole.offset.clone());
        let fall = whole.expectation(|d| (d.clone().mul_scalar(0.5) + offset.clone()) * d);
        (Operand::Tensor(fall + whole.integral().log()) + self.scale.clone().ln()).into_tensor()
    }
}

impl<const D: usize> Cdf<D> for TruncatedNormal<D> {
    fn cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        at_most(self.share(value, true, Interval::share, [0.0, 1.0]), 1.0)
    }

    fn survival(&self, value: &Tensor<D>) -> Tensor<D> {
        at_most(self.share(value, false, Interval::share, [0.0, 1.0]), 1.0)
    }

    fn log_cdf(&self, value: &Tensor<D>) -> Tensor<D> {
        at_most(self.share(value, true, Interval::log_share, [f64::NEG_INFINITY, 0.0]), 0.0)
    }

    fn log_survival(&self, value: &Tensor<D>) -> Tensor<D> {
        at_most(self.share(value, false, Interval::log_share, [f64::NEG_INFINITY, 0.0]), 0.0)
    }
}

impl<const D: usize> InverseCdf<D> for TruncatedNormal<D> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D> {
        let p = p.clone() + self.batch.fill(self.loc.clone()).zeros_like();
        let (first, last) = (p.clone().lower_equal_elem(0.0), p.clone().greater_equal_elem(1.0));
        let wrong = p.clone().greater_equal_elem(0.0).bool_and(p.clone().lower_equal_elem(1.0)).bool_not();
        let inside = p.clone().mask_fill(first.clone().bool_or(last.clone()).bool_or(wrong.clone()), 0.5);
        let whole = self.interval([self.low.clone(), self.high.clone()], &inside);
        let x = self.between(whole.quantile(inside));
        let bound = |bound: &Option<Operand<D>>, open: f64| match bound {
            Some(bound) => spread(beside(bound, &x), x.dims()),
            None => x.full_like(open),
        };
        let (low, high) = (bound(&self.low, f64::NEG_INFINITY), bound(&self.high, f64::INFINITY));
        x.mask_where(first, low).mask_where(last, high).mask_fill(wrong, f64::NAN)
    }
}
