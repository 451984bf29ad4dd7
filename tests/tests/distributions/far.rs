//! Distribution functions where probabilities are far below what their logarithms hold, by closed forms, under both executors.

use burn::tensor::{DType, Float, Tensor};
use vi_runtime::Placement;
use vi_runtime::dist::*;

use super::density::function::{Executor, Function, flat};
use super::{burn, has_f64, test_device};

/// `of` at each `x` against what is right there, in the parameters `params`, which single precision holds exactly as it does `x`.
fn check(name: &str, params: &[f64], known: &[(f64, f64)], of: impl Fn(&[Tensor<1>], &Tensor<1>) -> Tensor<1>) {
    let f = Function::<Float>::new(|_: &Placement, x, params: &[Tensor<1>]| flat(of(params, &x)));
    let params: Vec<Vec<f64>> = params.iter().map(|&p| vec![p]).collect();
    let precisions = [(DType::F64, 1e-13), (DType::F32, 2e-6)];
    for by in Executor::under_test(&test_device()) {
        for (dtype, tolerance) in precisions.into_iter().filter(|(dtype, _)| has_f64() || *dtype == DType::F32) {
            for &(x, want) in known {
                let found = f.evaluate(*by, &[x], &params, &test_device(), dtype).unwrap();
                let error = (found.value[0] - want).abs();
                assert!(error <= tolerance * want.abs(), "{name} at {x} {by} {dtype:?}: {} instead of {want}", found.value[0]);
                let slopes = found.x.iter().chain(found.params.iter().flatten()).flatten();
                assert!(slopes.copied().all(f64::is_finite), "{name} at {x} {by} {dtype:?}: gradients {:?} {:?}", found.x, found.params);
            }
        }
    }
}

/// `(1 − e^−a)/(1 − e^−b)`
fn share(a: f64, b: f64) -> f64 {
    (-a).exp_m1() / (-b).exp_m1()
}

#[test]
fn truncated_tails() {
    let rate = 30.0;
    let exponential = |p: &[Tensor<1>]| Exponential::new(&p[0]).truncated(&p[1], &p[2]);
    let known = [20.0078125, 20.015625, 20.5, 20.875].map(|x| (x, share(rate * (x - 20.0), rate)));
    check("Exponential cdf", &[rate, 20.0, 21.0], &known, |p, x| exponential(p).cdf(x));
    check("Exponential log_cdf", &[rate, 20.0, 21.0], &[known[0], known[1]].map(|(x, f)| (x, f.ln())), |p, x| exponential(p).log_cdf(x));
    let left = |x: f64| (-rate * (x - 20.0)).exp() * share(rate * (21.0 - x), rate);
    check("Exponential survival", &[rate, 20.0, 21.0], &known.map(|(x, _)| (x, left(x))), |p, x| exponential(p).survival(x));
    check(
        "Exponential icdf",
        &[rate, 20.0, 21.0],
        &[0.25, 0.5, 0.9375].map(|p: f64| (p, 20.0 - (p * (-rate).exp_m1()).ln_1p() / rate)),
        |p, x| exponential(p).icdf(x),
    );
    // Beyond e^−590 nothing but the exponential is left of a logistic tail.
    let below = |x: f64| (x + 590.0_f64).exp() * share(x + 600.0, 10.0);
    let logistic = |p: &[Tensor<1>]| Logistic::new(&p[0], &p[1]).truncated(&p[2], &p[3]);
    let points = [-599.9375, -599.0, -595.0, -590.25];
    check("Logistic cdf", &[0.0, 1.0, -600.0, -590.0], &points.map(|x| (x, below(x))), |p, x| logistic(p).cdf(x));
    check("Logistic survival", &[0.0, 1.0, -600.0, -590.0], &points.map(|x| (x, share(-590.0 - x, 10.0))), |p, x| logistic(p).survival(x));
    check("Laplace cdf", &[0.0, 1.0, -600.0, -590.0], &points.map(|x| (x, below(x))), |p, x| {
        Laplace::new(&p[0], &p[1]).truncated(&p[2], &p[3]).cdf(x)
    });
    let quantile = |q: f64| (q, -590.0 + (q + (1.0 - q) * (-10.0_f64).exp()).ln());
    check("Logistic icdf", &[0.0, 1.0, -600.0, -590.0], &[0.25, 0.5, 0.9375].map(quantile), |p, x| logistic(p).icdf(x));
    // One bound.
    let open = |p: &[Tensor<1>]| Logistic::new(&p[0], &p[1]).truncated(&p[2], f64::INFINITY);
    let points = [600.0625_f64, 601.0, 640.0];
    check("Logistic cdf above", &[0.0, 1.0, 600.0], &points.map(|x| (x, -(600.0 - x).exp_m1())), |p, x| open(p).cdf(x));
    check("Logistic log_survival above", &[0.0, 1.0, 600.0], &points.map(|x| (x, 600.0 - x)), |p, x| open(p).log_survival(x));
}

#[test]
fn logarithms_of_a_soft_laplace_tail() {
    // (2/π) eᶻ for every z below the range of the exponential
    let known = [-708.75, -709.5, -800.0, -2000.0].map(|z: f64| (z, z + std::f64::consts::FRAC_2_PI.ln()));
    check("log_cdf", &[0.0, 1.0], &known, |p, x| SoftLaplace::new(&p[0], &p[1]).log_cdf(x));
    check("log_survival", &[0.0, 1.0], &known.map(|(z, log)| (-z, log)), |p, x| SoftLaplace::new(&p[0], &p[1]).log_survival(x));
}

/// Between the limits of the one and beyond the zero of the other the tails are those of the base.
#[test]
fn censored_and_hurdle_tails() {
    let censored = |p: &[Tensor<1>]| Logistic::new(&p[0], &p[1]).censored(-700.0, 700.0);
    check("Censored log_cdf", &[0.0, 1.0], &[-700.0, -650.0, -300.0].map(|x| (x, x)), |p, x| censored(p).log_cdf(x));
    check("Censored log_survival", &[0.0, 1.0], &[650.0, 300.0].map(|x| (x, -x)), |p, x| censored(p).log_survival(x));
    // P(x > k) = q^(k + 1) for a geometric variable, so that given a positive one it is q^k.
    let hurdle = |p: &[Tensor<1>], x: &Tensor<1>| Hurdle::new(&p[0], Geometric::new(&p[1])).log_survival(&x.clone().int());
    let log_survival = |k: f64| (k, 0.75_f64.ln() + k * 0.5_f64.ln());
    check("Hurdle log_survival", &[0.25, 0.5], &[1.0, 7.0, 2000.0].map(log_survival), hurdle);
}
