//! Convolution and pooling: the windows of an image are gathered by an index that is known, then multiplied or reduced.

use burn::backend::ir::{Conv1dOpIr, Conv2dOpIr, ScalarIr, TensorIr};
use vi_graph::Id;
use vi_graph::ir::Reduce;

use super::{Importer, Outcome, shape};

const ZERO: ScalarIr = ScalarIr::Int(0);

/// Which windows: height, then width.
#[derive(Clone, Copy)]
struct Windows {
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    /// How many there are.
    out: [usize; 2],
}

/// What becomes of a window.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Pooling {
    Max,
    Mean { padding_counts: bool },
}

/// One pooling layer.
pub(super) struct Pool {
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    ceil_mode: bool,
    pooling: Pooling,
}

impl Pool {
    /// Kernel, stride, padding and dilation.
    pub(super) fn new(windows: ([usize; 2], [usize; 2], [usize; 2], [usize; 2]), ceil_mode: bool, pooling: Pooling) -> Self {
        let (kernel, stride, padding, dilation) = windows;
        Pool { kernel, stride, padding, dilation, ceil_mode, pooling }
    }
}

/// A convolution of `[batch, channels, height, width]`.
struct Convolution<'a> {
    x: Id,
    weight: &'a TensorIr,
    bias: Option<&'a TensorIr>,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [(usize, usize); 2],
    dilation: [usize; 2],
    groups: usize,
}

impl Importer {
    pub(super) fn conv1d(&mut self, op: &Conv1dOpIr) -> Outcome {
        let x = self.get(&op.x)?;
        let [batch, channels, width] = shape(&op.x)[..] else { return Err("a Conv1d of another rank than 3".into()) };
        let x = self.graph.reshape(x, [batch, channels, 1, width]);
        let options = &op.options;
        let out = self.convolve(&Convolution {
            x,
            weight: &op.weight,
            bias: op.bias.as_ref(),
            kernel: [1, shape(&op.weight)[2]],
            stride: [1, options.stride[0]],
            padding: [(0, 0), options.padding[0]],
            dilation: [1, options.dilation[0]],
            groups: options.groups,
        })?;
        self.set(&op.out, out)
    }

    pub(super) fn conv2d(&mut self, op: &Conv2dOpIr) -> Outcome {
        let x = self.get(&op.x)?;
        let weight = shape(&op.weight);
        let options = &op.options;
        let out = self.convolve(&Convolution {
            x,
            weight: &op.weight,
            bias: op.bias.as_ref(),
            kernel: [weight[2], weight[3]],
            stride: options.stride,
            padding: options.padding,
            dilation: options.dilation,
            groups: options.groups,
        })?;
        self.set(&op.out, out)
    }

    /// The weights of each group times the windows of its channels.
    fn convolve(&mut self, c: &Convolution) -> Outcome<Id> {
        let [top, side] = c.padding;
        let x = self.padded(c.x, &[(0, 0), (0, 0), top, side], ZERO);
        let [batch, channels, height, width] = self.graph.shape(x)[..] else { return Err("an image of another rank than 4".into()) };
        let out = [0, 1].map(|i| count([height, width][i], c.kernel[i], c.stride[i], c.dilation[i]));
        let windows = Windows { kernel: c.kernel, stride: c.stride, dilation: c.dilation, out };
        let (size, positions) = (c.kernel[0] * c.kernel[1], out[0] * out[1]);
        let columns = self.windows(x, windows);
        let inner = channels / c.groups * size;
        let columns = self.graph.reshape(columns, [batch, c.groups, inner, positions]);
        let weight = self.get(c.weight)?;
        let filters = shape(c.weight)[0];
        let weight = self.graph.reshape(weight, [1, c.groups, filters / c.groups, inner]);
        let product = self.graph.matmul(weight, columns, false, false);
        let image = self.graph.reshape(product, [batch, filters, out[0], out[1]]);
        match c.bias {
            Some(bias) => self.add_channels(image, bias),
            None => Ok(image),
        }
    }

    pub(super) fn pool(&mut self, x: &TensorIr, out: &TensorIr, pool: &Pool) -> Outcome {
        let image = self.get(x)?;
        let sizes = shape(x);
        let (batch, channels) = (sizes[0], sizes[1]);
        let [height, width] = [if sizes.len() == 4 { sizes[2] } else { 1 }, sizes[sizes.len() - 1]];
        let image = self.graph.reshape(image, [batch, channels, height, width]);
        let sides = pool.padding.map(|side| (side, side));
        let around = if pool.pooling == Pooling::Max { ScalarIr::Float(f64::NEG_INFINITY) } else { ZERO };
        let padded = self.padded(image, &[(0, 0), (0, 0), sides[0], sides[1]], around);
        let full = [height + 2 * pool.padding[0], width + 2 * pool.padding[1]];
        let counts = [0, 1].map(|i| count(full[i], pool.kernel[i], pool.stride[i], pool.dilation[i]));
        let expected = shape(out);
        if pool.ceil_mode && expected.iter().product::<usize>() != batch * channels * counts[0] * counts[1] {
            return Err("a pooling whose last window reaches over the edge (ceil mode)".into());
        }
        let windows = Windows { kernel: pool.kernel, stride: pool.stride, dilation: pool.dilation, out: counts };
        let gathered = self.windows(padded, windows);
        let result = match pool.pooling {
            Pooling::Max => self.graph.reduce(Reduce::Max, gathered, &[2]),
            Pooling::Mean { padding_counts: true } => self.mean_of(gathered, &[2]),
            Pooling::Mean { padding_counts: false } => {
                let ones = self.graph.full(1.0, [1, 1, height, width]);
                let ones = self.padded(ones, &[(0, 0), (0, 0), sides[0], sides[1]], ZERO);
                let ones = self.windows(ones, windows);
                let inside = self.graph.sum(ones, &[2]);
                let total = self.graph.sum(gathered, &[2]);
                let inside = self.graph.expand(inside, self.graph.shape(total).to_vec());
                self.graph.div(total, inside)
            }
        };
        self.set(out, result)
    }

    /// `[batch, channels, kernel, positions]` of `[batch, channels, height, width]`.
    fn windows(&mut self, x: Id, windows: Windows) -> Id {
        let sizes = self.graph.shape(x).to_vec();
        let (batch, channels, width) = (sizes[0], sizes[1], sizes[3]);
        let Windows { kernel, stride, dilation, out } = windows;
        let mut index = Vec::with_capacity(kernel[0] * kernel[1] * out[0] * out[1]);
        for (kernel_row, kernel_column) in pairs(kernel) {
            for (row, column) in pairs(out) {
                let (row, column) = (row * stride[0] + kernel_row * dilation[0], column * stride[1] + kernel_column * dilation[1]);
                index.push(row * width + column);
            }
        }
        let index = self.indices(index);
        let flat = self.graph.reshape(x, [batch, channels, sizes[2] * width]);
        let taken = self.graph.take(flat, 2, index);
        self.graph.reshape(taken, [batch, channels, kernel[0] * kernel[1], out[0] * out[1]])
    }
}

/// How many windows fit.
fn count(size: usize, kernel: usize, stride: usize, dilation: usize) -> usize {
    let reach = dilation * (kernel - 1) + 1;
    if size < reach { 0 } else { (size - reach) / stride + 1 }
}

/// Row-major positions.
fn pairs([rows, columns]: [usize; 2]) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}
