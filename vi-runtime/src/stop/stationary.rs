//! Iterates that wander around one place.

use super::Convergence;
use super::chain::{effective, moments, split_r_hat};
use crate::error::Result;
use crate::setters::setters;
use crate::setting::Numbers;
use crate::svi::SviState;

/// Stops a fit when its parameters are stationary and their mean is known: R̂ over windows of the iterates, then the Monte
/// Carlo standard error of their mean (Dhaka et al. 2020; Welandawe et al. 2022).
///
/// Every few steps the parameters are noted, in unconstrained space. Of five windows that end now, from a quarter of what is
/// noted to 95 %, the one with the smallest split-R̂ counts (the largest of all elements); below the threshold, the
/// parameters are taken to be stationary, and from then on their mean is taken, unless [`Svi::averaging`](crate::Svi::averaging)
/// asks for another one. The fit stops when that mean has a standard error below the tolerance and at least 50 effective
/// iterates, for every element, and R̂ is still below the threshold; where R̂ has risen again, all begins anew.
///
/// Meant for a rate that stays the same: parameters that a schedule has brought to rest are stationary wherever they are.
/// Of more than 1 024 elements, as many are looked at in even steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Stationary {
    r_hat: f64,
    mcse: f64,
}

impl Stationary {
    /// With R̂ below 1.1 and a standard error below 0.02.
    pub fn new() -> Self {
        Stationary { r_hat: 1.1, mcse: 0.02 }
    }

    setters! {
        /// The threshold of R̂.
        r_hat: f64;

        /// The largest standard error of the mean of an element's iterates, in unconstrained space.
        mcse: f64;
    }

    /// # Errors
    /// [`Error::Config`](crate::Error::Config) for a threshold that is negative or NaN.
    pub(super) fn check(&self) -> Result<()> {
        Numbers::Limit.check("r_hat of Stationary", self.r_hat)?;
        Numbers::Limit.check("mcse of Stationary", self.mcse)
    }
}

impl Default for Stationary {
    fn default() -> Self {
        Self::new()
    }
}

/// The most elements that are looked at.
const ELEMENTS: usize = 1_024;
/// The most rows that are kept; then every second one goes.
const ROWS: usize = 512;
/// The fewest rows that R̂ and the standard error are computed from.
const FEWEST: usize = 64;
/// Steps between two rows at first.
const STRIDE: usize = 8;
/// The fewest effective iterates of a mean.
const EFFECTIVE: f64 = 50.0;

/// The iterates of a run.
#[derive(Debug)]
pub(crate) struct Watch {
    rule: Stationary,
    rows: Vec<f64>,
    width: usize,
    stride: usize,
    /// The step after which noting began.
    from: usize,
    /// The next step after which the rows are looked at.
    next: usize,
    /// Whether the rows are those of stationary parameters, whose mean is taken.
    averaging: bool,
}

/// What a look at the iterates says.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Go on as before.
    On,
    /// From here on the mean counts.
    Average,
    /// The mean is none of stationary parameters.
    Anew,
    /// The fit may stop.
    Stop(Convergence),
}

impl Watch {
    /// Begins to note iterates after `step` steps of the run.
    pub(crate) fn new(rule: Stationary, step: usize) -> Self {
        Watch { rule, rows: Vec::new(), width: 0, stride: STRIDE, from: step, next: step, averaging: false }
    }

    /// Takes the iterates from `step` on for those of stationary parameters.
    pub(crate) fn average_from(&mut self, step: usize) {
        self.begin(step, true);
    }

    /// Looks at the state after `step` steps of the run.
    ///
    /// # Errors
    /// Where a device cannot be read.
    pub(crate) fn look(&mut self, step: usize, state: &SviState) -> Result<Verdict> {
        if step < self.from || !(step - self.from).is_multiple_of(self.stride) {
            return Ok(Verdict::On);
        }
        self.note(|rows| state.read(ELEMENTS, rows))?;
        Ok(self.verdict(step))
    }

    /// Notes one row, which `read` appends.
    fn note(&mut self, read: impl FnOnce(&mut Vec<f64>) -> Result<()>) -> Result<()> {
        let before = self.rows.len();
        read(&mut self.rows)?;
        let width = self.rows.len() - before;
        if width != self.width && before > 0 {
            // A parameter has come.
            self.rows.drain(..before);
        }
        self.width = width;
        Ok(())
    }

    fn verdict(&mut self, step: usize) -> Verdict {
        let rows = self.rows.len().checked_div(self.width).unwrap_or(0);
        let mut verdict = Verdict::On;
        if rows >= FEWEST && step >= self.next {
            self.next = step + (step - self.from) / 8;
            let columns: Vec<Vec<f64>> =
                (0..self.width).map(|column| self.rows.iter().skip(column).step_by(self.width).copied().collect()).collect();
            verdict = if self.averaging { self.judge_mean(&columns) } else { self.judge_windows(&columns, rows) };
            match verdict {
                Verdict::Average => self.begin(step, true),
                Verdict::Anew => self.begin(step, false),
                _ => {}
            }
        }
        if self.rows.len() >= ROWS * self.width.max(1) {
            self.thin();
        }
        verdict
    }

    fn begin(&mut self, step: usize, averaging: bool) {
        (self.from, self.next, self.averaging) = (step, step, averaging);
        self.rows.clear();
        self.stride = STRIDE;
    }

    /// Keeps every second row, the last included.
    fn thin(&mut self) {
        let rows = self.rows.len() / self.width;
        for (to, from) in (0..rows).skip(1).step_by(2).enumerate() {
            self.rows.copy_within(from * self.width..(from + 1) * self.width, to * self.width);
        }
        self.rows.truncate(rows / 2 * self.width);
        self.stride *= 2;
    }

    fn judge_windows(&self, columns: &[Vec<f64>], rows: usize) -> Verdict {
        let worst = |window: usize| columns.iter().map(|column| split_r_hat(&column[rows - window..])).fold(0.0, f64::max);
        let windows = (0..5).map(|i| rows / 4 + i * (rows * 95 / 100 - rows / 4) / 4);
        let best = windows.map(worst).fold(f64::INFINITY, f64::min);
        if best < self.rule.r_hat { Verdict::Average } else { Verdict::On }
    }

    fn judge_mean(&self, columns: &[Vec<f64>]) -> Verdict {
        let r_hat = columns.iter().map(|column| split_r_hat(column)).fold(0.0, f64::max);
        if r_hat >= self.rule.r_hat {
            return Verdict::Anew;
        }
        let (mut mcse, mut ess) = (0.0f64, f64::INFINITY);
        for column in columns {
            let number = effective(column);
            ess = ess.min(number);
            mcse = mcse.max((moments(column).1 / number).sqrt());
            if mcse > self.rule.mcse || ess < EFFECTIVE {
                return Verdict::On;
            }
        }
        Verdict::Stop(Convergence::Iterates { r_hat, mcse, ess, from: self.from })
    }
}
