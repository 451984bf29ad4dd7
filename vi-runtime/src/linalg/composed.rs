//! The matrix functions written with a backend's own operations, row by row or column by column.

use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Slice, TensorMetadata};
use burn::tensor::{DType, FloatDType, Shape, TensorData};
use vi_graph::ir::below_len;

/// Batch, rows and columns.
pub(super) fn dims(shape: &Shape) -> [usize; 3] {
    [shape[0], shape[1], shape[2]]
}

fn range(start: usize, end: usize) -> Slice {
    Slice::new(start as isize, Some(end as isize), 1)
}

fn block<B: Backend>(x: &FloatTensor<B>, rows: (usize, usize), columns: (usize, usize)) -> FloatTensor<B> {
    let batch = x.shape()[0];
    B::float_slice(x.clone(), &[range(0, batch), range(rows.0, rows.1), range(columns.0, columns.1)])
}

fn zeros<B: Backend>(like: &FloatTensor<B>, shape: [usize; 3]) -> FloatTensor<B> {
    B::float_zeros(Shape::from(shape), &like.device(), FloatDType::from(like.dtype()))
}

/// A `[1, k, k]` matrix whose elements are `f(row, column)`.
fn matrix<B: Backend>(like: &FloatTensor<B>, k: usize, f: impl Fn(usize, usize) -> f64) -> FloatTensor<B> {
    let values: Vec<f64> = (0..k * k).map(|i| f(i / k, i % k)).collect();
    let data = TensorData::new(values, [1, k, k]).convert_dtype(like.dtype());
    B::float_from_data(data, &like.device())
}

/// Forward substitution in `L`, or backward substitution in `Lᵀ`.
pub(super) fn solve_lower<B: Backend>(l: FloatTensor<B>, b: FloatTensor<B>, transposed: bool) -> FloatTensor<B> {
    let [batch, k, m] = dims(&b.shape());
    let mut x = zeros::<B>(&b, [batch, k, m]);
    for step in 0..k {
        let row = if transposed { k - 1 - step } else { step };
        let solved = if transposed { (row + 1, k) } else { (0, row) };
        let mut right = block::<B>(&b, (row, row + 1), (0, m));
        if solved.0 < solved.1 {
            let factors = if transposed {
                B::float_swap_dims(block::<B>(&l, solved, (row, row + 1)), 1, 2)
            } else {
                block::<B>(&l, (row, row + 1), solved)
            };
            right = B::float_sub(right, B::float_matmul(factors, block::<B>(&x, solved, (0, m))));
        }
        right = B::float_div(right, block::<B>(&l, (row, row + 1), (row, row + 1)));
        x = B::float_slice_assign(x, &[range(0, batch), range(row, row + 1), range(0, m)], right);
    }
    x
}

/// Every `(k + 1)`-th element of the flattened matrices.
pub(super) fn diagonal<B: Backend>(l: FloatTensor<B>) -> FloatTensor<B> {
    let [batch, k, _] = dims(&l.shape());
    let flat = B::float_reshape(l, Shape::from([batch, k * k]));
    B::float_slice(flat, &[range(0, batch), Slice::new(0, Some((k * k) as isize), k as isize + 1)])
}

/// Matrices with `d: [batch, k]` on the diagonal.
pub(super) fn diagonal_matrix<B: Backend>(d: FloatTensor<B>) -> FloatTensor<B> {
    let (batch, k) = (d.shape()[0], d.shape()[1]);
    let identity = matrix::<B>(&d, k, |row, column| f64::from(row == column));
    B::float_mul(B::float_reshape(d, Shape::from([batch, k, 1])), identity)
}

/// Column by column.
pub(super) fn cholesky<B: Backend>(a: FloatTensor<B>) -> FloatTensor<B> {
    let [batch, k, _] = dims(&a.shape());
    let mut l = zeros::<B>(&a, [batch, k, k]);
    for j in 0..k {
        let mut column = block::<B>(&a, (j, k), (j, j + 1));
        if j > 0 {
            let row = B::float_swap_dims(block::<B>(&l, (j, j + 1), (0, j)), 1, 2);
            column = B::float_sub(column, B::float_matmul(block::<B>(&l, (j, k), (0, j)), row));
        }
        let pivot = B::float_sqrt(block::<B>(&column, (0, 1), (0, 1)));
        l = B::float_slice_assign(l, &[range(0, batch), range(j, k), range(j, j + 1)], B::float_div(column, pivot));
    }
    l
}

/// The lower triangle, its diagonal times `diagonal`, the rest 0.
pub(super) fn lower_triangle<B: Backend>(x: FloatTensor<B>, diagonal: f64) -> FloatTensor<B> {
    let k = x.shape()[1];
    let mask = matrix::<B>(&x, k, |row, column| match row.cmp(&column) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => diagonal,
        std::cmp::Ordering::Less => 0.0,
    });
    B::float_mul(x, mask)
}

/// By selection among `below`, `diagonal` and a zero.
pub(super) fn triangle_of<B: Backend>(below: FloatTensor<B>, diagonal: FloatTensor<B>) -> FloatTensor<B> {
    let (batch, k) = (diagonal.shape()[0], diagonal.shape()[1]);
    let len = below.shape()[1];
    let zero = B::float_zeros(Shape::from([batch, 1]), &below.device(), FloatDType::from(below.dtype()));
    let device = below.device();
    let elements = B::float_cat(vec![below, diagonal, zero], 1);
    let place = |i: usize| match (i / k).cmp(&(i % k)) {
        std::cmp::Ordering::Greater => below_len(i / k) + i % k,
        std::cmp::Ordering::Equal => len + i / k,
        std::cmp::Ordering::Less => len + k,
    };
    let matrices = B::float_select(elements, 1, positions::<B>((0..k * k).map(place), &device));
    B::float_reshape(matrices, Shape::from([batch, k, k]))
}

/// By selection.
pub(super) fn below_diagonal<B: Backend>(l: FloatTensor<B>) -> FloatTensor<B> {
    let [batch, k, _] = dims(&l.shape());
    let device = l.device();
    let flat = B::float_reshape(l, Shape::from([batch, k * k]));
    B::float_select(flat, 1, positions::<B>((0..k * k).filter(|i| i / k > i % k), &device))
}

fn positions<B: Backend>(places: impl Iterator<Item = usize>, device: &B::Device) -> IntTensor<B> {
    let places: Vec<i64> = places.map(|place| place as i64).collect();
    let count = places.len();
    B::int_from_data(TensorData::new(places, [count]).convert_dtype(default_int::<B>(device)), device)
}

fn default_int<B: Backend>(device: &B::Device) -> DType {
    DType::from(burn::backend::get_device_settings::<B>(device).int_dtype)
}
