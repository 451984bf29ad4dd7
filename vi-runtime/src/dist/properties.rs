//! What is known of a distribution beyond its density, where it is known in closed form.
//!
//! Each is a trait of its own, so that a combinator that needs one says so in its bounds: a truncation of a distribution
//! without a distribution function does not compile.

use burn::tensor::Tensor;

use super::Distribution;
use super::density::log_or_nothing;

/// Mean and variance.
///
/// Source: that of the family, unless a method names another.
pub trait Moments<const D: usize>: Distribution<D> {
    /// `E x`, NaN or infinite where it does not exist.
    ///
    /// # Shapes
    /// That of a draw.
    fn mean(&self) -> Tensor<D>;

    /// `E (x − E x)²` of each element by itself, NaN or infinite where it does not exist.
    ///
    /// # Shapes
    /// That of a draw.
    fn variance(&self) -> Tensor<D>;
}

/// Differential entropy, or entropy of a discrete distribution, in nats.
///
/// Source: Lazo and Rathie (1978), "On the Entropy of Continuous Probability Distributions", and Michalowicz, Nichols and Bucholtz
/// (2013), Handbook of Differential Entropy, for the continuous families that they list, unless a method names another; the rest
/// follow from the density with the expectations that a method names.
pub trait Entropy<const D: usize>: Distribution<D> {
    /// `−E ln p(x)`.
    ///
    /// # Shapes
    /// Batch dimensions, then a 1 for each event dimension.
    fn entropy(&self) -> Tensor<D>;
}

/// A side of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `P(x ≤ ·)`
    Below,
    /// `P(x > ·)`
    Above,
}

/// What lies between two points of a tail, each number with the digits that differences of large logarithms lose.
#[derive(Clone, Debug)]
pub struct Tail<const D: usize> {
    /// How far the logarithm of the mass beyond falls from the first point to the second, at least 0.
    pub fall: Tensor<D>,
    /// Logarithm of the density at the second point over the mass beyond it.
    pub log_hazard: Tensor<D>,
}

/// The cumulative distribution function of a scalar distribution; distributions of vectors and matrices have none.
///
/// Source: that of the family, unless a method names another.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no distribution function",
    label = "its cumulative distribution function is not known in closed form",
    note = "truncation, censoring and implicit gradients need `Cdf`"
)]
pub trait Cdf<const D: usize>: Distribution<D> {
    /// `P(x ≤ value)`: 0 below the support, 1 above.
    ///
    /// # Shapes
    /// Value and parameters broadcast.
    fn cdf(&self, value: &Tensor<D, Self::Kind>) -> Tensor<D>;

    /// `P(x > value)`, one less the [`cdf`](Self::cdf) unless a family overrides it: it does where its upper tail falls below an ulp
    /// of 1 and is known.
    fn survival(&self, value: &Tensor<D, Self::Kind>) -> Tensor<D> {
        self.cdf(value).neg().add_scalar(1.0)
    }

    /// `ln P(x ≤ value)`; families override it where the logarithm is more accurate than that of [`cdf`](Self::cdf).
    fn log_cdf(&self, value: &Tensor<D, Self::Kind>) -> Tensor<D> {
        log_or_nothing(self.cdf(value))
    }

    /// `ln P(x > value)`.
    fn log_survival(&self, value: &Tensor<D, Self::Kind>) -> Tensor<D> {
        log_or_nothing(self.survival(value))
    }

    /// `ln P(low < x ≤ high)`, from whichever tail is the smaller, so that nothing cancels far out.
    ///
    /// The density of an observation of which only this is known: `factor!("y", waiting.log_mass(&before, &after))`. Ends
    /// that are infinite have [`log_cdf`](Self::log_cdf) and [`log_survival`](Self::log_survival).
    ///
    /// # Shapes
    /// The ends and the parameters broadcast.
    fn log_mass(&self, low: &Tensor<D, Self::Kind>, high: &Tensor<D, Self::Kind>) -> Tensor<D> {
        super::mass::log_mass(self, low.clone(), high.clone())
    }

    /// The logarithm of the mass on this side of a point, [`log_cdf`](Self::log_cdf) or [`log_survival`](Self::log_survival).
    fn log_beyond(&self, side: Side, value: &Tensor<D, Self::Kind>) -> Tensor<D> {
        match side {
            Side::Below => self.log_cdf(value),
            Side::Above => self.log_survival(value),
        }
    }

    /// The tail between `from` and `to`, further out, where the family knows it better than by differences of its logarithms;
    /// `from` lies beyond the median, elsewhere the numbers mean nothing. Single precision leaves an error of 3e-5 in a
    /// logarithm of −600, and so in the share of the tail that is left.
    ///
    /// # Shapes
    /// The points and the parameters broadcast.
    fn tail(&self, _side: Side, _from: &Tensor<D, Self::Kind>, _to: &Tensor<D, Self::Kind>) -> Option<Tail<D>> {
        None
    }

    /// The point at which the logarithm of the mass beyond has fallen by `fall` since `from`, the inverse of
    /// [`tail`](Self::tail).
    ///
    /// # Shapes
    /// `from`, `fall` and the parameters broadcast.
    fn along_tail(&self, _side: Side, _from: &Tensor<D, Self::Kind>, _fall: &Tensor<D>) -> Option<Tensor<D, Self::Kind>> {
        None
    }
}

/// The quantile function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no quantile function",
    label = "the inverse of its distribution function is not known in closed form",
    note = "a truncated distribution draws by it"
)]
pub trait InverseCdf<const D: usize>: Cdf<D> {
    /// The smallest value with `P(x ≤ value) ≥ p`; NaN where `p` is outside `[0, 1]`.
    ///
    /// # Shapes
    /// `p` and the parameters broadcast.
    fn icdf(&self, p: &Tensor<D>) -> Tensor<D, Self::Kind>;

    /// The smallest value with `P(x > value) ≤ q`, by [`icdf`](Self::icdf) at `1 − q` unless a family overrides it; those that do not,
    /// [`ContinuousBernoulli`](super::ContinuousBernoulli) and [`TruncatedNormal`](super::TruncatedNormal) among them, lose the
    /// digits of a `q` near an ulp of 1 and below.
    ///
    /// # Shapes
    /// `q` and the parameters broadcast.
    fn inverse_survival(&self, q: &Tensor<D>) -> Tensor<D, Self::Kind> {
        // A small probability is not rounded away: the quantile of 1 may be infinite.
        let (_, _, below_one) = super::density::limits(q.dtype());
        let never = q.clone().equal_elem(0.0);
        self.icdf(&q.clone().neg().add_scalar(1.0).clamp_max(below_one).mask_fill(never, 1.0))
    }
}

/// Kullback–Leibler divergence to a distribution of type `Q`, in closed form.
///
/// Source: Gil, Alajaji and Linder (2013), "Rényi Divergence Measures for Commonly Used Univariate Continuous Distributions", and Nawa
/// and Nadarajah (2024), "Exact Expressions for Kullback–Leibler Divergence for Univariate Distributions", for two continuous
/// distributions of one family, unless a method names another; for two families it is the expectation of `−ln q` less the
/// entropy of `self`.
pub trait KlTo<const D: usize, Q: Distribution<D>>: Distribution<D> {
    /// `KL(self ‖ q) = E ln p(x)/q(x)` in nats, `x` from `self`; infinite where `q` does not cover `self`.
    ///
    /// # Shapes
    /// Batch dimensions of the two broadcast, then a 1 for each event dimension.
    fn kl_to(&self, q: &Q) -> Tensor<D>;
}

/// `KL(p ‖ q)` in nats, in closed form; see [`KlTo`] for shapes.
pub fn kl_divergence<const D: usize, P: KlTo<D, Q>, Q: Distribution<D>>(p: &P, q: &Q) -> Tensor<D> {
    p.kl_to(q)
}
