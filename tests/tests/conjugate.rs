//! Conjugate models: posterior and log evidence in closed form.
//!
//! At the exact posterior `log p(x, z) − log q(z) = log p(x)` for every single z, so one draw is a test.

use tests::{assert_close, device, executions, numbers, scaled, tolerance, vector};
use vi_runtime::prelude::*;

/// `log p − log q` at three draws, each on its own.
fn at_three_draws<M: Program + Clone, G: vi_runtime::Guide<M> + Clone>(model: &M, guide: &G) -> Result<Vec<f64>> {
    (0..3)
        .map(|seed| {
            let svi = Svi::new(model, guide.clone()).seed(seed);
            let state = svi.init()?;
            Ok(svi.evaluate(&state, 1)?.value)
        })
        .collect()
}

#[model]
fn normal_normal(y: Tensor<2>, prior_mean: Tensor<2>, noise: Tensor<2>) {
    let mu = sample!("mu", Normal::new(prior_mean, 0.1_f64.powf(-0.5)));
    plate!("n", 4, { observe!("y", Normal::new(mu, noise), y) });
}

#[guide(model = normal_normal)]
fn normal_posterior(mean: Tensor<2>, sd: Tensor<2>) {
    sample!("mu", Normal::new(mean, sd));
}

fn normal_data() -> Result<(Tensor<2>, Tensor<2>, Tensor<2>)> {
    let device = device()?;
    Ok((
        Tensor::from_floats([[-0.1, 0.3], [0.0, 0.4], [0.2, 0.5], [0.1, 0.7]], &device),
        Tensor::from_floats([[0.0, 0.5]], &device),
        Tensor::from_floats([[6.0_f64.powf(-0.5), 0.5]], &device),
    ))
}

#[test]
fn normal_normal_log_p_minus_log_q_is_the_log_evidence_at_every_draw() -> Result<()> {
    let (y, prior_mean, noise) = normal_data()?;
    let guide = normal_posterior(
        Tensor::from_floats([[0.049_792_53, 0.475_155_28]], &device()?),
        Tensor::from_floats([[0.203_700_23, 0.249_222_36]], &device()?),
    );
    let found = at_three_draws(&normal_normal(y, prior_mean, noise), &guide)?;
    assert_close(&found, &[-6.603_656_8; 3], tolerance(1e-4));
    Ok(())
}

#[test]
fn normal_normal_fit_finds_the_posterior() -> Result<()> {
    let (y, prior_mean, noise) = normal_data()?;
    let steps = scaled(3_000);
    let model = normal_normal(y, prior_mean, noise);
    for execution in executions() {
        let fit = Svi::new(&model, AutoNormal::new().init(Init::Median))
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-4, steps }))
            .steps(steps)
            .particles(4)
            .execution(execution)
            .run()?;
        // With few steps (software GPU) the fit is only near.
        let near = if steps < 3_000 { 0.3 } else { 0.02 };
        assert_close(&numbers(fit.param("auto.mu.loc")?)?, &[0.049_792_5, 0.475_155_3], near);
        assert_close(&numbers(fit.param("auto.mu.scale")?)?, &[0.203_700_2, 0.249_222_4], near);
    }
    Ok(())
}

#[model]
fn poisson_gamma(y: Tensor<1>) {
    let rate = sample!("rate", Gamma::new(1.0, 1.0));
    plate!("n", 3, { observe!("y", Poisson::new(rate), y) });
}

#[guide(model = poisson_gamma)]
fn gamma_posterior() {
    sample!("rate", Gamma::new(7.0, 4.0));
}

#[test]
fn poisson_gamma_evidence() -> Result<()> {
    let found = at_three_draws(&poisson_gamma(vector([1.0, 2.0, 3.0])?), &gamma_posterior())?;
    assert_close(&found, &[-5.609_716_0; 3], tolerance(2e-5));
    Ok(())
}

#[model]
fn bernoulli_beta(y: Tensor<1>) {
    let p = sample!("p", Beta::new(1.0, 1.0));
    plate!("n", 4, { observe!("y", Bernoulli::new(p), y) });
}

#[guide(model = bernoulli_beta)]
fn beta_posterior() {
    sample!("p", Beta::new(4.0, 2.0));
}

#[test]
fn bernoulli_beta_evidence() -> Result<()> {
    let found = at_three_draws(&bernoulli_beta(vector([0.0, 1.0, 1.0, 1.0])?), &beta_posterior())?;
    assert_close(&found, &[-2.995_732_3; 3], tolerance(2e-5));
    Ok(())
}

#[model]
fn exponential_gamma(y: Tensor<1>) {
    let rate = sample!("rate", Gamma::new(1.0, 1.0));
    plate!("n", 2, { observe!("y", Exponential::new(rate), y) });
}

#[guide(model = exponential_gamma)]
fn exponential_posterior() {
    sample!("rate", Gamma::new(3.0, 6.0));
}

#[test]
fn exponential_gamma_evidence() -> Result<()> {
    // The evidence is the integral of λ² exp(−6 λ), 2/216.
    let found = at_three_draws(&exponential_gamma(vector([3.0, 2.0])?), &exponential_posterior())?;
    assert_close(&found, &[(2.0_f64 / 216.0).ln(); 3], tolerance(2e-5));
    Ok(())
}

#[model]
fn dirichlet_categorical(y: Tensor<1, Int>) {
    let p = sample!("p", Dirichlet::new([0.5, 1.0, 1.5, 3.0]));
    plate!("n", 11, { observe!("y", Categorical::new(p), y) });
}

#[guide(model = dirichlet_categorical)]
fn dirichlet_posterior() {
    sample!("p", Dirichlet::new([4.5, 3.0, 6.5, 3.0]));
}

#[test]
fn dirichlet_categorical_evidence() -> Result<()> {
    // ln B(α + counts) − ln B(α) with counts (4, 2, 5, 0).
    let y = Tensor::from_ints([0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2], &device()?);
    let found = at_three_draws(&dirichlet_categorical(y), &dirichlet_posterior())?;
    assert_close(&found, &[-17.52650525732855; 3], tolerance(5e-5));
    Ok(())
}

#[model]
fn normal_mean(y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(1.5, 1.0));
    plate!("n", 2, { observe!("y", Normal::new(mu, 1.0), y) });
}

#[guide(model = normal_mean)]
fn wide_normal() {
    sample!("mu", Normal::new(1.88, 1.0));
}

#[test]
fn the_elbo_of_a_guide_that_is_off_is_the_evidence_minus_the_divergence() -> Result<()> {
    let svi = Svi::new(&normal_mean(vector([1.6, 1.4])?), wide_normal()).seed(3);
    let state = svi.init()?;
    let elbo = svi.evaluate(&state, scaled(40_000) as usize)?;
    assert!((elbo.value + 3.064_477_1).abs() < 4.0 * elbo.standard_error, "{elbo}");
    assert!((elbo.gap(-2.397_183_2) - 0.667_293_9).abs() < 4.0 * elbo.standard_error, "{elbo}");
    // Per draw the ELBO is a quadratic in ε: −ε² − 1.14 ε + constant, with variance 2 + 1.14² = 3.2996.
    let expected = (3.2996 / elbo.draws as f64).sqrt();
    assert!((elbo.standard_error / expected - 1.0).abs() < 0.05 + 3.0 / (elbo.draws as f64).sqrt(), "{elbo}");
    Ok(())
}

#[model]
fn correlated(scale_tril: Tensor<2>) {
    sample!("z", MultivariateNormal::new([0.0, 0.0], scale_tril));
}

#[test]
fn mean_field_on_a_correlated_normal_has_the_known_variance_and_gap() -> Result<()> {
    // Σ = [[1, .9], [.9, 1]]: the best factorised normal has variance 1 − .9² = .19 and KL −½ ln .19 = .8303656.
    let scale_tril = Tensor::from_floats([[1.0, 0.0], [0.9, 0.19_f64.sqrt()]], &device()?);
    let steps = scaled(4_000);
    let model = correlated(scale_tril);
    for execution in executions() {
        let fit = Svi::new(&model, AutoNormal::new().init_scale(0.5).init(Init::Median))
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.05, last: 1e-4, steps }))
            .steps(steps)
            .particles(8)
            .execution(execution)
            .run()?;
        let near = if steps < 4_000 { 0.1 } else { 0.008 };
        let scale = numbers(fit.param("auto.z.scale")?)?;
        assert_close(&scale.iter().map(|s| s * s).collect::<Vec<_>>(), &[0.19; 2], near);
        let elbo = fit.elbo_from(scaled(20_000) as usize)?;
        assert!((elbo.gap(0.0) - 0.830_365_6).abs() < 4.0 * elbo.standard_error + near, "{elbo}");
    }
    Ok(())
}
