//! Densities of the sites that are left when others are summed or integrated out.

use tests::has_f64;
use vi_runtime::burn::tensor::TensorData;
use vi_runtime::posterior::LogDensity;
use vi_runtime::prelude::*;
use vi_runtime::special::scalar::{lgamma, log_beta};

const Y: [f64; 4] = [-0.5, 2.25, 1.75, 0.25];
const SUCCESSES: [f64; 2] = [1.0, 9.0];
const TRIALS: [f64; 2] = [4.0, 20.0];

fn vector<const N: usize>(values: [f64; N]) -> Result<Tensor<1>> {
    let dtype = if has_f64() { FloatDType::F64 } else { FloatDType::F32 };
    Ok(Tensor::from_data(TensorData::new(values.to_vec(), [N]), (&tests::device()?, dtype.into())))
}

#[model]
fn mixture(y: Tensor<1>) {
    let w = sample!("w", Beta::new(2.0, 3.0));
    plate!("unit", y.dims()[0], {
        let z = sample!("z", Bernoulli::new(w), strategy = Enumerate);
        observe!("y", Normal::new(z.float().cast(y.dtype()) * 2.0, 1.0), y);
    });
}

#[model]
fn coins(y: Tensor<1>, n: Tensor<1>) {
    let strength = sample!("strength", LogNormal::new(1.0, 0.5));
    plate!("coin", 2, {
        let p = sample!("p", Beta::new(strength.clone() * 0.4, strength * 0.6), strategy = Collapse);
        observe!("y", Binomial::new(n, p), y);
    });
}

/// Value and slope at some points; the slope of the formula by central differences.
fn assert_density<M: Program + Clone>(density: &LogDensity<M>, expected: impl Fn(f64) -> f64) -> Result<()> {
    let (value, slope) = if has_f64() { (1e-10, 1e-7) } else { (1e-4, 1e-2) };
    assert_eq!(density.dim(), 1);
    for x in [-1.0, 0.25, 1.5] {
        let mut gradient = [0.0];
        let found = density.log_density_and_gradient(&[x], &mut gradient)?;
        assert!((found - expected(x)).abs() < value, "at {x}: {found}, expected {}", expected(x));
        let central = (expected(x + 1e-5) - expected(x - 1e-5)) / 2e-5;
        assert!((gradient[0] - central).abs() < slope, "at {x}: slope {}, expected {central}", gradient[0]);
    }
    Ok(())
}

fn log_normal(x: f64, loc: f64, scale: f64) -> f64 {
    -0.5 * ((x - loc) / scale).powi(2) - scale.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

#[test]
fn a_mixture_with_its_components_summed_out() -> Result<()> {
    let density = LogDensity::new(&mixture(vector(Y)?))?;
    assert_density(&density, |x| {
        let w = 1.0 / (1.0 + (-x).exp());
        let prior = 2.0 * w.ln() + 3.0 * (1.0 - w).ln() - log_beta(2.0, 3.0);
        prior + Y.iter().map(|&y| ((1.0 - w) * log_normal(y, 0.0, 1.0).exp() + w * log_normal(y, 2.0, 1.0).exp()).ln()).sum::<f64>()
    })?;
    // 400 units: 2^400 joint values, which no eager run adds up.
    let many: Vec<f64> = (0..400).map(|i| Y[i % 4]).collect();
    let dtype = if has_f64() { FloatDType::F64 } else { FloatDType::F32 };
    let many = Tensor::from_data(TensorData::new(many, [400]), (&tests::device()?, dtype.into()));
    let (one, all) = (density.log_density(&[0.25])?, LogDensity::new(&mixture(many))?.log_density(&[0.25])?);
    let w = 1.0 / (1.0 + (-0.25f64).exp());
    let prior = 2.0 * w.ln() + 3.0 * (1.0 - w).ln() - log_beta(2.0, 3.0);
    assert!((all - prior - 100.0 * (one - prior)).abs() < if has_f64() { 1e-9 } else { 0.05 }, "{all}, expected 100 times {one}");
    let draws = density.draws(&[0.0, 1.0])?;
    assert_eq!(draws.names().collect::<Vec<_>>(), ["w"]);
    Ok(())
}

#[test]
fn coins_with_their_probabilities_integrated_out() -> Result<()> {
    let density = LogDensity::new(&coins(vector(SUCCESSES)?, vector(TRIALS)?))?;
    assert_density(&density, |x| {
        let (a, b) = (0.4 * x.exp(), 0.6 * x.exp());
        let coin = |(y, n): (&f64, &f64)| {
            let choose = lgamma(n + 1.0) - lgamma(y + 1.0) - lgamma(n - y + 1.0);
            choose + log_beta(a + y, b + n - y) - log_beta(a, b)
        };
        log_normal(x, 1.0, 0.5) + SUCCESSES.iter().zip(&TRIALS).map(coin).sum::<f64>()
    })?;
    // At one strength each probability is Beta(0.4 s + y, 0.6 s + n − y).
    let count = usize::try_from(tests::scaled(2000)).unwrap_or(2000);
    let (p, shape) = density.draws(&vec![1.0; count])?.take("p").to_f64()?;
    assert_eq!(shape, [count, 2]);
    let s = 1f64.exp();
    for (coin, (y, n)) in SUCCESSES.iter().zip(TRIALS).enumerate() {
        let (a, b) = (0.4 * s + y, 0.6 * s + n - y);
        let (mean, variance) = (a / (a + b), a * b / ((a + b).powi(2) * (a + b + 1.0)));
        let found = p.iter().skip(coin).step_by(2).sum::<f64>() / count as f64;
        assert!((found - mean).abs() < 4.0 * (variance / count as f64).sqrt(), "coin {coin}: {found}, expected {mean}");
    }
    Ok(())
}
