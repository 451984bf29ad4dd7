//! Matrices and rows of their elements, in the shapes that a bijector of rank `D` has on its two sides.

use burn::tensor::{Int, Tensor, TensorData};

use crate::linalg::{self, below_len};

/// The elements at known places of the last dimension, one gather; places may repeat.
pub(super) fn pick<const D: usize>(x: Tensor<D>, places: &[usize]) -> Tensor<D> {
    let places: Vec<i64> = places.iter().map(|&place| place as i64).collect();
    let count = places.len();
    let places = Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &x.device().inner());
    x.select(D - 1, places)
}

/// Numbers as one row, to stand beside `like`.
pub(super) fn row<const D: usize>(numbers: Vec<f64>, like: &Tensor<D>) -> Tensor<D> {
    let mut dims = [1; D];
    dims[D - 1] = numbers.len();
    Tensor::from_data(TensorData::new(numbers, dims), (&like.device().inner(), like.dtype()))
}

/// `[.., n, n]` as `[batch, n, n]`.
pub(super) fn batched<const D: usize>(matrix: Tensor<D>) -> Tensor<3> {
    let dims = matrix.dims();
    matrix.reshape([dims[..D - 2].iter().product(), dims[D - 2], dims[D - 1]])
}

/// `[.., 1, m]` as `[batch, m]`.
fn flat<const D: usize>(numbers: Tensor<D>) -> Tensor<2> {
    let dims = numbers.dims();
    numbers.reshape([dims[..D - 1].iter().product(), dims[D - 1]])
}

/// `[batch, m]` as `[.., 1, m]`, with the batch dimensions of `dims`.
fn spread_out<const D: usize>(numbers: Tensor<2>, mut dims: [usize; D]) -> Tensor<D> {
    (dims[D - 2], dims[D - 1]) = (1, numbers.dims()[1]);
    numbers.reshape(dims)
}

/// The lower triangular `[.., n, n]` with the elements `below`, row by row, and `diagonal`.
///
/// # Shapes
/// `below: [.., 1, n(n−1)/2]`, `diagonal: [.., 1, n]`.
pub(super) fn lower<const D: usize>(below: Tensor<D>, diagonal: Tensor<D>) -> Tensor<D> {
    let mut dims = diagonal.dims();
    dims[D - 2] = dims[D - 1];
    linalg::lower_triangle(flat(below), flat(diagonal)).reshape(dims)
}

/// The elements below the diagonal of `[.., n, n]`, row by row, as `[.., 1, n(n−1)/2]`.
pub(super) fn below<const D: usize>(matrix: Tensor<D>) -> Tensor<D> {
    let dims = matrix.dims();
    spread_out(linalg::below_diagonal(batched(matrix)), dims)
}

/// The diagonal of `[.., n, n]` as `[.., 1, n]`.
pub(super) fn diagonal<const D: usize>(matrix: Tensor<D>) -> Tensor<D> {
    let dims = matrix.dims();
    spread_out(linalg::diagonal(batched(matrix)), dims)
}

/// The number of rows of a matrix that has `count` elements on and below its diagonal.
///
/// # Panics
/// Where there is none, as Burn's own operations do where shapes do not fit.
pub(super) fn rows_of_full(count: usize) -> usize {
    let size = (((8 * count + 1) as f64).sqrt() as usize - 1) / 2;
    assert!(below_len(size + 1) == count, "{count} numbers do not fill a triangle with its diagonal; n(n+1)/2 do");
    size
}

/// The number of rows of a matrix that has `count` elements below its diagonal.
///
/// # Panics
/// Where there is none.
pub(super) fn rows_of_strict(count: usize) -> usize {
    rows_of_full(count) + 1
}

/// `shape` with an event of one row of `count` numbers.
pub(super) fn packed_shape(shape: &[usize], count: usize) -> Vec<usize> {
    with_event(shape, [1, count])
}

/// `shape` with an event of a square matrix.
pub(super) fn matrix_shape(shape: &[usize], size: usize) -> Vec<usize> {
    with_event(shape, [size, size])
}

fn with_event(shape: &[usize], event: [usize; 2]) -> Vec<usize> {
    let batch = shape.len().saturating_sub(2);
    shape[..batch].iter().copied().chain(event).collect()
}
