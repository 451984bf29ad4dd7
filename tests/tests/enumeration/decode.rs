//! What enumerated sites are after a fit: probabilities, most probable values, draws.

use vi_runtime::burn::tensor::TensorData;
use vi_runtime::prelude::*;

use crate::evidence::{assert_near, precisions};

fn tensor(values: &[f64], dtype: FloatDType) -> Result<Tensor<1>> {
    Ok(Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), (&tests::device()?, dtype.into())))
}

/// A fit of a model without parameters: nothing moves.
fn fitted<M: Program + Clone>(model: &M) -> Result<Fit<M, impl Program + use<M>>> {
    Svi::new(model, nothing()).steps(0).run()
}

#[guide]
fn nothing() {}

#[model]
fn mixture(y: Tensor<1>, loc: Tensor<1>, scale: Tensor<1>) {
    plate!("unit", y.dims()[0], {
        let z = sample!("z", Categorical::new([0.2, 0.5, 0.3]), strategy = Enumerate);
        let mean = deterministic!("mean", loc.select(0, z.clone()));
        observe!("y", Normal::new(mean, scale.select(0, z)), y);
    });
}

/// The data of `gmm_enumerated.json`, and the responsibilities as scipy computes them from the densities.
const SEEN: [f64; 12] = [-3.0136, -1.9968, -3.1454, -0.2613, -0.5138, -1.3208, -0.0681, -0.1951, 4.8625, 3.8941, 4.9615, 1.6];
const RESPONSIBILITIES: [[f64; 3]; 12] = [
    [0.9999820435156772, 6.46641541385971e-08, 1.7891820168543756e-05],
    [0.9966057646198434, 0.002836521023549034, 0.0005577143566076447],
    [0.9999880443377235, 1.2886489866350143e-08, 1.19427757866431e-05],
    [0.005340045155478066, 0.9906442565391813, 0.004015698305340693],
    [0.015131792932353179, 0.9812724634758471, 0.003595743591799776],
    [0.6124611709785172, 0.382892729006234, 0.004646100015248763],
    [0.002723060446306631, 0.9922131130454898, 0.0050638265082036905],
    [0.0041879214032196676, 0.9915272614113434, 0.004284817185437104],
    [4.446197561673462e-14, 1.71366805684776e-20, 0.9999999999999555],
    [4.790434607004952e-11, 3.3787555125175305e-13, 0.9999999999517577],
    [2.1146502075765343e-14, 2.5502658431452265e-21, 0.9999999999999789],
    [8.254565683003405e-05, 0.09703135240225527, 0.9028861019409147],
];

#[test]
fn responsibilities_of_a_mixture() -> Result<()> {
    for (dtype, allowed) in precisions() {
        // The numbers of the reference are those of the data in single precision.
        let y = tensor(&SEEN, FloatDType::F32)?.cast(dtype);
        let model = mixture(y, tensor(&[-3.0, 0.0, 4.0], dtype)?, tensor(&[1.0, 0.5, 1.5], dtype)?);
        let fit = fitted(&model)?;
        let (found, shape) = fit.marginals(2)?.z.to_f64()?;
        assert_eq!(shape, [2, 12, 3]);
        for draw in found.chunks_exact(36) {
            assert_near(draw, &RESPONSIBILITIES.concat(), allowed.max(1e-12), &format!("{dtype:?}"));
        }
        let best = fit.infer_discrete(Decode::Map, 1)?;
        let expected: Vec<f64> =
            RESPONSIBILITIES.iter().map(|row| (0..3).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or(0) as f64).collect();
        assert_eq!(best.z.to_f64()?, (expected.clone(), vec![1, 12]));
        let means: Vec<f64> = expected.iter().map(|k| [-3.0, 0.0, 4.0][*k as usize]).collect();
        assert_eq!(best.mean.to_f64()?.0, means);
    }
    Ok(())
}

/// Each unit's frequencies against its responsibilities: Σ (n − N r)²/(N r) over the values of all units whose expected count is at least 5,
/// below the 0.9999 quantile for its degrees of freedom.
#[test]
fn draws_of_a_mixture() -> Result<()> {
    let draws = usize::try_from(tests::scaled(1000)).unwrap_or(1000);
    let dtype = FloatDType::F32;
    let model = mixture(tensor(&SEEN, dtype)?, tensor(&[-3.0, 0.0, 4.0], dtype)?, tensor(&[1.0, 0.5, 1.5], dtype)?);
    let found = fitted(&model)?.infer_discrete(Decode::Sample, draws)?;
    let ((z, shape), (means, _)) = (found.z.to_f64()?, found.mean.to_f64()?);
    assert_eq!(shape, [draws, 12]);
    for (z, mean) in z.iter().zip(&means) {
        assert_eq!(*mean, [-3.0, 0.0, 4.0][*z as usize]);
    }
    let (mut chi_square, mut freedom) = (0.0, 0.0);
    for (unit, row) in RESPONSIBILITIES.iter().enumerate() {
        let expected: Vec<f64> = row.iter().map(|r| r * draws as f64).collect();
        let tested: Vec<usize> = (0..3).filter(|k| expected[*k] >= 5.0).collect();
        for &k in &tested {
            let count = z.iter().skip(unit).step_by(12).filter(|z| **z == k as f64).count() as f64;
            chi_square += (count - expected[k]).powi(2) / expected[k];
        }
        freedom += tested.len().saturating_sub(1) as f64;
    }
    // Wilson and Hilferty (1931): the cube root is nearly normal.
    let bound = freedom * (1.0 - 2.0 / (9.0 * freedom) + 3.72 * (2.0 / (9.0 * freedom)).sqrt()).powi(3);
    assert!(chi_square < bound, "{chi_square} with {freedom} degrees of freedom, bound {bound}");
    Ok(())
}

const INITIAL: [f64; 3] = [0.2, 0.5, 0.3];
const MOVES: [f64; 9] = [0.8, 0.15, 0.05, 0.1, 0.85, 0.05, 0.05, 0.15, 0.8];
const EMITS: [f64; 12] = [0.7, 0.2, 0.05, 0.05, 0.1, 0.7, 0.15, 0.05, 0.05, 0.05, 0.2, 0.7];
const SYMBOLS: [i64; 20] = [2, 3, 3, 1, 2, 3, 3, 3, 1, 2, 1, 2, 2, 1, 1, 0, 3, 0, 1, 0];

#[model]
fn states(y: Tensor<1, Int>, moves: Tensor<1>, emits: Tensor<1>) {
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

fn symbols(length: usize) -> Result<Tensor<1, Int>> {
    let values: Vec<i64> = SYMBOLS.iter().copied().cycle().take(length).collect();
    Ok(Tensor::from_data(TensorData::new(values, [length]), &tests::device()?))
}

/// By forward and backward recursions in double precision, state after state.
const SMOOTHED: [[f64; 20]; 3] = [
    [
        0.01098634922843127,
        0.002923836849936488,
        0.003769605561714434,
        0.01858914190026561,
        0.008980437463666,
        0.002388254988588643,
        0.001536711895852667,
        0.005748660698280529,
        0.0219599909788948,
        0.01620238989361016,
        0.01614201879350296,
        0.01792867535438316,
        0.02733822521288806,
        0.06257793052857166,
        0.1940971854281816,
        0.7003571135142184,
        0.6840435928384136,
        0.8284854524133106,
        0.7225845791005082,
        0.8236984839111319,
    ],
    [
        0.08610939005575709,
        0.01698436318581082,
        0.02899529299385328,
        0.2559091852475362,
        0.127918853605349,
        0.01430117293082012,
        0.01014500194374032,
        0.06812366956010829,
        0.8448425652775474,
        0.8867784530243821,
        0.9613463862859979,
        0.932464886192362,
        0.9282659057213858,
        0.9325914116657847,
        0.8019906693019346,
        0.2716067352472655,
        0.1857354490552081,
        0.1491266767546778,
        0.2722793834405154,
        0.1665688660275233,
    ],
    [
        0.9029042607158115,
        0.9800917999642527,
        0.9672351014444323,
        0.7255016728521982,
        0.863100708930985,
        0.9833105720805911,
        0.9883182861604071,
        0.9261276697416111,
        0.1331974437435579,
        0.09701915708200784,
        0.02251159492049921,
        0.04960643845325476,
        0.04439586906572607,
        0.004830657805643537,
        0.003912145269883848,
        0.02803615123851604,
        0.1302209581063782,
        0.02238787083201157,
        0.005136037458976414,
        0.009732650061344775,
    ],
];
const VITERBI: [f64; 20] = [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];

#[test]
fn smoothing_and_viterbi_of_a_table() -> Result<()> {
    for (dtype, allowed) in precisions() {
        let fit = fitted(&states(symbols(20)?, tensor(&MOVES, dtype)?, tensor(&EMITS, dtype)?))?;
        let (found, shape) = fit.marginals(1)?.x.to_f64()?;
        assert_eq!(shape, [1, 20, 1, 3]);
        let expected: Vec<f64> = (0..60).map(|i| SMOOTHED[i % 3][i / 3]).collect();
        assert_near(&found, &expected, allowed, &format!("{dtype:?}"));
        assert_eq!(fit.infer_discrete(Decode::Map, 1)?.x.to_f64()?, (VITERBI.to_vec(), vec![1, 20, 1]));
    }
    Ok(())
}

#[test]
fn chains_of_many_lengths_against_the_collapsed_chain() -> Result<()> {
    for length in [2, 3, 31, 500] {
        for (dtype, allowed) in precisions() {
            let (moves, emits) = (tensor(&MOVES, dtype)?, tensor(&EMITS, dtype)?);
            let fit = fitted(&states(symbols(length)?, moves.clone(), emits.clone()))?;
            let rows = Categorical::new(emits.reshape::<3, _>([1, 3, 4])).expand([length, 3]);
            let hmm = DiscreteHmm::new(INITIAL, moves.reshape([3, 3]), rows);
            let smoothed = tests::numbers(hmm.smoothed(&symbols(length)?))?;
            assert_near(&fit.marginals(1)?.x.to_f64()?.0, &smoothed, 10.0 * allowed, &format!("{length}, {dtype:?}"));
            let path = tests::numbers(hmm.most_probable(&symbols(length)?).0)?;
            assert_eq!(fit.infer_discrete(Decode::Map, 1)?.x.to_f64()?.0, path, "{length}, {dtype:?}");
        }
    }
    Ok(())
}

/// A site above a plate and two inside; the second form of the model reads a value, so that it cannot be recorded.
#[model]
fn two_sites(y: Tensor<1>, reads: bool) {
    let shift = if reads { f64::from(y.clone().sum().into_scalar::<f32>()) * 0.0 } else { 0.0 };
    let g = sample!("g", Bernoulli::new(0.4), strategy = Enumerate);
    plate!("unit", y.dims()[0], {
        let rate = g.float() * 0.5 + 0.2;
        let u = sample!("u", Bernoulli::new(rate), strategy = Enumerate);
        let v = sample!("v", Categorical::new([0.1, 0.3, 0.6]), strategy = Enumerate);
        observe!("y", Normal::new(u.float() * -0.75 + v.float() + (0.5 + shift), 1.0), y);
    });
}

const UNITS: [f64; 2] = [0.5, 1.75];

/// `p(g, u, v | y)` by its definition: the index counts g, then u and v of the first unit, then those of the second.
fn joint() -> Vec<f64> {
    let density = |y: f64, loc: f64| (-0.5 * (y - loc).powi(2)).exp();
    let unit = |y: f64, g: usize, u: usize, v: usize| {
        let rate = 0.2 + 0.5 * g as f64;
        [1.0 - rate, rate][u] * [0.1, 0.3, 0.6][v] * density(y, 0.5 - 0.75 * u as f64 + v as f64)
    };
    let all = (0..72).map(|i| {
        let (g, first, second) = (i / 36, i / 6 % 6, i % 6);
        [0.6, 0.4][g] * unit(UNITS[0], g, first / 3, first % 3) * unit(UNITS[1], g, second / 3, second % 3)
    });
    let all: Vec<f64> = all.collect();
    let total: f64 = all.iter().sum();
    all.into_iter().map(|p| p / total).collect()
}

#[test]
fn sites_above_and_in_a_plate() -> Result<()> {
    let joint = joint();
    let marginal = |holds: &dyn Fn(usize) -> bool| -> f64 { joint.iter().enumerate().filter(|(i, _)| holds(*i)).map(|(_, p)| p).sum() };
    let of_g: Vec<f64> = (0..2).map(|g| marginal(&|i| i / 36 == g)).collect();
    let pair = |i: usize, unit: usize| if unit == 0 { i / 6 % 6 } else { i % 6 };
    let of_u: Vec<f64> = (0..4).map(|at| marginal(&|i| pair(i, at / 2) / 3 == at % 2)).collect();
    let of_v: Vec<f64> = (0..6).map(|at| marginal(&|i| pair(i, at / 3) % 3 == at % 3)).collect();
    let best = joint.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(i, _)| i);
    for reads in [false, true] {
        let fit = fitted(&two_sites(tensor(&UNITS, FloatDType::F32)?, reads))?;
        let found = fit.marginals(1)?;
        for (found, expected) in [(&found.g, &of_g), (&found.u, &of_u), (&found.v, &of_v)] {
            assert_near(&found.to_f64()?.0, expected, tests::tolerance(1e-6), &format!("{}, reads a value: {reads}", found.name()));
        }
        let mode = fit.infer_discrete(Decode::Map, 1)?;
        assert_eq!(mode.g.to_f64()?.0, [(best / 36) as f64]);
        assert_eq!(mode.u.to_f64()?.0, [(best / 6 % 6 / 3) as f64, (best % 6 / 3) as f64]);
        assert_eq!(mode.v.to_f64()?.0, [(best / 6 % 3) as f64, (best % 3) as f64]);
    }
    Ok(())
}

/// The frequency of every joint value, within 4.5 standard errors.
#[test]
fn joint_draws_have_the_frequencies_of_the_posterior() -> Result<()> {
    for (reads, draws) in [(false, tests::scaled(2000)), (true, tests::scaled(200))] {
        let draws = usize::try_from(draws).unwrap_or(200);
        let found = fitted(&two_sites(tensor(&UNITS, FloatDType::F32)?, reads))?.infer_discrete(Decode::Sample, draws)?;
        let [(g, _), (u, _), (v, _)] = [found.g.to_f64()?, found.u.to_f64()?, found.v.to_f64()?];
        let mut counts = vec![0.0; 72];
        for draw in 0..draws {
            let pair = |unit: usize| 3 * u[2 * draw + unit] as usize + v[2 * draw + unit] as usize;
            counts[36 * g[draw] as usize + 6 * pair(0) + pair(1)] += 1.0;
        }
        for (count, p) in counts.iter().zip(joint()) {
            let (expected, error) = (draws as f64 * p, (draws as f64 * p * (1.0 - p)).sqrt());
            assert!((count - expected).abs() < 4.5 * error.max(1.0), "reads a value: {reads}: {count}, expected {expected}");
        }
    }
    Ok(())
}

#[model]
fn switched(y: f64) {
    let x = sample!("x", Normal::new(0.0, 2.0));
    let k = sample!("k", Bernoulli::new(0.3), strategy = Enumerate);
    let shifted = deterministic!("shifted", x + k.float() * 3.0);
    observe!("y", Normal::new(shifted, 1.0), y);
}

/// Given the guide's draw of x, p(k = 1) is a ratio of two normal densities; the draws are those of the posterior.
#[test]
fn sites_beside_a_continuous_one() -> Result<()> {
    let fit = Svi::new(&switched(2.5), AutoNormal::new()).steps(50).seed(5).run()?;
    let (posterior, draws, tables) = (fit.posterior(400)?, fit.infer_discrete(Decode::Sample, 400)?, fit.marginals(400)?);
    let (x, _) = posterior.x.to_f64()?;
    assert_eq!(draws.x.to_f64()?.0, x);
    let ((k, _), (shifted, _), (tables, shape)) = (draws.k.to_f64()?, draws.shifted.to_f64()?, tables.k.to_f64()?);
    assert_eq!(shape, [400, 1, 2]);
    let mut apart = 0.0;
    let mut variance = 0.0;
    for i in 0..400 {
        let weight = |p: f64, loc: f64| p * (-0.5 * (2.5 - loc).powi(2)).exp();
        let p = weight(0.3, x[i] + 3.0) / (weight(0.3, x[i] + 3.0) + weight(0.7, x[i]));
        assert!((tables[2 * i + 1] - p).abs() < 1e-5, "{}, expected {p}", tables[2 * i + 1]);
        assert!((shifted[i] - x[i] - 3.0 * k[i]).abs() < 1e-5);
        apart += k[i] - p;
        variance += p * (1.0 - p);
    }
    assert!(apart.abs() < 4.0 * variance.sqrt(), "{apart}, standard error {}", variance.sqrt());
    Ok(())
}

#[model]
fn subsampled(y: Tensor<1>) {
    let g = sample!("g", Bernoulli::new(0.5), strategy = Enumerate);
    plate!("unit", 30, subsample = 3, |idx| {
        let loc = g.float() * 0.5;
        let z = sample!("z", Bernoulli::new([0.3]), strategy = Enumerate);
        let there = y.clone().select(0, idx);
        deterministic!("there", there.clone());
        observe!("y", Normal::new(z.float() * 2.0 + loc, 1.0), there);
    });
}

/// Each unit of the subsample counts ten times for the site above the plate, and once for its own.
#[test]
fn a_subsampled_plate() -> Result<()> {
    let y: Vec<f64> = (0..30).map(|i| f64::from(i) * 0.1 - 0.5).collect();
    let fit = fitted(&subsampled(tensor(&y, FloatDType::F32)?))?;
    let there = fit.infer_discrete(Decode::Sample, 1)?.there.to_f64()?.0;
    let tables = fit.marginals(1)?;
    let unit = |y: f64, g: usize, z: usize| [0.7, 0.3][z] * (-0.5 * (y - 2.0 * z as f64 - 0.5 * g as f64).powi(2)).exp();
    let weight = |g: usize| there.iter().map(|&y| 10.0 * (unit(y, g, 0) + unit(y, g, 1)).ln()).sum::<f64>().exp();
    let g = weight(1) / (weight(0) + weight(1));
    assert_near(&tables.g.to_f64()?.0, &[1.0 - g, g], 1e-5, "above the plate");
    let given = |y: f64, g: usize| unit(y, g, 1) / (unit(y, g, 0) + unit(y, g, 1));
    let expected: Vec<f64> = there.iter().map(|&y| (1.0 - g) * given(y, 0) + g * given(y, 1)).flat_map(|p| [1.0 - p, p]).collect();
    assert_near(&tables.z.to_f64()?.0, &expected, 1e-5, "in the plate");
    Ok(())
}

#[model]
fn drawn() {
    sample!("x", Normal::new(0.0, 1.0));
}

#[test]
fn what_cannot_be_decoded() -> Result<()> {
    let fit = Svi::new(&drawn(), AutoNormal::new()).steps(0).run()?;
    let message = |result: Result<_>| result.err().map_or_else(String::new, |error: Error| error.to_string());
    let found = message(fit.infer_discrete(Decode::Map, 1).map(drop));
    assert!(found.contains("enumerates none") && found.contains("strategy = Enumerate"), "{found}");
    let found = message(fit.marginals(0).map(drop));
    assert!(found.contains("draws") && found.contains('0'), "{found}");
    Ok(())
}
