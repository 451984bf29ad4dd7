//! Adding nodes whose shape and type follow from their operands.
//!
//! The operands must fit, as [`crate::verify`] checks afterwards; nothing here looks.

use crate::ir::{Binary, Compare, Graph, Id, Logic, Op, Range, Reduce, Scalar, Scan, Shape, Ternary, Test, Type, Unary, below_len};

impl Graph {
    /// One float everywhere.
    pub fn full(&mut self, value: f64, shape: impl Into<Shape>) -> Id {
        self.push(Op::Full(Scalar::Float(value)), [], shape, Type::Float)
    }

    /// One float in the shape of `like`.
    pub fn full_like(&mut self, value: f64, like: Id) -> Id {
        self.full(value, self.shape(like).to_vec())
    }

    /// `f(x)`
    pub fn unary(&mut self, f: Unary, x: Id) -> Id {
        let (shape, ty) = (self.shape(x).to_vec(), self.ty(x));
        self.push(Op::Unary(f), [x], shape, ty)
    }

    /// `f(x, y)`
    pub fn binary(&mut self, f: Binary, x: Id, y: Id) -> Id {
        let (shape, ty) = (self.shape(x).to_vec(), self.ty(x));
        self.push(Op::Binary(f), [x, y], shape, ty)
    }

    /// `f(a, b, x)`
    pub fn ternary(&mut self, f: Ternary, a: Id, b: Id, x: Id) -> Id {
        let shape = self.shape(x).to_vec();
        self.push(Op::Ternary(f), [a, b, x], shape, Type::Float)
    }

    /// `x + y`
    pub fn add(&mut self, x: Id, y: Id) -> Id {
        self.binary(Binary::Add, x, y)
    }

    /// `x − y`
    pub fn sub(&mut self, x: Id, y: Id) -> Id {
        self.binary(Binary::Sub, x, y)
    }

    /// `x y`
    pub fn mul(&mut self, x: Id, y: Id) -> Id {
        self.binary(Binary::Mul, x, y)
    }

    /// `x / y`
    pub fn div(&mut self, x: Id, y: Id) -> Id {
        self.binary(Binary::Div, x, y)
    }

    /// `−x`
    pub fn neg(&mut self, x: Id) -> Id {
        self.unary(Unary::Neg, x)
    }

    /// `x + c`
    pub fn add_scalar(&mut self, x: Id, c: f64) -> Id {
        let c = self.full_like(c, x);
        self.add(x, c)
    }

    /// `c x`
    pub fn mul_scalar(&mut self, x: Id, c: f64) -> Id {
        let c = self.full_like(c, x);
        self.mul(x, c)
    }

    /// `x < y` and the like.
    pub fn compare(&mut self, f: Compare, x: Id, y: Id) -> Id {
        let shape = self.shape(x).to_vec();
        self.push(Op::Compare(f), [x, y], shape, Type::Bool)
    }

    /// `a ∧ b` and the like.
    pub fn logic(&mut self, f: Logic, a: Id, b: Id) -> Id {
        let shape = self.shape(a).to_vec();
        self.push(Op::Logic(f), [a, b], shape, Type::Bool)
    }

    /// `¬a`
    pub fn not(&mut self, a: Id) -> Id {
        let shape = self.shape(a).to_vec();
        self.push(Op::Not, [a], shape, Type::Bool)
    }

    /// `is x NaN` and the like.
    pub fn test(&mut self, f: Test, x: Id) -> Id {
        let shape = self.shape(x).to_vec();
        self.push(Op::Test(f), [x], shape, Type::Bool)
    }

    /// `a` where `condition`, else `b`.
    pub fn select(&mut self, condition: Id, a: Id, b: Id) -> Id {
        let (shape, ty) = (self.shape(a).to_vec(), self.ty(a));
        self.push(Op::Where, [condition, a, b], shape, ty)
    }

    /// `x` as `ty`; `x` itself where it is.
    pub fn cast(&mut self, x: Id, ty: Type) -> Id {
        if self.ty(x) == ty {
            return x;
        }
        let shape = self.shape(x).to_vec();
        self.push(Op::Cast, [x], shape, ty)
    }

    /// Reduces `axes` to size 1; `x` itself where there is none.
    pub fn reduce(&mut self, f: Reduce, x: Id, axes: &[usize]) -> Id {
        if axes.is_empty() {
            return x;
        }
        let mut shape = self.shape(x).to_vec();
        for &axis in axes {
            shape[axis] = 1;
        }
        let mut axes = axes.to_vec();
        axes.sort_unstable();
        let ty = self.ty(x);
        self.push(Op::Reduce(f, axes), [x], shape, ty)
    }

    /// Sums `axes`.
    pub fn sum(&mut self, x: Id, axes: &[usize]) -> Id {
        self.reduce(Reduce::Sum, x, axes)
    }

    /// Sums everything; the rank stays.
    pub fn sum_all(&mut self, x: Id) -> Id {
        let axes: Vec<usize> = (0..self.shape(x).len()).collect();
        self.sum(x, &axes)
    }

    /// Runs along `axis`.
    pub fn scan(&mut self, scan: Scan, x: Id, axis: usize, reverse: bool) -> Id {
        let (shape, ty) = (self.shape(x).to_vec(), self.ty(x));
        self.push(Op::Scan { scan, axis, reverse }, [x], shape, ty)
    }

    /// The same elements under another shape; `x` itself where it has it.
    pub fn reshape(&mut self, x: Id, shape: impl Into<Shape>) -> Id {
        let shape = shape.into();
        if self.shape(x) == shape {
            return x;
        }
        let ty = self.ty(x);
        self.push(Op::Reshape, [x], shape, ty)
    }

    /// Dimension `i` of the result is dimension `order[i]` of `x`.
    pub fn permute(&mut self, x: Id, order: &[usize]) -> Id {
        if order.iter().enumerate().all(|(i, &p)| i == p) {
            return x;
        }
        let shape: Shape = order.iter().map(|&p| self.shape(x)[p]).collect();
        let ty = self.ty(x);
        self.push(Op::Permute(order.to_vec()), [x], shape, ty)
    }

    /// Swaps the last two dimensions.
    pub fn transpose(&mut self, x: Id) -> Id {
        let rank = self.shape(x).len();
        let mut order: Vec<usize> = (0..rank).collect();
        order.swap(rank - 2, rank - 1);
        self.permute(x, &order)
    }

    /// Repeats dimensions of size 1; `x` itself where it has the shape.
    pub fn expand(&mut self, x: Id, shape: impl Into<Shape>) -> Id {
        let shape = shape.into();
        if self.shape(x) == shape {
            return x;
        }
        let ty = self.ty(x);
        self.push(Op::Expand, [x], shape, ty)
    }

    /// Prepends dimensions of size 1 up to the rank of `shape`, then repeats: what broadcasting does.
    pub fn broadcast(&mut self, x: Id, shape: impl Into<Shape>) -> Id {
        let shape = shape.into();
        let missing = shape.len().saturating_sub(self.shape(x).len());
        let lifted: Shape = std::iter::repeat_n(1, missing).chain(self.shape(x).iter().copied()).collect();
        let x = self.reshape(x, lifted);
        self.expand(x, shape)
    }

    /// One range for each axis.
    pub fn slice(&mut self, x: Id, ranges: &[Range]) -> Id {
        let whole = ranges.iter().zip(self.shape(x)).all(|(r, &n)| *r == Range::all(n));
        if whole {
            return x;
        }
        let shape: Shape = ranges.iter().map(|r| r.len).collect();
        let ty = self.ty(x);
        self.push(Op::Slice(ranges.to_vec()), [x], shape, ty)
    }

    /// Puts `x` at the positions of `ranges` into zeros of `shape`.
    pub fn unslice(&mut self, x: Id, ranges: &[Range], shape: impl Into<Shape>) -> Id {
        let ty = self.ty(x);
        self.push(Op::Unslice(ranges.to_vec()), [x], shape, ty)
    }

    /// One after the other along `axis`; at least one.
    pub fn concat(&mut self, parts: &[Id], axis: usize) -> Id {
        let mut shape = self.shape(parts[0]).to_vec();
        shape[axis] = parts.iter().map(|&part| self.shape(part)[axis]).sum();
        let ty = self.ty(parts[0]);
        self.push(Op::Concat(axis), parts, shape, ty)
    }

    /// See [`Op::Gather`].
    pub fn gather(&mut self, x: Id, axis: usize, index: Id) -> Id {
        let (shape, ty) = (self.shape(index).to_vec(), self.ty(x));
        self.push(Op::Gather(axis), [x, index], shape, ty)
    }

    /// See [`Op::ScatterAdd`].
    pub fn scatter_add(&mut self, index: Id, axis: usize, y: Id, shape: impl Into<Shape>) -> Id {
        let ty = self.ty(y);
        self.push(Op::ScatterAdd(axis), [index, y], shape, ty)
    }

    /// See [`Op::Take`].
    pub fn take(&mut self, x: Id, axis: usize, index: Id) -> Id {
        let mut shape = self.shape(x).to_vec();
        shape[axis] = self.shape(index)[0];
        let ty = self.ty(x);
        self.push(Op::Take(axis), [x, index], shape, ty)
    }

    /// See [`Op::TakeAdd`].
    pub fn take_add(&mut self, index: Id, axis: usize, y: Id, shape: impl Into<Shape>) -> Id {
        let ty = self.ty(y);
        self.push(Op::TakeAdd(axis), [index, y], shape, ty)
    }

    /// `op(a) op(b)` on the last two dimensions.
    pub fn matmul(&mut self, a: Id, b: Id, transpose_a: bool, transpose_b: bool) -> Id {
        let (sa, sb) = (self.shape(a), self.shape(b));
        let rank = sa.len();
        let mut shape: Shape = (0..rank - 2).map(|i| if sa[i] == 1 { sb[i] } else { sa[i] }).collect();
        shape.push(if transpose_a { sa[rank - 1] } else { sa[rank - 2] });
        shape.push(if transpose_b { sb[rank - 2] } else { sb[rank - 1] });
        let ty = self.ty(a);
        self.push(Op::MatMul { transpose_a, transpose_b }, [a, b], shape, ty)
    }

    /// The lower Cholesky factor.
    pub fn cholesky(&mut self, a: Id) -> Id {
        let shape = self.shape(a).to_vec();
        self.push(Op::Cholesky, [a], shape, Type::Float)
    }

    /// See [`Op::SolveLower`].
    pub fn solve_lower(&mut self, l: Id, b: Id, transpose: bool) -> Id {
        let shape = self.shape(b).to_vec();
        self.push(Op::SolveLower { transpose }, [l, b], shape, Type::Float)
    }

    /// See [`Op::LowerTriangle`].
    pub fn lower_triangle(&mut self, below: Id, diagonal: Id) -> Id {
        let mut shape = self.shape(diagonal).to_vec();
        shape.extend(shape.last().copied());
        self.push(Op::LowerTriangle, [below, diagonal], shape, Type::Float)
    }

    /// See [`Op::BelowDiagonal`].
    pub fn below_diagonal(&mut self, x: Id) -> Id {
        let mut shape = self.shape(x).to_vec();
        let n = shape.pop().unwrap_or(0);
        shape.pop();
        shape.push(below_len(n));
        self.push(Op::BelowDiagonal, [x], shape, Type::Float)
    }

    /// The diagonals `[.., n]` of matrices `[.., n, n]`.
    pub fn diagonal(&mut self, x: Id) -> Id {
        let mut shape = self.shape(x).to_vec();
        let n = shape.pop().unwrap_or(0);
        shape.pop();
        let mut ranges: Vec<Range> = shape.iter().map(|&size| Range::all(size)).collect();
        ranges.push(Range { start: 0, step: n as isize + 1, len: n });
        shape.push(n * n);
        let flat = self.reshape(x, shape);
        self.slice(flat, &ranges)
    }
}
