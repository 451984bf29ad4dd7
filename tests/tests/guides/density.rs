//! A guide's density of its own draws, and its quantiles, against formulas.

use tests::{assert_close, numbers};
use vi_runtime::guide::{AutoGuide, Factor, Guide};
use vi_runtime::prelude::*;

use super::linear_gaussian::double;
use super::mixed::model;

fn fitted<M: Program + Clone, G: Guide<M>>(model: &M, guide: G, steps: u64) -> Result<Fit<M, G::Program>> {
    Svi::new(model, guide).dtype(FloatDType::F64).optimizer(Adam::new(0.02)).steps(steps).particles(2).seed(4).run()
}

/// `log q` as the guide draws, forwards, and at the values drawn, backwards.
fn agrees<G, M: Program + Clone>(model: &M, guide: G) -> Result<()>
where
    G: AutoGuide + Guide<M, Program = <G as AutoGuide>::Program>,
{
    let name = AutoGuide::name(&guide);
    let fit = fitted(model, guide, 150)?;
    let (draws, densities) = fit.scored_draws(4)?;
    let sites: Vec<String> = draws.names().map(str::to_owned).collect();
    for (i, expected) in densities.iter().enumerate() {
        let mut values = Vec::new();
        for site in &sites {
            let (all, shape) = draws.get(site)?.to_f64()?;
            let len = all.len() / shape[0];
            values.push((site.clone(), double(all[i * len..(i + 1) * len].to_vec(), [len])?));
        }
        let found = fit.log_density(values)?;
        assert!((found - expected).abs() < 1e-9 * expected.abs().max(1.0), "{name}: draw {i}: {found}, when drawn {expected}");
    }
    Ok(())
}

#[test]
fn each_guide_knows_the_density_of_its_draws() -> Result<()> {
    let model = model()?;
    agrees(&model, AutoNormal::new())?;
    agrees(&model, AutoDiagonalNormal::new())?;
    agrees(&model, AutoMultivariateNormal::new())?;
    agrees(&model, AutoLowRankMultivariateNormal::new().rank(2))?;
    agrees(&model, AutoStudentT::new())?;
    agrees(&model, AutoIAF::new())?;
    agrees(&model, AutoNeuralSpline::new())?;
    agrees(&model, AutoBNAF::new())?;
    agrees(&model, AutoMixture::new(3))?;
    let whole = AutoStructured::new().otherwise(Conditional::MultivariateNormal);
    agrees(&model, whole.depends("b", ["a"]).depends("d", ["c", "a"]))
}

/// In the coordinates of a start as well: `z = m + F u`.
#[test]
fn a_start_changes_neither_density_nor_its_inverse() -> Result<()> {
    let model = model()?;
    let n = 6;
    let loc: Vec<f64> = (0..n).map(|i| 0.3 - 0.1 * f64::from(i)).collect();
    let scale: Vec<f64> = (0..n).map(|i| 0.2 + 0.1 * f64::from(i)).collect();
    let factor = (0..n * n).map(|k| if k % n == k / n { 0.5 } else { 0.1 * f64::from(k % 3) - 0.1 }).collect();
    let triangle = Start { loc: loc.clone(), factor: Factor::LowerTriangular(factor) };
    agrees(&model, AutoNormal::new().start(triangle.clone()))?;
    agrees(&model, AutoMultivariateNormal::new().start(triangle.clone()))?;
    agrees(&model, AutoStructured::new().depends("c", ["a"]).start(triangle.clone()))?;
    agrees(&model, AutoIAF::new().start(triangle))?;
    agrees(&model, AutoDiagonalNormal::new().start(Start { loc, factor: Factor::Diagonal(scale) }))
}

#[model]
fn pair() {
    sample!("x", Normal::new([0.0, 0.0], 1.0));
    sample!("s", Gamma::new(2.0, 1.0));
    sample!("low", Normal::new(0.0, 1.0).truncated(f64::NEG_INFINITY, 1.0));
}

/// A guide that starts at `u ~ N(0, I)` has mean `m` and covariance `F Fᵀ`, and its quantiles are those of that normal.
#[test]
fn quantiles_of_a_normal_guide_are_exact() -> Result<()> {
    let factor = vec![0.5, 0.0, 0.0, 0.0, 0.3, 0.4, 0.0, 0.0, 0.1, -0.2, 0.6, 0.0, 0.2, 0.1, 0.3, 0.7];
    let start = Start { loc: vec![1.0, -2.0, 0.5, 0.3], factor: Factor::LowerTriangular(factor) };
    let model = pair();
    let fit = fitted(&model, AutoMultivariateNormal::new().start(start), 0)?;
    let covariance = [0.25, 0.15, 0.05, 0.1, 0.15, 0.25, -0.05, 0.1, 0.05, -0.05, 0.41, 0.18, 0.1, 0.1, 0.18, 0.63];
    assert_close(&fit.gaussian()?.unwrap().covariance(), &covariance, 1e-12);
    // Φ⁻¹(.975) = 1.959963984540054
    let quantiles = fit.quantiles(&[0.025, 0.5])?;
    let at = |site: &str| numbers(quantiles[site].clone());
    let lower = 1.959_963_984_540_054;
    assert_close(&at("x")?, &[1.0 - 0.5 * lower, -2.0 - 0.5 * lower, 1.0, -2.0], 1e-9);
    assert_close(&at("s")?, &[(0.5 - lower * 0.41_f64.sqrt()).exp(), 0.5_f64.exp()], 1e-9);
    // The bijector 1 − eᶻ turns the order round.
    assert_close(&at("low")?, &[1.0 - (0.3 + lower * 0.63_f64.sqrt()).exp(), 1.0 - 0.3_f64.exp()], 1e-9);
    assert_close(&numbers(fit.median()?["x"].clone())?, &[1.0, -2.0], 1e-12);
    assert!(fit.quantiles(&[1.0]).unwrap_err().to_string().contains("between 0 and 1"));
    Ok(())
}

/// Those of a Student t guide come from draws: `P(|t| ≤ 2.228139) = .95` with 10 degrees of freedom.
#[test]
fn quantiles_of_other_guides_come_from_draws() -> Result<()> {
    let model = pair();
    let fit = fitted(&model, AutoStudentT::new().init_scale(1.0).init(Init::Feasible), 0)?;
    let found = numbers(fit.quantiles(&[0.025, 0.5, 0.975])?["x"].clone())?;
    // The standard error of a quantile is √(p (1 − p)/n) over the density there, .0278 and .3891.
    let (tail, middle) = (4.5 * (0.025_f64 * 0.975 / 1e4).sqrt() / 0.0278, 4.5 * 0.005 / 0.3891);
    for element in 0..2 {
        assert!((found[element] + 2.228_139).abs() < tail, "{found:?}");
        assert!(found[2 + element].abs() < middle, "{found:?}");
        assert!((found[4 + element] - 2.228_139).abs() < tail, "{found:?}");
    }
    Ok(())
}

#[test]
fn what_is_missing_or_unknown_is_named() -> Result<()> {
    let fit = fitted(&pair(), AutoIAF::new(), 0)?;
    let x = double(vec![0.0, 0.0], [2])?;
    let one = double(vec![0.5], [1])?;
    let message = fit.log_density([("x", x.clone()), ("s", one.clone())]).unwrap_err().to_string();
    assert!(message.contains("`low`"), "{message}");
    let message = fit.log_density([("x", x.clone()), ("s", one.clone()), ("low", one.clone()), ("lo", one.clone())]).unwrap_err();
    assert!(message.to_string().contains("`lo`"), "{message}");
    let message = fit.log_density([("x", one.clone()), ("s", one.clone()), ("low", one)]).unwrap_err().to_string();
    assert!(message.contains("[1]") && message.contains("[2]"), "{message}");
    Ok(())
}
