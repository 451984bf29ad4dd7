//! A variational autoencoder (Kingma and Welling 2014) of binary digits: 784-400-20, softplus, one normal a digit.

use vi_runtime::burn;
use vi_runtime::burn::module::{Module, Param};
use vi_runtime::burn::nn::{Linear, LinearConfig};
use vi_runtime::burn::tensor::activation::softplus;
use vi_runtime::prelude::*;

use super::data;

const PIXELS: usize = 784;
const HIDDEN: usize = 400;
const LATENT: usize = 20;

/// Pixels to location and scale of the latent.
#[derive(Module, Debug, Arg)]
pub struct Encoder {
    hidden: Linear,
    loc: Linear,
    log_scale: Linear,
}

/// Latent to the logit of each pixel.
#[derive(Module, Debug, Arg)]
pub struct Decoder {
    hidden: Linear,
    out: Linear,
}

/// Weights of variance `2/(in + out)` (Glorot and Bengio 2010) from the stream of `name`, and no bias.
fn layer(name: &str, inputs: usize, outputs: usize) -> Result<Linear> {
    let mut linear = LinearConfig::new(inputs, outputs).init(&vi_runtime::device::default());
    let weight: Tensor<2> = data::normal(name, [inputs, outputs])?.mul_scalar((2.0 / (inputs + outputs) as f64).sqrt());
    linear.bias = Some(Param::from_tensor(weight.clone().narrow(0, 0, 1).zeros_like().squeeze_dim::<1>(0)));
    linear.weight = Param::from_tensor(weight);
    Ok(linear)
}

impl Encoder {
    /// With weights from a fixed seed.
    pub fn new() -> Result<Self> {
        Ok(Encoder {
            hidden: layer("encoder.hidden", PIXELS, HIDDEN)?,
            loc: layer("encoder.loc", HIDDEN, LATENT)?,
            log_scale: layer("encoder.log_scale", HIDDEN, LATENT)?,
        })
    }

    fn forward(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let hidden = softplus(self.hidden.forward(x), 1.0);
        (self.loc.forward(hidden.clone()), self.log_scale.forward(hidden).exp())
    }
}

impl Decoder {
    /// With weights from a fixed seed.
    pub fn new() -> Result<Self> {
        Ok(Decoder { hidden: layer("decoder.hidden", LATENT, HIDDEN)?, out: layer("decoder.out", HIDDEN, PIXELS)? })
    }

    fn forward(&self, z: Tensor<2>) -> Tensor<2> {
        self.out.forward(softplus(self.hidden.forward(z), 1.0))
    }
}

#[model]
pub fn digits(x: Tensor<2>, decoder: Decoder) {
    let decoder = module!("decoder", decoder);
    plate!("digit", x.dims()[0], {
        let z = sample!("z", Normal::new(0.0, 1.0).expand([1, LATENT]).independent(1));
        observe!("x", Bernoulli::logits(decoder.forward(z)).independent(1), x);
    });
}

#[guide(model = digits)]
pub fn encode(x: Tensor<2>, encoder: Encoder) {
    let encoder = module!("encoder", encoder);
    let (loc, scale) = encoder.forward(x.clone());
    plate!("digit", x.dims()[0], { sample!("z", Normal::new(loc, scale).independent(1)) });
}
