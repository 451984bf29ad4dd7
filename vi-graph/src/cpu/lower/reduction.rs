//! Reductions and scans.

use crate::error::Result;
use crate::ir::{Binary, Id, Op, Reduce, Scalar, Shape, Type, Unary};

use super::super::instruction::{Kernel, Stride};
use super::super::routine;
use super::super::select;
use super::super::view::{View, merge, ordered, row_major};
use super::{End, Lowering};

/// Rows shorter than this are reduced side by side, after a copy to another order, if there are many.
const SHORT: usize = 8;
const MANY: usize = 32;

impl Lowering<'_> {
    pub(super) fn reduction(&mut self, id: Id) -> Result<View> {
        let node = self.graph.node(id);
        let arg = node.args[0];
        let (x, shape, ty) = (self.value(arg)?, self.graph.shape(arg).to_vec(), self.graph.ty(arg));
        match &node.op {
            Op::Reduce(f, axes) => {
                if shape.contains(&0) {
                    return Ok(self.splat(identity(*f, ty), shape.len()));
                }
                let fast = ty == Type::Float && matches!(f, Reduce::Sum | Reduce::Prod | Reduce::Max | Reduce::Min);
                match f {
                    Reduce::LogSumExp => self.log_sum_exp(id, &x, &shape, axes),
                    _ if fast => self.reduced(id, *f, x, shape, axes),
                    _ => self.by_rows(id, axes, |n| routine::Reduction { f: *f, ty, n }),
                }
            }
            Op::ArgMax(axis) => {
                let numbers = self.numbers(id, ty)?;
                self.by_rows(id, &[*axis], |n| routine::ArgMax { numbers, n })
            }
            Op::Scan { scan, axis, reverse } => {
                let numbers = self.numbers(id, ty)?;
                let (scan, reverse) = (*scan, *reverse);
                self.along(id, *axis, |n| routine::Scan { scan, reverse, numbers, n })
            }
            _ => Err(self.unsupported(id, "is no reduction")),
        }
    }

    /// `log Σ exp(x − m) + m`, m the largest where it is finite.
    fn log_sum_exp(&mut self, id: Id, x: &View, shape: &[usize], axes: &[usize]) -> Result<View> {
        let (level, wide) = (self.level, self.wide());
        let float = Type::Float;
        let kept = self.graph.shape(id).to_vec();
        let missing = |this: &Self| this.unsupported(id, "lacks a kernel");
        let m = self.reduced(id, Reduce::Max, x.clone(), shape.to_vec(), axes)?;
        let infinite = self
            .map(&kept, &[(m.clone(), float)], Type::Bool, &|_| select::test(level, wide, crate::ir::Test::IsInfinite))
            .ok_or_else(|| missing(self))?;
        let zero = self.splat(Scalar::Float(0.0), shape.len());
        let operands = [(infinite, Type::Bool), (zero, float), (m, float)];
        let m = self.map(&kept, &operands, float, &|s| select::choose(level, wide, float, s)).ok_or_else(|| missing(self))?;
        let centred = self
            .map(shape, &[(x.clone(), float), (m.clone(), float)], float, &|s| select::binary(level, wide, float, Binary::Sub, s))
            .ok_or_else(|| missing(self))?;
        let exp =
            self.map(shape, &[(centred, float)], float, &|_| select::unary(level, wide, float, Unary::Exp)).ok_or_else(|| missing(self))?;
        let sum = self.reduced(id, Reduce::Sum, exp, shape.to_vec(), axes)?;
        let log =
            self.map(&kept, &[(sum, float)], float, &|_| select::unary(level, wide, float, Unary::Log)).ok_or_else(|| missing(self))?;
        self.map(&kept, &[(log, float), (m, float)], float, &|s| select::binary(level, wide, float, Binary::Add, s))
            .ok_or_else(|| missing(self))
    }

    /// Reduces floats along `axes`, of which each may need a pass of its own.
    pub(super) fn reduced(&mut self, id: Id, f: Reduce, mut x: View, mut shape: Shape, axes: &[usize]) -> Result<View> {
        let mut repeated = 1;
        let mut axes: Vec<usize> = axes.iter().copied().filter(|&d| shape[d] > 1).collect();
        if f == Reduce::Prod && axes.iter().any(|&d| x.strides[d] == 0) {
            let order: Vec<usize> = (0..shape.len()).collect();
            x = self.stored(&x, &shape, &order, Type::Float);
        }
        axes.retain(|&d| {
            let moves = x.strides[d] != 0;
            if !moves {
                repeated *= shape[d];
                shape[d] = 1;
            }
            moves
        });
        while !axes.is_empty() {
            x = self.reduced_once(id, f, x, &mut shape, &mut axes)?;
        }
        if f == Reduce::Sum && repeated > 1 {
            let (level, wide) = (self.level, self.wide());
            let count = self.splat(Scalar::Float(repeated as f64), shape.len());
            let operands = [(x, Type::Float), (count, Type::Float)];
            x = self
                .map(&shape, &operands, Type::Float, &|s| select::binary(level, wide, Type::Float, Binary::Mul, s))
                .ok_or_else(|| self.unsupported(id, "lacks a kernel"))?;
        }
        Ok(x)
    }

    /// Reduces the axes that lie innermost, or the innermost of them over runs of what is kept.
    fn reduced_once(&mut self, id: Id, f: Reduce, mut x: View, shape: &mut Shape, axes: &mut Vec<usize>) -> Result<View> {
        let mut order: Vec<usize> = (0..shape.len()).filter(|&d| shape[d] > 1 && x.strides[d] != 0).collect();
        order.sort_by_key(|&d| std::cmp::Reverse(x.strides[d].unsigned_abs()));
        let inner = order[order.len() - 1];
        let reduced: usize = axes.iter().map(|&d| shape[d]).product();
        let total: usize = order.iter().map(|&d| shape[d]).product();
        let short = axes.contains(&inner) && reduced <= SHORT && total / reduced >= MANY;
        if short {
            let (first, last): (Vec<usize>, Vec<usize>) = order.iter().copied().partition(|d| axes.contains(d));
            order = first.into_iter().chain(last).collect();
        }
        if short || x.strides[inner] != 1 {
            x = self.stored(&x, shape, &order, Type::Float);
        }
        let inner = order[order.len() - 1];
        let by_rows = axes.contains(&inner);
        // The run at the end of the order that is of one kind and without gaps.
        let mut run = order.len() - 1;
        let even = |a: usize, b: usize, x: &View| x.strides[a] == x.strides[b] * shape[b] as isize;
        while run > 0 && axes.contains(&order[run - 1]) == by_rows && even(order[run - 1], order[run], &x) {
            run -= 1;
        }
        let n: usize = order[run..].iter().map(|&d| shape[d]).product();
        let (kernel, gone, rest): (_, Vec<usize>, Vec<usize>) = if by_rows {
            (Kernel::One(select::reduce(self.level, self.wide(), f)), order[run..].to_vec(), order[..run].to_vec())
        } else {
            // Outside of it, the reduced axes that are next to each other.
            let Some(last) = (0..run).rev().find(|&i| axes.contains(&order[i])) else {
                return Err(self.unsupported(id, "has no axis left"));
            };
            let mut first = last;
            while first > 0 && axes.contains(&order[first - 1]) && even(order[first - 1], order[first], &x) {
                first -= 1;
            }
            let rows = order[first..=last].iter().map(|&d| shape[d]).product();
            let step = x.strides[order[last]] * self.size(Type::Float) as isize;
            if step < 0 {
                x = self.stored(&x, shape, &order, Type::Float);
            }
            let step = x.strides[order[last]] as usize * self.size(Type::Float);
            let kernel = Kernel::Rows { f: select::fold(self.level, self.wide(), f), rows, step };
            (kernel, order[first..=last].to_vec(), order[..first].iter().chain(&order[last + 1..run]).copied().collect())
        };
        let mut outer_shape = shape.clone();
        for &d in &gone {
            outer_shape[d] = 1;
        }
        let kept: Vec<usize> = rest.iter().copied().chain(if by_rows { vec![] } else { order[run..].to_vec() }).collect();
        let len: usize = kept.iter().map(|&d| outer_shape[d]).product();
        let size = self.size(Type::Float);
        let out = View { buffer: self.buffer(len * size, self.phase(&[&x])), offset: 0, strides: ordered(&outer_shape, &kept) };
        let loops: Vec<Stride> = merge(shape, &rest, &[&x.strides, &out.strides])
            .iter()
            .map(|dim| Stride { count: dim.count, steps: [dim.strides[0] * size as isize, dim.strides[1] * size as isize, 0, 0] })
            .collect();
        let (read, written) = match kernel {
            Kernel::Rows { rows, step, .. } => ((rows - 1) * step + n * size, n * size),
            _ => (n * size, size),
        };
        let ends = [End { place: self.place(&x, Type::Float), bytes: read }, End { place: self.place(&out, Type::Float), bytes: written }];
        self.kernel(kernel, n, &ends, loops, false);
        axes.retain(|d| !gone.contains(d));
        *shape = outer_shape;
        Ok(out)
    }

    /// Runs a routine on the rows along `axes`, each of which gives one element.
    fn by_rows<T: routine::Routine + 'static>(&mut self, id: Id, axes: &[usize], make: impl FnOnce(usize) -> T) -> Result<View> {
        let node = self.graph.node(id);
        let arg = node.args[0];
        let shape = self.graph.shape(arg).to_vec();
        let ty = self.graph.ty(arg);
        let order: Vec<usize> = (0..shape.len()).filter(|d| !axes.contains(d)).chain(axes.iter().copied()).collect();
        let x = self.value(arg)?;
        let x = self.stored(&x, &shape, &order, ty);
        let n: usize = axes.iter().map(|&d| shape[d]).product();
        let out =
            View { buffer: self.buffer(node.len() * self.size(node.ty), self.phase(&[&x])), offset: 0, strides: row_major(&node.shape) };
        let input = self.span(&x, shape.iter().product(), ty);
        let output = self.span(&out, node.len(), node.ty);
        self.call(make(n), vec![input], output);
        Ok(out)
    }

    /// Runs a routine on the rows along `axis`, each of which gives a row as long.
    pub(super) fn along<T: routine::Routine + 'static>(&mut self, id: Id, axis: usize, make: impl FnOnce(usize) -> T) -> Result<View> {
        let node = self.graph.node(id);
        let arg = node.args[0];
        let shape = self.graph.shape(arg).to_vec();
        let ty = self.graph.ty(arg);
        let order: Vec<usize> = (0..shape.len()).filter(|&d| d != axis).chain([axis]).collect();
        let x = self.value(arg)?;
        let x = self.stored(&x, &shape, &order, ty);
        let buffer = self.buffer(node.len() * self.size(node.ty), self.phase(&[&x]));
        let out = View { buffer, offset: 0, strides: ordered(&node.shape, &order) };
        let input = self.span(&x, node.len(), ty);
        let output = self.span(&out, node.len(), node.ty);
        self.call(make(shape[axis]), vec![input], output);
        Ok(out)
    }
}

/// The reduction of nothing.
fn identity(f: Reduce, ty: Type) -> Scalar {
    match (f, ty) {
        (Reduce::Sum, Type::Int) => Scalar::Int(0),
        (Reduce::Prod, Type::Int) => Scalar::Int(1),
        (Reduce::Max, Type::Int) => Scalar::Int(i64::MIN),
        (Reduce::Min, Type::Int) => Scalar::Int(i64::MAX),
        (Reduce::Any, _) => Scalar::Bool(false),
        (Reduce::All, _) => Scalar::Bool(true),
        (Reduce::Sum, _) => Scalar::Float(0.0),
        (Reduce::Prod, _) => Scalar::Float(1.0),
        (Reduce::Max | Reduce::LogSumExp, _) => Scalar::Float(f64::NEG_INFINITY),
        (Reduce::Min, _) => Scalar::Float(f64::INFINITY),
    }
}
