//! Batches of rows: the feed of a fit that sees a part of its data in each step.

use burn::tensor::{Device, Int, Tensor, TensorData};
use vi_graph::Key;
use vi_graph::ir::NoiseKind;
use vi_graph::noise::fill_f64;

use crate::error::{Error, Result};
use crate::program::arg::Arg;

/// An endless iterator over the rows `0..total` in batches of `size`.
///
/// Each epoch goes once through all rows, in an order of its own; its last batch holds what is left, `total mod size`
/// rows where that is not 0. All follows from the seed. The model says what a batch stands for by the plate around its
/// observations, whose scale is then right for the last batch as well:
///
/// ```
/// use vi_runtime::prelude::*;
///
/// #[model]
/// fn regression(x: Tensor<1>, y: Tensor<1>, total: usize) {
///     let slope = sample!("slope", Normal::new(0.0, 10.0));
///     plate!("row", total, subsample = y.dims()[0], |_rows| {
///         observe!("y", Normal::new(slope * x, 1.0), y);
///     });
/// }
///
/// # fn main() -> Result<()> {
/// let data = (Tensor::<1>::from([0.0, 1.0, 2.0, 3.0, 4.0]), Tensor::<1>::from([0.1, 2.2, 3.9, 6.1, 7.8]));
/// let bind = |(x, y)| (regression(x, y, 5), AutoNormal::new());
/// let (all, guide) = bind(data.clone());
/// let batches = Batches::new(5, 2)?.seed(1).take(2_000);
/// let fit = Svi::new(&all, guide).run_over(batches, |batch| Ok(bind(batch.rows(&data)?)))?;
/// let slope = fit.summary()?.row("slope")?.mean;
/// assert!((slope - 2.0).abs() < 0.2, "{slope}");
/// # Ok(())
/// # }
/// ```
///
/// Local latents, one for each row, need a guide by hand that takes the index of the batch ([`Batch::index`]) and reads its rows of the
/// tables of parameters: `param!("loc", [0.0; 12]).select(0, index)`. An automatic guide has the shape of the data that it was made with.
#[derive(Clone, Debug)]
pub struct Batches {
    key: Key,
    size: usize,
    /// All rows; those before `taken` have been in this epoch.
    order: Vec<usize>,
    taken: usize,
    epoch: u64,
    uniforms: Vec<f64>,
}

impl Batches {
    /// Batches of `size` of the rows `0..total`, in the orders of seed 0.
    ///
    /// # Errors
    /// [`Error::Config`] where there is no row, or a batch would have none or more than all.
    pub fn new(total: usize, size: usize) -> Result<Self> {
        if size == 0 || size > total {
            let problem = format!("batches of {size} out of {total} rows; a batch has at least one row and at most all");
            return Err(Error::Config { setting: "Batches".into(), problem });
        }
        let key = Key::new(0).site(STREAM);
        Ok(Batches { key, size, order: (0..total).collect(), taken: 0, epoch: 0, uniforms: vec![0.0; size] })
    }

    /// The seed of all orders.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.key = Key::new(seed).site(STREAM);
        self
    }

    /// How many batches an epoch has.
    pub fn per_epoch(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }
}

const STREAM: &str = "batches";

impl Iterator for Batches {
    type Item = Batch;

    /// The next batch; there always is one.
    ///
    /// Row `i` of an epoch is drawn from the rows not yet taken (Fisher and Yates 1938; Durstenfeld 1964), so that an epoch
    /// begins as quickly as it goes on.
    fn next(&mut self) -> Option<Batch> {
        let total = self.order.len();
        if self.taken == total {
            self.taken = 0;
            self.epoch += 1;
        }
        let first = self.taken;
        let len = self.size.min(total - first);
        let uniforms = &mut self.uniforms[..len];
        fill_f64(NoiseKind::Uniform, self.key.fold_in(self.epoch).fold_in(first as u64), uniforms);
        for (i, u) in (first..).zip(uniforms) {
            let left = total - i;
            self.order.swap(i, i + ((*u * left as f64) as usize).min(left - 1));
        }
        self.taken += len;
        Some(Batch { epoch: self.epoch, indices: self.order[first..first + len].to_vec(), total })
    }
}

/// Some of the rows of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    epoch: u64,
    indices: Vec<usize>,
    total: usize,
}

impl Batch {
    /// How often the data had been gone through before, from 0.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Which rows.
    pub fn indices(&self) -> &[usize] {
        &self.indices
    }

    /// Which rows, as a tensor of shape `[len]`.
    pub fn index(&self, device: &Device) -> Tensor<1, Int> {
        let values: Vec<i64> = self.indices.iter().map(|&row| row as i64).collect();
        let count = values.len();
        Tensor::from_data(TensorData::new(values, [count]), device)
    }

    /// The number of rows; at least 1.
    #[allow(clippy::len_without_is_empty, reason = "no batch is empty")]
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// The number of rows of the whole.
    pub fn total(&self) -> usize {
        self.total
    }

    /// `total / len`: what a log density of the batch counts, so that it stands for the whole.
    pub fn scale(&self) -> f64 {
        self.total as f64 / self.len() as f64
    }

    /// These rows of every tensor in `data`, a tensor or several in a tuple, a `Vec` or a struct that derives
    /// [`Arg`](macro@crate::Arg). The first dimension of each tensor holds the rows.
    ///
    /// # Errors
    /// [`Error::Config`] where a tensor has another number of rows than the whole.
    pub fn rows<T: Arg>(&self, data: &T) -> Result<T> {
        let mut wrong = None;
        let mut index: Option<(Device, Tensor<1, Int>)> = None;
        let gathered = data.map_tensors(&mut |tensor| {
            let (found, device) = (tensor.shape()[0], tensor.device());
            if found != self.total {
                wrong.get_or_insert(found);
                return tensor;
            }
            let index = match &index {
                Some((at, known)) if *at == device => known.clone(),
                _ => index.insert((device.clone(), self.index(&device))).1.clone(),
            };
            tensor.rows(index)
        });
        match wrong {
            None => Ok(gathered),
            Some(found) => {
                let problem = format!("a tensor has {found} rows, the batches are of {} rows", self.total);
                Err(Error::Config { setting: "the data of a batch".into(), problem })
            }
        }
    }
}
