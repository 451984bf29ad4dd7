//! Random graphs, run by the executor and by the interpreter. `VI_FUZZ_CASES` sets how many.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/generate.rs"]
mod generate;

use generate::{KEY_SEED, Values, compare, random_graph_with, tolerance};
use vi_graph::cpu::{Executable, Instructions, Options};
use vi_graph::interpret::interpret;
use vi_graph::ir::Data;
use vi_graph::optimise::optimise;
use vi_graph::{Graph, Key, Precision};

fn cases() -> u64 {
    std::env::var("VI_FUZZ_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(300)
}

fn outputs(graph: &Graph, inputs: &[Data], options: &Options) -> Vec<Data> {
    let mut executable = Executable::compile(graph, options).unwrap_or_else(|e| panic!("{e}\n{graph}"));
    for (i, data) in inputs.iter().enumerate() {
        executable.set(i, data).unwrap();
    }
    executable.prologue();
    executable.run(Key::new(KEY_SEED));
    let first: Vec<Data> = (0..graph.outputs.len()).map(|i| executable.get(i)).collect();
    executable.run(Key::new(KEY_SEED));
    for (i, first) in first.iter().enumerate() {
        // NaN is not equal to itself.
        assert_eq!(format!("{first:?}"), format!("{:?}", executable.get(i)), "output {i} differs from run to run of\n{graph}");
    }
    first
}

fn agree(seed: u64, precision: Precision, values: Values) {
    let (graph, inputs) = random_graph_with(seed, 25, precision, values);
    let expected = interpret(&graph, &inputs, Key::new(KEY_SEED)).unwrap();
    let check = |graph: &Graph, options: &Options| {
        for (i, (found, expected)) in outputs(graph, &inputs, options).iter().zip(&expected).enumerate() {
            if let Err(difference) = compare(expected, found, tolerance(precision)) {
                panic!("seed {seed}, {precision:?}, {options:?}, output {i} (%{}): {difference}\n{graph}", graph.outputs[i].0);
            }
        }
    };
    let instructions = [Instructions::Portable, Instructions::Avx2, Instructions::Avx512][seed as usize % 3];
    let options = Options { draw: false, instructions: Some(instructions), ..Options::default() };
    check(&graph, &options);
    let tile = [7, 64][seed as usize / 2 % 2];
    let tiles = Options { tile: Some(tile), threads: 1 + seed as usize % 2, ..options.clone() };
    check(&graph, &tiles);
    if values == Values::Finite {
        let optimised = optimise(&graph);
        check(&optimised, &options);
        check(&optimised, &tiles);
    }
}

#[test]
fn compiled_graphs_compute_what_the_interpreter_does_in_double_precision() {
    (0..cases()).for_each(|seed| agree(seed, Precision::F64, Values::Finite));
}

#[test]
fn compiled_graphs_compute_what_the_interpreter_does_in_single_precision() {
    (0..cases()).for_each(|seed| agree(seed, Precision::F32, Values::Finite));
}

#[test]
fn infinities_and_nans_go_where_the_interpreter_lets_them_go() {
    (0..cases()).for_each(|seed| agree(seed, Precision::F64, Values::Special));
}
