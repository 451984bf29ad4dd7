//! Sites without a pathwise gradient: against enumeration.

use tests::{executions, has_f64, vector};
use vi_runtime::objective::Baseline;
use vi_runtime::prelude::*;

use super::Estimates;

const T: [f64; 3] = [-0.17, 1.813, -0.235];
const W: [f64; 3] = [-0.32, -0.369, -0.453];
const C: f64 = 0.45;

/// Three coins whose weighted sum enters a square: no term belongs to one coin alone.
#[model]
fn square(w: Tensor<1>) {
    let b = plate!("coin", 3, { sample!("b", Bernoulli::new(0.5)) });
    let miss = (b.cast(FloatDType::F64) * w).sum() - C;
    factor!("f", miss.square());
}

/// A term for each coin alone.
#[model]
fn apart(w: Tensor<1>) {
    plate!("coin", 3, {
        let b = sample!("b", Bernoulli::new(0.5));
        factor!("f", (b.cast(FloatDType::F64) * w - C).square());
    });
}

#[guide]
fn coins(t: Tensor<1>) {
    let logits = param!("t", t);
    plate!("coin", 3, { sample!("b", Bernoulli::logits(logits)) });
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Expectation over all eight states of `f(state, log q of each coin)`.
fn expectation(f: impl Fn([f64; 3], [f64; 3]) -> f64) -> f64 {
    (0..8)
        .map(|state: usize| {
            let b: [f64; 3] = std::array::from_fn(|i| ((state >> i) & 1) as f64);
            let log_q: [f64; 3] = std::array::from_fn(|i| if b[i] == 1.0 { sigmoid(T[i]).ln() } else { sigmoid(-T[i]).ln() });
            log_q.iter().sum::<f64>().exp() * f(b, log_q)
        })
        .sum()
}

fn score(b: [f64; 3], i: usize) -> f64 {
    b[i] - sigmoid(T[i])
}

fn elbo_of_the_square(b: [f64; 3], log_q: [f64; 3]) -> f64 {
    let sum: f64 = (0..3).map(|i| W[i] * b[i]).sum();
    (sum - C).powi(2) - 3.0 * 2.0_f64.ln() - log_q.iter().sum::<f64>()
}

fn elbo_of_one(b: [f64; 3], log_q: [f64; 3], i: usize) -> f64 {
    (W[i] * b[i] - C).powi(2) - 2.0_f64.ln() - log_q[i]
}

#[test]
fn the_score_function_has_the_gradient_of_the_elbo() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    // The gradient of the expected square at these logits, from enumeration in 40 digits: a check of the sums above.
    let known = [0.17906255184580291, 0.08730545689654048, 0.2547158106646473];
    for (i, known) in known.into_iter().enumerate() {
        let found = expectation(|b, _| score(b, i) * ((0..3).map(|j| W[j] * b[j]).sum::<f64>() - C).powi(2));
        assert!((found - known).abs() < 1e-14, "coin {i}: {found}");
    }
    let expected = |elbo: &dyn Fn([f64; 3], [f64; 3]) -> f64| {
        let mut numbers = vec![expectation(elbo)];
        numbers.extend((0..3).map(|i| expectation(|b, log_q| score(b, i) * elbo(b, log_q))));
        numbers
    };
    let square_is = expected(&elbo_of_the_square);
    let apart_is = expected(&|b, log_q| (0..3).map(|i| elbo_of_one(b, log_q, i)).sum());
    for execution in executions() {
        let (particles, seeds) = if execution == Execution::Compiled { (1000, 30) } else { (20, 20) };
        for baseline in [Baseline::LeaveOneOut, Baseline::Zero] {
            let objective = ScoreFunction::new().baseline(baseline);
            let found = Estimates::of(&square(vector(W)?), &coins(vector(T)?), &objective, particles, seeds, execution)?;
            found.assert_mean(&format!("square, {baseline:?}, {execution:?}"), &square_is, 1e-6);
            let found = Estimates::of(&apart(vector(W)?), &coins(vector(T)?), &objective, particles, seeds, execution)?;
            found.assert_mean(&format!("apart, {baseline:?}, {execution:?}"), &apart_is, 1e-6);
        }
    }
    Ok(())
}

#[test]
fn a_learned_baseline_under_gradient_descent_is_an_average_of_the_cost() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    // The coins do not move (their rate is 0 after the first step), so the costs have a fixed mean for each element.
    let expected: Vec<f64> = (0..3).map(|i| expectation(|b, log_q| elbo_of_one(b, log_q, i))).collect();
    for execution in executions() {
        let svi = Svi::new(&apart(vector(W)?), handler::substitute(coins(vector(T)?), [("t", vector(T)?)]))
            .objective(ScoreFunction::new().baseline(Baseline::Learned))
            .optimizer(Sgd::new(0.05))
            .particles(if execution == Execution::Compiled { 500 } else { 50 })
            .dtype(FloatDType::F64)
            .execution(execution);
        let mut state = svi.init()?;
        for _ in 0..200 {
            svi.step(&mut state)?;
        }
        // An average over 20 steps of one over the particles: the costs scatter by less than 1.
        let within = if execution == Execution::Compiled { 0.04 } else { 0.12 };
        tests::assert_close(&state.param("baseline.b")?.to_f64()?, &expected, within);
    }
    Ok(())
}

/// The average of the costs, and the bound, which is the mean of their sum: `a ← decay a + (1 − decay) bound`, whatever the optimiser.
#[test]
fn a_decaying_average_follows_its_recursion() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    for execution in executions() {
        let svi = Svi::new(&apart(vector(W)?), coins(vector(T)?))
            .objective(ScoreFunction::new().baseline(Baseline::DecayingAverage { decay: 0.7 }))
            .optimizer(Adam::new(0.1))
            .particles(3)
            .dtype(FloatDType::F64)
            .execution(execution);
        let (mut state, mut expected) = (svi.init()?, 0.0);
        for step in 0..6 {
            expected = 0.7 * expected + 0.3 * svi.step(&mut state)?;
            let found: f64 = state.param("average cost.b")?.to_f64()?.iter().sum();
            assert!((found - expected).abs() < 1e-12, "step {step}, {execution:?}: {found}, expected {expected}");
        }
    }
    Ok(())
}

#[test]
fn a_decaying_average_leaves_the_mean_of_the_gradient() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    let objective = |baseline| ScoreFunction::new().baseline(baseline);
    let elbo = |b: [f64; 3], log_q: [f64; 3]| (0..3).map(|i| elbo_of_one(b, log_q, i)).sum::<f64>();
    let mut expected = vec![expectation(elbo)];
    expected.extend((0..3).map(|i| expectation(|b, log_q| score(b, i) * elbo(b, log_q))));
    for execution in executions() {
        let (particles, steps) = if execution == Execution::Compiled { (1, (60, 50_000)) } else { (1, (60, 600)) };
        let run = |baseline| Estimates::along(&apart(vector(W)?), &coins(vector(T)?), &objective(baseline), particles, steps, execution);
        let (found, plain) = (run(Baseline::DecayingAverage { decay: 0.9 })?, run(Baseline::Zero)?);
        found.assert_mean(&format!("{execution:?}"), &expected, 1e-6);
        for coin in 1..4 {
            let exact = |baseline: f64| {
                let i = coin - 1;
                let gain = |b: [f64; 3], log_q: [f64; 3]| score(b, i) * (elbo_of_one(b, log_q, i) - baseline);
                expectation(|b, log_q| gain(b, log_q).powi(2)) - expectation(gain).powi(2)
            };
            // The variance with the mean cost as the baseline; the average itself adds the share (1 − decay)/(1 + decay) of that of a cost.
            let mean = expectation(|b, log_q| elbo_of_one(b, log_q, coin - 1));
            let of_cost = expectation(|b, log_q| (elbo_of_one(b, log_q, coin - 1) - mean).powi(2));
            let more = expectation(|b, _| score(b, coin - 1).powi(2)) * of_cost * 0.1 / 1.9;
            for (what, found, expected) in
                [("average", found.variance(coin), exact(mean) + more), ("none", plain.variance(coin), exact(0.0))]
            {
                let scatter = if execution == Execution::Compiled { 0.1 } else { 0.5 };
                assert!((found / expected - 1.0).abs() < scatter, "coin {coin}, {what}: variance {found}, expected {expected}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_decay_that_is_no_share_is_refused() -> Result<()> {
    for decay in [1.0, -0.1, f64::NAN] {
        let objective = ScoreFunction::new().baseline(Baseline::DecayingAverage { decay });
        let error = Svi::new(&apart(vector(W)?), coins(vector(T)?)).objective(objective).steps(1).run().err();
        let message = error.map_or_else(String::new, |error| error.to_string());
        assert!(message.contains("decay") && message.contains(&decay.to_string()), "{message}");
    }
    Ok(())
}

#[test]
fn a_coin_answers_for_its_own_terms_only() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    // Variances of one draw by enumeration; those of 60 means of 500 draws scatter by √(2/59) = 18 %.
    let variance = |gain: &dyn Fn([f64; 3], [f64; 3], usize) -> f64, i: usize| {
        let first = expectation(|b, log_q| score(b, i) * gain(b, log_q, i));
        expectation(|b, log_q| (score(b, i) * gain(b, log_q, i)).powi(2)) - first * first
    };
    let own = |b: [f64; 3], log_q: [f64; 3], i: usize| elbo_of_one(b, log_q, i);
    let all = |b: [f64; 3], log_q: [f64; 3], _: usize| elbo_of_the_square(b, log_q);
    let objective = ScoreFunction::new().baseline(Baseline::Zero);
    let apart_found = Estimates::of(&apart(vector(W)?), &coins(vector(T)?), &objective, 500, 60, Execution::Compiled)?;
    let square_found = Estimates::of(&square(vector(W)?), &coins(vector(T)?), &objective, 500, 60, Execution::Compiled)?;
    for i in 0..3 {
        // In the square the prior and the guide's density of another coin do not depend on this one.
        let others = |b: [f64; 3], log_q: [f64; 3], i: usize| {
            all(b, log_q, i) + (0..3).filter(|j| *j != i).map(|j| log_q[j] + 2.0_f64.ln()).sum::<f64>()
        };
        for (what, found, exact) in [("apart", &apart_found, variance(&own, i)), ("square", &square_found, variance(&others, i))] {
            let ratio = found.variance(i + 1) * 500.0 / exact;
            assert!((0.4..1.9).contains(&ratio), "{what}, coin {i}: {ratio} times the variance of one draw, {exact}");
        }
    }
    Ok(())
}

#[model]
fn one_coin(x: Tensor<1>) {
    let b = sample!("b", Bernoulli::new(0.3));
    observe!("x", Normal::new(b.cast(FloatDType::F64) * 2.0, 1.0), x);
}

#[guide]
fn coin(t: f64) {
    let logits = param!("t", [t]);
    sample!("b", Bernoulli::logits(logits));
}

fn log_weight(b: usize, t: f64) -> (f64, f64) {
    let log_q = if b == 1 { sigmoid(t).ln() } else { sigmoid(-t).ln() };
    let prior: f64 = if b == 1 { 0.3 } else { 0.7 };
    let x = 0.8 - 2.0 * b as f64;
    (log_q, prior.ln() - 0.5 * x * x - 0.5 * (2.0 * std::f64::consts::PI).ln() - log_q)
}

/// Expectation over pairs of draws of `f(draws, their log weights)`.
fn over_pairs(t: f64, f: impl Fn([usize; 2], [f64; 2]) -> f64) -> f64 {
    let mut sum = 0.0;
    for a in 0..2 {
        for b in 0..2 {
            let ((q_a, w_a), (q_b, w_b)) = (log_weight(a, t), log_weight(b, t));
            sum += (q_a + q_b).exp() * f([a, b], [w_a, w_b]);
        }
    }
    sum
}

fn log_mean(w: [f64; 2]) -> f64 {
    let most = w[0].max(w[1]);
    most + (0.5 * ((w[0] - most).exp() + (w[1] - most).exp())).ln()
}

#[test]
fn vimco_has_the_gradient_of_its_bound() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    let t = 0.4;
    let bound = |t: f64| over_pairs(t, |_, w| log_mean(w));
    let h = 1e-5;
    let slope = (bound(t + h) - bound(t - h)) / (2.0 * h);
    for execution in executions() {
        let (particles, seeds) = if execution == Execution::Compiled { (1000, 40) } else { (20, 20) };
        let found = Estimates::of(&one_coin(vector([0.8])?), &coin(t), &Vimco::new(2), particles, seeds, execution)?;
        found.assert_mean(&format!("Vimco, {execution:?}"), &[bound(t), slope], 1e-6);
    }
    Ok(())
}

#[test]
fn wake_sleep_pulls_the_guide_by_normalised_weights() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    let t = 0.4;
    let pull = over_pairs(t, |draws, w| {
        let total = w[0].exp() + w[1].exp();
        (0..2).map(|k| w[k].exp() / total * (draws[k] as f64 - sigmoid(t))).sum()
    });
    for execution in executions() {
        let (particles, seeds) = if execution == Execution::Compiled { (1000, 40) } else { (20, 20) };
        let found = Estimates::of(&one_coin(vector([0.8])?), &coin(t), &WakeSleep::new(2), particles, seeds, execution)?;
        found.assert_mean(&format!("WakeSleep, {execution:?}"), &[over_pairs(t, |_, w| log_mean(w)), pull], 1e-6);
    }
    Ok(())
}

#[test]
fn a_pathwise_objective_refuses_a_coin_and_says_what_would_do() -> Result<()> {
    if !has_f64() {
        return Ok(());
    }
    let Err(error) = Svi::new(&one_coin(vector([0.8])?), coin(0.4)).dtype(FloatDType::F64).steps(1).run() else {
        panic!("a coin has no pathwise gradient")
    };
    let message = error.to_string();
    assert!(message.contains("site `b`") && message.contains("ScoreFunction::new()"), "{message}");
    Ok(())
}
