//! Distributions restricted to an interval.

mod shares;

use burn::tensor::{Bool, Tensor};

use super::density::{beside, minus_infinity, spread};
use super::mass::{ScalarKind, log_mass};
use super::rows::broadcast;
use super::truncated_moments::both_moments;
use super::{Cdf, Constraint, Distribution, InverseCdf, Moments, ShapeConflict, TruncatedMoments, of_base};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::support::Support;

/// A scalar distribution given that its value lies in `[low, high]`; see
/// [`DistributionExt::truncated`](super::DistributionExt::truncated). Support: that interval, within the support of the base.
///
/// `log p(x) = log p_base(x) − ln P(low ≤ x ≤ high)`
///
/// Source: Klein and Moeschberger (2003), Survival Analysis, chapter 3.
///
/// It has no entropy: the logarithm of the base's density has no expectation between two points in closed form
/// ([`TruncatedNormal`](super::TruncatedNormal) has one).
///
/// The mass between the bounds is taken in logarithm from the smaller tail. A draw is the quantile function of the base at a
/// uniform point between the probabilities of the bounds, so its gradients reach parameters and bounds; where the mass
/// between the bounds is below the smallest float it is the bound nearer to the rest, unless the base knows its
/// [`tail`](Cdf::tail). Mean and variance are known where the base has [`TruncatedMoments`].
///
/// # Shapes
/// The bounds broadcast against the batch. Bounds of a discrete distribution are whole numbers.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where a bound is not finite, `high − low` is negative (for floats:
/// not positive), or a parameter of the base is not legal.
#[derive(Clone, Debug)]
pub struct Truncated<const D: usize, T> {
    base: T,
    bounds: Bounds<D>,
    conflict: Option<ShapeConflict>,
}

/// Two ends, each of which may be missing.
#[derive(Clone, Debug)]
pub(super) struct Bounds<const D: usize> {
    pub(super) low: Option<Operand<D>>,
    pub(super) high: Option<Operand<D>>,
}

impl<const D: usize> Bounds<D> {
    /// Whether a bound may be a parameter.
    pub(super) fn are_tensors(&self) -> bool {
        [&self.low, &self.high].into_iter().flatten().any(|bound| matches!(bound, Operand::Tensor(_)))
    }

    /// Numbers that are infinite are no bounds.
    pub(super) fn new(low: Operand<D>, high: Operand<D>) -> Self {
        let low = (!matches!(low, Operand::Number(f64::NEG_INFINITY))).then_some(low);
        let high = (!matches!(high, Operand::Number(f64::INFINITY))).then_some(high);
        Bounds { low, high }
    }

    /// The shape of bounds and a distribution of shape `dims` together.
    pub(super) fn broadcast(&self, dims: [usize; D]) -> std::result::Result<[usize; D], ShapeConflict> {
        let ends = [("low", &self.low), ("high", &self.high)];
        ends.into_iter().try_fold(dims, |dims, (name, end)| match end {
            Some(end) => broadcast(("the distribution", dims), (name, end.dims())),
            None => Ok(dims),
        })
    }

    /// Both ends beside a tensor of floats.
    pub(super) fn beside<K: ScalarKind>(&self, like: &Tensor<D>) -> [Option<Tensor<D, K>>; 2] {
        [&self.low, &self.high].map(|end| end.as_ref().map(|end| K::bound(beside(end, like))))
    }

    /// The part of `support` between bounds that are numbers; tensors are known only at run time.
    pub(super) fn within(&self, support: Support) -> Support {
        let ends =
            [self.low.clone().unwrap_or(Operand::Number(f64::NEG_INFINITY)), self.high.clone().unwrap_or(Operand::Number(f64::INFINITY))];
        let (low, high) = support.bounds();
        let [Operand::Number(from), Operand::Number(to)] = ends else {
            return if support.is_discrete() { support } else { Support::Interval(f64::NEG_INFINITY, f64::INFINITY) };
        };
        let (from, to) = (low.max(from), high.min(to));
        match (from.is_finite(), to.is_finite()) {
            _ if (from, to) == (low, high) => support,
            (true, true) if support.is_discrete() => Support::IntegerInterval(from as i64, to as i64),
            _ if support.is_discrete() => support,
            (true, true) if (from, to) == (0.0, 1.0) => Support::UnitInterval,
            (true, true) => Support::Interval(from, to),
            (true, false) if from == 0.0 => Support::Positive,
            (true, false) => Support::GreaterThan(from),
            (false, true) => Support::LessThan(to),
            (false, false) => Support::Real,
        }
    }

    pub(super) fn place(self, to: &Placement) -> Self {
        let place = |end: Option<Operand<D>>| end.map(|end| end.place(to));
        Bounds { low: place(self.low), high: place(self.high) }
    }

    /// Shows the bounds, and that they are in order where `ordered` can be checked.
    pub(super) fn parameters(&self, ordered: bool, difference: Constraint, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        for (name, end) in [("low", &self.low), ("high", &self.high)] {
            if let Some(end) = end {
                visit(name, end.any(), Constraint::Real);
            }
        }
        if let (true, Some(low), Some(high)) = (ordered, &self.low, &self.high) {
            visit("high - low", (high.clone() - low.clone()).any(), difference);
        }
    }
}

impl<const D: usize, T: Distribution<D>> Truncated<D, T> {
    pub(super) fn new(base: T, low: Operand<D>, high: Operand<D>) -> Self {
        let bounds = Bounds::new(low, high);
        let dims = base.shape();
        match bounds.broadcast(dims) {
            Ok(wanted) => Truncated { base: if wanted == dims { base } else { base.grow(wanted) }, bounds, conflict: None },
            Err(conflict) => Truncated { base, bounds, conflict: Some(conflict) },
        }
    }
}

impl<const D: usize, T: Cdf<D, Kind: ScalarKind>> Truncated<D, T> {
    /// `ln P(low ≤ x ≤ high)`.
    fn log_normaliser(&self, like: &Tensor<D>) -> Option<Tensor<D>> {
        match self.bounds.beside::<T::Kind>(like) {
            [None, None] => None,
            [Some(low), None] => Some(self.base.log_survival(&T::Kind::before(low))),
            [None, Some(high)] => Some(self.base.log_cdf(&high)),
            [Some(low), Some(high)] => Some(log_mass(&self.base, T::Kind::before(low), high)),
        }
    }
}

impl<const D: usize, T: InverseCdf<D, Kind: ScalarKind>> Distribution<D> for Truncated<D, T> {
    type Kind = T::Kind;

    of_base! { shape is_reparameterised grow own_conflict }

    fn name(&self) -> String {
        format!("Truncated({})", self.base.name())
    }

    fn support(&self) -> Support {
        self.bounds.within(self.base.support())
    }

    fn log_prob(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        // Only for device and precision: the bounds of a discrete distribution are floats, too.
        let like = self.base.cdf(value).without_autodiff();
        let dims = like.dims();
        let ends = self.bounds.beside::<T::Kind>(&like).map(|end| end.map(|end| spread(end, dims)));
        let (value, outside) = moved_inside(spread(value.clone(), dims), ends.clone());
        let log_prob = self.base.log_prob(&value);
        let Some(log_normaliser) = self.log_normaliser(&like) else { return log_prob };
        // Where the base has no density either, the normaliser has no say, and no gradient.
        let nothing = spread(log_prob.clone().equal_elem(f64::NEG_INFINITY), dims);
        let outside = outside.map_or(nothing.clone(), |outside| outside.bool_or(nothing));
        let plain = spread(log_prob - log_normaliser, dims);
        minus_infinity(self.in_the_tails(&value, &ends, plain), outside)
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, T::Kind>> {
        let u = noise.uniform(self.shape())?;
        Ok(self.quantile(u.clone(), u.neg() + 1.0))
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D, T::Kind>>> {
        let median = |_| {
            let half: Operand<D> = Operand::Number(0.5);
            let half = spread(half.tensor(at), self.shape());
            self.quantile(half.clone(), half)
        };
        Ok(self.base.begin(at)?.map(median))
    }

    fn score_vanishes(&self) -> bool {
        self.base.score_vanishes() && !self.bounds.are_tensors()
    }

    fn place(mut self, to: &Placement) -> Self {
        self.base = self.base.place(to);
        self.bounds = self.bounds.place(to);
        self
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.base.parameters(visit);
        let difference = if self.base.support().is_discrete() { Constraint::NonNegative } else { Constraint::Positive };
        self.bounds.parameters(self.conflict.is_none(), difference, visit);
    }
}

impl<const D: usize, T: TruncatedMoments<D> + InverseCdf<D>> Truncated<D, T> {
    fn moments(&self) -> [Tensor<D>; 2] {
        let [low, high] = self.bounds.beside(&self.base.mean());
        self.base.truncated_moments(low.as_ref(), high.as_ref())
    }
}

impl<const D: usize, T: TruncatedMoments<D> + InverseCdf<D>> Moments<D> for Truncated<D, T> {
    both_moments! {}
}

/// Values beyond an end moved to it, and which those are.
pub(super) fn moved_inside<const D: usize, K: ScalarKind>(
    value: Tensor<D, K>,
    [low, high]: [Option<Tensor<D, K>>; 2],
) -> (Tensor<D, K>, Option<Tensor<D, Bool>>) {
    let [low, high] = [low, high].map(|end| end.map(|end| K::alike(end, &value)));
    let (value, below) = match low {
        Some(low) => {
            let below = value.clone().lower(low.clone());
            (value.mask_where(below.clone(), low), Some(below))
        }
        None => (value, None),
    };
    let Some(high) = high else { return (value, below) };
    let above = value.clone().greater(high.clone());
    let outside = match below {
        Some(below) => below.bool_or(above.clone()),
        None => above.clone(),
    };
    (value.mask_where(above, high), Some(outside))
}
