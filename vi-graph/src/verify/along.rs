//! Along axes.

use super::{Check, Checked, require};
use crate::ir::{Reduce, Scan, Type};

pub(super) fn reduce(node: Checked, f: Reduce, axes: &[usize]) -> Check {
    node.operands(1)?;
    axes.iter().try_for_each(|&axis| node.axis(0, axis))?;
    require(axes.windows(2).all(|pair| pair[0] < pair[1]), || format!("axes {axes:?} are not ascending"))?;
    let types: &[Type] = match f {
        Reduce::Sum | Reduce::Max | Reduce::Min => &[Type::Float, Type::Int],
        Reduce::Prod | Reduce::LogSumExp => &[Type::Float],
        Reduce::Any | Reduce::All => &[Type::Bool],
    };
    node.operand_type(0, types)?;
    node.result(node.ty(0))?;
    reduced(node, axes)
}

pub(super) fn argmax(node: Checked, axis: usize) -> Check {
    node.operands(1)?;
    node.axis(0, axis)?;
    node.operand_type(0, &[Type::Float, Type::Int])?;
    node.result(Type::Int)?;
    reduced(node, &[axis])?;
    require(node.shape(0)[axis] > 0 || node.node.is_empty(), || format!("axis {axis} of {:?} has no largest element", node.shape(0)))
}

pub(super) fn scan(node: Checked, f: Scan, axis: usize) -> Check {
    node.operands(1)?;
    node.axis(0, axis)?;
    node.operand_type(0, if f == Scan::Sum { &[Type::Float, Type::Int] } else { &[Type::Float] })?;
    node.result(node.ty(0))?;
    node.result_shape(node.shape(0))
}

pub(super) fn argsort(node: Checked, axis: usize) -> Check {
    node.operands(1)?;
    node.axis(0, axis)?;
    node.operand_type(0, &[Type::Float, Type::Int])?;
    node.result(Type::Int)?;
    node.result_shape(node.shape(0))
}

fn reduced(node: Checked, axes: &[usize]) -> Check {
    let mut expected = node.shape(0).to_vec();
    for &axis in axes {
        expected[axis] = 1;
    }
    node.result_shape(&expected)
}
