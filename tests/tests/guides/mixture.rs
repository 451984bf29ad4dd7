//! Mixtures of normals: gradients of draws against closed forms, and a posterior that is such a mixture.

use std::collections::BTreeMap;

use tests::{assert_close, numbers};
use vi_runtime::prelude::*;

use super::linear_gaussian::double;

/// Parameters of a mixture with two components in two dimensions: `Lₖ⁻¹ = [[1, 0], [mₖ, 1]] diag(sₖ)⁻¹`.
#[derive(Clone, Debug)]
struct Parameters {
    logits: Vec<f64>,
    loc: Vec<f64>,
    log_scale: Vec<f64>,
    lower: Vec<f64>,
}

impl Parameters {
    fn read(state: &SviState) -> Result<Self> {
        let of = |name: &str| numbers(state.param(&format!("auto.{name}"))?);
        let log_scale = of("scale")?.into_iter().map(f64::ln).collect();
        Ok(Parameters { logits: of("logits")?, loc: of("loc")?, log_scale, lower: of("lower")? })
    }

    fn flat(&self) -> Vec<f64> {
        [&self.logits[..], &self.loc, &self.log_scale, &self.lower].concat()
    }

    fn of(flat: &[f64]) -> Self {
        let part = |from: usize, to: usize| flat[from..to].to_vec();
        Parameters { logits: part(0, 2), loc: part(2, 6), log_scale: part(6, 10), lower: part(10, 12) }
    }

    fn weights(&self) -> [f64; 2] {
        let first = ((self.logits[1] - self.logits[0]).exp() + 1.0).recip();
        [first, 1.0 - first]
    }

    /// `L = diag(s) [[1, 0], [−m, 1]]`, so the covariance is `[[s₁², −m s₁ s₂], [.., s₂² (1 + m²)]]`.
    fn covariance(&self, k: usize) -> [f64; 3] {
        let (first, second, m) = (self.log_scale[2 * k].exp(), self.log_scale[2 * k + 1].exp(), self.lower[k]);
        [first * first, -m * first * second, second * second * (1.0 + m * m)]
    }

    /// The mean of `x₁ + ½ x₂ + x₁²/4 − x₂²/2 + x₁ x₂/3`.
    fn mean(&self) -> f64 {
        let weights = self.weights();
        let of = |k: usize| {
            let (x, y, [xx, xy, yy]) = (self.loc[2 * k], self.loc[2 * k + 1], self.covariance(k));
            x + 0.5 * y + (x * x + xx) / 4.0 - (y * y + yy) / 2.0 + (x * y + xy) / 3.0
        };
        weights[0] * of(0) + weights[1] * of(1)
    }
}

/// The density of a mixture of the form above, times `exp(f)`.
#[model]
fn tilted(logits: Tensor<1>, loc: Tensor<3>, tril: Tensor<4>, tilt: f64) {
    let x = sample!("x", ImproperUniform::new(Support::RealVector, [2]));
    let mixture = MixtureSameFamily::logits(logits, MultivariateNormal::new(loc, tril));
    let (a, b) = (x.clone().narrow(0, 0, 1), x.clone().narrow(0, 1, 1));
    factor!("mixture", mixture.log_prob(&x.reshape([1, 2])));
    let f = a.clone() + b.clone() * 0.5 + a.clone().square() * 0.25 - b.clone().square() * 0.5 + a * b / 3.0;
    factor!("tilt", f * tilt);
}

fn target(of: &Parameters, tilt: f64) -> Result<impl Program + Clone + use<>> {
    let tril: Vec<f64> = (0..2)
        .flat_map(|k| {
            let [xx, xy, yy] = of.covariance(k);
            let first = xx.sqrt();
            [first, 0.0, xy / first, (yy - xy * xy / xx).sqrt()]
        })
        .collect();
    Ok(tilted(double(of.logits.clone(), [2])?, double(of.loc.clone(), [1, 2, 2])?, double(tril, [1, 2, 2, 2])?, tilt))
}

/// A draw of each component, and one of the mixture with implicit gradients.
fn both() -> [AutoMixture; 2] {
    let of_each = AutoMixture::new(2).init(Init::Median).spread(0.8).init_scale(0.9);
    [of_each.clone(), of_each.implicit()]
}

fn descent<M: Program + Clone>(model: &M, guide: AutoMixture, rate: f64) -> Svi<M, AutoMixture> {
    Svi::new(model, guide).optimizer(Sgd::new(rate)).dtype(FloatDType::F64)
}

/// Where the target is the guide times `eᶠ`, sticking the landing leaves the gradient of `E f` alone. In every parameter it is the
/// closed form's, within 4.5 standard errors of 40 estimates from 1 000 draws each.
#[test]
fn gradients_of_draws_are_unbiased() -> Result<()> {
    both().into_iter().try_for_each(unbiased)
}

fn unbiased(guide: AutoMixture) -> Result<()> {
    let start = Parameters {
        logits: vec![0.3, -0.4],
        loc: vec![0.5, -1.0, 1.2, 0.4],
        log_scale: vec![0.2, -0.3, -0.1, 0.3],
        lower: vec![0.5, -0.7],
    };
    // Some steps of descent to a target elsewhere make all parameters differ from where they start.
    let model = target(&start, 0.0)?;
    let fit = descent(&model, guide.clone(), 0.05).particles(8).steps(60).run()?;
    let mut state = fit.into_state();
    let at = Parameters::read(&state)?;
    assert!(at.lower.iter().all(|m| m.abs() > 0.02) && at.logits[0].abs() > 0.02, "{at:?}");
    let model = target(&at, 1.0)?;
    let rate = 1e-9;
    let svi = descent(&model, guide, rate).particles(1_000).execution(Execution::Compiled);
    let mut estimates = Vec::new();
    let mut before = at.flat();
    for _ in 0..40 {
        svi.step(&mut state)?;
        let after = Parameters::read(&state)?.flat();
        estimates.push(after.iter().zip(&before).map(|(after, before)| (after - before) / rate).collect::<Vec<f64>>());
        before = after;
    }
    for i in 0..12 {
        let moved = |by: f64| {
            let mut flat = at.flat();
            flat[i] += by;
            Parameters::of(&flat).mean()
        };
        let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        let mean = estimates.iter().map(|estimate| estimate[i]).sum::<f64>() / 40.0;
        let variance = estimates.iter().map(|estimate| (estimate[i] - mean).powi(2)).sum::<f64>() / 39.0;
        let error = (variance / 40.0).sqrt();
        assert!((mean - expected).abs() < 4.5 * error && error < 0.05, "parameter {i}: {mean} ± {error}, expected {expected}");
    }
    Ok(())
}

/// One draw of a guide that is the target has no gradient, and moves nothing.
#[test]
fn there_is_no_gradient_at_the_posterior() -> Result<()> {
    both().into_iter().try_for_each(still)
}

fn still(guide: AutoMixture) -> Result<()> {
    let start = Parameters { logits: vec![0.0; 2], loc: vec![0.0; 4], log_scale: vec![0.0; 4], lower: vec![0.0; 2] };
    let mut state = descent(&target(&start, 0.1)?, guide.clone(), 0.05).steps(30).run()?.into_state();
    let at = Parameters::read(&state)?;
    let model = target(&at, 0.0)?;
    for execution in tests::executions() {
        let exact = descent(&model, guide.clone(), 1.0).execution(execution);
        for _ in 0..5 {
            // The log density of the target less that of the guide: its normalising constant is 1.
            assert!(exact.step(&mut state)?.abs() < 1e-9);
        }
        assert_close(&Parameters::read(&state)?.flat(), &at.flat(), 1e-8);
        // Doubly reparameterised: every weight is one, and each draw counts for nothing.
        let doubly = descent(&model, both()[1].clone(), 1.0).objective(Dreg::new(4)).execution(execution);
        for _ in 0..3 {
            assert!(doubly.step(&mut state)?.abs() < 1e-9);
        }
        assert_close(&Parameters::read(&state)?.flat(), &at.flat(), 1e-8);
    }
    Ok(())
}

#[model]
fn prior_of_two(y: f64, loc: Tensor<3>, scale: Tensor<3>) {
    let components = Normal::new(loc, scale).independent(1);
    let x = sample!("x", MixtureSameFamily::new([0.3, 0.7], components));
    let x = x.reshape([2]);
    observe!("y", Normal::new(x.clone().narrow(0, 0, 1) + x.narrow(0, 1, 1) * 0.9, 0.8), y);
}

fn two_modes(y: f64) -> Result<impl Program + Clone> {
    let loc = double(vec![-3.0, 0.0, 2.5, 1.0], [1, 2, 2])?;
    Ok(prior_of_two(y, loc, double(vec![0.8, 1.2, 1.0, 0.6], [1, 2, 2])?))
}

/// The posterior of a mixture of normals under a linear observation is one again; weights, means and covariances by formula.
#[test]
fn a_posterior_with_two_modes_is_found() -> Result<()> {
    let model = two_modes(-0.1)?;
    let evidence = -3.809_938_710;
    let fit = Svi::new(&model, AutoMixture::new(2).init(Init::Median).spread(3.0).init_scale(0.5))
        .dtype(FloatDType::F64)
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-5, steps: 4_000 }))
        .steps(4_000)
        .particles(8)
        .seed(1)
        .run()?;
    let elbo = fit.elbo()?;
    assert!((elbo.value - evidence).abs() < 1e-4 && elbo.standard_error < 1e-4, "{elbo}, evidence {evidence}");
    let found = Parameters::read(fit.state())?;
    // The component on the left has the weight and the moments of the first of the prior.
    let (left, right) = if found.loc[0] < found.loc[2] { (0, 1) } else { (1, 0) };
    assert_close(&[found.weights()[left]], &[0.619_319_740], 2e-3);
    assert_close(&found.loc[2 * left..2 * left + 2], &[-2.241_334_205, 1.536_298_234], 5e-3);
    assert_close(&found.loc[2 * right..2 * right + 2], &[0.688_030_648, 0.412_921_930], 5e-3);
    assert_close(&found.covariance(left), &[0.472_570_307, -0.339_045_128, 0.753_433_617], 5e-3);
    assert_close(&found.covariance(right), &[0.482_294_471, -0.167_736_591, 0.305_653_344], 5e-3);
    // A single normal holds one of the modes: what it leaves is −ln of that mode's weight, to what overlaps.
    let full = Svi::new(&model, AutoMultivariateNormal::new()).dtype(FloatDType::F64).run()?.elbo()?;
    assert!(full.value < evidence - 0.2, "{full}");
    Ok(())
}

/// With nothing chosen each of two modes is the start of a component, in every run.
#[test]
fn both_modes_are_found_untuned() -> Result<()> {
    let (model, evidence) = (two_modes(-0.1)?, -3.809_938_710);
    for seed in 0..4 {
        let elbo = Svi::new(&model, AutoMixture::new(2)).seed(seed).run()?.elbo()?;
        assert!((elbo.value - evidence).abs() < 2e-3, "seed {seed}: {elbo}, evidence {evidence}");
    }
    Ok(())
}

#[model]
fn islands(logits: Tensor<1>, loc: Tensor<3>, scale: Tensor<3>) {
    let x = sample!("x", ImproperUniform::new(Support::RealVector, [2]));
    let mixture = MixtureSameFamily::logits(logits, Normal::new(loc, scale).independent(1));
    factor!("islands", mixture.log_prob(&x.reshape([1, 2])));
}

/// Three islands of different sizes and masses, eight standard deviations apart and more: the weights are those of the target, and where
/// there are more components than modes, those of one mode sum to its mass.
#[test]
fn islands_have_their_masses_untuned() -> Result<()> {
    let logits = [0.5_f64, 0.3, 0.2].map(f64::ln).to_vec();
    let loc = vec![-1.5, -1.0, 2.0, 1.5, -1.0, 1.8];
    let model = islands(double(logits, [3])?, double(loc, [1, 3, 2])?, double(vec![0.3, 0.2, 0.1, 0.25, 0.2, 0.1], [1, 3, 2])?);
    for components in [3, 4] {
        let fit = Svi::new(&model, AutoMixture::new(components)).dtype(FloatDType::F64).run()?;
        let elbo = fit.elbo()?;
        assert!(elbo.value.abs() < 2e-3, "{components}: {elbo}");
        let draws: Tensor<2> = fit.posterior(20_000)?.x.tensor()?;
        let mut shares = [0.0; 3];
        for point in numbers(draws)?.chunks_exact(2) {
            shares[if point[0] > 0.5 { 1 } else { usize::from(point[1] > 0.4) * 2 }] += 1.0 / 20_000.0;
        }
        // Four standard errors of the share of 20 000 draws.
        assert_close(&shares, &[0.5, 0.3, 0.2], 4.0 * (0.25_f64 / 20_000.0).sqrt());
    }
    Ok(())
}

#[test]
fn one_component_is_the_full_rank_guide() -> Result<()> {
    #[model]
    fn correlated() {
        let x = sample!("x", ImproperUniform::new(Support::RealVector, [2]));
        factor!("normal", MultivariateNormal::new([0.3, -0.7], [[1.2, 0.0], [0.8, 0.5]]).log_prob(&x));
    }
    let fit = Svi::new(&correlated(), AutoMixture::new(1).init(Init::Median))
        .dtype(FloatDType::F64)
        .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-5, steps: 3_000 }))
        .steps(3_000)
        .particles(4)
        .run()?;
    let elbo = fit.elbo()?;
    assert!(elbo.value.abs() < 1e-6 && elbo.standard_error < 1e-6, "{elbo}");
    let found: BTreeMap<&str, Vec<f64>> = ["loc", "scale", "lower"]
        .into_iter()
        .map(|name| Ok((name, numbers(fit.param(&format!("auto.{name}"))?)?)))
        .collect::<Result<_>>()?;
    // L⁻¹ = [[1/1.2, 0], [−.8/(1.2 · .5), 1/.5]] = [[1, 0], [−1.6, 1]] diag(1.2, .5)⁻¹.
    assert_close(&found["loc"], &[0.3, -0.7], 1e-4);
    assert_close(&found["scale"], &[1.2, 0.5], 1e-4);
    assert_close(&found["lower"], &[-1.6], 1e-4);
    Ok(())
}

/// Importance weights are those of draws of the mixture, and of each component in turn there is none.
#[test]
fn importance_weights_need_draws_of_the_mixture() -> Result<()> {
    let model = two_modes(0.0)?;
    let [of_each, implicit] = both();
    let refused = Svi::new(&model, of_each).objective(Iwae::new(4)).steps(1).run().map(drop).unwrap_err().to_string();
    assert!(refused.contains("auto.component") && refused.contains("StickingTheLanding"), "{refused}");
    Svi::new(&model, implicit).objective(Iwae::new(4)).steps(1).run().map(drop)
}

#[test]
fn no_component_is_refused() -> Result<()> {
    let message = Svi::new(&two_modes(0.0)?, AutoMixture::new(0)).steps(1).run().map(drop).unwrap_err().to_string();
    assert!(message.contains("components") && message.contains('0'), "{message}");
    Ok(())
}
