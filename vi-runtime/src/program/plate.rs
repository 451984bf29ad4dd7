//! Plates: conditional independence along a dimension, with or without subsampling.

use burn::tensor::{Int, Tensor};

use super::context::Ctx;
use super::subsample::Subsampler;
use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result};
use crate::operand::Placement;
use vi_graph::Key;

/// A plate as it stands around a site.
#[derive(Clone, Debug)]
pub struct Plate {
    /// Its name.
    pub name: &'static str,
    /// How many units there are in all.
    pub size: usize,
    /// How many of them are in this run.
    pub len: usize,
    /// Which: int tensor of shape `[len]`; all of them where absent.
    pub index: Option<AnyTensor>,
}

impl Plate {
    /// `size / len`: what a density inside counts, so that a subsample stands for the whole.
    pub fn scale(&self) -> f64 {
        self.size as f64 / self.len as f64
    }

    pub(crate) fn new(name: &'static str, size: usize, subsample: Option<usize>) -> Result<Self> {
        let problem = match subsample {
            _ if size == 0 => Some("the size is 0; a plate needs at least one unit".to_owned()),
            Some(0) => Some(format!("the subsample is 0 of {size}; take at least one unit")),
            Some(len) if len > size => Some(format!("the subsample {len} is larger than the size {size}")),
            _ => None,
        };
        match problem {
            Some(problem) => Err(Error::Plate { plate: name.to_owned(), problem }),
            None => Ok(Plate { name, size, len: subsample.unwrap_or(size), index: None }),
        }
    }

    /// Which units are in, the same for model and guide of one step.
    pub(crate) fn draw(&self, key: Key, to: &Placement) -> AnyTensor {
        AnyTensor::from_i64(draw_units(key, self.name, self.size, self.len), &[self.len], &to.device)
    }
}

/// `len` of the `size` units of the plate called `name`, without replacement, from the key of the plate below `key`.
pub(crate) fn draw_units(key: Key, name: &str, size: usize, len: usize) -> Vec<i64> {
    let mut units = vec![0; len];
    Subsampler::new(size, len).draw(key.site(name), &mut units);
    units
}

/// The units of a plate in this run; the tensor is made only where the program asks for it.
#[derive(Clone, Debug)]
pub struct PlateIndex {
    pub(crate) plate: Plate,
}

impl PlateIndex {
    /// The indices into the whole, shape `[len]`.
    ///
    /// # Errors
    /// [`Error::Rank`] where a handler put something else than an int vector there.
    pub fn tensor(&self, ctx: &Ctx) -> Result<Tensor<1, Int>> {
        match &self.plate.index {
            Some(index) => index.typed(self.plate.name),
            None => Ok(Tensor::arange(0..self.plate.size as i64, &ctx.device())),
        }
    }
}

/// Leaves the plate when dropped.
#[must_use = "the plate ends where its guard is dropped"]
pub struct PlateGuard<'a> {
    pub(crate) ctx: &'a Ctx,
}

impl Drop for PlateGuard<'_> {
    fn drop(&mut self) {
        self.ctx.leave_plate();
    }
}
