//! Distributions of which values beyond a limit are seen at the limit.

use burn::tensor::Tensor;

use super::density::{minus_infinity, spread};
use super::mass::ScalarKind;
use super::truncated::{Bounds, moved_inside};
use super::truncated_moments::{both_moments, pooled};
use super::{Cdf, Constraint, Distribution, Moments, ShapeConflict, TruncatedMoments, of_base};
use crate::error::Result;
use crate::noise::Noise;
use crate::operand::{AnyOperand, Operand, Placement};
use crate::support::Support;

/// `min(max(x, low), high)` for a scalar `x`; see [`DistributionExt::censored`](super::DistributionExt::censored). Support: the
/// closed interval, within the support of the base.
///
/// `log p(y) = ln P(x ≤ low)` at `low`, `ln P(x ≥ high)` at `high`, `log p_base(y)` between them
///
/// Source: Tobin (1958), "Estimation of Relationships for Limited Dependent Variables"; Klein and Moeschberger (2003), Survival
/// Analysis, chapter 3.
///
/// It has no entropy: a mass and a density have none on one scale. It has no quantile function: truncating, which asks for one,
/// would take the masses at the limits for a density.
///
/// A density between the limits, a mass at each: waiting times that were cut off at the end of a study, concentrations
/// below what an instrument detects, answers on a bounded scale. An observation of which only an interval is known has
/// [`Cdf::log_mass`].
///
/// Mean and variance are known where the base has [`TruncatedMoments`].
///
/// Draws are not reparameterised: the density jumps at a limit, where a derivative along the draw would miss the mass that
/// moves into it.
///
/// # Shapes
/// The limits broadcast against the batch; as tensors they are one for each observation. Limits of a discrete distribution
/// are whole numbers.
///
/// # Errors
/// At the site: [`Error::Parameter`](crate::Error::Parameter) where a limit is NaN, `high − low` is not positive, or a
/// parameter of the base is not legal.
#[derive(Clone, Debug)]
pub struct Censored<const D: usize, T> {
    base: T,
    limits: Bounds<D>,
    conflict: Option<ShapeConflict>,
}

impl<const D: usize, T: Distribution<D>> Censored<D, T> {
    pub(super) fn new(base: T, low: Operand<D>, high: Operand<D>) -> Self {
        let limits = Bounds::new(low, high);
        let dims = base.shape();
        match limits.broadcast(dims) {
            Ok(wanted) => Censored { base: if wanted == dims { base } else { base.grow(wanted) }, limits, conflict: None },
            Err(conflict) => Censored { base, limits, conflict: Some(conflict) },
        }
    }
}

impl<const D: usize, T: Cdf<D, Kind: ScalarKind>> Censored<D, T> {
    /// Values beyond a limit at the limit.
    fn cut_off(&self, x: Tensor<D, T::Kind>) -> Tensor<D, T::Kind> {
        let like = self.base.cdf(&x).without_autodiff();
        let dims = x.dims();
        let limits = self.limits.beside::<T::Kind>(&like).map(|end| end.map(|end| spread(end, dims)));
        moved_inside(x, limits).0
    }
}

impl<const D: usize, T: Cdf<D, Kind: ScalarKind>> Distribution<D> for Censored<D, T> {
    type Kind = T::Kind;

    of_base! { shape grow own_conflict }

    fn name(&self) -> String {
        format!("Censored({})", self.base.name())
    }

    fn support(&self) -> Support {
        self.limits.within(self.base.support())
    }

    /// The tails are evaluated at the value: at a limit it is the limit, and between the limits it has mass on both sides, so
    /// that what is not taken there has a finite derivative.
    fn log_prob(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        let like = self.base.cdf(value).without_autodiff();
        let dims = like.dims();
        let limits = self.limits.beside::<T::Kind>(&like);
        let [low, high] = limits.map(|end| end.map(|end| T::Kind::alike(spread(end, dims), value)));
        let (value, outside) = moved_inside(spread(value.clone(), dims), [low.clone(), high.clone()]);
        let mut log_prob = spread(self.base.log_prob(&value), dims);
        if let Some(low) = low {
            let at = value.clone().lower_equal(low);
            log_prob = log_prob.mask_where(at, self.base.log_cdf(&value));
        }
        if let Some(high) = high {
            let at = value.clone().greater_equal(high);
            log_prob = log_prob.mask_where(at, self.base.log_survival(&T::Kind::before(value)));
        }
        match outside {
            Some(outside) => minus_infinity(log_prob, outside),
            None => log_prob,
        }
    }

    fn draw(&self, noise: &mut Noise<'_>) -> Result<Tensor<D, T::Kind>> {
        Ok(self.cut_off(self.base.draw(noise)?))
    }

    fn begin(&self, at: &Placement) -> Result<Option<Tensor<D, T::Kind>>> {
        Ok(self.base.begin(at)?.map(|begin| self.cut_off(begin)))
    }

    fn score_vanishes(&self) -> bool {
        self.base.score_vanishes() && !self.limits.are_tensors()
    }

    fn place(mut self, to: &Placement) -> Self {
        self.base = self.base.place(to);
        self.limits = self.limits.place(to);
        self
    }

    fn parameters(&self, visit: &mut dyn FnMut(&'static str, AnyOperand, Constraint)) {
        self.base.parameters(visit);
        self.limits.parameters(self.conflict.is_none(), Constraint::Positive, visit);
    }
}

impl<const D: usize, T: Cdf<D, Kind: ScalarKind>> Censored<D, T> {
    /// What `of` gives for the base, with `below` and `beyond` outside the limits; from the upper limit on it is `beyond`.
    fn limited(
        &self,
        value: &Tensor<D, T::Kind>,
        of: impl Fn(&T, &Tensor<D, T::Kind>) -> Tensor<D>,
        [below, beyond]: [f64; 2],
    ) -> Tensor<D> {
        let found = of(&self.base, value);
        let dims = found.dims();
        let limits = self.limits.beside::<T::Kind>(&found.clone().without_autodiff());
        let [low, high] = limits.map(|end| end.map(|end| T::Kind::alike(spread(end, dims), value)));
        let value = spread(value.clone(), dims);
        let found = match low {
            Some(low) => found.mask_fill(value.clone().lower(low), below),
            None => found,
        };
        match high {
            Some(high) => found.mask_fill(value.greater_equal(high), beyond),
            None => found,
        }
    }
}

impl<const D: usize, T: Cdf<D, Kind: ScalarKind>> Cdf<D> for Censored<D, T> {
    /// That of the base between the limits, 0 below and 1 above.
    fn cdf(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.limited(value, T::cdf, [0.0, 1.0])
    }

    fn survival(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.limited(value, T::survival, [1.0, 0.0])
    }

    fn log_cdf(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.limited(value, T::log_cdf, [f64::NEG_INFINITY, 0.0])
    }

    fn log_survival(&self, value: &Tensor<D, T::Kind>) -> Tensor<D> {
        self.limited(value, T::log_survival, [0.0, f64::NEG_INFINITY])
    }
}

impl<const D: usize, T: TruncatedMoments<D>> Censored<D, T> {
    /// Of three parts: a mass at each limit, and what lies between them.
    fn moments(&self) -> [Tensor<D>; 2] {
        let like = self.base.mean();
        let dims = like.dims();
        let [low, high] = self.limits.beside(&like).map(|end| end.map(|end| spread(end, dims)));
        let none = like.zeros_like();
        let at = |end: &Option<Tensor<D>>, mass: fn(&T, &Tensor<D>) -> Tensor<D>| match end {
            Some(end) => [mass(&self.base, end), end.clone(), none.clone()],
            None => [none.clone(), none.clone(), none.clone()],
        };
        let between = match (&low, &high) {
            (Some(low), Some(high)) => self.base.log_mass(low, high).exp(),
            (Some(low), None) => self.base.survival(low),
            (None, Some(high)) => self.base.cdf(high),
            (None, None) => like.ones_like(),
        };
        let [mean, variance] = self.base.truncated_moments(low.as_ref(), high.as_ref());
        pooled([at(&low, T::cdf), at(&high, T::survival), [between, mean, variance]], &like)
    }
}

impl<const D: usize, T: TruncatedMoments<D>> Moments<D> for Censored<D, T> {
    both_moments! {}
}
