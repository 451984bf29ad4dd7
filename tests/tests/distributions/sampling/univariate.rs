//! Location–scale families and those on the positive numbers and intervals.

use super::*;

/// Draws against the family's own distribution function, which has a table of its own.
fn follows_itself<T: Cdf<1, Kind = burn::tensor::Float>>(name: &str, family: T, seed: u64) {
    let x = draw(family.clone().grow([DRAWS]), seed);
    let sorted = {
        let mut x = numbers(x);
        x.sort_by(f64::total_cmp);
        x
    };
    let cdf = numbers(family.place(&placement()).cdf(&tensor(&sorted, [DRAWS], precision().into())));
    let at = |x: f64| cdf[sorted.partition_point(|&known| known < x)];
    follows(name, sorted.clone(), at);
}

#[test]
fn draws_follow_their_distribution_functions() {
    follows_itself("AsymmetricLaplace", AsymmetricLaplace::new(1.0, 0.3, 2.5), 101);
    follows_itself("ContinuousBernoulli", ContinuousBernoulli::new(0.3), 102);
    follows_itself("ContinuousBernoulli 30", ContinuousBernoulli::logits(30.0), 103);
    follows_itself("ContinuousBernoulli 1e-9", ContinuousBernoulli::logits(1e-9), 104);
    follows_itself("GeneralizedExtremeValue", GeneralizedExtremeValue::new(1.0, 2.0, 0.4), 105);
    follows_itself("GeneralizedExtremeValue -0.7", GeneralizedExtremeValue::new(1.0, 2.0, -0.7), 106);
    follows_itself("GeneralizedExtremeValue 0", GeneralizedExtremeValue::new(1.0, 2.0, 0.0), 107);
    follows_itself("GeneralizedPareto", GeneralizedPareto::new(1.0, 2.0, 0.4), 108);
    follows_itself("GeneralizedPareto -0.7", GeneralizedPareto::new(1.0, 2.0, -0.7), 109);
    follows_itself("GeneralizedPareto 5", GeneralizedPareto::new(1.0, 2.0, 5.0), 110);
    follows_itself("Gompertz", Gompertz::new(0.1, 2.0), 111);
    follows_itself("Gompertz 1e-6", Gompertz::new(1e-6, 2.0), 112);
    follows_itself("Gumbel", Gumbel::new(1.0, 2.0), 113);
    follows_itself("Kumaraswamy", Kumaraswamy::new(2.0, 5.0), 114);
    follows_itself("Laplace", Laplace::new(1.0, 2.0), 116);
    follows_itself("LogLogistic", LogLogistic::new(2.0, 3.0), 117);
    follows_itself("LogLogistic 0.1", LogLogistic::new(2.0, 0.1), 118);
    follows_itself("LogUniform", LogUniform::new(1e-6, 10.0), 119);
    follows_itself("Logistic", Logistic::new(1.0, 2.0), 120);
    follows_itself("Pareto", Pareto::new(2.0, 1.5), 121);
    follows_itself("Rayleigh", Rayleigh::new(2.0), 122);
    follows_itself("SoftLaplace", SoftLaplace::new(1.0, 2.0), 123);
    follows_itself("Weibull", Weibull::new(2.0, 1.5), 124);
    follows_itself("Weibull 0.05", Weibull::new(2.0, 0.05), 125);
    let n = [DRAWS];
    follows("BetaProportion", numbers(draw(BetaProportion::new(0.3, 6.0).expand(n), 126)), |x| beta_cdf(1.8, 4.2, x));
    follows("Chi2", numbers(draw(Chi2::new(5.0).expand(n), 127)), |x| gamma_cdf(2.5, 0.5 * x));
    follows("FoldedNormal", numbers(draw(FoldedNormal::new(-1.0, 2.0).expand(n), 128)), |x| {
        normal_cdf((x - 1.0) / 2.0) - normal_cdf((-x - 1.0) / 2.0)
    });
    follows("InverseGamma", numbers(draw(InverseGamma::new(2.5, 4.0).expand(n), 129)), |x| 1.0 - gamma_cdf(2.5, 4.0 / x));
    follows("Levy", numbers(draw(Levy::new(1.0, 2.0).expand(n), 130)), |x| 2.0 * normal_cdf(-(2.0 / (x - 1.0)).sqrt()));
    follows("LogitNormal", numbers(draw(LogitNormal::new(0.5, 1.5).expand(n), 131)), |x| normal_cdf(((x / (1.0 - x)).ln() - 0.5) / 1.5));
    for (seed, (m, k)) in [(1.0, 2.0), (10.0, 0.5), (3.0, 900.0), (1e3, 1.0)].into_iter().enumerate() {
        // e^(2k/m) overflows in the last but one; its product with the tail is taken in logarithms by the Mills ratio.
        let tail = |z: f64| if z < 25.0 { normal_cdf(-z).ln() } else { -0.5 * z * z - (z * (2.0 * PI).sqrt()).ln() - 1.0 / (z * z) };
        let cdf = |x: f64| {
            let root = (k / x).sqrt();
            normal_cdf(root * (x / m - 1.0)) + (2.0 * k / m + tail(root * (x / m + 1.0))).exp()
        };
        follows("InverseGaussian", numbers(draw(InverseGaussian::new(m, k).expand(n), 132 + seed as u64)), cdf);
    }
}

#[test]
fn hard_draws_in_single_precision_stay_inside_the_support() {
    let to = Placement { device: test_device(), dtype: FloatDType::F32 };
    let mut source = HostNoise::new(Key::new(7), to.clone());
    let mut noise = Noise::new(&mut source);
    let inside = |name: &str, x: Tensor<1>, log_prob: Tensor<1>| {
        let (x, log_prob) = (numbers(x), numbers(log_prob));
        assert!(x.iter().all(|x| x.is_finite()), "{name}");
        assert!(log_prob.iter().all(|lp| *lp > f64::NEG_INFINITY && lp.is_finite()), "{name}");
    };
    macro_rules! inside {
        ($($family:expr;)+) => { $({
            let family = $family.expand([4_000]).place(&to);
            let x = family.draw(&mut noise).unwrap();
            let log_prob = family.log_prob(&x);
            inside(&family.name(), x, log_prob);
        })+ };
    }
    inside! {
        AsymmetricLaplace::new(0.0, 1.0, 1e-3);
        BetaProportion::new(0.01, 0.1);
        Chi2::new(1e-3);
        ContinuousBernoulli::logits(1e6);
        ContinuousBernoulli::new(0.5);
        FoldedNormal::new(0.0, 1e-20);
        GeneralizedExtremeValue::new(0.0, 1.0, 20.0);
        GeneralizedExtremeValue::new(0.0, 1.0, -0.5);
        GeneralizedExtremeValue::new(0.5, 1.0, -5.0);
        GeneralizedPareto::new(0.0, 1.0, 20.0);
        GeneralizedPareto::new(0.5, 1.0, -5.0);
        Gompertz::new(1e-20, 1.0);
        Gumbel::new(0.0, 1e10);
        InverseGamma::new(1e-2, 1.0);
        InverseGaussian::new(1e-3, 1e3);
        InverseGaussian::new(1e6, 1e-3);
        Kumaraswamy::new(0.01, 0.01);
        Laplace::new(0.0, 1e-10);
        Levy::new(0.0, 1e-10);
        LogLogistic::new(1.0, 0.01);
        LogUniform::new(1e-30, 1e30);
        LogUniform::new([1.0], [1.000_001]);
        Logistic::new(0.0, 1.0);
        LogitNormal::new(0.0, 50.0);
        Pareto::new([1e-10], [0.01]);
        Rayleigh::new(1e-10);
        SoftLaplace::new(0.0, 1.0);
        Weibull::new(1.0, 0.01);
    }
}

#[test]
fn gradients_of_expectations_through_the_univariate_draws() {
    use gradient_of_expectation as check;
    // E x² = μ² + 2 μ s (1/κ − κ) + 2 s² (1/κ² − 1 + κ²)
    let (m, s, k) = (0.3, 0.7, 1.4);
    let (apart, slope) = (1.0 / k - k, -1.0 / (k * k) - 1.0);
    let square = 1.0 / (k * k) - 1.0 + k * k;
    let by_k = 2.0 * m * s * slope + 2.0 * s * s * (2.0 * k - 2.0 / (k * k * k));
    check("AsymmetricLaplace", &[m, s, k], &[2.0 * m + 2.0 * s * apart, 2.0 * m * apart + 4.0 * s * square, by_k], |p, n| {
        AsymmetricLaplace::new(&p[0], &p[1], &p[2]).draw(n).unwrap().square()
    });
    check("BetaProportion", &[0.3, 6.0], &[1.0, 0.0], |p, n| BetaProportion::new(&p[0], &p[1]).draw(n).unwrap());
    check("Chi2", &[5.0], &[12.0], |p, n| Chi2::new(&p[0]).draw(n).unwrap().square());
    // The mean's derivative in the log-odds is the variance.
    for a in [-30.0f64, -0.3, 1e-6, 2.0] {
        let variance = if a.abs() < 0.01 { 1.0 / 12.0 } else { 1.0 / (a * a) - 0.25 / (a / 2.0).sinh().powi(2) };
        check("ContinuousBernoulli", &[a], &[variance], |p, n| ContinuousBernoulli::logits(&p[0]).draw(n).unwrap());
    }
    check("FoldedNormal", &[0.7, 1.3], &[1.4, 2.6], |p, n| FoldedNormal::new(&p[0], &p[1]).draw(n).unwrap().square());
    // E e^(−t(x − loc)) would need the tail; the mean is loc + s (Γ(1 − ξ) − 1)/ξ.
    let (s, c) = (2.0, 0.2f64);
    let g = lgamma(1.0 - c).exp();
    let by_c = s * (-g * vi_runtime::special::scalar::digamma(1.0 - c) * c - (g - 1.0)) / (c * c);
    check("GeneralizedExtremeValue", &[1.0, s, c], &[1.0, (g - 1.0) / c, by_c], |p, n| {
        GeneralizedExtremeValue::new(&p[0], &p[1], &p[2]).draw(n).unwrap()
    });
    // At shape 0 the derivative of the mean is (γ² + π²/6)/2 scale.
    const EULER: f64 = 0.577_215_664_901_532_9;
    check("GeneralizedExtremeValue 0", &[1.0, s, 0.0], &[1.0, EULER, s * 0.5 * (EULER * EULER + PI * PI / 6.0)], |p, n| {
        GeneralizedExtremeValue::new(&p[0], &p[1], &p[2]).draw(n).unwrap()
    });
    for c in [0.2f64, 0.0, -0.6] {
        check("GeneralizedPareto", &[1.0, s, c], &[1.0, 1.0 / (1.0 - c), s / (1.0 - c).powi(2)], |p, n| {
            GeneralizedPareto::new(&p[0], &p[1], &p[2]).draw(n).unwrap()
        });
    }
    // E e^(r x) = 1 + 1/c; E of the same with r held is moved by r as −E x e^(r x) … of the hazard: E c (e^(r x) − 1) = 1.
    check("Gompertz", &[0.5, 2.0], &[-4.0, 0.0], |p, n| (Gompertz::new(&p[0], &p[1]).draw(n).unwrap() * p[1].clone()).exp());
    check("Gumbel", &[0.7, 1.3], &[1.0, EULER], |p, n| Gumbel::new(&p[0], &p[1]).draw(n).unwrap());
    // E 1/x = a/b
    check("InverseGamma", &[2.5, 2.0], &[0.5, -0.625], |p, n| InverseGamma::new(&p[0], &p[1]).draw(n).unwrap().recip());
    // E x^a = 1/(b + 1)
    check("Kumaraswamy", &[2.0, 3.0], &[0.0, -1.0 / 16.0], |p, n| {
        let x = Kumaraswamy::new(&p[0], &p[1]).draw(n).unwrap();
        (x.log() * p[0].clone()).exp()
    });
    check("Laplace", &[0.7, 1.3], &[1.4, 5.2], |p, n| Laplace::new(&p[0], &p[1]).draw(n).unwrap().square());
    // E 1/(x − loc) = 1/s: bounded by neither end, but with moments of every order.
    check("Levy", &[0.0, 2.0], &[-0.75, -0.25], |p, n| Levy::new(&p[0], &p[1]).draw(n).unwrap().recip());
    // E ln x = ln s, E (ln x − ln s)² = π²/(3 k²)
    check("LogLogistic", &[2.0, 3.0], &[0.0, -2.0 * PI * PI / (3.0 * 27.0)], |p, n| {
        (LogLogistic::new(&p[0], &p[1]).draw(n).unwrap().log() - p[0].clone().log()).square()
    });
    check("LogUniform", &[0.5, 2.0], &[1.0, 0.25], |p, n| LogUniform::new(&p[0], &p[1]).draw(n).unwrap().log());
    check("Logistic", &[0.7, 1.3], &[1.4, 2.6 * PI * PI / 3.0], |p, n| Logistic::new(&p[0], &p[1]).draw(n).unwrap().square());
    check("LogitNormal", &[0.7, 1.3], &[1.4, 2.6], |p, n| {
        let x = LogitNormal::new(&p[0], &p[1]).draw(n).unwrap();
        (x.clone().log() - (x.neg() + 1.0).log()).square()
    });
    // E ln x = ln s + 1/α
    check("Pareto", &[2.0, 1.5], &[0.5, -1.0 / 2.25], |p, n| Pareto::new(&p[0], &p[1]).draw(n).unwrap().log());
    check("Rayleigh", &[1.5], &[6.0], |p, n| Rayleigh::new(&p[0]).draw(n).unwrap().square());
    check("SoftLaplace", &[0.7, 1.3], &[1.4, 1.3 * PI * PI / 2.0], |p, n| SoftLaplace::new(&p[0], &p[1]).draw(n).unwrap().square());
    // E ln x = ln s − γ/k
    check("Weibull", &[2.0, 0.8], &[0.5, EULER / 0.64], |p, n| Weibull::new(&p[0], &p[1]).draw(n).unwrap().log());
    // E x = m; E 1/x = 1/m + 1/k; E x² = m² + m³/k
    for (m, k) in [(1.0, 2.0), (3.0, 0.7), (2.0, 90.0)] {
        check("InverseGaussian", &[m, k], &[1.0, 0.0], |p, n| InverseGaussian::new(&p[0], &p[1]).draw(n).unwrap());
        check("InverseGaussian", &[m, k], &[-1.0 / (m * m), -1.0 / (k * k)], |p, n| {
            InverseGaussian::new(&p[0], &p[1]).draw(n).unwrap().recip()
        });
        check("InverseGaussian", &[m, k], &[2.0 * m + 3.0 * m * m / k, -m * m * m / (k * k)], |p, n| {
            InverseGaussian::new(&p[0], &p[1]).draw(n).unwrap().square()
        });
    }
}
