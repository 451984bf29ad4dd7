//! Every objective against the bound and the gradient that it estimates, in closed form, by quadrature or by enumeration.

#[path = "estimators/discrete.rs"]
mod discrete;
#[path = "estimators/divergences.rs"]
mod divergences;
#[path = "estimators/importance.rs"]
mod importance;
#[path = "estimators/normal.rs"]
mod normal;
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
