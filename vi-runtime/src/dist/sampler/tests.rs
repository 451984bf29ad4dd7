//! The samplers against their distribution functions and moments, at fixed seeds.

#![allow(clippy::unwrap_used)] // a test may stop

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

use super::*;
use crate::special::scalar::{digamma, lgamma, trigamma};
use vi_graph::Key;

fn place(dtype: FloatDType) -> Placement {
    Placement { device: Device::flex(), dtype }
}

fn tensor(x: &[f64]) -> Tensor<1> {
    Tensor::from_data(TensorData::new(x.to_vec(), [x.len()]), (&Device::flex(), DType::F64))
}

fn values(x: &Tensor<1>) -> Vec<f64> {
    x.to_data().iter::<f64>().collect()
}

/// `P(a, x)` by its series (DLMF 8.7.1); enough for moderate arguments.
fn gamma_cdf(a: f64, ln_x: f64) -> f64 {
    let x = ln_x.exp();
    let mut term = (a * ln_x - x - lgamma(a + 1.0)).exp();
    let mut sum = 0.0;
    let mut n = a;
    while term > 1e-18 || n < x {
        sum += term;
        n += 1.0;
        term *= x / n;
        if term == 0.0 {
            break;
        }
    }
    sum
}

/// Kolmogorov and Smirnov's statistic times √n, of values that should be uniform.
fn kolmogorov_smirnov(mut u: Vec<f64>) -> f64 {
    u.sort_by(f64::total_cmp);
    let n = u.len() as f64;
    let gap = |(i, u): (usize, &f64)| (u - i as f64 / n).abs().max(((i + 1) as f64 / n - u).abs());
    u.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
}

#[test]
fn gamma_draws_have_the_gamma_distribution() {
    let mut rng = Key::new(1).stream();
    for a in [1e-3, 0.05, 0.5, 1.0, 1.7, 10.0, 300.0] {
        let u: Vec<f64> = (0..20_000).map(|_| gamma_cdf(a, log_gamma_draw(&mut rng, a))).collect();
        let statistic = kolmogorov_smirnov(u);
        // The 0.1 % point of the limiting distribution is 1.95.
        assert!(statistic < 1.95, "a = {a}: {statistic}");
    }
}

#[test]
fn log_gamma_moments_for_extreme_shapes() {
    let mut rng = Key::new(2).stream();
    let n = 100_000;
    for a in [1e-3, 1e-1, 1e3, 1e6, 1e10] {
        let draws: Vec<f64> = (0..n).map(|_| log_gamma_draw(&mut rng, a)).collect();
        assert!(draws.iter().all(|x| x.is_finite()));
        let mean = draws.iter().sum::<f64>() / f64::from(n);
        let variance = draws.iter().map(|x| (x - digamma(a)).powi(2)).sum::<f64>() / f64::from(n);
        // E ln g = ψ(a), Var ln g = ψ'(a); the kurtosis of ln g is at most 9.
        let sd = trigamma(a).sqrt();
        assert!((mean - digamma(a)).abs() < 4.0 * sd / f64::from(n).sqrt(), "a = {a}: mean {mean}");
        assert!((variance / trigamma(a) - 1.0).abs() < 4.0 * (8.0 / f64::from(n)).sqrt(), "a = {a}: variance {variance}");
    }
}

#[test]
fn the_gradient_of_expectations_is_the_derivative_of_the_exact_ones() {
    let mut rng = Key::new(3).stream();
    let n = 40_000;
    for a in [1e-2, 0.3, 1.0, 4.0, 50.0, 2e3, 1e6, 1e9] {
        let pairs: Vec<(f64, f64)> = (0..n)
            .map(|_| {
                let ln_g = log_gamma_draw(&mut rng, a);
                let derivative = gamma_log_derivative(a, ln_g);
                (derivative, ln_g.exp() * derivative)
            })
            .collect();
        // d/da E ln g = ψ'(a), d/da E g = 1.
        for (name, pick, exact) in [("ln g", 0, trigamma(a)), ("g", 1, 1.0)] {
            let samples: Vec<f64> = pairs.iter().map(|pair| if pick == 0 { pair.0 } else { pair.1 }).collect();
            let mean = samples.iter().sum::<f64>() / f64::from(n);
            let variance = samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
            let error = (variance / f64::from(n)).sqrt();
            assert!((mean - exact).abs() < 4.0 * error + 1e-9 * exact, "a = {a}, {name}: {mean} ± {error}, exact {exact}");
        }
    }
}

#[test]
fn a_tracked_concentration_gives_a_tracked_draw_with_the_implicit_gradient() {
    let a = [1e-3, 0.5, 2.0, 40.0];
    for dtype in [FloatDType::F64, FloatDType::F32] {
        let leaf = tensor(&a).cast(dtype).autodiff().require_grad();
        let draw = log_gamma(&mut Key::new(4).stream(), (&leaf).into(), &place(dtype)).unwrap();
        assert_eq!(FloatDType::from(draw.dtype()), dtype);
        let draw = draw.typed::<1, Float>("draw").unwrap();
        let plain = log_gamma(&mut Key::new(4).stream(), tensor(&a).cast(dtype).into(), &place(dtype)).unwrap();
        assert_eq!(values(&draw), plain.to_f64().unwrap());
        assert!(!plain.typed::<1, Float>("draw").unwrap().is_autodiff());

        let gradients = draw.clone().sum().backward();
        let found = values(&leaf.grad(&gradients).unwrap());
        let drawn = values(&draw);
        for (i, &a) in a.iter().enumerate() {
            let right = gamma_log_derivative(a, drawn[i]);
            let tolerance = if dtype == FloatDType::F64 { 1e-12 } else { 1e-4 };
            assert!((found[i] / right - 1.0).abs() < tolerance, "{} against {right}", found[i]);
        }
    }
}

#[test]
fn an_invalid_concentration_gives_nan() {
    let a = tensor(&[-1.0, 0.0, f64::NAN, f64::INFINITY, 1.0]).autodiff().require_grad();
    let draw = log_gamma(&mut Key::new(5).stream(), (&a).into(), &place(FloatDType::F64)).unwrap().to_f64().unwrap();
    assert!(draw[..4].iter().all(|x| x.is_nan()) && draw[4].is_finite());
}

#[test]
fn extreme_concentrations_stay_finite_in_single_precision() {
    let a = tensor(&[1e-30, 1e-12, 1e30]).cast(FloatDType::F32).autodiff().require_grad();
    let draw = log_gamma(&mut Key::new(5).stream(), (&a).into(), &place(FloatDType::F32)).unwrap().to_f64().unwrap();
    assert!(draw.iter().all(|x| x.is_finite()), "{draw:?}");
}

/// Pearson's statistic over cells of expected count at least 5, standardised to mean 0 and variance 1.
fn chi_square(draws: &[i64], ln_mass: impl Fn(f64) -> f64, top: i64) -> f64 {
    let n = draws.len() as f64;
    let mut counts = vec![0.0; top as usize + 1];
    draws.iter().for_each(|&k| counts[k.clamp(0, top) as usize] += 1.0);
    let (mut statistic, mut cells, mut expected, mut found, mut used) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (k, count) in counts.iter().enumerate() {
        let last = k as i64 == top;
        expected += n * if last { 1.0 - used } else { ln_mass(k as f64).exp() };
        used += if last { 0.0 } else { ln_mass(k as f64).exp() };
        found += count;
        if expected >= 5.0 || last {
            statistic += (found - expected) * (found - expected) / expected.max(1e-9);
            cells += 1.0;
            (expected, found) = (0.0, 0.0);
        }
        if n * (1.0 - used) < 5.0 && !last {
            let rest = draws.iter().filter(|&&draw| draw > k as i64).count() as f64;
            expected += n * (1.0 - used).max(0.0);
            found += rest;
            if expected >= 1.0 {
                statistic += (found - expected) * (found - expected) / expected;
                cells += 1.0;
            }
            break;
        }
    }
    (statistic - (cells - 1.0)) / (2.0 * (cells - 1.0f64).max(1.0)).sqrt()
}

#[test]
fn poisson_draws_have_the_poisson_distribution() {
    let mut rng = Key::new(6).stream();
    for rate in [0.1, 3.0, 11.9, 12.5, 80.0] {
        let draws: Vec<i64> = (0..20_000).map(|_| poisson_draw(&mut rng, rate).unwrap()).collect();
        let z = chi_square(&draws, |k| k * rate.ln() - rate - lgamma(k + 1.0), 400);
        assert!(z < 4.0, "rate {rate}: {z}");
    }
    let rate = 1e6;
    let mean = (0..10_000).map(|_| poisson_draw(&mut rng, rate).unwrap() as f64).sum::<f64>() / 1e4;
    assert!((mean - rate).abs() < 4.0 * 10.0, "{mean}");
}

#[test]
fn binomial_draws_have_the_binomial_distribution() {
    let mut rng = Key::new(7).stream();
    for (n, p) in [(1.0, 0.3), (12.0, 0.9), (60.0, 0.5), (200.0, 0.03), (300.0, 0.97)] {
        let draws: Vec<i64> = (0..20_000).map(|_| binomial_draw(&mut rng, n, p).unwrap()).collect();
        let mass = |k: f64| lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * p.ln() + (n - k) * (-p).ln_1p();
        let z = chi_square(&draws, mass, n as i64);
        assert!(z < 4.0, "n {n}, p {p}: {z}");
    }
    let (n, p) = (1e9, 0.25);
    let mean = (0..10_000).map(|_| binomial_draw(&mut rng, n, p).unwrap() as f64).sum::<f64>() / 1e4;
    assert!((mean - n * p).abs() < 4.0 * (n * p * (1.0 - p) / 1e4).sqrt(), "{mean}");
}

#[test]
fn counts_are_int_tensors_of_the_shape_of_their_parameters() {
    let to = place(FloatDType::F64);
    let rate: Tensor<2> = tensor(&[0.0, 1.0, 1e6, 0.0]).reshape([2, 2]);
    let counts = poisson(&mut Key::new(8).stream(), rate.into(), &to).unwrap();
    let counts = counts.typed::<2, burn::tensor::Int>("counts").unwrap();
    let counts: Vec<i64> = counts.to_data().iter().collect();
    assert!(counts[0] == 0 && counts[3] == 0 && counts[2] > 900_000);
    let drawn = binomial(&mut Key::new(8).stream(), tensor(&[0.0, 5.0, 5.0]).into(), tensor(&[0.5, 0.0, 1.0]).into(), &to).unwrap();
    assert_eq!(drawn.to_f64().unwrap(), [0.0, 0.0, 5.0]);
}

#[test]
fn impossible_parameters_are_refused_with_their_value() {
    let to = place(FloatDType::F64);
    let mut rng = Key::new(9).stream();
    for rate in [-1.0, f64::NAN, f64::INFINITY] {
        let error = poisson(&mut rng, tensor(&[1.0, rate]).into(), &to).unwrap_err();
        assert!(error.to_string().contains(&format!("the rate must be a number from 0 to 2^53, but is {rate}")), "{error}");
    }
    for (n, p) in [(-1.0, 0.5), (1.5, 0.5), (f64::NAN, 0.5), (3.0, -0.1), (3.0, 1.1), (3.0, f64::NAN)] {
        assert!(matches!(binomial(&mut rng, tensor(&[n]).into(), tensor(&[p]).into(), &to), Err(Error::Unsupported { .. })));
    }
    assert!(binomial(&mut rng, tensor(&[1.0, 2.0]).into(), tensor(&[0.5]).into(), &to).is_err());
}
