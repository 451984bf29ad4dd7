//! Gathering, scattering and sorting, as routines on rows.

use crate::error::Result;
use crate::ir::{Id, Op, Type};

use super::super::routine::{self, Numbers};
use super::super::view::{View, ordered};
use super::Lowering;

impl Lowering<'_> {
    pub(super) fn indexing(&mut self, id: Id) -> Result<View> {
        let node = self.graph.node(id);
        match node.op {
            Op::Gather(axis) => self.gather(id, axis),
            Op::ScatterAdd(axis) => self.scatter(id, axis),
            Op::Take(axis) => {
                let shape = self.graph.shape(node.args[0]);
                let inner = shape[axis + 1..].iter().product();
                self.routine(id, routine::Take { moved: self.moved(node.ty), n: shape[axis], inner })
            }
            Op::TakeAdd(axis) => {
                let inner = node.shape[axis + 1..].iter().product();
                let n = node.shape[axis];
                let numbers = self.numbers(id, node.ty)?;
                self.routine(id, routine::TakeAdd { numbers, n, inner })
            }
            Op::ArgSort { axis, descending } => {
                let numbers = self.numbers(id, self.graph.ty(node.args[0]))?;
                self.along(id, axis, |n| routine::ArgSort { numbers, descending, n })
            }
            _ => Err(self.unsupported(id, "is no indexing")),
        }
    }

    fn moved(&self, ty: Type) -> routine::Moved {
        match (ty, self.wide()) {
            (Type::Float, false) => routine::Moved::F32,
            (Type::Float, true) => routine::Moved::F64,
            (Type::Int, _) => routine::Moved::I64,
            (Type::Bool, _) => routine::Moved::Bool,
        }
    }

    pub(super) fn numbers(&self, id: Id, ty: Type) -> Result<Numbers> {
        Numbers::of(ty, self.wide()).ok_or_else(|| self.unsupported(id, "is for numbers only"))
    }

    /// An operand with the axis innermost; without its leading dimensions where all rows are the same.
    fn rows(&mut self, id: Id, axis: usize) -> Result<(View, usize, bool)> {
        let shape = self.graph.shape(id).to_vec();
        let ty = self.graph.ty(id);
        let view = self.value(id)?;
        let others: Vec<usize> = (0..shape.len()).filter(|&d| d != axis).collect();
        let shared = others.iter().all(|&d| view.strides[d] == 0);
        let order: Vec<usize> = if shared { vec![axis] } else { others.into_iter().chain([axis]).collect() };
        let len = order.iter().map(|&d| shape[d]).product();
        Ok((self.stored(&view, &shape, &order, ty), len, shared))
    }

    fn gather(&mut self, id: Id, axis: usize) -> Result<View> {
        let node = self.graph.node(id);
        let n = self.graph.shape(node.args[0])[axis];
        let m = node.shape[axis];
        let (x, x_len, x_shared) = self.rows(node.args[0], axis)?;
        let (index, index_len, index_shared) = self.rows(node.args[1], axis)?;
        let order: Vec<usize> = (0..node.shape.len()).filter(|&d| d != axis).chain([axis]).collect();
        let buffer = self.buffer(node.len() * self.size(node.ty), self.phase(&[&x, &index]));
        let out = View { buffer, offset: 0, strides: ordered(&node.shape, &order) };
        let gather = routine::Gather { moved: self.moved(node.ty), n, m, x_shared, index_shared };
        let inputs = vec![self.span(&x, x_len, node.ty), self.span(&index, index_len, Type::Int)];
        let output = self.span(&out, node.len(), node.ty);
        self.call(gather, inputs, output);
        Ok(out)
    }

    fn scatter(&mut self, id: Id, axis: usize) -> Result<View> {
        let node = self.graph.node(id);
        let n = node.shape[axis];
        let m = self.graph.shape(node.args[0])[axis];
        let (index, index_len, index_shared) = self.rows(node.args[0], axis)?;
        let (y, y_len, y_shared) = self.rows(node.args[1], axis)?;
        let order: Vec<usize> = (0..node.shape.len()).filter(|&d| d != axis).chain([axis]).collect();
        let buffer = self.buffer(node.len() * self.size(node.ty), self.phase(&[&index, &y]));
        let out = View { buffer, offset: 0, strides: ordered(&node.shape, &order) };
        let scatter = routine::ScatterAdd { numbers: self.numbers(id, node.ty)?, n, m, index_shared, y_shared };
        let inputs = vec![self.span(&index, index_len, Type::Int), self.span(&y, y_len, node.ty)];
        let output = self.span(&out, node.len(), node.ty);
        self.call(scatter, inputs, output);
        Ok(out)
    }
}
