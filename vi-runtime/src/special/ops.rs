//! The special functions as operations of a Burn backend: one autodiff node each, with a handwritten derivative.
//!
//! Flex runs them element by element through the host functions in double precision; the capture device records each as
//! one custom operation of the function's name; every other backend runs the composed form.

// The macro names the backends ndarray and tch, which Burn offers as deprecated.
#![cfg_attr(any(feature = "ndarray", feature = "tch"), allow(deprecated))]

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::ir::ScalarIr;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Capture, TensorMetadata, backend_extension};

use super::composed;
use crate::custom_op::record;

/// What the special functions need from a backend.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    LibTorch: cfg(feature = "tch"),
    Cube: cfg(feature = "wgpu"),
    Capture,
    Autodiff
)]
pub trait SpecialOps: Backend {
    /// `x` without its gradient.
    fn detach(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_detach(x)
    }
    /// `ln Γ(x)`.
    fn lgamma(x: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::lgamma::<Self>(x)
    }
    /// `ψ(x)`.
    fn digamma(x: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::digamma::<Self>(x)
    }
    /// `ψ'(x)`.
    fn trigamma(x: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::trigamma::<Self>(x)
    }
    /// `e^x − 1`.
    fn expm1(x: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::expm1::<Self>(x)
    }
    /// `ln(1 + x)`.
    fn log1p(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_log1p(x)
    }
    /// `ln B(a, b)`, shapes equal.
    fn log_beta(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::log_beta::<Self>(a, b)
    }
    /// The gradients of `log_beta` in `a` and `b` for the gradient `grad` of its result.
    fn log_beta_gradient(a: FloatTensor<Self>, b: FloatTensor<Self>, grad: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>) {
        composed::log_beta_gradient::<Self>(a, b, grad)
    }
    /// `x ln y`, shapes equal.
    fn xlogy(x: FloatTensor<Self>, y: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::xlogy::<Self>(x, y)
    }
    /// `ln Σ exp(x)` along `dim`, which stays with size 1.
    fn logsumexp(x: FloatTensor<Self>, dim: usize) -> FloatTensor<Self> {
        composed::logsumexp::<Self>(x, dim)
    }
}

#[cfg(feature = "ndarray")]
impl SpecialOps for burn::backend::NdArray {}

#[cfg(feature = "tch")]
impl SpecialOps for burn::backend::LibTorch {}

#[cfg(feature = "wgpu")]
impl SpecialOps for burn::backend::Cube {
    // WGSL has no log1p; Burn's is the logarithm of the rounded sum.
    fn log1p(x: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::log1p::<Self>(x)
    }
}

#[cfg(feature = "flex")]
mod flex {
    use burn::backend::Flex;
    use burn::backend::flex::FlexTensor;

    use super::{SpecialOps, composed};
    use crate::custom_op::flex::{map, read, write, zip};
    use crate::special::scalar;

    impl SpecialOps for Flex {
        fn lgamma(x: FlexTensor) -> FlexTensor {
            map(&x, scalar::lgamma).unwrap_or_else(|| composed::lgamma::<Self>(x))
        }

        fn digamma(x: FlexTensor) -> FlexTensor {
            map(&x, scalar::digamma).unwrap_or_else(|| composed::digamma::<Self>(x))
        }

        fn trigamma(x: FlexTensor) -> FlexTensor {
            map(&x, scalar::trigamma).unwrap_or_else(|| composed::trigamma::<Self>(x))
        }

        fn expm1(x: FlexTensor) -> FlexTensor {
            map(&x, f64::exp_m1).unwrap_or_else(|| composed::expm1::<Self>(x))
        }

        fn log_beta(a: FlexTensor, b: FlexTensor) -> FlexTensor {
            zip(&a, &b, scalar::log_beta).unwrap_or_else(|| composed::log_beta::<Self>(a, b))
        }

        fn log_beta_gradient(a: FlexTensor, b: FlexTensor, grad: FlexTensor) -> (FlexTensor, FlexTensor) {
            let (Some(left), Some(right), Some(upstream)) = (read(&a), read(&b), read(&grad)) else {
                return composed::log_beta_gradient::<Self>(a, b, grad);
            };
            let times_difference = |x: &[f64], y: &[f64]| {
                let values = upstream.iter().zip(x.iter().zip(y)).map(|(g, (&x, &y))| g * scalar::digamma_difference(x, y));
                write(values.collect(), a.layout().shape().clone(), a.dtype())
            };
            (times_difference(&left, &right), times_difference(&right, &left))
        }

        fn xlogy(x: FlexTensor, y: FlexTensor) -> FlexTensor {
            zip(&x, &y, scalar::xlogy).unwrap_or_else(|| composed::xlogy::<Self>(x, y))
        }

        fn logsumexp(x: FlexTensor, dim: usize) -> FlexTensor {
            let Some(values) = read(&x) else {
                return composed::logsumexp::<Self>(x, dim);
            };
            let mut shape = x.layout().shape().clone();
            let count = shape[dim];
            let stride: usize = shape.as_slice()[dim + 1..].iter().product();
            shape[dim] = 1;
            let totals = (0..shape.num_elements())
                .map(|row| {
                    let start = row / stride * stride * count + row % stride;
                    scalar::logsumexp((0..count).map(|i| values[start + i * stride]))
                })
                .collect();
            write(totals, shape, x.dtype())
        }
    }
}

impl SpecialOps for Capture {
    fn detach(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.shape();
        record("detach", [x], shape, vec![])
    }

    fn lgamma(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.shape();
        record("lgamma", [x], shape, vec![])
    }

    fn digamma(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.shape();
        record("digamma", [x], shape, vec![])
    }

    fn trigamma(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.shape();
        record("trigamma", [x], shape, vec![])
    }

    fn expm1(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.shape();
        record("expm1", [x], shape, vec![])
    }

    fn log_beta(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = a.shape();
        record("log_beta", [a, b], shape, vec![])
    }

    fn xlogy(x: FloatTensor<Self>, y: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = x.shape();
        record("xlogy", [x, y], shape, vec![])
    }

    fn logsumexp(x: FloatTensor<Self>, dim: usize) -> FloatTensor<Self> {
        let mut shape = x.shape();
        shape[dim] = 1;
        record("logsumexp", [x], shape, vec![ScalarIr::UInt(dim as u64)])
    }
}

/// The autodiff form of a function of one tensor whose derivative is a function of the same tensor.
macro_rules! differentiable {
    ($(fn $name:ident, node $node:ident, derivative $derivative:expr;)*) => {
        $(
            #[derive(Debug)]
            struct $node;

            impl<B: SpecialOps> Backward<B, 1> for $node {
                type State = FloatTensor<B>;

                fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                    let derivative = $derivative;
                    unary::<B, _>(ops.parents, ops.node, grads, |grad| B::float_mul(grad, derivative(ops.state)));
                }
            }
        )*

        impl<B: SpecialOps, C: CheckpointStrategy> SpecialOps for Autodiff<B, C> {
            $(
                fn $name(x: FloatTensor<Self>) -> FloatTensor<Self> {
                    match $node.prepare::<C>([x.node()]).compute_bound().stateful() {
                        OpsKind::Tracked(preparation) => {
                            let x = x.into_primitive();
                            preparation.finish(x.clone(), B::$name(x))
                        }
                        OpsKind::UnTracked(preparation) => preparation.finish(B::$name(x.into_primitive())),
                    }
                }
            )*

            fn log_beta(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
                match LogBeta.prepare::<C>([a.node(), b.node()]).compute_bound().stateful() {
                    OpsKind::Tracked(preparation) => {
                        let (a, b) = (a.into_primitive(), b.into_primitive());
                        preparation.finish((a.clone(), b.clone()), B::log_beta(a, b))
                    }
                    OpsKind::UnTracked(preparation) => preparation.finish(B::log_beta(a.into_primitive(), b.into_primitive())),
                }
            }

            fn xlogy(x: FloatTensor<Self>, y: FloatTensor<Self>) -> FloatTensor<Self> {
                match XLogY.prepare::<C>([x.node(), y.node()]).compute_bound().stateful() {
                    OpsKind::Tracked(preparation) => {
                        let (x, y) = (x.into_primitive(), y.into_primitive());
                        preparation.finish((x.clone(), y.clone()), B::xlogy(x, y))
                    }
                    OpsKind::UnTracked(preparation) => preparation.finish(B::xlogy(x.into_primitive(), y.into_primitive())),
                }
            }

            fn logsumexp(x: FloatTensor<Self>, dim: usize) -> FloatTensor<Self> {
                match LogSumExp.prepare::<C>([x.node()]).compute_bound().stateful() {
                    OpsKind::Tracked(preparation) => {
                        let x = x.into_primitive();
                        let total = B::logsumexp(x.clone(), dim);
                        preparation.finish((x, total.clone()), total)
                    }
                    OpsKind::UnTracked(preparation) => preparation.finish(B::logsumexp(x.into_primitive(), dim)),
                }
            }
        }
    };
}

differentiable! {
    fn lgamma, node Lgamma, derivative B::digamma;
    fn digamma, node Digamma, derivative B::trigamma;
    fn expm1, node ExpM1, derivative B::float_exp;
    fn log1p, node Log1p, derivative |x| B::float_recip(B::float_add_scalar(x, 1.0.into()));
}

#[derive(Debug)]
struct LogBeta;

impl<B: SpecialOps> Backward<B, 2> for LogBeta {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let parents = ops.parents.map(|parent| parent.map(|node| node.id));
        let grad = grads.consume::<B>(&ops.node);
        let (a, b) = ops.state;
        register_both::<B>(parents, grads, B::log_beta_gradient(a, b, grad));
    }
}

#[derive(Debug)]
struct XLogY;

impl<B: SpecialOps> Backward<B, 2> for XLogY {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let parents = ops.parents.map(|parent| parent.map(|node| node.id));
        let grad = grads.consume::<B>(&ops.node);
        let (x, y) = ops.state;
        register_both::<B>(parents, grads, composed::xlogy_gradient::<B>(x, y, grad));
    }
}

fn register_both<B: Backend>(parents: [Option<NodeId>; 2], grads: &mut Gradients, values: (FloatTensor<B>, FloatTensor<B>)) {
    let [left, right] = parents;
    if let Some(id) = left {
        grads.register::<B>(id, values.0);
    }
    if let Some(id) = right {
        grads.register::<B>(id, values.1);
    }
}

#[derive(Debug)]
struct LogSumExp;

impl<B: SpecialOps> Backward<B, 1> for LogSumExp {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (x, total) = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |grad| B::float_mul(grad, composed::softmax_of::<B>(x, total)));
    }
}
