//! Sites that are integrated out in closed form, against the families that the integrals are.

use std::collections::BTreeMap;

use tests::{executions, has_f64};
use vi_runtime::burn::tensor::TensorData;
use vi_runtime::prelude::*;
use vi_runtime::{Guide, Objective, Result};

const RATE: f64 = 1e-3;

/// The bound of one step and its slope in each parameter.
fn first_step<M: Program + Clone, G: Guide<M>>(model: &M, guide: &G, execution: Execution) -> Result<(f64, BTreeMap<String, Vec<f64>>)> {
    let svi = || {
        let svi = Svi::new(model, guide.clone()).objective(Pathwise).optimizer(Sgd::new(RATE)).dtype(dtype());
        svi.execution(execution).seed(2)
    };
    let start = svi().steps(0).run()?;
    let svi = svi();
    let mut state = svi.init()?;
    let bound = svi.step(&mut state)?;
    let slope = |name: String| {
        let (before, after) = (start.param(&name)?.to_f64()?, state.param(&name)?.to_f64()?);
        Ok((name, after.iter().zip(before).map(|(after, before)| (after - before) / RATE).collect()))
    };
    Ok((bound, state.param_names().into_iter().map(slope).collect::<Result<_>>()?))
}

fn dtype() -> FloatDType {
    if has_f64() { FloatDType::F64 } else { FloatDType::F32 }
}

/// Relative to numbers of size 1.
fn allowed() -> f64 {
    if has_f64() { 1e-10 } else { 1e-4 }
}

fn vector(values: &[f64]) -> Result<Tensor<1>> {
    Ok(Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), (&tests::device()?, dtype().into())))
}

#[guide]
fn nothing() {}

/// Both models are the same function of their parameters, in both executions.
fn assert_same<A: Program + Clone, B: Program + Clone>(collapsed: &A, closed: &B) -> Result<()> {
    for execution in executions() {
        let (found, expected) = (first_step(collapsed, &nothing(), execution)?, first_step(closed, &nothing(), execution)?);
        let near = |x: f64, y: f64, within: f64| (x - y).abs() <= within * y.abs().max(1.0);
        assert!(near(found.0, expected.0, allowed()), "{execution:?}: {}, expected {}", found.0, expected.0);
        for (name, expected) in expected.1 {
            for (x, y) in found.1[&name].iter().zip(&expected) {
                // A slope is a difference of rounded parameters over the rate.
                assert!(near(*x, *y, allowed().max(if has_f64() { 0.0 } else { 5e-3 })), "{execution:?}, {name}: {x}, expected {y}");
            }
        }
    }
    Ok(())
}

#[model]
fn coins(y: Tensor<1>, n: Tensor<1>) {
    let a = param!("a", [2.0], support::Positive);
    let b = param!("b", [3.5], support::Positive);
    plate!("coin", y.dims()[0], {
        let p = sample!("p", Beta::new(a, b), strategy = Collapse);
        observe!("y", Binomial::new(n, p), y);
    });
}

#[model]
fn beta_binomial(y: Tensor<1>, n: Tensor<1>) {
    let a = param!("a", [2.0], support::Positive);
    let b = param!("b", [3.5], support::Positive);
    plate!("coin", y.dims()[0], { observe!("y", BetaBinomial::new(a, b, n), y) });
}

#[test]
fn a_collapsed_beta_binomial_is_a_beta_binomial() -> Result<()> {
    for (y, n) in [(vec![7.0], vec![10.0]), (vec![0.0, 3.0, 12.0, 40.0], vec![5.0, 9.0, 12.0, 55.0])] {
        let (y, n) = (vector(&y)?, vector(&n)?);
        assert_same(&coins(y.clone(), n.clone()), &beta_binomial(y, n))?;
    }
    Ok(())
}

#[model]
fn rates(y: Tensor<1>) {
    let shape = param!("shape", [2.5], support::Positive);
    let rate = param!("rate", [0.75], support::Positive);
    plate!("unit", y.dims()[0], {
        let lambda = sample!("lambda", Gamma::new(shape, rate), strategy = Collapse);
        observe!("y", Poisson::new(lambda), y);
    });
}

/// `NB(y; α, β/(1 + β))`: in `NegativeBinomial` the probability is that of what is counted.
#[model]
fn negative_binomial(y: Tensor<1>) {
    let shape = param!("shape", [2.5], support::Positive);
    let rate = param!("rate", [0.75], support::Positive);
    plate!("unit", y.dims()[0], { observe!("y", NegativeBinomial::new(shape, (rate + 1.0).recip()), y) });
}

#[test]
fn a_collapsed_gamma_poisson_is_a_negative_binomial() -> Result<()> {
    let y = vector(&[0.0, 3.0, 11.0, 2.0])?;
    assert_same(&rates(y.clone()), &negative_binomial(y))
}

#[model]
fn tables(y: Tensor<2, Int>) {
    let a = param!("a", [0.5, 2.0, 1.25]);
    plate!("row", y.dims()[0], {
        let p = sample!("p", Dirichlet::new(a.unsqueeze_dim::<2>(0)), strategy = Collapse);
        observe!("y", Multinomial::new(12.0, p), y);
    });
}

#[model]
fn dirichlet_multinomial(y: Tensor<2, Int>) {
    let a = param!("a", [0.5, 2.0, 1.25]);
    plate!("row", y.dims()[0], { observe!("y", DirichletMultinomial::new(a.unsqueeze_dim::<2>(0), 12.0), y) });
}

#[test]
fn a_collapsed_dirichlet_multinomial_is_a_dirichlet_multinomial() -> Result<()> {
    let y = Tensor::<2, Int>::from_ints([[3, 9, 0], [5, 4, 3]], &tests::device()?);
    assert_same(&tables(y.clone()), &dirichlet_multinomial(y))
}

#[model]
fn faces(y: Tensor<1, Int>) {
    let p = sample!("p", Dirichlet::new(1.0).expand([4]), strategy = Collapse);
    plate!("throw", y.dims()[0], { observe!("y", Categorical::new(p), y) });
}

/// `Dirichlet(1 + counts)` after five throws, and `ln Γ(4) Π Γ(1 + n)/Γ(9) = ln(6 · 2 · 2/40320)` as the evidence.
#[test]
fn throws_of_a_die() -> Result<()> {
    let model = faces(Tensor::<1, Int>::from_ints([0, 2, 2, 3, 0], &tests::device()?));
    let count = usize::try_from(tests::scaled(4000)).unwrap_or(4000);
    let fit = Svi::new(&model, nothing()).steps(0).run()?;
    assert!((fit.elbo_from(1)?.value - (24.0 / 40320.0f64).ln()).abs() < 1e-4);
    let (p, shape) = fit.posterior(count)?.p.to_f64()?;
    assert_eq!(shape, [count, 4]);
    for (k, n) in [2.0, 0.0, 2.0, 1.0].into_iter().enumerate() {
        let (mean, found) = ((1.0 + n) / 9.0, p.iter().skip(k).step_by(4).sum::<f64>() / count as f64);
        let error = (mean * (1.0 - mean) / 10.0 / count as f64).sqrt();
        assert!((found - mean).abs() < 4.0 * error, "face {k}: {found}, expected {mean}");
    }
    Ok(())
}

#[model]
fn shared(y: Tensor<1>) {
    let a = param!("a", [1.5], support::Positive);
    let p = sample!("p", Beta::new(a, 2.0), strategy = Collapse);
    plate!("toss", y.dims()[0], { observe!("y", Bernoulli::new(p.clone()), y) });
    // The square of the odds: other operations, a likelihood of the same shape.
    factor!("odds", (p.clone().log() - (-p).log1p()) * 2.0);
}

/// `B(1.5 + 60 + 2, 2 + 40 − 2)/B(1.5, 2)`, in 40 digits.
#[test]
fn one_probability_of_a_hundred_tosses() -> Result<()> {
    let y: Vec<f64> = (0..100).map(|i| f64::from(i % 5 < 3)).collect();
    for execution in executions() {
        let (bound, _) = first_step(&shared(vector(&y)?), &nothing(), execution)?;
        assert!((bound + 68.406_338_761_780_17).abs() < if has_f64() { 1e-10 } else { 1e-3 }, "{execution:?}: {bound}");
    }
    Ok(())
}

/// A thousand tosses in single precision, whose log-likelihood of 700 nats is right to a ten-thousandth.
#[test]
fn single_precision() -> Result<()> {
    let y: Vec<f64> = (0..1000).map(|i| f64::from(i % 5 < 3)).collect();
    let y = Tensor::from_data(TensorData::new(y, [1000]), (&tests::device()?, FloatDType::F32.into()));
    let log_beta = vi_runtime::special::scalar::log_beta;
    let expected = log_beta(1.5 + 602.0, 2.0 + 398.0) - log_beta(1.5, 2.0);
    for execution in executions() {
        let svi = Svi::new(&shared(y.clone()), nothing()).execution(execution);
        let bound = svi.step(&mut svi.init()?)?;
        assert!((bound - expected).abs() < 0.07, "{execution:?}: {bound}, expected {expected}");
    }
    Ok(())
}

/// Without a site that is drawn each bound is the log evidence, and each gradient its own.
#[test]
fn every_objective_that_sees_sums_alone() -> Result<()> {
    let y: Vec<f64> = (0..100).map(|i| f64::from(i % 5 < 3)).collect();
    let model = shared(vector(&y)?);
    for execution in executions() {
        let (expected, slopes) = first_step(&model, &nothing(), execution)?;
        let found = [
            moved(&model, StickingTheLanding, execution)?,
            moved(&model, AnalyticKl, execution)?,
            moved(&model, Annealed::new(KlSchedule::Linear { initial: 0.25, steps: 100 }), execution)?,
            moved(&model, Iwae::new(3), execution)?,
            moved(&model, Renyi::new(0.5, 3), execution)?,
            moved(&model, WakeSleep::new(2), execution)?,
        ];
        for (number, (bound, slope)) in found.into_iter().enumerate() {
            assert!((bound - expected).abs() < 10.0 * allowed() * expected.abs(), "{number}, {execution:?}: {bound}, expected {expected}");
            let within = allowed().max(if has_f64() { 1e-9 } else { 5e-3 });
            assert!((slope - slopes["a"][0]).abs() < within, "{number}, {execution:?}: {slope}, expected {}", slopes["a"][0]);
        }
    }
    Ok(())
}

/// The bound, and the slope in `a`.
fn moved<M: Program + Clone>(model: &M, objective: impl Objective + 'static, execution: Execution) -> Result<(f64, f64)> {
    let svi = Svi::new(model, nothing()).objective(objective).optimizer(Sgd::new(RATE)).dtype(dtype()).execution(execution);
    let mut state = svi.init()?;
    let bound = svi.step(&mut state)?;
    Ok((bound, (state.param("a")?.to_f64()?[0] - 1.5) / RATE))
}

/// A rate for each group, several counts with their own exposure in each, half of the groups in a step.
#[model]
fn groups(y: Tensor<2>, exposure: Tensor<2>) {
    let shape = param!("shape", [[2.0]], support::Positive);
    plate!("group", 6, subsample = 3, |idx| {
        let lambda = sample!("lambda", Gamma::new(shape, 0.5), strategy = Collapse);
        let (y, exposure) = (y.select(0, idx.clone()), exposure.select(0, idx));
        plate!("count", 2, { observe!("y", Poisson::new(lambda * exposure), y) });
    });
}

/// Of a group `Σ (y ln e − ln y!) + ln Γ(a + Σy)/Γ(a) + a ln b − (a + Σy) ln(b + Σe)`, and twice as often.
#[test]
fn rates_of_a_subsample_of_groups() -> Result<()> {
    let y: Vec<f64> = (0..12).map(|i| f64::from(i * 7 % 5)).collect();
    let exposure: Vec<f64> = (0..12).map(|i| 0.5 + 0.25 * f64::from(i % 4)).collect();
    let (a, b) = (2.0, 0.5f64);
    let lgamma = vi_runtime::special::scalar::lgamma;
    let group = |g: usize| {
        let (y, e) = (&y[2 * g..2 * g + 2], &exposure[2 * g..2 * g + 2]);
        let (sum, total): (f64, f64) = (y.iter().sum(), e.iter().sum());
        let own: f64 = y.iter().zip(e).map(|(y, e)| y * e.ln() - lgamma(y + 1.0)).sum();
        own + lgamma(a + sum) - lgamma(a) + a * b.ln() - (a + sum) * (b + total).ln()
    };
    let of = |values: &[f64]| Ok::<_, Error>(vector(values)?.reshape([6, 2]));
    let mut bounds = Vec::new();
    for execution in executions() {
        let (bound, slopes) = first_step(&groups(of(&y)?, of(&exposure)?), &nothing(), execution)?;
        // Which three groups are in is the same in both executions.
        let mut all = (0..6).flat_map(|i| (0..i).flat_map(move |j| (0..j).map(move |k| [i, j, k])));
        let near = |found: f64, expected: f64| (found - expected).abs() < allowed() * expected.abs().max(1.0);
        assert!(all.any(|three| near(bound, 2.0 * three.iter().map(|g| group(*g)).sum::<f64>())), "{execution:?}: {bound}");
        bounds.push((bound, slopes["shape"][0]));
    }
    assert!((bounds[0].0 - bounds[1].0).abs() < 10.0 * allowed() && (bounds[0].1 - bounds[1].1).abs() < 1e3 * allowed(), "{bounds:?}");
    Ok(())
}

#[model]
fn hierarchy(y: Tensor<1>, n: Tensor<1>) {
    let strength = sample!("strength", LogNormal::new(1.0, 0.5));
    plate!("coin", y.dims()[0], {
        let p = sample!("p", Beta::new(strength.clone() * 0.4, strength * 0.6), strategy = Collapse);
        deterministic!("excess", p.clone() - 0.4);
        observe!("y", Binomial::new(n, p), y);
    });
}

/// Given each draw of the strength, a probability has the mean and the variance of `Beta(0.4 s + y, 0.6 s + n − y)`.
#[test]
fn draws_after_the_fit_are_those_of_the_conjugate_posterior() -> Result<()> {
    let count = usize::try_from(tests::scaled(4000)).unwrap_or(4000);
    let (y, n) = ([1.0, 9.0], [4.0, 20.0]);
    let model = hierarchy(vector(&y)?, vector(&n)?);
    let fit = Svi::new(&model, AutoNormal::new()).dtype(dtype()).steps(tests::scaled(100)).run()?;
    let draws = fit.posterior(count)?;
    let ((strength, _), (p, shape), (excess, _)) = (draws.strength.to_f64()?, draws.p.to_f64()?, draws.excess.to_f64()?);
    assert_eq!(shape, [count, 2]);
    for coin in 0..2 {
        let (mut apart, mut variance, mut squares) = (0.0, 0.0, 0.0);
        for draw in 0..count {
            let p = p[2 * draw + coin];
            assert!((excess[2 * draw + coin] - (p - 0.4)).abs() < 1e-6);
            let (a, b) = (0.4 * strength[draw] + y[coin], 0.6 * strength[draw] + n[coin] - y[coin]);
            let (mean, own) = (a / (a + b), a * b / ((a + b).powi(2) * (a + b + 1.0)));
            apart += p - mean;
            variance += own;
            squares += (p - mean).powi(2);
        }
        assert!(apart.abs() < 4.0 * variance.sqrt(), "coin {coin}: {apart}, standard error {}", variance.sqrt());
        // The fourth moment of a beta variable is below 3 variances squared here: the sum of squares scatters by less than √(2/n).
        assert!((squares / variance - 1.0).abs() < 4.0 * (2.0 / count as f64).sqrt(), "coin {coin}: {squares}, expected {variance}");
    }
    // Predictions of the same coins: the mean of y is n times that of p.
    let predicted = fit.predictive(count)?.get("y")?.to_f64()?.0;
    let mean = |values: &[f64]| values.iter().skip(1).step_by(2).sum::<f64>() / count as f64;
    // The sd of one prediction is below 20 · √(1/4 · 1/20 + 0.012) = 3.2.
    assert!((mean(&predicted) - 20.0 * mean(&p)).abs() < 4.0 * 3.2 * (2.0 / count as f64).sqrt());
    Ok(())
}

#[test]
fn executions_agree_beside_a_guide() -> Result<()> {
    let model = hierarchy(vector(&[1.0, 9.0])?, vector(&[4.0, 20.0])?);
    let [eager, compiled] = executions().map(|execution| first_step(&model, &AutoNormal::new(), execution));
    let (eager, compiled) = (eager?, compiled?);
    assert!((eager.0 - compiled.0).abs() < 10.0 * allowed(), "{}, {}", eager.0, compiled.0);
    for (name, slopes) in &eager.1 {
        for (x, y) in slopes.iter().zip(&compiled.1[name]) {
            assert!((x - y).abs() < 1e3 * allowed(), "{name}: {x}, {y}");
        }
    }
    Ok(())
}

#[model]
fn plain(y: Tensor<1>, n: Tensor<1>) {
    let a = param!("a", [2.0], support::Positive);
    let b = param!("b", [3.5], support::Positive);
    plate!("coin", y.dims()[0], {
        let p = sample!("p", Beta::new(a, b));
        observe!("y", Binomial::new(n, p), y);
    });
}

#[test]
fn a_handler_collapses_what_the_model_draws() -> Result<()> {
    let (y, n) = (vector(&[0.0, 3.0])?, vector(&[5.0, 9.0])?);
    assert_same(&handler::collapse(plain(y.clone(), n.clone()), "p"), &beta_binomial(y, n))
}

fn refusal<M: Program + Clone, G: Guide<M>>(model: &M, guide: G) -> Result<String> {
    let mut found = Vec::new();
    for execution in executions() {
        let error = Svi::new(model, guide.clone()).execution(execution).steps(1).run().err();
        let Some(Error::Unsupported { what, problem }) = error else { return Err(Error::other(format!("not refused: {error:?}"))) };
        found.push(format!("{what}: {problem}"));
    }
    assert_eq!(found[0], found[1]);
    Ok(found.remove(0))
}

#[model]
fn not_conjugate() {
    let a = param!("a", [2.0], support::Positive);
    let p = sample!("p", Beta::new(a, 2.0), strategy = Collapse);
    observe!("y", Normal::new(p, 0.5), 0.25);
}

#[model]
fn other_family() {
    let scale = param!("scale", [2.0], support::Positive);
    let x = sample!("x", HalfNormal::new(scale), strategy = Collapse);
    observe!("y", Poisson::new(x), Tensor::<1>::from_floats([2.0], &device!()));
}

#[model]
fn not_in_a_plate() {
    let a = param!("a", [2.0, 3.0], support::Positive);
    let p = sample!("p", Beta::new(a, 2.0), strategy = Collapse);
    observe!("y", Bernoulli::new(p), Tensor::<1>::from_floats([1.0, 0.0], &device!()));
}

#[model]
fn summed_outside() {
    let a = param!("a", [2.0], support::Positive);
    let p = plate!("unit", 2, { sample!("p", Beta::new(a, 2.0), strategy = Collapse) });
    factor!("all", p.sum().log());
}

#[model]
fn both() {
    let a = param!("a", [2.0], support::Positive);
    let p = sample!("p", Beta::new(a, 2.0), strategy = Collapse);
    let k = sample!("k", Bernoulli::new(p), strategy = Enumerate);
    observe!("y", Normal::new(k.float(), 0.5), 0.25);
}

#[guide]
fn samples_p() {
    sample!("p", Beta::new(2.0, 2.0));
}

#[test]
fn what_cannot_be_collapsed() -> Result<()> {
    let message = refusal(&not_conjugate(), nothing())?;
    assert!(message.contains("site `p`") && message.contains("not conjugate") && message.contains("guide"), "{message}");
    let message = refusal(&other_family(), nothing())?;
    assert!(message.contains("site `x` (HalfNormal)") && message.contains("Beta, Gamma and Dirichlet"), "{message}");
    let message = refusal(&not_in_a_plate(), nothing())?;
    assert!(message.contains("site `p` (Beta)") && message.contains("[2]") && message.contains("plate"), "{message}");
    let message = refusal(&summed_outside(), nothing())?;
    assert!(message.contains("site `p`") && message.contains("site `all`") && message.contains("`unit`"), "{message}");
    let message = refusal(&both(), nothing())?;
    assert!(message.contains("`p`") && message.contains("enumerated"), "{message}");
    let message = refusal(&not_conjugate(), samples_p())?;
    assert!(message.contains("site `p`") && message.contains("the guide has it too"), "{message}");
    let y = vector(&[1.0])?;
    let score = Svi::new(&shared(y), nothing()).objective(ScoreFunction::new()).steps(1).run().err();
    let Some(Error::Unsupported { what, problem }) = score else { panic!("{score:?}") };
    assert!(what.contains("`p`") && problem.contains("StickingTheLanding"), "{what}: {problem}");
    Ok(())
}
