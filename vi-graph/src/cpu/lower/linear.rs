//! Matrix products and triangular systems.

use crate::error::Result;
use crate::ir::{Id, Op, Type};

use super::super::instruction::{Instruction, Product, Stride};
use super::super::routine;
use super::super::view::{View, merge};
use super::{Access, Lowering, extent};

impl Lowering<'_> {
    pub(super) fn linear(&mut self, id: Id) -> Result<View> {
        let node = self.graph.node(id);
        let rank = node.shape.len();
        match node.op {
            Op::MatMul { transpose_a, transpose_b } => self.product(id, transpose_a, transpose_b),
            Op::Cholesky => {
                let (wide, n) = (self.wide(), node.shape[rank - 1]);
                self.routine(id, routine::Cholesky { wide, n })
            }
            Op::SolveLower { transpose } => {
                let (wide, n, m) = (self.wide(), node.shape[rank - 2], node.shape[rank - 1]);
                self.routine(id, routine::SolveLower { wide, transpose, n, m })
            }
            _ => Err(self.unsupported(id, "is no linear algebra")),
        }
    }

    fn product(&mut self, id: Id, transpose_a: bool, transpose_b: bool) -> Result<View> {
        let node = self.graph.node(id);
        if node.ty != Type::Float {
            return Err(self.unsupported(id, "multiplies matrices of floats only"));
        }
        let shape = &node.shape;
        let rank = shape.len();
        let (row, column) = (rank - 2, rank - 1);
        let (mut a, mut b) = (self.value(node.args[0])?, self.value(node.args[1])?);
        if transpose_a {
            a.strides.swap(row, column);
        }
        if transpose_b {
            b.strides.swap(row, column);
        }
        let depth = if transpose_a { row } else { column };
        let k = self.graph.shape(node.args[0])[depth];
        let out = View::dense(self.buffer(node.len() * self.size(Type::Float), self.phase(&[&a, &b])), shape);
        if k == 0 {
            self.clear(&out, node.len(), Type::Float);
            return Ok(out);
        }
        let (m, n) = (shape[row], shape[column]);
        let size = self.size(Type::Float);
        let bytes = size as isize;
        let batch: Vec<usize> = (0..row).collect();
        let loops: Vec<Stride> = merge(shape, &batch, &[&a.strides, &b.strides, &out.strides])
            .iter()
            .map(|dim| Stride { count: dim.count, steps: [dim.strides[0] * bytes, dim.strides[1] * bytes, dim.strides[2] * bytes, 0] })
            .collect();
        let views = [&a, &b, &out];
        let sizes = [[m, k], [k, n], [m, n]];
        let places = views.map(|view| self.place(view, Type::Float));
        let strides = views.map(|view| [view.strides[row], view.strides[column]]);
        let accesses = (0..3)
            .map(|i| {
                let mut all = loops.clone();
                for d in 0..2 {
                    let mut steps = [0; 4];
                    steps[i] = strides[i][d] * bytes;
                    all.push(Stride { count: sizes[i][d], steps });
                }
                let (low, high) = extent(places[i].offset, size, &all, i);
                Access { buffer: places[i].slot, low, high, write: i == 2 }
            })
            .collect();
        let phase = self.out.buffers[out.buffer].phase;
        let product = Product { wide: self.wide(), sizes: [m, k, n], places, strides, loops };
        self.emit(Instruction::Product(Box::new(product)), phase, accesses);
        Ok(out)
    }
}
