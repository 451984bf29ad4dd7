//! Normal approximations along the path of a minimisation: the inverse Hessian of BFGS as a diagonal and a few columns.

use std::collections::VecDeque;
use std::f64::consts::TAU;

use super::lbfgs::{add, dot, norm};
use super::matrix::cholesky;

/// What is learned of the inverse Hessian from the steps `s` and the changes `y` of the gradient along a path: a diagonal `α`
/// by the rule of Gilbert and Lemaréchal (1989), and the last pairs.
#[derive(Clone, Debug)]
pub(super) struct Estimate {
    alpha: Vec<f64>,
    pairs: VecDeque<(Vec<f64>, Vec<f64>)>,
    most: usize,
    last: Option<(Vec<f64>, Vec<f64>)>,
}

impl Estimate {
    pub(super) fn new(dim: usize, most: usize) -> Self {
        Estimate { alpha: vec![1.0; dim], pairs: VecDeque::new(), most, last: None }
    }

    /// Goes on to the next point of the path.
    pub(super) fn push(&mut self, x: &[f64], gradient: &[f64]) {
        if let Some((before, slope)) = &self.last {
            let s: Vec<f64> = x.iter().zip(before).map(|(a, b)| a - b).collect();
            let y: Vec<f64> = gradient.iter().zip(slope).map(|(a, b)| a - b).collect();
            // Zhang et al. 2022, Algorithm 3: the pair must show a positive and bounded curvature.
            if dot(&s, &y) > 1e-12 * dot(&y, &y) {
                self.update(&s, &y);
                if self.pairs.len() == self.most {
                    self.pairs.pop_front();
                }
                self.pairs.push_back((s, y));
            }
        }
        self.last = Some((x.to_vec(), gradient.to_vec()));
    }

    fn update(&mut self, s: &[f64], y: &[f64]) {
        let a: f64 = y.iter().zip(&self.alpha).map(|(y, alpha)| y * y * alpha).sum();
        let b = dot(y, s);
        let c: f64 = s.iter().zip(&self.alpha).map(|(s, alpha)| s * s / alpha).sum();
        for ((alpha, s), y) in self.alpha.iter_mut().zip(s).zip(y) {
            let ratio = a / (b * *alpha) + y * y / b - a * s * s / (b * c * *alpha * *alpha);
            *alpha = ratio.recip();
        }
    }

    /// The normal distribution about `x − Σ gradient`, where `Σ` is the inverse Hessian and `gradient` that of minus the log
    /// density; absent where rounding has made `Σ` indefinite.
    pub(super) fn normal(&self, x: &[f64], gradient: &[f64]) -> Option<Normal> {
        let n = x.len();
        if self.alpha.iter().any(|a| !(*a > 0.0 && a.is_finite())) {
            return None;
        }
        let m = self.pairs.len();
        let root: Vec<f64> = self.alpha.iter().map(|a| a.sqrt()).collect();
        // Σ = √α (I + B γ Bᵀ) √α with B = [√α Y, S / √α] (Byrd, Nocedal and Schnabel 1994, theorem 2.2).
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(2 * m);
        columns.extend(self.pairs.iter().map(|(_, y)| y.iter().zip(&root).map(|(y, r)| y * r).collect()));
        columns.extend(self.pairs.iter().map(|(s, _)| s.iter().zip(&root).map(|(s, r)| s / r).collect()));
        let gamma = self.gamma(&columns[..m]);
        let (basis, coefficients) = orthonormal(&columns);
        let rank = basis.len();
        // I + R γ Rᵀ, in the basis.
        let mut inner = vec![0.0; rank * rank];
        for i in 0..rank {
            for j in 0..rank {
                let mut sum = f64::from(u8::from(i == j));
                for (a, left) in coefficients.iter().enumerate() {
                    for (b, right) in coefficients.iter().enumerate() {
                        sum += left[i] * gamma[a * 2 * m + b] * right[j];
                    }
                }
                inner[i * rank + j] = sum;
            }
        }
        let factor = cholesky(&inner, rank)?;
        let mut normal = Normal { mean: x.to_vec(), root, basis, factor };
        let step = normal.times_covariance(gradient);
        normal.mean.iter_mut().zip(step).for_each(|(mean, step)| *mean -= step);
        (normal.mean.len() == n && normal.mean.iter().all(|x| x.is_finite())).then_some(normal)
    }

    /// `γ = [[0, −R⁻¹], [−R⁻ᵀ, R⁻ᵀ (D + Yᵀ α Y) R⁻¹]]` with `R` the upper triangle of `Sᵀ Y` and `D` its diagonal;
    /// `scaled` are the columns `√α y`.
    fn gamma(&self, scaled: &[Vec<f64>]) -> Vec<f64> {
        let m = self.pairs.len();
        let size = 2 * m;
        let r = |i: usize, j: usize| if i <= j { dot(&self.pairs[i].0, &self.pairs[j].1) } else { 0.0 };
        // The columns of R⁻¹ by back substitution.
        let mut inverse = vec![0.0; m * m];
        for column in 0..m {
            for i in (0..=column).rev() {
                let known: f64 = (i + 1..=column).map(|j| r(i, j) * inverse[j * m + column]).sum();
                inverse[i * m + column] = (f64::from(u8::from(i == column)) - known) / r(i, i);
            }
        }
        let middle = |i: usize, j: usize| dot(&scaled[i], &scaled[j]) + if i == j { r(i, i) } else { 0.0 };
        let mut gamma = vec![0.0; size * size];
        for i in 0..m {
            for j in 0..m {
                gamma[i * size + m + j] = -inverse[i * m + j];
                gamma[(m + i) * size + j] = -inverse[j * m + i];
                let mut sum = 0.0;
                for a in 0..m {
                    for b in 0..m {
                        sum += inverse[a * m + i] * middle(a, b) * inverse[b * m + j];
                    }
                }
                gamma[(m + i) * size + m + j] = sum;
            }
        }
        gamma
    }
}

/// An orthonormal basis of the columns, and the coefficients of each in it; columns that depend on those before add nothing.
/// Gram–Schmidt, twice.
fn orthonormal(columns: &[Vec<f64>]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let mut coefficients: Vec<Vec<f64>> = Vec::new();
    for column in columns {
        let mut rest = column.clone();
        let mut own = vec![0.0; basis.len()];
        for _ in 0..2 {
            for (c, q) in own.iter_mut().zip(&basis) {
                let part = dot(&rest, q);
                *c += part;
                add(&mut rest, -part, q);
            }
        }
        let length = norm(&rest);
        if length > 1e-10 * norm(column) && basis.len() < column.len() {
            rest.iter_mut().for_each(|x| *x /= length);
            basis.push(rest);
            own.push(length);
        }
        coefficients.push(own);
    }
    let rank = basis.len();
    coefficients.iter_mut().for_each(|own| own.resize(rank, 0.0));
    (basis, coefficients)
}

/// `N(mean, √α (I + Q (L Lᵀ − I) Qᵀ) √α)`.
#[derive(Clone, Debug)]
pub(super) struct Normal {
    pub(super) mean: Vec<f64>,
    root: Vec<f64>,
    basis: Vec<Vec<f64>>,
    factor: Vec<f64>,
}

impl Normal {
    fn log_determinant(&self) -> f64 {
        let rank = self.basis.len();
        self.root.iter().map(|r| r.ln()).sum::<f64>() + (0..rank).map(|i| self.factor[i * rank + i].ln()).sum::<f64>()
    }

    /// `Q M Qᵀ v + v − Q Qᵀ v` with `M` the factor or its transpose, in place of `v`.
    fn times_factor(&self, v: &mut [f64], transposed: bool) {
        let rank = self.basis.len();
        let inner: Vec<f64> = self.basis.iter().map(|q| dot(q, v)).collect();
        let element = |i: usize, j: usize| if transposed { self.factor[j * rank + i] } else { self.factor[i * rank + j] };
        for (i, q) in self.basis.iter().enumerate() {
            let new: f64 = (0..rank).map(|j| element(i, j) * inner[j]).sum();
            add(v, new - inner[i], q);
        }
    }

    fn times_covariance(&self, v: &[f64]) -> Vec<f64> {
        let mut to: Vec<f64> = v.iter().zip(&self.root).map(|(v, r)| v * r).collect();
        self.times_factor(&mut to, true);
        self.times_factor(&mut to, false);
        to.iter_mut().zip(&self.root).for_each(|(to, r)| *to *= r);
        to
    }

    /// The draw from standard normal noise, in its place; its log density is returned.
    pub(super) fn place(&self, noise: &mut [f64]) -> f64 {
        let squares = dot(noise, noise);
        self.times_factor(noise, false);
        noise.iter_mut().zip(self.root.iter().zip(&self.mean)).for_each(|(x, (root, mean))| *x = mean + root * *x);
        -0.5 * (squares + noise.len() as f64 * TAU.ln()) - self.log_determinant()
    }

    /// The covariance, `[dim, dim]`.
    pub(super) fn covariance(&self) -> Vec<f64> {
        let n = self.mean.len();
        let mut covariance = Vec::with_capacity(n * n);
        let mut unit = vec![0.0; n];
        for i in 0..n {
            unit[i] = 1.0;
            covariance.extend(self.times_covariance(&unit));
            unit[i] = 0.0;
        }
        covariance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ` from `H = diag(α)`, for each pair in order.
    fn recursion(estimate: &Estimate) -> Vec<f64> {
        let n = estimate.alpha.len();
        let mut h = vec![0.0; n * n];
        (0..n).for_each(|i| h[i * n + i] = estimate.alpha[i]);
        for (s, y) in &estimate.pairs {
            let rho = dot(s, y).recip();
            let v = |i: usize, j: usize| f64::from(u8::from(i == j)) - rho * s[i] * y[j];
            let mut next = vec![0.0; n * n];
            for i in 0..n {
                for j in 0..n {
                    let mut sum = rho * s[i] * s[j];
                    for a in 0..n {
                        for b in 0..n {
                            sum += v(i, a) * h[a * n + b] * v(j, b);
                        }
                    }
                    next[i * n + j] = sum;
                }
            }
            h = next;
        }
        h
    }

    /// A path over a quadratic with Hessian `A = B Bᵀ + I`; fewer and more coordinates than columns.
    #[test]
    fn the_compact_form_is_the_recursion_of_bfgs() {
        for n in [3, 20] {
            let b = |i: usize, j: usize| ((i * 7 + j * 3) as f64).sin();
            let slope = |x: &[f64]| -> Vec<f64> {
                let inner: Vec<f64> = (0..n).map(|k| (0..n).map(|j| b(j, k) * x[j]).sum()).collect();
                (0..n).map(|i| x[i] + (0..n).map(|k| b(i, k) * inner[k]).sum::<f64>()).collect()
            };
            let mut estimate = Estimate::new(n, 5);
            let mut x = Vec::new();
            for step in 0..7 {
                x = (0..n).map(|i| ((i * i + 5 * step) as f64).cos()).collect();
                estimate.push(&x, &slope(&x));
            }
            assert_eq!(estimate.pairs.len(), 5);
            let Some(normal) = estimate.normal(&x, &slope(&x)) else { panic!("indefinite") };
            let expected = recursion(&estimate);
            let largest = expected.iter().fold(0.0f64, |most, x| most.max(x.abs()));
            for (found, expected) in normal.covariance().iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-9 * largest, "{found} against {expected}");
            }
            let mean: Vec<f64> = (0..n).map(|i| x[i] - dot(&expected[i * n..(i + 1) * n], &slope(&x))).collect();
            assert!(mean.iter().zip(&normal.mean).all(|(a, b)| (a - b).abs() < 1e-8 * largest.max(1.0)));
            let factor = cholesky(&expected, n).unwrap_or_default();
            let log_determinant: f64 = (0..n).map(|i| factor[i * n + i].ln()).sum();
            assert!((normal.log_determinant() - log_determinant).abs() < 1e-8);
        }
    }
}
