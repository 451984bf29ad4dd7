//! Matrices.

use std::cmp::Ordering;

use super::layout::{positions, strides};
use super::scalar;
use crate::ir::{Data, below_len};

/// A stack of matrices: elements, shape, and whether they are given transposed.
type Operand<'a> = (&'a [f64], &'a [usize], bool);

pub(super) fn matmul(a: Operand, b: Operand, out: &[usize]) -> Data {
    let (batch, matrix) = out.split_at(out.len() - 2);
    let (m, n) = (matrix[0], matrix[1]);
    let k = if a.2 { a.1[a.1.len() - 2] } else { a.1[a.1.len() - 1] };
    let mut values = Vec::with_capacity(out.iter().product());
    for (start_a, start_b) in starts(batch, a.1).into_iter().zip(starts(batch, b.1)) {
        let at = |i: usize, l: usize| a.0[start_a + if a.2 { l * m + i } else { i * k + l }];
        let bt = |l: usize, j: usize| b.0[start_b + if b.2 { j * k + l } else { l * n + j }];
        for i in 0..m {
            for j in 0..n {
                values.push(scalar::sum((0..k).map(|l| at(i, l) * bt(l, j))));
            }
        }
    }
    Data::Float(values)
}

/// Where each matrix of the result finds its operand's; dimensions of size 1 are repeated.
fn starts(batch: &[usize], shape: &[usize]) -> Vec<usize> {
    let repeated: Vec<isize> = strides(shape).iter().zip(shape).map(|(&stride, &size)| if size == 1 { 0 } else { stride }).collect();
    positions(batch, &repeated, 0)
}

/// `L` with `L Lᵀ = A`, row by row (Cholesky–Banachiewicz); NaN from the first pivot below 0 on.
pub(super) fn cholesky(a: &[f64], shape: &[usize]) -> Data {
    let n = shape[shape.len() - 1];
    let mut factor = vec![0.0; a.len()];
    for (l, a) in factor.chunks_exact_mut((n * n).max(1)).zip(a.chunks_exact((n * n).max(1))) {
        for i in 0..n {
            for j in 0..=i {
                let rest = a[i * n + j] - (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum::<f64>();
                l[i * n + j] = if i == j { rest.sqrt() } else { rest / l[j * n + j] };
            }
        }
    }
    Data::Float(factor)
}

/// Forward substitution, or backward with the transpose.
pub(super) fn solve_lower(l: &[f64], b: &[f64], shape: &[usize], transpose: bool) -> Data {
    let (n, m) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    let mut x = b.to_vec();
    for (x, l) in x.chunks_exact_mut((n * m).max(1)).zip(l.chunks_exact((n * n).max(1))) {
        for column in 0..m {
            for step in 0..n {
                let i = if transpose { n - 1 - step } else { step };
                let known = |k: usize| if transpose { l[k * n + i] * x[k * m + column] } else { l[i * n + k] * x[k * m + column] };
                let sum: f64 = if transpose { (i + 1..n).map(known).sum() } else { (0..i).map(known).sum() };
                x[i * m + column] = (x[i * m + column] - sum) / l[i * n + i];
            }
        }
    }
    Data::Float(x)
}

/// Element by element: row `i` of what is under the diagonal begins at `i (i − 1)/2`.
pub(super) fn lower_triangle(below: &[f64], diagonal: &[f64], out: &[usize]) -> Data {
    let n = out[out.len() - 1];
    let each = below_len(n);
    let element = |index: usize| {
        let (matrix, row, column) = (index / (n * n), index / n % n, index % n);
        match row.cmp(&column) {
            Ordering::Greater => below[matrix * each + below_len(row) + column],
            Ordering::Equal => diagonal[matrix * n + row],
            Ordering::Less => 0.0,
        }
    };
    Data::Float((0..out.iter().product()).map(element).collect())
}

pub(super) fn below_diagonal(x: &[f64], shape: &[usize]) -> Data {
    let n = shape[shape.len() - 1];
    let below = x.iter().enumerate().filter(|(index, _)| index / n % n > index % n);
    Data::Float(below.map(|(_, x)| *x).collect())
}
