//! What is known of a distribution beyond its density, where it is known in closed form.
//!
//! Each is a trait of its own, so that a combinator that needs one says so in its bounds: a truncation of a distribution
//! without a distribution function does not compile.

use burn::tensor::Tensor;

use super::Distribution;
use super::density::log_or_nothing;

/// Mean and variance.
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
pub trait Entropy<const D: usize>: Distribution<D> {
    /// `−E ln p(x)`.
    ///
    /// # Shapes
    /// Batch dimensions, then a 1 for each event dimension.
    fn entropy(&self) -> Tensor<D>;
}

/// The cumulative distribution function of a scalar distribution.
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

    /// `P(x > value)`, accurate where it is small.
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

    /// The smallest value with `P(x > value) ≤ q`; families override it where `1 − q` would lose a small `q`.
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
