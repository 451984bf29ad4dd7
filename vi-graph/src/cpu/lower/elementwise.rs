//! Element-wise operations: one kernel on everything where all operands are walked evenly, in loops elsewhere.

use crate::error::Result;
use crate::ir::{Binary, Id, Op, Type};

use super::super::instruction::{Kernel, Stride};
use super::super::kernels::Contraction;
use super::super::select;
use super::super::view::{Dim, View, merge, ordered};
use super::contract::Contracted;
use super::{End, Lowering};

/// Estimated nanoseconds of a kernel call, of an element that a kernel works on, and of an element that is copied to another
/// order.
const CALL: f64 = 3.0;
const ELEMENT: f64 = 0.05;
const COPIED: f64 = 0.5;

impl Lowering<'_> {
    pub(super) fn elementwise(&mut self, id: Id) -> Result<View> {
        let node = self.graph.node(id);
        let contracted = self.contracted[id.index()];
        let args = contracted.map_or_else(|| node.args.clone(), |it| it.operands.to_vec());
        let mut operands = Vec::with_capacity(args.len());
        for arg in args {
            operands.push((self.value(arg)?, self.graph.ty(arg)));
        }
        if let Some(it) = contracted {
            return self.contracted(id, it, operands);
        }
        let (level, wide) = (self.level, self.wide());
        let from = operands[operands.len() - 1].1;
        let op = node.op.clone();
        let ty = node.ty;
        let kernel = move |scalars: &[bool]| match &op {
            Op::Unary(f) => select::unary(level, wide, from, *f),
            Op::Binary(f) => select::binary(level, wide, from, *f, scalars),
            Op::Ternary(f) => select::ternary(wide, *f, scalars),
            Op::Compare(f) => select::compare(level, wide, from, *f, scalars),
            Op::Logic(f) => select::logic(*f, scalars),
            Op::Not => select::not(),
            Op::Test(f) => select::test(level, wide, *f),
            Op::Where => select::choose(level, wide, ty, scalars),
            Op::Cast => select::cast(level, wide, from, ty),
            _ => None,
        };
        let shape = node.shape.clone();
        match self.map(&shape, &operands, ty, &kernel) {
            Some(view) => Ok(view),
            None => Err(self.unsupported(id, "has no kernel for these types")),
        }
    }

    /// A sum with a product in it; apart where the product is the smaller array, which other operands repeat.
    fn contracted(&mut self, id: Id, it: Contracted, mut operands: Vec<(View, Type)>) -> Result<View> {
        let (level, wide) = (self.level, self.wide());
        let shape = self.graph.shape(id).to_vec();
        let float = Type::Float;
        let moves = |d: usize, operands: &[(View, Type)]| operands.iter().any(|(view, _)| view.strides[d] != 0);
        let smaller = (0..shape.len()).any(|d| moves(d, &operands[2..]) && !moves(d, &operands[..2]));
        let view = if smaller {
            let rest = operands.split_off(2);
            let product = self.map(&shape, &operands, float, &|scalars| select::binary(level, wide, float, Binary::Mul, scalars));
            let (f, reversed) = match it.f {
                Contraction::MulAdd => (Binary::Add, false),
                Contraction::MulSub => (Binary::Sub, false),
                Contraction::NegMulAdd => (Binary::Sub, true),
            };
            product.and_then(|product| {
                let mut terms: Vec<(View, Type)> = std::iter::once((product, float)).chain(rest).collect();
                if reversed {
                    terms.reverse();
                }
                self.map(&shape, &terms, float, &|scalars| select::binary(level, wide, float, f, scalars))
            })
        } else {
            self.map(&shape, &operands, float, &|scalars| select::contraction(level, wide, it.f, scalars))
        };
        view.ok_or_else(|| self.unsupported(id, "has no kernel for these types"))
    }

    /// Maps a kernel over `shape`. The result is stored in whatever order of dimensions costs least, and without the dimensions
    /// along which no operand changes. `kernel` is asked for an instance in which the operands marked are one number.
    pub(super) fn map(
        &mut self,
        shape: &[usize],
        operands: &[(View, Type)],
        ty: Type,
        kernel: &dyn Fn(&[bool]) -> Option<Kernel>,
    ) -> Option<View> {
        let views: Vec<&View> = operands.iter().map(|(view, _)| view).collect();
        let phase = self.phase(&views);
        let axes: Vec<usize> = (0..shape.len()).filter(|&d| shape[d] > 1 && views.iter().any(|v| v.strides[d] != 0)).collect();
        let order = self.cheapest(shape, &axes, operands, kernel)?;
        let len: usize = axes.iter().map(|&d| shape[d]).product();
        let out = View { buffer: self.buffer(len * self.size(ty), phase), offset: 0, strides: ordered(shape, &order) };

        // Operands that no instance of the kernel can walk along the innermost loop are copied to the order of the result.
        let mut operands = operands.to_vec();
        loop {
            let dims = loops(shape, &order, &operands, &out);
            let scalars = scalars(&dims, operands.len());
            let awkward: Vec<usize> =
                (0..operands.len()).filter(|&i| dims.last().is_some_and(|d| !matches!(d.strides[i], 0 | 1))).collect();
            if awkward.is_empty()
                && let Some(kernel) = kernel(&scalars)
            {
                self.mapped(kernel, &dims, &operands, &out, ty);
                return Some(out);
            }
            let copied = if awkward.is_empty() { (0..operands.len()).filter(|&i| scalars[i]).collect() } else { awkward };
            if copied.is_empty() {
                return None;
            }
            for i in copied {
                let (view, ty) = &operands[i];
                let full = dims.last().is_some_and(|d| d.strides[i] == 0);
                let moving: Vec<usize> = order.iter().copied().filter(|&d| full || view.strides[d] != 0).collect();
                let (view, ty) = (view.clone(), *ty);
                operands[i].0 = self.stored(&view, shape, &moving, ty);
            }
        }
    }

    fn mapped(&mut self, kernel: Kernel, dims: &[Dim], operands: &[(View, Type)], out: &View, ty: Type) {
        let (n, outer) = match dims.split_last() {
            Some((inner, outer)) => (inner.count, outer),
            None => (1, dims),
        };
        let sizes: Vec<usize> = operands.iter().map(|(_, ty)| self.size(*ty)).chain([self.size(ty)]).collect();
        let loops: Vec<Stride> = outer
            .iter()
            .map(|dim| {
                let mut steps = [0; 4];
                for ((step, stride), size) in steps.iter_mut().zip(&dim.strides).zip(&sizes) {
                    *step = stride * *size as isize;
                }
                Stride { count: dim.count, steps }
            })
            .collect();
        let scalars = scalars(dims, operands.len());
        let mut ends: Vec<End> = operands
            .iter()
            .zip(&scalars)
            .map(|((view, ty), scalar)| End {
                place: self.place(view, *ty),
                bytes: if *scalar { self.size(*ty) } else { n * self.size(*ty) },
            })
            .collect();
        ends.push(End { place: self.place(out, ty), bytes: n * self.size(ty) });
        self.kernel(kernel, n, &ends, loops, true);
    }

    /// The order of `axes`, outermost first, in which a kernel over them costs least.
    fn cheapest(
        &self,
        shape: &[usize],
        axes: &[usize],
        operands: &[(View, Type)],
        kernel: &dyn Fn(&[bool]) -> Option<Kernel>,
    ) -> Option<Vec<usize>> {
        let mut candidates = vec![axes.to_vec()];
        if axes.len() > 1 {
            for (view, _) in operands {
                let mut order = axes.to_vec();
                order.sort_by_key(|&d| std::cmp::Reverse(view.strides[d].unsigned_abs()));
                candidates.push(order);
            }
            for &inner in axes {
                let mut order: Vec<usize> = axes.iter().copied().filter(|&d| d != inner).collect();
                order.push(inner);
                candidates.push(order);
            }
        }
        let mut best: Option<(f64, Vec<usize>)> = None;
        for order in candidates {
            let cost = self.cost(shape, &order, operands, kernel);
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, order));
            }
        }
        best.map(|(_, order)| order)
    }

    fn cost(&self, shape: &[usize], order: &[usize], operands: &[(View, Type)], kernel: &dyn Fn(&[bool]) -> Option<Kernel>) -> f64 {
        let out = View { buffer: usize::MAX, offset: 0, strides: ordered(shape, order) };
        let dims = loops(shape, order, operands, &out);
        let Some((inner, outer)) = dims.split_last() else {
            return 0.0;
        };
        let calls: usize = outer.iter().map(|dim| dim.count).product();
        let lacking = kernel(&scalars(&dims, operands.len())).is_none();
        let copies: f64 = operands
            .iter()
            .enumerate()
            .filter(|(i, _)| !matches!(inner.strides[*i], 0 | 1) || (lacking && inner.strides[*i] == 0))
            .map(|(_, (view, _))| {
                let len: usize = order.iter().filter(|&&d| view.strides[d] != 0).map(|&d| shape[d]).product();
                // What is known before the first step is copied then.
                if self.out.buffers[view.buffer].phase == super::Phase::Prologue { 0.0 } else { CALL + COPIED * len as f64 }
            })
            .sum();
        calls as f64 * (CALL + ELEMENT * inner.count as f64) + copies
    }
}

fn loops(shape: &[usize], order: &[usize], operands: &[(View, Type)], out: &View) -> Vec<Dim> {
    let mut strides: Vec<&[isize]> = operands.iter().map(|(view, _)| view.strides.as_slice()).collect();
    strides.push(&out.strides);
    merge(shape, order, &strides)
}

/// Which operands stand still along the innermost loop.
fn scalars(dims: &[Dim], operands: usize) -> Vec<bool> {
    (0..operands).map(|i| dims.last().is_some_and(|dim| dim.strides[i] == 0)).collect()
}
