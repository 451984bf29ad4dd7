//! Layers of networks and activations, written out.

use burn::backend::ir::{ActivationOperationIr, EmbeddingOpIr, LayerNormOpIr, LinearOpIr, ModuleOperationIr, TensorIr};
use vi_graph::Id;
use vi_graph::ir::{Binary, Compare, Reduce, Unary};

use super::window::{Pool, Pooling};
use super::{Importer, Outcome, float, shape, unsupported};

impl Importer {
    pub(super) fn module(&mut self, op: &ModuleOperationIr) -> Outcome {
        use ModuleOperationIr as M;
        match op {
            M::Linear(op) => self.linear(op),
            M::Embedding(op) => self.embedding(op),
            M::LayerNorm(op) => self.layer_norm(op),
            M::Conv1d(op) => self.conv1d(op),
            M::Conv2d(op) => self.conv2d(op),
            M::MaxPool1d(op) => {
                let windows = ([1, op.kernel_size], [1, op.stride], [0, op.padding], [1, op.dilation]);
                self.pool(&op.x, &op.out, &Pool::new(windows, op.ceil_mode, Pooling::Max))
            }
            M::MaxPool2d(op) => {
                let windows = (op.kernel_size, op.stride, op.padding, op.dilation);
                self.pool(&op.x, &op.out, &Pool::new(windows, op.ceil_mode, Pooling::Max))
            }
            M::AvgPool1d(op) => {
                let windows = ([1, op.kernel_size], [1, op.stride], [0, op.padding], [1, 1]);
                let padding_counts = op.count_include_pad;
                self.pool(&op.x, &op.out, &Pool::new(windows, op.ceil_mode, Pooling::Mean { padding_counts }))
            }
            M::AvgPool2d(op) => {
                let windows = (op.kernel_size, op.stride, op.padding, [1, 1]);
                let padding_counts = op.count_include_pad;
                self.pool(&op.x, &op.out, &Pool::new(windows, op.ceil_mode, Pooling::Mean { padding_counts }))
            }
            _ => unsupported(op),
        }
    }

    pub(super) fn activation(&mut self, op: &ActivationOperationIr) -> Outcome {
        use ActivationOperationIr as A;
        match op {
            A::Relu(op) => {
                let x = self.get(&op.input)?;
                let zero = self.graph.full_like(0.0, x);
                // Zero first: in a tie the derivative is 0, as Burn has it.
                let out = self.graph.binary(Binary::Max, zero, x);
                self.set(&op.out, out)
            }
            A::LeakyRelu(op) => {
                let (x, slope) = (self.get(&op.lhs)?, self.full(op.rhs, &op.lhs)?);
                self.leaky(x, slope, &op.out)
            }
            A::PRelu(op) => {
                let (x, slope) = (self.get(&op.lhs)?, self.get_as(&op.rhs, &op.out)?);
                self.leaky(x, slope, &op.out)
            }
            A::Gelu(op) => {
                let x = self.get(&op.input)?;
                let scaled = self.times(x, std::f64::consts::FRAC_1_SQRT_2);
                let erf = self.graph.unary(Unary::Erf, scaled);
                let twice = self.graph.add_scalar(erf, 1.0);
                let half = self.graph.mul_scalar(x, 0.5);
                let out = self.graph.mul(half, twice);
                self.set(&op.out, out)
            }
            A::Sigmoid(op) => self.unary(Unary::Sigmoid, op),
            A::HardSigmoid(op) => {
                let x = self.get(&op.tensor)?;
                let (scale, shift) = (self.full(op.alpha, &op.out)?, self.full(op.beta, &op.out)?);
                let scaled = self.graph.mul(x, scale);
                let line = self.graph.add(scaled, shift);
                let (zero, one) = (self.graph.full_like(0.0, x), self.graph.full_like(1.0, x));
                let floored = self.graph.binary(Binary::Max, line, zero);
                let out = self.graph.binary(Binary::Min, floored, one);
                self.set(&op.out, out)
            }
            A::LogSigmoid(op) => {
                let x = self.get(&op.input)?;
                let minus = self.graph.neg(x);
                let softplus = self.graph.unary(Unary::Softplus, minus);
                let out = self.graph.neg(softplus);
                self.set(&op.out, out)
            }
            A::LogSoftmax(op) => {
                let x = self.get(&op.input)?;
                let out = self.log_softmax(x, op.axis);
                self.set(&op.out, out)
            }
            A::Softmax(op) => {
                let x = self.get(&op.input)?;
                let logarithm = self.log_softmax(x, op.axis);
                let out = self.graph.unary(Unary::Exp, logarithm);
                self.set(&op.out, out)
            }
            A::Softmin(op) => {
                let x = self.get(&op.input)?;
                let minus = self.graph.neg(x);
                let logarithm = self.log_softmax(minus, op.axis);
                let out = self.graph.unary(Unary::Exp, logarithm);
                self.set(&op.out, out)
            }
            A::ReluBackward(_) | A::GeluBackward(_) | A::SigmoidBackward(_) | A::LogSigmoidBackward(_) => unsupported(op),
        }
    }

    /// `c x`, the number in the precision of the graph.
    fn times(&mut self, x: Id, c: f64) -> Id {
        let c = self.round(c);
        self.graph.mul_scalar(x, c)
    }

    fn leaky(&mut self, x: Id, slope: Id, out: &TensorIr) -> Outcome {
        let zero = self.graph.full_like(0.0, x);
        let below = self.graph.compare(Compare::Less, x, zero);
        let scaled = self.graph.mul(x, slope);
        let result = self.graph.select(below, scaled, x);
        self.set(out, result)
    }

    /// `x − log Σ eˣ`
    fn log_softmax(&mut self, x: Id, axis: usize) -> Id {
        let total = self.graph.reduce(Reduce::LogSumExp, x, &[axis]);
        let total = self.graph.expand(total, self.graph.shape(x).to_vec());
        self.graph.sub(x, total)
    }

    /// `x W + b` over the last dimension, the others as the rows of one product.
    fn linear(&mut self, op: &LinearOpIr) -> Outcome {
        let (x, weight) = (self.get(&op.x)?, self.get(&op.weight)?);
        let sizes = shape(&op.x);
        let Some((&inner, outer)) = sizes.split_last() else { return unsupported(op) };
        let rows: usize = outer.iter().product();
        let x = self.graph.reshape(x, [rows, inner]);
        let mut out = self.graph.matmul(x, weight, false, false);
        if let Some(bias) = &op.bias {
            let bias = self.get(bias)?;
            let bias = self.graph.broadcast(bias, self.graph.shape(out).to_vec());
            out = self.graph.add(out, bias);
        }
        self.set(&op.out, out)
    }

    fn embedding(&mut self, op: &EmbeddingOpIr) -> Outcome {
        let (weights, indices) = (self.get(&op.weights)?, self.get(&op.indices)?);
        let count: usize = shape(&op.indices).iter().product();
        let indices = self.graph.reshape(indices, [count]);
        let rows = self.graph.take(weights, 0, indices);
        self.set(&op.out, rows)
    }

    /// `γ (x − mean) / √(var + ε) + β` over the last dimension, with the variance of the population.
    fn layer_norm(&mut self, op: &LayerNormOpIr) -> Outcome {
        let x = self.get(&op.input)?;
        let sizes = shape(&op.input);
        let last = sizes.len() - 1;
        let mean = self.mean_of(x, &[last]);
        let mean = self.graph.expand(mean, sizes.clone());
        let centred = self.graph.sub(x, mean);
        let squares = self.graph.unary(Unary::Square, centred);
        let variance = self.mean_of(squares, &[last]);
        let epsilon = self.round(float(op.epsilon));
        let shifted = self.graph.add_scalar(variance, epsilon);
        let deviation = self.graph.unary(Unary::Sqrt, shifted);
        let deviation = self.graph.expand(deviation, sizes);
        let normalised = self.graph.div(centred, deviation);
        let gamma = self.get_as(&op.gamma, &op.input)?;
        let mut out = self.graph.mul(normalised, gamma);
        if let Some(beta) = &op.beta {
            let beta = self.get_as(beta, &op.input)?;
            out = self.graph.add(out, beta);
        }
        self.set(&op.out, out)
    }

    /// `b` along dimension 1 of `[batch, channels, ..]`.
    pub(super) fn add_channels(&mut self, x: Id, bias: &TensorIr) -> Outcome<Id> {
        let bias = self.get(bias)?;
        let sizes = self.graph.shape(x).to_vec();
        let lined: Vec<usize> = (0..sizes.len()).map(|axis| if axis == 1 { sizes[1] } else { 1 }).collect();
        let bias = self.graph.reshape(bias, lined);
        let bias = self.graph.expand(bias, sizes);
        Ok(self.graph.add(x, bias))
    }
}
