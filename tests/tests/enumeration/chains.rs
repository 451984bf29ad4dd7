//! Hidden states as a family of sites, against the forward recursion of `DiscreteHmm`.

use tests::executions;
use vi_runtime::Execution;
use vi_runtime::prelude::*;

use crate::evidence::{assert_near, first_step, precisions, slope_tolerance};

const INITIAL: [f64; 3] = [0.025, 0.544, 0.431];
const MOVES: [[f64; 3]; 3] = [[0.335, 0.45, 0.215], [0.14, 0.774, 0.086], [0.238, 0.424, 0.338]];
const EMITS: [[f64; 4]; 3] = [[0.225, 0.61, 0.152, 0.013], [0.095, 0.556, 0.161, 0.188], [0.113, 0.789, 0.044, 0.054]];
const SEEN: [i64; 20] = [2, 3, 3, 1, 2, 3, 3, 3, 1, 2, 1, 2, 2, 1, 1, 0, 3, 0, 1, 0];

/// Row by row; the numbers are parameters, so that slopes can be compared.
#[model]
fn states(y: Tensor<1, Int>) {
    let moves = param!("moves", MOVES.concat().try_into().unwrap_or([0.0; 9]));
    let emits = param!("emits", EMITS.concat().try_into().unwrap_or([0.0; 12]));
    let (moves, emits): (Tensor<2>, Tensor<2>) = (moves.reshape([3, 3]), emits.reshape([3, 4]));
    let mut last: Option<Tensor<1, Int>> = None;
    for t in 0..y.dims()[0] {
        let x = match last {
            None => sample!("x"[t], Categorical::new(INITIAL), strategy = Enumerate),
            Some(last) => sample!("x"[t], Categorical::new(moves.clone().select(0, last)), strategy = Enumerate),
        };
        observe!("y"[t], Categorical::new(emits.clone().select(0, x.clone())), y.clone().narrow(0, t, 1));
        last = Some(x);
    }
}

#[model]
fn collapsed(y: Tensor<1, Int>) {
    let moves = param!("moves", MOVES.concat().try_into().unwrap_or([0.0; 9]));
    let emits = param!("emits", EMITS.concat().try_into().unwrap_or([0.0; 12]));
    let (moves, emits): (Tensor<2>, Tensor<3>) = (moves.reshape([3, 3]), emits.reshape([1, 3, 4]));
    observe!("y", DiscreteHmm::new(INITIAL, moves, Categorical::new(emits).expand([y.dims()[0], 3])), y);
}

#[guide]
fn nothing(_y: Tensor<1, Int>) {}

fn seen(length: usize) -> Result<Tensor<1, Int>> {
    let values: Vec<i64> = SEEN.iter().copied().cycle().take(length).collect();
    Ok(Tensor::from_data(vi_runtime::burn::tensor::TensorData::new(values, [length]), &tests::device()?))
}

/// The log evidence by the forward recursion, and its slopes in the numbers of moves and emissions by the backward one (Rabiner 1989):
/// how often each is expected to be taken, over the number.
fn forward_backward(seen: &[i64]) -> (f64, Vec<f64>, Vec<f64>) {
    let emit = |state: usize, t: usize| EMITS[state][seen[t] as usize];
    let mut forward = vec![[0, 1, 2].map(|x| INITIAL[x] * emit(x, 0))];
    for t in 1..seen.len() {
        let last = forward[t - 1];
        forward.push([0, 1, 2].map(|x| (0..3).map(|w| last[w] * MOVES[w][x]).sum::<f64>() * emit(x, t)));
    }
    let evidence: f64 = forward[seen.len() - 1].iter().sum();
    let mut backward = vec![[1.0; 3]; seen.len()];
    for t in (1..seen.len()).rev() {
        let next = backward[t];
        backward[t - 1] = [0, 1, 2].map(|w| (0..3).map(|x| MOVES[w][x] * emit(x, t) * next[x]).sum());
    }
    let (mut moves, mut emits) = ([[0.0; 3]; 3], [[0.0; 4]; 3]);
    for t in 0..seen.len() {
        for x in 0..3 {
            emits[x][seen[t] as usize] += forward[t][x] * backward[t][x] / evidence / emit(x, t);
            for w in (0..3).filter(|_| t > 0) {
                moves[w][x] += forward[t - 1][w] * emit(x, t) * backward[t][x] / evidence;
            }
        }
    }
    (evidence.ln(), moves.concat(), emits.concat())
}

#[test]
fn table_of_twenty_observations() -> Result<()> {
    for (length, expected) in [(6, -10.510971430556749), (20, -31.13845098927655)] {
        for (dtype, allowed) in precisions() {
            let y = seen(length)?;
            let (elbo, slopes) = first_step(&states(y.clone()), &nothing(y), dtype, Execution::Compiled)?;
            assert_near(&[elbo], &[expected], allowed, &format!("{length}, {dtype:?}"));
            let (log_evidence, moves, emits) = forward_backward(&SEEN[..length]);
            assert_near(&[log_evidence], &[expected], 1e-12, "the recursion");
            for (name, expected) in [("moves", moves), ("emits", emits)] {
                assert_near(&slopes[name], &expected, slope_tolerance(dtype, allowed), &format!("{length}, {dtype:?}, {name}"));
            }
        }
    }
    Ok(())
}

#[test]
fn chains_of_many_lengths() -> Result<()> {
    for length in [2, 3, 10, 30, 500] {
        for (dtype, allowed) in precisions() {
            let y = seen(length)?;
            let (elbo, slopes) = first_step(&states(y.clone()), &nothing(y.clone()), dtype, Execution::Compiled)?;
            let (expected, expected_slopes) = first_step(&collapsed(y.clone()), &nothing(y), dtype, Execution::Compiled)?;
            assert_near(&[elbo], &[expected], allowed, &format!("{length}, {dtype:?}"));
            for (name, expected) in &expected_slopes {
                assert_near(&slopes[name], expected, slope_tolerance(dtype, allowed), &format!("{length}, {dtype:?}, {name}"));
            }
        }
    }
    Ok(())
}

#[test]
fn executions_agree_on_short_chains() -> Result<()> {
    for length in [2, 3, 5] {
        for (dtype, allowed) in precisions() {
            let y = seen(length)?;
            let [eager, compiled] = executions().map(|execution| first_step(&states(y.clone()), &nothing(y.clone()), dtype, execution));
            let (eager, compiled) = (eager?, compiled?);
            assert_near(&[compiled.0], &[eager.0], allowed, "evidence");
            for (name, slopes) in &eager.1 {
                assert_near(&compiled.1[name], slopes, slope_tolerance(dtype, allowed), name);
            }
        }
    }
    Ok(())
}
