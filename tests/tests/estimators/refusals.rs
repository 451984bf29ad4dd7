//! Each pairing of a site and an objective that is wrong: a typed error with the site, the facts and what would do.

use tests::executions;
use vi_runtime::objective::{Baseline, Objective};
use vi_runtime::prelude::*;
use vi_runtime::{Guide, Result};

use super::normal::pathless;

/// The error of the first step, in each execution.
fn errors<M: Program + Clone, G: Guide<M>>(model: &M, guide: &G, objective: impl Objective + Clone + 'static) -> Result<Vec<Error>> {
    let error = |execution| {
        let name = objective.name();
        let fit = Svi::new(model, guide.clone()).objective(objective.clone()).execution(execution).steps(1).run();
        fit.err().ok_or_else(|| Error::Config { setting: name, problem: "it was not refused".into() })
    };
    executions().into_iter().map(error).collect()
}

/// Does the same with each objective.
macro_rules! each {
    ([$($objective:expr),+ $(,)?], $check:ident) => {
        $($check($objective.name(), $objective)?;)+
    };
}

#[model]
fn coin() {
    let b = sample!("b", Bernoulli::new(0.5));
    observe!("y", Normal::new(b.float(), 1.0), 0.3);
}

#[guide(model = coin)]
fn coin_guide() {
    let logits = param!("logits", [0.2]);
    sample!("b", Bernoulli::logits(logits));
}

/// What is differentiated through a draw that cannot be, is refused, whatever the bound.
macro_rules! pathwise_objectives {
    ($check:ident) => {
        each!(
            [
                Pathwise,
                StickingTheLanding,
                AnalyticKl,
                Annealed::new(KlSchedule::Constant),
                Iwae::new(2),
                Dreg::new(2),
                Renyi::new(0.5, 2),
                TailAdaptive::new(2),
            ],
            $check
        )
    };
}

#[test]
fn a_discrete_draw_has_no_pathwise_gradient() -> Result<()> {
    fn check(name: String, objective: impl Objective + Clone + 'static) -> Result<()> {
        for error in errors(&coin(), &coin_guide(), objective)? {
            let Error::NotReparameterised { site, distribution, ways_out } = error else { panic!("{name}: {error}") };
            assert_eq!((site.as_str(), distribution.as_str()), ("b", "Bernoulli"), "{name}");
            for way in ["strategy = Enumerate", "relaxation", "ScoreFunction::new()", "Vimco", "WakeSleep"] {
                assert!(ways_out.contains(way), "{name}: {ways_out}");
            }
        }
        Ok(())
    }
    pathwise_objectives!(check);
    Ok(())
}

#[model]
fn mean() {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    observe!("y", Normal::new(mu, 1.0), 0.3);
}

#[test]
fn a_continuous_draw_without_a_pathwise_gradient_has_other_ways_out() -> Result<()> {
    fn check(name: String, objective: impl Objective + Clone + 'static) -> Result<()> {
        for error in errors(&mean(), &pathless(0.3, 0.5), objective)? {
            let Error::NotReparameterised { site, ways_out, .. } = error else { panic!("{name}: {error}") };
            assert_eq!(site, "mu", "{name}");
            assert!(ways_out.contains(".reparameterised()") && ways_out.contains("ScoreFunction::new()"), "{name}: {ways_out}");
        }
        Ok(())
    }
    pathwise_objectives!(check);
    Ok(())
}

#[model]
fn between() {
    let z = sample!("z", Uniform::new(-1.0, 1.0));
    observe!("y", Normal::new(z, 1.0), 0.3);
}

#[guide(model = between)]
fn moving_bounds() {
    let end = param!("end", [0.5], support::Positive);
    sample!("z", Uniform::new(-1.0, end));
}

/// A score that does not vanish in the mean cannot be left out.
#[test]
fn a_support_that_moves_keeps_its_score() -> Result<()> {
    fn check(name: String, objective: impl Objective + Clone + 'static) -> Result<()> {
        for error in errors(&between(), &moving_bounds(), objective)? {
            let Error::Unsupported { what, problem } = error else { panic!("{name}: {error}") };
            assert!(
                what.contains("site `z` (Uniform)") && problem.contains("score") && problem.contains("Iwae"),
                "{name}: {what}, {problem}"
            );
        }
        Ok(())
    }
    each!([Dreg::new(2), TailAdaptive::new(2)], check);
    Ok(())
}

#[model]
fn learned_scale() {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let scale = param!("scale", [1.0], support::Positive);
    observe!("y", Normal::new(mu, scale), 0.3);
}

#[guide]
fn normal() {
    let loc = param!("loc", [0.1]);
    sample!("mu", Normal::new(loc, 0.5));
}

#[test]
fn a_tail_adaptive_divergence_has_no_gradient_for_the_model() -> Result<()> {
    for error in errors(&learned_scale(), &normal(), TailAdaptive::new(4))? {
        let Error::Param { name, problem } = error else { panic!("{error}") };
        assert_eq!(name, "scale");
        assert!(problem.contains("Dreg") && problem.contains("handler::substitute"), "{problem}");
    }
    // Fixed, it is no parameter.
    let fixed = handler::substitute(learned_scale(), [("scale", tests::vector([0.7])?)]);
    for execution in executions() {
        Svi::new(&fixed, normal()).objective(TailAdaptive::new(4)).execution(execution).steps(1).run()?;
    }
    Ok(())
}

#[model]
fn summed_coin() {
    let loc = sample!("loc", Normal::new(0.0, 1.0));
    let b = sample!("b", Bernoulli::new(0.5), strategy = Enumerate);
    observe!("y", Normal::new(loc + b.float(), 1.0), 0.3);
}

/// Of an enumerated site there is no draw, so that what looks at draws has nothing to look at.
#[test]
fn objectives_that_are_shown_draws_cannot_sum() -> Result<()> {
    fn check(name: String, objective: impl Objective + Clone + 'static) -> Result<()> {
        for error in errors(&summed_coin(), &AutoNormal::new(), objective)? {
            let message = error.to_string();
            assert!(matches!(error, Error::Unsupported { .. }), "{name}: {message}");
            assert!(message.contains(&name) && message.contains("`b`") && message.contains("StickingTheLanding"), "{name}: {message}");
        }
        Ok(())
    }
    each!(
        [
            ScoreFunction::new(),
            ScoreFunction::new().baseline(Baseline::DecayingAverage { decay: 0.9 }),
            Vimco::new(2),
            WakeSleep::new(2),
            Dreg::new(2),
            TailAdaptive::new(2),
            Annealed::new(KlSchedule::Constant),
        ],
        check
    );
    Ok(())
}

#[guide(model = coin)]
fn summed_guide() {
    let logits = param!("logits", [0.2]);
    sample!("b", Bernoulli::logits(logits), strategy = Enumerate);
}

#[test]
fn a_bound_of_several_draws_is_no_mean_over_what_a_guide_enumerates() -> Result<()> {
    fn check(name: String, objective: impl Objective + Clone + 'static) -> Result<()> {
        for error in errors(&coin(), &summed_guide(), objective)? {
            let message = error.to_string();
            assert!(matches!(error, Error::Unsupported { .. }), "{name}: {message}");
            assert!(message.contains("the guide enumerates") && message.contains("`b`"), "{name}: {message}");
        }
        Ok(())
    }
    each!([Iwae::new(2), Renyi::new(0.5, 2)], check);
    Ok(())
}

#[test]
fn a_continuous_site_has_no_list_of_values() -> Result<()> {
    let model = handler::enumerate(mean(), ["mu"]);
    let guide = handler::enumerate(normal(), ["mu"]);
    let errors = [errors(&model, &nothing(), StickingTheLanding)?, errors(&mean(), &guide, StickingTheLanding)?];
    for error in errors.into_iter().flatten() {
        let Error::Unsupported { what, problem } = error else { panic!("{error}") };
        assert!(what.contains("site `mu` (Normal)") && problem.contains("real") && problem.contains("no finite list"), "{what}: {problem}");
    }
    Ok(())
}

#[guide]
fn nothing() {}

#[test]
fn objectives_have_a_least_number_of_draws() -> Result<()> {
    fn check(name: String, objective: impl Objective + Clone + 'static) -> Result<()> {
        for error in errors(&mean(), &normal(), objective)? {
            let Error::Config { setting, problem } = error else { panic!("{name}: {error}") };
            assert!(setting.contains("samples") && problem.contains("at least"), "{name}: {setting}: {problem}");
        }
        Ok(())
    }
    each!([Iwae::new(0), Dreg::new(0), Renyi::new(0.5, 0), Vimco::new(1), WakeSleep::new(1), TailAdaptive::new(1)], check);
    Ok(())
}

#[model]
fn never(wide: bool) {
    let k = sample!("k", Categorical::new([0.5, 0.5]));
    // 0 has probability 1 if k is 1: the cost of k = 0 is infinite.
    let p = if wide { k.float() * 0.5 + 0.25 } else { k.float() };
    observe!("y", Bernoulli::new(p), Tensor::<1>::from_floats([1.0], &device!()));
}

#[guide(model = never)]
fn certain(_wide: bool) {
    let logits = param!("logits", [2.0, 0.0]);
    sample!("k", Categorical::logits(logits));
}

/// A draw that the data exclude has no finite cost: the site whose density is 0 is named, and nothing moves.
#[test]
fn an_infinite_cost_names_the_site_with_density_0() -> Result<()> {
    fn check(name: String, objective: impl Objective + Clone + 'static) -> Result<()> {
        for execution in executions() {
            let run = |wide| {
                let svi = Svi::new(&never(wide), certain(wide)).objective(objective.clone()).particles(8);
                svi.execution(execution).steps(1).run()
            };
            let Err(Error::NonFinite { site, value, .. }) = run(false) else { panic!("{name}, {execution:?}: no error") };
            assert_eq!((site.as_str(), value), ("y", f64::NEG_INFINITY), "{name}, {execution:?}");
            run(true)?;
        }
        Ok(())
    }
    each!(
        [
            ScoreFunction::new(),
            ScoreFunction::new().baseline(Baseline::Zero),
            ScoreFunction::new().baseline(Baseline::Learned),
            ScoreFunction::new().baseline(Baseline::DecayingAverage { decay: 0.9 }),
        ],
        check
    );
    Ok(())
}
/// Wake-sleep differentiates densities alone, and that of a point has no slope.
#[test]
fn a_point_has_nothing_to_learn_from_its_density() -> Result<()> {
    for error in errors(&mean(), &AutoDelta::new(), WakeSleep::new(2))? {
        let Error::MissingGradient { name, step: 0 } = error else { panic!("{error}") };
        assert_eq!(name, "auto.mu.value");
    }
    Ok(())
}
