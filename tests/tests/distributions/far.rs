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

/// A log density and its slopes in the value and each parameter, given with 40 digits by mpmath at the numbers of single precision.
struct Slopes {
    params: &'static [f64],
    x: f64,
    value: f64,
    slopes: &'static [f64],
}

/// `log_prob` of families in the precisions and under the executors that there are; `single` says what single precision holds.
fn slopes(name: &str, of: impl Fn(&[Tensor<1>], &Tensor<1>) -> Tensor<1>, known: &[(bool, Slopes)]) {
    let f = Function::<Float>::new(|_: &Placement, x, params: &[Tensor<1>]| flat(of(params, &x)));
    for by in Executor::under_test(&test_device()) {
        for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 4e-6)] {
            for (_, want) in known.iter().filter(|(single, _)| if dtype == DType::F32 { *single } else { has_f64() }) {
                let exact = |x: f64| if known.iter().any(|(single, _)| *single) { f64::from(x as f32) } else { x };
                let params: Vec<Vec<f64>> = want.params.iter().map(|&p| vec![exact(p)]).collect();
                let found = f.evaluate(*by, &[exact(want.x)], &params, &test_device(), dtype).unwrap();
                let of_inputs = found.params.iter().chain([&found.x]).flatten().flatten().copied();
                let pairs = of_inputs.zip(want.slopes.iter().copied()).chain([(found.value[0], want.value)]);
                for (found, known) in pairs {
                    let close = (found - known).abs() <= tolerance * known.abs().max(1e-37);
                    assert!(close, "{name}{:?} at {} {by} {dtype:?}: {found} instead of {known}", want.params, want.x);
                }
            }
        }
    }
}

fn known(params: &'static [f64], x: f64, value: f64, slopes: &'static [f64]) -> Slopes {
    Slopes { params, x, value, slopes }
}

#[test]
fn densities_whose_square_is_beyond_the_floats() {
    let cauchy = |p: &[Tensor<1>], x: &Tensor<1>| Cauchy::new(&p[0], &p[1]).log_prob(x);
    let of = [
        (true, known(&[0.0, 1.0], 2e19, -90.029_257_776_844_32, &[1.0000000019493552e-19, 1.0, -1.0000000019493552e-19])),
        (true, known(&[0.0, 0.0009765625], -1e30, -146.23130730118653, &[-1.999999969905068e-30, 1024.0, 1.999999969905068e-30])),
    ];
    slopes("Cauchy", cauchy, &of);
    let of = [
        (false, known(&[0.0, 1.0], 1e200, -922.178_767_083_467_6, &[2e-200, 1.0, -2e-200])),
        (false, known(&[0.0, 2.0], -1e300, -1_382.002_638_501_717, &[-2e-300, 0.5, 2e-300])),
    ];
    slopes("Cauchy", cauchy, &of);
    let half_cauchy = |p: &[Tensor<1>], x: &Tensor<1>| HalfCauchy::new(&p[0]).log_prob(x);
    slopes("HalfCauchy", half_cauchy, &[(true, known(&[1.0], 2e19, -89.336_110_596_284_37, &[1.0, -1.0000000019493552e-19]))]);
    slopes("HalfCauchy", half_cauchy, &[(false, known(&[1e-100], 1e200, -1151.7441292023123, &[1e100, -2e-200]))]);
    let student_t = |p: &[Tensor<1>], x: &Tensor<1>| StudentT::new(&p[0], &p[1], &p[2]).log_prob(x);
    let of = [
        (
            true,
            known(
                &[3.0, 0.0, 1.0],
                2e19,
                -176.572_720_054_277_1,
                &[-43.199_810_620_603_46, 2.0000000038987104e-19, 3.0, -2.0000000038987104e-19],
            ),
        ),
        (
            true,
            known(
                &[3.0, 0.0, 2.0],
                -1e30,
                -273.0344339500828,
                &[-67.141_952_299_414_9, -3.999999939810136e-30, 1.5, 3.999999939810136e-30],
            ),
        ),
    ];
    slopes("StudentT", student_t, &of);
    let of = [
        (false, known(&[1e-3, 0.0, 1.0], 1e200, -468.582_584_690_836_8, &[535.836_778_147_576_6, 1.001e-200, 1e-3, -1.001e-200])),
        (false, known(&[3.0, 0.0, 1.0], 1e300, -2_761.905_775_865_142, &[-689.533_074_573_319_7, 4e-300, 3.0, -4e-300])),
    ];
    slopes("StudentT", student_t, &of);
    let half_t = |p: &[Tensor<1>], x: &Tensor<1>| HalfStudentT::new(&p[0], &p[1]).log_prob(x);
    slopes(
        "HalfStudentT",
        half_t,
        &[(true, known(&[3.0, 1.0], 2e19, -175.879_572_873_717_2, &[-43.199_810_620_603_46, 3.0, -2.0000000038987104e-19]))],
    );
    slopes("HalfStudentT", half_t, &[(false, known(&[3.0, 1.0], 1e200, -1840.1785914869639, &[-459.27456527391514, 3.0, -4e-200]))]);
}

#[test]
fn slopes_of_a_generalised_pareto_tail() {
    const TWELFTH: f64 = 1.0 / 12.0;
    let of = |p: &[Tensor<1>], x: &Tensor<1>| GeneralizedPareto::new(&p[0], &p[1], &p[2]).log_prob(x);
    let single = [
        (
            true,
            known(
                &[0.0, 3.0, 4.0],
                1e30,
                -87.805_155_885_318_88,
                &[1.2499999811906675e-30, TWELFTH, 4.022_827_179_832_539, -1.2499999811906675e-30],
            ),
        ),
        (
            true,
            known(
                &[0.0, 3.0, 4.0],
                1e20,
                -59.022_842_229_135_07,
                &[1.2499999749489038e-20, TWELFTH, 2.5837114970233482, -1.2499999749489038e-20],
            ),
        ),
        (
            true,
            known(
                &[0.0, 1.0, 0.5],
                1e30,
                -205.15321687292667,
                &[2.999999954857602e-30, 2.0, 267.537_622_497_235_6, -2.999999954857602e-30],
            ),
        ),
    ];
    slopes("GeneralizedPareto", of, &single);
    let double = [(false, known(&[0.0, 3.0, 4.0], 1e300, -864.927_624_751_999_9, &[1.25e-300, TWELFTH, 42.878950623166593, -1.25e-300]))];
    slopes("GeneralizedPareto", of, &double);
}

#[test]
fn a_folded_normal_far_from_its_fold() {
    let density = |p: &[Tensor<1>], x: &Tensor<1>| FoldedNormal::new(&p[0], &p[1]).log_prob(x);
    let of = [(true, known(&[1e-6, 1.0], 30.0, -450.22579135219523, &[0.0008989999974602432, 898.999999998201, -29.99999999997]))];
    slopes("FoldedNormal", density, &of);
    // Φ(−31) − Φ(−29)
    if has_f64() {
        let log_survival = |p: &[Tensor<1>], x: &Tensor<1>| FoldedNormal::new(&p[0], &p[1]).log_survival(x);
        let f = Function::<Float>::new(|_: &Placement, x, p: &[Tensor<1>]| flat(log_survival(p, &x)));
        for by in Executor::under_test(&test_device()) {
            let found = f.evaluate(*by, &[1.0], &[vec![30.0], vec![1.0]], &test_device(), DType::F64).unwrap().value[0];
            assert!((found / -3.289_785_266_704_38e-185 - 1.0).abs() < 1e-11, "{found} {by}");
        }
    }
}

/// Terms of which one is beyond the floats or whose difference would be none.
#[test]
fn masses_and_divergences_beyond_the_floats() {
    let cdf = |p: &[Tensor<1>], x: &Tensor<1>| StudentT::new(&p[0], 0.0, 1.0).cdf(x);
    let survival = |p: &[Tensor<1>], x: &Tensor<1>| StudentT::new(&p[0], 0.0, 1.0).survival(x);
    let half = |p: &[Tensor<1>], x: &Tensor<1>| HalfStudentT::new(&p[0], 1.0).survival(x);
    let (df, x, tail) = (2f64.powi(-10), 2f64.powi(66), 0.47621602208495655);
    check("StudentT cdf", &[df], &[(x, 1.0 - tail), (-x, tail)], cdf);
    check("StudentT survival", &[df], &[(x, tail), (-x, 1.0 - tail)], survival);
    check("HalfStudentT survival", &[df], &[(x, 2.0 * tail)], half);
    let (x, tail) = (2f64.powi(660), 0.31855401814544077);
    let far = [(false, known(&[0.0009765625], x, tail, &[-146.89647721433017, -6.502584323e-203]))];
    slopes("StudentT survival", survival, &far);
    let apart = Function::<Float>::new(|_: &Placement, x, p: &[Tensor<1>]| Cauchy::new(0.0, &p[0]).kl_to(&Cauchy::new(x, &p[0])));
    let narrow = Function::<Float>::new(|_: &Placement, x, p: &[Tensor<1>]| Normal::new(&p[0], 1.0).kl_to(&Normal::new(0.0, x)));
    for by in Executor::under_test(&test_device()) {
        for (dtype, far, tolerance, small) in [(DType::F32, 2f64.powi(100), 1e-6, 1e-30), (DType::F64, 1e200, 1e-13, 1e-160)] {
            if dtype == DType::F64 && !has_f64() {
                continue;
            }
            // 2 ln (x/2)
            let want = 2.0 * (far.ln() - 2f64.ln());
            let found = apart.evaluate(*by, &[far], &[vec![1.0]], &test_device(), dtype).unwrap();
            assert!((found.value[0] / want - 1.0).abs() < tolerance, "{found:?} instead of {want} {by}");
            let found = narrow.evaluate(*by, &[small], &[vec![0.0]], &test_device(), dtype).unwrap();
            assert_eq!(found.value, [f64::INFINITY], "{by}");
        }
    }
}
