//! The steps of a fit for which neither a rule of descent nor its length was chosen.

use std::rc::Rc;

use super::Svi;
use super::state::SviState;
use crate::error::Result;
use crate::fit::Fit;
use crate::guide::Guide;
use crate::objective::{Objective, Pathwise, StickingTheLanding};
use crate::optim::{Adam, Averaging};
use crate::program::Program;
use crate::progress::Progress;
use crate::stop::{Next, Stages};

/// The first rate and the particles of a step in units of the posterior; for `n` parameters of a family that moves all together, the
/// rate falls with the root of `n`, as the length of a step rises with it.
const IN_UNITS: (f64, usize) = (0.05, 8);

/// The first rate elsewhere.
const RATE: f64 = 0.01;

/// The elements up to which the first rate is that of [`IN_UNITS`].
const ELEMENTS: f64 = 10.0;

/// From how many draws the scatter of an objective is measured.
const DRAWS: u64 = 64;

/// What begins each stage.
#[derive(Clone, Copy)]
struct First {
    rate: f64,
    particles: Option<usize>,
}

impl<M: Program + Clone, G: Guide<M>> Svi<M, G> {
    /// Makes the steps of all stages from a state.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub(super) fn descend(mut self, mut state: SviState) -> Result<Fit<M, G::Program>> {
        let first = match self.guide.units(&self.prepared()?.guide) {
            Some(elements) => {
                self.choose_objective(&state)?;
                let (rate, particles) = IN_UNITS;
                First { rate: rate * (ELEMENTS / elements as f64).sqrt().min(1.0), particles: Some(particles) }
            }
            None => First { rate: RATE, particles: None },
        };
        let (mut history, mut stages) = (Vec::new(), Stages::new(self.annealed(&state)));
        let mut progress = Progress::new(self.annealed(&state) as u64 + Stages::steps(), self.progress);
        self.begin(&stages, first);
        let stopped = loop {
            let elbo = self.step(&mut state)?;
            history.push(elbo);
            progress.step(elbo);
            match stages.look(&history, &state)? {
                Next::On => {}
                Next::Average(on) => {
                    self.settings.descent.averaging = on.then(|| Averaging::Tail { from: state.step() });
                }
                Next::Stage(from) => {
                    state = from;
                    self.begin(&stages, first);
                }
                Next::Stop(reason) => break reason,
            }
        };
        progress.finish();
        self.finish(state, history, stopped)
    }

    fn begin(&mut self, stages: &Stages, first: First) {
        self.settings.descent.choose(Adam::new(stages.rate(first.rate)));
        self.settings.descent.averaging = None;
        if let Some(particles) = first.particles.filter(|_| self.own_particles) {
            self.settings.particles = particles * stages.draws();
            self.plans.take();
        }
    }

    /// Of the two gradients of the ELBO that pass through draws, the one that scatters less at the start: in units of the posterior the
    /// scatters of all elements may be added up. That which sticks the landing has none where the guide is the posterior, and more than
    /// the other where the guide is narrow in directions in which the posterior is wide.
    fn choose_objective(&mut self, state: &SviState) -> Result<()> {
        if !self.own_objective {
            return Ok(());
        }
        let particles = std::mem::replace(&mut self.settings.particles, 1);
        let mut best: Option<(f64, Rc<dyn Objective>)> = None;
        let candidates: [Rc<dyn Objective>; 2] = [Rc::new(StickingTheLanding), Rc::new(Pathwise)];
        for objective in candidates {
            self.set_objective(Rc::clone(&objective));
            let Some(scatter) = self.scatter(state)? else { continue };
            if best.as_ref().is_none_or(|(least, _)| scatter < *least) {
                best = Some((scatter, objective));
            }
        }
        self.set_objective(best.map_or_else(|| Rc::new(StickingTheLanding) as Rc<dyn Objective>, |(_, objective)| objective));
        self.settings.particles = particles;
        Ok(())
    }

    fn set_objective(&mut self, objective: Rc<dyn Objective>) {
        self.settings.objective = objective;
        self.settings.dependencies.take();
        self.plans.take();
    }

    /// The sum of the variances of all elements of the gradient; absent where the steps are not compiled, or a gradient is not finite.
    fn scatter(&self, state: &SviState) -> Result<Option<f64>> {
        let Some(plan) = self.plans.borrow_mut().choose(&self.settings, state, self.prepared()?, None)? else { return Ok(None) };
        state.memory.move_to(&plan)?;
        let (mut sum, mut squares) = (Vec::new(), Vec::new());
        for draw in 0..DRAWS {
            let (_, gradient) = plan.gradient(state.key.fold_in(draw))?;
            let gradient = gradient.concat();
            sum.resize(gradient.len(), 0.0);
            squares.resize(gradient.len(), 0.0);
            for ((sum, square), g) in sum.iter_mut().zip(&mut squares).zip(gradient) {
                *sum += g;
                *square += g * g;
            }
        }
        state.memory.recall()?;
        let n = DRAWS as f64;
        let scatter: f64 = sum.iter().zip(&squares).map(|(sum, square)| square / n - (sum / n).powi(2)).sum();
        Ok(scatter.is_finite().then_some(scatter))
    }
}
