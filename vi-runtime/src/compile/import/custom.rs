//! The operations of our own, by the names under which `custom_op::record` files them.

use burn::backend::ir::{CustomOpIr, ScalarIr, TensorIr};
use vi_graph::Type;
use vi_graph::ir::{Binary, Op, Reduce, Ternary, Unary};

use super::super::recorder::LOG_GAMMA;
use super::{Importer, Outcome, int, shape};

impl Importer {
    pub(super) fn custom(&mut self, op: &CustomOpIr) -> Outcome {
        match (op.id.as_str(), op.inputs.as_slice(), op.outputs.as_slice(), op.scalars.as_slice()) {
            ("detach", [x], [out], []) => self.special(Unary::Detach, x, out),
            ("lgamma", [x], [out], []) => self.special(Unary::Lgamma, x, out),
            ("digamma", [x], [out], []) => self.special(Unary::Digamma, x, out),
            ("trigamma", [x], [out], []) => self.special(Unary::Trigamma, x, out),
            ("expm1", [x], [out], []) => self.special(Unary::Expm1, x, out),
            ("log1p", [x], [out], []) => self.special(Unary::Log1p, x, out),
            ("log_beta", [a, b], [out], []) => self.special_of_two(Binary::LogBeta, a, b, out),
            ("erf", [x], [out], []) => self.special(Unary::Erf, x, out),
            ("erfc", [x], [out], []) => self.special(Unary::Erfc, x, out),
            ("erfinv", [x], [out], []) => self.special(Unary::Erfinv, x, out),
            ("ndtr", [x], [out], []) => self.special(Unary::Ndtr, x, out),
            ("log_ndtr", [x], [out], []) => self.special(Unary::LogNdtr, x, out),
            ("ndtri", [x], [out], []) => self.special(Unary::Ndtri, x, out),
            ("log1mexp", [x], [out], []) => self.special(Unary::Log1mexp, x, out),
            ("i0e", [x], [out], []) => self.special(Unary::I0e, x, out),
            ("i1e", [x], [out], []) => self.special(Unary::I1e, x, out),
            ("log_i0", [x], [out], []) => self.special(Unary::LogI0, x, out),
            ("gamma_p", [a, x], [out], []) => self.special_of_two(Binary::GammaP, a, x, out),
            ("gamma_q", [a, x], [out], []) => self.special_of_two(Binary::GammaQ, a, x, out),
            ("beta_inc", [a, b, x], [out], []) => {
                let [a, b, x] = [self.get_as(a, out)?, self.get_as(b, out)?, self.get_as(x, out)?];
                let y = self.graph.ternary(Ternary::BetaInc, a, b, x);
                self.set(out, y)
            }
            ("xlogy", [x, y], [out], []) => self.special_of_two(Binary::Xlogy, x, y, out),
            ("logsumexp", [x], [out], [axis]) => {
                let x = self.get(x)?;
                let total = self.graph.reduce(Reduce::LogSumExp, x, &[int(*axis) as usize]);
                self.set(out, total)
            }
            ("solve_lower", [l, b], [out], [ScalarIr::Bool(transpose)]) => {
                let (l, b) = (self.get(l)?, self.get(b)?);
                let x = self.graph.solve_lower(l, b, *transpose);
                self.set(out, x)
            }
            ("diagonal", [l], [out], []) => {
                let l = self.get(l)?;
                let diagonal = self.graph.diagonal(l);
                self.set(out, diagonal)
            }
            ("lower_triangle", [below, diagonal], [out], []) => {
                let (below, diagonal) = (self.get(below)?, self.get(diagonal)?);
                let l = self.graph.lower_triangle(below, diagonal);
                self.set(out, l)
            }
            ("below_diagonal", [l], [out], []) => {
                let l = self.get(l)?;
                let below = self.graph.below_diagonal(l);
                self.set(out, below)
            }
            ("cholesky", [a], [out], []) => {
                let a = self.get(a)?;
                let l = self.graph.cholesky(a);
                self.set(out, l)
            }
            (LOG_GAMMA, [concentration], [out], [number]) => {
                let a = self.get(concentration)?;
                let stream = self.streams.get(int(*number) as usize).cloned().ok_or("a gamma draw without a stream")?;
                let draw = self.graph.push(Op::LogGamma { stream, lanes: None }, [a], shape(out), Type::Float);
                self.set(out, draw)
            }
            (name, ..) => Err(format!("the graph has no operation for the custom operation `{name}`")),
        }
    }

    fn special(&mut self, f: Unary, x: &TensorIr, out: &TensorIr) -> Outcome {
        let x = self.get(x)?;
        let y = self.graph.unary(f, x);
        self.set(out, y)
    }

    fn special_of_two(&mut self, f: Binary, x: &TensorIr, y: &TensorIr, out: &TensorIr) -> Outcome {
        let (x, y) = (self.get_as(x, out)?, self.get_as(y, out)?);
        let z = self.graph.binary(f, x, y);
        self.set(out, z)
    }
}
