//! Block-autoregressive flows.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Bool, DType, Device, Tensor, TensorData};

use vi_graph::Key;

use super::Flow;
use super::network::redrawn;
use crate::Arg;
use crate::bijector::log_sech_squared;
use crate::dist::logistic;
use crate::error::{Error, Result};
use crate::special::logsumexp;

/// A network with `tanh` between its layers that is itself increasing in each element given those before it (De Cao et al.
/// 2019): each element has its own units in every layer, joined by positive weights, and units of earlier elements enter with
/// weights of any sign.
///
/// `y = (1 − g) x + g f(x)` with a learnt gate `g = σ(γ)`. The gate starts at 0.01: a fresh flow is nearly the identity.
///
/// The network is one-to-one, but its inverse has no formula: it is found by bisection, as many passes for each element as the
/// precision has bits. A guide draws and scores its draws without it.
#[derive(Module, Debug, Arg)]
pub struct BlockAutoregressive {
    layers: Vec<Blocks>,
    gate: Param<Tensor<1>>,
    features: usize,
}

/// The weights of one layer from `inputs` to `outputs` units for each element.
#[derive(Module, Debug, Arg)]
struct Blocks {
    /// Logarithms of the weights within an element, `[features, inputs, outputs]`.
    own: Param<Tensor<3>>,
    /// Weights from earlier elements, `[features · inputs, features · outputs]`; the others do not count.
    earlier: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Blocks {
    fn new(features: usize, inputs: usize, outputs: usize, device: &Device) -> Self {
        // Positive weights that add up to about 1, and the others as a dense layer would have them.
        let middle = -(inputs as f64).ln();
        let reach = ((features * inputs) as f64).sqrt().recip();
        let uniform = |min: f64, max: f64| Initializer::Uniform { min, max };
        Blocks {
            own: uniform(middle - 0.5, middle + 0.5).init([features, inputs, outputs], device),
            earlier: uniform(-reach, reach).init([features * inputs, features * outputs], device),
            bias: uniform(-reach, reach).init([features * outputs], device),
        }
    }

    /// The ranges of [`new`](Self::new), from the key alone.
    fn seeded(self, key: Key) -> Self {
        let [features, inputs, _] = self.own.dims();
        let reach = ((features * inputs) as f64).sqrt().recip();
        Blocks {
            own: redrawn(self.own, key.site("own"), -(inputs as f64).ln(), 0.5),
            earlier: redrawn(self.earlier, key.site("earlier"), 0.0, reach),
            bias: redrawn(self.bias, key.site("bias"), 0.0, reach),
        }
    }

    /// The whole matrix: positive blocks on the diagonal, the others above it.
    fn weight(&self) -> Tensor<2> {
        let (own, earlier) = (self.own.val(), self.earlier.val());
        let [features, inputs, outputs] = own.dims();
        let (rows, columns) = (features * inputs, features * outputs);
        let to = (&earlier.device().inner(), earlier.dtype());
        let constant = |holds: &dyn Fn(usize, usize) -> bool| {
            let ones: Vec<f64> =
                (0..rows * columns).map(|k| f64::from(u8::from(holds(k / columns / inputs, k % columns / outputs)))).collect();
            Tensor::<2>::from_data(TensorData::new(ones, [rows, columns]), to)
        };
        let before = constant(&|from, to| from < to);
        let diagonal = constant(&|from, to| from == to);
        // Each block repeated along its row of blocks, of which the mask keeps one.
        let repeated = own.exp().reshape([rows, 1, outputs]).expand([rows, features, outputs]).reshape([rows, columns]);
        earlier * before + repeated * diagonal
    }
}

impl BlockAutoregressive {
    /// For vectors of `features` elements, with `units` for each element in each of `hidden` hidden layers.
    ///
    /// # Errors
    /// [`Error::Config`] where there is no hidden layer or no unit: the map would be linear.
    pub fn new(features: usize, hidden: usize, units: usize, device: &Device) -> Result<Self> {
        if hidden == 0 || units == 0 {
            let problem = format!("{hidden} layer(s) of {units} unit(s) bend nothing");
            return Err(Error::Config { setting: "hidden layers of a block-autoregressive flow".to_owned(), problem });
        }
        let inputs = [1].into_iter().chain(std::iter::repeat_n(units, hidden));
        let outputs = std::iter::repeat_n(units, hidden).chain([1]);
        let layers = inputs.zip(outputs).map(|(inputs, outputs)| Blocks::new(features, inputs, outputs, device)).collect();
        let gate = Initializer::Constant { value: (0.01_f64 / 0.99).ln() }.init([1], device);
        Ok(BlockAutoregressive { layers, gate, features })
    }

    /// The same flow, fresh weights drawn from the key alone instead of Burn's generator.
    #[must_use]
    pub fn seeded(self, key: Key) -> Self {
        let layers = self.layers.into_iter().enumerate().map(|(i, layer)| layer.seeded(key.fold_in(i as u64))).collect();
        BlockAutoregressive { layers, ..self }
    }

    /// `f(x)` and `ln ∂fᵢ/∂xᵢ`, both `[rows, features]`, and how far `f` can be from 0.
    fn network(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
        let (rows, features, last) = (x.dims()[0], self.features, self.layers.len() - 1);
        let mut slopes: Option<Tensor<3>> = None;
        let mut reach = None;
        let mut x = x;
        for (i, layer) in self.layers.iter().enumerate() {
            let weight = layer.weight();
            let bias: Tensor<2> = layer.bias.val().unsqueeze();
            if i == last {
                // Units before the last layer lie in (−1, 1).
                reach = Some(weight.clone().abs().sum_dim(0) + bias.clone().abs());
            }
            x = x.matmul(weight) + bias;
            let own = layer.own.val();
            let [_, inputs, outputs] = own.dims();
            // ln Σ over units of (slope so far)(weight).
            let own: Tensor<4> = own.unsqueeze_dim(0);
            let through = match slopes {
                Some(slopes) => {
                    let slopes: Tensor<4> = slopes.reshape([rows, features, inputs, 1]);
                    let terms = slopes.expand([rows, features, inputs, outputs]) + own.expand([rows, features, inputs, outputs]);
                    logsumexp(terms, 2).reshape([rows, features, outputs])
                }
                None => own.expand([rows, features, inputs, outputs]).reshape([rows, features, outputs]),
            };
            slopes = Some(if i < last { through + log_sech_squared(x.clone()).reshape([rows, features, outputs]) } else { through });
            if i < last {
                x = x.tanh();
            }
        }
        let zeros = || x.clone().without_autodiff().zeros_like();
        let slopes = slopes.map_or_else(zeros, |slopes| slopes.reshape([rows, features]));
        let reach = reach.unwrap_or_else(zeros);
        (x, slopes, reach)
    }

    fn gate(&self) -> Tensor<2> {
        logistic(self.gate.val()).unsqueeze()
    }
}

impl Flow for BlockAutoregressive {
    fn push(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let (f, slopes, _) = self.network(x.clone());
        let gate = self.gate();
        let rest = gate.clone().neg().add_scalar(1.0);
        let log_det = (slopes.exp() * gate.clone() + rest.clone()).log().sum_dim(1);
        (x * rest + f * gate, log_det)
    }

    /// Element by element: with those before it known, `yᵢ` increases in `xᵢ`, and `f` is bounded. One step of Newton's method
    /// after the halvings carries the derivative, also that through the elements before.
    fn pull(&self, y: Tensor<2>) -> Tensor<2> {
        let gate = self.gate();
        let rest = gate.clone().neg().add_scalar(1.0);
        let halvings = if y.dtype() == DType::F64 { 54 } else { 26 };
        let mut x = y.clone() / rest.clone();
        let reach = self.network(x.clone()).2 * gate.clone();
        let (lowest, highest) = ((y.clone() - reach.clone()) / rest.clone(), (y.clone() + reach) / rest.clone());
        for element in 0..self.features {
            let turn = place(element, &x);
            let (mut low, mut high) = (lowest.clone(), highest.clone());
            for _ in 0..halvings {
                let middle = (low.clone() + high.clone()).mul_scalar(0.5);
                let tried = x.clone().mask_where(turn.clone(), middle.clone());
                let under = self.push(tried).0.lower(y.clone());
                low = low.mask_where(under.clone(), middle.clone());
                high = middle.mask_where(under, high);
            }
            x = x.mask_where(turn.clone(), (low + high).mul_scalar(0.5));
            let (f, slopes, _) = self.network(x.clone());
            let excess = x.clone() * rest.clone() + f * gate.clone() - y.clone();
            let better = x.clone() - excess / (slopes.exp() * gate.clone() + rest.clone());
            x = x.mask_where(turn, better);
        }
        x
    }
}

/// True for one element of each row.
fn place(element: usize, like: &Tensor<2>) -> Tensor<2, Bool> {
    let columns = like.dims()[1];
    let ones: Vec<f64> = (0..columns).map(|column| f64::from(u8::from(column == element))).collect();
    let row = Tensor::<2>::from_data(TensorData::new(ones, [1, columns]), (&like.device().inner(), like.dtype()));
    row.greater_elem(0.5).expand(like.dims())
}
