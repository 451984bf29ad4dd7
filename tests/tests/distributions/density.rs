//! `log_prob` and its gradients at every point of the tables, by Burn's operations and by the graph that is recorded of them;
//! moments, entropies and distribution functions beside.

#[path = "density/compare.rs"]
mod compare;
#[path = "density/function.rs"]
pub(super) mod function;
#[path = "density/properties.rs"]
mod properties;

use burn::tensor::{DType, Int, Tensor};
use vi_runtime::Placement;
use vi_runtime::dist::*;

use super::table::{Point, read};
use super::{burn, has_f64, test_device};
use compare::{Check, Worst, representable, single, single_tolerance};
use function::{Elements, Evaluation, Executor, Function, flat};
pub(super) use properties::Properties;
use properties::Subject;

/// The flat numbers of a table as the value of a distribution.
pub(super) fn float(x: Tensor<1>) -> Tensor<1> {
    x
}

pub(super) fn int(x: Tensor<1, Int>) -> Tensor<1, Int> {
    x
}

/// A square matrix.
#[allow(dead_code, reason = "for families of matrices")]
pub(super) fn matrix(x: Tensor<1>) -> Tensor<2> {
    let side = x.dims()[0].isqrt();
    x.reshape([side, side])
}

/// Compares a family with the table `table`; the parameters of `build` are those named `params` there, row by row.
pub(super) fn check<const D: usize, T: Distribution<D, Kind: Elements>>(
    table: &str,
    name: &str,
    params: &[&str],
    properties: &Properties<D, T>,
    build: impl Fn(&[Tensor<1>]) -> T,
    value: impl Fn(Tensor<1, T::Kind>) -> Tensor<D, T::Kind>,
) {
    let cases = read(table, params);
    let density = Function::<T::Kind>::new(|to: &Placement, x, params: &[Tensor<1>]| {
        flat(build(params).place(to).log_prob(&value(x)))
    });
    let mut failures = Vec::new();
    for executor in Executor::under_test(&test_device()) {
        let (mut double, mut float) = (Worst::default(), Worst::default());
        for case in &cases {
            for point in &case.points {
                let place = |dtype| format!("{name} {:?} at {:?} in {dtype} {executor}", case.params, point.x);
                let inputs = std::iter::once(&point.x).chain(&case.params).map(Vec::as_slice).collect::<Vec<_>>();
                if has_f64() {
                    let want = Evaluation {
                        value: vec![point.log_prob],
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
                    match density.evaluate(*executor, &point.x, &case.params, &test_device(), DType::F64) {
                        Ok(got) => check.run(&got, &want, &mut double),
                        Err(problem) => double.failures.push(format!("{}: {problem}", check.place)),
                    }
                }
                // Against double precision at the same rounded inputs: how far rounding moves the density is not the question.
                if representable(&point.x) {
                    let (x, params): (Vec<f64>, Vec<Vec<f64>>) = (single(&point.x), case.params.iter().map(|p| single(p)).collect());
                    let reference = vi_runtime::device::default();
                    let mut want = density.evaluate(Executor::Eager, &x, &params, &reference, DType::F64).unwrap();
                    // A count has no gradient in the table.
                    for (want, known) in want.params.iter_mut().zip(point.grad_params.iter().flatten()) {
                        want.take_if(|_| known.is_none());
                    }
                    let check = Check {
                        place: place("f32"),
                        inputs,
                        log_prob: single_tolerance(),
                        gradient: 1e-4,
                        epsilon: f64::from(f32::EPSILON),
                        floor: 1e-6,
                    };
                    match density.evaluate(*executor, &x, &params, &test_device(), DType::F32) {
                        Ok(got) => check.run(&got, &want, &mut float),
                        Err(problem) => float.failures.push(format!("{}: {problem}", check.place)),
                    }
                }
            }
        }
        for (dtype, worst) in [("f64", double), ("f32", float)] {
            let (points, log_prob, gradient) = (worst.points, worst.log_prob, worst.gradient);
            println!("{name:<24} {executor:<8} {dtype} {points:>2} points: log_prob {log_prob:.1e}, gradients {gradient:.1e}");
            failures.extend(worst.failures);
        }
    }
    let subject = Subject { name, build: &build, value: &value, properties };
    failures.extend(subject.failures(&cases));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The table's gradient in x. At Exponential(250), x = 1e-300 it says 0, the step of its difference quotient having been
/// larger than x; the derivative is −250.
fn gradient_x(table: &str, point: &Point) -> Option<Vec<f64>> {
    if table == "Exponential" && point.x == [1e-300] { Some(vec![-250.0]) } else { point.grad_x.clone() }
}

/// Families against their tables: `test: "Table", [parameters], value, has [properties], |p| distribution;`.
///
/// `value` is `float`, `int` or `matrix`; `has` lists what of `moments, entropy, cdf, icdf` the family implements, and may be
/// left out.
macro_rules! families {
    ($(
        $test:ident: $table:literal, [$($param:literal),+], $value:ident, $(has [$($property:ident),* $(,)?],)? |$p:ident| $build:expr;
    )+) => { $(
        #[test]
        fn $test() {
            let properties = $crate::density::Properties::none()$($(.$property())*)?;
            $crate::density::check($table, stringify!($test), &[$($param),+], &properties, |$p: &[Tensor<1>]| $build, $value);
        }
    )+ };
}

families! {
    normal: "Normal", ["loc", "scale"], float, has [moments, entropy], |p| Normal::new(&p[0], &p[1]);
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
