//! A fit for which no rate, number of steps or stop was chosen.

use super::stationary::{Stationary, Verdict, Watch};
use super::{Convergence, Stopped};
use crate::error::Result;
use crate::svi::SviState;

/// The stages of a fit: the rate stays the same until the parameters are stationary and their mean is known, and is then divided by
/// four. The fit ends where the mean of a stage is that of the one before it, up to the tolerance: the parameters are where a smaller
/// rate would have them (Welandawe et al. 2022).
///
/// Each stage has a budget of steps, since the windows of many parameters are never all alike: at half of it the mean is begun, and at
/// its end the stage ends.
#[derive(Debug)]
pub(crate) struct Stages {
    index: usize,
    /// At which step of the run the stage began.
    begun: usize,
    watch: Watch,
    /// From which step of the run on the mean is taken.
    averaging: Option<usize>,
    /// The mean of the stage before, in unconstrained space.
    mean: Option<Vec<f64>>,
    /// Where this stage began.
    origin: Option<SviState>,
}

/// The steps that each stage has at most.
const BUDGETS: [usize; 4] = [3_000, 3_000, 2_000, 2_000];

/// By what the rate is divided from stage to stage.
const SMALLER: f64 = 4.0;

/// How far the means of two stages may be apart, and their standard errors.
const TOLERANCE: f64 = 0.02;

/// The most elements that are compared.
const ELEMENTS: usize = 4_096;

/// How many estimates of the ELBO say where a stage began.
const FIRST: usize = 32;

/// Whether the ELBO of a stage is lower at its end than its scatter at the beginning explains: the rate was too large.
fn fell(history: &[f64]) -> bool {
    let (first, last) = (&history[..history.len().min(FIRST)], &history[history.len() - history.len() / 4 - 1..]);
    let (before, after) = (median(first.to_vec()), median(last.to_vec()));
    let scatter = median(first.iter().map(|elbo| (elbo - before).abs()).collect());
    after < before - 5.0 * scatter - 1.0
}

fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// What comes after a step.
#[derive(Debug)]
pub(crate) enum Next {
    /// The same.
    On,
    /// The mean of the iterates counts from the next step on, or does no longer.
    Average(bool),
    /// The next stage, from the mean of this one, or from where this one began if the rate was too large for it.
    Stage(SviState),
    /// Nothing.
    Stop(Stopped),
}

impl Stages {
    /// The first stage begins after `annealed` steps of the run.
    pub(crate) fn new(annealed: usize) -> Self {
        Stages { index: 0, begun: annealed, watch: Self::watch(annealed), averaging: None, mean: None, origin: None }
    }

    /// How many steps all stages have at most.
    pub(crate) fn steps() -> u64 {
        BUDGETS.iter().map(|steps| *steps as u64).sum()
    }

    /// The rate of this stage where that of the first is `first`.
    pub(crate) fn rate(&self, first: f64) -> f64 {
        first / SMALLER.powi(self.index as i32)
    }

    /// How many times as many draws a step of this stage makes as one of the first.
    pub(crate) fn draws(&self) -> usize {
        1 << self.index
    }

    fn watch(step: usize) -> Watch {
        Watch::new(Stationary::new().mcse(TOLERANCE), step)
    }

    /// Looks at the state after the steps of `history`.
    ///
    /// # Errors
    /// Where a device cannot be read.
    pub(crate) fn look(&mut self, history: &[f64], state: &SviState) -> Result<Next> {
        let step = history.len();
        if step < self.begun {
            return Ok(Next::On);
        }
        if self.origin.is_none() {
            self.origin = Some(state.averaged()?);
        }
        let (made, budget) = (step - self.begun, BUDGETS[self.index]);
        let seen = match self.watch.look(step, state)? {
            Verdict::Average => {
                self.averaging = Some(step);
                return Ok(Next::Average(true));
            }
            Verdict::Anew if made < budget / 2 => {
                self.averaging = None;
                return Ok(Next::Average(false));
            }
            Verdict::Stop(_) => true,
            _ => false,
        };
        if !seen && made < budget {
            if self.averaging.is_none() && made >= budget / 2 {
                self.averaging = Some(step);
                self.watch.average_from(step);
                return Ok(Next::Average(true));
            }
            return Ok(Next::On);
        }
        self.end(history, state)
    }

    fn end(&mut self, history: &[f64], state: &SviState) -> Result<Next> {
        let step = history.len();
        if let (true, Some(origin), true) = (fell(&history[self.begun..]), self.origin.take(), self.index + 1 < BUDGETS.len()) {
            (self.index, self.begun, self.averaging, self.mean) = (self.index + 1, step, None, None);
            self.watch = Self::watch(step);
            return Ok(Next::Stage(origin));
        }
        let averaged = state.averaged()?;
        let mut mean = Vec::new();
        averaged.read(ELEMENTS, &mut mean)?;
        let before = self.mean.take().filter(|before| before.len() == mean.len());
        let moved = before.map(|before| before.iter().zip(&mean).fold(0.0f64, |most, (a, b)| most.max((a - b).abs())));
        if let Some(moved) = moved.filter(|moved| *moved <= TOLERANCE) {
            let by = Convergence::Stages { moved, stages: self.index + 1 };
            return Ok(Next::Stop(Stopped::Converged { step, by }));
        }
        if self.index + 1 == BUDGETS.len() {
            return Ok(Next::Stop(Stopped::Steps));
        }
        (self.index, self.begun, self.averaging, self.mean) = (self.index + 1, step, None, Some(mean));
        self.watch = Self::watch(step);
        Ok(Next::Stage(averaged))
    }
}

#[cfg(test)]
mod tests {
    use super::fell;

    #[test]
    fn an_elbo_that_falls_by_more_than_its_scatter() {
        let noise = |i: usize| (i as f64 * 1.7).sin();
        let level = |from: f64, to: f64| -> Vec<f64> { (0..400).map(|i| from + (to - from) * i as f64 / 400.0 + noise(i)).collect() };
        assert!(!fell(&level(-10.0, -10.0)));
        assert!(!fell(&level(-10.0, -5.0)));
        assert!(!fell(&level(-10.0, -12.0)));
        assert!(fell(&level(-10.0, -30.0)));
        assert!(fell(&[vec![-1.0; 40], vec![f64::NEG_INFINITY; 60]].concat()));
        assert!(!fell(&[-1.0]));
    }
}
