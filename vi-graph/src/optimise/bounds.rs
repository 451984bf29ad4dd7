//! Between which numbers the elements of a node lie: enough to see that a draw is inside its support.

use crate::ir::{Binary, Graph, Id, Node, NoiseKind, Op, Precision, Reduce, Role, Scalar, Type, Unary};

/// Every element is NaN or in `[low, high]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub low: f64,
    pub high: f64,
}

impl Bounds {
    const ANY: Bounds = Bounds { low: f64::NEG_INFINITY, high: f64::INFINITY };

    fn new(low: f64, high: f64) -> Self {
        Bounds { low: if low.is_nan() { f64::NEG_INFINITY } else { low }, high: if high.is_nan() { f64::INFINITY } else { high } }
    }

    fn at_least(low: f64) -> Self {
        Bounds { low, ..Self::ANY }
    }

    fn hull(self, other: Bounds) -> Self {
        Bounds { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// The bounds of an increasing function.
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Bounds::new(f(self.low), f(self.high))
    }

    /// With room for the error of a kernel: some units in the last place, and results below the normal numbers as 0.
    fn widened(self, precision: Precision) -> Self {
        const SLACK: f64 = 1e-5;
        let (tiny, huge) = match precision {
            Precision::F32 => (f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)),
            Precision::F64 => (f64::MIN_POSITIVE, f64::MAX),
        };
        let Bounds { low, high } = self;
        let low = if low > huge { huge } else { low - SLACK * low.abs() };
        let high = if high < -huge { -huge } else { high + SLACK * high.abs() };
        Bounds::new(if (0.0..tiny).contains(&low) { 0.0 } else { low }, if high > -tiny && high <= 0.0 { 0.0 } else { high })
    }
}

/// The bounds of `node`, whose operands have the bounds `known`.
pub(super) fn bounds(graph: &Graph, node: &Node, known: &[Bounds]) -> Bounds {
    if node.ty != Type::Float {
        return Bounds::ANY;
    }
    let of = |i: usize| {
        let id: Id = node.args[i];
        if graph.ty(id) == Type::Float { known[id.index()] } else { Bounds::ANY }
    };
    match &node.op {
        Op::Full(Scalar::Float(x)) => Bounds::new(*x, *x),
        Op::Input(input) => match graph.inputs[*input].role {
            // drawn in the open interval: at least half a step of the generator
            Role::Noise(_, NoiseKind::Uniform) => Bounds { low: f64::from(f32::MIN_POSITIVE), high: 1.0 },
            _ => Bounds::ANY,
        },
        Op::Unary(f) => unary(*f, of(0)).widened(graph.precision),
        Op::Binary(Binary::Max) => {
            let (x, y) = (of(0), of(1));
            Bounds { low: x.low.max(y.low), high: x.high.max(y.high) }
        }
        Op::Binary(Binary::Min) => {
            let (x, y) = (of(0), of(1));
            Bounds { low: x.low.min(y.low), high: x.high.min(y.high) }
        }
        Op::Binary(f) => binary(*f, of(0), of(1)).widened(graph.precision),
        Op::Where => of(1).hull(of(2)),
        Op::Reshape | Op::Permute(_) | Op::Expand | Op::Slice(_) | Op::Gather(_) | Op::Take(_) => of(0),
        Op::Reduce(Reduce::Max | Reduce::Min, axes) if axes.iter().all(|&axis| graph.shape(node.args[0])[axis] > 0) => of(0),
        Op::Reduce(Reduce::Sum | Reduce::Prod, _) if of(0).low >= 0.0 => Bounds::at_least(0.0),
        Op::Concat(_) => (1..node.args.len()).fold(of(0), |hull, i| hull.hull(of(i))),
        Op::Cast if graph.ty(node.args[0]) == Type::Bool => Bounds { low: 0.0, high: 1.0 },
        _ => Bounds::ANY,
    }
}

fn unary(f: Unary, x: Bounds) -> Bounds {
    match f {
        Unary::Neg => Bounds { low: -x.high, high: -x.low },
        Unary::Detach => x,
        Unary::Abs if x.low >= 0.0 => x,
        Unary::Abs => Bounds::at_least(0.0),
        Unary::Square if x.low >= 0.0 => x.map(|x| x * x),
        Unary::Square => Bounds::at_least(0.0),
        Unary::Sqrt if x.low >= 0.0 => x.map(f64::sqrt),
        Unary::Sqrt => Bounds::at_least(0.0),
        Unary::Exp => x.map(f64::exp),
        Unary::Log if x.low > 0.0 => x.map(f64::ln),
        Unary::Recip if x.low > 0.0 => Bounds::new(1.0 / x.high, 1.0 / x.low),
        Unary::Sigmoid => Bounds { low: 0.0, high: 1.0 },
        Unary::Softplus => Bounds::at_least(0.0),
        Unary::Log1p if x.low >= 0.0 => x.map(f64::ln_1p),
        Unary::Ndtr => Bounds { low: 0.0, high: 1.0 },
        Unary::Erfc => Bounds { low: 0.0, high: 2.0 },
        Unary::Tanh | Unary::Erf | Unary::Sin | Unary::Cos | Unary::Sign => Bounds { low: -1.0, high: 1.0 },
        Unary::Cosh => Bounds::at_least(1.0),
        _ => Bounds::ANY,
    }
}

fn binary(f: Binary, x: Bounds, y: Bounds) -> Bounds {
    let positive = x.low >= 0.0 && y.low >= 0.0;
    match f {
        Binary::Add => Bounds::new(x.low + y.low, x.high + y.high),
        Binary::Sub => Bounds::new(x.low - y.high, x.high - y.low),
        Binary::Mul if positive => Bounds::new(x.low * y.low, x.high * y.high),
        Binary::Div if positive => Bounds::new(x.low / y.high, x.high / y.low),
        Binary::Pow if x.low >= 0.0 => Bounds::at_least(0.0),
        _ => Bounds::ANY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds_of(build: impl FnOnce(&mut Graph) -> Id) -> Bounds {
        let mut graph = Graph::new(Precision::F32);
        let of = build(&mut graph);
        let mut known = Vec::new();
        for node in &graph.nodes {
            known.push(bounds(&graph, node, &known));
        }
        known[of.index()]
    }

    #[test]
    fn exponential_of_a_clamped_number_is_positive_and_finite() {
        let of = bounds_of(|g| {
            let x = g.input("x", Role::Parameter, [2], Type::Float);
            let low = g.full(-87.3, [2]);
            let high = g.full(88.7, [2]);
            let x = g.binary(Binary::Max, x, low);
            let x = g.binary(Binary::Min, x, high);
            g.unary(Unary::Exp, x)
        });
        assert!(of.low > 1.2e-38 && of.high < 3.4e38, "{of:?}");
    }

    #[test]
    fn exponential_may_underflow_to_zero() {
        let of = bounds_of(|g| {
            let x = g.input("x", Role::Parameter, [2], Type::Float);
            let x = g.unary(Unary::Sigmoid, x);
            let x = g.mul_scalar(x, 200.0);
            let x = g.neg(x);
            g.unary(Unary::Exp, x)
        });
        assert_eq!(of.low, 0.0);
        assert!((of.high - 1.0).abs() < 1e-4);
    }
}
