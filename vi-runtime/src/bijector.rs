//! Smooth one-to-one maps between supports, and the one that reaches each support from the real numbers.

mod affine;
mod cholesky;
mod compose;
mod correlation;
mod elementwise;
mod identity;
mod interval;
mod ordered;
mod permute;
mod positive_definite;
mod simplex;
mod sphere;
mod triangle;
mod zero_sum;

use std::fmt::Debug;
use std::rc::Rc;

use burn::tensor::Tensor;

pub use affine::Affine;
pub use cholesky::{CholeskyFactor, CovarianceCholesky, LowerCholesky};
pub use compose::{Compose, Invert};
pub use correlation::{Correlation, CorrelationCholesky};
pub(crate) use elementwise::log_sech_squared;
pub use elementwise::{Exp, Power, Sigmoid, Softplus, Tanh};
pub use identity::Identity;
pub use interval::{Circular, GreaterThan, Interval, LessThan};
pub use ordered::{Ordered, PositiveOrdered};
pub use permute::Permute;
pub use positive_definite::PositiveDefinite;
pub use simplex::StickBreaking;
pub use sphere::Stereographic;
pub use zero_sum::ZeroSum;

use crate::dist::{exp_positive, limits};
use crate::error::{Error, Result};
use crate::operand::Operand;
use crate::support::Support;

/// A differentiable one-to-one map `y = f(x)` of tensors of rank `D`.
///
/// `x` is called unconstrained where the domain is the real numbers, `y` constrained.
///
/// # Shapes
/// Both sides have rank `D`. Where fewer numbers than elements make a matrix, they stand in one row: `[.., 1, n(n+1)/2]` is
/// mapped to `[.., n, n]`, and both dimensions are the event on both sides.
pub trait Bijector<const D: usize>: Debug {
    /// `f(x)`; inside the codomain also where `f(x)` would be rounded to its end.
    fn forward(&self, x: Tensor<D>) -> Tensor<D>;

    /// `f⁻¹(y)`, for `y` inside the codomain.
    fn inverse(&self, y: Tensor<D>) -> Tensor<D>;

    /// `ln |det ∂f/∂x|` at `x`, where `y = f(x)`.
    ///
    /// # Shapes
    /// Batch dimensions of `x`, then a 1 for each of the [`event_rank`](Self::event_rank) event dimensions.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, y: &Tensor<D>) -> Tensor<D>;

    /// `f(x)` and the logarithm of the determinant, for maps whose two results share work.
    fn forward_and_jacobian(&self, x: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
        let y = self.forward(x.clone());
        let jacobian = self.log_abs_det_jacobian(&x, &y);
        (y, jacobian)
    }

    /// How many trailing dimensions are mapped together; 0 for an element-wise map.
    fn event_rank(&self) -> usize {
        0
    }

    /// Whether the map has no parameters that could be learned.
    fn is_fixed(&self) -> bool {
        false
    }

    /// Whether an element-wise map turns the order of its elements round; `None` where that is known only at run time.
    fn is_decreasing(&self) -> Option<bool> {
        Some(false)
    }

    /// The slope of a map that is a straight line in each element; `None` for every other.
    fn slope(&self) -> Option<Operand<D>> {
        None
    }

    /// Whether `ln |det ∂f/∂x|` is linear in `x`: then its mean is what it is at the mean of `x`.
    fn has_linear_log_jacobian(&self) -> bool {
        self.slope().is_some()
    }

    /// Where `x` lives.
    fn domain(&self) -> Support {
        Support::Real
    }

    /// Where `y` lives.
    fn codomain(&self) -> Support;

    /// What the values of `of`, a part of the domain, are mapped to; the codomain where nothing closer is known.
    fn image(&self, _of: &Support) -> Support {
        self.codomain()
    }

    /// The shape of `x` for a `y` of shape `constrained`.
    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        constrained.to_vec()
    }

    /// The shape of `y` for an `x` of shape `unconstrained`.
    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        unconstrained.to_vec()
    }
}

/// The bijector from the real numbers to `support`:
///
/// | support | bijector | numbers for an event |
/// |---|---|---|
/// | real numbers or vectors | [`Identity`] | as many |
/// | positive, above or below a bound | [`Exp`], [`GreaterThan`], [`LessThan`] | as many |
/// | unit interval, interval | [`Sigmoid`], [`Interval`] | as many |
/// | angles | [`Circular`] | as many |
/// | simplex of `K` | [`StickBreaking`] | `K − 1` |
/// | ordered, positive ordered | [`Ordered`], [`PositiveOrdered`] | as many |
/// | sphere in `K` dimensions, less a point | [`Stereographic`] | `K − 1` |
/// | `K` numbers of sum 0 | [`ZeroSum`] | `K − 1` |
/// | lower Cholesky, positive definite `n × n` | [`LowerCholesky`], [`PositiveDefinite`] | `n(n + 1)/2` |
/// | correlation `n × n` or its factor | [`Correlation`], [`CorrelationCholesky`] | `n(n − 1)/2` |
///
/// # Errors
/// [`Error::Unsupported`] where there is none: discrete supports, a single point, bounds known only at run time, matrices where
/// the rank is 1.
pub fn biject_to<const D: usize>(support: &Support) -> Result<Rc<dyn Bijector<D>>> {
    if D < support.event_rank() {
        let problem = format!("a value has {} dimensions, the tensor {D}", support.event_rank());
        return Err(Error::Unsupported { what: format!("support {support}"), problem });
    }
    Ok(match *support {
        Support::Real => Rc::new(Identity::default()),
        Support::RealVector => Rc::new(Identity { event_rank: 1 }),
        Support::Positive => Rc::new(Exp),
        Support::UnitInterval => Rc::new(Sigmoid),
        Support::Interval(low, high) if low.is_finite() && high.is_finite() => Rc::new(Interval { low, high }),
        Support::GreaterThan(low) => Rc::new(GreaterThan(low)),
        Support::LessThan(high) => Rc::new(LessThan(high)),
        Support::Circular => Rc::new(Circular),
        Support::Simplex => Rc::new(StickBreaking),
        Support::Ordered => Rc::new(Ordered),
        Support::PositiveOrdered => Rc::new(PositiveOrdered),
        Support::Sphere => Rc::new(Stereographic),
        Support::ZeroSum => Rc::new(ZeroSum),
        Support::LowerCholesky => Rc::new(LowerCholesky),
        Support::CorrelationCholesky => Rc::new(CorrelationCholesky),
        Support::Correlation => Rc::new(Correlation),
        Support::PositiveDefinite => Rc::new(PositiveDefinite),
        _ => {
            let problem = match support {
                Support::Interval(..) => {
                    "its bounds are known only at run time, so no bijector from the real numbers can be chosen; sample from Uniform(0, 1) and compute low + (high - low) * u"
                }
                Support::Point => "a single point has no bijector from the real numbers; `.soften(eps)` makes it a normal distribution",
                _ => "a discrete support has no bijector from the real numbers",
            };
            return Err(Error::Unsupported { what: format!("support {support}"), problem: problem.to_owned() });
        }
    })
}

/// The interval between the images of the ends of `of`, under its usual name.
fn monotone(of: &Support, f: impl Fn(f64) -> f64) -> Support {
    let (low, high) = of.bounds();
    let (a, b) = (f(low), f(high));
    let (low, high) = (a.min(b), a.max(b));
    match (low.is_finite(), high.is_finite()) {
        (false, false) => {
            if of.event_rank() == 0 {
                Support::Real
            } else {
                Support::RealVector
            }
        }
        (true, false) if low == 0.0 => Support::Positive,
        (true, false) => Support::GreaterThan(low),
        (false, true) => Support::LessThan(high),
        (true, true) if (low, high) == (0.0, 1.0) => Support::UnitInterval,
        (true, true) => Support::Interval(low, high),
    }
}

/// The log-determinants of a map of vectors that keeps volumes: 0 for each of those in `x`.
fn no_volume<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    let mut dims = x.dims();
    dims[D - 1] = 1;
    Tensor::zeros(dims, (&x.device().inner(), x.dtype()))
}

fn resized(shape: &[usize], size: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if let Some(last) = shape.last_mut() {
        *last = size(*last);
    }
    shape
}

/// `eˣ`, positive, and so far from the largest number that `count` of them have a finite sum.
fn exp_summable<const D: usize>(x: Tensor<D>, count: usize) -> Tensor<D> {
    let (_, huge, _) = limits(x.dtype());
    exp_positive(x.clamp_max(huge.ln() - (count as f64).ln() - 0.1))
}

/// The distance from 1 to the next number of the tensor's type.
fn epsilon<const D: usize>(like: &Tensor<D>) -> f64 {
    if like.dtype() == burn::tensor::DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) }
}

/// The smallest number of the tensor's type that is above `end`.
fn above<const D: usize>(end: f64, like: &Tensor<D>) -> f64 {
    -below(-end, like)
}

/// The largest number of the tensor's type that is below `end`; 0 has no subnormal neighbours here, as in [`limits`].
fn below<const D: usize>(end: f64, like: &Tensor<D>) -> f64 {
    let (tiny, _, _) = limits(like.dtype());
    if end.abs() < tiny {
        return -tiny;
    }
    if like.dtype() == burn::tensor::DType::F64 {
        return end.next_down();
    }
    let rounded = end as f32;
    f64::from(if f64::from(rounded) < end { rounded } else { rounded.next_down() })
}
