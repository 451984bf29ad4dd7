//! Pieces that several densities share.

use burn::tensor::activation::sigmoid;
use burn::tensor::kind::Basic;
use burn::tensor::{Bool, DType, Tensor};

use crate::compile::is_recorded;
use crate::noise::Noise;
use crate::operand::{Operand, Placement};
use crate::support::Support;

/// Minus infinity, and no gradient, where `outside` is true.
///
/// What stands there before must be finite and have finite derivatives: `0 · ∞` in the backward pass is NaN. Densities
/// therefore replace a value outside the support before they take its logarithm.
pub(crate) fn minus_infinity<const D: usize>(log_prob: Tensor<D>, outside: Tensor<D, Bool>) -> Tensor<D> {
    let dims = log_prob.dims();
    log_prob.mask_fill(spread(outside, dims), f64::NEG_INFINITY)
}

/// A log density over the real numbers, that of each element of `value`: minus infinity, and no gradient, where that is infinite.
///
/// Recorded densities that are minus infinity there by themselves go without that mask, here and in [`or_infinite`]: a step whose
/// ELBO is not finite is refused, whatever its gradient, and the mask is a quarter of the time of a step of eight schools.
pub(crate) fn on_the_reals<const D: usize>(value: &Tensor<D>, log_prob: impl FnOnce(Tensor<D>) -> Operand<D>) -> Tensor<D> {
    if is_recorded(&value.device()) {
        return log_prob(value.clone()).into_tensor();
    }
    let infinite = value.clone().is_inf();
    minus_infinity(log_prob(value.clone().mask_fill(infinite.clone(), 0.0)).into_tensor(), infinite)
}

/// `outside`, and where `value` is infinite, of a density that is minus infinity there by itself.
pub(crate) fn or_infinite<const D: usize>(value: &Tensor<D>, outside: Tensor<D, Bool>) -> Tensor<D, Bool> {
    if is_recorded(&value.device()) { outside } else { outside.bool_or(value.clone().equal_elem(f64::INFINITY)) }
}

/// Where `value` is negative or infinite.
pub(crate) fn not_from_zero<const D: usize>(value: &Tensor<D>) -> Tensor<D, Bool> {
    value.clone().lower_elem(0.0).bool_or(value.clone().equal_elem(f64::INFINITY))
}

/// Where `value` is not positive, or infinite.
pub(crate) fn not_positive<const D: usize>(value: &Tensor<D>) -> Tensor<D, Bool> {
    value.clone().lower_equal_elem(0.0).bool_or(value.clone().equal_elem(f64::INFINITY))
}

/// The tensor with the dimensions `dims`.
pub(crate) fn spread<const D: usize, K: Basic>(tensor: Tensor<D, K>, dims: [usize; D]) -> Tensor<D, K> {
    if tensor.dims() == dims { tensor } else { tensor.expand::<D, _>(dims) }
}

/// `ln x`, and minus infinity without a gradient at 0, where `0 · ∞` would make the gradient NaN.
pub(crate) fn log_or_nothing<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let zero = x.clone().equal_elem(0.0);
    x.mask_fill(zero.clone(), 1.0).log().mask_fill(zero, f64::NEG_INFINITY)
}

/// `ln(1 + eˣ)`, relative error of a few ulp at both ends.
///
/// Burn's own `softplus` switches to `x` at 20, an error of 2e-9 there; at 80 `ln(1 + eˣ) = x` to the last bit and `eˣ` is
/// still finite in single precision.
pub(crate) fn softplus<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    const LINEAR: f64 = 80.0;
    let linear = x.clone().greater_elem(LINEAR);
    crate::special::log1p(x.clone().mask_fill(linear.clone(), LINEAR).exp()).mask_where(linear, x)
}

/// `1/(1 + e⁻ˣ)`.
///
/// Burn's own operation computes in single precision on some backends whatever the type (ndarray in 0.22); in double
/// precision it is composed here.
pub(crate) fn logistic<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    match x.dtype() {
        DType::F64 => exp_positive(x.neg()).add_scalar(1.0).recip(),
        _ => sigmoid(x),
    }
}

/// `ln(1 + eˣ)` on the host.
pub(crate) fn softplus_scalar(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// The smallest normal number, the largest finite one and the largest below 1.
pub(crate) fn limits(dtype: DType) -> (f64, f64, f64) {
    match dtype {
        DType::F64 => (f64::MIN_POSITIVE, f64::MAX, 1.0 - f64::EPSILON / 2.0),
        _ => (f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX), 1.0 - f64::from(f32::EPSILON) / 2.0),
    }
}

/// `eˣ`, a positive finite number for every `x`.
///
/// Beyond the range of the floats the argument is cut off, not the result: the derivative of an infinite `eˣ` would make
/// the gradient NaN.
pub(crate) fn exp_positive<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let (low, high) = match x.dtype() {
        DType::F64 => (-708.3, 709.7),
        _ => (-87.3, 88.7),
    };
    x.clamp(low, high).exp()
}

/// A draw that was rounded to 0 or 1, moved to the nearest number between.
pub(crate) fn clamp_unit<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let (tiny, _, below_one) = limits(x.dtype());
    x.clamp(tiny, below_one)
}

/// The parameter as a tensor with one element for each element of `shape`.
pub(crate) fn full<const D: usize>(parameter: &Operand<D>, shape: [usize; D], noise: &Noise<'_>) -> Tensor<D> {
    spread(parameter.clone().tensor(noise.placement()), shape)
}

/// The parameter as a tensor, a number being placed beside `like`; it broadcasts against `like`.
pub(crate) fn beside<const D: usize>(parameter: &Operand<D>, like: &Tensor<D>) -> Tensor<D> {
    let to = Placement { device: like.device().inner(), dtype: like.dtype().into() };
    parameter.clone().tensor(&to)
}

/// The parameter that makes the larger terms where all are numbers, else any that is not one: what [`refine`] asks for.
///
/// [`refine`]: super::saddle_point::refine
pub(crate) fn largest<const D: usize, const N: usize>(parameters: [&Operand<D>; N]) -> Operand<D> {
    let mut largest = 0.0_f64;
    for parameter in parameters {
        match parameter {
            Operand::Number(x) => largest = largest.max(*x),
            other => return other.clone(),
        }
    }
    Operand::Number(largest)
}

/// `value` where `mask` is true.
pub(crate) fn where_true<const D: usize>(tensor: Tensor<D>, mask: Tensor<D, Bool>, value: f64) -> Tensor<D> {
    let dims = tensor.dims();
    tensor.mask_fill(spread(mask, dims), value)
}

/// `ln(x/scale)` for positive `x`, more accurate than a difference of two logarithms where the ratio is near 1.
///
/// A ratio beyond the range of the floats is the nearest of them.
pub(crate) fn log_ratio<const D: usize>(x: Tensor<D>, scale: &Operand<D>) -> Tensor<D> {
    let (tiny, largest, _) = limits(x.dtype());
    (Operand::Tensor(x) / scale.clone()).into_tensor().clamp(tiny, largest).log()
}

/// From where on [`log1p_square`] is twice a logarithm: a power of two whose square is a float.
pub(crate) fn far(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 2f64.powi(511),
        _ => 2f64.powi(63),
    }
}

/// `ln(1 + (x/scale)²)`, also where the square is beyond the floats: from [`far`] on it is `ln y² + 2 ln far`, `y = x/(far scale)`.
pub(crate) fn log1p_square<const D: usize>(x: Tensor<D>, scale: Operand<D>) -> Tensor<D> {
    let far = far(x.dtype());
    let over = (Operand::Tensor(x.clone().abs()) - scale.clone() * far).detach().into_tensor();
    let beyond = over.clone().greater_elem(0.0);
    // Divided before the quotient is taken, so that neither this nor its derivative in the scale is infinite; by factors and
    // terms without a gradient, which cost less than a choice between two branches.
    let shrink = over.ones_like().mask_fill(beyond.clone(), far.recip());
    let one = over.zeros_like().mask_fill(beyond, 1.0);
    let z = (Operand::Tensor(x * shrink) / scale).into_tensor();
    crate::special::log1p(z.square() - one.clone()) + one.mul_scalar(2.0 * far.ln())
}

/// A draw that was rounded to 0 or beyond the largest float, moved to the nearest positive number.
pub(crate) fn clamp_positive<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let (tiny, largest, _) = limits(x.dtype());
    x.clamp(tiny, largest)
}

/// `(low, ∞)` where the bound is a plain number, else an interval known only at run time.
pub(crate) fn support_above<const D: usize>(low: &Operand<D>) -> Support {
    match low {
        Operand::Number(low) => Support::GreaterThan(*low),
        _ => Support::Interval(f64::NEG_INFINITY, f64::INFINITY),
    }
}
