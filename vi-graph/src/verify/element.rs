//! Element by element: every operand has the shape of the node.

use super::{Check, Checked, require};
use crate::ir::{Binary, Type, Unary};

const NUMBERS: [Type; 2] = [Type::Float, Type::Int];

pub(super) fn unary(node: Checked, f: Unary) -> Check {
    same_shapes(node, 1)?;
    let types: &[Type] = if matches!(f, Unary::Neg | Unary::Abs | Unary::Sign) { &NUMBERS } else { &[Type::Float] };
    node.operand_type(0, types)?;
    node.result(node.ty(0))
}

pub(super) fn binary(node: Checked, f: Binary) -> Check {
    use Binary::{Add, Div, Max, Min, Mul, Rem, Sub};
    same_shapes(node, 2)?;
    let types: &[Type] = if matches!(f, Add | Sub | Mul | Div | Rem | Max | Min) { &NUMBERS } else { &[Type::Float] };
    node.operand_type(0, types)?;
    node.operand_type(1, &[node.ty(0)])?;
    node.result(node.ty(0))
}

pub(super) fn ternary(node: Checked) -> Check {
    same_shapes(node, 3)?;
    for k in 0..3 {
        node.operand_type(k, &[Type::Float])?;
    }
    node.result(Type::Float)
}

pub(super) fn compare(node: Checked) -> Check {
    same_shapes(node, 2)?;
    node.operand_type(0, &NUMBERS)?;
    node.operand_type(1, &[node.ty(0)])?;
    node.result(Type::Bool)
}

pub(super) fn logic(node: Checked, operands: usize) -> Check {
    same_shapes(node, operands)?;
    for k in 0..operands {
        node.operand_type(k, &[Type::Bool])?;
    }
    node.result(Type::Bool)
}

pub(super) fn test(node: Checked) -> Check {
    same_shapes(node, 1)?;
    node.operand_type(0, &[Type::Float])?;
    node.result(Type::Bool)
}

pub(super) fn select(node: Checked) -> Check {
    same_shapes(node, 3)?;
    node.operand_type(0, &[Type::Bool])?;
    node.operand_type(2, &[node.ty(1)])?;
    node.result(node.ty(1))
}

pub(super) fn cast(node: Checked) -> Check {
    same_shapes(node, 1)
}

pub(super) fn log_gamma(node: Checked, lanes: Option<usize>) -> Check {
    same_shapes(node, 1)?;
    node.operand_type(0, &[Type::Float])?;
    node.result(Type::Float)?;
    let shape = &node.node.shape;
    require(lanes.is_none() || lanes == shape.first().copied(), || format!("{} lanes, but the shape is {shape:?}", lanes.unwrap_or(0)))
}

fn same_shapes(node: Checked, operands: usize) -> Check {
    node.operands(operands)?;
    (0..operands).try_for_each(|k| node.operand_shape(k, &node.node.shape))
}
