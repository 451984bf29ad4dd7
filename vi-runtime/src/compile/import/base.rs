//! Operations on tensors of any type: shapes, indices, masks.

use burn::backend::ir::{
    BaseOperationIr, GatherOpIr, ReduceDimOpIr, ScatterOpIr, SelectAssignOpIr, SliceAssignOpIr, SliceOpIr, TensorIr, UnfoldOpIr,
};
use burn::tensor::{IndexingUpdateOp, Slice};
use vi_graph::ir::{Compare, Logic, Range, Reduce, Scalar};
use vi_graph::{Id, Type};

use super::{Importer, Outcome, shape, unsupported};

impl Importer {
    pub(super) fn base(&mut self, op: &BaseOperationIr) -> Outcome {
        use BaseOperationIr as B;
        use burn::backend::ir::ScalarIr;
        match op {
            B::Reshape(op) => {
                let x = self.get(&op.input)?;
                self.set(&op.out, x)
            }
            B::SwapDims(op) => {
                let x = self.get(&op.input)?;
                let mut order: Vec<usize> = (0..op.out.shape.num_dims()).collect();
                order.swap(op.dim1, op.dim2);
                let out = self.graph.permute(x, &order);
                self.set(&op.out, out)
            }
            B::Permute(op) => {
                let x = self.get(&op.input)?;
                let out = self.graph.permute(x, &op.axes);
                self.set(&op.out, out)
            }
            B::Flip(op) => {
                let x = self.get(&op.input)?;
                let sizes = shape(&op.input);
                let ranges: Vec<Range> = sizes
                    .iter()
                    .enumerate()
                    .map(|(axis, &len)| match op.axes.contains(&axis) {
                        true => Range { start: len.saturating_sub(1), step: -1, len },
                        false => Range::all(len),
                    })
                    .collect();
                let out = self.graph.slice(x, &ranges);
                self.set(&op.out, out)
            }
            B::Expand(op) => {
                let out = self.get_as(&op.input, &op.out)?;
                self.set(&op.out, out)
            }
            B::Unfold(op) => self.unfold(op),
            B::Slice(op) => self.slice(op),
            B::SliceAssign(op) => self.slice_assign(op),
            B::Select(op) => {
                let (x, index) = (self.get(&op.tensor)?, self.get(&op.indices)?);
                let out = self.graph.take(x, op.dim, index);
                self.set(&op.out, out)
            }
            B::SelectAssign(op) => self.select_assign(op),
            B::MaskWhere(op) => {
                let condition = self.get_as(&op.mask, &op.out)?;
                let (masked, kept) = (self.get_as(&op.value, &op.out)?, self.get_as(&op.tensor, &op.out)?);
                let out = self.graph.select(condition, masked, kept);
                self.set(&op.out, out)
            }
            B::MaskFill(op) => {
                let condition = self.get_as(&op.mask, &op.out)?;
                let (masked, kept) = (self.full(op.value, &op.out)?, self.get_as(&op.tensor, &op.out)?);
                let out = self.graph.select(condition, masked, kept);
                self.set(&op.out, out)
            }
            B::Gather(op) => self.gather(op),
            B::Scatter(op) => self.scatter(op),
            B::Equal(op) => self.equal(&op.lhs, &op.rhs, &op.out, false),
            B::NotEqual(op) => self.equal(&op.lhs, &op.rhs, &op.out, true),
            B::EqualElem(op) => {
                let x = self.get_as(&op.lhs, &op.out)?;
                let c = self.splat(op.rhs, shape(&op.out), self.graph.ty(x));
                self.equal_nodes(x, c, &op.out, false)
            }
            B::NotEqualElem(op) => {
                let x = self.get_as(&op.lhs, &op.out)?;
                let c = self.splat(op.rhs, shape(&op.out), self.graph.ty(x));
                self.equal_nodes(x, c, &op.out, true)
            }
            B::RepeatDim(op) => {
                let x = self.get(&op.tensor)?;
                let mut split = shape(&op.tensor);
                split.insert(op.dim, 1);
                let x = self.graph.reshape(x, split.clone());
                split[op.dim] = op.times;
                let out = self.graph.expand(x, split);
                self.set(&op.out, out)
            }
            B::Cat(op) => {
                let parts = op.tensors.iter().map(|tensor| self.get(tensor)).collect::<Outcome<Vec<Id>>>()?;
                let out = self.graph.concat(&parts, op.dim);
                self.set(&op.out, out)
            }
            B::Cast(op) => self.convert(&op.input, &op.out),
            // An input of the graph is recorded as an empty tensor.
            B::Empty(op) if self.values.contains_key(&op.out.id) => Ok(()),
            B::Empty(op) | B::Zeros(op) => {
                let out = self.full(ScalarIr::Int(0), &op.out)?;
                self.set(&op.out, out)
            }
            B::Ones(op) => {
                let out = self.full(ScalarIr::Int(1), &op.out)?;
                self.set(&op.out, out)
            }
            B::All(op) => self.quantify(Reduce::All, &op.input, &op.out, None),
            B::Any(op) => self.quantify(Reduce::Any, &op.input, &op.out, None),
            B::AllDim(ReduceDimOpIr { input, out, axis, .. }) => self.quantify(Reduce::All, input, out, Some(*axis)),
            B::AnyDim(ReduceDimOpIr { input, out, axis, .. }) => self.quantify(Reduce::Any, input, out, Some(*axis)),
            B::ScatterNd(_) | B::GatherNd(_) => unsupported(op),
        }
    }

    fn quantify(&mut self, f: Reduce, input: &TensorIr, out: &TensorIr, axis: Option<usize>) -> Outcome {
        let x = self.get(input)?;
        let x = self.graph.cast(x, Type::Bool);
        let axes = axis.map_or_else(|| (0..input.shape.num_dims()).collect(), |axis| vec![axis]);
        let reduced = self.graph.reduce(f, x, &axes);
        self.set(out, reduced)
    }

    fn equal(&mut self, lhs: &TensorIr, rhs: &TensorIr, out: &TensorIr, negated: bool) -> Outcome {
        let (x, y) = (self.get_as(lhs, out)?, self.get_as(rhs, out)?);
        self.equal_nodes(x, y, out, negated)
    }

    fn equal_nodes(&mut self, x: Id, y: Id, out: &TensorIr, negated: bool) -> Outcome {
        let result = match (self.graph.ty(x), negated) {
            (Type::Bool, true) => self.graph.logic(Logic::Xor, x, y),
            (Type::Bool, false) => {
                let different = self.graph.logic(Logic::Xor, x, y);
                self.graph.not(different)
            }
            (_, true) => self.graph.compare(Compare::NotEqual, x, y),
            (_, false) => self.graph.compare(Compare::Equal, x, y),
        };
        self.set(out, result)
    }

    fn slice(&mut self, op: &SliceOpIr) -> Outcome {
        let x = self.get(&op.tensor)?;
        let ranges = ranges(&op.ranges, &shape(&op.tensor));
        let out = self.graph.slice(x, &ranges);
        self.set(&op.out, out)
    }

    fn slice_assign(&mut self, op: &SliceAssignOpIr) -> Outcome {
        let (x, value) = (self.get(&op.tensor)?, self.get(&op.value)?);
        let sizes = shape(&op.tensor);
        let ranges = ranges(&op.ranges, &sizes);
        let inside = ranges.iter().map(|range| range.len).collect::<Vec<_>>();
        let value = self.graph.broadcast(value, inside.clone());
        let value = self.graph.unslice(value, &ranges, sizes.clone());
        let ones = self.graph.push(vi_graph::ir::Op::Full(Scalar::Bool(true)), [], inside, Type::Bool);
        let assigned = self.graph.unslice(ones, &ranges, sizes);
        let out = self.graph.select(assigned, value, x);
        self.set(&op.out, out)
    }

    fn gather(&mut self, op: &GatherOpIr) -> Outcome {
        let (x, index) = (self.get(&op.tensor)?, self.get(&op.indices)?);
        let front = front(&shape(&op.tensor), &shape(&op.indices), op.dim);
        let x = self.graph.slice(x, &front);
        let out = self.graph.gather(x, op.dim, index);
        self.set(&op.out, out)
    }

    fn scatter(&mut self, op: &ScatterOpIr) -> Outcome {
        if op.update != IndexingUpdateOp::Add {
            return Err(format!("the graph has no operation for Scatter with {:?}", op.update));
        }
        let (x, index, value) = (self.get(&op.tensor)?, self.get(&op.indices)?, self.get(&op.value)?);
        let (sizes, index_sizes) = (shape(&op.tensor), shape(&op.indices));
        let front = front(&sizes, &index_sizes, op.dim);
        let value_ranges: Vec<Range> = index_sizes.iter().map(|&len| Range::all(len)).collect();
        let value = self.graph.slice(value, &value_ranges);
        let inside: Vec<usize> = front.iter().map(|range| range.len).collect();
        let mut added = self.graph.scatter_add(index, op.dim, value, inside.clone());
        if inside != sizes {
            added = self.graph.unslice(added, &front, sizes);
        }
        let out = self.add_or(x, added)?;
        self.set(&op.out, out)
    }

    fn select_assign(&mut self, op: &SelectAssignOpIr) -> Outcome {
        if op.update != IndexingUpdateOp::Add {
            return Err(format!("the graph has no operation for SelectAssign with {:?}", op.update));
        }
        let (x, index, value) = (self.get(&op.tensor)?, self.get(&op.indices)?, self.get(&op.value)?);
        let added = self.graph.take_add(index, op.dim, value, shape(&op.tensor));
        let out = self.add_or(x, added)?;
        self.set(&op.out, out)
    }

    /// The sum; truth values are or-ed by Burn, which sums of indices are not.
    fn add_or(&mut self, x: Id, added: Id) -> Outcome<Id> {
        match self.graph.ty(x) {
            Type::Bool => Err("the graph has no scatter of truth values".into()),
            _ => Ok(self.graph.add(x, added)),
        }
    }

    fn unfold(&mut self, op: &UnfoldOpIr) -> Outcome {
        let x = self.get(&op.input)?;
        let sizes = shape(&op.input);
        let windows = if sizes[op.dim] < op.size { 0 } else { (sizes[op.dim] - op.size) / op.step + 1 };
        let index = (0..windows).flat_map(|window| (0..op.size).map(move |i| window * op.step + i)).collect();
        let index = self.indices(index);
        let taken = self.graph.take(x, op.dim, index);
        let mut split = sizes;
        split[op.dim] = windows;
        split.insert(op.dim + 1, op.size);
        let taken = self.graph.reshape(taken, split.clone());
        let mut order: Vec<usize> = (0..split.len()).filter(|&axis| axis != op.dim + 1).collect();
        order.push(op.dim + 1);
        let out = self.graph.permute(taken, &order);
        self.set(&op.out, out)
    }
}

/// One range for each axis; the axes that `slices` does not reach are whole.
fn ranges(slices: &[Slice], sizes: &[usize]) -> Vec<Range> {
    let one = |(axis, &size): (usize, &usize)| {
        let Some(slice) = slices.get(axis) else { return Range::all(size) };
        let len = slice.output_size(size);
        let bounds = slice.to_range(size);
        // A negative step walks from the last position backwards.
        let start = if slice.is_reversed() { bounds.end.saturating_sub(1) } else { bounds.start };
        Range { start: if len == 0 { 0 } else { start }, step: slice.step, len }
    };
    sizes.iter().enumerate().map(one).collect()
}

/// The part of a tensor that an index of other sizes can reach: along the axis all of it.
fn front(sizes: &[usize], index: &[usize], axis: usize) -> Vec<Range> {
    sizes.iter().zip(index).enumerate().map(|(i, (&size, &reached))| Range::all(if i == axis { size } else { reached })).collect()
}
