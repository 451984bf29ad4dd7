//! Draws of vectors and matrices against means, variances, covariances and entropies, and gradients through them.

use burn::tensor::{Float, Tensor};
use vi_runtime::dist::*;

use super::super::burn;
use super::{DRAWS, draw, gradient_of_expectation, numbers, placement, precision};
use crate::tensor;

/// Mean over draws of `f` of a draw, and its standard error.
fn average(x: &[f64], size: usize, f: impl Fn(&[f64]) -> f64) -> (f64, f64) {
    let each: Vec<f64> = x.chunks(size).map(f).collect();
    let n = each.len() as f64;
    let mean = each.iter().sum::<f64>() / n;
    (mean, (each.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n / n).sqrt())
}

/// Within 4 standard errors, and the rounding of single precision.
fn near(what: &str, found: (f64, f64), expected: f64) {
    let allowed = 4.0 * found.1 + 1e-5 * expected.abs() + 1e-12;
    assert!((found.0 - expected).abs() <= allowed, "{what}: {} ± {} instead of {expected}", found.0, found.1);
}

/// Independent copies of one distribution: draws have its mean, its variance and its entropy; the density that comes with a
/// draw is that of the draw.
fn moments<const D: usize, T: Distribution<D, Kind = Float> + Moments<D> + Entropy<D>>(distribution: T, seed: u64) -> Vec<f64> {
    let distribution = distribution.place(&placement());
    let name = distribution.name();
    let size: usize = distribution.shape()[D - distribution.event_rank()..].iter().product();
    let value = draw(distribution.clone(), seed);
    assert_eq!(value.dims(), distribution.shape(), "{name}");
    let x = numbers(value.clone());
    let (mean, variance) = (distribution.mean(), distribution.variance());
    assert_eq!((mean.dims(), variance.dims()), (value.dims(), value.dims()), "{name}");
    let (mean, variance) = (numbers(mean), numbers(variance));
    for i in 0..size {
        near(&format!("{name}: mean of element {i}"), average(&x, size, |x| x[i]), mean[i]);
        near(&format!("{name}: variance of element {i}"), average(&x, size, |x| (x[i] - mean[i]).powi(2)), variance[i]);
    }
    let log_prob = distribution.log_prob(&value);
    let entropy = distribution.entropy();
    assert_eq!(entropy.dims(), log_prob.dims(), "{name}");
    let log_prob = numbers(log_prob);
    near(&format!("{name}: entropy"), average(&log_prob, 1, |x| -x[0]), numbers(entropy)[0]);
    let mut source = vi_runtime::noise::HostNoise::new(vi_runtime::Key::new(seed), placement());
    let ScoredDraw { value: again, log_prob: scored, .. } =
        distribution.draw_scored(&mut vi_runtime::noise::Noise::new(&mut source)).unwrap();
    assert_eq!(numbers(again), x, "{name}");
    for (found, expected) in scored.map(numbers).unwrap_or_default().into_iter().zip(&log_prob) {
        assert!((found - expected).abs() <= 1e-3 * expected.abs().max(1.0), "{name}: scored {found}, density {expected}");
    }
    x
}

fn covariance(name: &str, x: &[f64], size: usize, mean: &[f64], expected: &dyn Fn(usize, usize) -> f64) {
    for i in 0..size {
        for j in 0..i {
            near(&format!("{name}: covariance ({i}, {j})"), average(x, size, |x| (x[i] - mean[i]) * (x[j] - mean[j])), expected(i, j));
        }
    }
}

const MATRIX: [[f64; 3]; 3] = [[2.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 0.7]];
/// Of `MATRIX`, by rational arithmetic: the cofactors over the determinant 0.995.
const INVERSE: [[f64; 3]; 3] =
    [[0.66 / 0.995, -0.41 / 0.995, 0.4 / 0.995], [-0.41 / 0.995, 1.31 / 0.995, -0.55 / 0.995], [0.4 / 0.995, -0.55 / 0.995, 1.75 / 0.995]];
const TRIL: [[f64; 3]; 3] = [[1.2, 0.0, 0.0], [0.4, 0.8, 0.0], [-0.5, 0.3, 0.6]];
const LOC: [f64; 3] = [0.1, -0.2, 0.3];

/// `(L Lᵀ)ᵢⱼ`
fn outer<const K: usize>(tril: &[[f64; K]], i: usize, j: usize) -> f64 {
    (0..K).map(|k| tril[i][k] * tril[j][k]).sum()
}

#[test]
fn normal_vectors() {
    let n = [DRAWS, 3];
    let x = moments(MultivariateNormal::new(LOC, TRIL).expand(n), 101);
    covariance("scale_tril", &x, 3, &LOC, &|i, j| outer(&TRIL, i, j));
    let x = moments(MultivariateNormal::covariance(LOC, MATRIX).expand(n), 102);
    covariance("covariance", &x, 3, &LOC, &|i, j| MATRIX[i][j]);
    let x = moments(MultivariateNormal::precision(LOC, MATRIX).expand(n), 103);
    covariance("precision", &x, 3, &LOC, &|i, j| INVERSE[i][j]);
    let factor = [[1.0, 0.2], [0.5, -0.4], [0.0, 2.0]];
    let x = moments(LowRankMultivariateNormal::new(LOC, factor, [0.1, 0.5, 1.0]).expand(n), 104);
    covariance("low rank", &x, 3, &LOC, &|i, j| outer(&factor, i, j));
    let x = moments(MultivariateStudentT::new(9.0, LOC, TRIL).expand(n), 105);
    covariance("Student t", &x, 3, &LOC, &|i, j| outer(&TRIL, i, j) * 9.0 / 7.0);
    let x = moments(ZeroSumNormal::new(4, 1.5).expand([DRAWS, 4]), 106);
    assert!(x.chunks(4).all(|x| x.iter().sum::<f64>().abs() < 1e-5));
    covariance("zero sum", &x, 4, &[0.0; 4], &|_, _| -2.25 / 4.0);
}

#[test]
fn matrices() {
    let n = [DRAWS, 3, 3];
    moments(Wishart::new(5.5, TRIL).expand(n), 111);
    moments(WishartCholesky::new(5.5, TRIL).expand(n), 112);
    moments(WishartCholesky::new(2.1, TRIL).expand(n), 113);
    moments(InverseWishart::new(14.0, TRIL).expand(n), 114);
    let column = [[0.7, 0.0], [-0.3, 1.1]];
    let x = moments(MatrixNormal::new(0.5, TRIL, column).expand([DRAWS, 3, 2]), 115);
    let expected = |i: usize, j: usize| outer(&TRIL, i / 2, j / 2) * outer(&column, i % 2, j % 2);
    covariance("matrix normal", &x, 6, &[0.5; 6], &expected);
}

#[test]
fn correlations() {
    for (seed, concentration) in [(121, 0.6), (122, 1.0), (123, 20.0)] {
        moments(LKJCholesky::new(3, concentration).expand([DRAWS, 3, 3]), seed);
        let x = moments(LKJ::new(4, concentration).expand([DRAWS, 4, 4]), seed + 10);
        assert!(x.chunks(16).all(|c| (0..4).all(|i| c[5 * i] == 1.0 && (0..4).all(|j| c[4 * i + j].abs() <= 1.0))));
    }
    let x = moments(LKJCholesky::new(5, 0.7).expand([DRAWS, 5, 5]), 125);
    assert!(x.chunks(5).all(|row| (row.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-5));
    assert_eq!(numbers(draw(LKJCholesky::new(1, 2.0), 1)), [1.0]);
}

#[test]
fn series() {
    let walk = moments(GaussianRandomWalk::new(4, 0.5).expand([DRAWS, 4]), 131);
    covariance("walk", &walk, 4, &[0.0; 4], &|i, j| 0.25 * (i.min(j) + 1) as f64);
    let ar = moments(AR::new(5, [0.6], 0.8).loc(0.5).expand([DRAWS, 5]), 132);
    covariance("AR", &ar, 5, &[0.5; 5], &|i, j| 0.64 / (1.0 - 0.36) * 0.6f64.powi(i.abs_diff(j) as i32));
    // γ₀ = s² (1 − φ₂)/((1 + φ₂)((1 − φ₂)² − φ₁²)), γ₁ = γ₀ φ₁/(1 − φ₂), γₖ = φ₁ γₖ₋₁ + φ₂ γₖ₋₂ (Box and Jenkins, section 3.2.4)
    let (a, b) = (1.2, -0.5);
    let variance = (1.0 - b) / ((1.0 + b) * ((1.0 - b) * (1.0 - b) - a * a));
    let mut gamma = vec![variance, variance * a / (1.0 - b)];
    (2..6).for_each(|k| gamma.push(a * gamma[k - 1] + b * gamma[k - 2]));
    let ar = moments(AR::new(6, [a, b], 1.0).expand([DRAWS, 6]), 133);
    covariance("AR(2)", &ar, 6, &[0.0; 6], &|i, j| gamma[i.abs_diff(j)]);
    moments(AR::new(4, [1.1, 0.2], 0.5).loc(1.0).given([0.5, 2.0]).expand([DRAWS, 4]), 134);
    moments(AR::new(1, [1.1, 0.2, -0.3], 0.5).given([0.5, 2.0, -1.0]).expand([DRAWS, 1]), 135);
    moments(AR::new(2, [0.4, 0.2, -0.3], 0.5).expand([DRAWS, 2]), 136);
}

#[test]
fn state_spaces() {
    let model = GaussianStateSpace::new(
        7,
        [[0.9, 0.2], [-0.1, 0.8]],
        [[0.5, 0.0], [0.1, 0.4]],
        [[1.0, 0.0], [0.3, -1.0]],
        [[0.6, 0.0], [-0.2, 0.3]],
    );
    moments(model.clone().expand([DRAWS, 7, 2]), 141);
    moments(model.initial([[1.0, -2.0]], [[2.0], [0.5]]).expand([DRAWS, 7, 2]), 142);
    // y₁ and y₃ share a² of the first state
    let x = moments(GaussianStateSpace::<2>::new(3, 0.8, 0.5, 1.0, 0.7).expand([DRAWS, 3, 1]), 143);
    let variances = [1.0, 0.64 + 0.25, 0.64 * 0.89 + 0.25];
    covariance("state space", &x, 3, &[0.0; 3], &|i, j| variances[j] * 0.8f64.powi((i - j) as i32));
}

#[test]
fn conditional_autoregressions() {
    let pair = Adjacency::edges(2, &[(0, 1)]).unwrap();
    let x = moments(CAR::new([0.3, -0.4], 0.7, 2.0, &pair).expand([DRAWS, 2]), 151);
    // (D − α W)⁻¹ = [[1, α], [α, 1]]/(1 − α²)
    covariance("CAR", &x, 2, &[0.3, -0.4], &|_, _| 0.7 / (2.0 * 0.51));
    let path = Adjacency::edges(4, &[(0, 1), (2, 1), (0, 3)]).unwrap();
    moments(CAR::<1>::new(0.0, -0.5, 0.5, &path).expand([DRAWS, 4]), 152);
}

/// `[DRAWS]` numbers as `[DRAWS, 1]` or `[DRAWS, 1, 1]`.
fn column(p: &Tensor<1>) -> Tensor<2> {
    p.clone().reshape([DRAWS, 1])
}

fn matrix(p: &Tensor<1>) -> Tensor<3> {
    p.clone().reshape([DRAWS, 1, 1])
}

/// A known matrix.
fn known<const R: usize, const C: usize>(rows: [[f64; C]; R]) -> Tensor<3> {
    tensor(&rows.concat(), [1, R, C], precision().into())
}

fn element(x: Tensor<3>, row: usize, column: usize) -> Tensor<1> {
    x.narrow(1, row, 1).narrow(2, column, 1).reshape([DRAWS])
}

fn squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let size = x.dims().iter().product::<usize>() / DRAWS;
    x.square().reshape([DRAWS, size]).sum_dim(1).reshape([DRAWS])
}

#[test]
fn gradients_of_expectations_through_draws_of_vectors() {
    use gradient_of_expectation as check;
    // E ‖x‖² = tr Σ
    check("covariance", &[1.3], &[3.7], |p, n| {
        squares(MultivariateNormal::covariance(0.0, matrix(&p[0]) * known(MATRIX)).draw(n).unwrap())
    });
    let trace = (0.66 + 1.31 + 1.75) / 0.995;
    check("precision", &[1.3], &[-trace / 1.69], |p, n| {
        squares(MultivariateNormal::precision(0.0, matrix(&p[0]) * known(MATRIX)).draw(n).unwrap())
    });
    // E ‖x‖² = ‖μ‖² + w² ‖W‖² + 3 d
    check("low rank", &[0.4, 1.3, 0.6], &[2.4, 2.6 * 5.45, 3.0], |p, n| {
        let factor = matrix(&p[1]) * known([[1.0, 0.2], [0.5, -0.4], [0.0, 2.0]]);
        let loc = column(&p[0]).expand([DRAWS, 3]);
        squares(LowRankMultivariateNormal::new(loc, factor, column(&p[2])).draw(n).unwrap())
    });
    // E ‖x‖² = K s² v/(v − 2)
    check("Student t", &[9.0, 1.3], &[-2.0 * 3.0 * 1.69 / 49.0, 6.0 * 1.3 * 9.0 / 7.0], |p, n| {
        let tril = matrix(&p[1]) * known([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        squares(MultivariateStudentT::new(column(&p[0]), 0.0, tril).draw(n).unwrap())
    });
    check("zero sum", &[1.3], &[2.6 * 3.0], |p, n| squares(ZeroSumNormal::new(4, column(&p[0])).draw(n).unwrap()));
    // E ‖x‖² = s² (1 + 2 + 3)
    check("walk", &[1.3], &[2.6 * 6.0], |p, n| squares(GaussianRandomWalk::new(3, column(&p[0])).draw(n).unwrap()));
    // E ‖x‖² = T s²/(1 − φ²)
    check("AR", &[0.6, 1.3], &[3.0 * 1.69 * 1.2 / 0.4096, 3.0 * 2.6 / 0.64], |p, n| {
        squares(AR::new(3, column(&p[0]), column(&p[1])).draw(n).unwrap())
    });
    // E x₂² = φ⁴ x₀² + φ² s² + s²
    let (phi, x): (f64, f64) = (0.6, 1.5);
    check(
        "AR given",
        &[phi, 1.3, x],
        &[4.0 * phi.powi(3) * x * x + 2.0 * phi * 1.69, 2.6 * (1.0 + phi * phi), 2.0 * phi.powi(4) * x],
        |p, n| {
            let x = AR::new(2, column(&p[0]), column(&p[1])).given(column(&p[2])).draw(n).unwrap();
            squares(x.narrow(1, 1, 1))
        },
    );
    // E x₁x₂ = α/(τ(1 − α²))
    let pair = Adjacency::edges(2, &[(0, 1)]).unwrap();
    check("CAR", &[0.7, 2.0], &[(1.0 + 0.49) / (2.0 * 0.51 * 0.51), -0.7 / (4.0 * 0.51)], |p, n| {
        let x = CAR::new(0.0, column(&p[0]), column(&p[1]), &pair).expand([DRAWS, 2]).draw(n).unwrap();
        (x.clone().narrow(1, 0, 1) * x.narrow(1, 1, 1)).reshape([DRAWS])
    });
}

#[test]
fn gradients_of_expectations_through_draws_of_matrices() {
    use gradient_of_expectation as check;
    let scaled = |p: &Tensor<1>| matrix(p) * known([[1.0, 0.0], [0.5, 2.0]]);
    // E X₂₂ = n s² (V)₂₂
    check("Wishart", &[4.5, 1.3], &[1.69 * 4.25, 4.5 * 2.6 * 4.25], |p, n| {
        element(Wishart::new(matrix(&p[0]), scaled(&p[1])).draw(n).unwrap(), 1, 1)
    });
    check("WishartCholesky", &[4.5, 1.3], &[1.69 * 4.25, 4.5 * 2.6 * 4.25], |p, n| {
        let x = WishartCholesky::new(matrix(&p[0]), scaled(&p[1])).draw(n).unwrap();
        squares(x.narrow(1, 1, 1))
    });
    // E X₂₂ = s² V₂₂/(n − 3)
    check("InverseWishart", &[12.0, 1.3], &[-1.69 * 4.25 / 81.0, 2.6 * 4.25 / 9.0], |p, n| {
        element(InverseWishart::new(matrix(&p[0]), scaled(&p[1])).draw(n).unwrap(), 1, 1)
    });
    // E C₂₁² = 1/(2η + K − 1)
    check("LKJCholesky", &[1.7], &[-2.0 / 29.16], |p, n| element(LKJCholesky::new(3, matrix(&p[0])).draw(n).unwrap(), 1, 0).square());
    check("LKJ", &[0.6], &[-2.0 / 10.24], |p, n| element(LKJ::new(3, matrix(&p[0])).draw(n).unwrap(), 2, 1).square());
    // E ‖X‖² = ‖M‖² + a² tr U b² tr V
    check("MatrixNormal", &[0.3, 1.3, 0.8], &[0.6 * 4.0, 2.6 * 0.64 * 27.5625, 1.69 * 1.6 * 27.5625], |p, n| {
        squares(MatrixNormal::new(matrix(&p[0]), scaled(&p[1]), scaled(&p[2])).expand([DRAWS, 2, 2]).draw(n).unwrap())
    });
    // E y₃² = c² (a⁴ v² + (1 + a²) g²) + l²
    let (a, g, c, l, v): (f64, f64, f64, f64, f64) = (0.8, 0.5, 1.5, 0.7, 2.0);
    let state = a.powi(4) * v * v + (1.0 + a * a) * g * g;
    let want = [
        c * c * (4.0 * a.powi(3) * v * v + 2.0 * a * g * g),
        c * c * 2.0 * g * (1.0 + a * a),
        2.0 * c * state,
        2.0 * l,
        c * c * a.powi(4) * 2.0 * v,
    ];
    check("GaussianStateSpace", &[a, g, c, l, v], &want, |p, n| {
        let [a, g, c, l, v] = [0, 1, 2, 3, 4].map(|i| matrix(&p[i]));
        squares(GaussianStateSpace::new(3, a, g, c, l).initial(0.0, v).draw(n).unwrap().narrow(1, 2, 1))
    });
}
