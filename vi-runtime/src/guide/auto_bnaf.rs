//! Block neural autoregressive flows.

use std::rc::Rc;

use burn::tensor::Tensor;

use super::flowing::{Warp, alternating, draw, scaled};
use super::joint::{AutoJoint, Family, Frame};
use crate::bijector::Bijector;
use crate::error::Result;
use crate::flow::BlockAutoregressive as Layer;
use crate::program::Ctx;
use crate::program::arg::Fingerprint;
use crate::setters::setters;

/// Block-autoregressive layers: the family of [`AutoBNAF`].
#[derive(Clone, Copy, Debug)]
pub struct BlockAutoregressive {
    layers: usize,
    hidden: usize,
    units: usize,
}

/// A block neural autoregressive flow of all latent sites (De Cao, Aziz and Titov 2019): one network that is increasing in
/// each element.
///
/// The defaults: 2 layers, each with 1 hidden layer of 8 units for each element.
///
/// Parameters: `auto.flow.…`, `auto.loc` and `auto.scale`, each `[n]`. A fresh one is nearly an
/// [`AutoDiagonalNormal`](super::AutoDiagonalNormal). The density of given values takes bisection.
pub type AutoBNAF = AutoJoint<BlockAutoregressive>;

impl AutoBNAF {
    setters! {
        in family;
        /// The number of layers.
        layers: usize;
    }

    /// Hidden layers of each network, and units for each element in each of them.
    #[must_use]
    pub fn hidden(mut self, hidden: usize, units: usize) -> Self {
        self.family.hidden = hidden;
        self.family.units = units;
        self
    }
}

impl Default for BlockAutoregressive {
    fn default() -> Self {
        BlockAutoregressive { layers: 2, hidden: 1, units: 8 }
    }
}

impl Family for BlockAutoregressive {
    const NAME: &'static str = "AutoBNAF";

    fn draw(&self, ctx: &Ctx, frame: &Frame) -> Result<Tensor<1>> {
        draw(self, ctx, frame)
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        [self.layers, self.hidden, self.units].into_iter().for_each(|size| key.write_u64(size as u64));
    }
}

impl Warp for BlockAutoregressive {
    fn bijector(&self, ctx: &Ctx, frame: &Frame) -> Result<Rc<dyn Bijector<1>>> {
        let n = frame.dim();
        scaled(ctx, frame, |device| {
            let key = frame.key().site("flow");
            alternating(n, self.layers, |i| Ok(Layer::new(n, self.hidden, self.units, device)?.seeded(key.fold_in(i))))
        })
    }
}
