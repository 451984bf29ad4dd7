//! Burn's layers inside programs.

use tests::{device, executions, has_exact_activations, tolerance, vector};
use vi_runtime::burn;
use vi_runtime::burn::module::Module;
use vi_runtime::burn::nn::conv::{Conv1d, Conv1dConfig, Conv2d, Conv2dConfig};
use vi_runtime::burn::nn::{
    Dropout, DropoutConfig, Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, Relu, Tanh,
};
use vi_runtime::burn::tensor::activation::{gelu, leaky_relu, log_softmax, sigmoid, softplus};
use vi_runtime::prelude::*;

use super::agree::{agree, fell_back, same_elbos, values};

#[derive(Module, Debug, Arg)]
struct Encoder {
    hidden: Linear,
    relu: Relu,
    norm: LayerNorm,
    middle: Linear,
    tanh: Tanh,
    out: Linear,
}

impl Encoder {
    fn new(device: &Device) -> Self {
        Encoder {
            hidden: LinearConfig::new(3, 5).init(device),
            relu: Relu::new(),
            norm: LayerNormConfig::new(5).init(device),
            middle: LinearConfig::new(5, 4).init(device),
            tanh: Tanh::new(),
            out: LinearConfig::new(4, 4).init(device),
        }
    }

    /// `[n, 3]` to location and log scale, each `[n, 2]`.
    fn forward(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let hidden = self.norm.forward(self.relu.forward(self.hidden.forward(x)));
        let middle = leaky_relu(self.middle.forward(self.tanh.forward(hidden)), 0.2);
        let both = self.out.forward(middle);
        (both.clone().narrow(1, 0, 2), both.narrow(1, 2, 2))
    }
}

#[model]
fn decoded(x: Tensor<2>, decoder: Linear) {
    let decoder = module!("decoder", decoder);
    plate!("n", x.dims()[0], {
        let z = sample!("z", Normal::new(0.0, 1.0).expand([1, 2]).independent(1));
        let logits = decoder.forward(z);
        observe!("x", Bernoulli::logits(logits).independent(1), x);
    });
}

#[guide(model = decoded)]
fn amortised(x: Tensor<2>, encoder: Encoder) {
    let encoder = module!("encoder", encoder);
    let (loc, log_scale) = encoder.forward(x.clone());
    plate!("n", x.dims()[0], { sample!("z", Normal::new(loc, log_scale.exp()).independent(1)) });
}

fn binary() -> Result<Tensor<2>> {
    Ok(Tensor::from_floats([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 1.0, 1.0]], &device()?))
}

#[test]
fn an_autoencoder() -> Result<()> {
    let (x, device) = (binary()?, device()?);
    let decoder = LinearConfig::new(2, 3).init(&device);
    agree(&decoded(x.clone(), decoder), &amortised(x, Encoder::new(&device)))
}

#[test]
fn a_frozen_layer() -> Result<()> {
    let (x, device) = (binary()?, device()?);
    let mut encoder = Encoder::new(&device);
    encoder.hidden = encoder.hidden.freeze();
    agree(&decoded(x.clone(), LinearConfig::new(2, 3).init(&device)), &amortised(x, encoder))
}

#[test]
fn batches_of_an_amortised_guide() -> Result<()> {
    let (x, device) = (binary()?, device()?);
    let (decoder, encoder) = (LinearConfig::new(2, 3).init(&device), Encoder::new(&device));
    let pair = |start: usize, len: usize| {
        let batch = x.clone().narrow(0, start, len);
        (decoded(batch.clone(), decoder.clone()), amortised(batch, encoder.clone()))
    };
    let paths = executions().map(|execution| -> Result<_> {
        let (model, guide) = pair(0, 3);
        let svi = Svi::new(&model, guide).optimizer(Sgd::new(1e-2)).particles(2).seed(5).execution(execution);
        let mut state = svi.init()?;
        let mut history = Vec::new();
        for (start, len) in [(0, 3), (3, 1), (1, 3), (0, 1), (0, 3)] {
            let (model, guide) = pair(start, len);
            history.push(svi.step_with(&mut state, &model, &guide)?);
        }
        Ok((history, values(&state)?))
    });
    let [eager, compiled] = paths;
    let (eager, compiled) = (eager?, compiled?);
    same_elbos(&compiled.0, &eager.0, tolerance(1e-4), "batches");
    for (name, expected) in &eager.1 {
        tests::assert_close(&compiled.1[name], expected, tolerance(1e-5));
    }
    Ok(())
}

#[derive(Module, Debug, Arg)]
struct Spare {
    used: Linear,
    unused: Linear,
}

#[model]
fn with_a_spare(x: Tensor<2>, y: Tensor<1>, network: Spare) {
    let network = module!("network", network);
    let scale = sample!("scale", LogNormal::new(0.0, 0.5));
    let mean = network.used.forward(x).squeeze_dim::<1>(1);
    plate!("n", 4, { observe!("y", Normal::new(mean, scale), y) });
}

#[test]
fn a_layer_that_is_not_used_rests() -> Result<()> {
    let device = device()?;
    let layer = || LinearConfig::new(3, 1).init(&device);
    let network = Spare { used: layer(), unused: layer() };
    agree(&with_a_spare(binary()?, vector([0.1, 0.4, -0.3, 1.0])?, network), &AutoNormal::new())
}

#[model]
fn words(index: Tensor<2, Int>, y: Tensor<1>, embedding: Embedding, out: Linear) {
    let embedding = module!("embedding", embedding);
    let out = module!("out", out);
    let scale = sample!("scale", LogNormal::new(0.0, 0.5));
    let [documents, _] = index.dims();
    let pooled = embedding.forward(index).mean_dim(1).squeeze_dim::<2>(1);
    let scores = softplus(leaky_relu(out.forward(pooled), 0.1), 1.0).squeeze_dim::<1>(1);
    plate!("document", documents, { observe!("y", Normal::new(scores, scale), y) });
}

#[test]
fn an_embedding() -> Result<()> {
    let device = device()?;
    let index = Tensor::<2, Int>::from_ints([[0, 2, 1], [3, 3, 0]], &device);
    let (embedding, out) = (EmbeddingConfig::new(4, 3).init(&device), LinearConfig::new(3, 1).init(&device));
    agree(&words(index, vector([0.4, 1.3])?, embedding, out), &AutoNormal::new())
}

#[model]
fn images(images: Tensor<4>, classes: Tensor<1, Int>, convolution: Conv2d, along: Conv1d, out: Linear) {
    let (convolution, along, out) = (module!("convolution", convolution), module!("along", along), module!("out", out));
    let temperature = sample!("temperature", LogNormal::new(0.0, 0.3));
    let [count, ..] = images.dims();
    let features = convolution.forward(images).tanh();
    let [_, channels, height, width] = features.dims();
    let lines = along.forward(features.reshape([count, channels, height * width]));
    let logits = log_softmax(out.forward(lines.flatten::<2>(1, 2)), 1) * temperature.unsqueeze::<2>();
    plate!("image", count, { observe!("class", Categorical::logits(logits), classes) });
}

#[test]
fn convolutions() -> Result<()> {
    let device = device()?;
    let pixels = (0..2 * 4 * 5).map(|i| (f64::from(i) * 0.7).sin()).collect::<Vec<_>>();
    let pixels = Tensor::<1>::from_floats(pixels.as_slice(), &device).reshape([2, 1, 4, 5]);
    let classes = Tensor::<1, Int>::from_ints([2, 0], &device);
    let convolution = Conv2dConfig::new([1, 2], [2, 3]).with_stride([1, 2]).init(&device);
    let along = Conv1dConfig::new(2, 3, 2).init(&device);
    // [2, 3, 2] after the first layer, lines of 6, and 5 windows on each.
    let out = LinearConfig::new(3 * 5, 3).init(&device);
    agree(&images(pixels, classes, convolution, along, out), &AutoNormal::new())
}

#[model]
fn activated(x: Tensor<1>) {
    let a = sample!("a", Normal::new(0.2, 1.0).expand([4]));
    factor!("gelu", gelu(a.clone() * x.clone()));
    factor!("sigmoid", sigmoid(a * x));
}

#[test]
fn activations_with_a_kernel_of_their_own() -> Result<()> {
    if !has_exact_activations() {
        return Ok(());
    }
    agree(&activated(vector([0.1, -4.0, 3.0, 0.7])?), &AutoNormal::new())
}

#[derive(Module, Debug, Arg)]
struct Dropping {
    dropout: Dropout,
    out: Linear,
}

#[model]
fn dropped(x: Tensor<2>, y: Tensor<1>, network: Dropping) {
    let network = module!("network", network);
    let scale = sample!("scale", LogNormal::new(0.0, 0.5));
    let mean = network.out.forward(network.dropout.forward(x)).squeeze_dim::<1>(1);
    plate!("n", 4, { observe!("y", Normal::new(mean, scale), y) });
}

#[test]
fn a_dropout_that_is_trained_stays_eager() -> Result<()> {
    let device = device()?;
    let network = Dropping { dropout: DropoutConfig::new(0.5).init(), out: LinearConfig::new(3, 1).init(&device) };
    let model = dropped(binary()?, vector([0.1, 0.4, -0.3, 1.0])?, network);
    let fit = Svi::new(&model, AutoNormal::new()).steps(2).run()?;
    let found = fell_back(fit.executed());
    assert!(found.contains("Dropout") && found.contains("`network`"), "{found}");
    Ok(())
}

#[derive(Module, Debug, Arg)]
struct Regularised {
    hidden: Linear,
    dropout: vi_runtime::nn::Dropout,
    out: Linear,
}

#[model]
fn regularised(x: Tensor<2>, y: Tensor<1>, network: Regularised) {
    let network = module!("network", network);
    let scale = sample!("scale", LogNormal::new(0.0, 0.5));
    let hidden = network.dropout.forward(network.hidden.forward(x).tanh());
    let mean = network.out.forward(network.dropout.forward(hidden)).squeeze_dim::<1>(1);
    plate!("n", 4, { observe!("y", Normal::new(mean, scale), y) });
}

fn regularised_by(prob: f64) -> Result<impl Program + Clone> {
    let device = device()?;
    let network = Regularised {
        hidden: LinearConfig::new(3, 8).init(&device),
        dropout: vi_runtime::nn::Dropout::new(prob)?,
        out: LinearConfig::new(8, 1).init(&device),
    };
    Ok(regularised(binary()?, vector([0.1, 0.4, -0.3, 1.0])?, network))
}

#[test]
fn a_dropout_with_the_numbers_of_the_step() -> Result<()> {
    agree(&regularised_by(0.5)?, &AutoNormal::new())
}

#[model]
fn kept(x: Tensor<2>, dropout: vi_runtime::nn::Dropout) {
    let shift = param!("shift", [0.0]);
    factor!("loss", dropout.forward(x + shift.unsqueeze_dim(1)).neg().sum());
}

#[guide(model = kept)]
fn without_latents() {}

/// A shift moves the sum by the number of elements that stay over their probability: `n` in the mean, with variance
/// `n p/(1 − p)`; each step draws anew.
#[test]
fn a_dropout_keeps_the_mean_and_draws_anew_in_each_step() -> Result<()> {
    const N: usize = 10_000;
    let ones = Tensor::<2>::ones([N, 1], &device()?);
    for execution in [Execution::Eager, Execution::Compiled] {
        let model = kept(ones.clone(), vi_runtime::nn::Dropout::new(0.2)?);
        let svi = Svi::new(&model, without_latents()).optimizer(Sgd::new(0.0)).execution(execution);
        let mut state = svi.init()?;
        let sums = [svi.step(&mut state)?, svi.step(&mut state)?];
        let error = (N as f64 * 0.25).sqrt();
        assert!(sums.iter().all(|sum| (sum + N as f64).abs() < 4.0 * error && sum.abs() != N as f64), "{sums:?}");
        assert_ne!(sums[0], sums[1]);
        // An estimate of the ELBO is no step.
        assert_eq!(svi.evaluate(&state, 2)?.value, -(N as f64));
    }
    Ok(())
}

#[test]
fn a_frozen_dropout_passes_everything_on() -> Result<()> {
    let ones = Tensor::<2>::ones([100, 1], &device()?);
    let model = kept(ones, vi_runtime::nn::Dropout::new(0.5)?.freeze());
    let svi = Svi::new(&model, without_latents()).optimizer(Sgd::new(0.0));
    assert_eq!(svi.step(&mut svi.init()?)?, -100.0);
    Ok(())
}

#[test]
fn a_dropout_of_everything_is_refused() {
    let found = vi_runtime::nn::Dropout::new(1.0).unwrap_err().to_string();
    assert!(found.contains("1; it must be in [0, 1)"), "{found}");
}
