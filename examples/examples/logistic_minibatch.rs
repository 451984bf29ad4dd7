//! Question: what makes a household of Bangladesh change to another well when its own has arsenic?
//!
//! Data: 3 020 households, whether they changed, the distance to the nearest safe well, the arsenic in their own, years of
//! education (Gelman and Hill 2007).
//! Model: changed ~ Bernoulli(logit = intercept + x · slopes), standardised predictors, N(0, 2.5) priors. A step sees a batch of 256
//! households, each of which counts 3020/256; the last batch of an epoch has 204, which count 3020/204.
//!
//! Run: `cargo run --release --example logistic_minibatch` (options: `-- --device flex --steps 4000 --seed 0`).
//!
//! Prints the table of the posterior from the batches, the ELBO on all households beside that of a fit that sees all of them in every
//! step, and how the odds change with each predictor.

use std::time::Instant;

use examples::Settings;
use examples::data::{Table, matrix, standardised, vector};
use vi_runtime::prelude::*;

const BATCH: usize = 256;
const PREDICTORS: [(&str, &str); 3] = [("distance", "metres"), ("arsenic", "100 µg/l"), ("education", "years")];

#[model]
fn switching(x: Tensor<2>, switched: Tensor<1>, households: usize) {
    let intercept = sample!("intercept", Normal::new(0.0, 2.5));
    let slopes = sample!("slopes", Normal::new(0.0, 2.5).expand([x.dims()[1]]));
    plate!("household", households, subsample = switched.dims()[0], |_rows| {
        let logits = x.matmul(slopes.unsqueeze_dim(1)).squeeze_dim::<1>(1) + intercept;
        observe!("switched", Bernoulli::logits(logits), switched);
    });
}

fn main() -> Result<()> {
    let settings = Settings::parse(4_000)?;
    let table = Table::read("wells")?;
    let columns = PREDICTORS.iter().map(|(name, _)| Ok(standardised(&table.column(name)?)));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let x = matrix(&columns.iter().map(|(column, ..)| column.clone()).collect::<Vec<_>>(), &settings.device);
    let switched = table.column("switched")?;
    let households = switched.len();
    let data = (x, vector(&switched, &settings.device));

    let bind = |(x, switched)| switching(x, switched, households);
    let whole = bind(data.clone());
    let svi = || {
        let rate = Schedule::Cosine { initial: 0.02, last: 1e-4, steps: settings.steps };
        Svi::new(&whole, AutoNormal::new()).optimizer(Adam::new(rate)).steps(settings.steps).seed(settings.seed)
    };
    let batches = Batches::new(households, BATCH)?.seed(settings.seed);
    println!("{} batches an epoch, {:.1} epochs", batches.per_epoch(), settings.steps as f64 / batches.per_epoch() as f64);
    let begin = Instant::now();
    let fit = svi().run_over(batches.take(settings.steps as usize), |batch| Ok((bind(batch.rows(&data)?), AutoNormal::new())))?;
    let took = begin.elapsed();
    let begin = Instant::now();
    let full = svi().run()?;
    println!("{}\n", fit.summary()?);
    println!("batches of {BATCH}: ELBO on all {households} households {:.2}, {:.2} s", fit.elbo()?.value, took.as_secs_f64());
    println!("all in every step: ELBO {:.2}, {:.2} s\n", full.elbo()?.value, begin.elapsed().as_secs_f64());
    let summary = fit.summary()?;
    for (i, ((name, unit), (_, _, sd))) in PREDICTORS.iter().zip(&columns).enumerate() {
        let row = summary.row(&format!("slopes[{i}]"))?;
        let odds = |slope: f64| slope.exp();
        println!(
            "{name}: one standard deviation ({sd:.1} {unit}) more, odds times {:.2}, 90 % between {:.2} and {:.2}",
            odds(row.mean),
            odds(row.q05),
            odds(row.q95)
        );
    }
    Ok(())
}
