//! `log_prob` and its gradients at every point of the tables.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use vi_runtime::Placement;
use vi_runtime::dist::*;

use super::table::{Point, read};
use super::{burn, has_f64, numbers, test_device};

/// One evaluation: log_prob, its gradient in x and those in the parameters.
struct Evaluation {
    log_prob: f64,
    x: Option<Vec<f64>>,
    params: Vec<Option<Vec<f64>>>,
}

/// What is compared against what, and how closely.
struct Check<'a> {
    place: String,
    inputs: Vec<&'a [f64]>,
    log_prob: f64,
    gradient: f64,
    epsilon: f64,
    floor: f64,
}

#[derive(Default)]
struct Worst {
    log_prob: f64,
    gradient: f64,
    failures: Vec<String>,
}

impl Check<'_> {
    fn run(&self, got: &Evaluation, want: &Evaluation, worst: &mut Worst) {
        let place = &self.place;
        let pairs: Vec<_> = std::iter::once((&got.x, &want.x)).chain(got.params.iter().zip(&want.params)).zip(&self.inputs).collect();
        if want.log_prob.is_infinite() {
            let zero = |gradient: &Option<Vec<f64>>| gradient.as_ref().is_none_or(|g| g.iter().all(|&x| x == 0.0));
            if got.log_prob != want.log_prob || !pairs.iter().all(|((got, _), _)| zero(got)) {
                worst.failures.push(format!("{place}: log_prob {} or a gradient outside the support", got.log_prob));
            }
            return;
        }
        let error = (got.log_prob - want.log_prob).abs();
        let floor = if want.log_prob.abs() < 0.05 { self.floor } else { 0.0 };
        if error > floor {
            worst.log_prob = worst.log_prob.max(error / want.log_prob.abs());
        }
        if error.is_nan() || error > self.log_prob * want.log_prob.abs() + floor {
            worst.failures.push(format!("{place}: log_prob {} instead of {} ({error:.1e})", got.log_prob, want.log_prob));
        }
        let all = |wanted: &Option<Vec<f64>>| wanted.clone().unwrap_or_default();
        let largest = pairs.iter().flat_map(|((_, want), _)| all(want)).fold(0.0, |m: f64, g| m.max(g.abs()));
        for ((got, want_all), inputs) in &pairs {
            for (i, want) in all(want_all).into_iter().enumerate() {
                let got = got.as_ref().map_or(0.0, |got| got[i]);
                // Where terms cancel, a few ulp of the terms: gradients, logarithms of the inputs, ratios of two inputs.
                let ratios = self.inputs.iter().flat_map(|x| x.iter()).fold(0.0, |m: f64, x| m.max(x.abs())) / inputs[i].abs().max(1.0);
                let terms = largest.max(ratios).max((1.0 + logarithms(&self.inputs)) / inputs[i].abs().clamp(1e-3, 1.0)).min(1e9);
                let error = (got - want).abs();
                let slack = 16.0 * self.epsilon * terms;
                if error > slack {
                    worst.gradient = worst.gradient.max(error / want.abs());
                }
                if error.is_nan() || error > self.gradient * want.abs() + slack {
                    worst.failures.push(format!("{place}: gradient {got} instead of {want} ({error:.1e})"));
                }
            }
        }
    }
}

/// Relative error of a log density in single precision. Flex computes the special functions in double precision and rounds
/// once; elsewhere they are composed of single-precision operations, and on wgpu each of these may round by more than half
/// a unit in the last place (the largest error seen there: 1.1e-4, Poisson(1e5) 4.7 standard deviations out).
fn single_tolerance() -> f64 {
    match std::env::var("VI_TEST_DEVICE").as_deref() {
        Err(_) | Ok("flex") => 2e-5,
        Ok(name) if name.starts_with("wgpu") => 2e-4,
        Ok(_) => 1e-4,
    }
}

/// The largest logarithm of an input.
fn logarithms(inputs: &[&[f64]]) -> f64 {
    inputs.iter().flat_map(|x| x.iter()).filter(|x| **x != 0.0).fold(0.0, |m, x| f64::max(m, x.abs().ln().abs()))
}

fn single(values: &[f64]) -> Vec<f64> {
    values.iter().map(|&x| f64::from(x as f32)).collect()
}

fn representable(values: &[f64]) -> bool {
    values.iter().all(|&x| x == 0.0 || (x.abs() > f64::from(f32::MIN_POSITIVE) && x.abs() < f64::from(f32::MAX)))
}

/// A family: how to build it from parameters and how to make a value.
struct Family<B, V> {
    build: B,
    value: V,
}

impl<B, V> Family<B, V> {
    fn evaluate<T>(&self, x: &[f64], params: &[Vec<f64>], device: &Device, dtype: DType) -> Evaluation
    where
        T: Distribution<1>,
        B: Fn(&[Tensor<1>]) -> T,
        V: Fn(&[f64], &Device, DType) -> (Tensor<1, T::Kind>, Option<Tensor<1>>),
    {
        let leaves: Vec<Tensor<1>> = params.iter().map(|p| leaf_on(p, device, dtype)).collect();
        let (x, x_leaf) = (self.value)(x, device, dtype);
        let placement = Placement { device: device.clone(), dtype: dtype.into() };
        let log_prob = (self.build)(&leaves).place(&placement).log_prob(&x);
        assert_eq!(log_prob.dims(), [1]);
        let number = numbers(log_prob.clone())[0];
        let gradients = log_prob.sum().backward();
        let grad = |leaf: &Tensor<1>| leaf.grad(&gradients).map(numbers);
        Evaluation { log_prob: number, x: x_leaf.as_ref().and_then(grad), params: leaves.iter().map(grad).collect() }
    }
}

fn check<T: Distribution<1>>(
    table: &str,
    name: &str,
    params: &[&str],
    build: impl Fn(&[Tensor<1>]) -> T,
    value: impl Fn(&[f64], &Device, DType) -> (Tensor<1, T::Kind>, Option<Tensor<1>>),
) {
    let family = Family { build, value };
    let reference = vi_runtime::device::default();
    let (mut double, mut float, mut points) = (Worst::default(), Worst::default(), [0, 0]);
    for case in read(table, params) {
        for point in &case.points {
            let place = |dtype| format!("{name} {:?} at {:?} in {dtype}", case.params, point.x);
            let inputs = std::iter::once(&point.x).chain(&case.params).map(Vec::as_slice).collect::<Vec<_>>();
            if has_f64() {
                points[0] += 1;
                let got = family.evaluate(&point.x, &case.params, &test_device(), DType::F64);
                let want = Evaluation {
                    log_prob: point.log_prob,
                    x: gradient_x(table, point),
                    params: point.grad_params.clone().unwrap_or(vec![None; params.len()]),
                };
                let check = Check {
                    place: place("f64"),
                    inputs: inputs.clone(),
                    log_prob: 1e-10,
                    gradient: 1e-8,
                    epsilon: f64::EPSILON,
                    floor: 0.0,
                };
                check.run(&got, &want, &mut double);
            }
            // Against double precision at the same rounded inputs: how far rounding moves the density is not the question.
            if representable(&point.x) {
                points[1] += 1;
                let (x, params): (Vec<f64>, Vec<Vec<f64>>) = (single(&point.x), case.params.iter().map(|p| single(p)).collect());
                let got = family.evaluate(&x, &params, &test_device(), DType::F32);
                let want = family.evaluate(&x, &params, &reference, DType::F64);
                let check = Check {
                    place: place("f32"),
                    inputs,
                    log_prob: single_tolerance(),
                    gradient: 1e-4,
                    epsilon: f64::from(f32::EPSILON),
                    floor: 1e-6,
                };
                check.run(&got, &want, &mut float);
            }
        }
    }
    println!("{name:<20} f64 {:>2} points: log_prob {:.1e}, gradients {:.1e}", points[0], double.log_prob, double.gradient);
    println!("{name:<20} f32 {:>2} points: log_prob {:.1e}, gradients {:.1e}", points[1], float.log_prob, float.gradient);
    let failures = [double.failures, float.failures].concat();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The table's gradient in x. At Exponential(250), x = 1e-300 it says 0, the step of its difference quotient having been
/// larger than x; the derivative is −250.
fn gradient_x(table: &str, point: &Point) -> Option<Vec<f64>> {
    if table == "Exponential" && point.x == [1e-300] { Some(vec![-250.0]) } else { point.grad_x.clone() }
}

fn leaf_on(values: &[f64], device: &Device, dtype: DType) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), (device, dtype)).autodiff().require_grad()
}

fn float(x: &[f64], device: &Device, dtype: DType) -> (Tensor<1>, Option<Tensor<1>>) {
    let x = leaf_on(x, device, dtype);
    (x.clone(), Some(x))
}

fn int(x: &[f64], device: &Device, _: DType) -> (Tensor<1, Int>, Option<Tensor<1>>) {
    let x: Vec<i64> = x.iter().map(|&x| x as i64).collect();
    let count = x.len();
    (Tensor::from_data(TensorData::new(x, [count]), device), None)
}

macro_rules! families {
    ($($test:ident: $table:literal, [$($param:literal),+], $value:ident, |$p:ident| $build:expr;)+) => { $(
        #[test]
        fn $test() {
            $crate::density::check($table, stringify!($test), &[$($param),+], |$p: &[Tensor<1>]| $build, $value);
        }
    )+ };
}

families! {
    normal: "Normal", ["loc", "scale"], float, |p| Normal::new(&p[0], &p[1]);
    log_normal: "LogNormal", ["loc", "scale"], float, |p| LogNormal::new(&p[0], &p[1]);
    half_normal: "HalfNormal", ["scale"], float, |p| HalfNormal::new(&p[0]);
    half_cauchy: "HalfCauchy", ["scale"], float, |p| HalfCauchy::new(&p[0]);
    cauchy: "Cauchy", ["loc", "scale"], float, |p| Cauchy::new(&p[0], &p[1]);
    student_t: "StudentT", ["df", "loc", "scale"], float, |p| StudentT::new(&p[0], &p[1], &p[2]);
    uniform: "Uniform", ["low", "high"], float, |p| Uniform::new(&p[0], &p[1]);
    exponential: "Exponential", ["rate"], float, |p| Exponential::new(&p[0]);
    gamma: "Gamma", ["concentration", "rate"], float, |p| Gamma::new(&p[0], &p[1]);
    beta: "Beta", ["concentration1", "concentration0"], float, |p| Beta::new(&p[0], &p[1]);
    bernoulli_probs: "BernoulliProbs", ["probs"], int, |p| Bernoulli::new(&p[0]);
    bernoulli_logits: "BernoulliLogits", ["logits"], int, |p| Bernoulli::logits(&p[0]);
    categorical_logits: "CategoricalLogits", ["logits"], int, |p| Categorical::logits(&p[0]);
    binomial_probs: "BinomialProbs", ["total_count", "probs"], int, |p| Binomial::new(&p[0], &p[1]);
    binomial_logits: "BinomialLogits", ["total_count", "logits"], int, |p| Binomial::logits(&p[0], &p[1]);
    poisson: "Poisson", ["rate"], int, |p| Poisson::new(&p[0]);
    dirichlet: "Dirichlet", ["concentration"], float, |p| Dirichlet::new(&p[0]);
    multivariate_normal: "MultivariateNormalCholesky", ["loc", "scale_tril"], float, |p| {
        let size = p[0].dims()[0];
        MultivariateNormal::new(&p[0], p[1].clone().reshape([size, size]))
    };
}

#[path = "density/univariate.rs"]
mod univariate;
