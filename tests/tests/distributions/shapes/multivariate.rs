//! Batches of distributions over vectors and matrices, their moments in closed form, and the parameters that do not fit.

use burn::tensor::{DType, Float, FloatDType, Tensor};
use vi_runtime::dist::*;
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::{AnyOperand, Error, Key};

use super::super::burn;
use super::super::{has_f64, leaf, numbers, placement, tensor};
use crate::table::read;

fn precision() -> (FloatDType, f64) {
    if has_f64() { (FloatDType::F64, 1e-10) } else { (FloatDType::F32, 2e-4) }
}

fn t<const D: usize>(values: &[f64], dims: [usize; D]) -> Tensor<D> {
    tensor(values, dims, precision().0.into())
}

fn close(what: &str, left: &[f64], right: &[f64]) {
    let same = |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= precision().1 * b.abs().max(1.0);
    assert_eq!(left.len(), right.len(), "{what}: {left:?} {right:?}");
    assert!(left.iter().zip(right).all(|(a, b)| same(*a, *b)), "{what}: {left:?} {right:?}");
}

/// Two distributions as one batch, and one after the other: densities of the same values, moments and entropies agree; a
/// value that has a batch dimension more is scored too.
fn batches<const D: usize, T>(build: impl Fn(&dyn Fn(&[f64]) -> Vec<f64>) -> T, values: &[f64])
where
    T: Distribution<D, Kind = Float> + Moments<D> + Entropy<D>,
{
    let both = build(&|x| x.to_vec());
    let half = |x: &[f64], which: usize| x[which * x.len() / 2..(which + 1) * x.len() / 2].to_vec();
    let name = both.name();
    let dims = both.shape();
    assert_eq!(dims[0], 2, "{name}");
    assert!(both.conflict().is_none(), "{name}: {:?}", both.conflict());
    let mut single = dims;
    single[0] = 1;
    for which in 0..2 {
        let one = build(&|x| half(x, which));
        assert_eq!(one.shape(), single, "{name}");
        let cut = |x: Tensor<D>| half(&numbers(x), which);
        close(&name, &cut(both.log_prob(&t(values, dims))), &numbers(one.log_prob(&t(&half(values, which), single))));
        close(&name, &cut(both.mean()), &numbers(one.mean()));
        close(&name, &cut(both.variance()), &numbers(one.variance()));
        close(&name, &cut(both.entropy()), &numbers(one.entropy()));
        // One distribution for two values.
        let shared = numbers(one.log_prob(&t(values, dims)));
        close(&name, &half(&shared, which), &cut(both.log_prob(&t(values, dims))));
    }
    let to = placement(precision().0);
    let mut source = HostNoise::new(Key::new(3), to);
    let (draw, scored) = both.draw_scored(&mut Noise::new(&mut source)).unwrap();
    assert_eq!(draw.dims(), dims, "{name}");
    let log_prob = both.log_prob(&draw);
    let mut out = dims;
    out[D - both.event_rank()..].fill(1);
    assert_eq!(log_prob.dims(), out, "{name}");
    if let Some(scored) = scored {
        assert_eq!(scored.clone().expand(out).dims(), out, "{name}");
        let (scored, log_prob) = (numbers(scored.expand(out)), numbers(log_prob));
        assert!(scored.iter().zip(&log_prob).all(|(a, b)| (a - b).abs() <= 1e-3 * b.abs().max(1.0)), "{name}: {scored:?} {log_prob:?}");
    }
}

const TRILS: [f64; 8] = [1.2, 0.0, 0.4, 0.8, 0.7, 0.0, -0.3, 1.1];
const SPD: [f64; 8] = [2.0, 0.5, 0.5, 1.0, 0.7, -0.2, -0.2, 0.4];
const VALUES: [f64; 4] = [0.3, -0.8, 1.4, 0.2];

#[test]
fn batches_of_vectors_agree_with_one_at_a_time() {
    let rows = |x: Vec<f64>, size: usize| t(&x, [x.len() / size, size]);
    let matrices = |x: Vec<f64>| t(&x, [x.len() / 4, 2, 2]);
    let loc = [0.1, -0.2, 0.3, 0.5];
    batches(|of| MultivariateNormal::new(rows(of(&loc), 2), matrices(of(&TRILS))), &VALUES);
    batches(|of| MultivariateNormal::covariance(rows(of(&loc), 2), matrices(of(&SPD))), &VALUES);
    batches(|of| MultivariateNormal::precision(rows(of(&loc), 2), matrices(of(&SPD))), &VALUES);
    batches(|of| LowRankMultivariateNormal::new(rows(of(&loc), 2), matrices(of(&TRILS)), rows(of(&[0.1, 2.0, 0.4, 0.3]), 2)), &VALUES);
    batches(|of| LowRankMultivariateNormal::new(rows(of(&loc), 2), t(&[1.0, -0.5], [1, 2, 1]), rows(of(&[0.1, 2.0]), 1)), &VALUES);
    batches(|of| MultivariateStudentT::new(rows(of(&[3.0, 1.5]), 1), 0.5, matrices(of(&TRILS))), &VALUES);
    batches(|of| ZeroSumNormal::new(2, rows(of(&[3.0, 1.5]), 1)), &[0.3, -0.3, 1.0, -1.0]);
    batches(|of| GaussianRandomWalk::new(2, rows(of(&[3.0, 1.5]), 1)), &VALUES);
    let series = [0.3, -0.8, 1.4, 0.2, 0.6, -0.1];
    batches(|of| AR::new(3, rows(of(&[0.5, 0.2, -0.4, 0.3]), 2), rows(of(&[0.7, 1.5]), 1)).loc(0.3), &series);
    batches(|of| AR::new(3, rows(of(&[0.5, 1.2, -0.4, 0.3]), 2), 0.6).given(rows(of(&[0.7, 1.5, 0.0, 2.0]), 2)), &series);
    batches(|of| AR::new(3, t(&[0.5, 0.2], [1, 2]), 0.6).loc(rows(of(&[0.7, 1.5]), 1)), &series);
    let path = Adjacency::edges(3, &[(0, 1), (2, 1)]).unwrap();
    batches(|of| CAR::new(0.2, rows(of(&[0.7, -0.5]), 1), rows(of(&[0.7, 1.5]), 1), &path), &series);
    batches(|of| CAR::new(rows(of(&[0.7, -0.5]), 1), 0.4, 2.0, &path), &series);
}

#[test]
fn batches_of_matrices_agree_with_one_at_a_time() {
    let one = |x: Vec<f64>| t(&x, [x.len(), 1, 1]);
    let two = |x: Vec<f64>| t(&x, [x.len() / 4, 2, 2]);
    let spd = [1.4, 0.3, 0.3, 0.8, 0.5, -0.1, -0.1, 0.9];
    batches(|of| Wishart::new(one(of(&[3.0, 4.5])), two(of(&TRILS))), &spd);
    batches(|of| Wishart::new(3.5, two(of(&TRILS))), &spd);
    batches(|of| WishartCholesky::new(one(of(&[3.0, 4.5])), two(of(&TRILS))), &TRILS);
    batches(|of| InverseWishart::new(one(of(&[7.0, 3.5])), two(of(&TRILS))), &spd);
    batches(|of| LKJCholesky::new(2, one(of(&[0.7, 3.5]))), &[1.0, 0.0, 0.6, 0.8, 1.0, 0.0, -0.8, 0.6]);
    batches(|of| LKJ::new(2, one(of(&[0.7, 3.5]))), &[1.0, 0.6, 0.6, 1.0, 1.0, -0.8, -0.8, 1.0]);
    let values = [0.3, -0.8, 1.4, 0.2, 0.6, -0.1, 0.4, 0.9];
    batches(|of| MatrixNormal::new(one(of(&[0.1, 0.2])), two(of(&TRILS)), t(&TRILS[4..], [1, 2, 2])), &values);
    batches(|of| MatrixNormal::new(two(of(&values)), t(&TRILS[..4], [1, 2, 2]), two(of(&TRILS))), &spd);
    let series: Vec<f64> = (0..20).map(|i| f64::from(i * 7 % 11) * 0.3 - 1.0).collect();
    let noise = t(&[0.5], [1, 1, 1]);
    batches(|of| GaussianStateSpace::new(10, two(of(&SPD)) * 0.4, two(of(&TRILS)), t(&[1.0, 0.3], [1, 1, 2]), &noise), &series);
    batches(
        |of| {
            let first = of(&[1.0, -1.0, 0.5, 2.0]);
            let rows = first.len() / 2;
            GaussianStateSpace::new(10, t(&SPD[4..], [1, 2, 2]), t(&[0.0, 0.4], [1, 2, 1]), t(&[1.0, 0.3], [1, 1, 2]), &noise)
                .initial(t(&first, [rows, 1, 2]), t(&[1.0, 0.5], [1, 2, 1]))
        },
        &series,
    );
}

/// The moments that the tables have.
fn tabled<T: Moments<1> + Entropy<1>>(table: &str, params: &[&str], build: impl Fn(&[Vec<f64>]) -> T) {
    let wanted = crate::table::moments(table);
    for (case, [mean, variance, entropy]) in read(table, params).iter().zip(wanted) {
        let distribution = build(&case.params);
        if let Some(mean) = mean {
            close(table, &numbers(distribution.mean()), &mean);
        }
        if let Some(variance) = variance {
            close(table, &numbers(distribution.variance()), &variance);
        }
        if let Some(entropy) = entropy {
            close(table, &numbers(distribution.entropy()), &entropy);
        }
    }
}

#[test]
fn moments_are_those_of_the_tables() {
    let vector = |x: &[f64]| t(x, [x.len()]);
    let square = |x: &[f64]| t(x, [x.len().isqrt(), x.len().isqrt()]);
    tabled("MultivariateNormalCholesky", &["loc", "scale_tril"], |p| MultivariateNormal::new(vector(&p[0]), square(&p[1])));
    tabled("MultivariateNormalCov", &["loc", "covariance_matrix"], |p| MultivariateNormal::covariance(vector(&p[0]), square(&p[1])));
    tabled("MultivariateNormalPrecision", &["loc", "precision_matrix"], |p| MultivariateNormal::precision(vector(&p[0]), square(&p[1])));
    tabled("LowRankMultivariateNormal", &["loc", "cov_factor", "cov_diag"], |p| {
        LowRankMultivariateNormal::new(vector(&p[0]), t(&p[1], [p[0].len(), p[1].len() / p[0].len()]), vector(&p[2]))
    });
    tabled("MultivariateStudentT", &["df", "loc", "scale_tril"], |p| {
        MultivariateStudentT::new(vector(&p[0]), vector(&p[1]), square(&p[2]))
    });
    // Those of matrices.
    for (table, inverse) in [("Wishart", false), ("InverseWishart", true)] {
        for (case, [mean, ..]) in read(table, &["df", "scale_matrix"]).iter().zip(crate::table::moments(table)) {
            let scale = vi_runtime::linalg::cholesky(t(&case.params[1], [1, 3, 3]));
            let df = t(&case.params[0], [1, 1, 1]);
            let found = if inverse { InverseWishart::new(df, scale).mean() } else { Wishart::new(df, scale).mean() };
            close(table, &numbers(found), &mean.unwrap());
        }
    }
}

#[test]
fn moments_that_do_not_exist_are_nan_or_infinite() {
    let identity = [[1.0, 0.0], [0.0, 1.0]];
    let heavy = |df: f64| MultivariateStudentT::new(df, [0.0, 1.0], identity);
    assert!(numbers(heavy(1.0).mean()).iter().all(|x| x.is_nan()));
    assert!(numbers(heavy(1.0).variance()).iter().all(|x| x.is_nan()));
    assert_eq!(numbers(heavy(1.5).mean()), [0.0, 1.0]);
    assert_eq!(numbers(heavy(2.0).variance()), [f64::INFINITY; 2]);
    assert!(numbers(InverseWishart::new(3.0, identity).mean()).iter().all(|x| x.is_nan()));
    assert!(numbers(InverseWishart::new(5.0, identity).variance()).iter().all(|x| x.is_nan()));
    assert_eq!(numbers(InverseWishart::new(5.0, identity).mean()), [0.5, 0.0, 0.0, 0.5]);
}

#[test]
fn divergences_of_normal_vectors() {
    let cov = |x: [[f64; 3]; 3]| t(&x.concat(), [3, 3]);
    let vector = |x: [f64; 3]| t(&x, [3]);
    let wide = [[2.0, 0.5, -0.3], [0.5, 1.0, 0.2], [-0.3, 0.2, 0.7]];
    let narrow = [[0.5, 0.1, 0.0], [0.1, 0.4, 0.05], [0.0, 0.05, 0.3]];
    let p = MultivariateNormal::covariance(vector([0.0, 1.0, 0.0]), cov(wide));
    let q = MultivariateNormal::covariance(vector([1.0, 0.0, 0.0]), cov(narrow));
    close("KL", &numbers(kl_divergence(&p, &q)), &[4.2563767536311765]);
    let factor = t(&[1.0, 0.5, -0.7], [3, 1]);
    let low = LowRankMultivariateNormal::new(vector([0.0, 1.0, -1.0]), &factor, vector([0.1, 0.5, 1.0]));
    let q = MultivariateNormal::covariance(vector([0.0; 3]), cov(wide));
    close("KL", &numbers(kl_divergence(&low, &q)), &[2.7186500145113413]);
    // The same distribution in four forms.
    let dense = factor.clone().matmul(factor.transpose()) + cov([[0.1, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 1.0]]);
    let dense = MultivariateNormal::covariance(vector([0.0, 1.0, -1.0]), dense);
    close("KL", &numbers(kl_divergence(&dense, &q)), &[2.7186500145113413]);
    close("KL", &numbers(kl_divergence(&q, &low)), &numbers(kl_divergence(&q, &dense)));
    close("KL", &numbers(kl_divergence(&low, &low)), &[0.0]);
    let tril = vi_runtime::linalg::cholesky(cov(wide).reshape([1, 3, 3])).reshape([3, 3]);
    let same = MultivariateNormal::precision(vector([1.0, 0.0, 0.0]), cov(narrow));
    let inverse = kl_divergence(&MultivariateNormal::new(vector([0.0, 1.0, 0.0]), tril), &same);
    // tr ΛΣ = 1.73, (1, −1) Λ (1, −1)ᵀ = 0.7
    let log_dets = -(0.995f64.ln()) - (0.5 * (0.4 * 0.3 - 0.0025) - 0.1 * 0.03f64).ln();
    close("KL", &numbers(inverse), &[0.5 * (1.0 + 0.1 + 0.4 + 0.02 + 0.21 + 0.7 - 3.0 + log_dets)]);
}

/// Of a matrix that is outside: minus infinity, and no gradient.
fn refused<T: Distribution<2, Kind = Float>>(x: &[f64], build: impl Fn(Tensor<2>) -> T) {
    let dtype = DType::F32;
    let size = x.len().isqrt();
    let (parameter, value) = (leaf::<2>(&[3.5], [1, 1], dtype), leaf::<2>(x, [size, size], dtype));
    let distribution = build(parameter.clone());
    let log_prob = distribution.log_prob(&value);
    assert_eq!(numbers(log_prob.clone()), [f64::NEG_INFINITY], "{} at {x:?}", distribution.name());
    let gradients = log_prob.sum().backward();
    for leaf in [&parameter, &value] {
        let zero = leaf.grad(&gradients).is_none_or(|gradient| numbers(gradient).iter().all(|&g| g == 0.0));
        assert!(zero, "{} at {x:?}", distribution.name());
    }
}

#[test]
fn matrices_outside_the_support_are_refused() {
    let identity = [[1.0, 0.0], [0.0, 1.0]];
    for x in [[1.0, 2.0, 2.0, 1.0], [-1.0, 0.0, 0.0, 1.0], [0.0; 4], [1.0, f64::INFINITY, f64::INFINITY, 1.0]] {
        refused(&x, |df| Wishart::new(df, identity));
        refused(&x, |df| InverseWishart::new(df, identity));
        refused(&x, |concentration| LKJ::new(2, concentration));
    }
    for x in [[1.0, 0.0, 2.0, -1.0], [0.0, 0.0, 0.5, 1.0]] {
        refused(&x, |df| WishartCholesky::new(df, identity));
        refused(&x, |concentration| LKJCholesky::new(2, concentration));
    }
}

#[test]
fn parameters_that_do_not_fit_are_conflicts() {
    let square = [[1.0, 0.0], [0.0, 1.0]];
    assert!(MultivariateNormal::covariance([0.0, 1.0, 2.0], square).conflict().is_some());
    assert!(MultivariateNormal::precision([0.0, 1.0], [[1.0, 0.0]]).conflict().is_some());
    assert!(LowRankMultivariateNormal::new([0.0, 1.0, 2.0], square, 1.0).conflict().is_some());
    assert!(MultivariateStudentT::new([3.0, 4.0], [0.0, 1.0], square).conflict().is_some());
    assert!(Wishart::new(3.0, [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).conflict().is_some());
    assert!(MatrixNormal::new([[0.0, 1.0, 2.0]], square, square).conflict().is_some());
    assert!(LKJ::new(3, t(&[1.0, 2.0], [1, 2])).conflict().is_some());
    assert!(AR::new(3, [0.5, 0.1], 1.0).given([1.0, 2.0, 3.0]).conflict().is_some());
    assert!(GaussianStateSpace::new(3, square, [[1.0]], [[1.0, 0.0]], 1.0).conflict().is_some());
    assert!(GaussianStateSpace::new(3, square, square, [[1.0, 0.0]], 1.0).initial([[1.0, 2.0, 3.0]], square).conflict().is_some());
    let pair = Adjacency::edges(2, &[(0, 1)]).unwrap();
    assert!(CAR::new([0.0, 1.0, 2.0], 0.5, 1.0, &pair).conflict().is_some());
    assert!(Wishart::new(3.0, square).conflict().is_none());
}

#[test]
fn parameters_outside_their_constraints_are_seen() {
    fn holds<const D: usize>(distribution: &impl Distribution<D>) -> bool {
        let mut holds = true;
        distribution.parameters(&mut |_, value, constraint| {
            let values = match value {
                AnyOperand::Host(values) => values,
                AnyOperand::Tensor(tensor) => tensor.to_f64().unwrap(),
            };
            holds &= values.iter().all(|&x| constraint.holds(x));
        });
        holds
    }
    let square = [[1.0, 0.0], [0.5, 1.0]];
    assert!(holds(&Wishart::new(1.1, square)) && !holds(&Wishart::new(1.0, square)));
    assert!(holds(&AR::new(3, [1.2, -0.5], 1.0)) && !holds(&AR::new(3, [1.2, 0.1], 1.0)) && !holds(&AR::new(3, [0.3, -1.1], 1.0)));
    assert!(holds(&AR::new(3, [1.2, 0.1], 1.0).given(0.0)));
    let path = Adjacency::edges(3, &[(0, 1), (2, 1)]).unwrap();
    assert!(holds(&CAR::new([0.0; 3], -0.99, 1.0, &path)) && !holds(&CAR::new([0.0; 3], 1.0001, 1.0, &path)));
    assert!(!holds(&CAR::new([0.0; 3], -1.0001, 1.0, &path)));
}

#[test]
fn an_adjacency_is_checked_and_has_the_eigenvalues_of_its_graph() {
    let problem = |found: vi_runtime::Result<Adjacency>| matches!(found, Err(Error::Unsupported { .. }));
    assert!(problem(Adjacency::edges(3, &[(0, 1)])));
    assert!(problem(Adjacency::edges(2, &[(0, 1), (1, 0)])));
    assert!(problem(Adjacency::edges(2, &[(0, 2)])));
    assert!(problem(Adjacency::edges(2, &[(0, 1), (1, 1)])));
    assert!(problem(Adjacency::dense(&[[0.0, 1.0], [0.5, 0.0]])));
    assert!(problem(Adjacency::dense(&[[0.0, -1.0], [-1.0, 0.0]])));
    assert!(problem(Adjacency::dense(&[vec![0.0, 1.0], vec![1.0]])));
    let values = |found: &Adjacency| found.eigenvalues().to_vec();
    let near = |found: &[f64], wanted: &[f64]| found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-14) && found.len() == wanted.len();
    // A ring: cos 2πk/n. Two pairs: ±1 twice. A complete graph: 1 and −1/(n − 1).
    let ring: Vec<(usize, usize)> = (0..12).map(|i| (i, (i + 1) % 12)).collect();
    let mut wanted: Vec<f64> = (0..12).map(|k| (std::f64::consts::TAU * f64::from(k) / 12.0).cos()).collect();
    wanted.sort_by(f64::total_cmp);
    assert!(near(&values(&Adjacency::edges(12, &ring).unwrap()), &wanted));
    assert!(near(&values(&Adjacency::edges(4, &[(0, 1), (2, 3)]).unwrap()), &[-1.0, -1.0, 1.0, 1.0]));
    let all: Vec<(usize, usize)> = (0..5).flat_map(|j| (0..j).map(move |i| (i, j))).collect();
    assert!(near(&values(&Adjacency::edges(5, &all).unwrap()), &[-0.25, -0.25, -0.25, -0.25, 1.0]));
}
