//! What operations are called in text and in messages.

use crate::ir::{Binary, Compare, Logic, NoiseKind, Op, Precision, Reduce, Scan, Ternary, Test, Type, Unary};

impl Op {
    /// The operation without its attributes.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Input(_) => "input",
            Op::Constant(_) => "constant",
            Op::Full(_) => "full",
            Op::Unary(f) => f.name(),
            Op::Binary(f) => f.name(),
            Op::Ternary(f) => f.name(),
            Op::Compare(f) => f.name(),
            Op::Logic(f) => f.name(),
            Op::Not => "not",
            Op::Test(Test::IsNan) => "is_nan",
            Op::Test(Test::IsInfinite) => "is_infinite",
            Op::Where => "where",
            Op::Cast => "cast",
            Op::Reduce(f, _) => f.name(),
            Op::ArgMax(_) => "argmax",
            Op::Scan { scan, .. } => scan.name(),
            Op::Reshape => "reshape",
            Op::Permute(_) => "permute",
            Op::Expand => "expand",
            Op::Slice(_) => "slice",
            Op::Unslice(_) => "unslice",
            Op::Concat(_) => "concat",
            Op::Gather(_) => "gather",
            Op::ScatterAdd(_) => "scatter_add",
            Op::Take(_) => "take",
            Op::TakeAdd(_) => "take_add",
            Op::MatMul { .. } => "matmul",
            Op::ArgSort { .. } => "argsort",
            Op::Cholesky => "cholesky",
            Op::SolveLower { .. } => "solve_lower",
            Op::LowerTriangle => "lower_triangle",
            Op::BelowDiagonal => "below_diagonal",
            Op::LogGamma { .. } => "log_gamma",
        }
    }
}

impl Unary {
    /// In lower case, as in `exp`.
    pub fn name(self) -> &'static str {
        match self {
            Unary::Neg => "neg",
            Unary::Abs => "abs",
            Unary::Sign => "sign",
            Unary::Detach => "detach",
            Unary::Exp => "exp",
            Unary::Log => "log",
            Unary::Log1p => "log1p",
            Unary::Expm1 => "expm1",
            Unary::Sqrt => "sqrt",
            Unary::Recip => "recip",
            Unary::Square => "square",
            Unary::Sin => "sin",
            Unary::Cos => "cos",
            Unary::Tan => "tan",
            Unary::Sinh => "sinh",
            Unary::Cosh => "cosh",
            Unary::Tanh => "tanh",
            Unary::Asin => "asin",
            Unary::Acos => "acos",
            Unary::Atan => "atan",
            Unary::Asinh => "asinh",
            Unary::Acosh => "acosh",
            Unary::Atanh => "atanh",
            Unary::Erf => "erf",
            Unary::Sigmoid => "sigmoid",
            Unary::Softplus => "softplus",
            Unary::Floor => "floor",
            Unary::Ceil => "ceil",
            Unary::Round => "round",
            Unary::Trunc => "trunc",
            Unary::Lgamma => "lgamma",
            Unary::Digamma => "digamma",
            Unary::Trigamma => "trigamma",
            Unary::Erfc => "erfc",
            Unary::Erfinv => "erfinv",
            Unary::Ndtr => "ndtr",
            Unary::LogNdtr => "log_ndtr",
            Unary::NdtrRatio => "ndtr_ratio",
            Unary::Ndtri => "ndtri",
            Unary::Log1mexp => "log1mexp",
            Unary::I0e => "i0e",
            Unary::I1e => "i1e",
            Unary::LogI0 => "log_i0",
        }
    }
}

impl Binary {
    /// In lower case, as in `add`.
    pub fn name(self) -> &'static str {
        match self {
            Binary::Add => "add",
            Binary::Sub => "sub",
            Binary::Mul => "mul",
            Binary::Div => "div",
            Binary::Rem => "rem",
            Binary::Pow => "pow",
            Binary::Max => "max",
            Binary::Min => "min",
            Binary::Atan2 => "atan2",
            Binary::Xlogy => "xlogy",
            Binary::LogBeta => "log_beta",
            Binary::DigammaDifference => "digamma_difference",
            Binary::GammaLogDerivative => "gamma_log_derivative",
            Binary::GammaP => "gamma_p",
            Binary::GammaQ => "gamma_q",
            Binary::GammaDensity => "gamma_density",
            Binary::GammaPInShape => "gamma_p_in_shape",
        }
    }
}

impl Ternary {
    /// In lower case, as in `beta_inc`.
    pub fn name(self) -> &'static str {
        match self {
            Ternary::BetaInc => "beta_inc",
            Ternary::BetaDensity => "beta_density",
            Ternary::BetaIncInA => "beta_inc_in_a",
            Ternary::BetaIncInB => "beta_inc_in_b",
        }
    }
}

impl Compare {
    /// In lower case, as in `less_equal`.
    pub fn name(self) -> &'static str {
        match self {
            Compare::Equal => "equal",
            Compare::NotEqual => "not_equal",
            Compare::Less => "less",
            Compare::LessEqual => "less_equal",
            Compare::Greater => "greater",
            Compare::GreaterEqual => "greater_equal",
        }
    }
}

impl Logic {
    /// In lower case.
    pub fn name(self) -> &'static str {
        match self {
            Logic::And => "and",
            Logic::Or => "or",
            Logic::Xor => "xor",
        }
    }
}

impl Reduce {
    /// Begins with `reduce_` where there is an element-wise operation of that name.
    pub fn name(self) -> &'static str {
        match self {
            Reduce::Sum => "sum",
            Reduce::Prod => "prod",
            Reduce::Max => "reduce_max",
            Reduce::Min => "reduce_min",
            Reduce::LogSumExp => "logsumexp",
            Reduce::Any => "any",
            Reduce::All => "all",
        }
    }
}

impl Scan {
    /// As in `cumsum`.
    pub fn name(self) -> &'static str {
        match self {
            Scan::Sum => "cumsum",
            Scan::Prod => "cumprod",
            Scan::Max => "cummax",
            Scan::Min => "cummin",
        }
    }
}

impl NoiseKind {
    /// In lower case.
    pub fn name(self) -> &'static str {
        match self {
            NoiseKind::Normal => "normal",
            NoiseKind::Uniform => "uniform",
        }
    }
}

impl Type {
    /// As in `f32`: floats are named by the precision of their graph.
    pub fn name(self, precision: Precision) -> &'static str {
        match (self, precision) {
            (Type::Float, Precision::F32) => "f32",
            (Type::Float, Precision::F64) => "f64",
            (Type::Int, _) => "int",
            (Type::Bool, _) => "bool",
        }
    }
}
