//! What cannot be compiled, and steps that are not finite.

use std::cell::RefCell;
use std::rc::Rc;

use tests::vector;
use vi_runtime::prelude::*;
use vi_runtime::program::Site;
use vi_runtime::{Executed, Execution, Guide};

use super::agree::{bits, fell_back, same_bits, values, values_of_fit};

fn message<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[model]
fn reads(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let sign = if mu.clone().into_scalar::<f32>() > 0.0 { 1.0 } else { -1.0 };
    plate!("n", 2, { observe!("y", Normal::new(mu * sign, 1.0), y) });
}

#[test]
fn a_program_that_reads_a_value_is_an_error_where_it_has_to_be_compiled() -> Result<()> {
    let model = reads(vector([0.3, 1.2])?);
    let svi = Svi::new(&model, AutoNormal::new()).execution(Execution::Compiled);
    let mut state = svi.init()?;
    let found = message(svi.step(&mut state));
    assert!(found.contains("compiling the programs") && found.contains("reads the value of a tensor") && found.contains("`mu`"), "{found}");
    assert_eq!(state.step(), 0);
    Ok(())
}

/// Asserts that Auto makes the eager fit, and gives the reason.
fn falls_back<M: Program + Clone, G: Guide<M>>(model: &M, guide: &G) -> Result<String> {
    let fit = |execution| Svi::new(model, guide.clone()).steps(15).particles(2).seed(3).execution(execution).run();
    let (eager, auto) = (fit(Execution::Eager)?, fit(Execution::Auto)?);
    assert_eq!(*eager.executed(), Executed::Eager);
    assert_eq!(bits(auto.history()), bits(eager.history()));
    same_bits(&values_of_fit(&auto)?, &values_of_fit(&eager)?);
    let reason = fell_back(auto.executed());
    assert!(auto.report()?.to_string().contains(&format!("steps run: eager: {reason}")));
    Ok(reason)
}

#[test]
fn a_program_that_reads_a_value_is_run_eagerly_and_the_fit_says_so() -> Result<()> {
    let found = falls_back(&reads(vector([0.3, 1.2])?), &AutoNormal::new())?;
    assert!(found.contains("reads the value of a tensor") && found.contains("`mu`"), "{found}");
    Ok(())
}

#[model]
fn plain(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    plate!("n", 2, { observe!("y", Normal::new(mu, 1.0), y) });
}

/// Counts the sites that it sees, which no key says.
#[derive(Clone, Default)]
struct Counter(Rc<RefCell<usize>>);
impl Handler for Counter {
    fn after(&mut self, _: &mut Site) -> Result<()> {
        *self.0.borrow_mut() += 1;
        Ok(())
    }
}

#[test]
fn a_handler_that_does_not_say_what_it_depends_on_is_run_in_every_step() -> Result<()> {
    let counter = Counter::default();
    let found = falls_back(&handler::with(plain(vector([0.3, 1.2])?), counter.clone()), &AutoNormal::new())?;
    assert!(found.contains("Counter"), "{found}");
    let before = *counter.0.borrow();
    assert!(before >= 2 * 2 * 15 * 2, "two fits of fifteen steps with two particles see two sites each: {before}");
    // Asked for, it is compiled: the handler then sees the runs that are made for that and no more.
    let model = handler::with(plain(vector([0.3, 1.2])?), counter.clone());
    let svi = Svi::new(&model, AutoNormal::new()).execution(Execution::Compiled);
    let mut state = svi.init()?;
    svi.step(&mut state)?;
    let after_one = *counter.0.borrow();
    for _ in 0..5 {
        svi.step(&mut state)?;
    }
    assert_eq!(*counter.0.borrow(), after_one);
    Ok(())
}

#[model]
fn two_levels(y: Tensor<1>) {
    let a = sample!("a", Normal::new(0.0, 1.0));
    let centres = Tensor::cat(vec![a.clone() - 1.0, a.clone() + 1.0], 0).unsqueeze::<2>();
    let b = sample!("b", MixtureSameFamily::new([0.5, 0.5], Normal::new(centres, 0.3)));
    observe!("y", Normal::new(a + b, 0.5), y);
}

#[guide]
fn upper() {
    sample!("a", Normal::new(param!("loc", [0.2]), 0.5));
}

#[test]
fn a_hidden_draw_through_which_no_gradient_passes_is_eager() -> Result<()> {
    let model = handler::block(two_levels(vector([1.0])?), |site: &Site| site.name == "b");
    let found = falls_back(&model, &upper())?;
    assert!(found.contains("no gradient may pass") && found.contains("`b`"), "{found}");
    Ok(())
}

#[test]
fn validation_in_every_step_is_eager() -> Result<()> {
    let model = plain(vector([0.3, 1.2])?);
    let fit = Svi::new(&model, AutoNormal::new()).steps(2).validate(true).run()?;
    assert!(fell_back(fit.executed()).contains("validation"), "{}", fit.executed());
    let found = message(Svi::new(&model, AutoNormal::new()).validate(true).execution(Execution::Compiled).steps(2).run());
    assert!(found.contains("compiling the programs") && found.contains("validation"), "{found}");
    Ok(())
}

#[model]
fn explodes(y: Tensor<1>, factor: f64) {
    let x = sample!("x", Normal::new(0.0, 1.0));
    observe!("y", Normal::new(x.clone() * factor * factor, 1.0), y);
}

#[guide]
fn narrow() {
    sample!("x", Normal::new(param!("loc", [0.5]), 1.0));
}

#[test]
fn a_step_that_is_not_finite_is_the_same_error_and_changes_nothing() -> Result<()> {
    // The location is 1e24 times a normal number, its square beyond single precision.
    let (good, bad) = (explodes(vector([0.0])?, 0.1), explodes(vector([0.0])?, 1e12));
    let errors = tests::executions().map(|execution| -> Result<_> {
        let svi = Svi::new(&good, narrow()).seed(2).execution(execution);
        let mut state = svi.init()?;
        svi.step(&mut state)?;
        let before = values(&state)?;
        let error = svi.step_with(&mut state, &bad, &narrow()).err();
        let Some(Error::NonFinite { step, site, what, value, .. }) = error else { panic!("{error:?}") };
        assert_eq!(state.step(), 1);
        same_bits(&values(&state)?, &before);
        // The state goes on as if nothing had happened.
        let elbo = svi.step(&mut state)?;
        let undisturbed = Svi::new(&good, narrow()).seed(2).steps(2).execution(execution).run()?;
        assert_eq!(elbo.to_bits(), undisturbed.history()[1].to_bits());
        same_bits(&values(&state)?, &values_of_fit(&undisturbed)?);
        Ok((step, site, what, value.to_bits()))
    });
    let [eager, compiled] = errors;
    let (eager, compiled) = (eager?, compiled?);
    assert_eq!((eager.0, eager.1.as_str()), (1, "y"));
    assert_eq!(eager, compiled);
    Ok(())
}

#[model]
fn steep(y: Tensor<1>) {
    let x = sample!("x", Normal::new(0.0, 1.0));
    // Each density is finite, the derivative of the root at zero is not.
    factor!("root", (x.clone() * 0.0).sqrt());
    observe!("y", Normal::new(x, 1.0), y);
}

#[test]
fn a_gradient_that_is_not_finite_names_the_parameter() -> Result<()> {
    let model = steep(vector([0.0])?);
    let found = tests::executions().map(|execution| {
        let svi = Svi::new(&model, narrow()).seed(2).execution(execution);
        svi.init().and_then(|mut state| svi.step(&mut state)).err()
    });
    for error in found {
        let Some(Error::NonFinite { site, what, value, .. }) = error else { panic!("{error:?}") };
        assert_eq!((site.as_str(), what.as_str()), ("loc", "the gradient of a parameter"));
        assert!(!value.is_finite());
    }
    Ok(())
}

#[guide]
fn unused() {
    let _unused: Tensor<1> = param!("unused", [0.0]);
    sample!("mu", Normal::new(param!("loc", [0.0]), 1.0));
}

#[guide]
fn nothing_to_learn() {
    sample!("mu", Normal::new(0.0, 1.0));
}

#[test]
fn what_cannot_be_fitted_is_the_same_error() -> Result<()> {
    let model = plain(vector([0.3, 1.2])?);
    let first = |execution, guide: bool| {
        if guide {
            let svi = Svi::new(&model, unused()).execution(execution);
            message(svi.init().and_then(|mut state| svi.step(&mut state)))
        } else {
            let svi = Svi::new(&model, nothing_to_learn()).execution(execution);
            message(svi.init().and_then(|mut state| svi.step(&mut state)))
        }
    };
    for guide in [true, false] {
        assert_eq!(first(Execution::Compiled, guide), first(Execution::Eager, guide));
    }
    assert!(first(Execution::Compiled, true).contains("`unused`"));
    Ok(())
}

#[test]
fn a_step_with_an_infinite_location_is_the_same_error() -> Result<()> {
    let model = explodes(vector([0.0])?, 1e30);
    let [eager, compiled] = tests::executions().map(|execution| {
        let svi = Svi::new(&model, narrow()).seed(2).execution(execution);
        message(svi.init().and_then(|mut state| svi.step(&mut state)))
    });
    assert_eq!(eager, compiled);
    assert!(eager.contains("site `y`") && eager.contains("must be finite"), "{eager}");
    Ok(())
}
