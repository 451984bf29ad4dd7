//! What a recording cannot see is found by comparing the first gradient with the eager one.

use tests::{device, vector};
use vi_runtime::prelude::*;

#[model]
fn mean(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    plate!("n", 3, { observe!("y", Normal::new(mu, 2.0), y) });
}

/// The scale of the score is detached, so that its own gradient is another one.
#[guide(model = mean)]
fn detached() {
    let loc = param!("loc", [0.3]);
    let scale = param!("scale", [1.0], support::Positive);
    sample!("mu", Normal::new(loc, scale.detach()));
}

/// Half of the gradient of the location is cut off.
#[model]
fn stopped(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    plate!("n", 3, { observe!("y", Normal::new((mu.clone() + mu.detach()) * 0.5, 2.0), y) });
}

#[guide(model = stopped)]
fn plain() {
    sample!("mu", Normal::new(param!("loc", [0.3]), param!("scale", [1.0], support::Positive)));
}

#[test]
fn a_detached_value_keeps_the_fit_eager_and_says_which_parameter_told() -> Result<()> {
    let y = vector([4.0, 5.5, 3.5])?;
    let fit = Svi::new(&stopped(y.clone()), plain()).steps(5).device(device()?).run()?;
    let told = fit.executed().to_string();
    assert!(told.starts_with("eager: ") && told.contains("`loc`") && told.contains("detach"), "{told}");
    let eager = Svi::new(&stopped(y.clone()), plain()).steps(5).device(device()?).execution(Execution::Eager).run()?;
    assert_eq!(fit.history(), eager.history());
    let Err(error) = Svi::new(&stopped(y), plain()).steps(5).device(device()?).execution(Execution::Compiled).run() else {
        panic!("a detached value was compiled");
    };
    assert!(error.to_string().contains("`loc`"), "{error}");
    Ok(())
}

#[test]
fn a_parameter_that_is_only_read_detached_is_an_error_as_it_is_eagerly() -> Result<()> {
    let y = vector([4.0, 5.5, 3.5])?;
    for execution in [Execution::Eager, Execution::Auto] {
        match Svi::new(&mean(y.clone()), detached()).steps(2).device(device()?).execution(execution).run() {
            Err(Error::MissingGradient { name, .. }) => assert_eq!(name, "scale"),
            other => panic!("{:?}", other.map(|fit| fit.executed().to_string())),
        }
    }
    Ok(())
}

#[test]
fn the_graph_of_a_step_can_be_looked_at() -> Result<()> {
    let y = vector([4.0, 5.5, 3.5])?;
    let svi = Svi::new(&mean(y.clone()), AutoNormal::new()).device(device()?);
    let graph = svi.graph(&svi.init()?)?;
    assert_eq!(graph.outputs.len(), 3);
    let text = graph.to_string();
    assert!(text.contains("parameter \"auto.mu.loc\"") && text.contains("site \"mu\""), "{text}");
    assert!(vi_runtime::graph::print::dot(&graph).starts_with("digraph"));
    let stopped = Svi::new(&stopped(y), plain()).device(device()?);
    let Err(error) = stopped.graph(&stopped.init()?) else { panic!("there is no graph of an eager step") };
    assert!(error.to_string().contains("detach"), "{error}");
    Ok(())
}
