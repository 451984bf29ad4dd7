//! Draws and modes of the summed variables.

use crate::brute::{Case, assignments, numbers, set};
use crate::chains::chain;
use vi_graph::batch::batch;
use vi_graph::enumerate::{Choice, marginals, posterior};
use vi_graph::interpret::interpret;
use vi_graph::ir::{Data, NoiseKind, Op, Role};
use vi_graph::verify::verify;
use vi_graph::{Graph, Key};

/// A plate with a variable above it and two variables inside.
fn plated() -> Case {
    let mut case = Case::new(21);
    let (top, link, pair) = (case.parameter(&[2]), case.parameter(&[2, 2]), case.parameter(&[2, 2]));
    let g = case.summed("g", 2, &[1], &[]);
    let z = case.summed("z", 2, &[2], &[0]);
    let w = case.summed("w", 2, &[2], &[0]);
    let of_g = case.look_up(top, &[g]);
    let there = case.graph.expand(g, [2]);
    let of_z = case.look_up(link, &[there, z]);
    let of_w = case.look_up(pair, &[z, w]);
    for term in [of_g, of_z, of_w] {
        case.term(term);
    }
    case
}

/// The log joint density of every assignment.
fn joint(case: &Case) -> Vec<(Vec<usize>, f64)> {
    let variables: Vec<_> = case.problem.summed.iter().collect();
    let mut graph = case.graph.clone();
    graph.outputs = case.problem.terms.iter().map(|term| term.node).collect();
    let mut inputs = case.inputs.clone();
    assignments(&case.inputs, &variables)
        .into_iter()
        .map(|assignment| {
            set(&mut inputs, &variables, &assignment);
            let terms = numbers(interpret(&graph, &inputs, Key::new(0)).unwrap());
            (assignment, terms.iter().flatten().sum())
        })
        .collect()
}

#[test]
fn modes_by_brute_force() {
    for case in [chain(1, 2, 6), chain(2, 3, 5), plated()] {
        let mut graph = case.graph.clone();
        graph.outputs = posterior(&mut graph, &case.problem, Choice::Mode).unwrap();
        verify(&graph).unwrap();
        let found: Vec<usize> =
            numbers(interpret(&graph, &case.inputs, Key::new(0)).unwrap()).concat().into_iter().map(|k| k as usize).collect();
        let best = joint(&case).into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert_eq!(found, best.0);
    }
}

/// 20 000 joint draws: the frequency of each assignment, within 4.5 standard errors.
#[test]
fn draws_have_the_frequencies_of_the_posterior() {
    const DRAWS: usize = 20_000;
    for case in [chain(3, 2, 4), plated()] {
        let mut graph = case.graph.clone();
        graph.outputs = posterior(&mut graph, &case.problem, Choice::Draw { call: 0 }).unwrap();
        verify(&graph).unwrap();
        let graph = batch(&graph, DRAWS).unwrap().graph;
        let inputs = with_noise(&graph, &case.inputs);
        let draws = numbers(interpret(&graph, &inputs, Key::new(0)).unwrap());
        let all = joint(&case);
        let total = vi_graph::special::logsumexp(all.iter().map(|(_, density)| *density));
        let row = |draw: usize| -> Vec<usize> {
            draws.iter().flat_map(|site| site[draw * (site.len() / DRAWS)..][..site.len() / DRAWS].iter().map(|&k| k as usize)).collect()
        };
        let rows: Vec<Vec<usize>> = (0..DRAWS).map(row).collect();
        for (assignment, density) in all {
            let p = (density - total).exp();
            let count = rows.iter().filter(|row| **row == assignment).count() as f64;
            let error = (DRAWS as f64 * p * (1.0 - p)).sqrt();
            assert!((count - DRAWS as f64 * p).abs() < 4.5 * error.max(1.0), "{assignment:?}: {count}, expected {}", DRAWS as f64 * p);
        }
    }
}

/// Uniform numbers for the noise that was added after the case's own inputs.
fn with_noise(graph: &Graph, inputs: &[Data]) -> Vec<Data> {
    let mut all = inputs.to_vec();
    let mut numbers = crate::inputs::Numbers(77);
    for (index, input) in graph.inputs.iter().enumerate().skip(inputs.len()) {
        assert!(matches!(input.role, Role::Noise(_, NoiseKind::Uniform)));
        let node = graph.nodes.iter().find(|node| node.op == Op::Input(index)).unwrap();
        all.push(Data::Float((0..node.len()).map(|_| numbers.unit()).collect()));
    }
    all
}

/// A chain, a plate below a variable, and a plate of which a subsample counts three times.
#[test]
fn marginals_by_brute_force() {
    let mut tempered = plated();
    for term in &mut tempered.problem.terms[1..] {
        term.scale = 3.0;
    }
    for variable in &mut tempered.problem.summed[1..] {
        variable.scale = 3.0;
    }
    // What is brute force here: the variable above the plate sees the units three times.
    let third = |case: &Case| case.problem.summed[1].scale;
    for case in [chain(1, 2, 6), chain(2, 3, 5), plated(), tempered] {
        let mut graph = case.graph.clone();
        graph.outputs = marginals(&mut graph, &case.problem).unwrap();
        verify(&graph).unwrap();
        let found = numbers(interpret(&graph, &case.inputs, Key::new(0)).unwrap());
        let all = joint(&case);
        let weights = if third(&case) == 1.0 { weights(&all) } else { thrice(&all) };
        let mut element = 0;
        for (variable, found) in case.problem.summed.iter().zip(&found) {
            let values = variable.values.len();
            for table in found.chunks_exact(values) {
                for (k, p) in table.iter().enumerate() {
                    let expected: f64 = all.iter().zip(&weights).filter(|((at, _), _)| at[element] == k).map(|(_, w)| w).sum();
                    assert!((p - expected).abs() < 1e-12, "{}: {p}, expected {expected}", variable.name);
                }
                element += 1;
            }
        }
    }
}

fn weights(all: &[(Vec<usize>, f64)]) -> Vec<f64> {
    let total = vi_graph::special::logsumexp(all.iter().map(|(_, density)| *density));
    all.iter().map(|(_, density)| (density - total).exp()).collect()
}

/// Of the plated case with its units counted three times: `p(g) ∝ Πᵢ (Σ p(zᵢ, wᵢ, .. | g))³`, the units as ever given `g`; the first
/// term is the table of `g` alone, so that a joint density over both values of `g` is one less of the other.
fn thrice(all: &[(Vec<usize>, f64)]) -> Vec<f64> {
    let given = |g: usize| vi_graph::special::logsumexp(all.iter().filter(|(at, _)| at[0] == g).map(|(_, density)| *density));
    let tables = plated().inputs;
    let Data::Float(top) = &tables[0] else { unreachable!() };
    let of: Vec<f64> = (0..2).map(|g| top[g] + 3.0 * (given(g) - top[g])).collect();
    let total = vi_graph::special::logsumexp(of.iter().copied());
    all.iter().map(|(at, density)| (of[at[0]] - total + density - given(at[0])).exp()).collect()
}
