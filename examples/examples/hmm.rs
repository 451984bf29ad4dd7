//! Question: when did the Nile begin to carry less water?
//!
//! Data: yearly volume at Aswan, 1871 to 1970, in 10⁸ m³ (Durbin and Koopman 2001).
//! Model: a year is wet or dry, which is hidden; it stays so with probability stay[state] ~ Beta(10, 1). The volume is N(level[state],
//! sigma), level = (dry, dry + rise), dry ~ N(800, 200), rise ~ HalfNormal(400), sigma ~ HalfNormal(250). The hundred states are sites
//! that the fit sums out, so that only five numbers are left to fit.
//!
//! Run: `cargo run --release --example hmm` (options: `-- --device flex --steps 5000 --seed 0`).
//!
//! Prints the table of the posterior, the probability of a dry year given all data for every fifth year, and the years in which the
//! state changes along the most probable paths, one path a draw of the posterior. The known answer is one change, after 1898.

use examples::Settings;
use examples::data::{Table, vector};
use vi_runtime::prelude::*;

#[model]
fn nile(volume: Tensor<1>) {
    let stay = sample!("stay", Beta::new(10.0, 1.0).expand([2]));
    let dry = sample!("dry", Normal::new(8.0, 2.0));
    let rise = sample!("rise", HalfNormal::new(4.0));
    let level = deterministic!("level", Tensor::cat(vec![dry.clone(), dry + rise], 0));
    let sigma = sample!("sigma", HalfNormal::new(2.5));
    // The probability of a wet year, which is state 1: at first, and after a year in each state.
    let mut wet = Tensor::from_floats([0.5], &device!()).cast(volume.dtype());
    let wet_after = Tensor::cat(vec![-stay.clone().narrow(0, 0, 1) + 1.0, stay.narrow(0, 1, 1)], 0);
    for t in 0..volume.dims()[0] {
        let state = sample!("state"[t], Bernoulli::new(wet), strategy = Enumerate);
        observe!("volume"[t], Normal::new(level.clone().select(0, state.clone()), &sigma), volume.clone().narrow(0, t, 1));
        wet = wet_after.clone().select(0, state);
    }
}

fn main() -> Result<()> {
    let settings = Settings::parse(5_000)?;
    let table = Table::read("nile")?;
    let (years, volumes) = (table.column("year")?, table.column("volume")?);
    // In 10¹⁰ m³, so that all numbers are of the order of 1.
    let volume = vector(&volumes, &settings.device) / 100.0;
    let fit = Svi::new(&nile(volume), AutoNormal::new())
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-4, steps: settings.steps }))
        .steps(settings.steps)
        .particles(4)
        .seed(settings.seed)
        .run()?;
    println!("{}\n\n{}\n", fit.summary()?, fit.report()?);

    let draws = 200;
    let states: Tensor<2> = fit.marginals(draws)?.state.tensor::<4>()?.mean_dim(0).reshape([years.len(), 2]);
    let dry = AnyTensor::from(states.narrow(1, 0, 1)).to_f64()?;
    for (year, dry) in years.iter().zip(&dry).step_by(5) {
        println!("{year}: dry with probability {dry:.3} {}", "#".repeat((40.0 * dry).round() as usize));
    }
    let (paths, _) = fit.infer_discrete(Decode::Map, draws)?.state.to_f64()?;
    for t in 1..years.len() {
        let changes = |from: f64| paths.chunks_exact(years.len()).filter(|path| path[t - 1] == from && path[t] != from).count();
        for (from, to) in [(1.0, "dry"), (0.0, "wet")] {
            let share = changes(from) as f64 / draws as f64;
            if share > 0.05 {
                println!("{to} after {} in {:.0} % of the most probable paths", years[t - 1], 100.0 * share);
            }
        }
    }
    Ok(())
}
