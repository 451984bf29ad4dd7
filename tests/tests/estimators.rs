//! Every objective against the bound and the gradient that it estimates, in closed form, by quadrature or by enumeration.

#[path = "estimators/discrete.rs"]
mod discrete;
#[path = "estimators/divergences.rs"]
mod divergences;
#[path = "estimators/importance.rs"]
mod importance;
#[path = "estimators/normal.rs"]
mod normal;
#[path = "estimators/refusals.rs"]
mod refusals;
#[path = "estimators/schedules.rs"]
mod schedules;
#[path = "estimators/table.rs"]
mod table;

use vi_runtime::objective::Objective;
use vi_runtime::prelude::*;
use vi_runtime::{Guide, Result};

/// What many steps from the same parameters estimated: the bound, then each element of the gradient of the bound.
pub(crate) struct Estimates {
    rows: Vec<Vec<f64>>,
}

impl Estimates {
    /// One step for each seed, in double precision. A step of gradient descent with rate 1 moves a parameter, in unconstrained
    /// space, by the gradient of what is climbed.
    pub(crate) fn of<M, G>(
        model: &M,
        guide: &G,
        objective: &(impl Objective + Clone + 'static),
        particles: usize,
        seeds: u64,
        execution: Execution,
    ) -> Result<Self>
    where
        M: Program + Clone,
        G: Guide<M>,
    {
        let mut rows = Vec::new();
        for seed in 0..seeds {
            let svi = |rate: f64| {
                Svi::new(model, guide.clone())
                    .objective(objective.clone())
                    .optimizer(Sgd::new(rate))
                    .particles(particles)
                    .dtype(FloatDType::F64)
                    .seed(seed)
                    .execution(execution)
            };
            let (still, moving) = (svi(0.0), svi(1.0));
            let (mut before, mut after) = (still.init()?, moving.init()?);
            still.step(&mut before)?;
            let mut row = vec![moving.step(&mut after)?];
            for name in after.param_names() {
                let (from, to) = (before.param(&name)?.to_f64()?, after.param(&name)?.to_f64()?);
                row.extend(to.iter().zip(from).map(|(to, from)| if name.ends_with("scale") { to.ln() - from.ln() } else { to - from }));
            }
            rows.push(row);
        }
        Ok(Estimates { rows })
    }

    /// As [`of`](Self::of), one step after the other of one fit, after `before` others: the rate is so small that the parameters stay, up to
    /// nine digits of the gradient, and what the objective remembers of costs does not.
    pub(crate) fn along<M, G>(
        model: &M,
        guide: &G,
        objective: &(impl Objective + Clone + 'static),
        particles: usize,
        (before, steps): (u64, u64),
        execution: Execution,
    ) -> Result<Self>
    where
        M: Program + Clone,
        G: Guide<M>,
    {
        const RATE: f64 = 1e-7;
        let svi = Svi::new(model, guide.clone()).objective(objective.clone()).optimizer(Sgd::new(RATE));
        let svi = svi.particles(particles).dtype(FloatDType::F64).execution(execution);
        let mut state = svi.init()?;
        for _ in 0..before {
            svi.step(&mut state)?;
        }
        let mut rows = Vec::new();
        let names: Vec<String> = state.param_names().into_iter().filter(|name| !name.starts_with("average cost")).collect();
        let values = |state: &SviState| -> Result<Vec<f64>> {
            let values = names.iter().map(|name| {
                let value = state.param(name)?.to_f64()?;
                Ok(if name.ends_with("scale") { value.into_iter().map(f64::ln).collect() } else { value })
            });
            Ok(values.collect::<Result<Vec<_>>>()?.concat())
        };
        for _ in 0..steps {
            let from = values(&state)?;
            let mut row = vec![svi.step(&mut state)?];
            row.extend(values(&state)?.into_iter().zip(from).map(|(to, from)| (to - from) / RATE));
            rows.push(row);
        }
        Ok(Estimates { rows })
    }

    pub(crate) fn mean(&self, column: usize) -> f64 {
        self.rows.iter().map(|row| row[column]).sum::<f64>() / self.rows.len() as f64
    }

    pub(crate) fn variance(&self, column: usize) -> f64 {
        let mean = self.mean(column);
        self.rows.iter().map(|row| (row[column] - mean).powi(2)).sum::<f64>() / (self.rows.len() - 1) as f64
    }

    /// Asserts that bound and gradient are `expected` within four standard errors and `slack`.
    pub(crate) fn assert_mean(&self, what: &str, expected: &[f64], slack: f64) {
        assert_eq!(self.rows[0].len(), expected.len(), "{what}: bound and gradient");
        for (column, expected) in expected.iter().enumerate() {
            let (mean, error) = (self.mean(column), (self.variance(column) / self.rows.len() as f64).sqrt());
            let within = 4.0 * error + slack;
            assert!((mean - expected).abs() <= within, "{what}, number {column}: {mean} ± {error}, expected {expected}");
        }
    }
}
