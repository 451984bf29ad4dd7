//! The matrix functions as operations of a Burn backend: one autodiff node each, with a handwritten derivative.

// The macro names the backends ndarray and tch, which Burn offers as deprecated.
#![cfg_attr(any(feature = "ndarray", feature = "tch"), allow(deprecated))]

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind, unary};
use burn::backend::ir::ScalarIr;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Capture, TensorMetadata, backend_extension};
use burn::tensor::{FloatDType, Shape};
use vi_graph::ir::below_len;

use super::composed;
use crate::custom_op::record;

/// What the matrix functions need from a backend.
#[backend_extension(
    Flex: cfg(feature = "flex"),
    NdArray: cfg(feature = "ndarray"),
    LibTorch: cfg(feature = "tch"),
    Cube: cfg(feature = "wgpu"),
    Capture,
    Autodiff
)]
pub trait LinalgOps: Backend {
    /// `L⁻¹ b`, or `L⁻ᵀ b` where `transposed`; batches equal.
    fn solve_lower(l: FloatTensor<Self>, b: FloatTensor<Self>, transposed: bool) -> FloatTensor<Self> {
        composed::solve_lower::<Self>(l, b, transposed)
    }
    /// The diagonals, `[batch, k]`.
    fn diagonal(l: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::diagonal::<Self>(l)
    }
    /// The lower Cholesky factors.
    fn cholesky(a: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::cholesky::<Self>(a)
    }
    /// Triangles of what is under and on their diagonals.
    fn lower_triangle(below: FloatTensor<Self>, diagonal: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::triangle_of::<Self>(below, diagonal)
    }
    /// What is under the diagonals, row by row.
    fn below_diagonal(l: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::below_diagonal::<Self>(l)
    }
}

#[cfg(feature = "ndarray")]
impl LinalgOps for burn::backend::NdArray {}

#[cfg(feature = "tch")]
impl LinalgOps for burn::backend::LibTorch {}

#[cfg(feature = "wgpu")]
impl LinalgOps for burn::backend::Cube {}

impl LinalgOps for Capture {
    fn solve_lower(l: FloatTensor<Self>, b: FloatTensor<Self>, transposed: bool) -> FloatTensor<Self> {
        let shape = b.shape();
        record("solve_lower", [l, b], shape, vec![ScalarIr::Bool(transposed)])
    }

    fn diagonal(l: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, k, _] = composed::dims(&l.shape());
        record("diagonal", [l], Shape::from([batch, k]), vec![])
    }

    fn cholesky(a: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = a.shape();
        record("cholesky", [a], shape, vec![])
    }

    fn lower_triangle(below: FloatTensor<Self>, diagonal: FloatTensor<Self>) -> FloatTensor<Self> {
        let (batch, k) = (diagonal.shape()[0], diagonal.shape()[1]);
        record("lower_triangle", [below, diagonal], Shape::from([batch, k, k]), vec![])
    }

    fn below_diagonal(l: FloatTensor<Self>) -> FloatTensor<Self> {
        let [batch, k, _] = composed::dims(&l.shape());
        record("below_diagonal", [l], Shape::from([batch, below_len(k)]), vec![])
    }
}

#[cfg(feature = "flex")]
mod flex {
    //! Loops over the rows in double precision, matrix by matrix.

    use burn::backend::Flex;
    use burn::backend::flex::FlexTensor;
    use burn::tensor::Shape;

    use vi_graph::ir::below_len;

    use super::{LinalgOps, composed};
    use crate::custom_op::flex::{read, write};

    impl LinalgOps for Flex {
        fn solve_lower(l: FlexTensor, b: FlexTensor, transposed: bool) -> FlexTensor {
            let (Some(factors), Some(mut x)) = (read(&l), read(&b)) else {
                return composed::solve_lower::<Self>(l, b, transposed);
            };
            let [_, k, m] = composed::dims(b.layout().shape());
            if k > 0 && m > 0 {
                for (l, x) in factors.chunks_exact(k * k).zip(x.chunks_exact_mut(k * m)) {
                    if transposed { solve_transposed(l, x, k, m) } else { solve(l, x, k, m) }
                }
            }
            write(x, b.layout().shape().clone(), b.dtype())
        }

        fn diagonal(l: FlexTensor) -> FlexTensor {
            let Some(values) = read(&l) else {
                return composed::diagonal::<Self>(l);
            };
            let [batch, k, _] = composed::dims(l.layout().shape());
            let values = values.chunks_exact((k * k).max(1)).flat_map(|l| l.iter().step_by(k + 1).copied()).collect();
            write(values, Shape::from([batch, k]), l.dtype())
        }

        fn lower_triangle(below: FlexTensor, diagonal: FlexTensor) -> FlexTensor {
            let (Some(under), Some(pivots)) = (read(&below), read(&diagonal)) else {
                return composed::triangle_of::<Self>(below, diagonal);
            };
            let shape = diagonal.layout().shape();
            let (batch, k) = (shape[0], shape[1]);
            let mut values = vec![0.0; batch * k * k];
            let mut under = under.as_slice();
            for (i, (row, pivot)) in values.chunks_exact_mut(k.max(1)).zip(pivots).enumerate() {
                let (given, rest) = under.split_at(i % k);
                row[..i % k].copy_from_slice(given);
                row[i % k] = pivot;
                under = rest;
            }
            write(values, Shape::from([batch, k, k]), diagonal.dtype())
        }

        fn below_diagonal(l: FlexTensor) -> FlexTensor {
            let Some(values) = read(&l) else {
                return composed::below_diagonal::<Self>(l);
            };
            let [batch, k, _] = composed::dims(l.layout().shape());
            let rows = values.chunks_exact(k.max(1)).enumerate();
            let values = rows.flat_map(|(i, row)| &row[..i % k]).copied().collect();
            write(values, Shape::from([batch, below_len(k)]), l.dtype())
        }

        fn cholesky(a: FlexTensor) -> FlexTensor {
            let Some(mut values) = read(&a) else {
                return composed::cholesky::<Self>(a);
            };
            let [_, k, _] = composed::dims(a.layout().shape());
            values.chunks_exact_mut((k * k).max(1)).for_each(|a| factorise(a, k));
            write(values, a.layout().shape().clone(), a.dtype())
        }
    }

    fn solve(l: &[f64], x: &mut [f64], k: usize, m: usize) {
        for row in 0..k {
            let (solved, rest) = x.split_at_mut(row * m);
            let current = &mut rest[..m];
            for (&factor, above) in l[row * k..].iter().zip(solved.chunks_exact(m)) {
                current.iter_mut().zip(above).for_each(|(c, a)| *c -= factor * a);
            }
            let pivot = l[row * k + row];
            current.iter_mut().for_each(|c| *c /= pivot);
        }
    }

    fn solve_transposed(l: &[f64], x: &mut [f64], k: usize, m: usize) {
        for row in (0..k).rev() {
            let (rest, solved) = x.split_at_mut(row * m);
            let current = &mut solved[..m];
            let pivot = l[row * k + row];
            current.iter_mut().for_each(|c| *c /= pivot);
            for (&factor, above) in l[row * k..].iter().zip(rest.chunks_exact_mut(m)) {
                above.iter_mut().zip(current.iter()).for_each(|(a, c)| *a -= factor * c);
            }
        }
    }

    /// Row by row in place (Cholesky and Banachiewicz).
    fn factorise(a: &mut [f64], k: usize) {
        for row in 0..k {
            for column in 0..=row {
                let inner: f64 = (0..column).map(|i| a[row * k + i] * a[column * k + i]).sum();
                let rest = a[row * k + column] - inner;
                a[row * k + column] = if row == column { rest.sqrt() } else { rest / a[column * k + column] };
            }
            a[row * k + row + 1..(row + 1) * k].fill(0.0);
        }
    }
}

impl<B: LinalgOps, C: CheckpointStrategy> LinalgOps for Autodiff<B, C> {
    fn solve_lower(l: FloatTensor<Self>, b: FloatTensor<Self>, transposed: bool) -> FloatTensor<Self> {
        match SolveLower.prepare::<C>([l.node(), b.node()]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => {
                let l = l.into_primitive();
                let x = B::solve_lower(l.clone(), b.into_primitive(), transposed);
                preparation.finish((l, x.clone(), transposed), x)
            }
            OpsKind::UnTracked(preparation) => preparation.finish(B::solve_lower(l.into_primitive(), b.into_primitive(), transposed)),
        }
    }

    fn diagonal(l: FloatTensor<Self>) -> FloatTensor<Self> {
        match Diagonal.prepare::<C>([l.node()]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => preparation.finish((), B::diagonal(l.into_primitive())),
            OpsKind::UnTracked(preparation) => preparation.finish(B::diagonal(l.into_primitive())),
        }
    }

    fn lower_triangle(below: FloatTensor<Self>, diagonal: FloatTensor<Self>) -> FloatTensor<Self> {
        match LowerTriangle.prepare::<C>([below.node(), diagonal.node()]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => preparation.finish((), B::lower_triangle(below.into_primitive(), diagonal.into_primitive())),
            OpsKind::UnTracked(preparation) => preparation.finish(B::lower_triangle(below.into_primitive(), diagonal.into_primitive())),
        }
    }

    fn below_diagonal(l: FloatTensor<Self>) -> FloatTensor<Self> {
        match BelowDiagonal.prepare::<C>([l.node()]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => {
                let [batch, k, _] = composed::dims(&l.shape());
                preparation.finish([batch, k], B::below_diagonal(l.into_primitive()))
            }
            OpsKind::UnTracked(preparation) => preparation.finish(B::below_diagonal(l.into_primitive())),
        }
    }

    fn cholesky(a: FloatTensor<Self>) -> FloatTensor<Self> {
        match Cholesky.prepare::<C>([a.node()]).compute_bound().stateful() {
            OpsKind::Tracked(preparation) => {
                let l = B::cholesky(a.into_primitive());
                preparation.finish(l.clone(), l)
            }
            OpsKind::UnTracked(preparation) => preparation.finish(B::cholesky(a.into_primitive())),
        }
    }
}

#[derive(Debug)]
struct SolveLower;

impl<B: LinalgOps> Backward<B, 2> for SolveLower {
    type State = (FloatTensor<B>, FloatTensor<B>, bool);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [l_parent, b_parent] = ops.parents;
        let (l, x, transposed) = ops.state;
        let b_grad = B::solve_lower(l, grad, !transposed);
        if let Some(node) = l_parent {
            let (left, right) = if transposed { (x, b_grad.clone()) } else { (b_grad.clone(), x) };
            let product = B::float_matmul(left, B::float_swap_dims(right, 1, 2));
            grads.register::<B>(node.id, composed::lower_triangle::<B>(B::float_neg(product), 1.0));
        }
        if let Some(node) = b_parent {
            grads.register::<B>(node.id, b_grad);
        }
    }
}

#[derive(Debug)]
struct Diagonal;

impl<B: LinalgOps> Backward<B, 1> for Diagonal {
    type State = ();

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        unary::<B, _>(ops.parents, ops.node, grads, composed::diagonal_matrix::<B>);
    }
}

#[derive(Debug)]
struct Cholesky;

impl<B: LinalgOps> Backward<B, 1> for Cholesky {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let l = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            let transposed = B::float_swap_dims(l.clone(), 1, 2);
            let inner = composed::lower_triangle::<B>(B::float_matmul(transposed, grad), 0.5);
            let left = B::solve_lower(l.clone(), inner, true);
            // X L⁻¹ = (L⁻ᵀ Xᵀ)ᵀ.
            let both = B::solve_lower(l, B::float_swap_dims(left, 1, 2), true);
            let sum = B::float_add(B::float_swap_dims(both.clone(), 1, 2), both);
            B::float_mul_scalar(sum, 0.5.into())
        });
    }
}

#[derive(Debug)]
struct LowerTriangle;

impl<B: LinalgOps> Backward<B, 2> for LowerTriangle {
    type State = ();

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [below, diagonal] = ops.parents;
        if let Some(node) = below {
            grads.register::<B>(node.id, B::below_diagonal(grad.clone()));
        }
        if let Some(node) = diagonal {
            grads.register::<B>(node.id, B::diagonal(grad));
        }
    }
}

#[derive(Debug)]
struct BelowDiagonal;

impl<B: LinalgOps> Backward<B, 1> for BelowDiagonal {
    /// Batch and rows.
    type State = [usize; 2];

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        unary::<B, _>(ops.parents, ops.node, grads, |grad| {
            let nothing = B::float_zeros(Shape::from(ops.state), &grad.device(), FloatDType::from(grad.dtype()));
            B::lower_triangle(grad, nothing)
        });
    }
}
