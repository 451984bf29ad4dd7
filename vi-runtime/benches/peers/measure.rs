//! One workload: fitted, timed, and reported as one line of JSON.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vi_runtime::Execution;
use vi_runtime::prelude::*;

/// A fit that can be stepped and looked at.
pub trait Fitting {
    /// One step; the estimate of the ELBO.
    fn step(&mut self) -> Result<f64>;
    /// The ELBO at the current parameters from so many draws, on all data.
    fn elbo(&self, draws: usize) -> Result<f64>;
}

/// The settings that peers run the workload with.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    pub name: &'static str,
    pub steps: u64,
    pub rate: f64,
    /// Draws of the last estimate of the ELBO.
    pub draws: usize,
    /// What the estimates of the steps, and the last one, are divided by.
    pub units: [f64; 2],
}

/// What the command line asks for.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// At most so many steps before the clock runs, where given.
    pub steps: Option<u64>,
    pub seed: u64,
    pub execution: Execution,
}

/// A timing pass ends after so many windows or so much time, whichever comes first.
const WINDOWS: usize = 300;
const PASS: Duration = Duration::from_secs(2);
/// A window takes at least so long, so that the clock does not count.
const WINDOW: Duration = Duration::from_millis(5);

impl Workload {
    /// Fits, times, and returns the line.
    pub fn measure(&self, settings: Settings, make: impl FnOnce() -> Result<Box<dyn Fitting>>) -> Result<Value> {
        let clock = Clock::start();
        let mut fit = make()?;
        let init = clock.elapsed();
        let steps = settings.steps.unwrap_or(self.steps).min(self.steps).max(10);
        let mut history = Vec::with_capacity(steps as usize);
        let first = (0..3).map(|_| timed(&mut history, fit.as_mut())).collect::<Result<Vec<_>>>()?;
        let clock = Clock::start();
        while (history.len() as u64) < steps {
            history.push(fit.step()?);
        }
        let (rest, _) = clock.elapsed();
        let each = rest / (steps - 3) as f64;
        let window = ((WINDOW.as_secs_f64() / each).ceil() as u64).max(1);
        let final_elbo = fit.elbo(self.draws)? / self.units[1];
        let passes = (0..3).map(|_| pass(fit.as_mut(), window)).collect::<Result<Vec<_>>>()?;
        let tail = &history[history.len() - (history.len() / 10).max(1)..];
        let middle = |i: usize| {
            let mut column: Vec<f64> = passes.iter().map(|pass| pass[i]).collect();
            column.sort_by(f64::total_cmp);
            column[1]
        };
        Ok(json!({
            "peer": "vi-runtime",
            "version": env!("CARGO_PKG_VERSION"),
            "workload": self.name,
            "steps": steps,
            "seed": settings.seed,
            "execution": format!("{:?}", settings.execution),
            "lr": self.rate,
            "cpus": std::thread::available_parallelism().map_or(0, usize::from),
            "init_s": init.0,
            "init_cpu_s": init.1,
            "compile_s": (first.iter().sum::<f64>() - 3.0 * each).max(0.0),
            "first_steps_s": first,
            "us_per_step_median": middle(0),
            "us_per_step_p02": middle(1),
            "cpu_us_per_step": middle(2),
            "repeats": passes,
            "elbo_tail_mean": tail.iter().sum::<f64>() / tail.len() as f64 / self.units[0],
            "final_elbo": final_elbo,
            "eval_particles": self.draws,
            "peak_rss_mb": peak_rss_mb(),
            "loadavg": load(),
        }))
    }
}

fn timed(history: &mut Vec<f64>, fit: &mut dyn Fitting) -> Result<f64> {
    let begin = Instant::now();
    history.push(fit.step()?);
    Ok(begin.elapsed().as_secs_f64())
}

/// Median and 2nd percentile of the wall time of a window, then the mean processor time, in microseconds a step.
fn pass(fit: &mut dyn Fitting, window: u64) -> Result<[f64; 3]> {
    let clock = Clock::start();
    let mut windows = Vec::new();
    while windows.len() < WINDOWS && clock.0.elapsed() < PASS || windows.len() < 3 {
        let begin = Instant::now();
        for _ in 0..window {
            fit.step()?;
        }
        windows.push(begin.elapsed().as_secs_f64() / window as f64 * 1e6);
    }
    let processor = clock.elapsed().1 / (windows.len() as u64 * window) as f64 * 1e6;
    windows.sort_by(f64::total_cmp);
    let quantile = |p: f64| windows[(p * (windows.len() - 1) as f64).round() as usize];
    Ok([quantile(0.5), quantile(0.02), processor])
}

/// Wall and processor time, in seconds.
struct Clock(Instant, f64);

impl Clock {
    fn start() -> Self {
        Clock(Instant::now(), processor_seconds())
    }

    fn elapsed(&self) -> (f64, f64) {
        (self.0.elapsed().as_secs_f64(), processor_seconds() - self.1)
    }
}

/// What the threads of this process have run for, which the kernel counts in ticks of a few milliseconds; 0 on systems
/// other than Linux.
fn processor_seconds() -> f64 {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return 0.0 };
    let nanoseconds = threads.flatten().filter_map(|thread| {
        let schedule = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        schedule.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanoseconds.sum::<f64>() * 1e-9
}

/// The largest resident set so far; absent on systems other than Linux.
fn peak_rss_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}

fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
