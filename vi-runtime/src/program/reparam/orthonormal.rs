//! Orthonormal bases as matrices, `[n, n]` row by row: row `k` holds the elements of basis vector `k`.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Cosines (DCT-II): `sₖ cos(π k (j + ½)/n)` with `s₀ = √(1/n)` and `sₖ = √(2/n)`.
pub(super) fn dct(n: usize) -> Vec<f64> {
    let size = n as f64;
    let element = |k: usize, j: usize| {
        let scale = (if k == 0 { 1.0 } else { 2.0 } / size).sqrt();
        scale * (PI * k as f64 * (j as f64 + 0.5) / size).cos()
    };
    (0..n * n).map(|i| element(i / n, i % n)).collect()
}

/// Haar's basis: neighbours become `(a + b)/√2` and `(a − b)/√2`, and so on with the sums, which come first. What has no neighbour
/// goes on as it is, so any length has a basis.
pub(super) fn haar(n: usize) -> Vec<f64> {
    let unit = |k: usize| (0..n).map(|j| if j == k { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
    let mut rows: Vec<Vec<f64>> = (0..n).map(unit).collect();
    let mut coarse = n;
    while coarse > 1 {
        let (mut sums, mut differences) = (Vec::new(), Vec::new());
        for pair in rows[..coarse].chunks(2) {
            let joined = |sign: f64| match pair {
                [a, b] => a.iter().zip(b).map(|(a, b)| (a + sign * b) * FRAC_1_SQRT_2).collect(),
                rest => rest.concat(),
            };
            sums.push(joined(1.0));
            if pair.len() == 2 {
                differences.push(joined(-1.0));
            }
        }
        let next = sums.len();
        sums.extend(differences);
        rows.splice(..coarse, sums);
        coarse = next;
    }
    rows.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_orthonormal(basis: &[f64], n: usize) -> bool {
        let dot = |i: usize, j: usize| (0..n).map(|k| basis[i * n + k] * basis[j * n + k]).sum::<f64>();
        (0..n * n).all(|k| (dot(k / n, k % n) - f64::from(u8::from(k / n == k % n))).abs() < 1e-13)
    }

    #[test]
    fn both_bases_are_orthonormal() {
        for n in [1, 2, 3, 4, 7, 8, 13] {
            assert!(is_orthonormal(&dct(n), n), "{n}");
            assert!(is_orthonormal(&haar(n), n), "{n}");
        }
    }

    /// The matrix of four elements is in every textbook.
    #[test]
    fn haar_of_four_elements() {
        let r = FRAC_1_SQRT_2;
        let expected = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, -0.5, -0.5, r, -r, 0.0, 0.0, 0.0, 0.0, r, -r];
        assert!(haar(4).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{:?}", haar(4));
    }

    /// scipy.fft.dct([1, 2, 3], norm="ortho") = [3.46410162, −1.41421356, 0].
    #[test]
    fn dct_of_three_elements() {
        let basis = dct(3);
        let of = |k: usize| (0..3).map(|j| basis[k * 3 + j] * (j + 1) as f64).sum::<f64>();
        assert!((of(0) - 12.0_f64.sqrt()).abs() < 1e-14 && (of(1) + 2.0_f64.sqrt()).abs() < 1e-14 && of(2).abs() < 1e-14);
    }
}
