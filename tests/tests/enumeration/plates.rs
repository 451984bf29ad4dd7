//! Sites in plates: a mixture, two sites, a subsample, what stands above a plate.

use std::path::Path;

use serde_json::Value;
use tests::executions;
use vi_runtime::Execution;
use vi_runtime::prelude::*;

use crate::evidence::{assert_near, first_step, precisions, slope_tolerance};

#[model]
fn mixture(y: Tensor<1>) {
    let loc = param!("loc", [-3.0, 0.0, 4.0]);
    let scale = param!("scale", [1.0, 0.5, 1.5]);
    plate!("unit", y.dims()[0], {
        let z = sample!("z", Categorical::new([0.2, 0.5, 0.3]), strategy = Enumerate);
        observe!("y", Normal::new(loc.select(0, z.clone()), scale.select(0, z)), y);
    });
}

#[guide]
fn nothing(_y: Tensor<1>) {}

fn table() -> Result<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/gmm_enumerated.json");
    serde_json::from_str(&std::fs::read_to_string(path).map_err(Error::other)?).map_err(Error::other)
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

fn data(values: &[f64]) -> Result<Tensor<1>> {
    let values = vi_runtime::burn::tensor::TensorData::new(values.to_vec(), [values.len()]);
    Ok(Tensor::from_data(values, (&tests::device()?, FloatDType::F32.into())))
}

/// Values and slopes of 12 observations from the table; the numbers of the data are rounded to f32.
#[test]
fn mixture_of_three() -> Result<()> {
    let table = table()?;
    let y = data(&list(&table["y"]))?;
    for (dtype, _) in precisions() {
        let (elbo, slopes) = first_step(&mixture(y.clone()), &nothing(y.clone()), dtype, Execution::Compiled)?;
        assert_near(&[elbo], &[table["log_evidence"].as_f64().unwrap_or(f64::NAN)], 2e-6, "evidence");
        assert_near(&slopes["loc"], &list(&table["d_logev_d_m"]), 5e-3, "loc");
        assert_near(&slopes["scale"], &list(&table["d_logev_d_s"]), 5e-3, "scale");
    }
    Ok(())
}

/// The ELBO of a fit is summed as well; without a site that is drawn it is the evidence.
#[test]
fn the_elbo_of_a_fit() -> Result<()> {
    let table = table()?;
    let y = data(&list(&table["y"]))?;
    let fit = Svi::new(&mixture(y.clone()), nothing(y)).steps(0).run()?;
    let elbo = fit.elbo_from(2)?;
    assert_near(&[elbo.value], &[table["log_evidence"].as_f64().unwrap_or(f64::NAN)], 2e-6, "evidence");
    assert_eq!(elbo.kl, 0.0);
    Ok(())
}

/// 243 joint values of five observations, and the same taken apart.
#[test]
fn executions_agree_on_a_mixture() -> Result<()> {
    let table = table()?;
    let y = data(&list(&table["y"])[..5])?;
    let expected: f64 = list(&table["log_evidence_per_datum"])[..5].iter().sum();
    for (dtype, allowed) in precisions() {
        let [eager, compiled] = executions().map(|execution| first_step(&mixture(y.clone()), &nothing(y.clone()), dtype, execution));
        let (eager, compiled) = (eager?, compiled?);
        assert_near(&[eager.0], &[expected], 2e-6, "evidence");
        assert_near(&[compiled.0], &[eager.0], allowed, "evidence");
        for (name, slopes) in &eager.1 {
            assert_near(&compiled.1[name], slopes, slope_tolerance(dtype, allowed), name);
        }
    }
    Ok(())
}

#[model]
fn subsampled(y: Tensor<1>) {
    let loc = param!("loc", [-1.0, 2.0]);
    plate!("unit", 30, subsample = 3, |_idx| {
        let z = sample!("z", Bernoulli::new(0.3), strategy = Enumerate);
        observe!("y", Normal::new(loc.select(0, z), 1.0), y);
    });
}

/// Each unit of the subsample counts ten times.
#[test]
fn a_subsampled_plate() -> Result<()> {
    let y = [0.5, -1.5, 2.25];
    let density = |y: f64, loc: f64| (-0.5 * (y - loc).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let expected: f64 = 10.0 * y.iter().map(|&y| (0.7 * density(y, -1.0) + 0.3 * density(y, 2.0)).ln()).sum::<f64>();
    for (dtype, allowed) in precisions() {
        for execution in executions() {
            let (elbo, slopes) = first_step(&subsampled(data(&y)?), &nothing(data(&y)?), dtype, execution)?;
            assert_near(&[elbo], &[expected], allowed, &format!("{dtype:?}, {execution:?}"));
            let slope = |loc: f64, p: f64| -> f64 {
                let weight = |y: f64| p * density(y, loc) / (0.7 * density(y, -1.0) + 0.3 * density(y, 2.0));
                10.0 * y.iter().map(|&y| weight(y) * (y - loc)).sum::<f64>()
            };
            let expected = [slope(-1.0, 0.7), slope(2.0, 0.3)];
            assert_near(&slopes["loc"], &expected, slope_tolerance(dtype, allowed), &format!("{dtype:?}, {execution:?}"));
        }
    }
    Ok(())
}

#[model]
fn two_sites(y: Tensor<1>) {
    let effect = param!("effect", [0.5, -0.25]);
    let g = sample!("g", Bernoulli::new(0.4), strategy = Enumerate);
    plate!("unit", y.dims()[0], {
        let rate = g.float().cast(effect.dtype()) * 0.5 + 0.2;
        let u = sample!("u", Bernoulli::new(rate), strategy = Enumerate);
        let v = sample!("v", Categorical::new([0.1, 0.3, 0.6]), strategy = Enumerate);
        observe!("y", Normal::new(effect.clone().select(0, u) + v.float().cast(effect.dtype()), 1.0), y);
    });
}

/// One site above the plate, two inside: the sum by its definition, in both executions.
#[test]
fn sites_above_and_in_a_plate() -> Result<()> {
    let y = [0.5, 1.75];
    let density = |y: f64, loc: f64| (-0.5 * (y - loc).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let unit = |y: f64, g: usize| -> f64 {
        let rate = 0.2 + 0.5 * g as f64;
        (0..2)
            .flat_map(|u| (0..3).map(move |v| (u, v)))
            .map(|(u, v)| [1.0 - rate, rate][u] * [0.1, 0.3, 0.6][v] * density(y, [0.5, -0.25][u] + v as f64))
            .sum()
    };
    let expected = (0..2).map(|g| [0.6, 0.4][g] * y.iter().map(|&y| unit(y, g)).product::<f64>()).sum::<f64>().ln();
    let mut slopes = Vec::new();
    for (dtype, allowed) in precisions() {
        for execution in executions() {
            let (elbo, found) = first_step(&two_sites(data(&y)?), &nothing(data(&y)?), dtype, execution)?;
            assert_near(&[elbo], &[expected], allowed, &format!("{dtype:?}, {execution:?}"));
            slopes.push((dtype, allowed, found["effect"].clone()));
        }
    }
    for pair in slopes.chunks(2) {
        assert_near(&pair[1].2, &pair[0].2, slope_tolerance(pair[0].0, pair[0].1), "slopes");
    }
    Ok(())
}

#[model]
fn plain_mixture(y: Tensor<1>) {
    let weights = sample!("weights", Dirichlet::new([2.0, 3.0]));
    plate!("unit", y.dims()[0], {
        let z = sample!("z", Categorical::new(&weights));
        observe!("y", Normal::new(z.float().cast(y.dtype()) * 3.0, 1.0), y);
    });
}

/// A handler enumerates what the model draws, and an automatic guide has the rest.
#[test]
fn handlers_and_automatic_guides() -> Result<()> {
    let y = data(&[0.5, 2.5, 3.5, 2.0])?;
    let model = handler::enumerate(plain_mixture(y), ["z"]);
    for (dtype, allowed) in precisions() {
        let [eager, compiled] = executions().map(|execution| first_step(&model, &AutoNormal::new(), dtype, execution));
        let (eager, compiled) = (eager?, compiled?);
        assert_near(&[compiled.0], &[eager.0], allowed, "evidence");
        assert!(!eager.1.is_empty());
        for (name, slopes) in &eager.1 {
            assert_near(&compiled.1[name], slopes, slope_tolerance(dtype, allowed), name);
        }
    }
    Ok(())
}

#[model]
fn masked(y: Tensor<1>, mask: Tensor<1, Bool>) {
    let loc = param!("loc", [-1.0, 2.0]);
    plate!("unit", 3, {
        let z = sample!("z", Bernoulli::new([0.3]), strategy = Enumerate);
        observe!("y", Normal::new(loc.select(0, z), 1.0), y, mask = mask);
    });
}

/// A unit that is masked leaves nothing behind.
#[test]
fn masked_units() -> Result<()> {
    let y = data(&[0.5, f64::NAN, 2.25])?;
    let mask = Tensor::<1, Bool>::from_data([true, false, true], &tests::device()?);
    let density = |y: f64, loc: f64| (-0.5 * (y - loc).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let expected: f64 = [0.5, 2.25].iter().map(|&y| (0.7 * density(y, -1.0) + 0.3 * density(y, 2.0)).ln()).sum();
    let model = masked(y.clone(), mask.clone());
    // The same where the site itself does not count either.
    let whole = handler::mask(model.clone(), mask);
    for execution in executions() {
        let (elbo, _) = first_step(&model, &nothing(y.clone()), FloatDType::F32, execution)?;
        assert_near(&[elbo], &[expected], 1e-5, &format!("{execution:?}"));
        let (elbo, _) = first_step(&whole, &nothing(y.clone()), FloatDType::F32, execution)?;
        assert_near(&[elbo], &[expected], 1e-5, &format!("{execution:?}, handler"));
    }
    Ok(())
}
