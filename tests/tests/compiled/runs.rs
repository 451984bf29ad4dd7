//! Whole runs: repeated, resumed, interleaved, on batches of several shapes.

use tests::{executions, numbers, tolerance, vector};
use vi_runtime::prelude::*;
use vi_runtime::{Executed, Execution};

use super::agree::{bits, same_bits, same_elbos, values, values_of_fit};

const Y: [f64; 5] = [0.3, -0.2, 1.1, 0.8, 0.4];

#[model]
fn line(y: Tensor<1>, scale: f64) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let rate = sample!("rate", Gamma::new(3.0, 2.0));
    plate!("n", 5, subsample = y.dims()[0], { observe!("y", Normal::new(mu, rate * scale), y) });
}

#[guide]
fn exact_family() {
    sample!("mu", Normal::new(param!("loc", [0.0]), param!("scale", [0.5], support::Positive)));
    sample!("rate", Gamma::new(param!("a", [2.0], support::Positive), param!("b", [1.0], support::Positive)));
}

#[test]
fn two_runs_of_one_seed_are_the_same_bit_by_bit() -> Result<()> {
    let fit = |seed: u64, guide_by_hand: bool| -> Result<_> {
        let model = line(vector(Y)?, 1.0);
        if guide_by_hand {
            let fit = Svi::new(&model, exact_family()).steps(40).particles(3).seed(seed).execution(Execution::Compiled).run()?;
            Ok((bits(fit.history()), values_of_fit(&fit)?))
        } else {
            let fit = Svi::new(&model, AutoNormal::new()).steps(40).particles(3).seed(seed).execution(Execution::Compiled).run()?;
            Ok((bits(fit.history()), values_of_fit(&fit)?))
        }
    };
    for guide_by_hand in [false, true] {
        let (first, second) = (fit(3, guide_by_hand)?, fit(3, guide_by_hand)?);
        assert_eq!(first.0, second.0);
        same_bits(&first.1, &second.1);
        assert_ne!(first.0, fit(4, guide_by_hand)?.0);
    }
    Ok(())
}

#[test]
fn steps_one_by_one_are_the_run_whether_parameters_are_read_between_or_not() -> Result<()> {
    let model = line(vector(Y)?, 1.0);
    let svi = || Svi::new(&model, AutoNormal::new()).steps(12).seed(1).execution(Execution::Compiled);
    let run = svi().run()?;
    assert_eq!(*run.executed(), Executed::Compiled);
    for reads in [false, true] {
        let svi = svi();
        let mut state = svi.init()?;
        let mut history = Vec::new();
        let mut last = Vec::new();
        for _ in 0..12 {
            history.push(svi.step(&mut state)?);
            if reads {
                let now = numbers(state.param("auto.mu.loc")?)?;
                assert_ne!(now, last, "every step moves");
                last = now;
            }
        }
        assert_eq!(state.step(), 12);
        assert_eq!(bits(&history), bits(run.history()));
        same_bits(&values(&state)?, &values_of_fit(&run)?);
    }
    Ok(())
}

#[test]
fn two_states_in_turn_are_two_runs() -> Result<()> {
    let model = line(vector(Y)?, 1.0);
    let svi = |execution| Svi::new(&model, AutoNormal::new()).seed(1).execution(execution);
    for execution in executions() {
        let alone = {
            let svi = svi(execution);
            let mut state = svi.init()?;
            let history = (0..8).map(|_| svi.step(&mut state)).collect::<Result<Vec<_>>>()?;
            (bits(&history), values(&state)?)
        };
        let svi = svi(execution);
        let (mut a, mut b) = (svi.init()?, svi.init()?);
        let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
        // b falls behind and catches up.
        for turn in 0..8 {
            of_a.push(svi.step(&mut a)?);
            if turn % 3 != 0 {
                of_b.push(svi.step(&mut b)?);
            }
        }
        while b.step() < 8 {
            of_b.push(svi.step(&mut b)?);
        }
        assert_eq!((bits(&of_a), bits(&of_b)), (alone.0.clone(), alone.0));
        same_bits(&values(&a)?, &alone.1);
        same_bits(&values(&b)?, &alone.1);
    }
    Ok(())
}

#[test]
fn a_state_outlives_its_fit() -> Result<()> {
    let model = line(vector(Y)?, 1.0);
    let svi = Svi::new(&model, AutoNormal::new()).seed(1).execution(Execution::Compiled);
    let mut state = svi.init()?;
    svi.step(&mut state)?;
    let other = svi.init()?;
    drop(svi);
    assert_eq!(values(&state)?.len(), 4);
    drop(state);
    assert!(values(&other)?.is_empty());
    Ok(())
}

#[test]
fn batches_of_two_shapes_and_other_numbers() -> Result<()> {
    let first = line(vector(Y)?.narrow(0, 0, 2), 1.0);
    let batches = [(0, 2, 1.0), (2, 2, 1.0), (4, 1, 1.0), (0, 2, 1.0), (2, 2, 0.5), (4, 1, 1.0), (0, 2, 0.5)];
    let paths = executions().map(|execution| -> Result<_> {
        let svi = Svi::new(&first, AutoNormal::new().init(Init::Median)).optimizer(Sgd::new(1e-2)).seed(1).execution(execution);
        let mut state = svi.init()?;
        let mut history = Vec::new();
        for (start, len, scale) in batches {
            let batch = line(vector(Y)?.narrow(0, start, len), scale);
            history.push(svi.step_with(&mut state, &batch, &AutoNormal::new().init(Init::Median))?);
            history.push(svi.step(&mut state)?);
        }
        Ok((history, values(&state)?))
    });
    let [eager, compiled] = paths;
    let (eager, compiled) = (eager?, compiled?);
    same_elbos(&compiled.0, &eager.0, tolerance(1e-4), "batches");
    for (name, expected) in &eager.1 {
        tests::assert_close(&compiled.1[name], expected, tolerance(1e-5) * expected[0].abs().max(1.0));
    }
    Ok(())
}

#[test]
fn an_argument_that_changes_in_every_step_is_followed() -> Result<()> {
    let first = line(vector(Y)?, 1.0);
    let paths = [Execution::Eager, Execution::Auto, Execution::Compiled].map(|execution| -> Result<_> {
        let svi = Svi::new(&first, AutoNormal::new().init(Init::Median)).optimizer(Sgd::new(1e-3)).seed(1).execution(execution);
        let mut state = svi.init()?;
        let history = (0..40)
            .map(|step| svi.step_with(&mut state, &line(vector(Y)?, 1.0 + f64::from(step) / 40.0), &AutoNormal::new().init(Init::Median)));
        let history = history.collect::<Result<Vec<f64>>>()?;
        let executed = svi.steps(0).resume(state)?.executed().clone();
        Ok((history, executed))
    });
    let [eager, auto, compiled] = paths;
    let ((eager, _), (auto, fell_back), (compiled, executed)) = (eager?, auto?, compiled?);
    same_elbos(&auto, &eager, tolerance(1e-4), "auto");
    same_elbos(&compiled, &eager, tolerance(1e-4), "compiled");
    assert!(super::agree::fell_back(&fell_back).contains("what changes should be a tensor"), "{fell_back}");
    assert_eq!(executed, Executed::Compiled);
    Ok(())
}

#[model]
fn chain(y: Tensor<1>) {
    let a = sample!("a", Normal::new(0.0, 1.0));
    let b = sample!("b", Normal::new(a, 1.0));
    observe!("y", Normal::new(b, 0.5), y);
}

#[guide(model = chain)]
fn chain_guide(extra: bool) {
    let loc = param!("loc", [0.2]);
    let a = sample!("a", Normal::new(loc, 0.5));
    let slope = if extra { a * param!("slope", [0.5]) } else { a };
    sample!("b", Normal::new(slope, 0.3));
}

#[test]
fn a_parameter_may_appear_later_and_rest() -> Result<()> {
    let model = chain(vector([1.0])?);
    let paths = executions().map(|execution| -> Result<_> {
        let svi = Svi::new(&model, chain_guide(false)).optimizer(Adam::new(0.01)).seed(1).execution(execution);
        let mut state = svi.init()?;
        let mut history = Vec::new();
        for extra in [false, false, true, true, false, true] {
            history.push(svi.step_with(&mut state, &model, &chain_guide(extra))?);
            assert_eq!(state.param_names().len(), if history.len() > 2 { 2 } else { 1 });
        }
        Ok((history, values(&state)?))
    });
    let [eager, compiled] = paths;
    let (eager, compiled) = (eager?, compiled?);
    same_elbos(&compiled.0, &eager.0, tolerance(1e-4), "a parameter that rests");
    for (name, expected) in &eager.1 {
        tests::assert_close(&compiled.1[name], expected, tolerance(1e-5));
    }
    Ok(())
}

#[test]
fn handlers_made_anew_for_each_step_are_not_mistaken_for_one_another() -> Result<()> {
    // Each trace holds other numbers, each closure hides another site.
    let model = chain(vector([1.0])?);
    let paths = executions().map(|execution| -> Result<_> {
        let replaying = |seed: u64| -> Result<_> {
            let (_, trace) = Run::for_program(&model, seed)?.trace(&model)?;
            Ok(handler::replay(chain_guide(true), trace))
        };
        let svi = Svi::new(&model, replaying(0)?).optimizer(Sgd::new(1e-3)).seed(1).execution(execution);
        let mut state = svi.init()?;
        let mut history = Vec::new();
        for seed in 0..6 {
            history.push(svi.step_with(&mut state, &model, &replaying(seed)?)?);
        }
        let hiding = |hidden: &'static str| handler::block(model.clone(), move |site| site.name == hidden);
        let guides = ["a", "b"].map(|kept| handler::block(chain_guide(false), move |site| site.name != kept));
        let svi = Svi::new(&hiding("b"), guides[0].clone()).optimizer(Sgd::new(1e-3)).seed(1).execution(execution);
        let mut state = svi.init()?;
        for turn in 0..6 {
            let (hidden, guide) = [("b", &guides[0]), ("a", &guides[1])][turn % 2];
            history.push(svi.step_with(&mut state, &hiding(hidden), guide)?);
        }
        Ok(history)
    });
    let [eager, compiled] = paths;
    same_elbos(&compiled?, &eager?, tolerance(1e-4), "handlers made anew");
    Ok(())
}

#[test]
fn an_execution_may_take_over_from_the_other() -> Result<()> {
    let model = line(vector(Y)?, 1.0);
    let svi = |execution, steps| Svi::new(&model, AutoNormal::new()).steps(steps).seed(1).execution(execution);
    let whole = svi(Execution::Eager, 12).run()?;
    for order in [[Execution::Eager, Execution::Compiled, Execution::Eager], [Execution::Compiled, Execution::Eager, Execution::Compiled]] {
        let first = svi(order[0], 4).run()?;
        let mut history = first.history().to_vec();
        let second = svi(order[1], 4).resume(first.into_state())?;
        history.extend(second.history());
        let third = svi(order[2], 4).resume(second.into_state())?;
        history.extend(third.history());
        same_elbos(&history, whole.history(), tolerance(1e-4), &format!("{order:?}"));
        let expected = values_of_fit(&whole)?;
        for (name, found) in values_of_fit(&third)? {
            // Twelve steps of Adam at rate 0.01: what rounding leaves of a direction is at most a share of that.
            tests::assert_close(&found, &expected[&name], tolerance(1e-5) * expected[&name][0].abs().max(1.0));
        }
    }
    Ok(())
}

#[test]
fn compiled_halves_are_the_compiled_whole_bit_by_bit() -> Result<()> {
    let model = line(vector(Y)?, 1.0);
    let svi = |steps| Svi::new(&model, AutoNormal::new()).steps(steps).seed(1).execution(Execution::Compiled);
    let whole = svi(20).run()?;
    let half = svi(9).run()?;
    let rest = svi(11).resume(half.into_state())?;
    assert_eq!(bits(&whole.history()[9..]), bits(rest.history()));
    same_bits(&values_of_fit(&rest)?, &values_of_fit(&whole)?);
    Ok(())
}

#[model]
fn plane(x: Tensor<2>, y: Tensor<1>) {
    let weights = sample!("weights", Normal::new(0.0, 1.0).expand([4]).independent(1));
    let scale = sample!("scale", HalfNormal::new(1.0));
    plate!("n", 30_000, { observe!("y", Normal::new(x.matmul(weights.unsqueeze_dim::<2>(1)).squeeze_dim::<1>(1), scale), y) });
}

#[test]
fn many_observations() -> Result<()> {
    // Enough for several threads: sums of their parts are taken in one order, so that a run repeats.
    let element = |i: usize| ((i * i % 1_009) as f64 / 1_009.0 - 0.5) * 2.0;
    let x: Vec<f64> = (0..4 * 30_000).map(element).collect();
    let y: Vec<f64> = (0..30_000).map(|i| 0.7 * x[4 * i] - 0.2 * x[4 * i + 1] + 0.3 * element(7 * i + 3)).collect();
    let device = tests::device()?;
    let x = Tensor::<1>::from_floats(x.as_slice(), &device).reshape([30_000, 4]);
    let model = plane(x, Tensor::<1>::from_floats(y.as_slice(), &device));
    let run = |execution| {
        let svi = Svi::new(&model, AutoNormal::new()).optimizer(Sgd::new(1e-6)).particles(2).steps(3).seed(1).execution(execution);
        let fit = svi.run()?;
        Ok::<_, Error>((fit.history().to_vec(), values_of_fit(&fit)?))
    };
    let (eager, compiled, again) = (run(Execution::Eager)?, run(Execution::Compiled)?, run(Execution::Compiled)?);
    assert_eq!(bits(&compiled.0), bits(&again.0));
    same_bits(&compiled.1, &again.1);
    same_elbos(&compiled.0, &eager.0, tolerance(1e-4), "many observations");
    for (name, expected) in &eager.1 {
        tests::assert_close(&compiled.1[name], expected, tolerance(1e-5));
    }
    Ok(())
}

#[test]
fn what_is_asked_of_a_compiled_fit_sees_the_moved_parameters() -> Result<()> {
    let model = line(vector(Y)?, 1.0);
    let svi = Svi::new(&model, exact_family()).optimizer(Adam::new(0.05)).seed(1).execution(Execution::Compiled);
    let mut state = svi.init()?;
    for _ in 0..60 {
        svi.step(&mut state)?;
    }
    let between = svi.evaluate(&state, 200)?;
    // The same state under the eager execution asks the same question.
    let eager = Svi::new(&model, exact_family()).seed(1).execution(Execution::Eager);
    assert_eq!(eager.evaluate(&state, 200)?, between);
    let fit = svi.steps(60).resume(state)?;
    let (loc, scale) = (numbers(fit.param("loc")?)?[0], numbers(fit.param("scale")?)?[0]);
    let (a, b) = (numbers(fit.param("a")?)?[0], numbers(fit.param("b")?)?[0]);
    assert!((loc.abs() - 0.0) > 0.1 && (scale - 0.5).abs() > 0.01, "120 steps of rate 0.05 move: {loc}, {scale}");
    let summary = fit.summary()?;
    let root = 1_000.0_f64.sqrt();
    assert!((summary.row("mu")?.mean - loc).abs() < 4.0 * scale / root);
    assert!((summary.row("rate")?.mean - a / b).abs() < 4.0 * a.sqrt() / b / root);
    let (mu, _) = fit.posterior(1_000)?.mu.to_f64()?;
    assert!((mu.iter().sum::<f64>() / 1_000.0 - loc).abs() < 4.0 * scale / root);
    let report = fit.report()?;
    assert_eq!(report.executed, Executed::Compiled);
    assert!(report.to_string().ends_with("steps run: compiled"), "{report}");
    assert!((report.elbo.value - fit.elbo_from(4_000)?.value).abs() < 5.0 * report.elbo.standard_error, "{report}");
    Ok(())
}
