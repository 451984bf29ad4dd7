//! Networks that give the parameters of a curve: dense ones, and masked ones in which each output depends on earlier inputs only.

use burn::module::{Module, Param};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use vi_graph::Key;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

use crate::Arg;
use crate::error::{Error, Result};

/// Linear layers with `tanh` between them; the last starts at zero, so that a fresh network gives 0 for everything.
#[derive(Module, Debug, Arg)]
pub(super) struct Dense {
    layers: Vec<Linear>,
}

/// # Errors
/// [`Error::Config`] for a hidden layer without units.
pub(super) fn check(hidden: &[usize]) -> Result<()> {
    if hidden.contains(&0) {
        let problem = format!("{hidden:?} has a layer without units");
        return Err(Error::Config { setting: "hidden layers of a flow".to_owned(), problem });
    }
    Ok(())
}

fn layers(sizes: &[usize], device: &Device) -> Vec<Linear> {
    let last = sizes.len().saturating_sub(2);
    sizes
        .windows(2)
        .enumerate()
        .map(|(i, pair)| {
            let config = LinearConfig::new(pair[0], pair[1]);
            let config = if i == last { config.with_initializer(Initializer::Zeros) } else { config };
            config.init(device)
        })
        .collect()
}

/// Other random numbers in the place of those that Burn's generator gave: uniform on `middle ± reach`, from the key alone.
pub(super) fn redrawn<const D: usize>(param: Param<Tensor<D>>, key: Key, middle: f64, reach: f64) -> Param<Tensor<D>> {
    param.map(|old| {
        let mut numbers = vec![0.0; old.shape().num_elements()];
        fill_f64(NoiseKind::Uniform, key, &mut numbers);
        numbers.iter_mut().for_each(|u| *u = middle + (2.0 * *u - 1.0) * reach);
        Tensor::from_data(TensorData::new(numbers, old.dims()), (&old.device(), old.dtype()))
    })
}

/// All layers but the last, which starts at zero, with the ranges of Burn's `Linear`.
fn seeded(layers: Vec<Linear>, key: Key) -> Vec<Linear> {
    let last = layers.len().saturating_sub(1);
    let redraw = |(i, layer): (usize, Linear)| {
        if i == last {
            return layer;
        }
        let reach = (layer.weight.dims()[0] as f64).sqrt().recip();
        let key = key.fold_in(i as u64);
        let bias = layer.bias.map(|bias| redrawn(bias, key.site("bias"), 0.0, reach));
        Linear { weight: redrawn(layer.weight, key.site("weight"), 0.0, reach), bias }
    };
    layers.into_iter().enumerate().map(redraw).collect()
}

fn sizes(inputs: usize, hidden: &[usize], outputs: usize) -> Vec<usize> {
    [inputs].into_iter().chain(hidden.iter().copied()).chain([outputs]).collect()
}

impl Dense {
    pub(super) fn new(inputs: usize, hidden: &[usize], outputs: usize, device: &Device) -> Self {
        Dense { layers: layers(&sizes(inputs, hidden, outputs), device) }
    }

    pub(super) fn seeded(self, key: Key) -> Self {
        Dense { layers: seeded(self.layers, key) }
    }

    /// `[rows, inputs]` to `[rows, outputs]`.
    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len().saturating_sub(1);
        self.layers.iter().enumerate().fold(x, |x, (i, layer)| {
            let x = layer.forward(x);
            if i < last { x.tanh() } else { x }
        })
    }
}

/// A network whose outputs for element `i` depend on the inputs before `i` only (MADE: Germain et al. 2015).
///
/// Each unit has a degree: an input its place from 1, hidden units `1..n` in turn. A weight joins units whose degrees do not
/// fall, and at the outputs only where they rise.
#[derive(Module, Debug, Arg)]
pub(super) struct Masked {
    layers: Vec<Linear>,
    features: usize,
    outputs: usize,
}

impl Masked {
    /// With `outputs` numbers for each of `features` elements.
    pub(super) fn new(features: usize, hidden: &[usize], outputs: usize, device: &Device) -> Self {
        Masked { layers: layers(&sizes(features, hidden, features * outputs), device), features, outputs }
    }

    pub(super) fn seeded(self, key: Key) -> Self {
        Masked { layers: seeded(self.layers, key), ..self }
    }

    pub(super) fn features(&self) -> usize {
        self.features
    }

    /// The degrees of `count` units before layer `layer`.
    fn degrees(&self, layer: usize, count: usize) -> Vec<usize> {
        (0..count)
            .map(|unit| match layer {
                0 => unit + 1,
                _ if layer == self.layers.len() => unit / self.outputs + 1,
                _ => unit % self.features.saturating_sub(1).max(1) + 1,
            })
            .collect()
    }

    /// 1 where a weight of layer `layer` counts.
    fn mask(&self, layer: usize, weight: &Tensor<2>) -> Tensor<2> {
        let [inputs, outputs] = weight.dims();
        let (from, to) = (self.degrees(layer, inputs), self.degrees(layer + 1, outputs));
        let strict = usize::from(layer + 1 == self.layers.len());
        let row = |from: usize| to.iter().map(move |&to| f64::from(u8::from(from + strict <= to)));
        let joined: Vec<f64> = from.into_iter().flat_map(row).collect();
        Tensor::from_data(TensorData::new(joined, [inputs, outputs]), (&weight.device().inner(), weight.dtype()))
    }

    /// `[rows, features]` to `[rows, features, outputs]`.
    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<3> {
        let (rows, last) = (x.dims()[0], self.layers.len().saturating_sub(1));
        let x = self.layers.iter().enumerate().fold(x, |x, (i, layer)| {
            let weight = layer.weight.val();
            let mask = self.mask(i, &weight);
            let x = x.matmul(weight * mask);
            let x = match &layer.bias {
                Some(bias) => x + bias.val().unsqueeze(),
                None => x,
            };
            if i < last { x.tanh() } else { x }
        });
        x.reshape([rows, self.features, self.outputs])
    }
}
