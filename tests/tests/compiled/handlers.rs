//! Programs under the library's handlers.

use tests::{device, vector};
use vi_runtime::prelude::*;
use vi_runtime::program::Site;

use super::agree::agree;

#[model]
fn chain(y: Tensor<1>) {
    let a = sample!("a", Normal::new(0.0, 1.0));
    let b = sample!("b", Normal::new(a, 2.0));
    plate!("n", 2, { observe!("y", Normal::new(b, 0.5), y) });
}

#[guide]
fn only_a() {
    sample!("a", Normal::new(param!("a.loc", [0.2]), param!("a.scale", [0.5], support::Positive)));
}

#[guide]
fn both() {
    let a = sample!("a", Normal::new(param!("a.loc", [0.2]), param!("a.scale", [0.5], support::Positive)));
    sample!("b", Normal::new(a * param!("slope", [0.3]), 0.7));
}

fn model() -> Result<impl Program + Clone> {
    Ok(chain(vector([0.4, -1.1])?))
}

#[model]
fn local(x: Tensor<1>) {
    plate!("n", 2, {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("x", Normal::new(z, 1.0), x);
    });
}

#[guide(model = local)]
fn local_guide() {
    plate!("n", 2, { sample!("z", Normal::new(param!("loc", [0.1, 0.2]), param!("scale", [0.5, 0.7], support::Positive))) });
}

#[test]
fn scale_and_mask() -> Result<()> {
    agree(&handler::scale(model()?, 2.5), &both())?;
    agree(&handler::scale(model()?, 0.3), &handler::scale(both(), 0.3))?;
    let keep = Tensor::<1, Bool>::from_bool([true, false], &device()?);
    let x = vector([0.4, f64::NAN])?;
    agree(&handler::mask(local(x), keep.clone()), &handler::mask(local_guide(), keep))
}

#[test]
fn condition_substitute_and_intervene() -> Result<()> {
    agree(&handler::condition(model()?, [("b", vector([0.7])?)]), &only_a())?;
    agree(&handler::intervene(model()?, [("b", vector([0.7])?)]), &only_a())?;
    agree(&handler::substitute(model()?, [("a", vector([0.7])?)]), &both())?;
    // The parameter is fixed and does not move; the others do.
    agree(&model()?, &handler::substitute(both(), [("slope", vector([0.9])?)]))?;
    agree(&model()?, &handler::substitute(both(), [("a", vector([0.1])?)]))
}

#[test]
fn scope_in_model_and_guide() -> Result<()> {
    agree(&handler::scope(model()?, "outer"), &handler::scope(both(), "outer"))
}

#[test]
fn a_seed_of_its_own_draws_the_same_in_every_step() -> Result<()> {
    for seed in [0, 5] {
        agree(&model()?, &handler::seed(both(), seed))?;
    }
    Ok(())
}

#[test]
fn blocked_sites_are_drawn_but_not_scored() -> Result<()> {
    agree(&handler::block(model()?, |site: &Site| site.name == "b"), &only_a())
}

#[test]
fn replayed_values() -> Result<()> {
    let model = model()?;
    let (_, trace) = Run::for_program(&model, 3)?.trace(&model)?;
    agree(&model, &handler::replay(both(), trace))
}

#[model]
fn subsampled(x: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    plate!("n", 4, subsample = 2, |idx| {
        observe!("x", Normal::new(mu, 0.5), x.clone().select(0, idx));
    });
}

#[test]
fn given_units_of_a_plate() -> Result<()> {
    let units = Tensor::<1, Int>::from_ints([3, 1], &device()?);
    let model = handler::substitute(subsampled(vector([0.3, -1.2, 2.5, 0.7])?), [("n", units)]);
    // The units are read when the plate is entered, so that the program cannot be recorded.
    let fit = Svi::new(&model, AutoNormal::new()).steps(3).run()?;
    let found = super::agree::fell_back(fit.executed());
    assert!(found.contains("reads the value of a tensor"), "{found}");
    Ok(())
}
