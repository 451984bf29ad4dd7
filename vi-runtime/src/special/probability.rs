//! The functions of distribution functions as operations of a Burn backend, with handwritten derivatives: normal, incomplete
//! gamma and beta, Bessel.
//!
//! Which backend runs what is as for [`SpecialOps`](super::ops::SpecialOps).

#![cfg_attr(any(feature = "ndarray", feature = "tch"), allow(deprecated))]

use std::f64::consts::{FRAC_2_SQRT_PI, TAU};

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Capture, TensorMetadata, backend_extension};

use super::{bessel, incomplete, normal};
#[cfg(feature = "flex")]
use crate::custom_op::flex;
#[cfg(any(feature = "ndarray", feature = "tch"))]
use crate::custom_op::host;
use crate::custom_op::record;
#[cfg(any(feature = "flex", feature = "ndarray", feature = "tch"))]
use crate::special::scalar;

/// What the distribution functions need from a backend; operands of several have equal shapes.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    LibTorch: cfg(feature = "tch"),
    Cube: cfg(feature = "wgpu"),
    Capture,
    Autodiff
)]
pub trait ProbabilityOps: Backend {
    /// `erf(x)`.
    fn erf(x: FloatTensor<Self>) -> FloatTensor<Self> {
        normal::erf::<Self>(x)
    }
    /// `1 − erf(x)`.
    fn erfc(x: FloatTensor<Self>) -> FloatTensor<Self> {
        normal::erfc::<Self>(x)
    }
    /// The inverse of `erf`.
    fn erfinv(x: FloatTensor<Self>) -> FloatTensor<Self> {
        normal::erfinv::<Self>(x)
    }
    /// `Φ(x)`.
    fn ndtr(x: FloatTensor<Self>) -> FloatTensor<Self> {
        normal::ndtr::<Self>(x)
    }
    /// `ln Φ(x)`.
    fn log_ndtr(x: FloatTensor<Self>) -> FloatTensor<Self> {
        normal::log_ndtr::<Self>(x)
    }
    /// `φ(x)/Φ(x)`.
    fn ndtr_ratio(x: FloatTensor<Self>) -> FloatTensor<Self> {
        normal::ndtr_ratio::<Self>(x)
    }
    /// The inverse of `Φ`.
    fn ndtri(x: FloatTensor<Self>) -> FloatTensor<Self> {
        normal::ndtri::<Self>(x)
    }
    /// `ln(1 − e^{−x})`.
    fn log1mexp(x: FloatTensor<Self>) -> FloatTensor<Self> {
        normal::log1mexp::<Self>(x)
    }
    /// `1/(e^x − 1)`, the derivative of `log1mexp`.
    fn expm1_recip(x: FloatTensor<Self>) -> FloatTensor<Self> {
        normal::expm1_recip::<Self>(x)
    }
    /// `e^{−|x|} I₀(x)`.
    fn i0e(x: FloatTensor<Self>) -> FloatTensor<Self> {
        bessel::i0e::<Self>(x)
    }
    /// `e^{−|x|} I₁(x)`.
    fn i1e(x: FloatTensor<Self>) -> FloatTensor<Self> {
        bessel::i1e::<Self>(x)
    }
    /// `ln I₀(x)`.
    fn log_i0(x: FloatTensor<Self>) -> FloatTensor<Self> {
        bessel::log_i0::<Self>(x)
    }
    /// `P(a, x)`.
    fn gamma_p(a: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        incomplete::gamma_p::<Self>(a, x)
    }
    /// `Q(a, x)`.
    fn gamma_q(a: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        incomplete::gamma_q::<Self>(a, x)
    }
    /// `∂P(a, x)/∂x`.
    fn gamma_density(a: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        incomplete::gamma_density::<Self>(a, x)
    }
    /// `∂P(a, x)/∂a`.
    fn gamma_p_in_shape(a: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        incomplete::gamma_p_in_shape::<Self>(a, x)
    }
    /// `I_x(a, b)`.
    fn beta_inc(a: FloatTensor<Self>, b: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        incomplete::beta_inc::<Self>(a, b, x)
    }
    /// `∂I_x(a, b)/∂x`.
    fn beta_density(a: FloatTensor<Self>, b: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        incomplete::beta_density::<Self>(a, b, x)
    }
    /// `∂I_x(a, b)/∂a`.
    fn beta_inc_in_a(a: FloatTensor<Self>, b: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        incomplete::beta_inc_in_a::<Self>(a, b, x)
    }
    /// `∂I_x(a, b)/∂b`.
    fn beta_inc_in_b(a: FloatTensor<Self>, b: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        incomplete::beta_inc_in_b::<Self>(a, b, x)
    }
}

#[cfg(feature = "wgpu")]
impl ProbabilityOps for burn::backend::Cube {}

/// The functions of a backend on the processor: the host's, in double precision of which single is rounded once, and the composed
/// forms for other types. `kernels` is the module with `map` and the like, followed by their type arguments.
#[cfg(any(feature = "flex", feature = "ndarray", feature = "tch"))]
macro_rules! on_host {
    ($backend:ty, $kernels:ident, $of:tt) => {
        on_host! { @ $backend, $kernels, $of;
        map {
            fn erf(x) = scalar::erf, normal::erf;
            fn erfc(x) = scalar::erfc, normal::erfc;
            fn erfinv(x) = scalar::erfinv, normal::erfinv;
            fn ndtr(x) = scalar::ndtr, normal::ndtr;
            fn log_ndtr(x) = scalar::log_ndtr, normal::log_ndtr;
            fn ndtr_ratio(x) = scalar::ndtr_ratio, normal::ndtr_ratio;
            fn ndtri(x) = scalar::ndtri, normal::ndtri;
            fn log1mexp(x) = scalar::log1mexp, normal::log1mexp;
            fn expm1_recip(x) = expm1_recip, normal::expm1_recip;
            fn i0e(x) = scalar::i0e, bessel::i0e;
            fn i1e(x) = scalar::i1e, bessel::i1e;
            fn log_i0(x) = scalar::log_i0, bessel::log_i0;
        }
        zip {
            fn gamma_p(a, x) = scalar::gamma_p, incomplete::gamma_p;
            fn gamma_q(a, x) = scalar::gamma_q, incomplete::gamma_q;
            fn gamma_density(a, x) = scalar::gamma_density, incomplete::gamma_density;
            fn gamma_p_in_shape(a, x) = scalar::gamma_p_in_shape, incomplete::gamma_p_in_shape;
        }
        zip_three {
            fn beta_inc(a, b, x) = scalar::beta_inc, incomplete::beta_inc;
            fn beta_density(a, b, x) = scalar::beta_density, incomplete::beta_density;
            fn beta_inc_in_a(a, b, x) = scalar::beta_inc_in_a, incomplete::beta_inc_in_a;
            fn beta_inc_in_b(a, b, x) = scalar::beta_inc_in_b, incomplete::beta_inc_in_b;
        }

        }
    };
    (@ $backend:ty, $kernels:ident, $of:tt; $($kernel:ident { $(fn $name:ident($($x:ident),*) = $scalar:path, $form:ident::$composed:ident;)* })*) => {
        impl ProbabilityOps for $backend {
            $($(
                fn $name($($x: FloatTensor<Self>),*) -> FloatTensor<Self> {
                    on_host!(@call $kernels, $kernel, $of, ($(&$x,)* $scalar)).unwrap_or_else(|| $form::$composed::<Self>($($x),*))
                }
            )*)*
        }
    };
    (@call $kernels:ident, $kernel:ident, [$($of:tt)*], ($($operand:expr),*)) => { $kernels::$kernel$($of)*($($operand),*) };
}

#[cfg(feature = "flex")]
on_host!(burn::backend::Flex, flex, []);
#[cfg(feature = "ndarray")]
on_host!(burn::backend::NdArray, host, [::<Self>]);
#[cfg(feature = "tch")]
on_host!(burn::backend::LibTorch, host, [::<Self>]);

#[cfg(any(feature = "flex", feature = "ndarray", feature = "tch"))]
fn expm1_recip(x: f64) -> f64 {
    x.exp_m1().recip()
}

/// One custom operation of the function's name each.
macro_rules! recorded {
    ($(fn $name:ident($first:ident $(, $rest:ident)*);)*) => {
        impl ProbabilityOps for Capture {
            $(
                fn $name($first: FloatTensor<Self> $(, $rest: FloatTensor<Self>)*) -> FloatTensor<Self> {
                    let shape = $first.shape();
                    record(stringify!($name), [$first $(, $rest)*], shape, vec![])
                }
            )*
        }
    };
}

recorded! {
    fn erf(x);
    fn erfc(x);
    fn erfinv(x);
    fn ndtr(x);
    fn log_ndtr(x);
    fn ndtri(x);
    fn log1mexp(x);
    fn i0e(x);
    fn i1e(x);
    fn log_i0(x);
    fn gamma_p(a, x);
    fn gamma_q(a, x);
    fn beta_inc(a, b, x);
}

/// The autodiff form of functions of one tensor, whose derivative is a function of that tensor or, where it says so, of the result;
/// and of functions of several with a derivative in each.
macro_rules! differentiable {
    (
        of x { $(fn $name:ident, node $node:ident, derivative $derivative:expr;)* }
        of out { $(fn $inverse:ident, node $inverse_node:ident, derivative $of_out:expr;)* }
        of several { $(fn $many:ident($($x:ident),*), node $many_node:ident, count $count:literal, slopes [$($slope:expr),*];)* }
    ) => {
        $(
            #[derive(Debug)]
            struct $node;

            impl<B: ProbabilityOps> Backward<B, 1> for $node {
                type State = FloatTensor<B>;

                fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                    let derivative = $derivative;
                    unary::<B, _>(ops.parents, ops.node, grads, |grad| B::float_mul(grad, derivative(ops.state)));
                }
            }
        )*
        $(
            #[derive(Debug)]
            struct $inverse_node;

            impl<B: ProbabilityOps> Backward<B, 1> for $inverse_node {
                type State = FloatTensor<B>;

                fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                    let derivative = $of_out;
                    unary::<B, _>(ops.parents, ops.node, grads, |grad| B::float_mul(grad, derivative(ops.state)));
                }
            }
        )*
        $(
            #[derive(Debug)]
            struct $many_node;

            impl<B: ProbabilityOps> Backward<B, $count> for $many_node {
                type State = [FloatTensor<B>; $count];

                fn backward(self, ops: Ops<Self::State, $count>, grads: &mut Gradients, _: &mut Checkpointer) {
                    let parents = ops.parents.map(|parent| parent.map(|node| node.id));
                    let grad = grads.consume::<B>(&ops.node);
                    let mut parents = parents.into_iter();
                    $(
                        if let Some(id) = parents.next().flatten() {
                            let slope: fn([FloatTensor<B>; $count]) -> FloatTensor<B> = $slope;
                            grads.register::<B>(id, B::float_mul(grad.clone(), slope(ops.state.clone())));
                        }
                    )*
                }
            }
        )*

        impl<B: ProbabilityOps, C: CheckpointStrategy> ProbabilityOps for Autodiff<B, C> {
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
            $(
                fn $inverse(x: FloatTensor<Self>) -> FloatTensor<Self> {
                    match $inverse_node.prepare::<C>([x.node()]).compute_bound().stateful() {
                        OpsKind::Tracked(preparation) => {
                            let out = B::$inverse(x.into_primitive());
                            preparation.finish(out.clone(), out)
                        }
                        OpsKind::UnTracked(preparation) => preparation.finish(B::$inverse(x.into_primitive())),
                    }
                }
            )*
            $(
                fn $many($($x: FloatTensor<Self>),*) -> FloatTensor<Self> {
                    match $many_node.prepare::<C>([$($x.node()),*]).compute_bound().stateful() {
                        OpsKind::Tracked(preparation) => {
                            $(let $x = $x.into_primitive();)*
                            preparation.finish([$($x.clone()),*], B::$many($($x),*))
                        }
                        OpsKind::UnTracked(preparation) => preparation.finish(B::$many($($x.into_primitive()),*)),
                    }
                }
            )*
        }
    };
}

differentiable! {
    of x {
        fn erf, node Erf, derivative |x| gaussian::<B>(x, -1.0, FRAC_2_SQRT_PI);
        fn erfc, node Erfc, derivative |x| gaussian::<B>(x, -1.0, -FRAC_2_SQRT_PI);
        fn ndtr, node Ndtr, derivative |x| gaussian::<B>(x, -0.5, TAU.sqrt().recip());
        fn log_ndtr, node LogNdtr, derivative B::ndtr_ratio;
        fn log1mexp, node Log1mexp, derivative B::expm1_recip;
        fn i0e, node I0e, derivative |x: FloatTensor<B>| {
            let scaling = B::float_mul(B::float_sign(x.clone()), B::i0e(x.clone()));
            B::float_sub(B::i1e(x), scaling)
        };
        fn i1e, node I1e, derivative bessel::i1e_slope::<B>;
        fn log_i0, node LogI0, derivative |x: FloatTensor<B>| B::float_div(B::i1e(x.clone()), B::i0e(x));
    }
    of out {
        fn erfinv, node Erfinv, derivative |out| gaussian::<B>(out, 1.0, 1.0 / FRAC_2_SQRT_PI);
        fn ndtri, node Ndtri, derivative |out| gaussian::<B>(out, 0.5, TAU.sqrt());
    }
    of several {
        fn gamma_p(a, x), node GammaP, count 2, slopes [|[a, x]| B::gamma_p_in_shape(a, x), |[a, x]| B::gamma_density(a, x)];
        fn gamma_q(a, x), node GammaQ, count 2, slopes [
            |[a, x]| B::float_neg(B::gamma_p_in_shape(a, x)),
            |[a, x]| B::float_neg(B::gamma_density(a, x))
        ];
        fn beta_inc(a, b, x), node BetaInc, count 3, slopes [
            |[a, b, x]| B::beta_inc_in_a(a, b, x),
            |[a, b, x]| B::beta_inc_in_b(a, b, x),
            |[a, b, x]| B::beta_density(a, b, x)
        ];
    }
}

/// `scale e^{c x²}`
fn gaussian<B: Backend>(x: FloatTensor<B>, c: f64, scale: f64) -> FloatTensor<B> {
    let exponent = B::float_mul_scalar(B::float_mul(x.clone(), x), c.into());
    B::float_mul_scalar(B::float_exp(exponent), scale.into())
}
