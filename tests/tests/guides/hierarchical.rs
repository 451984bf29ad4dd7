//! Guides that follow their priors: a normal hierarchy is held exactly, and eight schools need not be written non-centred.

use tests::{assert_close, numbers};
use vi_runtime::prelude::*;

use super::linear_gaussian::double;

#[model]
fn schools(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 8, {
        let theta = sample!("theta", Normal::new(mu, tau));
        observe!("y", Normal::new(theta, sigma), y);
    });
}

fn eight() -> Result<impl Program + Clone> {
    let sigma = double(vec![15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0], [8])?;
    Ok(schools(sigma, double(vec![28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0], [8])?))
}

/// The best factorised normal of the non-centred model has the ELBO −31.6, that of the centred one −33.4; the evidence is
/// −31.3113474 (quadrature).
#[test]
fn centred_schools_reach_the_bound_of_the_non_centred_ones() -> Result<()> {
    let fit = Svi::new(&eight()?, AutoHierarchical::new()).run()?;
    let elbo = fit.elbo_from(4_000)?;
    assert!(elbo.value > -31.65 && elbo.value < -31.3113474 + 4.0 * elbo.standard_error, "{elbo}");
    assert!(elbo.standard_error < 0.02, "{elbo}");
    let names = ["mu.loc", "mu.scale", "tau.loc", "tau.scale", "theta.loc", "theta.scale", "theta.weight"];
    assert_eq!(fit.param_names(), names.map(|name| format!("auto.{name}")));
    let plain = Svi::new(&eight()?, AutoNormal::new()).run()?.elbo_from(4_000)?;
    assert!(plain.value < elbo.value - 1.5, "{plain}");
    Ok(())
}

/// `y` has the covariance `s₀² 1 1ᵀ + (s² + σ²) I`.
const PRIOR: (f64, f64) = (0.5, 2.0);
const BETWEEN: f64 = 0.8;
const WITHIN: f64 = 1.2;
const EVIDENCE: f64 = -11.883_818_643_239;

#[model]
fn groups(y: Tensor<1>, subsample: usize) {
    let mu = sample!("mu", Normal::new(PRIOR.0, PRIOR.1));
    plate!("group", 6, subsample = subsample, |units| {
        let theta = sample!("theta", Normal::new(mu, BETWEEN));
        observe!("y", Normal::new(theta, WITHIN), y.select(0, units));
    });
}

/// Given `mu`, each group is normal around `κ mu + (1 − κ) yᵢ` with `κ = σ²/(s² + σ²)`: the guide holds the posterior, and `κ` is the weight.
#[test]
fn a_normal_hierarchy_reaches_its_evidence() -> Result<()> {
    let y = [1.3, -0.4, 2.2, 0.7, 3.1, -1.0];
    for (execution, steps) in [(Execution::Eager, 1_200), (Execution::Compiled, 6_000)] {
        for subsample in [6, 4] {
            let steps = steps * if subsample == 6 { 1 } else { 2 };
            let fit = Svi::new(&groups(double(y.to_vec(), [6])?, subsample), AutoHierarchical::new())
                .dtype(FloatDType::F64)
                .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-5, steps }))
                .steps(steps)
                .particles(4)
                .execution(execution)
                .run()?;
            let parameter = |name: &str| numbers(fit.param(&format!("auto.{name}"))?);
            let near = if subsample == 6 { 1e-3 } else { 0.03 };
            let kappa = WITHIN * WITHIN / (BETWEEN * BETWEEN + WITHIN * WITHIN);
            let weight = parameter("theta.weight")?;
            assert_close(&weight, &[kappa; 6], near);
            assert_close(&[parameter("mu.loc")?[0], parameter("mu.scale")?[0]], &[0.944_785_276, 0.564_817_143], near);
            // The mean at mu = 0, and the conditional standard deviation √κ s.
            let unit = |i: usize| BETWEEN.powf(weight[i]);
            let (loc, scale) = (parameter("theta.loc")?, parameter("theta.scale")?);
            for i in 0..6 {
                assert!((loc[i] * unit(i) - (1.0 - kappa) * y[i]).abs() < 2.0 * near, "{execution:?}, {subsample}: {loc:?}");
                assert!((scale[i] * unit(i) - kappa.sqrt() * BETWEEN).abs() < near, "{execution:?}, {subsample}: {scale:?}");
            }
            if subsample == 6 {
                let elbo = fit.elbo()?;
                assert!((elbo.value - EVIDENCE).abs() < 1e-3 && elbo.standard_error < 1e-3, "{elbo}, evidence {EVIDENCE}");
            }
        }
    }
    Ok(())
}

#[model]
fn slopes(x: Tensor<1>) {
    let slope = sample!("slope", Normal::new(0.0, 1.0));
    plate!("n", 3, { sample!("theta", Normal::new(x * slope, 0.5)) });
}

/// A guide that starts at the prior has an ELBO of 0, of every batch: the priors are those of its arguments.
#[test]
fn a_batch_has_its_own_priors() -> Result<()> {
    for execution in tests::executions() {
        let batch = |x: [f64; 3]| Ok(slopes(double(x.to_vec(), [3])?));
        let guide = AutoHierarchical::new().init(Init::Feasible).init_scale(1.0);
        let svi = Svi::new(&batch([1.0, 2.0, 3.0])?, guide.clone()).dtype(FloatDType::F64).optimizer(Sgd::new(0.0)).execution(execution);
        let mut state = svi.init()?;
        for x in [[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0], [4.0, 0.0, -2.5]] {
            let elbo = svi.step_with(&mut state, &batch(x)?, &guide)?;
            assert!(elbo.abs() < 1e-12, "{execution:?}, {x:?}: {elbo}");
        }
    }
    Ok(())
}

/// `log q` of what was drawn is that of the given values.
#[test]
fn it_knows_the_density_of_its_draws() -> Result<()> {
    let fit = Svi::new(&eight()?, AutoHierarchical::new()).dtype(FloatDType::F64).optimizer(Adam::new(0.02)).steps(200).run()?;
    let (draws, densities) = fit.scored_draws(3)?;
    for (i, expected) in densities.iter().enumerate() {
        let value = |site: &'static str| {
            let (all, shape) = draws.get(site)?.to_f64()?;
            Ok((site, double(all[i * shape[1]..(i + 1) * shape[1]].to_vec(), [shape[1]])?))
        };
        let found = fit.log_density(["mu", "tau", "theta"].map(value).into_iter().collect::<Result<Vec<_>>>()?)?;
        assert!((found - expected).abs() < 1e-9, "draw {i}: {found}, when drawn {expected}");
    }
    let quantiles = fit.quantiles(&[0.25, 0.75])?;
    assert_eq!(quantiles["theta"].shape(), [2, 8]);
    Ok(())
}

/// The groups once more, their spread a parameter of the model.
#[model]
fn spread_groups(y: Option<Tensor<1>>) {
    let mu = sample!("mu", Normal::new(PRIOR.0, PRIOR.1));
    deterministic!("twice", mu.clone() * 2.0);
    let between = param!("between", [0.5], support::Positive);
    plate!("group", 6, {
        let theta = sample!("theta", Normal::new(mu, between));
        observe!("y", Normal::new(theta, WITHIN), y);
    });
}

/// The guide holds the posterior at every spread, so the spread found is that of the largest evidence (numerically, from the density
/// of `y`).
#[test]
fn a_parameter_of_the_model_is_its_too() -> Result<()> {
    let y = double(vec![1.3, -0.4, 2.2, 0.7, 3.1, -1.0], [6])?;
    let named = |y| handler::scope(spread_groups(y), "part");
    let fit = Svi::new(&named(Some(y)), AutoHierarchical::new())
        .dtype(FloatDType::F64)
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-5, steps: 20_000 }))
        .steps(20_000)
        .particles(8)
        .run()?;
    assert_close(&numbers(fit.param("part.between")?)?, &[0.957_981_983], 2e-3);
    let elbo = fit.elbo()?;
    assert!((elbo.value + 11.862_696_037).abs() < 1e-3 && elbo.standard_error < 1e-3, "{elbo}");
    assert!(fit.param_names().contains(&"auto.part.theta.weight".to_owned()));
    // New data of the same groups: their mean over groups and draws is that of the groups.
    let (drawn, shape) = fit.predict(&named(None), 4_000)?.get("part.y")?.to_f64()?;
    assert_eq!(shape, [4_000, 6]);
    let (groups, _) = fit.draws(4_000)?.get("part.theta")?.to_f64()?;
    let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
    assert!((mean(&drawn) - mean(&groups)).abs() < 4.5 * 2.0 * (1.0_f64 / 4_000.0).sqrt(), "{} and {}", mean(&drawn), mean(&groups));
    Ok(())
}

#[model]
fn labelled() {
    let k = sample!("k", Categorical::new([0.3, 0.7]), strategy = Enumerate);
    let x = sample!("x", Normal::new(k.float(), 1.0));
    sample!("share", Beta::new(x.exp(), 1.0));
}

#[test]
fn what_does_not_fit_is_refused() -> Result<()> {
    let refused = |guide: AutoHierarchical| Svi::new(&eight()?, guide).steps(1).run().map(drop);
    let message = refused(AutoHierarchical::new().sites(["thetas"])).unwrap_err().to_string();
    assert!(message.contains("`thetas`") && message.contains("`mu`, `tau`, `theta`"), "{message}");
    let message = refused(AutoHierarchical::new().sites(["tau"])).unwrap_err().to_string();
    assert!(message.contains("`tau`") && message.contains("location-scale"), "{message}");
    let message = Svi::new(&labelled(), AutoHierarchical::new()).steps(1).run().map(drop).unwrap_err().to_string();
    assert!(message.contains("`k`") && message.contains("summed or integrated out"), "{message}");
    Ok(())
}
