//! Parameters with one more dimension than the distribution's batch: stored flat, one row (a vector or a matrix) after the other.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::ShapeConflict;

/// `rows`, of which there is one for each element of `own`, repeated so that there is one for each element of `target`, or
/// left alone where a single row serves all.
///
/// # Shapes
/// `rows: [own.., R..]` flattened to `[product of own, ..]`; out `[1, ..]` or `[product of target, ..]`.
pub(crate) fn align<const R: usize>(rows: Tensor<R>, own: &[usize], target: &[usize]) -> Tensor<R> {
    if own == target || own.iter().all(|&size| size == 1) {
        return rows;
    }
    let device = rows.device().inner();
    rows.select(0, index(own, target, &device))
}

/// For each element of `target` in row-major order the element of `own` that broadcasts to it.
fn index(own: &[usize], target: &[usize], device: &Device) -> Tensor<1, Int> {
    let count: usize = target.iter().product();
    let index: Vec<i64> = (0..count)
        .map(|element| {
            let (mut rest, mut stride, mut row) = (element, 1, 0);
            for (&size, &own_size) in target.iter().zip(own).rev() {
                if own_size != 1 {
                    row += (rest % size) * stride;
                }
                stride *= own_size;
                rest /= size;
            }
            row as i64
        })
        .collect();
    Tensor::from_data(TensorData::new(index, [count]), device)
}

/// The common shape of two, or the conflict between them.
pub(crate) fn broadcast<const D: usize>(
    left: (&'static str, [usize; D]),
    right: (&'static str, [usize; D]),
) -> Result<[usize; D], ShapeConflict> {
    let mut dims = left.1;
    for (size, &other) in dims.iter_mut().zip(&right.1) {
        if *size == 1 {
            *size = other;
        } else if other != 1 && other != *size {
            return Err(ShapeConflict { left: (left.0, left.1.to_vec()), right: (right.0, right.1.to_vec()) });
        }
    }
    Ok(dims)
}
