//! Products and solves in which one matrix is the same for all particles: one call with more rows or columns, so that
//! the shared matrix is read once.

use crate::ir::{Id, Op, Type};

use super::{Batcher, Value};

impl Batcher<'_> {
    /// `shape` is that of the unbatched product, `[.., m, n]`.
    pub(super) fn matmul(&mut self, a: Value, b: Value, transpose_a: bool, transpose_b: bool, shape: &[usize]) -> Value {
        let (m, n) = (shape[shape.len() - 2], shape[shape.len() - 1]);
        let id = match (a.batched, b.batched) {
            (true, false) if self.is_matrix(b) && (!transpose_a || m == 1) => {
                let a = self.rows(a.id, transpose_a);
                let b = self.matrix(b.id);
                let product = self.to.matmul(a, b, false, transpose_b);
                let full = self.with_lanes(shape);
                self.to.reshape(product, full)
            }
            // (a b)ᵀ = bᵀ aᵀ: the rows of bᵀ of all particles against the one a
            (false, true) if self.is_matrix(a) && (transpose_b || n == 1) => {
                let b = self.rows(b.id, !transpose_b);
                let a = self.matrix(a.id);
                let product = self.to.matmul(b, a, false, !transpose_a);
                let mut turned = self.with_lanes(shape);
                let rank = turned.len();
                turned.swap(rank - 2, rank - 1);
                if n == 1 {
                    let full = self.with_lanes(shape);
                    self.to.reshape(product, full)
                } else {
                    let product = self.to.reshape(product, turned);
                    self.to.transpose(product)
                }
            }
            _ => {
                let a = self.with_one_lane(a);
                let b = self.with_one_lane(b);
                return self.push(Op::MatMul { transpose_a, transpose_b }, [a, b], shape, Type::Float);
            }
        };
        Value { id, batched: true }
    }

    /// `shape` is that of the unbatched solution, `[.., k, n]`.
    pub(super) fn solve_lower(&mut self, l: Value, b: Value, transpose: bool, shape: &[usize]) -> Value {
        if l.batched || shape.len() != 2 {
            let args = [self.lift(l), self.lift(b)];
            return self.push(Op::SolveLower { transpose }, args, shape, Type::Float);
        }
        // the right-hand sides of all particles side by side: [lanes, k, n] → [k, lanes n] and back
        let (k, n) = (shape[0], shape[1]);
        let sides = self.to.permute(b.id, &[1, 0, 2]);
        let sides = self.to.reshape(sides, [k, self.lanes * n]);
        let solved = self.to.solve_lower(l.id, sides, transpose);
        let solved = self.to.reshape(solved, [k, self.lanes, n]);
        Value { id: self.to.permute(solved, &[1, 0, 2]), batched: true }
    }

    /// Whether an operand that is the same for all particles is a single matrix.
    fn is_matrix(&self, value: Value) -> bool {
        let shape = self.to.shape(value.id);
        shape[..shape.len() - 2].iter().all(|&size| size == 1)
    }

    /// The last two dimensions of what has only those.
    fn matrix(&mut self, x: Id) -> Id {
        let shape = self.to.shape(x);
        let last = shape[shape.len() - 2..].to_vec();
        self.to.reshape(x, last)
    }

    /// The row vectors of all particles one below the other; of column vectors where `columns`, which have one column.
    fn rows(&mut self, x: Id, columns: bool) -> Id {
        let shape = self.to.shape(x);
        let last = shape.len() - 1;
        let k = if columns { shape[last - 1] } else { shape[last] };
        let count: usize = shape[..last - 1].iter().product();
        let count = if columns { count } else { count * shape[last - 1] };
        self.to.reshape(x, [count, k])
    }

    /// With a first dimension: 1 where the value is the same for all particles.
    fn with_one_lane(&mut self, value: Value) -> Id {
        if value.batched {
            return value.id;
        }
        let shape: Vec<usize> = std::iter::once(1).chain(self.to.shape(value.id).iter().copied()).collect();
        self.to.reshape(value.id, shape)
    }
}
