//! Chains of normal levels under data at the end: each level's conditional has a closed form, which a guide of conditionals finds in
//! its parameters and a full-rank guide in its covariance.

use tests::{assert_close, numbers};
use vi_runtime::prelude::*;

use super::linear_gaussian::double;

const PRIOR: f64 = 0.2;
const DATA: [f64; 3] = [-0.1, 0.3, 1.4];

/// `locₖ ~ N(locₖ₋₁, 1/λₖ)`, and the data at the end of the chain with the last precision.
#[model]
fn chain(y: Tensor<1>, precisions: Vec<f64>) {
    let scales: Vec<f64> = precisions.iter().map(|precision| precision.sqrt().recip()).collect();
    let levels = scales.len() - 1;
    let mut loc = sample!("loc"[0], Normal::new(PRIOR, scales[0]));
    for (k, scale) in scales[..levels].iter().enumerate().skip(1) {
        loc = sample!("loc"[k], Normal::new(loc, *scale));
    }
    plate!("n", 3, { observe!("y", Normal::new(loc, scales[levels]), y) });
}

/// From the end to the beginning: `locₖ ~ N(κₖ locₖ₊₁ + μₖ, σₖ²)`.
#[guide(model = chain)]
fn conditionals(levels: usize) {
    let mut below: Option<Tensor<1>> = None;
    for k in (0..levels).rev() {
        let mean = param!("mu"[k], [0.0]);
        let scale = param!("sigma"[k], [0.5], support::Positive);
        let mean = match below {
            Some(below) => mean + param!("kappa"[k], [0.5]) * below,
            None => mean,
        };
        below = Some(sample!("loc"[k], Normal::new(mean, scale)));
    }
}

/// `κ`, `μ` and `σ` of each level; the last has no `κ`.
struct Known {
    kappa: Vec<f64>,
    mu: Vec<f64>,
    sigma: Vec<f64>,
}

fn precisions(levels: usize) -> Vec<f64> {
    (0..=levels).map(|k| 1.5 * (k + 1) as f64 / levels as f64).collect()
}

impl Known {
    /// Before the data `locₖ` has the variance `Σⱼ₍ⱼ≤ₖ₎ 1/λⱼ` around the prior's mean; given `locₖ₊₁` its precision grows by `λₖ₊₁`.
    fn of(levels: usize) -> Self {
        let precisions = precisions(levels);
        let (mut variance, mut known) = (0.0, Known { kappa: Vec::new(), mu: Vec::new(), sigma: Vec::new() });
        for k in 0..levels {
            variance += precisions[k].recip();
            let before = variance.recip();
            if k + 1 < levels {
                let precision = before + precisions[k + 1];
                known.kappa.push(precisions[k + 1] / precision);
                known.mu.push(before * PRIOR / precision);
                known.sigma.push(precision.sqrt().recip());
            } else {
                let precision = before + 3.0 * precisions[levels];
                known.mu.push((before * PRIOR + precisions[levels] * DATA.iter().sum::<f64>()) / precision);
                known.sigma.push(precision.sqrt().recip());
            }
        }
        known
    }

    /// Mean and covariance of all levels, `[levels, levels]` row by row.
    fn moments(&self) -> (Vec<f64>, Vec<f64>) {
        let n = self.mu.len();
        let (mut mean, mut covariance) = (self.mu.clone(), vec![0.0; n * n]);
        covariance[n * n - 1] = self.sigma[n - 1].powi(2);
        for k in (0..n - 1).rev() {
            mean[k] += self.kappa[k] * mean[k + 1];
            for j in k + 1..n {
                covariance[k * n + j] = self.kappa[k] * covariance[(k + 1) * n + j];
                covariance[j * n + k] = covariance[k * n + j];
            }
            covariance[k * n + k] = self.sigma[k].powi(2) + self.kappa[k] * covariance[(k + 1) * n + k];
        }
        (mean, covariance)
    }
}

fn model(levels: usize) -> Result<impl Program + Clone> {
    Ok(chain(double(DATA.to_vec(), [3])?, precisions(levels)))
}

fn optimizer(steps: u64) -> Adam {
    Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-5, steps })
}

fn recovers(levels: usize, execution: Execution, steps: u64, within: f64) -> Result<()> {
    let known = Known::of(levels);
    let svi = Svi::new(&model(levels)?, conditionals(levels)).dtype(FloatDType::F64).optimizer(optimizer(steps)).steps(steps);
    let fit = svi.particles(8).execution(execution).run()?;
    let all =
        |name: &str, count: usize| (0..count).map(|k| Ok(numbers(fit.param(&format!("{name}[{k}]"))?)?[0])).collect::<Result<Vec<_>>>();
    assert_close(&all("kappa", levels - 1)?, &known.kappa, within);
    assert_close(&all("mu", levels)?, &known.mu, within);
    assert_close(&all("sigma", levels)?, &known.sigma, within);
    Ok(())
}

#[test]
fn conditionals_of_three_levels() -> Result<()> {
    recovers(3, Execution::Eager, 1_500, 0.01)?;
    recovers(3, Execution::Compiled, 6_000, 1e-3)
}

#[test]
fn conditionals_of_eight_levels() -> Result<()> {
    recovers(8, Execution::Compiled, 10_000, 1e-3)
}

#[test]
fn conditionals_of_seventeen_levels() -> Result<()> {
    recovers(17, Execution::Compiled, 20_000, 1e-3)
}

/// A guide that knows all dependences, and one that is told which there are.
#[test]
fn moments_of_all_levels() -> Result<()> {
    for levels in [3, 8, 17] {
        let (mean, covariance) = Known::of(levels).moments();
        let steps = 8_000;
        let svi = Svi::new(&model(levels)?, AutoMultivariateNormal::new()).dtype(FloatDType::F64).optimizer(optimizer(steps)).steps(steps);
        let full = svi.particles(8).run()?.gaussian()?.unwrap();
        assert_close(&full.loc, &mean, 2e-3);
        assert_close(&full.covariance(), &covariance, 2e-3);
        let name = |k: usize| format!("loc[{k}]");
        let guide = (1..levels).fold(AutoStructured::new(), |guide, k| guide.depends(name(k), [name(k - 1)]));
        let svi = Svi::new(&model(levels)?, guide).dtype(FloatDType::F64).optimizer(optimizer(steps)).steps(steps);
        let structured = svi.particles(8).run()?.gaussian()?.unwrap();
        assert_close(&structured.loc, &mean, 2e-3);
        assert_close(&structured.covariance(), &covariance, 2e-3);
    }
    Ok(())
}
