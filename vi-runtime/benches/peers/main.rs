//! The workloads that peers are measured on, one line of JSON each: `cargo bench --bench peers`.
//!
//! ```text
//! cargo bench --bench peers -- [WORKLOAD …] [--steps N] [--seed S] [--execution auto|eager|compiled]
//!     [--export FOLDER] [--whole] [--list]
//! ```
//!
//! Without a name every workload runs, each in a process of its own, so that its peak memory is its own. `--steps` cuts
//! the fit that comes before the timing, and with it how far the ELBO gets. `--export` writes the data for the peers'
//! side (`scripts/bench-peers.sh` runs both and prints the ratios). `--whole` does what a user's program would: it fits
//! eight schools, prints the posterior and ends (`scripts/startup.sh` times that process).
//!
//! The fields of a line: `us_per_step_median` and `us_per_step_p02` over windows of at least 5 ms (the median of three
//! passes, `repeats`), `cpu_us_per_step` the mean processor time of a pass, `elbo_tail_mean` over the last tenth of the fit, `final_elbo`
//! re-evaluated at its end, `init_s` until the first step, `compile_s` what the first three steps took beyond three
//! usual ones, `peak_rss_mb`.

#![allow(missing_docs, reason = "the macros' modules have no documentation of their own")]

mod autoencoder;
mod data;
mod eight_schools;
mod linear;
mod local_level;
mod logistic;
mod measure;
mod mixture;
mod radon;

use std::path::PathBuf;
use std::process::Command;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use vi_runtime::prelude::*;
use vi_runtime::{Execution, Guide};

use measure::{Fitting, Settings, Workload};

/// The same programs in every step; the ELBO on all data is that of the programs of `whole`.
struct Fixed<M: Program, G: Guide<M>, W: Program, V: Guide<W>> {
    svi: Svi<M, G>,
    whole: Svi<W, V>,
    state: SviState,
}

impl<M: Program + Clone, G: Guide<M>, W: Program + Clone, V: Guide<W>> Fitting for Fixed<M, G, W, V> {
    fn step(&mut self) -> Result<f64> {
        self.svi.step(&mut self.state)
    }

    fn elbo(&self, draws: usize) -> Result<f64> {
        Ok(self.whole.evaluate(&self.state, draws)?.value)
    }
}

/// Another batch in each step: rows drawn with replacement and bound to the programs by `bind`; the ELBO on all data is
/// that of the programs of `whole`.
struct Fed<M: Program, G: Guide<M>, W: Program, V: Guide<W>, B> {
    svi: Svi<M, G>,
    whole: Svi<W, V>,
    state: SviState,
    rows: ChaCha8Rng,
    bind: B,
}

impl<M, G, W, V, B> Fitting for Fed<M, G, W, V, B>
where
    M: Program + Clone,
    G: Guide<M>,
    W: Program + Clone,
    V: Guide<W>,
    B: Fn(&mut ChaCha8Rng) -> (M, G),
{
    fn step(&mut self) -> Result<f64> {
        let (model, guide) = (self.bind)(&mut self.rows);
        self.svi.step_with(&mut self.state, &model, &guide)
    }

    fn elbo(&self, draws: usize) -> Result<f64> {
        Ok(self.whole.evaluate(&self.state, draws)?.value)
    }
}

/// How every workload is fitted.
fn svi<M: Program + Clone, G: Guide<M>>(model: &M, guide: G, workload: &Workload, settings: Settings) -> Svi<M, G> {
    // The gradient of NumPyro's `Trace_ELBO`.
    let svi = Svi::new(model, guide).objective(Pathwise).optimizer(Adam::new(workload.rate));
    svi.seed(settings.seed).execution(settings.execution).progress(false)
}

/// NumPyro's guide begins where its model is feasible; ours where the prior has its median, with as little said about the posterior.
fn mean_field() -> AutoNormal {
    AutoNormal::new().init(Init::Median)
}

fn fixed<M: Program + Clone + 'static, G: Guide<M> + 'static>(
    model: &M,
    guide: G,
    particles: usize,
    workload: &Workload,
    settings: Settings,
) -> Result<Box<dyn Fitting>> {
    let whole = svi(model, guide.clone(), workload, settings);
    let fitted = svi(model, guide, workload, settings).particles(particles);
    Ok(Box::new(Fixed { state: fitted.init()?, svi: fitted, whole }))
}

/// `count` of `size` rows with replacement.
fn rows(rng: &mut ChaCha8Rng, count: usize, size: i64) -> Tensor<1, Int> {
    data::integers((0..count).map(|_| rng.random_range(0..size)).collect())
}

const BATCH: usize = 512;
const DIGITS: usize = 128;

const fn workload(name: &'static str, steps: u64) -> Workload {
    Workload { name, steps, rate: 0.01, draws: 1_000, units: [1.0, 1.0] }
}

const WORKLOADS: [Workload; 11] = [
    workload("eight_schools", 10_000),
    workload("eight_schools_p64", 10_000),
    workload("linreg", 5_000),
    workload("radon", 10_000),
    workload("radon_mvn", 10_000),
    workload("local_level", 10_000),
    workload("gmm_enum", 3_000),
    Workload { draws: 100, ..workload("logreg_minifed", 10_000) },
    Workload { draws: 100, ..workload("logreg_mini", 10_000) },
    Workload { draws: 100, ..workload("logreg_full", 2_000) },
    Workload { rate: 0.001, draws: 10, units: [DIGITS as f64, 1_000.0], ..workload("vae", 1_000) },
];

fn fit(workload: &Workload, settings: Settings) -> Result<Box<dyn Fitting>> {
    match workload.name {
        "eight_schools" | "eight_schools_p64" => {
            let (sigma, y) = data::eight_schools();
            let particles = if workload.name == "eight_schools" { 1 } else { 64 };
            fixed(&eight_schools::eight_schools(sigma, y), mean_field(), particles, workload, settings)
        }
        "linreg" => {
            let (x, y) = data::linear()?;
            fixed(&linear::linear(x, y), linear::by_hand(), 1, workload, settings)
        }
        "radon" | "radon_mvn" => {
            let (county, floor, y) = data::radon()?;
            let identity = Tensor::eye(radon::LATENTS, &y.device());
            let model = radon::radon(county, floor, y);
            match workload.name {
                "radon" => fixed(&model, mean_field(), 1, workload, settings),
                _ => fixed(&model, radon::full_rank(identity), 1, workload, settings),
            }
        }
        "local_level" => {
            let y = data::local_level()?;
            let first = Tensor::<1, Int>::arange(0..500, &y.device()).equal_elem(0);
            fixed(&local_level::local_level(y, first), mean_field(), 1, workload, settings)
        }
        "gmm_enum" => {
            let start = data::tensor(vec![-1.0, 0.0, 1.0, 1.0, 1.0, -1.0], [3, 2]);
            fixed(&mixture::mixture(data::mixture()?), mixture::mean_field(start), 1, workload, settings)
        }
        "logreg_full" => {
            let (x, y) = data::logistic()?;
            fixed(&logistic::logistic(x, y), mean_field(), 1, workload, settings)
        }
        "logreg_mini" => {
            let (x, y) = data::logistic()?;
            let fitted = svi(&logistic::subsampled(x.clone(), y.clone(), BATCH), mean_field(), workload, settings);
            let whole = svi(&logistic::logistic(x, y), mean_field(), workload, settings);
            Ok(Box::new(Fixed { state: fitted.init()?, svi: fitted, whole }))
        }
        "logreg_minifed" => {
            let (x, y) = data::logistic()?;
            let size = y.dims()[0];
            let bind = {
                let (x, y) = (x.clone(), y.clone());
                move |rng: &mut ChaCha8Rng| {
                    let rows = rows(rng, BATCH, size as i64);
                    (logistic::batch(x.clone().select(0, rows.clone()), y.clone().select(0, rows), size), mean_field())
                }
            };
            let mut rows = ChaCha8Rng::seed_from_u64(settings.seed);
            let (model, guide) = bind(&mut rows);
            let fitted = svi(&model, guide, workload, settings);
            let whole = svi(&logistic::logistic(x, y), mean_field(), workload, settings);
            Ok(Box::new(Fed { state: fitted.init()?, svi: fitted, whole, rows, bind }))
        }
        _ => {
            let (train, test) = data::digits()?;
            let (encoder, decoder) = (autoencoder::Encoder::new()?, autoencoder::Decoder::new()?);
            let whole = autoencoder::digits(test.clone(), decoder.clone());
            let whole = svi(&whole, autoencoder::encode(test, encoder.clone()), workload, settings);
            let bind = move |rng: &mut ChaCha8Rng| {
                let x = train.clone().select(0, rows(rng, DIGITS, 9_000));
                (autoencoder::digits(x.clone(), decoder.clone()), autoencoder::encode(x, encoder.clone()))
            };
            let mut rows = ChaCha8Rng::seed_from_u64(settings.seed);
            let (model, guide) = bind(&mut rows);
            let fitted = svi(&model, guide, workload, settings);
            Ok(Box::new(Fed { state: fitted.init()?, svi: fitted, whole, rows, bind }))
        }
    }
}

/// The command line.
struct Arguments {
    names: Vec<String>,
    settings: Settings,
    export: Option<PathBuf>,
    whole: bool,
    list: bool,
}

const EXECUTIONS: [(&str, Execution); 3] = [("auto", Execution::Auto), ("eager", Execution::Eager), ("compiled", Execution::Compiled)];

impl Arguments {
    fn parse() -> Result<Self> {
        use lexopt::prelude::*;
        let settings = Settings { steps: None, seed: 0, execution: Execution::Auto };
        let mut arguments = Arguments { names: Vec::new(), settings, export: None, whole: false, list: false };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next().map_err(Error::other)? {
            match argument {
                Long("steps") => {
                    arguments.settings.steps = Some(parser.value().and_then(|value| value.parse()).map_err(Error::other)?);
                }
                Long("seed") => arguments.settings.seed = parser.value().and_then(|value| value.parse()).map_err(Error::other)?,
                Long("execution") => {
                    let name = parser.value().map_err(Error::other)?;
                    let known = EXECUTIONS.iter().find(|(known, _)| name == *known);
                    arguments.settings.execution = known.ok_or_else(|| Error::other(format!("there is no execution {name:?}")))?.1;
                }
                Long("export") => arguments.export = Some(parser.value().map_err(Error::other)?.into()),
                Long("whole") => arguments.whole = true,
                Long("list") => arguments.list = true,
                Long("bench") => {} // cargo bench passes it
                Value(name) => arguments.names.push(name.string().map_err(Error::other)?),
                other => return Err(Error::other(other.unexpected())),
            }
        }
        Ok(arguments)
    }
}

fn execution_name(execution: Execution) -> &'static str {
    EXECUTIONS.iter().find(|(_, known)| *known == execution).map_or("auto", |(name, _)| *name)
}

/// One workload in a process of its own.
fn apart(name: &str, settings: Settings) -> Result<()> {
    let mut command = Command::new(std::env::current_exe().map_err(Error::other)?);
    command.arg(name).args(["--seed", &settings.seed.to_string(), "--execution", execution_name(settings.execution)]);
    if let Some(steps) = settings.steps {
        command.args(["--steps", &steps.to_string()]);
    }
    let status = command.status().map_err(Error::other)?;
    if status.success() { Ok(()) } else { Err(Error::other(format!("{name}: {status}"))) }
}

/// From the data to the posterior of eight schools.
fn whole(settings: Settings) -> Result<()> {
    let workload = &WORKLOADS[0];
    let (sigma, y) = data::eight_schools();
    let svi = svi(&eight_schools::eight_schools(sigma, y), mean_field(), workload, settings);
    println!("{}", svi.steps(settings.steps.unwrap_or(workload.steps)).run()?.summary()?);
    Ok(())
}

fn main() -> Result<()> {
    let Arguments { names, settings, export, whole: once, list } = Arguments::parse()?;
    if once {
        return whole(settings);
    }
    if let Some(folder) = export {
        return data::export(&folder);
    }
    if list {
        WORKLOADS.iter().for_each(|workload| println!("{}", workload.name));
        return Ok(());
    }
    match &names[..] {
        [] => WORKLOADS.iter().try_for_each(|workload| apart(workload.name, settings)),
        [name] => {
            let known = WORKLOADS.iter().find(|workload| workload.name == name);
            let workload = known.ok_or_else(|| Error::other(format!("there is no workload `{name}`; `--list` shows them")))?;
            println!("{}", workload.measure(settings, || fit(workload, settings))?);
            Ok(())
        }
        several => several.iter().try_for_each(|name| apart(name, settings)),
    }
}
