//! Lower triangular matrices that were put together from their elements.

use super::rewrite::Rewrite;
use crate::ir::{Binary, Compare, Data, Id, Node, Op, Range, Scalar, Type};

/// Parts of such a matrix, and masks that set nothing but what is 0 already.
pub(super) fn rule(rewrite: &mut Rewrite, node: &Node) -> Option<Id> {
    match (&node.op, &node.args[..]) {
        (Op::BelowDiagonal, &[x]) if *rewrite.op(x) == Op::LowerTriangle => Some(rewrite.arg(x)),
        (Op::Slice(ranges), &[x]) => diagonal(rewrite, node, ranges, x),
        (Op::Reshape, &[x]) if *rewrite.op(x) == Op::LowerTriangle => reshaped(rewrite, node, x),
        (Op::Where, &[condition, a, b]) => {
            let keeps = |rewrite: &Rewrite, matrix: Id, other: Id, side: bool| {
                let masked = *rewrite.op(matrix) == Op::LowerTriangle && rewrite.float(other) == Some(0.0);
                masked && chosen_below(rewrite, condition, &node.shape, side)
            };
            if keeps(rewrite, a, b, true) {
                return Some(a);
            }
            keeps(rewrite, b, a, false).then_some(b)
        }
        _ => None,
    }
}

/// The diagonal, taken as every `n + 1`-th element of the flattened matrices.
fn diagonal(rewrite: &mut Rewrite, node: &Node, ranges: &[Range], x: Id) -> Option<Id> {
    let matrix = match rewrite.op(x) {
        Op::Reshape => rewrite.arg(x),
        _ => return None,
    };
    if *rewrite.op(matrix) != Op::LowerTriangle {
        return None;
    }
    let n = *rewrite.shape(matrix).last()?;
    let (last, leading) = ranges.split_last()?;
    let (flat, batch) = rewrite.shape(x).split_last()?;
    let whole = leading.iter().zip(batch).all(|(range, &size)| *range == Range::all(size));
    if *flat != n * n || !whole || *last != (Range { start: 0, step: n as isize + 1, len: n }) {
        return None;
    }
    let diagonal = rewrite.node(matrix).args[1];
    Some(rewrite.reshape(diagonal, node.shape.clone()))
}

/// The same matrices with other leading dimensions.
fn reshaped(rewrite: &mut Rewrite, node: &Node, x: Id) -> Option<Id> {
    let n = *rewrite.shape(x).last()?;
    let [batch @ .., rows, columns] = &node.shape[..] else { return None };
    if [*rows, *columns] != [n, n] {
        return None;
    }
    let [below, diagonal] = rewrite.node(x).args[..] else { return None };
    let parts = [below, diagonal].map(|part| {
        let mut shape = batch.to_vec();
        shape.extend(rewrite.shape(part).last().copied());
        rewrite.reshape(part, shape)
    });
    Some(rewrite.add_node(Op::LowerTriangle, parts, node.shape.clone(), node.ty))
}

/// Whether the condition is `side` on and under the diagonal of all matrices.
fn chosen_below(rewrite: &Rewrite, condition: Id, shape: &[usize], side: bool) -> bool {
    let Some((batch, &[n, _])) = shape.split_last_chunk() else { return false };
    // Masks of one matrix are repeated.
    if batch.iter().any(|&size| size != 1) {
        return false;
    }
    let mut place = vec![0; shape.len()];
    (0..n).all(|row| {
        (0..=row).all(|column| {
            place[batch.len()] = row;
            place[batch.len() + 1] = column;
            truth(rewrite, condition, &place) == Some(side)
        })
    })
}

/// The truth value there, where it is a comparison of positions.
fn truth(rewrite: &Rewrite, id: Id, place: &[usize]) -> Option<bool> {
    let node = rewrite.node(id);
    match (&node.op, &node.args[..]) {
        (Op::Constant(data), _) => match &**data {
            Data::Bool(values) => values.get(flat(&node.shape, place)).copied(),
            _ => None,
        },
        (Op::Full(Scalar::Bool(value)), _) => Some(*value),
        (Op::Not, &[x]) => Some(!truth(rewrite, x, place)?),
        (Op::Expand, &[x]) => truth(rewrite, x, &inner(rewrite.shape(x), place)),
        (Op::Reshape, &[x]) => truth(rewrite, x, &unflat(rewrite.shape(x), flat(&node.shape, place))),
        (Op::Compare(f), &[x, y]) if rewrite.graph().ty(x) == Type::Int => {
            let (x, y) = (whole(rewrite, x, place)?, whole(rewrite, y, place)?);
            Some(match f {
                Compare::Equal => x == y,
                Compare::NotEqual => x != y,
                Compare::Less => x < y,
                Compare::LessEqual => x <= y,
                Compare::Greater => x > y,
                Compare::GreaterEqual => x >= y,
            })
        }
        _ => None,
    }
}

/// The integer there, where it is made of constants.
fn whole(rewrite: &Rewrite, id: Id, place: &[usize]) -> Option<i64> {
    let node = rewrite.node(id);
    match (&node.op, &node.args[..]) {
        (Op::Constant(data), _) => match &**data {
            Data::Int(values) => values.get(flat(&node.shape, place)).copied(),
            _ => None,
        },
        (Op::Full(Scalar::Int(value)), _) => Some(*value),
        (Op::Expand, &[x]) => whole(rewrite, x, &inner(rewrite.shape(x), place)),
        (Op::Reshape, &[x]) => whole(rewrite, x, &unflat(rewrite.shape(x), flat(&node.shape, place))),
        (Op::Binary(Binary::Add), &[x, y]) => whole(rewrite, x, place)?.checked_add(whole(rewrite, y, place)?),
        (Op::Binary(Binary::Sub), &[x, y]) => whole(rewrite, x, place)?.checked_sub(whole(rewrite, y, place)?),
        _ => None,
    }
}

/// Where a repeated element comes from.
fn inner(shape: &[usize], place: &[usize]) -> Vec<usize> {
    shape.iter().zip(place).map(|(&size, &at)| if size == 1 { 0 } else { at }).collect()
}

fn flat(shape: &[usize], place: &[usize]) -> usize {
    shape.iter().zip(place).fold(0, |flat, (size, at)| flat * size + at)
}

fn unflat(shape: &[usize], flat: usize) -> Vec<usize> {
    let mut rest = flat;
    let mut place = vec![0; shape.len()];
    for (at, &size) in place.iter_mut().zip(shape).rev() {
        *at = rest % size.max(1);
        rest /= size.max(1);
    }
    place
}
