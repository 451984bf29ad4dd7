//! Question: how much radon is there in the houses of a county of which few were measured?
//!
//! Data: log radon in 919 houses of 85 counties of Minnesota, the floor of the measurement, uranium in the county's soil (Gelman
//! and Hill 2007).
//! Model: y ~ N(alpha[county] + b_uranium u + b_floor f, sigma_y), alpha ~ N(mu, sigma_alpha) over counties. Written twice: centred
//! as above, and non-centred with alpha = mu + sigma_alpha z. Counties share what they know through mu and sigma_alpha, so that one
//! with two houses is drawn towards the state's mean.
//!
//! Run: `cargo run --release --example radon` (options: `-- --device flex --steps 10000 --seed 0`).
//!
//! Prints, for both forms, the ELBO (higher is nearer to the posterior: the evidence is the same) and the standard deviation between
//! counties; then the county with the fewest and the one with the most houses, their own mean beside the estimate.

use examples::Settings;
use examples::data::{Table, integers, vector};
use vi_runtime::prelude::*;
use vi_runtime::{Guide, Summary};

const COUNTIES: usize = 85;

/// Slopes of uranium and floor, and the noise.
#[model]
fn houses(alpha: Tensor<1>, county: Tensor<1, Int>, x: [Tensor<1>; 2], y: Tensor<1>) {
    let slopes = sample!("slopes", Normal::new(0.0, 10.0).expand([2]));
    let sigma_y = sample!("sigma_y", HalfNormal::new(1.0));
    let [uranium, floor] = x;
    let mean = alpha.select(0, county) + slopes.clone().narrow(0, 0, 1) * uranium + slopes.narrow(0, 1, 1) * floor;
    plate!("house", y.dims()[0], { observe!("y", Normal::new(mean, sigma_y), y) });
}

#[model]
fn centred(county: Tensor<1, Int>, x: [Tensor<1>; 2], y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 10.0));
    let sigma_alpha = sample!("sigma_alpha", HalfNormal::new(1.0));
    let alpha = plate!("county", COUNTIES, { sample!("alpha", Normal::new(mu, sigma_alpha)) });
    submodel!("of", houses(alpha, county, x, y));
}

#[model]
fn non_centred(county: Tensor<1, Int>, x: [Tensor<1>; 2], y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 10.0));
    let sigma_alpha = sample!("sigma_alpha", HalfNormal::new(1.0));
    let z = plate!("county", COUNTIES, { sample!("z", Normal::new(0.0, 1.0)) });
    let alpha = deterministic!("alpha", mu + sigma_alpha * z);
    submodel!("of", houses(alpha, county, x, y));
}

fn show<M: Program + Clone, G: Guide<M>>(title: &str, model: &M, guide: G, settings: &Settings) -> Result<Summary> {
    let fit = Svi::new(model, guide)
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.02, last: 1e-4, steps: settings.steps }))
        .steps(settings.steps)
        .device(settings.device.clone())
        .seed(settings.seed)
        .run()?;
    let summary = fit.summary()?;
    let between = summary.row("sigma_alpha")?;
    println!("{title}: ELBO {:.2}, sd between counties {:.3} ± {:.3}", fit.elbo()?.value, between.mean, between.sd);
    for (slope, of) in [("of.slopes[0]", "uranium"), ("of.slopes[1]", "first floor")] {
        let row = summary.row(slope)?;
        println!("  {of:<12} {:+.2}, 90 % between {:+.2} and {:+.2}", row.mean, row.q05, row.q95);
    }
    Ok(summary)
}

fn main() -> Result<()> {
    let settings = Settings::parse(10_000)?;
    let table = Table::read("radon")?;
    let (county, radon) = (table.column("county")?, table.column("log_radon")?);
    let (uranium, floor) = (table.column("log_uranium")?, table.column("floor")?);
    let device = &settings.device;
    let x = || [vector(&uranium, device), vector(&floor, device)];
    let (index, y) = (integers(&county, device), vector(&radon, device));
    show("centred", &centred(index.clone(), x(), y.clone()), AutoNormal::new(), &settings)?;
    let summary = show("non-centred", &non_centred(index, x(), y), AutoNormal::new(), &settings)?;
    let of = |c: usize| county.iter().zip(&radon).filter(move |(county, _)| **county == c as f64).map(|(_, radon)| *radon);
    let by_houses = |c: &usize| of(*c).count();
    for c in (0..COUNTIES).min_by_key(by_houses).into_iter().chain((0..COUNTIES).max_by_key(by_houses)) {
        let (count, row) = (of(c).count(), summary.row(&format!("alpha[{c}]"))?);
        let own = of(c).sum::<f64>() / count as f64;
        println!("county {c}, {count} houses: own mean {own:.2}; intercept {:.2} ± {:.2}", row.mean, row.sd);
    }
    Ok(())
}
