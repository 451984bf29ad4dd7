//! The sum of what several users contribute to one cotangent.

use std::collections::BTreeSet;

use crate::ir::{Graph, Id, Op, Range};

/// The sum of `contributions`, in their order; absent where there is none.
///
/// Pieces of one axis, which come from slices of a vector of parameters, are joined instead: as a sum, each would be
/// padded to the whole with zeros.
pub(super) fn total(graph: &mut Graph, contributions: &[Id]) -> Option<Id> {
    let joined = join(graph, contributions);
    let terms = joined.as_deref().unwrap_or(contributions);
    let (&first, rest) = terms.split_first()?;
    Some(rest.iter().fold(first, |sum, &term| graph.add(sum, term)))
}

/// A contribution that is 0 outside of the positions from `start` on along `axis`.
struct Piece {
    contribution: Id,
    axis: usize,
    start: usize,
    len: usize,
    value: Id,
}

impl Piece {
    fn of(graph: &Graph, contribution: Id) -> Option<Self> {
        let node = graph.node(contribution);
        let Op::Unslice(ranges) = &node.op else { return None };
        let mut partial = ranges.iter().zip(&node.shape).enumerate().filter(|(_, (range, n))| **range != Range::all(**n));
        let (axis, (range, _)) = partial.next()?;
        let one_axis = partial.next().is_none() && range.step == 1;
        one_axis.then(|| Piece { contribution, axis, start: range.start, len: range.len, value: node.args[0] })
    }
}

/// The same sum with the pieces of one axis in one term, where they do not overlap in part.
fn join(graph: &mut Graph, contributions: &[Id]) -> Option<Vec<Id>> {
    let mut pieces: Vec<Piece> = contributions.iter().filter_map(|&id| Piece::of(graph, id)).collect();
    let shape = graph.shape(pieces.first()?.contribution).to_vec();
    let count = |axis: usize| pieces.iter().filter(|piece| piece.axis == axis).count();
    let axis = (0..shape.len()).find(|&axis| count(axis) > 1)?;
    pieces.retain(|piece| piece.axis == axis);
    let joined: BTreeSet<Id> = pieces.iter().map(|piece| piece.contribution).collect();
    let rest = contributions.iter().copied().filter(|id| !joined.contains(id));

    pieces.sort_by_key(|piece| (piece.start, piece.len));
    let overlap = |[a, b]: &[Piece; 2]| b.start < a.start + a.len && (a.start, a.len) != (b.start, b.len);
    if pieces.array_windows().any(overlap) {
        return None;
    }

    let mut parts = Vec::with_capacity(2 * pieces.len() + 1);
    let mut end = 0;
    let zeros = |graph: &mut Graph, len: usize| {
        let mut shape = shape.clone();
        shape[axis] = len;
        graph.full(0.0, shape)
    };
    for same in pieces.chunk_by(|a, b| (a.start, a.len) == (b.start, b.len)) {
        let (first, others) = same.split_first()?;
        if first.start > end {
            parts.push(zeros(graph, first.start - end));
        }
        parts.push(others.iter().fold(first.value, |sum, piece| graph.add(sum, piece.value)));
        end = first.start + first.len;
    }
    if shape[axis] > end {
        parts.push(zeros(graph, shape[axis] - end));
    }
    let mut terms = vec![graph.concat(&parts, axis)];
    terms.extend(rest);
    Some(terms)
}
