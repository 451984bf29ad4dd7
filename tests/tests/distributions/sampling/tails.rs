//! Draws of the families with hard tails, of angles and directions, and of relaxations.

use std::f64::consts::{FRAC_2_PI, PI};

use burn::tensor::{DType, FloatDType, Tensor};
use vi_runtime::Placement;
use vi_runtime::dist::*;
use vi_runtime::noise::{HostNoise, Noise};

use super::{DRAWS, draw, follows, gradient_of_expectation, normal_cdf, precision};
use crate::{burn, numbers, tensor, test_device};
use vi_runtime::Key;

/// The distribution function of a density known up to a factor, by Simpson's rule on a grid and linear between its points.
fn integrated(low: f64, high: f64, density: impl Fn(f64) -> f64) -> impl Fn(f64) -> f64 {
    const PANELS: usize = 20_000;
    let width = (high - low) / PANELS as f64;
    let mut sums = vec![0.0];
    for i in 0..PANELS {
        let x = low + i as f64 * width;
        let panel = (density(x) + 4.0 * density(x + 0.5 * width) + density(x + width)) * width / 6.0;
        sums.push(sums[i] + panel);
    }
    let total = sums[PANELS];
    move |x| {
        let at = ((x - low) / width).clamp(0.0, PANELS as f64);
        let i = (at as usize).min(PANELS - 1);
        (sums[i] + (at - i as f64) * (sums[i + 1] - sums[i])) / total
    }
}

#[test]
fn half_t_and_transformed_normals() {
    let n = [DRAWS];
    // Two degrees of freedom have a closed form.
    follows("HalfStudentT", numbers(draw(HalfStudentT::new(2.0, 3.0).expand(n), 101)), |x| (x / 3.0) / (2.0 + x * x / 9.0).sqrt());
    // The tails of JohnsonSU(2, 0.2) reach 1e11.
    for (skewness, tailweight) in [(-0.5, 1.5), (2.0, 0.2)] {
        let x = numbers(draw(JohnsonSU::new(skewness, tailweight, 1.0, 2.0).expand(n), 102));
        follows("JohnsonSU", x, |x| normal_cdf(skewness + tailweight * ((x - 1.0) / 2.0).asinh()));
    }
    // Φ(z)² for shape 1, and 1 − Φ(−z)² for −1.
    follows("SkewNormal", numbers(draw(SkewNormal::new(1.0, 2.0, 1.0).expand(n), 103)), |x| normal_cdf((x - 1.0) / 2.0).powi(2));
    follows("SkewNormal", numbers(draw(SkewNormal::new(1.0, 2.0, -1.0).expand(n), 104)), |x| 1.0 - normal_cdf((1.0 - x) / 2.0).powi(2));
    let cdf = integrated(-6.0, 8.0, |x| (-0.5 * x * x).exp() * normal_cdf(7.0 * x));
    follows("SkewNormal", numbers(draw(SkewNormal::new(0.0, 1.0, 7.0).expand(n), 105)), cdf);
}

#[test]
fn truncated_normals() {
    // In the middle, half, far in a tail, a short interval, wide, and a bound on the other side of the mean.
    let cases = [
        (0.3, 1.2, Some(-1.0), Some(2.0)),
        (0.0, 1.0, Some(0.0), None),
        (0.0, 1.0, Some(30.0), Some(31.0)),
        (5.0, 2.0, None, Some(-40.0)),
        (1.0, 0.5, Some(1.2), Some(1.2001)),
        (1.0, 0.5, Some(-80.0), Some(50.0)),
        (-1.0, 1.0, Some(-9.0), None),
        (0.0, 1.0, None, None),
    ];
    for (i, (loc, scale, low, high)) in cases.into_iter().enumerate() {
        let mut truncated = TruncatedNormal::new(loc, scale);
        truncated = low.map_or(truncated.clone(), |low: f64| truncated.low(low));
        truncated = high.map_or(truncated.clone(), |high: f64| truncated.high(high));
        let x = numbers(draw(truncated.expand([DRAWS]), 110 + i as u64));
        assert!(x.iter().all(|&x| low.is_none_or(|low| x >= low) && high.is_none_or(|high| x <= high)));
        let peak = f64::max(low.unwrap_or(f64::MIN), loc).min(high.unwrap_or(f64::MAX));
        let from = |x: f64| (-0.5 * ((x - loc).powi(2) - (peak - loc).powi(2)) / (scale * scale)).exp();
        let begin = low.unwrap_or(f64::MIN).max(peak - 10.0 * scale);
        let end = high.unwrap_or(f64::MAX).min(peak + 10.0 * scale);
        follows(&format!("TruncatedNormal {i}"), x, integrated(begin, end, from));
    }
}

#[test]
fn angles_and_directions() {
    for (i, (loc, concentration)) in [(0.0, 1e-3), (0.5, 1.0), (3.0, 4.0), (-20.0, 50.0), (1.0, 1e4), (0.0, 1e10)].into_iter().enumerate() {
        let x = numbers(draw(VonMises::new(loc, concentration).expand([DRAWS]), 120 + i as u64));
        assert!(x.iter().all(|x| x.abs() <= PI));
        let reach = (10.0 / f64::sqrt(concentration)).min(PI);
        let cdf = integrated(-reach, reach, |t| (-2.0 * concentration * (0.5 * t).sin().powi(2)).exp());
        let about = x.iter().map(|x| (x - loc + PI).rem_euclid(2.0 * PI) - PI).collect();
        // In single precision an angle of size 20 is known to 1e-6.
        follows(&format!("VonMises {loc} {concentration}"), about, cdf);
    }
    for (i, mean) in [0.0, 1.5, 8.0].into_iter().enumerate() {
        // ∫ r exp(−½ r² + r t) dr = 1 + t Φ(t)/φ(t)
        let x = numbers(draw(ProjectedNormal::new([mean, 0.0]).expand([DRAWS, 2]), 130 + i as u64));
        assert!(x.chunks(2).all(|x| (x[0].hypot(x[1]) - 1.0).abs() < 1e-6));
        let cdf = integrated(-PI, PI, |angle| {
            let t = mean * angle.cos();
            1.0 + t * normal_cdf(t) * (0.5 * t * t).exp() * (2.0 * PI).sqrt()
        });
        follows("ProjectedNormal, 2", x.chunks(2).map(|x| x[1].atan2(x[0])).collect(), cdf);
        // ∫ r² exp(−½ r² + r t) dr = t + (1 + t²) Φ(t)/φ(t), and the cosine of a direction in space is uniform.
        let x = numbers(draw(ProjectedNormal::new([0.0, 0.0, mean]).expand([DRAWS, 3]), 140 + i as u64));
        let cdf = integrated(-1.0, 1.0, |cosine| {
            let t = mean * cosine;
            t + (1.0 + t * t) * normal_cdf(t) * (0.5 * t * t).exp() * (2.0 * PI).sqrt()
        });
        follows("ProjectedNormal, 3", x.chunks(3).map(|x| x[2]).collect(), cdf);
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn relaxations_and_what_they_round_to() {
    for (i, (temperature, log_odds)) in [(0.5, 1.0), (3.0, -2.0), (0.05, 0.3)].into_iter().enumerate() {
        let logit = |x: f64| x.ln() - (-x).ln_1p();
        let probs = sigmoid(log_odds);
        let distributions = [RelaxedBernoulli::logits(temperature, log_odds), RelaxedBernoulli::new(temperature, probs)];
        for distribution in distributions {
            let x = numbers(draw(distribution.expand([DRAWS]), 150 + i as u64));
            assert!(x.iter().all(|&x| x > 0.0 && x < 1.0));
            // What rounds to 1 stands just below it.
            let edge = 1.0 - 1e-6;
            let cdf = |x: f64| sigmoid(temperature * logit(x) - log_odds);
            let inside: Vec<f64> = x.iter().copied().filter(|&x| x < edge && x > 1e-6).collect();
            let (least, most) = (cdf(1e-6), cdf(edge));
            let expected = DRAWS as f64 * (most - least);
            assert!((inside.len() as f64 - expected).abs() < 4.0 * (expected * (1.0 - most + least)).sqrt() + 1.0);
            follows("RelaxedBernoulli", inside, |x| (cdf(x) - least) / (most - least));
        }
        // Two corners are a coin: the first element has the log-odds a₁ − a₂.
        let corners = RelaxedOneHotCategorical::logits(temperature, tensor::<1>(&[log_odds + 0.7, 0.7], [2], precision().into()));
        let x = numbers(draw(corners.expand([DRAWS, 2]), 160 + i as u64));
        let above = x.chunks(2).filter(|x| x[0] > 0.3).count() as f64 / DRAWS as f64;
        let want = 1.0 - sigmoid(temperature * logit(0.3) - log_odds);
        assert!((above - want).abs() < 4.0 * (want * (1.0 - want) / DRAWS as f64).sqrt(), "{above} instead of {want}");
    }
    let probs = [0.5, 0.05, 0.0, 0.45];
    for temperature in [0.2, 5.0] {
        let soft =
            numbers(draw(RelaxedOneHotCategorical::new(temperature, tensor::<1>(&probs, [4], precision().into())).expand([DRAWS, 4]), 170));
        assert!(soft.chunks(4).all(|x| (x.iter().sum::<f64>() - 1.0).abs() < 1e-5));
        let distribution = RelaxedOneHotCategoricalStraightThrough::new(temperature, tensor::<1>(&probs, [4], precision().into()));
        let hard = numbers(draw(distribution.expand([DRAWS, 4]), 170));
        let mut counts = [0.0; 4];
        for (soft, hard) in soft.chunks(4).zip(hard.chunks(4)) {
            let largest = (0..4).max_by(|&i, &j| soft[i].total_cmp(&soft[j])).unwrap();
            assert!((0..4).all(|k| hard[k] == f64::from(u8::from(k == largest))), "{soft:?} {hard:?}");
            counts[largest] += 1.0;
        }
        let statistic: f64 = [0, 1, 3].iter().map(|&k| (counts[k] - probs[k] * DRAWS as f64).powi(2) / (probs[k] * DRAWS as f64)).sum();
        // Exceeded with probability 1e-4 by chi-square with two degrees of freedom.
        assert!(statistic < 18.4 && counts[2] == 0.0, "{counts:?}");
    }
    let hard = numbers(draw(RelaxedBernoulliStraightThrough::new(0.7, 0.2).expand([DRAWS]), 180));
    let ones = hard.iter().filter(|&&x| x == 1.0).count();
    assert!(hard.iter().all(|&x| x == 0.0 || x == 1.0));
    assert!((ones as f64 - 0.2 * DRAWS as f64).abs() < 4.0 * (0.16 * DRAWS as f64).sqrt());
}

#[test]
fn draws_in_single_precision_stay_inside_the_support() {
    let to = Placement { device: test_device(), dtype: FloatDType::F32 };
    let mut source = HostNoise::new(Key::new(5), to.clone());
    let mut noise = Noise::new(&mut source);
    let n = [4_000];
    for concentration in [1e-6, 1e-3, 1.0, 1e8] {
        let x = numbers(VonMises::new(3.1, concentration).expand(n).place(&to).draw(&mut noise).unwrap());
        assert!(x.iter().all(|x| x.abs() <= PI));
    }
    for (low, high) in [(30.0, 30.000_002), (-1e-30, 1e-30), (-1e30, -1e29), (1e5, 1e9)] {
        let x = numbers(TruncatedNormal::new(0.0, 1.0).low(low).high(high).expand(n).place(&to).draw(&mut noise).unwrap());
        let (low, high) = (f64::from(low as f32), f64::from(high as f32));
        assert!(x.iter().all(|&x| x >= low && x <= high), "{low} {high}");
    }
    let x = numbers(RelaxedOneHotCategorical::logits(0.01, [0.0, 3.0]).expand([1_000, 2]).place(&to).draw(&mut noise).unwrap());
    assert!(x.iter().all(|&x| x > 0.0 && x < 1.0));
    let x = numbers(ProjectedNormal::new([1e30, -1e30]).expand([100, 2]).place(&to).draw(&mut noise).unwrap());
    assert!(x.chunks(2).all(|x| (x[0].hypot(x[1]) - 1.0).abs() < 1e-6));
}

#[test]
fn gradients_of_expectations() {
    use gradient_of_expectation as check;
    // E x² = s² ν/(ν − 2)
    check("HalfStudentT", &[12.0, 1.5], &[-2.0 * 2.25 / 100.0, 3.6], |p, n| HalfStudentT::new(&p[0], &p[1]).draw(n).unwrap().square());
    // E x = loc − scale e^(1/(2t²)) sinh(s/t)
    let (s, t, scale) = (0.5f64, 2.0f64, 1.5);
    let (w, sinh, cosh) = ((0.5 / (t * t)).exp(), (s / t).sinh(), (s / t).cosh());
    let in_t = scale * w * (sinh / t.powi(3) + s * cosh / (t * t));
    check("JohnsonSU", &[s, t, 1.0, scale], &[-scale * w * cosh / t, in_t, 1.0, -w * sinh], |p, n| {
        JohnsonSU::new(&p[0], &p[1], &p[2], &p[3]).draw(n).unwrap()
    });
    // E x² = loc² + 2 loc scale δ √(2/π) + scale²
    let (loc, scale, shape) = (0.5, 1.5, 2.0f64);
    let (root, cosine) = (FRAC_2_PI.sqrt(), 1.0 / (1.0 + shape * shape).sqrt());
    let mean = shape * cosine * root;
    let want = [2.0 * loc + 2.0 * scale * mean, 2.0 * loc * mean + 2.0 * scale, 2.0 * loc * scale * root * cosine.powi(3)];
    check("SkewNormal", &[loc, scale, shape], &want, |p, n| SkewNormal::new(&p[0], &p[1], &p[2]).draw(n).unwrap().square());

    // Derivatives of the mean, to 17 digits by mpmath.
    let truncated = [
        ([0.3, 1.2, -1.0, 2.0], [0.418_648_291_759_054_94, 0.109_519_871_053_174_57, 0.334_590_186_095_312_9, 0.246_761_522_145_632_24]),
        ([0.0, 1.0, 8.0, 8.5], [0.010_525_740_358_364_856, 0.172_197_235_151_732_02, 0.937_984_905_218_215, 0.051_489_354_423_420_13]),
        (
            [-2.0, 0.5, 1.0, 1.01],
            [3.330_882_353_979_795_4e-5, 0.000_400_366_720_450_386_5, 0.520_006_502_150_049_1, 0.479_960_189_026_411_13],
        ),
    ];
    for (params, want) in truncated {
        check("TruncatedNormal", &params, &want, |p, n| TruncatedNormal::new(&p[0], &p[1]).low(&p[2]).high(&p[3]).draw(n).unwrap());
    }
    check(
        "TruncatedNormal below",
        &[-3.0, 0.5, 2.0],
        &[0.009_445_377_825_656_262, 0.192_547_012_219_074_58, 0.990_554_622_174_343_8],
        |p, n| TruncatedNormal::new(&p[0], &p[1]).low(&p[2]).draw(n).unwrap(),
    );
    // The mirror image.
    check(
        "TruncatedNormal above",
        &[3.0, 0.5, -2.0],
        &[0.009_445_377_825_656_262, -0.192_547_012_219_074_58, 0.990_554_622_174_343_8],
        |p, n| TruncatedNormal::new(&p[0], &p[1]).high(&p[2]).draw(n).unwrap(),
    );
}

#[test]
fn gradients_of_expectations_of_angles_and_relaxations() {
    use gradient_of_expectation as check;
    // E cos x = A(κ) cos loc, A = I₁/I₀, A' = 1 − A/κ − A²; by mpmath.
    let circular = [
        (1e-3, 0.000_499_999_937_500_010_5, 0.499_999_812_500_052_1),
        (0.5, 0.242_499_612_580_801_94, 0.456_194_712_736_557_1),
        (2.0, 0.697_774_657_964_008, 0.164_223_197_721_207_7),
        (50.0, 0.989_948_967_378_497_8, 0.000_202_062_638_676_037_4),
        (1e4, 0.999_949_998_749_875, 5.000_250_037_507_814_6e-9),
    ];
    let loc = 0.7f64;
    for (concentration, a, slope) in circular {
        check("VonMises, cos", &[loc, concentration], &[-a * loc.sin(), slope * loc.cos()], |p, n| {
            VonMises::new(&p[0], &p[1]).draw(n).unwrap().cos()
        });
        check("VonMises, sin", &[loc, concentration], &[a * loc.cos(), slope * loc.sin()], |p, n| {
            VonMises::new(&p[0], &p[1]).draw(n).unwrap().sin()
        });
    }
    // E x₁ = √(π/8) m e^(−m²/4) (I₀(m²/4) + I₁(m²/4)) for the mean (m, 0), and E x₁ is even in the other element; by mpmath.
    check("ProjectedNormal", &[1.5, 0.0], &[0.281_418_592_429_246_6, 0.0], |p, n| {
        let means: Tensor<2> = Tensor::stack(p.to_vec(), 1);
        ProjectedNormal::new(means).draw(n).unwrap().narrow(1, 0, 1).reshape([DRAWS])
    });
    // E logit x = a/t
    let logit = |x: Tensor<1>| x.clone().log() - x.neg().add_scalar(1.0).log();
    check("RelaxedBernoulli", &[2.0, 0.6], &[-0.6 / 4.0, 0.5], |p, n| logit(RelaxedBernoulli::logits(&p[0], &p[1]).draw(n).unwrap()));
    let odds = (0.3f64 / 0.7).ln();
    check("RelaxedBernoulli of probs", &[2.0, 0.3], &[-odds / 4.0, 0.5 / 0.21], |p, n| {
        logit(RelaxedBernoulli::new(&p[0], &p[1]).draw(n).unwrap())
    });
    // E ln(x₁/x₂) = (a₁ − a₂)/t
    check("RelaxedOneHotCategorical", &[2.0, 0.6, -0.3, 0.1], &[-0.9 / 4.0, 0.5, -0.5, 0.0], |p, n| {
        let logits: Tensor<2> = Tensor::stack(p[1..].to_vec(), 1);
        let x = RelaxedOneHotCategorical::logits(p[0].clone().reshape([DRAWS, 1]), logits).draw(n).unwrap().log();
        (x.clone().narrow(1, 0, 1) - x.narrow(1, 1, 1)).reshape([DRAWS])
    });
}

/// The same noise through both: the rounded draw has the gradient of the relaxed one.
#[test]
fn rounded_draws_have_the_gradients_of_relaxed_ones() {
    let dtype: DType = precision().into();
    let weights = tensor::<2>(&[0.3, -2.0, 1.0], [1, 3], dtype);
    let gradients = |draw: &dyn Fn([Tensor<2>; 2], &mut Noise<'_>) -> Tensor<2>| {
        let leaf = |values: &[f64], dims| tensor::<2>(values, dims, dtype).autodiff().require_grad();
        let leaves = [leaf(&[0.8, 1.7], [2, 1]), leaf(&[0.1, 0.7, -0.4, 2.0, 0.0, 1.0], [2, 3])];
        let mut source = HostNoise::new(Key::new(7), super::placement());
        let x = draw(leaves.clone(), &mut Noise::new(&mut source));
        let found = (x.clone() * weights.clone()).sum().backward();
        (numbers(x), leaves.map(|leaf| numbers(leaf.grad(&found).unwrap())))
    };
    let (soft, expected) = gradients(&|[t, a], n| RelaxedOneHotCategorical::logits(t, a).draw(n).unwrap());
    let (hard, found) = gradients(&|[t, a], n| RelaxedOneHotCategoricalStraightThrough::logits(t, a).draw(n).unwrap());
    assert!(soft.iter().all(|x| x.fract() != 0.0) && hard.iter().all(|x| x.fract() == 0.0));
    assert_eq!(found, expected);
    let (soft, expected) = gradients(&|[t, a], n| RelaxedBernoulli::logits(t, a).draw(n).unwrap());
    let (hard, found) = gradients(&|[t, a], n| RelaxedBernoulliStraightThrough::logits(t, a).draw(n).unwrap());
    assert!(hard.iter().zip(&soft).all(|(hard, soft)| *hard == soft.round()));
    assert_eq!(found, expected);
}
