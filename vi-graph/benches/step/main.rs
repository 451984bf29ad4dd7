//! Time of a compiled step: noise, ELBO, gradients and Adam, in single precision.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop")]

mod models;

use divan::Bencher;
use models::Model;
use vi_graph::Key;
use vi_graph::cpu::{Options, Rule, StepPlan, Update};

fn main() {
    divan::main();
}

fn plan(model: Model, threads: usize) -> StepPlan {
    let options = Options { lanes: model.lanes, threads, ..Options::default() };
    let mut plan = StepPlan::compile(&model.graph, &options).unwrap();
    if std::env::var_os("VI_PRINT").is_some() {
        println!("{}\n{:#?}", model.graph, plan.executable());
    }
    for (input, data) in &model.data {
        plan.executable().set(*input, data).unwrap();
    }
    plan.executable().prologue();
    plan
}

fn steps(bencher: Bencher, model: Model) {
    steps_on(bencher, model, 1);
}

fn steps_on(bencher: Bencher, model: Model, threads: usize) {
    let mut plan = plan(model, threads);
    let rules = [Rule::new(Update::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.0 }, 1e-3)];
    let mut number = 0;
    bencher.bench_local(|| {
        number += 1;
        plan.step(Key::new(1).fold_in(number), &rules, None)
    });
}

#[divan::bench]
fn eight_schools(bencher: Bencher) {
    steps(bencher, models::eight_schools(None));
}

#[divan::bench]
fn eight_schools_64_particles(bencher: Bencher) {
    steps(bencher, models::eight_schools(Some(64)));
}

#[divan::bench]
fn radon(bencher: Bencher) {
    steps(bencher, models::radon());
}

#[divan::bench]
fn linear_1000_by_10(bencher: Bencher) {
    steps(bencher, models::logistic(1000, 10));
}

#[divan::bench]
fn logistic_512_by_50(bencher: Bencher) {
    steps(bencher, models::logistic(512, 50));
}

#[divan::bench(args = [1, 2])]
fn logistic_50000_by_50(bencher: Bencher, threads: usize) {
    steps_on(bencher, models::logistic(50_000, 50), threads);
}

#[divan::bench(args = [1, 2])]
fn mixture_1000000_by_3(bencher: Bencher, threads: usize) {
    steps_on(bencher, models::mixture(1_000_000, 3), threads);
}

#[divan::bench]
fn mixture_1000_by_3(bencher: Bencher) {
    steps(bencher, models::mixture(1000, 3));
}

#[divan::bench(args = [1, 2])]
fn autoencoder_128_by_784(bencher: Bencher, threads: usize) {
    steps_on(bencher, models::autoencoder(128, 784, 400, 20), threads);
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn compile_eight_schools(bencher: Bencher) {
    let model = models::eight_schools(None);
    bencher.bench_local(|| StepPlan::compile(&model.graph, &Options::default()).unwrap());
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn compile_autoencoder(bencher: Bencher) {
    let model = models::autoencoder(128, 784, 400, 20);
    bencher.bench_local(|| StepPlan::compile(&model.graph, &Options::default()).unwrap());
}
