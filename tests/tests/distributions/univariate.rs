//! Means, variances, entropies, distribution functions and quantiles of the univariate families.
//!
//! `data/logprob` has the moments; `data/distribution_functions.json` the distribution functions, both tails and their
//! logarithms to 40 digits by mpmath. Double precision: a device without it has nothing to compare here.

use std::path::Path;

use burn::tensor::{DType, FloatDType, Tensor};
use serde_json::Value;
use vi_runtime::dist::*;

use super::{burn, has_f64, leaf, numbers, placement, tensor};

const F64: DType = DType::F64;

pub(super) fn json(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(file);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| match value.as_str()? {
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => Some(f64::NAN),
    })
}

pub(super) fn parameters(case: &Value, names: &[&str]) -> Vec<f64> {
    names.iter().map(|name| number(&case["params"][name]).unwrap()).collect()
}

fn tensors(params: &[f64]) -> Vec<Tensor<1>> {
    params.iter().map(|&p| tensor(&[p], [1], F64)).collect()
}

fn close(place: &str, found: f64, want: f64, tolerance: f64) {
    let same = found == want || (found.is_nan() && want.is_nan()) || (found - want).abs() <= tolerance;
    assert!(same, "{place}: {found} instead of {want} ({:.1e})", (found - want).abs());
}

type Build<'a, T> = &'a dyn Fn(&[Tensor<1>]) -> T;

fn moments<T: Moments<1>>(table: &str, names: &[&str], build: Build<'_, T>) {
    for case in json(&format!("logprob/{table}.json"))["cases"].as_array().unwrap() {
        let params = parameters(case, names);
        let family = build(&tensors(&params)).place(&placement(FloatDType::F64));
        for (what, found) in [("mean", family.mean()), ("variance", family.variance())] {
            let Some(want) = number(&case["moments"][what]) else { continue };
            let [found] = numbers(found)[..] else { panic!("{table}: shape") };
            let place = format!("{what} of {table} {params:?}");
            close(&place, found, want, 1e-11 * want.abs() + 1e-300);
        }
    }
}

fn entropy<T: Entropy<1>>(table: &str, names: &[&str], build: Build<'_, T>) {
    for case in json(&format!("logprob/{table}.json"))["cases"].as_array().unwrap() {
        let params = parameters(case, names);
        let family = build(&tensors(&params)).place(&placement(FloatDType::F64));
        let Some(want) = number(&case["moments"]["entropy"]) else { continue };
        let [found] = numbers(family.entropy())[..] else { panic!("{table}: shape") };
        close(&format!("entropy of {table} {params:?}"), found, want, 1e-11 * want.abs() + 1e-12);
    }
}

struct Known {
    params: Vec<f64>,
    points: Vec<[f64; 6]>,
}

impl Known {
    fn of(table: &str, names: &[&str]) -> Vec<Known> {
        let file = json("distribution_functions.json");
        let known: Vec<Known> = file
            .as_array()
            .unwrap()
            .iter()
            .filter(|case| case["family"] == table)
            .map(|case| Known {
                params: parameters(case, names),
                points: case["points"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|p| ["x", "cdf", "survival", "log_cdf", "log_survival", "density"].map(|what| number(&p[what]).unwrap()))
                    .collect(),
            })
            .collect();
        assert!(!known.is_empty(), "{table} has no distribution functions");
        known
    }

    fn column(&self, index: usize) -> Vec<f64> {
        self.points.iter().map(|point| point[index]).collect()
    }
}

/// Below this the table itself has no digits.
const TINY: f64 = 1e-300;

fn functions<T: Cdf<1, Kind = burn::tensor::Float>>(table: &str, names: &[&str], build: Build<'_, T>) {
    for known in Known::of(table, names) {
        let family = build(&tensors(&known.params)).place(&placement(FloatDType::F64));
        let xs = known.column(0);
        let x = leaf(&xs, [xs.len()], F64);
        let cdf = family.cdf(&x);
        let gradients = cdf.clone().sum().backward();
        let slope = numbers(x.grad(&gradients).unwrap());
        let (cdf, survival) = (numbers(cdf), numbers(family.survival(&x)));
        let (log_cdf, log_survival) = (numbers(family.log_cdf(&x)), numbers(family.log_survival(&x)));
        for (i, &[x, c, s, log_c, log_s, density]) in known.points.iter().enumerate() {
            let place = |what: &str| format!("{what} of {table} {:?} at {x}", known.params);
            close(&place("cdf"), cdf[i], c, 1e-10 * c + TINY);
            close(&place("survival"), survival[i], s, 1e-10 * s + TINY);
            if c > TINY {
                close(&place("log_cdf"), log_cdf[i], log_c, 1e-10 * log_c.abs() + 1e-15);
            }
            if s > TINY {
                close(&place("log_survival"), log_survival[i], log_s, 1e-10 * log_s.abs() + 1e-15);
            }
            if c > TINY && c < 1.0 {
                close(&place("derivative of cdf"), slope[i], density, 1e-8 * density + TINY);
            }
        }
    }
}

fn quantiles<T: InverseCdf<1, Kind = burn::tensor::Float>>(table: &str, names: &[&str], build: Build<'_, T>) {
    for known in Known::of(table, names) {
        let family = build(&tensors(&known.params)).place(&placement(FloatDType::F64));
        let probabilities = known.column(1);
        let found = numbers(family.icdf(&tensor(&probabilities, [probabilities.len()], F64)));
        for (i, &[x, c, _, _, _, density]) in known.points.iter().enumerate() {
            if c > TINY && c < 1.0 - 1e-12 {
                // Rounding the probability alone moves the quantile this far.
                let slack = 4.0 * f64::EPSILON * c / density;
                close(&format!("quantile of {table} {:?} at {c}", known.params), found[i], x, 1e-10 * x.abs() + slack);
            }
        }
        let outside = numbers(family.icdf(&tensor(&[-0.1, 1.1], [2], F64)));
        assert!(outside.iter().all(|x| x.is_nan()), "{table}: {outside:?}");
        // The ends of the support; below the smallest number that is a float the lower one may be that.
        let ends = numbers(family.icdf(&tensor(&[0.0, 1.0], [2], F64)));
        let [low, high] = numbers(family.cdf(&tensor(&ends, [2], F64)))[..] else { panic!("{table}: shape") };
        assert!(low < 1e-3 && (high - 1.0).abs() < 1e-15, "{table} {:?}: {ends:?} {low} {high}", known.params);
    }
}

macro_rules! known {
    ($($test:ident: $table:literal $names:tt ($($what:ident)+) |$p:ident| $build:expr;)+) => { $(
        #[test]
        fn $test() {
            if has_f64() {
                $($what($table, &$names, &|$p: &[Tensor<1>]| $build);)+
            }
        }
    )+ };
}

known! {
    asymmetric_laplace: "AsymmetricLaplace" ["loc", "scale", "asymmetry"] (moments entropy functions quantiles)
        |p| AsymmetricLaplace::new(&p[0], &p[1], &p[2]);
    cauchy: "Cauchy" ["loc", "scale"] (entropy functions quantiles) |p| Cauchy::new(&p[0], &p[1]);
    continuous_bernoulli: "ContinuousBernoulliLogits" ["logits"] (moments functions quantiles) |p| ContinuousBernoulli::logits(&p[0]);
    continuous_bernoulli_hard: "ContinuousBernoulliLogitsHard" ["logits"] (moments entropy) |p| ContinuousBernoulli::logits(&p[0]);
    continuous_bernoulli_probs: "ContinuousBernoulliProbs" ["probs"] (moments entropy) |p| ContinuousBernoulli::new(&p[0]);
    exponential: "Exponential" ["rate"] (moments entropy functions quantiles) |p| Exponential::new(&p[0]);
    generalized_extreme_value: "GeneralizedExtremeValue" ["loc", "scale", "shape"] (moments entropy functions quantiles)
        |p| GeneralizedExtremeValue::new(&p[0], &p[1], &p[2]);
    generalized_extreme_value_hard: "GeneralizedExtremeValueHard" ["loc", "scale", "shape"] (moments entropy)
        |p| GeneralizedExtremeValue::new(&p[0], &p[1], &p[2]);
    generalized_pareto: "GeneralizedPareto" ["loc", "scale", "concentration"] (moments entropy functions quantiles)
        |p| GeneralizedPareto::new(&p[0], &p[1], &p[2]);
    gompertz: "Gompertz" ["concentration", "rate"] (moments entropy functions quantiles) |p| Gompertz::new(&p[0], &p[1]);
    gumbel: "Gumbel" ["loc", "scale"] (moments entropy functions quantiles) |p| Gumbel::new(&p[0], &p[1]);
    half_cauchy: "HalfCauchy" ["scale"] (entropy functions quantiles) |p| HalfCauchy::new(&p[0]);
    kumaraswamy: "Kumaraswamy" ["a", "b"] (moments entropy functions quantiles) |p| Kumaraswamy::new(&p[0], &p[1]);
    laplace: "Laplace" ["loc", "scale"] (moments entropy functions quantiles) |p| Laplace::new(&p[0], &p[1]);
    log_logistic: "LogLogistic" ["scale", "shape"] (moments entropy functions quantiles) |p| LogLogistic::new(&p[0], &p[1]);
    log_uniform: "LogUniform" ["low", "high"] (moments entropy functions quantiles) |p| LogUniform::new(&p[0], &p[1]);
    logistic: "Logistic" ["loc", "scale"] (moments entropy functions quantiles) |p| Logistic::new(&p[0], &p[1]);
    pareto: "Pareto" ["scale", "alpha"] (moments entropy functions quantiles) |p| Pareto::new(&p[0], &p[1]);
    rayleigh: "Rayleigh" ["scale"] (moments entropy functions quantiles) |p| Rayleigh::new(&p[0]);
    soft_laplace: "SoftLaplace" ["loc", "scale"] (moments entropy functions quantiles) |p| SoftLaplace::new(&p[0], &p[1]);
    uniform: "Uniform" ["low", "high"] (moments entropy functions quantiles) |p| Uniform::new(&p[0], &p[1]);
    weibull: "Weibull" ["scale", "concentration"] (moments entropy functions quantiles) |p| Weibull::new(&p[0], &p[1]);
    beta: "Beta" ["concentration1", "concentration0"] (moments entropy functions) |p| Beta::new(&p[0], &p[1]);
    beta_proportion: "BetaProportion" ["mean", "concentration"] (moments entropy functions) |p| BetaProportion::new(&p[0], &p[1]);
    chi2: "Chi2" ["df"] (moments entropy functions) |p| Chi2::new(&p[0]);
    folded_normal: "FoldedNormal" ["loc", "scale"] (moments entropy functions) |p| FoldedNormal::new(&p[0], &p[1]);
    gamma: "Gamma" ["concentration", "rate"] (moments entropy functions) |p| Gamma::new(&p[0], &p[1]);
    half_normal: "HalfNormal" ["scale"] (moments entropy functions quantiles) |p| HalfNormal::new(&p[0]);
    inverse_gamma: "InverseGamma" ["concentration", "scale"] (moments entropy functions) |p| InverseGamma::new(&p[0], &p[1]);
    inverse_gaussian: "InverseGaussian" ["loc", "concentration"] (moments entropy functions) |p| InverseGaussian::new(&p[0], &p[1]);
    levy: "Levy" ["loc", "scale"] (moments entropy functions quantiles) |p| Levy::new(&p[0], &p[1]);
    log_normal: "LogNormal" ["loc", "scale"] (moments entropy functions quantiles) |p| LogNormal::new(&p[0], &p[1]);
    logit_normal: "LogitNormal" ["loc", "scale"] (moments entropy functions quantiles) |p| LogitNormal::new(&p[0], &p[1]);
    normal: "Normal" ["loc", "scale"] (moments entropy functions quantiles) |p| Normal::new(&p[0], &p[1]);
    skew_normal: "SkewNormal" ["loc", "scale", "shape"] (moments entropy functions quantiles) |p| SkewNormal::new(&p[0], &p[1], &p[2]);
    student_t: "StudentT" ["df", "loc", "scale"] (moments entropy functions) |p| StudentT::new(&p[0], &p[1], &p[2]);
}

#[test]
fn distribution_functions_are_0_below_the_support_and_1_above() {
    fn ends<T: Cdf<1, Kind = burn::tensor::Float>>(family: T, below: f64, above: f64) {
        let name = family.name();
        let family = family.place(&placement(FloatDType::F32));
        let x = leaf(&[below, above], [2], DType::F32);
        let (cdf, survival) = (family.cdf(&x), family.survival(&x));
        assert_eq!(numbers(cdf.clone()), [0.0, 1.0], "{name}");
        assert_eq!(numbers(survival.clone()), [1.0, 0.0], "{name}");
        let (log_cdf, log_survival) = (numbers(family.log_cdf(&x)), numbers(family.log_survival(&x)));
        assert_eq!((log_cdf[0], log_survival[0]), (f64::NEG_INFINITY, 0.0), "{name}");
        let gradients = (cdf + survival).sum().backward();
        assert_eq!(numbers(x.grad(&gradients).unwrap()), [0.0, 0.0], "{name}");
    }
    ends(ContinuousBernoulli::logits(3.0), -1.0, 2.0);
    ends(Exponential::new(2.0), -1.0, 1e4);
    ends(GeneralizedExtremeValue::new(0.0, 1.0, 0.5), -3.0, 1e30);
    ends(GeneralizedPareto::new(1.0, 2.0, -0.5), 0.5, 6.0);
    ends(Gompertz::new(0.5, 1.0), -1.0, 1e4);
    ends(HalfCauchy::new(2.0), -1.0, f64::INFINITY);
    ends(Kumaraswamy::new(0.5, 0.5), -1.0, 2.0);
    ends(LogLogistic::new(2.0, 3.0), -1.0, 1e30);
    ends(LogUniform::new(2.0, 3.0), -1.0, 4.0);
    ends(Beta::new(0.5, 0.5), -1.0, 2.0);
    ends(BetaProportion::new(0.5, 0.5), -1.0, 2.0);
    ends(Chi2::new(3.0), -1.0, 1e4);
    ends(FoldedNormal::new(1.0, 0.5), -1.0, 1e4);
    ends(Gamma::new(0.5, 1.0), -1.0, 1e4);
    ends(HalfNormal::new(2.0), -1.0, 1e4);
    ends(LogNormal::new(0.5, 1.0), -1.0, 1e30);
    ends(LogitNormal::new(0.5, 1.0), -1.0, 2.0);
    ends(InverseGaussian::new(0.5, 1.0), -1.0, 1e4);
    ends(Pareto::new(2.0, 3.0), 1.0, 1e30);
    ends(Rayleigh::new(2.0), -1.0, 1e4);
    ends(Uniform::new(2.0, 3.0), -1.0, 4.0);
    ends(Weibull::new(2.0, 3.0), -1.0, 1e4);
}

#[test]
fn logarithms_reach_further_than_the_floats() {
    if !has_f64() {
        return;
    }
    let at = |x: f64| tensor::<1>(&[x], [1], F64);
    let place = placement(FloatDType::F64);
    let far = |found: Tensor<1>, want: f64| close("far tail", numbers(found)[0], want, 1e-14 * want.abs());
    far(Logistic::new(0.0, 1.0).place(&place).log_cdf(&at(-2000.0)), -2000.0);
    far(Gumbel::new(0.0, 1.0).place(&place).log_survival(&at(2000.0)), -2000.0);
    far(Laplace::new(0.0, 1.0).place(&place).log_survival(&at(2000.0)), -2000.0 - 2f64.ln());
    far(Weibull::new(1.0, 2.0).place(&place).log_survival(&at(100.0)), -1e4);
    far(AsymmetricLaplace::new(0.0, 1.0, 2.0).place(&place).log_survival(&at(1000.0)), -2000.0 - 5f64.ln());
}
