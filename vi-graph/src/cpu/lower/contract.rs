//! Products that are taken into the sum that they are a term of: one kernel, and one rounding where the processor can.

use crate::ir::{Binary, Graph, Id, Op, Type};

use super::super::kernels::Contraction;

/// A sum or difference as one operation on three operands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contracted {
    /// Which.
    pub f: Contraction,
    /// The factors, then the other term.
    pub operands: [Id; 3],
}

/// The sums that take in a product, and the products that have gone; only those that are computed as a `whole`.
pub(super) fn contracted(graph: &Graph, live: &[bool], whole: &dyn Fn(Id) -> bool) -> (Vec<Option<Contracted>>, Vec<bool>) {
    let mut uses = vec![0; graph.nodes.len()];
    let users = graph.ids().filter(|id| live[id.index()]).flat_map(|id| &graph.node(id).args);
    for id in users.chain(&graph.outputs) {
        uses[id.index()] += 1;
    }
    let product = |id: Id| {
        let node = graph.node(id);
        let alone = uses[id.index()] == 1 && whole(id);
        (alone && node.op == Op::Binary(Binary::Mul)).then(|| [node.args[0], node.args[1]])
    };
    let mut contracted = vec![None; graph.nodes.len()];
    let mut absorbed = vec![false; graph.nodes.len()];
    for id in graph.ids().filter(|&id| live[id.index()] && whole(id)) {
        let node = graph.node(id);
        let (Op::Binary(f @ (Binary::Add | Binary::Sub)), Type::Float, &[x, y]) = (&node.op, node.ty, node.args.as_slice()) else {
            continue;
        };
        let (f, factors, taken, other) = match (product(x), product(y)) {
            (Some(factors), _) => (if *f == Binary::Add { Contraction::MulAdd } else { Contraction::MulSub }, factors, x, y),
            (_, Some(factors)) => (if *f == Binary::Add { Contraction::MulAdd } else { Contraction::NegMulAdd }, factors, y, x),
            _ => continue,
        };
        contracted[id.index()] = Some(Contracted { f, operands: [factors[0], factors[1], other] });
        absorbed[taken.index()] = true;
    }
    (contracted, absorbed)
}
