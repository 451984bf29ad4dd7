//! Where elements lie.

/// How far apart neighbours along each axis lie, in row-major order.
pub(super) fn strides(shape: &[usize]) -> Vec<isize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis] as isize;
    }
    strides
}

/// The positions `start + Σ index[i] strides[i]` for all indices below `shape`, in row-major order.
pub(super) fn positions(shape: &[usize], strides: &[isize], start: isize) -> Vec<usize> {
    if shape.contains(&0) {
        return Vec::new();
    }
    let mut positions = vec![start];
    for (&size, &stride) in shape.iter().zip(strides) {
        positions = positions.iter().flat_map(|&position| (0..size as isize).map(move |i| position + i * stride)).collect();
    }
    positions.into_iter().map(|position| position as usize).collect()
}

/// For each element of `shape`, in row-major order, its index along `axis`.
pub(super) fn along(shape: &[usize], axis: usize) -> Vec<usize> {
    let mut strides = vec![0; shape.len()];
    strides[axis] = 1;
    positions(shape, &strides, 0)
}

/// For each element of `shape` without `axes`, the positions of the elements that lie along `axes`.
pub(super) fn groups(shape: &[usize], axes: &[usize]) -> Vec<Vec<usize>> {
    let strides = strides(shape);
    let kept: Vec<usize> = (0..shape.len()).map(|axis| if axes.contains(&axis) { 1 } else { shape[axis] }).collect();
    let reduced: Vec<usize> = (0..shape.len()).map(|axis| if axes.contains(&axis) { shape[axis] } else { 1 }).collect();
    let inner = positions(&reduced, &strides, 0);
    positions(&kept, &strides, 0).into_iter().map(|start| inner.iter().map(|offset| start + offset).collect()).collect()
}
