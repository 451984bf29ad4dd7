//! The graph of the ELBO, imported from one recorded run, against the eager run at the same key: terms and gradients.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure of a test is a panic")]

#[macro_use]
#[path = "compile/families.rs"]
mod families;
#[path = "compile/discrete.rs"]
mod discrete;
#[path = "compile/flows.rs"]
mod flows;
#[path = "compile/layers.rs"]
mod layers;
#[path = "compile/multivariate.rs"]
mod multivariate;
#[path = "compile/programs.rs"]
mod programs;
#[path = "compile/refusals.rs"]
mod refusals;
#[path = "support/schools.rs"]
mod schools;
#[path = "compile/supports.rs"]
mod supports;
#[path = "compile/univariate.rs"]
mod univariate;

use vi_graph::cpu::{Executable, Options};
use vi_graph::diff::gradient;
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, Op, Role};
use vi_graph::{Graph, Id};
use vi_runtime::burn::tensor::FloatDType;
use vi_runtime::compile::agreement::{Agreement, agreement};
use vi_runtime::compile::{Source, step_graph};
use vi_runtime::prelude::*;
use vi_runtime::{Guide, Result};

/// Relative, and absolute below 1.
fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    found == expected || (found.is_nan() && expected.is_nan()) || (found - expected).abs() <= tolerance * expected.abs().max(1.0)
}

/// Asserts that graph and eager run agree, terms and gradients, in both precisions.
fn agree<M: Program + Clone, G: Guide<M>>(name: &str, model: &M, guide: &G) -> Result<()> {
    for seed in 0..2 {
        let (double, single) = (agreement(model, guide, FloatDType::F64, seed)?, agreement(model, guide, FloatDType::F32, seed)?);
        check(name, &double, 1e-12, 1e-10);
        check_step(name, &double, 1e-11, 1e-10);
        check(name, &single, 2e-6, 1e-4);
        check_step(name, &single, 1e-5, 1e-4);
    }
    Ok(())
}

/// The graph as it was imported and differentiated, under the naive interpreter.
fn check(name: &str, both: &Agreement, value: f64, slope: f64) {
    let graph = both.graph.as_ref().unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    let outputs = interpret(&graph.graph, &both.inputs, both.key).unwrap_or_else(|error| panic!("{name}: {error}\n{}", graph.graph));
    let terms = [graph.reconstruction, graph.prior, graph.guide];
    for (what, (term, expected)) in ["reconstruction", "prior", "guide"].iter().zip(terms.into_iter().zip(both.terms)) {
        let found = term.map(|output| floats(&outputs[output])[0]);
        let same = match (found, expected) {
            (Some(found), Some(expected)) => close(found, expected, value),
            (found, expected) => found.is_none() && expected.is_none(),
        };
        assert!(same, "{name}: {what} is {found:?}, eagerly {expected:?}\n{}", graph.graph);
    }
    let with_gradients = gradients(graph);
    let outputs = interpret(&with_gradients, &both.inputs, both.key).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut outputs = outputs.iter();
    for (parameter, expected) in &both.gradients {
        let Some(expected) = expected else { continue };
        let found = floats(outputs.next().unwrap());
        let largest = expected.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
        assert_eq!(found.len(), expected.len(), "{name}: gradient of {parameter}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                close(*found, *expected, slope * largest),
                "{name}: the gradient of {parameter} is {found}, by Burn's autodiff {expected}\n{}",
                graph.graph
            );
        }
    }
}

/// The whole step, optimised and on the executor.
fn check_step(name: &str, both: &Agreement, value: f64, slope: f64) {
    let graph = both.graph.as_ref().unwrap();
    let Ok(step) = step_graph(graph.clone(), 1, &Pathwise, &both.placement, &mut |_, _| ()) else { panic!("{name}: no graph of a step") };
    let mut executable = Executable::compile(&step.graph, &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
    for (number, source) in step.sources.iter().enumerate() {
        let known = graph.sources.iter().position(|known| known == source).unwrap();
        executable.set(number, &both.inputs[known]).unwrap();
    }
    executable.prologue();
    executable.run(both.key);
    let [reconstruction, prior, guide] = both.terms.map(|term| term.unwrap_or(0.0));
    let largest = reconstruction.abs().max(prior.abs()).max(guide.abs()).max(1.0);
    let (found, expected) = (floats(&executable.get(0))[0], reconstruction + prior - guide);
    assert!(close(found, expected, value * largest), "{name}: the ELBO is {found}, eagerly {expected}\n{}", step.graph);
    for (number, source) in step.sources[..step.moved].iter().enumerate() {
        let Source::Parameter(parameter) = source else { panic!("{name}: {source:?} moves") };
        let expected = both.gradients.iter().find(|(known, _)| known == parameter).and_then(|(_, gradient)| gradient.clone()).unwrap();
        let largest = expected.iter().fold(1.0_f64, |m, x| m.max(x.abs()));
        for (found, expected) in floats(&executable.get(number + 1)).iter().zip(expected) {
            assert!(
                close(-found, expected, slope * largest),
                "{name}: the step's gradient of {parameter} is {}, by Burn's autodiff {expected}\n{}",
                -found,
                step.graph
            );
        }
    }
}

/// The same graph with the gradients of the ELBO as outputs, in the order of the parameters that have one.
fn gradients(elbo: &vi_runtime::compile::ElboGraph) -> Graph {
    let mut graph = elbo.graph.clone();
    let output = |index: Option<usize>| index.map(|index| elbo.graph.outputs[index]);
    let joint = match (output(elbo.reconstruction), output(elbo.prior)) {
        (Some(a), Some(b)) => Some(graph.add(a, b)),
        (a, b) => a.or(b),
    };
    let total = match (joint, output(elbo.guide)) {
        (Some(joint), Some(guide)) => graph.sub(joint, guide),
        (Some(joint), None) => joint,
        (None, Some(guide)) => graph.neg(guide),
        (None, None) => return graph,
    };
    let parameters: Vec<Id> = graph.ids().filter(|id| is_parameter(&graph, *id)).collect();
    let found = gradient(&mut graph, total, &parameters).unwrap();
    graph.outputs = found.into_iter().flatten().collect();
    vi_graph::verify::verify(&graph).unwrap();
    graph
}

fn is_parameter(graph: &Graph, id: Id) -> bool {
    matches!(graph.node(id).op, Op::Input(index) if graph.inputs[index].role == Role::Parameter)
}

fn floats(data: &Data) -> Vec<f64> {
    match data {
        Data::Float(x) => x.clone(),
        other => panic!("floats expected, found {other:?}"),
    }
}
