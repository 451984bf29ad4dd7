//! Question: which few numbers does a handwritten digit come down to?
//!
//! Data: 10 000 digits of MNIST's test set (LeCun, Cortes and Burges), pixels 0 or 1; 9 000 to learn from and 1 000 held out.
//! Model (Kingma and Welling 2014): twenty numbers z ~ N(0, 1) a digit, pixel ~ Bernoulli(logit = decoder(z)). Guide: z ~ N(loc, scale)
//! with loc and scale from an encoder that sees the digit. Both are Burn modules of one hidden layer.
//!
//! Run: `cargo run --release --example vae` (options: `-- --device flex --steps 4000 --seed 0 --out target/pictures`).
//!
//! Prints, in nats a held-out digit, the ELBO and the bound of 100 importance-weighted draws (Burda, Grosse and Salakhutdinov 2016), which is
//! nearer to the log evidence; writes `vae_reconstructions.png` (held-out digits above what their twenty numbers give back) and
//! `vae_samples.png` (digits from z ~ N(0, 1)).

use examples::Settings;
use examples::{data, picture};
use vi_runtime::burn;
use vi_runtime::burn::module::Module;
use vi_runtime::burn::nn::{Linear, LinearConfig};
use vi_runtime::burn::tensor::activation::{sigmoid, softplus};
use vi_runtime::noise::{HostNoise, Noise};
use vi_runtime::prelude::*;
use vi_runtime::special::logsumexp;
use vi_runtime::{Key, Placement};

const PIXELS: usize = 784;
const HIDDEN: usize = 400;
const LATENT: usize = 20;
const TRAINED: usize = 9_000;
const HELD_OUT: usize = 1_000;
const BATCH: usize = 128;

/// Pixels to location and scale of the latent.
#[derive(Module, Debug, Arg)]
struct Encoder {
    hidden: Linear,
    loc: Linear,
    log_scale: Linear,
}

impl Encoder {
    fn new(device: &Device) -> Self {
        let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        Encoder { hidden: layer(PIXELS, HIDDEN), loc: layer(HIDDEN, LATENT), log_scale: layer(HIDDEN, LATENT) }
    }

    /// `[digit, pixel]` to location and scale, `[digit, latent]` each.
    fn forward(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let hidden = softplus(self.hidden.forward(x), 1.0);
        (self.loc.forward(hidden.clone()), self.log_scale.forward(hidden).exp())
    }
}

/// Latent to the logit of each pixel.
#[derive(Module, Debug, Arg)]
struct Decoder {
    hidden: Linear,
    out: Linear,
}

impl Decoder {
    fn new(device: &Device) -> Self {
        let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        Decoder { hidden: layer(LATENT, HIDDEN), out: layer(HIDDEN, PIXELS) }
    }

    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        self.out.forward(softplus(self.hidden.forward(z), 1.0))
    }
}

#[model]
fn digits(x: Tensor<2>, total: usize, decoder: Decoder) {
    let decoder = module!("decoder", decoder);
    plate!("digit", total, subsample = x.dims()[0], |_rows| {
        let z = sample!("z", Normal::new(0.0, 1.0).expand([1, LATENT]).independent(1));
        observe!("x", Bernoulli::logits(decoder.forward(z)).independent(1), x);
    });
}

#[guide(model = digits)]
fn encode(x: Tensor<2>, total: usize, encoder: Encoder) {
    let encoder = module!("encoder", encoder);
    let (loc, scale) = encoder.forward(x.clone());
    plate!("digit", total, subsample = x.dims()[0], |_rows| { sample!("z", Normal::new(loc, scale).independent(1)) });
}

/// `ln (1/K) Σₖ p(x, zₖ)/q(zₖ)` of each digit, averaged over the digits.
fn importance_weighted(x: &Tensor<2>, encoder: &Encoder, decoder: &Decoder, draws: usize, noise: &mut Noise<'_>) -> Result<f64> {
    let (loc, scale) = encoder.forward(x.clone());
    let mut weights = Vec::with_capacity(draws);
    for _ in 0..draws {
        let z = loc.clone() + scale.clone() * noise.normal(loc.dims())?;
        let likelihood = Bernoulli::logits(decoder.forward(z.clone())).log_prob(&x.clone().int()).sum_dim(1);
        let prior = Normal::new(0.0, 1.0).expand(z.dims()).log_prob(&z).sum_dim(1);
        weights.push(likelihood + prior - Normal::new(&loc, &scale).log_prob(&z).sum_dim(1));
    }
    let bound = logsumexp(Tensor::cat(weights, 1), 1) - (draws as f64).ln();
    Ok(AnyTensor::from(bound.mean()).to_f64()?[0])
}

fn main() -> Result<()> {
    let settings = Settings::parse(4_000)?;
    let device = &settings.device;
    device.seed(settings.seed);
    let all = data::digits(device)?;
    let (train, test) = (all.clone().narrow(0, 0, TRAINED), all.narrow(0, TRAINED, HELD_OUT));
    let (encoder, decoder) = (Encoder::new(device), Decoder::new(device));
    let bind = |x: Tensor<2>, total| (digits(x.clone(), total, decoder.clone()), encode(x, total, encoder.clone()));

    // The fit is made for the held-out digits, so that its ELBO is theirs; the steps see the others.
    let (model, guide) = bind(test.clone(), HELD_OUT);
    let svi = Svi::new(&model, guide).optimizer(Adam::new(1e-3)).device(device.clone()).seed(settings.seed);
    let batches = Batches::new(TRAINED, BATCH)?.seed(settings.seed);
    println!("{:.1} epochs of {TRAINED} digits", settings.steps as f64 / batches.per_epoch() as f64);
    let fit = svi.run_over(batches.take(settings.steps as usize), |batch| Ok(bind(batch.rows(&train)?, TRAINED)))?;

    let last = &fit.history()[fit.history().len().saturating_sub(100)..];
    println!("ELBO of a training digit, last 100 steps: {:.2}", last.iter().sum::<f64>() / last.len() as f64 / TRAINED as f64);
    let elbo = fit.elbo_from(20)?;
    println!("ELBO of a held-out digit: {:.2}", elbo.value / HELD_OUT as f64);
    let (encoder, decoder): (Encoder, Decoder) = (fit.module("encoder")?, fit.module("decoder")?);
    let placement = Placement { device: device.clone(), dtype: FloatDType::F32 };
    let mut source = HostNoise::new(Key::new(settings.seed).site("pictures"), placement);
    let mut noise = Noise::new(&mut source);
    println!("bound of 100 importance-weighted draws: {:.2}", importance_weighted(&test, &encoder, &decoder, 100, &mut noise)?);

    let seen = test.narrow(0, 0, 20);
    let back = sigmoid(decoder.forward(encoder.forward(seen.clone()).0));
    let rows = [seen.clone().narrow(0, 0, 10), back.clone().narrow(0, 0, 10), seen.narrow(0, 10, 10), back.narrow(0, 10, 10)];
    let samples = sigmoid(decoder.forward(noise.normal([100, LATENT])?));
    for (name, pictures) in [("vae_reconstructions.png", Tensor::cat(rows.to_vec(), 0)), ("vae_samples.png", samples)] {
        let path = settings.out.join(name);
        picture::write(&path, &pictures, 10)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}
