//! What a step costs as the data grow: a normal model of unknown mean and scale on 10³ to 10⁷ observations.
//!
//! ```text
//! cargo bench --bench scaling -- [--csv FILE] [--svg FILE] [--largest 10000000]
//! ```
//!
//! Prints a table (CSV) of the median and the 2nd percentile of microseconds a step; the plot has both axes in
//! logarithms and a line through the medians.

#![allow(missing_docs, reason = "the macros' modules have no documentation of their own")]

mod plot;

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::prelude::*;
use vi_runtime::{Key, Placement};

#[model]
fn normal(y: Tensor<1>) {
    let loc = sample!("loc", Normal::new(0.0, 10.0));
    let scale = sample!("scale", HalfNormal::new(10.0));
    plate!("n", y.dims()[0], { observe!("y", Normal::new(loc, scale), y) });
}

/// One size: microseconds a step.
struct Cost {
    observations: usize,
    median: f64,
    p02: f64,
}

/// Each size is timed for so long, after steps that are not counted.
const TIMED: Duration = Duration::from_secs(3);
const WARM_UP: usize = 5;

fn cost(observations: usize) -> Result<Cost> {
    let to = Placement { device: vi_runtime::device::default(), dtype: FloatDType::F32 };
    let y: Tensor<1> = Noise::new(&mut HostNoise::new(Key::new(1), to)).normal([observations])?;
    let svi = Svi::new(&normal(y * 2.0 + 3.0), AutoNormal::new().init(Init::Median));
    let mut state = svi.init()?;
    for _ in 0..WARM_UP {
        svi.step(&mut state)?;
    }
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < TIMED || times.len() < 5 {
        let step = Instant::now();
        svi.step(&mut state)?;
        times.push(step.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    Ok(Cost { observations, median: times[times.len() / 2], p02: times[times.len() / 50] })
}

fn main() -> Result<()> {
    use lexopt::prelude::*;
    let (mut csv, mut svg, mut largest) = (None::<PathBuf>, None::<PathBuf>, 10_000_000_usize);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next().map_err(Error::other)? {
        match argument {
            Long("csv") => csv = Some(parser.value().map_err(Error::other)?.into()),
            Long("svg") => svg = Some(parser.value().map_err(Error::other)?.into()),
            Long("largest") => largest = parser.value().and_then(|value| value.parse()).map_err(Error::other)?,
            Long("bench") => {} // cargo bench passes it
            other => return Err(Error::other(other.unexpected())),
        }
    }
    let sizes = (0..=8).map(|half| (1e3 * 10_f64.powf(f64::from(half) / 2.0)).round() as usize).filter(|&size| size <= largest);
    let mut table = "observations,us_per_step_median,us_per_step_p02\n".to_owned();
    print!("{table}");
    let mut costs = Vec::new();
    for size in sizes {
        let cost = cost(size)?;
        let line = format!("{},{:.2},{:.2}", cost.observations, cost.median, cost.p02);
        println!("{line}");
        writeln!(table, "{line}").map_err(Error::other)?;
        costs.push((cost.observations as f64, cost.median));
    }
    if let Some(path) = csv {
        fs::write(path, table).map_err(Error::other)?;
    }
    if let Some(path) = svg {
        fs::write(path, plot::log_log("observations", "µs a step", &costs)).map_err(Error::other)?;
    }
    Ok(())
}
