//! Rules for parts of the parameters, rules in turn, and means of the iterates.

use tests::{assert_close, executions, numbers, vector};
use vi_runtime::Error;
use vi_runtime::optim::{AdaGrad, OptimState, Parameter, Rule};
use vi_runtime::prelude::*;

use super::iterates::{LOC, SCALE, both, bowl, follows, point, precisions, table};

macro_rules! svi {
    ($execution:expr, $dtype:expr) => {
        Svi::new(&bowl(vector(LOC)?, vector(SCALE)?), point()).dtype($dtype).execution($execution)
    };
}

#[test]
fn a_rule_for_each_parameter() -> Result<()> {
    follows("per parameter", &PerParam::new(Sgd::new(0.1)).matching("*.q", Adam::new(0.1)))?;
    // The first pattern that matches decides.
    let twice = PerParam::new(Cocob::new()).matching("*p", Sgd::new(0.1)).matching("at.q", Adam::new(0.1)).matching("*", Cocob::new());
    follows("per parameter", &twice)
}

#[test]
fn norms_are_those_of_the_parameters_that_a_rule_is_given() -> Result<()> {
    let momentum = Sgd::new(0.1).momentum(0.9);
    let all = Clipped::by_norm(PerParam::new(momentum.clone()).matching("*.q", AdaGrad::new(0.5)), 2.0);
    follows("norm of parts", &all)?;
    // A group of its own between others, two levels down.
    let part = Clipped::by_norm(momentum, 2.0);
    let inner = PerParam::new(Adam::new(0.1)).matching("at.p", part);
    follows("parts by norm", &PerParam::new(AdaGrad::new(0.5)).matching("at.p", inner))
}

#[test]
fn a_pattern_without_a_parameter_is_refused() -> Result<()> {
    for execution in executions() {
        let optimizer = PerParam::new(Adam::new(0.1)).matching("at.*", PerParam::new(Adam::new(0.1)).matching("decoder.*", Adam::new(0.1)));
        match svi!(execution, FloatDType::F32).optimizer(optimizer).steps(1).run() {
            Err(Error::Config { setting, problem }) => {
                let expected = "no parameter matches the pattern `decoder.*`; there are `at.p`, `at.q`";
                assert_eq!((setting.as_str(), problem.as_str()), ("optimizer", expected));
            }
            other => panic!("{other:?}"),
        }
    }
    Ok(())
}

/// Descent with momentum from `x`, without a past.
fn momentum(x: &[f64], steps: usize) -> Vec<f64> {
    let (mut x, mut b) = (x.to_vec(), [0.0; 3]);
    for _ in 0..steps {
        for (i, (a, centre)) in [(1.0, 0.5), (4.0, -1.0), (0.25, 2.0)].into_iter().enumerate() {
            b[i] = 0.9 * b[i] + a * (x[i] - centre);
            x[i] -= 0.1 * b[i];
        }
    }
    x
}

#[test]
fn a_rule_in_the_middle_of_a_fit_starts_without_the_memory_of_another() -> Result<()> {
    for execution in executions() {
        for (dtype, within) in precisions() {
            let descent = || Sgd::new(0.1).momentum(0.9);
            let mut state = svi!(execution, dtype).init()?;
            let rules: Vec<Box<dyn Fn() -> Box<dyn Optimizer>>> = vec![
                Box::new(|| Box::new(Adam::new(0.1))),
                Box::new(|| Box::new(Cocob::new())),
                Box::new(|| Box::new(Dog::new().initial(0.01))),
                Box::new(|| Box::new(RmsProp::new(0.05).centred(true))),
                Box::new(|| Box::new(Own)),
            ];
            // With one plan throughout, and with a new one for each rule.
            let mut svi = svi!(execution, dtype);
            for (turn, rule) in rules.iter().enumerate() {
                svi = svi.optimizer(Any(rule()));
                for _ in 0..3 {
                    svi.step(&mut state)?;
                }
                let start = both(&state)?;
                if turn % 2 == 0 {
                    svi = svi!(execution, dtype);
                }
                svi = svi.optimizer(descent());
                for steps in 1..=3 {
                    svi.step(&mut state)?;
                    assert_close(&both(&state)?, &momentum(&start, steps), 4.0 * within);
                }
            }
        }
    }
    Ok(())
}

#[test]
fn relatives_of_adam_share_their_moments() -> Result<()> {
    for execution in executions() {
        for (dtype, within) in precisions() {
            let mut svi = svi!(execution, dtype).optimizer(Adam::new(0.1));
            let mut state = svi.init()?;
            for step in 0..5 {
                if step == 3 {
                    svi = svi.optimizer(ClippedAdam::new(0.1).clip(1e3));
                }
                svi.step(&mut state)?;
            }
            assert_close(&both(&state)?, &table("Adam")[4], within);
        }
    }
    Ok(())
}

/// A rule of the user's, with a memory of another size than the parameter.
#[derive(Clone, Debug)]
struct Own;

impl Optimizer for Own {
    fn update(&self, _: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        state.updates += 1;
        state.slots = vec![gradient.clone().sum(), gradient.clone()];
        value - gradient * 0.05
    }
}

/// Whatever rule, behind a box.
#[derive(Debug)]
struct Any(Box<dyn Optimizer>);

impl Optimizer for Any {
    fn update(&self, step: u64, value: Tensor<1>, gradient: Tensor<1>, state: &mut OptimState) -> Tensor<1> {
        self.0.update(step, value, gradient, state)
    }
    fn update_all(&self, step: u64, parameters: Vec<Parameter<'_>>) -> Vec<Tensor<1>> {
        self.0.update_all(step, parameters)
    }
    fn memory(&self, parameter: &str) -> &'static str {
        self.0.memory(parameter)
    }
    fn rule(&self, step: u64, group: usize) -> Option<Rule> {
        self.0.rule(step, group)
    }
}

#[test]
fn a_fit_uses_the_mean_of_the_iterates_and_goes_on_from_the_last() -> Result<()> {
    let means = [
        ("mean exponential", Averaging::Exponential { decay: 0.9 }),
        ("mean tail", Averaging::Tail { from: 2 }),
        ("mean polynomial", Averaging::Polynomial { power: 8.0 }),
    ];
    for (name, averaging) in means {
        for execution in executions() {
            for (dtype, within) in precisions() {
                let svi = |steps| -> Result<_> { Ok(svi!(execution, dtype).optimizer(Sgd::new(0.1)).averaging(averaging).steps(steps)) };
                let fit = svi(5)?.run()?;
                let of_fit = [numbers(fit.param("at.p")?)?, numbers(fit.param("at.q")?)?].concat();
                assert_close(&of_fit, &table(name)[0], within);
                assert_close(&both(fit.state())?, &table("Sgd")[4], within);
                let resumed = svi(3)?.resume(svi(2)?.run()?.into_state())?;
                assert_close(&both(&resumed.state().averaged()?)?, &table(name)[0], within);
                // The draws of a point estimate are its parameters.
                let p = numbers(fit.posterior(1)?.p.tensor::<2>()?)?;
                assert_close(&p, &table(name)[0][..2], within);
                // Without a mean the fit is at its last iterate.
                let last = svi!(execution, dtype).optimizer(Sgd::new(0.1)).steps(0).resume(fit.into_state())?;
                assert_close(&numbers(last.param("at.p")?)?, &table("Sgd")[4][..2], within);
            }
        }
    }
    Ok(())
}

#[test]
fn weights_of_a_mean_are_checked() -> Result<()> {
    for averaging in
        [Averaging::Exponential { decay: 1.0 }, Averaging::Exponential { decay: f64::NAN }, Averaging::Polynomial { power: -1.0 }]
    {
        match svi!(Execution::Eager, FloatDType::F32).averaging(averaging).init() {
            Err(Error::Config { setting, .. }) => assert_eq!(setting, "averaging"),
            other => panic!("{other:?}"),
        }
    }
    Ok(())
}
