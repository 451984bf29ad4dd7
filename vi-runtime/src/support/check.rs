//! Whether numbers on the host are values of a support, and what is wrong with them if not.

use super::Support::{self, *};

/// How far a rounded sum or length may be off, beside what was summed.
const TOLERANCE: f64 = 1e-4;

impl Support {
    /// What is wrong with the first value that is not one, its elements taken together; elements one by one are for
    /// [`contains`](Self::contains). Only values whose first element is counted are looked at.
    pub(crate) fn fault(&self, values: &[f64], shape: &[usize], counted: impl Fn(usize) -> bool) -> Option<String> {
        if !self.is_structured() {
            return None;
        }
        let last = shape.last().copied().unwrap_or(1).max(1);
        if self.event_rank() == 1 {
            let mut rows = values.chunks(last).enumerate().filter(|(row, _)| counted(row * last));
            return rows.find_map(|(row, x)| Some(format!("row {row} {}", self.row_fault(x)?)));
        }
        let rows = shape.iter().rev().nth(1).copied().unwrap_or(1);
        if rows != last {
            return Some(format!("{rows} rows of {last}"));
        }
        let size = last * last;
        let mut matrices = values.chunks(size).enumerate().filter(|(matrix, _)| counted(matrix * size));
        matrices.find_map(|(matrix, x)| {
            let fault = self.matrix_fault(x, last)?;
            Some(if values.len() == size { fault } else { format!("matrix {matrix}, {fault}") })
        })
    }

    fn row_fault(&self, x: &[f64]) -> Option<String> {
        let sum: f64 = x.iter().sum();
        let wrong_sum = |near: bool| (!near).then(|| format!("with sum {sum}"));
        match self {
            Simplex => wrong_sum((sum - 1.0).abs() <= TOLERANCE),
            ZeroSum => wrong_sum(sum.abs() <= TOLERANCE * x.iter().map(|x| x.abs()).sum::<f64>()),
            Sphere => wrong_length(x),
            Ordered | PositiveOrdered => {
                let i = (1..x.len()).find(|&i| x[i] <= x[i - 1])?;
                Some(format!("with {} at {i} after {}", x[i], x[i - 1]))
            }
            _ => None,
        }
    }

    /// The matrix row by row, `size` of them.
    fn matrix_fault(&self, x: &[f64], size: usize) -> Option<String> {
        let rows = || x.chunks(size).enumerate();
        match self {
            LowerCholesky | CorrelationCholesky => rows().find_map(|(i, row)| {
                let fault = match row[i + 1..].iter().find(|&&above| above != 0.0) {
                    Some(above) => Some(format!("with {above} above the diagonal")),
                    None if row[i] <= 0.0 => Some(format!("with {} on the diagonal", row[i])),
                    None if *self == CorrelationCholesky => wrong_length(row),
                    None => None,
                };
                Some(format!("row {i} {}", fault?))
            }),
            Correlation | PositiveDefinite => {
                let largest = x.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
                rows()
                    .find_map(|(i, row)| {
                        let j = (0..i).find(|&j| (row[j] - x[j * size + i]).abs() > TOLERANCE * largest);
                        match j {
                            Some(j) => Some(format!("row {i} with {} at {j} against {} across the diagonal", row[j], x[j * size + i])),
                            None if *self == Correlation && (row[i] - 1.0).abs() > TOLERANCE => {
                                Some(format!("row {i} with {} on the diagonal", row[i]))
                            }
                            None => None,
                        }
                    })
                    .or_else(|| {
                        let (row, pivot) = not_positive(x, size)?;
                        Some(format!("row {row} with pivot {pivot}: the matrix is not positive definite"))
                    })
            }
            _ => None,
        }
    }

    /// Whether a number lies inside, neither at an end nor beyond: a parameter at the end would be infinite in unconstrained space.
    pub(crate) fn holds_inside(&self, x: f64) -> bool {
        let (low, high) = self.bounds();
        matches!(self, Sphere | CorrelationCholesky | Correlation) || (x > low && x < high)
    }
}

fn wrong_length(x: &[f64]) -> Option<String> {
    let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
    ((length - 1.0).abs() > TOLERANCE).then(|| format!("of length {length}"))
}

/// The first row whose pivot is not positive as the matrix is factorised, and that pivot.
fn not_positive(x: &[f64], size: usize) -> Option<(usize, f64)> {
    let mut factor = vec![0.0; size * size];
    for i in 0..size {
        for j in 0..=i {
            let left: f64 = (0..j).map(|k| factor[i * size + k] * factor[j * size + k]).sum();
            let rest = x[i * size + j] - left;
            if j < i {
                factor[i * size + j] = rest / factor[j * size + j];
            } else if rest > 0.0 {
                factor[i * size + i] = rest.sqrt();
            } else {
                return Some((i, rest));
            }
        }
    }
    None
}
