//! Question: do people see a doctor less often when they pay a part of the cost?
//!
//! Data: visits in a year of 2 019 patients of the RAND Health Insurance Experiment (Cameron and Trivedi 2005).
//! Model: visits ~ Poisson(rate) with log rate = intercept + x · slopes, N(0, 2) priors. Visits vary more than that: the second model
//! is negative binomial with the same mean and variance mean + mean²/concentration, concentration ~ Gamma(2, 1).
//!
//! Run: `cargo run --release --example poisson_regression` (options: `-- --device flex --steps 5000 --seed 0`).
//!
//! Prints the ELBO of both models (a bound on the log evidence, so that their difference says which the data prefer), the effect of
//! each predictor with both, and the share of patients without a visit: seen, and predicted by each.

use examples::Settings;
use examples::data::{Table, matrix, standardised, vector};
use vi_runtime::prelude::*;

const PREDICTORS: [&str; 5] = ["log_coinsurance", "diseases", "limited", "fair_health", "poor_health"];

/// The expected number of visits of each patient.
#[model]
fn rates(x: Tensor<2>) -> Tensor<1> {
    let intercept = sample!("intercept", Normal::new(0.0, 2.0));
    let slopes = sample!("slopes", Normal::new(0.0, 2.0).expand([PREDICTORS.len()]));
    (x.matmul(slopes.unsqueeze_dim(1)).squeeze_dim::<1>(1) + intercept).exp()
}

#[model]
fn poisson(x: Tensor<2>, visits: Tensor<1>) {
    let rate = submodel!("of", rates(x));
    plate!("patient", visits.dims()[0], { observe!("visits", Poisson::new(rate), visits) });
}

#[model]
fn negative_binomial(x: Tensor<2>, visits: Tensor<1>) {
    let mean = submodel!("of", rates(x));
    let concentration = sample!("concentration", Gamma::new(2.0, 1.0));
    plate!("patient", visits.dims()[0], { observe!("visits", NegativeBinomial2::new(mean, concentration), visits) });
}

fn show<M: Program + Clone>(title: &str, model: &M, settings: &Settings) -> Result<()> {
    let fit = Svi::new(model, AutoNormal::new())
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-4, steps: settings.steps }))
        .steps(settings.steps)
        .device(settings.device.clone())
        .seed(settings.seed)
        .run()?;
    println!("{title}: ELBO {:.1}", fit.elbo()?.value);
    let summary = fit.summary()?;
    for (i, name) in PREDICTORS.iter().enumerate() {
        let row = summary.row(&format!("of.slopes[{i}]"))?;
        let [mean, low, high] = [row.mean, row.q05, row.q95].map(f64::exp);
        println!("  {name:<16} one sd more: visits times {mean:.3}, 90 % between {low:.3} and {high:.3}");
    }
    if let Ok(row) = summary.row("concentration") {
        println!("  concentration {:.2} ± {:.2}", row.mean, row.sd);
    }
    let (visits, _) = fit.predictive(200)?.get("visits")?.to_f64()?;
    println!("  without a visit: {:.1} % predicted", 100.0 * share_of_zeros(&visits));
    Ok(())
}

fn share_of_zeros(visits: &[f64]) -> f64 {
    visits.iter().filter(|&&visits| visits == 0.0).count() as f64 / visits.len() as f64
}

fn main() -> Result<()> {
    let settings = Settings::parse(5_000)?;
    let table = Table::read("visits")?;
    let columns = PREDICTORS.iter().map(|name| Ok(standardised(&table.column(name)?).0)).collect::<Result<Vec<_>>>()?;
    let (x, visits) = (matrix(&columns, &settings.device), table.column("visits")?);
    println!("{} patients, {:.1} % without a visit", visits.len(), 100.0 * share_of_zeros(&visits));
    let y = vector(&visits, &settings.device);
    show("Poisson", &poisson(x.clone(), y.clone()), &settings)?;
    show("negative binomial", &negative_binomial(x, y), &settings)
}
