//! How operations go along an axis.

use crate::ir::{Binary, Graph, Id, Op, Range, Reduce};

/// Products of more columns are left to the matrix product, which has tiles of its own.
const COLUMNS: usize = 8;

/// Whether a product has few rows or few columns.
pub(super) fn by_vector(graph: &Graph, id: Id) -> bool {
    let shape = graph.shape(id);
    let rank = shape.len();
    shape[rank - 1] <= COLUMNS || shape[rank - 2] <= COLUMNS
}

/// The axes along which the operands are needed for a stretch of the node along `axis`, absent for operands that are needed
/// whole; absent altogether where the operation is not local.
pub(super) fn local(graph: &Graph, id: Id, axis: usize, length: usize) -> Option<Vec<Option<usize>>> {
    let node = graph.node(id);
    let shape = |i: usize| graph.shape(node.args[i]);
    match &node.op {
        Op::Unary(_) | Op::Binary(_) | Op::Ternary(_) | Op::Compare(_) | Op::Logic(_) | Op::Not | Op::Test(_) | Op::Where | Op::Cast => {
            Some(vec![Some(axis); node.args.len()])
        }
        Op::Expand => Some(vec![(shape(0)[axis] == length).then_some(axis)]),
        Op::Reduce(_, axes) => (!axes.contains(&axis)).then(|| vec![Some(axis)]),
        Op::Reshape => {
            let before: usize = node.shape[..axis].iter().product();
            let from = shape(0);
            let same = (0..from.len()).find(|&d| from[d] == length && from[..d].iter().product::<usize>() == before)?;
            Some(vec![Some(same)])
        }
        Op::Permute(order) => Some(vec![Some(order[axis])]),
        Op::Slice(ranges) => (ranges[axis] == Range::all(length)).then(|| vec![Some(axis)]),
        Op::MatMul { transpose_a, transpose_b } => {
            let rank = node.shape.len();
            let repeated = |i: usize| (shape(i)[axis] == length).then_some(axis);
            if !by_vector(graph, id) {
                None
            } else if axis < rank - 2 {
                Some(vec![repeated(0), repeated(1)])
            } else if axis == rank - 2 {
                Some(vec![Some(if *transpose_a { rank - 1 } else { rank - 2 }), None])
            } else {
                Some(vec![None, Some(if *transpose_b { rank - 2 } else { rank - 1 })])
            }
        }
        _ => None,
    }
}

/// What joins the results of stretches of the operands, and along which axes these are; absent where the operation does not
/// reduce the axis.
pub(super) fn ending(graph: &Graph, id: Id, length: usize) -> Option<(Binary, Vec<Option<usize>>)> {
    let node = graph.node(id);
    let shape = |i: usize| graph.shape(node.args[i]);
    match &node.op {
        Op::Reduce(f, axes) => {
            let join = match f {
                Reduce::Sum => Binary::Add,
                Reduce::Prod => Binary::Mul,
                Reduce::Max => Binary::Max,
                Reduce::Min => Binary::Min,
                _ => return None,
            };
            let axis = axes.iter().copied().find(|&d| shape(0)[d] == length)?;
            Some((join, vec![Some(axis)]))
        }
        Op::MatMul { transpose_a, transpose_b } => {
            let rank = node.shape.len();
            let (a, b) = (if *transpose_a { rank - 2 } else { rank - 1 }, if *transpose_b { rank - 1 } else { rank - 2 });
            (shape(0)[a] == length && by_vector(graph, id)).then(|| (Binary::Add, vec![Some(a), Some(b)]))
        }
        _ => None,
    }
}
