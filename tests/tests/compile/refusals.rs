//! Programs that stay eager, and the reason and the site that are given.

use tests::vector;
use vi_runtime::Guide;
use vi_runtime::burn;
use vi_runtime::burn::module::Module;
use vi_runtime::burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use vi_runtime::burn::tensor::{Distribution, FloatDType};
use vi_runtime::compile::agreement::agreement;
use vi_runtime::prelude::*;

fn refusal<M: Program + Clone, G: Guide<M>>(model: &M, guide: &G) -> Result<(String, Option<String>)> {
    let refusal = agreement(model, guide, FloatDType::F32, 0)?.graph.err();
    let refusal = refusal.unwrap_or_else(|| panic!("it was compiled"));
    Ok((refusal.reason, refusal.site))
}

#[model]
fn branching(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let shift = if mu.clone().into_scalar::<f32>() > 0.0 { 1.0 } else { -1.0 };
    observe!("y", Normal::new(mu + shift, 1.0), y);
}

#[test]
fn a_branch_on_a_value() -> Result<()> {
    let (reason, site) = refusal(&branching(vector([0.3])?), &AutoNormal::new())?;
    assert!(reason.contains("reads the value of a tensor"), "{reason}");
    assert_eq!(site.as_deref(), Some("mu"));
    Ok(())
}

#[model]
fn looking(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let largest = y.to_data().iter::<f64>().fold(0.0, f64::max);
    observe!("y", Normal::new(mu * largest, 1.0), y);
}

#[test]
fn a_look_at_the_data() -> Result<()> {
    let (reason, site) = refusal(&looking(vector([0.3])?), &AutoNormal::new())?;
    assert!(reason.contains("reads the value of a tensor"), "{reason}");
    assert_eq!(site.as_deref(), Some("mu"));
    Ok(())
}

#[model]
fn noisy(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    observe!("y", Normal::new(mu + y.random_like(Distribution::Default), 1.0), y);
}

#[test]
fn the_generator_of_burn() -> Result<()> {
    let (reason, site) = refusal(&noisy(vector([0.3])?), &AutoNormal::new())?;
    assert!(reason.contains("Burn's generator"), "{reason}");
    assert_eq!(site.as_deref(), Some("y"));
    Ok(())
}

#[model]
fn crossed(y: Tensor<1>) {
    let mu = plate!("three", 3, { sample!("mu", Normal::new(0.0, 1.0)) });
    observe!("y", Normal::new(mu.cross(y.clone(), 0), 1.0).independent(1), y);
}

#[test]
fn an_operation_that_the_graph_lacks() -> Result<()> {
    let (reason, site) = refusal(&crossed(vector([0.3, 1.0, 2.0])?), &AutoNormal::new())?;
    assert_eq!(reason, "the graph has no operation for Cross");
    assert_eq!(site.as_deref(), Some("y"));
    Ok(())
}

#[derive(Module, Debug, Arg)]
struct Regularised {
    linear: Linear,
    dropout: Dropout,
}

#[model]
fn dropping(y: Tensor<1>, net: Regularised) {
    let net = module!("net", net);
    observe!("y", Normal::new(net.dropout.forward(net.linear.forward(y.clone())), 1.0), y);
}

#[guide(model = dropping)]
fn nothing() {}

#[test]
fn a_dropout_in_training() -> Result<()> {
    let device = tests::device()?;
    let net = Regularised { linear: LinearConfig::new(2, 2).init(&device), dropout: DropoutConfig::new(0.5).init() };
    let (reason, _) = refusal(&dropping(vector([0.3, 1.0])?, net), &nothing())?;
    assert!(reason.contains("Dropout in module `net`"), "{reason}");
    Ok(())
}

#[model]
fn counting(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 1.0));
    let n = sample!("n", Poisson::new([3.0]));
    observe!("y", Normal::new(mu, n.float() + 1.0), y);
}

#[guide(model = counting)]
fn discrete() {
    sample!("mu", Normal::new(param!("mu.loc", [0.0]), 1.0));
    sample!("n", Poisson::new([3.0]));
}

#[test]
fn a_draw_without_pathwise_gradient() -> Result<()> {
    let (reason, site) = refusal(&counting(vector([0.3])?), &discrete())?;
    assert!(reason.contains("Poisson"), "{reason}");
    assert_eq!(site.as_deref(), Some("n"));
    Ok(())
}
