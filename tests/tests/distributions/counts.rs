//! Distribution functions of counts that are sums, and quantiles of counts.
//!
//! `data/count_functions.json` has the sums of the masses and their derivatives in the parameters to 40 digits by mpmath, Zipf's by the
//! zeta function of Hurwitz.

use burn::tensor::{DType, Int, Tensor};
use vi_runtime::Placement;
use vi_runtime::dist::*;

use super::density::function::{Executor, Function, flat};
use super::univariate::{json, number, parameters};
use super::{burn, has_f64, test_device};

/// The distribution function, the survival function and their gradients in the parameters, in double precision by both executors and in
/// single precision.
fn functions<T: Cdf<1, Kind = Int>>(table: &str, names: &[&str], build: impl Fn(&[Tensor<1>]) -> T) {
    type Method<T> = fn(&T, &Tensor<1, Int>) -> Tensor<1>;
    let methods: [(&str, f64, Method<T>); 2] = [("cdf", 1.0, T::cdf), ("survival", -1.0, T::survival)];
    let file = json("count_functions.json");
    let cases: Vec<_> = file.as_array().unwrap().iter().filter(|case| case["family"] == table).collect();
    assert!(!cases.is_empty(), "{table} is not in the file");
    let mut failures = Vec::new();
    for (what, sign, method) in methods {
        let f = Function::new(|to: &Placement, x: Tensor<1, Int>, p: &[Tensor<1>]| flat(method(&build(p).place(to), &x)));
        for case in &cases {
            let params: Vec<Vec<f64>> = parameters(case, names).into_iter().map(|p| vec![p]).collect();
            for point in case["points"].as_array().unwrap() {
                let x = number(&point["x"]).unwrap();
                let want = number(&point[what]).unwrap();
                for by in Executor::under_test(&test_device()) {
                    let place = format!("{what} of {table} {params:?} at {x} {by}");
                    if has_f64() {
                        let found = f.evaluate(*by, &[x], &params, &test_device(), DType::F64).unwrap();
                        if (found.value[0] - want).abs() > 1e-10 * want + 1e-300 {
                            failures.push(format!("{place}: {} instead of {want}", found.value[0]));
                        }
                        for ((name, slope), parameter) in names.iter().zip(&found.params).zip(&params) {
                            let Some(known) = number(&point["gradient"][name]) else { continue };
                            let (slope, known) = (slope.as_ref().map_or(0.0, |slope| slope[0]), sign * known);
                            // Near 1 the slope is what rounding leaves of terms of the size of the whole over the parameter.
                            if (slope - known).abs() > 1e-8 * known.abs() + 16.0 * f64::EPSILON / parameter[0].min(1.0) {
                                failures.push(format!("{place}: {slope} instead of {known} in {name}"));
                            }
                        }
                    }
                    if params.iter().all(|p| p[0] < 1e6) && x.abs() < 1e5 {
                        let found = f.evaluate(*by, &[x], &params, &test_device(), DType::F32).unwrap().value[0];
                        if (found - want).abs() > 1e-4 * want + 1e-6 {
                            failures.push(format!("{place} in single precision: {found} instead of {want}"));
                        }
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

macro_rules! summed {
    ($($test:ident: $table:literal $names:tt |$p:ident| $build:expr;)+) => { $(
        #[test]
        fn $test() {
            functions($table, &$names, |$p: &[Tensor<1>]| $build);
        }
    )+ };
}

summed! {
    beta_binomial: "BetaBinomial" ["concentration1", "concentration0", "total_count"] |p| BetaBinomial::new(&p[0], &p[1], &p[2]);
    hypergeometric: "Hypergeometric" ["population", "successes", "draws"] |p| Hypergeometric::new(&p[0], &p[1], &p[2]);
    skellam: "Skellam" ["rate1", "rate2"] |p| Skellam::new(&p[0], &p[1]);
    zipf: "Zipf" ["power"] |p| Zipf::new(&p[0]);
    hurdle: "Hurdle(Poisson)" ["gate", "rate"] |p| Hurdle::new(&p[0], Poisson::new(&p[1]));
}

/// With numbers for parameters, whose sums are no longer than the support.
#[test]
fn short_sums_are_those_of_long_ones() {
    let ks: Vec<i64> = (-1..=41).collect();
    let k = Tensor::<1, Int>::from_data(burn::tensor::TensorData::new(ks, [43]), &test_device());
    for n in [0.0, 1.0, 5.0, 31.0, 40.0] {
        let number = |x: f64| Tensor::<1>::from_floats([x as f32], &test_device());
        let place = Placement { device: test_device(), dtype: DType::F32.into() };
        let short = BetaBinomial::new(0.7, 2.0, n).place(&place);
        let long = BetaBinomial::new(number(0.7), number(2.0), number(n));
        let compare = |what: &str, short: Tensor<1>, long: Tensor<1>| {
            let apart = (short - long).abs().max().into_scalar::<f32>();
            // Elsewhere the gamma functions are composed of operations in single precision.
            let within = if tests::has_exact_activations() { 2e-6 } else { 1e-5 };
            assert!(apart < within, "{what}, {n} trials: {apart}");
        };
        compare("cdf", short.cdf(&k), long.cdf(&k));
        compare("survival", short.survival(&k), long.survival(&k));
        compare("entropy", short.entropy(), long.entropy());
    }
}

/// The quantile of any level between two values of the distribution function is the upper one's count.
#[test]
fn quantiles_of_counts() {
    fn check<T: InverseCdf<1, Kind = Int>>(of: T, counts: std::ops::Range<i64>) {
        let place = Placement { device: test_device(), dtype: DType::F32.into() };
        let of = of.place(&place);
        let size = (counts.end - counts.start) as usize;
        let k = Tensor::<1, Int>::from_data(burn::tensor::TensorData::new(counts.clone().collect::<Vec<_>>(), [size]), &test_device());
        let mass = of.log_prob(&k).exp();
        let level = of.cdf(&k) - mass.clone() * 0.5;
        let beyond = of.survival(&k) + mass * 0.5;
        for (what, found) in [("icdf", of.icdf(&level)), ("inverse_survival", of.inverse_survival(&beyond))] {
            let found: Vec<i64> = found.into_data().iter().collect();
            assert_eq!(found, counts.clone().collect::<Vec<_>>(), "{what} of {}", of.name());
        }
    }
    check(Poisson::new(40.0), 15..75);
    check(Binomial::new(20.0, 0.3), 0..15);
    check(Bernoulli::new(0.3), 0..2);
    check(NegativeBinomial::new(4.0, 0.4), 0..15);
    check(NegativeBinomial2::new(5.0, 2.0), 0..25);
    check(BetaBinomial::new(0.2, 0.1, 30.0), 0..31);
    check(Hypergeometric::new(50.0, 12.0, 10.0), 0..8);
    check(Hypergeometric::new(20.0, 15.0, 12.0), 7..13);
    check(Skellam::new(3.0, 12.0), -25..5);
    check(Zipf::new(2.2), 1..60);
    check(Categorical::new([0.2, 0.5, 0.3]), 0..3);
    check(ZeroInflated::new(0.3, Poisson::new(4.0)), 0..12);
    check(Hurdle::new(0.1, Poisson::new(4.0)), 0..12);
    check(Geometric::new(0.1), 0..50);
    check(MixtureSameFamily::new([0.3, 0.7], Poisson::new([2.0, 20.0]).expand([1, 2])), 0..35);
    check(MixtureGeneral::new([0.5, 0.5], (Poisson::new(3.0), Skellam::new(3.0, 12.0))), -20..12);
    let uniforms = (DiscreteUniform::new(-4.0, 3.0), DiscreteUniform::new(2.0, 7.0));
    check(MixtureGeneral::new([0.4, 0.6], uniforms), -4..8);
}

#[test]
fn probabilities_beyond_the_unit_interval_are_the_nearer_end() {
    let p = Tensor::<1>::from_floats([-0.5, 0.0, 1.0, 1.5], &test_device());
    let number = |x: f32| Tensor::<1>::from_floats([x], &test_device());
    let found = |counts: Tensor<1, Int>| counts.into_data().iter::<i64>().collect::<Vec<_>>();
    assert_eq!(found(Binomial::new(5.0, 0.5).icdf(&p)), [0, 0, 5, 5]);
    assert_eq!(found(Binomial::new(number(5.0), number(0.5)).icdf(&p)), [0, 0, 5, 5]);
    assert_eq!(found(Zipf::new(30.0).icdf(&p))[..2], [1, 1]);
    assert_eq!(found(OrderedLogistic::new(0.0, [-1.0, 1.0]).icdf(&p)), [0, 0, 2, 2]);
}
