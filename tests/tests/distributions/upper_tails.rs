//! Upper tails, and numbers at the ends of the parameters, against 40-digit results of mpmath, under both executors.

use burn::tensor::{DType, Float, Tensor};
use vi_runtime::Placement;
use vi_runtime::dist::*;

use super::density::function::{Executor, Function, flat};
use super::{burn, has_f64, test_device};

/// What one ulp of the exponent of a tail leaves, and what the quadratures do.
const DOUBLE: f64 = 2e-13;
const SINGLE: f64 = 2e-6;

/// `of` at each `x` against what is right there, with parameters and points that single precision holds exactly; a tolerance is
/// multiplied by `1 + |ln want|`, the exponent whose ulps count. The slopes are finite.
fn check(
    name: &str,
    precisions: &[(DType, f64)],
    params: &[f64],
    known: &[(f64, f64)],
    of: impl Fn(&[Tensor<1>], &Tensor<1>) -> Tensor<1>,
) {
    let f = Function::<Float>::new(|_: &Placement, x, params: &[Tensor<1>]| flat(of(params, &x)));
    let params: Vec<Vec<f64>> = params.iter().map(|&p| vec![p]).collect();
    for by in Executor::under_test(&test_device()) {
        for &(dtype, tolerance) in precisions.iter().filter(|(dtype, _)| has_f64() || *dtype == DType::F32) {
            for &(x, want) in known {
                let found = f.evaluate(*by, &[x], &params, &test_device(), dtype).unwrap();
                let tolerance = tolerance * want.abs() * (1.0 + want.abs().max(f64::MIN_POSITIVE).ln().abs());
                let close = (found.value[0] - want).abs() <= tolerance;
                assert!(close, "{name} {params:?} at {x} {by} {dtype:?}: {:e} instead of {want:e}", found.value[0]);
                let slopes = found.x.iter().chain(found.params.iter().flatten()).flatten();
                assert!(slopes.copied().all(f64::is_finite), "{name} at {x} {by} {dtype:?}: gradients {:?} {:?}", found.x, found.params);
            }
        }
    }
}

const BOTH: &[(DType, f64)] = &[(DType::F64, DOUBLE), (DType::F32, SINGLE)];
const F64: &[(DType, f64)] = &[(DType::F64, DOUBLE)];
const F32: &[(DType, f64)] = &[(DType::F32, SINGLE)];

#[test]
fn tails_of_student_t_with_many_degrees_of_freedom() {
    let half = |p: &[Tensor<1>]| HalfStudentT::new(&p[0], 1.0);
    let student = |p: &[Tensor<1>]| StudentT::new(&p[0], 0.0, 1.0);
    let cases = [
        (100.0, 8.0, 1.136_432_403_864_040_3e-12),
        (100.0, 3.0, 0.001_703_957_671_664_724_8),
        (1e4, 1.5, 0.066_822_985_911_809_81),
        (1e4, 8.0, 6.910_604_364_532_691e-16),
        (1e6, 8.0, 6.227_531_716_601_26e-16),
        (1e8, 2.0, 0.022_750_133_297_953_376),
        (1e8, 10.0, 7.620_047_315_123_921e-24),
        (1e10, 3.0, 0.001_349_898_034_953_980_9),
    ];
    for (df, z, tail) in cases {
        check("StudentT survival", BOTH, &[df], &[(z, tail)], |p, x| student(p).survival(x));
        check("StudentT cdf", BOTH, &[df], &[(-z, tail)], |p, x| student(p).cdf(x));
        check("HalfStudentT survival", BOTH, &[df], &[(z, 2.0 * tail)], |p, x| half(p).survival(x));
        check("HalfStudentT log_survival", BOTH, &[df], &[(z, (2.0 * tail).ln())], |p, x| half(p).log_survival(x));
        // A number of degrees of freedom is known before there is a tensor.
        check("StudentT survival", BOTH, &[], &[(z, tail)], |_, x| StudentT::new(df, 0.0, 1.0).survival(x));
        check("HalfStudentT cdf", BOTH, &[], &[(z, 1.0 - 2.0 * tail)], |_, x| HalfStudentT::new(df, 1.0).cdf(x));
    }
    // 2 t(z; df), and its slope in df by central differences of mpmath's survival function
    let f = Function::<Float>::new(|_: &Placement, x, p: &[Tensor<1>]| flat(StudentT::new(&p[0], 0.0, 1.0).survival(&x)));
    for by in Executor::under_test(&test_device()) {
        for (df, z, in_z, in_df) in SLOPES {
            if has_f64() {
                let found = f.evaluate(*by, &[z], &[vec![df]], &test_device(), DType::F64).unwrap();
                let slopes = [found.x.unwrap()[0], found.params[0].clone().unwrap()[0]];
                for (found, want) in slopes.into_iter().zip([in_z, in_df]) {
                    assert!((found - want).abs() <= 1e-10 * want.abs(), "{df} {z} {by}: {found:e} instead of {want:e}");
                }
            }
        }
    }
}

/// Degrees of freedom, a point, and the slopes of the survival function there in either.
const SLOPES: [(f64, f64, f64, f64); 3] = [
    (1.0e+4, 8.0, -5.576_650_001_928_978e-15, -7.234_702_739_559_452e-21),
    (1.0e+4, 2.0, -0.054_000_412_160_239_04, -1.349_902_321_626_578_1e-09),
    (1e6, 5.0, -1.486_932_870_653_025_3e-06, -4.832_494_656_764_358e-17),
];

#[test]
fn far_quantiles_of_student_t() {
    let f = Function::<Float>::new(|_: &Placement, q, p: &[Tensor<1>]| flat(HalfStudentT::new(&p[0], 1.0).inverse_survival(&q)));
    for by in Executor::under_test(&test_device()).iter().filter(|_| has_f64()) {
        let found = f.evaluate(*by, &[1e-300], &[vec![1.0000001]], &test_device(), DType::F64).unwrap().value[0];
        // The tail is the exponential of −690.
        assert!((found / 6.365_758_387_968_107e299 - 1.0).abs() < 1e-12, "{by}: {found:e}");
    }
}

#[test]
fn entropy_of_half_student_t() {
    for (df, want) in [(1e4, 0.725_891_355_144_560_8), (1e6, 0.725_792_352_644_977_4), (1e8, 0.725_791_362_644_727_5)] {
        check("HalfStudentT entropy", BOTH, &[df], &[(0.0, want)], |p, _| HalfStudentT::new(&p[0], 1.0).entropy());
    }
}

#[test]
fn upper_arcs() {
    let arc = |p: &[Tensor<1>]| VonMises::new(&p[0], &p[1]);
    let cases = [
        (0.5, 700.0, 0.90625, 6.833_065_151_619_552e-27),
        (0.0, 1e8, 0.000_976_562_5, 7.906_727_984_369_857e-23),
        (0.0, 5.0, 2.0, 0.000_189_481_449_643_294_25),
    ];
    // Beyond a half turn from loc a difference of two numbers near 1 is left.
    check("VonMises survival", F64, &[-1.0, 5.0], &[(1.0, 0.000_302_326_792_317_941_57)], |p, x| arc(p).survival(x));
    for (loc, concentration, x, tail) in cases {
        check("VonMises survival", BOTH, &[loc, concentration], &[(x, tail)], |p, x| arc(p).survival(x));
        check("VonMises log_survival", BOTH, &[loc, concentration], &[(x, tail.ln())], |p, x| arc(p).log_survival(x));
        // Below, Newton's steps do not reach the last digit.
        if tail > 1e-16 {
            check("VonMises inverse_survival", BOTH, &[loc, concentration], &[(tail, x)], |p, q| arc(p).inverse_survival(q));
        }
    }
}

#[test]
fn the_smaller_side_of_an_asymmetric_laplace() {
    let laplace = |p: &[Tensor<1>]| AsymmetricLaplace::new(0.0, 1.0, &p[0]);
    let small = 1.0 / (1.0 + 1e8);
    check("survival", BOTH, &[1e4], &[(0.0, small)], |p, x| laplace(p).survival(x));
    check("log_survival", BOTH, &[1e4], &[(0.0, small.ln())], |p, x| laplace(p).log_survival(x));
    let k = 1.0 / 1024.0_f64;
    let small = k * k / (1.0 + k * k);
    check("cdf", BOTH, &[k], &[(0.0, small)], |p, x| laplace(p).cdf(x));
    check("log_cdf", BOTH, &[k], &[(0.0, small.ln())], |p, x| laplace(p).log_cdf(x));
}

#[test]
fn a_uniform_wider_than_the_floats() {
    for (precisions, end) in [(F64, 1e308), (F32, 2f64.powi(127))] {
        let want = -(end.ln() + 2f64.ln());
        let uniform = |p: &[Tensor<1>]| Uniform::new(&p[0], &p[1]);
        check("log_prob", precisions, &[-end, end], &[(0.5, want)], |p, x| uniform(p).log_prob(x));
        check("entropy", precisions, &[-end, end], &[(0.5, -want)], |p, _| uniform(p).entropy());
        check("cdf", precisions, &[-end, end], &[(0.5 * end, 0.75)], |p, x| uniform(p).cdf(x));
        check("survival", precisions, &[-end, end], &[(0.5 * end, 0.25)], |p, x| uniform(p).survival(x));
        // The slope in the level is the width, which is beyond the floats.
        let icdf = |p: &[Tensor<1>], x: &Tensor<1>| uniform(p).icdf(&x.full_like(0.75));
        check("icdf", precisions, &[-end, end], &[(0.0, 0.5 * end)], icdf);
    }
}

#[test]
fn moments_at_the_ends_of_the_parameters() {
    let variance = |p: &[Tensor<1>]| Kumaraswamy::new(&p[0], &p[1]).variance();
    for (a, b, want) in [
        (1e3, 1e3, 1.617_145_950_110_417_7e-06),
        (2.0, 3.0, 0.041_020_408_163_265_305),
        (0.5, 4.0, 0.009_841_269_841_269_842),
        (50.0, 0.125, 9.700_462_731_954_162e-05),
        (1.5, 1e4, 1.743_360_534_674_818_3e-06),
    ] {
        check("Kumaraswamy variance", BOTH, &[a, b], &[(0.0, want)], |p, _| variance(p));
    }
    check("Kumaraswamy variance", F32, &[0.0078125, 500.0], &[(0.0, 0.0)], |p, _| variance(p));
    let normal = |p: &[Tensor<1>]| LogitNormal::new(&p[0], &p[1]);
    check("LogitNormal mean", F64, &[-300.0, 3.0], &[(0.0, 4.634_262_153_822_378_5e-129)], |p, _| normal(p).mean());
    check("LogitNormal variance", F64, &[50.0, 1.0], &[(0.0, 1.737_563_515_299_766_4e-43)], |p, _| normal(p).variance());
}

#[test]
fn quantiles_of_a_logit_normal_stay_inside() {
    for (dtype, below_one, tiny) in [
        (DType::F64, 1.0 - f64::EPSILON / 2.0, f64::MIN_POSITIVE),
        (DType::F32, 1.0 - f64::from(f32::EPSILON) / 2.0, f64::from(f32::MIN_POSITIVE)),
    ] {
        let quantile = |p: &[Tensor<1>], x: &Tensor<1>| LogitNormal::new(&p[0], &p[1]).icdf(x);
        check("icdf", &[(dtype, 0.0)], &[0.0, 1000.0], &[(0.875, below_one), (0.125, tiny)], quantile);
    }
}

#[test]
fn quantiles_of_small_upper_tails() {
    let levy = |p: &[Tensor<1>], q: &Tensor<1>| Levy::new(0.0, &p[0]).inverse_survival(q);
    check(
        "Levy inverse_survival",
        BOTH,
        &[2.0],
        &[
            (2f64.powi(-10), 1_335_087.762_193_451_4),
            (0.09375, 144.198_774_867_179_82),
            (0.125, 80.819_015_073_796_07),
            (0.75, 1.511_368_860_101_945_5),
        ],
        levy,
    );
    check("Levy inverse_survival", F64, &[2.0], &[(2f64.powi(-60), 1.692_425_648_202_419e36)], levy);
    let johnson = |p: &[Tensor<1>], q: &Tensor<1>| JohnsonSU::new(&p[0], &p[1], 0.0, 1.0).inverse_survival(q);
    check(
        "JohnsonSU inverse_survival",
        BOTH,
        &[0.5, 2.0],
        &[(2f64.powi(-60), 31.288_735_205_389_592), (2f64.powi(-100), 121.401_844_838_686_98)],
        johnson,
    );
}

#[test]
fn densities_of_large_concentrations() {
    check("Gamma", F64, &[1e7, 1.0], &[(1e7, -8.977_986_367_017_166)], |p, x| Gamma::new(&p[0], &p[1]).log_prob(x));
    check("Gamma", F64, &[1e8, 1.0], &[(9.994e7, -28.135_881_967_498_133)], |p, x| Gamma::new(&p[0], &p[1]).log_prob(x));
    check("InverseGamma", F64, &[1e7, 1e7], &[(1.0003, 6.689_989_268_201_689)], |p, x| InverseGamma::new(&p[0], &p[1]).log_prob(x));
    check("Beta", F64, &[1e8, 1e8], &[(0.49995, 8.331_122_613_361_648)], |p, x| Beta::new(&p[0], &p[1]).log_prob(x));
    let binomial = |p: &[Tensor<1>], x: &Tensor<1>| Binomial::new(1e9, &p[0]).log_prob(&x.clone().int());
    check("Binomial", F64, &[0.5], &[(499_900_000.0, -30.587_424_384_701_27)], binomial);
}
