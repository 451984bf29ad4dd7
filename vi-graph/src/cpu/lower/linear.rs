//! Matrix products and triangular systems.

use crate::error::Result;
use crate::ir::{Id, Op, Type};

use super::super::instruction::{Instruction, Kernel, Place, Product, Stride};
use super::super::kernels::arena::LINE;
use super::super::kernels::matvec;
use super::super::routine;
use super::super::select;
use super::super::view::{View, merge};
use super::{Access, End, Lowering, Phase, Storage, extent};

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
            Op::LowerTriangle => {
                let (wide, n) = (self.wide(), node.shape[rank - 1]);
                self.routine(id, routine::LowerTriangle { wide, n })
            }
            Op::BelowDiagonal => {
                let (wide, n) = (self.wide(), self.graph.shape(node.args[0])[rank]);
                self.routine(id, routine::BelowDiagonal { wide, n })
            }
            _ => Err(self.unsupported(id, "is no linear algebra")),
        }
    }

    /// A matrix product; where its sums are joined by a loop, they stay there and there is no result.
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
        if n == 1 || m == 1 {
            // A row times a matrix is its transpose times a column.
            let first = n == 1 && !self.packed.contains(&b.buffer);
            let (matrix, vector, rows, sums_rows) =
                if first { (a.clone(), b.clone(), m, transpose_a) } else { (swapped(&b, rank), swapped(&a, rank), n, !transpose_b) };
            self.sums = self.states.iter().find(|(state, _)| *state == id).map(|(_, place)| *place);
            let done = self.by_vector(&matrix, &vector, [rows, k], sums_rows, shape, &out);
            self.sums = None;
            if done {
                return Ok(out);
            }
        }
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
        let threads = if m * k * n >= SHARED { self.threads.min(m.max(n) / 16).max(1) } else { 1 };
        self.out.widest = self.out.widest.max(threads);
        let product = Product { wide: self.wide(), sizes: [m, k, n], places, strides, loops, threads };
        self.emit(Instruction::Product(Box::new(product)), phase, accesses);
        Ok(out)
    }

    /// Multiplies a matrix `[m, k]` and a column, where the matrix is stored by rows or by columns without gaps, or packed; then
    /// `sums_rows` says that the rows that are packed are summed.
    fn by_vector(&mut self, matrix: &View, vector: &View, [m, k]: [usize; 2], sums_rows: bool, shape: &[usize], out: &View) -> bool {
        let rank = shape.len();
        let (level, wide) = (self.level, self.wide());
        let [row, column] = [matrix.strides[rank - 2], matrix.strides[rank - 1]];
        let even = |stride: isize, expected: usize, count: usize| count == 1 || stride == expected as isize;
        let size = self.size(Type::Float);
        let batch: Vec<usize> = (0..rank - 2).collect();
        let alone = batch.iter().all(|&d| shape[d] == 1);
        let mut vector = vector.clone();
        if alone && !even(vector.strides[rank - 2], 1, k) {
            let mut column = vec![1; rank];
            column[rank - 2] = k;
            vector = self.stored(&vector, &column, &[rank - 2], Type::Float);
        }
        if self.packed.contains(&matrix.buffer) {
            let sizes = if sums_rows { [k, m] } else { [m, k] };
            self.panels(matrix, &vector, sizes, sums_rows, out);
            return true;
        }
        let by_rows = even(column, 1, k) && even(row, k, m);
        let by_columns = even(row, 1, m) && even(column, m, k);
        if !(by_rows || by_columns) || !even(vector.strides[rank - 2], 1, k) {
            return false;
        }
        let (rows, columns) = if by_rows { (m, k) } else { (k, m) };
        let lanes = LINE / size;
        let constant = self.out.buffers[matrix.buffer].phase == Phase::Prologue;
        if alone && constant && columns % lanes != 0 && rows >= PANELS * panel(wide) {
            self.by_panels(matrix, &vector, [rows, columns], !by_rows, out);
            return true;
        }
        let f = select::vector(level, wide, !by_rows);
        let ends = [
            End { place: self.place(matrix, Type::Float), bytes: m * k * size },
            End { place: self.place(&vector, Type::Float), bytes: k * size },
            End { place: self.place(out, Type::Float), bytes: m * size },
        ];
        let loops = merge(shape, &batch, &[&matrix.strides, &vector.strides, &out.strides])
            .iter()
            .map(|dim| Stride { count: dim.count, steps: [0, 1, 2, 3].map(|i| dim.strides.get(i).map_or(0, |s| s * size as isize)) })
            .collect();
        self.kernel(Kernel::Vector { f, rows, columns }, m, &ends, loops, false);
        true
    }

    /// As [`Self::by_vector`] for a tall matrix that does not change: it is packed once.
    fn by_panels(&mut self, matrix: &View, vector: &View, [rows, columns]: [usize; 2], transposed: bool, out: &View) {
        let packed = self.in_panels(matrix, [rows, columns]);
        self.panels(&packed, vector, [rows, columns], transposed, out);
    }

    /// A dense matrix of the prologue, packed.
    pub(super) fn in_panels(&mut self, matrix: &View, [rows, columns]: [usize; 2]) -> View {
        let wide = self.wide();
        let len = rows.next_multiple_of(panel(wide)) * columns;
        let dense = View { strides: vec![columns as isize, 1], ..matrix.clone() };
        let key = (dense.clone(), vec![rows, columns], vec![usize::MAX]);
        if let Some(packed) = self.copies.get(&key) {
            return packed.clone();
        }
        let buffer = self.buffer(len * self.size(Type::Float), Phase::Prologue);
        let packed = View { buffer, offset: 0, strides: Vec::new() };
        let (input, output) = (self.span(&dense, rows * columns, Type::Float), self.span(&packed, len, Type::Float));
        self.call(routine::Pack { wide, columns, panel: panel(wide) }, vec![input], output);
        self.copies.insert(key, packed.clone());
        packed
    }

    /// A product with a packed matrix.
    fn panels(&mut self, packed: &View, vector: &View, [rows, columns]: [usize; 2], transposed: bool, out: &View) {
        let (level, wide) = (self.level, self.wide());
        let size = self.size(Type::Float);
        let f = select::packed(level, wide, transposed);
        let given = if transposed { rows } else { columns };
        let len = rows.next_multiple_of(panel(wide)) * columns;
        let mut ends = [
            End { place: self.place(packed, Type::Float), bytes: len * size },
            End { place: self.place(vector, Type::Float), bytes: given * size },
            End { place: self.place(out, Type::Float), bytes: rows * size },
        ];
        let kernel = Kernel::Vector { f, rows, columns };
        if !transposed {
            self.kernel(kernel, rows, &ends, Vec::new(), true);
            return;
        }
        // The sums are 0 before the first step, and again after each.
        let bytes = matvec::scratch_len(columns) * size;
        let phase = self.out.buffers[out.buffer].phase;
        let scratch = self.buffer(bytes, phase);
        self.out.buffers[scratch].storage = self.sums.map_or(Storage::Persistent, Storage::At);
        let sums = End { place: Place { slot: scratch, offset: 0 }, bytes };
        ends[2] = sums;
        self.kernel(kernel, columns, &ends, Vec::new(), false);
        if self.sums.is_none() {
            let result = End { place: self.place(out, Type::Float), bytes: columns * size };
            self.kernel(Kernel::Emptied(select::packed_result(level, wide, false)), columns, &[sums, result], Vec::new(), false);
        }
    }
}

/// The matrix transposed.
fn swapped(view: &View, rank: usize) -> View {
    let mut view = view.clone();
    view.strides.swap(rank - 2, rank - 1);
    view
}

/// The rows of a panel.
pub(super) fn panel(wide: bool) -> usize {
    if wide { matvec::panel::<f64>() } else { matvec::panel::<f32>() }
}

/// Products with fewer multiplications are left to one thread: about 10 microseconds.
const SHARED: usize = 1 << 19;

/// Matrices with fewer panels stay as they are.
const PANELS: usize = 2;
