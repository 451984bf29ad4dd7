//! Combinators: draws, moments, distribution functions, and what lies outside.

use std::rc::Rc;

use burn::tensor::{DType, FloatDType, Tensor};
use vi_runtime::bijector::{Affine, Bijector, Compose, Exp, LessThan, Sigmoid, StickBreaking};
use vi_runtime::dist::*;
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::{AnyOperand, Key, Support};

use super::density::compare::single_tolerance;
use super::finest::{close, draw, given, placed, precision, slopes};
use super::sampling::{follows, normal_cdf};
use super::{burn, has_f64, leaf, numbers, placement, tensor};

const N: usize = 20_000;

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn truncated_draws_follow_the_conditional_distribution() {
    let both = Logistic::new(0.3, 1.2).truncated(-1.0, 2.0);
    let (below, up_to) = (logistic(-1.3 / 1.2), logistic(1.7 / 1.2));
    follows("the middle", numbers(draw(both.grow([N]), 1)), |x| (logistic((x - 0.3) / 1.2) - below) / (up_to - below));
    // Far out every tail is exponential.
    let tail = Logistic::new(0.0, 1.0).truncated(60.0, f64::INFINITY);
    follows("the upper tail", numbers(draw(tail.grow([N]), 2)), |x| 1.0 - (60.0 - x).exp());
    let tail = Laplace::new(0.0, 0.5).truncated(f64::NEG_INFINITY, -100.0);
    follows("the lower tail", numbers(draw(tail.grow([N]), 3)), |x| (2.0 * (x + 100.0)).exp());
    let tail = Gumbel::new(0.0, 1.0).truncated(30.0, 31.0);
    follows("a slice of the upper tail", numbers(draw(tail.grow([N]), 4)), |x| (1.0 - (30.0 - x).exp()) / (1.0 - (-1.0f64).exp()));
    let narrow = Cauchy::new(0.0, 1.0).truncated(1e3, 2e3);
    follows("Cauchy", numbers(draw(narrow.grow([N]), 5)), |x| {
        let survival = |x: f64| (1.0 / x).atan();
        (survival(1e3) - survival(x)) / (survival(1e3) - survival(2e3))
    });
    let own = Exponential::new(2.0).truncated(given(&[0.0, 5.0], [2]), given(&[1.0, 6.0], [2]));
    let x = numbers(draw(own, 6));
    assert!(x[0] > 0.0 && x[0] < 1.0 && x[1] > 5.0 && x[1] < 6.0, "{x:?}");
}

#[test]
fn counts_can_be_truncated_and_censored() {
    // P(x = k) = p (1 − p)ᵏ, so P(1 ≤ x ≤ 4) = (1 − p) − (1 − p)⁵.
    let p = 0.3f64;
    let mass = |k: i64| p * (1.0 - p).powi(k as i32);
    let counts =
        |x: &[i64]| Tensor::<1, burn::tensor::Int>::from_data(burn::tensor::TensorData::new(x.to_vec(), [x.len()]), &super::test_device());
    let all = counts(&[0, 1, 2, 3, 4, 5]);
    let truncated = placed(Geometric::new(p).truncated(1.0, 4.0));
    assert_eq!(truncated.support(), Support::IntegerInterval(1, 4));
    let total: f64 = (1..=4).map(mass).sum();
    let found = numbers(truncated.log_prob(&all));
    assert_eq!((found[0], found[5]), (f64::NEG_INFINITY, f64::NEG_INFINITY));
    close(&found[1..5], &[1, 2, 3, 4].map(|k| (mass(k) / total).ln()));
    let draws: Vec<i64> = draw(truncated.grow([N]), 21).into_data().iter::<i64>().collect();
    for k in 0..=6 {
        let expected = if (1..=4).contains(&k) { mass(k) / total } else { 0.0 };
        let found = draws.iter().filter(|&&x| x == k).count() as f64 / N as f64;
        assert!((found - expected).abs() <= 4.0 * (expected * (1.0 - expected) / N as f64).sqrt(), "{k}: {found} instead of {expected}");
    }
    let positive = placed(Geometric::new(p).truncated(1.0, f64::INFINITY));
    close(&numbers(positive.log_prob(&counts(&[1, 7]))), &[1, 7].map(|k| (mass(k) / (1.0 - p)).ln()));
    let censored = placed(Geometric::new(p).censored(1.0, 4.0));
    let expected = [mass(0) + mass(1), mass(2), mass(3), (1.0 - p).powi(4)].map(f64::ln);
    close(&numbers(censored.log_prob(&all))[1..5], &expected);
}

#[test]
fn truncated_draws_stay_strictly_inside() {
    let to = placement(FloatDType::F32);
    let mut source = HostNoise::new(Key::new(7), to.clone());
    let mut inside = |x: Truncated<1, Logistic<1>>, low: f64, high: f64| {
        let x = numbers(x.grow([2_000]).place(&to).draw(&mut Noise::new(&mut source)).unwrap());
        assert!(x.iter().all(|&x| x > low && x < high), "({low}, {high}): {x:?}");
    };
    inside(Logistic::new(0.0, 1.0).truncated(0.0, 1e-6), 0.0, f64::from(1e-6f32));
    inside(Logistic::new(0.0, 1.0).truncated(1.0, 1.000_001), 1.0, f64::from(1.000_001f32));
}

#[test]
fn truncated_draws_where_single_precision_has_no_mass() {
    let to = placement(FloatDType::F32);
    let mut source = HostNoise::new(Key::new(7), to.clone());
    let mut noise = Noise::new(&mut source);
    // All that is left of these tails is exponential.
    let exponential = |name: &str, x: Tensor<1>| follows(name, numbers(x), |x| 1.0 - (-x).exp());
    let logistic = |low: f64, high: f64| Logistic::new(0.5, 2.0).truncated(low, high).grow([N]).place(&to);
    exponential("above", (logistic(300.5, 400.0).draw(&mut noise).unwrap() - 300.5) / 2.0);
    exponential("above, open", (logistic(300.5, f64::INFINITY).draw(&mut noise).unwrap() - 300.5) / 2.0);
    exponential("below", (logistic(-400.0, -300.5).draw(&mut noise).unwrap() + 300.5) / -2.0);
    exponential("below, open", (logistic(f64::NEG_INFINITY, -300.5).draw(&mut noise).unwrap() + 300.5) / -2.0);
    let laplace = Laplace::new(0.5, 2.0).truncated(-900.0, -300.5).grow([N]).place(&to);
    exponential("Laplace", (laplace.draw(&mut noise).unwrap() + 300.5) / -2.0);
    let waiting = Exponential::new(30.0).truncated(20.0, f64::INFINITY).grow([N]).place(&to);
    exponential("Exponential", (waiting.draw(&mut noise).unwrap() - 20.0) * 30.0);
    // exp(−½ (x² − 50²)) times 50/x to two terms of Mills' ratio: 1e-6 of the share.
    let mills = |x: f64| (1.0 - x.powi(-2)) / x;
    let normal_share = |x: f64| 1.0 - (-0.5 * (x - 50.0) * (x + 50.0)).exp() * mills(x) / mills(50.0);
    let normal = |low: f64, high: f64| Normal::new(0.5, 2.0).truncated(low, high).grow([N]).place(&to);
    let standard = |x: Tensor<1>| numbers((x - 0.5) / 2.0);
    follows("a normal tail above", standard(normal(100.5, 200.0).draw(&mut noise).unwrap()), normal_share);
    let below = standard(normal(f64::NEG_INFINITY, -99.5).draw(&mut noise).unwrap());
    follows("a normal tail below", below.into_iter().map(|x| -x).collect(), normal_share);
    // A base that does not know its tail: at the end that is nearer to the rest.
    let gumbel = numbers(Gumbel::new(0.0, 1.0).truncated(-60.0, -50.0).grow([9]).place(&to).draw(&mut noise).unwrap());
    assert!(gumbel.iter().all(|&x| x < -50.0 && x > -50.1), "{gumbel:?}");
}

#[test]
fn truncated_distribution_functions_are_inverse_to_each_other() {
    let p = [1e-6, 0.1, 0.5, 0.9, 1.0 - 1e-6];
    let p_given = given(&p, [5]);
    for (low, high) in [(-1.0, 2.0), (3.0, 30.0), (-40.0, -2.0), (40.0, 41.0)] {
        let truncated = placed(Logistic::new(0.3, 1.2).truncated(low, high));
        let x = truncated.icdf(&p_given);
        assert!(numbers(x.clone()).iter().all(|&x| x > low && x < high), "{x}");
        close(&numbers(truncated.cdf(&x)), &numbers(p_given.clone()));
    }
    let truncated = placed(Logistic::new(0.3, 1.2).truncated(-1.0, 2.0));
    assert_eq!(numbers(truncated.cdf(&given(&[-5.0, -1.0, 2.0, 9.0], [4]))), [0.0, 0.0, 1.0, 1.0]);
    assert!(numbers(truncated.icdf(&given(&[-0.1, 1.1], [2]))).iter().all(|x| x.is_nan()));
    let beyond = [(-5.0, 0.0), (0.5, 1.5 / 3.0), (9.0, 1.0)];
    let uniform = placed(Uniform::new(-10.0, 10.0).truncated(-1.0, 2.0));
    close(&numbers(uniform.cdf(&given(&beyond.map(|b| b.0), [3]))), &beyond.map(|b| b.1));
}

/// The mass between two points, by mpmath at 40 digits.
#[test]
fn mass_between_two_points_holds_in_the_tails() {
    let logistic = placed(Logistic::new(0.0, 1.0));
    let between = |low: f64, high: f64| numbers(logistic.log_mass(&given(&[low], [1]), &given(&[high], [1])))[0];
    close(&[between(40.0, 41.0)], &[-40.458_675_145_387_08]);
    close(&[between(-700.0, -600.0)], &[-600.0]);
    close(&[between(600.0, 700.0)], &[-600.0]);
    close(&[between(-1.0, 1.0)], &[-0.771_936_832_905_475_6]);
    close(&[between(-800.0, 3.0)], &[-0.048_587_351_573_741_9]);
    // Where nothing lies beyond an end its logarithm is infinite, and no gradient comes of it.
    let rate = leaf::<1>(&[2.0], [1], precision().into());
    let mass = Exponential::new(&rate).log_mass(&given(&[-1.0], [1]), &given(&[1.0], [1]));
    let gradients = mass.clone().sum().backward();
    // d ln(1 − e^−2)/d rate = 1/(e² − 1)
    close(&numbers(mass), &[-0.145_413_457_868_859_06]);
    close(&numbers(rate.grad(&gradients).unwrap()), &[0.156_517_642_749_665_65]);
    let low = leaf::<1>(&[-1.0, 0.5], [2], precision().into());
    let uniform = Uniform::new(&low, 3.0).log_mass(&given(&[-2.0, 1.0], [2]), &given(&[4.0, 9.0], [2]));
    let gradients = uniform.clone().sum().backward();
    close(&numbers(uniform), &[0.0, (2.0f64 / 2.5).ln()]);
    close(&numbers(low.grad(&gradients).unwrap()), &[0.0, 0.4]);
}

#[test]
fn censored_draws_have_the_mass_of_the_tails_at_the_limits() {
    let censored = Logistic::new(0.3, 1.2).censored(-1.0, 2.0);
    let x = numbers(draw(censored.clone().grow([N]), 8));
    let share = |at: f64| x.iter().filter(|&&x| x == at).count() as f64 / N as f64;
    for (found, mass) in [(share(-1.0), logistic(-1.3 / 1.2)), (share(2.0), 1.0 - logistic(1.7 / 1.2))] {
        assert!((found - mass).abs() < 4.0 * (mass * (1.0 - mass) / N as f64).sqrt(), "{found} instead of {mass}");
    }
    let (below, up_to) = (logistic(-1.3 / 1.2), logistic(1.7 / 1.2));
    let between = x.into_iter().filter(|&x| x > -1.0 && x < 2.0).collect();
    follows("between the limits", between, |x| (logistic((x - 0.3) / 1.2) - below) / (up_to - below));
    let cdf = placed(censored).cdf(&given(&[-1.1, -1.0, 0.3, 1.9, 2.0], [5]));
    close(&numbers(cdf), &[0.0, below, 0.5, logistic(1.6 / 1.2), 1.0]);
}

#[test]
fn one_limit_for_each_observation() {
    let (rate, at) = (leaf::<1>(&[0.5], [1], precision().into()), given(&[1.0, 2.0, 3.0], [3]));
    let waiting = Exponential::new(&rate).censored(f64::NEG_INFINITY, &at);
    assert_eq!((waiting.shape(), waiting.is_reparameterised()), ([3], false));
    let log_prob = waiting.log_prob(&given(&[1.0, 1.5, 3.5], [3]));
    // Cut off at 1: −rate; seen at 1.5: ln rate − 1.5 rate; beyond the limit of 3: impossible.
    let gradients = log_prob.clone().narrow(0, 0, 2).sum().backward();
    close(&numbers(log_prob.clone().narrow(0, 0, 2)), &[-0.5, 0.5f64.ln() - 0.75]);
    assert_eq!(numbers(log_prob)[2], f64::NEG_INFINITY);
    close(&numbers(rate.grad(&gradients).unwrap()), &[-1.0 + 2.0 - 1.5]);
}

#[test]
fn folded_draws_and_distribution_functions() {
    let folded = Logistic::new(0.7, 0.5).folded();
    let cdf = |x: f64| logistic((x - 0.7) / 0.5) - logistic((-x - 0.7) / 0.5);
    follows("Folded", numbers(draw(folded.clone().grow([N]), 9)), cdf);
    assert_eq!((folded.support(), folded.is_reparameterised()), (Support::Positive, true));
    let x = [-1.0, 0.0, 0.2, 3.0];
    close(&numbers(placed(folded.clone()).cdf(&given(&x, [4]))), &[0.0, 0.0, cdf(0.2), cdf(3.0)]);
    let far = numbers(placed(folded).log_survival(&given(&[40.0], [1])));
    close(&far, &[-78.6 + (1.0 + (-2.8f64).exp()).ln()]);
    // A normal variable folded at its mean is half-normal, and folded elsewhere has a family of its own.
    let x = given(&[0.1, 1.0, 7.0], [3]);
    close(&numbers(placed(Normal::new(0.0, 2.0).folded()).log_prob(&x)), &numbers(placed(HalfNormal::new(2.0)).log_prob(&x)));
    close(&numbers(placed(Normal::new(-1.0, 2.0).folded()).log_prob(&x)), &numbers(placed(FoldedNormal::new(-1.0, 2.0)).log_prob(&x)));
    assert_eq!(Uniform::new(-3.0, 1.0).folded().support(), Support::Interval(0.0, 3.0));
    assert_eq!(Uniform::new(-3.0, -1.0).folded().support(), Support::Interval(1.0, 3.0));
    close(&numbers(placed(Uniform::new(-3.0, 1.0).folded()).log_prob(&given(&[0.5, 2.0], [2]))), &[0.5f64.ln(), 0.25f64.ln()]);
}

/// Mean over draws of the gradient of `f` against the derivative of its expectation: within 4 standard errors.
fn expectation(name: &str, params: &[f64], want: &[f64], f: impl Fn(&[Tensor<1>], &mut Noise<'_>) -> Tensor<1>) {
    for (k, (mean, error)) in slopes(params, N, f).into_iter().enumerate() {
        assert!(
            (mean - want[k]).abs() <= 4.0 * error + 1e-5 * want[k].abs(),
            "{name}, parameter {k}: {mean} ± {error} instead of {}",
            want[k]
        );
    }
}

#[test]
fn gradients_flow_through_truncated_draws() {
    // E x of Exponential(r) on [a, b]: 1/r + (a e^−ra − b e^−rb)/(e^−ra − e^−rb)
    let mean = |r: f64, a: f64, b: f64| {
        let (ea, eb) = ((-r * a).exp(), (-r * b).exp());
        1.0 / r + (a * ea - b * eb) / (ea - eb)
    };
    for (r, a, b) in [(2.0, 0.1, 0.7), (2.0, 1.0, 2.5), (0.3, 5.0, 9.0)] {
        let h = 1e-5;
        let want = [
            (mean(r + h, a, b) - mean(r - h, a, b)) / (2.0 * h),
            (mean(r, a + h, b) - mean(r, a - h, b)) / (2.0 * h),
            (mean(r, a, b + h) - mean(r, a, b - h)) / (2.0 * h),
        ];
        expectation("Exponential", &[r, a, b], &want, |p, n| Exponential::new(&p[0]).truncated(&p[1], &p[2]).draw(n).unwrap());
    }
    // E x = a + 1/r without an upper bound
    expectation("Exponential", &[0.5, 20.0], &[-4.0, 1.0], |p, n| Exponential::new(&p[0]).truncated(&p[1], f64::INFINITY).draw(n).unwrap());
    expectation("folded", &[0.7, 1.3], &[1.4, 2.6], |p, n| Normal::new(&p[0], &p[1]).folded().draw(n).unwrap().square());
}

/// Rows `[N, 2]` of two parameters that each draw has of its own.
fn pair(a: &Tensor<1>, b: &Tensor<1>) -> Tensor<2> {
    Tensor::stack(vec![a.clone(), b.clone()], 1)
}

#[test]
fn gradients_flow_through_reparameterised_mixtures() {
    // E x = Σ wₖ mₖ, E x² = Σ wₖ (mₖ² + vₖ), with v = π² s²/3 for logistic components and w = softmax(0, a)
    let (a, m, s) = (0.8f64, [-1.0, 2.0], [0.5, 1.5f64]);
    let w = [1.0 / (1.0 + a.exp()), a.exp() / (1.0 + a.exp())];
    let third = std::f64::consts::PI.powi(2) / 3.0;
    let second = |k: usize| m[k] * m[k] + third * s[k] * s[k];
    let mixture = |p: &[Tensor<1>]| {
        let weights = pair(&p[0].zeros_like(), &p[0]);
        MixtureSameFamily::logits(weights, Logistic::new(pair(&p[1], &p[2]), pair(&p[3], &p[4]))).reparameterised()
    };
    let params = [a, m[0], m[1], s[0], s[1]];
    let slope = w[0] * w[1];
    let want = [slope * (m[1] - m[0]), w[0], w[1], 0.0, 0.0];
    expectation("the mean", &params, &want, |p, n| mixture(p).draw(n).unwrap());
    let want =
        [slope * (second(1) - second(0)), 2.0 * w[0] * m[0], 2.0 * w[1] * m[1], 2.0 * third * w[0] * s[0], 2.0 * third * w[1] * s[1]];
    expectation("the square", &params, &want, |p, n| mixture(p).draw(n).unwrap().square());
    // E cos x = Σ wₖ cos(mₖ) π sₖ/sinh(π sₖ)
    let damp = |s: f64| std::f64::consts::PI * s / (std::f64::consts::PI * s).sinh();
    let want = [
        slope * (m[1].cos() * damp(s[1]) - m[0].cos() * damp(s[0])),
        -w[0] * m[0].sin() * damp(s[0]),
        -w[1] * m[1].sin() * damp(s[1]),
        w[0] * m[0].cos() * (damp(s[0] + 1e-6) - damp(s[0] - 1e-6)) / 2e-6,
        w[1] * m[1].cos() * (damp(s[1] + 1e-6) - damp(s[1] - 1e-6)) / 2e-6,
    ];
    expectation("the cosine", &params, &want, |p, n| mixture(p).draw(n).unwrap().cos());
}

#[test]
fn a_reparameterised_draw_is_the_draw() {
    let mixture = MixtureSameFamily::new([0.3, 0.7], Logistic::new([-2.0, 1.0], [0.5, 1.5]).expand([1, 2])).grow([7]);
    assert_eq!(numbers(draw(mixture.clone(), 11)), numbers(draw(mixture.clone().reparameterised(), 11)));
    assert!(!mixture.is_reparameterised() && mixture.clone().reparameterised().is_reparameterised());
    let x = given(&[0.3], [1]);
    assert_eq!(numbers(placed(mixture.clone()).log_prob(&x)), numbers(placed(mixture.reparameterised()).log_prob(&x)));
}

#[test]
fn moments_and_distribution_functions_of_mixtures() {
    let components = || Logistic::new([-2.0, 1.0], [0.5, 1.5]);
    let same = placed(MixtureSameFamily::new([0.3, 0.7], components().expand([1, 2])));
    let (left, right) = (Logistic::new(-2.0, 0.5), Logistic::new(1.0, 1.5));
    let general = placed(MixtureGeneral::logits([0.0, (7.0f64 / 3.0).ln()], (left, right)));
    let third = std::f64::consts::PI.powi(2) / 3.0;
    let (mean, variance) = (0.1, 0.3 * (third * 0.25 + 2.1f64.powi(2)) + 0.7 * (third * 2.25 + 0.9f64.powi(2)));
    close(&numbers(same.mean()), &[mean]);
    close(&numbers(same.variance()), &[variance]);
    close(&numbers(general.mean()), &[mean]);
    close(&numbers(general.variance()), &[variance]);
    let x = given(&[-3.0, 0.0, 4.0], [3]);
    let cdf: Vec<f64> = [-3.0, 0.0, 4.0].map(|x: f64| 0.3 * logistic((x + 2.0) / 0.5) + 0.7 * logistic((x - 1.0) / 1.5)).to_vec();
    close(&numbers(same.cdf(&x)), &cdf);
    close(&numbers(general.cdf(&x)), &cdf);
    // ln(0.3 e^(−(x + 2)/0.5) + 0.7 e^(−(x − 1)/1.5)) at 1000: the second term alone
    let far = [0.7f64.ln() - 999.0 / 1.5];
    close(&numbers(same.log_survival(&given(&[1000.0], [1]))), &far);
    close(&numbers(general.log_survival(&given(&[1000.0], [1]))), &far);
    close(&numbers(same.log_cdf(&given(&[-1000.0], [1]))), &[0.7f64.ln() - 1001.0 / 1.5]);
    close(&numbers(general.survival(&x)), &cdf.iter().map(|f| 1.0 - f).collect::<Vec<_>>());
    close(&numbers(general.log_prob(&x)), &numbers(same.log_prob(&x)));
}

#[test]
fn general_mixtures_draw_from_their_components() {
    let mixture = MixtureGeneral::new([0.5, 0.2, 0.3], (Normal::new(-2.0, 0.5), Uniform::new(0.0, 1.0), Logistic::new(5.0, 0.5)));
    assert_eq!((mixture.shape(), mixture.event_rank(), mixture.support()), ([1], 0, Support::Real));
    assert_eq!(mixture.name(), "MixtureGeneral(Normal, Uniform, Logistic)");
    follows("MixtureGeneral", numbers(draw(mixture.grow([N]), 12)), |x| {
        0.5 * normal_cdf((x + 2.0) / 0.5) + 0.2 * x.clamp(0.0, 1.0) + 0.3 * logistic((x - 5.0) / 0.5)
    });
    let counts = MixtureGeneral::new([0.4, 0.6], (Poisson::new(2.0), Bernoulli::new(0.5)));
    assert_eq!(counts.support(), Support::NonNegativeInteger);
    let k: Vec<i64> = draw(counts.grow([N]), 13).into_data().iter::<i64>().collect();
    let zeros = k.iter().filter(|&&k| k == 0).count() as f64 / N as f64;
    let expected = 0.4 * (-2.0f64).exp() + 0.3;
    assert!((zeros - expected).abs() < 4.0 * (expected * (1.0 - expected) / N as f64).sqrt(), "{zeros} instead of {expected}");
    // Both coordinates of a draw come from one component.
    let near = MultivariateNormal::new([-50.0, -50.0], [[1.0, 0.0], [0.0, 1.0]]);
    let far = Normal::new(50.0, 1.0).expand([2]).independent(1);
    let rows = MixtureGeneral::new([0.5, 0.5], (near.expand([1, 2]), Normal::new(50.0, 1.0).expand([1, 2]).independent(1)));
    assert_eq!((rows.shape(), rows.event_rank(), far.shape()), ([1, 2], 1, [2]));
    let x = numbers(draw(rows.grow([200, 2]), 14));
    assert!(x.chunks(2).all(|pair| (pair[0] > 0.0) == (pair[1] > 0.0)));
    let high = x.chunks(2).filter(|pair| pair[0] > 0.0).count();
    assert!((60..140).contains(&high), "{high} of 200");
}

#[test]
fn what_does_not_fit_a_general_mixture_is_a_conflict() {
    let pair = || (Normal::new(0.0, 1.0), Cauchy::new(0.0, 1.0));
    assert!(MixtureGeneral::new([0.5, 0.5], pair()).conflict().is_none());
    let three = MixtureGeneral::new([0.2, 0.3, 0.5], pair()).conflict().unwrap();
    assert_eq!((three.left, three.right), (("probs", vec![3]), ("the components", vec![2])));
    let apart = (Normal::new([0.0, 1.0], 1.0), Cauchy::new([0.0, 1.0, 2.0], 1.0));
    assert!(MixtureGeneral::new([0.5, 0.5], apart).conflict().is_some());
    let rows = MixtureGeneral::logits(given(&[0.0; 6], [3, 2]), (Normal::new([0.0, 1.0], 1.0), Cauchy::new(0.0, 1.0)));
    assert!(rows.conflict().is_some());
    let fits = MixtureGeneral::logits(given(&[0.0; 6], [3, 2]), pair());
    assert!(fits.conflict().is_none());
    assert_eq!(fits.shape(), [3]);
    let mut seen = Vec::new();
    placed(fits).parameters(&mut |name, value, constraint| {
        let count = match value {
            AnyOperand::Host(values) => values.len(),
            AnyOperand::Tensor(tensor) => tensor.len(),
        };
        seen.push((name, count, constraint));
    });
    assert_eq!(seen[0], ("logits", 6, Constraint::Logit));
    assert_eq!(seen.len(), 5);
}

#[test]
fn transforms_element_by_element_have_distribution_functions() {
    let x = given(&[0.2, 1.0, 30.0], [3]);
    let through = placed(Logistic::new(0.3, 1.2).transformed(Rc::new(Exp)));
    // A log-logistic variable: P(y ≤ x) = σ((ln x − 0.3)/1.2).
    let cdf = [0.2f64, 1.0, 30.0].map(|x| logistic((x.ln() - 0.3) / 1.2));
    close(&numbers(through.cdf(&x)), &cdf);
    close(&numbers(through.log_survival(&x)), &cdf.map(|f| (1.0 - f).ln()));
    close(&numbers(through.icdf(&given(&cdf, [3]))), &[0.2, 1.0, 30.0]);
    assert_eq!(numbers(through.cdf(&given(&[-1.0, 0.0], [2]))), [0.0, 0.0]);
    assert_eq!(numbers(through.log_survival(&given(&[-1.0, 0.0], [2]))), [0.0, 0.0]);
    type Turned = (Rc<dyn Bijector<1>>, fn(f64) -> f64);
    let turned: [Turned; 3] = [
        (Rc::new(Affine::new(2.0, -3.0)), |y| (y - 2.0) / -3.0),
        (Rc::new(LessThan(1.0)), |y| (1.0 - y).ln()),
        (Rc::new(Compose(vec![Rc::new(Affine::new(1.0, -0.5)) as Rc<dyn Bijector<1>>, Rc::new(Sigmoid)])), |y| {
            ((y / (1.0 - y)).ln() - 1.0) / -0.5
        }),
    ];
    for (bijector, inverse) in turned {
        let turned = placed(Gumbel::new(0.0, 1.0).transformed(bijector));
        let y = [0.1, 0.4, 0.8];
        let survival = y.map(|y| (-(-inverse(y)).exp()).exp());
        close(&numbers(turned.survival(&given(&y, [3]))), &survival);
        close(&numbers(turned.cdf(&given(&y, [3]))), &survival.map(|s| 1.0 - s));
        close(&numbers(turned.icdf(&turned.cdf(&given(&y, [3])))), &y);
        close(&numbers(turned.inverse_survival(&turned.survival(&given(&y, [3])))), &y);
    }
    let below = placed(Gumbel::new(0.0, 1.0).transformed(Rc::new(LessThan(1.0))));
    assert_eq!(numbers(below.cdf(&given(&[1.0, 7.0], [2]))), [1.0, 1.0]);
    let simplex = placed(Logistic::new([0.0, 0.0], 1.0).transformed(Rc::new(StickBreaking)));
    assert!(numbers(simplex.cdf(&given(&[0.2, 0.3, 0.5], [3]))).iter().all(|f| f.is_nan()));
    // So a transformed distribution can be truncated.
    let truncated = Logistic::new(0.3, 1.2).transformed(Rc::new(Exp)).truncated(0.5, 2.0);
    let (low, high) = (logistic((0.5f64.ln() - 0.3) / 1.2), logistic((2.0f64.ln() - 0.3) / 1.2));
    follows("transformed, truncated", numbers(draw(truncated.grow([N]), 15)), |x| (logistic((x.ln() - 0.3) / 1.2) - low) / (high - low));
}

#[test]
fn what_wraps_passes_moments_and_entropies_on() {
    let normal = || Normal::new(given(&[0.0, 1.0, 2.0, 3.0], [2, 2]), 2.0);
    let each = 0.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E * 4.0).ln();
    let rows = placed(normal().independent(1));
    close(&numbers(rows.mean()), &[0.0, 1.0, 2.0, 3.0]);
    close(&numbers(rows.variance()), &[4.0; 4]);
    assert_eq!(rows.entropy().dims(), [2, 1]);
    close(&numbers(rows.entropy()), &[2.0 * each; 2]);
    let keep = Tensor::<2, burn::tensor::Bool>::from_data([[true, false], [false, true]], &super::test_device());
    let masked = placed(normal().masked(keep.clone()));
    close(&numbers(masked.mean()), &[0.0, 1.0, 2.0, 3.0]);
    close(&numbers(masked.entropy()), &[each, 0.0, 0.0, each]);
    let masked = placed(Logistic::new(0.0, 1.0).expand([2, 2]).masked(keep));
    close(&numbers(masked.cdf(&given(&[0.0, 1.0, 2.0, 3.0], [2, 2]))), &[0.0, 1.0, 2.0, 3.0].map(logistic));
    close(&numbers(masked.icdf(&given(&[0.5; 4], [2, 2]))), &[0.0; 4]);
}

/// Every element of `x` is outside: no density, and no gradient.
fn refused(name: &str, x: &[f64], log_prob: impl Fn(&Tensor<1>, &Tensor<1>) -> Tensor<1>) {
    let (p, x) = (leaf::<1>(&[1.5], [1], DType::F32), leaf::<1>(x, [x.len()], DType::F32));
    let log_prob = log_prob(&p, &x);
    assert!(numbers(log_prob.clone()).iter().all(|&lp| lp == f64::NEG_INFINITY), "{name}: {log_prob}");
    let gradients = log_prob.sum().backward();
    for leaf in [&p, &x] {
        assert!(leaf.grad(&gradients).is_none_or(|g| numbers(g).iter().all(|&g| g == 0.0)), "{name}: a gradient");
    }
}

#[test]
fn outside_there_is_no_density_and_no_gradient() {
    let infinite = [f64::INFINITY, f64::NEG_INFINITY];
    let beyond = [-1.0, 0.0, 5.0, 7.0, infinite[0], infinite[1]];
    refused("Truncated", &beyond, |p, x| Logistic::new(p, p).truncated(1.0, 4.0).log_prob(x));
    refused("Truncated", &[-1.0, 0.5, infinite[1]], |p, x| {
        Normal::new(p, p).transformed(Rc::new(Exp)).log_prob(&(x.clone().clamp_max(0.0)))
    });
    refused("Truncated Exponential", &[-3.0, 4.5], |p, x| Exponential::new(p).truncated(-1.0, 4.0).log_prob(x));
    refused("within the bounds, outside the base", &[-0.5], |p, x| Exponential::new(p).truncated(-1.0, 4.0).log_prob(x));
    refused("Censored", &beyond, |p, x| Logistic::new(p, p).censored(1.0, 4.0).log_prob(x));
    refused("Folded", &[-1.0, -1e-30, infinite[1]], |p, x| Logistic::new(p, p).folded().log_prob(x));
    refused("MixtureGeneral", &[-1.0, -2.0], |p, x| MixtureGeneral::new([0.5, 0.5], (Exponential::new(p), HalfNormal::new(p))).log_prob(x));
    // A component that lacks the value leaves the other's gradient as it is.
    let (rate, x) = (leaf::<1>(&[1.5], [1], DType::F32), tensor::<1>(&[-1.0], [1], DType::F32));
    let log_prob = MixtureGeneral::new([0.5, 0.5], (Exponential::new(&rate), Normal::new(0.0, 1.0))).log_prob(&x);
    let gradients = log_prob.clone().sum().backward();
    assert!((numbers(log_prob)[0] - (0.5f64.ln() - 0.5 - 0.918_938_533_204_672_8)).abs() < 1e-6);
    assert_eq!(numbers(rate.grad(&gradients).unwrap()), [0.0]);
}

#[test]
fn supports_and_parameters() {
    assert_eq!(Exponential::new(1.0).truncated(-1.0, 4.0).support(), Support::Interval(0.0, 4.0));
    assert_eq!(Exponential::new(1.0).truncated(2.0, f64::INFINITY).support(), Support::GreaterThan(2.0));
    assert_eq!(Logistic::new(0.0, 1.0).truncated(0.0, f64::INFINITY).support(), Support::Positive);
    assert_eq!(Logistic::new(0.0, 1.0).truncated(0.0, 1.0).support(), Support::UnitInterval);
    assert_eq!(Logistic::new(0.0, 1.0).truncated(f64::NEG_INFINITY, 3.0).support(), Support::LessThan(3.0));
    assert_eq!(Logistic::new(0.0, 1.0).truncated(f64::NEG_INFINITY, f64::INFINITY).support(), Support::Real);
    let bound = Logistic::new(0.0, 1.0).truncated(given(&[0.0, 1.0], [2]), 3.0);
    assert_eq!((bound.shape(), bound.support()), ([2], Support::Interval(f64::NEG_INFINITY, f64::INFINITY)));
    assert!(Logistic::new([0.0, 1.0], 1.0).truncated(given(&[0.0; 3], [3]), 5.0).conflict().is_some());
    let mut seen = Vec::new();
    Logistic::new(0.0, 1.0).censored(2.0, 1.0).parameters(&mut |name, value, constraint| {
        if let AnyOperand::Host(values) = value {
            seen.push((name, values[0], constraint.holds(values[0])));
        }
    });
    assert_eq!(seen, [("loc", 0.0, true), ("scale", 1.0, true), ("low", 2.0, true), ("high", 1.0, true), ("high - low", -1.0, false)]);
}

#[test]
fn a_softened_point_is_a_narrow_normal_distribution() {
    let soft = placed(Delta::new([1.0, -2.0]).soften(0.1));
    assert_eq!((soft.shape(), soft.support(), soft.name()), ([2], Support::Real, "Normal".to_owned()));
    close(&numbers(soft.mean()), &[1.0, -2.0]);
    close(&numbers(soft.variance()), &[0.1 * 0.1; 2]);
    assert_eq!(Delta::new(0.0).expand([3, 2]).soften(0.1).shape(), [3, 2]);
}

/// Quantiles by bisection against those of mpmath at 40 digits.
#[test]
fn quantiles_by_bisection() {
    let p = [1e-10, 0.01, 0.5, 0.999];
    let check = |found: Tensor<1>, expected: [f64; 4]| {
        let tolerance = if has_f64() { 1e-11 } else { single_tolerance() };
        let found = numbers(found);
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= tolerance * b.abs()), "{found:?} instead of {expected:?}");
    };
    let given = |p: [f64; 4]| given(&p, [4]);
    let gamma = placed(Gamma::new(2.5, 4.0));
    check(gamma.icdf(&given(p)), [4.041_946_432_812_117e-5, 0.069_287_259_591_034_64, 0.543_932_523_886_940_9, 2.564_375_706_554_109_5]);
    check(
        gamma.inverse_survival(&given(p)),
        [6.945_299_814_779_813, 1.885_784_058_673_624, 0.543_932_523_886_940_9, 0.026_276_575_328_652_404],
    );
    let spread = placed(Gamma::new(0.01, 1.0)).icdf(&given([0.9, 0.95, 0.99, 0.999]));
    check(spread, [1.503_593_623_070_294_8e-5, 3.362_623_998_074_69e-3, 0.265_052_550_251_581_86, 1.509_084_147_694_75]);
    let beta = placed(Beta::new(0.5, 3.0)).icdf(&given(p));
    check(beta, [2.844_444_444_444_444_5e-21, 2.844_552_328_873_524_6e-5, 0.079_032_767_076_173, 0.855_447_776_691_985]);
    let student_t = placed(StudentT::new(3.0, 0.0, 1.0)).icdf(&given([1e-10, 0.01, 0.75, 0.999]));
    check(student_t, [-2_225.769_284_683_093, -4.540_702_858_568_133_5, 0.764_892_328_404_345_3, 10.214_531_852_407_383]);
    assert_eq!(numbers(gamma.icdf(&tensor(&[0.0, 1.0], [2], precision().into()))), [0.0, f64::INFINITY]);
    assert_eq!(numbers(gamma.inverse_survival(&tensor(&[0.0, 1.0], [2], precision().into()))), [f64::INFINITY, 0.0]);
    assert!(numbers(gamma.icdf(&tensor(&[-0.1, 1.1, f64::NAN], [3], precision().into()))).iter().all(|x| x.is_nan()));
    // So what is made of a gamma distribution, or of a mixture, can be truncated.
    let mixture = MixtureSameFamily::new([0.3, 0.7], Logistic::new([-2.0, 1.0], [0.5, 1.5]).expand([1, 2])).truncated(0.0, 3.0);
    let cdf = |x: f64| 0.3 * logistic((x + 2.0) / 0.5) + 0.7 * logistic((x - 1.0) / 1.5);
    follows("a truncated mixture", numbers(draw(mixture.grow([N]), 22)), |x| (cdf(x) - cdf(0.0)) / (cdf(3.0) - cdf(0.0)));
    // P(x > t) = e^−t (1 + t) for concentration 2
    let tail = |x: f64| (-x).exp() * (1.0 + x);
    let gamma = Gamma::new(2.0, 1.0).truncated(20.0, f64::INFINITY);
    follows("a truncated gamma", numbers(draw(gamma.grow([N]), 23)), |x| 1.0 - tail(x) / tail(20.0));
}

#[test]
fn quantiles_by_bisection_have_the_derivatives_of_an_implicit_function() {
    use super::differences::check;
    let p = &[0.01, 0.5, 0.9][..];
    check("Gamma", &[p, &[2.5], &[4.0]], |t| Gamma::new(&t[1], &t[2]).icdf(&t[0]));
    check("Gamma, upper", &[p, &[2.5], &[4.0]], |t| Gamma::new(&t[1], &t[2]).inverse_survival(&t[0]));
    check("Beta", &[p, &[2.5], &[4.0]], |t| Beta::new(&t[1], &t[2]).icdf(&t[0]));
    check("a mixture", &[p, &[0.3, -0.5], &[-2.0, 1.0]], |t| {
        MixtureSameFamily::logits(&t[1], Logistic::new(t[2].clone().unsqueeze::<2>(), 0.7)).icdf(&t[0])
    });
}

/// The family has forms of its own; what a normal distribution becomes by truncation must agree with it.
#[test]
fn a_truncated_normal_distribution_holds_in_the_tails() {
    // ln φ(x) − ln P(a ≤ x ≤ b), mpmath at 40 digits
    let log_prob = |low: f64, high: f64, x: f64| numbers(placed(Normal::new(0.0, 1.0).truncated(low, high)).log_prob(&given(&[x], [1])))[0];
    close(&[log_prob(30.0, 31.0, 30.1)], &[0.397_305_423_138_536_5]);
    close(&[log_prob(-40.0, -35.0, -35.5)], &[-14.068_837_271_282_16]);
    close(&[log_prob(-1.0, 2.0, 0.3)], &[-0.763_772_238_880_210_2]);
    close(&[log_prob(5.0, 6.0, 5.9)], &[-3.255_492_436_675_221_6]);
    close(&[log_prob(-50.0, 1.0, -3.0)], &[-5.246_184_754_181_223]);
    let tail = Normal::new(0.0, 1.0).truncated(8.0, f64::INFINITY);
    follows("a normal tail", numbers(draw(tail.grow([N]), 24)), |x| 1.0 - normal_cdf(-x) / normal_cdf(-8.0));
}
