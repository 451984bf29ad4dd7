//! Special functions of tensors that Burn lacks, each one autodiff node, and of numbers in [`scalar`].

mod composed;
pub(crate) mod ops;

use burn::backend::Dispatch;
use burn::tensor::Tensor;
pub use vi_graph::special as scalar;

use ops::SpecialOps;

/// `x` itself, through which no gradient passes.
///
/// Unlike Burn's `detach` and `without_autodiff` it is part of a compiled step: the capture device, which has no autodiff,
/// records it.
pub fn detach<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::detach(x.into_dispatch()))
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
