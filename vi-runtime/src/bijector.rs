//! Smooth one-to-one maps between supports, and the one that reaches each support from the real numbers.

use std::fmt::Debug;
use std::rc::Rc;

use burn::tensor::{Tensor, TensorData};

use crate::dist::{clamp_unit, exp_positive, limits, logistic, softplus};
use crate::error::{Error, Result};
use crate::support::Support;

/// A differentiable one-to-one map `y = f(x)` of tensors of rank `D`.
///
/// `x` is called unconstrained where the domain is the real numbers, `y` constrained.
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

    /// How many trailing dimensions are mapped together; 0 for an element-wise map.
    fn event_rank(&self) -> usize {
        0
    }

    /// Whether an element-wise map turns the order of its elements round.
    fn is_decreasing(&self) -> bool {
        false
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

/// The bijector from the real numbers to `support`.
///
/// # Errors
/// [`Error::Unsupported`] where there is none: discrete supports, a single point, bounds known only at run time.
pub fn biject_to<const D: usize>(support: &Support) -> Result<Rc<dyn Bijector<D>>> {
    Ok(match *support {
        Support::Real => Rc::new(Identity::default()),
        Support::RealVector => Rc::new(Identity { event_rank: 1 }),
        Support::Positive => Rc::new(Exp),
        Support::UnitInterval => Rc::new(Sigmoid),
        Support::Interval(low, high) if low.is_finite() && high.is_finite() => Rc::new(Interval { low, high }),
        Support::GreaterThan(low) => Rc::new(GreaterThan(low)),
        Support::LessThan(high) => Rc::new(LessThan(high)),
        Support::Simplex => Rc::new(StickBreaking),
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

/// `y = x`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity {
    /// How many trailing dimensions count as one event.
    pub event_rank: usize,
}

impl<const D: usize> Bijector<D> for Identity {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        x
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        let mut dims = x.dims();
        dims[D - self.event_rank..].fill(1);
        Tensor::zeros(dims, (&x.device().inner(), x.dtype()))
    }

    fn event_rank(&self) -> usize {
        self.event_rank
    }

    fn codomain(&self) -> Support {
        if self.event_rank == 0 { Support::Real } else { Support::RealVector }
    }

    fn image(&self, of: &Support) -> Support {
        *of
    }
}

/// `y = eˣ`, onto `(0, ∞)`.
#[derive(Clone, Copy, Debug)]
pub struct Exp;

impl<const D: usize> Bijector<D> for Exp {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        exp_positive(x)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.log()
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone()
    }

    fn codomain(&self) -> Support {
        Support::Positive
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, f64::exp)
    }
}

/// `y = 1/(1 + e⁻ˣ)`, onto `(0, 1)`.
#[derive(Clone, Copy, Debug)]
pub struct Sigmoid;

impl<const D: usize> Bijector<D> for Sigmoid {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        clamp_unit(logistic(x))
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.clone().log() - crate::special::log1p(y.neg())
    }

    /// `ln σ(x) + ln σ(−x)`.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone() - softplus(x.clone()).mul_scalar(2.0)
    }

    fn codomain(&self) -> Support {
        Support::UnitInterval
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| 1.0 / (1.0 + (-x).exp()))
    }
}

/// `y = loc + scale x`, `scale` not 0.
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    /// The image of 0.
    pub loc: f64,
    /// The slope.
    pub scale: f64,
}

impl<const D: usize> Bijector<D> for Affine {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        x.mul_scalar(self.scale).add_scalar(self.loc)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.sub_scalar(self.loc).mul_scalar(self.scale.recip())
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone().without_autodiff().full_like(self.scale.abs().ln())
    }

    fn is_decreasing(&self) -> bool {
        self.scale < 0.0
    }

    fn codomain(&self) -> Support {
        Support::Real
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| self.loc + self.scale * x)
    }
}

/// `y = low + (high − low)/(1 + e⁻ˣ)`, onto `(low, high)`.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl<const D: usize> Bijector<D> for Interval {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let (low, high) = (above(self.low, &x), below(self.high, &x));
        let y = logistic(x).mul_scalar(self.high - self.low).add_scalar(self.low);
        y.clamp(low, high)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.clone().sub_scalar(self.low).log() - y.neg().add_scalar(self.high).log()
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone().add_scalar((self.high - self.low).ln()) - softplus(x.clone()).mul_scalar(2.0)
    }

    fn codomain(&self) -> Support {
        Support::Interval(self.low, self.high)
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| self.low + (self.high - self.low) / (1.0 + (-x).exp()))
    }
}

/// `y = low + eˣ`, onto `(low, ∞)`.
#[derive(Clone, Copy, Debug)]
pub struct GreaterThan(pub f64);

impl<const D: usize> Bijector<D> for GreaterThan {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let (low, (_, huge, _)) = (above(self.0, &x), limits(x.dtype()));
        exp_positive(x).add_scalar(self.0).clamp(low, huge)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.sub_scalar(self.0).log()
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone()
    }

    fn codomain(&self) -> Support {
        Support::GreaterThan(self.0)
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| self.0 + x.exp())
    }
}

/// `y = high − eˣ`, onto `(−∞, high)`.
#[derive(Clone, Copy, Debug)]
pub struct LessThan(pub f64);

impl<const D: usize> Bijector<D> for LessThan {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let (high, (_, huge, _)) = (below(self.0, &x), limits(x.dtype()));
        exp_positive(x).neg().add_scalar(self.0).clamp(-huge, high)
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        y.neg().add_scalar(self.0).log()
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        x.clone()
    }

    fn is_decreasing(&self) -> bool {
        true
    }

    fn codomain(&self) -> Support {
        Support::LessThan(self.0)
    }

    fn image(&self, of: &Support) -> Support {
        monotone(of, |x| self.0 - x.exp())
    }
}

/// Vectors of `K − 1` real numbers onto the simplex of `K` probabilities.
///
/// With `sₖ = σ(xₖ − ln(K − k))`, `k = 1..K`: `yₖ = sₖ Πⱼ₍ⱼ﹤ₖ₎ (1 − sⱼ)` and the rest is `y_K`; `x = 0` is the uniform vector
/// (Stan Reference Manual, "Unit simplex").
#[derive(Clone, Copy, Debug)]
pub struct StickBreaking;

impl StickBreaking {
    /// `ln(K − k)` for `k = 1..K`, one for each element of the last dimension of `x`.
    fn offsets<const D: usize>(like: &Tensor<D>) -> Tensor<D> {
        let count = like.dims()[D - 1];
        let offsets: Vec<f64> = (1..=count).rev().map(|left| (left as f64).ln()).collect();
        let mut dims = [1; D];
        dims[D - 1] = count;
        Tensor::from_data(TensorData::new(offsets, dims), (&like.device().inner(), like.dtype()))
    }

    /// `zₖ = xₖ − ln(K − k)` and `ln(1 − sₖ)` with its running sum, `ln(1 − y₁ − … − yₖ)`.
    fn sticks<const D: usize>(x: &Tensor<D>) -> [Tensor<D>; 3] {
        let z = x.clone() - Self::offsets(x);
        let log_rest = softplus(z.clone()).neg();
        let log_left = log_rest.clone().cumsum(D - 1);
        [z, log_rest, log_left]
    }
}

impl<const D: usize> Bijector<D> for StickBreaking {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        let [z, _, log_left] = Self::sticks(&x);
        let mut dims = x.dims();
        dims[D - 1] = 1;
        // Stick k is what the ones before it left; the last piece is the whole of its stick.
        let ones = Tensor::ones(dims, (&x.device().inner(), x.dtype()));
        let left = Tensor::cat(vec![ones.clone(), log_left.exp()], D - 1);
        clamp_unit(left * Tensor::cat(vec![logistic(z), ones], D - 1))
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        let count = y.dims()[D - 1];
        // What is left after k, summed from the small end so that no digit cancels.
        let left = y.clone().flip([D - 1]).cumsum(D - 1).flip([D - 1]).narrow(D - 1, 1, count - 1);
        let x = y.narrow(D - 1, 0, count - 1).log() - left.log();
        let offsets = Self::offsets(&x);
        x + offsets
    }

    /// The matrix is triangular with diagonal `∂yₖ/∂xₖ = yₖ (1 − sₖ)`, and `ln yₖ = zₖ + ln(1 − y₁ − … − yₖ)`.
    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        let [z, log_rest, log_left] = Self::sticks(x);
        (z + log_left + log_rest).sum_dim(D - 1)
    }

    fn event_rank(&self) -> usize {
        1
    }

    fn domain(&self) -> Support {
        Support::RealVector
    }

    fn codomain(&self) -> Support {
        Support::Simplex
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        resized(constrained, |size| size.saturating_sub(1))
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        resized(unconstrained, |size| size + 1)
    }
}

/// One map after the other, the first applied first.
#[derive(Clone, Debug)]
pub struct Compose<const D: usize>(pub Vec<Rc<dyn Bijector<D>>>);

impl<const D: usize> Bijector<D> for Compose<D> {
    fn forward(&self, x: Tensor<D>) -> Tensor<D> {
        self.0.iter().fold(x, |x, part| part.forward(x))
    }

    fn inverse(&self, y: Tensor<D>) -> Tensor<D> {
        self.0.iter().rev().fold(y, |y, part| part.inverse(y))
    }

    fn log_abs_det_jacobian(&self, x: &Tensor<D>, _y: &Tensor<D>) -> Tensor<D> {
        let event_rank = self.event_rank();
        let start = Identity { event_rank }.log_abs_det_jacobian(x, x);
        let (_, sum) = self.0.iter().fold((x.clone(), start), |(x, sum), part| {
            let y = part.forward(x.clone());
            let term = part.log_abs_det_jacobian(&x, &y);
            let term = (D - event_rank..D - part.event_rank()).fold(term, |term, dim| term.sum_dim(dim));
            (y, sum + term)
        });
        sum
    }

    fn event_rank(&self) -> usize {
        self.0.iter().map(|part| part.event_rank()).max().unwrap_or(0)
    }

    fn is_decreasing(&self) -> bool {
        self.0.iter().filter(|part| part.is_decreasing()).count() % 2 == 1
    }

    fn domain(&self) -> Support {
        self.0.first().map_or(Support::Real, |part| part.domain())
    }

    fn codomain(&self) -> Support {
        let mut parts = self.0.iter();
        let first = parts.next().map_or(Support::Real, |part| part.codomain());
        parts.fold(first, |support, part| part.image(&support))
    }

    fn image(&self, of: &Support) -> Support {
        self.0.iter().fold(*of, |support, part| part.image(&support))
    }

    fn unconstrained_shape(&self, constrained: &[usize]) -> Vec<usize> {
        self.0.iter().rev().fold(constrained.to_vec(), |shape, part| part.unconstrained_shape(&shape))
    }

    fn constrained_shape(&self, unconstrained: &[usize]) -> Vec<usize> {
        self.0.iter().fold(unconstrained.to_vec(), |shape, part| part.constrained_shape(&shape))
    }
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

fn resized(shape: &[usize], size: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if let Some(last) = shape.last_mut() {
        *last = size(*last);
    }
    shape
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
