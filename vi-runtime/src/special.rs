//! Special functions of tensors that Burn lacks, each one autodiff node, and of numbers in [`scalar`].
//!
//! Those of numbers have relative errors below 1e-13, from the smallest arguments to the far tails, and their derivatives below
//! 1e-12; Flex and compiled programs compute with them and round once. What other backends compose has the precision of its
//! tensors for the gamma functions, and relative errors up to 2e-5 for the distribution and Bessel functions.

mod bessel;
mod composed;
mod incomplete;
mod normal;
pub(crate) mod ops;
pub(crate) mod probability;
mod value;

use burn::backend::Dispatch;
use burn::tensor::kind::Kind;
use burn::tensor::{Float, Tensor};
pub use vi_graph::special as scalar;

use crate::any_tensor::{AnyTensor, each_rank};

use ops::SpecialOps;
use probability::ProbabilityOps;

/// `x` itself, through which no gradient passes.
///
/// Unlike Burn's `detach` and `without_autodiff` it is part of a compiled step: the capture device, which has no autodiff,
/// records it.
pub fn detach<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::detach(x.into_dispatch()))
}

/// The same for a tensor whose rank is known at run time; through integers no gradient passes anyway.
pub(crate) fn detach_any(x: &AnyTensor) -> AnyTensor {
    if x.kind() != Kind::Float {
        return x.clone();
    }
    each_rank!(x.rank(), D => x.typed::<D, Float>("a float tensor").map_or_else(|_| x.clone(), |x| detach(x).into()))
}

/// `ln Γ(x)` of each element; infinite at 0, NaN below.
///
/// Its gradient is [`digamma`].
pub fn lgamma<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::lgamma(x.into_dispatch()))
}

/// `ψ(x) = d ln Γ(x)/dx` of each element; minus infinity at 0, NaN below.
///
/// Its gradient is [`trigamma`].
pub fn digamma<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::digamma(x.into_dispatch()))
}

/// `ψ'(x)` of each element `x > 0`.
pub fn trigamma<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::trigamma(x.into_dispatch()))
}

/// `ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b)` of each pair.
///
/// More accurate than the three terms where `a` and `b` differ much in size or both are large: in single precision
/// `ln Γ(10⁶)` alone is uncertain by 1.
///
/// # Shapes
/// `a` and `b` broadcast.
pub fn log_beta<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    let (a, b) = broadcast(a, b);
    Tensor::from_dispatch(Dispatch::log_beta(a.into_dispatch(), b.into_dispatch()))
}

/// `x ln y` of each pair, and 0 where `x = 0` whatever `y` is.
///
/// Its gradients are `ln y` and `x/y`; where `x = 0` and `y` is not a positive finite number, both are 0.
///
/// # Shapes
/// `x` and `y` broadcast.
pub fn xlogy<const D: usize>(x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
    let (x, y) = broadcast(x, y);
    Tensor::from_dispatch(Dispatch::xlogy(x.into_dispatch(), y.into_dispatch()))
}

/// `ln(1 + x)` of each element, accurate around 0 on every backend.
///
/// Its gradient is `1/(1 + x)`.
pub fn log1p<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::log1p(x.into_dispatch()))
}

/// `e^x − 1` of each element, accurate around 0.
pub fn expm1<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::expm1(x.into_dispatch()))
}

/// `ln Σ exp(x)` along `dim`, without overflow; a row of minus infinities gives minus infinity with gradient 0.
///
/// Its gradient is the softmax.
///
/// # Shapes
/// The dimension stays with size 1.
pub fn logsumexp<const D: usize>(x: Tensor<D>, dim: usize) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::logsumexp(x.into_dispatch(), dim))
}

/// `erf(x) = 2/√π ∫₀ˣ e^{−t²} dt` of each element.
pub fn erf<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::erf(x.into_dispatch()))
}

/// `1 − erf(x)` of each element, relatively accurate down to the smallest numbers.
pub fn erfc<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::erfc(x.into_dispatch()))
}

/// The `y` with `erf(y) = x` of each element; infinite at ±1, NaN beyond.
pub fn erfinv<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::erfinv(x.into_dispatch()))
}

/// `Φ(x)` of each element, the normal distribution function, relatively accurate in its lower tail.
pub fn ndtr<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::ndtr(x.into_dispatch()))
}

/// `ln Φ(x)` of each element, accurate in both tails.
///
/// Its gradient is `φ(x)/Φ(x)`.
pub fn log_ndtr<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::log_ndtr(x.into_dispatch()))
}

/// The quantile of the normal distribution: the `y` with `Φ(y) = x` of each element; infinite at 0 and 1, NaN beyond.
pub fn ndtri<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::ndtri(x.into_dispatch()))
}

/// `ln(1 − e^{−x})` of each element: minus infinity at 0, NaN below.
///
/// Its gradient is `1/(e^x − 1)`.
pub fn log1mexp<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::log1mexp(x.into_dispatch()))
}

/// `e^{−|x|} I₀(x)` of each element, the scaled modified Bessel function of order 0.
///
/// Its gradient is a difference whose relative error grows as `|x|`; that of [`log_i0`] is a ratio and does not.
pub fn i0e<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::i0e(x.into_dispatch()))
}

/// `e^{−|x|} I₁(x)` of each element, the scaled modified Bessel function of order 1.
pub fn i1e<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::i1e(x.into_dispatch()))
}

/// `ln I₀(x)` of each element.
///
/// Its gradient is `I₁(x)/I₀(x)`.
pub fn log_i0<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::log_i0(x.into_dispatch()))
}

/// The regularised lower incomplete gamma function `P(a, x) = ∫₀ˣ t^{a−1} e^{−t} dt/Γ(a)` of each pair; NaN outside `a > 0`, `x ≥ 0`.
///
/// Differentiable in both arguments.
///
/// # Shapes
/// `a` and `x` broadcast.
pub fn gamma_p<const D: usize>(a: Tensor<D>, x: Tensor<D>) -> Tensor<D> {
    let (a, x) = broadcast(a, x);
    Tensor::from_dispatch(Dispatch::gamma_p(a.into_dispatch(), x.into_dispatch()))
}

/// `Q(a, x) = 1 − P(a, x)` of each pair, relatively accurate in its tail; see [`gamma_p`].
///
/// # Shapes
/// `a` and `x` broadcast.
pub fn gamma_q<const D: usize>(a: Tensor<D>, x: Tensor<D>) -> Tensor<D> {
    let (a, x) = broadcast(a, x);
    Tensor::from_dispatch(Dispatch::gamma_q(a.into_dispatch(), x.into_dispatch()))
}

/// The regularised incomplete beta function `I_x(a, b) = ∫₀ˣ t^{a−1} (1 − t)^{b−1} dt/B(a, b)` of each triple; NaN outside
/// `a, b > 0`, `0 ≤ x ≤ 1`.
///
/// Relatively accurate in its lower tail; the upper one is `I_{1−x}(b, a)`. Differentiable in all three arguments.
///
/// # Shapes
/// `a`, `b` and `x` broadcast.
pub fn beta_inc<const D: usize>(a: Tensor<D>, b: Tensor<D>, x: Tensor<D>) -> Tensor<D> {
    let (a, b) = broadcast(a, b);
    let (a, x) = broadcast(a, x);
    let (b, x) = broadcast(b, x);
    Tensor::from_dispatch(Dispatch::beta_inc(a.into_dispatch(), b.into_dispatch(), x.into_dispatch()))
}

/// Expands dimensions of size 1; other differences are left to Burn's own check.
fn broadcast<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> (Tensor<D>, Tensor<D>) {
    let (left, right) = (a.dims(), b.dims());
    if left == right {
        return (a, b);
    }
    let shape: [usize; D] = std::array::from_fn(|i| left[i].max(right[i]));
    (a.expand(shape), b.expand(shape))
}

#[cfg(all(test, feature = "flex"))]
mod tests;
