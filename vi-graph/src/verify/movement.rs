//! Operations that move elements, and their adjoints.

use super::{Check, Checked, require};
use crate::ir::{Range, Type};

const NUMBERS: [Type; 2] = [Type::Float, Type::Int];

pub(super) fn reshape(node: Checked) -> Check {
    same_type(node, 1)?;
    let len: usize = node.shape(0).iter().product();
    require(len == node.node.len(), || {
        format!("has shape {:?} with {} elements, expected {len} as in {:?}", node.node.shape, node.node.len(), node.shape(0))
    })
}

pub(super) fn permute(node: Checked, order: &[usize]) -> Check {
    same_type(node, 1)?;
    let shape = node.shape(0);
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    require(sorted.into_iter().eq(0..shape.len()), || format!("order {order:?} is no permutation of the axes of {shape:?}"))?;
    node.result_shape(&order.iter().map(|&axis| shape[axis]).collect::<Vec<_>>())
}

pub(super) fn expand(node: Checked) -> Check {
    same_type(node, 1)?;
    let (from, to) = (node.shape(0), &node.node.shape);
    let fits = from.len() == to.len() && from.iter().zip(to).all(|(from, to)| from == to || *from == 1);
    require(fits, || format!("{from:?} cannot be repeated to {to:?}"))
}

pub(super) fn slice(node: Checked, ranges: &[Range]) -> Check {
    same_type(node, 1)?;
    inside(ranges, node.shape(0))?;
    node.result_shape(&lens(ranges))
}

pub(super) fn unslice(node: Checked, ranges: &[Range]) -> Check {
    same_type(node, 1)?;
    inside(ranges, &node.node.shape)?;
    node.operand_shape(0, &lens(ranges))
}

pub(super) fn concat(node: Checked, axis: usize) -> Check {
    let parts = node.node.args.len();
    require(parts > 0, || "0 operands, expected 1 or more".to_owned())?;
    same_type(node, parts)?;
    let mut expected = node.shape(0).to_vec();
    for k in 0..parts {
        node.axis(k, axis)?;
        // Another size is allowed along the axis only.
        expected[axis] = node.shape(k)[axis];
        node.operand_shape(k, &expected)?;
    }
    expected[axis] = (0..parts).map(|k| node.shape(k)[axis]).sum();
    node.result_shape(&expected)
}

pub(super) fn gather(node: Checked, axis: usize) -> Check {
    node.operands(2)?;
    node.axis(0, axis)?;
    node.operand_type(1, &[Type::Int])?;
    let mut expected = node.shape(0).to_vec();
    if let Some(&size) = node.shape(1).get(axis) {
        expected[axis] = size;
    }
    node.operand_shape(1, &expected)?;
    node.result(node.ty(0))?;
    node.result_shape(&expected)
}

pub(super) fn scatter_add(node: Checked, axis: usize) -> Check {
    node.operands(2)?;
    node.axis(1, axis)?;
    node.operand_type(0, &[Type::Int])?;
    node.operand_type(1, &NUMBERS)?;
    node.operand_shape(0, node.shape(1))?;
    node.result(node.ty(1))?;
    others_agree(node, axis, node.shape(1))
}

pub(super) fn take(node: Checked, axis: usize) -> Check {
    node.operands(2)?;
    node.axis(0, axis)?;
    let mut expected = node.shape(0).to_vec();
    expected[axis] = index_len(node, 1)?;
    node.result(node.ty(0))?;
    node.result_shape(&expected)
}

pub(super) fn take_add(node: Checked, axis: usize) -> Check {
    node.operands(2)?;
    node.axis(1, axis)?;
    node.operand_type(1, &NUMBERS)?;
    let mut expected = node.shape(1).to_vec();
    expected[axis] = index_len(node, 0)?;
    node.operand_shape(1, &expected)?;
    node.result(node.ty(1))?;
    others_agree(node, axis, node.shape(1))
}

/// The number of elements of operand `k`, an index of rank 1.
fn index_len(node: Checked, k: usize) -> Result<usize, String> {
    node.operand_type(k, &[Type::Int])?;
    match node.shape(k) {
        &[len] => Ok(len),
        shape => Err(format!("{} has shape {shape:?}, expected rank 1", node.operand(k))),
    }
}

/// The node has the sizes of `shape`, but for the axis.
fn others_agree(node: Checked, axis: usize, shape: &[usize]) -> Check {
    let mut expected = shape.to_vec();
    if let Some(&size) = node.node.shape.get(axis) {
        expected[axis] = size;
    }
    node.result_shape(&expected)
}

/// The node and its operands are of one type.
fn same_type(node: Checked, operands: usize) -> Check {
    node.operands(operands)?;
    (1..operands).try_for_each(|k| node.operand_type(k, &[node.ty(0)]))?;
    node.result(node.ty(0))
}

/// There is a range for each axis, with distinct positions of the axis.
fn inside(ranges: &[Range], shape: &[usize]) -> Check {
    require(ranges.len() == shape.len(), || format!("{} ranges for the shape {shape:?}", ranges.len()))?;
    for (axis, (range, &size)) in ranges.iter().zip(shape).enumerate() {
        let last = range.start as i128 + range.step as i128 * (range.len as i128 - 1);
        let fits = range.len == 0 || (range.start < size && (0..size as i128).contains(&last));
        require(fits, || format!("positions {}, …, {last} of axis {axis}, which has size {size}", range.start))?;
        require(range.len < 2 || range.step != 0, || format!("step 0 for {} positions of axis {axis}", range.len))?;
    }
    Ok(())
}

fn lens(ranges: &[Range]) -> Vec<usize> {
    ranges.iter().map(|range| range.len).collect()
}
