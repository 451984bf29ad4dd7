//! Batches of distributions over vectors and matrices, their moments in closed form, and the parameters that do not fit.

use burn::tensor::{Bool, DType, Float, FloatDType, Tensor, TensorData};
use vi_runtime::dist::*;
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::{AnyOperand, Error, Key};

use super::super::burn;
use super::super::{has_f64, leaf, numbers, placement, tensor, test_device};

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
    let ScoredDraw { value: draw, log_prob: scored, .. } = both.draw_scored(&mut Noise::new(&mut source)).unwrap();
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

/// Structured covariances against the same written out.
#[test]
fn long_series_and_graphs_have_the_density_of_their_dense_covariance() {
    let steps = 120;
    let y: Vec<f64> = (0..steps).map(|t| (t as f64 * 0.37).sin() * 2.0 + (t as f64 * 1.3).cos()).collect();
    let tight = if has_f64() { 1e-10 } else { 1e-4 };
    let same = |what: &str, found: f64, dense: &dyn Fn(usize, usize) -> f64, size: usize| {
        let covariance: Vec<f64> = (0..size * size).map(|i| dense(i / size, i % size)).collect();
        let dense = MultivariateNormal::covariance(t(&vec![0.0; size], [size]), t(&covariance, [size, size]));
        let expected = numbers(dense.log_prob(&t(&y[..size], [size])))[0];
        assert!((found - expected).abs() <= tight * expected.abs(), "{what}: {found} instead of {expected}");
    };
    let of = |distribution: &dyn Fn(&Tensor<1>) -> Tensor<1>, size: usize| numbers(distribution(&t(&y[..size], [size])))[0];
    // A random walk of steps 0.3 from N(0, 2²), seen with noise 0.5
    let walk = GaussianStateSpace::<2>::new(steps, 1.0, 0.3, 1.0, 0.5).initial(0.0, 2.0);
    let seen = numbers(walk.log_prob(&t(&y, [steps, 1])))[0];
    same("walk", seen, &|i, j| 4.0 + 0.09 * i.min(j) as f64 + if i == j { 0.25 } else { 0.0 }, steps);
    let ar = AR::new(steps, [0.9], 0.4);
    same("AR", of(&|x| ar.log_prob(x), steps), &|i, j| 0.16 / (1.0 - 0.81) * 0.9f64.powi(i.abs_diff(j) as i32), steps);
    let factor: Vec<f64> = (0..2 * steps).map(|i| (i as f64 * 0.7).sin()).collect();
    let low = LowRankMultivariateNormal::new(0.0, t(&factor, [steps, 2]), 0.3);
    let product = |i: usize, j: usize| factor[2 * i] * factor[2 * j] + factor[2 * i + 1] * factor[2 * j + 1];
    same("low rank", of(&|x| low.log_prob(x), steps), &|i, j| product(i, j) + if i == j { 0.3 } else { 0.0 }, steps);
    let walk = GaussianRandomWalk::new(steps, 0.7);
    same("steps", of(&|x| walk.log_prob(x), steps), &|i, j| 0.49 * (i.min(j) + 1) as f64, steps);
    // A ring: the precision 2 (2 I − α W) has the circulant inverse with cosines of 2πk/n.
    let size = 24;
    let ring: Vec<(usize, usize)> = (0..size).map(|i| (i, (i + 1) % size)).collect();
    let car = CAR::new(t(&vec![0.0; size], [size]), 0.95, 2.0, &Adjacency::edges(size, &ring).unwrap());
    let inverse = |i: usize, j: usize| {
        let wave = |k: usize| std::f64::consts::TAU * k as f64 / size as f64;
        (0..size).map(|k| (wave(k) * i.abs_diff(j) as f64).cos() / (4.0 * (1.0 - 0.95 * wave(k).cos()))).sum::<f64>() / size as f64
    };
    same("CAR", of(&|x| car.log_prob(x), size), &inverse, size);
}

/// The evidence, and its derivatives in the matrices that the problem is stated in.
#[test]
fn the_evidence_of_a_linear_gaussian_state_space() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/linear_gaussian_ssm.json");
    let problem: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let flat = |key: &str| crate::table::flat(&problem[key]).unwrap();
    let [a, c, q, r, m, p, y] = ["A", "C", "Q", "R", "m0", "P0", "y"].map(flat);
    let evidence = |x: &[Tensor<1>]| {
        let root = |x: &Tensor<1>, size: usize| vi_runtime::linalg::cholesky(x.clone().reshape([1, size, size]));
        let square = |x: &Tensor<1>| x.clone().reshape([1, 2, 2]);
        let row = |x: &Tensor<1>| x.clone().reshape([1, 1, 2]);
        GaussianStateSpace::new(25, square(&x[0]), root(&x[2], 2), row(&x[1]), root(&x[3], 1))
            .initial(row(&x[4]), root(&x[5], 2))
            .log_prob(&x[6].clone().reshape([1, 25, 1]))
            .reshape([1])
    };
    let inputs = [&a[..], &c, &q, &r, &m, &p, &y];
    let found = evidence(&inputs.map(|x| t(x, [x.len()])));
    close("evidence", &numbers(found), &flat("log_evidence"));
    crate::differences::check("GaussianStateSpace", &inputs, |x| {
        // The gradient of a Cholesky factor is shared by both triangles, of which a difference moves one.
        let whole = |x: &Tensor<1>| {
            let x = x.clone().reshape([2, 2]);
            ((x.clone() + x.transpose()) * 0.5).reshape([4])
        };
        evidence(&[x[0].clone(), x[1].clone(), whole(&x[2]), x[3].clone(), x[4].clone(), whole(&x[5]), x[6].clone()])
    });
}

#[test]
fn a_masked_matrix_of_nan_reaches_neither_density_nor_gradient() {
    let df = leaf::<3>(&[3.5], [1, 1, 1], DType::F32);
    let value = leaf::<3>(&[1.4, 0.3, 0.3, 0.8, f64::NAN, f64::NAN, f64::NAN, f64::NAN], [2, 2, 2], DType::F32);
    let keep: Tensor<3, Bool> = Tensor::from_data(TensorData::from([[[true]], [[false]]]), &test_device());
    let identity = tensor::<3>(&[1.0, 0.0, 0.0, 1.0], [1, 2, 2], DType::F32);
    let log_prob = Wishart::new(&df, &identity).expand([2, 2, 2]).masked(keep).log_prob(&value);
    let alone = Wishart::new(&df, &identity).log_prob(&value.clone().narrow(0, 0, 1));
    let gradients = log_prob.clone().sum().backward();
    let expected = alone.clone().sum().backward();
    assert_eq!(numbers(log_prob), [numbers(alone)[0], 0.0]);
    assert_eq!(numbers(df.grad(&gradients).unwrap()), numbers(df.grad(&expected).unwrap()));
    let [found, wanted] = [gradients, expected].map(|gradients| numbers(value.grad(&gradients).unwrap()));
    assert_eq!((&found[..4], &found[4..]), (&wanted[..4], &[0.0; 4][..]));
}

/// What the families become in one dimension, and what the matrices of two families are to each other.
#[test]
fn families_of_one_dimension_are_the_scalar_ones() {
    let x = t(&[0.3, 1.7, 6.0], [3]);
    let column = |x: &Tensor<1>| x.clone().reshape([3, 1]);
    let matrix = |x: &Tensor<1>| x.clone().reshape([3, 1, 1]);
    let (two, one) = (t(&[1.3], [1, 1, 1]), [[1.3]]);
    // χ²ₙ s² is Gamma(n/2, 1/(2 s²)).
    let gamma = numbers(Gamma::new(t(&[2.25], [1]), t(&[1.0 / (2.0 * 1.69)], [1])).log_prob(&x));
    close("Wishart", &numbers(Wishart::new(4.5, &two).log_prob(&matrix(&x))), &gamma);
    // The density of 1/y for y ~ Gamma(n/2, s²/2)
    let inverse = Gamma::new(t(&[2.25], [1]), t(&[1.69 / 2.0], [1])).log_prob(&x.clone().recip()) - x.clone().log() * 2.0;
    close("InverseWishart", &numbers(InverseWishart::new(4.5, &two).log_prob(&matrix(&x))), &numbers(inverse));
    let student = numbers(StudentT::new(t(&[4.5], [1]), 0.3, 1.3).log_prob(&x));
    close(
        "MultivariateStudentT",
        &numbers(MultivariateStudentT::new(4.5, [0.3], one).log_prob(&x.clone().narrow(0, 1, 1))),
        &student[1..2],
    );
    close("MultivariateStudentT", &numbers(MultivariateStudentT::new(t(&[4.5], [1, 1]), 0.3, &two).log_prob(&column(&x))), &student);
    let normal = numbers(Normal::new(0.0, 1.3).place(&placement(precision().0)).log_prob(&x));
    close("MultivariateNormal", &numbers(MultivariateNormal::new(t(&[0.0], [1, 1]), &two).log_prob(&column(&x))), &normal);
    close("GaussianRandomWalk", &numbers(GaussianRandomWalk::new(1, t(&[1.3], [1, 1])).log_prob(&column(&x))), &normal);
    close("AR", &numbers(AR::new(1, t(&[0.0], [1, 1]), 1.3).log_prob(&column(&x))), &normal);
    // Of two variables, (1 + C₁₂)/2 is Beta(η, η).
    let share = t(&[0.2, 0.5, 0.9], [3]);
    let beta = numbers(Beta::new(t(&[2.5], [1]), t(&[2.5], [1])).log_prob(&share) - std::f64::consts::LN_2);
    let correlations: Vec<f64> = [0.2, 0.5, 0.9].iter().flat_map(|share| [1.0, 2.0 * share - 1.0, 2.0 * share - 1.0, 1.0]).collect();
    close("LKJ", &numbers(LKJ::new(2, t(&[2.5], [1, 1, 1])).log_prob(&t(&correlations, [3, 2, 2]))), &beta);
}

/// `C = F Fᵀ` has the Jacobian `Πᵢ Fᵢᵢ^(K − 1 − i)`, without the first row.
#[test]
fn correlation_matrices_and_their_factors_agree() {
    let to = placement(precision().0);
    let factors = LKJCholesky::new(5, 1.7).expand([20, 5, 5]).place(&to);
    let mut source = HostNoise::new(Key::new(7), to.clone());
    let f = factors.draw(&mut Noise::new(&mut source)).unwrap();
    let whole = numbers(LKJ::new(5, 1.7).expand([20, 5, 5]).place(&to).log_prob(&f.clone().matmul(f.clone().swap_dims(1, 2))));
    let diagonal = numbers(vi_runtime::linalg::diagonal(f.clone()).log());
    let jacobian = |row: &[f64]| (1..5).map(|i| (4 - i) as f64 * row[i]).sum::<f64>();
    let expected: Vec<f64> = numbers(factors.log_prob(&f)).iter().zip(diagonal.chunks(5)).map(|(p, row)| p - jacobian(row)).collect();
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= (if has_f64() { 1e-8 } else { 1e-2 }) * b.abs().max(1.0);
    assert!(whole.iter().zip(&expected).all(close), "{whole:?} {expected:?}");
}

/// A trend whose slope moves by `moves` a step, seen with noise `noise`: in single precision as in double.
#[test]
fn a_long_series_keeps_its_digits_in_single_precision() {
    if !has_f64() {
        return;
    }
    let steps = 300;
    for (moves, noise) in [(1.0, 0.1), (1.0, 1.0), (0.1, 1.0), (1.0, 0.01)] {
        let (mut level, mut slope, mut y) = (0.0_f64, 0.0_f64, Vec::new());
        for t in 0..steps {
            let phase = (t * t) as f64;
            y.push(f64::from((level + noise * (phase * 0.7).sin()) as f32));
            level += slope;
            slope += moves * (phase * 1.3).cos() * 1.4;
        }
        let [single, double] = [DType::F32, DType::F64].map(|dtype| {
            let of = |values: &[f64], dims: [usize; 2]| tensor::<2>(values, dims, dtype);
            let transition = of(&[1.0, 1.0, 0.0, 1.0], [2, 2]);
            let model =
                GaussianStateSpace::new(steps, transition, of(&[0.0, moves], [2, 1]), of(&[1.0, 0.0], [1, 2]), of(&[noise], [1, 1]));
            numbers(model.log_prob(&of(&y, [steps, 1])))[0]
        });
        // Flex factorises in double precision and rounds once.
        let tolerance = if matches!(std::env::var("VI_TEST_DEVICE").as_deref(), Err(_) | Ok("flex")) { 2e-5 } else { 2e-4 };
        assert!((single - double).abs() <= tolerance * double.abs(), "{moves} {noise}: {single} instead of {double}");
    }
}
