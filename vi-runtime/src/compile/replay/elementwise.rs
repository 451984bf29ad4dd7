//! Element-wise operations of the graph on Burn's tensors.

use burn::backend::ops::{BoolTensorOps, FloatTensorOps, IntTensorOps};
use burn::backend::{Dispatch, DispatchTensor};
use burn::tensor::Scalar as BurnScalar;
use vi_graph::ir::{Binary, Compare, Logic, Scalar, Ternary, Test, Type, Unary};

use super::node::{Types, Value};
use crate::special::ops::SpecialOps;
use crate::special::probability::ProbabilityOps;

type T = DispatchTensor;

fn number(value: Scalar) -> BurnScalar {
    match value {
        Scalar::Float(x) => x.into(),
        Scalar::Int(x) => x.into(),
        Scalar::Bool(x) => i64::from(x).into(),
    }
}

pub(super) fn unary(f: Unary, x: T, ty: Type) -> T {
    if ty == Type::Int {
        return match f {
            Unary::Abs => Dispatch::int_abs(x),
            Unary::Sign => Dispatch::int_sign(x),
            Unary::Square => Dispatch::int_mul(x.clone(), x),
            _ => Dispatch::int_neg(x),
        };
    }
    match f {
        Unary::Neg => Dispatch::float_neg(x),
        Unary::Abs => Dispatch::float_abs(x),
        Unary::Sign => Dispatch::float_sign(x),
        Unary::Detach => x,
        Unary::Exp => Dispatch::float_exp(x),
        Unary::Log => Dispatch::float_log(x),
        Unary::Log1p => Dispatch::log1p(x),
        Unary::Expm1 => Dispatch::expm1(x),
        Unary::Sqrt => Dispatch::float_sqrt(x),
        Unary::Recip => Dispatch::float_recip(x),
        Unary::Square => Dispatch::float_mul(x.clone(), x),
        Unary::Sin => Dispatch::float_sin(x),
        Unary::Cos => Dispatch::float_cos(x),
        Unary::Tan => Dispatch::float_tan(x),
        Unary::Sinh => Dispatch::float_sinh(x),
        Unary::Cosh => Dispatch::float_cosh(x),
        Unary::Tanh => Dispatch::float_tanh(x),
        Unary::Asin => Dispatch::float_asin(x),
        Unary::Acos => Dispatch::float_acos(x),
        Unary::Atan => Dispatch::float_atan(x),
        Unary::Asinh => Dispatch::float_asinh(x),
        Unary::Acosh => Dispatch::float_acosh(x),
        Unary::Atanh => Dispatch::float_atanh(x),
        Unary::Erf => Dispatch::float_erf(x),
        Unary::Sigmoid => Dispatch::float_recip(Dispatch::float_add_scalar(Dispatch::float_exp(Dispatch::float_neg(x)), 1.0.into())),
        Unary::Softplus => {
            // max(x, 0) + log1p(e^-|x|) loses neither tail.
            let tail = Dispatch::log1p(Dispatch::float_exp(Dispatch::float_neg(Dispatch::float_abs(x.clone()))));
            Dispatch::float_add(Dispatch::float_clamp_min(x, 0.0.into()), tail)
        }
        Unary::Floor => Dispatch::float_floor(x),
        Unary::Ceil => Dispatch::float_ceil(x),
        Unary::Round => Dispatch::float_round(x),
        Unary::Trunc => Dispatch::float_trunc(x),
        Unary::Lgamma => Dispatch::lgamma(x),
        Unary::Digamma => Dispatch::digamma(x),
        Unary::Trigamma => Dispatch::trigamma(x),
        Unary::Erfc => Dispatch::erfc(x),
        Unary::Erfinv => Dispatch::erfinv(x),
        Unary::Ndtr => Dispatch::ndtr(x),
        Unary::LogNdtr => Dispatch::log_ndtr(x),
        Unary::NdtrRatio => Dispatch::ndtr_ratio(x),
        Unary::Ndtri => Dispatch::ndtri(x),
        Unary::Log1mexp => Dispatch::log1mexp(x),
        Unary::I0e => Dispatch::i0e(x),
        Unary::I1e => Dispatch::i1e(x),
        Unary::LogI0 => Dispatch::log_i0(x),
    }
}

pub(super) fn binary(f: Binary, x: &Value, y: &Value, tensor: &dyn Fn(usize) -> T, ty: Type, types: Types) -> T {
    if ty == Type::Int {
        let (x, y) = (tensor(0), tensor(1));
        return match f {
            Binary::Add => Dispatch::int_add(x, y),
            Binary::Sub => Dispatch::int_sub(x, y),
            Binary::Mul => Dispatch::int_mul(x, y),
            Binary::Div => Dispatch::int_div(x, y),
            Binary::Rem => Dispatch::int_remainder(x, y),
            Binary::Min => {
                let less = Dispatch::int_lower(x.clone(), y.clone(), types.bool);
                Dispatch::int_mask_where(y, less, x)
            }
            _ => {
                let greater = Dispatch::int_greater(x.clone(), y.clone(), types.bool);
                Dispatch::int_mask_where(y, greater, x)
            }
        };
    }
    match (f, x, y) {
        (Binary::Add, Value::Tensor(x), Value::Splat(c)) | (Binary::Add, Value::Splat(c), Value::Tensor(x)) => {
            return Dispatch::float_add_scalar(x.clone(), number(*c));
        }
        (Binary::Mul, Value::Tensor(x), Value::Splat(c)) | (Binary::Mul, Value::Splat(c), Value::Tensor(x)) => {
            return Dispatch::float_mul_scalar(x.clone(), number(*c));
        }
        (Binary::Sub, Value::Tensor(x), Value::Splat(c)) => return Dispatch::float_sub_scalar(x.clone(), number(*c)),
        (Binary::Div, Value::Tensor(x), Value::Splat(c)) => return Dispatch::float_div_scalar(x.clone(), number(*c)),
        (Binary::Pow, Value::Tensor(x), Value::Splat(c)) => return Dispatch::float_powf_scalar(x.clone(), number(*c)),
        _ => {}
    }
    let (x, y) = (tensor(0), tensor(1));
    match f {
        Binary::Add => Dispatch::float_add(x, y),
        Binary::Sub => Dispatch::float_sub(x, y),
        Binary::Mul => Dispatch::float_mul(x, y),
        Binary::Div => Dispatch::float_div(x, y),
        Binary::Rem => Dispatch::float_remainder(x, y),
        Binary::Pow => Dispatch::float_powf(x, y),
        Binary::Max => extreme(x, y, types, Dispatch::float_greater),
        Binary::Min => extreme(x, y, types, Dispatch::float_lower),
        Binary::Atan2 => Dispatch::float_atan2(x, y),
        Binary::Xlogy => Dispatch::xlogy(x, y),
        Binary::LogBeta => Dispatch::log_beta(x, y),
        Binary::GammaP => Dispatch::gamma_p(x, y),
        Binary::GammaQ => Dispatch::gamma_q(x, y),
        Binary::GammaDensity => Dispatch::gamma_density(x, y),
        Binary::GammaPInShape => Dispatch::gamma_p_in_shape(x, y),
        // Draws of the host are evaluated there; what remains is the difference.
        Binary::DigammaDifference | Binary::GammaLogDerivative => {
            let one = Dispatch::float_add_scalar(Dispatch::float_mul_scalar(x.clone(), 0.0.into()), 1.0.into());
            Dispatch::log_beta_gradient(x, y, one).0
        }
    }
}

pub(super) fn ternary(f: Ternary, a: T, b: T, x: T) -> T {
    match f {
        Ternary::BetaInc => Dispatch::beta_inc(a, b, x),
        Ternary::BetaDensity => Dispatch::beta_density(a, b, x),
        Ternary::BetaIncInA => Dispatch::beta_inc_in_a(a, b, x),
        Ternary::BetaIncInB => Dispatch::beta_inc_in_b(a, b, x),
    }
}

/// The element that `better` prefers; NaN where either is.
fn extreme(x: T, y: T, types: Types, better: fn(T, T, burn::tensor::BoolDType) -> T) -> T {
    let take_x = better(x.clone(), y.clone(), types.bool);
    let chosen = Dispatch::float_mask_where(y, take_x, x.clone());
    // y is taken wherever a comparison is false, so only a NaN of x is lost.
    let nan = Dispatch::float_not_equal(x.clone(), x.clone(), types.bool);
    Dispatch::float_mask_where(chosen, nan, x)
}

pub(super) fn compare(f: Compare, y: &Value, tensor: &dyn Fn(usize) -> T, ty: Type, types: Types) -> T {
    let out = types.bool;
    let x = tensor(0);
    match ty {
        Type::Float => {
            if let Value::Splat(c) = y {
                let c = number(*c);
                return match f {
                    Compare::Equal => Dispatch::float_equal_elem(x, c, out),
                    Compare::NotEqual => Dispatch::float_not_equal_elem(x, c, out),
                    Compare::Less => Dispatch::float_lower_elem(x, c, out),
                    Compare::LessEqual => Dispatch::float_lower_equal_elem(x, c, out),
                    Compare::Greater => Dispatch::float_greater_elem(x, c, out),
                    Compare::GreaterEqual => Dispatch::float_greater_equal_elem(x, c, out),
                };
            }
            let y = tensor(1);
            match f {
                Compare::Equal => Dispatch::float_equal(x, y, out),
                Compare::NotEqual => Dispatch::float_not_equal(x, y, out),
                Compare::Less => Dispatch::float_lower(x, y, out),
                Compare::LessEqual => Dispatch::float_lower_equal(x, y, out),
                Compare::Greater => Dispatch::float_greater(x, y, out),
                Compare::GreaterEqual => Dispatch::float_greater_equal(x, y, out),
            }
        }
        Type::Int => {
            let y = tensor(1);
            match f {
                Compare::Equal => Dispatch::int_equal(x, y, out),
                Compare::NotEqual => Dispatch::int_not_equal(x, y, out),
                Compare::Less => Dispatch::int_lower(x, y, out),
                Compare::LessEqual => Dispatch::int_lower_equal(x, y, out),
                Compare::Greater => Dispatch::int_greater(x, y, out),
                Compare::GreaterEqual => Dispatch::int_greater_equal(x, y, out),
            }
        }
        Type::Bool => match f {
            Compare::Equal => Dispatch::bool_equal(x, tensor(1)),
            _ => Dispatch::bool_xor(x, tensor(1)),
        },
    }
}

pub(super) fn logic(f: Logic, a: T, b: T) -> T {
    match f {
        Logic::And => Dispatch::bool_and(a, b),
        Logic::Or => Dispatch::bool_or(a, b),
        Logic::Xor => Dispatch::bool_xor(a, b),
    }
}

pub(super) fn test(f: Test, x: T, types: Types) -> T {
    match f {
        Test::IsNan => Dispatch::float_not_equal(x.clone(), x, types.bool),
        Test::IsInfinite => Dispatch::float_is_inf(x, types.bool),
    }
}

pub(super) fn select(condition: T, a: T, b: T, ty: Type) -> T {
    match ty {
        Type::Float => Dispatch::float_mask_where(b, condition, a),
        Type::Int => Dispatch::int_mask_where(b, condition, a),
        Type::Bool => Dispatch::bool_mask_where(b, condition, a),
    }
}

pub(super) fn cast(x: T, from: Type, to: Type, types: Types) -> T {
    match (from, to) {
        (Type::Int, Type::Float) => Dispatch::int_into_float(x, types.float),
        (Type::Bool, Type::Float) => Dispatch::bool_into_float(x, types.float),
        (Type::Float, Type::Int) => Dispatch::float_into_int(x, types.int),
        (Type::Bool, Type::Int) => Dispatch::bool_into_int(x, types.int),
        (Type::Float, Type::Bool) => Dispatch::float_not_equal_elem(x, 0.0.into(), types.bool),
        (Type::Int, Type::Bool) => Dispatch::int_not_equal_elem(x, 0i64.into(), types.bool),
        _ => x,
    }
}
