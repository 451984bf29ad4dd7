//! Matrices in the last two dimensions.

use super::{Check, Checked, require};
use crate::ir::{Type, below_len};

pub(super) fn matmul(node: Checked, transpose_a: bool, transpose_b: bool) -> Check {
    floats(node, 2)?;
    let (batch_a, a) = matrix(node, 0)?;
    let (batch_b, b) = matrix(node, 1)?;
    let (sa, sb) = (node.shape(0), node.shape(1));
    let fits = batch_a.len() == batch_b.len() && batch_a.iter().zip(batch_b).all(|(a, b)| a == b || *a == 1 || *b == 1);
    require(fits, || format!("leading dimensions of {sa:?} and {sb:?} are neither equal nor 1"))?;
    let [m, k] = if transpose_a { [a[1], a[0]] } else { a };
    let [other, n] = if transpose_b { [b[1], b[0]] } else { b };
    let transposed = |yes: bool| if yes { " transposed" } else { "" };
    require(k == other, || {
        format!("inner sizes {k} of {sa:?}{} and {other} of {sb:?}{}", transposed(transpose_a), transposed(transpose_b))
    })?;
    // Of two sizes that fit, the one that is not 1, which may be 0.
    let batch = batch_a.iter().zip(batch_b).map(|(&a, &b)| if a == 1 { b } else { a });
    node.result_shape(&batch.chain([m, n]).collect::<Vec<_>>())
}

pub(super) fn cholesky(node: Checked) -> Check {
    floats(node, 1)?;
    square(node, 0)?;
    node.result_shape(node.shape(0))
}

pub(super) fn solve_lower(node: Checked) -> Check {
    floats(node, 2)?;
    let n = square(node, 0)?;
    let (batch, right) = matrix(node, 1)?;
    node.operand_shape(0, &batch.iter().copied().chain([n, n]).collect::<Vec<_>>())?;
    require(right[0] == n, || format!("right-hand sides {:?} of the factor {:?}", node.shape(1), node.shape(0)))?;
    node.result_shape(node.shape(1))
}

pub(super) fn lower_triangle(node: Checked) -> Check {
    floats(node, 2)?;
    let (below, diagonal) = (node.shape(0), node.shape(1));
    let [batch @ .., n] = diagonal else { return Err(format!("{} is a scalar, expected a diagonal", node.operand(1))) };
    node.operand_shape(0, &batch.iter().copied().chain([below_len(*n)]).collect::<Vec<_>>())?;
    require(below.len() == diagonal.len(), || format!("operands of shapes {below:?} and {diagonal:?}"))?;
    node.result_shape(&batch.iter().copied().chain([*n, *n]).collect::<Vec<_>>())
}

pub(super) fn below_diagonal(node: Checked) -> Check {
    floats(node, 1)?;
    let n = square(node, 0)?;
    let (batch, _) = matrix(node, 0)?;
    node.result_shape(&batch.iter().copied().chain([below_len(n)]).collect::<Vec<_>>())
}

fn floats(node: Checked, operands: usize) -> Check {
    node.operands(operands)?;
    (0..operands).try_for_each(|k| node.operand_type(k, &[Type::Float]))?;
    node.result(Type::Float)
}

/// The leading dimensions of operand `k` and its last two.
fn matrix<'a>(node: Checked<'a>, k: usize) -> Result<(&'a [usize], [usize; 2]), String> {
    match node.shape(k) {
        [batch @ .., rows, columns] => Ok((batch, [*rows, *columns])),
        shape => Err(format!("{} has shape {shape:?}, expected rank 2 or more", node.operand(k))),
    }
}

fn square(node: Checked, k: usize) -> Result<usize, String> {
    match matrix(node, k)?.1 {
        [rows, columns] if rows == columns => Ok(rows),
        _ => Err(format!("{} has shape {:?}, expected square matrices", node.operand(k), node.shape(k))),
    }
}
