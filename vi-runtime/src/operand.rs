//! A distribution's parameter: a number, numbers from the host, or a tensor, and arithmetic that keeps numbers numbers.
//!
//! `Normal::new(0.0, 5.0)` holds two `f64`; its density then costs tensor operations with scalars only, and
//! `log 5` is computed once on the host in double precision.

use std::ops::{Add, Div, Mul, Neg, Sub};

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

use crate::any_tensor::AnyTensor;

/// Where the tensors of a run live and in which precision.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The device, without autodiff.
    pub device: Device,
    /// The type of float tensors.
    pub dtype: FloatDType,
}

/// The CPU device of this build, single precision.
impl Default for Placement {
    fn default() -> Self {
        Placement { device: crate::device::default(), dtype: FloatDType::F32 }
    }
}

/// One parameter of a distribution of rank `D`.
#[allow(clippy::large_enum_variant, reason = "a Burn tensor is 256 bytes by value; a box would cost an allocation each time")]
#[derive(Clone, Debug)]
pub enum Operand<const D: usize> {
    /// A number; broadcasts against everything.
    Number(f64),
    /// Numbers written in the program, not yet on a device: row-major elements and shape.
    Host(Vec<f64>, [usize; D]),
    /// A tensor.
    Tensor(Tensor<D>),
}

impl<const D: usize> Operand<D> {
    /// The shape, a number counting as all ones.
    pub fn dims(&self) -> [usize; D] {
        match self {
            Operand::Number(_) => [1; D],
            Operand::Host(_, dims) => *dims,
            Operand::Tensor(tensor) => tensor.dims(),
        }
    }

    /// Host numbers become a tensor; numbers and tensors stay.
    #[must_use]
    pub fn place(self, to: &Placement) -> Self {
        match self {
            Operand::Host(values, dims) => Operand::Tensor(host_tensor(values, dims, &to.device, to.dtype.into())),
            other => other,
        }
    }

    /// As a tensor: numbers become shape `[1; D]`.
    pub fn tensor(self, to: &Placement) -> Tensor<D> {
        match self {
            Operand::Number(x) => host_tensor(vec![x], [1; D], &to.device, to.dtype.into()),
            Operand::Host(values, dims) => host_tensor(values, dims, &to.device, to.dtype.into()),
            Operand::Tensor(tensor) => tensor,
        }
    }

    /// The same parameter with more dimensions in front.
    #[must_use]
    pub fn lift<const E: usize>(self) -> Operand<E> {
        match self {
            Operand::Number(x) => Operand::Number(x),
            Operand::Host(values, dims) => Operand::Host(values, lift_dims(dims)),
            Operand::Tensor(tensor) if D == E => Operand::Tensor(Tensor::from_bridge(tensor.into_bridge())),
            Operand::Tensor(tensor) => {
                let dims: [usize; E] = lift_dims(tensor.dims());
                Operand::Tensor(tensor.reshape(dims))
            }
        }
    }

    /// Applies `number` or `tensor`, whichever fits.
    #[must_use]
    pub fn map(self, number: impl Fn(f64) -> f64, tensor: impl FnOnce(Tensor<D>) -> Tensor<D>) -> Self {
        match self {
            Operand::Number(x) => Operand::Number(number(x)),
            Operand::Host(values, dims) => Operand::Host(values.into_iter().map(number).collect(), dims),
            Operand::Tensor(t) => Operand::Tensor(tensor(t)),
        }
    }

    /// Natural logarithm.
    #[must_use]
    pub fn ln(self) -> Self {
        self.map(f64::ln, Tensor::log)
    }

    /// Exponential.
    #[must_use]
    pub fn exp(self) -> Self {
        self.map(f64::exp, Tensor::exp)
    }

    /// `x²`.
    #[must_use]
    pub fn square(self) -> Self {
        self.map(|x| x * x, Tensor::<D>::square)
    }

    /// `1/x`.
    #[must_use]
    pub fn recip(self) -> Self {
        self.map(f64::recip, Tensor::recip)
    }

    /// Square root.
    #[must_use]
    pub fn sqrt(self) -> Self {
        self.map(f64::sqrt, Tensor::sqrt)
    }

    /// `ln(1 + x)`.
    #[must_use]
    pub fn ln_1p(self) -> Self {
        self.map(f64::ln_1p, crate::special::log1p)
    }

    /// Without autodiff tracking.
    #[must_use]
    pub fn detach(self) -> Self {
        self.map(|x| x, Tensor::detach)
    }

    /// The value for a check or a message.
    pub fn any(&self) -> AnyOperand {
        match self {
            Operand::Number(x) => AnyOperand::Host(vec![*x]),
            Operand::Host(values, _) => AnyOperand::Host(values.clone()),
            Operand::Tensor(tensor) => AnyOperand::Tensor(tensor.into()),
        }
    }

    /// The tensor inside, or `like`-placed numbers broadcast to nothing more than `[1; D]`.
    fn beside(self, like: &Tensor<D>) -> Tensor<D> {
        match self {
            Operand::Number(x) => host_tensor(vec![x], [1; D], &like.device().inner(), like.dtype()),
            Operand::Host(values, dims) => host_tensor(values, dims, &like.device().inner(), like.dtype()),
            Operand::Tensor(tensor) => tensor,
        }
    }

    /// As a tensor where the context makes clear that one is inside: the result of arithmetic with a tensor.
    ///
    /// Numbers alone land on Burn's default device in single precision; [`tensor`](Self::tensor) places them.
    pub fn into_tensor(self) -> Tensor<D> {
        match self {
            Operand::Tensor(tensor) => tensor,
            Operand::Number(x) => host_tensor(vec![x], [1; D], &Device::default(), DType::F32),
            Operand::Host(values, dims) => host_tensor(values, dims, &Device::default(), DType::F32),
        }
    }
}

/// A parameter of any rank.
#[allow(clippy::large_enum_variant, reason = "a Burn tensor is 256 bytes by value; a box would cost an allocation each time")]
#[derive(Clone, Debug)]
pub enum AnyOperand {
    /// Numbers on the host.
    Host(Vec<f64>),
    /// A tensor.
    Tensor(AnyTensor),
}

fn host_tensor<const D: usize>(values: Vec<f64>, dims: [usize; D], device: &Device, dtype: DType) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, dims), (device, dtype))
}

fn lift_dims<const D: usize, const E: usize>(dims: [usize; D]) -> [usize; E] {
    std::array::from_fn(|i| if i + D < E { 1 } else { dims[i + D - E] })
}

macro_rules! binary {
    ($trait:ident, $method:ident, $scalar:expr, |$a:ident, $n:ident| $tensor_number:expr, |$m:ident, $b:ident| $number_tensor:expr) => {
        impl<const D: usize> $trait for Operand<D> {
            type Output = Operand<D>;
            fn $method(self, other: Operand<D>) -> Operand<D> {
                use Operand::{Number, Tensor};
                match (self, other) {
                    (Number(x), Number(y)) => Number($scalar(x, y)),
                    (Tensor($a), Number($n)) => Tensor($tensor_number),
                    (Number($m), Tensor($b)) => Tensor($number_tensor),
                    (Tensor(a), b) => Tensor($trait::$method(a.clone(), b.beside(&a))),
                    (a, Tensor(b)) => Tensor($trait::$method(a.beside(&b), b)),
                    (a @ Operand::Host(..), Number(y)) => a.map(|x| $scalar(x, y), |t| t),
                    (Number(x), b @ Operand::Host(..)) => b.map(|y| $scalar(x, y), |t| t),
                    (a, b) => Tensor($trait::$method(a.into_tensor(), b.into_tensor())),
                }
            }
        }
        impl<const D: usize> $trait<f64> for Operand<D> {
            type Output = Operand<D>;
            fn $method(self, other: f64) -> Operand<D> {
                $trait::$method(self, Operand::Number(other))
            }
        }
        impl<const D: usize> $trait<Operand<D>> for f64 {
            type Output = Operand<D>;
            fn $method(self, other: Operand<D>) -> Operand<D> {
                $trait::$method(Operand::Number(self), other)
            }
        }
    };
}

binary!(Add, add, |x: f64, y: f64| x + y, |a, n| if n == 0.0 { a } else { a.add_scalar(n) }, |m, b| if m == 0.0 {
    b
} else {
    b.add_scalar(m)
});
binary!(Sub, sub, |x: f64, y: f64| x - y, |a, n| if n == 0.0 { a } else { a.sub_scalar(n) }, |m, b| if m == 0.0 {
    b.neg()
} else {
    b.neg().add_scalar(m)
});
binary!(Mul, mul, |x: f64, y: f64| x * y, |a, n| if n == 1.0 { a } else { a.mul_scalar(n) }, |m, b| if m == 1.0 {
    b
} else {
    b.mul_scalar(m)
});
// A product: Burn rounds the derivative of `div_scalar` to single precision.
binary!(Div, div, |x: f64, y: f64| x / y, |a, n| if n == 1.0 { a } else { a.mul_scalar(n.recip()) }, |m, b| if m == 1.0 {
    b.recip()
} else {
    b.recip().mul_scalar(m)
});

impl<const D: usize> Neg for Operand<D> {
    type Output = Operand<D>;
    fn neg(self) -> Operand<D> {
        self.map(|x| -x, Tensor::neg)
    }
}
