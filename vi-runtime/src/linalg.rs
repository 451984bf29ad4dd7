//! Batched linear algebra that Burn lacks: triangular solves, Cholesky factor, diagonal, triangles of their elements, each one
//! autodiff node; determinants.

mod composed;
pub(crate) mod ops;

use burn::backend::Dispatch;
use burn::tensor::Tensor;
pub use vi_graph::ir::below_len;

use ops::LinalgOps;

/// The solution `x` of `L x = b` for lower triangular `L`; what stands above the diagonal is not read.
///
/// The gradients are `b̄ = L⁻ᵀ x̄` and `L̄ = −tril(b̄ xᵀ)` (Giles 2008, section 2.2).
///
/// # Shapes
/// `l: [batch, k, k]`, `b: [batch, k, m]`, result `[batch, k, m]`; a batch of size 1 expands. One matrix with many right-hand
/// sides is cheapest as `l: [1, k, k]`, `b: [1, k, m]`.
///
/// # Panics
/// Where the shapes do not fit, as Burn's own operations do.
pub fn solve_lower(l: Tensor<3>, b: Tensor<3>) -> Tensor<3> {
    solve(l, b, false)
}

/// The solution `x` of `Lᵀ x = b` for lower triangular `L`; see [`solve_lower`].
///
/// The gradients are `b̄ = L⁻¹ x̄` and `L̄ = −tril(x b̄ᵀ)`.
///
/// # Shapes
/// As for [`solve_lower`].
///
/// # Panics
/// Where the shapes do not fit.
pub fn solve_lower_transposed(l: Tensor<3>, b: Tensor<3>) -> Tensor<3> {
    solve(l, b, true)
}

fn solve(l: Tensor<3>, b: Tensor<3>, transposed: bool) -> Tensor<3> {
    let ([l_batch, rows, columns], [b_batch, k, m]) = (l.dims(), b.dims());
    let batches_fit = l_batch == b_batch || l_batch == 1 || b_batch == 1;
    assert!(
        rows == columns && rows == k && batches_fit,
        "a triangular solve needs shapes [batch, k, k] and [batch, k, m], but got {:?} and {:?}",
        l.dims(),
        b.dims()
    );
    let batch = l_batch.max(b_batch);
    let l = if l_batch == batch { l } else { l.expand([batch, k, k]) };
    let b = if b_batch == batch { b } else { b.expand([batch, k, m]) };
    Tensor::from_dispatch(Dispatch::solve_lower(l.into_dispatch(), b.into_dispatch(), transposed))
}

/// The diagonal of each matrix.
///
/// # Shapes
/// `l: [batch, k, k]`, result `[batch, k]`.
///
/// # Panics
/// Where the matrices are not square.
pub fn diagonal(l: Tensor<3>) -> Tensor<2> {
    assert_square(&l);
    Tensor::from_dispatch(Dispatch::diagonal(l.into_dispatch()))
}

/// The lower triangular matrices with `diagonal` on the diagonal and `below` under it, row by row; 0 above.
///
/// # Shapes
/// `below: [batch, k (k − 1)/2]`, `diagonal: [batch, k]`, result `[batch, k, k]`.
///
/// # Panics
/// Where the shapes do not fit.
pub fn lower_triangle(below: Tensor<2>, diagonal: Tensor<2>) -> Tensor<3> {
    let ([batch, len], [other, k]) = (below.dims(), diagonal.dims());
    assert!(
        batch == other && len == below_len(k),
        "a triangle needs shapes [batch, k (k − 1)/2] and [batch, k], but got {:?} and {:?}",
        below.dims(),
        diagonal.dims()
    );
    Tensor::from_dispatch(Dispatch::lower_triangle(below.into_dispatch(), diagonal.into_dispatch()))
}

/// What is under the diagonal of each matrix, row by row.
///
/// # Shapes
/// `l: [batch, k, k]`, result `[batch, k (k − 1)/2]`.
///
/// # Panics
/// Where the matrices are not square.
pub fn below_diagonal(l: Tensor<3>) -> Tensor<2> {
    assert_square(&l);
    Tensor::from_dispatch(Dispatch::below_diagonal(l.into_dispatch()))
}

/// The lower triangular `L` with `L Lᵀ = a` for symmetric positive definite `a`, of which only the lower triangle is read.
///
/// A matrix that is not positive definite gives NaN. The gradient is the symmetric `½(S + Sᵀ)` with
/// `S = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹`, where `Φ` keeps the lower triangle and halves the diagonal (Murray 2016, arXiv:1602.07527, equation 10).
///
/// # Shapes
/// `a: [batch, k, k]`, result the same with zeros above the diagonal.
///
/// # Panics
/// Where the matrices are not square.
pub fn cholesky(a: Tensor<3>) -> Tensor<3> {
    assert_square(&a);
    Tensor::from_dispatch(Dispatch::cholesky(a.into_dispatch()))
}

/// `ln |det L|` of each lower triangular matrix: the sum of the logarithms of its diagonal.
///
/// # Shapes
/// `l: [batch, k, k]`, result `[batch]`.
///
/// # Panics
/// Where the matrices are not square.
pub fn log_abs_det_lower(l: Tensor<3>) -> Tensor<1> {
    let batch = l.dims()[0];
    diagonal(l).abs().log().sum_dim(1).reshape([batch])
}

/// `ln det a` of each symmetric positive definite matrix, from its Cholesky factor; NaN for a matrix that is not positive definite.
///
/// Its gradient is the inverse.
///
/// # Shapes
/// `a: [batch, k, k]`, result `[batch]`.
///
/// # Panics
/// Where the matrices are not square.
pub fn log_determinant(a: Tensor<3>) -> Tensor<1> {
    log_abs_det_lower(cholesky(a)) * 2.0
}

fn assert_square(a: &Tensor<3>) {
    let [_, rows, columns] = a.dims();
    assert!(rows == columns, "square matrices are needed, but the shape is {:?}", a.dims());
}

#[cfg(all(test, feature = "flex"))]
mod tests;
