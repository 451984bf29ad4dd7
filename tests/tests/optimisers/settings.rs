//! Numbers that no optimiser or rule can use.

use std::fmt::Debug;

use tests::executions;
use vi_runtime::posterior::{Advi, NaturalGradient, Svgd};
use vi_runtime::prelude::*;

#[model]
fn place() {
    sample!("x", Normal::new(1.0, 2.0));
}

fn fails<T: Debug>(result: Result<T>, setting: &str, value: &str) {
    let Err(Error::Config { setting: found, problem }) = &result else { panic!("{setting}, {value}: {result:?}") };
    assert_eq!(found, setting);
    assert!(problem.starts_with(&format!("{value}; it must be")), "{setting}: {problem}");
}

/// The error of the first step, which moves nothing.
fn refused(optimizer: impl Optimizer + Clone + 'static, setting: &str, value: &str) -> Result<()> {
    for execution in executions() {
        let svi = Svi::new(&place(), AutoNormal::new()).optimizer(optimizer.clone()).execution(execution);
        let mut state = svi.init()?;
        fails(svi.step(&mut state), setting, value);
        assert_eq!(state.step(), 0);
    }
    Ok(())
}

#[test]
fn numbers_that_no_optimiser_can_use() -> Result<()> {
    refused(Adam::new(-0.1), "rate of Adam", "-0.1")?;
    refused(Adam::new(0.1).betas(1.0, 0.5), "beta1 of Adam", "1")?;
    refused(Adam::new(0.1).betas(0.5, -0.5), "beta2 of Adam", "-0.5")?;
    refused(Adam::new(0.1).epsilon(f64::NAN), "epsilon of Adam", "NaN")?;
    refused(AdamW::new(0.1).weight_decay(-1.0), "weight_decay of AdamW", "-1")?;
    refused(AdamW::new(0.1).betas(2.0, 0.5), "beta1 of AdamW", "2")?;
    refused(ClippedAdam::new(0.1).clip(-1.0), "clip of ClippedAdam", "-1")?;
    refused(ClippedAdam::new(0.1).clip(f64::NAN), "clip of ClippedAdam", "NaN")?;
    refused(ClippedAdam::new(0.1).decay(-0.5), "decay of ClippedAdam", "-0.5")?;
    refused(Sgd::new(0.1).momentum(5.0), "momentum of Sgd", "5")?;
    refused(RmsProp::new(0.1).decay(1.5), "decay of RmsProp", "1.5")?;
    refused(RmsProp::new(0.1).momentum(-0.5), "momentum of RmsProp", "-0.5")?;
    refused(AdaGrad::new(f64::INFINITY), "rate of AdaGrad", "inf")?;
    refused(AdaGrad::new(0.1).epsilon(-1.0), "epsilon of AdaGrad", "-1")?;
    refused(Cocob::new().alpha(-5.0), "alpha of Cocob", "-5")?;
    refused(Dog::new().initial(-1.0), "initial of Dog", "-1")?;
    refused(Dowg::new().initial(0.0), "initial of Dowg", "0")
}

#[test]
fn rates_that_no_schedule_can_have() -> Result<()> {
    refused(Sgd::new(Schedule::Exponential { initial: 0.1, decay: -0.5 }), "decay of the rate of Sgd", "-0.5")?;
    refused(Sgd::new(Schedule::Cosine { initial: 0.1, last: f64::NAN, steps: 10 }), "last rate of Sgd", "NaN")?;
    refused(Sgd::new(Schedule::WarmupCosine { peak: -0.1, last: 0.0, warmup: 2, steps: 10 }), "peak of the rate of Sgd", "-0.1")?;
    refused(Sgd::new(Schedule::Step { initial: 0.1, factor: -1.0, every: 5 }), "factor of the rate of Sgd", "-1")
}

#[test]
fn optimisers_made_of_others_check_what_they_hold() -> Result<()> {
    for limit in [-1.0, f64::NAN] {
        refused(Clipped::by_value(Sgd::new(0.1), limit), "limit of Clipped::by_value", &limit.to_string())?;
        refused(Clipped::by_norm(Sgd::new(0.1), limit), "limit of Clipped::by_norm", &limit.to_string())?;
    }
    refused(Clipped::by_norm(Sgd::new(-0.1), 1.0), "rate of Sgd", "-0.1")?;
    refused(PerParam::new(Sgd::new(0.1)).matching("auto.*", Cocob::new().alpha(0.0)), "alpha of Cocob", "0")?;
    refused(PerParam::new(Sgd::new(-0.1)).matching("auto.*", Cocob::new()), "rate of Sgd", "-0.1")
}

#[test]
fn limits_that_no_rule_can_use() -> Result<()> {
    for execution in executions() {
        let run = |stop: vi_runtime::Stop| Svi::new(&place(), AutoNormal::new()).steps(5).execution(execution).stop(stop).run();
        fails(run(Drift::new(f64::NAN).into()), "tolerance of Drift", "NaN");
        fails(run(Stationary::new().mcse(-1.0).into()), "mcse of Stationary", "-1");
        fails(run(Stationary::new().r_hat(f64::NAN).into()), "r_hat of Stationary", "NaN");
    }
    fails(Advi::mean_field().tolerance(f64::NAN).run(&place()), "tolerance of Advi", "NaN");
    fails(NaturalGradient::new().tolerance(-1.0).run(&place()), "tolerance of NaturalGradient", "-1");
    fails(Svgd::new().tolerance(f64::NAN).run(&place()), "tolerance of Svgd", "NaN");
    fails(Svgd::new().optimizer(Adam::new(-1.0)).run(&place()), "rate of Adam", "-1");
    Ok(())
}
