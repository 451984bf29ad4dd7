//! Question: when did the Nile begin to carry less water?
//!
//! Data: yearly volume at Aswan, 1871 to 1970, in 10⁸ m³ (Durbin and Koopman 2001).
//! Model: a year is wet or dry, which is hidden; it stays so with probability stay[state] ~ Beta(10, 1). The volume is N(level[state],
//! sigma), level = (dry, dry + rise), dry ~ N(800, 200), rise ~ HalfNormal(400), sigma ~ HalfNormal(250). The states are summed out by the forward recursion,
//! so that only five numbers are left to fit.
//!
//! Run: `cargo run --release --example hmm` (options: `-- --device flex --steps 5000 --seed 0`).
//!
//! Prints the table of the posterior, the probability of a dry year given all data for every fifth year, and the most probable years in
//! which the state changes. The known answer is one change, after 1898.

use examples::Settings;
use examples::data::{Table, vector};
use vi_runtime::prelude::*;

/// The chain and what it emits: state 0 is dry.
fn chain(stay: &Tensor<1>, level: &Tensor<1>, sigma: &Tensor<1>, years: usize) -> DiscreteHmm<1, 2, Normal<2>> {
    let leave = -stay.clone() + 1.0;
    let row = |i: usize, [a, b]: [&Tensor<1>; 2]| Tensor::cat(vec![a.clone().narrow(0, i, 1), b.clone().narrow(0, i, 1)], 0);
    let transition: Tensor<2> = Tensor::stack(vec![row(0, [stay, &leave]), row(1, [&leave, stay])], 0);
    DiscreteHmm::new([0.5, 0.5], transition, Normal::new(level, sigma).expand([years, 2]))
}

#[model]
fn nile(volume: Tensor<1>) {
    let stay = sample!("stay", Beta::new(10.0, 1.0).expand([2]));
    let dry = sample!("dry", Normal::new(8.0, 2.0));
    let rise = sample!("rise", HalfNormal::new(4.0));
    let level = deterministic!("level", Tensor::cat(vec![dry.clone(), dry + rise], 0));
    let sigma = sample!("sigma", HalfNormal::new(2.5));
    observe!("volume", chain(&stay, &level, &sigma, volume.dims()[0]), volume);
}

fn main() -> Result<()> {
    let settings = Settings::parse(5_000)?;
    let table = Table::read("nile")?;
    let (years, volumes) = (table.column("year")?, table.column("volume")?);
    // In 10¹⁰ m³, so that all numbers are of the order of 1.
    let volume = vector(&volumes, &settings.device) / 100.0;
    let fit = Svi::new(&nile(volume.clone()), AutoNormal::new())
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-4, steps: settings.steps }))
        .steps(settings.steps)
        .particles(4)
        .seed(settings.seed)
        .run()?;
    println!("{}\n\n{}\n", fit.summary()?, fit.report()?);

    let summary = fit.summary()?;
    let mean = |site: &str| summary.row(site).map(|row| row.mean);
    let pair = |site: &str| Ok::<_, Error>(vector(&[mean(&format!("{site}[0]"))?, mean(&format!("{site}[1]"))?], &settings.device));
    let hmm = chain(&pair("stay")?, &pair("level")?, &vector(&[mean("sigma")?], &settings.device), years.len());
    let dry = AnyTensor::from(hmm.smoothed(&volume).narrow(1, 0, 1)).to_f64()?;
    for (year, dry) in years.iter().zip(&dry).step_by(5) {
        println!("{year}: dry with probability {dry:.3} {}", "#".repeat((40.0 * dry).round() as usize));
    }
    let (path, _) = hmm.most_probable(&volume);
    let path = AnyTensor::from(path).to_f64()?;
    for i in (1..path.len()).filter(|&i| path[i] != path[i - 1]) {
        println!("{} after {}", if path[i] == 0.0 { "dry" } else { "wet" }, years[i - 1]);
    }
    Ok(())
}
