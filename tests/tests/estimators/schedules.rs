//! What the divergence counts, by step, and that it is not in the bound that is reported.

use tests::{assert_close, executions, vector};
use vi_runtime::prelude::*;

use super::normal::{Y, mean_of, normal};

#[test]
fn schedules_follow_their_formulas_and_end_at_1() {
    let at = |schedule: KlSchedule, steps: &[u64]| steps.iter().map(|step| schedule.at(*step)).collect::<Vec<_>>();
    let linear = KlSchedule::Linear { initial: 0.2, steps: 100 };
    assert_close(&at(linear, &[0, 25, 50, 100, 1000]), &[0.2, 0.4, 0.6, 1.0, 1.0], 1e-15);
    let cosine = KlSchedule::Cosine { initial: 0.0, steps: 100 };
    assert_close(&at(cosine, &[0, 25, 50, 100, 1000]), &[0.0, 0.5 - 0.125_f64.sqrt(), 0.5, 1.0, 1.0], 1e-15);
    let cyclical = KlSchedule::Cyclical { initial: 0.0, steps: 100, cycles: 4, rise: 0.5 };
    assert_close(&at(cyclical, &[0, 5, 13, 24, 25, 30, 99, 100]), &[0.0, 0.4, 1.0, 1.0, 0.0, 0.4, 1.0, 1.0], 1e-15);
}

#[test]
fn schedules_that_make_no_sense_are_refused() -> Result<()> {
    let wrong = [
        (Annealed::new(KlSchedule::Linear { initial: 1.5, steps: 10 }), "begins at 1.5"),
        (Annealed::new(KlSchedule::Cosine { initial: 0.5, steps: 0 }), "0 steps"),
        (Annealed::new(KlSchedule::Cyclical { initial: 0.5, steps: 10, cycles: 0, rise: 0.5 }), "0 cycles"),
        (Annealed::new(KlSchedule::Constant).free_bits(-1.0), "free bits: -1"),
    ];
    for (objective, expected) in wrong {
        let Err(error) = Svi::new(&mean_of(vector(Y)?), normal(0.0, 1.0)).objective(objective).steps(1).run() else {
            panic!("{expected} was not refused")
        };
        assert!(error.to_string().contains(expected), "{error}");
    }
    Ok(())
}

/// The first two steps with rate 1: what each divergence weighs shows in how far the location moves. The gradient of the bound is the
/// sum of that of the likelihood and that of the divergence: at the same draws it is linear in the weight.
#[test]
fn the_weight_of_a_step_is_in_its_gradient_and_not_in_its_bound() -> Result<()> {
    for execution in executions() {
        let first = |schedule: KlSchedule| -> Result<(f64, f64)> {
            let svi = Svi::new(&mean_of(vector(Y)?), normal(0.5, 0.2))
                .objective(Annealed::new(schedule))
                .optimizer(Sgd::new(0.001))
                .execution(execution);
            let mut state = svi.init()?;
            let bound = svi.step(&mut state)?;
            Ok((bound, state.param("loc")?.to_f64()?[0] - 0.5))
        };
        let (full, with) = first(KlSchedule::Constant)?;
        let (half, partly) = first(KlSchedule::Linear { initial: 0.5, steps: 10 })?;
        let (none, without) = first(KlSchedule::Linear { initial: 0.0, steps: 10 })?;
        assert_close(&[half, none], &[full, full], 1e-5);
        assert_close(&[partly], &[0.5 * (with + without)], 1e-6);
        assert!((with - without).abs() > 1e-5, "the weight changes nothing: {with}, {without}");
    }
    Ok(())
}

#[test]
fn free_bits_hold_a_guide_away_from_its_prior() -> Result<()> {
    // Without data the ELBO's optimum is the prior, with divergence 0; 1 nat is free.
    for execution in executions() {
        let svi = |objective: Annealed| {
            Svi::new(&alone(), shifted()).objective(objective).optimizer(Adam::new(0.02)).particles(16).steps(600).execution(execution)
        };
        let bound = svi(Annealed::new(KlSchedule::Constant)).run()?.elbo()?;
        assert!(bound.kl < 0.02, "{bound}");
        let bound = svi(Annealed::new(KlSchedule::Constant).free_bits(1.0)).run()?.elbo()?;
        assert!(bound.kl > 0.5, "{bound}");
    }
    Ok(())
}

#[model]
fn alone() {
    sample!("z", Normal::new(0.0, 1.0));
}

#[guide]
fn shifted() {
    sample!("z", Normal::new(param!("loc", [2.0]), param!("scale", [0.5], support::Positive)));
}

#[test]
fn no_run_ends_within_its_schedule() -> Result<()> {
    for execution in executions() {
        let svi = |steps: u64| {
            Svi::new(&alone(), shifted()).objective(Annealed::new(KlSchedule::Linear { initial: 0.0, steps })).execution(execution)
        };
        let Err(Error::Config { setting, problem }) = svi(100_000).steps(5).run() else { panic!("a run of 5 steps") };
        assert!(setting == "KL schedule" && problem.contains("100000") && problem.contains('5'), "{setting}: {problem}");
        let model = alone();
        let fed = svi(30).run_over((0..5).map(|_| ()), |()| Ok((model.clone(), shifted())));
        assert!(matches!(&fed, Err(Error::Config { problem, .. }) if problem.contains("30")), "{:?}", fed.err());
        // Any history has drifted by less than infinity.
        let rule = Drift::new(f64::INFINITY).at_least(100);
        let made = |steps: u64| Ok::<_, Error>(svi(steps).optimizer(Sgd::new(0.0)).steps(3_000).stop(rule.clone()).run()?.history().len());
        assert!(made(1_500)? >= 1_500 && made(1)? < 1_500, "{}, {}", made(1_500)?, made(1)?);
    }
    Ok(())
}
