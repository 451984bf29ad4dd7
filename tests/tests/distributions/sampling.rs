//! Draws against the distribution functions, and gradients of expectations through the draws, at fixed seeds.

#[path = "sampling/discrete.rs"]
mod discrete;
#[path = "sampling/multivariate.rs"]
mod multivariate;

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, PI};

use burn::tensor::{FloatDType, Int, Tensor, TensorData};
use vi_runtime::dist::*;
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::special::scalar::{lgamma, log_beta};
use vi_runtime::{Key, Placement};

use super::finest::{draw, precision, slopes};
use super::{burn, has_f64, numbers, tensor, test_device};

#[path = "sampling/tails.rs"]
mod tails;

fn placement() -> Placement {
    super::placement(precision())
}

const DRAWS: usize = 20_000;

/// Kolmogorov–Smirnov: the distance times √n exceeds 2.23 with probability 1e-4 if the draws follow `cdf`.
pub(super) fn follows(name: &str, mut x: Vec<f64>, cdf: impl Fn(f64) -> f64) {
    x.sort_by(f64::total_cmp);
    let n = x.len() as f64;
    let distance = x.iter().enumerate().fold(0.0, |d: f64, (i, &x)| {
        let f = cdf(x);
        d.max(f - i as f64 / n).max((i + 1) as f64 / n - f)
    });
    assert!(distance * n.sqrt() < 2.23, "{name}: {}", distance * n.sqrt());
}

/// Error function from its series and continued fraction, 1e-12.
pub(super) fn normal_cdf(x: f64) -> f64 {
    let z = x.abs() * FRAC_1_SQRT_2;
    let upper = if z < 2.5 {
        let (mut term, mut sum) = (z, z);
        for k in 1..80 {
            term *= -z * z / f64::from(k);
            sum += term / f64::from(2 * k + 1);
        }
        0.5 - sum / PI.sqrt()
    } else {
        let fraction = (1..60).rev().fold(z, |f, k| z + f64::from(k) * 0.5 / f);
        0.5 * (-z * z).exp() / (fraction * PI.sqrt())
    };
    if x > 0.0 { 1.0 - upper } else { upper }
}

/// `P(a, x)` by its series (DLMF 8.7.1).
fn gamma_cdf(a: f64, x: f64) -> f64 {
    let (mut term, mut sum) = (1.0 / a, 1.0 / a);
    for k in 1..1000 {
        term *= x / (a + f64::from(k));
        sum += term;
    }
    (a * x.ln() - x - lgamma(a)).exp() * sum
}

/// `I_x(a, b)` by its series below one half (DLMF 8.17.7).
fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x > 0.5 {
        return 1.0 - beta_cdf(b, a, 1.0 - x);
    }
    let (mut term, mut sum) = (1.0, 1.0 / a);
    for k in 1..400 {
        let k = f64::from(k);
        term *= (k - b) / k * x;
        sum += term / (a + k);
    }
    (a * x.ln() - log_beta(a, b)).exp() * sum
}

#[test]
fn continuous_draws_follow_their_distribution_functions() {
    let n = [DRAWS];
    follows("Normal", numbers(draw(Normal::new(1.0, 2.0).expand(n), 1)), |x| normal_cdf((x - 1.0) / 2.0));
    follows("LogNormal", numbers(draw(LogNormal::new(1.0, 2.0).expand(n), 2)), |x| normal_cdf((x.ln() - 1.0) / 2.0));
    follows("HalfNormal", numbers(draw(HalfNormal::new(2.0).expand(n), 3)), |x| 2.0 * normal_cdf(x / 2.0) - 1.0);
    follows("HalfCauchy", numbers(draw(HalfCauchy::new(5.0).expand(n), 4)), |x| FRAC_2_PI * (x / 5.0).atan());
    follows("Cauchy", numbers(draw(Cauchy::new(1.0, 5.0).expand(n), 5)), |x| 0.5 + ((x - 1.0) / 5.0).atan() / PI);
    follows("Uniform", numbers(draw(Uniform::new(-1.0, 3.0).expand(n), 6)), |x| (x + 1.0) / 4.0);
    follows("Exponential", numbers(draw(Exponential::new(0.3).expand(n), 7)), |x| 1.0 - (-0.3 * x).exp());
    // Two degrees of freedom have a closed form.
    follows("StudentT", numbers(draw(StudentT::new(2.0, 1.0, 3.0).expand(n), 8)), |x| {
        let t = (x - 1.0) / 3.0;
        0.5 + 0.5 * t / (2.0 + t * t).sqrt()
    });
    follows("Gamma", numbers(draw(Gamma::new(2.5, 4.0).expand(n), 9)), |x| gamma_cdf(2.5, 4.0 * x));
    follows("Gamma 0.3", numbers(draw(Gamma::new(0.3, 4.0).expand(n), 10)), |x| gamma_cdf(0.3, 4.0 * x));
    follows("Beta", numbers(draw(Beta::new(2.5, 0.7).expand(n), 11)), |x| beta_cdf(2.5, 0.7, x));
}

#[test]
fn small_concentrations_stay_inside_and_keep_their_distribution() {
    if !has_f64() {
        return; // single precision has no numbers between 0 and most of these draws
    }
    let beta = numbers(draw(Beta::new(0.01, 0.01).expand([DRAWS]), 12));
    assert!(beta.iter().all(|&x| x > 0.0 && x < 1.0));
    // 3e-4 of the mass lies below the smallest double, and 0.35 within an ulp of 1: those draws were moved inside.
    let inside: Vec<f64> = beta.iter().copied().filter(|&x| x > 1e-300 && x < 0.5).collect();
    let (low, high) = (beta_cdf(0.01, 0.01, 1e-300), 0.5);
    let expected = DRAWS as f64 * (high - low);
    assert!((inside.len() as f64 - expected).abs() < 4.0 * (expected * (1.0 - high + low)).sqrt());
    follows("Beta(0.01, 0.01)", inside, |x| (beta_cdf(0.01, 0.01, x) - low) / (high - low));
    let gamma = numbers(draw(Gamma::new(1e-3, 1.0).expand([DRAWS]), 13));
    assert!(gamma.iter().all(|&x| x > 0.0 && x.is_finite()));
    let low = gamma_cdf(1e-3, 1e-300);
    let inside: Vec<f64> = gamma.into_iter().filter(|&x| x > 1e-300).collect();
    follows("Gamma(0.001)", inside, |x| (gamma_cdf(1e-3, x) - low) / (1.0 - low));
}

#[test]
fn draws_in_single_precision_stay_inside_the_support() {
    let to = Placement { device: test_device(), dtype: FloatDType::F32 };
    let mut source = HostNoise::new(Key::new(3), to.clone());
    let mut noise = Noise::new(&mut source);
    let n = [4_000];
    let beta = numbers(Beta::new(0.01, 0.01).expand(n).place(&to).draw(&mut noise).unwrap());
    assert!(beta.iter().all(|&x| x > 0.0 && x < 1.0));
    let gamma = numbers(Gamma::new(1e-3, 1.0).expand(n).place(&to).draw(&mut noise).unwrap());
    assert!(gamma.iter().all(|&x| x > 0.0));
    let log_normal = numbers(LogNormal::new(0.0, 100.0).expand(n).place(&to).draw(&mut noise).unwrap());
    assert!(log_normal.iter().all(|&x| x > 0.0 && x.is_finite()));
    let dirichlet = numbers(Dirichlet::new(0.01).expand([1_000, 4]).place(&to).draw(&mut noise).unwrap());
    assert!(dirichlet.iter().all(|&x| x > 0.0 && x < 1.0));
    for x in [
        HalfCauchy::new(1.0).expand(n).place(&to).draw(&mut noise),
        Cauchy::new(0.0, 1.0).expand(n).place(&to).draw(&mut noise),
        Exponential::new(1.0).expand(n).place(&to).draw(&mut noise),
    ] {
        assert!(numbers(x.unwrap()).iter().all(|x| x.is_finite()));
    }
}

#[test]
fn dirichlet_marginals_are_beta() {
    let a = [0.5, 1.0, 2.5];
    let x = numbers(draw(Dirichlet::new(a).expand([DRAWS, 3]), 14));
    assert!(x.chunks(3).all(|row| (row.iter().sum::<f64>() - 1.0).abs() < 1e-6));
    for (k, a) in a.into_iter().enumerate() {
        follows("Dirichlet", x.iter().skip(k).step_by(3).copied().collect(), |x| beta_cdf(a, 4.0 - a, x));
    }
}

#[test]
fn multivariate_normal_draws_have_its_covariance() {
    let (tril, loc) = ([[1.0, 0.0], [0.5, 2.0]], [1.0, -1.0]);
    let x = numbers(draw(MultivariateNormal::new(loc, tril).expand([DRAWS, 2]), 15));
    // A batch of factors, one for each draw, takes the other path.
    let factors = tensor::<3>(&[[1.0, 0.0, 0.5, 2.0]; 500].concat(), [500, 2, 2], precision().into());
    let y = numbers(draw(MultivariateNormal::new(tensor::<2>(&loc, [1, 2], precision().into()), factors), 16));
    for x in [x, y] {
        let n = (x.len() / 2) as f64;
        let mean = |f: &dyn Fn(&[f64]) -> f64| x.chunks(2).map(f).sum::<f64>() / n;
        let [m0, m1] = [mean(&|r| r[0]), mean(&|r| r[1])];
        assert!((m0 - 1.0).abs() < 4.0 / n.sqrt() && (m1 + 1.0).abs() < 4.0 * 4.25f64.sqrt() / n.sqrt());
        let expected = [(0, 0, 1.0), (0, 1, 0.5), (1, 1, 4.25)];
        for (i, j, covariance) in expected {
            let m = [m0, m1];
            let found = mean(&|r| (r[i] - m[i]) * (r[j] - m[j]));
            // Wick: var(xᵢxⱼ) = Σᵢᵢ Σⱼⱼ + Σᵢⱼ²
            let diagonal = [1.0, 4.25];
            let error = ((diagonal[i] * diagonal[j] + covariance * covariance) / n).sqrt();
            assert!((found - covariance).abs() < 4.0 * error, "{i}{j}: {found}");
        }
    }
}

/// Chi-square of counts against the family's own masses; a cell that expects fewer than 5 joins the last one.
fn fits<T: Distribution<1, Kind = Int>>(distribution: T, largest: i64, seed: u64) {
    let name = distribution.name();
    let x: Tensor<1, Int> = Tensor::from_data(TensorData::new((0..=largest).collect::<Vec<_>>(), [largest as usize + 1]), &test_device());
    let placed = distribution.clone().place(&placement());
    let mass = numbers(placed.log_prob(&x).exp());
    let values = draw(distribution.grow([DRAWS]), seed).into_data().iter::<i64>().collect::<Vec<_>>();
    let n = DRAWS as f64;
    let (mut statistic, mut cells, mut left, mut left_found) = (0.0, 0, n, n);
    for (k, mass) in mass.iter().enumerate() {
        let found = values.iter().filter(|&&v| v == k as i64).count() as f64;
        if mass * n >= 5.0 {
            statistic += (found - mass * n).powi(2) / (mass * n);
            cells += 1;
            left -= mass * n;
            left_found -= found;
        } else if *mass == 0.0 {
            assert_eq!(found, 0.0, "{name}: {k} is impossible");
        }
    }
    if left > 1.0 {
        statistic += (left_found - left).powi(2) / left;
    } else {
        assert!(left_found < 10.0, "{name}: {left_found} draws where {left} are expected");
    }
    // Wilson and Hilferty 1931: the cube root is nearly normal; 3.7 is exceeded with probability 1e-4.
    let degrees = f64::from(cells.max(2) - 1);
    let spread = 2.0 / (9.0 * degrees);
    let z = ((statistic / degrees).cbrt() - 1.0 + spread) / spread.sqrt();
    assert!(z < 3.7, "{name}: chi-square {statistic} with {degrees} degrees");
}

#[test]
fn discrete_draws_fit_their_masses() {
    fits(Bernoulli::new(0.3), 1, 21);
    fits(Bernoulli::logits(-1.2), 1, 22);
    fits(Bernoulli::logits(tensor::<1>(&[0.4], [1], precision().into())), 1, 23);
    fits(Categorical::new([0.1, 0.0, 0.6, 0.3]), 3, 24);
    fits(Categorical::logits([0.0, 1.0, -2.0, 3.0]), 3, 25);
    fits(Binomial::new(12.0, 0.3), 12, 26);
    fits(Binomial::logits(12.0, 1.0), 12, 27);
    fits(Poisson::new(3.5), 20, 28);
    fits(Poisson::new(60.0), 140, 29);
}

/// Mean over draws of the gradient of `f` against the derivative of its expectation: within 4 standard errors.
fn gradient_of_expectation(name: &str, params: &[f64], want: &[f64], f: impl Fn(&[Tensor<1>], &mut Noise<'_>) -> Tensor<1>) {
    for (k, (mean, error)) in slopes(params, DRAWS, f).into_iter().enumerate() {
        // What is 0 in every draw is so up to rounding.
        let allowed = 4.0 * error + 1e-5 * want[k].abs() + 1e-12;
        assert!((mean - want[k]).abs() <= allowed, "{name}, parameter {k}: {mean} ± {error} instead of {}", want[k]);
    }
}

#[test]
fn gradients_of_expectations_through_the_draws() {
    use gradient_of_expectation as check;
    // E x² = μ² + σ²
    check("Normal", &[0.7, 1.3], &[1.4, 2.6], |p, n| Normal::new(&p[0], &p[1]).draw(n).unwrap().square());
    // E x = exp(μ + σ²/2)
    let mean = (0.3f64 + 0.125).exp();
    check("LogNormal", &[0.3, 0.5], &[mean, 0.5 * mean], |p, n| LogNormal::new(&p[0], &p[1]).draw(n).unwrap());
    check("HalfNormal", &[1.3], &[2.6], |p, n| HalfNormal::new(&p[0]).draw(n).unwrap().square());
    // E ln(1 + x²) = 2 ln(1 + γ) about 0; E 1/(1 + x²) = (1 + γ)/((1 + γ)² + μ²)
    check("HalfCauchy", &[0.7], &[2.0 / 1.7], |p, n| HalfCauchy::new(&p[0]).draw(n).unwrap().square().log1p());
    let (c, m) = (1.7f64, 0.4f64);
    let square = c * c + m * m;
    check("Cauchy", &[m, 0.7], &[-2.0 * m * c / square.powi(2), (m * m - c * c) / square.powi(2)], |p, n| {
        (Cauchy::new(&p[0], &p[1]).draw(n).unwrap().square() + 1.0).recip()
    });
    // E x² = μ² + σ² ν/(ν − 2)
    check("StudentT", &[12.0, 0.5, 1.5], &[-2.0 * 2.25 / 100.0, 1.0, 3.0 * 1.2], |p, n| {
        StudentT::new(&p[0], &p[1], &p[2]).draw(n).unwrap().square()
    });
    // E x² = (a² + ab + b²)/3
    check("Uniform", &[-1.0, 2.0], &[0.0, 1.0], |p, n| Uniform::new(&p[0], &p[1]).draw(n).unwrap().square());
    check("Exponential", &[2.0], &[-0.25], |p, n| Exponential::new(&p[0]).draw(n).unwrap());
    // E x² = a (a + 1)/b²
    for a in [0.3, 2.5, 40.0] {
        check("Gamma", &[a, 2.0], &[(2.0 * a + 1.0) / 4.0, -a * (a + 1.0) / 4.0], |p, n| {
            Gamma::new(&p[0], &p[1]).draw(n).unwrap().square()
        });
    }
    // E x = a/(a + b)
    for (a, b) in [(0.5, 0.3), (2.0, 5.0), (60.0, 30.0)] {
        let total: f64 = a + b;
        check("Beta", &[a, b], &[b / total.powi(2), -a / total.powi(2)], |p, n| Beta::new(&p[0], &p[1]).draw(n).unwrap());
    }
    // E Σ k xₖ = Σ k aₖ/Σ aₖ
    let a = [0.5, 1.5, 3.0];
    let mean = (1.0 * 1.5 + 2.0 * 3.0) / 5.0;
    check("Dirichlet", &a, &[-mean / 5.0, (1.0 - mean) / 5.0, (2.0 - mean) / 5.0], |p, n| {
        let rows: Tensor<2> = Tensor::stack(p.to_vec(), 1);
        let weights = tensor::<2>(&[0.0, 1.0, 2.0], [1, 3], precision().into());
        (Dirichlet::new(rows).draw(n).unwrap() * weights).sum_dim(1).reshape([DRAWS])
    });
    // E x₁x₂ = μ₁μ₂ + L₁₁L₂₁
    check("MultivariateNormal", &[0.5, -1.0, 0.8, 0.4, 1.5], &[-1.0, 0.5, 0.4, 0.8, 0.0], |p, n| {
        let loc: Tensor<2> = Tensor::stack(p[..2].to_vec(), 1);
        let zero = p[2].zeros_like();
        let tril: Tensor<2> = Tensor::stack(vec![p[2].clone(), zero, p[3].clone(), p[4].clone()], 1);
        let x = MultivariateNormal::new(loc, tril.reshape([DRAWS, 2, 2])).draw(n).unwrap();
        (x.clone().narrow(1, 0, 1) * x.narrow(1, 1, 1)).reshape([DRAWS])
    });
}

#[path = "sampling/univariate.rs"]
mod univariate;
