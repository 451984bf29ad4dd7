//! The graph: typed nodes in static single assignment, every shape known.
//!
//! Element-wise operations take operands of exactly the node's shape; broadcasting is an [`Op::Expand`] that is
//! written out, and reductions keep their dimensions with size 1, so that each is the adjoint of the other. An
//! executor decides what is ever stored.

use std::fmt;
use std::sync::Arc;

/// A node of a [`Graph`]; operands always have a smaller id than their user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u32);

impl Id {
    /// Position in [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The sizes of a tensor's dimensions, outermost first; `[]` is a scalar.
pub type Shape = Vec<usize>;

/// What the elements are; how wide floats are is a property of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Real numbers in the precision of the graph.
    Float,
    /// 64-bit integers.
    Int,
    /// Truth values.
    Bool,
}

/// How wide the floats of a graph are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// 32 bits.
    F32,
    /// 64 bits.
    F64,
}

/// One value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the types say it")]
pub enum Scalar {
    Float(f64),
    Int(i64),
    Bool(bool),
}

impl Scalar {
    /// Its type.
    pub fn ty(self) -> Type {
        match self {
            Scalar::Float(_) => Type::Float,
            Scalar::Int(_) => Type::Int,
            Scalar::Bool(_) => Type::Bool,
        }
    }
}

/// Elements in row-major order; floats of an f32 graph are held as the doubles that equal them.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the types say it")]
pub enum Data {
    Float(Vec<f64>),
    Int(Vec<i64>),
    Bool(Vec<bool>),
}

impl Data {
    /// The type of the elements.
    pub fn ty(&self) -> Type {
        match self {
            Data::Float(_) => Type::Float,
            Data::Int(_) => Type::Int,
            Data::Bool(_) => Type::Bool,
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Data::Float(x) => x.len(),
            Data::Int(x) => x.len(),
            Data::Bool(x) => x.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What an input is, and so when it changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// Moves with every step; gradients are taken with respect to it.
    Parameter,
    /// Fresh in every step: standard normal or uniform numbers of a keyed stream.
    Noise(Stream, NoiseKind),
    /// Changes only where the caller binds other data.
    Data,
    /// Changes every step, not random to the graph: the indices of a subsample, the elements of a batch.
    Step,
}

/// Which random numbers: the stream of call `call` at site `site`, below the key of the step; each particle is a lane.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    /// The full name of the site.
    pub site: String,
    /// The how-manyeth request of the site's distribution, from 0.
    pub call: u64,
}

/// The law of an input that is noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoiseKind {
    /// Standard normal.
    Normal,
    /// Uniform on the open interval (0, 1).
    Uniform,
}

/// One input.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// What messages and the printer call it.
    pub name: String,
    /// When it changes.
    pub role: Role,
}

/// Float to float, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "standard functions")]
pub enum Unary {
    /// Also on integers.
    Neg,
    /// Also on integers.
    Abs,
    /// −1, 0 or 1; also on integers.
    Sign,
    /// The operand itself, through which no gradient passes.
    Detach,
    Exp,
    Log,
    Log1p,
    Expm1,
    Sqrt,
    Recip,
    Square,
    Sin,
    Cos,
    Tan,
    Sinh,
    Cosh,
    Tanh,
    Asin,
    Acos,
    Atan,
    Asinh,
    Acosh,
    Atanh,
    Erf,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `log(1 + e^x)`, accurate in both tails.
    Softplus,
    Floor,
    Ceil,
    /// Half to even.
    Round,
    Trunc,
    Lgamma,
    Digamma,
    Trigamma,
    Erfc,
    Erfinv,
    /// The normal distribution function `Φ`.
    Ndtr,
    /// `log Φ(x)`
    LogNdtr,
    /// `φ(x)/Φ(x)`: the derivative of [`Unary::LogNdtr`].
    NdtrRatio,
    /// The inverse of [`Unary::Ndtr`].
    Ndtri,
    /// `log(1 − e^-x)`
    Log1mexp,
    /// `e^-|x| I₀(x)`
    I0e,
    /// `e^-|x| I₁(x)`
    I1e,
    /// `log I₀(x)`
    LogI0,
}

/// Two floats (or two integers where it says so) to one of the same type, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "standard functions")]
pub enum Binary {
    /// Also on integers.
    Add,
    /// Also on integers.
    Sub,
    /// Also on integers.
    Mul,
    /// On integers: truncated.
    Div,
    /// The remainder with the sign of the divisor; also on integers.
    Rem,
    Pow,
    /// NaN where either is; also on integers.
    Max,
    /// NaN where either is; also on integers.
    Min,
    Atan2,
    /// `x log y`, 0 where `x = 0`.
    Xlogy,
    /// `log B(a, b)` without cancellation.
    LogBeta,
    /// `ψ(a) − ψ(a + b)` without cancellation: the derivative of [`Binary::LogBeta`] in `a`.
    DigammaDifference,
    /// `d ln g / d a` at fixed quantile of `g ~ Gamma(a, 1)`, operands `(a, ln g)`: the implicit gradient of a draw.
    GammaLogDerivative,
    /// The regularised lower incomplete gamma function `P(a, x)`.
    GammaP,
    /// `1 − P(a, x)` without cancellation.
    GammaQ,
    /// `∂P(a, x)/∂x`
    GammaDensity,
    /// `∂P(a, x)/∂a`
    GammaPInShape,
}

/// Three floats `(a, b, x)` to one, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ternary {
    /// The regularised incomplete beta function `I_x(a, b)`.
    BetaInc,
    /// `∂I_x(a, b)/∂x`
    BetaDensity,
    /// `∂I_x(a, b)/∂a`
    BetaIncInA,
    /// `∂I_x(a, b)/∂b`
    BetaIncInB,
}

/// Two floats, or two integers, to a truth value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "standard")]
pub enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// Two truth values to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "standard")]
pub enum Logic {
    And,
    Or,
    Xor,
}

/// One float to a truth value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "standard")]
pub enum Test {
    IsNan,
    IsInfinite,
}

/// What a reduction does with the elements along its axes; a reduced axis keeps size 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "standard")]
pub enum Reduce {
    /// Also on integers.
    Sum,
    Prod,
    /// NaN where any is; also on integers.
    Max,
    /// NaN where any is; also on integers.
    Min,
    /// `log Σ exp`, scaled by the largest; −inf where all are.
    LogSumExp,
    /// On truth values.
    Any,
    /// On truth values.
    All,
}

/// What runs along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "standard")]
pub enum Scan {
    /// Also on integers.
    Sum,
    Prod,
    Max,
    Min,
}

/// `len` positions of an axis: `start, start + step, …`; a negative step walks backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the formula says it")]
pub struct Range {
    pub start: usize,
    pub step: isize,
    pub len: usize,
}

impl Range {
    /// All of an axis.
    pub fn all(len: usize) -> Self {
        Range { start: 0, step: 1, len }
    }

    /// The position of element `i`.
    pub fn at(&self, i: usize) -> usize {
        (self.start as isize + self.step * i as isize) as usize
    }
}

/// What a node computes from its operands.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The input of that number.
    Input(usize),
    /// Elements known when the graph is built.
    Constant(Arc<Data>),
    /// One value everywhere.
    Full(Scalar),
    /// `f(x)`
    Unary(Unary),
    /// `f(x, y)`
    Binary(Binary),
    /// `f(a, b, x)`
    Ternary(Ternary),
    /// `x < y` and the like.
    Compare(Compare),
    /// `a ∧ b` and the like.
    Logic(Logic),
    /// `¬a`
    Not,
    /// `is x NaN`
    Test(Test),
    /// `(condition, a, b)`: `a` where the condition holds, else `b`.
    Where,
    /// To the node's type; float to int truncates, bool to number is 0 or 1, number to bool is `≠ 0`.
    Cast,
    /// Along these axes (ascending), which keep size 1.
    Reduce(Reduce, Vec<usize>),
    /// The position of the first largest element along the axis (int), which keeps size 1.
    ArgMax(usize),
    /// Inclusive, along the axis; from its end where `reverse`.
    Scan {
        /// What is accumulated.
        scan: Scan,
        /// Along which axis.
        axis: usize,
        /// From the end.
        reverse: bool,
    },
    /// The same elements in row-major order.
    Reshape,
    /// Dimension `i` of the node is dimension `p[i]` of the operand.
    Permute(Vec<usize>),
    /// Repeats dimensions of size 1; same rank.
    Expand,
    /// One range for each axis.
    Slice(Vec<Range>),
    /// The adjoint of [`Op::Slice`]: the operand at the ranges' positions, 0 (or false) elsewhere.
    Unslice(Vec<Range>),
    /// Along the axis.
    Concat(usize),
    /// `(x, index)`: `out[.., i, ..] = x[.., index[.., i, ..], ..]`, `index` of the node's shape; along the axis, the
    /// other sizes are those of `x`.
    Gather(usize),
    /// `(index, y)`, of one shape: the adjoint of [`Op::Gather`], sums into zeros of the node's shape.
    ScatterAdd(usize),
    /// `(x, index)`, `index` of rank 1: whole slices of `x` along the axis.
    Take(usize),
    /// `(index, y)`: the adjoint of [`Op::Take`], sums slices into zeros of the node's shape.
    TakeAdd(usize),
    /// `(a, b)`: matrix product of the last two dimensions; leading dimensions are equal or 1.
    MatMul {
        /// `a` is given transposed, `[.., k, m]`.
        transpose_a: bool,
        /// `b` is given transposed, `[.., n, k]`.
        transpose_b: bool,
    },
    /// The order (int) that sorts along the axis; stable, NaN last.
    ArgSort {
        /// Along which axis.
        axis: usize,
        /// Largest first.
        descending: bool,
    },
    /// The lower factor of the last two dimensions; reads the lower triangle, the upper is 0.
    Cholesky,
    /// `(l, b)`: `x` with `l x = b`, or `lᵀ x = b`; last two dimensions, reads the lower triangle of `l`; leading
    /// dimensions are equal.
    SolveLower {
        /// Solves with the transpose.
        transpose: bool,
    },
    /// `(below, diagonal)`: the lower triangular matrices `[.., n, n]` with `diagonal`, `[.., n]`, on the diagonal and
    /// `below`, `[.., n (n − 1)/2]`, under it row by row; 0 above.
    LowerTriangle,
    /// What is under the diagonal of matrices `[.., n, n]`, row by row: `[.., n (n − 1)/2]`; the adjoint of
    /// [`Op::LowerTriangle`] in its first operand.
    BelowDiagonal,
    /// `ln g`, `g ~ Gamma(concentration, 1)`, one draw an element from the stream; the leading `lanes` of the shape are particles.
    LogGamma {
        /// Which random numbers.
        stream: Stream,
        /// How many particles are in the first dimension; absent where none is.
        lanes: Option<usize>,
    },
}

/// How many elements an `n × n` matrix has under its diagonal.
pub fn below_len(n: usize) -> usize {
    n * n.saturating_sub(1) / 2
}

/// One operation and what is known of its result.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the types say it")]
pub struct Node {
    pub op: Op,
    pub args: Vec<Id>,
    pub shape: Shape,
    pub ty: Type,
}

impl Node {
    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Nodes in an order in which they can be computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Precision of all floats.
    pub precision: Precision,
    /// Every operand stands before its user.
    pub nodes: Vec<Node>,
    /// What [`Op::Input`] refers to.
    pub inputs: Vec<Input>,
    /// What is asked for.
    pub outputs: Vec<Id>,
}

impl Graph {
    /// Without nodes.
    pub fn new(precision: Precision) -> Self {
        Graph { precision, nodes: Vec::new(), inputs: Vec::new(), outputs: Vec::new() }
    }

    /// The node of `id`.
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id.index()]
    }

    /// Its shape.
    pub fn shape(&self, id: Id) -> &[usize] {
        &self.nodes[id.index()].shape
    }

    /// Its type.
    pub fn ty(&self, id: Id) -> Type {
        self.nodes[id.index()].ty
    }

    /// The ids of all nodes, operands first.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = Id> + use<> {
        (0..self.nodes.len() as u32).map(Id)
    }

    /// Adds a node as it is; [`verify`](crate::verify) tells whether it fits.
    pub fn push(&mut self, op: Op, args: impl Into<Vec<Id>>, shape: impl Into<Shape>, ty: Type) -> Id {
        self.nodes.push(Node { op, args: args.into(), shape: shape.into(), ty });
        Id(self.nodes.len() as u32 - 1)
    }

    /// Adds an input.
    pub fn input(&mut self, name: impl Into<String>, role: Role, shape: impl Into<Shape>, ty: Type) -> Id {
        self.inputs.push(Input { name: name.into(), role });
        self.push(Op::Input(self.inputs.len() - 1), [], shape, ty)
    }
}

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::print::text(self, f)
    }
}
