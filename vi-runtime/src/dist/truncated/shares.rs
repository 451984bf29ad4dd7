//! Which share of the mass between two bounds lies on a side of a point, and the point for a share.

use std::f64::consts::LN_2;

use burn::tensor::{Bool, Tensor};

use super::{Truncated, moved_inside};
use crate::dist::density::{limits, spread};
use crate::dist::mass::ScalarKind;
use crate::dist::rows::broadcast;
use crate::dist::standard::log_one_minus_exp;
use crate::dist::{Cdf, InverseCdf, Side};
use crate::special::{expm1, log1mexp, log1p};

/// A bound, or none.
type End<const D: usize, K> = Option<Tensor<D, K>>;

impl<const D: usize, T: Cdf<D, Kind: ScalarKind>> Truncated<D, T> {
    /// The bounds seen from the side of the smaller tail: the one nearer to the rest, then the one further out.
    fn inwards<K>(side: Side, [low, high]: [K; 2]) -> [K; 2] {
        match side {
            Side::Above => [low, high],
            Side::Below => [high, low],
        }
    }

    /// Where all between the bounds lies beyond the median on this side.
    fn is_in_tail(&self, side: Side, near: &Tensor<D, T::Kind>, dims: [usize; D]) -> Tensor<D, Bool> {
        spread(self.base.log_beyond(side, near).lower_elem(-LN_2), dims)
    }

    /// `log_prob` with what the families know of their tails: `ln h(x) − H − ln(1 − e^−G)` for the hazard `h` and the falls `H`
    /// from the nearer bound to `x` and `G` to the other bound.
    pub(super) fn in_the_tails(&self, value: &Tensor<D, T::Kind>, ends: &[End<D, T::Kind>; 2], log_prob: Tensor<D>) -> Tensor<D> {
        let dims = log_prob.dims();
        [Side::Below, Side::Above].into_iter().fold(log_prob, |log_prob, side| {
            let [Some(near), far] = Self::inwards(side, ends.clone()) else { return log_prob };
            let Some(tail) = self.base.tail(side, &near, value) else { return log_prob };
            let used = self.is_in_tail(side, &near, dims);
            let in_tail = spread(tail.log_hazard - tail.fall, dims);
            let whole = far.and_then(|far| self.base.tail(side, &near, &far));
            let in_tail = match whole {
                Some(whole) => in_tail - log1mexp(spread(whole.fall, dims).mask_fill(used.clone().bool_not(), 1.0)),
                None => in_tail,
            };
            log_prob.mask_where(used, in_tail)
        })
    }

    /// How far the logarithm of the mass on this side falls from one point to another further out; without a point it is that
    /// of everything, or of nothing: then the fall is infinite, and absent here.
    fn fall(&self, side: Side, from: &End<D, T::Kind>, to: &End<D, T::Kind>, dims: [usize; D]) -> Option<Tensor<D>> {
        let to = to.as_ref()?;
        let left = spread(self.base.log_beyond(side, to), dims);
        let Some(from) = from else { return Some(left.neg()) };
        let fall = spread(self.base.log_beyond(side, from), dims) - left;
        Some(match self.base.tail(side, from, to) {
            Some(tail) => fall.mask_where(self.is_in_tail(side, from, dims), spread(tail.fall, dims)),
            None => fall,
        })
    }

    /// Logarithms of the shares between the nearer bound and the value, and beyond the value, where `used` is true.
    fn log_shares(&self, side: Side, ends: &[End<D, T::Kind>; 2], value: &Tensor<D, T::Kind>, used: &Tensor<D, Bool>) -> [Tensor<D>; 2] {
        let [near, far] = Self::inwards(side, ends.clone());
        let (dims, at) = (used.dims(), Some(value.clone()));
        // Beyond the support of the base both ends of a fall are infinite.
        let usable = |fall: Tensor<D>| {
            let skip = used.clone().bool_not().bool_or(fall.clone().is_nan());
            fall.mask_fill(skip, 1.0)
        };
        let inner = usable(self.fall(side, &near, &at, dims).unwrap_or_else(|| Tensor::full(dims, f64::INFINITY, &value.device())));
        let mut shares = [log_one_minus_exp(inner.clone()), inner.neg()];
        if let Some(outer) = self.fall(side, &at, &far, dims) {
            shares[1] = shares[1].clone() + log_one_minus_exp(usable(outer));
        }
        match self.fall(side, &near, &far, dims) {
            Some(whole) => {
                let whole = log1mexp(usable(whole));
                shares.map(|share| share - whole.clone())
            }
            None => shares,
        }
    }

    /// `ln P(x ≤ value)` and `ln P(x > value)`, from the side of the smaller tail.
    fn logarithms(&self, value: &Tensor<D, T::Kind>) -> [Tensor<D>; 2] {
        let like = self.base.cdf(value).without_autodiff();
        let dims = like.dims();
        let [low, high] = self.bounds.beside::<T::Kind>(&like).map(|end| end.map(|end| T::Kind::alike(spread(end, dims), value)));
        let ends = [low.map(T::Kind::before), high];
        let (value, _) = moved_inside(spread(value.clone(), dims), ends.clone());
        let Some(low) = &ends[0] else {
            let every = like.equal_elem(f64::NAN).bool_not();
            let [above, below] = self.log_shares(Side::Below, &ends, &value, &every);
            return [below, above];
        };
        let upper = self.is_in_tail(Side::Above, low, dims);
        let [from_low, beyond] = self.log_shares(Side::Above, &ends, &value, &upper);
        let [up_to_high, below] = self.log_shares(Side::Below, &ends, &value, &upper.clone().bool_not());
        [below.mask_where(upper.clone(), from_low), up_to_high.mask_where(upper, beyond)]
    }
}

/// What lies below and above the bounds of a distribution.
struct Outside<const D: usize, K: ScalarKind> {
    low: Option<Tensor<D, K>>,
    high: Option<Tensor<D, K>>,
    /// `P(x < low)`, `P(x ≤ high)`
    cdf: [Tensor<D>; 2],
    /// `P(x ≥ low)`, `P(x > high)`
    survival: [Tensor<D>; 2],
    /// Where the lower bound is above the median, so that the second pair is the smaller.
    upper: Tensor<D, Bool>,
}

impl<const D: usize, T: Cdf<D, Kind: ScalarKind>> Truncated<D, T> {
    fn outside(&self, like: &Tensor<D>) -> Outside<D, T::Kind> {
        let dims = like.dims();
        let [low, high] = self.bounds.beside::<T::Kind>(like).map(|end| end.map(|end| spread(end, dims)));
        let before = low.clone().map(T::Kind::before);
        let (zero, one) = (like.clone().without_autodiff().zeros_like(), like.clone().without_autodiff().ones_like());
        let at = |end: &Option<Tensor<D, T::Kind>>, f: &dyn Fn(&Tensor<D, T::Kind>) -> Tensor<D>, none: &Tensor<D>| match end {
            Some(end) => spread(f(end), dims),
            None => none.clone(),
        };
        let cdf = [at(&before, &|x| self.base.cdf(x), &zero), at(&high, &|x| self.base.cdf(x), &one)];
        let survival = [at(&before, &|x| self.base.survival(x), &one), at(&high, &|x| self.base.survival(x), &zero)];
        let upper = cdf[0].clone().greater_elem(0.5);
        Outside { low, high, cdf, survival, upper }
    }
}

impl<const D: usize, T: InverseCdf<D, Kind: ScalarKind>> Truncated<D, T> {
    /// The quantile function of the base between the probabilities of the bounds, from the side of the smaller tail: `u` of the
    /// mass lies below the point, and `v` above.
    pub(super) fn quantile(&self, u: Tensor<D>, v: Tensor<D>) -> Tensor<D, T::Kind> {
        let Outside { low, high, cdf: [below, up_to], survival: [above, beyond], upper } = self.outside(&u);
        let (tiny, _, below_one) = limits(u.dtype());
        // One of two is taken: where the other is, a probability of ½ stands in, whose quantile has a finite derivative. So
        // it does where there is no mass to divide.
        let p = below.clone() + u.clone() * (up_to - below);
        let nothing_below = p.clone().lower_elem(tiny);
        let skip = upper.clone().bool_or(nothing_below.clone());
        let from_below = self.base.icdf(&p.clamp_max(below_one).mask_fill(skip, 0.5));
        let q = beyond.clone() + v.clone() * (above - beyond);
        let nothing_above = q.clone().lower_elem(tiny);
        let skip = upper.clone().bool_not().bool_or(nothing_above.clone());
        let from_above = self.base.inverse_survival(&q.clamp_max(below_one).mask_fill(skip, 0.5));
        let x = from_below.mask_where(upper.clone(), from_above);
        let pin = |x: Tensor<D, T::Kind>, to: &Option<Tensor<D, T::Kind>>, at: Tensor<D, Bool>| match to {
            Some(to) => {
                let to = T::Kind::alike(to.clone(), &x);
                x.mask_where(at, to)
            }
            None => x,
        };
        let x = pin(x, &high, nothing_below.bool_and(upper.clone().bool_not()));
        let x = pin(x, &low, nothing_above.bool_and(upper));
        let ends = [low, high];
        let x = self.along_the_tails(&ends, [u, v], x);
        let [low, high] = ends;
        // What was rounded past a bound, or onto one, goes to the next value inside.
        let inward = [low.map(|low| T::Kind::inward(low, true)), high.map(|high| T::Kind::inward(high, false))];
        moved_inside(x, inward).0
    }
}

impl<const D: usize, T: Cdf<D, Kind: ScalarKind>> Truncated<D, T> {
    /// The quantiles `x` with what the families know of their tails: of the mass `1 − e^−G` between the bounds, divided by that
    /// beyond the nearer one, the share before the point is `1 − e^−H`.
    fn along_the_tails(&self, ends: &[End<D, T::Kind>; 2], shares: [Tensor<D>; 2], x: Tensor<D, T::Kind>) -> Tensor<D, T::Kind> {
        let dims = x.dims();
        [Side::Below, Side::Above].into_iter().fold(x, |x, side| {
            let ([Some(near), far], [share, rest]) = (Self::inwards(side, ends.clone()), Self::inwards(side, shares.clone())) else {
                return x;
            };
            let used = self.is_in_tail(side, &near, dims);
            let unused = used.clone().bool_not();
            let whole = far.and_then(|far| self.base.tail(side, &near, &far));
            // Of the mass beyond the nearer bound: what is taken, and what is left, whichever is the smaller.
            let little = share.clone().lower_elem(0.5);
            let [taken, left] = match whole {
                Some(whole) => {
                    let down = spread(whole.fall, dims).mask_fill(unused.clone(), 1.0).neg();
                    [share.clone() * expm1(down.clone()), rest + share * down.exp()]
                }
                None => [share.neg(), rest],
            };
            let much = little.clone().bool_not().bool_or(unused.clone());
            let [taken, left] = [taken.mask_fill(much, -0.25), left.mask_fill(little.clone().bool_or(unused), 0.5)];
            let fall = left.clone().clamp_min(limits(left.dtype()).0).log().mask_where(little, log1p(taken)).neg();
            match self.base.along_tail(side, &near, &fall) {
                Some(along) => x.mask_where(used, spread(along, dims)),
                None => x,
            }
        })
    }
}

impl<const D: usize, T: InverseCdf<D, Kind: ScalarKind>> Cdf<D> for Truncated<D, T> {
    /// `(F(x) − F(low))/(F(high) − F(low))`, from the side of the smaller tail.
    fn cdf(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.log_cdf(value).exp()
    }

    fn survival(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.log_survival(value).exp()
    }

    fn log_cdf(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        let [log_cdf, _] = self.logarithms(value);
        log_cdf
    }

    fn log_survival(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        let [_, log_survival] = self.logarithms(value);
        log_survival
    }
}

impl<const D: usize, T: InverseCdf<D, Kind: ScalarKind>> Truncated<D, T> {
    fn quantile_of(&self, given: &Tensor<D>, side: Side) -> Tensor<D, T::Kind> {
        let dims = broadcast(("p", given.dims()), ("the distribution", self.base.shape())).unwrap_or(given.dims());
        let outside = given.clone().lower_elem(0.0).bool_or(given.clone().greater_elem(1.0));
        let given = spread(given.clone().mask_fill(outside, f64::NAN), dims);
        let rest = given.clone().neg() + 1.0;
        match side {
            Side::Below => self.quantile(given, rest),
            Side::Above => self.quantile(rest, given),
        }
    }
}

impl<const D: usize, T: InverseCdf<D, Kind: ScalarKind>> InverseCdf<D> for Truncated<D, T> {
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D, T::Kind> {
        self.quantile_of(p, Side::Below)
    }

    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D, T::Kind> {
        self.quantile_of(q, Side::Above)
    }
}
