//! Burn modules inside programs: trained in place, given back trained.

use tests::{assert_close, device, executions, numbers, scaled, vector};
use vi_runtime::burn;
use vi_runtime::burn::module::Module;
use vi_runtime::burn::nn::{Linear, LinearConfig};
use vi_runtime::prelude::*;

#[derive(Module, Debug, Arg)]
struct Encoder {
    hidden: Linear,
    out: Linear,
}

impl Encoder {
    fn new(device: &Device) -> Self {
        Encoder { hidden: LinearConfig::new(1, 4).init(device), out: LinearConfig::new(4, 2).init(device) }
    }

    /// `[n, 1]` to location `[n]` and log scale `[n]`.
    fn forward(&self, x: Tensor<1>) -> (Tensor<1>, Tensor<1>) {
        let both = self.out.forward(self.hidden.forward(x.unsqueeze_dim::<2>(1)).tanh());
        (both.clone().narrow(1, 0, 1).squeeze_dim(1), both.narrow(1, 1, 1).squeeze_dim(1))
    }
}

#[model]
fn local(x: Tensor<1>) {
    plate!("n", x.dims()[0], {
        let z = sample!("z", Normal::new(0.0, 1.0));
        observe!("x", Normal::new(z, 1.0), x);
    });
}

#[guide(model = local)]
fn amortised(x: Tensor<1>, encoder: Encoder) {
    let encoder = module!("encoder", encoder);
    let (loc, log_scale) = encoder.forward(x.clone());
    plate!("n", x.dims()[0], { sample!("z", Normal::new(loc, log_scale.exp())) });
}

#[test]
fn an_amortised_guide_learns_the_posterior_of_every_datum() -> Result<()> {
    // z | x ~ N(x/2, ½): the encoder must learn a line and a constant.
    let x = vector([-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0])?;
    let device = device()?;
    let steps = scaled(3_000);
    let before = Encoder::new(&device);
    for execution in executions() {
        let fit = Svi::new(&local(x.clone()), amortised(x.clone(), before.clone()))
            .optimizer(Adam::new(Schedule::Cosine { initial: 0.02, last: 1e-4, steps }))
            .steps(steps)
            .particles(2)
            .execution(execution)
            .run()?;
        let weights = ["encoder.hidden.weight", "encoder.hidden.bias", "encoder.out.weight", "encoder.out.bias"];
        assert_eq!(fit.param_names(), weights);
        let trained: Encoder = fit.module("encoder")?;
        let near = if steps < 3_000 { 1.0 } else { 0.1 };
        let (loc, log_scale) = trained.forward(x.clone());
        assert_close(&numbers(loc)?, &numbers(x.clone() / 2.0)?, near);
        assert_close(&numbers(log_scale.exp())?, &[0.5_f64.sqrt(); 8], near);
        let (untrained, _) = before.forward(x.clone());
        assert_ne!(numbers(untrained)?, numbers(trained.forward(x.clone()).0)?);
    }
    Ok(())
}

#[test]
fn a_frozen_layer_keeps_its_weights() -> Result<()> {
    let x = vector([0.0, 1.0])?;
    let mut encoder = Encoder::new(&device()?);
    encoder.hidden = encoder.hidden.freeze();
    let before = numbers(encoder.hidden.weight.val())?;
    for execution in executions() {
        let fit = Svi::new(&local(x.clone()), amortised(x.clone(), encoder.clone())).steps(3).execution(execution).run()?;
        assert_eq!(fit.param_names(), ["encoder.out.weight", "encoder.out.bias"]);
        assert_eq!(numbers(fit.module::<Encoder>("encoder")?.hidden.weight.val())?, before);
    }
    Ok(())
}

#[test]
fn a_module_asked_for_under_another_type_or_name_is_an_error() -> Result<()> {
    let x = vector([0.0, 1.0])?;
    let fit = Svi::new(&local(x.clone()), amortised(x, Encoder::new(&device()?))).steps(1).run()?;
    assert!(fit.module::<Linear>("encoder").is_err());
    let message = fit.module::<Encoder>("decoder").map(|_| ()).map_err(|e| e.to_string());
    assert_eq!(message, Err("there is no module named `decoder`; there are `encoder`".to_owned()));
    Ok(())
}

#[derive(Clone, Arg)]
struct Study {
    effects: Tensor<1>,
    errors: Vec<Tensor<1>>,
    prior: Option<f64>,
}

#[model]
fn meta<S: Into<f64> + Clone + Arg>(study: &Study, (low, high): (f64, f64), scale: S) -> Tensor<1> {
    let mu = sample!("mu", Normal::new(low, high - low));
    if let Some(prior) = study.prior {
        factor!("extra", mu.clone().square() * prior);
    }
    for (i, error) in study.errors.iter().enumerate() {
        observe!("y"[i], Normal::new(mu.clone() * scale.clone().into(), error), study.effects.clone().narrow(0, i, 1));
    }
    mu
}

#[test]
fn arguments_may_be_structs_tuples_options_vectors_and_generic() -> Result<()> {
    let study = Study { effects: vector([1.0, 2.0])?, errors: vec![vector([1.0])?, vector([2.0])?], prior: Some(-0.5) };
    let found = log_joint(&meta(&study, (0.0, 2.0), 1.0_f32), [("mu", vector([0.5])?)])?;
    let normal = |x: f64, loc: f64, scale: f64| -0.5 * ((x - loc) / scale).powi(2) - scale.ln() - 0.5 * std::f64::consts::TAU.ln();
    let expected = normal(0.5, 0.0, 2.0) - 0.125 + normal(1.0, 0.5, 1.0) + normal(2.0, 0.5, 2.0);
    assert_close(&[found], &[expected], 1e-5);
    Ok(())
}
