//! A step length along a direction of descent (Hager and Zhang 2005, SIAM Journal on Optimization 16:170).
//!
//! It accepts a step by the Wolfe conditions or, near a minimum, where differences of values are rounding, by the approximate
//! ones, which look at slopes alone. Where the function is not finite, a step is too long.

use crate::error::Result;

/// The function along the direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    /// The step length.
    pub(super) step: f64,
    /// The value.
    pub(super) value: f64,
    /// The slope along the direction.
    pub(super) slope: f64,
}

impl Probe {
    fn is_finite(&self) -> bool {
        self.value.is_finite() && self.slope.is_finite()
    }
}

/// `δ` and `σ` of the Wolfe conditions.
const WOLFE: (f64, f64) = (0.1, 0.9);
/// How much a value may exceed the first, relative to it, and still count as no worse.
const SLACK: f64 = 1e-13;
/// The factor by which a bracket grows.
const GROW: f64 = 5.0;
/// The factor by which two secant steps must shrink a bracket, else it is halved.
const SHRINK: f64 = 0.66;
/// The most evaluations.
const EVALUATIONS: usize = 60;

/// The search; `at` evaluates a step length.
struct Search<F> {
    at: F,
    first: Probe,
    /// The most that a value may be.
    limit: f64,
    evaluations: usize,
    /// The best finite step with a lower value than the first.
    best: Option<Probe>,
}

/// What a probe of a bracket decides.
enum Found {
    /// The step is accepted.
    Step(Probe),
    /// The minimum lies between: the first end has a negative slope and a value no worse than at 0, the second a positive slope.
    Between(Probe, Probe),
}

/// A step that fulfils the conditions, tried first at `guess`; `first` is the function at 0, with a negative slope. Absent
/// where none was found and no step had a lower value.
///
/// # Errors
/// Those of `at`.
pub(super) fn search(first: Probe, guess: f64, at: impl FnMut(f64) -> Result<Probe>) -> Result<Option<Probe>> {
    let limit = first.value + SLACK * first.value.abs().max(1.0);
    let mut search = Search { at, first, limit, evaluations: 0, best: None };
    let found = search.run(guess)?;
    Ok(found.or(search.best))
}

impl<F: FnMut(f64) -> Result<Probe>> Search<F> {
    fn probe(&mut self, step: f64) -> Result<Probe> {
        self.evaluations += 1;
        let probe = (self.at)(step)?;
        if probe.is_finite() && probe.value < self.best.map_or(self.first.value, |best| best.value) {
            self.best = Some(probe);
        }
        Ok(probe)
    }

    fn is_done(&self) -> bool {
        self.evaluations >= EVALUATIONS
    }

    fn accepts(&self, probe: &Probe) -> bool {
        let (delta, sigma) = WOLFE;
        let slope = self.first.slope;
        let flat_enough = probe.slope >= sigma * slope;
        let wolfe = probe.value - self.first.value <= delta * probe.step * slope && flat_enough;
        let approximate = (2.0 * delta - 1.0) * slope >= probe.slope && flat_enough && probe.value <= self.limit;
        probe.is_finite() && probe.step > 0.0 && (wolfe || approximate)
    }

    fn run(&mut self, guess: f64) -> Result<Option<Probe>> {
        let (mut low, mut high) = match self.bracket(guess)? {
            Some(Found::Step(probe)) => return Ok(Some(probe)),
            Some(Found::Between(low, high)) => (low, high),
            None => return Ok(None),
        };
        // At a jump the ends become neighbouring numbers: no step lies between them.
        while !self.is_done() && high.step > low.step.next_up() {
            let width = high.step - low.step;
            match self.secant(low, high)? {
                Found::Step(probe) => return Ok(Some(probe)),
                Found::Between(a, b) => (low, high) = (a, b),
            }
            if high.step - low.step > SHRINK * width {
                match self.halve(low, high)? {
                    Found::Step(probe) => return Ok(Some(probe)),
                    Found::Between(a, b) => (low, high) = (a, b),
                }
            }
        }
        Ok(None)
    }

    /// Two ends that enclose a minimum.
    fn bracket(&mut self, guess: f64) -> Result<Option<Found>> {
        let (mut low, mut step) = (self.first, guess);
        let mut ceiling = f64::INFINITY;
        while !self.is_done() {
            let probe = self.probe(step)?;
            if self.accepts(&probe) {
                return Ok(Some(Found::Step(probe)));
            }
            if !probe.is_finite() {
                ceiling = step;
                step = low.step + 0.1 * (step - low.step);
            } else if probe.slope >= 0.0 {
                return Ok(Some(Found::Between(low, probe)));
            } else if probe.value > self.limit {
                return self.descend(low, probe.step).map(Some);
            } else {
                low = probe;
                step = if ceiling.is_finite() { f64::midpoint(step, ceiling) } else { GROW * step };
            }
        }
        Ok(None)
    }

    /// Two ends between `low` and the step `high`, whose value is too large or not finite.
    fn descend(&mut self, mut low: Probe, mut high: f64) -> Result<Found> {
        while !self.is_done() {
            let probe = self.probe(f64::midpoint(low.step, high))?;
            if self.accepts(&probe) {
                return Ok(Found::Step(probe));
            }
            if probe.is_finite() && probe.slope >= 0.0 {
                return Ok(Found::Between(low, probe));
            }
            if probe.is_finite() && probe.value <= self.limit {
                low = probe;
            } else {
                high = probe.step;
            }
        }
        Ok(Found::Between(low, low))
    }

    /// The ends after a look at `step`, which may lie outside.
    fn update(&mut self, low: Probe, high: Probe, step: f64) -> Result<(Found, Option<Probe>)> {
        if !(step > low.step && step < high.step) {
            return Ok((Found::Between(low, high), None));
        }
        let probe = self.probe(step)?;
        if self.accepts(&probe) {
            return Ok((Found::Step(probe), None));
        }
        let found = if probe.is_finite() && probe.slope >= 0.0 {
            Found::Between(low, probe)
        } else if probe.is_finite() && probe.value <= self.limit {
            Found::Between(probe, high)
        } else {
            self.descend(low, probe.step)?
        };
        Ok((found, Some(probe)))
    }

    fn secant(&mut self, low: Probe, high: Probe) -> Result<Found> {
        let (found, probe) = self.update(low, high, crossing(&low, &high))?;
        let (Found::Between(a, b), Some(probe)) = (&found, probe) else { return Ok(found) };
        let second = if probe.step == b.step {
            crossing(&high, b)
        } else if probe.step == a.step {
            crossing(&low, a)
        } else {
            return Ok(found);
        };
        Ok(self.update(*a, *b, second)?.0)
    }

    fn halve(&mut self, low: Probe, high: Probe) -> Result<Found> {
        Ok(self.update(low, high, f64::midpoint(low.step, high.step))?.0)
    }
}

/// Where the line through two slopes is 0.
fn crossing(a: &Probe, b: &Probe) -> f64 {
    (a.step * b.slope - b.step * a.slope) / (b.slope - a.slope)
}
