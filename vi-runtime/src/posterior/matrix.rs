//! Dense symmetric matrices on the host, in row-major order.

use super::lbfgs::dot;

/// The lower Cholesky factor of a symmetric matrix, of which the lower triangle is read; absent where it is not positive
/// definite.
pub(super) fn cholesky(a: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let rest = a[i * n + j] - dot(&l[i * n..i * n + j], &l[j * n..j * n + j]);
            if i == j {
                if !(rest > 0.0 && rest.is_finite()) {
                    return None;
                }
                l[i * n + i] = rest.sqrt();
            } else {
                l[i * n + j] = rest / l[j * n + j];
            }
        }
    }
    Some(l)
}

/// `x ← L⁻¹ x`.
pub(super) fn solve_lower(l: &[f64], x: &mut [f64]) {
    let n = x.len();
    for i in 0..n {
        x[i] = (x[i] - dot(&l[i * n..i * n + i], &x[..i])) / l[i * n + i];
    }
}

/// `x ← L⁻ᵀ x`.
pub(super) fn solve_lower_transposed(l: &[f64], x: &mut [f64]) {
    let n = x.len();
    for i in (0..n).rev() {
        x[i] /= l[i * n + i];
        let solved = x[i];
        x[..i].iter_mut().zip(&l[i * n..i * n + i]).for_each(|(x, l)| *x -= l * solved);
    }
}

/// `L x`.
pub(super) fn multiply_lower(l: &[f64], x: &[f64], to: &mut [f64]) {
    let n = x.len();
    for (i, to) in to.iter_mut().enumerate() {
        *to = dot(&l[i * n..=i * n + i], &x[..=i]);
    }
}

/// `Lᵀ x`.
pub(super) fn multiply_lower_transposed(l: &[f64], x: &[f64], to: &mut [f64]) {
    let n = x.len();
    to.fill(0.0);
    for (i, x) in x.iter().enumerate() {
        to[..=i].iter_mut().zip(&l[i * n..=i * n + i]).for_each(|(to, l)| *to += l * x);
    }
}

/// The inverse of the matrix whose lower Cholesky factor is `l`.
pub(super) fn inverse(l: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for (i, row) in inverse.chunks_exact_mut(n.max(1)).enumerate() {
        row[i] = 1.0;
        solve_lower(l, row);
        solve_lower_transposed(l, row);
    }
    inverse
}

/// `L Lᵀ`.
pub(super) fn squared(l: &[f64], n: usize) -> Vec<f64> {
    let mut square = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let element = dot(&l[i * n..=i * n + j], &l[j * n..=j * n + j]);
            (square[i * n + j], square[j * n + i]) = (element, element);
        }
    }
    square
}

/// The sum of the logarithms of the diagonal.
pub(super) fn log_diagonal(l: &[f64], n: usize) -> f64 {
    (0..n).map(|i| l[i * n + i].ln()).sum()
}
