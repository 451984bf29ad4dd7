//! The progress bar of a fit: ELBO, steps a second, time left. Silent where standard error is not a terminal.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// How many steps pass between two updates of the text: formatting costs as much as a small step.
const EVERY: u64 = 64;

pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    smoothed: Option<f64>,
    step: u64,
}

impl Progress {
    pub(crate) fn new(steps: u64, wanted: Option<bool>) -> Self {
        let wanted = wanted.unwrap_or_else(|| std::io::stderr().is_terminal());
        let bar = wanted.then(|| {
            let bar = ProgressBar::new(steps);
            if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {msg}  {eta} left") {
                bar.set_style(style);
            }
            bar
        });
        Progress { bar, smoothed: None, step: 0 }
    }

    pub(crate) fn step(&mut self, elbo: f64) {
        let Some(bar) = &self.bar else { return };
        let smoothed = self.smoothed.map_or(elbo, |known| known + 0.02 * (elbo - known));
        self.smoothed = Some(smoothed);
        self.step += 1;
        if self.step.is_multiple_of(EVERY) {
            bar.set_position(self.step);
            bar.set_message(format!("ELBO {smoothed:.2}  {:.0} steps/s", bar.per_sec()));
        }
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.step);
            bar.finish();
        }
    }
}
