//! Sites that the guide enumerates: exact means.

use tests::executions;
use vi_runtime::prelude::*;

use crate::evidence::{assert_near, first_step, precisions, slope_tolerance};

#[model]
fn coin() {
    sample!("k", Bernoulli::new(0.25));
}

#[guide(model = coin)]
fn coin_guide() {
    let p = param!("p", [0.5]);
    sample!("k", Bernoulli::new(p), strategy = Enumerate);
}

/// −KL(Bernoulli(1/2) ‖ Bernoulli(1/4)) and its slope −ln 3.
#[test]
fn divergence_of_two_coins() -> Result<()> {
    for (dtype, allowed) in precisions() {
        for execution in executions() {
            let (elbo, slopes) = first_step(&coin(), &coin_guide(), dtype, execution)?;
            let context = format!("{dtype:?}, {execution:?}");
            assert_near(&[elbo], &[-0.143_841_036_225_890_2], allowed.min(1e-6), &context);
            assert_near(&slopes["p"], &[-3f64.ln()], slope_tolerance(dtype, allowed), &context);
        }
    }
    Ok(())
}

/// A continuous site whose law depends on the choice.
#[model]
fn choice(y: f64, means: Tensor<1>) {
    let k = sample!("k", Categorical::new([0.2, 0.3, 0.5]));
    let x = sample!("x", Normal::new(means.select(0, k), 2.0));
    observe!("y", Normal::new(x, 0.5), y);
}

fn means() -> Result<Tensor<1>> {
    tests::vector([-1.0, 0.0, 1.0])
}

#[guide(model = choice)]
fn choice_guide() {
    let logits = param!("logits", [0.1, -0.4, 0.6]);
    let locs = param!("locs", [-0.5, 0.25, 0.75]);
    let k = sample!("k", Categorical::logits(logits), strategy = Enumerate);
    sample!("x", Normal::new(locs.select(0, k), 0.5));
}

/// `E_q[log p − log q]` over three choices; within a choice, Normal against Normal in closed form, with the mean over many draws.
#[test]
fn a_draw_below_a_choice() -> Result<()> {
    let (y, draws) = (0.7, 4000);
    let logits = [0.1, -0.4, 0.6f64];
    let total: f64 = logits.iter().map(|x| x.exp()).sum();
    let sd = 0.5f64;
    let bound: f64 = (0..3)
        .map(|k| {
            let (q, p, loc) = (logits[k].exp() / total, [0.2, 0.3, 0.5f64][k], [-0.5, 0.25, 0.75][k]);
            let normal = |apart: f64, scale: f64| {
                -0.5 * (apart * apart + sd * sd) / (scale * scale) - scale.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
            };
            let entropy = 0.5 + sd.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln();
            q * (p.ln() - q.ln() + normal(loc - (k as f64 - 1.0), 2.0) + normal(y - loc, 0.5) + entropy)
        })
        .sum();
    for execution in executions() {
        // The executions make the same draws; their mean is compared for the compiled one.
        let particles = if execution == vi_runtime::Execution::Compiled { draws } else { 40 };
        let svi = Svi::new(&choice(y, means()?), choice_guide()).objective(Pathwise).particles(particles).execution(execution).seed(8);
        let elbo = svi.step(&mut svi.init()?)?;
        // The sd of one estimate is below 1.
        assert!((elbo - bound).abs() < 4.0 / (particles as f64).sqrt(), "{execution:?}: {elbo}, expected {bound}");
    }
    Ok(())
}

#[test]
fn executions_agree_below_a_choice() -> Result<()> {
    for (dtype, allowed) in precisions() {
        let model = choice(0.7, means()?);
        let [eager, compiled] = executions().map(|execution| first_step(&model, &choice_guide(), dtype, execution));
        let (eager, compiled) = (eager?, compiled?);
        assert_near(&[compiled.0], &[eager.0], allowed, &format!("{dtype:?}"));
        for (name, slopes) in &eager.1 {
            assert_near(&compiled.1[name], slopes, slope_tolerance(dtype, allowed), &format!("{dtype:?}, {name}"));
        }
    }
    Ok(())
}

#[model]
fn units(y: Tensor<1>) {
    plate!("unit", 3, {
        let k = sample!("k", Categorical::new([0.2, 0.3, 0.5]));
        observe!("y", Normal::new(k.float().cast(y.dtype()), 1.0), y);
    });
}

#[guide(model = units)]
fn units_guide(y: Tensor<1>) {
    let logits = param!("logits", [[0.1, -0.4, 0.6], [0.3, 0.2, -0.7], [-0.5, 0.0, 0.25]]);
    plate!("unit", 3, { sample!("k", Categorical::logits(logits), strategy = Enumerate) });
}

/// `Σₖ qₖ (log pₖ + log N(y | k, 1) − log qₖ)` of a unit, and its slope in each logit.
fn unit(y: f64, logits: [f64; 3]) -> (f64, [f64; 3]) {
    let total: f64 = logits.iter().map(|x| x.exp()).sum();
    let q = logits.map(|x| x.exp() / total);
    let gain = |k: usize| [0.2, 0.3, 0.5f64][k].ln() - 0.5 * (y - k as f64).powi(2) - 0.5 * (2.0 * std::f64::consts::PI).ln() - q[k].ln();
    let bound: f64 = (0..3).map(|k| q[k] * gain(k)).sum();
    (bound, std::array::from_fn(|k| q[k] * (gain(k) - bound)))
}

/// A unit that is masked in both programs counts nothing; one that only the guide masks is a mean over all values alike.
#[test]
fn masked_units() -> Result<()> {
    const Y: [f64; 3] = [0.5, 1.25, 2.0];
    const LOGITS: [[f64; 3]; 3] = [[0.1, -0.4, 0.6], [0.3, 0.2, -0.7], [-0.5, 0.0, 0.25]];
    let kept = [true, false, true];
    let mask = Tensor::<1, Bool>::from_bool(kept, &tests::device()?);
    let (mut bound, mut slopes) = (0.0, Vec::new());
    for i in 0..3 {
        let (value, slope) = unit(Y[i], LOGITS[i]);
        bound += if kept[i] { value } else { 0.0 };
        slopes.extend(slope.map(|slope| if kept[i] { slope } else { 0.0 }));
    }
    let alike: f64 = {
        let (value, _) = unit(Y[1], [0.0; 3]);
        value - 3f64.ln()
    };
    for (dtype, allowed) in precisions() {
        for execution in executions() {
            let y = tests::vector(Y)?.cast(dtype);
            let (model, guide) = (units(y.clone()), handler::mask(units_guide(y), mask.clone()));
            for (expected, (elbo, found)) in [
                (bound, first_step(&handler::mask(model.clone(), mask.clone()), &guide, dtype, execution)?),
                (bound + alike, first_step(&model, &guide, dtype, execution)?),
            ] {
                let context = format!("{dtype:?}, {execution:?}");
                assert_near(&[elbo], &[expected], allowed, &context);
                assert_near(&found["logits"], &slopes, slope_tolerance(dtype, allowed), &context);
            }
        }
    }
    Ok(())
}
