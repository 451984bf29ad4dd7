//! Question: how much does coaching for the SAT help, and how different are eight schools in that?
//!
//! Model (Rubin 1981): school j reports an effect y_j with known standard error sigma_j; y_j ~ N(theta_j, sigma_j),
//! theta_j ~ N(mu, tau), mu ~ N(0, 5), tau ~ HalfCauchy(5). Written twice: centred as above, and non-centred with
//! theta = mu + tau z, z ~ N(0, 1), where the posterior is closer to a normal and mean field fits better.
//!
//! Run: `cargo run --release --example eight_schools` (options: `-- --device flex --steps 10000 --seed 0`).
//!
//! Prints, for each model and guide, the table of the posterior, the ELBO with its standard error, and the exact log
//! evidence −31.3113474 with the gap, KL(q ‖ p(z | y)), which says how far the guide is from the posterior.

use examples::Settings;
use vi_runtime::prelude::*;

const LOG_EVIDENCE: f64 = -31.311_347_4;

#[model]
fn non_centred(sigma: Tensor<1>, y: Tensor<1>) -> Tensor<1> {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    let z = plate!("school", 8, { sample!("z", Normal::new(0.0, 1.0)) });
    let theta = deterministic!("theta", mu + tau * z);
    plate!("school", 8, { observe!("y", Normal::new(&theta, sigma), y) });
    theta
}

#[model]
fn centred(sigma: Tensor<1>, y: Tensor<1>) {
    let mu = sample!("mu", Normal::new(0.0, 5.0));
    let tau = sample!("tau", HalfCauchy::new(5.0));
    plate!("school", 8, {
        let theta = sample!("theta", Normal::new(mu, tau));
        observe!("y", Normal::new(theta, sigma), y);
    });
}

/// Mean field by hand: a normal for `mu` and each `z`, a log-normal for `tau`.
#[guide(model = non_centred)]
fn mean_field(sigma: Tensor<1>, y: Tensor<1>) {
    let mu_loc = param!("mu.loc", [0.0]);
    let mu_scale = param!("mu.scale", [1.0], support::Positive);
    sample!("mu", Normal::new(mu_loc, mu_scale));
    let tau_loc = param!("tau.loc", [0.0]);
    let tau_scale = param!("tau.scale", [0.5], support::Positive);
    sample!("tau", LogNormal::new(tau_loc, tau_scale));
    let z_loc = param!("z.loc", [0.0; 8]);
    let z_scale = param!("z.scale", [1.0; 8], support::Positive);
    plate!("school", 8, { sample!("z", Normal::new(z_loc, z_scale)) });
}

fn show<M: Program + Clone, G: vi_runtime::Guide<M>>(title: &str, model: &M, guide: G, settings: &Settings) -> Result<()> {
    let fit = Svi::new(model, guide)
        .optimizer(Adam::new(Schedule::Exponential { initial: 0.02, decay: 0.01_f64.powf(1.0 / settings.steps as f64) }))
        .steps(settings.steps)
        .device(settings.device.clone())
        .seed(settings.seed)
        .run()?;
    println!("\n== {title}\n{}\n", fit.summary()?);
    println!("{}", fit.report()?);
    println!("log evidence {LOG_EVIDENCE} (exact), gap {:.4}", fit.elbo()?.gap(LOG_EVIDENCE));
    Ok(())
}

fn main() -> Result<()> {
    let settings = Settings::parse(10_000)?;
    let y = Tensor::from_floats([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0], &settings.device);
    let sigma = Tensor::from_floats([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0], &settings.device);
    let non_centred = non_centred(sigma.clone(), y.clone());
    println!("the non-centred model, one draw from the prior:\n{}", Run::for_program(&non_centred, settings.seed)?.trace(&non_centred)?.1);
    show("non-centred, guide by hand", &non_centred, mean_field(sigma.clone(), y.clone()), &settings)?;
    show("non-centred, AutoNormal", &non_centred, AutoNormal::new(), &settings)?;
    show("centred, AutoNormal", &centred(sigma, y), AutoNormal::new(), &settings)
}
