use vi_graph::ir::{Binary, Compare, Data, Logic, Op, Stream, Ternary, Test, Unary};
use vi_graph::{Id, Type};

use super::Generator;

/// Defined everywhere.
const ENTIRE: [Unary; 24] = [
    Unary::Neg,
    Unary::Detach,
    Unary::Abs,
    Unary::Exp,
    Unary::Expm1,
    Unary::Square,
    Unary::Sin,
    Unary::Cos,
    Unary::Tan,
    Unary::Sinh,
    Unary::Cosh,
    Unary::Tanh,
    Unary::Atan,
    Unary::Asinh,
    Unary::Erf,
    Unary::Sigmoid,
    Unary::Softplus,
    Unary::Erfc,
    Unary::Ndtr,
    Unary::LogNdtr,
    Unary::NdtrRatio,
    Unary::I0e,
    Unary::I1e,
    Unary::LogI0,
];
const OF_POSITIVE: [Unary; 8] =
    [Unary::Log, Unary::Log1p, Unary::Sqrt, Unary::Recip, Unary::Lgamma, Unary::Digamma, Unary::Trigamma, Unary::Log1mexp];
const JUMPING: [Unary; 5] = [Unary::Sign, Unary::Floor, Unary::Ceil, Unary::Round, Unary::Trunc];

pub(super) fn unary(g: &mut Generator) -> Option<Id> {
    match g.below(10) {
        0..=4 => {
            let (f, x) = (g.one_of(&ENTIRE), g.pick_float()?);
            Some(g.graph.unary(f, x))
        }
        5..=6 => {
            let (f, x) = (g.one_of(&OF_POSITIVE), g.pick_float()?);
            let x = positive(g, x);
            Some(g.graph.unary(f, x))
        }
        7 => {
            let (f, x) = (g.one_of(&[Unary::Asin, Unary::Acos, Unary::Atanh, Unary::Erfinv]), g.pick_float()?);
            let inside = g.one_of(&[Unary::Tanh, Unary::Sin, Unary::Erf]);
            let x = g.graph.unary(inside, x);
            let x = g.graph.mul_scalar(x, 0.75);
            Some(g.graph.unary(f, x))
        }
        8 => {
            if g.chance(20) {
                let x = g.pick_float()?;
                let p = g.graph.unary(Unary::Sigmoid, x);
                return Some(g.graph.unary(Unary::Ndtri, p));
            }
            if g.chance(30) {
                let x = g.pick_float()?;
                let x = positive(g, x);
                let x = g.graph.add_scalar(x, 1.0);
                return Some(g.graph.unary(Unary::Acosh, x));
            }
            let (f, x) = (g.one_of(&JUMPING), g.pick(|g, id| g.graph.ty(id) == Type::Float && g.is_exact(id))?);
            Some(g.graph.unary(f, x))
        }
        _ => {
            let (f, x) = (g.one_of(&[Unary::Neg, Unary::Abs, Unary::Sign]), g.pick(|g, id| g.graph.ty(id) == Type::Int)?);
            Some(g.graph.unary(f, x))
        }
    }
}

/// A function of `x` above 0; `x` itself where it is.
fn positive(g: &mut Generator, x: Id) -> Id {
    if let Some(Data::Float(values)) = g.reference.get(x.index())
        && values.iter().all(|&x| x > 0.05)
    {
        return x;
    }
    match g.below(4) {
        0 => g.graph.unary(Unary::Exp, x),
        1 => g.graph.unary(Unary::Softplus, x),
        2 => {
            let square = g.graph.unary(Unary::Square, x);
            g.graph.add_scalar(square, 0.25)
        }
        _ => above_zero(g, x),
    }
}

/// `|x| + 1/8`, exact where `x` is.
fn above_zero(g: &mut Generator, x: Id) -> Id {
    let magnitude = g.graph.unary(Unary::Abs, x);
    g.graph.add_scalar(magnitude, 0.125)
}

pub(super) fn binary(g: &mut Generator) -> Option<Id> {
    match g.below(21) {
        0..=11 => {
            let f = g.one_of(&[Binary::Add, Binary::Sub, Binary::Mul, Binary::Mul, Binary::Max, Binary::Min, Binary::Atan2]);
            let x = g.pick_float()?;
            let y = partner(g, x)?;
            let (x, y) = if g.chance(50) { (x, y) } else { (y, x) };
            Some(g.graph.binary(f, x, y))
        }
        12..=14 => {
            let f = g.one_of(&[Binary::Div, Binary::Xlogy]);
            let x = g.pick_float()?;
            let y = partner(g, x)?;
            let y = positive(g, y);
            Some(g.graph.binary(f, x, y))
        }
        15..=16 => {
            let f = g.one_of(&[
                Binary::Pow,
                Binary::LogBeta,
                Binary::DigammaDifference,
                Binary::GammaLogDerivative,
                Binary::GammaP,
                Binary::GammaQ,
                Binary::GammaDensity,
                Binary::GammaPInShape,
            ]);
            let x = g.pick_float()?;
            let y = partner(g, x)?;
            let x = positive(g, x);
            let y = match f {
                Binary::Pow => y,
                // Within a factor e of the concentration, about the bulk of the distribution.
                Binary::GammaLogDerivative => {
                    let (center, offset) = (g.graph.unary(Unary::Log, x), g.graph.unary(Unary::Tanh, y));
                    g.graph.add(center, offset)
                }
                _ => positive(g, y),
            };
            Some(g.graph.binary(f, x, y))
        }
        17 => {
            let f = g.one_of(&[Ternary::BetaInc, Ternary::BetaDensity, Ternary::BetaIncInA, Ternary::BetaIncInB]);
            let a = g.pick_float()?;
            let (b, x) = (partner(g, a)?, partner(g, a)?);
            let (a, b, x) = (positive(g, a), positive(g, b), g.graph.unary(Unary::Sigmoid, x));
            Some(g.graph.ternary(f, a, b, x))
        }
        18 => {
            let x = g.pick(|g, id| g.graph.ty(id) == Type::Float && g.is_exact(id))?;
            let y = g.graph.full_like(0.75, x);
            Some(g.graph.binary(Binary::Rem, x, y))
        }
        _ => {
            let f = g.one_of(&[Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Rem, Binary::Max, Binary::Min]);
            let x = g.pick(|g, id| g.graph.ty(id) == Type::Int)?;
            let y = partner(g, x)?;
            Some(g.graph.binary(f, x, y))
        }
    }
}

/// Another node of the shape and type of `x`, broadcast where there is a smaller one.
pub(super) fn partner(g: &mut Generator, x: Id) -> Option<Id> {
    let (shape, ty) = (g.graph.shape(x).to_vec(), g.graph.ty(x));
    let settled = g.reference.len();
    let same = |g: &Generator, id: Id| id.index() < settled && g.graph.ty(id) == ty && g.graph.shape(id) == shape;
    let smaller = |g: &Generator, id: Id| {
        let small = g.graph.shape(id);
        let suffix = || small.iter().rev().zip(shape.iter().rev()).all(|(s, n)| s == n || *s == 1);
        id.index() < settled && g.graph.ty(id) == ty && small != shape && small.len() <= shape.len() && suffix()
    };
    let found = match g.below(10) {
        0..=3 => g.pick(same),
        4..=7 => g.pick(smaller),
        _ => None,
    };
    let found = found.unwrap_or_else(|| {
        let small = shape.iter().map(|&size| if g.chance(40) { 1 } else { size }).collect::<Vec<_>>();
        g.leaf(small, ty)
    });
    Some(g.graph.broadcast(found, shape))
}

/// Comparisons, logic, tests and choices.
pub(super) fn truth(g: &mut Generator) -> Option<Id> {
    match g.below(10) {
        0..=3 => {
            let all = [Compare::Equal, Compare::NotEqual, Compare::Less, Compare::LessEqual, Compare::Greater, Compare::GreaterEqual];
            let f = g.one_of(&all);
            let x = g.pick(|g, id| g.graph.ty(id) != Type::Bool && g.is_exact(id))?;
            let y = partner(g, x)?;
            Some(g.graph.compare(f, x, y))
        }
        4..=5 => {
            let (f, a) = (g.one_of(&[Logic::And, Logic::Or, Logic::Xor]), g.pick(|g, id| g.graph.ty(id) == Type::Bool)?);
            let b = partner(g, a)?;
            Some(g.graph.logic(f, a, b))
        }
        6 => {
            let a = g.pick(|g, id| g.graph.ty(id) == Type::Bool)?;
            Some(g.graph.not(a))
        }
        7 => {
            let (f, x) = (g.one_of(&[Test::IsNan, Test::IsInfinite]), g.pick_float()?);
            Some(g.graph.test(f, x))
        }
        _ => {
            let a = g.pick(|_, _| true)?;
            let b = partner(g, a)?;
            let shape = g.graph.shape(a).to_vec();
            let condition = match g.pick(|g, id| g.graph.ty(id) == Type::Bool && g.graph.shape(id) == shape) {
                Some(condition) => condition,
                None => g.leaf(shape, Type::Bool),
            };
            Some(g.graph.select(condition, a, b))
        }
    }
}

pub(super) fn cast(g: &mut Generator) -> Option<Id> {
    let ty = g.one_of(&[Type::Float, Type::Float, Type::Int, Type::Bool]);
    let x = g.pick(|g, id| g.graph.ty(id) != ty && g.is_exact(id))?;
    Some(g.graph.cast(x, ty))
}

pub(super) fn log_gamma(g: &mut Generator) -> Option<Id> {
    let x = g.pick(|g, id| g.graph.ty(id) == Type::Float && g.is_exact(id))?;
    let concentration = above_zero(g, x);
    let shape = g.graph.shape(x).to_vec();
    let lanes = if g.chance(50) { shape.first().copied() } else { None };
    let stream = Stream { site: format!("gamma{}", g.graph.nodes.len()), call: g.below(2) as u64 };
    Some(g.graph.push(Op::LogGamma { stream, lanes }, [concentration], shape, Type::Float))
}
