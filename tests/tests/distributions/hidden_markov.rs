//! Hidden Markov models against a table, against the sum over all paths, and over long sequences.

use std::path::Path;

use burn::tensor::{DType, FloatDType, Int, Tensor, TensorData};
use serde_json::Value;
use vi_runtime::dist::*;
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::{Key, Placement};

use super::finest::precision;
use super::{burn, differences, has_f64, leaf, numbers, placement, tensor, test_device};

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= tolerance * expected.abs().max(1e-3), "{found} instead of {expected}");
    }
}

/// Nested numbers in row-major order.
fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

fn ints(values: &[i64]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &test_device())
}

/// What the table's model is made of.
struct Model {
    initial: Vec<f64>,
    transition: Vec<f64>,
    emission: Vec<f64>,
}

impl Model {
    fn hmm(&self, times: usize, logits: bool, to: &Placement) -> DiscreteHmm<1, 2, Categorical<2>> {
        let weights = |numbers: &[f64]| if logits { numbers.iter().map(|x| x.ln() + 0.7).collect() } else { numbers.to_vec() };
        let (s, k) = (self.initial.len(), self.emission.len() / self.initial.len());
        let dtype = to.dtype.into();
        let initial = tensor::<1>(&weights(&self.initial), [s], dtype);
        let transition = tensor::<2>(&weights(&self.transition), [s, s], dtype);
        let emission = Categorical::new(tensor::<3>(&self.emission, [1, s, k], dtype)).expand([times, s]);
        let hmm = if logits { DiscreteHmm::logits(initial, transition, emission) } else { DiscreteHmm::new(initial, transition, emission) };
        assert!(hmm.conflict().is_none());
        hmm.place(to)
    }
}

#[test]
fn the_table_is_met() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/hmm_discrete.json");
    let table: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let model = Model { initial: flat(&table["pi0"]), transition: flat(&table["A"]), emission: flat(&table["B"]) };
    let x: Vec<i64> = flat(&table["x"]).into_iter().map(|x| x as i64).collect();
    let value = ints(&x);
    for (dtype, tolerance) in [(FloatDType::F64, 1e-12), (FloatDType::F32, 2e-5)] {
        if dtype == FloatDType::F64 && !has_f64() {
            continue;
        }
        for logits in [false, true] {
            let hmm = model.hmm(x.len(), logits, &placement(dtype));
            assert_eq!((hmm.shape(), hmm.event_rank(), hmm.name().as_str()), ([20], 1, "DiscreteHmm(Categorical)"));
            close(&numbers(hmm.log_prob(&value)), &flat(&table["log_evidence"]), tolerance);
            let first = model.hmm(6, logits, &placement(dtype)).log_prob(&ints(&x[..6]));
            close(&numbers(first), &flat(&table["log_evidence_first_6"]), tolerance);
            close(&numbers(hmm.smoothed(&value)), &flat(&table["smoothed_marginals"]), 20.0 * tolerance);
            let filtered = hmm.filtered(&value);
            assert_eq!(filtered.dims(), [20, 3]);
            close(&numbers(filtered.narrow(0, 19, 1)), &flat(&table["filtered_last"]), 20.0 * tolerance);
            let (path, joint) = hmm.most_probable(&value);
            assert_eq!(path.into_data().iter::<f64>().collect::<Vec<_>>(), flat(&table["viterbi_path"]));
            close(&numbers(joint), &flat(&table["viterbi_log_joint"]), tolerance);
        }
    }
}

/// Two states, three times, with a transition of its own for each batch and time.
const INITIAL: [f64; 4] = [0.3, 0.7, 0.9, 0.1];
const TRANSITION: [f64; 16] = [0.2, 0.8, 0.6, 0.4, 0.5, 0.5, 0.1, 0.9, 0.7, 0.3, 0.25, 0.75, 1.0, 0.0, 0.35, 0.65];
const LOCS: [f64; 2] = [-0.5, 1.5];
const VALUES: [f64; 6] = [0.3, -1.0, 2.0, 1.0, 0.0, -0.7];

/// The weight of each of the 8 paths of one batch.
fn paths(batch: usize, x: &[f64]) -> Vec<f64> {
    let density = |s: usize, x: f64| (-0.5 * (x - LOCS[s]).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let moved = |t: usize, i: usize, j: usize| TRANSITION[batch * 8 + t * 4 + i * 2 + j];
    let weight = |path: usize| {
        let z = [path >> 2, (path >> 1) & 1, path & 1];
        let chain = INITIAL[batch * 2 + z[0]] * moved(0, z[0], z[1]) * moved(1, z[1], z[2]);
        (0..3).fold(chain, |weight, t| weight * density(z[t], x[t]))
    };
    (0..8).map(weight).collect()
}

fn batched(to: &Placement) -> DiscreteHmm<2, 3, Normal<3>> {
    let dtype = to.dtype.into();
    let emission = Normal::new(tensor::<3>(&LOCS, [1, 1, 2], dtype), 1.0).expand([1, 3, 2]);
    let transition = tensor::<4>(&TRANSITION, [2, 2, 2, 2], dtype);
    let hmm = DiscreteHmm::new(tensor::<2>(&INITIAL, [2, 2], dtype), transition, emission);
    assert!(hmm.conflict().is_none());
    hmm.place(to)
}

#[test]
fn a_batch_with_transitions_of_its_own_equals_the_sum_over_all_paths() {
    let to = placement(precision());
    let hmm = batched(&to);
    assert_eq!((hmm.shape(), hmm.event_rank()), ([2, 3], 1));
    let value = tensor::<2>(&VALUES, [2, 3], to.dtype.into());
    let tolerance = if has_f64() { 1e-12 } else { 2e-5 };
    let (evidence, smoothed, filtered) = (numbers(hmm.log_prob(&value)), numbers(hmm.smoothed(&value)), numbers(hmm.filtered(&value)));
    let (best, joint) = hmm.most_probable(&value);
    assert_eq!((joint.dims(), best.dims()), ([2, 1], [2, 3]));
    let (best, joint) = (best.into_data().iter::<i64>().collect::<Vec<_>>(), numbers(joint));
    for batch in 0..2 {
        let weights = paths(batch, &VALUES[3 * batch..3 * batch + 3]);
        let total: f64 = weights.iter().sum();
        close(&[evidence[batch]], &[total.ln()], tolerance);
        let second: Vec<f64> =
            (0..3).map(|t| (0..8).filter(|path| path >> (2 - t) & 1 == 1).map(|path| weights[path]).sum::<f64>() / total).collect();
        close(&(0..3).map(|t| smoothed[batch * 6 + t * 2 + 1]).collect::<Vec<_>>(), &second, 50.0 * tolerance);
        // The last time is filtered and smoothed alike.
        close(&[filtered[batch * 6 + 5]], &[second[2]], 50.0 * tolerance);
        let likeliest = (0..8).max_by(|&i, &j| weights[i].total_cmp(&weights[j])).unwrap();
        assert_eq!(best[3 * batch..3 * batch + 3].iter().fold(0, |path, z| 2 * path + *z as usize), likeliest);
        close(&[joint[batch]], &[weights[likeliest].ln()], tolerance);
    }
}

/// Chi-square of draws of cells with these probabilities, standardised as in `sampling`.
fn fits(name: &str, probabilities: &[f64], draws: &[usize]) {
    let n = draws.len() as f64;
    let statistic: f64 = (0..probabilities.len())
        .map(|cell| {
            let (expected, found) = (n * probabilities[cell], draws.iter().filter(|&&draw| draw == cell).count() as f64);
            if expected == 0.0 {
                assert_eq!(found, 0.0, "{name}: cell {cell} is impossible");
                return 0.0;
            }
            (found - expected).powi(2) / expected
        })
        .sum();
    let degrees = probabilities.iter().filter(|p| **p > 0.0).count() as f64 - 1.0;
    let spread = 2.0 / (9.0 * degrees);
    let z = ((statistic / degrees).cbrt() - 1.0 + spread) / spread.sqrt();
    assert!(z < 3.7, "{name}: chi-square {statistic} with {degrees} degrees");
}

#[test]
fn paths_given_the_observations_have_their_posterior_probabilities() {
    let to = placement(precision());
    let hmm = batched(&to);
    let mut source = HostNoise::new(Key::new(301), to.clone());
    let mut noise = Noise::new(&mut source);
    let value = tensor::<2>(&VALUES, [2, 3], to.dtype.into());
    let mut drawn = [Vec::new(), Vec::new()];
    for _ in 0..4_000 {
        let path = hmm.draw_posterior(&value, &mut noise).unwrap().into_data().iter::<i64>().collect::<Vec<_>>();
        for (batch, drawn) in drawn.iter_mut().enumerate() {
            drawn.push(path[3 * batch..3 * batch + 3].iter().fold(0, |path, z| 2 * path + *z as usize));
        }
    }
    for (batch, drawn) in drawn.iter().enumerate() {
        let weights = paths(batch, &VALUES[3 * batch..3 * batch + 3]);
        let total: f64 = weights.iter().sum();
        fits("posterior", &weights.iter().map(|w| w / total).collect::<Vec<_>>(), drawn);
    }
}

#[test]
fn drawn_sequences_have_the_probabilities_of_the_density() {
    let to = placement(precision());
    let emission = Categorical::new(tensor::<4>(&[0.9, 0.1, 0.3, 0.7], [1, 1, 2, 2], to.dtype.into())).expand([20_000, 3, 2]);
    let hmm = DiscreteHmm::<2, 3, _>::new([0.2, 0.8], [[0.7, 0.3], [0.1, 0.9]], emission).place(&to);
    assert_eq!(hmm.shape(), [20_000, 3]);
    let mut source = HostNoise::new(Key::new(302), to.clone());
    let drawn = hmm.draw(&mut Noise::new(&mut source)).unwrap().into_data().iter::<i64>().collect::<Vec<_>>();
    let cells: Vec<usize> = drawn.chunks(3).map(|x| x.iter().fold(0, |cell, x| 2 * cell + *x as usize)).collect();
    let all: Vec<i64> = (0..8).flat_map(|cell| [cell >> 2, (cell >> 1) & 1, cell & 1]).collect();
    let one = Categorical::new(tensor::<4>(&[0.9, 0.1, 0.3, 0.7], [1, 1, 2, 2], to.dtype.into())).expand([1, 3, 2]);
    let hmm = DiscreteHmm::<2, 3, _>::new([0.2, 0.8], [[0.7, 0.3], [0.1, 0.9]], one).place(&to);
    let probabilities = numbers(hmm.log_prob(&ints(&all).reshape([8, 3])).exp());
    assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-6);
    fits("sequences", &probabilities, &cells);
}

/// The forward recursion with a scale for each step, on the host.
fn host_evidence(initial: &[f64], transition: &[f64], likelihood: &[f64]) -> f64 {
    let s = initial.len();
    let mut alpha = initial.to_vec();
    let mut total = 0.0;
    for (t, seen) in likelihood.chunks(s).enumerate() {
        if t > 0 {
            alpha = (0..s).map(|j| (0..s).map(|i| alpha[i] * transition[i * s + j]).sum()).collect();
        }
        let largest = seen.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        alpha.iter_mut().zip(seen).for_each(|(a, l)| *a *= (l - largest).exp());
        let sum: f64 = alpha.iter().sum();
        alpha.iter_mut().for_each(|a| *a /= sum);
        total += sum.ln() + largest;
    }
    total
}

#[test]
fn long_sequences_neither_underflow_nor_lose_digits() {
    let (initial, transition) = ([0.5, 0.3, 0.2], [[0.9, 0.1, 0.0], [0.05, 0.9, 0.05], [0.0, 0.2, 0.8]]);
    let chain = MarkovChain::new(initial, transition);
    for times in [1, 2, 3, 7, 500, 1023] {
        let likelihood: Vec<f64> = (0..3 * times).map(|i| -30.0 * (f64::from(i as u32) * 0.37).sin().powi(2) - 1.0).collect();
        let expected = host_evidence(&initial, &transition.concat(), &likelihood);
        for (dtype, tolerance) in [(DType::F64, 1e-12), (DType::F32, 2e-5)] {
            if dtype == DType::F64 && !has_f64() {
                continue;
            }
            let likelihood = tensor::<3>(&likelihood, [1, times, 3], dtype);
            close(&numbers(chain.log_evidence(&likelihood)), &[expected], tolerance);
            // What is left of the last filtered marginals is the ratio of two evidences.
            let sums = chain.smoothed(&likelihood).sum_dim(2);
            assert!(numbers(sums).iter().all(|sum| (sum - 1.0).abs() < 1e-5));
        }
    }
}

#[test]
fn gradients_agree_with_differences() {
    let x = ints(&[0, 2, 1, 1, 0, 2, 2]);
    differences::check("DiscreteHmm", &[&[0.3, -0.2], &[0.5, -1.0, 0.2, 1.0], &[0.1, 0.4, -0.3, 0.9, 0.0, -1.0]], |t| {
        let emission = Categorical::logits(t[2].clone().reshape([1, 2, 3])).expand([7, 2]);
        DiscreteHmm::<1, 2, _>::logits(&t[0], t[1].clone().reshape([2, 2]), emission).log_prob(&x)
    });
}

#[test]
fn moves_that_never_happen_leave_no_nan_in_the_gradient() {
    let transition = leaf::<2>(&[1.0, 0.0, 0.3, 0.7], [2, 2], DType::F32);
    let initial = leaf::<1>(&[0.0, 1.0], [2], DType::F32);
    let likelihood = tensor::<3>(&[-1.0, -2.0, -0.5, f64::NEG_INFINITY, -1.0, -3.0], [1, 3, 2], DType::F32);
    let evidence = MarkovChain::new(&initial, &transition).log_evidence(&likelihood);
    // Only the path 1, 0, 0 is possible.
    close(&numbers(evidence.clone()), &[0.3f64.ln() - 2.0 - 0.5 - 1.0], 1e-6);
    let gradients = evidence.sum().backward();
    close(&numbers(transition.grad(&gradients).unwrap()), &[1.0, 0.0, 1.0 / 0.3, 0.0], 1e-5);
    close(&numbers(initial.grad(&gradients).unwrap()), &[0.0, 1.0], 1e-5);
    // A sequence that no path emits.
    let never = tensor::<3>(&[-1.0, f64::NEG_INFINITY, -0.5, -0.5], [1, 2, 2], DType::F32);
    let evidence = MarkovChain::new(&initial, &transition).log_evidence(&never);
    let gradients = evidence.clone().sum().backward();
    assert_eq!(numbers(evidence), [f64::NEG_INFINITY]);
    assert!(numbers(transition.grad(&gradients).unwrap()).iter().all(|&g| g == 0.0));
}

#[test]
fn parts_that_do_not_fit_are_a_conflict() {
    let emission = || Normal::new([-1.0, 1.0], 1.0).expand([5, 2]);
    assert!(DiscreteHmm::<1, 2, _>::new([0.5, 0.5], [[0.9, 0.1], [0.2, 0.8]], emission()).conflict().is_none());
    assert!(DiscreteHmm::<1, 2, _>::new([0.5, 0.3, 0.2], [[0.9, 0.1], [0.2, 0.8]], emission()).conflict().is_some());
    assert!(DiscreteHmm::<1, 2, _>::new([0.3, 0.3, 0.4], [[0.3; 3]; 3], emission()).conflict().is_some());
    let batch = tensor::<2>(&[0.5; 4], [2, 2], DType::F32);
    assert!(DiscreteHmm::<1, 2, _>::new(batch, [[0.9, 0.1], [0.2, 0.8]], emission()).conflict().is_some());
}

#[test]
fn moments_are_those_of_the_sum_over_all_paths() {
    let to = placement(precision());
    let hmm = batched(&to);
    let tolerance = if has_f64() { 1e-12 } else { 2e-5 };
    let (mean, variance) = (numbers(hmm.mean()), numbers(hmm.variance()));
    for batch in 0..2 {
        let chain = |path: usize| {
            let z = [path >> 2, (path >> 1) & 1, path & 1];
            let moved = |t: usize, i: usize, j: usize| TRANSITION[batch * 8 + t * 4 + i * 2 + j];
            INITIAL[batch * 2 + z[0]] * moved(0, z[0], z[1]) * moved(1, z[1], z[2])
        };
        for t in 0..3 {
            let expectation = |f: &dyn Fn(f64) -> f64| (0..8).map(|path| chain(path) * f(LOCS[path >> (2 - t) & 1])).sum::<f64>();
            let first = expectation(&|loc| loc);
            close(&[mean[3 * batch + t]], &[first], tolerance);
            close(&[variance[3 * batch + t]], &[expectation(&|loc| 1.0 + (loc - first).powi(2))], tolerance);
        }
    }
}
