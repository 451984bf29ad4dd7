//! Divergences in closed form against the tables, and what they are by definition.

use std::path::Path;

use burn::tensor::{DType, Float, Tensor, TensorData};
use serde_json::Value;
use vi_runtime::Placement;
use vi_runtime::dist::*;

use super::density::function::{Executor, Function};
use super::table::flat;
use super::{burn, has_f64, leaf, numbers, tensor, test_device};

/// One line of a table: the parameters of both in the order asked for.
struct Row {
    params: [Vec<Vec<f64>>; 2],
    value: f64,
    gradients: [Vec<Option<Vec<f64>>>; 2],
}

fn rows(p: (&str, &[&str]), q: (&str, &[&str])) -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/logprob");
    let mut rows = Vec::new();
    for file in ["_kl.json", "_kl_more.json"] {
        let table: Value = serde_json::from_str(&std::fs::read_to_string(folder.join(file)).unwrap()).unwrap();
        for pair in table["pairs"].as_array().unwrap() {
            if pair["p"] == p.0 && pair["q"] == q.0 {
                let of = |key: &str, names: &[&str]| names.iter().map(|name| flat(&pair[key][name])).collect::<Vec<_>>();
                let all = |key: &str, names: &[&str]| of(key, names).into_iter().map(Option::unwrap).collect();
                rows.push(Row {
                    params: [all("p_params", p.1), all("q_params", q.1)],
                    value: flat(&pair["kl_p_q"]).unwrap()[0],
                    gradients: [of("grad_p_params", p.1), of("grad_q_params", q.1)],
                });
            }
        }
    }
    assert!(!rows.is_empty(), "no row for {} and {}", p.0, q.0);
    rows
}

/// Value and gradients at parameters in one precision.
fn evaluate(f: &Function<'_, Float>, by: Executor, params: &[Vec<Vec<f64>>; 2], dtype: DType) -> (f64, [Vec<Option<Vec<f64>>>; 2]) {
    let mut found = f.evaluate(by, &[0.0], &params.concat(), &test_device(), dtype).unwrap();
    assert_eq!(found.value.len(), 1);
    let of_q = found.params.split_off(params[0].len());
    (found.value[0], [found.params, of_q])
}

fn check(p: (&str, &[&str]), q: (&str, &[&str]), kl: impl Fn(&[Tensor<1>], &[Tensor<1>]) -> Tensor<1>) {
    let mut worst = [0.0_f64; 4];
    let f = Function::new(|_: &Placement, _, params: &[Tensor<1>]| {
        let (of_p, of_q) = params.split_at(p.1.len());
        kl(of_p, of_q)
    });
    for (row, by) in rows(p, q).iter().flat_map(|row| Executor::under_test(&test_device()).iter().map(move |by| (row, *by))) {
        let place = format!("KL({}{:?} || {}{:?}) {by}", p.0, row.params[0], q.0, row.params[1]);
        let mut compare = |params, dtype, want: f64, wanted: &[Vec<Option<Vec<f64>>>; 2], limits: [f64; 3], at: usize| {
            let (value, gradients) = evaluate(&f, by, params, dtype);
            let error = (value - want).abs();
            if error > limits[2] {
                worst[at] = worst[at].max(error / want.abs());
            }
            assert!(error <= limits[0] * want.abs() + limits[2], "{place} in {dtype:?}: {value} instead of {want}");
            let largest = wanted.iter().flatten().flatten().flatten().fold(0.0, |m: f64, g| m.max(g.abs()));
            let epsilon = if dtype == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
            for (found, wanted) in gradients.iter().flatten().zip(wanted.iter().flatten()) {
                let Some(wanted) = wanted else { continue };
                let found = found.clone().unwrap_or(vec![0.0; wanted.len()]);
                for (found, wanted) in found.iter().zip(wanted) {
                    let error = (found - wanted).abs();
                    let slack = 16.0 * epsilon * largest.max(1.0);
                    if error > slack {
                        worst[at + 1] = worst[at + 1].max(error / wanted.abs());
                    }
                    assert!(error <= limits[1] * wanted.abs() + slack, "{place} in {dtype:?}: gradient {found} instead of {wanted}");
                }
            }
        };
        if has_f64() {
            compare(&row.params, DType::F64, row.value, &row.gradients, [1e-10, 1e-8, 0.0], 0);
            // Against double precision at the same rounded parameters.
            let single =
                row.params.clone().map(|params| params.into_iter().map(|p| p.into_iter().map(|x| f64::from(x as f32)).collect()).collect());
            let (value, gradients) = evaluate(&f, Executor::Eager, &single, DType::F64);
            let known =
                row.gradients.iter().zip(&gradients).map(|(table, found)| {
                    table.iter().zip(found).map(|(table, found)| table.as_ref().and(found.clone())).collect::<Vec<_>>()
                });
            let [p_known, q_known] = known.collect::<Vec<_>>().try_into().unwrap();
            let floor = if value.abs() < 0.05 { 1e-6 } else { 0.0 };
            compare(&single, DType::F32, value, &[p_known, q_known], [2e-5, 2e-5, floor], 2);
        }
    }
    println!("KL({} || {}): f64 {:.1e}, gradients {:.1e}; f32 {:.1e}, gradients {:.1e}", p.0, q.0, worst[0], worst[1], worst[2], worst[3]);
}

/// A family with the names of its parameters in the tables.
trait Known: Distribution<1> {
    const FAMILY: (&str, &[&str]);

    fn build(params: &[Tensor<1>]) -> Self;
}

macro_rules! known {
    ($($name:ident $params:tt: |$p:ident| $build:expr;)+) => { $(
        impl Known for $name<1> {
            const FAMILY: (&str, &[&str]) = (stringify!($name), &$params);

            fn build($p: &[Tensor<1>]) -> Self {
                $build
            }
        }
    )+ };
}
known! {
    Bernoulli ["probs"]: |p| Bernoulli::new(&p[0]);
    ContinuousBernoulli ["logits"]: |p| ContinuousBernoulli::logits(&p[0]);
    Kumaraswamy ["concentration1", "concentration0"]: |p| Kumaraswamy::new(&p[0], &p[1]);
    OneHotCategorical ["logits"]: |p| OneHotCategorical::logits(&p[0]);
    Beta ["concentration1", "concentration0"]: |p| Beta::new(&p[0], &p[1]);
    Cauchy ["loc", "scale"]: |p| Cauchy::new(&p[0], &p[1]);
    Dirichlet ["concentration"]: |p| Dirichlet::new(&p[0]);
    Exponential ["rate"]: |p| Exponential::new(&p[0]);
    Gamma ["concentration", "rate"]: |p| Gamma::new(&p[0], &p[1]);
    Geometric ["probs"]: |p| Geometric::new(&p[0]);
    Gumbel ["loc", "scale"]: |p| Gumbel::new(&p[0], &p[1]);
    HalfNormal ["scale"]: |p| HalfNormal::new(&p[0]);
    InverseGamma ["concentration", "scale"]: |p| InverseGamma::new(&p[0], &p[1]);
    Laplace ["loc", "scale"]: |p| Laplace::new(&p[0], &p[1]);
    LogNormal ["loc", "scale"]: |p| LogNormal::new(&p[0], &p[1]);
    Logistic ["loc", "scale"]: |p| Logistic::new(&p[0], &p[1]);
    Normal ["loc", "scale"]: |p| Normal::new(&p[0], &p[1]);
    Pareto ["scale", "alpha"]: |p| Pareto::new(&p[0], &p[1]);
    Poisson ["rate"]: |p| Poisson::new(&p[0]);
    Uniform ["low", "high"]: |p| Uniform::new(&p[0], &p[1]);
    Weibull ["scale", "concentration"]: |p| Weibull::new(&p[0], &p[1]);
}

macro_rules! pairs {
    ($($test:ident: $p:ident, $q:ident;)+) => {
        const OF_ONE_FORM: &[(&str, &str)] = &[$((stringify!($p), stringify!($q))),+];

        $(
            #[test]
            fn $test() {
                check(<$p<1>>::FAMILY, <$q<1>>::FAMILY, |p: &[Tensor<1>], q: &[Tensor<1>]| <$p<1>>::build(p).kl_to(&<$q<1>>::build(q)));
            }
        )+
    };
}
pairs! {
    normal_to_normal: Normal, Normal;
    cauchy_to_cauchy: Cauchy, Cauchy;
    log_normal_to_log_normal: LogNormal, LogNormal;
    half_normal_to_half_normal: HalfNormal, HalfNormal;
    exponential_to_exponential: Exponential, Exponential;
    exponential_to_gamma: Exponential, Gamma;
    gamma_to_exponential: Gamma, Exponential;
    gamma_to_gamma: Gamma, Gamma;
    beta_to_beta: Beta, Beta;
    beta_to_uniform: Beta, Uniform;
    dirichlet_to_dirichlet: Dirichlet, Dirichlet;
    uniform_to_uniform: Uniform, Uniform;
    uniform_to_normal: Uniform, Normal;
    uniform_to_exponential: Uniform, Exponential;
    uniform_to_gamma: Uniform, Gamma;
    uniform_to_beta: Uniform, Beta;
    poisson_to_poisson: Poisson, Poisson;
    exponential_to_normal: Exponential, Normal;
    gamma_to_normal: Gamma, Normal;
    beta_to_normal: Beta, Normal;
    half_normal_to_normal: HalfNormal, Normal;
    laplace_to_laplace: Laplace, Laplace;
    laplace_to_normal: Laplace, Normal;
    gumbel_to_gumbel: Gumbel, Gumbel;
    gumbel_to_normal: Gumbel, Normal;
    normal_to_gumbel: Normal, Gumbel;
    logistic_to_normal: Logistic, Normal;
    pareto_to_pareto: Pareto, Pareto;
    weibull_to_gamma: Weibull, Gamma;
    weibull_to_weibull: Weibull, Weibull;
    beta_to_exponential: Beta, Exponential;
    beta_to_gamma: Beta, Gamma;
    half_normal_to_exponential: HalfNormal, Exponential;
    exponential_to_gumbel: Exponential, Gumbel;
    gamma_to_gumbel: Gamma, Gumbel;
    uniform_to_gumbel: Uniform, Gumbel;
    uniform_to_pareto: Uniform, Pareto;
    pareto_to_exponential: Pareto, Exponential;
    pareto_to_gamma: Pareto, Gamma;
    pareto_to_normal: Pareto, Normal;
    inverse_gamma_to_inverse_gamma: InverseGamma, InverseGamma;
    log_normal_to_gamma: LogNormal, Gamma;
    log_normal_to_normal: LogNormal, Normal;
    log_normal_to_exponential: LogNormal, Exponential;
    geometric_to_geometric: Geometric, Geometric;
    normal_to_laplace: Normal, Laplace;
    uniform_to_laplace: Uniform, Laplace;
    bernoulli_to_poisson: Bernoulli, Poisson;
    continuous_bernoulli_to_continuous_bernoulli: ContinuousBernoulli, ContinuousBernoulli;
    continuous_bernoulli_to_exponential: ContinuousBernoulli, Exponential;
    continuous_bernoulli_to_normal: ContinuousBernoulli, Normal;
    continuous_bernoulli_to_uniform: ContinuousBernoulli, Uniform;
    uniform_to_continuous_bernoulli: Uniform, ContinuousBernoulli;
    kumaraswamy_to_beta: Kumaraswamy, Beta;
    one_hot_categorical_to_one_hot_categorical: OneHotCategorical, OneHotCategorical;
}

/// Families of several forms, each of which has a name of its own in the tables.
macro_rules! forms {
    ($($test:ident: $table:literal $params:tt, |$p:ident| $build:expr;)+) => {
        const OF_SEVERAL: &[(&str, &str)] = &[$(($table, $table)),+];

        $(
            #[test]
            fn $test() {
                check(($table, &$params), ($table, &$params), |p: &[Tensor<1>], q: &[Tensor<1>]| {
                    let build = |$p: &[Tensor<1>]| $build;
                    build(p).kl_to(&build(q))
                });
            }
        )+
    };
}
forms! {
    bernoulli_to_bernoulli: "BernoulliProbs" ["probs"], |p| Bernoulli::new(&p[0]);
    bernoulli_logits_to_logits: "BernoulliLogits" ["logits"], |p| Bernoulli::logits(&p[0]);
    binomial_to_binomial: "BinomialProbs" ["total_count", "probs"], |p| Binomial::new(&p[0], &p[1]);
    categorical_to_categorical: "CategoricalLogits" ["logits"], |p| Categorical::logits(&p[0]);
    multivariate_normals: "MultivariateNormalCov" ["loc", "covariance_matrix"], |p| of_covariance(p);
}

/// The tables of both sides of each pair.
pub(super) fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    let low_rank = [(LOW_RANK, COVARIANCE), (COVARIANCE, LOW_RANK), (LOW_RANK, LOW_RANK)];
    OF_ONE_FORM.iter().chain(OF_SEVERAL).copied().chain(low_rank.map(|(p, q)| (p.0, q.0)))
}

const LOW_RANK: (&str, &[&str]) = ("LowRankMultivariateNormal", &["loc", "cov_factor", "cov_diag"]);
const COVARIANCE: (&str, &[&str]) = ("MultivariateNormalCov", &["loc", "covariance_matrix"]);

#[test]
fn low_rank_multivariate_normals() {
    check(LOW_RANK, COVARIANCE, |p: &[Tensor<1>], q: &[Tensor<1>]| of_low_rank(p).kl_to(&of_covariance(q)));
    check(COVARIANCE, LOW_RANK, |p: &[Tensor<1>], q: &[Tensor<1>]| of_covariance(p).kl_to(&of_low_rank(q)));
    check(LOW_RANK, LOW_RANK, |p: &[Tensor<1>], q: &[Tensor<1>]| of_low_rank(p).kl_to(&of_low_rank(q)));
}

fn of_covariance(p: &[Tensor<1>]) -> MultivariateNormal<1> {
    let size = p[0].dims()[0];
    MultivariateNormal::covariance(&p[0], p[1].clone().reshape([size, size]))
}

fn of_low_rank(p: &[Tensor<1>]) -> LowRankMultivariateNormal<1> {
    let size = p[0].dims()[0];
    LowRankMultivariateNormal::new(&p[0], p[1].clone().reshape([size, p[1].dims()[0] / size]), &p[2])
}

fn dtype() -> DType {
    if has_f64() { DType::F64 } else { DType::F32 }
}

/// `KL(p ‖ p)` and its gradient are 0: a minimum.
fn nothing_to_itself<P: KlTo<1, P>>(params: &[&[f64]], build: impl Fn(&[Tensor<1>]) -> P) {
    let leaves: Vec<Tensor<1>> = params.iter().map(|p| leaf(p, [p.len()], dtype())).collect();
    let p = build(&leaves);
    let divergence = p.kl_to(&p);
    let gradients = divergence.clone().sum().backward();
    let tolerance = if has_f64() { 1e-14 } else { 1e-6 };
    assert!(numbers(divergence.clone()).iter().all(|kl| kl.abs() < tolerance), "{}: {divergence}", p.name());
    for leaf in &leaves {
        let gradient = leaf.grad(&gradients).map_or(vec![], numbers);
        assert!(gradient.iter().all(|g| g.abs() < 10.0 * tolerance), "{}: gradient {gradient:?}", p.name());
    }
}

#[test]
fn of_a_distribution_to_itself_it_is_zero() {
    let (loc, scale) = (&[0.3, -1e3][..], &[1e-3, 7.0][..]);
    nothing_to_itself(&[loc, scale], |p| Normal::new(&p[0], &p[1]));
    nothing_to_itself(&[loc, scale], |p| Cauchy::new(&p[0], &p[1]));
    nothing_to_itself(&[loc, scale], |p| LogNormal::new(&p[0], &p[1]));
    nothing_to_itself(&[scale], |p| HalfNormal::new(&p[0]));
    nothing_to_itself(&[loc, scale], |p| Laplace::new(&p[0], &p[1]));
    nothing_to_itself(&[loc, scale], |p| Gumbel::new(&p[0], &p[1]));
    nothing_to_itself(&[&[0.5, 7.0], &[2.0, 0.1]], |p| Pareto::new(&p[0], &p[1]));
    nothing_to_itself(&[&[0.5, 7.0], &[2.0, 0.1]], |p| Weibull::new(&p[0], &p[1]));
    nothing_to_itself(&[&[2.0, 0.1], scale], |p| InverseGamma::new(&p[0], &p[1]));
    nothing_to_itself(&[scale], |p| Exponential::new(&p[0]));
    nothing_to_itself(&[&[1e-3, 7.0, 1e6], &[2.0, 0.1, 3.0]], |p| Gamma::new(&p[0], &p[1]));
    nothing_to_itself(&[&[0.01, 7.0], &[2.0, 300.0]], |p| Beta::new(&p[0], &p[1]));
    nothing_to_itself(&[&[0.01, 7.0, 40.0]], |p| Dirichlet::new(&p[0]));
    nothing_to_itself(&[&[0.01, -7.0, 400.0]], |p| ContinuousBernoulli::logits(&p[0]));
    nothing_to_itself(&[&[-1.0], &[3.0]], |p| Uniform::new(&p[0], &p[1]));
    nothing_to_itself(&[&[0.3, 1e-6]], |p| Bernoulli::new(&p[0]));
    nothing_to_itself(&[&[0.3, -40.0]], |p| Bernoulli::logits(&p[0]));
    nothing_to_itself(&[&[0.2, 3.0, -9.0]], |p| Categorical::logits(&p[0]));
    nothing_to_itself(&[&[0.2, 1e4]], |p| Poisson::new(&p[0]));
    nothing_to_itself(&[&[0.2, 3.0]], |p| MultivariateNormal::new(&p[0], [[2.0, 0.0], [0.7, 0.3]]).independent(0));
}

fn value<P: KlTo<1, Q>, Q: Distribution<1>>(p: P, q: Q) -> f64 {
    let to = Placement { device: test_device(), dtype: dtype().into() };
    let [kl] = numbers(p.place(&to).kl_to(&q.place(&to)))[..] else { panic!("one number") };
    kl
}

#[test]
fn it_is_infinite_where_the_support_is_not_covered() {
    assert_eq!(value(Uniform::new(0.0, 2.0), Uniform::new(0.5, 3.0)), f64::INFINITY);
    assert_eq!(value(Uniform::new(0.0, 2.0), Uniform::new(-1.0, 1.9)), f64::INFINITY);
    assert_eq!(value(Uniform::new(-0.1, 2.0), Exponential::new(1.0)), f64::INFINITY);
    assert_eq!(value(Uniform::new(-0.1, 2.0), Gamma::new(2.0, 1.0)), f64::INFINITY);
    assert_eq!(value(Uniform::new(0.5, 1.1), Beta::new(2.0, 1.0)), f64::INFINITY);
    assert_eq!(value(Beta::new(2.0, 1.0), Uniform::new(0.1, 1.0)), f64::INFINITY);
    assert_eq!(value(ContinuousBernoulli::new(0.3), Uniform::new(0.1, 1.0)), f64::INFINITY);
    assert_eq!(value(Uniform::new(0.5, 1.1), ContinuousBernoulli::new(0.3)), f64::INFINITY);
    assert_eq!(value(Bernoulli::new(0.3), Poisson::new(0.0)), f64::INFINITY);
    assert_eq!(value(Pareto::new(1.0, 2.0), Pareto::new(1.1, 2.0)), f64::INFINITY);
    assert_eq!(value(Uniform::new(1.0, 2.0), Pareto::new(1.1, 2.0)), f64::INFINITY);
    assert_eq!(value(Bernoulli::new(0.3), Bernoulli::new(0.0)), f64::INFINITY);
    assert_eq!(value(Poisson::new(0.3), Poisson::new(0.0)), f64::INFINITY);
    assert_eq!(value(Binomial::new(5.0, 0.3), Binomial::new(4.0, 0.3)), f64::INFINITY);
    assert_eq!(value(Categorical::new([0.2, 0.3, 0.5]), Categorical::new([0.5, 0.5])), f64::INFINITY);
    // Without a gradient: what cannot be reached is not approached.
    let low = leaf::<1>(&[0.0], [1], dtype());
    let gradients = Uniform::new(&low, 2.0).kl_to(&Uniform::new(0.5, 3.0)).sum().backward();
    assert_eq!(low.grad(&gradients).map_or(vec![0.0], numbers), [0.0]);
}

#[test]
fn what_p_never_draws_costs_nothing() {
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
    close(value(Bernoulli::new(0.0), Bernoulli::new(0.25)), (4.0f64 / 3.0).ln());
    close(value(Bernoulli::new(1.0), Bernoulli::logits(0.0)), 2.0f64.ln());
    close(value(Poisson::new(0.0), Poisson::new(2.5)), 2.5);
    let (p, q) = (0.25f64, 0.5f64);
    let geometric = ((p / q).ln() * p + ((1.0 - p) / (1.0 - q)).ln() * (1.0 - p)) / p;
    close(value(Geometric::logits((1.0f64 / 3.0).ln()), Geometric::logits(0.0)), geometric);
    close(value(Geometric::new(1.0), Geometric::new(0.5)), 2.0f64.ln());
    close(value(Categorical::new([0.5, 0.5]), Categorical::new([0.25, 0.25, 0.5])), 2.0f64.ln());
    close(value(Categorical::logits([0.0, f64::NEG_INFINITY]), Categorical::new([0.5, 0.5])), 2.0f64.ln());
    close(value(Categorical::new([1.0, 0.0]), Categorical::new([1.0, 0.0])), 0.0);
    close(value(OneHotCategorical::new([0.5, 0.5, 0.0]), OneHotCategorical::new([0.25, 0.25, 0.5])), 2.0f64.ln());
    close(value(OneHotCategorical::logits([0.0, 0.0]), OneHotCategorical::new([0.5, 0.5])), 0.0);
    // ln p = 0 at the point, and −ln q = ½ + ½ ln 2π there.
    close(value(Delta::new(1.0), Normal::new(0.0, 1.0)), 1.418_938_533_204_672_7);
    assert_eq!(value(Delta::new(-1.0), Exponential::new(1.0)), f64::INFINITY);
}

#[test]
fn batches_broadcast() {
    let p = Normal::new(0.0, 1.0).expand([3, 1]);
    let q = Normal::new(tensor::<2>(&[0.0, 1.0, 2.0, 3.0], [1, 4], dtype()), 1.0);
    assert_eq!(p.kl_to(&q).dims(), [3, 4]);
    let rows = Categorical::new([0.5, 0.5]).expand([3]);
    assert_eq!(numbers(rows.kl_to(&Categorical::new([0.5, 0.5]))), [0.0; 3]);
    let many = Categorical::new(tensor::<2>(&[0.5, 0.5, 0.9, 0.1], [2, 2], dtype()));
    let each = numbers(many.kl_to(&Categorical::new(tensor::<1>(&[0.5, 0.5], [2], dtype()))));
    assert!(each[0].abs() < 1e-7 && (each[1] - (0.9 * 1.8f64.ln() + 0.1 * 0.2f64.ln())).abs() < 1e-6, "{each:?}");
    let vectors = MultivariateNormal::new([0.0, 1.0], [[1.0, 0.0], [0.5, 2.0]]).expand([3, 2]);
    assert_eq!(vectors.kl_to(&MultivariateNormal::new([0.0, 1.0], [[1.0, 0.0], [0.5, 2.0]]).expand([1, 2])).dims(), [3, 1]);
}

#[test]
fn it_passes_through_what_wraps_a_distribution() {
    let loc = |x: [f64; 4]| tensor::<2>(&x, [2, 2], dtype());
    let (p, q) = (Normal::new(loc([0.0, 1.0, 2.0, 3.0]), 1.0), Normal::new(0.0, 1.0).expand([2, 2]));
    assert_eq!(numbers(p.kl_to(&q)), [0.0, 0.5, 2.0, 4.5]);
    let rows = p.clone().independent(1).kl_to(&q.clone().independent(1));
    assert_eq!((rows.dims(), numbers(rows)), ([2, 1], vec![0.5, 6.5]));
    assert!(numbers(p.clone().independent(1).kl_to(&q.clone().independent(2))).iter().all(|kl| kl.is_nan()));
    let mask = |keep: [bool; 4]| Tensor::from_data(TensorData::new(keep.to_vec(), [2, 2]), &test_device());
    let masked = p.clone().masked(mask([true, true, true, false])).kl_to(&q.clone().masked(mask([true, false, true, true])));
    assert_eq!(numbers(masked), [0.0, 0.0, 2.0, 0.0]);
    let exp: std::rc::Rc<dyn vi_runtime::bijector::Bijector<2>> = std::rc::Rc::new(vi_runtime::bijector::Exp);
    assert_eq!(numbers(p.clone().transformed(exp.clone()).kl_to(&q.clone().transformed(exp.clone()))), [0.0, 0.5, 2.0, 4.5]);
    let other = std::rc::Rc::new(vi_runtime::bijector::Exp);
    assert!(numbers(p.transformed(exp).kl_to(&q.transformed(other))).iter().all(|kl| kl.is_nan()));
}

#[test]
fn an_estimate_agrees_with_the_closed_form_within_its_standard_error() {
    let to = Placement { device: test_device(), dtype: dtype().into() };
    let (p, q) = (Normal::new([0.0, 1.0], 1.0).place(&to), Normal::new([0.5, -1.0], [2.0, 3.0]).place(&to));
    let exact = numbers(p.kl_to(&q));
    let estimate = kl_estimate(&p, &q, 2_000, 3).unwrap();
    let (means, errors) = (numbers(estimate.mean.clone()), numbers(estimate.standard_error.clone()));
    for i in 0..2 {
        assert!((means[i] - exact[i]).abs() < 4.0 * errors[i], "{estimate} instead of {exact:?}");
        // Var ln p/q for normal distributions: ((s²/s'² − 1)²/2 + s² (m − m')²/s'⁴)
        let (m, s) = ([-0.5, 2.0][i], [2.0f64, 3.0][i]);
        let variance = (s.powi(-2) - 1.0).powi(2) / 2.0 + m * m / s.powi(4);
        assert!((errors[i] / (variance / 2_000.0).sqrt() - 1.0).abs() < 0.15, "{estimate}");
    }
    assert!(estimate.to_string().ends_with("(estimated from 2000 draws)"), "{estimate}");
    assert_eq!(numbers(kl_estimate(&p, &q, 50, 3).unwrap().mean), numbers(kl_estimate(&p, &q, 50, 3).unwrap().mean));
    assert_ne!(numbers(kl_estimate(&p, &q, 50, 3).unwrap().mean), numbers(kl_estimate(&p, &q, 50, 4).unwrap().mean));
    let outside = kl_estimate(&Normal::new(0.0, 1.0), &Exponential::new(1.0), 50, 3).unwrap();
    assert_eq!(numbers(outside.mean), [f64::INFINITY]);
}
