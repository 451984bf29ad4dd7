//! Keyed randomness: same seed, same bits; sites do not disturb one another.

use tests::{executions, numbers, vector};
use vi_runtime::Execution;
use vi_runtime::prelude::*;

#[model]
fn first(y: Tensor<1>) {
    let a = sample!("a", Normal::new(0.0, 1.0));
    let b = sample!("b", Gamma::new(2.0, 1.0));
    plate!("n", 3, { observe!("y", Normal::new(a, b), y) });
}

#[model]
fn second(y: Tensor<1>) {
    let extra = sample!("extra", Normal::new(0.0, 1.0));
    let b = sample!("b", Gamma::new(2.0, 1.0));
    let a = sample!("a", Normal::new(0.0, 1.0));
    plate!("n", 3, { observe!("y", Normal::new(a + extra, b), y) });
}

fn draws<M: Program>(model: &M, seed: u64, name: &str) -> Result<Vec<f64>> {
    numbers(Run::for_program(model, seed)?.trace(model)?.1.value(name)?.clone())
}

#[test]
fn a_new_site_and_another_order_leave_the_draws_of_the_others_alone() -> Result<()> {
    let y = vector([0.0, 1.0, 2.0])?;
    for name in ["a", "b"] {
        assert_eq!(draws(&first(y.clone()), 7, name)?, draws(&second(y.clone()), 7, name)?);
        assert_ne!(draws(&first(y.clone()), 7, name)?, draws(&first(y.clone()), 8, name)?);
    }
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_bits_twice() -> Result<()> {
    let fit = |seed: u64, execution: Execution| -> Result<(Vec<u64>, Vec<u64>)> {
        let svi = Svi::new(&first(vector([0.0, 1.0, 2.0])?), AutoNormal::new()).steps(50).particles(2);
        let fit = svi.seed(seed).execution(execution).run()?;
        let bits = |numbers: Vec<f64>| numbers.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let mut params = Vec::new();
        for name in fit.param_names() {
            params.extend(bits(numbers(fit.param(&name)?)?));
        }
        Ok((bits(fit.history().to_vec()), params))
    };
    for execution in executions() {
        assert_eq!(fit(3, execution)?, fit(3, execution)?);
        assert_ne!(fit(3, execution)?, fit(4, execution)?);
    }
    Ok(())
}

#[test]
fn a_fit_in_two_halves_is_the_fit_in_one() -> Result<()> {
    let model = first(vector([0.0, 1.0, 2.0])?);
    for execution in executions() {
        let svi = |steps: u64| Svi::new(&model, AutoNormal::new()).steps(steps).seed(1).execution(execution);
        let whole = svi(40).run()?;
        let half = svi(20).run()?;
        let rest = svi(20).resume(half.into_state())?;
        assert_eq!(whole.history()[20..], *rest.history());
    }
    Ok(())
}

#[model]
fn family(y: Tensor<1>) -> Tensor<1> {
    let mut level = sample!("x"[0], Normal::new(0.0, 1.0));
    for t in 1..4_usize {
        level = sample!("x"[t], Normal::new(level, 0.1));
    }
    observe!("y", Normal::new(&level, 1.0), y);
    level
}

#[test]
fn members_of_a_family_have_their_own_streams_and_stack() -> Result<()> {
    let model = family(vector([0.3])?);
    let prior = prior_predictive(&model, 5, 0)?;
    let (x, shape) = prior.get("x")?.to_f64()?;
    assert_eq!(shape, [5, 4, 1]);
    assert!(x.windows(2).all(|pair| pair[0] != pair[1]));
    let fit = Svi::new(&model, AutoNormal::new()).steps(5).run()?;
    let x: Tensor<3> = fit.posterior(6)?.x.tensor()?;
    assert_eq!(x.dims(), [6, 4, 1]);
    Ok(())
}

#[test]
fn draws_do_not_depend_on_the_backend() -> Result<()> {
    // From the key alone, on the host. The expected numbers are those of the flex backend.
    let model = first(vector([0.0, 1.0, 2.0])?);
    let on_test_device = draws(&model, 0, "a")?;
    let flex = first(Tensor::from_floats([0.0, 1.0, 2.0], &vi_runtime::device::default()));
    assert_eq!(on_test_device, draws(&flex, 0, "a")?);
    Ok(())
}
