//! `log_prob` and its gradients at every point of the tables, by Burn's operations and by the graph that is recorded of them;
//! moments, entropies and distribution functions beside.

#[path = "density/compare.rs"]
pub(super) mod compare;
#[path = "density/function.rs"]
pub(super) mod function;
#[path = "density/properties.rs"]
mod properties;

use burn::tensor::{DType, Int, Tensor};
use vi_runtime::Placement;
use vi_runtime::dist::*;

use super::table::{Case, Point, read};
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
pub(super) fn matrix(x: Tensor<1>) -> Tensor<2> {
    let side = x.dims()[0].isqrt();
    x.reshape([side, side])
}

/// One point with what is right there.
struct Known {
    place: String,
    x: Vec<f64>,
    params: Vec<Vec<f64>>,
    want: Evaluation,
    /// How far the gradients move where each input in turn is a unit in its last place larger, added up.
    moved: Option<Evaluation>,
}

/// What was found of one family.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) tables: Vec<String>,
    pub(super) support: String,
    pub(super) reparameterised: bool,
    pub(super) properties: Vec<&'static str>,
    /// The largest relative errors of `log_prob` and its gradients under any executor, in each precision that the device has.
    pub(super) errors: Vec<(DType, [f64; 2])>,
    pub(super) failures: Vec<String>,
}

/// The families of one group, by the names of their tests.
pub(super) type Table = Vec<(&'static str, fn() -> Row)>;

/// Asserts that the family of this test agrees with its table.
pub(super) fn agrees(table: Table, test: &str) {
    let (_, measure) = table.into_iter().find(|(name, _)| *name == test).unwrap();
    let failures = measure().failures;
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Compares a family with the table `table`; the parameters of `build` are those named `params` there, row by row.
pub(super) fn measure<const D: usize, T: Distribution<D, Kind: Elements>>(
    table: &str,
    name: &str,
    params: &[&str],
    properties: &Properties<D, T>,
    build: impl Fn(&[Tensor<1>]) -> T,
    value: impl Fn(Tensor<1, T::Kind>) -> Tensor<D, T::Kind>,
) -> Row {
    let cases = read(table, params);
    let density = Function::<T::Kind>::new(|to: &Placement, x, params: &[Tensor<1>]| flat(build(params).place(to).log_prob(&value(x))));
    let mut precisions = Vec::new();
    if has_f64() {
        precisions.push((DType::F64, in_table(table, &cases)));
    }
    precisions.push((DType::F32, in_double(&cases, &density)));
    let mut errors: Vec<(DType, [f64; 2])> = precisions.iter().map(|(dtype, _)| (*dtype, [0.0; 2])).collect();
    let mut failures = Vec::new();
    for executor in Executor::under_test(&test_device()) {
        for ((dtype, points), (_, largest)) in precisions.iter().zip(&mut errors) {
            let mut worst = Worst::default();
            let evaluate = |x: &[f64], params: &[Vec<f64>]| density.evaluate(*executor, x, params, &test_device(), *dtype);
            for known in points {
                match evaluate(&known.x, &known.params) {
                    Ok(got) => compare(*dtype, name, &executor, known, &got, &mut worst),
                    Err(problem) => worst.failures.push(format!("{name} {}: {problem}", known.place)),
                }
            }
            // All points at once, those outside the support among them.
            if points.iter().all(|known| known.x.len() == 1 && known.params.iter().all(|p| p.len() == 1)) {
                let x: Vec<f64> = points.iter().map(|known| known.x[0]).collect();
                let rows: Vec<Vec<f64>> = (0..params.len()).map(|i| points.iter().map(|known| known.params[i][0]).collect()).collect();
                match evaluate(&x, &rows) {
                    Ok(got) => points.iter().enumerate().for_each(|(i, known)| {
                        compare(*dtype, name, &format!("{executor}, among others"), known, &got.element(i), &mut worst);
                    }),
                    Err(problem) => worst.failures.push(format!("{name}, all points: {problem}")),
                }
            }
            let (log_prob, gradient) = (worst.log_prob, worst.gradient);
            println!("{name:<24} {executor:<8} {dtype:?} {:>2} points: log_prob {log_prob:.1e}, gradients {gradient:.1e}", points.len());
            *largest = [largest[0].max(log_prob), largest[1].max(gradient)];
            failures.extend(worst.failures);
        }
    }
    let subject = Subject { name, build: &build, value: &value, properties };
    failures.extend(subject.failures(&cases));
    let first = build(&cases[0].params.iter().map(|p| super::tensor(p, [p.len()], DType::F32)).collect::<Vec<_>>());
    Row {
        name: first.name(),
        tables: vec![table.to_owned()],
        support: first.support().to_string(),
        reparameterised: first.is_reparameterised(),
        properties: properties.names.clone(),
        errors,
        failures,
    }
}

fn compare(dtype: DType, name: &str, by: &dyn std::fmt::Display, known: &Known, got: &Evaluation, worst: &mut Worst) {
    let place = format!("{name} {} in {dtype:?} {by}", known.place);
    let inputs = std::iter::once(&known.x).chain(&known.params).map(Vec::as_slice).collect();
    let moved = known.moved.as_ref();
    let check = match dtype {
        DType::F64 => Check { place, inputs, moved, log_prob: 1e-10, gradient: 1e-8, epsilon: f64::EPSILON, floor: 0.0 },
        _ => {
            let (tolerance, epsilon) = (single_tolerance(), f64::from(f32::EPSILON));
            Check { place, inputs, moved, log_prob: tolerance, gradient: tolerance, epsilon, floor: 1e-6 }
        }
    };
    check.run(got, &known.want, worst);
}

fn in_table(table: &str, cases: &[Case]) -> Vec<Known> {
    let known = |case: &Case, point: &Point| Known {
        place: format!("{:?} at {:?}", case.params, point.x),
        x: point.x.clone(),
        params: case.params.clone(),
        want: Evaluation {
            value: vec![point.log_prob],
            x: gradient_x(table, point),
            params: point.grad_params.clone().unwrap_or(vec![None; case.params.len()]),
        },
        moved: None,
    };
    cases.iter().flat_map(|case| case.points.iter().map(move |point| known(case, point))).collect()
}

/// What double precision gives at the same rounded inputs: how far rounding moves the density is not the question.
fn in_double<K: Elements>(cases: &[Case], density: &Function<'_, K>) -> Vec<Known> {
    let reference = vi_runtime::device::default();
    let known = |case: &Case, point: &Point| {
        let (x, params): (Vec<f64>, Vec<Vec<f64>>) = (single(&point.x), case.params.iter().map(|p| single(p)).collect());
        let mut want = density.evaluate(Executor::Eager, &x, &params, &reference, DType::F64).unwrap();
        // A count has no gradient in the table.
        for (want, known) in want.params.iter_mut().zip(point.grad_params.iter().flatten()) {
            want.take_if(|_| known.is_none());
        }
        let moved = (x.len() > 1 || params.iter().any(|p| p.len() > 1)).then(|| moved(&x, &params, density));
        Known { place: format!("{:?} at {:?}", case.params, point.x), x, params, want, moved }
    };
    let representable = |point: &&Point| representable(&point.x);
    cases.iter().flat_map(|case| case.points.iter().filter(representable).map(|point| known(case, point)).collect::<Vec<_>>()).collect()
}

/// What no computation from rounded inputs can know of the gradients: a factorisation multiplies rounding errors by its condition
/// number, and a component of a mixture counts by the exponential of a difference of log densities.
fn moved<K: Elements>(x: &[f64], params: &[Vec<f64>], density: &Function<'_, K>) -> Evaluation {
    let reference = vi_runtime::device::default();
    let at = |x: &[f64], params: &[Vec<f64>]| density.evaluate(Executor::Eager, x, params, &reference, DType::F64).unwrap();
    let here = at(x, params);
    let nothing = |gradient: &Option<Vec<f64>>| gradient.as_ref().map(|gradient| vec![0.0; gradient.len()]);
    let mut total = Evaluation { value: Vec::new(), x: nothing(&here.x), params: here.params.iter().map(nothing).collect() };
    let mut add = |there: Evaluation| {
        let totals = std::iter::once(&mut total.x).chain(&mut total.params);
        let pairs = std::iter::once((&here.x, &there.x)).chain(here.params.iter().zip(&there.params));
        for (total, (here, there)) in totals.zip(pairs) {
            let moved = here.iter().flatten().zip(there.iter().flatten()).map(|(here, there)| (here - there).abs());
            total.iter_mut().flatten().zip(moved).filter(|(_, moved)| moved.is_finite()).for_each(|(total, moved)| *total += moved);
        }
    };
    let larger = |x: f64| x * (1.0 + f64::from(f32::EPSILON));
    for i in (0..x.len()).filter(|&i| !K::DISCRETE && x[i] != 0.0) {
        let mut x = x.to_vec();
        x[i] = larger(x[i]);
        add(at(&x, params));
    }
    for (which, row) in params.iter().enumerate() {
        for i in (0..row.len()).filter(|&i| row[i] != 0.0) {
            let mut params = params.to_vec();
            params[which][i] = larger(row[i]);
            add(at(x, &params));
        }
    }
    total
}

/// The table's gradient in x. At Exponential(250), x = 1e-300 it says 0, the step of its difference quotient having been
/// larger than x; the derivative is −250.
fn gradient_x(table: &str, point: &Point) -> Option<Vec<f64>> {
    if table == "Exponential" && point.x == [1e-300] { Some(vec![-250.0]) } else { point.grad_x.clone() }
}

/// Families against their tables: `test: "Table", [parameters], value, has [properties], |p| distribution;`.
///
/// `value` is `float`, `int` or `matrix`; `has` lists what of `moments, entropy, cdf, icdf` the family implements, with `atoms` where a
/// continuous one has mass at points, and may be left out. A module has one such list; `page::groups` names the modules.
macro_rules! families {
    ($(
        $test:ident: $table:literal, [$($param:literal),+], $value:ident, $(has [$($property:ident),* $(,)?],)? |$p:ident| $build:expr;
    )+) => {
        pub(crate) fn table() -> $crate::density::Table {
            vec![$((stringify!($test), || {
                let properties = $crate::density::Properties::none()$($(.$property())*)?;
                $crate::density::measure($table, stringify!($test), &[$($param),+], &properties, |$p: &[Tensor<1>]| $build, $value)
            })),+]
        }

        $(
            #[test]
            fn $test() {
                $crate::density::agrees(table(), stringify!($test));
            }
        )+
    };
}

#[path = "density/combinators.rs"]
pub(super) mod combinators;
#[path = "density/discrete.rs"]
pub(super) mod discrete;
#[path = "density/multivariate.rs"]
pub(super) mod multivariate;
#[path = "density/tails.rs"]
pub(super) mod tails;
#[path = "density/univariate.rs"]
pub(super) mod univariate;

families! {
    normal: "Normal", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| Normal::new(&p[0], &p[1]);
    log_normal: "LogNormal", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| LogNormal::new(&p[0], &p[1]);
    half_normal: "HalfNormal", ["scale"], float, has [moments, entropy, cdf, icdf], |p| HalfNormal::new(&p[0]);
    half_cauchy: "HalfCauchy", ["scale"], float, has [moments, entropy, cdf, icdf], |p| HalfCauchy::new(&p[0]);
    cauchy: "Cauchy", ["loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| Cauchy::new(&p[0], &p[1]);
    student_t: "StudentT", ["df", "loc", "scale"], float, has [moments, entropy, cdf, icdf], |p| StudentT::new(&p[0], &p[1], &p[2]);
    uniform: "Uniform", ["low", "high"], float, has [moments, entropy, cdf, icdf], |p| Uniform::new(&p[0], &p[1]);
    exponential: "Exponential", ["rate"], float, has [moments, entropy, cdf, icdf], |p| Exponential::new(&p[0]);
    gamma: "Gamma", ["concentration", "rate"], float, has [moments, entropy, cdf, icdf], |p| Gamma::new(&p[0], &p[1]);
    beta: "Beta", ["concentration1", "concentration0"], float, has [moments, entropy, cdf, icdf], |p| Beta::new(&p[0], &p[1]);
    bernoulli_probs: "BernoulliProbs", ["probs"], int, has [moments, entropy, cdf, icdf], |p| Bernoulli::new(&p[0]);
    bernoulli_logits: "BernoulliLogits", ["logits"], int, has [moments, entropy, cdf, icdf], |p| Bernoulli::logits(&p[0]);
    categorical_logits: "CategoricalLogits", ["logits"], int, has [moments, entropy, cdf, icdf], |p| Categorical::logits(&p[0]);
    binomial_probs: "BinomialProbs", ["total_count", "probs"], int, has [moments, entropy, cdf, icdf], |p| Binomial::new(&p[0], &p[1]);
    binomial_logits: "BinomialLogits", ["total_count", "logits"], int, has [moments, entropy, cdf, icdf], |p| Binomial::logits(&p[0], &p[1]);
    poisson: "Poisson", ["rate"], int, has [moments, entropy, cdf, icdf], |p| Poisson::new(&p[0]);
    dirichlet: "Dirichlet", ["concentration"], float, has [moments, entropy], |p| Dirichlet::new(&p[0]);
    multivariate_normal: "MultivariateNormalCholesky", ["loc", "scale_tril"], float, has [moments, entropy], |p| {
        let size = p[0].dims()[0];
        MultivariateNormal::new(&p[0], p[1].clone().reshape([size, size]))
    };
}
