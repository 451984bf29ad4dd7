//! Movement of data: views where strides can say it, copies elsewhere.

use crate::error::Result;
use crate::ir::{Id, Op, Range, Type};

use super::super::instruction::{Copy, Instruction, Place, Span, Stride};
use super::super::view::{View, merge, ordered, row_major};
use super::{Access, Lowering, extent};

impl Lowering<'_> {
    pub(super) fn movement(&mut self, id: Id) -> Result<View> {
        let node = self.graph.node(id);
        let x = self.value(node.args[0])?;
        let from = self.graph.shape(node.args[0]);
        Ok(match &node.op {
            Op::Reshape => match x.reshaped(from, &node.shape) {
                Some(view) => view,
                None => {
                    let dense = self.dense(node.args[0])?;
                    View { strides: row_major(&node.shape), ..dense }
                }
            },
            Op::Permute(order) => View { strides: order.iter().map(|&d| x.strides[d]).collect(), ..x },
            Op::Expand => x,
            Op::Slice(ranges) => window(&x, ranges),
            Op::Unslice(ranges) => {
                let phase = self.phase(&[&x]);
                let bytes = node.len() * self.size(node.ty);
                let out = View::dense(self.buffer(bytes, phase), &node.shape);
                self.clear(&out, node.len(), node.ty);
                self.copy(&x, &window(&out, ranges), from, node.ty);
                out
            }
            Op::Concat(axis) => {
                let parts = node.args.iter().map(|&arg| self.value(arg)).collect::<Result<Vec<_>>>()?;
                let phase = self.phase(&parts.iter().collect::<Vec<_>>());
                let out = View::dense(self.buffer(node.len() * self.size(node.ty), phase), &node.shape);
                let mut start = 0;
                for (part, &arg) in parts.iter().zip(&node.args) {
                    let shape = self.graph.shape(arg);
                    let mut to = out.clone();
                    to.offset += (out.strides[*axis] * start as isize) as usize;
                    start += shape[*axis];
                    for (stride, &n) in to.strides.iter_mut().zip(shape) {
                        if n == 1 {
                            *stride = 0;
                        }
                    }
                    self.copy(part, &to, shape, node.ty);
                }
                out
            }
            _ => return Err(self.unsupported(id, "is no movement of data")),
        })
    }

    /// The node in row-major order.
    pub(super) fn dense(&mut self, id: Id) -> Result<View> {
        let view = self.value(id)?;
        let shape = self.graph.shape(id).to_vec();
        let order: Vec<usize> = (0..shape.len()).collect();
        Ok(self.stored(&view, &shape, &order, self.graph.ty(id)))
    }

    /// The same elements with the dimensions `order` stored in this order, and the others (along which the view does not
    /// move) not at all.
    pub(super) fn stored(&mut self, view: &View, shape: &[usize], order: &[usize], ty: Type) -> View {
        let strides = ordered(shape, order);
        if view.strides == strides || shape.contains(&0) {
            return view.clone();
        }
        let key = (view.clone(), shape.to_vec(), order.to_vec());
        if let Some(copy) = self.copies.get(&key) {
            return copy.clone();
        }
        let len: usize = order.iter().map(|&d| shape[d]).product();
        let phase = self.phase(&[view]);
        let to = View { buffer: self.buffer(len * self.size(ty), phase), offset: 0, strides };
        let (kept, from, to_strides): (Vec<usize>, Vec<isize>, Vec<isize>) = (
            order.iter().map(|&d| shape[d]).collect(),
            order.iter().map(|&d| view.strides[d]).collect(),
            order.iter().map(|&d| to.strides[d]).collect(),
        );
        let (x, y) = (View { strides: from, ..view.clone() }, View { strides: to_strides, ..to.clone() });
        self.copy(&x, &y, &kept, ty);
        self.copies.insert(key, to.clone());
        to
    }

    /// Copies the elements of `shape`.
    pub(super) fn copy(&mut self, from: &View, to: &View, shape: &[usize], ty: Type) {
        if shape.contains(&0) {
            return;
        }
        let size = self.size(ty);
        // The longest run that is contiguous on the writing side goes innermost.
        let mut order: Vec<usize> = (0..shape.len()).collect();
        order.sort_by_key(|&d| std::cmp::Reverse(to.strides[d].unsigned_abs()));
        let loops: Vec<Stride> = merge(shape, &order, &[&from.strides, &to.strides])
            .iter()
            .map(|dim| Stride { count: dim.count, steps: [dim.strides[0] * size as isize, dim.strides[1] * size as isize, 0, 0] })
            .collect();
        let places = [self.place(from, ty), self.place(to, ty)];
        let accesses = [false, true].map(|write| {
            let i = usize::from(write);
            let (low, high) = extent(places[i].offset, size, &loops, i);
            Access { buffer: places[i].slot, low, high, write }
        });
        let phase = self.out.buffers[to.buffer].phase;
        self.emit(Instruction::Copy(Box::new(Copy { size, places, loops })), phase, accesses.to_vec());
    }

    /// Zeros in all of a dense view.
    pub(super) fn clear(&mut self, view: &View, len: usize, ty: Type) {
        let span = Span { place: Place { slot: view.buffer, offset: 0 }, bytes: len * self.size(ty) };
        let phase = self.out.buffers[view.buffer].phase;
        self.emit(Instruction::Clear(span), phase, vec![Access { buffer: view.buffer, low: 0, high: span.bytes, write: true }]);
    }
}

/// The elements at the positions of `ranges`.
fn window(x: &View, ranges: &[Range]) -> View {
    let mut offset = x.offset as isize;
    let mut strides = Vec::with_capacity(ranges.len());
    for (range, stride) in ranges.iter().zip(&x.strides) {
        if range.len > 0 {
            offset += stride * range.start as isize;
        }
        strides.push(if range.len > 1 { stride * range.step } else { 0 });
    }
    View { buffer: x.buffer, offset: offset as usize, strides }
}
