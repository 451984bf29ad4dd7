//! Question: how does the stopping distance of a car grow with its speed?
//!
//! Data: 50 cars of the 1920s, speed in miles an hour, distance in feet (Ezekiel 1930).
//! Model: distance ~ N(intercept + slope (speed − mean speed), 15), intercept ~ N(0, 50), slope ~ N(0, 10). With a
//! known noise and a centred predictor the posterior is a product of two normals, so mean field is exact.
//!
//! Run: `cargo run --release --example linear_regression` (options: `-- --device flex --steps 3000 --seed 0`).
//!
//! Prints the table of the posterior beside the exact one, the ELBO beside the exact log evidence with the gap (0), and
//! the predicted distance at 21 miles an hour.

use examples::Settings;
use vi_runtime::prelude::*;

const SPEED: [f64; 50] = [
    4.0, 4.0, 7.0, 7.0, 8.0, 9.0, 10.0, 10.0, 10.0, 11.0, 11.0, 12.0, 12.0, 12.0, 12.0, 13.0, 13.0, 13.0, 13.0, 14.0, 14.0, 14.0, 14.0,
    15.0, 15.0, 15.0, 16.0, 16.0, 17.0, 17.0, 17.0, 18.0, 18.0, 18.0, 18.0, 19.0, 19.0, 19.0, 20.0, 20.0, 20.0, 20.0, 20.0, 22.0, 23.0,
    24.0, 24.0, 24.0, 24.0, 25.0,
];
const DISTANCE: [f64; 50] = [
    2.0, 10.0, 4.0, 22.0, 16.0, 10.0, 18.0, 26.0, 34.0, 17.0, 28.0, 14.0, 20.0, 24.0, 28.0, 26.0, 34.0, 34.0, 46.0, 26.0, 36.0, 60.0, 80.0,
    20.0, 26.0, 54.0, 32.0, 40.0, 32.0, 40.0, 50.0, 42.0, 56.0, 76.0, 84.0, 36.0, 46.0, 68.0, 32.0, 48.0, 52.0, 56.0, 64.0, 66.0, 54.0,
    70.0, 92.0, 93.0, 120.0, 85.0,
];
const NOISE: f64 = 15.0;
const PRIOR: [f64; 2] = [50.0, 10.0];

#[model]
fn stopping(speed: Tensor<1>, distance: Option<Tensor<1>>) {
    let intercept = sample!("intercept", Normal::new(0.0, PRIOR[0]));
    let slope = sample!("slope", Normal::new(0.0, PRIOR[1]));
    plate!("car", speed.dims()[0], {
        let mean = intercept + slope * speed;
        observe!("distance", Normal::new(mean, NOISE), distance);
    });
}

/// Mean, standard deviation of intercept and slope, and the log evidence: with a centred predictor each coefficient
/// has its own conjugate update, `precision = 1/prior² + Σx²/noise²`.
fn exact(speed: &[f64]) -> ([(f64, f64); 2], f64) {
    let n = speed.len() as f64;
    let dot = |x: &dyn Fn(usize) -> f64| (0..speed.len()).map(x).sum::<f64>() / (NOISE * NOISE);
    let squares = [n / (NOISE * NOISE), dot(&|i| speed[i] * speed[i])];
    let moments = [dot(&|i| DISTANCE[i]), dot(&|i| DISTANCE[i] * speed[i])];
    let mut log_evidence = -0.5 * n * (std::f64::consts::TAU * NOISE * NOISE).ln() - 0.5 * dot(&|i| DISTANCE[i] * DISTANCE[i]);
    let mut posterior = [(0.0, 0.0); 2];
    for k in 0..2 {
        let precision = PRIOR[k].powi(-2) + squares[k];
        posterior[k] = (moments[k] / precision, precision.sqrt().recip());
        log_evidence += 0.5 * moments[k] * moments[k] / precision - 0.5 * precision.ln() - PRIOR[k].ln();
    }
    (posterior, log_evidence)
}

fn main() -> Result<()> {
    let settings = Settings::parse(3_000)?;
    let mean_speed = SPEED.iter().sum::<f64>() / 50.0;
    let centred = SPEED.map(|speed| speed - mean_speed);
    let speed = Tensor::from_floats(centred, &settings.device);
    let distance = Tensor::from_floats(DISTANCE, &settings.device);
    let model = stopping(speed, Some(distance));
    let fit = Svi::new(&model, AutoNormal::new().init_scale(1.0))
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.3, last: 0.001, steps: settings.steps }))
        .steps(settings.steps)
        .particles(2)
        .device(settings.device.clone())
        .seed(settings.seed)
        .run()?;
    let ([intercept, slope], log_evidence) = exact(&centred);
    println!("{}\n", fit.summary()?);
    println!("exact: intercept {:.3} ± {:.3}, slope {:.3} ± {:.3}\n", intercept.0, intercept.1, slope.0, slope.1);
    println!("{}", fit.report()?);
    println!("log evidence {log_evidence:.4} (exact), gap {:.4}", fit.elbo()?.gap(log_evidence));
    let new = stopping(Tensor::from_floats([21.0 - mean_speed], &settings.device), None);
    let prediction = vi_runtime::Summary::of(&fit.predict(&new, 2_000)?)?;
    let row = prediction.row("distance")?;
    println!("at 21 miles an hour: {:.1} feet, 90 % between {:.1} and {:.1}", row.mean, row.q05, row.q95);
    Ok(())
}
